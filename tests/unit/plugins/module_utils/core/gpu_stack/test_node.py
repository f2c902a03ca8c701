# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes for the resolver: from facts, from a capture, from a hardware class."""

from __future__ import annotations

from typing import Any

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.model import NodeHardware, Wish
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.node import from_capture, from_class, from_facts, os_name
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_stack.resolve import resolve
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.classes import CLASSES
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class

UBUNTU = {"os_id": "ubuntu", "os_version": "24.04", "kernel": "6.8.0-45-generic"}


def facts(pci_id: str, count: int, **system: Any) -> dict[str, Any]:
    return {"schema": "railyard.facts", "system": {**UBUNTU, **system}, "gpus": [{"pci_id": pci_id}] * count}


def test_a_board_of_eight_has_nvswitches_that_facts_do_not_list() -> None:
    node = from_facts(facts("10de:2330", 8))
    assert node == NodeHardware(("10de:2330",) * 8 + ("10de:22a3",), "ubuntu2404", "x86_64", ("6.8.0-45-generic",))
    assert "10de:22a3" in from_facts(facts("10de:2330", 7)).pci_ids, "one is lost"
    assert "10de:1af1" in from_facts(facts("10de:20b2", 8)).pci_ids


@pytest.mark.parametrize(("pci_id", "count"), [("10de:2330", 4), ("10de:26b9", 8), ("10de:2901", 8), ("10de:2331", 8)])
def test_other_boards_and_cards_have_none(pci_id: str, count: int) -> None:
    assert from_facts(facts(pci_id, count)).pci_ids == (pci_id,) * count


def test_a_gpu_beside_grace_tells_the_architecture_and_so_does_the_kernel() -> None:
    assert from_facts(facts("10de:2941", 4)).architecture == "sbsa"
    assert from_facts(facts("10de:26b9", 4, os_id="rocky", os_version="9.5", kernel="5.14.0-570.el9.aarch64")).architecture == "sbsa"
    assert from_facts(facts("10de:26b9", 4, os_id="rocky", os_version="9.5", kernel="5.14.0-570.el9.x86_64")).architecture == "x86_64"


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ({"os_id": "ubuntu", "os_version": "22.04"}, "ubuntu2204"),
        ({"os_id": "debian", "os_version": "13"}, "debian13"),
        ({"os_id": "debian", "os_version": None}, "debiansid"),
        ({"os_id": "rocky", "os_version": "9.5"}, "rhel9"),
        ({"os_id": "almalinux", "os_version": "10.0"}, "rhel10"),
    ],
)
def test_names_of_systems(system: dict[str, Any], name: str) -> None:
    assert os_name(system) == name


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"system": UBUNTU, "gpus": []}, "the facts have no GPU. Is one on the bus? railyard discover shows what was seen."),
        ({"system": None, "gpus": [{"pci_id": "10de:2330"}]}, "the facts do not tell the operating system. railyard discover looks again."),
        (facts("10de:2330", 1, os_id="arch"), "'arch24' is not a system that stacks are known for."),
    ],
)
def test_what_facts_lack(document: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CoreError) as error:
        from_facts(document)
    assert str(error.value).startswith(sentence)


def capture(listing: str, pci_ids: dict[str, str]) -> dict[str, Any]:
    """Return a capture with a listing of the bus, and GPUs in /sys."""
    folder = "/sys/bus/pci/devices"
    files = {"/etc/os-release": 'ID=ubuntu\nVERSION_ID="24.04"\n', "/proc/sys/kernel/osrelease": "6.8.0-45-generic\n"}
    for address, pci_id in pci_ids.items():
        vendor, device = pci_id.split(":")
        files |= {f"{folder}/{address}/class": "0x030200\n", f"{folder}/{address}/vendor": f"0x{vendor}\n", f"{folder}/{address}/device": f"0x{device}\n"}
    commands = {"lspci -Dnn": {"rc": 0, "stdout": listing, "stderr": ""}} if listing else {}
    return {"commands": commands, "files": files, "links": {}, "folders": {folder: sorted(pci_ids)}, "denied": []}


GPU_LINE = "0000:{bus:02x}:00.0 3D controller [0302]: NVIDIA Corporation GH100 [H100 SXM5 80GB] [10de:2330] (rev a1)\n"
SWITCH_LINE = "0000:{bus:02x}:00.0 Bridge [0680]: NVIDIA Corporation GH100 [H100 NVSwitch] [10de:22a3] (rev a1)\n"


@pytest.mark.parametrize(("count", "switches", "expected"), [(8, 4, ("10de:22a3",) * 4), (4, 0, ()), (8, 0, ())])
def test_a_capture_lists_nvswitches(count: int, switches: int, expected: tuple[str, ...]) -> None:
    listing = "".join(GPU_LINE.format(bus=bus) for bus in range(1, 1 + count)) + "".join(SWITCH_LINE.format(bus=bus) for bus in range(0x40, 0x40 + switches))
    gpus = {f"0000:{bus:02x}:00.0": "10de:2330" for bus in range(1, 1 + count)}
    assert from_capture(capture(listing, gpus)).pci_ids == ("10de:2330",) * count + expected


def test_a_capture_without_a_listing_is_as_good_as_facts() -> None:
    gpus = {f"0000:{bus:02x}:00.0": "10de:2330" for bus in range(1, 9)}
    assert from_capture(capture("", gpus)) == from_facts(facts("10de:2330", 8))


@pytest.mark.parametrize("recorded", ["lspci/lspci-nn.8x-a100-nvswitch.txt"] if recordings.FOLDER.is_dir() else [])
def test_a_recorded_board_needs_fabric_manager(recorded: str) -> None:
    gpus = {f"0000:{bus:02x}:00.0": "10de:20b2" for bus in range(1, 9)}
    node = from_capture(capture(recordings.text(recorded), gpus))
    assert node.pci_ids == ("10de:20b2",) * 8 + ("10de:1af1",) * 6
    assert "nvidia-fabricmanager=580.173.02-*" in resolve(node, Wish(version="580.173.02")).specs


# Every shipped class of NVIDIA's, and which of the packages of the fabric it needs.
OF_CLASS = {
    "a100_sxm_8": {"nvidia-fabricmanager", "libnvidia-nscq"},
    "h100_sxm_8": {"nvidia-fabricmanager", "libnvidia-nscq"},
    "h200_sxm_8": {"nvidia-fabricmanager", "libnvidia-nscq"},
    "b200_sxm_8": {"nvidia-fabricmanager", "nvlsm", "libnvsdm"},
    "gb200_4": {"nvidia-imex"},
    "h100_pcie_4": set(),
    "l40s_4": set(),
    "l40s_8": set(),
}


@pytest.mark.parametrize("name", OF_CLASS)
def test_shipped_classes(name: str) -> None:
    stack = resolve(from_class(hardware_class(name), os="ubuntu2404"))
    assert {package.name for package in stack.packages if package.component in ("fabricmanager", "imex")} == OF_CLASS[name]
    assert stack.architecture == ("sbsa" if name == "gb200_4" else "x86_64")


def test_every_shipped_class_is_covered() -> None:
    assert set(CLASSES) - {name for name, entry in CLASSES.items() if entry["gpus"]["vendor"] == "amd"} == set(OF_CLASS)


def test_a_class_without_gpus_has_no_stack() -> None:
    with pytest.raises(CoreError, match="has no GPU"):
        from_class({"gpus": {}}, os="debian13")
