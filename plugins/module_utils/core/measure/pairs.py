# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measured pairs as columns of numbers: nodes, leaves and rails by index, rates as logarithms relative to what an unimpaired pair reaches.

A *cell* is a node on a rail: ``node * rails + rail``. A *loss* here is a logarithm too, above 0 for what is slower.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ..errors import CoreError
from ..model.isolation import OTHER_LEAF, OTHER_UNIT, SAME_LEAF, TIERS, PairRate, Place
from .robust import noise, top_level


@dataclass(frozen=True)
class Settings:
    """When something counts as slow."""

    material_loss: float = 0.03
    """A loss of less is not worth a word."""
    z: float = 5.0
    """How many standard errors a loss is at least."""
    partners: int = 2
    """How many partners have to see it."""
    critical_loss: float = 0.10
    """From this loss on a finding is critical."""
    other_leaf: float = 1.0
    """What pairs that leave their leaf reach of what pairs on a leaf do, as declared: below 1 for an oversubscribed fabric."""
    other_unit: float = 1.0
    """The same for pairs that leave their unit."""


class Pairs:
    """All measurements, and how far each is from what it should be."""

    def __init__(self, rates: Iterable[PairRate], places: Sequence[Place], settings: Settings) -> None:
        self.settings = settings
        self.material = -math.log1p(-settings.material_loss)
        self.names = [place.node for place in sorted(places, key=lambda place: place.node)]
        node_of = {name: number for number, name in enumerate(self.names)}
        leaves = sorted({place.leaf for place in places})
        leaf_number = {name: number for number, name in enumerate(leaves)}
        self.leaf_names = leaves
        self.leaf = [0] * len(self.names)
        unit = [""] * len(self.names)
        for place in places:
            self.leaf[node_of[place.node]] = leaf_number[place.leaf]
            unit[node_of[place.node]] = place.unit
        everything = list(rates)
        _check(everything, node_of)
        self.measured = [rate for rate in everything if rate.rate is not None]
        self.missing = [rate for rate in everything if rate.rate is None]
        self.rail_numbers = sorted({rate.rail for rate in everything})
        rail_of = {rail: place for place, rail in enumerate(self.rail_numbers)}
        self.rails = len(self.rail_numbers)
        self.a = [node_of[rate.a] * self.rails + rail_of[rate.rail] for rate in self.measured]
        self.b = [node_of[rate.b] * self.rails + rail_of[rate.rail] for rate in self.measured]
        self.near = [self.leaf[a // self.rails] == self.leaf[b // self.rails] for a, b in zip(self.a, self.b)]
        self.tier = [
            SAME_LEAF if near else OTHER_LEAF if unit[a // self.rails] == unit[b // self.rails] else OTHER_UNIT for near, a, b in zip(self.near, self.a, self.b)
        ]
        logs = [math.log(rate.rate) for rate in self.measured if rate.rate is not None]
        self.levels = self._levels(logs)
        self.offset = [log - self.levels[tier] for log, tier in zip(logs, self.tier)]
        """Each measurement relative to the level of its tier."""
        self.limit = [0.0] * len(logs)
        """How far what is already known to be slow holds each measurement back: 0 or less."""
        self.noise = noise(self.offset, 2 * self.material)
        self.of_cell: list[list[int]] = [[] for _cell in range(len(self.names) * self.rails)]
        """The measurements of each cell."""
        for number, (a, b) in enumerate(zip(self.a, self.b)):
            self.of_cell[a].append(number)
            self.of_cell[b].append(number)

    def other(self, number: int, cell: int) -> int:
        """The cell at the other end of a measurement."""
        return self.b[number] if self.a[number] == cell else self.a[number]

    def residual(self, number: int) -> float:
        """How far a measurement is from what is expected of it, what holds it back considered."""
        return self.offset[number] - self.limit[number]

    def settle(self, clean: Sequence[bool]) -> None:
        """Work out anew, from the measurements that nothing is known to hold back, the levels and the noise."""
        reach = max(self.material, 3 * self.noise)
        about: dict[str, list[float]] = {}
        for number, tier in enumerate(self.tier):
            if clean[number] and not self.limit[number] and abs(self.offset[number]) <= reach:
                about.setdefault(tier, []).append(self.offset[number])
        shift = {tier: median(values) for tier, values in about.items() if len(values) >= 3}
        for tier, by in shift.items():
            self.levels[tier] += by
        self.offset = [offset - shift.get(tier, 0.0) for offset, tier in zip(self.offset, self.tier)]
        self.noise = noise([offset for offset, free in zip(self.offset, clean) if free], 2 * self.material)

    def _levels(self, logs: Sequence[float]) -> dict[str, float]:
        """The level of each tier: as measured, or what the best tier promises where that is materially more. Something is to blame then."""
        values: dict[str, list[float]] = {}
        for log, tier in zip(logs, self.tier):
            values.setdefault(tier, []).append(log)
        found = {tier: top_level(values[tier], self.material) for tier in TIERS if tier in values}
        shares = {SAME_LEAF: 1.0, OTHER_LEAF: self.settings.other_leaf, OTHER_UNIT: self.settings.other_unit}
        best = max(found.values(), default=0.0)
        promised = {tier: best + math.log(shares[tier]) for tier in found}
        return {tier: promised[tier] if promised[tier] - level > self.material else level for tier, level in found.items()}


def _check(rates: Sequence[PairRate], known: dict[str, int]) -> None:
    for rate in rates:
        for node in (rate.a, rate.b):
            if node not in known:
                raise CoreError(f"{node} was measured, and nobody said where it is.", hint="Give it a place: its leaf and its unit.")
        if rate.rate is not None and not 0 < rate.rate < math.inf:
            raise CoreError(f"{rate.rate} is no rate: {rate.a} with {rate.b}, rail {rate.rail}, round {rate.round}.", hint="A rate that failed is none (null).")
        if rate.a == rate.b:
            raise CoreError(f"{rate.a} was measured with itself, on rail {rate.rail} in round {rate.round}.", hint="A pair is two nodes.")
