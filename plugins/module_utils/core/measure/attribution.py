# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the rates of pairs to what is slow: a node, a node's rail, a rail, a leaf, a leaf's uplinks, the link between two nodes.

A pair is as fast as the slowest thing between its ends. So nothing pulls a rate up, and what nobody holds back forms the upper crowd of
all rates, which is the expectation: no nominal rate is needed. What is slow is then taken out layer by layer, the coarse before the fine and
the sure before the doubtful, and each time the rest is judged only by measurements that nothing known holds back (a median polish that
leaves out what is explained). Medians keep single wild measurements from accusing anybody.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from statistics import median

from ..model.isolation import Analysis, Effect, PairRate, Place
from .groups import BARS, find_groups
from .pairs import Pairs, Settings
from .robust import MEDIAN_ERROR, location, upper_median, upper_spread
from .verdicts import Finder

_DEFAULT = Settings()


def analyse(
    rates: Iterable[PairRate],
    places: Sequence[Place],
    *,
    settings: Settings = _DEFAULT,
    lost: Collection[str] = (),
    check: str = "pair_bandwidth",
    unit: str = "GB/s",
    proof: str = "unproven",
    run_id: str = "",
) -> Analysis:
    """Return what the measured pairs say of the nodes in ``places``, which are of one hardware class.

    ``rates``: of all rounds, those that confirm too; nodes of different classes can be compared where each rate is divided by what is expected
    of it. ``lost``: nodes that are known to have died: whatever was not proven against them is inconclusive. Raises ``CoreError`` for a rate
    of a node without a place, and for a rate that is none.
    """
    pairs = Pairs(rates, places, settings)
    groups = find_groups(pairs)
    suspects = _Suspects(pairs)
    suspects.search()
    links = _slow_links(pairs, suspects)
    finder = Finder(pairs, groups, check=check, unit=unit, proof=proof, run_id=run_id)
    accused = [finder.group(group) for group in groups]
    accused += [finder.accused(effect, suspects.numbers(effect)) for effect in suspects.accused()]
    accused += [finder.link(*link) for link in links]
    proven = suspects.proven()
    for node, name in enumerate(pairs.names):
        finder.node(node, lost=name in lost, partners=suspects.partners(node), doubtful=suspects.doubtful(node))
    finder.fleet()
    slow_links = {number for numbers, _loss, _z in links for number in numbers}
    return Analysis(
        expected={tier: math.exp(level) for tier, level in pairs.levels.items()},
        noise=pairs.noise,
        accused=tuple(accused),
        effects=tuple(suspects.effects()),
        proven=tuple(name for node, name in enumerate(pairs.names) if node in proven and name not in lost),
        outliers=tuple(pairs.measured[number] for number in suspects.outliers() if number not in slow_links),
        results=tuple(finder.results),
    )


def suspects(analysis: Analysis, places: Sequence[Place], settings: Settings = _DEFAULT) -> tuple[str, ...]:
    """Return the nodes to confirm: the slow ones, those that nearly are, and two of every leaf that is.

    Measuring one too many costs nothing, as all are measured at the same time.
    """
    accused = [effect for effect in analysis.accused if effect.kind != "link"]
    close = [effect for effect in analysis.effects if effect.loss > settings.material_loss * 2 / 3 and effect.z > settings.z * 2 / 3]
    wanted = {effect.node for effect in (*accused, *close) if effect.node is not None}
    for leaf in {effect.leaf for effect in accused}:
        wanted.update(sorted(place.node for place in places if place.leaf == leaf)[:2])
    return tuple(sorted(wanted))


