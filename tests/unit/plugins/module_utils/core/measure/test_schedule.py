# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rounds: disjoint, leaf-aware, no partner twice, the same for the same seed, and resumable."""

from __future__ import annotations

import time

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.schedule import plan_rounds, remaining
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.isolation import PairRate, Place, Round


def cluster(nodes: int, per_leaf: int, leaves_per_unit: int) -> list[Place]:
    return [Place(f"n{n:04}", f"leaf{n // per_leaf}", f"unit{n // (per_leaf * leaves_per_unit)}") for n in range(nodes)]


def tiers(one: Round, places: list[Place]) -> tuple[int, int, int]:
    """How many pairs of a round are on the same leaf, on other leaves of a unit, in other units."""
    at = {place.node: place for place in places}
    near = sum(at[a].leaf == at[b].leaf for a, b in one.pairs)
    unit = sum(at[a].unit == at[b].unit for a, b in one.pairs)
    return near, unit - near, len(one.pairs) - unit


def check(rounds: tuple[Round, ...], places: list[Place]) -> set[frozenset[str]]:
    """Everybody is once in each round, paired or idle, and nobody meets a partner twice. Returns who met."""
    everyone = sorted(place.node for place in places)
    met: set[frozenset[str]] = set()
    for one in rounds:
        assert sorted([node for pair in one.pairs for node in pair] + list(one.idle)) == everyone
        pairs = {frozenset(pair) for pair in one.pairs}
        assert len(pairs) == len(one.pairs)
        assert not pairs & met
        met |= pairs
    return met


@pytest.mark.parametrize("nodes", range(2, 17))
def test_few_nodes_meet_everybody(nodes: int) -> None:
    places = cluster(nodes, 4, 2)
    rounds = plan_rounds(places)
    assert len(check(rounds, places)) == nodes * (nodes - 1) // 2
    assert len(rounds) == nodes - 1 + nodes % 2
    assert all(len(one.idle) == nodes % 2 for one in rounds)
    assert [one.number for one in rounds] == list(range(1, len(rounds) + 1))


@pytest.mark.parametrize("nodes", [0, 1])
def test_nobody_to_meet(nodes: int) -> None:
    assert plan_rounds(cluster(nodes, 4, 2)) == ()


@pytest.mark.parametrize("size", [(64, 16, 2), (65, 16, 2), (256, 16, 4), (1024, 32, 4), (17, 4, 2)])
def test_two_rounds_near_two_further_three_far(size: tuple[int, int, int]) -> None:
    places = cluster(*size)
    rounds = plan_rounds(places)
    check(rounds, places)
    half = size[0] // 2
    assert [tiers(one, places) for one in rounds] == [(half, 0, 0)] * 2 + [(0, half, 0)] * 2 + [(0, 0, half)] * 3
    assert [one.purpose for one in rounds] == ["same_leaf"] * 2 + ["other_leaf"] * 2 + ["other_unit"] * 3


@pytest.mark.parametrize(
    ("size", "near"),
    [
        ((100, 100, 1), [50] * 7),  # one leaf
        ((40, 1, 100), [0] * 7),  # a leaf each
        ((40, 2, 10), [20, 0, 0, 0, 0, 0, 0]),  # a leaf of two has one pair
        ((48, 16, 1), [24, 24, 0, 0, 0, 0, 0]),  # a unit of one leaf
        ((18, 9, 1), [8, 8, 0, 0, 0, 0, 0]),  # odd leaves: who is left over meets the other leaf's
    ],
)
def test_other_shapes(size: tuple[int, int, int], near: list[int]) -> None:
    places = cluster(*size)
    rounds = plan_rounds(places)
    check(rounds, places)
    assert [tiers(one, places)[0] for one in rounds] == near
    assert [one.purpose == "same_leaf" for one in rounds] == [count > 0 for count in near]
    assert all(not one.idle for one in rounds)


@pytest.mark.parametrize("size", [(257, 9, 3), (17, 15, 1), (33, 5, 2), (99, 3, 1)])
def test_ragged_leaves_leave_nobody_out_for_long(size: tuple[int, int, int]) -> None:
    places = cluster(*size)
    rounds = plan_rounds(places)
    check(rounds, places)
    assert all(len(one.idle) == 1 for one in rounds)
    idle = [node for one in rounds for node in one.idle]
    assert max(idle.count(node) for node in idle) <= 2


def test_a_node_meets_other_leaves_in_different_rounds() -> None:
    places = cluster(256, 16, 4)
    leaf = {place.node: place.leaf for place in places}
    seen: dict[str, set[str]] = {}
    for one in plan_rounds(places):
        for a, b in one.pairs:
            seen.setdefault(a, set()).add(leaf[b])
            seen.setdefault(b, set()).add(leaf[a])
    assert min(len(leaves) for leaves in seen.values()) >= 3


def test_the_number_of_rounds_does_not_grow() -> None:
    assert {len(plan_rounds(cluster(nodes, 16, 4))) for nodes in (17, 64, 256, 2048)} == {7}
    assert len(plan_rounds(cluster(64, 16, 4), count=5)) == 5
    assert len(plan_rounds(cluster(64, 16, 4), count=63)) == 63  # as many as everybody meets everybody in


