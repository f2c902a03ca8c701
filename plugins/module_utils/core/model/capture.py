# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a capture holds."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class CapturedCommand:
    """A command and how much it answered. ``rc`` 127: not installed; 124: did not end in time."""

    command: str
    rc: int
    stdout_bytes: int
    stderr_bytes: int


@dataclass(frozen=True)
class CapturedFile:
    """A file that was read; ``path`` is without the hardware root."""

    path: str
    bytes: int


@dataclass(frozen=True)
class Capture(Document):
    """A capture explained."""

    node: str = ""
    recorded: str = ""
    """When, in UTC: ``2026-03-01T14:25:01Z``."""
    commands: tuple[CapturedCommand, ...] = ()
    files: tuple[CapturedFile, ...] = ()
