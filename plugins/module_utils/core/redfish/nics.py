# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The network ports of a system: its Ethernet interfaces, joined by MAC address with the ports of the network adapters in its chassis.

Schemas EthernetInterface, NetworkAdapter, NetworkPort (old) and Port (new), NetworkDeviceFunction (DMTF DSP8010); HpeBaseNetworkAdapter of iLO 4 and 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..model.redfish import RedfishNic
from ..parse.values import guid
from .tree import Resource, Tree, last_name, natural, part, spelled, text, under

_MAC = re.compile(r"[0-9a-f]{12}")
_GUID = re.compile(r"[0-9a-f]{16}")
_LINK = {"Up": "LinkUp", "Down": "LinkDown", "Starting": "LinkDown", "Training": "LinkDown"}


def mac(value: object) -> str | None:
    """Return ``aa:bb:cc:dd:ee:ff`` for any way to write a MAC address, or ``None`` for what is none, such as ``Not Available``."""
    digits = re.sub(r"[:.-]", "", value.strip().lower()) if isinstance(value, str) else ""
    return ":".join(digits[start : start + 2] for start in range(0, 12, 2)) if _MAC.fullmatch(digits) and digits.strip("0") else None


@dataclass(frozen=True)
class _Port:
    """A port of an adapter as a NIC, with every MAC address that goes with it."""

    nic: RedfishNic
    macs: tuple[str, ...]


def nics_of(tree: Tree, system: Resource, chassis: Iterable[Resource]) -> list[RedfishNic]:
    """Return a system's network ports: interfaces first, then the adapters' ports that no interface stands for."""
    ports = [port for place in chassis for adapter in adapters_of(tree, place) for port in _ports(tree, adapter)]
    ports += [port for adapter in tree.members(hpe_adapters(system)) for port in _hpe_ports(adapter)]
    # A Cray names an interface that has no address yet like its adapter.
    by_name = {name: port for port in reversed(ports) for name in (port.macs or (port.nic.id,))}
    used: set[int] = set()
    found: dict[RedfishNic, None] = {}
    for interface in interfaces_of(tree, system):
        nic = _interface(interface)
        port = by_name.get(nic.permanent_mac or nic.mac or nic.id) or by_name.get(nic.mac or "")
        if port:
            used.add(id(port))
            nic = _joined(nic, port.nic)
        found[nic] = None
    told = {address for nic in found for address in (nic.mac, nic.permanent_mac) if address}
    for port in ports:
        if id(port) not in used and not told.intersection(port.macs):
            found[port.nic] = None
    if not found:
        found = dict.fromkeys(_correlated(system))
    return sorted(found, key=lambda nic: natural(nic.id))


def interfaces_of(tree: Tree, system: Resource) -> list[Resource]:
    """Return the Ethernet interfaces of a system or a manager."""
    link = system.get("EthernetInterfaces") or part(system, "links", "EthernetInterfaces")
    return tree.all_of(link, under(system, "EthernetInterfaces"), "EthernetInterface")


def adapters_of(tree: Tree, chassis: Resource) -> list[Resource]:
    """Return the network adapters in a chassis."""
    return tree.all_of(chassis.get("NetworkAdapters"), under(chassis, "NetworkAdapters"), "NetworkAdapter")


def port_links(adapter: Resource) -> list[object]:
    """Return the links to an adapter's ports: the collection, and what its controllers name beside it."""
    links = [adapter.get("Ports") or adapter.get("NetworkPorts")]
    controllers = adapter.get("Controllers")
    for controller in controllers if isinstance(controllers, list) else ():
        links += [part(controller, "Links", "Ports") or part(controller, "Links", "NetworkPorts")]
    return [link for link in links if link]


def hpe_adapters(system: Resource) -> object:
    """Return the link to HPE's own list of adapters."""
    return part(system, "Oem", "Hpe", "Links", "NetworkAdapters") or part(system, "Oem", "Hp", "links", "NetworkAdapters")


def macs_of(interfaces: Iterable[Resource]) -> tuple[str, ...]:
    """Return the MAC addresses of interfaces, each once."""
    found = (mac(interface.get("MACAddress")) or mac(interface.get("PermanentMACAddress")) for interface in interfaces)
    return tuple(dict.fromkeys(address for address in found if address))


