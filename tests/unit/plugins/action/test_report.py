# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""report: which runs it takes, what it writes, and what it refuses; and once as a playbook by hand."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t
from dataclasses import replace

import pytest
from run_generator import Plan, make_run

from ansible_collections.railyard.cluster.plugins.action.report import report
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

FIRST, SECOND, THIRD = "20260301-090000-0001", "20260302-090000-0001", "20260303-090000-0001"


def write(state: pathlib.Path, run: str, plan: Plan | None = None) -> pathlib.Path:
    folder = state / "runs" / run
    folder.mkdir(parents=True)
    (folder / "findings.json").write_text(json.dumps(make_run(4, 2, per_leaf=2, plan=plan, run_id=run).to_dict()))
    return folder


@pytest.fixture
def state(tmp_path: pathlib.Path) -> pathlib.Path:
    """A site with two validations, and a later run of something else."""
    write(tmp_path, FIRST)
    write(tmp_path, SECOND, Plan(lost_gpu=(1,)))
    (tmp_path / "runs" / THIRD).mkdir()
    return tmp_path


def done(state: pathlib.Path, *, write: bool = True, **arguments: t.Any) -> dict[str, t.Any]:
    return report({"state_folder": str(state), "run": "", "previous": "", "format": "html", "path": None, **arguments}, write=write)


def test_the_last_run_is_compared_with_the_one_before(state: pathlib.Path) -> None:
    answer = done(state)
    path = state / "runs" / SECOND / "report.html"
    assert answer == {
        "changed": True,
        "path": str(path),
        "format": "html",
        "run": SECOND,
        "previous": FIRST,
        "verdict": "fail",
        "message": "gpu0002 is not as it should be.",
        "counts": {"pass": 18, "warn": 0, "fail": 1, "inconclusive": 0},
        "simulated": 19,
    }
    assert "New (1)" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["findings.json", "report.html"]


def test_once_more_changes_nothing(state: pathlib.Path) -> None:
    assert done(state)["changed"]
    path = state / "runs" / SECOND / "report.html"
    before = path.stat()
    assert not done(state)["changed"]
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_check_mode_tells_and_writes_nothing(state: pathlib.Path) -> None:
    assert done(state, write=False)["changed"]
    assert not (state / "runs" / SECOND / "report.html").exists()
    done(state)
    assert not done(state, write=False)["changed"]


@pytest.mark.parametrize(
    ("run", "previous", "compared"), [(FIRST, "", ""), (SECOND, "none", ""), (FIRST, SECOND, SECOND), (SECOND, FIRST, FIRST), ("", SECOND, SECOND)]
)
def test_which_runs(state: pathlib.Path, run: str, previous: str, compared: str) -> None:
    answer = done(state, run=run, previous=previous)
    assert (answer["run"], answer["previous"]) == (run or SECOND, compared)


@pytest.mark.parametrize(("form", "name", "begins"), [("json", "report.json", '{\n "schema": "railyard.findings"'), ("junit", "report.xml", "<?xml ")])
def test_the_other_forms(state: pathlib.Path, form: str, name: str, begins: str) -> None:
    path = pathlib.Path(done(state, format=form)["path"])
    assert path.name == name
    assert path.read_text().startswith(begins)


def test_a_file_of_ones_own_keeps_its_mode(state: pathlib.Path) -> None:
    path = state / "shown.html"
    path.write_text("old")
    path.chmod(0o644)
    assert done(state, path=str(path))["path"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.read_text().startswith("<!DOCTYPE html>")


def test_the_fabric_and_the_history_of_the_site_are_shown(state: pathlib.Path) -> None:
    from ansible_collections.railyard.cluster.plugins.plugin_utils import _history

    (state / "runs" / SECOND / "fabric.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"></svg>')
    for day, plan in enumerate((Plan(lost_gpu=(1,)), Plan(), Plan(lost_gpu=(1,))), 1):
        one = make_run(4, 2, per_leaf=2, plan=plan, run_id=f"r{day}")
        _history.add_run(state / "history.sqlite", replace(one, started=f"2026-03-0{day}T09:00:00+00:00", ended=f"2026-03-0{day}T09:05:00+00:00"))
    text = pathlib.Path(done(state)["path"]).read_text()
    assert "<iframe" in text
    assert "Again and again" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"run": "20260101"}, f"there is no run 20260101 with findings. The last is {SECOND}."),
        ({"run": THIRD}, f"there is no run {THIRD} with findings. The last is {SECOND}."),
        ({"previous": "x"}, f"there is no run x with findings. The last is {SECOND}."),
        ({"path": "/nowhere/at/all.html"}, "/nowhere/at/all.html: the report cannot be written: No such file or directory."),
    ],
)
def test_what_is_refused(state: pathlib.Path, arguments: dict[str, str], said: str) -> None:
    with pytest.raises(CoreError) as caught:
        done(state, **arguments)
    assert str(caught.value).endswith(said)


def test_a_site_without_a_run(tmp_path: pathlib.Path) -> None:
    with pytest.raises(CoreError, match="no run has findings yet"):
        done(tmp_path)


def test_nothing_is_left_of_a_report_that_could_not_be_written(state: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: t.Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CoreError, match="No space left on device"):
        done(state)
    assert [entry.name for entry in (state / "runs" / SECOND).iterdir()] == ["findings.json"]


@pytest.mark.parametrize(("inventory", "site"), [("mysite", "mysite"), ("mysite/hosts.yml", "mysite")])
def test_by_hand(tmp_path: pathlib.Path, repository: pathlib.Path, inventory: str, site: str) -> None:
    (tmp_path / "mysite").mkdir()
    (tmp_path / "mysite/hosts.yml").write_text("all:\n  hosts:\n    node1:\n")
    folder = write(tmp_path / "state/railyard" / site, FIRST)
    names = {name: value for name, value in os.environ.items() if not name.startswith("RAILYARD_")}
    environment = {**names, "ANSIBLE_CONFIG": str(repository / "ansible.cfg"), "XDG_STATE_HOME": str(tmp_path / "state"), "ANSIBLE_NOCOLOR": "1"}
    program = pathlib.Path(sys.executable).parent / "ansible-playbook"

    def play(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(program), "-i", inventory, *arguments, "railyard.cluster.report"]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    for arguments, changed in ((["--check"], 1), ([], 1), ([], 0)):
        answer = play(*arguments)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert f"changed={changed}" in answer.stdout
    assert (folder / "report.html").is_file()
    answer = play("-e", "report_run=none_such")
    assert answer.returncode == 2
    assert "there is no run none_such with findings." in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stdout + answer.stderr
