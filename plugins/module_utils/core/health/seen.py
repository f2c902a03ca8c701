# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node as the checks see it, through a Runner: what none of them asks for is never read, and nothing is read twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ..facts.parts import collect_facts
from ..facts.source import MISSING_RC, TIMEOUT_RC, Source
from ..model.document import Fault
from ..model.finding import Subject
from ..model.node import NodeFacts
from ..runner import CommandResult, Runner

TIMEOUT_S = 30.0
# Of a command's output so much is kept as evidence.
RAW_LIMIT = 4000


class Seen:
    """What there is of a node.

    ``facts`` are the whole facts where they have been collected anyway; else each part is, when a check asks for it. ``last`` holds the
    counters that the last look kept, ``now_s`` is the time of this one in seconds since 1970.
    """

    def __init__(
        self,
        runner: Runner,
        name: str,
        *,
        root: str = "/",
        facts: NodeFacts | None = None,
        timeout_s: float = TIMEOUT_S,
        last: Mapping[str, Any] | None = None,
        now_s: float = 0.0,
    ) -> None:
        self.name = name
        self.root = root
        self.timeout_s = timeout_s
        self.last = last or {}
        self.now_s = now_s
        self.counters: dict[str, dict[str, int]] = {}
        self.source = Source(runner, root)
        self._runner = runner
        self._facts = facts
        self._parts: dict[str, NodeFacts] = {}
        self._answers: dict[tuple[str, ...], CommandResult] = {}

    @property
    def is_simulated(self) -> bool:
        """Whether hardware is looked at below a folder: it is not the machine's own."""
        return self.root.rstrip("/") != ""

    def run(self, *argv: str) -> CommandResult:
        """Run a command, once."""
        if argv not in self._answers:
            self._answers[argv] = self._runner.run(argv, self.timeout_s)
        return self._answers[argv]

    def read(self, path: str) -> str:
        """Return a file that is not hardware. Raises ``OSError``."""
        return self._runner.read(path)

    def facts(self, part: str) -> NodeFacts:
        """Return facts that have a part."""
        if self._facts is not None and part in self._facts.parts:
            return self._facts
        if part not in self._parts:
            self._parts[part] = collect_facts(self._runner, root=self.root, subset=[part])
        return self._parts[part]

    def why(self, part: str, thing: str) -> str:
        """Return why something of a part could not be seen; an empty text where nothing kept it from being seen."""
        return next((entry.reason for entry in self.facts(part).unseen if entry.part == thing), "")

    def faults(self, part: str, *ids: str) -> list[Fault]:
        """Return the faults of these kinds that the facts tell of."""
        return [fault for fault in self.facts(part).faults if fault.id in ids]

    def remember(self, device: str, counters: Mapping[str, int]) -> None:
        """Keep a device's counters for the next look."""
        if counters:
            self.counters[device] = dict(counters)

    def before(self, device: str) -> Mapping[str, int]:
        """Return a device's counters at the last look; empty where none were kept."""
        kept = (self.last.get("counters") or {}).get(device)
        return {key: value for key, value in kept.items() if isinstance(value, int)} if isinstance(kept, Mapping) else {}

    @cached_property
    def node(self) -> Subject:
        system = self._facts.system if self._facts else None
        return Subject("node", self.name, self.name, serial=system.serial if system else None)

    def gpu(self, address: str, serial: str | None = None) -> Subject:
        """Return a GPU as the subject of a result."""
        return Subject("gpu", f"{self.name} GPU {address}", self.name, serial=serial)

    def rail(self, number: int) -> Subject:
        return Subject("rail", f"{self.name} rail {number}", self.name, rail=number)

    def port(self, hca: str, number: int) -> Subject:
        return Subject("port", f"{self.name} {hca} port {number}", self.name)

    def raw(self, commands: Sequence[str]) -> dict[str, str]:
        """Return what commands printed whose lines begin like one of these, by line, each cut to its end."""
        kept = {}
        for argv, answer in self._answers.items():
            line = " ".join(argv)
            if any(line.startswith(command) for command in commands):
                kept[line] = f"{answer.stdout}{answer.stderr}"[-RAW_LIMIT:]
        return kept


def refusal(name: str, answer: CommandResult, timeout_s: float) -> str:
    """Say why a command told nothing."""
    if answer.rc == MISSING_RC:
        return f"{name} is not installed"
    if answer.rc == TIMEOUT_RC:
        return f"{name} gave no answer in {timeout_s:.0f} s"
    said = next((line.strip() for line in (answer.stderr + "\n" + answer.stdout).splitlines() if line.strip()), "")
    return f"{name} ended with status {answer.rc}" + (f": {said[:200]}" if said else "")
