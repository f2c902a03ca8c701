# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the checks of the house share."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def repository() -> pathlib.Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def project_files(repository: pathlib.Path) -> list[pathlib.Path]:
    """Every file of the project, relative to the checkout: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    return [pathlib.Path(name) for name in sorted(set(listing.stdout.split("\0"))) if name and (repository / name).is_file()]
