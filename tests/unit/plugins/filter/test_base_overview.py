# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter reads each host's variables once, and says mistakes as Ansible's errors."""

from __future__ import annotations

import collections
import typing as t

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.filter.base_overview import FilterModule

FILTER = FilterModule().filters()["base_overview"]


class HostVars(dict[str, t.Any]):
    """Counts how often a host's variables are put together."""

    def __init__(self, hosts: dict[str, t.Any]) -> None:
        super().__init__(hosts)
        self.asked: collections.Counter[str] = collections.Counter()

    def __getitem__(self, name: str) -> t.Any:
        self.asked[name] += 1
        return super().__getitem__(name)


def test_one_pass() -> None:
    hosts = HostVars({"a": {"ansible_host": "192.0.2.1", "base_kernel_managed": "no"}, "b": {"ansible_host": "192.0.2.2"}, "c": {"base_kernel_managed": False}})
    overview = FILTER(["a", "b"], hosts, [{"address": "192.0.2.9", "names": ["store"]}], ["b", "c", "a"])
    assert overview == {"hosts": "192.0.2.9 store\n192.0.2.1 a\n192.0.2.2 b\n", "unmanaged": ["a", "c"]}
    assert set(hosts.asked.values()) == {1}


def test_mistake_becomes_a_filter_error() -> None:
    with pytest.raises(AnsibleFilterError, match="a: base_address 'x' is not an IP address"):
        FILTER(["a"], {"a": {"base_address": "x"}})
