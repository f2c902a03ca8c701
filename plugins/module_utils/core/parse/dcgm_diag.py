# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ``dcgmi diag`` prints, as a table or with ``-j`` as JSON. Layouts: ``dcgmi/Diag.cpp`` of DCGM 2.x to 4.x."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import CoreError
from ..model.dcgm import DcgmDiag, DiagTest
from ..model.document import Fault
from .dcgm_diag_text import RESULTS, Found, Run, read_table, worst
from .json_text import json_values, load_cut_json
from .values import json_part, plain, text_or_none, whole, without_prefixes

TABLES = {"tests": ("iteration", "category", "name", "result", "message")}

_CATEGORIES, _RUNTIME_ERROR = "test_categories", "runtime_error"
_DRIVER = ("Driver Version Detected", "driver_version")
_VERSION = ("DCGM Version", "version")
_IDS = ("GPU Device IDs Detected", "GPU Device IDs")
_DEVICE_ID = re.compile(r"[0-9a-f]{4}")
# A document has its runs at most this deep: root, iterations, run, diagnostic.
_DEEPEST = 5
_OF_OTHERS = (
    (re.compile(r"\s*\d+ (?:GPUs?|NvSwitch(?:es)?|CPUs?) found\.", re.IGNORECASE), "the list of devices of dcgmi discovery -l"),
    (re.compile(r"[\s\S]{0,400}\| Health Monitor Report"), "the report of dcgmi health"),
)
_NOT_RUN = re.compile(r"^\s*(Error: .*|.{0,80}(?:command not found|[Uu]nable to (?:establish a )?connect).*)", re.MULTILINE)
_HINT = "Drain the node and run the test again on the idle GPU; ask the vendor's support, with the diagnostic's log, if it fails again."
_HINT_WARNED = "Read what the test says and remedy it; then run the diagnostic again."


def parse(text: str) -> DcgmDiag:
    """Read the table or JSON. Raises ``CoreError`` for what is neither, and for a diagnostic that did not run at all."""
    text = without_prefixes(plain(text))
    runs, complete = read_table(text)
    if not runs:
        runs, complete = _read_json(text)
    errors = [error for run in runs for error in run.errors]
    tests = [test.done(number if len(runs) > 1 else None) for number, run in enumerate(runs, start=1) for test in run.tests]
    facts = runs[0].facts
    return DcgmDiag(
        dcgm_version=_fact(facts, _VERSION),
        driver_version=_fact(facts, _DRIVER),
        gpu_device_ids=tuple(_DEVICE_ID.findall((_fact(facts, _IDS) or "").lower())),
        tests=tuple(tests),
        complete=complete and not errors,
        warnings=tuple(_warnings(tests, complete)),
        faults=(*(Fault("diagnostic_failed", "DCGM", f"the diagnostic did not run to its end: {error}", _HINT_WARNED) for error in errors), *_faults(tests)),
    )


def _fact(facts: dict[str, str], names: Iterable[str]) -> str | None:
    return next((facts[name] for name in names if facts.get(name)), None)


def _warnings(tests: list[DiagTest], complete: bool) -> Iterator[str]:
    if not complete:
        yield f"the output is cut off: it ends after {len(tests)} test{'' if len(tests) == 1 else 's'}."
    elif not tests:
        yield "the diagnostic has no tests."
    elif all(test.result == "skip" for test in tests):
        yield "every test was skipped: nothing was tested."
    for test in tests:
        if test.result is None:
            yield f"the test {test.name} has no result."


def _faults(tests: Iterable[DiagTest]) -> Iterator[Fault]:
    """Yield a fault for each GPU that a test names, else for the test."""
    for test in tests:
        if test.result not in ("fail", "warn"):
            continue
        kind, verb, hint = ("dcgm_test_failed", "failed", _HINT) if test.result == "fail" else ("dcgm_test_warned", "warns", _HINT_WARNED)
        again = f" (iteration {test.iteration})" if test.iteration else ""
        bad = [entity for entity in (*test.gpus, *test.others) if entity.result in ("fail", "warn")]
        for subject, message in [(f"{entity.entity} {entity.index}", entity.message or test.message) for entity in bad] or [("DCGM", test.message)]:
            yield Fault(kind, subject, f"the test {test.name} of DCGM {verb}{again}{f': {message}' if message else '.'}", hint)


