# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard parse KIND FILE``: explains a captured output, such as one from a support bundle. Needs no inventory.

FILE - is standard input. Exit status 1: the output is cut off, or tells of a fault.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from railyard import options
from railyard.core.errors import CoreError
from railyard.core.parse.registry import KINDS
from railyard.session import print_json


def add_parser(subparsers: Any) -> None:
    parents = [options.common(inventory=False, limit=False)]
    parser = options.add_command(subparsers, "parse", parents, help="explain a captured output", description=__doc__)
    parser.add_argument("kind", metavar="KIND", help=f"what the output is of: {', '.join(KINDS)}")
    parser.add_argument("file", metavar="FILE")
    parser.set_defaults(handler=main)


def parser_of(kind: str) -> Callable[[str], Mapping[str, Any]]:
    """Return the function that reads outputs of the kind."""
    if kind not in KINDS:
        raise CoreError(f"{kind!r} is no kind of output that can be explained.", hint=f"There are: {', '.join(KINDS)}.")
    parse: Callable[[str], Mapping[str, Any]] = import_module(f"railyard.core.parse.{KINDS[kind]}").parse
    return parse


def main(args: argparse.Namespace) -> int:
    parse = parser_of(args.kind)
    try:
        document = {"schema": f"railyard.parse.{args.kind}", "schema_version": 1, **parse(_read(args.file))}
    except CoreError as error:
        where = f"{args.file}: {error.where}" if error.where else args.file
        raise CoreError(error.message, where=where, hint=error.hint) from error
    if args.json:
        print_json(document)
    else:
        _show(Console(highlight=False), document)
    return int(bool(document["faults"]) or not document["complete"])


def _read(name: str) -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8", "replace") if name == "-" else Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CoreError(f"the file cannot be read: {error.strerror}.") from error


def _show(console: Console, document: Mapping[str, Any]) -> None:
    """Print any document: values a line each, lists of objects as tables."""
    for name, value in document.items():
        title = name.replace("_", " ")
        if name in ("schema", "schema_version"):
            continue
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            console.print(Text(f"{title}:", style="bold"))
            console.print(_table(value))
        elif isinstance(value, list):
            console.print(Text(f"{title}: {'none' if not value else ''}", style="bold"))
            for entry in value:
                console.print(Text(f"  {entry}"), soft_wrap=True)
        else:
            console.print(Text.assemble((f"{title}: ", "bold"), {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)))


def _table(rows: list[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2))
    columns = list(dict.fromkeys(name for row in rows for name in row))
    for name in columns:
        table.add_column(name.replace("_", " "), justify="right" if isinstance(rows[0].get(name), (int, float)) else "left")
    for row in rows:
        table.add_row(*(Text(str(row.get(name, ""))) for name in columns))
    return table
