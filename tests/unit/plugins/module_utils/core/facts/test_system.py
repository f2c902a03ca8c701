# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine, its firmware and its system, and no secret of the kernel's command line."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.system import without_secrets
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import SystemFacts

from .nodes import Node, bare, make


def system(node: Node) -> SystemFacts:
    found = node.facts("system").system
    assert found
    return found


def test_a_machine() -> None:
    found = system(make("l40s_4"))
    assert (found.manufacturer, found.product, found.bios_version, found.bios_date) == ("Railyard", "Simulated l40s_4", "1.0", "01/01/2026")
    assert (found.hostname, found.kernel, found.os_id, found.os_version, found.os_name) == ("node1", "6.1.0-42-amd64", "debian", "12", None)
    assert found.serial and found.uuid
    assert make("l40s_4").unseen("system") == {}


def test_what_only_root_may_read_says_so() -> None:
    node = make("l40s_4")
    node.denied = {"/sys/class/dmi/id/product_serial", "/sys/class/dmi/id/product_uuid"}
    assert (system(node).serial, system(node).uuid) == (None, None)
    assert node.unseen("system") == {"system.serial": "/sys/class/dmi/id/product_serial can be read by root alone"}


@pytest.mark.parametrize("text", ["To Be Filled By O.E.M.", "Default string", "0000000", "System Serial Number", "None"])
def test_what_a_board_says_that_was_never_told(text: str) -> None:
    node = make("l40s_4")
    node.write("/sys/class/dmi/id/product_serial", f"{text}\n")
    assert system(node).serial is None


def test_nothing_to_see() -> None:
    assert set(vars(system(bare())).values()) == {None}
    assert bare().unseen("system") == {
        "system.dmi": "/sys/class/dmi/id/sys_vendor is not there: there is no SMBIOS to read the machine's model from",
        "system.os": "/etc/os-release cannot be read",
    }


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("BOOT_IMAGE=/vmlinuz root=UUID=1-2 ro quiet iommu=pt", "BOOT_IMAGE=/vmlinuz root=UUID=1-2 ro quiet iommu=pt"),
        ("rd.iscsi.password=hunter2 ro", "rd.iscsi.password=... ro"),
        ("netroot=iscsi:user:hunter2@10.0.0.1::::iqn.x", "netroot=iscsi:...@10.0.0.1::::iqn.x"),
        ("inst.ks=https://user:hunter2@host/ks.cfg", "inst.ks=https://...@host/ks.cfg"),
        ("coreos.token=hunter2 API_KEY=hunter2 luks.keyfile=x", "coreos.token=... API_KEY=... luks.keyfile=..."),
    ],
)
def test_no_secret_of_the_command_line(line: str, clean: str) -> None:
    assert without_secrets(line) == clean
    node = make("l40s_4")
    node.write("/proc/cmdline", line)
    assert system(node).command_line == clean
