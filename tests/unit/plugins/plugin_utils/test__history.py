# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The history's file: private, whole or as before, and never overwritten where it is something else."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.history import Key
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Subject
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunNode, RunRecord
from ansible_collections.railyard.cluster.plugins.plugin_utils import _history

NODES = tuple(RunNode(f"node{number}", f"SN{number}", "h100", "leaf1", "su1") for number in range(1, 4))


def run(number: int, value: float | str | None = 390.0, verdict: str = "pass") -> RunRecord:
    time = f"2026-03-{number:02}T09:00:00+00:00"
    results = tuple(CheckResult(Subject("node", node.name, node.name), "rdma", verdict, observed=value, unit="Gbit/s", proof="lab") for node in NODES)
    return RunRecord(f"run{number:02}", "site", time, time, nodes=NODES, results=results)


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "history.sqlite"


def runs_in(path: pathlib.Path) -> list[str]:
    return [entry.run_id for entry in _history.read_past(path).get(Key("SN1", "rdma", "node"), [])]


def test_results_come_back_the_oldest_first(path: pathlib.Path) -> None:
    assert _history.read_past(path) == {}
    assert not path.exists(), "to read makes nothing"
    for number, value, verdict in ((2, 380.0, "warn"), (1, 390.0, "pass"), (3, "none", "inconclusive")):
        _history.add_run(path, run(number, value, verdict))
    past = _history.read_past(path)
    assert set(past) == {Key(f"SN{number}", "rdma", "node") for number in (1, 2, 3)}
    assert [(one.run_id, one.node, one.verdict, one.observed, one.unit, one.proof) for one in past[Key("SN2", "rdma", "node")]] == [
        ("run01", "node2", "pass", 390.0, "Gbit/s", "lab"),
        ("run02", "node2", "warn", 380.0, "Gbit/s", "lab"),
        ("run03", "node2", "inconclusive", None, "Gbit/s", "lab"),
    ]
    assert [one.run_id for one in _history.read_past(path, runs=2, without="run02")[Key("SN1", "rdma", "node")]] == ["run01", "run03"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_run_gets_what_its_past_says_and_keeps_it(path: pathlib.Path) -> None:
    for number in range(1, 5):
        assert _history.add_run(path, run(number)) == run(number)
    slower = replace(run(5), results=(replace(run(5).results[0], observed=300.0), *run(5).results[1:]))
    whole = _history.add_run(path, slower)
    assert [one.id for one in whole.results[3:]] == ["rdma_regression:node:node1"]
    assert [one.verdict for one in _history.read_past(path)[Key("SN1", "rdma_regression", "node")]] == ["warn"]
    # Once more, as a run that is resumed does: it is the same run.
    assert _history.add_run(path, slower) == whole
    assert runs_in(path) == [f"run{number:02}" for number in range(1, 6)]


def test_the_oldest_runs_are_forgotten_with_their_results(path: pathlib.Path) -> None:
    for number in (1, 4, 2, 3):
        _history.add_run(path, run(number), kept=2)
    assert runs_in(path) == [run(3).run_id, run(4).run_id]
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(DISTINCT run) FROM results").fetchone() == (2,)


def test_all_of_a_run_is_kept_or_nothing(path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _history.add_run(path, run(1))
    monkeypatch.setattr(_history, "with_regressions", lambda record, _past: replace(record, results=(*record.results, "nonsense")))
    with pytest.raises(AttributeError):
        _history.add_run(path, run(2))
    assert runs_in(path) == ["run01"]


ADD = """
import sys
sys.path[:0] = sys.argv[1:3]
from test__history import run
from ansible_collections.railyard.cluster.plugins.plugin_utils import _history
for number in range(int(sys.argv[4]), 25, 4):
    _history.add_run(sys.argv[3], run(number))
"""


def test_runs_that_end_at_once_wait_for_one_another(path: pathlib.Path, repository: pathlib.Path) -> None:
    command = [sys.executable, "-c", ADD, str(repository / ".ansible/collections"), str(pathlib.Path(__file__).parent), str(path)]
    started = [subprocess.Popen([*command, str(first)], stderr=subprocess.PIPE, text=True) for first in range(1, 5)]
    assert [(process.communicate()[1], process.returncode) for process in started] == [("", 0)] * 4
    assert len(_history.read_past(path, runs=99)[Key("SN1", "rdma", "node")]) == 24


KILLED = """
import os, signal, sys
sys.path[:0] = sys.argv[1:3]
from test__history import run
from ansible_collections.railyard.cluster.plugins.plugin_utils import _history
store = _history._store
def killed(database, record):
    store(database, record)
    database.execute("PRAGMA cache_spill = 1")
    os.kill(os.getpid(), signal.SIGKILL)
_history._store = killed
_history.add_run(sys.argv[3], run(9))
"""


@pytest.mark.parametrize("before", [0, 2])
def test_a_run_that_is_killed_while_it_writes_leaves_what_was(path: pathlib.Path, repository: pathlib.Path, before: int) -> None:
    for number in range(1, before + 1):
        _history.add_run(path, run(number))
    command = [sys.executable, "-c", KILLED, str(repository / ".ansible/collections"), str(pathlib.Path(__file__).parent), str(path)]
    assert subprocess.run(command, check=False).returncode == -9
    assert len(runs_in(path)) == before
    _history.add_run(path, run(3))
    assert runs_in(path)[-1] == "run03"


def damaged(path: pathlib.Path, how: str) -> None:
    if how in ("garbage", "a few letters"):
        path.write_bytes(b"x" * (5000 if how == "garbage" else 3))
        return
    if how == "another database":
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE mine (x)")
        return
    for number in range(1, 25):
        _history.add_run(path, run(number))
    content = path.read_bytes()
    if how == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif how == "overwritten":
        path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    elif how == "of a later version":
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 2")
    elif how == "without a table":
        with sqlite3.connect(path) as database:
            database.execute("DROP TABLE results")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("garbage", "the history is damaged: file is not a database. Move it away to begin a new one"),
        ("a few letters", "the history is damaged: file is not a database. Move it away to begin a new one"),
        ("another database", "it is a database, and not a history of Railyard's. Move it away."),
        ("cut off", "the history is damaged: "),
        ("overwritten", "the history is damaged: "),
        ("of a later version", "the history has form 2 and this Railyard knows form 1. Use the Railyard that wrote it."),
        ("without a table", "the history cannot be "),
    ],
)
def test_what_is_no_whole_history_is_told_and_left_alone(path: pathlib.Path, how: str, said: str) -> None:
    damaged(path, how)
    before = path.read_bytes()
    for attempt in (lambda: _history.read_past(path), lambda: _history.add_run(path, run(25))):
        with pytest.raises(CoreError) as caught:
            attempt()
        assert str(caught.value).startswith(f"{path}: {said}")
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == before


