# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""PCIe ports with their access control, and the IOMMU."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.lspci import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

from .nodes import Node, make

PORT = "0000:17:01.0"
LSPCI = """\
0000:15:01.0 PCI bridge [0604]: Intel Corporation Device [8086:352a] (rev 30) (prog-if 00 [Normal decode])
\tCapabilities: [148 v1] Access Control Services
\t\tACSCap:\tSrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans-
\t\tACSCtl:\tSrcValid+ TransBlk- ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- DirectTrans-

0000:17:01.0 PCI bridge [0604]: Broadcom / LSI PEX890xx PCIe Gen 5 Switch [1000:c030] (rev b0) (prog-if 00 [Normal decode])
\t\tACSCtl:\tSrcValid- TransBlk- ReqRedir- CmpltRedir- UpstreamFwd- EgressCtrl- DirectTrans-

0000:17:02.0 PCI bridge [0604]: Broadcom / LSI PEX890xx PCIe Gen 5 Switch [1000:c030] (rev b0) (prog-if 00 [Normal decode])
\tCapabilities: [40] Power Management version 3
"""


def acs(node: Node) -> dict[str, tuple[str, ...] | None]:
    return {bridge.pci_address: bridge.acs for bridge in node.facts("bridges").bridges}


def test_the_ports_above_gpus_adapters_and_drives_are_there_once() -> None:
    bridges = make().facts("bridges").bridges
    addresses = [bridge.pci_address for bridge in bridges]
    assert addresses == sorted(set(addresses))
    # Per GPU a root port, a switch and its two ports; a root port for each of the drives, and one for the storage card.
    assert len(addresses) == 8 * 4 + 8 + 1
    port = bridges[addresses.index(PORT)]
    assert (port.pci_id, port.numa_node, port.speed_gt_per_s, port.width, port.width_max) == ("1000:c030", 0, 32.0, 16, 16)
    assert "0000:00:12.0" not in addresses, "the port above the BMC's display"


def test_access_control_by_port() -> None:
    node = make()
    node.commands["lspci"] = CommandResult(0, LSPCI, "")
    found = acs(node)
    assert found["0000:15:01.0"] == ("SrcValid", "ReqRedir", "CmpltRedir", "UpstreamFwd")
    assert found[PORT] == found["0000:17:02.0"] == ()
    assert found["0000:37:01.0"] is None
    assert node.unseen("bridges") == {}
    assert node.asked[0] == ("lspci", "-D", "-nn", "-vv", "-d", "::0604")


def test_access_control_is_what_the_parser_of_lspci_reads() -> None:
    node = make()
    node.commands["lspci"] = CommandResult(0, LSPCI, "")
    found = acs(node)
    for device in parse(LSPCI).devices:
        assert found[device.pci_address] == (device.acs or ())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (CommandResult(127, "", ""), "lspci is not installed"),
        (CommandResult(1, "", "lspci: Cannot open /sys/bus/pci"), "lspci ended with status 1: lspci: Cannot open /sys/bus/pci"),
        (CommandResult(0, f"{LSPCI}\tCapabilities: <access denied>\n", ""), "lspci shows the access control of PCIe ports to root alone"),
        (CommandResult(0, "", ""), "lspci did not tell what it was asked for"),
    ],
)
def test_access_control_that_cannot_be_seen(answer: CommandResult, reason: str) -> None:
    node = make()
    node.commands["lspci"] = answer
    assert set(acs(node).values()) == {None}
    assert node.unseen("bridges") == {"bridges.acs": reason}


def test_without_devices_nobody_is_asked() -> None:
    node = make("l40s_4")
    for folder in ("/sys/bus", "/sys/class"):
        node.remove(folder)
    assert (node.facts("bridges").bridges, node.asked, node.unseen("bridges")) == ((), [], {})


def test_iommu() -> None:
    found = make().facts("iommu").iommu
    assert found and (found.mode, found.units, found.options, found.domains) == (
        "passthrough",
        ("dmar0", "dmar1"),
        ("intel_iommu=on", "iommu=pt"),
        {"identity": 8 + 10 + 8},
    )


@pytest.mark.parametrize(
    ("kinds", "mode"),
    [
        (("DMA", "DMA"), "translated"),
        (("DMA-FQ", "DMA"), "translated"),
        (("identity", "DMA"), "mixed"),
        (("identity", "identity"), "passthrough"),
        (("", ""), "passthrough"),
    ],
)
def test_iommu_modes(kinds: tuple[str, str], mode: str) -> None:
    node = make()
    groups = [path for path in node.tree.files if path.startswith("/sys/kernel/iommu_groups")]
    for number, path in enumerate(groups):
        node.write(path, kinds[number * 2 // len(groups)])
    found = node.facts("iommu").iommu
    assert found and found.mode == mode


def test_iommu_that_is_off_and_one_that_does_not_tell() -> None:
    node = make()
    node.write("/proc/cmdline", "quiet")
    node.remove("/sys/kernel/iommu_groups")
    found = node.facts("iommu").iommu
    assert found and (found.mode, found.domains) == ("unknown", {"unknown": 26})
    assert node.unseen("iommu") == {"iommu": "/sys/kernel/iommu_groups does not tell the domains' types (Linux 5.11 and later do)"}
    node.remove("/sys/class/iommu")
    for path in [path for path in node.tree.links if path.endswith("/iommu_group")]:
        node.remove(path)
    found = node.facts("iommu").iommu
    assert found and (found.mode, node.unseen("iommu")) == ("off", {})
