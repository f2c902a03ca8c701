# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which resources of a service are still needed to describe its machines, and no others: a BMC answers slowly.

A crawl asks again after each round of answers; a saved service is whole when nothing is wanted any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from . import gpus, nics
from .places import chassis_of, collection, is_baseboard, is_piece, root_of, systems_of
from .service import memory_gib, vendor_of
from .tree import ROOT, Resource, Tree, address_of, part, text


@dataclass(frozen=True)
class Wanted:
    """An address to ask for. ``expand``: it is a collection whose members are all wanted, so ask for them in the same answer if that can be had."""

    address: str
    expand: bool = False


def expand_query(tree: Tree) -> str:
    """Return the query that has a collection's members written out, or an empty text for a service that can't, or not well.

    Redfish Specification, 7.3.1. AMI's services leave out required properties of members that they write out, so they are asked one by one.
    """
    root = root_of(tree) or {}
    abilities = part(root, "ProtocolFeaturesSupported", "ExpandQuery")
    if (vendor_of(root) or "").upper() == "AMI" or not (part(abilities, "NoLinks") or part(abilities, "ExpandAll")):
        return ""
    kind = "." if part(abilities, "NoLinks") else "*"
    return f"$expand={kind}($levels=1)" if part(abilities, "Levels") else f"$expand={kind}"


def wanted(tree: Tree, *, essential: bool = False) -> list[Wanted]:
    """Return what to ask for next, in order; nothing when all that can be known is there.

    ``essential``: only what every description needs, not what is looked for where that says too little.
    """
    for round_ in (_root, _systems, _parts) if essential else (_root, _systems, _parts, _other_chassis, _functions, _devices):
        found = round_(tree)
        if found:
            return list({address_of(want.address): want for want in found}.values())
    return []


def _root(tree: Tree) -> list[Wanted]:
    return [] if root_of(tree) or tree.known(ROOT) else [Wanted(f"{ROOT}/")]


def _systems(tree: Tree) -> list[Wanted]:
    return [Wanted(address) for address in tree.missing({"@odata.id": collection(tree, "Systems")})]


def _parts(tree: Tree) -> list[Wanted]:
    """What systems link to: processors, interfaces, managers, chassis, and the adapters in the chassis."""
    found = []
    for address, system in systems_of(tree):
        found += _collection(tree, system.get("Processors") or part(system, "links", "Processors"))
        found += _collection(tree, system.get("EthernetInterfaces") or part(system, "links", "EthernetInterfaces"))
        found += [Wanted(manager) for manager in tree.missing(part(system, "Links", "ManagedBy") or [])]
        if not is_baseboard(address):
            found += [Wanted(chassis) for chassis in tree.missing(part(system, "Links", "Chassis") or [])]
        if memory_gib(tree, system) is None:
            found += _collection(tree, system.get("Memory"))
    return found + _adapters(tree)


def _adapters(tree: Tree) -> list[Wanted]:
    found = []
    for _system, chassis in _all_chassis(tree):
        for place in chassis:
            found += _collection(tree, place.get("NetworkAdapters"))
            for adapter in nics.adapters_of(tree, place):
                for link in nics.port_links(adapter):
                    found += _collection(tree, link)
    return found


def _other_chassis(tree: Tree) -> list[Wanted]:
    """The other chassis, where those that the hosts name hold no adapter: the boards of an NVIDIA machine, the nodes of a Cray blade."""
    hosts = [(system, chassis) for system, chassis in _all_chassis(tree) if not is_baseboard(address_of(system))]
    if not hosts or all(any(nics.adapters_of(tree, place) for place in chassis) for _system, chassis in hosts):
        return []
    link = {"@odata.id": collection(tree, "Chassis")}
    missing = [address for address in tree.missing(link) if not is_piece(address)]
    if missing:
        return _wants(link, missing)
    found = _adapters(tree)
    for system, chassis in hosts:
        if not found and not any(nics.adapters_of(tree, place) for place in chassis):
            found += _collection(tree, nics.hpe_adapters(system))
    return found


def _functions(tree: Tree) -> list[Wanted]:
    """The functions of adapters whose ports name no address."""
    found = []
    for system, chassis in _all_chassis(tree):
        nameless = {nic.adapter for nic in nics.nics_of(tree, system, chassis) if nic.adapter and not (nic.mac or nic.port_guid)}
        for place in chassis:
            for adapter in nics.adapters_of(tree, place):
                if text(adapter.get("Id")) in nameless:
                    found += _collection(tree, adapter.get("NetworkDeviceFunctions"))
    return found


def _devices(tree: Tree) -> list[Wanted]:
    """HPE's or the PCIe devices, where no processor is a GPU."""
    if any(gpus.from_processors(tree, gpus.processors_of(tree, system)) for _address, system in systems_of(tree)):
        return []
    found = []
    for system, chassis in _all_chassis(tree):
        for place in chassis:
            found += _collection(tree, gpus.hpe_devices(place))
        if found or any(tree.members(gpus.hpe_devices(place)) for place in chassis):
            continue
        for link in gpus.pcie_devices(system, chassis):
            found += _collection(tree, link)
            for device in tree.members(link):
                if gpus.could_be_gpu(device):
                    found += _collection(tree, gpus.function_links(device))
    return found


def _all_chassis(tree: Tree) -> list[tuple[Resource, list[Resource]]]:
    systems = systems_of(tree)
    return [(system[1], chassis_of(tree, system, systems)) for system in systems]


def _collection(tree: Tree, link: object) -> list[Wanted]:
    return _wants(link, tree.missing(link))


def _wants(link: object, missing: Iterable[str]) -> list[Wanted]:
    return [Wanted(address, expand=not isinstance(link, list) and address_of(address) == address_of(link)) for address in missing]