def _read_json(text: str) -> tuple[list[Run], bool]:
    begin = json_part(text)
    refusal = next((what for pattern, what in _OF_OTHERS if pattern.match(text)), None)
    if refusal:
        raise CoreError(f"this is {refusal}, and no diagnostic.", hint="Give the output of dcgmi diag.")
    failed = _NOT_RUN.search(text) if begin is None else None
    if failed:
        raise CoreError(f"the diagnostic did not run, the file says: {failed[1].strip()[:200]!r}.", hint="Is nv-hostengine running, and the driver loaded?")
    if begin is None:
        first = text.strip().split("\n")[0].strip()[:100]
        found = f"begins with {first!r}" if first else "is empty"
        raise CoreError(f"this is no output of dcgmi diag: it has neither its table nor JSON, but {found}.")
    # A run that failed is a document of its own before that of all runs.
    values, end = json_values(begin)
    is_whole = end >= len(begin)
    if not values:
        value, is_whole = load_cut_json(begin)
        values.append(value)
    runs = [_json_run(root, diagnostic) for value in values for root, diagnostic in _diagnostics(value, value, 0)]
    if not runs:
        raise CoreError(f"this is JSON, but no output of dcgmi diag -j: it has no {_CATEGORIES!r}.")
    return runs, is_whole


def _diagnostics(value: Any, root: Any, depth: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each diagnostic with the object that has its metadata."""
    if isinstance(value, dict) and (_CATEGORIES in value or _RUNTIME_ERROR in value):
        yield root if isinstance(root, dict) else {}, value
    elif depth < _DEEPEST:
        for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from _diagnostics(entry, value, depth + 1)


def _json_run(root: dict[str, Any], diagnostic: dict[str, Any]) -> Run:
    run = Run()
    for place in (diagnostic, root, root.get("metadata")):
        for name, value in place.items() if isinstance(place, dict) else ():
            if isinstance(value, (str, int)):
                run.facts.setdefault(name, str(value))
            elif isinstance(value, list):
                run.facts.setdefault(name, " ".join(map(str, value)))
    devices = [
        device.get("device_id")
        for group in _objects(root.get("entity_groups"))
        if group.get("entity_group") == "GPU"
        for device in _objects(group.get("entities"))
    ]
    run.facts.setdefault(_IDS[0], " ".join(map(str, devices)))
    error = text_or_none(diagnostic.get(_RUNTIME_ERROR))
    if error:
        run.errors.append(error)
    for category in _objects(diagnostic.get(_CATEGORIES)):
        for test in _objects(category.get("tests")):
            run.tests.append(_json_test(test, text_or_none(category.get("category"))))
    return run


def _json_test(test: dict[str, Any], category: str | None) -> Found:
    found = Found(str(test.get("name", "")), category)
    results = []
    for result in (*_objects(test.get("results")), *_objects([test.get("test_summary")])):
        status = _status(result.get("status"))
        results.append(status)
        entities = list(_entities_of(result))
        found.entities.update(dict.fromkeys(entities, status))
        found.messages += [(entities[0] if len(entities) == 1 else None, text) for text in _texts(result.get("warnings"))]
        found.info += _texts(result.get("info"))
    found.result = worst(results)
    return found


def _status(value: object) -> str | None:
    word = str(value or "").strip().lower()
    return word if word in RESULTS else None


def _entities_of(result: dict[str, Any]) -> Iterator[tuple[str, int]]:
    group = result.get("entity_group")
    if isinstance(group, str) and whole(result.get("entity_id")) is not None:
        yield group.upper(), int(result["entity_id"])
    for key in ("gpu_id", "gpu_ids", "cpu_id"):
        # One number, or several in a text.
        for index in str(result.get(key, "")).replace(",", " ").split():
            if whole(index) is not None:
                yield key[:3].upper(), int(index)


def _texts(value: Any) -> list[str]:
    """Return the texts of ``warnings`` and ``info``: one, a list, or a list of objects that have one each."""
    if isinstance(value, list):
        return [text for entry in value for text in _texts(entry)]
    if isinstance(value, dict):
        return _texts(value.get("warning", value.get("warnings")))
    return [" ".join(value.split())] if isinstance(value, str) and value.strip() else []


def _objects(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
