# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster with slow parts, simulated: what a pair of nodes reaches on a rail. It shares no code with what analyses the rates.

Nodes hang on leaves, leaves on the spines of their unit. Everything on the way of a pair carries a certain rate; the pair reaches the smallest
of them, times the noise of one measurement. A glitch is a single measurement far below that.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

NOISE = 0.01
GLITCHES = 0.02
GLITCH_RANGE = (0.5, 0.95)


@dataclass(frozen=True)
class Fault:
    """Something slow. ``node``: that node, on one rail or on all. ``rail``: a rail of all nodes. ``leaf``: all that its nodes do.
    ``uplink``: all links between a leaf and the spines."""

    kind: str
    slow: float
    node: int | None = None
    leaf: int | None = None
    rail: int | None = None


class SlowFabric:
    """``nodes`` on leaves of ``per_leaf``, ``leaves_per_unit`` leaves in a unit. The seed decides the rate of what is not slow, too."""

    def __init__(self, nodes: int, rails: int, seed: int, *, per_leaf: int = 16, leaves_per_unit: int = 4, faults: Iterable[Fault] = ()) -> None:
        self.chance = random.Random(f"{nodes}/{rails}/{seed}")
        self.nodes, self.rails = nodes, rails
        self.per_leaf, self.per_unit = per_leaf, per_leaf * leaves_per_unit
        self.nominal = self.chance.uniform(5.0, 100.0)
        self.faults: list[Fault] = []
        self._node: dict[tuple[int, int], float] = {}
        self._rail: dict[int, float] = {}
        self._leaf: dict[tuple[int, int], float] = {}
        self._uplink: dict[tuple[int, int], float] = {}
        for fault in faults:
            self.plant(fault)

    def plant(self, fault: Fault) -> None:
        carries = self.nominal * (1 - fault.slow)
        self.faults.append(fault)
        for rail in range(self.rails) if fault.rail is None else (fault.rail,):
            if fault.kind == "node" and fault.node is not None:
                self._node[fault.node, rail] = carries
            elif fault.kind == "rail":
                self._rail[rail] = carries
            elif fault.kind == "leaf" and fault.leaf is not None:
                self._leaf[fault.leaf, rail] = carries
            elif fault.kind == "uplink" and fault.leaf is not None:
                self._uplink[fault.leaf, rail] = carries

    def leaf(self, node: int) -> int:
        return node // self.per_leaf

    def unit(self, node: int) -> int:
        return node // self.per_unit

    def carries(self, a: int, b: int, rail: int) -> float:
        """What the pair would reach without noise."""
        nominal, one, other = self.nominal, a // self.per_leaf, b // self.per_leaf
        way = [
            self._node.get((a, rail), nominal),
            self._node.get((b, rail), nominal),
            self._rail.get(rail, nominal),
            self._leaf.get((one, rail), nominal),
            self._leaf.get((other, rail), nominal),
        ]
        if one != other:
            way += [self._uplink.get((one, rail), nominal), self._uplink.get((other, rail), nominal)]
        return min(way)

    def disturbed(self, rate: float) -> float:
        """One measurement of something that carries ``rate``."""
        measured = rate * max(0.01, self.chance.gauss(1.0, NOISE))
        return measured * self.chance.uniform(*GLITCH_RANGE) if self.chance.random() < GLITCHES else measured

    def measure(self, pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int, float]]:
        """Node, node, rail, rate, for each rail of each pair."""
        for a, b in pairs:
            for rail in range(self.rails):
                yield a, b, rail, self.disturbed(self.carries(a, b, rail))

    def measure_group(self, nodes: Iterable[int]) -> float:
        """What a job over all these nodes reaches: as much as the slowest of them and of the ways between them allows."""
        members = list(nodes)
        ring = zip(members, members[1:] + members[:1], strict=True)
        return self.disturbed(min(self.carries(a, b, rail) for a, b in ring for rail in range(self.rails)))
