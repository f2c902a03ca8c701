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
from collections.abc import Iterator, Mapping, Sequence
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

# How units at the end of a field's name are written for people; the longest first.
_UNITS = {
    "_gbytes_per_s": "GB/s",
    "_gbits_per_s": "Gb/s",
    "_bytes": "bytes",
    "_gib": "GiB",
    "_mib": "MiB",
    "_mhz": "MHz",
    "_percent": "%",
    "_us": "µs",
    "_c": "°C",
    "_w": "W",
    "_s": "s",
}
# Blanks on each side of a column.
_GAP = 1
_NO_TERMINAL_WIDTH = 10_000


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
        # What goes to a file or a pipe has lines as long as they are.
        width = None if sys.stdout.isatty() else _NO_TERMINAL_WIDTH
        _show(Console(highlight=False, width=width), document, reader.TABLES)
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
        if name in ("schema", "schema_version", "warnings", "faults"):
            continue
        if isinstance(value, list) and value and not isinstance(value[0], Mapping):
            console.print(Text(f"{_title(name)}:", style="bold"))
            for entry in value:
                console.print(Text(f"  {_cell(entry)}"), soft_wrap=True)
        elif isinstance(value, list):
            console.print(Text(f"{_title(name)}: {len(value) or 'none'}", style="bold"))
            for table in _tables(value, tables.get(name, ()), console):
                console.print(table)
        elif isinstance(value, Mapping):
            console.print(Text(f"{_title(name)}:", style="bold"))
            for key, entry in value.items():
                console.print(Text(f"  {_title(key)}: {_cell(entry)}"), soft_wrap=True)
        else:
            console.print(Text.assemble((f"{_title(name)}: ", "bold"), _cell(value)), soft_wrap=True)
    for warning in document["warnings"]:
        console.print(Text.assemble(("warning: ", "yellow"), warning), soft_wrap=True)
    for said, subjects in _by_sentence(document["faults"]).items():
        console.print(Text.assemble(("fault: ", "bold red"), f"{', '.join(subjects)}: {said}"), soft_wrap=True)
    if not document["faults"]:
        console.print("no faults")


def _by_sentence(faults: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return what is said about whom, so that what is wrong with eight GPUs is said once."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        found.setdefault(f"{fault['message']} {fault['hint']}".rstrip(), []).append(fault["subject"])
    return found


def _tables(rows: Sequence[Any], columns: Sequence[str], console: Console) -> Iterator[Table]:
    """Lay the rows out in one table or, on a terminal that is too narrow, in several that begin with the first column."""
    if not rows:
        return
    names = list(columns or dict.fromkeys(name for row in rows for name in row))
    cells = {name: [_cell(_at(row, name)) for row in rows] for name in names}
    widths = {name: max(len(text) for text in (_title(name), *cells[name])) + 2 * _GAP for name in names}
    parts = [names[:1]]
    for name in names[1:]:
        if len(parts[-1]) > 1 and sum(widths[other] for other in (*parts[-1], name)) > console.width:
            parts.append(names[:1])
        parts[-1].append(name)
    for part in parts:
        table = Table(box=None, padding=(0, _GAP))
        for name in part:
            numbers = all(isinstance(_at(row, name), (int, float)) or _at(row, name) is None for row in rows)
            table.add_column(_title(name), justify="right" if numbers else "left", overflow="fold")
        for line in zip(*(cells[name] for name in part), strict=True):
            table.add_row(*map(Text, line))
        yield table


def _title(name: str) -> str:
    """Return what a person calls a field: ``temperature_c`` is ``temperature °C``."""
    for suffix, unit in _UNITS.items():
        if name.endswith(suffix):
            name = name[: -len(suffix)] + f" {unit}"
            break
    return name.replace("_", " ").replace(".", " ")


def _at(row: Any, name: str) -> Any:
    """Return what a dotted name leads to in a row, or ``None``."""
    for part in name.split("."):
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
        return ("; " if any(isinstance(entry, Mapping) for entry in value) else ", ").join(map(_cell, value)) or "none"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={_cell(entry)}" for key, entry in value.items() if entry not in (None, [], ""))
    return str(value)
