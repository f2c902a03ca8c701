# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The topology that Slurm is told, and the labels that Kubernetes is: from the fabric, through the role's own checks and renderer."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from benchmark.fabric_generator import DEFAULT_NAME, Network, large_network, network

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.build import build
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.kubernetes import fnv_1a, kubernetes_labels, label_value
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.slurm import slurm_topology
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.wiring import Neighbour, from_neighbours
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.fabric import Fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import config, validate

Make = Callable[[Network], Fabric]

VARIABLES: dict[str, Any] = {
    "cluster_name": "main",
    "nodesets": [{"name": "all-of-them", "group": "slurm_compute", "hardware_class": "any"}],
    "partitions": [],
    "memory_fraction": 0.95,
    "gres_autodetect": "auto",
    "gres_lines": [],
    "health_check_program": "",
    "srun_ports": "",
    "accounting_enforce": [],
    "jwt": False,
    "config": {},
    "cgroup_config": {},
    "mpi_config": {},
}


def hosts(count: int, first: int = 1) -> list[str]:
    return [f"gpu{number:04}" for number in range(first, first + count)]


def rendered(data: Mapping[str, Any], nodes: list[str], version: str = "24.11") -> dict[str, str]:
    """What the role writes of it. Its checks refuse a node that is below no switch or below two."""
    groups = {"slurm_controller": ["ctl1"], "slurm_compute": nodes}
    variables = {**VARIABLES, "topology": data, "version": version}
    return config.render(validate.read_cluster(variables, groups, class_of=lambda host: "any", hardware_of=lambda name: {}))


def leaves_of(data: Mapping[str, Any]) -> dict[str, list[str]]:
    return {switch["name"]: switch["nodes"] for switch in data["switches"] if "nodes" in switch}


def test_tree_of_two_tiers(fabric_of: Make) -> None:
    topology = slurm_topology(fabric_of(network(units=2, hosts=4, rails=2, spines=2)), hosts(8))
    assert topology.data == {
        "plugin": "tree",
        "switches": [
            {"name": "su1", "nodes": hosts(4)},
            {"name": "su2", "nodes": hosts(4, 5)},
            {"name": "spine", "switches": ["su1", "su2"]},
        ],
    }
    assert topology.missing == ()
    assert rendered(topology.data, hosts(8))["topology.conf"].splitlines()[1:] == [
        "SwitchName=su1 Nodes=gpu[0001-0004]",
        "SwitchName=su2 Nodes=gpu[0005-0008]",
        "SwitchName=spine Switches=su[1-2]",
    ]
    assert '      - switch: "su2"\n        nodes: "gpu[0005-0008]"\n' in rendered(topology.data, hosts(8), "25.05")["topology.yaml"]


def test_tree_of_three_tiers(fabric_of: Make) -> None:
    fabric = fabric_of(network(pods=2, units=2, hosts=2, rails=2, spines=2, cores=2))
    data = slurm_topology(fabric, hosts(8)).data
    assert [switch for switch in data["switches"] if "switches" in switch] == [
        {"name": "pod1", "switches": ["su1", "su2"]},
        {"name": "pod2", "switches": ["su3", "su4"]},
        {"name": "core", "switches": ["pod1", "pod2"]},
    ]
    rendered(data, hosts(8))


@pytest.mark.parametrize("seed", range(6))
def test_every_host_is_below_one_unit_whatever_is_dead(seed: int, fabric_of: Make) -> None:
    made = network(units=4, hosts=16, rails=8, spines=4, cables=4)
    for name in random.Random(seed).sample([f"{host} mlx5_{rail}" for host in hosts(64) for rail in range(8)], 3):
        made.remove(name)
    topology = slurm_topology(fabric_of(made), hosts(64))
    assert leaves_of(topology.data) == {f"su{unit}": hosts(16, 16 * unit - 15) for unit in range(1, 5)}
    assert topology.missing == ()
    rendered(topology.data, hosts(64))


