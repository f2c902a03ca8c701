# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nvidia-smi's output shows to be wrong, in plain words: with the driver as a whole, and with each GPU."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..model.document import Fault
from ..model.gpu import Gpu
from . import values

_RELOAD = "Load the kernel module (modprobe nvidia), or see in the kernel log why it does not load."
# What the tool says in place of an answer: pattern, id, message, hint. {0} is what the pattern caught.
_DRIVER = (
    (
        r"NVIDIA-SMI has failed because it couldn.t communicate with the NVIDIA driver|Failed to initialize NVML: Driver Not Loaded",
        "driver_not_loaded",
        "NVIDIA's kernel driver does not answer: it is not loaded, or it does not fit the running kernel.",
        _RELOAD,
    ),
    (
        r"NVML: Driver/library version mismatch",
        "driver_mismatch",
        "The loaded kernel driver and the installed library have different versions, as after an update without a reboot.",
        "Reload the kernel module or reboot the node.",
    ),
    (
        r"NVIDIA-SMI couldn.t find (libnvidia-ml\S*)",
        "driver_library_missing",
        "NVIDIA's library {0} is not installed.",
        "Install the driver's user-space packages.",
    ),
    (
        r"(?:Failed to initialize NVML|NVIDIA-SMI has failed because)[: ] *(\S.*)",
        "driver_error",
        "The driver could not be asked: {0}.",
        "See the kernel log for what the driver reports.",
    ),
    (
        r"No (?:supported )?(?:devices|GPUs) were found",
        "no_devices",
        "The driver is loaded and finds no GPU that it can use.",
        "Compare with lspci; see the kernel log for GPUs that could not be initialised.",
    ),
)
_DRIVER_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), name, message, hint) for pattern, name, message, hint in _DRIVER)
_ADDRESS = r"[0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7]"
_LOST = re.compile(rf"Unable to determine the device handle for gpu *(?:(\d{{1,3}})(?![0-9A-Fa-f]))?:? *({_ADDRESS})?:? *(.*)", re.IGNORECASE)
_INFOROM = re.compile(r"WARNING: infoROM is corrupted at gpu (\S+)")

# Of an active reason: id and message. hw_slowdown says no more than the two that stand below it.
_SLOWED = {
    "hw_thermal_slowdown": "The hardware slows the GPU down because it is too warm (HW Thermal Slowdown).",
    "hw_power_brake_slowdown": "The hardware slows the GPU down: the power brake signal is on, from the power supplies or the board (HW Power Brake Slowdown).",
    "hw_slowdown": "The hardware slows the GPU down (HW Slowdown).",
}
_SLOWED_HINT = {
    "hw_thermal_slowdown": "Look after its cooling: fans, airflow, coolant, dust.",
    "hw_power_brake_slowdown": "Look after the power supplies and their redundancy, and the BMC's event log.",
    "hw_slowdown": "Look after cooling and power supplies.",
}
_FABRIC_HINT = "Look after the fabric manager (nvidia-fabricmanager, or NMX-C on a rack) and the NVLinks."
_RESET_HINT = "Drain the node, and reset the GPU or reboot."


def driver_faults(line: str) -> Iterator[Fault]:
    """Return the driver's fault that a line of the output tells of."""
    for pattern, name, message, hint in _DRIVER_PATTERNS:
        found = pattern.search(line)
        if found:
            yield Fault(name, "NVIDIA driver", message.format(*(group.rstrip(". ") for group in found.groups())), hint)
            break
    corrupted = _INFOROM.search(line)
    if corrupted:
        yield Fault(
            "inforom_corrupted", f"GPU {corrupted.group(1)}", "The GPU's infoROM, with its serial number and error counts, is corrupted.", "Replace it."
        )


def lost_gpu(line: str) -> tuple[Gpu, str] | None:
    """Return the GPU that a line names because the driver cannot reach it, and why."""
    match = _LOST.search(line)
    if not match:
        return None
    index, address, reason = match.groups()
    return Gpu(index=int(index) if index else None, pci_address=values.pci_address(address), lost=True), " ".join(reason.split())


def printed_faults(lines: Sequence[str]) -> tuple[Fault, ...]:
    """Return the faults that nvidia-smi tells of in sentences, whatever it was asked for: the driver's, and the GPUs that are lost. Each once."""
    faults = [fault for line in lines for fault in driver_faults(line)]
    faults += [lost_fault(*lost) for lost in map(lost_gpu, lines) if lost]
    return tuple(dict.fromkeys(faults))


