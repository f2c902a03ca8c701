# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JSON as it is found in logs: several documents in one text, cut off in the middle, or with numbers that are none."""

from __future__ import annotations

import json
import re
from typing import Any

from ..errors import CoreError
from .values import load_json

_BLANK = re.compile(r"\s*")
# A string, also one that the end of the text cuts, or a bracket outside of strings.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|\Z)|[\[\]{}]', re.DOTALL)
# What C's printf makes of numbers that are none, as a value of its own.
_NO_NUMBER = re.compile(r"(?<=[:,\[])(\s*)-?(?:inf|nan)(?=\s*[,\]}])")


def json_values(text: str) -> tuple[list[Any], int]:
    """Return the JSON values that follow one another in a text, and the position where it stops being JSON (its length: nowhere)."""
    decoder = json.JSONDecoder()
    values: list[Any] = []
    at = _BLANK.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        values.append(value)
        at = _BLANK.match(text, end).end()  # type: ignore[union-attr]
    return values, at


def load_cut_json(text: str) -> tuple[Any, bool]:
    """Return a JSON document's value, and whether it is whole. One that was cut off is closed after its last whole list or object.

    Raises ``CoreError`` where that leaves nothing to be read.
    """
    text = _NO_NUMBER.sub(r"\1null", text)
    try:
        return load_json(text), True
    except CoreError:
        closed = _closed(text)
        if closed is None:
            raise
    return load_json(closed), False


def _closed(text: str) -> str | None:
    opened: list[str] = []
    whole_until = 0
    still_open = ""
    for match in _STRING_OR_BRACKET.finditer(text):
        bracket = match.group()
        if bracket in ("[", "{"):
            opened.append(bracket)
        elif bracket in ("]", "}"):
            if not opened or opened.pop() + bracket not in ("[]", "{}"):
                return None
            whole_until, still_open = match.end(), "".join(opened)
    if not still_open:
        return None
    return text[:whole_until] + "".join({"[": "]", "{": "}"}[bracket] for bracket in reversed(still_open))
