# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is measured with whom, and when: rounds of disjoint pairs in which nobody meets a partner twice.

How many rounds there are does not depend on how many nodes there are. Up to 16 nodes meet everybody (the circle method for round robins: one
place is fixed, the others move on by one, and opposite places meet). More nodes meet some partners on their own leaf, some on other leaves and
some in other units, so that what is slow can be told apart. The cost is linear in the number of nodes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random

from ..errors import CoreError
from ..model.isolation import OTHER_LEAF, OTHER_UNIT, SAME_LEAF, PairRate, Place, Round

COMPLETE_UP_TO = 16
ROUNDS = 7
# How many other pairs are tried for a swap before two nodes are given up for a round.
_TRIES = 200

Pair = tuple[str, str]


def plan_rounds(places: Sequence[Place], *, count: int = ROUNDS, seed: int = 0) -> tuple[Round, ...]:
    """Return the rounds for these nodes: ``count``, or as many as a complete round robin of few nodes takes.

    The same nodes, places and seed give the same rounds, in whatever order the places come. Raises ``CoreError`` for a node with two places.
    The first of a pair is its server. Those of a round are chosen so that the pairs which leave a leaf send in the same direction at the same
    time: an uplink carries as much each way, and half of its load would hide a slow one.
    """
    ordered = sorted(places, key=lambda place: place.node)
    for one, other in zip(ordered, ordered[1:]):
        if one.node == other.node:
            raise CoreError(f"{one.node} is on two leaves, {one.leaf} and {other.leaf}.", hint="Give each node one place.")
    random = Random(seed)
    nodes = [place.node for place in ordered]
    random.shuffle(nodes)
    if len(nodes) <= max(COMPLETE_UP_TO, count + 1):
        rounds = [Round(step + 1, "all_pairs", *_circle(nodes, step)) for step in range(_circle_length(len(nodes)))]
    else:
        planner = _Planner(nodes, {place.node: place for place in ordered}, random)
        rounds = [planner.make(number, purpose) for number, purpose in enumerate(_purposes(ordered, count), 1)]
    leaf = {place.node: place.leaf for place in ordered}
    return tuple(replace(one, pairs=_aligned(one.pairs, leaf)) for one in rounds)


def _aligned(pairs: Sequence[Pair], leaf: Mapping[str, str]) -> tuple[Pair, ...]:
    """Turn pairs round so that of the pairs which leave a leaf as many as possible have their server there, or their client.

    Each leaf takes the side that most of the leaves do not have which it has pairs with and which have chosen before it (a greedy maximum cut:
    at least half of the pairs get what both of their leaves want, and all of them where there are two leaves).
    """
    links: dict[str, Counter[str]] = {}
    for a, b in pairs:
        if leaf[a] != leaf[b]:
            links.setdefault(leaf[a], Counter())[leaf[b]] += 1
            links.setdefault(leaf[b], Counter())[leaf[a]] += 1
    serves: dict[str, bool] = {}
    for name in sorted(links, key=lambda name: (-sum(links[name].values()), name)):
        others = sum((1 if serves[other] else -1) * number for other, number in links[name].items() if other in serves)
        serves[name] = others <= 0
    return tuple((b, a) if serves.get(leaf[b], False) and not serves.get(leaf[a], False) and leaf[a] != leaf[b] else (a, b) for a, b in pairs)


def remaining(rounds: Iterable[Round], results: Iterable[PairRate], lost: Collection[str] = ()) -> tuple[Round, ...]:
    """Return what is left of the rounds: no pair with a rate, no ``lost`` node. Nodes whose partner is lost meet each other where they have not yet."""
    gone, rounds = set(lost), tuple(rounds)
    done: dict[int, set[Pair]] = {}
    for result in results:
        if result.rate is not None:
            done.setdefault(result.round, set()).add(_key(result.a, result.b))
    met = {_key(*pair) for one in rounds for pair in one.pairs}.union(*done.values())
    left = []
    for one in rounds:
        measured = done.get(one.number, set())
        busy = {node for pair in measured for node in pair}
        open_pairs = [pair for pair in one.pairs if _key(*pair) not in measured]
        pairs = [pair for pair in open_pairs if not gone.intersection(pair)]
        widowed = [node for pair in open_pairs if gone.intersection(pair) for node in pair]
        single = [node for node in (*widowed, *(one.idle if widowed else ())) if node not in gone and node not in busy]
        while len(single) > 1:
            node = single.pop(0)
            partner = next((other for other in single[:_TRIES] if _key(node, other) not in met), None)
            if partner is not None:
                single.remove(partner)
                met.add(_key(node, partner))
                pairs.append((node, partner))
        if pairs:
            paired = {node for pair in pairs for node in pair} | busy
            everyone = [node for pair in one.pairs for node in pair] + list(one.idle)
            left.append(Round(one.number, one.purpose, tuple(pairs), tuple(node for node in everyone if node not in paired and node not in gone)))
    return tuple(left)


def _key(a: str, b: str) -> Pair:
    return (a, b) if a < b else (b, a)


def _circle_length(nodes: int) -> int:
    return 0 if nodes < 2 else nodes - 1 if nodes % 2 == 0 else nodes


