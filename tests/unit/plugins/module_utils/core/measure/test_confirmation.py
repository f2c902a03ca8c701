# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Confirmation: distinct proven partners on different leaves, disjoint in each round."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.confirmation import plan_confirmation
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.isolation import Place, Round

PLACES = [Place(f"n{number:02}", f"leaf{number // 4}", "unit") for number in range(32)]
LEAF = {place.node: place.leaf for place in PLACES}
NODES = list(LEAF)


def partners(rounds: tuple[Round, ...]) -> dict[str, list[str]]:
    had: dict[str, list[str]] = {}
    for one in rounds:
        nodes = [node for pair in one.pairs for node in pair]
        assert len(set(nodes)) == len(nodes)
        for suspect, partner in one.pairs:
            had.setdefault(suspect, []).append(partner)
    return had


@pytest.mark.parametrize("suspects", [NODES[:1], NODES[:5], NODES[::3], NODES[:16]])
def test_two_partners_on_different_leaves_in_two_rounds(suspects: list[str]) -> None:
    proven = [node for node in NODES if node not in suspects]
    rounds = plan_confirmation(suspects, proven, PLACES, first_number=8)
    assert [(one.number, one.purpose) for one in rounds] == [(8, "confirm"), (9, "confirm")]
    had = partners(rounds)
    assert sorted(had) == sorted(suspects)
    for nodes in had.values():
        assert len({LEAF[node] for node in nodes}) == len(nodes) == 2
        assert set(nodes) <= set(proven)


def test_the_first_partner_is_near() -> None:
    (first, second) = partners(plan_confirmation(["n00"], NODES, PLACES, first_number=1))["n00"]
    assert (LEAF[first], LEAF[second] != "leaf0") == ("leaf0", True)


def test_the_second_partner_is_of_another_leaf_though_the_own_one_has_more() -> None:
    assert partners(plan_confirmation(["n04"], ["n00", "n05", "n06"], PLACES, first_number=1))["n04"] == ["n05", "n00"]


def test_known_pairs_are_avoided() -> None:
    met = [("n00", node) for node in NODES if node not in ("n00", "n03", "n31")]
    assert partners(plan_confirmation(["n00"], NODES[:8] + NODES[28:], PLACES, first_number=1, met=met))["n00"] == ["n03", "n31"]


def test_few_proven_nodes_take_more_rounds() -> None:
    rounds = plan_confirmation(NODES[:3], NODES[30:], PLACES, first_number=1)
    assert len(rounds) == 3
    assert {suspect: sorted(nodes) for suspect, nodes in partners(rounds).items()} == {suspect: ["n30", "n31"] for suspect in NODES[:3]}


def test_very_few_proven_nodes_do_not_take_for_ever() -> None:
    rounds = plan_confirmation(NODES[:30], NODES[30:], PLACES, first_number=1)
    assert len(rounds) == 8
    assert all(len(one.pairs) == 2 for one in rounds)


@pytest.mark.parametrize("proven", [[], ["n00"], ["elsewhere"]])
def test_nobody_is_proven(proven: list[str]) -> None:
    assert plan_confirmation(["n00"], proven, PLACES, first_number=1) == ()


def test_one_proven_partner_is_not_asked_twice() -> None:
    assert partners(plan_confirmation(["n00"], ["n09"], PLACES, first_number=1)) == {"n00": ["n09"]}


def test_more_partners() -> None:
    assert len({LEAF[node] for node in partners(plan_confirmation(["n00"], NODES, PLACES, first_number=1, partners=4))["n00"]}) == 4
