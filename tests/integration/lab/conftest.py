# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.small import SmallLab


@pytest.fixture(scope="package")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SmallLab, SmallLab]]:
    folder = tmp_path_factory.mktemp("labs")
    first, second = SmallLab("test-one", folder), SmallLab("test-two", folder)
    try:
        for lab in (first, second):
            # A run that was cut off may have left its own.
            lab.do("down", purge=True)
            lab.do("up")
        yield first, second
    finally:
        for lab in (first, second):
            lab.do("down", purge=True)


@pytest.fixture
def lab(labs: tuple[SmallLab, SmallLab]) -> SmallLab:
    return labs[0]