def _circle(nodes: Sequence[str], step: int) -> tuple[tuple[Pair, ...], tuple[str, ...]]:
    """Return the pairs of a step of a round robin, and who has none: one node, where their number is odd."""
    fixed, rest = (nodes[0], nodes[1:]) if len(nodes) % 2 == 0 else (None, nodes)
    size = len(rest)
    pairs = [(rest[(step + offset) % size], rest[(step - offset) % size]) for offset in range(1, (size + 1) // 2)]
    middle = rest[step % size]
    return (((fixed, middle), *pairs), ()) if fixed is not None else (tuple(pairs), (middle,))


def _purposes(places: Sequence[Place], count: int) -> list[str]:
    """Which rounds are for which tier: of seven, two on the own leaf, two on others, three in other units, as far as there are such pairs."""
    leaves = Counter(place.leaf for place in places)
    units: dict[str, set[str]] = {}
    for place in places:
        units.setdefault(place.unit, set()).add(place.leaf)
    near = min(max(1, 2 * count // 7), _circle_length(max(leaves.values())))
    others, far = any(len(names) > 1 for names in units.values()), len(units) > 1
    if not others and not far:
        return [SAME_LEAF] * count
    middle = (near or max(1, 2 * count // 7)) if far and others else 0 if far else count - near
    return [SAME_LEAF] * near + [OTHER_LEAF] * middle + [OTHER_UNIT] * (count - near - middle)


class _Planner:
    """Makes one round after the other, and knows who has met and who was left over."""

    def __init__(self, nodes: Sequence[str], places: Mapping[str, Place], random: Random) -> None:
        self._nodes, self._random = nodes, random
        self._leaf = {node: place.leaf for node, place in places.items()}
        self._unit = {node: place.unit for node, place in places.items()}
        self._leaves = _groups(nodes, self._leaf)
        self._units = _groups(nodes, self._unit)
        self._met: set[Pair] = set()
        self._idle: Counter[str] = Counter()
        self._steps = 0

    def make(self, number: int, purpose: str) -> Round:
        pairs: list[Pair] = []
        left: list[str] = []
        if purpose == SAME_LEAF:
            for members in self._leaves.values():
                if self._steps < _circle_length(len(members)):
                    matched, single = _circle(members, self._steps)
                    fresh = [pair for pair in matched if _key(*pair) not in self._met]
                    pairs += fresh
                    left += [*single, *(node for pair in matched if _key(*pair) in self._met for node in pair)]
                else:
                    left += members
            self._steps += 1
            self._met.update(_key(*pair) for pair in pairs)
        elif purpose == OTHER_LEAF:
            for members in self._units.values():
                left += self._across(members, self._leaf, pairs)
        else:
            left = self._across(self._nodes, self._unit, pairs)
        # Who found nobody of the kind that the round is for takes whom there is.
        for group_of in (self._leaf, {node: node for node in left}):
            left = self._across(left, group_of, pairs)
        left = self._squeeze_in(left, pairs)
        self._idle.update(left)
        return Round(number, purpose, tuple(pairs), tuple(left))

    def _across(self, nodes: Sequence[str], group_of: Mapping[str, str], pairs: list[Pair]) -> list[str]:
        """Pair nodes of different groups that have not met, and return who is left.

        With the groups side by side in a row, the node half a row further is in another group wherever that is possible.
        """
        groups = [list(members) for members in _groups(nodes, group_of).values()]
        left: list[str] = []
        if len(nodes) % 2 and groups:
            most = max(len(members) for members in groups)
            node = min((node for members in groups if len(members) == most for node in members), key=lambda name: self._idle[name])
            groups = [[other for other in members if other != node] for members in groups]
            left.append(node)
        self._random.shuffle(groups)
        for members in groups:
            self._random.shuffle(members)
        row = [node for members in groups for node in members]
        half = len(row) // 2
        matched = [(row[place], row[place + half]) for place in range(half)]

        def good(a: str, b: str) -> bool:
            return group_of[a] != group_of[b] and _key(a, b) not in self._met

        left += _repair(matched, good)
        self._met.update(_key(*pair) for pair in matched)
        pairs += matched
        return left

    def _squeeze_in(self, left: Sequence[str], pairs: list[Pair]) -> list[str]:
        """Break a pair up for every two who are left and have met each other, where each half is new to one of them. Returns who stays left."""
        waiting = list(left)
        for place, (c, d) in enumerate(pairs[:_TRIES]):
            if len(waiting) < 2:
                break
            a, b = waiting[:2]
            for one, other in ((_key(a, c), _key(b, d)), (_key(a, d), _key(b, c))):
                if one not in self._met and other not in self._met:
                    self._met.remove(_key(c, d))
                    self._met |= {one, other}
                    pairs[place] = one
                    pairs.append(other)
                    del waiting[:2]
                    break
        return waiting


def _groups(nodes: Iterable[str], group_of: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for node in nodes:
        groups.setdefault(group_of[node], []).append(node)
    return groups


def _repair(pairs: list[Pair], good: Callable[[str, str], bool]) -> list[str]:
    """Swap partners until every pair is good, take out the pairs for which that fails, and return their nodes."""
    bad = [place for place, pair in enumerate(pairs) if not good(*pair)]
    failed = set()
    for place in bad:
        a, b = pairs[place]
        if good(a, b):
            continue
        for step in range(1, min(len(pairs), _TRIES)):
            other = (place + step) % len(pairs)
            c, d = pairs[other]
            if other in failed:
                continue
            if good(a, d) and good(c, b):
                pairs[place], pairs[other] = (a, d), (c, b)
                break
            if good(a, c) and good(b, d):
                pairs[place], pairs[other] = (a, c), (b, d)
                break
        else:
            failed.add(place)
    left = [node for place in sorted(failed) for node in pairs[place]]
    pairs[:] = [pair for place, pair in enumerate(pairs) if place not in failed]
    return left
