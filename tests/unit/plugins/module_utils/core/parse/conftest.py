# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Inputs for the parsers: recordings of real machines, which are not part of the project, and samples of our own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse"


@pytest.fixture(scope="session")
def recording() -> Callable[[str], str]:
    """Return a function that reads a recording (``nvidia_smi/tesla-t4.xml``)."""
    return recordings.text


@pytest.fixture(scope="session")
def recorded_folder() -> Callable[[str], dict[str, str]]:
    """Return a function that reads a recorded tree as a mapping of path to text."""
    return recordings.tree


@pytest.fixture
def refused() -> Callable[[Callable[[str], object], str], str]:
    """Return a function that parses what must be refused, and returns the sentence."""

    def refuse(parse: Callable[[str], object], text: str) -> str:
        with pytest.raises(CoreError) as caught:
            parse(text)
        return str(caught.value)

    return refuse