def ip_addresses(interface: Resource) -> tuple[str, ...]:
    """Return the IP addresses of an interface that others can use: no empty and no link-local one."""
    found = []
    for name in ("IPv4Addresses", "IPv6Addresses"):
        entries = interface.get(name)
        for entry in entries if isinstance(entries, list) else ():
            address = text(part(entry, "Address"))
            if address and not address.lower().startswith(("169.254.", "fe80:")):
                found.append(address.lower())
    return tuple(dict.fromkeys(found))


def _interface(resource: Resource) -> RedfishNic:
    up = resource.get("LinkStatus") != "LinkDown"
    vlan = part(resource, "EthernetInterfaceType") == "Virtual"
    return RedfishNic(
        id=_id(resource),
        mac=mac(resource.get("MACAddress")) or mac(resource.get("PermanentMACAddress")),
        permanent_mac=mac(resource.get("PermanentMACAddress")),
        technology="Ethernet",
        link_status=text(resource.get("LinkStatus")),
        speed_gbits_per_s=_speed(resource.get("SpeedMbps"), 1000) if up else None,
        virtual=vlan or part(resource, "Links", "HostInterface") is not None,
        addresses=ip_addresses(resource),
        fqdn=text(resource.get("FQDN")) or text(resource.get("HostName")),
        **_status(resource),
    )


def _joined(nic: RedfishNic, port: RedfishNic) -> RedfishNic:
    """Return an interface with what its adapter's port says beside it."""
    return replace(
        nic,
        port_guid=port.port_guid,
        technology=port.technology or nic.technology,
        link_status=nic.link_status or port.link_status,
        speed_gbits_per_s=nic.speed_gbits_per_s or port.speed_gbits_per_s,
        adapter=port.adapter,
        adapter_model=port.adapter_model,
        adapter_manufacturer=port.adapter_manufacturer,
        adapter_serial=port.adapter_serial,
        adapter_part_number=port.adapter_part_number,
        firmware_version=port.firmware_version,
    )


def _ports(tree: Tree, adapter: Resource) -> list[_Port]:
    base = _adapter(adapter)
    ports = list({id(port): port for link in port_links(adapter) for port in tree.members(link)}.values())
    for folder, kind in (("NetworkPorts", "NetworkPort"), ("Ports", "Port")):
        ports = ports or tree.all_of(adapter.get(folder), under(adapter, folder), kind)
    functions = tree.members(adapter.get("NetworkDeviceFunctions"))
    if not ports:
        return [_function_port(base, function) for function in functions] or [_Port(base, ())]
    return [_port(base, port, _functions_of(port, functions, len(ports) == 1)) for port in ports]


def _adapter(adapter: Resource) -> RedfishNic:
    controllers = adapter.get("Controllers")
    first = controllers[0] if isinstance(controllers, list) and controllers else None
    return RedfishNic(
        id=_id(adapter),
        adapter=_id(adapter),
        adapter_model=text(adapter.get("Model")),
        adapter_manufacturer=text(adapter.get("Manufacturer")),
        adapter_serial=text(adapter.get("SerialNumber")),
        adapter_part_number=text(adapter.get("PartNumber")),
        firmware_version=text(part(first, "FirmwarePackageVersion")),
        **_status(adapter),
    )


def _functions_of(port: Resource, functions: Iterable[Resource], only: bool) -> list[Resource]:
    """Return the functions that are assigned to a port; all of them if there is only one port."""
    mine = []
    for function in functions:
        links = [function.get("PhysicalPortAssignment")]
        links += [part(function, "Links", name) for name in ("PhysicalPortAssignment", "PhysicalNetworkPortAssignment")]
        named = {last_name(spelled(link)) for link in links if link}
        if only or last_name(spelled(port)) in named or _id(port) == _id(function):
            mine.append(function)
    return mine


