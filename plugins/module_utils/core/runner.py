# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only way the library touches the world: a Runner, handed in by whoever calls.

Modules implement it over AnsibleModule (``_module.ModuleRunner``), the command over subprocess, a capture over
recorded answers. Nothing in ``core`` opens a file or starts a process by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class CommandResult:
    """What a command answered. ``rc`` 127 stands for "not installed", 124 for "timed out"."""

    rc: int
    stdout: str
    stderr: str


class Runner(Protocol):
    """Run commands and read files on one machine."""

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        """Run a command in the C locale. Never raises for a command that is missing or fails: see ``rc``."""

    def read(self, path: str) -> str:
        """Return a text file's content. Raises ``OSError``."""

    def listdir(self, path: str) -> list[str]:
        """Return the sorted names in a folder. Raises ``OSError``."""

    def readlink(self, path: str) -> str:
        """Return what a link points at. Raises ``OSError``."""
