# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's InfiniBand fabric as data: switches, adapters and cables, and what the simulator ibsim is told of them.

Two tiers. Each leaf of the lab is a scalable unit with one leaf switch per rail of its nodes' hardware class; every leaf
switch hangs on every spine. A node that is on no leaf has adapters without a cable.

The file's format is that of ibsim 0.12 (its README and net-examples): each cable is listed at both of its ends, ``w=`` and
``e=`` are the widths and extended speeds that a port has enabled, as the bits of PortInfo (InfiniBand Architecture 1.4,
14.2.5.6). ibsim makes the GUID of an adapter's port from the adapter's own by adding the port's number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import CoreError
from ..simulator.infiniband_tree import port_files
from ..simulator.profile import HARDWARE_ROOT, make_profile
from .spec import SPINE, LabNode, LabSpec

# The simulator's server and its ten clients use this port and those above it.
FABRIC_PORT = 7070
# NVIDIA's own, below them digits that are ours.
_SWITCH_MAKER = "fc6a1c"
_VENDOR_ID, _SWITCH_DEVICE, _HCA_DEVICE = 0x02C9, 0xD2F0, 0x101B
# Lanes and bit of LinkWidthEnabled; nominal Gbit/s of a lane and bit of LinkSpeedExtEnabled.
_WIDTHS = {"4X": (4, 2), "2X": (2, 16), "1X": (1, 1)}
_SPEEDS = {"NDR": (100.0, 8), "HDR": (50.0, 4), "EDR": (25.0, 2), "FDR": (14.0, 1)}
# What the tools print of a lane: its rate with the coding.
_SIGNALLED = {"NDR": "106.25", "HDR": "53.125", "EDR": "25.78125", "FDR": "14.0625"}
# What a port without a link says of its rate.
_RATE_OF_NOTHING = 10


@dataclass(frozen=True)
class Rating:
    """What a link does: ``4X`` ``HDR``."""

    width: str
    speed: str

    @property
    def gbits_per_s(self) -> float:
        return _WIDTHS[self.width][0] * _SPEEDS[self.speed][0]

    @property
    def lanes(self) -> int:
        return _WIDTHS[self.width][0]

    @property
    def lane_gbits_per_s(self) -> str:
        """The rate of one lane as ``iblinkinfo`` prints it."""
        return _SIGNALLED[self.speed]

    def __str__(self) -> str:
        return f"{self.width} {self.speed}"

    def options(self) -> str:
        """What the simulator is told of a port that does this and no better."""
        return f"w={_WIDTHS[self.width][1]} e={_SPEEDS[self.speed][1]}"


RATINGS = tuple(Rating(width, speed) for speed in _SPEEDS for width in _WIDTHS)


@dataclass(frozen=True)
class Device:
    """A switch or an adapter. ``name`` is its node description, ``guid`` 16 hexadecimal digits; a switch belongs to no ``node``."""

    name: str
    guid: str
    ports: int
    node: str = ""

    @property
    def id(self) -> str:
        """What the simulator and ``ibnetdiscover`` call it, like ``S-fc6a1c4f2a90c1e7``."""
        return f"{'H' if self.node else 'S'}-{self.guid}"


@dataclass(frozen=True)
class Cable:
    """A cable, ``node1:mlx5_0`` or ``leaf1-rail0:spine1``, from ``near`` up to the switch ``far``."""

    name: str
    near: Device
    near_port: int
    far: Device
    far_port: int
    rating: Rating


@dataclass(frozen=True)
class Fabric:
    """All of it. ``hcas`` are in the order of the lab's nodes."""

    switches: tuple[Device, ...]
    hcas: tuple[Device, ...]
    cables: tuple[Cable, ...]

    def of_node(self, node: str) -> list[Device]:
        return [hca for hca in self.hcas if hca.node == node]

    def attachment(self, node: str) -> list[tuple[str, str]]:
        """Pairs of an adapter's name and the simulator's for it, ``("mlx5_0", "H-...")``.

        A machine without adapters looks at the fabric from a managed switch: it has the pair ``("-", "S-...")``.
        """
        own = [(hca.name.split()[1], hca.id) for hca in self.of_node(node)]
        return own or [("-", self.switches[-1].id)]

    def rating(self) -> Rating:
        """What its links are made for, the best of them."""
        return max((cable.rating for cable in self.cables), key=lambda rating: rating.gbits_per_s)


