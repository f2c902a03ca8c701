# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run compared with earlier ones: what became slower than it was itself, what is well again, and what fails again and again.

The past belongs to a thing, not to its name: a node is known by its serial number, so that it keeps its past under another name, and a node
that was exchanged begins anew. Nothing here is compared with a wish: that a node was slow from its first day is for other checks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from .measure.robust import spread
from .model.finding import CheckResult, Evidence, Subject
from .model.run import RunRecord

# What is added to a check's name where its value is lower than it was.
REGRESSION = "_regression"
# From this loss on, and from so many standard deviations of the past values on, a value is lower than it was.
MATERIAL, DEVIATIONS = 0.03, 4.0
# The past is known from so many good runs on; of more, the last count.
FEWEST, MOST = 3, 10
# What the past values scatter by at least: a few of them can agree by chance.
_LEAST_NOISE = 0.005
# Of so many subjects on, when most are slower than they were, it is not each of them.
_MANY = 4
_SHARED = ("leaf", "uplink", "fleet")
# A subject that failed in so many of its last runs, and was well in between, does so again and again.
_OFTEN, _OFTEN_OF = 2, 10


@dataclass(frozen=True)
class Key:
    """Which check of what."""

    identity: str
    """Serial number of the node or the part; where there is none, its name."""
    check: str
    subject: str
    """What of the node it is about: its kind and, within the node, its name (``rail rail 3``); the kind alone for the node itself."""


@dataclass(frozen=True)
class PastResult:
    """One result of an earlier run."""

    __slots__ = ("ended", "node", "observed", "proof", "run_id", "unit", "verdict")

    run_id: str
    ended: str
    node: str
    """The name that the node had; empty for what belongs to none."""
    verdict: str
    proof: str
    observed: float | None
    """Null where it was no number."""
    unit: str


@dataclass(frozen=True)
class Offender:
    """Something that failed, was well and failed again."""

    key: Key
    node: str
    failed: int
    """In how many of ``runs`` it failed."""
    runs: int
    episodes: int
    """How often it began to fail."""


def keys(record: RunRecord) -> list[Key]:
    """Return the key of each result, in their order. A serial number that several nodes give is none (boards come with placeholders)."""
    given = Counter(node.serial for node in record.nodes if node.serial)
    serials = {node.name: node.serial for node in record.nodes if node.serial and given[node.serial] == 1}
    return [_key(result, serials) for result in record.results]


def _key(result: CheckResult, serials: Mapping[str, str]) -> Key:
    subject = result.subject
    node = subject.node or (subject.name if subject.kind == "node" else "")
    if subject.serial and subject.kind != "node":
        return Key(subject.serial, result.check, subject.kind)
    within = subject.name[len(node) :].strip() if node and subject.name.startswith(node) else subject.name
    return Key(serials.get(node, node) or subject.name, result.check, f"{subject.kind} {within}".strip())


def regressions(record: RunRecord, past: Mapping[Key, Sequence[PastResult]]) -> tuple[CheckResult, ...]:
    """Return a result for each value of the run that is lower than the same thing's own past: verdict ``warn``, with the past values as evidence.

    Only values of which more is better count: those per second. The past is the median of the last good runs, by proof and unit alike; one
    in which the value had already fallen is no good run, so that a slow decline does not become the new normal. A value that fails by itself is
    not reported twice, nor is what a leaf, an uplink or the fleet explains. Where most are slower, it is one result, of the fleet.
    """
    explained = {result.check for result in record.results if result.verdict == "fail" and result.subject.kind in _SHARED}
    found: dict[str, list[CheckResult]] = {}
    judged: Counter[str] = Counter()
    for key, result in zip(keys(record), record.results):
        if result.verdict == "fail" or result.check in explained or not result.unit.endswith("/s") or not isinstance(result.observed, (int, float)):
            continue
        good = _good(key, result, past, record.run_id)
        if len(good) < FEWEST:
            continue
        judged[result.check] += 1
        values = [float(entry.observed) for entry in good if entry.observed is not None]
        usual = median(values)
        limit = usual * (1 - max(MATERIAL, DEVIATIONS * max(_LEAST_NOISE, spread(values) / usual)))
        if result.observed < limit:
            found.setdefault(result.check, []).append(_regression(result, good, usual, record.run_id))
    results: list[CheckResult] = []
    for check, lower in found.items():
        results += [_of_the_fleet(lower, judged[check])] if judged[check] >= _MANY and 2 * len(lower) > judged[check] else lower
    return tuple(results)


def _good(key: Key, result: CheckResult, past: Mapping[Key, Sequence[PastResult]], run_id: str) -> list[PastResult]:
    fallen = {entry.run_id for entry in past.get(replace(key, check=key.check + REGRESSION), ()) if entry.verdict != "pass"}
    alike = [
        entry
        for entry in past.get(key, ())
        if entry.verdict == "pass" and entry.observed is not None and entry.observed > 0 and (entry.proof, entry.unit) == (result.proof, result.unit)
    ]
    return [entry for entry in alike if entry.run_id not in fallen and entry.run_id != run_id][-MOST:]


