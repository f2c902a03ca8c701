# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What follows from a record: whom to take out of service, and who can be trusted."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError

from ansible_collections.railyard.cluster.plugins.lookup.findings import LookupModule
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Subject
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunNode, RunRecord


def result(node: str, verdict: str, severity: str, check: str = "network_bandwidth", **more: Any) -> CheckResult:
    return CheckResult(Subject("node", node, node), check, verdict, severity, **more)


RECORD = RunRecord(
    "run7",
    "site",
    "2026-03-01T14:00:00Z",
    "2026-03-01T14:01:00Z",
    nodes=tuple(RunNode(f"n{number}", None, "h100", "leaf1", "") for number in range(1, 7)),
    results=(
        result("n1", "pass", "info"),
        result("n2", "fail", "critical", observed=0.57, expected=0.95, unit="Gbit/s"),
        result("n2", "fail", "critical", "gpu_count", observed=3, expected=4),
        result("n3", "fail", "warning"),
        result("n4", "inconclusive", "critical"),
        result("n5", "pass", "info"),
        CheckResult(Subject("leaf", "leaf2"), "network_bandwidth", "fail", "critical"),
    ),
)


def look(*paths: Path) -> list[dict[str, Any]]:
    return list(LookupModule().run([str(path) for path in paths]))


def keep(folder: Path, record: RunRecord = RECORD) -> Path:
    folder.mkdir(parents=True)
    path = folder / "findings.json"
    path.write_text(json.dumps(record.to_dict()))
    return path


def test_only_a_node_that_failed_critically_is_drained_with_all_that_was_found(tmp_path: Path) -> None:
    (found,) = look(keep(tmp_path / "run"))
    assert found["drain"] == [{"name": "n2", "reason": "validate run7: network_bandwidth 0.57 of 0.95 Gbit/s; gpu_count 3 of 4"}]
    assert found["passed_nodes"] == ["n1", "n5"]
    assert found["verdict"] == "fail"


def test_a_state_folder_stands_for_its_newest_record(tmp_path: Path) -> None:
    keep(tmp_path / "runs" / "20260301-140000")
    newest = keep(tmp_path / "runs" / "20260302-140000", RunRecord("newest", "site", "2026-03-02T14:00:00Z", "2026-03-02T14:01:00Z"))
    (tmp_path / "runs" / "20260303-140000").mkdir()
    (found,) = look(tmp_path)
    assert (found["run_id"], found["path"]) == ("newest", str(newest))


def test_who_passed_is_told_of_each_node_by_its_own_newest_record(tmp_path: Path) -> None:
    """A validation of two nodes says nothing of the others, which passed the one before it."""
    keep(tmp_path / "runs" / "20260301-140000")
    some = RunRecord("some", "site", "2026-03-02T14:00:00Z", "2026-03-02T14:01:00Z", nodes=RECORD.nodes[:2], results=(result("n1", "fail", "critical"),))
    keep(tmp_path / "runs" / "20260302-140000", dataclasses.replace(some, results=(*some.results, result("n2", "pass", "info"))))
    (found,) = look(tmp_path)
    assert (found["run_id"], sorted(found["passed_nodes"])) == ("some", ["n2", "n5"])


def test_no_record_and_a_damaged_one_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match=r"no validation was recorded yet\. Run one: railyard validate\.$"):
        look(tmp_path)
    path = keep(tmp_path / "run")
    path.write_text(path.read_text()[:100])
    with pytest.raises(AnsibleLookupError, match=r"findings\.json: it cannot be read: .*Give the findings\.json of a validation\.$"):
        look(path)
