# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The catalogue of health checks: what each looks at, how bad its failure is, what to do then, and where its threshold comes from.

Names are stable: reports, histories, drain reasons and ``disabled_checks`` have them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ..errors import CoreError
from . import gpus, host, links, log, network, quick
from .model import Check

_SMI = ("nvidia-smi -q -x",)
_PCI = ("/sys/bus/pci/devices",)
_RESET = "Drain the node and reset the GPU, or reboot; run dcgmi diag before it returns to service."
_REBOOT = "Drain the node and reboot it; power it off and on, and check the seating of the GPU, if that does not help. Have the GPU replaced if it comes back."
_LINK = "Clean and reseat cable and transceiver at both ends, then replace them; look at the switch's port."
_CONFIGURE = "Correct the configuration: the role base, or the BIOS."
_DECLARED = "declared in the hardware class"
_DRIVER = "what NVIDIA's driver itself calls an error"
_JUDGEMENT = "judgement"

CHECKS: tuple[Check, ...] = (
    Check(
        "local_reason",
        "No prolog or epilog has left a reason to take the node out of service.",
        "critical",
        (quick.LOCAL_REASON,),
        f"Do what the reason says, then remove {quick.LOCAL_REASON} or reboot.",
        "Slurm: prologs and epilogs may not call it",
        quick.local_reason,
        fast=True,
        own_system=True,
    ),
    # --- GPUs ---------------------------------------------------------------------------------------------------------
    Check("gpu_count", "As many GPUs answer as the class declares.", "critical", ("nvidia-smi -L",), _REBOOT, _DECLARED, quick.gpu_count, fast=True),
    Check("gpu_bus", "As many GPUs of the declared kind are on the PCI bus as the class declares.", "critical", _PCI, _REBOOT, _DECLARED, gpus.gpu_bus),
    Check("gpu_driver", "The driver answers for every GPU that is on the bus.", "critical", (*_SMI, *_PCI), _REBOOT, _DRIVER, gpus.gpu_driver),
    Check(
        "gpu_recovery_action",
        "The driver asks for no recovery action.",
        "critical",
        _SMI,
        "Drain the node and do what the driver asks for.",
        _DRIVER,
        gpus.gpu_faults(
            lambda gpu: gpu.recovery_action is not None or gpu.reset_required is not None, ("recovery_action", "reset_required", "gpu_requires_reset")
        ),
    ),
    Check(
        "xid",
        "Since the driver was loaded, no GPU and no NVSwitch has reported an error that asks for something to be done.",
        "critical",
        ("journalctl -k", "dmesg", log.SIMULATED),
        "Do what NVIDIA's catalogue says of the number.",
        "NVIDIA's Xid catalogue, immediate action; numbers of applications and those that can wait for the end of jobs: gcm, azurehpc-health-checks",
        log.xid,
        fast=True,
    ),
    Check(
        "ecc_mode",
        "Error correction of GPU memory is on.",
        "critical",
        _SMI,
        "Switch it on (nvidia-smi -e 1) and reset the GPU.",
        "imbue: enabled",
        gpus.each_gpu(gpus.ecc_mode, lambda gpu: gpu.ecc.mode is not None),
    ),
    Check(
        "ecc_uncorrectable",
        "No GPU has had uncorrectable memory errors since the driver was loaded, nor memory that cannot be repaired.",
        "critical",
        _SMI,
        _RESET,
        "azurehpc-health-checks, gcm: none; NVIDIA's own threshold for SRAM",
        gpus.gpu_faults(
            lambda gpu: gpu.ecc.volatile.uncorrected is not None, ("ecc_uncorrected", "sram_threshold_exceeded", "repair_pending", "unrepairable_memory")
        ),
    ),
    Check(
        "ecc_history",
        "No GPU has had uncorrectable memory errors in its life, nor millions of corrected ones now.",
        "warning",
        _SMI,
        "Watch whether it comes back; have the GPU replaced when it does.",
        "azurehpc-health-checks, gcm; see ecc_corrected_max",
        gpus.each_gpu(gpus.ecc_history, lambda gpu: gpu.ecc.volatile.corrected is not None or gpu.ecc.aggregate.uncorrected is not None),
    ),
    Check(
        "remapped_rows",
        "No faulty memory row or page waits to be replaced, and none could not be.",
        "critical",
        _SMI,
        _RESET,
        "NVIDIA, GPU memory error management: pending asks for a reset, failure for a replacement",
        gpus.gpu_faults(
            lambda gpu: gpu.remapped_rows.pending is not None or gpu.retired_pages.pending is not None,
            ("remap_pending", "remap_failure", "retired_pages_pending"),
        ),
    ),
    Check(
        "replaced_memory",
        "Few memory rows or pages of a GPU were replaced.",
        "critical",
        _SMI,
        "Have the GPU replaced when it is next taken out of service.",
        "azurehpc-health-checks; see remapped_rows_max, retired_pages_max",
        gpus.each_gpu(gpus.used_up_rows, lambda gpu: gpu.remapped_rows.uncorrectable is not None or gpu.retired_pages.double_bit is not None),
    ),
    Check(
        "nvlink",
        "Every GPU has all its NVLinks, at full speed.",
        "critical",
        ("nvidia-smi nvlink",),
        "Drain the node and reset all its GPUs; reboot it, then have the baseboard looked at, if that does not help.",
        f"{_DECLARED}; NVIDIA Health Validation: all links, full speed",
        links.nvlink,
    ),
    Check(
        "gpu_fabric",
        "Every GPU that can has joined its NVLink fabric.",
        "critical",
        _SMI,
        "Restart nvidia-fabricmanager (on a rack: look at NMX-C); reboot the node where that does not help.",
        "NVIDIA fabric manager guide: state Completed, status Success",
        gpus.gpu_faults(lambda gpu: gpu.fabric.state is not None, ("fabric_not_completed", "fabric_failed"), ("fabric_unhealthy",)),
    ),
    Check(
        "throttle",
        "The hardware slows no GPU down.",
        "critical",
        _SMI,
        "Look after cooling and power supplies.",
        "validation: none of HW slowdown, thermal slowdown, power brake",
        gpus.gpu_faults(lambda gpu: gpu.clocks.sm_mhz is not None, ("hw_thermal_slowdown", "hw_power_brake_slowdown", "hw_slowdown")),
    ),
    Check(
        "gpu_temperature",
        "No GPU is near the temperature at which it is slowed down.",
        "warning",
        _SMI,
        "Look after its cooling: fans, airflow, coolant, dust.",
        "see temperature_margin_min_c",
        gpus.each_gpu(
            lambda desired, gpu: gpus.temperature(desired, gpu) or gpus.slowed_by_software(desired, gpu), lambda gpu: gpu.slowdown_margin_c is not None
        ),
    ),
    Check(
        "gpu_persistence",
        "The driver stays loaded on every GPU.",
        "warning",
        _SMI,
        "Start nvidia-persistenced.",
        "azurehpc-health-checks: enabled",
        gpus.each_gpu(gpus.persistence, lambda gpu: gpu.persistence is not None),
    ),
    Check(
        "gpus_alike",
        "All GPUs of the node have the same product, memory, VBIOS, power limit and highest clock.",
        "warning",
        _SMI,
        "Set the power limit, or bring the firmware to one version.",
        "NVIDIA Health Validation: one value in a node",
        gpus.gpus_alike,
    ),
    # --- links --------------------------------------------------------------------------------------------------------
    Check(
        "pcie_link",
        "Every PCIe link to a GPU, an adapter or a drive has the lanes and the speed that both of its ends can do.",
        "critical",
        _PCI,
        "Seat the card or its riser anew; where it stays, try another slot.",
        f"both ends' own maximum, and {_DECLARED}",
        links.pcie_link,
    ),
    Check(
        "pcie_errors",
        "GPUs, adapters and the ports above them report no uncorrected PCIe errors.",
        "critical",
        _PCI,
        "Seat the card or its riser anew; replace the riser or the card where errors come back.",
        "validation: none; those from before the last look only warn",
        links.pcie_errors,
    ),
    Check(
        "acs",
        "Access control of the PCIe ports above GPUs and adapters is off.",
        "critical",
        ("lspci -vv",),
        "Switch it off in the BIOS, or at every start with setpci (ECAP_ACS+6.w=0000).",
        "NCCL's troubleshooting guide: off on bare metal",
        links.acs,
    ),
    Check(
        "iommu",
        "The IOMMU is off, or passes addresses through.",
        "warning",
        ("/sys/kernel/iommu_groups", "/proc/cmdline"),
        "Put iommu=pt on the kernel's command line (base_kernel_command_line).",
        "NCCL's troubleshooting guide",
        links.iommu,
    ),
    Check(
        "gpudirect",
        "Adapters can reach the memory of GPUs.",
        "critical",
        ("/proc/modules", "/proc/driver/nvidia/version"),
        "Load nvidia_peermem, or use the open kernel module.",
        "NVIDIA, GPUDirect RDMA: nvidia_peermem, or dma-buf from Linux 5.12 on",
        links.gpudirect,
    ),
    Check(
        "affinity",
        "Every NUMA node has as many rails as GPUs, where the node has.",
        "warning",
        _PCI,
        "Compare the slots with the vendor's drawing: a card may be in the wrong one.",
        _JUDGEMENT,
        links.affinity,
    ),
    # --- network ------------------------------------------------------------------------------------------------------
    Check("rails", "All declared rails are there, up, and at full rate.", "critical", ("/sys/class/infiniband",), _LINK, _DECLARED, network.rails, fast=True),
    Check(
        "rail_errors",
        "The rails' ports count few errors, and do not lose their link.",
        "critical",
        ("/sys/class/infiniband",),
        _LINK,
        "infiniband-diags, azurehpc-health-checks; see link_errors_max, link_downs_per_day_max",
        network.rail_errors,
    ),
    # --- the machine --------------------------------------------------------------------------------------------------
    Check(
        "cpu", "The declared processors are online.", "critical", ("/sys/devices/system/cpu",), "Look in the BMC's event log.", _DECLARED, host.cpu, fast=True
    ),
    Check(
        "cpu_governor",
        "The frequency governor prefers performance.",
        "warning",
        ("/sys/devices/system/cpu/cpufreq",),
        "Set base_cpu_governor.",
        "gcm: performance",
        host.cpu_governor,
    ),
    Check(
        "clock_source",
        "The kernel's clock is the processor's own counter.",
        "warning",
        (host.CLOCK_SOURCE,),
        "Look in the kernel's log for why it gave up tsc; update the BIOS.",
        "gcm: tsc",
        host.clock_source,
    ),
    Check(
        "numa_balancing",
        "Automatic NUMA balancing is off.",
        "warning",
        (host.NUMA_BALANCING,),
        "Set kernel.numa_balancing=0 (the role base does).",
        "NVIDIA and AMD tuning guides: 0",
        host.numa_balancing,
    ),
    Check(
        "memory",
        "The declared memory is there.",
        "critical",
        ("/proc/meminfo",),
        "Find the module that is missing in the BMC's event log or with dmidecode, and replace it.",
        "azurehpc-health-checks; see memory_missing_percent_max",
        host.memory,
        fast=True,
    ),
    Check(
        "memory_errors",
        "Memory controllers count no uncorrected and few corrected errors.",
        "critical",
        (host.MEMORY_CONTROLLERS,),
        "Find the module in the kernel's log (EDAC) or the BMC's, and replace it.",
        "LBNL NHC: none uncorrected; see memory_corrected_max",
        host.memory_errors,
    ),
    Check(
        "nvme", "The declared NVMe drives are there, and work.", "critical", ("/sys/class/nvme",), "Seat the drive anew, or replace it.", _DECLARED, host.nvme
    ),
    Check(
        "firmware",
        "Firmware has the declared versions.",
        "warning",
        (*_SMI, "/sys/class/infiniband", "/sys/class/dmi/id"),
        "Update the firmware, or correct what is declared.",
        _DECLARED,
        host.firmware,
    ),
    Check(
        "versions",
        "Kernel and drivers have the declared versions.",
        "warning",
        ("/proc/sys/kernel/osrelease", "/proc/driver/nvidia/version"),
        "Update them, or correct what is declared.",
        "declared in health.versions",
        host.versions,
    ),
    Check(
        "services",
        "The declared units run.",
        "critical",
        ("systemctl show",),
        "Look at journalctl -u UNIT, and start it.",
        "declared in health.services",
        host.services,
        fast=True,
        own_system=True,
    ),
    Check(
        "failed_units",
        "No unit of systemd has failed.",
        "warning",
        ("systemctl list-units",),
        "Look at journalctl -u UNIT; then systemctl reset-failed.",
        "deepops: none",
        host.failed_units,
        own_system=True,
    ),
    Check(
        "mounts",
        "The declared file systems are mounted.",
        "critical",
        (host.MOUNTS,),
        "Mount it; look at the server and at the network to it.",
        "declared in health.mounts",
        host.mounts,
        fast=True,
        own_system=True,
    ),
    Check(
        "disk_space",
        "The node's own file systems have room.",
        "critical",
        ("df",),
        "Remove what is not needed.",
        f"declared in health.disk; imbue: 95 %, Railyard: {quick.DISK_USED_PERCENT_MAX} %",
        quick.disk_space,
        fast=True,
        own_system=True,
    ),
    Check(
        "clock_offset",
        "The clock is kept by chrony, and right.",
        "critical",
        ("chronyc",),
        "Look at chronyc sources; restart chrony.",
        "see clock_offset_warn_s, clock_offset_fail_s",
        host.clock_offset,
        fast=True,
        own_system=True,
    ),
    Check(
        "kernel_errors",
        "The kernel has logged no failed hardware, no damaged file system and no hanging task.",
        "critical",
        ("journalctl -k", "dmesg", log.SIMULATED),
        "Read the kernel's log around these lines.",
        "gcm, LBNL NHC: none",
        log.kernel_errors,
    ),
)
BY_NAME = {check.name: check for check in CHECKS}
# What Slurm's HealthCheckProgram runs without being told to, in this order.
ALWAYS = ("local_reason", "gpu_count", "disk_space")


def selected(names: Iterable[str] = (), disabled: Iterable[str] = (), *, where: str = "checks") -> tuple[Check, ...]:
    """Return the checks with these names (none: all) in the order of the catalogue, without those that are disabled. Unknown names: ``CoreError``."""
    wanted = list(names)
    for name in wanted:
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, n=1)
            raise CoreError(f"there is no check {name!r}.", where=where, hint=f"Did you mean {near[0]}?" if near else f"There are: {', '.join(BY_NAME)}.")
    off = set(disabled)
    return tuple(check for check in CHECKS if (not wanted or check.name in wanted) and check.name not in off)
