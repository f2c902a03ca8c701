# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Resources of invented Redfish services, by address. Each kind of machine lists its parts where a family of real services does.

``generic``: a plain service without ``$expand``; ``dell``: service tag, ``$expand``, old NetworkPorts; ``ilo``: slashes at the end, GPUs only among HPE's
own devices; ``hgx``: a host and its baseboard, adapters in chassis that no system names; ``ami``: ``$expand`` that leaves out what is required.
"""

from __future__ import annotations

import typing as t

Resources = dict[str, dict[str, t.Any]]

KINDS = ("generic", "dell", "ilo", "hgx", "ami")
OK = {"State": "Enabled", "Health": "OK"}


def machine(kind: str, number: int = 1, *, gpus: int = 8, adapters: int = 4) -> Resources:
    """Return the resources of the machine with this number, which is in its serial numbers and MAC addresses."""
    return {"generic": _generic, "dell": _dell, "ilo": _ilo, "hgx": _hgx, "ami": _ami}[kind](number, gpus, adapters)


def mac(number: int, port: int) -> str:
    """Return the MAC address of a machine's port."""
    return "02:00:" + ":".join(f"{byte:02x}" for byte in (number * 256 + port).to_bytes(4, "big"))


def link(address: str) -> dict[str, str]:
    return {"@odata.id": address}


class _Builder:
    """Collects resources; ``slash`` ends every address with one."""

    def __init__(self, slash: bool = False) -> None:
        self.resources: Resources = {}
        self._slash = "/" if slash else ""

    def put(self, address: str, kind: str, **fields: t.Any) -> dict[str, str]:
        name = address.rpartition("/")[2]
        head = {"@odata.id": address + self._slash, "@odata.type": f"#{kind}.v1_10_0.{kind}", "Id": name, "Name": name}
        self.resources[address] = {**head, **fields}
        return link(address + self._slash)

    def gather(self, address: str, kind: str, members: t.Iterable[dict[str, str]]) -> dict[str, str]:
        listed = list(members)
        head = {"@odata.id": address + self._slash, "@odata.type": f"#{kind}Collection.{kind}Collection", "Name": kind}
        self.resources[address] = {**head, "Members": listed, "Members@odata.count": len(listed)}
        return link(address + self._slash)

    def root(self, **fields: t.Any) -> Resources:
        names = ("Systems", "Chassis", "Managers")
        links = {name: link(f"/redfish/v1/{name}{self._slash}") for name in names if f"/redfish/v1/{name}" in self.resources}
        self.put("/redfish/v1", "ServiceRoot", **{"Id": "RootService", "RedfishVersion": "1.15.0", **links, **fields})
        return self.resources

    def cpus(self, system: str) -> list[dict[str, str]]:
        fields = {"Manufacturer": "Example", "Model": "Example 9000 48-Core", "TotalCores": 48, "TotalThreads": 96, "MaxSpeedMHz": 3800, "Status": OK}
        return [self.put(f"{system}/Processors/CPU_{n}", "Processor", ProcessorType="CPU", **fields) for n in range(2)]

    def gpus(self, system: str, number: int, count: int) -> list[dict[str, str]]:
        return [
            self.put(
                f"{system}/Processors/GPU_{n}",
                "Processor",
                ProcessorType="GPU",
                Manufacturer="NVIDIA",
                Model="NVIDIA X900 80GB",
                SerialNumber=f"GPU{number:05}{n}",
                FirmwareVersion="99.00.01",
                Status=OK,
            )
            for n in range(count)
        ]

    def interfaces(self, owner: str, number: int, count: int) -> dict[str, str]:
        members = [
            self.put(
                f"{owner}/EthernetInterfaces/eth{n}",
                "EthernetInterface",
                MACAddress=mac(number, n),
                SpeedMbps=25000,
                LinkStatus="LinkUp",
                Status=OK,
            )
            for n in range(count)
        ]
        return self.gather(f"{owner}/EthernetInterfaces", "EthernetInterface", members)

    def adapters(self, chassis: str, number: int, count: int, *, old: bool = False, first: int = 0) -> dict[str, str]:
        members = []
        for n in range(first, first + count):
            address = f"{chassis}/NetworkAdapters/HCA_{n}"
            numbers = f"02{number:06x}{n:08x}"
            if old:
                port = {"AssociatedNetworkAddresses": [mac(number, 16 + n)], "ActiveLinkTechnology": "InfiniBand", "CurrentLinkSpeedMbps": 400000}
                port |= {"LinkStatus": "Up"}
            else:
                port = {"InfiniBand": {"AssociatedPortGUIDs": [numbers]}, "LinkNetworkTechnology": "InfiniBand", "CurrentSpeedGbps": 400}
                port |= {"LinkStatus": "LinkUp"}
            folder, kind = ("NetworkPorts", "NetworkPort") if old else ("Ports", "Port")
            ports = [self.put(f"{address}/{folder}/HCA_{n}-1", kind, Status=OK, **port)]
            fields = {folder: self.gather(f"{address}/{folder}", kind, ports), "SerialNumber": f"HCA{number:05}{n}   ", "Model": "Example X7"}
            members.append(self.put(address, "NetworkAdapter", Status=OK, **fields))
        return self.gather(f"{chassis}/NetworkAdapters", "NetworkAdapter", members)

    def manager(self, name: str, system: str) -> dict[str, str]:
        address = f"/redfish/v1/Managers/{name}"
        found = self.put(address, "Manager", ManagerType="BMC", FirmwareVersion="1.2.3", Status=OK, Links={"ManagerForServers": [link(system)]})
        self.gather("/redfish/v1/Managers", "Manager", [found])
        return found

    def memory(self, system: str, count: int) -> dict[str, str]:
        modules = [self.put(f"{system}/Memory/DIMM{n}", "Memory", CapacityMiB=65536, Status=OK) for n in range(count)]
        return self.gather(f"{system}/Memory", "Memory", modules)


