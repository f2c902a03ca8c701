# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of a validation run: who was looked at, what was measured, every check's result, and what was left out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from ..errors import CoreError
from .document import as_json
from .finding import KINDS, PROOFS, SEVERITIES, VERDICTS, CheckResult, Evidence, Subject
from .isolation import PairRate

SCHEMA, SCHEMA_VERSION = "railyard.findings", 1

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class RunNode:
    """A node that was to be looked at."""

    name: str
    serial: str | None
    """Of the machine, as its firmware says it; null where it is not known."""
    hardware_class: str
    """Empty where none is declared."""
    leaf: str
    """Where it hangs; empty where that is not known."""
    unit: str


@dataclass(frozen=True)
class PairTest:
    """A test that measures pairs of nodes in rounds."""

    test: str
    """``network_bandwidth``, ``rdma_bandwidth``, ``nccl_bandwidth``."""
    tool: str
    """What measured, with its version: ``iperf3 3.18``."""
    proof: str
    """How strong the proof is: ``hardware``, ``lab``, ``replay``, ``stub``, ``unproven``."""
    unit: str
    """Of the rates and of what is expected: ``Gbit/s``."""
    rails: int
    rounds: int
    """Without those that confirm."""
    expected: Mapping[str, float]
    """What a pair should reach, by tier (``same_leaf``, ``other_leaf``, ``other_unit``)."""
    pairs: tuple[PairRate, ...] = ()


@dataclass(frozen=True)
class NotTested:
    """Something that was left out."""

    what: str
    """A test, a check or a node: ``rdma_bandwidth``, ``node7: network_bandwidth``."""
    why: str


