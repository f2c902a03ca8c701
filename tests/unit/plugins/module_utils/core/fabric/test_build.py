# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cables become hosts, rails, leaves, scalable units and pods, with some of them missing too."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from benchmark.fabric_generator import DEFAULT_NAME, Network, network

from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.build import build
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.defects import find_defects
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.names import common_name, device_key, family, slurm_name
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.views import host_views
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.wiring import Neighbour, from_discovery, from_neighbours
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.fabric import Fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.ibnetdiscover import parse

Make = Callable[[Network], Fabric]


def leaf_labels(fabric: Fabric, unit: str) -> list[str]:
    return [fabric.switches[leaf].label for leaf in fabric.units[unit].leaves]


def tiers(fabric: Fabric) -> dict[str, int | None]:
    return {switch.label: switch.tier for switch in fabric.switches.values()}


def test_two_tiers(fabric_of: Make) -> None:
    fabric = fabric_of(network(units=2, hosts=4, rails=2, spines=2, cables=2))
    assert fabric.tiers == 2
    assert list(fabric.units) == ["su1", "su2"]
    assert leaf_labels(fabric, "su2") == ["su2-leaf1", "su2-leaf2"]
    assert fabric.units["su2"].hosts == ("gpu0005", "gpu0006", "gpu0007", "gpu0008")
    assert (fabric.units["su1"].rails, fabric.units["su1"].pod) == (2, "spine")
    assert [(pod.name, pod.units, len(pod.spines)) for pod in fabric.pods.values()] == [("spine", ("su1", "su2"), 2)]
    assert tiers(fabric) == {"spine1": 2, "spine2": 2, "su1-leaf1": 1, "su1-leaf2": 1, "su2-leaf1": 1, "su2-leaf2": 1}
    leaf = next(switch for switch in fabric.switches.values() if switch.label == "su1-leaf2")
    assert (leaf.unit, leaf.rail, leaf.host_cables, leaf.down_gbits_per_s, leaf.up_gbits_per_s, leaf.oversubscription) == ("su1", 1, 4, 1600, 1600, 1)


def test_oversubscription_counts_rates(fabric_of: Make) -> None:
    made = network(units=2, hosts=4, rails=1, spines=2)
    for cable in made.of("spine1"):
        cable.rate = "4xHDR"
    leaf = next(switch for switch in fabric_of(made).switches.values() if switch.tier == 1)
    assert leaf.oversubscription == 4 * 400 / (400 + 200)


def test_an_unknown_rate_makes_no_number(fabric_of: Make) -> None:
    made = network(units=1, hosts=2, rails=1, spines=1)
    made.of("spine1")[0].rate = "4x???"
    leaf = next(switch for switch in fabric_of(made).switches.values() if switch.tier == 1)
    assert (leaf.down_gbits_per_s, leaf.up_gbits_per_s, leaf.oversubscription) == (800, None, None)


def test_three_tiers(fabric_of: Make) -> None:
    fabric = fabric_of(network(pods=2, units=2, hosts=3, rails=2, spines=2, cores=2))
    assert fabric.tiers == 3
    assert {pod.name: pod.units for pod in fabric.pods.values()} == {"pod1": ("su1", "su2"), "pod2": ("su3", "su4")}
    assert {label: tier for label, tier in tiers(fabric).items() if tier != 1} == {
        "core1": 3,
        "core2": 3,
        "pod1-spine1": 2,
        "pod1-spine2": 2,
        "pod2-spine1": 2,
        "pod2-spine2": 2,
    }


@pytest.mark.parametrize("ends", [("su1-leaf1", "pod2-spine1"), ("su4-leaf2", "pod1-spine2")])
def test_an_uplink_to_another_pod_joins_no_pods(ends: tuple[str, str], fabric_of: Make) -> None:
    made = network(pods=2, units=2, hosts=3, rails=2, spines=2, cores=2)
    made.connect(*(made.devices[end] for end in ends))
    assert {pod.name: pod.units for pod in fabric_of(made).pods.values()} == {"pod1": ("su1", "su2"), "pod2": ("su3", "su4")}


def test_host_views(fabric_of: Make) -> None:
    views = host_views(fabric_of(network(units=1, hosts=3, rails=2, spines=1)))
    assert list(views) == ["gpu0001", "gpu0002", "gpu0003"]
    assert (views["gpu0002"]["unit"], views["gpu0002"]["pod"], views["gpu0002"]["leaves"]) == ("su1", "spine1", ["su1-leaf1", "su1-leaf2"])
    assert views["gpu0002"]["ports"][1] == {
        "rail": 1,
        "device": "mlx5_1",
        "adapter": "0x00cc000000000070",
        "port": 1,
        "guid": "0x00cc000000000070",
        "lid": 7,
        "leaf": "su1-leaf2",
        "leaf_port": 2,
        "width": "4x",
        "speed": "NDR",
        "rate_gbits_per_s": 400.0,
    }


