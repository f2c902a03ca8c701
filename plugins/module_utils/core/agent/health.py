# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The health check of a node: run every check within its time, then drain the node, or leave it alone.

The catalogue's fast checks come first, then the executables of ``healthcheck.d`` in the order of their names: exit status 0
means healthy, anything else unhealthy, with the first line of output as the reason. A check that hangs is unhealthy.
A file that cannot be run is somebody's mistake: it is reported and drains nothing.

Slurm is asked only where something is to be done. A node that is drained already is left as it is, whoever drained
it; a node is resumed only where that is wanted and its reason names a check that passes now.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..runner import CommandResult, Runner
from ..slurm.reason import LENGTH, PREFIX, is_ours, one_line
from .checks import BROKEN, HEALTHY, UNHEALTHY, names, run_check

SCHEMA = "railyard.health"
SCHEMA_VERSION = 1
SLURM_TIMEOUT_S = 8.0
DEFAULTS: dict[str, Any] = {"timeout_s": 40.0, "check_timeout_s": 15.0, "resume": False, "disabled_checks": [], "extra_checks": []}
# States in which a person or Slurm has taken the node out of service by intent.
_OUT_OF_SERVICE = frozenset(("DRAIN", "DRAINED", "DRAINING", "FAIL", "FAILING"))


@dataclass(frozen=True)
class Script:
    """An executable of ``healthcheck.d``; ``problem`` says why it cannot be run, where it cannot."""

    name: str
    path: str
    problem: str = ""


@dataclass(frozen=True)
class CheckOutcome:
    """What one check found."""

    name: str
    status: str
    reason: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True)
class NodeState:
    """What Slurm knows of the node: its state's words and the reason, without who gave it."""

    words: frozenset[str]
    reason: str


@dataclass(frozen=True)
class Action:
    """What was done: none, drain or resume; ``problem`` says why it could not be done."""

    kind: str
    reason: str = ""
    problem: str = ""


_Work = tuple[str, Callable[[float], tuple[str, str]]]


def examine(node: Mapping[str, Any], scripts: Sequence[Script], runner: Runner, clock: Callable[[], float]) -> list[CheckOutcome]:
    """Run every check, each within its own limit and all of them within theirs."""
    settings = {**DEFAULTS, **(node.get("health") or {})}
    deadline = clock() + float(settings["timeout_s"])
    outcomes = []
    for name, work in _work(node, scripts, settings, runner):
        started = clock()
        limit = min(float(settings["check_timeout_s"]), deadline - started)
        if limit <= 0:
            outcomes.append(CheckOutcome(name, BROKEN, "not run: the time for all checks is used up"))
            continue
        status, reason = work(limit)
        outcomes.append(CheckOutcome(name, status, one_line(reason), round(clock() - started, 3)))
    return outcomes


def _work(node: Mapping[str, Any], scripts: Sequence[Script], settings: Mapping[str, Any], runner: Runner) -> list[_Work]:
    """Return the checks that are on: each with its name and what runs it, given the seconds it may take."""
    built_in: list[_Work] = [(name, functools.partial(run_check, name, node, runner)) for name in names(settings["extra_checks"])]
    own: list[_Work] = [(script.name, functools.partial(_script, script, runner)) for script in scripts]
    return [work for work in (*built_in, *own) if work[0] not in settings["disabled_checks"]]


def _script(script: Script, runner: Runner, limit: float) -> tuple[str, str]:
    if script.problem:
        return BROKEN, script.problem
    result = runner.run([script.path], limit)
    if result.rc == 0:
        return HEALTHY, ""
    if result.rc == 124:
        return UNHEALTHY, f"gave no answer in {limit:.0f} s"
    if result.rc in (126, 127) and not result.stdout:
        return BROKEN, f"cannot be run: {result.stderr}"
    lines = [line for line in (result.stdout + "\n" + result.stderr).splitlines() if line.strip()]
    return UNHEALTHY, lines[0] if lines else f"exit status {result.rc}"


def drain_reason(outcomes: Sequence[CheckOutcome]) -> str:
    """Return the reason for draining: the first check that failed, and how many more."""
    failed = [outcome for outcome in outcomes if outcome.status == UNHEALTHY]
    tail = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    text = f"{PREFIX}{failed[0].name}: {failed[0].reason}"
    return text[: LENGTH - len(tail)] + tail


def act(name: str, outcomes: Sequence[CheckOutcome], runner: Runner, *, resume: bool) -> Action:
    """Drain or resume the node where that is called for, and say what was done."""
    unhealthy = any(outcome.status == UNHEALTHY for outcome in outcomes)
    if not unhealthy and not resume:
        return Action("none")
    shown = runner.run(["scontrol", "show", "node", name, "-o"], SLURM_TIMEOUT_S)
    if shown.rc == 127:
        return Action("none", problem="scontrol is not installed")
    state = parse_node(shown.stdout) if shown.rc == 0 else None
    if state is None:
        return Action("none", problem=f"Slurm does not know the state of {name}: {_complaint(shown)}")
    if unhealthy:
        if state.words & _OUT_OF_SERVICE:
            return Action("none", reason=state.reason)
        reason = drain_reason(outcomes)
        return _update(runner, name, Action("drain", reason), ["state=drain", f"reason={reason}"])
    if may_resume(state, outcomes):
        return _update(runner, name, Action("resume", state.reason), ["state=resume"])
    return Action("none", reason=state.reason)


def may_resume(state: NodeState, outcomes: Sequence[CheckOutcome]) -> bool:
    """Was the node drained by this check, for a reason that is gone?"""
    healthy = {outcome.name for outcome in outcomes if outcome.status == HEALTHY}
    check = state.reason[len(PREFIX) :].partition(": ")[0]
    ours = is_ours(state.reason) and check in healthy
    return ours and len(healthy) == len(outcomes) and "DRAIN" in state.words and "DOWN" not in state.words


def _update(runner: Runner, name: str, action: Action, words: Sequence[str]) -> Action:
    result = runner.run(["scontrol", "update", f"nodename={name}", *words], SLURM_TIMEOUT_S)
    return action if result.rc == 0 else Action(action.kind, action.reason, problem=f"scontrol update: {_complaint(result)}")


def _complaint(result: CommandResult) -> str:
    return one_line(result.stderr or result.stdout) or ("no answer in time" if result.rc == 124 else f"exit status {result.rc}")


def parse_node(text: str) -> NodeState | None:
    """Read ``scontrol show node NAME -o``. Returns nothing where it shows no state."""
    found = re.search(r"(?:^|\s)State=(\S+)", text)
    if not found:
        return None
    words = frozenset(word.rstrip("*~#!%$@^-") for word in found.group(1).upper().split("+"))
    # The reason is free text; who gave it stands behind it in brackets.
    reason = re.search(r"(?:^|\s)Reason=(.*?) \[[^\s\]]+@[^\s\]]+\]", text)
    return NodeState(words, reason.group(1) if reason else "")


def report(name: str, outcomes: Sequence[CheckOutcome], action: Action, *, time: str, duration_s: float) -> dict[str, Any]:
    """Return the document that is kept as the last result."""
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "node": name,
        "time": time,
        "duration_s": round(duration_s, 3),
        "healthy": all(outcome.status != UNHEALTHY for outcome in outcomes),
        "action": asdict(action),
        "checks": [asdict(outcome) for outcome in outcomes],
    }
