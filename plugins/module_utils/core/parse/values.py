# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How single values are read, the same in every parser: numbers, units, PCI addresses, JSON, "not available"."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from ..errors import CoreError

# How tools write that they do not know.
_NOT_AVAILABLE = frozenset(
    ("", "n/a", "[n/a]", "na", "none", "null", "unknown", "[unknown]", "not available", "not specified", "not supported", "[not supported]")
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
# More digits than any quantity has; int() refuses very long ones anyway.
_LONGEST_NUMBER = 40
_PCI_ADDRESS = re.compile(r"^(?:(?P<domain>[0-9a-f]{4,8}):)?(?P<bus>[0-9a-f]{2}):(?P<device>[0-9a-f]{2})(?:\.(?P<function>[0-7]))?$")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
# "[root@head ~]# " is a prompt, and "[2026-03-01]" a time.
_JSON_BEGIN = re.compile(r"\s*(?:\{|\[\s*(?:[\[{\"\]]|$))")
_TIME_PREFIX = re.compile(
    r"(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.,]*(?:Z|[+-]\d\d:?\d\d)?\]?:?|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,64} [^\s:]{1,64}:)(?: |$)"
)
_LONGEST_SOURCE = 100
_SOURCE_PREFIX = re.compile(r"(?:\[[^\]\s]{1,200}\]|[\w.-]{1,100}:)(?= |$)")


def text_or_none(value: object) -> str | None:
    """Return the text without blanks around it, or ``None`` where it says that it is not available."""
    text = str(value if value is not None else "").strip()
    return None if text.lower() in _NOT_AVAILABLE else text


def decimal(value: object, unit: str = "") -> float | None:
    """Return the finite number that the text is (``"23.96 W"`` with unit ``W``), or ``None`` for anything else."""
    text = str(value if value is not None else "").strip()
    if unit and text.endswith(unit):
        text = text[: -len(unit)].rstrip()
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text) or not text.isascii():
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def whole(value: object, unit: str = "") -> int | None:
    """Return the whole number that the text is, or ``None`` for anything else."""
    text = str(value if value is not None else "").strip()
    if unit and text.endswith(unit):
        text = text[: -len(unit)].rstrip()
    if len(text) > _LONGEST_NUMBER or not text.isascii() or not re.fullmatch(r"[+-]?\d+", text):
        return None
    return int(text)


def hexadecimal(value: object) -> int | None:
    """Return the number that ``0x1f`` or ``1f`` stands for, or ``None`` for anything else."""
    text = str(value if value is not None else "").strip().lower()
    return int(text, 16) if re.fullmatch(r"(0x)?[0-9a-f]{1,32}", text) else None


def pci_address(value: object) -> str | None:
    """Return ``0000:3b:00.0`` for ``00000000:3B:00.0``, ``3b:00.0`` or ``0000:3B:00``, or ``None`` for what is no address.

    The domain keeps more than four digits only where it needs them; a function is there only where the source has one.
    """
    match = _PCI_ADDRESS.match(str(value if value is not None else "").strip().lower())
    if not match:
        return None
    domain = f"{int(match['domain'] or '0', 16):04x}"
    function = f".{match['function']}" if match["function"] else ""
    return f"{domain}:{match['bus']}:{match['device']}{function}"


def guid(value: object) -> str | None:
    """Return an InfiniBand GUID as ``0x`` and sixteen lower-case digits, or ``None`` for what is none."""
    number = hexadecimal(str(value if value is not None else "").replace(":", ""))
    return f"0x{number:016x}" if number is not None and number < 1 << 64 else None


def plain(text: str) -> str:
    """Return a terminal's output without its colours, with newlines as the only line ends.

    What PowerShell wrote with ``>`` (UTF-16, read as if it were UTF-8) loses the zeros and the mark that it then has.
    """
    return _ANSI.sub("", text.replace("\x00", "").lstrip("\ufeff\ufffd")).replace("\r\n", "\n")


def without_prefixes(text: str) -> str:
    """Return the lines without what a collector put before each: a time (``kubectl logs --timestamps``, ``journalctl``), a node's name (``pdsh``: ``node1: ``)
    or ``[pod/container]``. Only what stands before every line that is not empty is taken away.
    """
    lines = text.split("\n")
    filled = [line for line in lines if line.strip()]
    # One line alone does not tell a name from a label, but before a JSON object there are no labels.
    if len(filled) < 2 and (not filled or ": {" not in filled[0][:_LONGEST_SOURCE]):
        return text
    if all(_TIME_PREFIX.match(line) for line in filled):
        return "\n".join(_TIME_PREFIX.sub("", line, count=1) for line in lines)
    source = _SOURCE_PREFIX.match(filled[0])
    # ERROR: and WARNING: are not the names of nodes.
    if not source or source.group().isupper() or not all(line.startswith(source.group()) for line in filled):
        return text
    return "\n".join(line[source.end() :].removeprefix(" ") for line in lines)


def indented(text: str, floor: int) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Read lines whose indentation says what belongs to what: yield the labels that lead to each, and what stands behind its colon (``None`` without).

    Ends at a line that is indented no deeper than ``floor`` (-1: never).
    """
    stack: list[tuple[int, str]] = []
    for line in text.split("\n"):
        content = line.strip()
        if not content:
            continue
        expanded = line.expandtabs()
        indent = len(expanded) - len(expanded.lstrip())
        if indent <= floor:
            return
        while stack and stack[-1][0] >= indent:
            stack.pop()
        label, colon, value = content.partition(":")
        stack.append((indent, label.strip()))
        yield tuple(name for _indent, name in stack), value.strip() if colon else None


def load_json(text: str) -> Any:
    """Return a JSON document's value. Raises ``CoreError`` with the place where it stops being one."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise CoreError(f"this is not JSON: {error.msg}.", where=f"line {error.lineno}, column {error.colno}", hint="Was the file cut off?") from None
    except (RecursionError, ValueError) as error:
        raise CoreError(f"this is not JSON that can be read: {error}.") from None


def json_part(text: str) -> str | None:
    """Return the JSON document in a text, or ``None`` where no line begins one. The lines above it (a prompt, a warning) become empty, so that
    line numbers stay right; those behind it are left out.
    """
    lines = text.split("\n")
    first = next((place for place, line in enumerate(lines) if _JSON_BEGIN.match(line)), None)
    if first is None:
        return None
    last = next((place for place in range(len(lines) - 1, first, -1) if lines[place].rstrip().endswith(("}", "]"))), first)
    return "\n" * first + "\n".join(lines[first : last + 1])