@pytest.mark.parametrize("seed", range(8))
def test_dead_ports_move_nothing(seed: int, fabric_of: Make) -> None:
    """Pitfall 1 of validation.md: with equality of sets, one dead rail makes two units of one."""
    made = network(units=4, hosts=16, rails=8, spines=4, cables=4)
    whole = fabric_of(made)
    for name in random.Random(seed).sample([f"gpu{host:04} mlx5_{rail}" for host in range(1, 65) for rail in range(8)], 3):
        made.remove(name)
    fabric = fabric_of(made)
    assert {unit.name: (unit.hosts, unit.leaves, unit.rails) for unit in fabric.units.values()} == {
        unit.name: (unit.hosts, unit.leaves, unit.rails) for unit in whole.units.values()
    }
    assert {host.name: host.unit for host in fabric.hosts.values()} == {host.name: host.unit for host in whole.hosts.values()}


def test_dead_ports_on_every_leaf_of_a_unit(fabric_of: Make) -> None:
    made = network(units=2, hosts=16, rails=2, spines=2)
    made.remove("gpu0001 mlx5_0")
    made.remove("gpu0002 mlx5_1")
    assert [unit.hosts for unit in fabric_of(made).units.values()] == [tuple(f"gpu{host:04}" for host in hosts) for hosts in (range(1, 17), range(17, 33))]


@pytest.mark.parametrize("rail", [0, 1])
def test_a_dead_port_in_a_unit_of_two_hosts(rail: int, fabric_of: Make) -> None:
    made = network(units=2, hosts=2, rails=2, spines=2)
    made.remove(f"gpu0004 mlx5_{rail}")
    assert [unit.hosts for unit in fabric_of(made).units.values()] == [("gpu0001", "gpu0002"), ("gpu0003", "gpu0004")]


def test_a_leaf_that_lost_most_of_its_hosts_stays_in_its_unit(fabric_of: Make) -> None:
    made = network(units=2, hosts=8, rails=4, spines=4, cables=2)
    for host in range(1, 8):
        made.remove(f"gpu{host:04} mlx5_2")
    fabric = fabric_of(made)
    assert leaf_labels(fabric, "su1") == ["su1-leaf1", "su1-leaf2", "su1-leaf3", "su1-leaf4"]
    assert tiers(fabric)["su1-leaf3"] == 1


def test_a_unit_that_lost_a_leaf_keeps_its_name_and_its_rails(fabric_of: Make) -> None:
    made = network(units=2, hosts=4, rails=3, spines=2)
    made.remove("su1-leaf1")
    made.remove("su1-leaf3")
    fabric = fabric_of(made)
    assert list(fabric.units) == ["su1", "su2"]
    assert leaf_labels(fabric, "su1") == ["su1-leaf2"]
    assert [link.rail for link in fabric.hosts["gpu0001"].links] == [1]


def test_a_host_in_two_units_belongs_to_that_of_most_of_its_cables(fabric_of: Make) -> None:
    made = network(units=2, hosts=4, rails=4, spines=2)
    for rail in (0, 1, 2):
        made.move(f"gpu0001 mlx5_{rail}", f"su2-leaf{rail + 1}")
    fabric = fabric_of(made)
    assert fabric.hosts["gpu0001"].unit == "su2"
    assert fabric.units["su2"].hosts == ("gpu0001", "gpu0005", "gpu0006", "gpu0007", "gpu0008")


def test_a_shared_storage_leaf_does_not_join_units(fabric_of: Make) -> None:
    made = network(units=2, hosts=4, rails=2, spines=2)
    storage = made.switch("storage-leaf")
    for host in range(1, 9):
        made.connect(storage, made.adapter(f"gpu{host:04} mlx5_9"))
    for spine in ("spine1", "spine2"):
        made.connect(storage, made.devices[spine])
    fabric = fabric_of(made)
    assert [unit.hosts for unit in fabric.units.values() if unit.hosts] == [tuple(f"gpu{host:04}" for host in hosts) for hosts in (range(1, 5), range(5, 9))]


