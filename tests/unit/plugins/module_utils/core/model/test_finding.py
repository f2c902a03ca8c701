# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Results of checks: their stable names, and which of them are findings."""

from __future__ import annotations

import json

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.document import as_json
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Evidence, Subject, findings


def result(name: str, verdict: str, severity: str = "info", run_id: str = "1") -> CheckResult:
    return CheckResult(subject=Subject("node", name), check="pair_bandwidth", verdict=verdict, severity=severity, run_id=run_id)


def test_the_id_does_not_depend_on_the_run() -> None:
    assert result("node 7", "pass", run_id="a").id == result("node 7", "fail", "critical", "b").id == "pair_bandwidth:node:node-7"


def test_findings_are_what_did_not_pass_with_the_worst_first() -> None:
    results = [
        result("a", "pass"),
        result("b", "inconclusive"),
        result("c", "warn", "warning"),
        result("d", "fail", "critical"),
        result("e", "fail", "warning"),
    ]
    assert [finding.subject.name for finding in findings(results)] == ["d", "e", "c", "b"]


def test_as_json() -> None:
    one = CheckResult(
        subject=Subject("rail", "node1 rail 3", "node1", 3), check="x", verdict="fail", evidence=(Evidence("node1 with node2", 9.5, 48.0, "GB/s"),)
    )
    fields = json.loads(json.dumps(as_json(one)))
    assert next(iter(fields)) == "id"
    assert fields["subject"] == {"kind": "rail", "name": "node1 rail 3", "node": "node1", "rail": 3, "serial": None}
    assert fields["evidence"] == [{"what": "node1 with node2", "observed": 9.5, "expected": 48.0, "unit": "GB/s", "file": None}]
