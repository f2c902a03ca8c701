# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run comes to: the verdict in one sentence, the state of each node, what was checked, and what is alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..health.fleet import CHECK_PREFIX
from ..model.finding import VERDICTS, CheckResult, Subject, findings
from ..model.run import RunRecord
from ..slurm.hostlist import fold, natural

# The worst first.
WORST = ("fail", "warn", "inconclusive", "pass")
# More findings than this of one check are shown as one line that opens.
_FEW = 8
_NAMED, _SHORT = 4, 60


@dataclass(frozen=True)
class Headline:
    """The run in a sentence."""

    verdict: str
    """The worst of all results; ``inconclusive`` where there is none."""
    sentence: str
    further: str
    """What else there is to tell, beside the worst; empty for nothing."""
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
class UniformityRow:
    """Something that the nodes of a hardware class should have in common."""

    hardware_class: str
    what: str
    usual: str
    """What most have; empty where there is no such thing."""
    verdict: str
    others: tuple[tuple[str, str], ...]
    """A value, and the nodes that have it as a host list."""
    hint: str


@dataclass(frozen=True)
class LeafState:
    """A leaf, for the picture of where nodes hang."""

    name: str
    verdict: str
    """Of the leaf and its uplinks; of its nodes, their own says it."""
    told: tuple[str, ...]
    nodes: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Name, worst verdict, and a sentence for each finding."""


def headline(record: RunRecord) -> Headline:
    names = {verdict: _names(result for result in findings(record.results) if result.verdict == verdict) for verdict in WORST[:-1]}
    simulated = sum(result.proof == "stub" for result in record.results)
    worst = next((verdict for verdict in WORST[:-1] if names[verdict]), "pass" if record.results else "")
    said = {
        "": "Nothing was tested.",
        "pass": "All that was tested is as it should be.",
        "inconclusive": f"Nothing that was tested is known to be wrong, but {_which(names['inconclusive'])} could not be judged.",
        "warn": f"Nothing fails, but {_which(names['warn'])} should be looked at.",
        "fail": f"{_which(names['fail'])} {_are(names['fail'])} not as {'it' if len(names['fail']) == 1 else 'they'} should be.",
    }[worst]
    further = []
    if worst == "fail" and names["warn"]:
        further.append(f"{_which(names['warn'])} should be looked at.")
    if worst in ("fail", "warn") and names["inconclusive"]:
        further.append(f"{_which(names['inconclusive'])} could not be judged.")
    return Headline(worst or "inconclusive", _capital(said), " ".join(map(_capital, further)), simulated)


def _capital(said: str) -> str:
    """Names of nodes stay as they are."""
    return f"T{said[1:]}" if said.startswith("the ") else said


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def subject_name(subject: Subject) -> str:
    """Return the subject as a person names it."""
    return f"the uplink of {subject.name}" if subject.kind == "uplink" else subject.name


def _names(results: Iterable[CheckResult]) -> list[str]:
    """Return the subjects, each once."""
    return list(dict.fromkeys(subject_name(result.subject) for result in results))


def _which(names: Sequence[str]) -> str:
    if len(names) > _NAMED + 1:
        folded = fold(names)
        return folded.replace(",", ", ") if len(folded) <= _SHORT else f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED:,} more"
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), *names[-1:]])


def worst_of(verdicts: Iterable[str]) -> str:
    """Return the worst verdict; ``untested`` where there is none."""
    seen = set(verdicts)
    return next((verdict for verdict in WORST if verdict in seen), "untested")


def sentence(result: CheckResult) -> str:
    """Return ``pair_bandwidth: 37.2 instead of 47.8 GB/s``."""
    if result.verdict == "inconclusive":
        return f"{result.check}: {result.hint or 'it could not be judged.'}"
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


def uniformity(record: RunRecord) -> list[UniformityRow]:
    """Return what most nodes of each hardware class have, and who has something else: what differs first."""
    class_of = {node.name: node.hardware_class for node in record.nodes}
    classes = sorted(set(class_of.values()), key=len, reverse=True)
    rows: dict[tuple[str, ...], list[CheckResult]] = {}
    for result in record.results:
        if result.check.startswith(CHECK_PREFIX):
            node = result.subject.node
            key = (result.check, class_of.get(node, ""), "", number(result.expected)) if node else (result.check, *_of_class(result.subject.name, classes), "")
            rows.setdefault(key, []).append(result)
    found = []
    for (check, hardware_class, kind, _usual), results in rows.items():
        first = results[0]
        values: dict[str, list[str]] = {}
        for result in results if first.subject.node else ():
            values.setdefault(number(result.observed), []).append(result.subject.name)
        others = [(value, fold(names)) for value, names in values.items()] or [(number(one.observed), one.what) for one in first.evidence]
        what = check[len(CHECK_PREFIX) :].replace("_", " ") + (f" of {kind}" if kind else "")
        hint = first.hint if first.verdict == "inconclusive" else ""
        found.append(UniformityRow(hardware_class, what, number(first.expected), worst_of(result.verdict for result in results), tuple(others), hint))
    return sorted(found, key=lambda row: WORST.index(row.verdict))


def _of_class(name: str, classes: Sequence[str]) -> tuple[str, str]:
    """Return the hardware class and the kind of part that a subject of the fleet is named by: ``h100 MT_0000000223``."""
    for one in classes:
        if name == one or name.startswith(f"{one} ") or not one:
            return one, name[len(one) :].strip()
    return name, ""


def alike(results: Sequence[CheckResult]) -> list[tuple[CheckResult, int, str]]:
    """Return the first of all that say the same, their number, and their subjects as a host list: ``gpu[0001-0100]``."""
    groups: dict[tuple[str, str], list[CheckResult]] = {}
    for result in results:
        groups.setdefault((result.verdict, sentence(result)), []).append(result)
    return [(members[0], len(members), fold(subject_name(result.subject) for result in members)) for members in groups.values()]


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
