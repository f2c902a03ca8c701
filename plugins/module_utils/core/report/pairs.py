# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A test of pairs as a picture: who was measured with whom, on which rail, and how that compares with what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ..model.isolation import OTHER_LEAF, OTHER_UNIT, SAME_LEAF, TIERS, PairRate
from ..model.run import PairTest, RunRecord
from ..slurm.hostlist import natural
from ..xml_text import xml_text
from .overview import number

# Up to so many nodes a matrix has a cell for each pair, from then on one for each pair of leaves, that opens.
FEW_NODES = 24
# A leaf of more nodes than this is drawn as several.
_LEAF = 64
# Parts of what is expected: below the first a cell is not as it should be any more. Each step is darker.
STEPS = (0.97, 0.94, 0.90, 0.75)
_CELL, _GAP, _LABEL = 44, 2, 7.4


@dataclass(frozen=True)
class Measured:
    """One measurement, placed."""

    __slots__ = ("expected", "rate", "ratio", "tier")

    rate: PairRate
    tier: str
    expected: float | None
    ratio: float | None
    """Of the rate to what is expected; null where nothing came of it, or nothing is expected."""


def expectations(test: PairTest, measured: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return what is expected by tier; where the record doesn't say, the median of what was measured."""
    return {tier: test.expected.get(tier) or median(rates) for tier, rates in measured.items() if test.expected.get(tier) or rates}


def place(record: RunRecord, test: PairTest) -> list[Measured]:
    """Return each measurement with how far apart its nodes are, and with what was expected of it."""
    places = {node.name: (node.unit, node.leaf) for node in record.nodes}
    tiers, rates = [], {tier: list[float]() for tier in TIERS}
    for pair in test.pairs:
        a, b = places.get(pair.a, ("", "")), places.get(pair.b, ("", ""))
        tier = OTHER_UNIT if a[0] != b[0] else OTHER_LEAF if a[1] != b[1] else SAME_LEAF
        tiers.append(tier)
        if pair.rate is not None:
            rates[tier].append(pair.rate)
    expected = expectations(test, rates)
    placed = []
    for pair, tier in zip(test.pairs, tiers):
        wanted = expected.get(tier)
        placed.append(Measured(pair, tier, wanted, None if pair.rate is None or not wanted else pair.rate / wanted))
    return placed


def step(ratio: float | None) -> str:
    """Return the class of a cell: ``s0`` as it should be, up to ``s4``; ``none`` where nothing came of the measurement."""
    return "none" if ratio is None else f"s{sum(ratio < limit for limit in STEPS)}"


def matrices(record: RunRecord, test: PairTest, placed: Sequence[Measured]) -> list[str]:
    """Return an SVG for each rail, a cell for each pair of nodes, for few nodes."""
    names = sorted({name for pair in test.pairs for name in (pair.a, pair.b)} | {node.name for node in record.nodes}, key=natural)
    cells: dict[tuple[int, str, str], list[Measured]] = {}
    for one in placed:
        cells.setdefault((one.rate.rail, one.rate.a, one.rate.b), []).append(one)
        cells.setdefault((one.rate.rail, one.rate.b, one.rate.a), []).append(one)
    rails = sorted({pair.rail for pair in test.pairs} | set(range(test.rails)))
    return [_matrix(test, rail, names, cells) for rail in rails]


def _matrix(test: PairTest, rail: int, names: Sequence[str], cells: Mapping[tuple[int, str, str], Sequence[Measured]]) -> str:
    wide = _CELL if len(names) <= 8 else 22
    left = max(map(len, names)) * _LABEL + 10
    size = len(names) * (wide + _GAP)
    top = left if wide < _CELL else 20.0
    title = f"rail {rail}" if test.rails > 1 else "all pairs"
    parts = [f'<svg class="matrix" viewBox="0 0 {left + size:.0f} {top + size:.0f}" width="{left + size:.0f}" height="{top + size:.0f}" role="img">']
    parts.append(f"<title>{xml_text(f'{test.test}, {title}')}</title>")
    for row, a in enumerate(names):
        y = top + row * (wide + _GAP)
        parts.append(f'<text x="{left - 6:.0f}" y="{y + wide / 2 + 4:.0f}" class="end">{xml_text(a)}</text>')
        x = left + row * (wide + _GAP)
        if wide == _CELL:
            parts.append(f'<text x="{x + wide / 2:.0f}" y="14" class="middle">{xml_text(a if len(a) <= 6 else "…" + a[-4:])}</text>')
        else:
            parts.append(f'<text transform="translate({x + wide / 2 + 4:.0f} {top - 6:.0f}) rotate(-90)">{xml_text(a)}</text>')
        for column, b in enumerate(names):
            x = left + column * (wide + _GAP)
            parts.append(_cell(test, cells.get((rail, a, b), ()), (a, b), (x, y, wide)))
    return "".join([*parts, "</svg>"])


def _cell(test: PairTest, seen: Sequence[Measured], names: tuple[str, str], at: tuple[float, float, int]) -> str:
    x, y, wide = at
    box = f'x="{x:.0f}" y="{y:.0f}" width="{wide}" height="{wide}" rx="3"'
    if names[0] == names[1]:
        return f'<rect {box} class="self"/>'
    if not seen:
        return f'<rect {box} class="unmeasured"><title>{xml_text(f"{names[0]} with {names[1]}: not measured")}</title></rect>'
    known = [one for one in seen if one.rate.rate is not None]
    ratio = median([one.ratio for one in known if one.ratio is not None]) if any(one.ratio is not None for one in known) else None
    told = "\n".join([f"{names[0]} with {names[1]}", *(_told(one, test.unit) for one in seen)])
    shown = number(median([one.rate.rate for one in known if one.rate.rate is not None])) if known else "–"
    text = f'<text x="{x + wide / 2:.0f}" y="{y + wide / 2 + 4:.0f}" class="middle on-{step(ratio)}">{shown}</text>' if wide == _CELL else ""
    return f'<g><title>{xml_text(told)}</title><rect {box} class="{step(ratio)}"/>{text}</g>'


def _told(one: Measured, unit: str) -> str:
    which = f"round {one.rate.round}{' (to confirm)' if one.rate.confirm else ''}"
    if one.rate.rate is None:
        return f"{which}: nothing came of it"
    against = f" of {number(one.expected)} expected ({one.ratio:.0%})" if one.expected and one.ratio is not None else ""
    return f"{which}: {number(one.rate.rate)} {unit}{against}"


def drawing(record: RunRecord, test: PairTest, placed: Sequence[Measured]) -> dict[str, Any]:
    """Return what the page's script draws for many nodes: groups of nodes (leaves), and a row for each pair of a round.

    A row is the places of both nodes, round, whether it confirms, tier, and a rate for each rail: null where nothing came of it, -1 where the pair
    was not measured on that rail.
    """
    known = {node.name: (node.unit, node.leaf) for node in record.nodes}
    names = sorted(
        {name for pair in test.pairs for name in (pair.a, pair.b)} | set(known), key=lambda name: (*map(natural, known.get(name, ("", ""))), natural(name))
    )
    number_of = {name: place for place, name in enumerate(names)}
    groups: list[dict[str, Any]] = []
    for leaf_names in _by_leaf(names, known):
        leaf = known.get(leaf_names[0], ("", ""))[1]
        for start in range(0, len(leaf_names), _LEAF):
            part = leaf_names[start : start + _LEAF]
            whole = leaf and len(leaf_names) <= _LEAF
            groups.append({"name": leaf if whole else f"{part[0]} to {part[-1]}", "first": number_of[part[0]], "count": len(part)})
    rails = sorted({pair.rail for pair in test.pairs} | set(range(test.rails)))
    column = {rail: 5 + place for place, rail in enumerate(rails)}
    rows: dict[tuple[str, str, int, bool], list[Any]] = {}
    for one in placed:
        pair = one.rate
        new = [number_of[pair.a], number_of[pair.b], pair.round, int(pair.confirm), TIERS.index(one.tier), *(-1 for _rail in rails)]
        rows.setdefault((pair.a, pair.b, pair.round, pair.confirm), new)[column[pair.rail]] = None if pair.rate is None else float(f"{pair.rate:.4g}")
    expected = {one.tier: one.expected for one in placed}
    return {
        "test": test.test,
        "unit": test.unit,
        "rails": rails,
        "nodes": names,
        "groups": groups,
        "expected": [expected.get(tier) for tier in TIERS],
        "steps": STEPS,
        "rows": list(rows.values()),
    }


def _by_leaf(names: Sequence[str], known: Mapping[str, tuple[str, str]]) -> list[list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for name in names:
        found.setdefault(known.get(name, ("", "")), []).append(name)
    return list(found.values())
