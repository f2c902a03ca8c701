# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run as a command shows it: the line with ``-v``, progress on stderr, the result on stdout."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console

from railyard import options, places
from railyard.request import RunRequest, command_line
from railyard.result import RunResult
from railyard.terminal.progress import progress
from railyard.terminal.summary import print_summary


def run_command(
    args: argparse.Namespace,
    request: RunRequest,
    *,
    document: Callable[[RunResult], dict[str, Any]] | None = None,
    show: Callable[[Console, RunResult], None] | None = None,
    judge: Callable[[RunResult], int] | None = None,
    next_steps: Sequence[str] = (),
    confirm_vault: bool = False,
) -> int:
    """Run the request and print what came of it.

    ``document``, ``show`` and ``judge`` (which gives the exit status) are for commands that have an answer of their own; a run that
    did not end well is shown and judged as a run.
    """
    from railyard.execute import run  # ansible-runner takes a while to load, and --help has no need of it

    options.check_files(request)
    passwords: Mapping[str, str] = options.ask_passwords(request, confirm_vault=confirm_vault)
    errors = Console(stderr=True, highlight=False)
    if args.verbose:
        by_hand = replace(request, environment={**places.ansible_config(os.environ), **request.environment})
        errors.print(command_line(by_hand), markup=False, soft_wrap=True)
    with progress(errors, verbosity=request.verbosity, quiet=args.json) as watch:
        result = run(request, on_event=watch, passwords=passwords)
    answered = result.status == "done"
    exit_code = judge(result) if judge and answered else result.exit_code
    if args.json:
        print_json(document(result) if document and answered else result.to_document())
        return exit_code
    output = Console(highlight=False)
    if show and answered:
        show(output, result)
    elif result.status in ("could_not_run", "cancelled") and not result.hosts:
        print_error(f"{result.message} {result.hint}".strip())
    else:
        print_summary(output, result, next_steps=next_steps)
    return exit_code


def print_json(document: Mapping[str, Any]) -> None:
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def print_error(sentence: str) -> None:
    """Print why a command could not do its work, in one line."""
    sys.stderr.write(f"railyard: {sentence}\n")
