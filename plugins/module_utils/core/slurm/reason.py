# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The reasons that Railyard gives Slurm for taking a node out of service: whoever reads one knows who did it."""

from __future__ import annotations

PREFIX = "railyard: "
LENGTH = 200


def one_line(text: str) -> str:
    """Return text that is safe in a reason: one line, printable, without runs of blanks."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def mark(text: str) -> str:
    """Return a reason as Railyard gives it: marked, on one line, not too long."""
    line = one_line(text)
    return (line if line.startswith(PREFIX) else PREFIX + line)[:LENGTH]


def is_ours(reason: str | None) -> bool:
    """Whether Railyard gave it."""
    return (reason or "").startswith(PREFIX)
