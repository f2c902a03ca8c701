# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's shell, and its refusal without root."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from railyard import places
from railyard.commands import lab
from railyard.core.errors import CoreError
from railyard.main import build_parser, main
from railyard.request import RunRequest
from railyard.result import RunResult, TaskResult

CONFIG = "Host node1 node2\n  User root\nHost *\n  IdentitiesOnly yes\n"
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
