# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one exception of the library."""

from __future__ import annotations


class CoreError(Exception):
    """Something is wrong with what the user gave us, or with what a machine answered.

    ``message`` is one sentence that names the thing and its value; ``where`` is the place in the source it was
    found at (a path, ``line 12``, ``slurm_partitions[0].nodesets``); ``hint`` says what to do about it.
    """

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} {self.hint}" if self.hint else text
