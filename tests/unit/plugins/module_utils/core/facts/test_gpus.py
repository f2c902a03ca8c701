# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GPUs of the bus and of the driver, joined: healthy ones, lost ones, and those that only one of the two has."""

from __future__ import annotations

from collections import Counter

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

from .nodes import bare, make


@pytest.mark.parametrize(
    ("name", "count", "driver"), [("h100_sxm_8", 8, "nvidia"), ("gb200_4", 4, "nvidia"), ("l40s_4", 4, "nvidia"), ("mi300x_8", 8, "amdgpu")]
)
def test_every_gpu_is_on_the_bus_and_answers(name: str, count: int, driver: str) -> None:
    node = make(name)
    gpus = node.facts("gpus").gpus
    assert Counter(gpu.state for gpu in gpus) == {"ok": count}
    assert {gpu.kernel_driver for gpu in gpus} == {driver}
    assert all(gpu.driver and gpu.driver.serial and gpu.driver.memory_total_mib and gpu.pcie and gpu.pcie.bandwidth_gbytes_per_s for gpu in gpus)
    assert (node.unseen("gpus"), node.faults("gpus")) == ({}, [])


def test_a_gpu() -> None:
    gpu = make().facts("gpus").gpus[4]
    assert (gpu.pci_address, gpu.pci_id, gpu.subsystem_id, gpu.numa_node) == ("0000:9b:00.0", "10de:2330", "10de:16c1", 1)
    assert gpu.pcie and gpu.pcie.bridges == ("0000:97:01.0", "0000:98:00.0", "0000:99:01.0")
    assert gpu.driver and (gpu.driver.index, gpu.driver.product) == (4, "NVIDIA H100 80GB HBM3")


def test_a_lost_gpu_is_on_the_bus_and_the_driver_does_not_answer_for_it() -> None:
    node = make("h100_sxm_8", ("gpu_lost", 2))
    assert [gpu.state for gpu in node.facts("gpus").gpus] == ["ok", "ok", "lost", "ok", "ok", "ok", "ok", "ok"]
    assert node.faults("gpus") == [("gpu_lost", "GPU 0000:4c:00.0")]


def test_a_gpu_that_the_driver_does_not_even_name_is_lost() -> None:
    node = make("h100_sxm_8", ("gpu_absent", 2))
    absent = node.commands["nvidia-smi"]
    assert len(node.facts("gpus").gpus) == 7
    node = make()
    node.commands["nvidia-smi"] = absent
    facts = node.facts("gpus")
    assert [(gpu.pci_address, gpu.state) for gpu in facts.gpus][2] == ("0000:4c:00.0", "lost")
    (fault,) = facts.faults
    assert (fault.id, fault.message) == ("gpu_lost", "it is on the PCI bus, but the driver does not answer for it.")


def test_a_gpu_that_is_gone_from_the_bus_but_not_from_the_driver() -> None:
    healthy = make().commands["nvidia-smi"]
    node = make()
    node.remove("/sys/bus/pci/devices/0000:4c:00.0")
    node.commands["nvidia-smi"] = healthy
    gpu = node.facts("gpus").gpus[2]
    assert (gpu.pci_address, gpu.state, gpu.pcie, gpu.kernel_driver) == ("0000:4c:00.0", "not_on_bus", None, None)
    assert node.faults("gpus") == [("gpu_not_on_bus", "GPU 0000:4c:00.0")]


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        (CommandResult(127, "", ""), "unasked", "nvidia-smi is not installed"),
        (CommandResult(124, "<nvidia_smi_log>", ""), "unasked", "nvidia-smi gave no answer in 60 s"),
        (CommandResult(1, "", "Segmentation fault"), "unasked", "nvidia-smi ended with status 1: Segmentation fault"),
        (CommandResult(0, "", ""), "unasked", "nvidia-smi did not tell what it was asked for"),
        (CommandResult(6, "No devices were found\n", ""), "lost", "The driver is loaded and finds no GPU that it can use."),
    ],
)
def test_a_driver_that_cannot_be_asked(answer: CommandResult, state: str, reason: str) -> None:
    node = make()
    node.commands["nvidia-smi"] = answer
    assert {gpu.state for gpu in node.facts("gpus").gpus} == {state}
    assert node.unseen("gpus") == {"gpus.driver": reason}


def test_a_driver_that_is_not_loaded_and_one_that_does_not_fit() -> None:
    for kind in ("driver_not_loaded", "driver_mismatch"):
        node = make("l40s_4", (kind, None))
        facts = node.facts("gpus")
        assert {gpu.state for gpu in facts.gpus} == {"unasked"}
        assert [fault.id for fault in facts.faults] == [kind]
        assert node.unseen("gpus") == {"gpus.driver": facts.faults[0].message}


def test_a_node_without_gpus_is_not_asked_for_a_driver() -> None:
    node = make("mi300x_8")
    assert node.facts("gpus").gpus
    assert node.asked == []


def test_a_gpu_that_no_driver_of_amd_has_taken() -> None:
    node = make("mi300x_8")
    address = node.facts("gpus").gpus[3].pci_address
    node.remove(f"/sys/bus/pci/devices/{address}/driver")
    assert [gpu.state for gpu in node.facts("gpus").gpus].count("lost") == 1
    assert node.unseen("gpus") == {"gpus.driver": f"amdgpu has not taken GPU {address}"}


def test_without_a_view_of_the_bus_the_driver_alone_is_believed() -> None:
    node = bare()
    node.commands = make().commands
    assert {(gpu.state, gpu.pcie) for gpu in node.facts("gpus").gpus} == {("ok", None)}
    assert node.unseen("gpus") == {"gpus.bus": "/sys/bus/pci/devices is not there: a GPU that the driver lost would not be seen"}


def test_functions_that_a_gpu_shares_out_are_no_gpus() -> None:
    node = make("l40s_4")
    node.write("/sys/bus/pci/devices/0000:19:00.4/class", "0x030200")
    node.write("/sys/bus/pci/devices/0000:19:00.4/vendor", "0x10de")
    node.write("/sys/bus/pci/devices/0000:19:00.4/device", "0x26b9")
    node.link("/sys/bus/pci/devices/0000:19:00.4/physfn", "../0000:19:00.0")
    assert len(node.facts("gpus").gpus) == 4
