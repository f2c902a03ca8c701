# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard report``: renders what the last validation found, or another run, and compares it with the run before.

Runs railyard.cluster.report, which writes one file: report.html in the run's folder unless -o says another place. The HTML file needs no network.
Exit status 1: a check of the run failed; 2: there is no run with findings, or its record is damaged.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from railyard import options, places
from railyard.core.errors import CoreError
from railyard.core.model.run import RunRecord
from railyard.request import RunRequest
from railyard.result import RunResult
from railyard.session import run_command

MODULE = "railyard.cluster.report"
_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red", "inconclusive": "blue"}


def add_parser(subparsers: Any) -> None:
    parents = [options.common(limit=False), options.vault()]
    parser = options.add_command(subparsers, "report", parents, help="render what the last validation found", description=__doc__)
    parser.add_argument("--format", choices=("html", "json", "junit"), default="html", help="what to write (default: html)")
    parser.add_argument("--run", default="", metavar="ID", help="the run, by the name of its folder (default: the last one with findings)")
    parser.add_argument("-o", "--output", default="", metavar="FILE", help="where to write it (default: the run's folder)")
    parser.set_defaults(handler=main)


def build_request(args: argparse.Namespace) -> RunRequest:
    variables = {"report_format": args.format, "report_run": args.run}
    if args.output:
        # The playbook's own folder is another one than the caller's.
        variables["report_path"] = str(Path(args.output).absolute())
    return RunRequest(
        playbook="railyard.cluster.report",
        inventory=places.inventory_path(args.inventory),
        extra_vars=variables,
        vault_password_files=tuple(args.vault_password_file),
        vault_ids=tuple(args.vault_id),
        ask_vault_password=args.ask_vault_password,
        verbosity=options.ansible_verbosity(args),
        collect=(MODULE,),
    )


def main(args: argparse.Namespace) -> int:
    request = build_request(args)
    check_record(places.state_directory(request.inventory, os.environ) / "runs", args.run)
    return run_command(args, request, document=_document, show=_show, judge=_judge)


def check_record(runs: Path, run: str) -> None:
    """Raise ``CoreError`` where there is nothing to render, before anything is started."""
    names = sorted(path.parent.name for path in runs.glob("*/findings.json"))
    if not names:
        raise CoreError("no run has findings yet.", where=str(runs), hint="railyard validate makes one.")
    if run and run not in names:
        raise CoreError(f"there is no run {run} with findings.", where=str(runs), hint=f"The last is {names[-1]}.")
    path = runs / (run or names[-1]) / "findings.json"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CoreError(f"the record cannot be read: {error.strerror}.", where=str(path)) from None
    RunRecord.from_json(text, str(path))


def _judge(result: RunResult) -> int:
    return int(result.results[-1].result["counts"]["fail"] > 0)


def _document(result: RunResult) -> dict[str, Any]:
    answer = result.results[-1].result
    names = ("run", "previous", "format", "path", "verdict", "message", "counts", "simulated")
    return {"schema": "railyard.report", "schema_version": 1, **{name: answer[name] for name in names}}


def _show(console: Console, result: RunResult) -> None:
    answer = result.results[-1].result
    console.print(Text(answer["message"], style=_STYLES[answer["verdict"]]), soft_wrap=True)
    if answer["simulated"]:
        console.print(Text(f"  {answer['simulated']} of {sum(answer['counts'].values())} results were simulated (grade stub)", style="yellow"), soft_wrap=True)
    console.print(Text(places.shortest(Path(answer["path"]))), soft_wrap=True)
