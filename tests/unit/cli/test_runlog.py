# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log of a run."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from railyard.core.errors import CoreError
from railyard.runlog import RunLog, new_run_id


def test_one_private_file_with_a_document_per_line(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "state", "run1")
    log.write({"event": "ok", "task": "Größe"})
    log.write({"event": "end"})
    log.close()
    assert [json.loads(line) for line in log.path.read_text().splitlines()] == [{"event": "ok", "task": "Größe"}, {"event": "end"}]
    assert log.path == tmp_path / "state/runs/run1/events.jsonl"
    assert [path.stat().st_mode & 0o777 for path in (log.path, log.path.parent, log.path.parent.parent, tmp_path / "state")] == [0o600, 0o700, 0o700, 0o700]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CoreError, match=r"file/runs/x: the run's log cannot be written: File exists\."):
        RunLog(tmp_path / "file", "x")


def test_names_sort_by_time_and_differ() -> None:
    now = datetime(2026, 3, 1, 14, 25, 1)
    assert new_run_id(now).startswith("20260301-142501-")
    assert len({new_run_id(now) for _attempt in range(20)}) > 1
