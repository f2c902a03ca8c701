# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Links that are slower or narrower than their kind, and cables that are missing between switches.

No wish is needed for either: a link is compared with those that end at the same switch, and with those of the same kind of host or switch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..model.fabric import Cable, Defect, Fabric
from .rails import MIXED, SMALL_GROUP
from .units import find_pods

_CLEAN = "Clean or replace the cable or the transceivers, then look at both ports."


@dataclass(frozen=True)
class _Link:
    """A cable with the two groups of links that it is compared with, one for each end."""

    __slots__ = ("cable", "groups", "host", "kind")

    cable: Cable
    kind: Hashable
    groups: tuple[Hashable, Hashable]
    host: str | None


def slow_links(fabric: Fabric) -> Iterator[Defect]:
    """Yield the links that carry less than most of those of their kind, at both of their ends."""
    links = list(_rated(fabric))
    rates: dict[Hashable, Counter[float]] = {}
    words: dict[tuple[Hashable, float], Counter[tuple[str | None, str | None]]] = {}
    for link in links:
        rate = link.cable.rate_gbits_per_s or 0.0
        words.setdefault((link.kind, rate), Counter())[link.cable.width, link.cable.speed] += 1
        for group in (link.kind, *link.groups):
            rates.setdefault(group, Counter())[rate] += 1
    usual = {group: max(counted, key=lambda rate: (counted[rate], rate)) for group, counted in rates.items()}
    enough = {group for group, counted in rates.items() if sum(counted.values()) >= SMALL_GROUP}
    slow: list[tuple[_Link, float]] = []
    for link in links:
        expected = min(usual[group if group in enough else link.kind] for group in link.groups)
        if (link.cable.rate_gbits_per_s or 0.0) < expected:
            slow.append((link, expected))
    whole = _slow_as_a_whole(fabric, slow)
    for link, expected in slow:
        if link.host not in whole:
            yield _slow(fabric, link, expected, words[link.kind, expected].most_common(1)[0][0] if (link.kind, expected) in words else (None, None))
    for host, (count, expected) in whole.items():
        yield Defect(
            "host_slow",
            host,
            f"each of its {count} links carries less than {expected:g} Gb/s, which is usual for hosts of its kind.",
            "Look at the speed that its adapters are set to, and whether they are the same as the others'.",
            kind="node",
            expected=f"{expected:g} Gb/s",
            observed=", ".join(sorted({_words(end.width, end.speed, end.rate_gbits_per_s) for end in fabric.hosts[host].links})),
            places=tuple((end.adapter, end.port) for end in fabric.hosts[host].links),
            host=host,
        )


def _rated(fabric: Fabric) -> Iterator[_Link]:
    nodes, switches, hosts = fabric.wiring.nodes, fabric.switches, fabric.hosts
    for cable in fabric.wiring.cables:
        if cable.rate_gbits_per_s is None:
            continue
        a, b = switches.get(cable.a), switches.get(cable.b)
        if a and b:
            kind: Hashable = ("switches", *sorted((a.tier or 0, b.tier or 0)))
            yield _Link(cable, kind, ((kind, a.id), (kind, b.id)), None)
        elif a or b:
            switch, node = (a, nodes[cable.b]) if a else (b, nodes[cable.a])
            if switch is None or node.kind != "hca":
                continue
            kind = ("hosts", switch.tier)
            family = hosts[node.host].family if node.host else MIXED
            yield _Link(cable, kind, ((kind, switch.id), (kind, family) if family != MIXED else kind), node.host)


def _slow_as_a_whole(fabric: Fabric, slow: Iterable[tuple[_Link, float]]) -> dict[str, tuple[int, float]]:
    """Hosts all of whose links, two or more, are slow: one word for all of them."""
    counts: Counter[str] = Counter()
    expected: dict[str, float] = {}
    for link, rate in slow:
        if link.host:
            counts[link.host] += 1
            expected[link.host] = max(rate, expected.get(link.host, 0.0))
    return {host: (count, expected[host]) for host, count in counts.items() if count > 1 and count == len(fabric.hosts[host].links)}


def _slow(fabric: Fabric, link: _Link, expected: float, words: tuple[str | None, str | None]) -> Defect:
    cable = link.cable
    narrow = cable.width != words[0] and cable.speed == words[1]
    runs, usual = _words(cable.width, cable.speed, cable.rate_gbits_per_s), _words(*words, expected)
    return Defect(
        "link_narrow" if narrow else "link_slow",
        cable_name(fabric, cable),
        f"the link runs at {runs}, where others of its kind run at {usual}.",
        _CLEAN if narrow else f"{_CLEAN} See whether a speed was set by hand.",
        kind="link",
        expected=usual,
        observed=runs,
        places=((cable.a, cable.a_port), (cable.b, cable.b_port)),
        host=link.host or "",
    )


def _words(width: str | None, speed: str | None, rate: float | None) -> str:
    return f"{width} {speed} ({rate:g} Gb/s)" if width and speed else f"{rate:g} Gb/s"


