# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check says of one thing: what was expected, what was seen, what follows. Every check gives one, those that passed too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

KINDS = ("node", "gpu", "rail", "port", "link", "leaf", "uplink", "fleet")
SEVERITIES = ("info", "warning", "critical")
VERDICTS = ("pass", "warn", "fail", "inconclusive")
PROOFS = ("hardware", "lab", "replay", "stub", "unproven")


@dataclass(frozen=True)
class Subject:
    """What a result is about."""

    kind: str
    """One of ``node``, ``gpu``, ``rail``, ``port``, ``link``, ``leaf``, ``uplink``, ``fleet``."""
    name: str
    """For people, and unique within its kind: ``node7``, ``node7 rail 3``, ``leaf2``."""
    node: str | None = None
    """The node that it belongs to; null for what belongs to none (a leaf, the fleet)."""
    rail: int | None = None
    """The rail, from 0; null for what is on no rail, or on all of them."""
    serial: str | None = None


@dataclass(frozen=True)
class Evidence:
    """One thing that was seen, against what was expected of it."""

    what: str
    """What was looked at, and when or where: ``node3 with node7, rail 2, round 4``; ``nvidia-smi``."""
    observed: float | str | None = None
    """Null: nothing was measured."""
    expected: float | str | None = None
    unit: str = ""
    file: str | None = None
    """Where the raw output is, within the run's folder."""


@dataclass(frozen=True)
class CheckResult:
    """The result of one check of one subject. A finding is one whose verdict isn't ``pass``."""

    id: str = field(init=False)
    """The same in every run, for the same check of the same subject."""
    subject: Subject
    check: str
    """What was checked: ``pair_bandwidth``, ``gpu_count``."""
    verdict: str
    """``pass``, ``warn``, ``fail``, or ``inconclusive`` where the data do not suffice."""
    severity: str = "info"
    """``info``, ``warning``, ``critical``."""
    expected: float | str | None = None
    observed: float | str | None = None
    unit: str = ""
    binding_limit: str = ""
    """What limits the expected value, in words."""
    evidence: tuple[Evidence, ...] = ()
    proof: str = "unproven"
    """How strong the proof is: ``hardware``, ``lab``, ``replay``, ``stub``, ``unproven``."""
    hint: str = ""
    """What it means and what could tell more."""
    remediation: str = ""
    """What to do."""
    run_id: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", f"{self.check}:{self.subject.kind}:{self.subject.name}".replace(" ", "-"))


_WEIGHT = {"fail": 2, "warn": 1, "inconclusive": 0}


def findings(results: Iterable[CheckResult]) -> tuple[CheckResult, ...]:
    """Return the results that did not pass, the worst first."""
    found = [result for result in results if result.verdict != "pass"]
    return tuple(sorted(found, key=lambda result: (-SEVERITIES.index(result.severity), -_WEIGHT[result.verdict])))
