# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the catalogue's checks on one node, and turn what they find into results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import CoreError
from ..model.finding import SEVERITIES, CheckResult, Subject
from ..model.node import NodeFacts
from ..runner import Runner
from .catalogue import selected
from .desired import Desired
from .model import Check, Found
from .seen import Seen

MEMORY_SCHEMA = "railyard.health-counters"
MEMORY_SCHEMA_VERSION = 1
# The worst last.
VERDICTS = ("pass", "warn", "inconclusive", "fail")
_SEVERITY = {"pass": "info", "warn": "warning", "fail": "critical"}
# A reason that joins several is cut to this length.
_LONGEST_REASON = 600


@dataclass(frozen=True)
class Examination:
    """What came of the checks."""

    results: tuple[CheckResult, ...] = ()
    """One for each check that passed, and one for each thing that did not: a GPU, a rail, the node."""
    worst: str = "pass"
    raw: Mapping[str, str] = field(default_factory=dict)
    """What commands printed that a check did not pass on, by command line; each cut to its end."""
    memory: Mapping[str, Any] = field(default_factory=dict)
    """The counters to compare with at the next look."""


def examine(
    node: Mapping[str, Any],
    runner: Runner,
    *,
    facts: NodeFacts | None = None,
    checks: Iterable[str] = (),
    root: str | None = None,
    last: Mapping[str, Any] | None = None,
    now_s: float = 0.0,
    run_id: str = "",
) -> Examination:
    """Compare a node with its description.

    ``node``: the description (see ``Desired``). ``facts``: all facts of the node where they are known already. ``checks``: names, none
    for all. ``root``: the prefix of /sys, /proc and /dev, that of the description where it is not given. ``last``: the memory of the look
    before, ``now_s``: seconds since 1970. Raises ``CoreError`` for a description that is not one and for a check that there is not.
    """
    desired = Desired(node)
    where = root if root is not None else str(desired.node.get("hardware_root") or "/")
    seen = Seen(runner, desired.name, root=where, facts=facts, last=last, now_s=now_s)
    results: list[CheckResult] = []
    raw: dict[str, str] = {}
    for check in selected(checks, desired.names("disabled_checks")):
        answers = merged(look(check, desired, seen))
        proof = ("lab" if check.own_system else "stub") if desired.is_simulated or seen.is_simulated else "hardware"
        results += [_result(check, answer, seen.node, proof, run_id) for answer in answers]
        if any(answer.verdict != "pass" for answer in answers):
            raw.update(seen.raw(check.reads))
    memory = {"schema": MEMORY_SCHEMA, "schema_version": MEMORY_SCHEMA_VERSION, "time_s": now_s, "counters": seen.counters}
    return Examination(tuple(results), worst(result.verdict for result in results), raw, memory)


def look(check: Check, desired: Desired, seen: Seen) -> list[Found]:
    """Run a check. What it cannot read makes it inconclusive; what is declared wrongly does not."""
    try:
        return list(check.look(desired, seen))
    except CoreError as error:
        if error.where.startswith("node."):
            raise
        return [Found("inconclusive", str(error))]


def merged(answers: Iterable[Found]) -> list[Found]:
    """Join the answers that are about the same thing: the worst counts, and every reason is told."""
    groups: dict[str, list[Found]] = {}
    for answer in answers:
        groups.setdefault(answer.subject.name if answer.subject else "", []).append(answer)
    return [_joined(group) for group in groups.values()]


def _joined(group: list[Found]) -> Found:
    first = max(group, key=lambda answer: VERDICTS.index(answer.verdict))
    reasons = list(dict.fromkeys(answer.reason for answer in (first, *group) if answer.reason))
    return replace(first, reason="; ".join(reasons)[:_LONGEST_REASON], evidence=tuple(entry for answer in group for entry in answer.evidence))


def _result(check: Check, found: Found, node: Subject, proof: str, run_id: str) -> CheckResult:
    severity = _SEVERITY.get(found.verdict) or SEVERITIES[SEVERITIES.index(check.severity) - 1]
    return CheckResult(
        subject=found.subject or node,
        check=check.name,
        verdict=found.verdict,
        severity=severity,
        expected=found.expected,
        observed=found.observed,
        unit=found.unit,
        evidence=found.evidence,
        proof=proof,
        hint=found.reason,
        remediation="" if found.verdict in ("pass", "inconclusive") else found.remediation or check.remediation,
        run_id=run_id,
    )


def worst(verdicts: Iterable[str]) -> str:
    """Return the worst verdict; ``pass`` where there is none."""
    return max(verdicts, key=VERDICTS.index, default="pass")