def cable_name(fabric: Fabric, cable: Cable) -> str:
    """Return ``gpu0007 mlx5_2 – su1-leaf3 port 7``: the end further down first."""
    ends = [(end_tier(fabric, node), end_name(fabric, node, port)) for node, port in ((cable.a, cable.a_port), (cable.b, cable.b_port))]
    return " – ".join(name for _tier, name in sorted(ends, key=lambda end: end[0]))


def end_tier(fabric: Fabric, node: str) -> int:
    switch = fabric.switches.get(node)
    return 0 if switch is None else switch.tier or 9


def end_name(fabric: Fabric, node: str, port: int | str | None) -> str:
    """Return what people call the end of a cable."""
    switch = fabric.switches.get(node)
    if switch is not None:
        return switch.label if port is None else f"{switch.label} port {port}"
    known = fabric.wiring.nodes[node]
    # An adapter of one port needs no number.
    return known.label if port is None or len(known.ports) < 2 else f"{known.label} port {port}"


def missing_uplinks(fabric: Fabric) -> Iterator[Defect]:
    """Yield the cables between switches that a switch lacks and most of those beside it have."""
    if not fabric.wiring.uplinks_known:
        return
    up: dict[str, Counter[str]] = {}
    for cable in fabric.wiring.cables:
        a, b = fabric.switches.get(cable.a), fabric.switches.get(cable.b)
        if a and b and a.tier and b.tier and a.tier != b.tier:
            low, high = (a, b) if a.tier < b.tier else (b, a)
            up.setdefault(low.id, Counter())[high.id] += 1
    for tier in range(1, fabric.tiers):
        beside = {switch.label: switch.id for switch in fabric.switches.values() if switch.tier == tier}
        groups = find_pods({label: up.get(switch, Counter()) for label, switch in beside.items()})
        for group in groups:
            yield from _missing_in_group(fabric, [beside[label] for label in group], up)


def _missing_in_group(fabric: Fabric, group: list[str], up: Mapping[str, Counter[str]]) -> Iterator[Defect]:
    """``group``: switches that hang below the same ones."""
    totals = Counter(sum(up.get(switch, Counter()).values()) for switch in group)
    usual_total = max(totals, key=lambda total: (totals[total], total))
    above = dict.fromkeys(other for switch in group for other in up.get(switch, ()))
    usual = {}
    for other in above:
        counts = Counter(up.get(switch, Counter())[other] for switch in group)
        usual[other] = max(counts, key=lambda count: (counts[count], count))
    for switch in group:
        cables = up.get(switch, Counter())
        if len(group) < 2 or sum(cables.values()) >= usual_total:
            continue
        for other, expected in usual.items():
            lacking = expected - cables[other]
            if lacking > 0:
                yield _missing(fabric, switch, other, expected, cables[other])


def _missing(fabric: Fabric, switch: str, other: str, expected: int, found: int) -> Defect:
    low, high = fabric.switches[switch].label, fabric.switches[other].label
    have = "a cable" if expected == 1 else f"{expected} cables"
    what = (
        f"there is no cable from {low} to {high}" if found == 0 else f"there {'is' if found == 1 else 'are'} {found} of {expected} cables from {low} to {high}"
    )
    return Defect(
        "uplink_missing",
        f"{low} – {high}",
        f"{what}; most of the switches beside it have {have} there.",
        "Look at the cable, the transceivers and the ports at both ends.",
        kind="uplink",
        expected=str(expected),
        observed=str(found),
        places=((switch, None), (other, None)),
    )


def split(fabric: Fabric) -> Iterator[Defect]:
    """Yield a defect where scalable units can't reach each other. Planes that share their hosts are one fabric."""
    if not fabric.wiring.uplinks_known or len(fabric.units) < 2:
        return
    root = {switch: switch for switch in fabric.switches}

    def find(switch: str) -> str:
        while root[switch] != switch:
            root[switch] = root[root[switch]]
            switch = root[switch]
        return switch

    for cable in fabric.wiring.cables:
        if cable.a in root and cable.b in root:
            root[find(cable.a)] = find(cable.b)
    for host in fabric.hosts.values():
        for link in host.links[1:]:
            root[find(link.switch)] = find(host.links[0].switch)
    parts: dict[str, list[str]] = {}
    for unit in fabric.units.values():
        if unit.hosts:
            parts.setdefault(find(unit.leaves[0]), []).append(unit.name)
    largest = max(parts.values(), key=len, default=[])
    for units in parts.values():
        if units is not largest:
            yield Defect(
                "fabric_split",
                ", ".join(units),
                f"there is no way from {', '.join(units)} to the rest of the fabric ({', '.join(largest)}).",
                "Look at the uplinks of these units; several subnets need a discovery each.",
                kind="fleet",
                places=tuple((leaf, None) for unit in units for leaf in fabric.units[unit].leaves),
            )
