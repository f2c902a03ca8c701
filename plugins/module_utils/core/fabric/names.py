# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names in a fabric: how devices and hosts are ordered, which are of a kind, what a group of switches is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..slurm.hostlist import natural

_DIGITS = re.compile(r"[0-9]+")
_WORDS = re.compile(r"[0-9A-Za-z]+|[^0-9A-Za-z]+")
_PIECES = re.compile(r"[0-9]+|[A-Za-z]+|[^0-9A-Za-z]+")
_SEPARATORS = "-_. /:;"
_COUNTED = re.compile(r"^(?:mlx\d+_|HCA-?)([0-9]{1,6})$")
_NOT_SLURM = re.compile(r"[^A-Za-z0-9_.-]+")

# Sorts the devices of a host: the counted ones by number, the others by name, at last what has none.
DeviceKey = tuple[int, int, str, str]


def device_key(device: str | None, port: int | str) -> DeviceKey:
    """Return what a device is sorted by and recognised by on other hosts.

    ``mlx5_5`` and ``HCA-6`` are the same: the scripts that write the second count from one.
    """
    match = _COUNTED.match(device or "")
    if match:
        return (0, int(match[1]) - (device or "").startswith("HCA"), "", str(port))
    # Padded, so that texts compare as numbers do.
    return (1, 0, _DIGITS.sub(lambda digits: digits[0].zfill(8), device), str(port)) if device else (2, 0, "", str(port))


def family(host: str) -> str:
    """Return a host's name without its domain and with ``#`` for each number: ``gpu#`` for ``gpu0012.example.org``."""
    return _DIGITS.sub("#", host.split(".", 1)[0].lower())


def short(host: str) -> str:
    """Return a host's name without its domain, for comparisons."""
    return host.split(".", 1)[0].lower()


def naturally(names: Iterable[str]) -> list[str]:
    """Return names sorted as people count: node9 before node10."""
    return sorted(names, key=natural)


def slurm_name(text: str) -> str:
    """Return a name that Slurm takes for a switch."""
    name = _NOT_SLURM.sub("-", text).strip("-._")
    return name if name and name.lower() not in ("all", "default") else f"switch-{name}".rstrip("-")


def words(label: str) -> list[str]:
    """Return the words of a label and, between them, its separators: ``["su1", "-", "leaf2"]``."""
    return _WORDS.findall(label)


def common_name(labels: Sequence[str]) -> str:
    """Return what the labels of a group have in common: ``su1`` for su1-leaf1 and su1-leaf2, ``spine`` for spine1 and spine2.

    The words that are the same in all; where there is none, how they begin. Empty where that is nothing either.
    """
    if len(labels) == 1:
        return labels[0]
    split = [words(label) for label in labels]
    if len({len(parts) for parts in split}) == 1:
        name = keep(split[0], same(split))
        if any(part.isalnum() for part in words(name)):
            return name
    start = []
    for parts in zip(*(_PIECES.findall(label) for label in labels)):
        if len(set(parts)) > 1:
            break
        start.append(parts[0])
    return "".join(start).strip(_SEPARATORS)


def same(split: Sequence[Sequence[str]]) -> list[bool]:
    """Return which words are the same in all labels, all of which have as many."""
    return [len(set(column)) == 1 for column in zip(*split)]


def keep(parts: Sequence[str], kept: Sequence[bool]) -> str:
    """Return the kept words of a label, with one separator between two."""
    name = "".join(part for part, wanted in zip(parts, kept) if wanted)
    return re.sub(r"[^0-9A-Za-z]{2,}", lambda run: run[0][0], name).strip(_SEPARATORS)
