# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes fabrics of any size, with faults, and writes them as ibnetdiscover would.

Hosts ``gpu0001``… with an adapter per rail, in scalable units of one leaf per rail, in pods below spines; with more than one pod, core switches
above. Everything can be changed before it is written: a cable taken out, slowed down, moved, an adapter renamed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

SWITCH_GUID, HCA_GUID = 0x00AA_0000_0000_0000, 0x00CC_0000_0000_0000
DEFAULT_NAME = "MT4129 ConnectX7   Mellanox Technologies"


@dataclass
class Device:
    """A switch or an adapter, its ports in the order that they were cabled in."""

    guid: int
    name: str
    kind: str  # S or H
    ports: int
    lid: int
    used: int = 0

    def next_port(self) -> int:
        self.used += 1
        return self.used


@dataclass
class Cable:
    a: Device
    a_port: int
    b: Device
    b_port: int
    rate: str = "4xNDR"


@dataclass
class Network:
    """Devices by name and cables in order. Host names and rails count from 1 and 0: ``gpu0001 mlx5_0`` hangs on ``su1-leaf1``."""

    devices: dict[str, Device] = field(default_factory=dict)
    cables: list[Cable] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def switch(self, name: str, ports: int = 64) -> Device:
        number = next(self._number)
        device = self.devices[name] = Device(SWITCH_GUID + 16 * number, f"MF0;{name}:MQM9700/U1", "S", ports, number)
        return device

    def adapter(self, name: str) -> Device:
        number = next(self._number)
        device = self.devices[name] = Device(HCA_GUID + 16 * number, name, "H", 1, number)
        return device

    def connect(self, a: Device, b: Device, rate: str = "4xNDR") -> Cable:
        cable = Cable(a, a.next_port(), b, b.next_port(), rate)
        self.cables.append(cable)
        return cable

    def between(self, a: str, b: str) -> list[Cable]:
        """The cables between two devices."""
        ends = {id(self.devices[a]), id(self.devices[b])}
        return [cable for cable in self.cables if {id(cable.a), id(cable.b)} == ends]

    def of(self, name: str) -> list[Cable]:
        """The cables of a device."""
        return [cable for cable in self.cables if self.devices[name] in (cable.a, cable.b)]

    def cut(self, *cables: Cable) -> None:
        """Take cables out. An adapter without one vanishes: nothing discovers it."""
        gone = {id(cable) for cable in cables}
        self.cables = [cable for cable in self.cables if id(cable) not in gone]
        alive = {id(end) for cable in self.cables for end in (cable.a, cable.b)}
        self.devices = {name: device for name, device in self.devices.items() if device.kind == "S" or id(device) in alive}

    def move(self, adapter: str, switch: str) -> None:
        """Plug the cable of an adapter into another switch."""
        (cable,) = self.of(adapter)
        self.cables.remove(cable)
        self.cables.append(Cable(self.devices[switch], self.devices[switch].next_port(), self.devices[adapter], cable.b_port, cable.rate))

    def remove(self, name: str) -> None:
        """Take a device out, with its cables."""
        self.cut(*self.of(name))
        self.devices.pop(name, None)

    def text(self) -> str:
        """The fabric as ibnetdiscover prints it."""
        ends: dict[int, list[tuple[int, Device, int, str]]] = {}
        for cable in self.cables:
            ends.setdefault(cable.a.guid, []).append((cable.a_port, cable.b, cable.b_port, cable.rate))
            ends.setdefault(cable.b.guid, []).append((cable.b_port, cable.a, cable.a_port, cable.rate))
        lines = ["#", "# Topology file: generated on Mon Mar  2 09:00:00 2026", "#", "# Initiated from node 0000000000000001 port 0000000000000001"]
        for kind in ("S", "H"):
            for device in self.devices.values():
                if device.kind == kind:
                    lines += ["", *_record(device, sorted(ends.get(device.guid, []), key=lambda end: end[0]))]
        return "\n".join(lines) + "\n"


