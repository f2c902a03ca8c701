# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a health check is, and what it finds before it becomes a ``CheckResult``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..model.finding import Evidence, Subject

if TYPE_CHECKING:
    from .desired import Desired
    from .seen import Seen


@dataclass(frozen=True)
class Found:
    """One answer of a check. Without a subject it is about the node."""

    verdict: str
    """``pass``, ``warn``, ``fail``, or ``inconclusive`` where what is needed cannot be seen."""
    reason: str = ""
    """What was found, or why nothing could be, in a few words; Slurm's drain reason has them."""
    expected: float | str | None = None
    observed: float | str | None = None
    unit: str = ""
    subject: Subject | None = None
    evidence: tuple[Evidence, ...] = ()
    remediation: str = ""
    """What to do, where it differs from what the check says in general."""


Look = Callable[["Desired", "Seen"], Iterable[Found]]


@dataclass(frozen=True)
class Check:
    """An entry of the catalogue."""

    name: str
    """Stable, in snake case."""
    what: str
    """What passes, in a sentence."""
    severity: str
    """Of a failure: ``critical``, take the node out of service now; ``warning``, look after it."""
    reads: tuple[str, ...]
    """The commands and files that it looks at."""
    remediation: str
    source: str
    """Where the threshold comes from."""
    look: Look = field(repr=False)
    """Gives nothing where the check does not concern the node."""
    fast: bool = False
    """Whether it is cheap enough for Slurm's HealthCheckProgram, which runs every few minutes."""
    own_system: bool = False
    """Whether it looks at the node's own system alone, and so at no simulated hardware in a lab."""


def passed(observed: float | str | None = None, expected: float | str | None = None, unit: str = "", *, evidence: Iterable[Evidence] = ()) -> list[Found]:
    """Return the one answer of a check that the whole node passes."""
    return [Found("pass", "", expected, observed, unit, evidence=tuple(evidence))]


def unknown(reason: str) -> list[Found]:
    """Return the one answer of a check that could not see what it needs."""
    return [Found("inconclusive", reason)]
