# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NVMe drives."""

from __future__ import annotations

import pytest

from .nodes import make

FIRST = "/sys/class/nvme/nvme0"


def test_a_drive() -> None:
    drives = make().facts("nvme").nvme
    assert [drive.name for drive in drives] == [f"nvme{number}" for number in range(8)]
    first = drives[0]
    assert (first.model, first.firmware, first.state, first.transport) == ("SAMSUNG MZWLR3T8HCLS-00A07", "MPPA8B5Q", "live", "pcie")
    assert (first.pci_address, first.numa_node, first.size_bytes) == ("0000:21:00.0", 0, 3840755982336)
    assert first.serial and first.serial == first.serial.strip()
    assert first.pcie and first.pcie.bandwidth_gbytes_per_s == 7.88


def test_all_namespaces_count_and_of_several_paths_each_once() -> None:
    node = make()
    node.write(f"{FIRST}/nvme0n2/size", "2048\n")
    assert node.facts("nvme").nvme[0].size_bytes == 3840755982336 + 1048576
    node.remove(f"{FIRST}/nvme0n1")
    node.remove(f"{FIRST}/nvme0n2")
    node.write(f"{FIRST}/nvme0c0n1/size", "4096\n")
    assert node.facts("nvme").nvme[0].size_bytes == 2097152
    node.remove(f"{FIRST}/nvme0c0n1")
    assert node.facts("nvme").nvme[0].size_bytes is None


def test_a_drive_elsewhere_is_not_on_the_bus() -> None:
    node = make("l40s_4")
    node.write("/sys/class/nvme/nvme9/address", "traddr=10.0.0.1,trsvcid=4420\n")
    node.write("/sys/class/nvme/nvme9/transport", "tcp\n")
    drive = node.facts("nvme").nvme[-1]
    assert (drive.name, drive.transport, drive.pci_address, drive.pcie) == ("nvme9", "tcp", None, None)


def test_a_drive_that_no_driver_has_taken_is_named() -> None:
    node = make()
    node.remove("/sys/class/nvme/nvme3")
    assert node.unseen("nvme") == {"nvme": "the kernel's NVMe driver has not taken the drive at 0000:57:00.0"} or len(node.unseen("nvme")) == 1


@pytest.mark.parametrize("state", ["dead", "resetting", "connecting"])
def test_a_drive_that_does_not_work_is_a_fault(state: str) -> None:
    node = make()
    node.write("/sys/class/nvme/nvme2/state", f"{state}\n")
    (fault,) = node.facts("nvme").faults
    assert (fault.id, fault.subject, fault.message) == ("nvme_not_live", "drive nvme2", f"its controller is {state}.")
