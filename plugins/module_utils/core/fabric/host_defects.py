# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that lack a rail, are cabled to the wrong leaf, or can't be told by their name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..model.fabric import Defect, Fabric, Host, Node
from .names import short
from .rails import MIXED, SMALL_GROUP

_LOOK = "Look at the port of the host (ibstat), the cable, the transceivers and the port of the leaf."

# A host's unit and family: hosts like it.
_Group = tuple["str | None", str]


@dataclass(frozen=True)
class _Unnamed:
    """An adapter whose description names no host, where it hangs, and whose it must be by that place."""

    __slots__ = ("guess", "node", "port", "rail", "switch")

    node: Node
    switch: str | None
    port: int | str | None
    guess: str | None
    rail: int | None


class HostDefects:
    """What is wrong with the hosts of a fabric."""

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric
        self._like: dict[_Group, list[Host]] = {}
        for host in fabric.hosts.values():
            self._like.setdefault((host.unit, host.family), []).append(host)
        self._usual = self._usual_rails()
        self.unnamed = list(self._find_unnamed())
        # A rail whose adapter is there and nameless is not missing.
        self._explained = {(entry.guess, entry.rail) for entry in self.unnamed if entry.guess}

    def all(self) -> Iterator[Defect]:
        yield from self._missing_leaves()
        yield from self._missing_rails()
        yield from self._wrong_leaves()
        yield from self._nameless()
        yield from self._twice()

    def _usual_rails(self) -> dict[_Group, frozenset[int]]:
        """The rails that at least half of the hosts like one have: of its unit, or of its whole family where those are few."""
        families: dict[str, list[Host]] = {}
        for (_unit, family), hosts in self._like.items():
            families.setdefault(family, []).extend(hosts)
        usual = {}
        for group, hosts in self._like.items():
            few = len(hosts) < SMALL_GROUP
            if few and group[1] == MIXED:
                usual[group] = frozenset[int]()
                continue
            members = families[group[1]] if few else hosts
            seen = Counter(rail for host in members for rail in {link.rail for link in host.links} if rail is not None)
            enough = 0.75 if group[1] == MIXED else 0.5
            usual[group] = frozenset(rail for rail, count in seen.items() if count >= enough * len(members))
        return usual

    def _present(self, unit: str | None) -> set[int]:
        """The rails that any host of a unit has."""
        hosts = self._fabric.units[unit].hosts if unit else ()
        return {link.rail for name in hosts for link in self._fabric.hosts[name].links if link.rail is not None}

    def _missing_leaves(self) -> Iterator[Defect]:
        """Rails that no host of a unit has, and that hosts like them have in at least half of the units."""
        units: dict[str, dict[str, set[int]]] = {}
        for (unit, family), hosts in self._like.items():
            if unit and family != MIXED and len(hosts) > 1:
                units.setdefault(family, {})[unit] = {link.rail for host in hosts for link in host.links if link.rail is not None}
        told: set[tuple[str, int]] = set()
        for of_family in units.values():
            counts = Counter(rail for rails in of_family.values() for rail in rails)
            expected = {rail for rail, count in counts.items() if 2 * count >= len(of_family)}
            for unit, rails in of_family.items():
                lacking = expected - rails
                if 2 * len(lacking) > len(expected):
                    # Fewer than half of the rails: hosts of another kind with the same name.
                    continue
                for rail in sorted(lacking - self._present(unit)):
                    if (unit, rail) not in told:
                        told.add((unit, rail))
                        yield self._missing_leaf(unit, rail)

    def _missing_leaf(self, unit: str, rail: int) -> Defect:
        hosts = len(self._fabric.units[unit].hosts)
        return Defect(
            "leaf_missing",
            f"{unit} rail {rail}",
            f"none of the {hosts} hosts of {unit} has rail {rail}, which those of other units have: its leaf is down, or all of its cables are.",
            "Look at the leaf of this rail: is it powered, is it in the subnet?",
            kind="leaf",
            expected=f"rail {rail}",
            observed="no cable",
        )

    def _missing_rails(self) -> Iterator[Defect]:
        for host in self._fabric.hosts.values():
            usual = self._usual[host.unit, host.family]
            have = {link.rail for link in host.links if link.rail is not None}
            explained = {rail for rail in usual if (host.name, rail) in self._explained}
            lacking = sorted((usual - have - explained) & self._present(host.unit))
            # A cable on a device of another name or on a second port stands for one of them.
            lacking = lacking[: max(0, len(usual) - len(explained) - len(host.links))]
            if host.family == MIXED and 2 * len(have) < len(usual):
                continue
            if 2 * len(lacking) > len(usual):
                yield self._few_rails(host, len(usual))
                continue
            for rail in lacking:
                yield self._missing_rail(host, rail)

    def _few_rails(self, host: Host, usual: int) -> Defect:
        found = f"{len(host.links)} of the {usual} cables"
        return Defect(
            "rails_missing",
            host.name,
            f"it has {found} that hosts of its kind have.",
            _LOOK,
            kind="node",
            expected=str(usual),
            observed=str(len(host.links)),
            places=tuple((link.adapter, link.port) for link in host.links),
            host=host.name,
        )

    def _missing_rail(self, host: Host, rail: int) -> Defect:
        leaf = self._leaf_of(host.unit, host.family, rail)
        device = self._device_of(host, rail)
        where = f", on {self._fabric.switches[leaf].label}" if leaf else ""
        return Defect(
            "rail_missing",
            f"{host.name} rail {rail}",
            f"it has no link on rail {rail}{f' ({device})' if device else ''}{where}: the port is down, or the cable is.",
            _LOOK,
            kind="port",
            expected=self._fabric.switches[leaf].label if leaf else "",
            observed="no cable",
            places=((leaf, None),) if leaf else (),
            host=host.name,
        )

    def _device_of(self, host: Host, rail: int) -> str | None:
        """What hosts like it call the device of a rail."""
        names = Counter(link.device for other in self._like[host.unit, host.family] for link in other.links if link.rail == rail and link.device)
        return names.most_common(1)[0][0] if names else None

    def _leaf_of(self, unit: str | None, family: str, rail: int) -> str | None:
        """The leaf that two thirds of the cables of a rail of such hosts end at."""
        ends = Counter(link.switch for host in self._like.get((unit, family), ()) for link in host.links if link.rail == rail)
        if sum(ends.values()) < SMALL_GROUP:
            ends = Counter(leaf for leaf in (self._fabric.units[unit].leaves if unit else ()) if self._fabric.switches[leaf].rail == rail)
        leaf, count = ends.most_common(1)[0] if ends else (None, 0)
        return leaf if 3 * count >= 2 * sum(ends.values()) else None

    def _wrong_leaves(self) -> Iterator[Defect]:
        for (unit, family), hosts in self._like.items():
            if unit is None or len(hosts) < SMALL_GROUP:
                continue
            right = {rail: self._leaf_of(unit, family, rail) for rail in self._usual[unit, family]}
            for host in hosts:
                for link in host.links:
                    leaf = right.get(link.rail) if link.rail is not None else None
                    if leaf is not None and link.switch != leaf:
                        yield self._wrong_leaf(host, link.rail or 0, link.device, leaf, (link.adapter, link.port), (link.switch, link.switch_port))

    def _wrong_leaf(self, host: Host, rail: int, device: str | None, leaf: str, end: tuple[str, int | str], other: tuple[str, int | str]) -> Defect:
        found = self._fabric.switches[other[0]]
        if found.tier != 1:
            what = "a switch above the leaves"
        elif found.unit != host.unit:
            what = f"a leaf of {found.unit}"
        else:
            what = f"the leaf of rail {found.rail}" if found.rail is not None else "another leaf"
        right = self._fabric.switches[leaf].label
        return Defect(
            "wrong_leaf",
            f"{host.name} {device}" if device else f"{host.name} rail {rail}",
            f"its cable of rail {rail} goes to {found.label} port {other[1]}, {what}; the others' of {host.unit} go to {right}.",
            f"Move the cable to {right}, or say why it is where it is.",
            kind="link",
            expected=right,
            observed=f"{found.label} port {other[1]}",
            places=(end, other),
            host=host.name,
        )

    def _find_unnamed(self) -> Iterator[_Unnamed]:
        fabric = self._fabric
        ends: dict[str, tuple[str, int | str]] = {}
        nameless = {node.id: node for node in fabric.wiring.nodes.values() if node.kind == "hca" and not node.host}
        for cable in fabric.wiring.cables if nameless else ():
            for near, far, port in ((cable.a, cable.b, cable.b_port), (cable.b, cable.a, cable.a_port)):
                if near in nameless and far in fabric.switches:
                    ends.setdefault(near, (far, port))
        at_port: dict[tuple[str, int | str], Counter[str]] = {}
        for host in fabric.hosts.values() if nameless else ():
            for link in host.links:
                unit = fabric.switches[link.switch].unit
                if unit:
                    at_port.setdefault((unit, link.switch_port), Counter())[host.name] += 1
        for node in nameless.values():
            if node.id not in ends:
                yield _Unnamed(node, None, None, None, None)
                continue
            switch, port = ends[node.id]
            place = fabric.switches[switch]
            # Whoever has this port on the other leaves of the unit, and none on this one.
            seen = at_port.get((place.unit or "", port), Counter())
            name, count = seen.most_common(1)[0] if seen else ("", 0)
            fits = place.rail is not None and 2 * count > sum(seen.values()) and not self._on(name, place.rail)
            yield _Unnamed(node, switch, port, name if fits else None, place.rail)

    def _on(self, host: str, rail: int) -> bool:
        return any(link.rail == rail for link in self._fabric.hosts[host].links)

    def _nameless(self) -> Iterator[Defect]:
        for entry in self.unnamed:
            where = f" at port {entry.port} of {self._fabric.switches[entry.switch].label}" if entry.switch else ""
            guess = f" By its place it is {entry.guess}'s, of rail {entry.rail}." if entry.guess else ""
            yield Defect(
                "hca_unnamed",
                f"HCA {entry.node.id}",
                f"the adapter{where} calls itself {entry.node.name!r}, which does not tell the host that it is in.{guess}",
                "Start rdma-ndd on that host, or write its name to node_desc; then discover again.",
                kind="port",
                expected=entry.guess or "",
                observed=entry.node.name,
                places=((entry.node.id, None), *(((entry.switch, entry.port),) if entry.switch else ())),
                host=entry.guess or "",
            )

    def _twice(self) -> Iterator[Defect]:
        """Adapters that say that they are the same port of the same host."""
        seen: dict[tuple[str, str | None, int | str], list[str]] = {}
        for host in self._fabric.hosts.values():
            for link in host.links:
                if link.device:
                    seen.setdefault((host.name, link.device, link.port), []).append(link.adapter)
        for (name, device, _port), adapters in seen.items():
            if len(adapters) > 1:
                yield Defect(
                    "name_twice",
                    f"{name} {device}",
                    f"{len(adapters)} adapters call themselves {name} {device}: {', '.join(adapters)}. Hosts of one name are one host here.",
                    "Give each host a name of its own; then discover again.",
                    kind="node",
                    expected="1",
                    observed=str(len(adapters)),
                    places=tuple((adapter, None) for adapter in adapters),
                    host=name,
                )


def missing_nodes(fabric: Fabric, nodes: Iterable[str]) -> Iterator[Defect]:
    """Yield the nodes of an inventory that no adapter of the fabric names."""
    known = match_hosts(fabric, nodes)
    nameless = sum(node.kind == "hca" and not node.host for node in fabric.wiring.nodes.values())
    hint = f"Among the {nameless} adapters without a name may be its own." if nameless else "Is it up, and is its name in the fabric the inventory's?"
    for node, host in known.items():
        if host is None:
            yield Defect("node_missing", node, "no adapter of the fabric names it.", hint, kind="node", expected=node, host=node)


def match_hosts(fabric: Fabric, nodes: Iterable[str]) -> dict[str, str | None]:
    """Return the fabric's name for each node of an inventory: the same, or the same up to the first dot."""
    shorts: dict[str, str | None] = {}
    for host in fabric.hosts:
        # Two hosts that differ in their domain alone are told apart by their whole names only.
        shorts[short(host)] = None if short(host) in shorts else host
    return {node: node if node in fabric.hosts else shorts.get(short(node)) for node in nodes}