@dataclass(frozen=True)
class Condition:
    """What is wrong with the cables now: ``ratings`` of degraded ones, those that are ``down``, ``symbol_errors`` counted."""

    ratings: Mapping[str, Rating]
    down: frozenset[str]
    symbol_errors: Mapping[str, int]


def make_fabric(spec: LabSpec) -> Fabric:
    """Lay the cables. Without spines or adapters there are no devices at all. Raises ``CoreError`` where a switch is too small."""
    nics = {
        node.name: [
            nic for nic in make_profile(spec.hardware[node.hardware_class], node.name, node.hardware_class)["nics"] if nic["link_layer"] == "infiniband"
        ]
        for node in spec.nodes
        if node.hardware_class in spec.hardware and spec.fabric.spines
    }
    hcas = {
        node: [Device(f"{node} {nic['name']}", str(nic["guid"]).replace("0x", "").zfill(16), 1, node) for nic in found] for node, found in nics.items() if found
    }
    if not any(node.name in hcas and node.leaf != SPINE for node in spec.nodes):
        return Fabric((), (), ())
    leaves: list[Device] = []
    spines = [_switch(spec, f"spine{number}") for number in range(1, spec.fabric.spines + 1)]
    cables: list[Cable] = []
    for leaf in spec.uplinks_gbits_per_s:
        nodes = [node.name for node in spec.nodes if node.leaf == leaf and node.name in hcas]
        for rail in range(max((len(hcas[node]) for node in nodes), default=0)):
            switch = _switch(spec, f"{leaf}-rail{rail}")
            below = [node for node in nodes if rail < len(hcas[node])]
            ratings = [_rating_of(nics[node][rail], node) for node in below]
            cables += [Cable(f"{node}:{nics[node][rail]['name']}", hcas[node][rail], 1, switch, port, ratings[port - 1]) for port, node in enumerate(below, 1)]
            cables += _uplinks(spec, switch, len(below), spines, len(leaves), max(ratings, key=lambda rating: rating.gbits_per_s))
            leaves.append(switch)
    if len(leaves) * spec.fabric.cables_per_spine > spec.fabric.switch_ports:
        raise CoreError(f"{len(leaves)} leaf switches do not fit on a spine of {spec.fabric.switch_ports} ports.", where="lab_fabric.switch_ports")
    return Fabric((*leaves, *spines), tuple(hca for node in spec.nodes for hca in hcas.get(node.name, [])), tuple(cables))


def _switch(spec: LabSpec, name: str) -> Device:
    return Device(name, _SWITCH_MAKER + hashlib.sha256(f"{spec.name}/{name}".encode()).hexdigest()[:10], spec.fabric.switch_ports)


def _rating_of(nic: Mapping[str, Any], node: str) -> Rating:
    for speed in _SPEEDS:
        rating = Rating("4X", speed)
        if rating.gbits_per_s == float(nic["rate_gbits_per_s"]):
            return rating
    known = ", ".join(f"{Rating('4X', speed).gbits_per_s:g}" for speed in _SPEEDS)
    raise CoreError(
        f"{nic['rate_gbits_per_s']:g} Gbit/s is no rate of InfiniBand.",
        where=f"{node}: railyard_hardware_class: rails.rate_gbits_per_s",
        hint=f"There are: {known}.",
    )


def _uplinks(spec: LabSpec, leaf: Device, below: int, spines: Sequence[Device], number: int, rating: Rating) -> list[Cable]:
    """The cables of one leaf switch, the ``number``-th (from 0); they take its last ports."""
    count = spec.fabric.cables_per_spine
    first = leaf.ports - len(spines) * count + 1
    if first <= below:
        raise CoreError(
            f"{below} nodes and {len(spines) * count} uplinks do not fit on the {leaf.ports} ports of {leaf.name}.", where="lab_fabric.switch_ports"
        )
    return [
        Cable(f"{leaf.name}:{spine.name}" + (f"/{cable + 1}" if cable else ""), leaf, first + index * count + cable, spine, number * count + cable + 1, rating)
        for index, spine in enumerate(spines)
        for cable in range(count)
    ]


