# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run's exit status and its document."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from railyard.request import RunRequest
from railyard.result import Change, Failure, HostStats, RunResult, Status

CHANGE = (Change("node1", "Write files", "base"),)
DONE = RunResult(RunRequest("p.yml", "inv"), "id", "done", 0, "2026-03-01T00:00:00+00:00", 1.0, "/log")


@pytest.mark.parametrize(
    ("status", "check", "changes", "exit_code"),
    [
        ("done", False, (), 0),
        ("done", False, CHANGE, 0),
        ("done", True, (), 0),
        ("done", True, CHANGE, 1),
        ("failed", False, (), 1),
        ("cancelled", False, (), 2),
        ("could_not_run", True, CHANGE, 2),
    ],
)
def test_exit_code(status: Status, check: bool, changes: tuple[Change, ...], exit_code: int) -> None:
    assert replace(DONE, status=status, changes=changes, request=replace(DONE.request, check=check)).exit_code == exit_code


def test_the_document_keeps_its_schema(repository: Path) -> None:
    schema = json.loads((repository / "docs/schemas/run.json").read_text())
    full = replace(DONE, hosts=(HostStats("a"),), failures=(Failure("a", "t", "m"),), changes=CHANGE)
    for result in (DONE, full):
        jsonschema.Draft202012Validator(schema).validate(json.loads(json.dumps(result.to_document())))
    assert full.to_document()["changes"] == [{"host": "node1", "task": "Write files", "role": "base"}]
