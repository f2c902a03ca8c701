# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run against its own past: what counts as lower, what does not, and what fails again and again."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core import history
from ansible_collections.railyard.cluster.plugins.module_utils.core.history import Key, PastResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Subject
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunNode, RunRecord

Past = dict[Key, list[PastResult]]
NODES = tuple(RunNode(f"node{number}", f"SN{number}", "h100", "leaf1", "su1") for number in range(1, 7))


def rate(
    node: str, value: float | str | None, verdict: str = "pass", *, check: str = "rdma_bandwidth", unit: str = "Gbit/s", proof: str = "lab"
) -> CheckResult:
    return CheckResult(Subject("node", node, node), check, verdict, observed=value, unit=unit, proof=proof)


def run(number: int, *results: CheckResult, nodes: tuple[RunNode, ...] = NODES) -> RunRecord:
    time = f"2026-03-{number:02}T09:00:00+00:00"
    return RunRecord(f"run{number:02}", "site", time, time, nodes=nodes, results=results)


def remembered(*records: RunRecord) -> Past:
    """What a history of these runs holds."""
    past: Past = {}
    for record in records:
        for key, result in zip(history.keys(record), record.results, strict=True):
            value = float(result.observed) if isinstance(result.observed, (int, float)) else None
            past.setdefault(key, []).append(
                PastResult(record.run_id, record.ended, result.subject.node or "", result.verdict, result.proof, value, result.unit)
            )
    return past


def good_runs(*values: float) -> Past:
    return remembered(*(run(number, rate("node1", value)) for number, value in enumerate(values, 1)))


def test_a_node_keeps_its_past_under_another_name_and_a_new_one_has_none() -> None:
    subjects = [Subject("node", "node1", "node1"), Subject("rail", "node1 rail 3", "node1", 3), Subject("gpu", "node1 GPU 0", "node1", serial="GPU7")]
    results = tuple(CheckResult(subject, "x", "pass") for subject in (*subjects, Subject("leaf", "leaf1"), Subject("node", "other", "other")))
    assert history.keys(run(1, *results)) == [
        Key("SN1", "x", "node"),
        Key("SN1", "x", "rail rail 3"),
        Key("GPU7", "x", "gpu"),
        Key("leaf1", "x", "leaf leaf1"),
        Key("other", "x", "node"),
    ]
    renamed = (RunNode("gpu-a", "SN1", "h100", "", ""), RunNode("node1", "SN9", "h100", "", ""))
    moved = run(2, CheckResult(Subject("rail", "gpu-a rail 3", "gpu-a", 3), "x", "pass"), rate("node1", 1.0, check="x"), nodes=renamed)
    assert history.keys(moved) == [Key("SN1", "x", "rail rail 3"), Key("SN9", "x", "node")]


def test_a_serial_number_of_several_nodes_is_none() -> None:
    twins = tuple(RunNode(name, "To Be Filled", "", "", "") for name in ("node1", "node2"))
    assert [key.identity for key in history.keys(run(1, rate("node1", 1.0), rate("node2", 1.0), nodes=twins))] == ["node1", "node2"]


def test_a_lower_value_is_told_with_its_past() -> None:
    (found,) = history.regressions(run(9, rate("node1", 350.0)), good_runs(390, 391, 389, 390))
    assert (found.id, found.verdict, found.severity) == ("rdma_bandwidth_regression:node:node1", "warn", "warning")
    assert (found.expected, found.observed, found.unit, found.run_id, found.proof) == (390, 350.0, "Gbit/s", "run09", "lab")
    assert [(entry.what, entry.observed) for entry in found.evidence] == [("run run01", 390), ("run run02", 391), ("run run03", 389), ("run run04", 390)]
    assert found.hint == "It is 10.3% slower than it used to be, while rdma_bandwidth by itself finds nothing wrong."


@pytest.mark.parametrize(
    ("now", "past"),
    [
        (rate("node1", 380.0), good_runs(390, 391, 389)),  # 2.6 %: not material
        (rate("node1", 370.0), good_runs(390, 420, 360, 400, 375)),  # within what it always scatters by
        (rate("node1", 350.0), good_runs(390, 391)),  # two runs are no past
        (rate("node1", 500.0), good_runs(390, 391, 389)),
        (rate("node1", None, "inconclusive"), good_runs(390, 391, 389)),
        (rate("node1", "fast"), good_runs(390, 391, 389)),
        (rate("node1", 350.0, "fail"), good_runs(390, 391, 389)),  # told already
        (rate("node1", 35.0, unit="GB/s"), good_runs(390, 391, 389)),  # measured in another unit
        (rate("node1", 35.0, proof="stub"), good_runs(390, 391, 389)),  # a stand-in against real ones
        (rate("node2", 350.0), good_runs(390, 391, 389)),  # another node's past
        (rate("node1", 350.0, check="other"), good_runs(390, 391, 389)),
    ],
)
def test_what_is_no_regression(now: CheckResult, past: Past) -> None:
    assert history.regressions(run(9, now), past) == ()


def test_less_is_better_where_nothing_is_counted_per_second() -> None:
    past = remembered(*(run(number, rate("node1", 8.0, unit="GPUs"), rate("node1", 2.0, check="latency", unit="us")) for number in range(1, 5)))
    assert history.regressions(run(9, rate("node1", 7.0, unit="GPUs"), rate("node1", 1.0, check="latency", unit="us")), past) == ()


def test_bad_runs_are_no_past() -> None:
    records = [run(number, rate("node1", 390.0 + number)) for number in range(1, 5)]
    bad = [run(number, rate("node1", 100.0, verdict)) for number, verdict in ((5, "fail"), (6, "inconclusive"), (7, "warn"), (8, "fail"), (9, "fail"))]
    (found,) = history.regressions(run(10, rate("node1", 350.0)), remembered(*records, *bad))
    assert found.expected == 392.5


