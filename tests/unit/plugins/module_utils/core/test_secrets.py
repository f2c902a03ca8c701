# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of secrets, how they are made, and how they are added to a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.secrets import KINDS, generate, missing, with_added


@pytest.mark.parametrize("name", KINDS)
def test_a_secret_is_long_and_fits_everywhere(name: str) -> None:
    value = generate(name, lambda count: bytes(range(256))[:count])
    assert len(value) >= 32
    assert re.fullmatch(r"[A-Za-z0-9_-]+", value)
    assert value != generate(name, lambda count: b"\1" * count)


def test_missing_are_those_that_are_not_defined() -> None:
    assert missing([]) == list(KINDS)
    assert missing(["secret_munge_key", "other"]) == [name for name in KINDS if name != "secret_munge_key"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", "---\n"),
        ("---\n# mine\nsecret_x: 'a'  # kept\n\n\n", "---\n# mine\nsecret_x: 'a'  # kept\n# "),
        ("secret_x: a", "secret_x: a\n# "),
    ],
)
def test_what_is_there_stays_as_it_is(text: str, first: str) -> None:
    added = with_added(text, {"secret_munge_key": "abc"})
    assert added.startswith(first)
    assert yaml.safe_load(added) == {**(yaml.safe_load(text) or {}), "secret_munge_key": "abc"}


def test_a_file_that_was_ended_is_refused() -> None:
    with pytest.raises(CoreError, match=r"a line '\.\.\.'"):
        with_added("a: 1\n...\n", {"secret_munge_key": "abc"})


def test_the_table_has_what_the_roles_read_and_nothing_else(repository: Path) -> None:
    read = {name for path in repository.glob("roles/*/defaults/*.yml") for name in re.findall(r"\bsecret_[a-z_]+", path.read_text())}
    read |= {name for path in repository.glob("inventories/*/group_vars/**/*.yml") for name in re.findall(r"^secret_[a-z_]+", path.read_text(), re.MULTILINE)}
    assert read == set(KINDS)
