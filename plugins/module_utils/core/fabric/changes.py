# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changed in a fabric since it was last discovered, in words: a cable that was moved is named, and not silently followed.

A host or a switch that is gone takes its cables with it: they are counted, not listed. LIDs come and go and say nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..model.fabric import Cable, Fabric, FabricChange
from ..slurm.hostlist import natural
from .link_defects import cable_name, end_name, end_tier

_End = tuple[str, "int | str"]
_ORDER = (
    "switch_lost",
    "switch_replaced",
    "switch_renamed",
    "switch_new",
    "host_lost",
    "host_renamed",
    "host_new",
    "host_moved",
    "adapter_replaced",
    "cable_moved",
    "cable_lost",
    "cable_new",
    "rate_changed",
)


def find_changes(old: Fabric, new: Fabric) -> tuple[FabricChange, ...]:
    """Return what is different in ``new``, in the order of what it may cost and then of the subjects."""
    found = list(_Comparison(old, new).all())
    return tuple(sorted(found, key=lambda change: (_ORDER.index(change.id), natural(change.subject))))


class _Pool:
    """Cables that wait to be explained."""

    def __init__(self, cables: dict[frozenset[_End], Cable]) -> None:
        self.cables = cables
        self.by_node: dict[str, list[frozenset[_End]]] = {}
        for ends in cables:
            for node in _nodes(ends):
                self.by_node.setdefault(node, []).append(ends)

    def take(self, *nodes: str) -> int:
        """Take the cables of some nodes out, and return how many they had, those included that something else explained."""
        theirs = {ends for node in nodes for ends in self.by_node.get(node, ())}
        for ends in theirs:
            self.cables.pop(ends, None)
        return len(theirs)


