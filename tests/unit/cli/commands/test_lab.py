# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's shell, and its refusal without root."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from railyard import places
from railyard.commands import lab
from railyard.core.errors import CoreError
from railyard.main import build_parser, main
from railyard.request import RunRequest
from railyard.result import RunResult, TaskResult

CONFIG = "Host node1 node2\n  User root\nHost *\n  IdentitiesOnly yes\n"
CABLES = [{"name": "node1:mlx5_0", "state": "4X HDR", "faulty": False}, {"name": "node1:mlx5_1", "state": "down", "faulty": True}]
RESULT = RunResult(RunRequest("railyard.cluster.lab_status", "i"), "id", "done", 0, "", 1.0, "/log")


@pytest.fixture
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(places, "LABS", tmp_path)
    for name in ("default", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ssh_config").write_text(CONFIG)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "environment", "argv"),
    [
        ("lab shell node1", {}, ["ssh", "-F", "LABS/default/ssh_config", "node1"]),
        ("lab shell node2 sinfo -N", {}, ["ssh", "-F", "LABS/default/ssh_config", "node2", "sinfo", "-N"]),
        ("lab shell --name two node1", {}, ["ssh", "-F", "LABS/two/ssh_config", "node1"]),
        ("lab shell node1", {"RAILYARD_LAB": "two"}, ["ssh", "-F", "LABS/two/ssh_config", "node1"]),
    ],
)
def test_shell(line: str, environment: dict[str, str], argv: list[str], labs: Path) -> None:
    args = build_parser().parse_args(line.split())
    assert lab.shell_command(args, environment) == [word.replace("LABS", str(labs)) for word in argv]


def test_shell_of_what_is_not_there(labs: Path) -> None:
    with pytest.raises(CoreError, match=r"the lab 'default' has no node 'node9'\. Its nodes: node1, node2\."):
        lab.shell_command(build_parser().parse_args(["lab", "shell", "node9"]), {})
    with pytest.raises(CoreError, match=r"there is no lab 'three'.*railyard lab up makes it"):
        lab.shell_command(build_parser().parse_args(["lab", "shell", "--name", "three", "node1"]), {})
    assert labs.exists()


def test_what_needs_root_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert main(["lab", "up"]) == 2
    assert capsys.readouterr().err == "railyard: railyard lab up boots and changes machines and needs root. Run it with sudo, or as root.\n"


@pytest.mark.parametrize(("faulty", "verb", "status"), [(False, "status", 0), (True, "status", 1), (True, "fail", 0)])
def test_a_look_at_a_faulty_lab_is_something_to_tell(faulty: bool, verb: str, status: int) -> None:
    nodes = [{"name": "node1", "faulty": False}, {"name": "node2", "faulty": faulty}]
    request = replace(RESULT.request, playbook=f"railyard.cluster.lab_{verb}")
    assert lab._judge(replace(RESULT, request=request, results=(TaskResult("localhost", "t", lab.MODULE, {"nodes": nodes}),))) == status


def result_of(verb: str, **answer: object) -> RunResult:
    request = replace(RESULT.request, playbook=f"railyard.cluster.lab_{verb}")
    node = {"name": "node1", "state": "up", "address": "10.213.0.101", "leaf": "leaf1", "link": "1 Gbit/s", "bmc": "10.215.0.101", "faulty": False}
    return replace(RESULT, request=request, results=(TaskResult("localhost", "t", lab.MODULE, {"nodes": [node], "cables": CABLES, **answer}),))


def test_a_cable_that_is_down_is_something_to_tell() -> None:
    assert lab._judge(result_of("status")) == 1
    assert lab._judge(result_of("status", cables=CABLES[:1])) == 0
    assert lab._document(result_of("status"))["cables"] == CABLES


@pytest.mark.parametrize(("verb", "shown"), [("status", ["node1:mlx5_0", "node1:mlx5_1"]), ("heal", ["node1:mlx5_1"])])
def test_whoever_looks_sees_every_cable_and_others_what_is_broken(verb: str, shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=120, file=io.StringIO())
    monkeypatch.setattr(lab, "run_command", lambda _args, _request, *, show, **_others: show(console, result_of(verb)))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    lab.main(build_parser().parse_args(["lab", verb, *(["all"] if verb == "heal" else [])]))
    text = console.file.getvalue()
    assert "10.215.0.101" in text
    assert [name for name in ("node1:mlx5_0", "node1:mlx5_1") if name in text] == shown


@pytest.mark.parametrize(
    ("line", "variables"),
    [
        ("lab degrade node1:mlx5_0 --rate 1x", {"lab_target": "node1:mlx5_0", "lab_rate": "1x"}),
        ("lab degrade node1:mlx5_0 --symbol-errors 500", {"lab_target": "node1:mlx5_0", "lab_symbol_errors": 500}),
        ("lab fail bmc:node1", {"lab_target": "bmc:node1"}),
    ],
)
def test_what_the_playbook_is_told(line: str, variables: dict[str, object]) -> None:
    assert lab.build_request(build_parser().parse_args(line.split())).extra_vars == variables


def test_degrading_to_nothing_is_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "run_command", lambda *_args, **_others: pytest.fail("it ran"))
    with pytest.raises(CoreError, match="degrade node1 to which rate"):
        lab.main(build_parser().parse_args(["lab", "degrade", "node1"]))
