# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a run, from what its measurements and checks left in its folder."""

from __future__ import annotations

import json
import pathlib
import typing as t
from dataclasses import asdict

import jsonschema
import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Subject
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunRecord
from ansible_collections.railyard.cluster.plugins.plugin_utils._validation import make_record, passed_nodes, summary, to_drain, worst

NODES = [{"name": name, "leaf": "leaf1", "unit": "", "hardware_class": ""} for name in ("node1", "node2", "node3")]


def result(name: str, verdict: str, severity: str = "info", **changes: t.Any) -> CheckResult:
    return CheckResult(Subject("node", name, name), "network_bandwidth", verdict, severity, unit="Gbit/s", proof="lab", run_id="1", **changes)


RESULTS = [result("node1", "pass"), result("node2", "fail", "critical", expected=10.0, observed=5.0), result("node3", "inconclusive", "warning")]
PAIR = {"a": "node1", "b": "node2", "rail": 0, "round": 1, "rate": 5.0, "confirm": False}
TEST = {
    "test": "network_bandwidth",
    "tool": "iperf3",
    "proof": "lab",
    "unit": "Gbit/s",
    "rails": 1,
    "rounds": 3,
    "expected": {"same_leaf": 10.0},
    "pairs": [PAIR],
}


def verdict(**changes: t.Any) -> dict[str, t.Any]:
    """Of one test."""
    return {
        "test": TEST,
        "results": [asdict(one) for one in RESULTS],
        "problems": ["node3 with node1, round 2: x"],
        "absent": ["node3"],
        **changes,
    }


def write(folder: pathlib.Path, *verdicts: dict[str, t.Any], not_tested: t.Any = ()) -> None:
    (folder / "pairs").mkdir(exist_ok=True)
    (folder / "pairs/verdict.json").write_text(json.dumps({"run_id": "1", "verdicts": verdicts, "not_tested": list(not_tested)}))


def made(folder: pathlib.Path, **changes: t.Any) -> RunRecord:
    arguments = {
        "folder": str(folder),
        "run_id": "1",
        "started": "2026-01-01T00:00:00Z",
        "stage": "pair",
        "nodes": NODES,
        "problems": {},
        "hardware_proof": "lab",
    }
    return make_record({**arguments, **changes}, inventory="/site", ended="2026-01-01T00:01:00Z")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    write(tmp_path, verdict())
    return tmp_path


def test_what_was_measured_is_in_the_record(folder: pathlib.Path, repository: pathlib.Path) -> None:
    record = made(folder, problems={"node3": "the node's agent is not installed.", "node1": ""})
    assert (record.run_id, record.inventory, record.stages, record.ended) == ("1", "/site", ("pair",), "2026-01-01T00:01:00Z")
    assert [node.name for node in record.nodes] == ["node1", "node2", "node3"]
    assert list(record.results) == RESULTS
    assert [(test.test, test.rounds, len(test.pairs)) for test in record.tests] == [("network_bandwidth", 3, 1)]
    assert [(entry.what, entry.why) for entry in record.not_tested] == [
        ("node3", "the node's agent is not installed."),
        ("node3: network_bandwidth", "nothing came back from it"),
    ]
    assert record.warnings == ("node3 with node1, round 2: x",)
    jsonschema.validate(record.to_dict(), json.loads((repository / "docs/schemas/findings.json").read_text()))


def test_two_measurements_are_in_one_record(folder: pathlib.Path) -> None:
    write(folder, verdict(), verdict(test={**TEST, "test": "rdma_bandwidth", "tool": "perftest"}, absent=[]))
    record = made(folder)
    assert [test.test for test in record.tests] == ["network_bandwidth", "rdma_bandwidth"]
    assert len(record.results) == 6


def test_what_nobody_could_be_measured_with_is_not_tested(folder: pathlib.Path) -> None:
    write(folder, not_tested=[{"what": "rdma_bandwidth", "why": "no node has a rail that is up"}])
    assert [(entry.what, entry.why) for entry in made(folder).not_tested] == [("rdma_bandwidth", "no node has a rail that is up")]


