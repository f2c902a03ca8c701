# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The frame of the health check: who runs, for how long, and what is done to the node in Slurm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.agent import health
from ansible_collections.railyard.cluster.plugins.module_utils.core.agent.health import BROKEN, HEALTHY, UNHEALTHY, Action, CheckOutcome, NodeState, Script
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

SHOWN = (
    "NodeName=node1 Arch=x86_64 CoresPerSocket=56 CPUAlloc=0 CPUEfctv=224 CPUTot=224 CPULoad=0.01 AvailableFeatures=(null) ActiveFeatures=(null) "
    "Gres=gpu:h100:8(S:0-1) NodeAddr=node1 NodeHostName=node1 Version=24.11.5 OS=Linux 6.18 #1 SMP RealMemory=1992294 AllocMem=0 "
    "State={state} ThreadsPerCore=2 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=gpu BootTime=2026-07-14T08:00:00 "
    "CurrentWatts=n/s AveWatts=n/s {reason}"
)


class FakeSlurm:
    """A strict scontrol: one node, the two commands the agent may use, everything else is a failure of the test."""

    def __init__(self, state: str = "IDLE", reason: str = "", answers: dict[str, CommandResult] | None = None) -> None:
        self.state, self.reason, self.answers = state, reason, answers or {}
        self.commands: list[list[str]] = []

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        assert timeout_s <= 10
        self.commands.append(list(argv))
        assert argv[0] == "scontrol" and argv[1] in ("show", "update"), argv
        if argv[1] in self.answers:
            return self.answers[argv[1]]
        if argv[1] == "show":
            assert list(argv[2:]) == ["node", "node1", "-o"]
            reason = f"Reason={self.reason} [root@2026-07-14T08:05:00]" if self.reason else ""
            return CommandResult(0, SHOWN.format(state=self.state, reason=reason) + "\n", "")
        assert argv[2] == "nodename=node1"
        if argv[3] == "state=drain":
            assert len(argv) == 5 and argv[4].startswith("reason=railyard: ") and "\n" not in argv[4]
            self.state, self.reason = f"{self.state}+DRAIN", argv[4].partition("=")[2]
        else:
            assert list(argv[3:]) == ["state=resume"]
            self.state, self.reason = "IDLE", ""
        return CommandResult(0, "", "")

    def read(self, path: str) -> str:
        raise FileNotFoundError(path)

    def listdir(self, path: str) -> list[str]:
        raise NotImplementedError

    def readlink(self, path: str) -> str:
        raise NotImplementedError


GOOD = [CheckOutcome("gpu_count", HEALTHY), CheckOutcome("50-lustre", HEALTHY)]
BAD = [CheckOutcome("gpu_count", UNHEALTHY, "8 GPUs expected, 7 answer"), CheckOutcome("50-lustre", HEALTHY)]
OURS = "railyard: gpu_count: 8 GPUs expected, 7 answer"


# --- in Slurm --------------------------------------------------------------------------------------------------------


def test_healthy_node_costs_slurm_nothing() -> None:
    slurm = FakeSlurm()
    assert health.act("node1", GOOD, slurm, resume=False) == Action("none")
    assert slurm.commands == []


@pytest.mark.parametrize("state", ["IDLE", "MIXED", "ALLOCATED+COMPLETING", "IDLE*", "DOWN*+NOT_RESPONDING"])
def test_unhealthy_node_is_drained_once(state: str) -> None:
    slurm = FakeSlurm(state)
    assert health.act("node1", BAD, slurm, resume=False) == Action("drain", OURS)
    assert slurm.reason == OURS
    assert health.act("node1", BAD, slurm, resume=False) == Action("none", OURS)
    assert [command[1] for command in slurm.commands] == ["show", "update", "show"]


@pytest.mark.parametrize("state", ["IDLE+DRAIN", "MIXED+DRAIN*", "DOWN+DRAIN", "IDLE+FAIL"])
@pytest.mark.parametrize("reason", ["disk is being swapped", "railyard: gpu_count: 8 GPUs expected, 3 answer", ""])
def test_node_that_is_out_of_service_keeps_its_reason(state: str, reason: str) -> None:
    slurm = FakeSlurm(state, reason)
    assert health.act("node1", BAD, slurm, resume=True) == Action("none", reason)
    assert (slurm.state, slurm.reason) == (state, reason)


