# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a simulated GPU answers to each question of nvidia-smi: every value as text, with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .gpu_models import model_of

NA = "N/A"
DEPRECATED = "Requested functionality has been deprecated"
CONSTANTS = {
    "na": NA,
    "deprecated": DEPRECATED,
    "not_active": "Not Active",
    "zero": "0",
    "zero_us": "0 us",
    "zero_mib": "0 MiB",
    "zero_percent": "0 %",
    "banks_zero": "0 bank(s)",
    "base_classcode": "0x3",
    "brand": "NVIDIA",
    "display_attached": "Yes",
    "tx_throughput": "352 KB/s",
    "rx_throughput": "329 KB/s",
    "performance_state": "P0",
}


def values(profile: Mapping[str, Any], gpu: Mapping[str, Any]) -> dict[str, str]:
    """Return every value of one GPU of an effective profile."""
    model = model_of(gpu["pci_id"], gpu["name"], gpu["memory_mib"])
    domain, bus, device = gpu["pci"].partition(".")[0].split(":")
    return {
        **CONSTANTS,
        **{key: str(model[key]) for key in _MODEL_KEYS},
        **_memory(model, gpu),
        **_power_and_clocks(model, gpu),
        **_health(model, gpu),
        "driver_version": str(profile["driver_version"]),
        "index": str(gpu["index"]),
        "minor": str(gpu["minor"]),
        "name": str(gpu["name"]),
        "serial": str(gpu["serial"]),
        "uuid": str(gpu["uuid"]),
        "pdi": str(gpu["pdi"]),
        "module_id": str(gpu["module_id"]),
        "persistence": str(gpu["persistence"]),
        "pci": str(gpu["pci"]),
        "pci_domain": f"0x{domain[-4:]}",
        "pci_bus": f"0x{bus}",
        "pci_device": f"0x{device}",
        "board_id": f"0x{int(domain[-4:] + bus + device, 16):x}",
        "sub_classcode": f"0x{model['sub_classcode']}",
        "device_id": f"0x{gpu['pci_id'].partition(':')[2].upper()}10DE",
        "subsystem_id": f"0x{model['subsystem']}",
        "pcie_generation": str(gpu["pcie_generation"]),
        "current_generation": str(gpu["current_generation"]),
        "pcie_width": f"{gpu['pcie_width']}x",
        "current_width": f"{gpu['current_width']}x",
        "edpp": NA if model["edpp"] == NA else f"{model['edpp']}%",
    }


_MODEL_KEYS = (
    "architecture",
    "compute_cap",
    "accounting_mode",
    "addressing_mode",
    "mig",
    "c2c",
    "sparse",
    "unrepairable_memory",
    "vbios",
    "board_part",
    "gpu_part",
    "image_version",
    "ecc_object",
)


def _memory(model: Mapping[str, Any], gpu: Mapping[str, Any]) -> dict[str, str]:
    used = sum(int(process["memory_mib"]) for process in gpu["processes"])
    bar1_used = used + 1 if model["mig"] != NA else used
    return {
        "memory_total": f"{gpu['memory_mib']} MiB",
        "memory_reserved": f"{model['reserved_mib']} MiB",
        "memory_used": f"{used} MiB",
        # Each of the three is rounded by itself.
        "memory_free": f"{gpu['memory_mib'] - model['reserved_mib'] - used + 1} MiB",
        "bar1_total": f"{model['bar1_mib']} MiB",
        "bar1_used": f"{bar1_used} MiB",
        "bar1_free": f"{model['bar1_mib'] - bar1_used} MiB",
        "utilization_gpu": f"{100 if used else 0} %",
        "utilization_memory": f"{11 if used else 0} %",
    }


def _power_and_clocks(model: Mapping[str, Any], gpu: Mapping[str, Any]) -> dict[str, str]:
    power, clocks = model["power_w"], model["clocks_mhz"]
    busy = bool(gpu["processes"])
    # A card that the hardware slows down runs at a fraction of its clock, whatever it has to do.
    graphics = clocks["idle"] if gpu["hw_slowdown"] or not busy else clocks["max"]
    draw = power["max"] * 0.9 if busy else power["idle"]
    return {
        "power_average": f"{draw:.2f} W",
        "power_instant": f"{draw * 0.997:.2f} W",
        "power_min": f"{power['min']:.2f} W",
        "power_max": f"{power['max']:.2f} W",
        "memory_power": NA if power["memory_idle"] is None else f"{power['memory_idle'] * (2 if busy else 1):.2f} W",
        "clock_graphics": f"{graphics} MHz",
        "clock_max": f"{clocks['max']} MHz",
        "clock_memory": f"{clocks['memory']} MHz",
        "clock_video": f"{clocks['video_max' if busy else 'video_idle']} MHz",
        "clock_video_max": f"{clocks['video_max']} MHz",
    }


def _health(model: Mapping[str, Any], gpu: Mapping[str, Any]) -> dict[str, str]:
    temperature = int(gpu["temperature_c"])
    idle = not gpu["processes"] and not gpu["hw_slowdown"]
    mask = (0x1 if idle else 0) | (0x8 if gpu["hw_slowdown"] else 0) | (0x40 if gpu["hw_thermal"] else 0) | (0x80 if gpu["hw_power_brake"] else 0)
    fabric = (("Completed", "Success") if gpu["fabric_ok"] else ("Not Started", NA)) if model["fabric"] else (NA, NA)
    banks = int(model["banks"])
    remapped, failed = int(gpu["remapped_uncorrected"]), gpu["remap_failure"] == "Yes"
    return {
        "temperature": f"{temperature} C",
        "tlimit": f"{model['tlimit_from'] - temperature} C",
        "tlimit_shutdown": f"{model['tlimit_shutdown']} C",
        "memory_temperature": f"{temperature + 5} C" if model["memory_temperature"] else NA,
        "memory_tlimit": "0 C" if model["memory_temperature"] else NA,
        "reason_mask": f"0x{mask:016X}",
        "reason_idle": _active(idle),
        "reason_hw_slowdown": _active(gpu["hw_slowdown"]),
        "reason_hw_thermal": _active(gpu["hw_thermal"]),
        "reason_hw_power_brake": _active(gpu["hw_power_brake"]),
        "counter_hw_thermal": "81234567 us" if gpu["hw_thermal"] else "0 us",
        "counter_hw_power_brake": "81234567 us" if gpu["hw_power_brake"] else "0 us",
        "recovery_action": str(gpu["recovery_action"]),
        "ecc_corrected": str(gpu["ecc_corrected"]),
        "ecc_uncorrected": str(gpu["ecc_uncorrected"]),
        "remapped_uncorrected": str(remapped),
        "remap_pending": str(gpu["remap_pending"]),
        "remap_failure": str(gpu["remap_failure"]),
        "banks_max": f"{banks - remapped} bank(s)",
        "banks_high": f"{0 if failed else remapped} bank(s)",
        "banks_none": f"{remapped if failed else 0} bank(s)",
        "fabric_state": fabric[0],
        "fabric_status": fabric[1],
        "fabric_clique": "0" if fabric[1] == "Success" else NA,
        "fabric_cluster": "00000000-0000-0000-0000-000000000000" if fabric[1] == "Success" else NA,
    }


def _active(flag: bool) -> str:
    return "Active" if flag else "Not Active"