@dataclass(frozen=True)
class RunRecord:
    """What ``findings.json`` in the folder of a run holds."""

    run_id: str
    inventory: str
    started: str
    """ISO 8601, UTC."""
    ended: str
    stages: tuple[str, ...] = ()
    """Which were run: ``node``, ``pair``, ``scale``."""
    nodes: tuple[RunNode, ...] = ()
    results: tuple[CheckResult, ...] = ()
    """Of all checks, those that passed too."""
    tests: tuple[PairTest, ...] = ()
    not_tested: tuple[NotTested, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the flat document of docs/schemas/findings.json."""
        return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **as_json(self)}

    @classmethod
    def from_json(cls, text: str, where: str) -> RunRecord:
        """Return the record in a file's text. ``where``: the file's name, for errors."""
        try:
            return cls.from_dict(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise CoreError(f"the record is no JSON: {error}.", where=where, hint="It is damaged; validate again.") from None
        except CoreError as error:
            raise CoreError(error.message, where=f"{where}: {error.where}" if error.where else where, hint=error.hint) from None

    @classmethod
    def from_dict(cls, document: object) -> RunRecord:
        """Return the record that a document holds. Raises ``CoreError`` with the place of what is missing or of another kind."""
        top = _Entry(document, "")
        if top.text("schema") != SCHEMA:
            raise CoreError(f"the document is a {top.text('schema')!r}, not a {SCHEMA}.", hint="Give the findings.json of a validation run.")
        if top.number("schema_version") != SCHEMA_VERSION:
            version = top.values["schema_version"]
            raise CoreError(f"the record has version {version} and this Railyard reads version {SCHEMA_VERSION}.", hint="Read it with the one that wrote it.")
        nodes = top.each("nodes", _node)
        names = [node.name for node in nodes]
        if len(set(names)) < len(names):
            twice = next(name for place, name in enumerate(names) if name in names[:place])
            raise CoreError(f"the node {twice} is there twice.", where="nodes")
        return cls(
            run_id=top.text("run_id"),
            inventory=top.text("inventory"),
            started=top.text("started"),
            ended=top.text("ended"),
            stages=top.texts("stages"),
            nodes=nodes,
            results=top.each("results", _result),
            tests=top.each("tests", _test),
            not_tested=top.each("not_tested", lambda entry: NotTested(entry.text("what"), entry.text("why"))),
            warnings=top.texts("warnings"),
        )


class _Entry:
    """An object of the document, read field by field."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, Mapping):
            raise CoreError(f"{'the record' if not where else 'it'} is not an object but {_kind(value)}.", where=where)
        self.values, self._where = value, where

    def _refuse(self, name: str, wanted: str) -> CoreError:
        said = f"is {_kind(self.values[name])} where {wanted} belongs" if name in self.values else "is missing"
        return CoreError(f"the field {name} {said}.", where=self._where, hint="The record is damaged, or was not written by Railyard.")

    def text(self, name: str, known: tuple[str, ...] = ()) -> str:
        value = self.values.get(name)
        if not isinstance(value, str) or (known and value not in known):
            raise self._refuse(name, f"one of {', '.join(known)}" if known else "a text")
        return value

    def text_or_none(self, name: str) -> str | None:
        return None if name in self.values and self.values[name] is None else self.text(name)

    def number(self, name: str) -> float:
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self._refuse(name, "a number")
        return value

    def number_or_none(self, name: str) -> float | None:
        return None if name in self.values and self.values[name] is None else self.number(name)

    def number_or_text(self, name: str) -> float | str | None:
        value = self.values.get(name)
        return value if isinstance(value, str) else self.number_or_none(name)

    def whole(self, name: str) -> int:
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._refuse(name, "a whole number")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        if not isinstance(value, bool):
            raise self._refuse(name, "true or false")
        return value

    def entry(self, name: str) -> _Entry:
        if name not in self.values:
            raise self._refuse(name, "an object")
        return _Entry(self.values[name], self._inside(name))

    def each(self, name: str, read: Callable[[_Entry], _Value]) -> tuple[_Value, ...]:
        value = self.values.get(name)
        if not isinstance(value, (list, tuple)):
            raise self._refuse(name, "a list")
        return tuple(read(_Entry(entry, f"{self._inside(name)}[{place}]")) for place, entry in enumerate(value))

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.values.get(name)
        if not isinstance(value, (list, tuple)) or not all(isinstance(entry, str) for entry in value):
            raise self._refuse(name, "a list of texts")
        return tuple(value)

    def _inside(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name


def _kind(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (str, int, float)):
        shown = str(value)
        return repr(shown if len(shown) <= 40 else shown[:39] + "…")
    return "an object" if isinstance(value, Mapping) else "a list"


def _node(entry: _Entry) -> RunNode:
    return RunNode(entry.text("name"), entry.text_or_none("serial"), entry.text("hardware_class"), entry.text("leaf"), entry.text("unit"))


def _test(entry: _Entry) -> PairTest:
    expected = entry.entry("expected")
    return PairTest(
        test=entry.text("test"),
        tool=entry.text("tool"),
        proof=entry.text("proof", PROOFS),
        unit=entry.text("unit"),
        rails=entry.whole("rails"),
        rounds=entry.whole("rounds"),
        expected={tier: expected.number(tier) for tier in expected.values},
        pairs=entry.each("pairs", _pair),
    )


def _pair(entry: _Entry) -> PairRate:
    names = entry.text("a"), entry.text("b")
    return PairRate(*names, entry.whole("rail"), entry.whole("round"), entry.number_or_none("rate"), entry.flag("confirm"))


def _result(entry: _Entry) -> CheckResult:
    subject = entry.entry("subject")
    rail = None if subject.values.get("rail") is None else subject.whole("rail")
    return CheckResult(
        subject=Subject(subject.text("kind", KINDS), subject.text("name"), subject.text_or_none("node"), rail, subject.text_or_none("serial")),
        check=entry.text("check"),
        verdict=entry.text("verdict", VERDICTS),
        severity=entry.text("severity", SEVERITIES),
        expected=entry.number_or_text("expected"),
        observed=entry.number_or_text("observed"),
        unit=entry.text("unit"),
        binding_limit=entry.text("binding_limit"),
        evidence=entry.each("evidence", _evidence),
        proof=entry.text("proof", PROOFS),
        hint=entry.text("hint"),
        remediation=entry.text("remediation"),
        run_id=entry.text("run_id"),
    )


def _evidence(entry: _Entry) -> Evidence:
    observed, expected = entry.number_or_text("observed"), entry.number_or_text("expected")
    return Evidence(entry.text("what"), observed, expected, entry.text("unit"), entry.text_or_none("file"))
