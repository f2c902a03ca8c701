# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module asks sacctmgr, runs what is missing, and waits for a database that is still starting."""

from __future__ import annotations

import types
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.modules import slurm_accounting as module_file

REFUSED = "sacctmgr: error: _open_persist_conn: failed to open persistent connection to host:ctl2:6819: Connection refused"


class Database:
    """sacctmgr with a list of clusters."""

    def __init__(self) -> None:
        self.clusters = ["other"]
        self.errors: list[CommandResult] = []
        self.calls: list[str] = []

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        if self.errors:
            return self.errors.pop(0)
        self.calls.append(" ".join(argv))
        if argv[1:3] == ["--noheader", "--parsable2"]:
            return CommandResult(0, "\n".join(self.clusters) + "\n", "")
        self.clusters.append(argv[-1])
        return CommandResult(0, "", "")

    def task(self, *, check_mode: bool = False) -> dict[str, t.Any]:
        self.calls = []
        params = {"cluster": "main", "accounts": [], "qos": []}
        return module_file.work(t.cast(t.Any, types.SimpleNamespace(params=params, check_mode=check_mode)), t.cast(t.Any, self))


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setattr(module_file.time, "sleep", lambda _seconds: None)
    return Database()


def test_registers_once(database: Database) -> None:
    dry = database.task(check_mode=True)
    assert database.clusters == ["other"]
    assert database.task() == dry == {"changed": True, "commands": ["sacctmgr --immediate --quiet add cluster main"]}
    assert database.task() == {"changed": False, "commands": []}
    assert len(database.calls) == 1


def test_waits_for_the_database(database: Database) -> None:
    database.errors = [CommandResult(1, "", REFUSED)] * 3
    assert database.task()["changed"] is True


def test_does_not_wait_for_ever(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_file, "CONTACT_TIMEOUT_S", 0.001)
    database.errors = [CommandResult(1, "", REFUSED)] * 10_000
    with pytest.raises(CoreError, match="Is slurmdbd running, and munge with the same key on both hosts"):
        database.task()


@pytest.mark.parametrize("answer", [CommandResult(127, "", "not found"), CommandResult(1, "", REFUSED)])
def test_check_mode_of_a_new_cluster(database: Database, answer: CommandResult) -> None:
    database.errors = [answer]
    assert database.task(check_mode=True)["changed"] is True


def test_another_error_is_told_at_once(database: Database) -> None:
    database.errors = [CommandResult(1, "", "sacctmgr: error: You are not running a supported accounting_storage plugin")]
    with pytest.raises(CoreError, match=r"sacctmgr .* failed: .*not running a supported"):
        database.task()