def _port(base: RedfishNic, port: Resource, functions: list[Resource]) -> _Port:
    numbers = _numbers(port)
    for function in functions:
        numbers += _numbers(function)
    macs = tuple(dict.fromkeys(address for address in map(mac, numbers) if address))
    status = text(port.get("LinkStatus"))
    up = _LINK.get(status or "", status) != "LinkDown"
    speed = _speed(port.get("CurrentSpeedGbps"), 1) or _speed(port.get("CurrentLinkSpeedMbps"), 1000)
    name = _id(port)
    nic = replace(
        base,
        id=name if name.startswith(base.id) else f"{base.id}/{name}",
        mac=macs[0] if macs else None,
        port_guid=_guid(numbers),
        technology=_technology(port),
        link_status=_LINK.get(status or "", status),
        speed_gbits_per_s=speed if up else None,
        **{key: value for key, value in _status(port).items() if value},
    )
    return _Port(nic, macs)


def _function_port(base: RedfishNic, function: Resource) -> _Port:
    return _port(base, {"@odata.id": function.get("@odata.id"), "Id": function.get("Id"), "LinkNetworkTechnology": function.get("NetDevFuncType")}, [function])


def _numbers(resource: Resource) -> list[str]:
    """Return every MAC address and GUID that a port or a function names."""
    found: list[object] = []
    for names in (
        ("AssociatedNetworkAddresses",),
        ("Ethernet", "AssociatedMACAddresses"),
        ("InfiniBand", "AssociatedPortGUIDs"),
        ("InfiniBand", "AssociatedNodeGUIDs"),
        ("Ethernet", "PermanentMACAddress"),
        ("Ethernet", "MACAddress"),
        ("InfiniBand", "PermanentPortGUID"),
        ("InfiniBand", "PortGUID"),
    ):
        value = part(resource, *names)
        found += value if isinstance(value, list) else [value]
    return [number for number in found if isinstance(number, str)]


def _guid(numbers: Iterable[str]) -> str | None:
    for number in numbers:
        digits = re.sub(r"[:.-]", "", number.strip().lower()).removeprefix("0x")
        if _GUID.fullmatch(digits) and digits.strip("0"):
            return guid(digits)
    return None


def _technology(port: Resource) -> str | None:
    for name in ("LinkNetworkTechnology", "ActiveLinkTechnology", "PortProtocol"):
        if text(port.get(name)):
            return text(port.get(name))
    return None


def _hpe_ports(adapter: Resource) -> list[_Port]:
    ports = adapter.get("PhysicalPorts")
    found = []
    for index, port in enumerate(ports if isinstance(ports, list) else (), 1):
        address = mac(part(port, "MacAddress"))
        status = text(part(port, "LinkStatus"))
        nic = RedfishNic(
            id=f"{text(adapter.get('StructuredName')) or _id(adapter)}/{index}",
            mac=address,
            technology="Ethernet",
            link_status=status,
            speed_gbits_per_s=_speed(part(port, "SpeedMbps"), 1000),
            adapter=text(adapter.get("StructuredName")) or _id(adapter),
            adapter_model=text(adapter.get("Name")),
            adapter_serial=text(adapter.get("SerialNumber")),
            adapter_part_number=text(adapter.get("PartNumber")),
            firmware_version=text(part(adapter, "Firmware", "Current", "VersionString")),
            **_status(port if isinstance(port, dict) else {}),
        )
        found.append(_Port(nic, (address,) if address else ()))
    return found


def _correlated(system: Resource) -> list[RedfishNic]:
    """Return the ports of an iLO 4 that has no interfaces: it knows the host's MAC addresses alone."""
    addresses = part(system, "HostCorrelation", "HostMACAddress")
    found = [mac(address) for address in addresses] if isinstance(addresses, list) else []
    return [RedfishNic(id=address, mac=address, technology="Ethernet") for address in found if address]


def _status(resource: Resource) -> dict[str, Any]:
    return {"state": text(part(resource, "Status", "State")), "health": text(part(resource, "Status", "Health"))}


def _id(resource: Resource) -> str:
    return text(resource.get("Id")) or str(resource.get("Id") or "").strip() or last_name(spelled(resource))


def _speed(value: object, per_gbit: int) -> float | None:
    return value / per_gbit if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e7 else None
