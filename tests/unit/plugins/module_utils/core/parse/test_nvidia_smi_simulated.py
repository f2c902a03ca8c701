# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the simulator prints is read back as what its profile says: every form, every hardware class, every fault."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.classes import CLASSES
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.gpu import Gpu, NvidiaSmi
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse import nvidia_smi, nvidia_smi_topo, nvlink
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator import nvidia_smi as simulator
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import FAULTS, GENERATIONS, apply_fault, make_profile

NOW = datetime(2026, 7, 4, 8, 2, 3, 7000)
NVIDIA_CLASSES = sorted(name for name, entry in CLASSES.items() if entry.get("gpus", {}).get("count") and entry["gpus"].get("vendor", "nvidia") == "nvidia")
TEXT, XML = ("-q",), ("-q", "-x")

# Fault of the simulator -> the faults that are read, or none where the output has only a value for it.
READ_AS: dict[str, set[str] | frozenset[str]] = {
    "gpu_lost": {"gpu_lost"},
    "gpu_unknown_error": {"gpu_lost"},
    "gpu_absent": set(),
    "ecc_uncorrected": {"ecc_uncorrected"},
    "ecc_corrected": set(),
    "remap_pending": {"remap_pending"},
    "remap_failure": {"remap_failure"},
    "hw_slowdown": {"hw_thermal_slowdown"},
    "power_brake": {"hw_power_brake_slowdown"},
    "hot": {"gpu_too_warm"},
    "pcie_width": set(),
    "pcie_generation": set(),
    "nvlink_inactive": set(),
    "fabric_failed": {"fabric_not_completed"},
    "persistence_off": set(),
    "xid": set(),
    "driver_not_loaded": {"driver_not_loaded"},
    "driver_mismatch": {"driver_mismatch"},
    # What only tests of bandwidth show.
    **dict.fromkeys(("slow_gpu", "slow_nvlink", "wrong_data", "slow_rail"), frozenset()),
    **dict.fromkeys(("nccl_hang", "nccl_crash", "nccl_singletons", "nccl_fewer_hcas", "nccl_no_gpudirect"), frozenset()),
}


def profile_of(name: str, generation: str = "590") -> dict[str, Any]:
    return make_profile(hardware_class(name), "node1", name, generation)


def ask(profile: dict[str, Any], *argv: str) -> str:
    return simulator.nvidia_smi(profile, argv, NOW).stdout


def read(profile: dict[str, Any], *argv: str) -> NvidiaSmi:
    return nvidia_smi.parse(ask(profile, *argv))


def faulty(kind: str) -> dict[str, Any]:
    return apply_fault(profile_of("h100_sxm_8"), kind, None if FAULTS[kind].get("node") else 3)


@pytest.mark.parametrize("generation", sorted(GENERATIONS))
@pytest.mark.parametrize("name", NVIDIA_CLASSES)
@pytest.mark.parametrize("form", [TEXT, XML])
def test_a_healthy_node(form: tuple[str, ...], name: str, generation: str) -> None:
    profile = profile_of(name, generation)
    document = read(profile, *form)
    assert (document.driver_version, document.cuda_version) == (profile["driver_version"], profile["cuda_version"])
    assert (document.complete, document.warnings, document.faults) == (True, (), ())
    assert document.attached_gpus == len(document.gpus) == len(profile["gpus"])
    for gpu, wanted in zip(document.gpus, profile["gpus"], strict=True):
        assert (gpu.index, gpu.minor_number, gpu.uuid, gpu.serial, gpu.product) == tuple(wanted[key] for key in ("index", "minor", "uuid", "serial", "name"))
        assert gpu.pci_address == wanted["pci"].lower()[4:]
        assert (gpu.memory_total_mib, gpu.temperature_c) == (wanted["memory_mib"], wanted["temperature_c"])
        assert (gpu.pcie.gen_max, gpu.pcie.width_current, gpu.pcie.width_max) == (wanted["pcie_generation"], wanted["pcie_width"], wanted["pcie_width"])
        assert gpu.throttle_reasons == ("gpu_idle",)
        assert (gpu.ecc.mode, gpu.ecc.volatile.corrected, gpu.ecc.aggregate.uncorrected, gpu.persistence) == ("enabled", 0, 0, "enabled")


def test_every_fault_of_the_simulator_is_expected_here() -> None:
    assert set(READ_AS) == set(FAULTS)


