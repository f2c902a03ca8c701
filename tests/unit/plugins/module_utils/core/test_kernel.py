# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of sysctls, and kernel arguments in what boot loaders keep."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core import kernel
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

GRUB = """\
set timeout=5
menuentry 'Debian' {
	linux	/boot/vmlinuz-6.12 root=UUID=1 ro quiet iommu=pt
	initrd	/boot/initrd
}
menuentry 'Debian, recovery' {
	linux	/boot/vmlinuz-6.11 root=UUID=1 ro single
}
"""
GRUBBY = """\
index=0
kernel="/boot/vmlinuz-5.14.0"
args="ro crashkernel=1G iommu=pt"
root="/dev/sda1"
index=1
kernel="/boot/vmlinuz-5.13.0"
args="ro"
"""


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("net.core.somaxconn", "/proc/sys/net/core/somaxconn"),
        ("net/ipv4/conf/eth0.100/rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"),
        ("net.ipv4.conf.eth0/100.rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"),
    ],
)
def test_sysctl_path(name: str, path: str) -> None:
    assert kernel.sysctl_path(name) == path


@pytest.mark.parametrize("name", ["", "somaxconn", "../etc/passwd", "net/../../etc", "net core"])
def test_not_a_sysctl(name: str) -> None:
    with pytest.raises(CoreError, match="is not the name of a sysctl"):
        kernel.sysctl_path(name)


def test_values_and_patterns() -> None:
    assert kernel.same_value("4096\t131072\t6291456", "4096 131072  6291456")
    assert not kernel.same_value("1", "10")
    assert kernel.is_optional("net.ipv4.neigh.default.gc_thresh1", ["net.ipv[46].neigh.*"])
    assert not kernel.is_optional("net.core.somaxconn", ["net.core.[rw]mem_max"])


def test_arguments() -> None:
    assert kernel.missing_arguments(["iommu=pt", "pci=realloc"], 'ro iommu=pt dyndbg="file a +p"\n') == ["pci=realloc"]
    assert kernel.missing_arguments(["iommu=pt"], "ro iommu=pt2") == ["iommu=pt"]
    assert kernel.missing_arguments(["a"], 'broken "quote a') == []
    kernel.check_arguments(["iommu=pt", "isolcpus=1-3,5", "module.option=1"])
    for wrong in ("a b", 'x="y"', "", "$(reboot)", "a`b`"):
        with pytest.raises(CoreError, match="is not one kernel argument"):
            kernel.check_arguments([wrong])


def test_entries() -> None:
    assert kernel.stale_entries(["iommu=pt"], GRUB) == ["/boot/vmlinuz-6.11"]
    assert kernel.stale_entries(["ro"], GRUB) == []
    assert kernel.grubby_entries(GRUBBY) == {"/boot/vmlinuz-5.14.0": "ro crashkernel=1G iommu=pt", "/boot/vmlinuz-5.13.0": "ro"}
