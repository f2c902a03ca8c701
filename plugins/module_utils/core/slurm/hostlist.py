# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slurm's host lists: ``node[01-04,7]`` and back.

``expand`` reads every form, also brackets in the middle and text after them. ``fold`` writes the form that slurm.conf(5)
takes in ``NodeName=``: one bracket stands at the end of a name, another may stand before it; a name that ends otherwise is
written as it is. Both take time in proportion to the number of names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..errors import CoreError

LIMIT = 1_000_000

_TRAILING_NUMBER = re.compile(r"^(.*?)([0-9]+)$", re.DOTALL)
_INNER_NUMBER = re.compile(r"^(.*?)([0-9]+)([^0-9]+)$", re.DOTALL)
_RANGE = re.compile(r"^([0-9]+)(?:-([0-9]+))?$")
_PIECES = re.compile(r"([0-9]+)")
# A number longer than this is part of a name (a serial, a MAC address), not a counter.
_DIGITS = 18


def expand(text: str) -> list[str]:
    """Return the names that a host list stands for, in its order."""
    names: list[str] = []
    for item in _split(text):
        names.extend(_expand_item(item, text, LIMIT - len(names)))
    return names


def fold(names: Iterable[str]) -> str:
    """Return the shortest host list we know for a set of names: sorted, each name once."""
    numbered: dict[str, list[str]] = {}
    plain: list[str] = []
    for name in dict.fromkeys(names):
        match = _TRAILING_NUMBER.match(name)
        if match and len(match.group(2)) <= _DIGITS:
            numbered.setdefault(match.group(1), []).append(match.group(2))
        else:
            plain.append(name)
    tails = {prefix: _ranges(digits) for prefix, digits in numbered.items()}
    # Racks of equal content, rack1-node[01-18] rack2-node[01-18], share one entry: rack[1-2]-node[01-18].
    by_tail: dict[tuple[str, str, str], list[str]] = {}
    entries: list[tuple[list[int | str], str]] = [(natural(name), name) for name in plain]
    for prefix, tail in tails.items():
        match = _INNER_NUMBER.match(prefix)
        if match and tail.startswith("[") and len(match.group(2)) <= _DIGITS:
            by_tail.setdefault((match.group(1), match.group(3), tail), []).append(match.group(2))
        else:
            entries.append((natural(prefix), f"{prefix}{tail}"))
    for (head, middle, tail), digits in by_tail.items():
        entries.append((natural(f"{head}{digits[0]}{middle}"), f"{head}{_ranges(digits)}{middle}{tail}"))
    return ",".join(entry for _key, entry in sorted(entries))


def _ranges(digits: list[str]) -> str:
    """``["01", "02", "7"]`` → ``[7,01-02]``; a single number stays without brackets."""
    padded_widths = {len(text) for text in digits if text[0] == "0" and len(text) > 1}
    # A number without a leading zero belongs to the padded ones of its width: 09 and 10 are neighbours.
    pairs = sorted((len(text) if len(text) in padded_widths else 0, int(text), text) for text in digits)
    runs: list[list[str]] = []
    previous: tuple[int, int] | None = None
    for width, number, text in pairs:
        if previous == (width, number - 1):
            runs[-1][1:] = [text]
        else:
            runs.append([text])
        previous = (width, number)
    if len(pairs) == 1:
        return digits[0]
    return "[" + ",".join("-".join(run) for run in runs) + "]"


def natural(text: str) -> list[int | str]:
    """Sort key: node9 before node10. Text and numbers alternate, so that like compares with like."""
    return [int(piece) if place % 2 else piece for place, piece in enumerate(_PIECES.split(text))]


def _split(text: str) -> Iterator[str]:
    """Cut at the commas outside of brackets."""
    depth = start = 0
    for place, character in enumerate(text):
        if character == "[":
            depth += 1
        elif character == "]":
            depth -= 1
        elif character == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
        if depth not in (0, 1):
            raise CoreError(f"the brackets of the host list {text!r} don't match at character {place + 1}.")
    if depth:
        raise CoreError(f"the host list {text!r} has a bracket that isn't closed.")
    if text.strip():
        yield text[start:].strip()


def _expand_item(item: str, text: str, room: int) -> list[str]:
    if not item:
        raise CoreError(f"the host list {text!r} has an empty name.")
    names = [""]
    for piece in re.findall(r"\[[^]]*\]|[^[]+", item):
        endings = _numbers(piece[1:-1], text, room) if piece[0] == "[" else [piece]
        if len(names) * len(endings) > room:
            raise CoreError(f"the host list {text!r} stands for more than {LIMIT} names.")
        names = [name + ending for name in names for ending in endings]
    return names


def _numbers(inner: str, text: str, room: int) -> list[str]:
    numbers: list[str] = []
    for part in inner.split(","):
        match = _RANGE.match(part.strip())
        if not match:
            raise CoreError(f"{part.strip()!r} in the host list {text!r} is not a number or a range of numbers.")
        first, last = match.group(1), match.group(2) or match.group(1)
        low, high = int(first), int(last)
        if high < low:
            raise CoreError(f"the range {part.strip()!r} in the host list {text!r} runs backwards.")
        if high - low >= room - len(numbers):
            raise CoreError(f"the host list {text!r} stands for more than {LIMIT} names.")
        numbers.extend(str(number).zfill(len(first)) for number in range(low, high + 1))
    return numbers