def network_file(fabric: Fabric, ratings: Mapping[str, Rating]) -> str:
    """What ibsim reads. ``ratings`` has the cables that do less than they were made for."""
    ends: dict[str, list[str]] = {device.id: [] for device in (*fabric.switches, *fabric.hcas)}
    for cable in fabric.cables:
        options = ratings.get(cable.name, cable.rating).options()
        ends[cable.near.id].append(f'[{cable.near_port}] "{cable.far.id}"[{cable.far_port}] {options}')
        ends[cable.far.id].append(f'[{cable.far_port}] "{cable.near.id}"[{cable.near_port}] {options}')
    lines = []
    for device in (*fabric.switches, *fabric.hcas):
        kind, what, identity = ("Ca", "caguid", _HCA_DEVICE) if device.node else ("Switch", "switchguid", _SWITCH_DEVICE)
        extra = "" if device.node else " enhanced port 0"
        lines += [f"vendid={_VENDOR_ID:#x}", f"devid={identity:#x}", f"sysimgguid=0x{device.guid}", f"{what}=0x{device.guid}"]
        lines += [f'{kind} {device.ports} "{device.id}" # "{device.name}"{extra}', *ends[device.id], ""]
    return "\n".join(lines)


def condition(fabric: Fabric, faults: Mapping[str, Mapping[str, Any]], off: Iterable[str]) -> Condition:
    """What the lab's faults and the nodes that are off make of the cables."""
    dark = {cable.name for cable in fabric.cables if cable.near.node and cable.near.node in set(off)}
    found = {cable.name: faults[cable.name] for cable in fabric.cables if cable.name in faults}
    return Condition(
        ratings={name: Rating(fault["width"], fault["speed"]) for name, fault in found.items() if "width" in fault},
        down=frozenset(dark | {name for name, fault in found.items() if fault.get("down")}),
        symbol_errors={name: int(fault["symbol_errors"]) for name, fault in found.items() if "symbol_errors" in fault},
    )


def port_attributes(spec: LabSpec, fabric: Fabric, node: LabNode, now: Condition) -> dict[str, str]:
    """What the node's own /sys says of its ports in that condition, by path."""
    cables = {cable.name: cable for cable in fabric.cables}
    files: dict[str, str] = {}
    for nic in make_profile(spec.hardware.get(node.hardware_class, {}), node.name, node.hardware_class)["nics"] if fabric.of_node(node.name) else ():
        name = f"{node.name}:{nic['name']}"
        if name in cables and name not in now.down:
            rating = now.ratings.get(name, cables[name].rating)
            found = port_files(nic, rate_gbits_per_s=rating.gbits_per_s, lanes=rating.lanes)
        else:
            found = port_files(nic, state="Down", physical_state="Polling", rate_gbits_per_s=_RATE_OF_NOTHING)
        files.update({f"{HARDWARE_ROOT}/sys/class/infiniband/{nic['name']}/{path}": content for path, content in found.items()})
    return files


def console_lines(fabric: Fabric, now: Condition, wanted: Condition) -> list[str]:
    """What is typed on ibsim's console to come from one condition to another of the same ratings."""
    lines = []
    for cable in fabric.cables:
        place = f'"{cable.near.id}"[{cable.near_port}]'
        if (cable.name in wanted.down) != (cable.name in now.down):
            lines.append(f"{'Unlink' if cable.name in wanted.down else 'ReLink'} {place}")
        errors = wanted.symbol_errors.get(cable.name, 0)
        if errors != now.symbol_errors.get(cable.name, 0):
            lines.append(f'PerformanceSet "{cable.far.id}"[{cable.far_port}] PortCounters.SymbolErrorCounter={errors}')
    return lines


def lesser_rating(cable: Cable, text: str) -> Rating:
    """What a cable is degraded to: a width (``1x``), a speed (``edr``) or a rate (``100gbit``). Raises ``CoreError``."""
    lesser = [rating for rating in RATINGS if rating.gbits_per_s < cable.rating.gbits_per_s and _SPEEDS[rating.speed] <= _SPEEDS[cable.rating.speed]]
    # A width at the cable's own speed, a speed at its own width; for a rate, the fastest lanes that give it.
    wanted = text.strip().upper()
    number = wanted.replace("/S", "").replace(" ", "").replace("GBIT", "")
    for rating in lesser:
        if wanted in (str(rating), f"{rating.gbits_per_s:g}") or number == f"{rating.gbits_per_s:g}":
            return rating
        if wanted == rating.width and rating.speed == cable.rating.speed:
            return rating
        if wanted == rating.speed and rating.width == cable.rating.width:
            return rating
    known = ", ".join(f"{rating.gbits_per_s:g}gbit ({rating})" for rating in lesser[:4])
    raise CoreError(f"{text!r} is no rate that {cable.name}, a {cable.rating} link, can fall to.", where="rate", hint=f"There are: {known}.")
