# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What validate shows of a run's findings, and which exit status it gives."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from railyard.commands import validate
from railyard.request import RunRequest
from railyard.result import RunResult, TaskResult

TEST = {
    "test": "network_bandwidth",
    "tool": "iperf3",
    "proof": "lab",
    "unit": "Gbit/s",
    "rounds": 3,
    "pairs": 6,
    "expected": {"same_leaf": 0.94, "other_leaf": 0.93},
}
SLOW: dict[str, Any] = {
    "subject": {"kind": "node", "name": "node3"},
    "check": "network_bandwidth",
    "verdict": "fail",
    "expected": 0.94,
    "observed": 0.561234,
    "unit": "Gbit/s",
    "evidence": [{"what": f"evidence {number}", "observed": value, "unit": "Gbit/s"} for number, value in enumerate((0.56, None, 0.55, 0.57), 1)],
    "hint": "It is slow with every partner: [look] at its cable.",
    "remediation": "Replace the cable.",
}
UNKNOWN = {**SLOW, "verdict": "inconclusive", "expected": None, "observed": None, "evidence": [], "hint": "It was in no measurement.", "remediation": ""}
PASSED: dict[str, Any] = {
    "run_id": "1",
    "path": "/state/runs/1/findings.json",
    "verdict": "pass",
    "nodes": 4,
    "passed": 5,
    "findings": [],
    "tests": [TEST],
    "not_tested": [],
    "warnings": [],
}
FAILED = {**PASSED, "verdict": "fail", "findings": [SLOW]}
DOUBTFUL = {**PASSED, "verdict": "inconclusive", "findings": [UNKNOWN, UNKNOWN], "not_tested": [{"what": "node3", "why": "the node's agent is not installed."}]}


def result(message: dict[str, Any] | None) -> RunResult:
    tasks = () if message is None else (TaskResult("node1", validate.TASK, "ansible.builtin.debug", {"msg": message}),)
    return RunResult(RunRequest("railyard.cluster.validate", "site"), "1", "done", 0, "", 1.0, "", results=tasks)


def shown(message: dict[str, Any] | None) -> list[str]:
    output = io.StringIO()
    validate._show(Console(file=output, width=80), result(message))
    return output.getvalue().splitlines()


@pytest.mark.parametrize(("message", "status"), [(PASSED, 0), ({**PASSED, "verdict": "warn"}, 1), (FAILED, 1), (DOUBTFUL, 1), ({}, 1), (None, 1)])
def test_status(message: dict[str, Any] | None, status: int) -> None:
    assert validate._judge(result(message)) == status


def test_everything_passed() -> None:
    assert shown(PASSED) == [
        "network_bandwidth: 6 measurements in 3 rounds, an unimpaired pair reaches same leaf 0.94, other leaf 0.93 Gbit/s",
        "pass: 4 nodes, 5 results passed, 0 findings",
        "  every result: /state/runs/1/findings.json",
    ]


def test_a_finding_with_its_evidence_and_what_to_do() -> None:
    assert shown(FAILED)[1:-1] == [
        "fail: node3 network_bandwidth: 0.561234 of 0.94 Gbit/s",
        "    evidence 1: 0.56 Gbit/s",
        "    evidence 2: nothing",
        "    evidence 3: 0.55 Gbit/s",
        "    It is slow with every partner: [look] at its cable.",
        "    Replace the cable.",
        "fail: 4 nodes, 5 results passed, 1 finding",
    ]


def test_what_could_not_be_judged_and_was_not_tested() -> None:
    assert shown(DOUBTFUL)[1:-1] == [
        *["inconclusive: node3 network_bandwidth: not measured", "    It was in no measurement."] * 2,
        "not tested: node3: the node's agent is not installed.",
        "inconclusive: 4 nodes, 5 results passed, 2 findings",
    ]


def test_one_is_one() -> None:
    assert shown({**DOUBTFUL, "tests": [{**TEST, "pairs": 1, "rounds": 1}]})[0].startswith("network_bandwidth: 1 measurement in 1 round, ")


def test_nothing_was_measured() -> None:
    assert shown({**DOUBTFUL, "tests": [{**TEST, "expected": {}}]})[0] == "network_bandwidth: 6 measurements in 3 rounds, nothing came of any"


@pytest.mark.parametrize("message", [None, {}])
def test_a_run_that_did_not_come_that_far(message: dict[str, Any] | None) -> None:
    assert shown(message) == ["inconclusive: 0 nodes, 0 results passed, 0 findings"]


def test_the_document_is_what_the_playbook_said() -> None:
    assert validate._summary(result(FAILED)) == {"schema": "railyard.validation", "schema_version": 1, **FAILED}
    assert validate._summary(result(None)) == {"schema": "railyard.validation", "schema_version": 1}
