# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The small languages inside Slurm's records: states, generic resources, trackable resources, times. The same in text and in JSON.

Sources: scontrol(1), sinfo(1), slurm.conf(5), gres.conf(5), and what Slurm 20.11 to 26.05 print.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import NamedTuple

from ..model.slurm_node import SlurmGres

# More than Slurm manages (65,536): a list of hosts that stands for more is none.
MOST_NODES = 100_000

# What a mark behind a state means: sinfo(1), NODE STATE CODES. The words are those that newer versions print as flags.
_MARKS = {
    "*": "not_responding",
    "~": "powered_down",
    "#": "powering_up",
    "!": "power_down",
    "%": "powering_down",
    "$": "maintenance",
    "@": "reboot_requested",
    "^": "reboot_issued",
    "-": "planned",
}
_COUNT = re.compile(r"(\d{1,18})([KMGTP]?)", re.IGNORECASE)
_MULTIPLES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}
_INDEXES = re.compile(r"\(IDX:([0-9,-]+)\)")
# No node has more of anything that is indexed.
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")
# The parts between commas; a comma inside of parentheses or brackets separates nothing.
_PARTS = re.compile(r"(?:[^,(\[]|[(\[][^)\]]*[)\]]?)+")
_IN_PARENTHESES = re.compile(r"\([^)]*\)?")
_UPTIME = re.compile(r"(?:(\d{1,6})-)?(\d{1,3}):(\d{2}):(\d{2})")
_NONE = frozenset(("", "(null)", "n/a", "none"))


def states(values: Iterable[str]) -> tuple[str, ...]:
    """Return a state and its flags, one word each: ``["IDLE*+DRAIN"]`` → ``("idle", "not_responding", "drain")``."""
    found: dict[str, None] = {}
    for value in values:
        text = value.strip().lower()
        for word in text.split("+"):
            base = word.strip().rstrip("".join(_MARKS))
            marks = word.strip()[len(base) :]
            found.update(dict.fromkeys((base, *(_MARKS[mark] for mark in marks))))
        if text.endswith("+"):
            # sinfo's mark for jobs that are about to end, and no separator.
            found["completing"] = None
    return tuple(word for word in found if word)


def words(text: str | None) -> tuple[str, ...]:
    """Return the parts of a list with commas, outside of parentheses and brackets."""
    if text is None or text.strip().lower() in _NONE:
        return ()
    return tuple(part.strip() for part in _PARTS.findall(text) if part.strip())


def quantity(text: str) -> int | None:
    """Return ``4K`` as 4096, or ``None`` for what is no count. Slurm's suffixes are powers of 1024."""
    match = _COUNT.fullmatch(text.strip())
    return int(match[1]) * _MULTIPLES[match[2].upper()] if match and match[0].isascii() else None


class GresEntry(NamedTuple):
    """One entry of Gres= or GresUsed=."""

    name: str
    type: str | None
    amount: int
    indexes: tuple[int, ...]


def gres_entries(text: str | None) -> list[GresEntry]:
    """Return the entries of ``gpu:h100:8(S:0-1),shard:32``. Sockets and cores are dropped; no count is one, as in slurm.conf(5)."""
    found = []
    for item in words(text):
        indexes = _INDEXES.search(item)
        name, *rest = [part for part in _IN_PARENTHESES.sub("", item).strip().split(":") if part != "no_consume"]
        count = quantity(rest[-1]) if rest else None
        kind = ":".join(rest if count is None else rest[:-1])
        if name:
            found.append(GresEntry(name, None if kind.lower() in _NONE else kind, 1 if count is None else count, _expand(indexes[1]) if indexes else ()))
    return found


def _expand(text: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if match and len(numbers) < 10_000:
            numbers.extend(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(numbers)


def gres(configured: str | None, used: str | None, tres: str | None = None, tres_used: str | None = None) -> tuple[SlurmGres, ...]:
    """Return a node's resources from Gres=, GresUsed= (``None`` where it is not told), CfgTRES= and AllocTRES=.

    Without GresUsed the use is in the trackable resources, where the site tracks them: ``gres/gpu=8`` of all and ``gres/gpu=2`` allocated.
    """
    entries = gres_entries(configured)
    taken = gres_entries(used)
    all_tres, held_tres = trackable(tres), trackable(tres_used)
    found = []
    for entry in entries:
        alone = sum(other.name == entry.name for other in entries) == 1
        exact = [other for other in taken if (other.name, other.type) == (entry.name, entry.type)]
        same = exact or [other for other in taken if alone and other.name == entry.name]
        count: int | None = sum(other.amount for other in same) if same else None
        if not taken:
            keys = (f"gres/{entry.name}:{entry.type}".lower(), f"gres/{entry.name}".lower() if alone else "")
            count = next((held_tres.get(key, 0) for key in keys if key in all_tres), None)
        found.append(SlurmGres(entry.name, entry.type, entry.amount, count, tuple(index for other in same for index in other.indexes)))
    return tuple(found)


def trackable(text: str | None) -> Mapping[str, int]:
    """Return ``cpu=9,mem=320G,gres/gpu=2`` as a mapping, keys in lower case; what is no whole number is left out."""
    found = {}
    for part in (text or "").split(","):
        key, _equals, value = part.partition("=")
        number = quantity(value)
        if number is not None:
            found[key.strip().lower()] = number
    return found


def time_of(seconds: int | None) -> str | None:
    """Return seconds since 1970 as ``2026-03-01T14:25:01Z``; 0 is Slurm's "never"."""
    if not seconds or not 0 < seconds < 1 << 33:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def uptime_s(text: str | None) -> int | None:
    """Return the seconds of ``2-00:08:02``."""
    match = _UPTIME.fullmatch((text or "").strip())
    if not match:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
