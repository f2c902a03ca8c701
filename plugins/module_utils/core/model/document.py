# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every parser returns: a frozen dataclass that begins with these fields, and how it becomes JSON.

A quantity has its unit in its name; ``None`` stands for what the source does not know (N/A), an empty tuple for a list that it has and
that is empty. PCI addresses are ``dddd:bb:dd.f`` in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """Something that is wrong with the machine or the run, as the parsed output itself tells it. Nothing is compared with a wish here."""

    id: str
    """Stable, in snake case: ``gpu_lost``, ``port_down``."""
    subject: str
    """What it is about: ``GPU 0000:3b:00.0``, ``mlx5_3 port 1``, ``node7``."""
    message: str
    """One sentence in plain words: what was seen and what it means."""
    hint: str = ""
    """What to do about it."""


@dataclass(frozen=True)
class Document:
    """The base of every parsed output. All fields of its subclasses have defaults."""

    complete: bool = True
    """Whether the output was read to the end that its form promises: false for one that was cut off."""
    warnings: tuple[str, ...] = ()
    """What could not be read, or only with a guess, and where: a sentence each."""
    faults: tuple[Fault, ...] = ()


BASE_FIELDS = tuple(field.name for field in fields(Document))


def as_fields(document: Document) -> dict[str, Any]:
    """Return the document as JSON values: its own fields first, then ``complete``, ``warnings`` and ``faults``."""
    own = [field.name for field in fields(document) if field.name not in BASE_FIELDS]
    return {name: as_json(getattr(document, name)) for name in (*own, *BASE_FIELDS)}


def as_json(value: Any) -> Any:
    """Return a value made of dataclasses, mappings and sequences as what ``json.dumps`` takes."""
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(entry) for entry in value]
    return value