def test_own_drain_is_lifted_where_that_is_wanted() -> None:
    slurm = FakeSlurm("IDLE+DRAIN", OURS)
    assert health.act("node1", GOOD, slurm, resume=False) == Action("none")
    assert slurm.reason == OURS
    assert health.act("node1", GOOD, slurm, resume=True) == Action("resume", OURS)
    assert slurm.state == "IDLE"


@pytest.mark.parametrize(
    ("state", "reason", "outcomes"),
    [
        ("IDLE+DRAIN", "disk is being swapped", GOOD),
        ("IDLE+DRAIN", "", GOOD),
        ("IDLE+DRAIN", "railyard: rolling_update: kernel", GOOD),  # drained by another part of Railyard
        ("IDLE+DRAIN", "railyard: 60-gone: text", GOOD),  # by a check that no longer exists
        ("IDLE+DRAIN", OURS, [CheckOutcome("gpu_count", HEALTHY), CheckOutcome("50-lustre", BROKEN, "is not executable")]),
        ("DOWN+DRAIN", OURS, GOOD),
        ("IDLE", "", GOOD),
        ("DOWN*", "Not responding", GOOD),
    ],
)
def test_nothing_else_is_resumed(state: str, reason: str, outcomes: list[CheckOutcome]) -> None:
    slurm = FakeSlurm(state, reason)
    assert health.act("node1", outcomes, slurm, resume=True) == Action("none", reason)
    assert [command[1] for command in slurm.commands] == ["show"]


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"show": CommandResult(127, "", "no such file")}, "scontrol is not installed"),
        ({"show": CommandResult(1, "", "slurm_load_node error: Unable to contact slurm controller\n")}, None),
        ({"show": CommandResult(0, "Node node1 not found\n", "")}, None),
        ({"show": CommandResult(124, "", "")}, "Slurm does not know the state of node1: no answer in time"),
        ({"update": CommandResult(1, "", "slurm_update error: Access denied\n")}, "scontrol update: slurm_update error: Access denied"),
    ],
)
def test_slurm_that_does_not_help_is_a_problem_and_no_traceback(answers: dict[str, CommandResult], problem: str | None) -> None:
    action = health.act("node1", BAD, FakeSlurm(answers=answers), resume=False)
    assert action.problem.startswith("Slurm does not know the state of node1: ") if problem is None else action.problem == problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SHOWN.format(state="IDLE", reason=""), NodeState(frozenset({"IDLE"}), "")),
        (
            SHOWN.format(state="MIXED+DRAIN*", reason="Reason=a [b] State=x [root@2026-07-14T08:05:00] Comment=c [d@e]"),
            NodeState(frozenset({"MIXED", "DRAIN"}), "a [b] State=x"),
        ),
        ("", None),
        ("slurm_load_node error", None),
    ],
)
def test_parse_node(text: str, expected: NodeState | None) -> None:
    assert health.parse_node(text) == expected


def test_reason_is_one_short_line() -> None:
    many = [CheckOutcome("a", UNHEALTHY, "x" * 300), CheckOutcome("b", UNHEALTHY, "y"), CheckOutcome("c", UNHEALTHY, "z")]
    reason = health.drain_reason(many)
    assert len(reason) == 200 and reason.startswith("railyard: a: xxx") and reason.endswith("xxx (and 2 more)")


# --- the checks ------------------------------------------------------------------------------------------------------


class ScriptRunner(FakeSlurm):
    """Runs no script: answers, and moves the clock."""

    def __init__(self, answers: dict[str, tuple[CommandResult, float]]) -> None:
        super().__init__()
        self.scripts, self.now, self.limits = answers, 100.0, {}

    def clock(self) -> float:
        return self.now

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        (path,) = argv
        result, seconds = self.scripts[path]
        self.limits[path] = timeout_s
        self.now += min(seconds, timeout_s)
        return CommandResult(124, "", "") if seconds > timeout_s else result


