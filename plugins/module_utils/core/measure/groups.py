# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What many nodes share and is slow: a rail, a leaf, the uplinks of a leaf; each of the latter on one rail or on all.

A group is accused where every node of it is slow (nine tenths, of ten or more), by at least half of what is typical for the group: then one
thing that they share explains more than many things that happen to be slow together. A leaf holds all pairs of its nodes back; its uplinks
only those that leave it; what is between the units all pairs that leave their unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ..model.isolation import OTHER_UNIT
from .pairs import Pairs
from .robust import MEDIAN_ERROR, location, spread, upper_median

# First what nearly all measurements agree on. What it explains may have made others look slow.
BARS = (0.95, 0.8, 0.0)
_KINDS = ("rail", "leaf", "uplink", "units")


@dataclass(frozen=True)
class Group:
    """Something shared that is slow. ``leaf`` and ``rail`` are indices, None for all."""

    kind: str
    """``rail``, ``leaf``, ``uplink``, ``units``."""
    leaf: int | None
    rail: int | None
    loss: float
    z: float
    measurements: tuple[int, ...]
    leaves: tuple[int, ...] = ()
    """Leaves that can't be told apart, for an uplink that only two leaves share; all of them, where all are slow alike."""


@dataclass(frozen=True)
class _Seen:
    loss: float
    z: float
    share: float
    """How many of the measurements are slow by half of that or more."""


def find_groups(pairs: Pairs) -> list[Group]:
    """Return what is slow, and note in ``pairs.limit`` how far it holds each measurement back."""
    found: dict[tuple[str, int | None, int | None], Group] = {}
    while True:
        ranked = [(_rank(group, share), group) for group, share in _candidates(pairs) if (group.kind, group.leaf, group.rail) not in found]
        if not ranked:
            break
        # What is nearly always slow comes first: it may explain why the others look slow. So do rails before leaves, and leaves before uplinks.
        best = min(rank for rank, _group in ranked)
        for group in (group for rank, group in ranked if rank == best):
            found[group.kind, group.leaf, group.rail] = group
            for number in group.measurements:
                pairs.limit[number] = min(pairs.limit[number], -group.loss)
        pairs.settle([True] * len(pairs.measured))
    return _merge_uplinks(pairs, _merge_rails(pairs, list(found.values())))


def _rank(group: Group, share: float) -> tuple[int, int]:
    return next(place for place, least in enumerate(BARS) if share >= least), _KINDS.index(group.kind)


def _candidates(pairs: Pairs) -> list[tuple[Group, float]]:
    """What could be accused, and how much of its measurements is slow."""
    found = (_slow_rails(pairs) if pairs.rails > 1 else []) + _slow_units(pairs)
    members: dict[int, list[int]] = {}
    for node, leaf in enumerate(pairs.leaf):
        members.setdefault(leaf, []).append(node)
    for leaf, nodes in members.items():
        if len(nodes) < 2 or len(members) < 2:
            continue
        for rail in range(pairs.rails):
            cells = [pairs.of_cell[node * pairs.rails + rail] for node in nodes]
            away = [[number for number in numbers if not pairs.near[number]] for numbers in cells]
            outside = _look(pairs, away)
            if outside is None:
                continue
            near = [pairs.residual(number) for numbers in cells for number in numbers if pairs.near[number]]
            if not near or -2 * upper_median(near) >= outside.loss:
                found.append((_group(pairs, "leaf", leaf, rail, cells, outside.z), outside.share))
            else:
                found.append((_group(pairs, "uplink", leaf, rail, away, outside.z), outside.share))
    return found


def _slow_rails(pairs: Pairs) -> list[tuple[Group, float]]:
    found = []
    for rail in range(pairs.rails):
        members = pairs.of_cell[rail :: pairs.rails]
        seen = _look(pairs, members)
        if seen is not None and sum(bool(numbers) for numbers in members) > 2:
            found.append((_group(pairs, "rail", None, rail, members, seen.z), seen.share))
    return found


def _slow_units(pairs: Pairs) -> list[tuple[Group, float]]:
    cells = [[number for number in numbers if pairs.tier[number] == OTHER_UNIT] for numbers in pairs.of_cell]
    members = [[number for cell in cells[start : start + pairs.rails] for number in cell] for start in range(0, len(cells), max(1, pairs.rails))]
    seen = _look(pairs, members)
    return [] if seen is None else [(_group(pairs, "units", None, None, members, seen.z), seen.share)]


def _look(pairs: Pairs, members: Sequence[Sequence[int]]) -> _Seen | None:
    """What the measurements of each member say, or None where they don't show that all are slow."""
    residuals = [[pairs.residual(number) for number in numbers] for numbers in members if numbers]
    if len(residuals) < 2:
        return None
    losses = sorted(-upper_median(values) for values in residuals)
    typical, least = median(losses), losses[len(losses) // 10]
    if typical <= pairs.material or 2 * least < typical:
        return None
    every = [value for values in residuals for value in values]
    error = math.hypot(MEDIAN_ERROR * pairs.noise / math.sqrt(len(every)), spread(losses) / math.sqrt(len(losses)))
    z = typical / error
    if z <= pairs.settings.z:
        return None
    return _Seen(typical, z, sum(value < -typical / 2 for value in every) / len(every))


def _group(pairs: Pairs, kind: str, leaf: int | None, rail: int | None, members: Sequence[Sequence[int]], z: float) -> Group:
    numbers = sorted({number for one in members for number in one})
    slow = [pairs.offset[number] for number in numbers if pairs.residual(number) < -pairs.material / 2] or [pairs.offset[number] for number in numbers]
    return Group(kind, leaf, rail, -location(slow, max(pairs.noise, 1e-6)), z, tuple(numbers))


def _merge_rails(pairs: Pairs, groups: Sequence[Group]) -> list[Group]:
    """Make one group of what is slow on every rail of a leaf alike. A rail that is slow itself may hide what its leaves are."""
    slow_rails = {group.rail for group in groups if group.kind == "rail"}
    by_leaf: dict[tuple[str, int], list[Group]] = {}
    merged = []
    for group in groups:
        if group.leaf is None:
            merged.append(group)
        else:
            by_leaf.setdefault((group.kind, group.leaf), []).append(group)
    for (kind, leaf), parts in by_leaf.items():
        losses = sorted(part.loss for part in parts)
        shown = pairs.rails - len(slow_rails - {part.rail for part in parts})
        if 10 * len(parts) >= 9 * shown and len(parts) > pairs.rails // 2 and 2 * losses[0] >= losses[-1]:
            numbers = tuple(sorted({number for part in parts for number in part.measurements}))
            merged.append(Group(kind, leaf, None, median(losses), max(part.z for part in parts), numbers))
        else:
            merged += parts
    return merged


def _merge_uplinks(pairs: Pairs, groups: Sequence[Group]) -> list[Group]:
    """Make one group of uplinks that can't be told apart: two leaves that only meet each other, or all leaves at once."""
    leaves = set(pairs.leaf)
    merged = []
    by_rail: dict[int | None, list[Group]] = {}
    for group in groups:
        if group.kind == "uplink":
            by_rail.setdefault(group.rail, []).append(group)
        else:
            merged.append(group)
    for rail, parts in by_rail.items():
        if len(parts) > 1 and 2 * len(parts) > len(leaves):
            numbers = tuple(sorted({number for part in parts for number in part.measurements}))
            names = tuple(sorted(part.leaf for part in parts if part.leaf is not None))
            merged.append(Group("uplink", None, rail, median([part.loss for part in parts]), max(part.z for part in parts), numbers, names))
        else:
            merged += parts
    return merged