class _Comparison:
    def __init__(self, old: Fabric, new: Fabric) -> None:
        self._old, self._new = old, new
        # What took the place of something: old id to new id.
        self._switches = _replaced(_by_label(old), _by_label(new))
        self._adapters = _replaced(_by_device(old), _by_device(new))
        self._renamed = dict(self._renamed_hosts())
        successor = {**self._switches, **self._adapters}
        self._before = {_ends(cable, successor): cable for cable in old.wiring.cables}
        self._after = {_ends(cable, {}): cable for cable in new.wiring.cables}

    def all(self) -> Iterator[FabricChange]:
        lost = _Pool({ends: cable for ends, cable in self._before.items() if ends not in self._after})
        added = _Pool({ends: cable for ends, cable in self._after.items() if ends not in self._before})
        # Where a host's cable went is told whatever became of the switch.
        yield from self._moved(lost, added, adapters=True)
        yield from self._host_changes(lost, added)
        yield from self._switch_changes(lost, added)
        yield from self._moved(lost, added, adapters=False)
        yield from self._moved_ports(lost, added)
        for cable in lost.cables.values():
            yield FabricChange("cable_lost", cable_name(self._old, cable), f"the cable {cable_name(self._old, cable)} is gone.")
        for cable in added.cables.values():
            yield FabricChange("cable_new", cable_name(self._new, cable), f"the cable {cable_name(self._new, cable)} is new.")
        yield from self._rates()

    def _switch_changes(self, lost: _Pool, added: _Pool) -> Iterator[FabricChange]:
        old, new = self._old.switches, self._new.switches
        for before, after in self._switches.items():
            label = new[after].label
            yield FabricChange("switch_replaced", label, f"{label} is another switch now: {after}, before {before}.")
        for switch in old.values():
            if switch.id not in new and switch.id not in self._switches:
                count = lost.take(switch.id)
                yield FabricChange("switch_lost", switch.label, f"{switch.label} is gone, with {_cables(count)}.")
            elif switch.id in new and switch.name != new[switch.id].name:
                yield FabricChange("switch_renamed", new[switch.id].label, f"{switch.label} is called {new[switch.id].label} now.")
        known = set(self._switches.values())
        for switch in new.values():
            if switch.id not in old and switch.id not in known:
                count = added.take(switch.id)
                yield FabricChange("switch_new", switch.label, f"{switch.label} is new, with {_cables(count)}.")

    def _host_changes(self, lost: _Pool, added: _Pool) -> Iterator[FabricChange]:
        for before, after in self._renamed.items():
            yield FabricChange("host_renamed", after, f"the adapters of {before} call themselves {after} now.")
        for host in self._old.hosts.values():
            if host.name not in self._new.hosts and host.name not in self._renamed:
                count = lost.take(*(link.adapter for link in host.links))
                yield FabricChange("host_lost", host.name, f"{host.name} is gone, with {_cables(count)}.")
        known = set(self._renamed.values())
        for host in self._new.hosts.values():
            if host.name not in self._old.hosts and host.name not in known:
                count = added.take(*(link.adapter for link in host.links))
                yield FabricChange("host_new", host.name, f"{host.name} is new, with {_cables(count)}{f', in {host.unit}' if host.unit else ''}.")
        for before, after in self._adapters.items():
            label = self._new.wiring.nodes[after].label
            yield FabricChange("adapter_replaced", label, f"{label} is another adapter now: {after}, before {before}.")
        yield from self._moved_hosts()

    def _renamed_hosts(self) -> Iterator[tuple[str, str]]:
        """Hosts most of whose adapters are there under another name, which no host had."""
        now = {node.id: node.host for node in self._new.wiring.nodes.values() if node.kind == "hca"}
        for host in self._old.hosts.values():
            if host.name in self._new.hosts:
                continue
            names = Counter(name for link in host.links if (name := now.get(link.adapter)) and name not in self._old.hosts)
            if names and 2 * names.most_common(1)[0][1] > len(host.links):
                yield host.name, names.most_common(1)[0][0]

    def _moved_hosts(self) -> Iterator[FabricChange]:
        """Hosts that belong to another scalable unit. A unit is the one that most of its hosts are in now, whatever it is called."""
        now = {host.name: host.unit for host in self._new.hosts.values()}
        for unit in self._old.units.values():
            places = Counter(place for name in unit.hosts if (place := now.get(self._renamed.get(name, name))))
            usual = max(places, key=lambda place: (places[place], place == unit.name), default=None)
            for name in unit.hosts:
                host = self._renamed.get(name, name)
                place = now.get(host)
                if place and place != usual:
                    yield FabricChange("host_moved", host, f"{host} belongs to {place} now, before to {unit.name}.")

    def _moved(self, lost: _Pool, added: _Pool, *, adapters: bool) -> Iterator[FabricChange]:
        """Pair a lost cable with a new one that has an end in common: an adapter's, or that of a switch, the lower one first."""
        for ends, cable in list(lost.cables.items()):
            for end in sorted(ends, key=lambda end: end_tier(self._new, end[0])):
                if (end_tier(self._new, end[0]) == 0) != adapters or end[0] not in self._new.wiring.nodes:
                    continue
                match = next((other for other in added.by_node.get(end[0], ()) if end in other and other in added.cables), None)
                if match is not None:
                    yield self._move(cable, added.cables.pop(match), end)
                    del lost.cables[ends]
                    break

    def _moved_ports(self, lost: _Pool, added: _Pool) -> Iterator[FabricChange]:
        """Pair a lost cable with a new one between the same two switches."""
        pairs: dict[frozenset[str], list[frozenset[_End]]] = {}
        for ends in added.cables:
            pairs.setdefault(_nodes(ends), []).append(ends)
        for ends, cable in list(lost.cables.items()):
            if pairs.get(_nodes(ends)):
                before, after = cable_name(self._old, cable), cable_name(self._new, added.cables.pop(pairs[_nodes(ends)].pop(0)))
                del lost.cables[ends]
                yield FabricChange("cable_moved", after, f"a cable moved to other ports of the same switches: {after}, before {before}.")

    def _move(self, before: Cable, after: Cable, end: _End) -> FabricChange:
        name = end_name(self._new, *end)
        old_ends, new_ends = [(before.a, before.a_port), (before.b, before.b_port)], [(after.a, after.a_port), (after.b, after.b_port)]
        was = next(other for other in old_ends if _translate(other, {**self._switches, **self._adapters}) != end)
        now = next(other for other in new_ends if other != end)
        return FabricChange("cable_moved", name, f"the cable of {name} goes to {end_name(self._new, *now)} now, before to {end_name(self._old, *was)}.")

    def _rates(self) -> Iterator[FabricChange]:
        for ends, cable in self._after.items():
            before = self._before.get(ends)
            if before is not None and (before.width, before.speed, before.rate_gbits_per_s) != (cable.width, cable.speed, cable.rate_gbits_per_s):
                name = cable_name(self._new, cable)
                yield FabricChange("rate_changed", name, f"the link {name} runs at {_rate(cable)} now, before at {_rate(before)}.")


def _translate(end: _End, successor: Mapping[str, str]) -> _End:
    return successor.get(end[0], end[0]), end[1]


def _ends(cable: Cable, successor: Mapping[str, str]) -> frozenset[_End]:
    return frozenset((_translate((cable.a, cable.a_port), successor), _translate((cable.b, cable.b_port), successor)))


def _by_label(fabric: Fabric) -> dict[object, str]:
    return {switch.label: switch.id for switch in fabric.switches.values()}


def _by_device(fabric: Fabric) -> dict[object, str]:
    return {(host.name, link.device, link.port): link.adapter for host in fabric.hosts.values() for link in host.links if link.device}


def _replaced(old: Mapping[object, str], new: Mapping[object, str]) -> dict[str, str]:
    """Old id to new id of what has the same name and is another thing, neither of which is there twice."""
    before, after = set(old.values()), set(new.values())
    return {old[name]: new[name] for name in old if name in new and old[name] not in after and new[name] not in before}


def _nodes(ends: frozenset[_End]) -> frozenset[str]:
    return frozenset(node for node, _port in ends)


def _cables(count: int) -> str:
    return "a cable" if count == 1 else f"{count} cables"


def _rate(cable: Cable) -> str:
    words = " ".join(word for word in (cable.width, cable.speed) if word)
    rate = "an unknown rate" if cable.rate_gbits_per_s is None else f"{cable.rate_gbits_per_s:g} Gb/s"
    return f"{words} ({rate})" if words and cable.rate_gbits_per_s is not None else rate