def examine(answers: dict[str, tuple[CommandResult, float]], **settings: Any) -> tuple[list[CheckOutcome], ScriptRunner]:
    runner = ScriptRunner(answers)
    scripts = [Script(path.rpartition("/")[2], path) for path in answers]
    node = {"name": "node1", "health": {"disabled_checks": ["local_reason", "gpu_count", "disk_space"], **settings}}
    return health.examine(node, scripts, runner, runner.clock), runner


OK = CommandResult(0, "all is well\n", "")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (OK, (HEALTHY, "")),
        (CommandResult(1, "\nfirst\nsecond\n", "noise"), (UNHEALTHY, "first")),
        (CommandResult(2, "", "only stderr\n"), (UNHEALTHY, "only stderr")),
        (CommandResult(3, "", ""), (UNHEALTHY, "exit status 3")),
        (CommandResult(-9, "", ""), (UNHEALTHY, "exit status -9")),
        (CommandResult(126, "", "Exec format error"), (BROKEN, "cannot be run: Exec format error")),
    ],
)
def test_script_gives_the_reason(result: CommandResult, expected: tuple[str, str]) -> None:
    (outcome,), _runner = examine({"/d/10-x": (result, 0.25)})
    assert (outcome.name, outcome.status, outcome.reason, outcome.duration_s) == ("10-x", *expected, 0.25)


def test_script_that_hangs_is_unhealthy_and_the_others_still_run() -> None:
    outcomes, _runner = examine({"/d/1": (OK, 1), "/d/2": (OK, 1000), "/d/3": (OK, 1)}, check_timeout_s=5)
    assert [(outcome.status, outcome.reason) for outcome in outcomes] == [(HEALTHY, ""), (UNHEALTHY, "gave no answer in 5 s"), (HEALTHY, "")]


def test_all_checks_together_have_a_limit() -> None:
    outcomes, runner = examine({f"/d/{number}": (OK, 1000) for number in range(6)}, check_timeout_s=15, timeout_s=40)
    assert list(runner.limits.values()) == [15, 15, 10]
    assert [outcome.status for outcome in outcomes] == [UNHEALTHY] * 3 + [BROKEN] * 3
    assert outcomes[-1].reason == "not run: the time for all checks is used up"
    assert runner.now == 140


def test_defaults_leave_room_in_slurms_minute() -> None:
    assert health.DEFAULTS["timeout_s"] + 2 * health.SLURM_TIMEOUT_S < 60


def test_script_with_a_problem_is_reported_and_not_run() -> None:
    node = {"name": "node1", "health": {"disabled_checks": ["local_reason", "gpu_count", "disk_space"]}}
    runner = ScriptRunner({})
    (outcome,) = health.examine(node, [Script("x", "/d/x", "is not executable")], runner, runner.clock)
    assert (outcome.status, outcome.reason) == (BROKEN, "is not executable")


def test_checks_can_be_turned_off_by_name() -> None:
    outcomes, _runner = examine({"/d/1": (OK, 0), "/d/2": (OK, 0)}, disabled_checks=["local_reason", "gpu_count", "disk_space", "2"])
    assert [outcome.name for outcome in outcomes] == ["1"]


def test_built_in_checks_come_first_and_say_why() -> None:
    asked: list[list[str]] = []

    class Runner(FakeSlurm):
        def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
            asked.append(list(argv))
            return CommandResult(0, "GPU 0: x\n", "") if argv[0] == "nvidia-smi" else OK

    node = {"name": "node1", "hardware": {"gpus": {"count": 2}}}
    clock: Callable[[], float] = lambda: 0.0  # noqa: E731
    outcomes = health.examine(node, [Script("1", "/d/1")], Runner(), clock)
    assert [(outcome.name, outcome.status, outcome.reason) for outcome in outcomes] == [
        ("local_reason", HEALTHY, ""),
        ("gpu_count", UNHEALTHY, "2 GPUs expected, 1 answer"),
        ("disk_space", HEALTHY, ""),
        ("1", HEALTHY, ""),
    ]
    assert asked == [["nvidia-smi", "-L"], ["/d/1"]]


def test_report_tells_everything() -> None:
    report = health.report("node1", BAD, Action("drain", OURS), time="2026-07-14T08:05:00+00:00", duration_s=1.23456)
    assert (report["healthy"], report["duration_s"], report["action"]["kind"], len(report["checks"])) == (False, 1.235, "drain", 2)
