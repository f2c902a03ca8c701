# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recordings of the real tools. They are not part of the project: RAILYARD_FIXTURES names their folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[7] / "shared" / "fixtures"


@pytest.fixture
def recording() -> Callable[[str], str]:
    """Return a function that reads a recording; the test is skipped where there is none."""
    folder = Path(os.environ.get("RAILYARD_FIXTURES", BESIDE_THE_CHECKOUT))

    def read(name: str) -> str:
        if not folder.is_dir():
            pytest.skip("the recordings of real machines are not beside this checkout")
        return (folder / "nvidia_smi" / name).read_text(encoding="utf-8")

    return read
