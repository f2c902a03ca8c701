# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter takes each host's variables and the registered answer."""

from __future__ import annotations

from ansible_collections.railyard.cluster.plugins.filter.inventory_overview import FilterModule

FILTER = FilterModule().filters()["inventory_overview"]


def test_hosts_in_their_order() -> None:
    hostvars = {
        "a": {"ansible_host": "192.0.2.1", "answer": {"unreachable": True, "msg": "no route"}},
        "b": {"answer": {"ansible_facts": {"railyard": {}}}},
        "c": {},
    }
    found = FILTER(["c", "a", "b"], hostvars, "answer")
    assert [(host["name"], host["address"], host["seen"], host["problem"]) for host in found] == [
        ("c", "c", False, "it was not asked"),
        ("a", "192.0.2.1", False, "no route"),
        ("b", "b", True, ""),
    ]