def test_only_the_nodes_that_are_asked_for(fabric_of: Make) -> None:
    fabric = fabric_of(network(units=3, hosts=4, rails=2, spines=2))
    assert slurm_topology(fabric, ["gpu0002", "gpu0001"]).data["switches"] == [{"name": "su1", "nodes": ["gpu0001", "gpu0002"]}]
    assert slurm_topology(fabric, []).data == {}


def test_names_of_the_inventory(fabric_of: Make) -> None:
    made = network(units=2, hosts=2, rails=1, spines=1)
    made.devices["gpu0001 mlx5_0"].name = "GPU0001.fabric.example.org mlx5_0"
    nodes = [f"{host}.example.org" for host in hosts(4)]
    topology = slurm_topology(fabric_of(made), nodes)
    assert leaves_of(topology.data) == {"su1-leaf1": hosts(2), "su2-leaf1": hosts(2, 3)}
    rendered(topology.data, nodes)


def test_nodes_that_the_fabric_does_not_know(fabric_of: Make) -> None:
    made = network(units=2, hosts=3, rails=2, spines=2)
    for rail in (0, 1):
        made.devices[f"gpu0005 mlx5_{rail}"].name = DEFAULT_NAME
    topology = slurm_topology(fabric_of(made), [*hosts(6), "other1"])
    assert topology.missing == ("gpu0005", "other1")
    assert topology.data["switches"][2:] == [
        {"name": "not-in-the-fabric", "nodes": ["gpu0005", "other1"]},
        {"name": "spine", "switches": ["su1", "su2", "not-in-the-fabric"]},
    ]
    rendered(topology.data, [*hosts(6), "other1"])


def test_a_node_on_a_spine_has_a_switch_of_its_own(fabric_of: Make) -> None:
    made = network(units=2, hosts=4, rails=2, spines=2, cables=2)
    made.connect(made.devices["spine2"], made.adapter("login1 mlx5_0"))
    topology = slurm_topology(fabric_of(made), [*hosts(8), "login1"])
    assert leaves_of(topology.data) == {"su1": hosts(4), "su2": hosts(4, 5), "spine2": ["login1"]}
    assert topology.data["switches"][-1] == {"name": "spine", "switches": ["su1", "su2", "spine2"]}
    rendered(topology.data, [*hosts(8), "login1"])


def test_names_that_slurm_takes_and_no_two_alike(fabric_of: Make) -> None:
    made = network(units=3, hosts=2, rails=1, spines=1)
    for unit, name in ((1, "leaf 1"), (2, "leaf/1"), (3, "not-in-the-fabric")):
        made.devices[f"su{unit}-leaf1"].name = name
    made.devices["spine1"].name = "leaf-1"
    data = slurm_topology(fabric_of(made), hosts(6)).data
    assert [switch["name"] for switch in data["switches"]] == ["leaf-1", "leaf-1-2", "not-in-the-fabric-2", "leaf-1-3"]
    rendered(data, hosts(6))


def test_blocks(fabric_of: Make) -> None:
    made = network(units=5, hosts=4, rails=2, spines=2)
    topology = slurm_topology(fabric_of(made), hosts(19), plugin="block")
    assert topology.data["block_sizes"] == [3, 6, 12]
    assert [block["name"] for block in topology.data["switches"]] == ["su1", "su2", "su3", "su4", "su5"]
    assert rendered(topology.data, hosts(19))["topology.conf"].splitlines()[-2:] == ["BlockName=su5 Nodes=gpu[0017-0019]", "BlockSizes=3,6,12"]
    assert slurm_topology(fabric_of(made), hosts(20), plugin="block", block_sizes=[4, 16]).data["block_sizes"] == [4, 16]


