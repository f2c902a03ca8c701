# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a node as its own facts tell it, in sentences."""

from __future__ import annotations

import pytest

from .nodes import Node, make

PORT = "/sys/class/infiniband/mlx5_3/ports/1"
HCA = "/sys/bus/pci/devices/0000:5e:00.0"


def sentences(node: Node) -> list[str]:
    return [f"{fault.subject}: {fault.message}" for fault in node.facts().faults]


@pytest.mark.parametrize("name", ["h100_sxm_8", "gb200_4", "l40s_8", "mi300x_8"])
def test_a_healthy_node_has_none(name: str) -> None:
    assert sentences(make(name)) == []


def test_a_rail_that_is_down() -> None:
    node = make()
    node.write(f"{PORT}/state", "1: DOWN\n")
    node.write(f"{PORT}/phys_state", "2: Polling\n")
    node.write(f"{PORT}/rate", "10 Gb/sec (4X SDR)\n")
    assert sentences(node) == ["mlx5_3 port 1: rail 3 is down (Down, Polling)."]
    node.remove(f"{PORT}/phys_state")
    assert sentences(node) == ["mlx5_3 port 1: rail 3 is down (Down)."]


def test_an_unused_port_of_storage_is_none() -> None:
    node = make()
    node.write("/sys/class/infiniband/mlx5_9/ports/1/state", "1: DOWN\n")
    node.write("/sys/class/infiniband/mlx5_9/ports/1/phys_state", "3: Disabled\n")
    assert sentences(node) == []


def test_a_port_with_a_link_and_no_subnet_manager() -> None:
    node = make()
    node.write(f"{PORT}/state", "2: INIT\n")
    (fault,) = node.facts().faults
    assert (fault.id, fault.message) == ("port_not_active", "rail 3 has a link, but is Initializing.")


def test_a_rail_slower_than_the_others() -> None:
    node = make()
    node.write(f"{PORT}/rate", "200 Gb/sec (2X NDR)\n")
    assert sentences(node) == ["mlx5_3 port 1: rail 3 runs at 200 Gbit/s, the node's other rails at 400."]


def test_a_link_with_fewer_lanes() -> None:
    node = make("h100_sxm_8", ("pcie_width", 3))
    assert sentences(node) == ["GPU 0000:5d:00.0: its PCIe link has x8 of the x16 lanes that both of its ends have."]
    node = make()
    for address in ("0000:5e:00.0", "0000:5b:02.0"):
        node.write(f"/sys/bus/pci/devices/{address}/current_link_width", "8\n")
    assert sentences(node) == ["mlx5_3: its PCIe link has x8 of the x16 lanes that both of its ends have."]


def test_an_idle_gpu_lowers_its_speed_and_an_adapter_does_not() -> None:
    assert sentences(make("h100_sxm_8", ("pcie_generation", 3))) == []
    node = make()
    node.write(f"{HCA}/current_link_speed", "16.0 GT/s PCIe\n")
    assert sentences(node) == ["mlx5_3: its PCIe link runs at generation 4 (16 GT/s), both of its ends can do generation 5."]


def test_a_slow_link_above_several_devices_is_told_once() -> None:
    node = make()
    node.write("/sys/bus/pci/devices/0000:5a:00.0/current_link_width", "4\n")
    assert sentences(node) == ["GPU 0000:5d:00.0: the PCIe link of the port 0000:5a:00.0 above it has x4 of the x16 lanes that both of its ends have."]
    node.write("/sys/bus/pci/devices/0000:5a:00.0/current_link_width", "16\n")
    node.write("/sys/bus/pci/devices/0000:5a:00.0/current_link_speed", "8.0 GT/s PCIe\n")
    assert [fault.id for fault in node.facts().faults] == ["pcie_slow"]


def test_a_card_in_a_slower_slot_is_as_it_was_built() -> None:
    node = make()
    node.write(f"{HCA}/current_link_speed", "16.0 GT/s PCIe\n")
    node.write("/sys/bus/pci/devices/0000:5b:02.0/max_link_speed", "16.0 GT/s PCIe\n")
    assert sentences(node) == []


def test_what_the_driver_tells_comes_first_and_only_once() -> None:
    node = make("h100_sxm_8", ("gpu_lost", 1), ("ecc_uncorrected", 0), ("pcie_width", 7))
    assert node.faults()[:2] == [("ecc_uncorrected", "GPU 0000:19:00.0"), ("gpu_lost", "GPU 0000:3b:00.0")]


def test_every_fault_says_what_to_do() -> None:
    node = make("h100_sxm_8", ("gpu_lost", 1), ("pcie_width", 2))
    node.write(f"{PORT}/state", "1: DOWN\n")
    node.write("/sys/class/nvme/nvme1/state", "dead\n")
    faults = node.facts().faults
    assert len(faults) == 4
    assert all(fault.hint.endswith((".", "?")) for fault in faults)