class _Suspects:
    """The search for slow nodes and slow rails of nodes. What groups explain is noted in ``pairs`` already."""

    def __init__(self, pairs: Pairs) -> None:
        self._pairs = pairs
        self._accused: set[int] = set()
        """Cells."""
        self._nodes: set[int] = set()
        """Nodes that are slow on all of their rails."""
        self._usual = 0.0
        """By how much cells that are as they should be differ."""

    def search(self) -> None:
        """Accuse until nobody is left to accuse, those first whose measurements agree: they may be why the others look slow."""
        for least in BARS:
            while self._accuse(least):
                self._settle()
        for node in range(len(self._pairs.names)):
            cells = self._cells(node)
            losses = [self._loss(self._own(cell)) for cell in cells if cell in self._accused]
            if cells and len(losses) == len(cells) and 2 * min(losses) >= max(losses):
                self._nodes.add(node)

    def accused(self) -> list[Effect]:
        effects = [self._effect(node, None) for node in sorted(self._nodes)]
        cells = [cell for cell in sorted(self._accused) if cell // self._pairs.rails not in self._nodes]
        return effects + [self._effect(*divmod(cell, self._pairs.rails)) for cell in cells]

    def effects(self) -> list[Effect]:
        """Of every node, and of every cell where there are several rails."""
        rails = self._pairs.rails
        found = []
        for node in range(len(self._pairs.names)):
            found.append(self._effect(node, None))
            if rails > 1:
                found += [self._effect(node, rail) for rail in range(rails)]
        return found

    def numbers(self, effect: Effect) -> list[int]:
        """The measurements that an effect rests on."""
        pairs = self._pairs
        node = pairs.names.index(effect.node) if effect.node is not None else 0
        cells = self._cells(node) if effect.rail is None else [node * pairs.rails + pairs.rail_numbers.index(effect.rail)]
        return [number for cell in cells for number in self._own(cell)]

    def doubtful(self, node: int) -> float:
        """How slow a node is in what nothing known holds back, where that is material and more than half as sure as an accusation; 0 otherwise."""
        numbers = [number for cell in self._cells(node) for number in self._own(cell) if not self._pairs.limit[number]]
        loss = self._loss(numbers)
        return loss if loss > self._pairs.material and self._z(loss, len(numbers)) > self._pairs.settings.z / 2 else 0.0

    def partners(self, node: int) -> int:
        """How many partners a node was measured with over ways that nothing known holds back."""
        pairs = self._pairs
        clean = {
            pairs.other(number, cell) // pairs.rails
            for cell in self._cells(node)
            for number in pairs.of_cell[cell]
            if not pairs.limit[number] and (pairs.other(number, cell) not in self._accused or pairs.residual(number) > -pairs.material)
        }
        return len(clean)

    def proven(self) -> set[int]:
        """Nodes that two partners or more found good on every rail that was measured."""
        pairs = self._pairs
        good = set()
        for node in range(len(pairs.names)):
            cells = [cell for cell in self._cells(node) if pairs.of_cell[cell]]
            if not cells or self.partners(node) < pairs.settings.partners:
                continue
            if all(cell not in self._accused and self._loss(self._own(cell)) < pairs.material / 2 for cell in cells):
                good.add(node)
        return good

    def outliers(self) -> list[int]:
        """Slow measurements between cells that are not."""
        pairs = self._pairs
        limit = max(pairs.material, pairs.settings.z * pairs.noise)
        return [
            number
            for number in range(len(pairs.measured))
            if pairs.residual(number) < -limit and pairs.a[number] not in self._accused and pairs.b[number] not in self._accused
        ]

    def _cells(self, node: int) -> range:
        return range(node * self._pairs.rails, (node + 1) * self._pairs.rails)

    def _own(self, cell: int) -> list[int]:
        """The measurements of a cell with partners that are not accused."""
        return [number for number in self._pairs.of_cell[cell] if self._pairs.other(number, cell) not in self._accused]

    def _limited(self, numbers: Sequence[int]) -> bool:
        return 2 * sum(self._pairs.limit[number] < 0 for number in numbers) > len(numbers)

    def _loss(self, numbers: Sequence[int]) -> float:
        return -upper_median([self._pairs.residual(number) for number in numbers]) if numbers else 0.0

    def _z(self, loss: float, measurements: int) -> float:
        return loss / max(MEDIAN_ERROR * self._pairs.noise / math.sqrt(measurements), self._usual, 1e-9)

    def _agree(self, numbers: Sequence[int], loss: float, least: float) -> bool:
        """Whether ``least`` of the measurements, a share, are slow by half of the loss or more."""
        return sum(self._pairs.residual(number) < -loss / 2 for number in numbers) >= least * len(numbers)

    def _enough(self, cell: int, numbers: Sequence[int]) -> bool:
        return len({self._pairs.other(number, cell) for number in numbers}) >= self._pairs.settings.partners

    def _accuse(self, least: float) -> set[int]:
        """Accuse every node or cell whose measurements agree at least as well as ``least`` says. Returns the new cells."""
        pairs = self._pairs
        own = [self._own(cell) for cell in range(len(pairs.of_cell))]
        losses = [self._loss(numbers) for numbers in own]
        self._usual = upper_spread([-loss for loss in losses])
        found: set[int] = set()
        for node in range(len(pairs.names)):
            cells = [cell for cell in self._cells(node) if own[cell] and cell not in self._accused]
            # A rail that is held back by something else says little of the node.
            telling = [cell for cell in cells if not self._limited(own[cell])]
            telling = telling if len(telling) > 1 else cells
            if not cells or max(losses[cell] for cell in telling) <= pairs.material / 2:
                continue
            typical = median([losses[cell] for cell in telling])
            numbers = [number for cell in telling for number in own[cell]]
            whole = len(cells) == pairs.rails and typical > pairs.material
            if (
                whole
                and self._enough(telling[0], own[telling[0]])
                and self._z(typical, len(numbers)) > pairs.settings.z
                and self._agree(numbers, typical, least)
            ):
                self._nodes.add(node)
                found.update(cells)
                continue
            for cell in cells:
                loss, mine = losses[cell], own[cell]
                if loss > pairs.material and self._enough(cell, mine) and self._z(loss, len(mine)) > pairs.settings.z and self._agree(mine, loss, least):
                    found.add(cell)
        self._accused |= found
        return found

    def _settle(self) -> None:
        pairs = self._pairs
        pairs.settle([a not in self._accused and b not in self._accused for a, b in zip(pairs.a, pairs.b)])

    def _effect(self, node: int, rail: int | None) -> Effect:
        pairs = self._pairs
        cells = self._cells(node) if rail is None else range(node * pairs.rails + rail, node * pairs.rails + rail + 1)
        ends = [(number, pairs.other(number, cell)) for cell in cells for number in self._own(cell)]
        residuals = [pairs.residual(number) for number, _other in ends]
        loss = -location(residuals, pairs.noise) if residuals else 0.0
        return Effect(
            kind="node" if rail is None else "rail",
            node=pairs.names[node],
            leaf=None,
            rail=None if rail is None else pairs.rail_numbers[rail],
            loss=-math.expm1(-loss),
            z=self._z(loss, len(residuals)) if residuals else 0.0,
            measurements=len(residuals),
            partners=len({other // pairs.rails for _number, other in ends}),
        )


def _slow_links(pairs: Pairs, suspects: _Suspects) -> list[tuple[list[int], float, float]]:
    """Pairs that were measured in two rounds or more, and were slow each time, while both nodes are fast with others."""
    links = []
    for a, b in sorted({(min(pairs.a[number], pairs.b[number]), max(pairs.a[number], pairs.b[number])) for number in suspects.outliers()}):
        every = [number for number in pairs.of_cell[a] if pairs.other(number, a) == b]
        loss = -upper_median([pairs.residual(number) for number in every])
        z = loss * math.sqrt(len(every)) / (MEDIAN_ERROR * max(pairs.noise, 1e-9))
        if len({pairs.measured[number].round for number in every}) > 1 and z > pairs.settings.z:
            links.append((every, loss, z))
    return links
