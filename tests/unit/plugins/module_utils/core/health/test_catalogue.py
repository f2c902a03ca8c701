# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every check of the catalogue on a healthy machine, on one that it must refuse, and on one that does not show what it needs."""

from __future__ import annotations

import json
import pathlib
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import yaml

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.classes import CLASSES
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.health import gpus, host, log
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.catalogue import ALWAYS, BY_NAME, CHECKS, selected
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.desired import CHECK_KEYS, FRAME_KEYS, LIMITS, Desired
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.examine import examine, merged, worst
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.model import Found
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.quick import LOCAL_REASON
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.document import as_json
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, findings
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.gpu import Ecc, EccCounts, Gpu, RetiredPages
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import best_port
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.lspci import lspci
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import make_profile

from ..facts.nodes import make
from .machines import GONE, GPU, HUNG, PORT, TRACKING, Change, command, hardware, health, machine, own, remove, smi, units, write

KMSG = "/dev/kmsg"
NO_DRIVER = CommandResult(9, "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", "")
# What a check that asks the GPUs' driver says where it does not answer.
SILENT = (command("nvidia-smi", NO_DRIVER),)
GPU_NAME = "node1 GPU 0000:4c:00.0"


def xml(element: str, old: str, new: str, *, times: int = 1) -> Change:
    """Change an element of the first GPUs in nvidia-smi -q -x."""
    return smi(lambda text: text.replace(f"<{element}>{old}</{element}>", f"<{element}>{new}</{element}>", times), "-q", "-x")


def bad_acs(services: str) -> CommandResult:
    return CommandResult(0, f"0000:15:01.0 PCI bridge [0604]: Simulated [8086:352a]\n{services}\n", "")


def tracking(offset: str, leap: str, stratum: int = 3) -> CommandResult:
    return CommandResult(0, TRACKING.format(offset=offset, leap=leap).replace(",3,", f",{stratum},"), "")


