# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which resources of a service are its systems, and which chassis and managers belong to which of them.

Settings resources have the type of what they set (``Systems/1/Settings`` of Dell, ``Systems/Self/SD`` of AMI, ``Systems/1/Pending`` of Lenovo):
they lie below it, and no collection lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .tree import ROOT, Resource, Tree, address_of, last_name, part, type_of

# A Viking BMC (DGX H100) leaves these links out of its service root until it is reset; everybody has these addresses.
SYSTEMS, CHASSIS, MANAGERS = f"{ROOT}/Systems", f"{ROOT}/Chassis", f"{ROOT}/Managers"
# The pieces of an HGX baseboard, roots of trust and the like: chassis of their own that hold no network adapter.
_PIECES = re.compile(r"^hgx_|erot|irot|cpld|^psu|^pdb|^fan|^cbc|^powershelf|backplane", re.IGNORECASE)
_PART_OF_SYSTEM = re.compile(rf"^({ROOT}/systems/[^/]+)/(processors|memory|ethernetinterfaces|pciedevices)(/|$)")


def root_of(tree: Tree) -> Resource | None:
    """Return the service root."""
    return tree.get(ROOT) or next((resource for _address, resource in tree.of_type("ServiceRoot")), None)


def collection(tree: Tree, name: str) -> str:
    """Return the address of the root's collection ``Systems``, ``Chassis`` or ``Managers``, as written."""
    link = part(root_of(tree), name) or part(root_of(tree), "links", name)
    return str((link.get("@odata.id") or link.get("href")) if isinstance(link, dict) and address_of(link) else f"{ROOT}/{name}")


def resources_of(tree: Tree, name: str, kind: str) -> list[tuple[str, Resource]]:
    """Return the members of the root's collection that are of a type, with their addresses.

    Where the collection is not there or names none that is (a Viking lists what does not exist), those of the type that are not settings.
    """
    link = collection(tree, name)
    listed = [(address_of(address), tree.get(address)) for address in tree.listed(link)]
    found = [(address, resource) for address, resource in listed if resource is not None and type_of(resource) == kind]
    if found:
        return found
    settings = {address_of(part(resource, "@Redfish.Settings", "SettingsObject")) for resource in tree}
    prefix = f"{ROOT}/{name}/".lower()
    return [
        (address, resource)
        for address, resource in tree.of_type(kind)
        if address not in settings and (not address.startswith(prefix) or "/" not in address[len(prefix) :])
    ]


def systems_of(tree: Tree) -> list[tuple[str, Resource]]:
    """Return the systems with their addresses; one of which only parts are here is an empty resource."""
    found = resources_of(tree, "Systems", "ComputerSystem")
    known = {address for address, _resource in found}
    parts: dict[str, str] = {}
    if not found:
        for resource in tree:
            match = _PART_OF_SYSTEM.match(address_of(resource))
            if match:
                parts.setdefault(match[1], last_name(str(resource.get("@odata.id"))[: len(match[1])]))
    return found + [(address, {"@odata.id": address, "Id": name}) for address, name in parts.items() if address not in known]


def is_baseboard(address: str) -> bool:
    """Say whether this system is the baseboard of an HGX machine: its GPUs are those of the host beside it."""
    return last_name(address).lower().startswith("hgx_")


def is_piece(address: str) -> bool:
    """Say whether a chassis is too small a thing to hold a network adapter, by its name."""
    return bool(_PIECES.search(last_name(address)))


def chassis_of(tree: Tree, system: tuple[str, Resource], systems: Iterable[tuple[str, Resource]]) -> list[Resource]:
    """Return the chassis that a system lies in: those that say so; for the only host of a service, also those that no other system claims."""
    address, resource = system
    linked = tree.members(part(resource, "Links", "Chassis"))
    claimed: dict[str, set[str]] = {}
    for other, other_resource in systems:
        for chassis in tree.members(part(other_resource, "Links", "Chassis")):
            claimed.setdefault(address_of(chassis), set()).add(other)
    hosts = [other for other, _resource in systems if not is_baseboard(other)]
    for chassis_address, chassis in resources_of(tree, "Chassis", "Chassis"):
        owners = claimed.get(chassis_address, set()) | {address_of(link) for link in tree.listed(part(chassis, "Links", "ComputerSystems"))}
        mine = address in owners if owners else hosts == [address] or last_name(chassis_address) == last_name(address)
        if mine and chassis not in linked:
            linked.append(chassis)
    return linked
