# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From cables to a fabric: hosts with their rails, leaves and spines, scalable units and pods.

Time and memory grow with the number of cables alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..model.fabric import Cable, Fabric, FabricSwitch, Host, HostLink, Node, Pod, Unit, Wiring
from ..slurm.hostlist import natural
from .names import DeviceKey, common_name, device_key, family, keep, naturally, same, words
from .rails import MIXED, SMALL_GROUP, Rails, find_rails
from .tiers import find_tiers
from .units import find_pods, find_units


@dataclass
class _Switch:
    """What ends at a switch."""

    host_cables: int = 0
    host_rate: float | None = 0.0
    others: Counter[str] = field(default_factory=Counter)
    rates: dict[str, float | None] = field(default_factory=dict)
    """Neighbouring switch to what the cables to it carry in all."""


# The adapter, its port, the switch, its port, the cable.
_Attached = tuple[Node, "int | str", str, "int | str", Cable]


def build(wiring: Wiring) -> Fabric:
    """Return the fabric that the wiring makes."""
    switches, attached = _sort_cables(wiring)
    tiers = find_tiers({switch: ends.host_cables for switch, ends in switches.items()}, {switch: ends.others for switch, ends in switches.items()})
    labels = _labels(wiring, switches)
    order = {switch: place for place, switch in enumerate(sorted(labels, key=lambda switch: natural(labels[switch])))}
    on_leaves = {host: Counter(switch for _node, _port, switch, *_rest in links if tiers.get(switch) == 1) for host, links in sorted(attached.items())}
    groups, home = find_units({host: leaves for host, leaves in on_leaves.items() if leaves})
    rails = _Rails(attached, home, on_leaves, groups, order)
    links = {host: rails.links(host) for host in attached}
    leaf_rails = _leaf_rails({host: (rails.count(host), of_host) for host, of_host in links.items()})
    for leaves in groups:
        leaves.sort(key=lambda leaf: (leaf_rails.get(leaf, 1 << 30), order[leaf]))
    units, names = _units(groups, home, labels, order, rails)
    pods, pod_of = _pods(units, switches, tiers, labels, order)
    unit_of = {leaf: unit.name for unit in units for leaf in unit.leaves}
    hosts = {}
    for host in naturally(attached):
        place = home.get(host)
        unit_name = names[place] if place is not None else None
        hosts[host] = Host(host, unit_name, rails.family(host), rails.count(host), links[host])
    return Fabric(
        wiring,
        tiers=max(tiers.values(), default=0),
        switches={
            switch: _fabric_switch(switch, wiring.nodes[switch], ends, labels, tiers, unit_of.get(switch), leaf_rails.get(switch))
            for switch in order
            for ends in (switches[switch],)
        },
        hosts=hosts,
        units={unit.name: Unit(unit.name, pod_of[unit.name], unit.leaves, unit.hosts, unit.rails) for unit in units},
        pods=pods,
    )


def _sort_cables(wiring: Wiring) -> tuple[dict[str, _Switch], dict[str, list[_Attached]]]:
    """Tell cables between switches from those of hosts. An adapter without a name counts as a host's, of a host that nobody knows."""
    nodes = wiring.nodes
    switches = {node.id: _Switch() for node in nodes.values() if node.kind == "switch"}
    attached: dict[str, list[_Attached]] = {}
    for cable in wiring.cables:
        for near, near_port, far, far_port in ((cable.a, cable.a_port, cable.b, cable.b_port), (cable.b, cable.b_port, cable.a, cable.a_port)):
            ends = switches.get(near)
            if ends is None:
                continue
            other = nodes[far]
            if other.kind == "switch":
                ends.others[far] += 1
                ends.rates[far] = _plus(ends.rates.get(far, 0.0), cable.rate_gbits_per_s)
            elif other.kind == "hca":
                ends.host_cables += 1
                ends.host_rate = _plus(ends.host_rate, cable.rate_gbits_per_s)
                if other.host:
                    attached.setdefault(other.host, []).append((other, far_port, near, near_port, cable))
    return switches, attached


def _plus(total: float | None, rate: float | None) -> float | None:
    return None if total is None or rate is None else total + rate


def _labels(wiring: Wiring, switches: Iterable[str]) -> dict[str, str]:
    """A label for each switch; where two have the same, the end of the GUID tells them apart."""
    count = Counter(wiring.nodes[switch].label for switch in switches)
    labels = {}
    for switch in switches:
        label = wiring.nodes[switch].label
        labels[switch] = label if count[label] == 1 else f"{label}-{switch[-6:]}"
    return labels