def _record(device: Device, ends: list[tuple[int, Device, int, str]]) -> Iterator[str]:
    guid = f"{device.guid:016x}"
    yield "vendid=0x2c9"
    yield f"devid={'0xd2f2' if device.kind == 'S' else '0x1021'}"
    yield f"sysimgguid=0x{device.guid:x}"
    if device.kind == "S":
        yield f"switchguid=0x{device.guid:x}({device.guid:x})"
        yield f'Switch\t{device.ports} "S-{guid}"\t\t# "{device.name}" enhanced port 0 lid {device.lid} lmc 0'
    else:
        yield f"caguid=0x{device.guid:x}"
        yield f'Ca\t{device.ports} "H-{guid}"\t\t# "{device.name}"'
    for port, other, other_port, rate in ends:
        peer = f'"{other.kind}-{other.guid:016x}"[{other_port}]'
        if device.kind == "S":
            yield f'[{port}]\t{peer}{f"({other.guid:x}) " if other.kind == "H" else ""}\t\t# "{other.name}" lid {other.lid} {rate}'
        else:
            yield f'[{port}]({device.guid:x}) \t{peer}\t\t# lid {device.lid} lmc 0 "{other.name}" lid {other.lid} {rate}'


def network(*, pods: int = 1, units: int = 2, hosts: int = 4, rails: int = 2, spines: int = 2, cables: int = 1, cores: int = 0) -> Network:
    """Make a fabric: ``units`` in each pod, ``hosts`` in each unit, ``spines`` in each pod, ``cables`` from a leaf to each of them.

    ``cores``: core switches above all spines, for more than one pod.
    """
    made = Network()
    top = [made.switch(f"core{number}") for number in range(1, cores + 1)]
    host = itertools.count(1)
    for pod in range(1, pods + 1):
        prefix = f"pod{pod}-" if pods > 1 else ""
        above = [made.switch(f"{prefix}spine{number}") for number in range(1, spines + 1)]
        for unit in range((pod - 1) * units + 1, pod * units + 1):
            leaves = [made.switch(f"su{unit}-leaf{rail + 1}") for rail in range(rails)]
            for _place in range(hosts):
                name = f"gpu{next(host):04}"
                for rail, leaf in enumerate(leaves):
                    made.connect(leaf, made.adapter(f"{name} mlx5_{rail}"))
            for leaf in leaves:
                for spine in above:
                    for _cable in range(cables):
                        made.connect(leaf, spine)
        for spine in above:
            for core in top:
                made.connect(spine, core)
    return made


def large_network(pods: int) -> Network:
    """Make a fabric of three tiers of 1,250 adapters and 125 switches a pod: 10,000 and 1,000 for eight.

    Each pod has 125 hosts of ten rails in five units, and per rail five spines; a spine has twenty cables to the cores of its rail.
    """
    rails, units, hosts, spines, uplinks = 10, 5, 25, 5, 20
    made = Network()
    per_rail = max(1, pods * 5 // 2)
    cores = [[made.switch(f"core{rail + 1}-{number + 1}") for number in range(per_rail)] for rail in range(rails)]
    host = itertools.count(1)
    for pod in range(1, pods + 1):
        above = [[made.switch(f"pod{pod}-r{rail + 1}-spine{number + 1}") for number in range(spines)] for rail in range(rails)]
        for unit in range((pod - 1) * units + 1, pod * units + 1):
            leaves = [made.switch(f"su{unit}-leaf{rail + 1}") for rail in range(rails)]
            for _place in range(hosts):
                name = f"gpu{next(host):04}"
                for rail, leaf in enumerate(leaves):
                    made.connect(leaf, made.adapter(f"{name} mlx5_{rail}"))
            for rail, leaf in enumerate(leaves):
                for number in range(hosts):
                    made.connect(leaf, above[rail][number % spines])
        for rail, of_rail in enumerate(above):
            for spine in of_rail:
                for number in range(uplinks):
                    made.connect(spine, cores[rail][number % per_rail])
    return made