def test_the_seed_decides_and_nothing_else() -> None:
    places = cluster(100, 8, 2)
    assert plan_rounds(places, seed=4) == plan_rounds(list(reversed(places)), seed=4)
    assert plan_rounds(places, seed=4) != plan_rounds(places, seed=5)


def test_a_node_on_two_leaves_is_refused() -> None:
    with pytest.raises(CoreError) as caught:
        plan_rounds([Place("n1", "leaf1", "u"), Place("n2", "leaf1", "u"), Place("n1", "leaf2", "u")])
    assert str(caught.value) == "n1 is on two leaves, leaf1 and leaf2. Give each node one place."


def test_the_cost_is_linear() -> None:
    def cost(nodes: int) -> float:
        started = time.process_time()
        plan_rounds(cluster(nodes, 32, 4))
        return time.process_time() - started

    small = min(cost(1000) for _turn in range(3))
    assert cost(8000) < 40 * small


def rates(one: Round, rate: float | None = 50.0) -> list[PairRate]:
    return [PairRate(a, b, rail, one.number, rate, False) for a, b in one.pairs for rail in (0, 1)]


def test_what_is_left_after_nothing_and_after_everything() -> None:
    rounds = plan_rounds(cluster(20, 4, 2))
    assert remaining(rounds, []) == rounds
    assert remaining(rounds, [rate for one in rounds for rate in rates(one)]) == ()


def test_what_failed_is_left_and_what_was_measured_is_not() -> None:
    rounds = plan_rounds(cluster(20, 4, 2))
    results = [rate for one in rounds[1:] for rate in rates(one)] + rates(rounds[0])[:4] + rates(rounds[0], None)[4:]
    (left,) = remaining(rounds, results)
    assert (left.number, left.purpose, left.pairs) == (1, "same_leaf", rounds[0].pairs[2:])


def test_a_result_counts_in_its_own_round_and_whichever_way_round_it_names_its_pair() -> None:
    rounds = (Round(1, "same_leaf", (("a", "b"),)), Round(2, "same_leaf", (("c", "d"),)))
    assert remaining(rounds, [PairRate("b", "a", 0, 1, 1.0, False)]) == rounds[1:]
    assert remaining(rounds, [PairRate("a", "b", 0, 2, 1.0, False)]) == rounds


def test_who_lost_a_partner_meets_another_who_did() -> None:
    places = cluster(40, 4, 2)
    rounds = plan_rounds(places)
    (a, b), (c, d) = rounds[0].pairs[0], rounds[0].pairs[2]  # of different leaves
    lost = {a, c}
    assert {frozenset((b, d))} & {frozenset(pair) for one in rounds for pair in one.pairs} == set()
    left = remaining(rounds, [], lost)
    check(left, [place for place in places if place.node not in lost])
    assert len(left) == 7
    assert (b, d) in left[0].pairs


def test_who_was_measured_in_a_round_is_not_asked_again() -> None:
    one = Round(1, "same_leaf", (("a", "b"), ("c", "dead"), ("e", "gone")), ("f",))
    (left,) = remaining([one], [PairRate("a", "b", 0, 1, 5.0, False)], {"dead", "gone"})
    assert left == Round(1, "same_leaf", (("c", "e"),), ("f",))


def test_a_lost_node_is_in_no_round() -> None:
    rounds = plan_rounds(cluster(6, 2, 2))
    left = remaining(rounds, [], {"n0002"})
    assert "n0002" not in {node for one in left for pair in one.pairs for node in (*pair, *one.idle)}


def test_a_pair_that_was_made_up_for_a_lost_one_is_not_asked_again() -> None:
    places = cluster(40, 4, 2)
    rounds = plan_rounds(places)
    lost = {rounds[0].pairs[0][0], rounds[0].pairs[2][0]}
    first = remaining(rounds, [], lost)
    assert remaining(rounds, [rate for one in first for rate in rates(one)], lost) == ()


@pytest.mark.parametrize("size", [(7, 5, 1), (16, 8, 2), (256, 16, 4), (1024, 32, 4)])
def test_an_uplink_is_loaded_in_one_direction(size: tuple[int, int, int]) -> None:
    """Links are duplex: two pairs that send in opposite directions don't share a slow uplink."""
    places = cluster(*size)
    leaf = {place.node: place.leaf for place in places}
    for one in plan_rounds(places):
        senders = {leaf[client] for server, client in one.pairs if leaf[server] != leaf[client]}
        assert not senders & {leaf[server] for server, client in one.pairs if leaf[server] != leaf[client]}


@pytest.mark.parametrize("seed", range(20))
def test_an_uplink_is_loaded_in_one_direction_in_the_lab(seed: int) -> None:
    """Three leaves, whose pairs can't all be turned alike: the leaves with most pairs come first."""
    leaf = {"node1": "leaf1", "node2": "leaf1", "node3": "leaf2", "node4": "leaf2", "ctl1": "spine", "ctl2": "spine", "login1": "spine"}
    rounds = plan_rounds([Place(node, name, "") for node, name in leaf.items()], seed=seed)
    sides = [[leaf[pair[side]] for pair in one.pairs if leaf[pair[0]] != leaf[pair[1]]] for one in rounds for side in (0, 1)]
    assert sum(side.count("leaf2") == 2 for side in sides) == 4
