# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Finding what is slow: where nodes are, which pairs are measured when, what was measured, and what that says of nodes, rails and leaves.

A *leaf* is where a node hangs: a switch, or the switches of a scalable unit, one per rail, that the same nodes share. A *unit* is the group
of leaves below the same spines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .finding import CheckResult

# Tiers of pairs: how far apart the two nodes are.
SAME_LEAF, OTHER_LEAF, OTHER_UNIT = "same_leaf", "other_leaf", "other_unit"
TIERS = (SAME_LEAF, OTHER_LEAF, OTHER_UNIT)


@dataclass(frozen=True)
class Place:
    """Where a node hangs."""

    __slots__ = ("leaf", "node", "unit")

    node: str
    leaf: str
    unit: str


@dataclass(frozen=True)
class Round:
    """Pairs that are measured at the same time. No node is in two of them."""

    number: int
    purpose: str
    """``same_leaf``, ``other_leaf``, ``other_unit`` for what most of its pairs are; ``all_pairs`` in a complete round robin; ``confirm``."""
    pairs: tuple[tuple[str, str], ...]
    idle: tuple[str, ...] = ()
    """Nodes without a partner in this round."""


@dataclass(frozen=True)
class PairRate:
    """What one pair reached on one rail in one round."""

    __slots__ = ("a", "b", "confirm", "rail", "rate", "round")

    a: str
    b: str
    rail: int
    round: int
    rate: float | None
    """In whatever unit, the same for all. Null: it was to be measured, and nothing came of it."""
    confirm: bool
    """Whether it was measured to confirm a suspicion, with a partner that was found good."""


@dataclass(frozen=True)
class Effect:
    """How much slower than the rest something is, in the measurements that lead through it and that nothing else explains."""

    __slots__ = ("kind", "leaf", "loss", "measurements", "node", "partners", "rail", "z")

    kind: str
    """``node``, ``rail`` (of a node, or of all nodes), ``leaf``, ``uplink``, ``link``."""
    node: str | None
    leaf: str | None
    """The leaf; for a link: the other node."""
    rail: int | None
    """Null: all rails."""
    loss: float
    """0.1: a tenth slower than the rest. Below 0: faster."""
    z: float
    """The loss in standard errors, which count the usual differences between nodes too."""
    measurements: int
    partners: int
    """Distinct nodes at the other end; for what many nodes share: distinct pairs."""


@dataclass(frozen=True)
class Analysis:
    """What the measured pairs say."""

    expected: Mapping[str, float] = field(default_factory=dict)
    """What an unimpaired pair reached, by tier."""
    noise: float = 0.0
    """The standard deviation of one measurement, relative."""
    accused: tuple[Effect, ...] = ()
    """What is slow, the coarsest thing that explains it."""
    effects: tuple[Effect, ...] = ()
    """Every node's, and every rail's of a node where there are several rails."""
    proven: tuple[str, ...] = ()
    """Nodes that reached with two partners or more what was expected: partners for a confirmation."""
    outliers: tuple[PairRate, ...] = ()
    """Single slow measurements that nothing explains: glitches, or links to look at again."""
    results: tuple[CheckResult, ...] = ()
    """One for each node, and one for each thing beyond a node that is slow."""