def _system_fields(number: int, **fields: t.Any) -> dict[str, t.Any]:
    return {
        "SystemType": "Physical",
        "SerialNumber": f"SN{number:05}",
        "UUID": f"00000000-0000-4000-8000-{number:012x}",
        "BiosVersion": "2.4.6",
        "PowerState": "On",
        "Status": {**OK, "HealthRollup": "OK"},
        "MemorySummary": {"TotalSystemMemoryGiB": 2048},
        **fields,
    }


def _one_system(build: _Builder, name: str, number: int, gpus: int, adapters: int, *, old: bool = False, **fields: t.Any) -> None:
    system, chassis = f"/redfish/v1/Systems/{name}", f"/redfish/v1/Chassis/{name}"
    processors = build.gather(f"{system}/Processors", "Processor", [*build.cpus(system), *build.gpus(system, number, gpus)])
    place = build.put(chassis, "Chassis", ChassisType="RackMount", NetworkAdapters=build.adapters(chassis, number, adapters, old=old))
    build.gather("/redfish/v1/Chassis", "Chassis", [place])
    links = {"Chassis": [place], "ManagedBy": [build.manager("BMC", system)]}
    parts = {"Processors": processors, "EthernetInterfaces": build.interfaces(system, number, 2), "Memory": build.memory(system, 16), "Links": links}
    found = build.put(system, "ComputerSystem", **_system_fields(number, **parts, **fields))
    build.gather("/redfish/v1/Systems", "ComputerSystem", [found])


def _generic(number: int, gpus: int, adapters: int) -> Resources:
    build = _Builder()
    _one_system(build, "1", number, gpus, adapters, Manufacturer="Supermicro", Model="SYS-000GP-EXAMPLE", HostName=f"node{number}")
    return build.root(Vendor="Supermicro")


def _dell(number: int, gpus: int, adapters: int) -> Resources:
    build = _Builder()
    system = {"Manufacturer": "Dell Inc.", "Model": "PowerEdge XE0000", "SKU": f"TAG{number:04}", "HostName": ""}
    _one_system(build, "System.Embedded.1", number, gpus, adapters, old=True, **system)
    expand = {"ExpandAll": True, "Levels": True, "Links": True, "MaxLevels": 1, "NoLinks": True}
    product = "Integrated Dell Remote Access Controller"
    return build.root(Vendor="Dell", Product=product, ProtocolFeaturesSupported={"ExpandQuery": expand})


