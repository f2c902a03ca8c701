# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter is a thin edge over the library: same result, its error as an Ansible error."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.filter.slurm_database_configuration import FilterModule

FILTER = FilterModule().filters()["slurm_database_configuration"]
VALUES: dict[str, t.Any] = {"hosts": ["db1.example"], "password": "secret", "user": "slurm", "name": "acct", "host": "localhost", "jwt": False, "config": {}}


def test_returns_the_text() -> None:
    assert "DbdHost=db1\n" in FILTER({**VALUES, "version": "24.11"})


def test_mistake_becomes_a_filter_error() -> None:
    with pytest.raises(AnsibleFilterError, match=r"DisableCoordDBD is known from Slurm 24\.05 on"):
        FILTER({**VALUES, "version": "23.11", "config": {"DisableCoordDBD": True}})