# check, faults of the simulator and changes, verdict, subject, reason (a pattern).
Case = tuple[str, Sequence[Any], str, str, str]
CASES: list[Case] = [
    ("local_reason", [own(LOCAL_REASON, "scratch is gone\n")], "fail", "node1", "scratch is gone"),
    ("gpu_count", [("gpu_absent", 2)], "fail", "node1", "8 GPUs expected, 7 answer"),
    ("gpu_count", [command("nvidia-smi", GONE)], "fail", "node1", "8 GPUs expected, nvidia-smi is not installed"),
    ("gpu_bus", [("gpu_absent", 2)], "fail", "node1", "8 GPUs of 10de:2330 expected on the PCI bus, 7 are there"),
    ("gpu_bus", [write(f"{GPU}/device", "0x2331")], "fail", "node1", "8 GPUs of 10de:2330 expected on the PCI bus, 7 are there, and 1 of 10de:2331"),
    ("gpu_bus", [hardware("gpus", count=7), write(f"{GPU}/device", "0x2331")], "fail", "node1", "7 GPUs .* expected .*, 7 are there, and 1 of 10de:2331"),
    ("gpu_bus", [remove("/sys/bus/pci/devices")], "inconclusive", "node1", "/sys/bus/pci/devices is not there.*"),
    ("gpu_driver", [("gpu_lost", 2)], "fail", GPU_NAME, "The driver cannot reach the GPU.*"),
    ("gpu_driver", [("driver_not_loaded", None)], "fail", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("gpu_driver", [command("nvidia-smi", CommandResult(2, "", "odd\n"))], "fail", "node1", "nvidia-smi ended with status 2: odd"),
    ("gpu_driver", [command("nvidia-smi", GONE)], "inconclusive", "node1", "nvidia-smi is not installed"),
    ("gpu_recovery_action", [xml("gpu_recovery_action", "None", "Reset")], "fail", "node1 GPU 0000:19:00.0", "The driver asks for a recovery action: Reset\\."),
    ("gpu_recovery_action", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("xid", [("gpu_lost", 2)], "fail", GPU_NAME, r"Xid 79 \(GPU has fallen off the bus\), once"),
    ("xid", [("remap_pending", 2)], "warn", GPU_NAME, "Xid 63 .*, once"),
    ("xid", [("remap_failure", 2)], "fail", GPU_NAME, "Xid 64 .*, once"),
    ("xid", [remove(KMSG)], "inconclusive", "node1", "the simulated hardware has no /dev/kmsg"),
    ("ecc_mode", [xml("current_ecc", "Enabled", "Disabled")], "fail", "node1 GPU 0000:19:00.0", "ECC is disabled"),
    ("ecc_mode", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("ecc_uncorrectable", [("ecc_uncorrected", 2)], "fail", GPU_NAME, "Uncorrected memory errors since the driver was loaded: 1.*"),
    ("ecc_uncorrectable", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("ecc_history", [("ecc_corrected", 2), health(limits={"ecc_corrected_max": 99})], "warn", GPU_NAME, "100 corrected memory errors.*"),
    ("ecc_history", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("remapped_rows", [("remap_pending", 2)], "fail", GPU_NAME, "A faulty memory row waits to be remapped.*"),
    ("remapped_rows", [("remap_failure", 2)], "fail", GPU_NAME, "A faulty memory row could not be remapped.*"),
    ("remapped_rows", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("replaced_memory", [("remap_pending", 2), health(limits={"remapped_rows_max": 0})], "warn", GPU_NAME, "1 memory rows were remapped.*"),
    ("replaced_memory", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("nvlink", [("nvlink_inactive", 2)], "fail", GPU_NAME, "17 of 18 NVLinks are active, down: 0"),
    ("nvlink", [smi(lambda text: text.replace("26.562", "20.1", 1), "nvlink")], "fail", "node1 GPU 0000:19:00.0", "NVLink 0 runs at 20.1 of 25 GB/s"),
    ("nvlink", [("driver_not_loaded", None)], "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("nvlink", [smi(lambda text: text.partition("Link")[0] + "NVLink is not supported for devices in MIG mode\n", "nvlink")], "inconclusive",
     "node1 GPU 0000:19:00.0", "NVLinks are not told in MIG mode"),
    ("nvlink", [command("nvidia-smi", GONE)], "inconclusive", "node1", "nvidia-smi is not installed"),
    ("nvlink", [smi(lambda text: "what is this\n", "nvlink")], "inconclusive", "node1", "no NVLink of any GPU is told here.*"),
    ("gpu_fabric", [("fabric_failed", 2)], "fail", GPU_NAME, "The GPU has not joined its NVLink fabric: Not Started.*"),
    ("gpu_fabric", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("throttle", [("hw_slowdown", 2)], "fail", GPU_NAME, r".*\(HW Thermal Slowdown\)\."),
    ("throttle", [("power_brake", 2)], "fail", GPU_NAME, r".*\(HW Power Brake Slowdown\)\."),
    ("throttle", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("gpu_temperature", [("hot", 2)], "warn", GPU_NAME, "-2 C below where the hardware slows it down, at 91 C"),
    ("gpu_temperature", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("gpu_persistence", [("persistence_off", 2)], "warn", GPU_NAME, "persistence mode is disabled"),
    ("gpu_persistence", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("gpus_alike", [xml("current_power_limit", "700.00 W", "600.00 W")], "warn", "node1 GPU 0000:19:00.0", "power limit differs .*: 600.0, theirs 700.0"),
    ("gpus_alike", SILENT, "inconclusive", "node1", "NVIDIA's kernel driver does not answer.*"),
    ("pcie_link", [("pcie_width", 2)], "fail", GPU_NAME, "its PCIe link has x8 of the x16 lanes that both of its ends have."),
    ("pcie_link", [hardware("gpus", pcie_generation=6)], "fail", GPU_NAME, "its PCIe link can do generation 5, the class declares 6"),
    ("pcie_link", [hardware("gpus", pcie_width=32)], "fail", GPU_NAME, "its PCIe link has x16 lanes, the class declares x32"),
    ("pcie_link", [write("/sys/bus/pci/devices/0000:1a:00.0/current_link_width", "8")], "fail", "node1 rail 0", "its PCIe link has x8 of the x16.*"),
    ("pcie_link", [write("/sys/class/nvme/nvme0/device/current_link_width", "2")], "warn", "node1", "drive nvme0: its PCIe link has x2 of the x4.*"),
    ("pcie_link", [remove("/sys/bus/pci/devices")], "inconclusive", "node1", "/sys/bus/pci/devices shows no PCIe link.*"),
    ("pcie_errors", [write(f"{GPU}/aer_dev_nonfatal", "TOTAL_ERR_NONFATAL 4")], "warn", GPU_NAME, ".* reports 4 nonfatal PCIe errors since the start"),
    ("pcie_errors", [write(f"{GPU}/aer_dev_fatal", "TOTAL_ERR_FATAL 1")], "fail", GPU_NAME, ".* reports 1 fatal PCIe errors since the start"),
    ("acs", [command("lspci", bad_acs("\t\tACSCtl:\tSrcValid+ TransBlk- ReqRedir+"))], "fail", "node1", "1 of 1 PCIe ports have access control on.*"),
    ("acs", [command("lspci", bad_acs("\tCapabilities: <access denied>"))], "inconclusive", "node1", "lspci shows the access control .* to root alone"),
    ("acs", [command("lspci", GONE)], "inconclusive", "node1", "lspci is not installed"),
    ("iommu", [write("/sys/kernel/iommu_groups/2432/type", "DMA-FQ")], "warn", "node1", "the IOMMU translates the addresses of some devices"),
    ("iommu", [write("/sys/kernel/iommu_groups/2432/type", "strange"), write("/proc/cmdline", "ro")], "inconclusive", "node1", ".*does not tell.*|its mode.*"),
    ("gpudirect", [write("/proc/modules", "nvidia 1 1 - Live 0x0"), own("/proc/sys/kernel/osrelease", "5.10.0\n")], "fail", "node1", ".*Linux 5.10 has no.*"),
    ("gpudirect", [write("/proc/modules", "x 1 1 - Live 0x0"), write("/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.1")],
     "fail", "node1", "nvidia_peermem is not loaded, and the driver is not the open one"),
    ("gpudirect", [("driver_not_loaded", None)], "inconclusive", "node1", "NVIDIA's driver is not loaded"),
    ("gpudirect", [remove("/proc/modules")], "inconclusive", "node1", "/proc/modules is not there"),
    ("affinity", [write(f"{GPU}/numa_node", "1")], "warn", "node1", "GPUs by NUMA node 3 on 0, 5 on 1, rails 4 on 0, 4 on 1"),
    ("affinity", [write(f"{GPU}/numa_node", "-1")], "inconclusive", "node1", "the NUMA nodes .* are not known"),
    ("rails", [write(f"{PORT.format('mlx5_2')}/state", "1: DOWN"), write(f"{PORT.format('mlx5_2')}/phys_state", "2: Polling")], "fail", "node1 rail 2",
     r"mlx5_2 port 1 is not up \(Down, Polling\)"),
    ("rails", [write(f"{PORT.format('mlx5_2')}/rate", "200 Gb/sec (2X NDR)")], "fail", "node1 rail 2", "mlx5_2 runs at 200 of 400 Gb/s"),
    ("rails", [hardware("rails", link_layer="ethernet")], "fail", "node1 rail 0", "mlx5_0 is of the link layer infiniband"),
    ("rails", [hardware("rails", count=9)], "fail", "node1", "9 rails expected, 8 are there"),
    ("rails", [remove("/sys/class/infiniband")], "fail", "node1", "8 rails expected: /sys/class/infiniband is not there.*"),
    ("rails", [remove(*(f"/sys/class/infiniband/mlx5_{number}/ports" for number in range(10)))], "fail", "node1 rail 2", "mlx5_2 has no port"),
    ("rail_errors", [write(f"{PORT.format('mlx5_2')}/counters/symbol_error", "11")], "warn", "node1 rail 2", "mlx5_2 port 1 counts errors .*: symbol_error 11"),
    ("rail_errors", [remove("/sys/class/infiniband")], "inconclusive", "node1", "/sys/class/infiniband shows no counters of a rail's port"),
    ("cpu", [hardware("cpu", cores_per_socket=64)], "fail", "node1", "2 x 64 x 2 sockets, cores and threads expected, 2 x 56 x 2 are there"),
    ("cpu", [write("/sys/devices/system/cpu/online", "0-110,112-223")], "fail", "node1", "224 processors expected, 223 are online"),
    ("cpu", [remove("/sys/devices/system/cpu/online")], "inconclusive", "node1", "/sys/devices/system/cpu does not say how many.*"),
    ("cpu_governor", [write("/sys/devices/system/cpu/cpufreq/policy7/scaling_governor", "powersave")], "warn", "node1", ".* on 223, powersave on 1"),
    ("clock_source", [write(f"{host.CLOCK_SOURCE}/current_clocksource", "hpet")], "warn", "node1", "the kernel's clock is hpet"),
    ("numa_balancing", [write(host.NUMA_BALANCING, "1")], "warn", "node1", "automatic NUMA balancing.*"),
    ("memory", [write("/proc/meminfo", "MemTotal:  1900000000 kB")], "fail", "node1", r"2097152 MiB are declared, the kernel has 1855468: 12 % are missing"),
    ("memory", [remove("/proc/meminfo")], "inconclusive", "node1", ".*/proc/meminfo.*"),
    ("memory_errors", [write(f"{host.MEMORY_CONTROLLERS}/mc0/ue_count", "1")], "fail", "node1", "1 memory errors that were not corrected"),
    ("memory_errors", [write(f"{host.MEMORY_CONTROLLERS}/mc0/ce_count", "10")], "warn", "node1", "10 corrected memory errors since the start"),
    ("nvme", [remove("/sys/class/nvme/nvme3")], "fail", "node1", "8 data drives expected, 7 drives are there"),
    ("nvme", [write("/sys/class/nvme/nvme3/state", "dead")], "fail", "node1", "drive nvme3: its controller is dead."),
    ("nvme", [remove("/sys/class/nvme")], "fail", "node1", "8 drives expected: .*"),
    ("firmware", [write("/sys/class/dmi/id/bios_version", "2.3")], "warn", "node1", r"the BIOS has 2.3, 1.\* is declared"),
    ("firmware", [write("/sys/class/infiniband/mlx5_2/fw_ver", "27.1")], "warn", "node1", r"mlx5_2 \(MT_0000000838\) has 27.1, 28.\* is declared"),
    ("firmware", [hardware("firmware", bmc="1")], "inconclusive", "node1", "firmware of 'bmc' is declared.*"),
    ("versions", [health(versions={"nvidia": "580.*"})], "warn", "node1", r"nvidia has 590.48.01, 580.\* is declared"),
    ("versions", [health(versions={"ofed": "24.*"}), remove("/sys/module/mlx5_core")], "inconclusive", "node1", "ofed does not tell its version.*"),
    ("services", [command("systemctl", units(munge="active", slurmd="failed"))], "fail", "node1", r"slurmd.service is failed \(dead\)"),
    ("services", [command("systemctl", units(munge="active"))], "fail", "node1", "slurmd.service is not installed"),
    ("services", [command("systemctl", GONE)], "inconclusive", "node1", "systemctl is not installed"),
    ("services", [command("systemctl", CommandResult(0, "Id=munge.service\n", ""))], "inconclusive", "node1", "systemctl answered for 1 of 2 units"),
    ("failed_units", [command("systemctl", units("a.service b.mount", munge="active", slurmd="active"))], "warn", "node1", "failed: a.service, b.mount"),
    ("failed_units", [command("systemctl", HUNG)], "inconclusive", "node1", "systemctl gave no answer in 30 s"),
    ("mounts", [health(mounts=[{"path": "/scratch"}])], "fail", "node1", "nothing is mounted on /scratch"),
    ("mounts", [health(mounts=[{"path": "/", "fstype": "xfs"}])], "fail", "node1", "/ is of the type ext4, xfs is declared"),
    ("mounts", [health(mounts=[{"path": "/my home/", "source": "other:/home"}])], "fail", "node1", "/my home/ is server:/home, other:/home is declared"),
    ("mounts", [own(host.MOUNTS, "/dev/sda / ext4 ro,relatime 0 0\n"), health(mounts=[{"path": "/"}])], "fail", "node1", "/ is mounted read-only"),
    ("mounts", [own(host.MOUNTS, None)], "inconclusive", "node1", "/proc/self/mounts cannot be read.*"),
    ("disk_space", [command("df", CommandResult(0, "Use%\n 98%  1% /\n", ""))], "fail", "node1", "/ is 98% full, 97% is the limit"),
    ("disk_space", [command("df", CommandResult(0, "Use%\n\n", ""))], "inconclusive", "node1", "df told nothing of /"),
    ("clock_offset", [command("chronyc", tracking(offset="-0.02", leap="Normal"))], "warn", "node1", "the clock is off by 0.020 s"),
    ("clock_offset", [command("chronyc", tracking(offset="2", leap="Normal"))], "fail", "node1", "the clock is off by 2.000 s"),
    ("clock_offset", [command("chronyc", tracking(offset="0", leap="Not synchronised"))], "warn", "node1", "chrony has no source.*"),
    ("clock_offset", [command("chronyc", tracking("0", "Normal", stratum=0))], "warn", "node1", "chrony has no source.*"),
    ("clock_offset", [command("chronyc", tracking("odd", "Normal"))], "inconclusive", "node1", "chronyc does not tell the offset: 'odd'"),
    ("clock_offset", [command("chronyc", CommandResult(1, "506 Cannot talk to daemon\n", ""))], "inconclusive", "node1", "chronyc .*506 Cannot talk to daemon"),
    ("kernel_errors", [write(KMSG, "4,1,9000000,-;nvme nvme0: I/O error, dev nvme0n1, sector 8")], "warn", "node1", "1 lines in the kernel's log.*"),
    ("kernel_errors", [write(KMSG, "4,1,9000000,-;{1}[Hardware Error]: event severity: fatal")], "fail", "node1", "1 lines in the kernel's log.*"),
    ("kernel_errors", [remove(KMSG)], "inconclusive", "node1", "the simulated hardware has no /dev/kmsg"),
]  # fmt: skip
# What the node does not show, these checks do not concern; a command that does not answer, or that is missing, is their failure.
NEVER_INCONCLUSIVE = {"gpu_count", "pcie_errors", "rails", "cpu_governor", "clock_source", "numa_balancing", "memory_errors", "nvme"}
# In a test of its own.
ELSEWHERE = {"local_reason"}


def look(check: str, steps: Sequence[Any]) -> list[CheckResult]:
    node, wanted = machine(*(step for step in steps if isinstance(step, tuple)))
    for step in steps:
        if callable(step):
            step(node, wanted)
    return list(examine(wanted, node, checks=[check], now_s=1_784_102_400.0).results)


@pytest.mark.parametrize(("check", "steps", "verdict", "subject", "reason"), CASES, ids=[f"{number}-{case[0]}-{case[2]}" for number, case in enumerate(CASES)])
def test_case(check: str, steps: Sequence[Any], verdict: str, subject: str, reason: str) -> None:
    found = [result for result in look(check, steps) if result.subject.name == subject]
    assert [(result.check, result.verdict) for result in found] == [(check, verdict)], found
    assert re.fullmatch(reason, found[0].hint), found[0].hint
    assert (found[0].severity, bool(found[0].remediation)) == {
        "fail": ("critical", True),
        "warn": ("warning", True),
        "inconclusive": ("warning" if BY_NAME[check].severity == "critical" else "info", False),
    }[verdict]


def test_a_healthy_machine_passes_every_check_once() -> None:
    node, wanted = machine()
    examination = examine(wanted, node, facts=node.facts(), now_s=1_784_102_400.0)
    assert findings(examination.results) == ()
    assert [result.check for result in examination.results] == [check.name for check in CHECKS]
    assert {result.subject.name for result in examination.results} == {"node1"}
    assert (examination.worst, examination.raw) == ("pass", {})
    assert {result.check for result in examination.results if result.proof == "lab"} == {check.name for check in CHECKS if check.own_system}
    assert {result.proof for result in examination.results} == {"lab", "stub"}


def test_what_stands_in_for_a_machine_proves_nothing_of_hardware_wherever_it_is_looked_at() -> None:
    node, wanted = machine()
    wanted["hardware_root"] = "/"
    for simulated, proofs in ((False, {"hardware"}), (True, {"lab", "stub"})):
        found = examine({**wanted, "simulated": simulated}, node, checks=["gpu_driver", "disk_space"])
        assert {result.proof for result in found.results} == proofs


def test_every_check_has_a_case_of_each_kind() -> None:
    failing = {case[0] for case in CASES if case[2] in ("fail", "warn")}
    inconclusive = {case[0] for case in CASES if case[2] == "inconclusive"}
    assert failing == set(BY_NAME)
    assert inconclusive | NEVER_INCONCLUSIVE | ELSEWHERE == set(BY_NAME)
    assert inconclusive & NEVER_INCONCLUSIVE == set()


def test_a_node_of_which_nothing_is_declared_is_asked_for_its_own_system_alone() -> None:
    node, _wanted = machine()
    results = examine({"name": "login1", "hardware_root": node.root}, node).results
    assert [result.check for result in results] == [
        "local_reason", "cpu_governor", "clock_source", "memory_errors", "failed_units", "clock_offset", "kernel_errors",
    ]  # fmt: skip


def test_the_catalogue_is_complete_data() -> None:
    assert len(BY_NAME) == len(CHECKS) == len({check.what for check in CHECKS})
    for check in CHECKS:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", check.name)
        assert check.severity in ("warning", "critical")
        assert check.what.endswith(".") and check.remediation.endswith(".") and check.reads and check.source
        for name in re.findall(r"see ([\w, ]+)", check.source):
            assert all(limit in LIMITS for limit in name.split(", ")), check.source


def test_checks_are_chosen_by_name_and_can_be_disabled() -> None:
    assert [check.name for check in selected(["rails", "gpu_count"])] == ["gpu_count", "rails"]
    assert len(selected(disabled=["acs", "50-site-script"])) == len(CHECKS) - 1
    with pytest.raises(CoreError, match=r"^checks: there is no check 'rial'\. Did you mean "):
        selected(["rial"])


def test_what_is_declared_read_only_may_be() -> None:
    read_only = own(host.MOUNTS, "/dev/sda / ext4 ro,relatime 0 0\n")
    assert [result.verdict for result in look("mounts", [read_only, health(mounts=[{"path": "/", "read_only": True}])])] == ["pass"]


@pytest.mark.parametrize(
    ("judge", "gpu", "verdict"),
    [
        (gpus.ecc_history, Gpu(ecc=Ecc(aggregate=EccCounts(uncorrected=3), volatile=EccCounts(0, 0))), "warn"),
        (gpus.ecc_history, Gpu(ecc=Ecc(aggregate=EccCounts(uncorrected=3), volatile=EccCounts(0, 3))), None),
        (gpus.used_up_rows, Gpu(retired_pages=RetiredPages(single_bit=60, double_bit=2)), "fail"),
        (gpus.used_up_rows, Gpu(retired_pages=RetiredPages(single_bit=60, double_bit=1)), None),
        (gpus.slowed_by_software, Gpu(throttle_reasons=("sw_thermal_slowdown",)), "warn"),
        (gpus.slowed_by_software, Gpu(throttle_reasons=("sw_power_cap",)), None),
    ],
)
def test_a_gpu_by_what_the_simulator_does_not_have(judge: Callable[[Desired, Gpu], Found | None], gpu: Gpu, verdict: str | None) -> None:
    found = judge(Desired({"name": "node1"}), gpu)
    assert (found.verdict if found else None) == verdict


def test_a_rail_is_the_port_that_is_up_of_an_adapter_with_two() -> None:
    (hca,) = machine()[0].facts("hcas").hcas[:1]
    down = replace(hca.ports[0], port=1, state="Down", rate_gbits_per_s=800.0)
    port = best_port((down, replace(hca.ports[0], port=2, rate_gbits_per_s=200.0), replace(hca.ports[0], port=3)))
    assert port is not None and port.port == 3


# --- several looks ----------------------------------------------------------------------------------------------------


def look_again(check: str, before: Sequence[Change], after: Sequence[Change], hours: float = 2.0) -> list[tuple[str, str, str]]:
    node, wanted = machine()
    for change in before:
        change(node, wanted)
    first = examine(wanted, node, checks=[check], now_s=1_784_102_400.0)
    for change in after:
        change(node, wanted)
    second = examine(wanted, node, checks=[check], now_s=1_784_102_400.0 + hours * 3600, last=first.memory)
    return [(result.verdict, result.subject.name, result.hint) for result in second.results]


def counter(name: str, value: int) -> Change:
    return write(f"{PORT.format('mlx5_2')}/counters/{name}", str(value))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([counter("symbol_error", 900)], [counter("symbol_error", 905)], ("pass", "node1", "")),
        (
            [counter("symbol_error", 900)],
            [counter("symbol_error", 911)],
            ("warn", "node1 rail 2", "mlx5_2 port 1 counts errors since the last look: symbol_error 11"),
        ),
        (
            [counter("symbol_error", 900)],
            [counter("symbol_error", 12)],
            ("warn", "node1 rail 2", "mlx5_2 port 1 counts errors since the last look: symbol_error 12"),
        ),
        ([counter("link_downed", 3)], [counter("link_downed", 4)], ("warn", "node1 rail 2", "mlx5_2 port 1 lost its link 1 times since the last look")),
        ([counter("link_downed", 3)], [counter("link_downed", 8)], ("fail", "node1 rail 2", "mlx5_2 port 1 lost its link 5 times since the last look")),
    ],
)
def test_ports_are_judged_by_what_they_counted_since_the_last_look(before: list[Change], after: list[Change], expected: tuple[str, str, str]) -> None:
    assert look_again("rail_errors", before, after) == [expected]


def test_five_losses_in_a_week_are_no_flapping() -> None:
    (result,) = look_again("rail_errors", [], [counter("link_downed", 5)], hours=168)
    assert result[:2] == ("warn", "node1 rail 2")


def test_corrected_memory_errors_of_before_do_not_count() -> None:
    old, new = (write(f"{host.MEMORY_CONTROLLERS}/mc0/ce_count", str(count)) for count in (100, 105))
    assert look_again("memory_errors", [old], [new])[0][0] == "pass"


def test_a_pcie_error_that_is_new_fails() -> None:
    old, new = (write(f"{GPU}/aer_dev_nonfatal", f"TOTAL_ERR_NONFATAL {count}") for count in (4, 5))
    assert look_again("pcie_errors", [old], [])[0][0] == "warn"
    assert look_again("pcie_errors", [old], [new]) == [("fail", GPU_NAME, "0000:4c:00.0 reports 5 nonfatal PCIe errors since the last look")]


# --- Xids -------------------------------------------------------------------------------------------------------------


def line(xid: int, address: str = "0000:4c:00", text: str = "pid='<unknown>', name=<unknown>, text") -> str:
    return f"4,1,9000000,-;NVRM: Xid (PCI:{address}): {xid}, {text}\n"


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        (line(31) + line(43) + line(13), ["pass"]),
        (line(13) * 99, ["pass"]),
        ("".join(line(31, text=f"pid={number}, name=train, MMU Fault") for number in range(10)), ["pass"]),
        ("".join(line(31, text=f"pid={number}, name=train, MMU Fault") for number in range(11)), ["warn"]),
        (line(94), ["warn"]),
        (line(95), ["fail"]),
        (line(119) + line(79, "0000:19:00"), ["fail", "fail"]),
        (line(777), ["warn"]),
        (line(154, text="GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset Required)"), ["fail"]),
        (line(154, text="GPU recovery action changed from 0x1 (GPU Reset Required) to 0x0 (None)"), ["pass"]),
        (line(79) + "6,2,99000000,-;NVRM: loading NVIDIA UNIX Open Kernel Module for x86_64  590.48.01\n", ["pass"]),
        ("4,1,9000000,-;nvidia-nvswitch0: SXid (PCI:0000:05:00.0): 11001, Non-fatal, Link 44 ingress\n", ["pass"]),
        ("4,1,9000000,-;nvidia-nvswitch0: SXid (PCI:0000:05:00.0): 20034, Fatal, Link 30 LTSSM Fault Up\n", ["fail"]),
    ],
)
def test_xids_by_what_nvidia_says_to_do(text: str, verdicts: list[str]) -> None:
    results = look("xid", [write(KMSG, text.rstrip("\n"))])
    assert [result.verdict for result in results] == verdicts


def test_the_kernels_log_of_a_real_machine_is_the_journals_or_else_the_buffers() -> None:
    node, wanted = machine()
    wanted["hardware_root"] = "/"
    told = CommandResult(0, "2026-07-14T08:00:00+0000 node1 kernel: NVRM: Xid (PCI:0000:4c:00): 79, pid=1, GPU has fallen off the bus.\n", "")
    for journal, buffer, verdict in (
        (CommandResult(1, "", ""), told, "pass"),
        (told, GONE, "fail"),
        (CommandResult(1, "", "No journal files were found.\n"), told, "fail"),
        (GONE, CommandResult(1, "", "dmesg: read kernel buffer failed: Operation not permitted\n"), "inconclusive"),
    ):
        node.commands.update(journalctl=journal, dmesg=buffer)
        (result,) = examine(wanted, node, checks=["xid"]).results
        assert (result.verdict, result.proof) == (verdict, "hardware")
    assert result.hint == "journalctl is not installed, and dmesg ended with status 1: dmesg: read kernel buffer failed: Operation not permitted"
    assert set(examine(wanted, node, checks=["xid"]).raw) == {" ".join(log.JOURNAL), " ".join(log.RING)}


# --- form -------------------------------------------------------------------------------------------------------------


def test_results_about_one_thing_are_one_result() -> None:
    (result,) = look("nvme", [write("/sys/class/nvme/nvme3/state", "dead"), write("/sys/class/nvme/nvme4/state", "resetting")])
    assert result.hint == "drive nvme3: its controller is dead.; drive nvme4: its controller is resetting."
    assert result.id == "nvme:node:node1"


def test_of_several_answers_about_one_thing_the_worst_counts() -> None:
    (found,) = merged([Found("warn", "a"), Found("fail", "b", 1, 2), Found("pass")])
    assert (found.verdict, found.reason, found.observed) == ("fail", "b; a", 2)


def test_what_could_not_be_seen_is_worse_than_a_warning() -> None:
    assert [worst(verdicts) for verdicts in ([], ["pass", "warn"], ["inconclusive", "warn"], ["fail", "inconclusive"])] == [
        "pass",
        "warn",
        "inconclusive",
        "fail",
    ]


def test_of_a_long_output_the_end_is_kept() -> None:
    node, wanted = machine()
    node.commands["chronyc"] = CommandResult(1, "x" * 9000 + "end", "")
    (text,) = examine(wanted, node, checks=["clock_offset"]).raw.values()
    assert len(text) == 4000 and text.endswith("end")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({}, r"node: it names no node\. .*"),
        ({"name": "n", "hardware": []}, None),
        ({"name": "n", "hardware": [1]}, r"node\.hardware: \[1\] is not a dict\. .*"),
        ({"name": "n", "hardware": {"gpus": {"count": "8"}}}, r"node\.hardware\.gpus\.count: '8' is not a number from 0\. .*"),
        ({"name": "n", "hardware": {"gpus": {"count": float("nan")}}}, r"node\.hardware\.gpus\.count: nan is not a number from 0\. .*"),
        ({"name": "n", "hardware": {"gpus": {"count": -1}}}, r"node\.hardware\.gpus\.count: -1 is not a number from 0\. .*"),
        ({"name": "n", "health": {"service": []}}, r"node\.health: there is no 'service' of health\. Did you mean services\?"),
        ({"name": "n", "health": {"limits": {"disk": 1}}}, r"node\.health\.limits: there is no limit 'disk'\. There are: .*"),
        ({"name": "n", "health": {"limits": {"clock_offset_warn_s": "1"}}}, r"node\.health\.limits\.clock_offset_warn_s: '1' is not a number from 0\. .*"),
        ({"name": "n", "health": {"services": "munge"}}, r"node\.health\.services: 'munge' is not a list of names\."),
        ({"name": "n", "health": {"mounts": [{}]}}, r"node\.health\.mounts\[0\]: path is missing\."),
        ({"name": "n", "health": {"versions": {"cuda": "12"}}}, r"node\.health\.versions: no version of 'cuda' can be seen\. .*"),
        ({"name": "n", "hardware": {"firmware": {"bios": 1.2}}}, r"node\.hardware\.firmware\.bios: 1\.2 is not a version\. .*"),
    ],
)
def test_a_wrong_description_is_one_sentence(wanted: dict[str, Any], message: str | None) -> None:
    node, _wanted = machine()
    if message is None:
        examine(wanted, node)
        return
    with pytest.raises(CoreError) as refused:
        examine(wanted, node)
    assert re.fullmatch(message, str(refused.value))


# --- what the role says of it -----------------------------------------------------------------------------------------


def test_the_roles_readme_names_every_check_and_every_limit_with_its_default(repository: pathlib.Path) -> None:
    readme = (repository / "roles/node_agent/README.md").read_text(encoding="utf-8")
    catalogue = readme.partition("## The catalogue")[2].partition("Firmware is declared")[0]
    assert sorted(re.findall(r"`([a-z_]+)`", catalogue.partition("| --- | --- |")[2])) == sorted(BY_NAME)
    rows = [line.split("|") for line in readme.splitlines() if re.match(r"\| `\w+_(max|min_c|s)`", line)]
    limits = {name: float(value) for row in rows for name, value in zip(re.findall(r"`(\w+)`", row[1]), row[2].split(","), strict=True)}
    assert limits == {name: limit.value for name, limit in LIMITS.items()}


def test_the_role_offers_the_fast_checks_and_passes_every_key_on(repository: pathlib.Path) -> None:
    options = yaml.safe_load((repository / "roles/node_agent/meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert options["node_agent_health_extra_checks"]["choices"] == [check.name for check in CHECKS if check.fast and check.name not in ALWAYS]
    health_keys = yaml.safe_load((repository / "roles/node_agent/vars/main.yml").read_text())["__node_agent_node"]["health"]
    assert set(health_keys) == {*FRAME_KEYS, *CHECK_KEYS}


# --- the shipped classes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSES)
def test_the_hardware_of_every_shipped_class_passes(name: str) -> None:
    node, wanted = make(name), hardware_class(name)
    profile = make_profile(wanted, "node1", name)
    node.commands["lspci"] = lambda argv: CommandResult(0, lspci(profile, argv, datetime(2026, 7, 4)).stdout, "")
    own_system = [check.name for check in CHECKS if check.own_system]
    examination = examine(
        {"name": "node1", "hardware": wanted, "hardware_root": node.root, "health": {"disabled_checks": own_system}}, node, facts=node.facts()
    )
    assert findings(examination.results) == ()
    checks = {result.check for result in examination.results}
    assert {"gpu_bus", "gpu_driver", "pcie_link", "acs", "rails", "rail_errors", "cpu", "memory", "nvme"} <= checks
    assert ("gpu_count" in checks) == (wanted["gpus"]["vendor"] == "nvidia")
    assert ("nvlink" in checks) == bool(wanted["nvlink"]["links_per_gpu"])


# --- any answer -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_whatever_a_node_answers_becomes_results(seed: int) -> None:
    """Outputs that are cut, empty, mixed up or binary, and files with them."""
    chance = random.Random(seed)
    node, wanted = machine()
    whole = dict(node.commands)

    def damaged(text: str) -> str:
        kind = chance.randrange(5)
        if kind == 0:
            return text[: chance.randrange(len(text) + 1)]
        if kind == 1:
            return "".join(chance.choice("\x00\ufffd9²,:=<>\n% ") if chance.random() < 0.02 else letter for letter in text)
        if kind == 2:
            return "\n".join(chance.sample(text.split("\n"), len(text.split("\n"))))
        return ("", text + text)[kind - 3]

    def answer(name: str) -> Callable[[Sequence[str]], CommandResult]:
        def run(argv: Sequence[str]) -> CommandResult:
            said = whole[name](argv) if callable(whole[name]) else whole[name]
            return CommandResult(chance.choice((said.rc, said.rc, 1, 124, 127, -9)), damaged(said.stdout), damaged(said.stderr + "odd\n"))

        return run

    node.commands = {name: answer(name) for name in whole}
    for path in chance.sample(sorted(node.tree.files), 200):
        node.tree.files[path] = damaged(node.tree.files[path])
    node.own[host.MOUNTS] = damaged(node.own[host.MOUNTS])
    for checks in ([], ["rail_errors", "pcie_errors", "memory_errors"]):
        examination = examine(
            wanted, node, checks=checks, now_s=2.0, last={"time_s": chance.choice(("x", None, 1.0, 3.0)), "counters": chance.choice((None, [], {"memory": 3}))}
        )
        assert examination.results
        json.dumps([as_json(examination.results), examination.raw, examination.memory])
