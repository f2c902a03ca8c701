# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recordings of real machines. They are not part of the project: they lie beside the checkout, or where RAILYARD_FIXTURES says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("RAILYARD_FIXTURES") or Path(__file__).resolve().parents[2] / "shared/fixtures")


def path(name: str = "") -> Path:
    """Return where a recording lies; the test that asks is skipped where there are none."""
    if not FOLDER.is_dir():
        pytest.skip("the recordings of real machines are not beside this checkout")
    return FOLDER / name


def text(name: str) -> str:
    """Return a recording as text."""
    return path(name).read_text(encoding="utf-8", errors="replace")


def tree(name: str, pattern: str = "*") -> dict[str, str]:
    """Return the files of a recorded folder, by path within it."""
    folder = path(name)
    return {file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8", errors="replace") for file in sorted(folder.rglob(pattern)) if file.is_file()}
