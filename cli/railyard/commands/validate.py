# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard validate``: measures what the nodes give, and names what is slow or broken.

Runs railyard.cluster.validate on the hosts of the group ``validate``: a few operations per node, whatever the number of rounds. Every result is
kept in the run's folder (findings.json). No node is taken out of service unless the inventory's validate_quarantine says so.
Exit status 1: something was found, or a node could not be judged.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from railyard import options, places
from railyard.request import RunRequest
from railyard.result import RunResult
from railyard.session import run_command

TASK = "Report what was found"
STAGES = ("node", "pair", "all")
_COLOURS = {"fail": "bold red", "inconclusive": "yellow", "warn": "yellow", "pass": "green"}
_LISTED = 3


def add_parser(subparsers: Any) -> None:
    parents = [options.common(), options.vault()]
    parser = options.add_command(subparsers, "validate", parents, help="measure the nodes and name what is slow or broken", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, default="all", help="node: each on its own; pair: with each other (default: %(default)s)")
    parser.add_argument("-e", "--extra-vars", action="append", default=[], metavar="VARS", help="name=value, JSON, or @file")
    parser.add_argument("-K", "--ask-become-pass", action="store_true", help="ask for the password of sudo on the hosts")
    parser.set_defaults(handler=main)


def build_request(args: argparse.Namespace) -> RunRequest:
    return RunRequest(
        playbook="railyard.cluster.validate",
        inventory=places.inventory_path(args.inventory),
        limit=args.limit,
        extra_vars={"validate_stage": args.stage},
        extra_vars_arguments=tuple(args.extra_vars),
        vault_password_files=tuple(args.vault_password_file),
        vault_ids=tuple(args.vault_id),
        ask_vault_password=args.ask_vault_password,
        ask_become_password=args.ask_become_pass,
        verbosity=options.ansible_verbosity(args),
        collect=(TASK,),
    )


def main(args: argparse.Namespace) -> int:
    return run_command(args, build_request(args), document=_summary, show=_show, judge=_judge)


def _summary(result: RunResult) -> dict[str, Any]:
    """What the playbook found; nothing where it did not come that far."""
    for task in result.results:
        if task.task == TASK:
            return {"schema": "railyard.validation", "schema_version": 1, **task.result.get("msg", {})}
    return {"schema": "railyard.validation", "schema_version": 1}


def _judge(result: RunResult) -> int:
    return int(_summary(result).get("verdict") != "pass")


def _show(console: Console, result: RunResult) -> None:
    found = _summary(result)
    for test in found.get("tests", []):
        reached = ", ".join(f"{tier.replace('_', ' ')} {rate:g}" for tier, rate in test["expected"].items())
        came = f"an unimpaired pair reaches {reached} {test['unit']}" if reached else "nothing came of any"
        console.print(
            f"{test['test']}: {_count(test['pairs'], 'measurement')} in {_count(test['rounds'], 'round')}, {came}",
            markup=False,
            soft_wrap=True,
        )
    for finding in found.get("findings", []):
        _show_finding(console, finding)
    for entry in found.get("not_tested", []):
        console.print(Text.assemble(("not tested: ", "yellow"), f"{entry['what']}: {entry['why']}"), soft_wrap=True)
    verdict = str(found.get("verdict", "inconclusive"))
    findings = found.get("findings", [])
    words = f"{found.get('nodes', 0)} nodes, {found.get('passed', 0)} results passed, {len(findings)} {'finding' if len(findings) == 1 else 'findings'}"
    console.print(Text.assemble((verdict, _COLOURS[verdict]), f": {words}"))
    if found.get("path"):
        console.print(Text(f"  every result: {found['path']}", style="dim"), soft_wrap=True)


def _show_finding(console: Console, finding: Mapping[str, Any]) -> None:
    measured = ""
    if finding["observed"] is not None and finding["expected"] is not None:
        measured = f" {_value(finding['observed'])} of {_value(finding['expected'])} {finding['unit']}".rstrip()
    head = (f"{finding['verdict']}: ", _COLOURS[finding["verdict"]])
    console.print(Text.assemble(head, (finding["subject"]["name"], "bold"), f" {finding['check']}:{measured or ' not measured'}"), soft_wrap=True)
    for evidence in finding["evidence"][:_LISTED]:
        seen = "nothing" if evidence["observed"] is None else f"{_value(evidence['observed'])} {evidence['unit']}".rstrip()
        console.print(Text(f"    {evidence['what']}: {seen}", style="dim"), soft_wrap=True)
    for sentence in (finding["hint"], finding["remediation"]):
        if sentence:
            console.print(Text(f"    {sentence}"), soft_wrap=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
