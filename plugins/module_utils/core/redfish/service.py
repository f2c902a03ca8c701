# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a service tells of its systems and managers, from its resources: the same for a saved folder and for a crawl of the living one.

Schemas ServiceRoot, ComputerSystem, Processor, Memory and Manager (DMTF DSP8010); older iLO 4 firmware has some of their properties under
other names, or in ``Oem.Hp``.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..model.document import Fault
from ..model.redfish import Redfish, RedfishCpu, RedfishGpu, RedfishManager, RedfishSystem
from . import gpus, nics
from .places import chassis_of, is_baseboard, resources_of, root_of, systems_of
from .tree import Resource, Tree, address_of, last_name, natural, part, spelled, text

_HEALTHY = frozenset((None, "OK"))
_WORKING = frozenset((None, "Enabled", "StandbySpare", "Quiesced", "Starting", "Updating", "InTest", "Deferring", "Qualified"))


def describe(tree: Tree, warnings: Iterable[str] = (), *, complete: bool = True) -> Redfish:
    """Return what the resources tell. ``warnings`` and ``complete`` are the reader's, who knows what is missing."""
    root = root_of(tree) or {}
    systems = systems_of(tree)
    processors = {address: gpus.processors_of(tree, resource) for address, resource in systems}
    found = {address: gpus.from_processors(tree, processors[address]) for address, _resource in systems}
    chassis = {system[0]: chassis_of(tree, system, systems) for system in systems}
    if not any(found.values()):
        found = {address: gpus.from_devices(tree, resource, chassis[address]) for address, resource in systems}
    described = tuple(_system(tree, address, resource, processors[address], found[address], chassis[address]) for address, resource in systems)
    return Redfish(
        vendor=vendor_of(root) or next((system.manufacturer for system in described if system.manufacturer), None),
        product=text(root.get("Product")),
        redfish_version=text(root.get("RedfishVersion")),
        uuid=text(root.get("UUID")),
        resources=len(tree),
        systems=described,
        managers=tuple(_manager(tree, resource) for _address, resource in resources_of(tree, "Managers", "Manager")),
        complete=complete,
        warnings=tuple(warnings),
        faults=tuple(fault for system, (address, resource) in zip(described, systems) for fault in _faults(system, resource, is_baseboard(address))),
    )


def vendor_of(root: Resource) -> str | None:
    """Return who made the service: what it says, or whose extensions it has."""
    oem = root.get("Oem")
    return text(root.get("Vendor")) or (str(next(iter(oem))) if isinstance(oem, dict) and oem else None)


def memory_gib(tree: Tree, system: Resource) -> float | None:
    """Return a system's memory: its own sum, or that of the modules that are here."""
    for value in (part(system, "MemorySummary", "TotalSystemMemoryGiB"), part(system, "Memory", "TotalSystemMemoryGB")):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9:
            return value
    sizes = [module.get("CapacityMiB") for module in tree.members(system.get("Memory")) if part(module, "Status", "State") != "Absent"]
    known = [size for size in sizes if isinstance(size, int)]
    return sum(known) / 1024 if known else None


def _system(tree: Tree, address: str, resource: Resource, processors: list[Resource], found: list[RedfishGpu], chassis: list[Resource]) -> RedfishSystem:
    dell = part(resource, "Oem", "Dell", "DellSystem")
    return RedfishSystem(
        id=_id(resource, address),
        name=text(resource.get("Name")),
        system_type=text(resource.get("SystemType")),
        manufacturer=text(resource.get("Manufacturer")),
        model=text(resource.get("Model")),
        sku=text(resource.get("SKU")),
        serial=text(resource.get("SerialNumber")),
        service_tag=text(part(dell, "NodeID")) or _dell_tag(resource),
        part_number=text(resource.get("PartNumber")),
        asset_tag=text(resource.get("AssetTag")),
        uuid=(text(resource.get("UUID")) or "").lower() or None,
        hostname=text(resource.get("HostName")) or text(part(resource, "HostCorrelation", "HostName")),
        bios_version=_bios(resource),
        power_state=text(resource.get("PowerState")) or text(resource.get("Power")),
        state=text(part(resource, "Status", "State")),
        health=text(part(resource, "Status", "Health")),
        health_rollup=text(part(resource, "Status", "HealthRollup") or part(resource, "Status", "HealthRollUp")),
        memory_gib=memory_gib(tree, resource),
        cpus=tuple(sorted((_cpu(processor) for processor in processors if gpus.processor_kind(processor) == "CPU"), key=lambda cpu: natural(cpu.id))),
        gpus=tuple(sorted(found, key=lambda gpu: natural(gpu.id))),
        nics=tuple(nics.nics_of(tree, resource, chassis)),
        managers=_managed_by(tree, address, resource),
    )