def test_blocks_that_are_refused(fabric_of: Make) -> None:
    fabric = fabric_of(network(units=2, hosts=4, rails=2, spines=2))
    with pytest.raises(CoreError) as caught:
        slurm_topology(fabric, [*hosts(8), "gpu0009"], plugin="block")
    assert str(caught.value) == (
        "the fabric does not know gpu0009, and a block needs all of its nodes. Discover the fabric while they are up, or take them out of the inventory."
    )
    with pytest.raises(CoreError) as caught:
        slurm_topology(fabric, hosts(7), plugin="block", block_sizes=[4])
    assert str(caught.value) == (
        "block_sizes: block 'su2' has 3 nodes, fewer than the 4 of block_sizes. Slurm wants each block to have at least the smallest size."
    )
    with pytest.raises(CoreError) as caught:
        slurm_topology(fabric, hosts(7), plugin="ring")
    assert str(caught.value) == "plugin: 'ring' is neither tree nor block."


def test_ethernet(fabric_of: Make) -> None:
    rows = [Neighbour(f"gpu{host}", f"eth{rail}", f"leaf{2 * (host // 4) + rail + 1}", f"swp{host}", None) for host in range(8) for rail in (0, 1)]
    fabric = build(from_neighbours(rows))
    nodes = [f"gpu{host}" for host in range(8)]
    assert slurm_topology(fabric, nodes).data["switches"] == [
        {"name": "unit1", "nodes": nodes[:4]},
        {"name": "unit2", "nodes": nodes[4:]},
        {"name": "spine", "switches": ["unit1", "unit2"]},
    ]
    # Hosts see nothing above their leaves.
    assert kubernetes_labels(fabric, ["gpu7"]) == {"gpu7": {"fabric.topograph.run/tier-0": "unit2"}}


def test_the_cost_of_a_topology_is_that_of_its_nodes(fabric_of: Make) -> None:
    topology = slurm_topology(fabric_of(large_network(2)), hosts(250))
    assert sum(map(len, leaves_of(topology.data).values())) == 250
    assert len(topology.data["switches"]) == 10 + 2 + 1
    rendered(topology.data, hosts(250))


def test_recorded_fabric(recorded_fabric: Callable[[str], Fabric]) -> None:
    fabric = recorded_fabric("infiniband/ibnetdiscover.ndr-dgx-fabric.txt")
    nodes = [host for host in fabric.hosts if "-dgx-" in host]
    topology = slurm_topology(fabric, nodes)
    assert len(nodes) == 119
    assert [switch["name"] for switch in topology.data["switches"]] == [
        *(f"A09-P1-IBLEAF-0{number}" for number in range(1, 5)),
        *(f"B09-P1-IBLEAF-0{number}" for number in range(5, 9)),
        "P1-IBSPINE",
    ]
    assert topology.missing == ()
    rendered(topology.data, nodes)


def test_labels(fabric_of: Make) -> None:
    fabric = fabric_of(network(pods=2, units=2, hosts=2, rails=2, spines=2, cores=2))
    assert kubernetes_labels(fabric, ["gpu0005.example.org", "gpu0099"]) == {
        "gpu0005.example.org": {"fabric.topograph.run/tier-0": "su3", "fabric.topograph.run/tier-1": "pod2", "fabric.topograph.run/tier-2": "core"}
    }
    assert kubernetes_labels(fabric_of(network()), ["gpu0001"], prefix="example.org") == {
        "gpu0001": {"example.org/tier-0": "su1", "example.org/tier-1": "spine"}
    }


def test_values_of_labels() -> None:
    # The test values of the hash are its authors' (draft-eastlake-fnv).
    assert (fnv_1a(""), fnv_1a("a"), fnv_1a("foobar")) == (0xCBF29CE484222325, 0xAF63DC4C8601EC8C, 0x85944171F73967E8)
    assert label_value("a" * 63) == "a" * 63
    assert label_value("foobar" * 20) == f"x{fnv_1a('foobar' * 20):x}"
    assert label_value(" leaf 1/a:") == "leaf-1-a"
