# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab import network
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.spec import spec_from_dict

SPEC = spec_from_dict(
    {
        "name": "default",
        "index": 254,
        "nodes": [{"name": "ctl1", "number": 11}, {"name": "node1", "number": 101, "leaf": "leaf1"}, {"name": "node2", "number": 253, "leaf": "leaf2"}],
        "leaves": [{"name": "leaf1", "uplink_gbits_per_s": 2}, {"name": "leaf2", "uplink_gbits_per_s": 4}],
        "link_gbits_per_s": 1,
    }
)
NAMESPACES = [*(SPEC.namespace(node) for node in SPEC.nodes), SPEC.fabric_namespace()]


def test_nothing_is_made_where_all_is_there() -> None:
    assert network.build_commands(SPEC, network.wanted_interfaces(SPEC), NAMESPACES) == []


def test_every_wanted_interface_is_made_and_no_other() -> None:
    made = set()
    for line in network.build_commands(SPEC, [], []):
        words = line.split()
        if words[:2] == ["link", "add"]:
            made.add(words[2])
            if "peer" in words and "netns" not in words:
                made.add(words[words.index("name") + 1])
    assert made == set(network.wanted_interfaces(SPEC))


def test_a_node_lost_with_its_namespace_is_connected_again() -> None:
    lines = network.build_commands(SPEC, network.wanted_interfaces(SPEC), NAMESPACES[1:])
    assert lines[0] == "netns add railyard-default-ctl1"
    assert [line.split()[2] for line in lines if line.startswith("link add")] == ["ryfem11", "ryfed11"]


def test_names_fit_into_what_the_kernel_takes() -> None:
    assert max(len(name) for name in network.wanted_interfaces(SPEC)) <= 15


def test_two_labs_share_no_interface() -> None:
    other = spec_from_dict({**SPEC.to_dict(), "name": "other", "index": 1})
    assert not set(network.wanted_interfaces(SPEC)) & set(network.wanted_interfaces(other))


def test_a_node_hangs_on_its_leaf_and_a_controller_on_the_spine() -> None:
    lines = network.build_commands(SPEC, [], [])
    assert "link set ryfed101 master ryfel1 up" in lines
    assert "link set ryfed253 master ryfel2 up" in lines
    assert "link set ryfed11 master ryfespine up" in lines


def test_removal_takes_everything() -> None:
    lines = network.remove_commands(SPEC, network.wanted_interfaces(SPEC), NAMESPACES)
    assert {line for line in lines if line.startswith("netns")} == {f"netns delete {name}" for name in NAMESPACES}
    assert {line.split()[2] for line in lines if line.startswith("link")} == {"ryfemgmt", "ryfespine", "ryfel1", "ryfel2", "ryfeu1", "ryfeu2"}
    assert network.remove_commands(SPEC, [], []) == []


def test_an_interface_has_the_same_address_in_every_life_of_the_lab() -> None:
    addresses = {network.mac_address(SPEC, node, device) for node in SPEC.nodes for device in ("mgmt0", "data0")}
    assert len(addresses) == 6
    assert all(address.startswith("02:72:79:fe:") for address in addresses)
    made = [line.split() for line in network.build_commands(SPEC, [], []) if " address " in line]
    assert {words[words.index("address") + 1] for words in made} == addresses


def test_the_simulators_namespace_sees_the_management_network_alone() -> None:
    lines = network.build_commands(SPEC, network.wanted_interfaces(SPEC), NAMESPACES[:-1])
    assert lines == [
        "netns add railyard-default.fabric",
        "link add ryfefabric type veth peer name mgmt0 netns railyard-default.fabric",
        "link set ryfefabric master ryfemgmt up",
    ]
    assert network.fabric_namespace_commands(SPEC) == ["link set lo up", "addr replace 10.213.254.254/24 dev mgmt0", "link set mgmt0 up"]


def test_a_dead_bmc_has_no_address_and_a_mended_one_gets_it_back() -> None:
    nobody = "route replace unreachable 10.215.254.0/24"
    addresses = [SPEC.bmc_address(node) for node in SPEC.nodes]
    assert network.bmc_commands(SPEC, [], []) == [nobody, *(f"addr add {address}/32 dev ryfemgmt" for address in addresses)]
    assert network.bmc_commands(SPEC, ["node1"], addresses) == [nobody, "addr delete 10.215.254.101/32 dev ryfemgmt"]
    assert network.bmc_commands(SPEC, ["node1"], [addresses[0], addresses[2]]) == [nobody]
    assert network.bmc_commands(SPEC, [], [addresses[0], addresses[2]]) == [nobody, "addr add 10.215.254.101/32 dev ryfemgmt"]


@pytest.mark.parametrize(("text", "rate"), [("200mbit", 0.2), ("1.5gbit", 1.5), ("200 Mbit/s", 0.2), ("2", 2), ("500kbit", 0.0005), ("1gbps", 1)])
def test_rates(text: str, rate: float) -> None:
    assert network.parse_rate_gbits_per_s(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["", "fast", "0", "-1gbit", "0mbit", "1tbit"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(CoreError, match=r"rate: .* is not a rate\. Write it like 200mbit or 1\.5gbit\."):
        network.parse_rate_gbits_per_s(text)


def test_a_link_is_shaped_in_mbit() -> None:
    assert network.shape_command("data0", 0.2) == "qdisc replace dev data0 root tbf rate 200mbit burst 128kb latency 50ms"
