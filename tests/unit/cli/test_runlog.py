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
    log = RunLog(tmp_path / "user/state", "run1")
    log.write({"event": "ok", "task": "Größe"})
    # Whoever follows a run sees each event as it happens.
    assert log.path.read_text() == '{"event":"ok","task":"Größe"}\n'
    log.write({"event": "end"})
    log.close()
    assert [json.loads(line) for line in log.path.read_text().splitlines()] == [{"event": "ok", "task": "Größe"}, {"event": "end"}]
    assert log.path == tmp_path / "user/state/runs/run1/events.jsonl"
    folders = ("user/state/runs/run1", "user/state/runs", "user/state", "user")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in folders] == [0o700] * 4
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_the_log_of_another_run_is_not_touched(tmp_path: Path) -> None:
    log = RunLog(tmp_path, "run1")
    log.write({"event": "ok"})
    log.close()
    with pytest.raises(CoreError, match=r"runs/run1: the run's log cannot be written: File exists\."):
        RunLog(tmp_path, "run1")
    assert log.path.read_text() == '{"event":"ok"}\n'


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CoreError, match=r"file/runs/x: the run's log cannot be written: File exists\.$"):
        RunLog(tmp_path / "file", "x")


def test_a_folder_that_is_not_ours_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(CoreError, match=r"Permission denied\. Run it as root, or name another folder in RAILYARD_STATE_DIR\.$"):
        RunLog(tmp_path / "state", "x")


def test_names_sort_by_time_and_differ() -> None:
    now = datetime(2026, 3, 1, 14, 25, 1)
    assert new_run_id(now).startswith("20260301-142501-")
    assert len({new_run_id(now) for _attempt in range(20)}) > 1
