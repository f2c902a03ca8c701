# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of simulated hardware: links that lead somewhere, one place per device, faults where sysfs shows them."""

from __future__ import annotations

import posixpath
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.classes import CLASSES
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.xid import parse as parse_xid
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.hardware_tree import Tree, hardware_tree
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import apply_fault, heal, make_profile

DEVICES = "/sys/bus/pci/devices"
LOG = "/dev/kmsg"


def profile(name: str = "h100_sxm_8") -> dict[str, Any]:
    return make_profile(hardware_class(name), "node1", name, storage_nics=2)


def real(tree: Tree, link: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(link), tree.links[link]))


def difference(name: str, kind: str, gpu: int) -> tuple[dict[str, str], set[str]]:
    """Return the files that a fault changes, by their last two names, and those that it takes away. The kernel's log is left out."""
    before, after = (hardware_tree(each) for each in (profile(name), apply_fault(profile(name), kind, gpu)))
    changed = {path: text for path, text in after.files.items() if before.files.get(path) != text and path != LOG}
    return {"/".join(path.split("/")[-2:]): text.strip() for path, text in changed.items()}, before.files.keys() - after.files.keys()


@pytest.mark.parametrize("name", CLASSES)
def test_every_device_has_a_place_of_its_own_and_links_lead_to_it(name: str) -> None:
    tree = hardware_tree(profile(name))
    folders = {path.rpartition("/")[0] for path in tree.files}
    devices = [link for link in tree.links if link.startswith(DEVICES)]
    assert {real(tree, link) for link in devices} <= folders
    assert len({real(tree, link) for link in devices}) == len(devices)
    for link in devices:
        address = link.rpartition("/")[2]
        assert tree.links[link].endswith(f"/{address}")
        # What sysfs promises of a device's place: host bridge, ports, device, each on the bus below the one before.
        buses = [int(part.split(":")[1], 16) for part in real(tree, link).split("/")[4:]]
        assert buses == sorted(set(buses)), real(tree, link)
    for kind in ("infiniband", "net", "nvme"):
        for link in [link for link in tree.links if link.startswith(f"/sys/class/{kind}/")]:
            assert any(path.startswith(f"{real(tree, link)}/") for path in tree.files), link


def test_links_are_written_as_sysfs_writes_them() -> None:
    tree = hardware_tree(profile())
    place = "devices/pci0000:15/0000:15:01.0/0000:16:00.0/0000:17:02.0/0000:1a:00.0"
    assert tree.links[f"{DEVICES}/0000:1a:00.0"] == f"../../../{place}"
    assert tree.links["/sys/class/infiniband/mlx5_0"] == f"../../{place}/infiniband/mlx5_0"
    assert tree.links[f"/sys/{place}/infiniband/mlx5_0/device"] == "../../../0000:1a:00.0"
    assert tree.links[f"/sys/{place}/driver"] == "../../../../../../bus/pci/drivers/mlx5_core"


def test_every_file_ends_its_line() -> None:
    assert {text[-1] for text in hardware_tree(profile()).files.values()} == {"\n"}


def test_the_kernels_log_tells_of_faults_and_forgets_those_that_are_healed() -> None:
    healthy = hardware_tree(profile()).files[LOG]
    assert parse_xid(healthy).events == ()
    (event,) = parse_xid(hardware_tree(apply_fault(profile(), "gpu_lost", 2)).files[LOG]).events
    assert (event.xid, event.pci_address, event.uptime_s) == (79, "0000:4c:00", 60.0)
    assert hardware_tree(heal(apply_fault(profile(), "gpu_lost", 2))).files[LOG] == healthy


def test_the_same_node_has_the_same_tree_and_two_nodes_differ() -> None:
    assert hardware_tree(profile()) == hardware_tree(profile())
    other = hardware_tree(make_profile(hardware_class("h100_sxm_8"), "node2", "h100_sxm_8", storage_nics=2))
    assert other.files["/sys/class/dmi/id/product_serial"] != hardware_tree(profile()).files["/sys/class/dmi/id/product_serial"]


def test_a_lost_gpu_stays_on_the_bus_and_does_not_answer() -> None:
    changed, gone = difference("h100_sxm_8", "gpu_lost", 2)
    assert changed == {
        "0000:4c:00.0/current_link_speed": "Unknown",
        "0000:4c:00.0/max_link_speed": "Unknown",
        "0000:4c:00.0/current_link_width": "63",
        "0000:4c:00.0/max_link_width": "63",
    }
    assert gone == set()


def test_an_absent_gpu_is_gone_and_nothing_else_moves() -> None:
    changed, gone = difference("h100_sxm_8", "gpu_absent", 0)
    assert changed == {}
    assert {part for path in gone for part in path.split("/") if part.startswith("0000:19")} == {"0000:19:00.0"}


@pytest.mark.parametrize(("kind", "name", "value"), [("pcie_width", "current_link_width", "8"), ("pcie_generation", "current_link_speed", "2.5 GT/s PCIe")])
def test_a_bad_link_shows_at_both_of_its_ends(kind: str, name: str, value: str) -> None:
    assert difference("h100_sxm_8", kind, 3) == ({f"0000:5b:01.0/{name}": value, f"0000:5d:00.0/{name}": value}, set())


def test_a_driver_that_is_not_loaded_leaves_no_trace() -> None:
    tree = hardware_tree(apply_fault(profile(), "driver_not_loaded"))
    assert not [path for path in (*tree.files, *tree.links.values()) if "nvidia" in path]
    assert "nvidia" not in tree.files["/proc/modules"]


def test_faults_that_sysfs_does_not_show_change_nothing() -> None:
    assert difference("l40s_4", "ecc_uncorrected", 0) == ({}, set())
