# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run beside the one before: what is new, worse, still there, gone, or was not looked at."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Subject
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunNode, RunRecord
from ansible_collections.railyard.cluster.plugins.module_utils.core.report.comparison import compare

NODES = tuple(RunNode(f"node{number}", f"SN{number}", "h100", "leaf1", "su1") for number in range(1, 4))


def node(name: str, verdict: str, check: str = "x") -> CheckResult:
    return CheckResult(Subject("node", name, name), check, verdict)


def run(*results: CheckResult, nodes: tuple[RunNode, ...] = NODES) -> RunRecord:
    return RunRecord("1", "site", "", "", nodes=nodes, results=results)


RAIL = CheckResult(Subject("rail", "node1 rail 3", "node1", 3), "x", "fail")
LEAF = CheckResult(Subject("leaf", "leaf1"), "x", "fail")
BIOS = node("node1", "warn", "uniform_bios")
SAME_BIOS = CheckResult(Subject("fleet", "h100"), "uniform_bios", "pass")


@pytest.mark.parametrize(
    ("before", "now", "where"),
    [
        ((), (node("node1", "fail"),), "new"),
        ((node("node1", "pass"),), (node("node1", "warn"),), "new"),
        ((node("node1", "warn"),), (node("node1", "fail"),), "worse"),
        ((node("node1", "inconclusive"),), (node("node1", "fail"),), "worse"),
        ((node("node1", "fail"),), (node("node1", "fail"),), "still"),
        ((node("node1", "fail"),), (node("node1", "inconclusive"),), "still"),
        ((node("node1", "fail"),), (node("node1", "pass"),), "better"),
        ((node("node1", "fail"),), (node("node2", "pass"),), "untested"),
        ((node("node1", "fail"),), (node("node1", "pass", "y"),), "untested"),
        ((RAIL,), (node("node1", "pass"),), "better"),  # a rail has no result of its own where it is well
        ((RAIL,), (node("node2", "pass"),), "untested"),
        ((LEAF,), (node("node1", "pass"),), "better"),
        ((LEAF,), (node("node1", "pass", "y"),), "untested"),
        ((BIOS,), (SAME_BIOS, node("node1", "pass")), "better"),
        ((BIOS,), (SAME_BIOS, node("node2", "pass")), "untested"),  # the node was not there
        ((node("node1", "warn", "x_regression"),), (node("node1", "pass"),), "better"),
    ],
)
def test_where_a_finding_goes(before: tuple[CheckResult, ...], now: tuple[CheckResult, ...], where: str) -> None:
    found = compare(run(*now), run(*before))
    assert {name: len(getattr(found, name)) for name in ("new", "worse", "still", "better", "untested") if getattr(found, name)} == {where: 1}
    assert found.same == (where == "still")


def test_a_node_stays_the_same_under_another_name() -> None:
    renamed = (RunNode("other", "SN1", "", "", ""),)
    found = compare(run(node("other", "fail"), nodes=renamed), run(node("node1", "fail")))
    assert [now.subject.name for now, _before in found.still] == ["other"]


def test_a_rail_whose_node_fails_now_is_not_gone() -> None:
    found = compare(run(node("node1", "fail")), run(RAIL))
    assert ([one.subject.name for one in found.new], found.better, found.untested) == (["node1"], (), ())


def test_two_runs_without_a_finding() -> None:
    found = compare(run(node("node1", "pass")), run(node("node1", "pass")))
    assert found.same
    assert not found.still
