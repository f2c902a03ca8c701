# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter is a thin edge over the library: same result, its error as an Ansible error."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.filter.hardware_class import FilterModule
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class

FILTER = FilterModule().filters()["hardware_class"]


def test_returns_the_class() -> None:
    assert FILTER("l40s_4") == hardware_class("l40s_4")
    assert FILTER("l40s_4", {"l40s_4": {"memory_mib": 7}})["memory_mib"] == 7


def test_mistake_becomes_a_filter_error() -> None:
    with pytest.raises(AnsibleFilterError, match="there is no hardware class 'l40s_5'"):
        FILTER("l40s_5", {})