@pytest.mark.parametrize("adapters", [1, 3])
def test_a_spine_with_a_login_node_is_no_leaf(adapters: int, fabric_of: Make) -> None:
    made = network(units=4, hosts=8, rails=2, spines=2, cables=2)
    for number in range(adapters):
        made.connect(made.devices["spine1"], made.adapter(f"login1 mlx5_{number}"))
    fabric = fabric_of(made)
    assert tiers(fabric)["spine1"] == 2
    assert {label for label, tier in tiers(fabric).items() if tier == 1} == {f"su{unit}-leaf{rail}" for unit in range(1, 5) for rail in (1, 2)}
    assert fabric.hosts["login1"].unit is None
    assert len(fabric.hosts["login1"].links) == adapters


def test_a_core_switch_with_a_manager_is_no_leaf(fabric_of: Make) -> None:
    made = network(pods=2, units=2, hosts=8, rails=2, spines=2, cables=4, cores=2)
    made.connect(made.devices["core1"], made.adapter("ufm1 mlx5_0"))
    fabric = fabric_of(made)
    assert tiers(fabric)["core1"] == 3
    assert len(fabric.units) == 4


@pytest.mark.parametrize("count", [1, 2])
def test_a_spine_of_a_small_fabric_with_login_nodes_is_no_leaf(count: int, fabric_of: Make) -> None:
    made = network(units=2, hosts=2, rails=2, spines=2)
    for number in range(count):
        made.connect(made.devices["spine1"], made.adapter(f"login{number} mlx5_0"))
    assert tiers(fabric_of(made))["spine1"] == 2


def test_an_almost_empty_leaf_is_a_leaf(fabric_of: Make) -> None:
    made = network(units=4, hosts=16, rails=1, spines=4, cables=4)
    for host in range(2, 17):
        made.remove(f"gpu{host:04} mlx5_0")
    fabric = fabric_of(made)
    assert tiers(fabric)["su1-leaf1"] == 1
    assert fabric.units["su1-leaf1"].hosts == ("gpu0001",)


def test_an_almost_empty_pod_has_leaves(fabric_of: Make) -> None:
    made = network(pods=2, units=2, hosts=8, rails=1, spines=2, cables=4, cores=2)
    for host in range(1, 17):
        if host not in (1, 9):
            made.remove(f"gpu{host:04} mlx5_0")
    assert [unit.hosts for unit in fabric_of(made).units.values()][:2] == [("gpu0001",), ("gpu0009",)]


def test_two_switches_side_by_side_are_both_leaves(fabric_of: Make) -> None:
    made = Network()
    left, right = made.switch("left"), made.switch("right")
    for number in range(8):
        made.connect(left if number < 4 else right, made.adapter(f"n{number} mlx5_0"))
    made.connect(left, right)
    made.connect(left, right)
    fabric = fabric_of(made)
    assert (fabric.tiers, list(fabric.units), [pod.units for pod in fabric.pods.values()]) == (1, ["left", "right"], [("left", "right")])


def test_a_fabric_of_one_switch(fabric_of: Make) -> None:
    made = Network()
    only = made.switch("only")
    for number in range(3):
        made.connect(only, made.adapter(f"n{number} HCA-1"))
    fabric = fabric_of(made)
    assert (fabric.tiers, list(fabric.units), fabric.units["only"].hosts) == (1, ["only"], ("n0", "n1", "n2"))


def test_hosts_without_a_switch_and_no_hosts_at_all(fabric_of: Make) -> None:
    made = Network()
    made.connect(made.adapter("a mlx5_0"), made.adapter("b mlx5_0"))
    fabric = fabric_of(made)
    assert (fabric.tiers, fabric.units, fabric.hosts, fabric.pods) == (0, {}, {}, {})
    made = Network()
    made.connect(made.switch("a"), made.switch("b"))
    assert fabric_of(made).units == {}


def test_aggregation_nodes_and_unnamed_adapters_are_no_hosts(fabric_of: Make) -> None:
    made = network(units=1, hosts=2, rails=1, spines=1)
    made.connect(made.devices["su1-leaf1"], made.adapter("Mellanox Technologies Aggregation Node"))
    made.connect(made.devices["su1-leaf1"], made.adapter(DEFAULT_NAME))
    fabric = fabric_of(made)
    assert list(fabric.hosts) == ["gpu0001", "gpu0002"]
    # The cable of the adapter that nobody named is a host's all the same.
    assert [switch.host_cables for switch in fabric.switches.values() if switch.tier == 1] == [3]


def test_rails_follow_devices_whoever_named_them(fabric_of: Make) -> None:
    made = network(units=2, hosts=3, rails=12, spines=1)
    for name, device in list(made.devices.items()):
        if name.startswith("gpu0002 "):
            device.name = f"gpu0002 HCA-{int(name.rpartition('_')[2]) + 1}"
    fabric = fabric_of(made)
    for host in ("gpu0001", "gpu0002"):
        assert [(link.rail, fabric.switches[link.switch].label) for link in fabric.hosts[host].links] == [(rail, f"su1-leaf{rail + 1}") for rail in range(12)]


