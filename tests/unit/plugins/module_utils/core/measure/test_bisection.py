# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Searches to their end, against faults that only show in groups."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.bisection import Culprit, Group, Step, next_step
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.isolation import Place

Passes = Callable[[set[str]], "bool | None"]


def cluster(units: int, leaves: int, nodes: int) -> list[Place]:
    return [Place(f"u{u}l{n}n{k:02}", f"u{u}l{n}", f"u{u}") for u in range(units) for n in range(leaves) for k in range(nodes)]


def leaves_of(nodes: set[str]) -> set[str]:
    return {node[:-3] for node in nodes}


def search(places: list[Place], passes: Passes) -> tuple[Step, dict[str, bool | None], int]:
    """Run a search to its end. Returns the last step, the outcomes and how many steps there were."""
    outcomes: dict[str, bool | None] = {}
    for steps in range(200):
        step = next_step(places, outcomes)
        if not step.groups:
            return step, outcomes, steps
        nodes = [node for group in step.groups for node in group.nodes]
        assert len(set(nodes)) == len(nodes)
        for group in step.groups:
            assert group.name not in outcomes
            assert len(group.nodes) > 1
            outcomes[group.name] = passes(set(group.nodes))
    raise AssertionError("the search does not end")


def test_nothing_is_wrong() -> None:
    step, outcomes, steps = search(cluster(2, 2, 4), lambda nodes: True)
    assert step == Step()
    assert list(outcomes) == ["leaf u0l0", "leaf u0l1", "leaf u1l0", "leaf u1l1", "unit u0", "unit u1", "all"]
    assert steps == 3


def test_groups_hold_the_nodes_they_name() -> None:
    places = cluster(2, 2, 2)
    assert next_step(places, {}).groups[1] == Group("leaf u0l1", ("u0l1n00", "u0l1n01"))
    passed = {f"leaf {leaf}": True for leaf in ("u0l0", "u0l1", "u1l0", "u1l1")}
    assert next_step(places, passed).groups == (
        Group("unit u0", ("u0l0n00", "u0l0n01", "u0l1n00", "u0l1n01")),
        Group("unit u1", ("u1l0n00", "u1l0n01", "u1l1n00", "u1l1n01")),
    )


def test_a_fault_of_two_nodes_of_a_leaf() -> None:
    step, outcomes, _steps = search(cluster(2, 2, 8), lambda nodes: not {"u1l0n04", "u1l0n05"} <= nodes)
    assert step.culprits == (Culprit("node", ("u1l0n04", "u1l0n05"), "leaf u1l0/2/1", ()),)
    assert "unit u1" not in outcomes  # one sound leaf is left of it, which passed
    assert outcomes["unit u0"]
    assert outcomes["all"]


def test_a_leaf_that_only_fails_whole() -> None:
    step, _outcomes, _steps = search(cluster(1, 3, 8), lambda nodes: sum(node.startswith("u0l1") for node in nodes) < 8)
    assert step.culprits == (Culprit("leaf", ("u0l1",), "leaf u0l1", ("leaf u0l1/1", "leaf u0l1/2")),)


@pytest.mark.parametrize("leaf", [f"u0l{n}" for n in range(6)])
def test_an_uplink_that_fails_with_four_leaves_or_more(leaf: str) -> None:
    step, _outcomes, _steps = search(cluster(1, 6, 4), lambda nodes: not (leaf in leaves_of(nodes) and len(leaves_of(nodes)) > 3))
    (culprit,) = step.culprits
    assert (culprit.kind, culprit.names, culprit.failed) == ("uplink", (leaf,), "unit u0")
    assert f"unit u0 without {leaf}" in culprit.passed


