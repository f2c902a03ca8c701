# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the BMC of a lab node says of it over Redfish: an identity that follows from its name, parts from its hardware class.

The emulator (sushy-tools) serves resources of a machine like any other; ``overlay`` is what differs from them, by path.
Property names are those of the DMTF's schemas (ComputerSystem, Processor, Chassis, Manager; DSP8010).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import CoreError
from ..simulator.profile import make_profile
from .network import mac_address
from .spec import LabNode, LabSpec

USER = "admin"
ROOT = "/redfish/v1"
# What an action makes of a machine that runs and of one that does not; the first word is what it is told, if anything.
RESETS = {
    "On": ("", "start"),
    "ForceOn": ("", "start"),
    "ForceOff": ("cut", ""),
    "GracefulShutdown": ("shut down", ""),
    "GracefulRestart": ("shut down", "start"),
    "ForceRestart": ("cut", "start"),
    "PowerCycle": ("cut", "start"),
}
_CLASS_OF_OTHERS = "lab"


def reset_steps(kind: str) -> tuple[str, str]:
    """How the machine is stopped (cut, shut down or not at all), and whether it is started. Raises ``CoreError``."""
    if kind not in RESETS:
        raise CoreError(f"{kind!r} is not a reset.", where="ResetType", hint=f"There are: {', '.join(RESETS)}.")
    return RESETS[kind]


def machine(spec: LabSpec, node: LabNode) -> dict[str, Any]:
    """The simulated hardware of a node (``core/simulator/profile.py``): what the machine itself says of its identity is what its BMC says."""
    return make_profile(spec.hardware.get(node.hardware_class, {}), node.name, node.hardware_class or _CLASS_OF_OTHERS)


def system_uuid(spec: LabSpec, node: LabNode) -> str:
    return str(machine(spec, node)["system"]["uuid"])


def nics(spec: LabSpec, node: LabNode) -> list[dict[str, str]]:
    """The network ports that the BMC lists, as the emulator takes them: ``id`` and ``mac``."""
    return [{"id": name, "mac": mac_address(spec, node, name)} for name in ("mgmt0", "data0")]


def processors(spec: LabSpec, node: LabNode) -> list[dict[str, Any]]:
    """CPUs and GPUs, as the emulator takes them: ``id``, ``socket``, ``vendor``, ``model``, ``cores``, ``threads``. ``resource`` belongs to ``overlay``."""
    profile = machine(spec, node)
    cpu = profile["cpu"]
    cores = int(cpu["cores_per_socket"])
    maker = {"Manufacturer": profile["system"]["manufacturer"], "Model": "Simulated CPU"}
    found = [_processor(f"CPU{number}", "CPU", number, cores, cores * int(cpu["threads_per_core"]), maker) for number in range(1, int(cpu["sockets"]) + 1)]
    for gpu in profile["gpus"]:
        resource = {
            "Manufacturer": {"nvidia": "NVIDIA", "amd": "AMD"}.get(profile["vendor"], profile["vendor"]),
            "Model": gpu["name"],
            "SerialNumber": gpu["serial"],
            "UUID": gpu["uuid"].replace("GPU-", ""),
            "MemorySummary": {"TotalMemorySizeMiB": gpu["memory_mib"]},
            "ProcessorArchitecture": None,
            "InstructionSet": None,
            "TotalCores": None,
            "TotalThreads": None,
        }
        found.append(_processor(f"GPU{gpu['index']}", "GPU", gpu["index"], 0, 0, resource))
    return found


def _processor(name: str, kind: str, socket: int, cores: int, threads: int, resource: Mapping[str, Any]) -> dict[str, Any]:
    served = {"Name": name, "ProcessorType": kind, "Socket": f"{kind} {socket}", "TotalCores": cores, "TotalThreads": threads, **resource}
    return {
        "id": name,
        "socket": served["Socket"],
        "vendor": served["Manufacturer"],
        "model": served["Model"],
        "cores": cores,
        "threads": threads,
        "resource": served,
    }


def memory_gib(spec: LabSpec, node: LabNode) -> int:
    return int(spec.hardware.get(node.hardware_class, {}).get("memory_mib", 0)) // 1024


def overlay(spec: LabSpec, node: LabNode, chassis: str) -> dict[str, dict[str, Any]]:
    """What each resource says beyond or instead of what the emulator serves, by its path; ``None`` takes a property away."""
    known = machine(spec, node)["system"]
    own = known["uuid"]
    identity = {"Manufacturer": known["manufacturer"], "Model": known["product"], "SerialNumber": known["serial"], "SKU": known["serial"]}
    cpus = [entry["resource"] for entry in processors(spec, node) if entry["resource"]["ProcessorType"] == "CPU"]
    system = f"{ROOT}/Systems/{own}"
    found = {
        ROOT: {"Id": "RootService", "Name": "BMC of a lab node", "Vendor": known["manufacturer"], "Product": "Lab", "UUID": own},
        system: {
            **identity,
            "HostName": node.name,
            "SystemType": "Physical",
            "BiosVersion": "1.0",
            "ProcessorSummary": {
                "Count": len(cpus),
                "CoreCount": sum(cpu["TotalCores"] for cpu in cpus),
                "LogicalProcessorCount": sum(cpu["TotalThreads"] for cpu in cpus),
                "Model": cpus[0]["Model"],
                "Status": {"State": "Enabled", "Health": "OK"},
            },
            # What the emulator announces and then does not have.
            "Memory": None,
            "SecureBoot": None,
            "Storage": None,
            "VirtualMedia": None,
            "Actions": {
                "#ComputerSystem.Reset": {"target": f"{system}/Actions/ComputerSystem.Reset", "ResetType@Redfish.AllowableValues": list(RESETS)},
            },
        },
        f"{ROOT}/Chassis/{chassis}": {
            **identity,
            "Name": node.name,
            "ChassisType": "RackMount",
            **dict.fromkeys(("AssetTag", "PartNumber", "Location", "HeightMm", "WidthMm", "DepthMm", "WeightKg", "Thermal", "PowerState")),
        },
        f"{ROOT}/Managers/{own}": {"Description": "BMC", "Manufacturer": known["manufacturer"], "Model": "Simulated BMC", "VirtualMedia": None},
    }
    for entry in processors(spec, node):
        path = f"{system}/Processors/{entry['id']}"
        found[path] = {"@odata.id": path, **entry["resource"]}
    for nic in nics(spec, node):
        found[f"{system}/EthernetInterfaces/{nic['id']}"] = {"Name": nic["id"], "LinkStatus": "LinkUp"}
    return found


def laid_over(resource: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource with what is laid over it."""
    return {key: value for key, value in {**resource, **over}.items() if value is not None}
