# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter is a thin edge over the library: its rules as data, its error as an Ansible error."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.filter.firewall_rules import FilterModule

FILTER = FilterModule().filters()["firewall_rules"]
SERVICES = {"base": [{"name": "ssh", "ports": [22], "from": ["admin"]}]}


def test_returns_rules() -> None:
    (rule,) = FILTER(["base"], SERVICES, {"admin": ["192.0.2.0/24"]})
    assert (rule["family"], rule["nft"]) == ("ip", 'ip saddr { 192.0.2.0/24 } tcp dport { 22 } accept comment "ssh"')


def test_mistake_becomes_a_filter_error() -> None:
    with pytest.raises(AnsibleFilterError, match="'admin' is neither a network nor the name of one"):
        FILTER(["base"], SERVICES)
