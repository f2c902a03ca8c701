# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""From a run's folder to the record of what was found: what the measurements said, what each node's checks said, and what was left out."""

from __future__ import annotations

import json
import os
import typing as t
import urllib.parse
from dataclasses import asdict

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.fleet import FleetNode, uniformity
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, Subject, findings
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import SCHEMA, SCHEMA_VERSION, RunRecord

STAGES = {"all": ("node", "pair"), "node": ("node",), "pair": ("pair",), "scale": ("scale",)}
# Where the measurement of pairs is kept.
PAIRS = "pairs"


def make_record(arguments: dict[str, t.Any], *, inventory: str, ended: str) -> RunRecord:
    """Return the record of a run from what it left in its folder. Raises ``CoreError`` for a file that is damaged."""
    folder = os.path.expanduser(arguments["folder"])
    results: list[dict[str, t.Any]] = []
    tests: list[dict[str, t.Any]] = []
    missing = [{"what": node, "why": " ".join(str(why).split())} for node, why in sorted(arguments["problems"].items()) if why]
    warnings: list[str] = []
    pairs = _read(f"{folder}/{PAIRS}/verdict.json", "verdicts", "not_tested") or {"verdicts": [], "not_tested": []}
    missing += pairs["not_tested"]
    for verdict in pairs["verdicts"]:
        results += verdict["results"]
        tests.append(verdict["test"])
        missing += [{"what": f"{node}: {verdict['test']['test']}", "why": "nothing came back from it"} for node in verdict["absent"]]
        warnings += verdict["problems"]
    facts = _documents(f"{folder}/facts") if "node" in STAGES[arguments["stage"]] else {}
    for kind in ("health", "gpu"):
        for name, kept in _documents(f"{folder}/{kind}", "results").items():
            if name in {node["name"] for node in arguments["nodes"]}:
                results += kept["results"]
    seen = {result["subject"]["node"] for result in results}
    results += [asdict(_unseen(entry, arguments)) for entry in missing if entry["what"] in arguments["problems"] and entry["what"] not in seen]
    serials = {name: _serial(document) for name, document in facts.items()}
    classes = [FleetNode(node["name"], node["hardware_class"], facts[node["name"]]) for node in arguments["nodes"] if node["name"] in facts]
    results += [asdict(result) for result in uniformity(classes, proof=arguments["hardware_proof"], run_id=arguments["run_id"])]
    nodes = [
        {"name": node["name"], "serial": serials.get(node["name"]), "hardware_class": node["hardware_class"], "leaf": node["leaf"], "unit": node["unit"]}
        for node in arguments["nodes"]
    ]
    return RunRecord.from_dict(
        {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "run_id": arguments["run_id"],
            "inventory": inventory,
            "started": arguments["started"],
            "ended": ended,
            "stages": list(STAGES[arguments["stage"]]),
            "nodes": nodes,
            "results": results,
            "tests": tests,
            "not_tested": missing,
            "warnings": warnings,
        }
    )


def _unseen(entry: dict[str, str], arguments: dict[str, t.Any]) -> CheckResult:
    """A node of which nothing is known is no node that passed."""
    return CheckResult(
        subject=Subject("node", entry["what"], entry["what"]),
        check="node_answers",
        verdict="inconclusive",
        severity="warning",
        proof=arguments["hardware_proof"],
        hint=entry["why"],
        remediation="Find out why it does not answer, and validate it again.",
        run_id=arguments["run_id"],
    )


def summary(record: RunRecord, path: str) -> dict[str, t.Any]:
    """What a person wants to know first, and what the command shows."""
    found = findings(record.results)
    return {
        "run_id": record.run_id,
        "path": path,
        "verdict": worst(record.results),
        "nodes": len(record.nodes),
        "passed": len(record.results) - len(found),
        "findings": [asdict(finding) for finding in found],
        "tests": [
            {
                "test": test.test,
                "tool": test.tool,
                "proof": test.proof,
                "unit": test.unit,
                "rounds": test.rounds,
                "pairs": len(test.pairs),
                "expected": test.expected,
            }
            for test in record.tests
        ],
        "not_tested": [asdict(entry) for entry in record.not_tested],
        "warnings": list(record.warnings),
    }


def to_drain(record: RunRecord) -> list[dict[str, str]]:
    """Nodes with a critical finding that is no doubt, the worst first, each with the reason that Slurm is given."""
    reasons: dict[str, list[str]] = {}
    for finding in findings(record.results):
        if finding.subject.node and finding.verdict == "fail" and finding.severity == "critical":
            measured = "" if finding.observed is None else f" {_value(finding.observed)} of {_value(finding.expected)} {finding.unit}".rstrip()
            reasons.setdefault(finding.subject.node, []).append(f"{finding.check}{measured}")
    return [{"name": node, "reason": f"validate {record.run_id}: {'; '.join(said)}"} for node, said in reasons.items()]


def passed_nodes(record: RunRecord) -> list[str]:
    """Nodes of which something was checked and nothing was found."""
    found = {finding.subject.node for finding in findings(record.results)}
    seen = {result.subject.node for result in record.results}
    return [node.name for node in record.nodes if node.name in seen - found]


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def worst(results: t.Iterable[CheckResult]) -> str:
    """The verdict over all: ``fail`` before ``inconclusive`` before ``warn`` before ``pass``; ``inconclusive`` where nothing was checked."""
    seen = {result.verdict for result in results}
    return next((verdict for verdict in ("fail", "inconclusive", "warn", "pass") if verdict in seen), "inconclusive")


def _documents(folder: str, *keys: str) -> dict[str, dict[str, t.Any]]:
    """What was kept of each node in a folder, by its name."""
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = {urllib.parse.unquote(name.removesuffix(".json")): _read(f"{folder}/{name}", *keys) for name in names if name.endswith(".json")}
    return {name: document for name, document in found.items() if document is not None}


def _serial(facts: dict[str, t.Any]) -> str | None:
    return (facts.get("system") or {}).get("serial") or None


def _read(path: str, *keys: str) -> dict[str, t.Any] | None:
    """A document, which has these keys; ``None`` where there is none."""
    if not os.path.exists(path):
        return None
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (OSError, ValueError) as error:
        raise CoreError(f"it cannot be read: {error}.", where=path) from None
    if not isinstance(document, dict) or not set(keys) <= document.keys():
        raise CoreError("it is not what a run of this Railyard leaves.", where=path, hint="Validate again.")
    return document
