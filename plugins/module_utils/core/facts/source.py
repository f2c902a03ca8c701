# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the collectors read a node: what is missing is ``None``, and each thing that could not be seen is noted once, with the reason."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from functools import cached_property

from ..model.node import Unseen
from ..parse.values import whole
from ..runner import CommandResult, Runner
from .bus import Bus

TIMEOUT_S = 60.0
MISSING_RC = 127
TIMEOUT_RC = 124


class Source:
    """A node behind a Runner. Paths of ``/sys`` and ``/proc`` are below ``root``; what is not hardware is the node's own."""

    def __init__(self, runner: Runner, root: str = "/") -> None:
        self._runner = runner
        self._root = root.rstrip("/")
        self._unseen: dict[str, str] = {}

    @property
    def unseen(self) -> tuple[Unseen, ...]:
        return tuple(Unseen(part, reason) for part, reason in sorted(self._unseen.items()))

    def miss(self, part: str, reason: str) -> None:
        """Note why something could not be seen."""
        self._unseen.setdefault(part, reason)

    def text(self, path: str) -> str | None:
        """Return a file's text without the blanks around it; ``None`` where it cannot be read or is empty."""
        try:
            return self._runner.read(self._root + path).strip() or None
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        return whole(self.text(path))

    def names(self, path: str) -> list[str] | None:
        """Return what is in a folder, or ``None`` where there is none."""
        try:
            return self._runner.listdir(self._root + path)
        except OSError:
            return None

    def link(self, path: str) -> str | None:
        """Return what a link points at."""
        try:
            return self._runner.readlink(self._root + path)
        except OSError:
            return None

    def link_name(self, path: str) -> str | None:
        """Return the last part of what a link points at: a driver's name, an IOMMU group's number."""
        target = self.link(path)
        return posixpath.basename(target) if target else None

    def own_text(self, path: str) -> str | None:
        """Return the text of a file that is not hardware: not below the hardware root."""
        try:
            return self._runner.read(path).strip() or None
        except OSError:
            return None

    def why_unreadable(self, path: str) -> str:
        """Say why a file has no text: it is not there, or only root may read it."""
        try:
            return "is empty" if not self._runner.read(self._root + path).strip() else "cannot be understood"
        except PermissionError:
            return "can be read by root alone"
        except OSError:
            return "is not there"

    def run(self, argv: Sequence[str]) -> CommandResult:
        return self._runner.run(argv, TIMEOUT_S)

    @cached_property
    def bus(self) -> Bus:
        """The PCI devices, looked at once for all parts."""
        return Bus(self)


def refusal(argv: Sequence[str], answer: CommandResult) -> str:
    """Say in a sentence why a command told nothing."""
    name = argv[0]
    if answer.rc == MISSING_RC:
        return f"{name} is not installed"
    if answer.rc == TIMEOUT_RC:
        return f"{name} gave no answer in {TIMEOUT_S:.0f} s"
    said = next((line.strip() for line in (answer.stdout + "\n" + answer.stderr).splitlines() if line.strip()), "")
    what = f"ended with status {answer.rc}" if answer.rc else "did not tell what it was asked for"
    return f"{name} {what}" + (f": {said[:200]}" if said else "")