class _Rails:
    """The rail of each cable of a host."""

    def __init__(
        self,
        attached: Mapping[str, Sequence[_Attached]],
        home: Mapping[str, int],
        on_leaves: Mapping[str, Counter[str]],
        groups: Sequence[Sequence[str]],
        order: Mapping[str, int],
    ) -> None:
        self._attached = attached
        self._home = home
        sizes = Counter(family(host) for host in attached)
        self._family = {host: name if sizes[name] >= SMALL_GROUP else MIXED for host in attached for name in (family(host),)}
        named = sum(node.device is not None for links in attached.values() for node, *_rest in links)
        # Where most descriptions name no device, the leaf stands for it.
        self._by_leaf = 2 * named < sum(len(links) for links in attached.values())
        self._place = {leaf: place for leaves in groups for place, leaf in enumerate(sorted(leaves, key=order.__getitem__))}
        self._devices = {host: [self._key(entry) for entry in links] for host, links in attached.items()}
        self.found: Rails = find_rails((home.get(host), self._family[host], devices) for host, devices in self._devices.items())

    def _key(self, entry: _Attached) -> DeviceKey:
        node, port, switch = entry[:3]
        return (3, self._place.get(switch, len(self._place)), "", "") if self._by_leaf else device_key(node.device, port)

    def family(self, host: str) -> str:
        return self._family[host]

    def count(self, host: str) -> int:
        return len(self.found.usual(self._home.get(host), self._family[host]))

    def links(self, host: str) -> tuple[HostLink, ...]:
        sequence = self.found.sequences[self._family[host]]
        links = []
        for device, (node, port, switch, switch_port, cable) in sorted(zip(self._devices[host], self._attached[host]), key=lambda pair: pair[0]):
            port_guid, lid = node.ports.get(port, (None, None))
            rail = sequence.get(device)
            links.append(HostLink(node.id, node.device, port, port_guid, lid, rail, switch, switch_port, cable.width, cable.speed, cable.rate_gbits_per_s))
        return tuple(links)


def _leaf_rails(links: Mapping[str, tuple[int, Sequence[HostLink]]]) -> dict[str, int]:
    """The rail of each switch that most of its hosts' cables are of one rail. A host of many rails says more than one of few."""
    weights: dict[str, Counter[int | None]] = {}
    for rails, of_host in links.values():
        for link in of_host:
            weights.setdefault(link.switch, Counter())[link.rail] += rails
    found = {}
    for switch, votes in weights.items():
        rail, weight = votes.most_common(1)[0]
        if rail is not None and 2 * weight > sum(votes.values()):
            found[switch] = rail
    return found


def _units(
    groups: Sequence[Sequence[str]], home: Mapping[str, int], labels: Mapping[str, str], order: Mapping[str, int], rails: _Rails
) -> tuple[list[Unit], dict[int, str]]:
    hosts_of: dict[int, list[str]] = {}
    for host in naturally(home):
        hosts_of.setdefault(home[host], []).append(host)
    places = sorted((place for place, leaves in enumerate(groups) if leaves), key=lambda place: min(order[leaf] for leaf in groups[place]))
    names = dict(zip(places, _unit_names([[labels[leaf] for leaf in groups[place]] for place in places])))
    units = []
    for place in places:
        hosts = hosts_of.get(place, [])
        usual = max((rails.count(host) for host in hosts), default=0)
        units.append(Unit(names[place], "", tuple(groups[place]), tuple(hosts), usual))
    return units, names


def _unit_names(groups: Sequence[Sequence[str]]) -> list[str]:
    """What the labels of a unit's leaves have in common, where that tells the units apart; else unit1, unit2, …"""
    names = [common_name(labels) for labels in groups]
    # The only leaf of a unit gives up the same words as the others do, so that the unit's name stays when the rest comes back.
    shapes = {
        len(split[0]): same(split) for labels in groups if len(labels) > 1 for split in ([words(label) for label in labels],) if len({*map(len, split)}) == 1
    }
    for place, labels in enumerate(groups):
        parts = words(labels[0])
        if len(labels) == 1 and len(parts) in shapes:
            names[place] = keep(parts, shapes[len(parts)]) or names[place]
    if all(names) and len(set(names)) == len(names):
        return names
    return [f"unit{number}" for number in range(1, len(names) + 1)]


def _pods(
    units: Sequence[Unit], switches: Mapping[str, _Switch], tiers: Mapping[str, int], labels: Mapping[str, str], order: Mapping[str, int]
) -> tuple[dict[str, Pod], dict[str, str]]:
    spines_of: dict[str, Counter[str]] = {}
    for unit in units:
        above = spines_of[unit.name] = Counter()
        for leaf in unit.leaves:
            above.update({other: count for other, count in switches[leaf].others.items() if tiers.get(other) == 2})
    groups = find_pods(spines_of)
    # A spine belongs to the pod that most of its cables lead to.
    votes: dict[str, Counter[int]] = {}
    for place, names in enumerate(groups):
        for name in names:
            for spine, count in spines_of[name].items():
                votes.setdefault(spine, Counter())[place] += count
    spines: list[list[str]] = [[] for _group in groups]
    for spine in sorted(votes, key=order.__getitem__):
        spines[votes[spine].most_common(1)[0][0]].append(spine)
    pod_names = [common_name([labels[spine] for spine in theirs]) if theirs else "" for theirs in spines]
    if not all(pod_names) or len(set(pod_names)) < len(pod_names) or set(pod_names) & set(spines_of):
        pod_names = ["spine"] if len(groups) == 1 else [f"pod{number}" for number in range(1, len(groups) + 1)]
    pods = {name: Pod(name, tuple(names), tuple(theirs)) for name, names, theirs in zip(pod_names, groups, spines)}
    return pods, {unit: pod.name for pod in pods.values() for unit in pod.units}


def _fabric_switch(
    switch: str, node: Node, ends: _Switch, labels: Mapping[str, str], tiers: Mapping[str, int], unit: str | None, rail: int | None
) -> FabricSwitch:
    tier = tiers.get(switch)
    down, up = ends.host_rate, 0.0 if tier is not None else None
    for other, rate in ends.rates.items():
        above = tier is not None and tiers.get(other, 0) > tier
        if above:
            up = _plus(up, rate)
        elif tier is not None and tiers.get(other, tier) < tier:
            down = _plus(down, rate)
    return FabricSwitch(switch, node.name, labels[switch], node.model, tier, unit, rail if tier == 1 else None, ends.host_cables, down, up)
