# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run comes to: the verdict in one sentence, the state of each node, what was checked, and what is alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..model.finding import VERDICTS, CheckResult, findings
from ..model.run import RunRecord

# The worst first.
WORST = ("fail", "warn", "inconclusive", "pass")
# Checks of whether the nodes of a hardware class are alike.
UNIFORMITY = "uniformity"
# More findings than this of one check are shown as one line that opens.
_FEW = 8
_NAMED = 4


@dataclass(frozen=True)
class Headline:
    """The run in a sentence."""

    verdict: str
    """The worst of all results; ``inconclusive`` where there is none."""
    sentence: str
    simulated: int
    """Results that a stand-in for hardware gave (grade ``stub``)."""


@dataclass(frozen=True)
class FindingGroup:
    """Findings of one check that are alike in kind and weight."""

    check: str
    verdict: str
    severity: str
    kind: str
    members: tuple[CheckResult, ...]

    @property
    def few(self) -> bool:
        """Whether each can stand for itself."""
        return len(self.members) <= _FEW


@dataclass(frozen=True)
class CheckSummary:
    """One check, over all that it looked at."""

    check: str
    counts: tuple[int, ...]
    """Results by verdict, in the order of ``VERDICTS``."""
    proofs: tuple[str, ...]
    binding_limits: tuple[str, ...]
    """What limits the expected value; several where hardware differs."""

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class LeafState:
    """A leaf, for the picture of where nodes hang."""

    name: str
    verdict: str
    """Of the leaf and its uplinks; of its nodes, their own says it."""
    told: tuple[str, ...]
    nodes: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Name, worst verdict, and a sentence for each finding."""


def natural(name: str) -> tuple[object, ...]:
    """Return a key that sorts ``node2`` before ``node10``."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"([0-9]+)", name) if part)


def headline(record: RunRecord) -> Headline:
    verdicts = {result.verdict for result in record.results}
    worst = next((verdict for verdict in WORST if verdict in verdicts), "")
    simulated = sum(result.proof == "stub" for result in record.results)
    names = _names(result for result in findings(record.results) if result.verdict == worst)
    said = {
        "": "Nothing was tested.",
        "pass": "All that was tested is as it should be.",
        "inconclusive": f"Nothing that was tested is known to be wrong, but {_which(names)} could not be judged.",
        "warn": f"Nothing fails, but {_which(names)} should be looked at.",
        "fail": f"{_which(names)} {'is' if len(names) == 1 else 'are'} not as {'it' if len(names) == 1 else 'they'} should be.",
    }[worst]
    return Headline(worst or "inconclusive", said, simulated)


def _names(results: Iterable[CheckResult]) -> list[str]:
    """Return the subjects, each once, with their kind where the name alone doesn't tell it."""
    named = (f"{'the uplink of ' if result.subject.kind == 'uplink' else ''}{result.subject.name}" for result in results)
    return list(dict.fromkeys(named))


def _which(names: Sequence[str]) -> str:
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED:,} more"
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])


def worst_of(verdicts: Iterable[str]) -> str:
    """Return the worst verdict; ``untested`` where there is none."""
    seen = set(verdicts)
    return next((verdict for verdict in WORST if verdict in seen), "untested")


def sentence(result: CheckResult) -> str:
    """Return ``pair_bandwidth: 37.2 instead of 47.8 GB/s``."""
    observed, expected = number(result.observed), number(result.expected)
    unit = f" {result.unit}" if result.unit else ""
    if result.verdict == "pass" or not expected:
        return f"{result.check}: {observed or result.verdict}{unit if observed else ''}"
    return f"{result.check}: {observed or 'nothing'} instead of {expected}{unit}"


def number(value: float | str | None) -> str:
    """Return a value for people: four figures that count, an empty text for none."""
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,.0f}" if abs(value) >= 10000 or float(value).is_integer() else f"{value:.4g}"


def leaves(record: RunRecord) -> list[tuple[str, list[LeafState]]]:
    """Return units with their leaves and nodes, each with its worst verdict, in the order of their names."""
    by_node: dict[str, list[CheckResult]] = {}
    by_leaf: dict[str, list[CheckResult]] = {}
    for result in record.results:
        subject = result.subject
        if subject.kind in ("leaf", "uplink"):
            # A leaf's name may be followed by the rail.
            by_leaf.setdefault(subject.name.partition(" rail ")[0], []).append(result)
        else:
            by_node.setdefault(subject.node or subject.name, []).append(result)
    units: dict[str, dict[str, list[str]]] = {}
    for node in sorted(record.nodes, key=lambda node: natural(node.name)):
        units.setdefault(node.unit, {}).setdefault(node.leaf, []).append(node.name)
    found = []
    for unit in sorted(units, key=natural):
        states = []
        for leaf in sorted(units[unit], key=natural):
            of_leaf = by_leaf.get(leaf, [])
            nodes = tuple((name, worst_of(result.verdict for result in by_node.get(name, ())), _told(by_node.get(name, ()))) for name in units[unit][leaf])
            states.append(LeafState(leaf, worst_of(result.verdict for result in of_leaf), _told(of_leaf), nodes))
        found.append((unit, states))
    return found


def _told(results: Iterable[CheckResult]) -> tuple[str, ...]:
    return tuple(sentence(result) for result in results if result.verdict != "pass")


def finding_groups(record: RunRecord) -> list[FindingGroup]:
    """Return the findings, the worst first, what is alike together. What is uniform or not has a place of its own."""
    groups: dict[tuple[str, str, str, str], list[CheckResult]] = {}
    for result in findings(record.results):
        groups.setdefault((result.check, result.verdict, result.severity, result.subject.kind), []).append(result)
    return [FindingGroup(*key, tuple(members)) for key, members in groups.items()]


def uniformity(record: RunRecord) -> list[CheckResult]:
    """Return what is said of the nodes of each hardware class: which have something else than most."""
    return [result for result in record.results if result.check.startswith(UNIFORMITY) and result.subject.kind == "fleet"]


def checks(record: RunRecord) -> list[CheckSummary]:
    """Return what was checked, in the order of first results."""
    by_check: dict[str, list[CheckResult]] = {}
    for result in record.results:
        by_check.setdefault(result.check, []).append(result)
    summaries = []
    for check, results in by_check.items():
        counted = Counter(result.verdict for result in results)
        limits = dict.fromkeys(result.binding_limit for result in results if result.binding_limit)
        proofs = dict.fromkeys(result.proof for result in results)
        summaries.append(CheckSummary(check, tuple(counted[verdict] for verdict in VERDICTS), tuple(proofs), tuple(limits)[:_FEW]))
    return summaries