def test_rails_of_a_family_are_counted_by_themselves(fabric_of: Make) -> None:
    made = network(units=2, hosts=4, rails=4, spines=1)
    for number in range(1, 5):
        for device, leaf in ((1, 1), (3, 3)):
            made.connect(made.devices[f"su1-leaf{leaf}"], made.adapter(f"storage{number} mlx5_{device}"))
    fabric = fabric_of(made)
    assert [link.rail for link in fabric.hosts["storage2"].links] == [0, 1]
    assert [fabric.hosts[host].rails for host in ("gpu0001", "storage1")] == [4, 2]
    assert [switch.rail for switch in fabric.switches.values() if switch.unit == "su1"] == [0, 1, 2, 3]


def test_what_few_hosts_lack_is_told_by_others_of_their_family(fabric_of: Make) -> None:
    made = network(units=2, hosts=2, rails=2, spines=2)
    for host in ("gpu0003", "gpu0004"):
        made.remove(f"{host} mlx5_1")
    assert fabric_of(made).hosts["gpu0003"].rails == 2


def test_hosts_of_no_family_have_the_rails_that_nearly_all_of_them_have(fabric_of: Make) -> None:
    made = network(units=1, hosts=0, rails=2, spines=1)
    for name, rails in (("atlas", 2), ("rocket", 2), ("sputnik", 1), ("apollo", 1)):
        for rail in range(rails):
            made.connect(made.devices[f"su1-leaf{rail + 1}"], made.adapter(f"{name} mlx5_{rail}"))
    assert {host.rails for host in fabric_of(made).hosts.values()} == {1}


def test_the_leaf_is_the_rail_where_no_device_has_a_name(fabric_of: Make) -> None:
    made = network(units=2, hosts=3, rails=2, spines=1)
    for device in made.devices.values():
        device.name = device.name.split(" mlx5")[0]
    fabric = fabric_of(made)
    assert [(link.rail, fabric.switches[link.switch].label) for link in fabric.hosts["gpu0004"].links] == [(0, "su2-leaf1"), (1, "su2-leaf2")]


def test_switches_of_the_same_name_are_told_apart(fabric_of: Make) -> None:
    made = network(units=2, hosts=2, rails=1, spines=1)
    made.devices["su2-leaf1"].name = made.devices["su1-leaf1"].name
    labels = {switch.label for switch in fabric_of(made).switches.values() if switch.tier == 1}
    assert labels == {"su1-leaf1-000020", "su1-leaf1-000050"}


def planes(*rails: Network) -> Fabric:
    """A fabric whose rails are discovered one by one."""
    discoveries = []
    for rail, made in enumerate(rails):
        for device in made.devices.values():
            device.guid += rail << 32
            device.name = device.name.replace("mlx5_0", f"mlx5_{rail}").replace("leaf1", f"leaf{rail + 1}").replace("spine1", f"plane{rail + 1}-spine1")
        discoveries.append(parse(made.text()))
    return build(from_discovery(*discoveries))


def test_planes_that_are_discovered_one_by_one_make_one_fabric() -> None:
    fabric = planes(network(units=2, hosts=3, rails=1, spines=1), network(units=2, hosts=3, rails=1, spines=1))
    assert [unit.hosts for unit in fabric.units.values()] == [("gpu0001", "gpu0002", "gpu0003"), ("gpu0004", "gpu0005", "gpu0006")]
    assert (list(fabric.units), fabric.units["su1"].rails) == (["su1", "su2"], 2)
    assert [pod.units for pod in fabric.pods.values()] == [("su1", "su2")]
    assert find_defects(fabric) == ()


def test_hosts_join_the_planes_that_they_are_on() -> None:
    first = network(units=2, hosts=3, rails=1, spines=1)
    first.remove("su2-leaf1")
    assert [defect.id for defect in find_defects(planes(first, network(units=2, hosts=3, rails=1, spines=1)))] == ["leaf_missing"]


