# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of the simulated tools share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import recordings


@pytest.fixture
def recording() -> Callable[[str], str]:
    """Return a function that reads a recording of ``nvidia-smi``."""
    return lambda name: recordings.text(f"nvidia_smi/{name}")