def _ami(number: int, gpus: int, adapters: int) -> Resources:
    build = _Builder()
    _one_system(build, "Self", number, gpus, adapters, Manufacturer="Gigabyte", Model="G000-EXAMPLE")
    expand = {"ExpandAll": True, "Levels": True, "MaxLevels": 5, "NoLinks": True}
    return build.root(Vendor="AMI", RedfishVersion="1.11.0", ProtocolFeaturesSupported={"ExpandQuery": expand})


def _ilo(number: int, gpus: int, adapters: int) -> Resources:
    build = _Builder(slash=True)
    _one_system(build, "1", number, 0, adapters, Manufacturer="HPE", Model="ProLiant Example", HostName=f"node{number}.example.org")
    devices = [
        build.put(
            f"/redfish/v1/Chassis/1/Devices/{n}",
            "HpeServerDevice",
            DeviceType="GPU",
            Name="NVIDIA X900 80GB",
            Manufacturer="NVIDIA",
            SerialNumber=f"GPU{number:05}{n}",
            Location=f"PCI-E Slot {n + 1}",
            Status=OK,
        )
        for n in range(gpus)
    ]
    devices.append(build.put(f"/redfish/v1/Chassis/1/Devices/{gpus}", "HpeServerDevice", DeviceType="GPU", Name="NVIDIA NV Switch", Status=OK))
    listed = build.gather("/redfish/v1/Chassis/1/Devices", "HpeServerDevice", devices)
    build.resources["/redfish/v1/Chassis/1"]["Oem"] = {"Hpe": {"Links": {"Devices": listed}}}
    expand = {"ExpandAll": False, "Levels": True, "Links": False, "MaxLevels": 1, "NoLinks": True}
    return build.root(Vendor="HPE", ProtocolFeaturesSupported={"ExpandQuery": expand})


def _hgx(number: int, gpus: int, adapters: int) -> Resources:
    build = _Builder()
    host, board = "/redfish/v1/Systems/System_0", "/redfish/v1/Systems/HGX_Baseboard_0"
    bmc = build.put("/redfish/v1/Chassis/BMC_0", "Chassis", ChassisType="Component")
    boards = [bmc, build.put("/redfish/v1/Chassis/HGX_Chassis_0", "Chassis", ChassisType="Module")]
    boards += [build.put(f"/redfish/v1/Chassis/HGX_GPU_{n}", "Chassis", ChassisType="Component") for n in range(gpus)]
    for n in range(adapters):
        place = f"/redfish/v1/Chassis/CX_{n}"
        boards.append(build.put(place, "Chassis", ChassisType="Card", NetworkAdapters=build.adapters(place, number, 1, first=n)))
    build.gather("/redfish/v1/Chassis", "Chassis", boards)
    processors = build.gather(f"{host}/Processors", "Processor", build.cpus(host))
    links = {"Chassis": [bmc], "ManagedBy": [build.manager("BMC_0", host)]}
    parts = {"Processors": processors, "EthernetInterfaces": build.interfaces(host, number, 2), "Links": links}
    systems = [build.put(host, "ComputerSystem", **_system_fields(number, Manufacturer="NVIDIA", Model="DGX Example", **parts))]
    processors = build.gather(f"{board}/Processors", "Processor", build.gpus(board, number, gpus))
    fields = _system_fields(number, SerialNumber=f"HGX{number:05}", Manufacturer="NVIDIA", Processors=processors, MemorySummary={"TotalSystemMemoryGiB": 640})
    systems.append(build.put(board, "ComputerSystem", **{**fields, "Links": {"Chassis": [link("/redfish/v1/Chassis/HGX_Chassis_0")]}}))
    build.gather("/redfish/v1/Systems", "ComputerSystem", systems)
    expand = {"ExpandAll": True, "Levels": True, "Links": True, "MaxLevels": 6, "NoLinks": True}
    return build.root(Vendor="NVIDIA", Product="Example", ProtocolFeaturesSupported={"ExpandQuery": expand})