def test_a_decline_does_not_become_the_new_normal() -> None:
    """Each day 2 % slower, and no day fails by itself: the past stays what it was before the first warning."""
    records: list[RunRecord] = []
    warned = []
    for day in range(1, 15):
        value = 390.0 if day < 5 else 390.0 * 0.98 ** (day - 4)
        record = run(day, rate("node1", value))
        whole = history.with_regressions(record, remembered(*records))
        warned.append(len(whole.results) > 1)
        records.append(whole)
    assert warned == [False] * 5 + [True] * 9


def test_what_most_have_in_common_is_one_result() -> None:
    past = remembered(*(run(day, *(rate(node.name, 390.0) for node in NODES)) for day in range(1, 5)))
    now = [rate(node.name, 300.0 if number < 4 else 390.0) for number, node in enumerate(NODES)]
    (found,) = history.regressions(run(9, *now), past)
    assert (found.subject.kind, found.check, found.observed, found.expected, len(found.evidence)) == ("fleet", "rdma_bandwidth_regression", 300, 390, 4)
    assert found.hint.startswith("4 of 6 are slower")
    now = [rate(node.name, 300.0 if number < 3 else 390.0) for number, node in enumerate(NODES)]
    assert [one.subject.name for one in history.regressions(run(9, *now), past)] == ["node1", "node2", "node3"]


def test_what_a_leaf_explains_is_not_told_of_its_nodes() -> None:
    past = good_runs(390, 391, 389)
    leaf = CheckResult(Subject("uplink", "leaf1"), "rdma_bandwidth", "fail")
    assert history.regressions(run(9, rate("node1", 300.0), leaf), past) == ()
    assert len(history.regressions(run(9, rate("node1", 300.0), replace(leaf, verdict="pass")), past)) == 1
    assert len(history.regressions(run(9, rate("node1", 300.0), replace(leaf, check="other")), past)) == 1


def test_the_run_itself_is_no_past_of_it() -> None:
    records = [run(day, rate("node1", 390.0)) for day in (1, 2)]
    again = run(3, rate("node1", 300.0))
    assert history.regressions(again, remembered(*records, replace(again, results=(rate("node1", 390.0),)))) == ()


def test_noise_alone_is_seldom_a_regression() -> None:
    """1 % noise, 1,000 nodes, ten runs: none is accused; a node that lost 8 % is."""
    chance = random.Random(1)
    nodes = tuple(RunNode(f"n{number}", f"S{number}", "", "", "") for number in range(1000))
    records = [run(day, *(rate(node.name, 48 * chance.gauss(1, 0.01), unit="GB/s") for node in nodes), nodes=nodes) for day in range(1, 11)]
    now = [rate(node.name, 48 * chance.gauss(1, 0.01) * (0.92 if node.name == "n7" else 1), unit="GB/s") for node in nodes]
    found = [one.subject.name for one in history.regressions(run(20, *now, nodes=nodes), remembered(*records))]
    assert "n7" in found
    assert len(found) <= 4


def test_recovered() -> None:
    past = remembered(run(1, rate("node1", 10.0, "fail"), rate("node2", 10.0, "fail")), run(2, rate("node1", None, "inconclusive"), rate("node2", 390.0)))
    ((key, now, before),) = history.recovered(run(3, rate("node1", 390.0), rate("node2", 390.0), rate("node3", 390.0)), past)
    assert (key, now.subject.name, before.run_id, before.verdict) == (Key("SN1", "rdma_bandwidth", "node"), "node1", "run01", "fail")
    assert history.recovered(run(3, rate("node1", 10.0, "warn")), past) == ()


RAIL = CheckResult(Subject("rail", "node1 rail 3", "node1", 3), "rdma_bandwidth", "fail", unit="Gbit/s")
LEAF = CheckResult(Subject("leaf", "leaf1"), "rdma_bandwidth", "fail", unit="Gbit/s")


@pytest.mark.parametrize(("what", "node"), [(RAIL, "node1"), (LEAF, "")])
def test_what_is_named_only_when_it_is_bad_is_well_where_it_is_not_named(what: CheckResult, node: str) -> None:
    bad, good = (what, rate("node2", 390.0)), (rate("node1", 390.0), rate("node2", 390.0))
    past = remembered(run(1, *bad), run(2, *good), run(3, *bad))
    assert [(one.node, one.episodes, one.failed, one.runs) for one in history.repeat_offenders(past)] == [(node, 2, 2, 3)]
    if node:
        assert [(key.subject, now.subject.name) for key, now, _before in history.recovered(run(4, *good), past)] == [("rail rail 3", "node1")]
    # Where its node was not looked at, nothing is known of the rail.
    if node:
        past = remembered(run(1, *bad), run(2, rate("node2", 390.0)), run(3, *bad))
        assert history.repeat_offenders(past) == ()


def test_repeat_offenders() -> None:
    verdicts = {
        "node1": ["fail", "pass", "fail", "inconclusive", "fail", "pass", "fail"],
        "node2": ["pass", "fail", "fail", "fail", "fail", "fail", "fail"],
        "node3": ["fail", "pass", "pass", "pass", "fail", "pass", "pass"],
        "node4": ["warn", "pass", "warn", "pass", "warn", "pass", "pass"],
    }
    past = remembered(*(run(day + 1, *(rate(node, 1.0, said[day]) for node, said in verdicts.items())) for day in range(7)))
    found = [(one.node, one.episodes, one.failed, one.runs) for one in history.repeat_offenders(past)]
    assert found == [("node1", 3, 4, 6), ("node3", 2, 2, 7)]