def _regression(result: CheckResult, good: Sequence[PastResult], usual: float, run_id: str) -> CheckResult:
    loss = 1 - float(result.observed or 0) / usual
    return CheckResult(
        subject=result.subject,
        check=result.check + REGRESSION,
        verdict="warn",
        severity="warning",
        expected=float(f"{usual:.5g}"),
        observed=result.observed,
        unit=result.unit,
        binding_limit=f"its own past: the median of {len(good)} good runs",
        evidence=tuple(Evidence(f"run {entry.run_id}", entry.observed, unit=entry.unit) for entry in good),
        proof=result.proof,
        hint=f"It is {loss:.1%} slower than it used to be, while {result.check} by itself finds nothing wrong.",
        remediation="Compare what changed since then: firmware, driver, BIOS settings, cables, temperature.",
        run_id=run_id,
    )


def _of_the_fleet(lower: Sequence[CheckResult], judged: int) -> CheckResult:
    """Return one result for what most have in common."""
    worst = sorted(lower, key=lambda result: float(result.observed or 0) / float(result.expected or 1))
    return CheckResult(
        subject=Subject("fleet", "all nodes"),
        check=lower[0].check,
        verdict="warn",
        severity="warning",
        expected=median([float(result.expected or 0) for result in lower]),
        observed=median([float(result.observed or 0) for result in lower]),
        unit=lower[0].unit,
        binding_limit="their own past",
        evidence=tuple(Evidence(result.subject.name, result.observed, result.expected, result.unit) for result in worst[:12]),
        proof=lower[0].proof,
        hint=f"{len(lower)} of {judged} are slower than they used to be: what they share changed, not each of them.",
        remediation="Compare what changed for all: driver, firmware, fabric, other load during the run.",
        run_id=lower[0].run_id,
    )


def with_regressions(record: RunRecord, past: Mapping[Key, Sequence[PastResult]]) -> RunRecord:
    """Return the record with the results of ``regressions`` added."""
    return replace(record, results=(*record.results, *regressions(record, past)))


def recovered(record: RunRecord, past: Mapping[Key, Sequence[PastResult]]) -> tuple[tuple[Key, CheckResult, PastResult], ...]:
    """Return what had failed or warned when it was last seen and is well now: its key, the result that says so, and the one before."""
    now = dict(zip(keys(record), record.results))
    well = {(key.identity, key.check): result for key, result in now.items() if result.verdict == "pass"}
    found = []
    for key, timeline in _timelines(past, without=record.run_id).items():
        later = now.get(key, well.get((key.identity, key.check)))
        if timeline and timeline[-1].verdict in ("warn", "fail") and later and later.verdict == "pass":
            found.append((key, later, timeline[-1]))
    return tuple(found)


def repeat_offenders(past: Mapping[Key, Sequence[PastResult]]) -> tuple[Offender, ...]:
    """Return what began to fail twice or more in its last ten runs, with a good one in between; the worst first."""
    found = []
    for key, timeline in _timelines(past).items():
        last = timeline[-_OFTEN_OF:]
        bad = [entry.verdict == "fail" for entry in last]
        episodes = sum(now and not before for before, now in zip([False, *bad], bad))
        if episodes >= _OFTEN:
            found.append(Offender(key, past[key][-1].node, sum(bad), len(last), episodes))
    return tuple(sorted(found, key=lambda one: (-one.episodes, -one.failed, one.node, one.key.check, one.key.subject)))


def _timelines(past: Mapping[Key, Sequence[PastResult]], without: str = "") -> dict[Key, list[PastResult]]:
    """Return what ever failed with its results that tell something, the oldest first.

    A rail or a leaf has a result only where something is wrong: a run that found its node well, or that made the check at all where it belongs
    to no node, counts as good.
    """
    of_node: dict[tuple[str, str], dict[str, PastResult]] = {}
    of_check: dict[str, dict[str, PastResult]] = {}
    for key, entries in past.items():
        for entry in entries:
            if entry.verdict == "pass":
                of_node.setdefault((key.identity, key.check), {})[entry.run_id] = entry
                of_check.setdefault(key.check, {})[entry.run_id] = entry
    found = {}
    for key, entries in past.items():
        if any(entry.verdict in ("warn", "fail") for entry in entries):
            good = of_node.get((key.identity, key.check), {}) if entries[0].node else of_check.get(key.check, {})
            own = {entry.run_id: entry for entry in entries}
            told = [entry for entry in {**good, **own}.values() if entry.verdict != "inconclusive" and entry.run_id != without]
            found[key] = sorted(told, key=lambda entry: (entry.ended, entry.run_id))
    return found