def _managed_by(tree: Tree, address: str, resource: Resource) -> tuple[str, ...]:
    links = tree.listed(part(resource, "Links", "ManagedBy"))
    if not links:
        for manager_address, manager in resources_of(tree, "Managers", "Manager"):
            if address in map(address_of, tree.listed(part(manager, "Links", "ManagerForServers"))):
                links.append(manager_address)
    return tuple(_id(tree.get(link) or {}, link) for link in links)


def _dell_tag(resource: Resource) -> str | None:
    """Return the service tag: where a Dell says nothing else, it is the SKU."""
    return text(resource.get("SKU")) if (text(resource.get("Manufacturer")) or "").lower().startswith("dell") else None


def _bios(resource: Resource) -> str | None:
    for maker in ("Hpe", "Hp"):
        version = text(part(resource, "Oem", maker, "Bios", "Current", "VersionString"))
        if version:
            return text(resource.get("BiosVersion")) or version
    return text(resource.get("BiosVersion")) or text(part(resource, "Bios", "Current", "VersionString"))


def _cpu(resource: Resource) -> RedfishCpu:
    return RedfishCpu(
        id=_id(resource, spelled(resource)),
        model=text(resource.get("Model")),
        manufacturer=text(resource.get("Manufacturer")),
        serial=text(resource.get("SerialNumber")),
        socket=text(resource.get("Socket")),
        cores=_count(resource.get("TotalCores")),
        threads=_count(resource.get("TotalThreads")),
        max_speed_mhz=_count(resource.get("MaxSpeedMHz")),
        state=text(part(resource, "Status", "State")),
        health=text(part(resource, "Status", "Health")),
    )


def _manager(tree: Tree, resource: Resource) -> RedfishManager:
    interfaces = nics.interfaces_of(tree, resource)
    names = (text(interface.get(name)) for interface in interfaces for name in ("FQDN", "HostName"))
    return RedfishManager(
        id=_id(resource, spelled(resource)),
        type=text(resource.get("ManagerType")),
        model=text(resource.get("Model")),
        firmware_version=text(resource.get("FirmwareVersion")) or text(part(resource, "Firmware", "Current", "VersionString")),
        uuid=(text(resource.get("UUID")) or "").lower() or None,
        hostname=next((name for name in names if name), None),
        macs=nics.macs_of(interfaces),
        addresses=tuple(dict.fromkeys(address for interface in interfaces for address in nics.ip_addresses(interface))),
        state=text(part(resource, "Status", "State")),
        health=text(part(resource, "Status", "Health")),
    )


def _id(resource: Resource, address: str) -> str:
    return str(resource.get("Id") or "").strip() or last_name(address)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000 else None


def _faults(system: RedfishSystem, resource: Resource, baseboard: bool) -> list[Fault]:
    found = []
    health = next((value for value in (system.health_rollup, system.health) if value not in _HEALTHY), None)
    if health:
        troubled = _troubled(resource)
        about = f" It names: {', '.join(troubled)}." if troubled else ""
        hint = "Look into the BMC's event log."
        found.append(Fault("system_unhealthy", f"system {system.id}", f"The BMC says that its health is {health}.{about}", hint))
    for gpu in system.gpus:
        subject = f"GPU {gpu.id} of system {system.id}"
        if gpu.state == "Absent" and not baseboard and not (gpu.serial or gpu.model):
            continue  # An empty slot of a server. A baseboard has none.
        if gpu.state not in _WORKING:
            hint = "Look for it with nvidia-smi and lspci on the host; one that is lost needs a power cycle, or to be replaced."
            found.append(Fault("gpu_not_working", subject, f"Its state is {gpu.state}.", hint))
        elif gpu.health not in _HEALTHY:
            found.append(Fault("gpu_unhealthy", subject, f"The BMC says that its health is {gpu.health}.", "Look into the BMC's event log."))
    for cpu in system.cpus:
        if cpu.health not in _HEALTHY and cpu.state != "Absent":
            hint = "Look into the BMC's event log."
            found.append(Fault("cpu_unhealthy", f"CPU {cpu.id} of system {system.id}", f"The BMC says that its health is {cpu.health}.", hint))
    return found


def _troubled(resource: Resource) -> list[str]:
    """Return the subsystems that are not well, where the maker's extension names them."""
    found = []
    for maker in ("Hpe", "Hp"):
        summary = part(resource, "Oem", maker, "AggregateHealthStatus")
        for name, entry in summary.items() if isinstance(summary, dict) else ():
            health = text(part(entry, "Status", "Health"))
            if health not in _HEALTHY:
                found.append(f"{name} {health}")
    dell = part(resource, "Oem", "Dell", "DellSystem")
    for name, value in dell.items() if isinstance(dell, dict) else ():
        if name.endswith("RollupStatus") and text(value) not in (*_HEALTHY, "Unknown"):
            found.append(f"{name[: -len('RollupStatus')]} {value}")
    return found
