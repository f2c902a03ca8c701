# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proofs by jobs: what is run as whom, when it counts as proved, and what a person reads when it does not."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import types
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.modules import job_proof as module_file

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]
# A stand-in for runuser: it says who was asked for, and runs the rest.
RUNUSER = '#!/bin/sh\n[ "$1" = -u ] && [ "$3" = -- ] || exit 9\nexport RAN_AS="$2"; shift 3; exec "$@"\n'
PLAYBOOK = """---
- name: Prove
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Prove
      railyard.cluster.job_proof:
        user: alice
        proofs: "{{ proofs }}"
"""


class ModuleFailedError(Exception):
    """The module left with fail_json."""


class Cluster:
    """A login node whose commands answer as told, the last word of a command being its name."""

    def __init__(self, **answers: CommandResult) -> None:
        self.answers = answers
        self.calls: list[tuple[list[str], float]] = []

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        self.calls.append((argv, timeout_s))
        return self.answers[argv[-1]]

    def task(self, *proofs: dict[str, t.Any]) -> dict[str, t.Any]:
        def fail_json(**result: t.Any) -> None:
            raise ModuleFailedError(result)

        module = types.SimpleNamespace(params={"user": "alice", "proofs": list(proofs)}, fail_json=fail_json)
        return module_file.work(t.cast(t.Any, module), t.cast(t.Any, self))


def proof(command: str, expect: str, *, name: str = "a proof", grade: str = "lab", timeout_s: int = 60) -> dict[str, t.Any]:
    return {"name": name, "command": ["srun", command], "expect": expect, "grade": grade, "timeout_s": timeout_s}


def observed(outcome: dict[str, t.Any]) -> dict[str, t.Any]:
    """The outcome without how long it took."""
    assert isinstance(outcome["seconds"], float)
    assert outcome["seconds"] >= 0
    return {name: value for name, value in outcome.items() if name != "seconds"}


def test_a_proof_runs_as_the_user_in_a_folder_that_every_node_has() -> None:
    cluster = Cluster(a=CommandResult(0, "ran on node1\n", ""))
    result = cluster.task(proof("a", "^ran on", grade="hardware", timeout_s=7))
    assert cluster.calls == [(["runuser", "-u", "alice", "--", "env", "--chdir=/tmp", "srun", "a"], 7)]
    assert result["changed"] is False
    assert [observed(outcome) for outcome in result["proofs"]] == [{"name": "a proof", "passed": True, "grade": "hardware", "observed": "ran on node1"}]


@pytest.mark.parametrize(
    ("answer", "expect", "passed"),
    [
        (CommandResult(0, "sum 10 over 4\n", ""), "^sum 10 over 4$", True),
        (CommandResult(0, "srun: job 7 queued\nsum 10 over 4\n", ""), "^sum 10 over 4$", True),
        (CommandResult(0, "sum 1 over 1\n" * 4, ""), "^sum 10 over 4$", False),
        (CommandResult(0, "checksum 10 over 40\n", ""), "^sum 10 over 4$", False),
        # What a job is refused or killed for is told on stderr, and its status is not 0.
        (CommandResult(137, "", "slurmstepd: error: Detected 1 oom_kill event\n"), "(?i)oom|out of memory", True),
        (CommandResult(1, "", "srun: error: Unable to allocate resources\n"), "^ran on", False),
        (CommandResult(0, "", ""), "^ran on", False),
        (CommandResult(0, "node1\nnode2\n", ""), r"(?s)(node[12]\s*){2}", True),
        # A job that printed what it should and then hangs has not worked.
        (CommandResult(124, "ran on node1\n", ""), "^ran on", False),
        (CommandResult(124, "", ""), "not ended", False),
    ],
)
def test_when_a_proof_has_passed(answer: CommandResult, expect: str, passed: bool) -> None:
    cluster = Cluster(a=answer)
    try:
        outcomes = cluster.task(proof("a", expect))["proofs"]
    except ModuleFailedError as failure:
        outcomes = failure.args[0]["proofs"]
    assert [(outcome["passed"], outcome["grade"]) for outcome in outcomes] == [(passed, "lab" if passed else "unproven")]


def test_a_failure_tells_all_and_stops_nothing() -> None:
    cluster = Cluster(
        a=CommandResult(1, "", "srun: error: no such partition\n"),
        b=CommandResult(0, "fine\n", ""),
        c=CommandResult(0, "", ""),
        d=CommandResult(124, "half\n", ""),
    )
    proofs = [proof("a", "x", name="First"), proof("b", "fine", name="Second"), proof("c", "x", name="Third"), proof("d", "half", name="Last", timeout_s=5)]
    with pytest.raises(ModuleFailedError) as failure:
        cluster.task(*proofs)
    assert failure.value.args[0]["msg"] == ("3 of 4 proofs failed. First: srun: error: no such partition; Third: no output; Last: not ended after 5 s\nhalf")
    assert [outcome["passed"] for outcome in failure.value.args[0]["proofs"]] == [False, True, False, False]
    assert len(cluster.calls) == 4


def test_a_long_output_is_searched_whole_and_shown_in_part() -> None:
    cluster = Cluster(a=CommandResult(0, "x" * 1000 + "\nthe end\n", ""))
    (outcome,) = cluster.task(proof("a", "^the end$"))["proofs"]
    assert (outcome["passed"], outcome["observed"]) == (True, "x" * 400)


def test_a_broken_expression_is_refused_before_any_job_runs() -> None:
    cluster = Cluster()
    with pytest.raises(CoreError) as error:
        cluster.task(proof("a", "fine"), proof("b", "(unclosed", name="The second"))
    assert str(error.value).startswith("The second: '(unclosed' is not a regular expression: missing ), unterminated subpattern at position 0.")
    assert cluster.calls == []


def play(folder: pathlib.Path, proofs: list[dict[str, t.Any]], *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "runuser").write_text(RUNUSER)
    (folder / "runuser").chmod(0o755)
    (folder / "play.yml").write_text(PLAYBOOK)
    (folder / "ansible.cfg").write_text("")
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible/collections"),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
    }
    command = [pathlib.Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local", "play.yml", "-v"]
    python = ["-e", f"ansible_python_interpreter={sys.executable}", "-e", json.dumps({"proofs": proofs})]
    return subprocess.run([*command, *python, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_as_a_task(tmp_path: pathlib.Path) -> None:
    passing = {"name": "Who", "command": ["sh", "-c", "echo $RAN_AS in $(pwd -P); echo on stderr >&2"], "expect": "^alice in /tmp$", "grade": "stub"}
    slow = {"name": "Slow", "command": ["sh", "-c", "echo started; exec sleep 60"], "expect": "started", "grade": "lab", "timeout_s": 1}
    run = play(tmp_path, [passing, slow])
    assert run.returncode == 2, run.stdout + run.stderr
    assert '"msg": "1 of 2 proofs failed. Slow: not ended after 1 s\\nstarted"' in run.stdout
    assert '"observed": "alice in /tmp\\non stderr"' in run.stdout


def test_check_mode_runs_no_job(tmp_path: pathlib.Path) -> None:
    mark = tmp_path / "ran"
    run = play(tmp_path, [{"name": "Mark", "command": ["touch", str(mark)], "expect": "", "grade": "lab"}], "--check")
    assert run.returncode == 0, run.stdout + run.stderr
    assert not mark.exists()
    assert "skipped=1" in run.stdout