def test_an_uplink_that_fails_with_any_other_leaf_is_cut_out_by_halves() -> None:
    step, outcomes, _steps = search(cluster(1, 8, 4), lambda nodes: not ("u0l5" in leaves_of(nodes) and len(leaves_of(nodes)) > 1))
    assert step.culprits == (Culprit("uplink", ("u0l4", "u0l5"), "unit u0/2/1", ("leaf u0l4", "leaf u0l5")),)
    assert not any("without" in name for name in outcomes)


def test_a_fault_between_units() -> None:
    step, _outcomes, _steps = search(
        cluster(2, 3, 4), lambda nodes: not ("u1l2" in leaves_of(nodes) and any(leaf.startswith("u0") for leaf in leaves_of(nodes)))
    )
    (culprit,) = step.culprits
    assert (culprit.kind, culprit.names, culprit.failed) == ("uplink", ("u1l2",), "all")


def test_what_all_share() -> None:
    step, outcomes, _steps = search(cluster(2, 3, 4), lambda nodes: len({leaf[:2] for leaf in leaves_of(nodes)}) < 2)
    (culprit,) = step.culprits
    assert (culprit.kind, len(culprit.names), culprit.failed) == ("fleet", 6, "all")
    assert len(outcomes) == 6 + 2 + 1 + 6


def test_many_leaves_are_left_out_in_chunks() -> None:
    step, outcomes, _steps = search(cluster(4, 16, 2), lambda nodes: not ("u2l7" in leaves_of(nodes) and len({leaf[:2] for leaf in leaves_of(nodes)}) > 2))
    (culprit,) = step.culprits
    assert (culprit.kind, culprit.names) == ("uplink", ("u2l7",))
    assert sum("without" in name for name in outcomes) == 16 + 4


def test_two_faults_are_found_in_one_search() -> None:
    def passes(nodes: set[str]) -> bool:
        return not {"u0l0n00", "u0l0n01"} <= nodes and not {"u1l0", "u1l1", "u1l2"} <= leaves_of(nodes)

    step, outcomes, _steps = search(cluster(3, 3, 4), passes)
    assert [(culprit.kind, culprit.names) for culprit in step.culprits] == [("node", ("u0l0n00", "u0l0n01")), ("fleet", ("u1l0", "u1l1", "u1l2"))]
    assert outcomes["all"]


def test_a_group_that_could_not_be_run() -> None:
    step, outcomes, _steps = search(cluster(2, 2, 4), lambda nodes: None if leaves_of(nodes) == {"u0l1"} else True)
    assert (step.culprits, step.inconclusive) == ((), ("leaf u0l1",))
    assert outcomes["all"]


def test_a_search_is_taken_up_where_it_stopped() -> None:
    def passes(nodes: set[str]) -> bool:
        return not {"u0l1", "u0l2", "u0l3"} <= leaves_of(nodes)

    places = cluster(1, 4, 4)
    step, outcomes, _steps = search(places, passes)
    for count in range(len(outcomes)):
        known = dict(list(outcomes.items())[:count])
        assert next_step(places, known).groups
        assert {group.name for group in next_step(places, known).groups} <= set(outcomes)
    assert next_step(list(reversed(places)), outcomes) == step


@pytest.mark.parametrize("places", [[], cluster(1, 1, 1), cluster(1, 3, 1)[:1]])
def test_nothing_to_run(places: list[Place]) -> None:
    assert next_step(places, {}) == Step()


def test_leaves_of_one_node_each() -> None:
    step, outcomes, _steps = search(cluster(1, 5, 1), lambda nodes: "u0l2n00" not in nodes or len(nodes) < 4)
    assert [(culprit.kind, culprit.names) for culprit in step.culprits] == [("uplink", ("u0l2",))]
    assert "leaf u0l0" not in outcomes


def test_all_waits_for_every_unit() -> None:
    places = cluster(3, 2, 2)
    _step, outcomes, _steps = search(places, lambda nodes: True)
    known = {name: passed for name, passed in outcomes.items() if name not in ("unit u2", "all")}
    assert [group.name for group in next_step(places, known).groups] == ["unit u2"]
