# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run as JUnit XML: a test suite for each check, a test case for each subject.

The form is what the schemas in use have in common (that of Ant's JUnit task, and Jenkins' xUnit plugin's): no attributes on ``testsuites``, one of
``skipped`` and ``failure`` in a case, ``system-out`` and ``system-err`` at the end of a suite. A case fails where the verdict is ``fail``, is skipped
where it is ``inconclusive``, and passes where it is ``warn``, which the suite's output tells.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ..model.finding import CheckResult
from ..model.run import RunRecord
from ..xml_text import xml_text
from .overview import sentence


def junit(record: RunRecord) -> str:
    """Return the text of the file."""
    suites: dict[str, list[CheckResult]] = {}
    for result in record.results:
        suites.setdefault(result.check, []).append(result)
    body = [line for number, (check, results) in enumerate(suites.items()) for line in _suite(record, number, check, results)]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", *body, "</testsuites>"]) + "\n"


def _suite(record: RunRecord, number: int, check: str, results: list[CheckResult]) -> list[str]:
    failed, skipped = (sum(result.verdict == verdict for result in results) for verdict in ("fail", "inconclusive"))
    counts = f'tests="{len(results)}" failures="{failed}" errors="0" skipped="{skipped}" time="0"'
    head = f'id="{number}" package="railyard" name="{xml_text(check)}" timestamp="{_time(record.started)}" hostname="{xml_text(record.inventory or "-")}"'
    properties = {"run_id": record.run_id, "inventory": record.inventory, "proof": ", ".join(dict.fromkeys(result.proof for result in results))}
    lines = [f"  <testsuite {head} {counts}>", "    <properties>"]
    lines += [f'      <property name="{name}" value="{xml_text(value)}"/>' for name, value in properties.items()]
    lines.append("    </properties>")
    for result in results:
        case = f'    <testcase classname="{xml_text(f"railyard.{check}")}" name="{xml_text(result.subject.name)}" time="0"'
        if result.verdict == "fail":
            kind, message = xml_text(result.severity), xml_text(sentence(result))
            lines += [f"{case}>", f'      <failure type="{kind}" message="{message}">{xml_text(_told(result))}</failure>', "    </testcase>"]
        elif result.verdict == "inconclusive":
            lines += [f"{case}>", f'      <skipped message="{xml_text(result.hint or sentence(result))}"/>', "    </testcase>"]
        else:
            lines.append(f"{case}/>")
    said = [f"{result.verdict}: {result.subject.name}: {_told(result)}" for result in results if result.verdict in ("warn", "inconclusive")]
    return [*lines, f"    <system-out>{xml_text(chr(10).join(said))}</system-out>", "    <system-err></system-err>", "  </testsuite>"]


def _told(result: CheckResult) -> str:
    """Return what a person needs to know: what was seen, on which evidence, and what to do."""
    evidence = [f"  {entry.what}: {'nothing' if entry.observed is None else entry.observed} {entry.unit}".rstrip() for entry in result.evidence]
    simulated = "It was simulated (grade stub)." if result.proof == "stub" else ""
    return "\n".join(part for part in (sentence(result), result.binding_limit, result.hint, result.remediation, simulated, *evidence) if part)


def _time(text: str) -> str:
    """Return the time in UTC without a zone, as the schemas want it."""
    try:
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return "1970-01-01T00:00:00"
    return (time.astimezone(timezone.utc) if time.tzinfo else time).strftime("%Y-%m-%dT%H:%M:%S")