def lost_fault(gpu: Gpu, reason: str) -> Fault:
    """Return the fault of a GPU that the driver cannot reach."""
    why = f": {reason.rstrip('.')}" if reason else ""
    return Fault(
        "gpu_lost",
        subject(gpu),
        f"The driver cannot reach the GPU{why}.",
        "See the kernel log for its Xid (79: fallen off the bus), then reboot; replace it if it is lost again.",
    )


def gpu_faults(gpu: Gpu, troubles: set[str]) -> Iterator[Fault]:
    """Return what is wrong with a GPU; ``troubles`` are the driver's errors in place of its values."""
    name = subject(gpu)
    if gpu.lost:
        yield lost_fault(gpu, "GPU is lost")
    if "gpu requires reset" in troubles:
        yield Fault("gpu_requires_reset", name, "The driver answers that the GPU must be reset before it can be used.", _RESET_HINT)
    if "unknown error" in troubles:
        yield Fault("gpu_unknown_error", name, "The driver answers some questions about the GPU with an unknown error.", "See the kernel log for its Xid.")
    yield from _memory_faults(gpu, name)
    reasons = [reason for reason in _SLOWED if reason in gpu.throttle_reasons]
    for reason in reasons:
        if reason != "hw_slowdown" or len(reasons) == 1:
            yield Fault(reason, name, _SLOWED[reason], _SLOWED_HINT[reason])
    if gpu.slowdown_margin_c is not None and gpu.slowdown_margin_c <= 0:
        message = f"The GPU is at {gpu.temperature_c} C, where the hardware slows it down."
        yield Fault("gpu_too_warm", name, message, _SLOWED_HINT["hw_thermal_slowdown"])
    yield from _fabric_faults(gpu, name)
    action = gpu.recovery_action
    if action is not None and action.lower() != "none":
        yield Fault("recovery_action", name, f"The driver asks for a recovery action: {action}.", "Drain the node and do it.")
    if gpu.reset_required:
        yield Fault("reset_required", name, "The driver says that the GPU must be reset.", _RESET_HINT)


def _memory_faults(gpu: Gpu, name: str) -> Iterator[Fault]:
    ecc, rows = gpu.ecc, gpu.remapped_rows
    if ecc.volatile.uncorrected:
        message = f"Uncorrected memory errors since the driver was loaded: {ecc.volatile.uncorrected}. What ran then may have computed with wrong data."
        yield Fault("ecc_uncorrected", name, message, "See the kernel log for Xid 48, 63, 94 and 95, and reset the GPU so that the row or page is replaced.")
    if ecc.sram_threshold_exceeded:
        yield Fault("sram_threshold_exceeded", name, "The GPU has had more uncorrected SRAM errors than NVIDIA allows.", "Replace it.")
    if ecc.repair_pending:
        yield Fault("repair_pending", name, "A repair of the GPU's memory or processors waits for a reset.", _RESET_HINT)
    if ecc.unrepairable_memory:
        yield Fault("unrepairable_memory", name, "The GPU has memory that it cannot repair.", "Replace it.")
    if rows.pending:
        yield Fault("remap_pending", name, "A faulty memory row waits to be remapped: until a reset the GPU still uses it.", _RESET_HINT)
    if rows.failure:
        yield Fault("remap_failure", name, "A faulty memory row could not be remapped: the bank has no spare rows left.", "Replace the GPU.")
    if gpu.retired_pages.pending:
        yield Fault("retired_pages_pending", name, "A faulty memory page waits to be retired: until a reset the GPU still uses it.", _RESET_HINT)


def _fabric_faults(gpu: Gpu, name: str) -> Iterator[Fault]:
    fabric = gpu.fabric
    if fabric.state is not None and fabric.state.lower() != "completed":
        message = f"The GPU has not joined its NVLink fabric: {fabric.state}. CUDA does not start on it."
        yield Fault("fabric_not_completed", name, message, _FABRIC_HINT)
    elif fabric.status is not None and fabric.status.lower() != "success":
        yield Fault("fabric_failed", name, f"The GPU could not join its NVLink fabric: {fabric.status}.", _FABRIC_HINT)
    elif fabric.health is not None and fabric.health.lower() != "healthy":
        yield Fault("fabric_unhealthy", name, f"The GPU's NVLink fabric is not healthy: {fabric.health}.", _FABRIC_HINT)


def subject(gpu: Gpu) -> str:
    """Return what a GPU is called in sentences: by its address, or else by its number."""
    return f"GPU {gpu.pci_address or gpu.uuid or ('?' if gpu.index is None else gpu.index)}"
