# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run comes to: the sentence at the top, the state of nodes and leaves, groups of findings, uniformity."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Evidence, Subject
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunNode, RunRecord
from ansible_collections.railyard.cluster.plugins.module_utils.core.report import overview


def node(name: str, verdict: str, check: str = "x", severity: str = "info", **fields: object) -> CheckResult:
    return CheckResult(Subject("node", name, name), check, verdict, severity, **fields)  # type: ignore[arg-type]


def run(*results: CheckResult, nodes: tuple[RunNode, ...] = ()) -> RunRecord:
    return RunRecord("1", "site", "", "", nodes=nodes, results=results)


UPLINK = CheckResult(Subject("uplink", "leaf1"), "x", "fail", "critical", proof="stub")


@pytest.mark.parametrize(
    ("results", "verdict", "said"),
    [
        ((), "inconclusive", "Nothing was tested."),
        ((node("a", "pass"),), "pass", "All that was tested is as it should be."),
        ((node("a", "inconclusive"), node("b", "pass")), "inconclusive", "Nothing that was tested is known to be wrong, but a could not be judged."),
        ((node("a", "warn"), node("b", "warn"), node("a", "warn", "y")), "warn", "Nothing fails, but a and b should be looked at."),
        ((node("a", "fail"), node("a", "fail", "y")), "fail", "a is not as it should be."),
        ((node("a", "fail"), UPLINK), "fail", "The uplink of leaf1 and a are not as they should be."),
        (tuple(node(f"n{number}", "fail") for number in range(1, 8)), "fail", "n[1-7] are not as they should be."),
    ],
)
def test_the_sentence(results: tuple[CheckResult, ...], verdict: str, said: str) -> None:
    found = overview.headline(run(*results))
    assert (found.verdict, found.sentence) == (verdict, said)


def test_what_else_there_is_to_tell() -> None:
    found = overview.headline(run(node("a", "fail"), node("b", "warn"), node("c", "inconclusive"), UPLINK))
    assert (found.further, found.simulated) == ("b should be looked at. c could not be judged.", 1)
    names = [f"{letter * 12}x" for letter in "abcdefgh"]
    assert overview.headline(run(*(node(name, "fail") for name in names))).sentence == f"{', '.join(names[:4])} and 4 more are not as they should be."


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (node("a", "fail", expected=47.8, observed=33.123456, unit="GB/s"), "x: 33.12 instead of 47.8 GB/s"),
        (node("a", "fail", expected=8.0, observed=None, unit="GPUs"), "x: nothing instead of 8 GPUs"),
        (node("a", "pass", expected=8.0, observed=8.0), "x: 8"),
        (node("a", "pass"), "x: pass"),
        (node("a", "warn", observed="2.4"), "x: 2.4"),
        (node("a", "inconclusive", expected=8.0, observed=8.0, hint="It was lost."), "x: It was lost."),
        (node("a", "fail", expected=123456.0, observed=12345.6, unit="MiB"), "x: 12,346 instead of 123,456 MiB"),
    ],
)
def test_a_result_in_a_sentence(result: CheckResult, said: str) -> None:
    assert overview.sentence(result) == said


def test_where_nodes_hang() -> None:
    nodes = tuple(RunNode(f"node{number}", None, "", f"leaf{number // 9 + 1}", "su1") for number in (10, 2, 1))
    results = (node("node2", "pass"), node("node2", "warn", "y"), CheckResult(Subject("rail", "node10 rail 3", "node10", 3), "x", "fail", observed=1.0))
    leaf = CheckResult(Subject("uplink", "leaf2 rail 1", rail=1), "x", "fail")
    ((unit, (first, second)),) = overview.leaves(run(*results, leaf, nodes=nodes))
    assert (unit, first.name, second.name) == ("su1", "leaf1", "leaf2")
    assert first.nodes == (("node1", "untested", ()), ("node2", "warn", ("y: warn",)))
    assert second.nodes == (("node10", "fail", ("x: 1",)),)
    assert (first.verdict, second.verdict) == ("untested", "fail")


def test_findings_of_one_kind_stand_together() -> None:
    many = [node(f"n{number}", "warn", "firmware", "warning") for number in range(9)]
    groups = overview.finding_groups(run(*many, node("a", "fail", severity="critical"), node("b", "pass")))
    assert [(group.check, len(group.members), group.few) for group in groups] == [("x", 1, True), ("firmware", 9, False)]


def test_uniformity() -> None:
    nodes = tuple(RunNode(f"n{number}", None, "h100", "", "") for number in range(1, 5))
    odd = [node(f"n{number}", "warn", "uniform_bios", expected="2.4", observed="2.3") for number in (1, 2)]
    same = CheckResult(Subject("fleet", "h100"), "uniform_nvidia_driver", "pass", expected="580", observed="580")
    unclear = CheckResult(Subject("fleet", "h100"), "uniform_kernel", "inconclusive", hint="No majority.", evidence=(Evidence("2 nodes, such as n1", "6.1"),))
    of_a_part = CheckResult(Subject("fleet", "h100 MT_0223"), "uniform_hca_firmware", "pass", expected="28", observed="28")
    rows = overview.uniformity(run(same, of_a_part, *odd, unclear, node("n1", "pass"), nodes=nodes))
    assert [(row.hardware_class, row.what, row.usual, row.verdict, row.others, row.hint) for row in rows] == [
        ("h100", "bios", "2.4", "warn", (("2.3", "n[1-2]"),), ""),
        ("h100", "kernel", "", "inconclusive", (("6.1", "2 nodes, such as n1"),), "No majority."),
        ("h100", "nvidia driver", "580", "pass", (), ""),
        ("h100", "hca firmware of MT_0223", "28", "pass", (), ""),
    ]
    classless = CheckResult(Subject("fleet", "GPUs"), "uniform_counts", "pass", expected="0")
    (row,) = overview.uniformity(run(classless, nodes=(RunNode("a", None, "", "", ""),)))
    assert (row.hardware_class, row.what) == ("", "counts of GPUs")


def test_what_says_the_same_is_said_once() -> None:
    results = [node("n1", "warn", observed="2.3"), node("n2", "warn", observed="2.3"), node("n3", "warn", observed="2.2"), UPLINK]
    assert [(first.subject.name, count, names) for first, count, names in overview.alike(results)] == [
        ("n1", 2, "n[1-2]"),
        ("n3", 1, "n3"),
        ("leaf1", 1, "the uplink of leaf1"),
    ]


def test_what_was_checked() -> None:
    results = (node("a", "pass", proof="lab", binding_limit="1 Gbit/s"), node("b", "fail", proof="stub", binding_limit="1 Gbit/s"), node("a", "warn", "y"))
    summary = [(one.check, one.counts, one.total, one.proofs, one.binding_limits) for one in overview.checks(run(*results))]
    assert summary == [("x", (1, 0, 1, 0), 2, ("lab", "stub"), ("1 Gbit/s",)), ("y", (0, 1, 0, 0), 1, ("unproven",), ())]
