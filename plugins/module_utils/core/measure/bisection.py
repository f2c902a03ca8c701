# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults that only a large group shows: every pair passes, the whole job fails. Where is it?

Groups run along the tree of the fabric: each leaf, then each unit, then all. A group that fails is cut in two, until both halves pass; then
it runs once without each of its leaves: the leaf without which it passes is the one. Nothing is remembered: the outcomes so far say what
comes next, so that a search can be stopped and taken up again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..model.isolation import Place

# Every pair passed before: so few nodes can't be told apart by smaller groups.
_FEW_NODES = 3
# Where a group has more leaves, several are left out at once, then each of those that matter.
_MOST_LEFT_OUT = 16


@dataclass(frozen=True)
class Group:
    """Nodes that run one job. The name is the same in every search over the same places."""

    name: str
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Culprit:
    """Where a fault is, as closely as the outcomes tell."""

    kind: str
    """``node`` (one of the named), ``leaf``, ``uplink`` (of the named leaf, or of one of them), ``fleet`` (what all the named leaves share)."""
    names: tuple[str, ...]
    failed: str
    """The smallest group that failed."""
    passed: tuple[str, ...]
    """Groups within it that passed."""


@dataclass(frozen=True)
class Step:
    """What to do next, and what is known so far."""

    groups: tuple[Group, ...] = ()
    """Groups to run, at the same time: no node is in two of them. Empty: the search is over."""
    culprits: tuple[Culprit, ...] = ()
    inconclusive: tuple[str, ...] = ()
    """Groups that could not be run."""


def next_step(places: Sequence[Place], outcomes: Mapping[str, bool | None]) -> Step:
    """Return the groups to run next. ``outcomes``: by the group's name, whether it passed; None for one that could not be run.

    A leaf or a unit that fails on its own is left out of larger groups, so that a second fault can show itself.
    """
    search = _Search(places, outcomes)
    search.climb()
    return Step(search.disjoint(), tuple(search.culprits), tuple(sorted(name for name, passed in outcomes.items() if passed is None)))


class _Search:
    def __init__(self, places: Sequence[Place], outcomes: Mapping[str, bool | None]) -> None:
        self.culprits: list[Culprit] = []
        self._outcomes = outcomes
        self._wanted: list[Group] = []
        self._nodes: dict[str, list[str]] = {}
        self._leaves: dict[str, list[str]] = {}
        for place in sorted(places, key=lambda place: (place.unit, place.leaf, place.node)):
            self._nodes.setdefault(place.leaf, []).append(place.node)
            leaves = self._leaves.setdefault(place.unit, [])
            if place.leaf not in leaves:
                leaves.append(place.leaf)

    def climb(self) -> None:
        """Leaves, units, all: each when nothing of the one below is left to run."""
        sound = {leaf for leaf, nodes in self._nodes.items() if self._passes(Group(f"leaf {leaf}", tuple(nodes)))}
        for leaf, nodes in self._nodes.items():
            if self._outcomes.get(f"leaf {leaf}") is False:
                self._narrow_nodes(leaf, Group(f"leaf {leaf}", tuple(nodes)))
        if self._wanted:
            return
        units = []
        for unit, every in self._leaves.items():
            leaves = [leaf for leaf in every if leaf in sound]
            if leaves and self._sound_over(f"unit {unit}", [[leaf] for leaf in leaves]):
                units.append(leaves)
        if not self._wanted and len(units) > 1:
            self._sound_over("all", units)

    def disjoint(self) -> tuple[Group, ...]:
        chosen: list[Group] = []
        busy: set[str] = set()
        for group in self._wanted:
            if not busy.intersection(group.nodes):
                chosen.append(group)
                busy.update(group.nodes)
        return tuple(chosen)

    def _passes(self, group: Group) -> bool | None:
        """The group's outcome; None where it is still wanted or could not be had. One node alone has nothing to fail."""
        if len(group.nodes) < 2:
            return True
        if group.name not in self._outcomes:
            self._wanted.append(group)
            return None
        return self._outcomes[group.name]

    def _narrow_nodes(self, leaf: str, group: Group) -> None:
        """Cut a failing group of one leaf's nodes in two, and on."""
        if len(group.nodes) <= _FEW_NODES:
            self.culprits.append(Culprit("node", group.nodes, group.name, ()))
            return
        middle = (len(group.nodes) + 1) // 2
        halves = [Group(f"{group.name}/1", group.nodes[:middle]), Group(f"{group.name}/2", group.nodes[middle:])]
        results = [self._passes(half) for half in halves]
        for half, passed in zip(halves, results):
            if passed is False:
                self._narrow_nodes(leaf, half)
        if all(passed is not False for passed in results) and not self._open(halves):
            self.culprits.append(Culprit("leaf", (leaf,), group.name, self._passed(halves)))

    def _sound_over(self, name: str, parts: Sequence[Sequence[str]]) -> bool:
        """Whether several leaves, in parts that passed each, pass together. Narrows it down where they don't."""
        group = self._over(name, [leaf for part in parts for leaf in part])
        if len(parts) < 2:
            return True
        passed = self._passes(group)
        if passed is False:
            self._narrow_leaves(group, parts)
        return passed is True

    def _narrow_leaves(self, group: Group, parts: Sequence[Sequence[str]]) -> None:
        leaves = [leaf for part in parts for leaf in part]
        if len(leaves) == 2:
            self.culprits.append(Culprit("uplink", tuple(leaves), group.name, tuple(f"leaf {leaf}" for leaf in leaves)))
            return
        middle = (len(parts) + 1) // 2
        halves = [(f"{group.name}/1", parts[:middle]), (f"{group.name}/2", parts[middle:])]
        # A part on its own passed before.
        groups = [self._over(name, [leaf for part in half for leaf in part]) for name, half in halves if len(half) > 1]
        results = {one.name: self._passes(one) for one in groups}
        for name, half in halves:
            if results.get(name) is False:
                self._narrow_leaves(self._over(name, [leaf for part in half for leaf in part]), half)
        if all(passed is not False for passed in results.values()) and not self._open(groups):
            self._leave_out(group, leaves, leaves, self._passed(groups))

    def _leave_out(self, group: Group, leaves: Sequence[str], candidates: Sequence[str], passed: tuple[str, ...]) -> None:
        """Run a failing group without each of the candidates, or several of them at once where they are many."""
        size = -(-len(candidates) // _MOST_LEFT_OUT)
        chunks = [candidates[start : start + size] for start in range(0, len(candidates), size)]
        without = [self._over(f"{group.name} without {'+'.join(chunk)}", [leaf for leaf in leaves if leaf not in chunk]) for chunk in chunks]
        results = [self._passes(one) for one in without]
        if self._open(without):
            return
        matter = [chunk for chunk, result in zip(chunks, results) if result]
        passed += self._passed(without)
        if not matter or len(matter) == len(chunks):
            # Without none of them, or without any: what they share, or their number.
            self.culprits.append(Culprit("fleet", tuple(candidates), group.name, passed))
        elif size == 1:
            self.culprits.append(Culprit("uplink", tuple(leaf for chunk in matter for leaf in chunk), group.name, passed))
        else:
            for chunk in matter:
                self._leave_out(group, leaves, chunk, passed)

    def _over(self, name: str, leaves: Sequence[str]) -> Group:
        return Group(name, tuple(node for leaf in leaves for node in self._nodes[leaf]))

    def _open(self, groups: Sequence[Group]) -> bool:
        return any(group in self._wanted for group in groups)

    def _passed(self, groups: Sequence[Group]) -> tuple[str, ...]:
        return tuple(group.name for group in groups if self._outcomes.get(group.name))
