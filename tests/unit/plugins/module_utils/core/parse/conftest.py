# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inputs for the parsers: recordings of real machines, which are not part of the project, and samples of our own."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

REPOSITORY = Path(__file__).resolve().parents[6]
RECORDINGS = Path(os.environ.get("RAILYARD_FIXTURES", REPOSITORY.parent / "shared" / "fixtures"))
SAMPLES = REPOSITORY / "tests/fixtures/parse"


@pytest.fixture(scope="session")
def recording() -> Callable[[str], str]:
    """Return a function that reads a recording (``nvidia_smi/tesla-t4.xml``); the test is skipped where there are none."""

    def read(name: str) -> str:
        if not RECORDINGS.is_dir():
            pytest.skip("the recordings of real machines are not beside this checkout")
        return (RECORDINGS / name).read_text(encoding="utf-8", errors="replace")

    return read


@pytest.fixture(scope="session")
def recorded_folder() -> Callable[[str], dict[str, str]]:
    """Return a function that reads a recorded tree as a mapping of path to text."""

    def read(name: str) -> dict[str, str]:
        folder = RECORDINGS / name
        if not RECORDINGS.is_dir():
            pytest.skip("the recordings of real machines are not beside this checkout")
        return {path.relative_to(folder).as_posix(): path.read_text(errors="replace") for path in sorted(folder.rglob("*")) if path.is_file()}

    return read


@pytest.fixture
def refused() -> Callable[[Callable[[str], object], str], str]:
    """Return a function that parses what must be refused, and returns the sentence."""

    def refuse(parse: Callable[[str], object], text: str) -> str:
        with pytest.raises(CoreError) as caught:
            parse(text)
        return str(caught.value)

    return refuse
