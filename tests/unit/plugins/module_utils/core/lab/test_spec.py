# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import copy

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.spec import spec_from_dict

LAB = {
    "name": "default",
    "index": 7,
    "nodes": [
        {"name": "ctl1", "number": 11, "leaf": ""},
        {"name": "node1", "number": 101, "leaf": "leaf1", "hardware_class": "h100"},
        {"name": "node2", "number": 102, "leaf": "leaf2", "hardware_class": "h100"},
    ],
    "leaves": [{"name": "leaf1", "uplink_gbits_per_s": 2}, {"name": "leaf2", "uplink_gbits_per_s": 2}],
    "link_gbits_per_s": 1,
}


def changed(path: list[str | int], value: object) -> dict[str, object]:
    data = copy.deepcopy(LAB)
    place: object = data
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    return data


def test_addresses_follow_from_index_and_number() -> None:
    spec = spec_from_dict(LAB)
    node = spec.node("node1")
    assert spec.management_address(node) == "10.213.7.101"
    assert spec.data_address(node) == "10.214.7.101"
    assert spec.bmc_address(node) == "10.215.7.101"
    assert spec.fabric_address() == "10.213.7.254"
    assert spec.gateway() == "10.213.7.1"
    assert spec.cache_address() == "10.213.255.1"


def test_the_cache_is_outside_every_lab() -> None:
    for index in (0, 254):
        spec = spec_from_dict({**LAB, "index": index})
        assert spec.cache_address() not in {str(address) for address in spec.management_network()}


def test_a_description_survives_being_saved() -> None:
    spec = spec_from_dict({**LAB, "bmcs": False, "bmc_range": "10.9.0.0/16", "fabric": {"spines": 4}})
    assert (spec.bmcs, spec.bmc_range, spec.fabric.spines, spec.fabric.switch_ports) == (False, "10.9.0.0/16", 4, 40)
    assert spec_from_dict(spec.to_dict()) == spec


def test_a_node_without_a_leaf_hangs_on_the_spine() -> None:
    assert spec_from_dict(LAB).node("ctl1").leaf == "spine"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["name"], "My Lab", "lab_name: 'My Lab' can't be a lab's name. Use up to 31 lower-case letters, digits and dashes."),
        (["index"], 255, "lab_index: 255 is not between 0 and 254."),
        (["nodes"], [], "inventory: the group 'lab' has no hosts. A lab needs at least one node."),
        (["nodes", 0, "number"], 1, "ctl1: lab_number: 1 is not between 2 and 253."),
        (["nodes", 0, "number"], 254, "ctl1: lab_number: 254 is not between 2 and 253."),
        (["nodes", 1, "leaf"], "leaf9", "node1: lab_leaf: 'leaf9' is not a leaf. lab_leaves has: leaf1, leaf2."),
        (["nodes", 2, "number"], 101, "lab_number: node2 and node1 have the same number 101."),
        (["nodes", 2, "name"], "node1", "inventory: node1 and node1 have the same name 'node1'."),
        (["link_gbits_per_s"], 0, "lab_link_gbits_per_s: 0 Gbit/s is not between 0.001 and 100."),
        (["management_range"], "10.0.0.0/24", "lab_management_range: '10.0.0.0/24' is not an IPv4 /16. Each lab takes a /24 of it."),
        (["bmc_range"], "10.0.0.0/8", "lab_bmc_range: '10.0.0.0/8' is not an IPv4 /16. Each lab takes a /24 of it."),
        (["fabric"], {"leaves": 4}, "lab_fabric: there is no 'leaves'. There are: spines, cables_per_spine, switch_ports."),
        (["fabric"], {"spines": -1}, "lab_fabric.spines: -1 is not between 0 and 64."),
        (["data_range"], "ten", "lab_data_range: 'ten' is not a network: 'ten' does not appear to be an IPv4 or IPv6 network."),
    ],
)
def test_wrong_values_are_named(path: list[str | int], value: object, message: str) -> None:
    data = changed(path, value)
    if path[0] in ("management_range", "data_range", "bmc_range", "fabric"):
        data[str(path[0])] = value
    with pytest.raises(CoreError) as error:
        spec_from_dict(data)
    assert str(error.value) == message


def test_an_unknown_node_is_answered_with_those_there_are() -> None:
    with pytest.raises(CoreError) as error:
        spec_from_dict(LAB).node("node9")
    assert str(error.value) == "The lab 'default' has no node 'node9'. Its nodes: ctl1, node1, node2."