@pytest.mark.parametrize("kind", sorted(FAULTS))
@pytest.mark.parametrize("form", [TEXT, XML, ("--query-gpu=index,uuid,pci.bus_id,ecc.errors.uncorrected.volatile.total", "--format=csv")])
def test_every_fault_comes_back(form: tuple[str, ...], kind: str) -> None:
    document = read(faulty(kind), *form)
    wanted = READ_AS[kind]
    if form not in (TEXT, XML) and kind not in ("gpu_lost", "gpu_unknown_error", "ecc_uncorrected", "driver_not_loaded", "driver_mismatch"):
        wanted = set()
    assert {fault.id for fault in document.faults} == wanted
    if wanted and not FAULTS[kind].get("node"):
        assert {fault.subject for fault in document.faults} == {"GPU 0000:5d:00.0"}
    assert document.complete == (not kind.startswith("driver_"))


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_text_and_xml_say_the_same(kind: str) -> None:
    assert read(faulty(kind), *TEXT) == read(faulty(kind), *XML)


def test_faults_that_are_only_values() -> None:
    def fourth(kind: str) -> Gpu:
        return read(faulty(kind), "-q").gpus[3]

    assert fourth("ecc_corrected").ecc.volatile.corrected == 100
    assert fourth("pcie_width").pcie.width_current == 8
    assert fourth("pcie_generation").pcie.gen_current == 1
    assert fourth("persistence_off").persistence == "disabled"
    assert fourth("remap_pending").remapped_rows == replace(fourth("hot").remapped_rows, pending=True, uncorrectable=1)
    assert fourth("fabric_failed").fabric.state == "Not Started"
    assert fourth("hot").temperature_c == 91
    assert fourth("power_brake").throttle_reasons == ("hw_slowdown", "hw_power_brake_slowdown")
    assert len(read(faulty("gpu_absent"), "-q").gpus) == 7


@pytest.mark.parametrize("form", [TEXT, XML, ("-L",)])
@pytest.mark.parametrize("kind", ["gpu_lost", "gpu_unknown_error"])
def test_a_lost_gpu_keeps_its_place(kind: str, form: tuple[str, ...]) -> None:
    document = read(faulty(kind), *form)
    assert sorted(gpu.index for gpu in document.gpus if gpu.index is not None) == list(range(8))
    (lost,) = (gpu for gpu in document.gpus if gpu.lost)
    assert (lost.index, lost.pci_address, lost.uuid, lost.temperature_c) == (3, "0000:5d:00.0", None, None)
    assert all(gpu.uuid == profile_of("h100_sxm_8")["gpus"][gpu.index or 0]["uuid"] for gpu in document.gpus if not gpu.lost)


def test_links_and_matrix() -> None:
    profile = apply_fault(profile_of("h100_sxm_8"), "nvlink_inactive", 2, links=2)
    status = nvlink.parse(ask(profile, "nvlink", "-s"))
    assert [sum(link.active for link in gpu.links) for gpu in status.gpus] == [18, 18, 16, 18, 18, 18, 18, 18]
    assert [(fault.id, fault.subject, fault.message) for fault in status.faults] == [("nvlink_inactive", "GPU 2", "2 of 18 NVLinks are inactive: 0, 1.")]
    topology = nvidia_smi_topo.parse(ask(profile, "topo", "-m"))
    assert [gpu.numa_affinity for gpu in topology.gpus] == [str(gpu["numa"]) for gpu in profile["gpus"]]
    assert [nic.device for nic in topology.nics] == [nic["name"] for nic in profile["nics"]]
    assert (topology.relations["GPU0"]["GPU1"], topology.relations["GPU2"]["GPU7"]) == ("NV18", "NV16")
    assert [len(row) for row in topology.relations.values()] == [15] * 16
    assert [(fault.id, fault.subject) for fault in topology.faults] == [("nvlink_missing", "GPU2")]
    assert topology.complete and status.complete


def test_lost_gpus_in_links_and_matrix() -> None:
    profile = faulty("gpu_lost")
    status, topology = nvlink.parse(ask(profile, "nvlink", "-s")), nvidia_smi_topo.parse(ask(profile, "topo", "-m"))
    assert [[fault.id for fault in document.faults] for document in (status, topology)] == [["gpu_lost"], ["gpu_lost"]]
    assert len(status.gpus) == len(topology.gpus) == 7


@pytest.mark.parametrize("kind", ["driver_not_loaded", "driver_mismatch"])
def test_the_driver_is_down(kind: str) -> None:
    profile = faulty(kind)
    for document in (read(profile, "-q", "-x"), nvlink.parse(ask(profile, "nvlink", "-s")), nvidia_smi_topo.parse(ask(profile, "topo", "-m"))):
        assert ([fault.id for fault in document.faults], document.complete, document.gpus) == ([kind], False, ())