def test_neighbours_of_lldp() -> None:
    rows = [
        Neighbour(f"gpu{host}", f"eth{rail}", f"leaf{2 * (host // 4) + rail + 1}.fabric.example.org", f"swp{host + 1}", 400.0)
        for host in range(8)
        for rail in (0, 1)
    ]
    management = [Neighbour(f"gpu{host}", "eno1", "oob", f"swp{host + 1}", 1.0) for host in range(8)]
    fabric = build(from_neighbours([*rows, *management], interfaces="^eth"))
    assert {unit.name: unit.hosts for unit in fabric.units.values()} == {
        "unit1": ("gpu0", "gpu1", "gpu2", "gpu3"),
        "unit2": ("gpu4", "gpu5", "gpu6", "gpu7"),
    }
    assert [pod.units for pod in fabric.pods.values()] == [("unit1", "unit2")]
    assert host_views(fabric)["gpu5"]["ports"][1] == {
        "rail": 1,
        "device": "eth1",
        "adapter": "gpu5/eth1",
        "port": "eth1",
        "guid": None,
        "lid": None,
        "leaf": "leaf4",
        "leaf_port": "swp6",
        "width": None,
        "speed": None,
        "rate_gbits_per_s": 400.0,
    }
    assert not fabric.wiring.uplinks_known


def test_neighbours_of_switches_tell_the_spines() -> None:
    hosts = [Neighbour(f"gpu{host}", "eth0", f"leaf{host // 2 + 1}", f"swp{host}", 400.0) for host in range(4)]
    up = [Neighbour(f"leaf{leaf}", "swp50", "spine1", f"swp{leaf}", 800.0) for leaf in (1, 2)]
    down = [Neighbour("spine1", f"swp{leaf}", f"leaf{leaf}", "swp50", 800.0) for leaf in (1, 2)]
    fabric = build(from_neighbours([*hosts, *up, *down]))
    assert tiers(fabric) == {"leaf1": 1, "leaf2": 1, "spine1": 2}
    assert len(fabric.wiring.cables) == 6
    assert fabric.wiring.uplinks_known


def test_the_recorded_ndr_fabric(recorded_fabric: Callable[[str], Fabric]) -> None:
    fabric = recorded_fabric("infiniband/ibnetdiscover.ndr-dgx-fabric.txt")
    assert Counter(switch.tier for switch in fabric.switches.values()) == {1: 31, 2: 9}
    assert {unit.name: len(unit.leaves) for unit in fabric.units.values()} == {
        "A09-P1-IBLEAF-01": 3,
        **{f"A09-P1-IBLEAF-0{number}": 4 for number in (2, 3, 4)},
        **{f"B09-P1-IBLEAF-0{number}": 4 for number in (5, 6, 7, 8)},
    }
    for unit in fabric.units.values():
        for leaf in unit.leaves:
            label = fabric.switches[leaf].label
            # …-IBLEAF-rail-unit: names that we don't read for this agree with what the cables say.
            assert (label.split("-")[4], int(label.split("-")[3]) - 1) == (unit.name.split("-")[3], fabric.switches[leaf].rail)
    assert [len(pod.spines) for pod in fabric.pods.values()] == [9]


def test_the_recorded_qdr_fabric(recorded_fabric: Callable[[str], Fabric]) -> None:
    fabric = recorded_fabric("infiniband/ibnetdiscover.qdr-cluster-sx6036.txt")
    assert {label for label, tier in tiers(fabric).items() if tier == 1} == {f"ib{number}" for number in range(1, 7)}
    assert list(fabric.units) == [f"ib{number}" for number in range(1, 7)]
    assert sum(len(unit.hosts) for unit in fabric.units.values()) == 142


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["su1-leaf1", "su1-leaf2"], "su1"),
        (["A09-P1-IBLEAF-01-04", "A09-P1-IBLEAF-02-04"], "A09-P1-IBLEAF-04"),
        (["leaf-r1-su3", "leaf-r2-su3"], "leaf-su3"),
        (["leaf1"], "leaf1"),
        (["spine1", "spine12"], "spine"),
        (["core-a", "other"], ""),
        (["a", "b"], ""),
    ],
)
def test_common_names(labels: list[str], name: str) -> None:
    assert common_name(labels) == name


def test_order_of_devices() -> None:
    devices = ["mlx5_10", "mlx5_2", "HCA-1", "ibp12s0", "ibp9s0"]
    assert sorted(devices, key=lambda device: device_key(device, 1)) == ["HCA-1", "mlx5_2", "mlx5_10", "ibp9s0", "ibp12s0"]
    assert device_key("HCA-6", 1) == device_key("mlx5_5", 1)
    assert device_key("mlx5_0", 1) < device_key("mlx5_0", 2) < device_key(None, 1)


def test_names() -> None:
    assert (family("gpu0012.example.org"), family("b05-p1-C03")) == ("gpu#", "b#-p#-c#")
    assert [slurm_name(name) for name in ("leaf 1/a", "all", "...", "MF0;x")] == ["leaf-1-a", "switch-all", "switch", "MF0-x"]
