# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard parse KIND FILE``: explains a captured output, such as one from a support bundle. Needs no inventory.

FILE - is standard input; of kind redfish, FILE is the folder that a crawl of the service was saved in.
Exit status 1: the output is cut off, or tells of a fault.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from railyard import options
from railyard.core.errors import CoreError
from railyard.core.model.document import as_fields
from railyard.core.parse.registry import FOLDERS, KINDS
from railyard.session import print_json


def add_parser(subparsers: Any) -> None:
    parents = [options.common(inventory=False, limit=False)]
    parser = options.add_command(subparsers, "parse", parents, help="explain a captured output", description=__doc__)
    parser.add_argument("kind", metavar="KIND", help=f"what the output is of: {', '.join(KINDS)}")
    parser.add_argument("file", metavar="FILE")
    parser.set_defaults(handler=main)


def reader_of(kind: str) -> ModuleType:
    """Return the module that reads outputs of the kind."""
    if kind not in KINDS:
        raise CoreError(f"{kind!r} is no kind of output that can be explained.", hint=f"There are: {', '.join(KINDS)}.")
    return import_module(f"railyard.core.parse.{KINDS[kind]}")


def main(args: argparse.Namespace) -> int:
    reader = reader_of(args.kind)
    try:
        source = _read_folder(args.file) if args.kind in FOLDERS else _read(args.file)
        document = {"schema": f"railyard.parse.{args.kind}", "schema_version": 1, **as_fields(reader.parse(source))}
    except CoreError as error:
        where = f"{args.file}: {error.where}" if error.where else args.file
        raise CoreError(error.message, where=where, hint=error.hint) from error
    if args.json:
        print_json(document)
    else:
        _show(Console(highlight=False), document, reader.TABLES)
    return int(bool(document["faults"]) or not document["complete"])


def _read(name: str) -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8", "replace") if name == "-" else Path(name).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CoreError(f"the file cannot be read: {error.strerror}.") from error


def _read_folder(name: str) -> dict[str, str]:
    """Return the files of a saved service by relative path; a file stands for the folder of it alone."""
    folder = Path(name)
    if not folder.is_dir():
        return {folder.name: _read(name)}
    return {path.relative_to(folder).as_posix(): _read(str(path)) for path in sorted(folder.rglob("*")) if path.is_file()}


def _show(console: Console, document: Mapping[str, Any], tables: Mapping[str, Sequence[str]]) -> None:
    """Print a document: single values a line each, lists as tables of the columns that matter, then what is to be said about it."""
    for name, value in document.items():
        title = name.replace("_", " ")
        if name in ("schema", "schema_version", "warnings", "faults"):
            continue
        if isinstance(value, list):
            console.print(Text(f"{title}: {len(value) or 'none'}", style="bold"))
            if value:
                console.print(_table(value, tables.get(name, ())))
        elif isinstance(value, Mapping):
            console.print(Text(f"{title}:", style="bold"))
            for key, entry in value.items():
                console.print(Text(f"  {key.replace('_', ' ')}: {_cell(entry)}"), soft_wrap=True)
        else:
            console.print(Text.assemble((f"{title}: ", "bold"), _cell(value)), soft_wrap=True)
    for warning in document["warnings"]:
        console.print(Text.assemble(("warning: ", "yellow"), warning), soft_wrap=True)
    for fault in document["faults"]:
        console.print(Text.assemble(("fault: ", "bold red"), f"{fault['subject']}: {fault['message']} {fault['hint']}".rstrip()), soft_wrap=True)
    if not document["faults"]:
        console.print("no faults")


def _table(rows: Sequence[Any], columns: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2))
    names = columns or (tuple(dict.fromkeys(name for row in rows for name in row)) if isinstance(rows[0], Mapping) else ("",))
    for name in names:
        numbers = all(isinstance(_at(row, name), (int, float)) or _at(row, name) is None for row in rows)
        table.add_column(name.replace("_", " ").replace(".", " "), justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(_at(row, name))) for name in names))
    return table


def _at(row: Any, name: str) -> Any:
    """Return what a dotted name leads to in a row, or ``None``."""
    for part in name.split(".") if name else ():
        row = row.get(part) if isinstance(row, Mapping) else None
    return row


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        if value and all(isinstance(entry, Mapping) and "model" in entry for entry in value):
            return ", ".join(f"{count}x {model or '?'}" for model, count in Counter(entry["model"] for entry in value).items())
        return ", ".join(_cell(entry) for entry in value) or "none"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_cell(entry)}" for key, entry in value.items())
    return str(value)
