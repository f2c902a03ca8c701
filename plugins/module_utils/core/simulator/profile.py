# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The simulated hardware of one node: a profile made from its hardware class, and the faults it has.

A profile is plain JSON. ``make_profile`` gives every GPU its identity from the node's name, so the same node always
has the same UUIDs and serial numbers. Faults are only listed in it; ``effective`` applies them when a tool is asked,
so healing a node is dropping them from the list.
"""

from __future__ import annotations

import copy
import difflib
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import CoreError
from .gpu_models import model_of
from .nics import make_nics, make_other_nics

# Where a node of the lab has the files of its hardware: the value of its railyard_hardware_root.
HARDWARE_ROOT = "/var/lib/railyard-lab/hardware"
SCHEMA = "railyard.simulator.profile"
SCHEMA_VERSION = 1
GENERATIONS = {
    "590": {"driver_version": "590.48.01", "cuda_version": "13.1"},
    "595": {"driver_version": "595.80", "cuda_version": "13.2"},
}
DEFAULT_GENERATION = "590"

# Where the GPUs of an eight-GPU board sit in common servers; a four-GPU one takes the first two of each socket.
_BUSES_8 = ("19", "3B", "4C", "5D", "9B", "BB", "CB", "DB")
_BUSES_4 = ("19", "3B", "9B", "BB")
# A Grace-Blackwell tray has a PCI domain per GPU.
_GRACE_4 = ("00000008:01:00.0", "00000009:01:00.0", "00000018:01:00.0", "00000019:01:00.0")

# Fault -> what it does to one GPU (None: to the node's driver) and the details it takes, with their defaults.
FAULTS: dict[str, dict[str, Any]] = {
    "gpu_lost": {"help": "fallen off the bus (Xid 79): tools print that the GPU is lost", "details": {}},
    "gpu_unknown_error": {"help": "the driver cannot open it: no device handle, Unknown Error", "details": {}},
    "gpu_absent": {"help": "not on the bus at all: one GPU fewer", "details": {}},
    "ecc_uncorrected": {"help": "uncorrected memory errors since the driver was loaded (Xid 48)", "details": {"count": 1}},
    "ecc_corrected": {"help": "corrected memory errors", "details": {"count": 100}},
    "remap_pending": {"help": "a row waits for its remapping: a reset is needed (Xid 63)", "details": {}},
    "remap_failure": {"help": "a row could not be remapped (Xid 64)", "details": {}},
    "hw_slowdown": {"help": "slowed down by the hardware, for heat", "details": {}},
    "power_brake": {"help": "slowed down by the power brake signal", "details": {}},
    "hot": {"help": "too warm", "details": {"temperature_c": 91}},
    "pcie_width": {"help": "the PCIe link came up with fewer lanes", "details": {"width": 8}},
    "pcie_generation": {"help": "the PCIe link came up at a lower speed", "details": {"generation": 1}},
    "nvlink_inactive": {"help": "NVLinks down: as many as given, from link 0 on", "details": {"links": 1}},
    "fabric_failed": {"help": "the fabric manager did not take the GPU in", "details": {}},
    "persistence_off": {"help": "persistence mode is off", "details": {}},
    "xid": {"help": "an Xid in the kernel log and nothing else", "details": {"xid": 31, "text": "MMU Fault"}},
    "slow_gpu": {"help": "slower than it should be, in all that it does", "details": {"percent": 20}},
    "slow_nvlink": {"help": "its NVLinks carry less than they should", "details": {"percent": 20}},
    "wrong_data": {"help": "what it receives is wrong: tests of copies and collectives find wrong values", "details": {}},
    "slow_rail": {"help": "a rail carries less than it should (whole node)", "details": {"rail": 0, "percent": 30}, "node": True},
    "nccl_hang": {"help": "collectives never begin (whole node)", "details": {}, "node": True},
    "nccl_crash": {"help": "collectives die of a segmentation fault (whole node)", "details": {}, "node": True},
    "nccl_singletons": {"help": "nccl-tests were built without MPI: each task runs alone (whole node)", "details": {}, "node": True},
    "nccl_fewer_hcas": {"help": "NCCL does not find the adapter of a rail (whole node)", "details": {"rail": 0}, "node": True},
    "nccl_no_gpudirect": {"help": "NCCL goes through the host's memory (whole node)", "details": {}, "node": True},
    "driver_not_loaded": {"help": "the driver is not loaded (whole node)", "details": {}, "node": True},
    "driver_mismatch": {"help": "library and kernel module differ (whole node)", "details": {}, "node": True},
}
_XID_OF = {
    "gpu_lost": (79, "GPU has fallen off the bus."),
    "ecc_uncorrected": (48, "An uncorrectable double bit error (DBE) has been detected on GPU in the framebuffer at partition 5, subpartition 0."),
    "remap_pending": (63, "Row Remapper: New row marked for remapping, reset gpu to activate."),
    "remap_failure": (64, "Row Remapper: Failed to remap row."),
}


def make_profile(
    hardware_class: Mapping[str, Any], node_name: str, class_name: str, generation: str = DEFAULT_GENERATION, *, storage_nics: int = 0
) -> dict[str, Any]:
    """Describe the hardware of one node: what its class says, with identities that follow from its name.

    A class says nothing of adapters that are no rails; ``storage_nics`` adds as many of them.
    """
    if generation not in GENERATIONS:
        raise CoreError(f"driver generation {generation!r} is not simulated.", where="generation", hint=f"There are: {', '.join(GENERATIONS)}.")
    gpus = hardware_class.get("gpus") or {}
    cpu = hardware_class.get("cpu") or {"sockets": 1, "cores_per_socket": 1, "threads_per_core": 1}
    rails = hardware_class.get("rails") or {}
    count = int(gpus.get("count", 0))
    sockets = max(1, min(int(cpu["sockets"]), count or 1))
    links = int((hardware_class.get("nvlink") or {}).get("links_per_gpu", 0))
    cards = [_gpu(gpus, index, _half(index, count, sockets), links, f"{class_name}/{node_name}/gpu{index}") for index in range(count)]
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "node": node_name,
        "class": class_name,
        "generation": generation,
        **GENERATIONS[generation],
        "system": _system(class_name, node_name),
        "cpu": {key: int(value) for key, value in cpu.items()},
        "memory_mib": int(hardware_class.get("memory_mib") or 0),
        "nvme": int((hardware_class.get("nvme") or {}).get("count", 0)),
        "nics": make_nics(rails, cards, node_name, int(cpu["sockets"])),
        "other_nics": make_other_nics(storage_nics, int(rails.get("count", 0)), cards, node_name),
        "vendor": str(gpus.get("vendor", "nvidia")) if count else "",
        "gpus": cards,
        "faults": [],
    }


def _system(class_name: str, node_name: str) -> dict[str, str]:
    digest = hashlib.sha256(f"{class_name}/{node_name}".encode()).hexdigest()
    uuid = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
    return {"manufacturer": "Railyard", "product": f"Simulated {class_name}", "serial": digest[32:40].upper(), "uuid": uuid}


def _half(index: int, count: int, sockets: int) -> int:
    return index * sockets // count if count else 0


def _gpu(gpus: Mapping[str, Any], index: int, numa: int, links: int, seed: str) -> dict[str, Any]:
    digest = hashlib.sha256(seed.encode()).hexdigest()
    pci_id = str(gpus.get("pci_id", ""))
    model = model_of(pci_id, str(gpus.get("model", "")), int(gpus.get("memory_mib", 0)))
    return {
        "index": index,
        "minor": index,
        "name": str(gpus.get("model") or model["name"]),
        "pci_id": pci_id,
        "pci": _pci(index, int(gpus["count"]), pci_id),
        "uuid": f"GPU-{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}",
        "serial": "16" + str(int(digest[32:48], 16)).zfill(11)[-11:],
        "pdi": f"0x{digest[48:64]}",
        "module_id": index + 1,
        "memory_mib": int(gpus.get("memory_mib") or model["memory_mib"]),
        "pcie_generation": int(gpus.get("pcie_generation") or model["pcie_generation"]),
        "pcie_width": int(gpus.get("pcie_width", 16)),
        "numa": numa,
        "nvlinks": links,
        "temperature_c": 26 + int(digest[0], 16) % 8,
        "processes": [],
    }


def _pci(index: int, count: int, pci_id: str) -> str:
    if pci_id == "10de:2941" and count <= len(_GRACE_4):
        return _GRACE_4[index]
    buses = _BUSES_4 if count <= len(_BUSES_4) else _BUSES_8
    return f"{index // len(buses):08X}:{buses[index % len(buses)]}:00.0"


def apply_fault(profile: Mapping[str, Any], kind: str, gpu: int | None = None, **details: Any) -> dict[str, Any]:
    """Return the profile with one more fault. The same fault of the same GPU replaces the one that was there."""
    known = FAULTS.get(kind)
    if known is None:
        near = " or ".join(difflib.get_close_matches(kind, FAULTS, n=1))
        raise CoreError(f"there is no fault {kind!r}.", where="fault", hint=f"Did you mean {near}?" if near else f"There are: {', '.join(FAULTS)}.")
    for key in details:
        if key not in known["details"]:
            raise CoreError(f"the fault {kind} takes no {key!r}.", where="fault", hint=f"It takes: {', '.join(known['details']) or 'nothing'}.")
    count = len(profile["gpus"])
    if known.get("node"):
        gpu = None
    elif gpu is None or not 0 <= gpu < count:
        raise CoreError(f"the fault {kind} needs a GPU, and {gpu!r} is none.", where="gpu", hint=f"{profile['node']} has {count} GPUs: 0 to {count - 1}.")
    result = copy.deepcopy(dict(profile))
    result["faults"] = [fault for fault in result["faults"] if (fault["kind"], fault["gpu"]) != (kind, gpu)]
    result["faults"].append({"kind": kind, "gpu": gpu, **known["details"], **details})
    return result


def heal(profile: Mapping[str, Any], kind: str = "", gpu: int | None = None) -> dict[str, Any]:
    """Return the profile without its faults: all of them, or those of one kind, or of one GPU."""
    result = copy.deepcopy(dict(profile))
    result["faults"] = [fault for fault in result["faults"] if (kind and fault["kind"] != kind) or (gpu is not None and fault["gpu"] != gpu)]
    return result


def effective(profile: Mapping[str, Any], denied: Collection[int] = ()) -> dict[str, Any]:
    """Return the profile as a tool sees it: every fault applied, absent GPUs gone, the others numbered anew.

    ``denied`` has the numbers of the device files that the caller may not open: in a job whose devices are
    constrained, the tool knows nothing of the GPUs of others.
    """
    result = copy.deepcopy(dict(profile))
    result["driver"] = "loaded" if result.get("vendor") == "nvidia" else "not_loaded"
    # What is wrong with the node as a whole, beside its driver: kind -> details.
    result["node_faults"] = {fault["kind"]: fault for fault in result["faults"] if fault["gpu"] is None and not fault["kind"].startswith("driver_")}
    for gpu in result["gpus"]:
        gpu.update(_HEALTHY, nvlinks_up=gpu["nvlinks"], current_width=gpu["pcie_width"], current_generation=gpu["pcie_generation"])
    for fault in result["faults"]:
        if fault["kind"] in result["node_faults"]:
            continue
        if fault["gpu"] is None:
            result["driver"] = fault["kind"].replace("driver_", "")
        elif fault["gpu"] < len(result["gpus"]):
            _apply(result["gpus"][fault["gpu"]], fault)
    present = [gpu for gpu in result["gpus"] if gpu["state"] != "absent" and gpu["minor"] not in denied]
    for index, gpu in enumerate(present):
        gpu["index"] = index
    result["gpus"] = present
    return result


_HEALTHY: dict[str, Any] = {
    "state": "ok",
    "ecc_uncorrected": 0,
    "ecc_corrected": 0,
    "remap_pending": "No",
    "remap_failure": "No",
    "remapped_uncorrected": 0,
    "hw_slowdown": False,
    "hw_thermal": False,
    "hw_power_brake": False,
    "recovery_action": "None",
    "fabric_ok": True,
    "persistence": "Enabled",
    "slow_percent": 0,
    "nvlink_slow_percent": 0,
    "wrong_data": False,
}


def _apply(gpu: dict[str, Any], fault: Mapping[str, Any]) -> None:
    kind = fault["kind"]
    if kind in ("gpu_lost", "gpu_unknown_error", "gpu_absent"):
        gpu["state"] = kind[4:]
    elif kind in ("ecc_uncorrected", "ecc_corrected"):
        gpu[kind] = fault["count"]
    elif kind == "remap_pending":
        gpu.update(remap_pending="Yes", remapped_uncorrected=1)
    elif kind == "remap_failure":
        gpu.update(remap_failure="Yes", remapped_uncorrected=1)
    elif kind == "hw_slowdown":
        gpu.update(hw_slowdown=True, hw_thermal=True)
    elif kind == "power_brake":
        gpu.update(hw_slowdown=True, hw_power_brake=True)
    elif kind == "hot":
        gpu["temperature_c"] = fault["temperature_c"]
    elif kind == "pcie_width":
        gpu["current_width"] = fault["width"]
    elif kind == "pcie_generation":
        gpu["current_generation"] = fault["generation"]
    elif kind == "nvlink_inactive":
        gpu["nvlinks_up"] = max(0, gpu["nvlinks"] - fault["links"])
    elif kind == "fabric_failed":
        gpu["fabric_ok"] = False
    elif kind == "persistence_off":
        gpu["persistence"] = "Disabled"
    elif kind == "slow_gpu":
        gpu["slow_percent"] = fault["percent"]
    elif kind == "slow_nvlink":
        gpu["nvlink_slow_percent"] = fault["percent"]
    elif kind == "wrong_data":
        gpu["wrong_data"] = True


def kernel_log(profile: Mapping[str, Any]) -> list[str]:
    """Return what the driver would have written to the kernel's log about the faults, one line each, without time."""
    lines = []
    for fault in profile["faults"]:
        xid, text = (fault["xid"], fault["text"]) if fault["kind"] == "xid" else _XID_OF.get(fault["kind"], (0, ""))
        if xid:
            pci = profile["gpus"][fault["gpu"]]["pci"]
            lines.append(f"NVRM: Xid (PCI:{pci[4:].rpartition('.')[0].lower()}): {xid}, pid='<unknown>', name=<unknown>, {text}")
    return lines
