# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table that ``dcgmi diag`` prints, as DCGM 2, 3 and 4 lay it out; and the runs of a diagnostic that both its forms are read into."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..model.dcgm import DiagEntity, DiagTest

RESULTS = ("fail", "warn", "pass", "skip")
_HEADER = re.compile(r"\|\s*Diagnostic\s*\|\s*Result\s*\|")
_SECTION = re.compile(r"[|+]-{2,}\s+([A-Za-z][\w /]{0,40}?)\s+-{2,}\+")
_RULE = re.compile(r"\+-{5,}\+-{5,}\+?")
_RESULT = re.compile(r"(pass|fail|skip|warn)(?: - (?:All|([A-Za-z]{1,20}?)s?: ([\d, ]{1,200})))?", re.IGNORECASE)
_ENTITY_RESULT = re.compile(r"([A-Za-z]{1,20})\s?(\d{1,5}):\s*(pass|fail|skip|warn)?", re.IGNORECASE)
_MESSAGE = re.compile(r"(Error|Warning|Info)(?::\s*([A-Za-z]{1,20})\s?(\d{1,5}))?")
_ITERATION = re.compile(r"Running iteration (\d+) of (\d+)")
_ITERATIONS_END = re.compile(r"Passed all \d+ runs|Aborting the iterative runs of the diagnostic due to failure: (.*)")
_ABOUT_GPU = re.compile(r"GPU (\d{1,5})\b")
# A cell of the right column with its blanks, and how much of a long text it takes.
_CELL, _CHUNK = 48, 45


@dataclass
class Found:
    """One test while it is read. ``entities`` has (``GPU``, 0) -> result, ``messages`` (entity or ``None``, text)."""

    name: str
    category: str | None
    result: str | None = None
    entities: dict[tuple[str, int], str | None] = field(default_factory=dict)
    messages: list[tuple[tuple[str, int] | None, str]] = field(default_factory=list)
    info: list[str] = field(default_factory=list)

    def done(self, iteration: int | None) -> DiagTest:
        """Return the test as it is shown."""
        about: dict[tuple[str, int] | None, list[str]] = {}
        for entity, text in self.messages:
            # DCGM 2 and 3 begin the text with the GPU.
            named = _ABOUT_GPU.match(text)
            about.setdefault(entity or (("GPU", int(named[1])) if named else None), []).append(text)
        each = [DiagEntity(*entity, result=result, message=" ".join(about.get(entity, ())) or None) for entity, result in self.entities.items()]
        return DiagTest(
            category=self.category,
            name=self.name,
            result=self.result or worst(self.entities.values()),
            gpus=tuple(entity for entity in each if entity.entity == "GPU"),
            others=tuple(entity for entity in each if entity.entity != "GPU"),
            message=" ".join(text for _entity, text in self.messages) or None,
            info=tuple(self.info),
            iteration=iteration,
        )


@dataclass
class Run:
    """One run of the diagnostic."""

    tests: list[Found] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    ended: bool = False


def worst(results: Iterable[str | None]) -> str | None:
    """Return the worst of results, or ``None`` where there is none."""
    there = set(results)
    return next((result for result in RESULTS if result in there), None)


def read_table(text: str) -> tuple[list[Run], bool]:
    """Return the runs, and whether the text goes on to its end. Without a table, there is no run."""
    reader = _Reader()
    lines = [line.strip() for line in text.split("\n")]
    for line, following in zip(lines, [*lines[1:], ""]):
        # What is above the head of a table does not end the one before.
        if not (_RULE.fullmatch(line) and _HEADER.match(following)):
            reader.line(line)
    reader.end_text()
    whole = all(run.ended for run in reader.runs) and (reader.iterations_ended or not reader.iterations)
    return reader.runs, whole


class _Reader:
    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.iterations = False
        self.iterations_ended = False
        self._section: str | None = None
        self._chunks: list[str] | None = None
        self._message: tuple[str, tuple[str, int] | None] = ("", None)
        self._last_name = ""

    def line(self, line: str) -> None:
        section = _SECTION.match(line)
        if _HEADER.match(line):
            self.end_text()
            self.runs.append(Run())
        elif section:
            self.end_text()
            if not self._open():
                self.runs.append(Run())
            self._section = section[1]
        elif line.startswith("|") and line.endswith("|") and self._open():
            name, _bar, cell = line[1:].partition("|")
            self._row(name.strip(), cell.removesuffix("|"))
        elif _RULE.fullmatch(line) and self._open():
            self.end_text()
            self.runs[-1].ended, self._section = True, None
        else:
            self._outside(line)

    def _open(self) -> bool:
        return bool(self.runs) and not self.runs[-1].ended

    def _outside(self, line: str) -> None:
        end = _ITERATIONS_END.match(line)
        if _ITERATION.match(line):
            self.iterations = True
        elif end:
            self.iterations_ended = True
            if end[1] and self.runs:
                self.runs[-1].errors.append(end[1].strip())
        elif line.startswith("Error:") and self.runs:
            self.runs[-1].errors.append(line.removeprefix("Error:").strip())

    def _row(self, name: str, cell: str) -> None:
        value = cell.strip()
        run = self.runs[-1]
        if self._section == "Metadata":
            self._last_name = name or self._last_name
            run.facts[self._last_name] = f"{run.facts.get(self._last_name, '')} {value}".strip()
            return
        result, each = _RESULT.fullmatch(value), _ENTITY_RESULT.fullmatch(value)
        message = _MESSAGE.fullmatch(name)
        if message and run.tests:
            self.end_text()
            entity = (message[2].upper(), int(message[3])) if message[2] else None
            self._message, self._chunks = (message[1], entity), [_chunk(cell)]
        elif name:
            self.end_text()
            run.tests.append(Found(name, self._section, result[1].lower() if result and not result[2] else None))
            if result and result[2]:
                self._entities(run.tests[-1], result)
        elif run.tests and each:
            self.end_text()
            run.tests[-1].entities[each[1].upper(), int(each[2])] = each[3].lower() if each[3] else None
        elif self._chunks is not None:
            self._chunks.append(_chunk(cell))
        elif run.tests and result and result[2]:
            self._entities(run.tests[-1], result)

    def _entities(self, test: Found, result: re.Match[str]) -> None:
        for index in result[3].replace(",", " ").split():
            test.entities[result[2].upper(), int(index)] = result[1].lower()

    def end_text(self) -> None:
        """Give a text that is whole to its test."""
        if self._chunks is None:
            return
        text = " ".join("".join(self._chunks).split())
        kind, entity = self._message
        test = self.runs[-1].tests[-1]
        if text and kind == "Info":
            test.info.append(text)
        elif text:
            test.messages.append((entity, text))
        self._chunks = None


def _chunk(cell: str) -> str:
    """Return what a cell has of a text. It is broken after 45 letters, also within a word: blanks at the break are part of it."""
    return cell[1 : 1 + _CHUNK] if len(cell) == _CELL else f"{cell.strip()} "
