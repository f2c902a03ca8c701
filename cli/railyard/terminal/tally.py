# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far the current task is, from the events. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from railyard.events import OUTCOMES, Event

_ORDER = ("ok", "changed", "ignored", "skipped", "failed", "unreachable")


@dataclass
class Tally:
    """The current play and task, and what it came to on the hosts so far."""

    play: str = ""
    task: str = ""
    role: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    _hosts: set[str] = field(default_factory=set)
    _lost: set[str] = field(default_factory=set)

    def add(self, event: Event) -> None:
        if event.kind == "play":
            self.play, self.task, self.role = event.play, "", ""
            self.outcomes.clear()
            self._hosts.clear()
        elif event.kind == "task":
            self.task, self.role = event.task, event.role
            self.outcomes.clear()
        elif event.kind == "start":
            self._hosts.add(event.host)
        elif event.kind in OUTCOMES:
            self._hosts.add(event.host)
            self.outcomes[event.kind] += 1
            if event.kind in ("failed", "unreachable"):
                self._lost.add(event.host)

    @property
    def done(self) -> int:
        """Hosts that have the current task behind them."""
        return self.outcomes.total()

    @property
    def total(self) -> int:
        """Hosts that the current task is for: those of the play so far that were not lost before this task."""
        lost_now = self.outcomes["failed"] + self.outcomes["unreachable"]
        return max(len(self._hosts - self._lost) + lost_now, self.done)

    def title(self) -> str:
        return f"{self.role.rpartition('.')[2]}: {self.task}" if self.role else self.task

    def counts(self) -> str:
        """Return the outcomes in words: ``5 ok, 2 changed``."""
        return ", ".join(f"{self.outcomes[kind]} {kind}" for kind in _ORDER if self.outcomes[kind])
