# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The record of a run as a report: one HTML file that needs no network, the JSON document itself, or JUnit."""

from __future__ import annotations

import base64
import collections
import datetime
import hashlib
import json
import pathlib
import re
import typing as t

import jinja2

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.history import Key, PastResult, repeat_offenders
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import VERDICTS, CheckResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import SCHEMA, SCHEMA_VERSION, PairTest, RunRecord
from ansible_collections.railyard.cluster.plugins.module_utils.core.report import comparison, distribution, junit, overview, pairs
from ansible_collections.railyard.cluster.plugins.module_utils.core.xml_text import clean

FORMATS = {"html": "report.html", "json": "report.json", "junit": "report.xml"}
RECORD, FABRIC = "findings.json", "fabric.svg"
# A longer list is cut, and says so: what is alike in hundreds needs no line each.
_SHOWN, _LISTED, _LONGEST, _OFFENDERS = 300, 40, 400, 20
# Nodes are named in the picture of where they hang up to so many.
_NAMED = 64
_WORDS = {"pass": "passed", "warn": "look at it", "fail": "failed", "inconclusive": "inconclusive", "untested": "not tested"}
_FILES = pathlib.Path(__file__).parent / "_report_files"


def read_record(folder: str | pathlib.Path) -> RunRecord:
    """Return the record in a run's folder."""
    path = pathlib.Path(folder) / RECORD
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CoreError(f"the record cannot be read: {error.strerror}.", where=str(path)) from None
    return RunRecord.from_json(text, str(path))


def runs_with_findings(runs: str | pathlib.Path) -> list[pathlib.Path]:
    """Return the folders of a site's runs that have a record, the oldest first. Runs are named by their time."""
    return sorted(path.parent for path in pathlib.Path(runs).glob(f"*/{RECORD}"))


def render(
    form: str, record: RunRecord, *, previous: RunRecord | None = None, fabric: str = "", past: t.Mapping[Key, t.Sequence[PastResult]] | None = None
) -> str:
    """Return the text of the report. ``fabric``: an SVG of the fabric; ``past``: what the site's history holds."""
    if form == "json":
        return json.dumps(record.to_dict(), indent=1, ensure_ascii=False) + "\n"
    if form == "junit":
        return junit.junit(record)
    return _html(record, previous, fabric, past or {})


def _html(record: RunRecord, previous: RunRecord | None, fabric: str, past: t.Mapping[Key, t.Sequence[PastResult]]) -> str:
    script = (_FILES / "report.js").read_text(encoding="utf-8")
    placed = [pairs.place(record, test) for test in record.tests]
    units = overview.leaves(record)
    states = {name: word for _unit, leaves in units for leaf in leaves for name, word, _told in leaf.nodes}
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            record=record,
            headline=overview.headline(record),
            nodes={node.name: node for node in record.nodes},
            node_counts=collections.Counter(states.values()),
            untested_nodes=[name for name, word in states.items() if word == "untested"],
            few_nodes=len(record.nodes) <= _NAMED,
            groups=overview.finding_groups(record),
            offenders=repeat_offenders(past)[:_OFFENDERS],
            units=units,
            fabric=_framed(fabric),
            tests=[_test(record, test, measured) for test, measured in zip(record.tests, placed, strict=True)],
            distributions=[(one, distribution.picture(one)) for one in (*distribution.of_pairs(record, placed), *distribution.of_checks(record))],
            uniformity=overview.uniformity(record),
            previous=previous,
            comparison=comparison.compare(record, previous) if previous else None,
            checks=overview.checks(record),
            verdicts=VERDICTS,
            words=_WORDS,
            shown=_SHOWN,
            listed=_LISTED,
            longest=_LONGEST,
            schema=SCHEMA,
            schema_version=SCHEMA_VERSION,
            style=(_FILES / "report.css").read_text(encoding="utf-8"),
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )
    return clean(page)


def _test(record: RunRecord, test: PairTest, measured: list[pairs.Measured]) -> dict[str, t.Any]:
    """Return what the page shows of a test of pairs."""
    nodes = {name for pair in test.pairs for name in (pair.a, pair.b)} | {node.name for node in record.nodes}
    few = len(nodes) <= pairs.FEW_NODES
    tiers = {one.tier: one.expected for one in measured if one.expected is not None}
    return {
        "test": test,
        "rails": sorted({pair.rail for pair in test.pairs} | set(range(test.rails))),
        "confirming": sum(pair.confirm for pair in test.pairs),
        "silent": sum(pair.rate is None for pair in test.pairs),
        "expected": {tier: tiers[tier] for tier in pairs.TIERS if tier in tiers},
        "by_median": any(tier not in test.expected for tier in tiers),
        "matrices": pairs.matrices(record, test, measured) if few and test.pairs else [],
        "drawing": pairs.drawing(record, test, measured) if not few and test.pairs else None,
    }


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FILES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        number=overview.number,
        sentence=overview.sentence,
        subject=overview.subject_name,
        alike=overview.alike,
        anchor=_anchor,
        time=_time,
    )
    # As it stands in a script element: what HTML could take for its own is escaped by Jinja2.
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "sort_keys": False}
    return environment


def _anchor(result: CheckResult) -> str:
    return re.sub(r"[^\w.:-]", "-", result.id)


def _time(text: str) -> str:
    """Return ``2026-03-02 09:00 UTC``, or what was given where it is no time."""
    try:
        time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return f"{time.astimezone(datetime.timezone.utc) if time.tzinfo else time:%Y-%m-%d %H:%M} UTC"


def _framed(svg: str) -> dict[str, t.Any] | None:
    """Return a document for a frame of its own, so that the picture's styles stay in it and nothing in it can run."""
    found = re.search(r'<svg\b[^>]*\bheight="([0-9.]+)"', svg)
    if not found:
        return None
    return {"height": min(1600, int(float(found[1])) + 20), "document": f"<!DOCTYPE html><style>body{{margin:8px}}</style>{svg}"}