@pytest.mark.parametrize("kind", ["health", "gpu"])
def test_what_each_node_said_is_in_the_record(tmp_path: pathlib.Path, kind: str) -> None:
    (tmp_path / kind).mkdir()
    for name in ("node2", "of-another-run"):
        kept = {"results": [asdict(result(name, "fail", "critical"))], "outputs": [{"name": "x.txt"}]}
        (tmp_path / kind / f"{name}.json").write_text(json.dumps(kept))
    assert [(one.subject.name, one.verdict) for one in made(tmp_path, stage="node").results] == [("node2", "fail")]


def test_a_node_of_which_nothing_is_known_did_not_pass(tmp_path: pathlib.Path) -> None:
    (tmp_path / "health").mkdir()
    (tmp_path / "health/node1.json").write_text(json.dumps({"results": [asdict(result("node1", "pass"))]}))
    record = made(tmp_path, stage="node", problems={"node1": "half of it hung", "node2": "Broken pipe\nssh: timed out", "node3": ""})
    assert [(one.subject.name, one.check, one.verdict, one.hint) for one in record.results[1:]] == [
        ("node2", "node_answers", "inconclusive", "Broken pipe ssh: timed out")
    ]
    assert summary(record, "")["verdict"] == "inconclusive"
    assert passed_nodes(record) == ["node1"]


def test_the_stages_that_were_run(folder: pathlib.Path) -> None:
    assert {stage: made(folder, stage=stage).stages for stage in ("all", "node")} == {"all": ("node", "pair"), "node": ("node",)}


@pytest.mark.parametrize("content", ["{", "[]", "3", json.dumps({"run_id": "1"})])
def test_a_damaged_verdict_is_one_sentence(folder: pathlib.Path, content: str) -> None:
    (folder / "pairs/verdict.json").write_text(content)
    with pytest.raises(CoreError, match=r"pairs/verdict\.json: it (cannot be read: |is not what a run of this Railyard leaves\. Validate again\.)"):
        made(folder)


def test_a_run_that_measured_nothing(tmp_path: pathlib.Path) -> None:
    record = made(tmp_path)
    assert (record.results, record.tests) == ((), ())
    assert summary(record, "/x")["verdict"] == "inconclusive"


def test_the_summary_has_what_a_person_wants_to_know(folder: pathlib.Path) -> None:
    found = summary(made(folder), "/x/findings.json")
    assert (found["verdict"], found["nodes"], found["passed"], found["path"]) == ("fail", 3, 1, "/x/findings.json")
    assert [(finding["subject"]["name"], finding["verdict"]) for finding in found["findings"]] == [("node2", "fail"), ("node3", "inconclusive")]
    assert found["tests"] == [
        {"test": "network_bandwidth", "tool": "iperf3", "proof": "lab", "unit": "Gbit/s", "rounds": 3, "pairs": 1, "expected": {"same_leaf": 10.0}}
    ]
    assert [entry["what"] for entry in found["not_tested"]] == ["node3: network_bandwidth"]
    json.dumps(found)


@pytest.mark.parametrize(
    ("verdicts", "over_all"),
    [
        (("pass", "warn", "inconclusive", "fail"), "fail"),
        (("pass", "warn", "inconclusive"), "inconclusive"),
        (("pass", "warn"), "warn"),
        (("pass",), "pass"),
        ((), "inconclusive"),
    ],
)
def test_the_worst_counts(verdicts: tuple[str, ...], over_all: str) -> None:
    assert worst([result("node1", verdict) for verdict in verdicts]) == over_all


def test_only_what_is_critical_and_no_doubt_is_taken_out_of_service(folder: pathlib.Path) -> None:
    record = made(folder)
    assert to_drain(record) == [{"name": "node2", "reason": "validate 1: network_bandwidth 5 of 10 Gbit/s"}]
    assert passed_nodes(record) == ["node1"]