def test_whichever_page_is_overwritten_no_run_is_added(path: pathlib.Path) -> None:
    """Also one that holds only old runs, which nobody reads."""
    nodes = tuple(RunNode(f"node{number}", None, "", "", "") for number in range(200))
    for number in range(1, 6):
        results = tuple(CheckResult(Subject("node", node.name, node.name), "rdma", "pass", observed=390.0) for node in nodes)
        _history.add_run(path, replace(run(number), nodes=nodes, results=results))
    content = path.read_bytes()
    assert len(content) > 10 * 4096
    for page in range(0, len(content), 4096):
        path.write_bytes(content[:page] + b"\xa5" * 4096 + content[page + 4096 :])
        with pytest.raises(CoreError, match="the history is damaged"):
            _history.add_run(path, run(6), runs=1)


@pytest.mark.parametrize("kind", ["no folder", "a folder", "a link"])
def test_a_place_that_cannot_be_written(tmp_path: pathlib.Path, kind: str) -> None:
    path = tmp_path / "there" / "history.sqlite"
    if kind == "a folder":
        path.mkdir(parents=True)
    if kind == "a link":
        path.parent.mkdir()
        os.symlink(tmp_path / "elsewhere", path)
    with pytest.raises(CoreError, match="the history cannot be opened: "):
        _history.add_run(path, run(1))
    assert not (tmp_path / "elsewhere").exists()


def test_an_empty_file_is_a_new_history(path: pathlib.Path) -> None:
    path.touch()
    assert _history.read_past(path) == {}
    _history.add_run(path, run(1))
    assert runs_in(path) == ["run01"]
