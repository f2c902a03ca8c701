# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a fabric is found, once each, and nothing else is."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from benchmark.fabric_generator import DEFAULT_NAME, Network, large_network, network

from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.build import build
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.defects import find_defects
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.wiring import Neighbour, from_neighbours
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.fabric import Defect, Fabric

Make = Callable[[Network], Fabric]
Found = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def found(fabric_of: Make) -> Found:
    """Return a function that gives the ids and subjects of a network's defects."""

    def find(made: Network, *nodes: str) -> list[tuple[str, str]]:
        return [(defect.id, defect.subject) for defect in find_defects(fabric_of(made), nodes)]

    return find


@pytest.fixture
def defect(fabric_of: Make) -> Callable[[Network], Defect]:
    """Return a function that gives a network's only defect."""

    def find(made: Network) -> Defect:
        (only,) = find_defects(fabric_of(made))
        return only

    return find


@pytest.mark.parametrize(
    "made",
    [
        network(),
        network(units=1, hosts=1, rails=8, spines=1),
        network(units=4, hosts=16, rails=8, spines=4, cables=4),
        network(pods=3, units=2, hosts=4, rails=2, spines=3, cables=2, cores=4),
        large_network(1),
    ],
)
def test_a_sound_fabric_has_none(made: Network, found: Found) -> None:
    assert found(made) == []


@pytest.mark.parametrize("seed", range(12))
def test_three_dead_ports_are_three_defects(seed: int, fabric_of: Make) -> None:
    made = network(units=4, hosts=16, rails=8, spines=4, cables=4)
    dead = random.Random(seed).sample([(host, rail) for host in range(1, 65) for rail in range(8)], 3)
    for host, rail in dead:
        made.remove(f"gpu{host:04} mlx5_{rail}")
    defects = find_defects(fabric_of(made), [f"gpu{host:04}" for host in range(1, 65)])
    assert {(defect.id, defect.subject) for defect in defects} == {("rail_missing", f"gpu{host:04} rail {rail}") for host, rail in dead}
    assert len(defects) == 3


def test_dead_rail(defect: Callable[[Network], Defect]) -> None:
    made = network(units=2, hosts=4, rails=4, spines=2)
    made.remove("gpu0006 mlx5_2")
    only = defect(made)
    assert (only.id, only.subject, only.kind) == ("rail_missing", "gpu0006 rail 2", "port")
    assert only.message == "it has no link on rail 2 (mlx5_2), on su2-leaf3: the port is down, or the cable is."
    assert only.expected == "su2-leaf3"


def test_dead_rail_of_a_fabric_of_four_hosts(found: Found) -> None:
    made = network(units=2, hosts=2, rails=2, spines=2)
    made.remove("gpu0003 mlx5_1")
    assert found(made) == [("rail_missing", "gpu0003 rail 1")]


def test_most_rails_of_a_host(found: Found) -> None:
    made = network(units=2, hosts=4, rails=8, spines=2)
    for rail in range(6):
        made.remove(f"gpu0002 mlx5_{rail}")
    assert found(made) == [("rails_missing", "gpu0002")]


def test_a_leaf_that_is_gone(found: Found, fabric_of: Make) -> None:
    made = network(units=3, hosts=4, rails=4, spines=2)
    made.remove("su2-leaf3")
    assert found(made) == [("leaf_missing", "su2 rail 2")]
    assert find_defects(fabric_of(made))[0].message.startswith("none of the 4 hosts of su2 has rail 2, which those of other units have")


def test_a_leaf_that_is_gone_below_two_hosts(found: Found) -> None:
    made = network(units=3, hosts=2, rails=3, spines=2)
    made.remove("su2-leaf3")
    assert found(made) == [("leaf_missing", "su2 rail 2")]


def test_hosts_of_fewer_rails_are_another_kind(found: Found) -> None:
    made = network(units=3, hosts=4, rails=8, spines=2)
    for host in range(5, 9):
        for rail in range(3, 8):
            made.remove(f"gpu{host:04} mlx5_{rail}")
    assert found(made) == []


def test_login_and_storage_hosts_lack_nothing(found: Found) -> None:
    made = network(units=2, hosts=8, rails=4, spines=2)
    made.connect(made.devices["su1-leaf1"], made.adapter("login1 mlx5_0"))
    made.connect(made.devices["spine1"], made.adapter("ufm1 mlx5_0"))
    for number in range(1, 4):
        for device in (0, 1):
            made.connect(made.devices["su2-leaf4"], made.adapter(f"storage{number} mlx5_{device}"))
    assert found(made) == []


def test_the_second_port_of_a_card_stands_for_the_first(found: Found) -> None:
    made = network(units=2, hosts=6, rails=1, spines=2)
    (cable,) = made.of("gpu0003 mlx5_0")
    cable.b_port = 2
    assert found(made) == []


def test_hosts_whose_names_have_nothing_in_common(found: Found) -> None:
    made = network(units=1, hosts=0, rails=2, spines=1)
    for name in ("atlas", "rocket", "sputnik", "apollo", "gemini"):
        for rail in (0, 1):
            made.connect(made.devices[f"su1-leaf{rail + 1}"], made.adapter(f"{name} mlx5_{rail}"))
    assert found(made) == []
    made.remove("sputnik mlx5_1")
    assert found(made) == [("rail_missing", "sputnik rail 1")]


def test_slow_link_of_a_host(defect: Callable[[Network], Defect]) -> None:
    made = network(units=2, hosts=4, rails=2, spines=2)
    made.of("gpu0005 mlx5_1")[0].rate = "4xHDR"
    only = defect(made)
    assert (only.id, only.subject) == ("link_slow", "gpu0005 mlx5_1 – su2-leaf2 port 1")
    assert only.message == "the link runs at 4x HDR (200 Gb/s), where others of its kind run at 4x NDR (400 Gb/s)."
    assert (only.expected, only.observed) == ("4x NDR (400 Gb/s)", "4x HDR (200 Gb/s)")


def test_narrow_link_between_switches(defect: Callable[[Network], Defect]) -> None:
    made = network(units=2, hosts=4, rails=2, spines=2)
    made.between("su1-leaf1", "spine2")[0].rate = "1xNDR"
    only = defect(made)
    assert (only.id, only.subject, only.kind) == ("link_narrow", "su1-leaf1 port 6 – spine2 port 1", "link")
    assert only.message == "the link runs at 1x NDR (100 Gb/s), where others of its kind run at 4x NDR (400 Gb/s)."


def test_each_of_several_slow_links(found: Found) -> None:
    made = network(units=4, hosts=8, rails=4, spines=4, cables=2)
    made.of("gpu0005 mlx5_1")[0].rate = "2xNDR"
    made.of("gpu0021 mlx5_3")[0].rate = "4xHDR"
    made.between("su3-leaf2", "spine4")[1].rate = "4xEDR"
    assert found(made) == [
        ("link_slow", "gpu0021 mlx5_3 – su3-leaf4 port 5"),
        ("link_slow", "su3-leaf2 port 16 – spine4 port 20"),
        ("link_narrow", "gpu0005 mlx5_1 – su1-leaf2 port 5"),
    ]


def test_a_host_that_is_slow_on_all_rails_is_one_defect(defect: Callable[[Network], Defect]) -> None:
    made = network(units=2, hosts=6, rails=4, spines=2)
    for rail in range(4):
        made.of(f"gpu0002 mlx5_{rail}")[0].rate = "4xHDR"
    only = defect(made)
    assert (only.id, only.subject, only.kind) == ("host_slow", "gpu0002", "node")
    assert only.message == "each of its 4 links carries less than 400 Gb/s, which is usual for hosts of its kind."
    assert only.observed == "4x HDR (200 Gb/s)"


def test_older_hosts_and_older_leaves_are_kinds_of_their_own(found: Found) -> None:
    made = network(units=4, hosts=4, rails=2, spines=2, cables=2)
    for number in range(1, 6):
        made.connect(made.devices["su1-leaf1"], made.adapter(f"storage{number} mlx5_0"), "4xHDR")
    for spine in ("spine1", "spine2"):
        for cable in made.between("su4-leaf1", spine):
            cable.rate = "4xHDR"
    assert found(made) == []


def test_unknown_rates_are_not_compared(found: Found) -> None:
    made = network(units=2, hosts=4, rails=2, spines=2)
    made.of("gpu0005 mlx5_1")[0].rate = "4x???"
    assert found(made) == []


def test_missing_uplink(defect: Callable[[Network], Defect], found: Found) -> None:
    made = network(units=4, hosts=4, rails=2, spines=2, cables=4)
    made.cut(made.between("su2-leaf1", "spine2")[0])
    only = defect(made)
    assert (only.id, only.subject, only.kind) == ("uplink_missing", "su2-leaf1 – spine2", "uplink")
    assert only.message == "there are 3 of 4 cables from su2-leaf1 to spine2; most of the switches beside it have 4 cables there."
    made.cut(*made.between("su2-leaf1", "spine2"))
    assert defect(made).message == "there is no cable from su2-leaf1 to spine2; most of the switches beside it have 4 cables there."
    made = network(pods=2, units=2, hosts=4, rails=2, spines=3, cores=3)
    made.cut(*made.between("pod1-spine2", "core3"))
    assert found(made) == [("uplink_missing", "pod1-spine2 – core3")]


def test_missing_uplink_of_a_small_fabric(found: Found) -> None:
    made = network(units=2, hosts=2, rails=2, spines=2)
    made.cut(*made.between("su1-leaf2", "spine1"))
    assert found(made) == [("uplink_missing", "su1-leaf2 – spine1")]


def test_uplinks_that_are_spread_unevenly_are_not_missing(found: Found) -> None:
    made = network(units=3, hosts=4, rails=1, spines=3, cables=2)
    for unit in (1, 2, 3):
        made.cut(made.between(f"su{unit}-leaf1", f"spine{unit}")[0])
    assert found(made) == []


def test_rails_with_spines_of_their_own(found: Found) -> None:
    made = large_network(2)
    made.cut(made.between("su7-leaf4", "pod2-r4-spine3")[0])
    assert found(made) == [("uplink_missing", "su7-leaf4 – pod2-r4-spine3")]


def test_cable_in_the_leaf_of_another_rail(fabric_of: Make) -> None:
    made = network(units=2, hosts=6, rails=4, spines=2)
    made.move("gpu0002 mlx5_1", "su1-leaf3")
    made.move("gpu0002 mlx5_2", "su1-leaf2")
    first, second = find_defects(fabric_of(made))
    assert (first.id, first.subject, first.kind) == ("wrong_leaf", "gpu0002 mlx5_1", "link")
    assert first.message == "its cable of rail 1 goes to su1-leaf3 port 9, the leaf of rail 2; the others' of su1 go to su1-leaf2."
    assert (second.subject, second.expected, second.observed) == ("gpu0002 mlx5_2", "su1-leaf3", "su1-leaf2 port 9")


def test_cable_in_the_leaf_of_another_unit_or_in_a_spine(fabric_of: Make) -> None:
    made = network(units=2, hosts=6, rails=4, spines=2)
    made.move("gpu0002 mlx5_1", "su2-leaf2")
    made.move("gpu0003 mlx5_1", "spine1")
    messages = [(defect.subject, defect.message) for defect in find_defects(fabric_of(made))]
    assert messages == [
        ("gpu0002 mlx5_1", "its cable of rail 1 goes to su2-leaf2 port 9, a leaf of su2; the others' of su1 go to su1-leaf2."),
        ("gpu0003 mlx5_1", "its cable of rail 1 goes to spine1 port 9, a switch above the leaves; the others' of su1 go to su1-leaf2."),
    ]


def test_two_leaves_for_a_rail_are_not_wrong(found: Found) -> None:
    made = Network()
    leaves = [made.switch(f"leaf{number}") for number in range(4)]
    spine = made.switch("spine")
    for host in range(8):
        for rail in (0, 1):
            made.connect(leaves[2 * rail + host % 2], made.adapter(f"gpu{host} mlx5_{rail}"))
    for leaf in leaves:
        made.connect(leaf, spine)
    assert found(made) == []


def test_two_leaves_for_one_of_the_rails_are_not_wrong(found: Found) -> None:
    made = Network()
    first, other, second = made.switch("first"), made.switch("other"), made.switch("second")
    for host in range(8):
        made.connect(other if host % 2 else first, made.adapter(f"gpu{host} mlx5_0"))
        made.connect(second, made.adapter(f"gpu{host} mlx5_1"))
    assert found(made) == []


def test_unnamed_adapter_is_told_by_its_place(defect: Callable[[Network], Defect]) -> None:
    made = network(units=2, hosts=4, rails=4, spines=2)
    made.devices["gpu0006 mlx5_2"].name = DEFAULT_NAME
    only = defect(made)
    assert (only.id, only.expected) == ("hca_unnamed", "gpu0006")
    assert only.message == (
        f"the adapter at port 2 of su2-leaf3 calls itself {DEFAULT_NAME!r}, which does not tell the host that it is in. "
        "By its place it is gpu0006's, of rail 2."
    )


def test_unnamed_host(found: Found, fabric_of: Make) -> None:
    made = network(units=2, hosts=4, rails=2, spines=2)
    for rail in (0, 1):
        made.devices[f"gpu0006 mlx5_{rail}"].name = DEFAULT_NAME
    assert [defect for defect, _subject in found(made, "gpu0006.example.org", "GPU0001.example.org")] == ["node_missing", "hca_unnamed", "hca_unnamed"]
    missing = find_defects(fabric_of(made), ["gpu0006"])[0]
    assert (missing.subject, missing.hint) == ("gpu0006", "Among the 2 adapters without a name may be its own.")


def test_a_name_that_two_hosts_have(defect: Callable[[Network], Defect]) -> None:
    made = network(units=1, hosts=6, rails=1, spines=1)
    made.devices["gpu0004 mlx5_0"].name = "gpu0003 mlx5_0"
    only = defect(made)
    assert (only.id, only.subject) == ("name_twice", "gpu0003 mlx5_0")
    assert only.message.startswith("2 adapters call themselves gpu0003 mlx5_0: 0x00cc000000000050, 0x00cc000000000060.")


def test_missing_node_and_names_with_a_domain(found: Found) -> None:
    made = network(units=1, hosts=2, rails=1, spines=1)
    made.devices["gpu0001 mlx5_0"].name = "gpu0001.cluster.example.org mlx5_0"
    assert found(made, "gpu0001", "gpu0002.example.org", "gpu0003") == [("node_missing", "gpu0003")]


def test_names_that_differ_in_their_domain_alone_match_as_a_whole(found: Found) -> None:
    made = network(units=1, hosts=2, rails=1, spines=1)
    made.devices["gpu0001 mlx5_0"].name, made.devices["gpu0002 mlx5_0"].name = "n1.east mlx5_0", "n1.west mlx5_0"
    assert found(made, "n1.east", "n1.west") == []
    assert found(made, "n1") == [("node_missing", "n1")]


def test_a_fabric_in_two_parts(defect: Callable[[Network], Defect]) -> None:
    made = network(units=3, hosts=2, rails=1, spines=1)
    made.cut(*made.between("su3-leaf1", "spine1"))
    only = defect(made)
    assert (only.id, only.kind) == ("fabric_split", "fleet")
    assert only.message == "there is no way from su3-leaf1 to the rest of the fabric (su1-leaf1, su2-leaf1)."


def test_lldp_of_hosts_alone_tells_nothing_of_uplinks() -> None:
    rows = [Neighbour(f"gpu{host}", f"eth{rail}", f"leaf{2 * (host // 4) + rail}", f"swp{host}", 400.0) for host in range(8) for rail in (0, 1)]
    assert find_defects(build(from_neighbours(rows))) == ()
    rows[3] = Neighbour("gpu1", "eth1", "leaf1", "swp1", 100.0)
    (only,) = find_defects(build(from_neighbours(rows)))
    assert (only.id, only.subject, only.observed) == ("link_slow", "gpu1 eth1 – leaf1 port swp1", "100 Gb/s")


def test_the_recorded_ndr_fabric(recorded_fabric: Callable[[str], Fabric]) -> None:
    defects = find_defects(recorded_fabric("infiniband/ibnetdiscover.ndr-dgx-fabric.txt"))
    assert Counter(defect.id for defect in defects) == {"hca_unnamed": 72, "uplink_missing": 16, "wrong_leaf": 2, "leaf_missing": 1}
    # Two cables of one host are swapped: they are at the same port of each other's leaf.
    assert [(defect.subject, defect.expected, defect.observed) for defect in defects if defect.id == "wrong_leaf"] == [
        ("b08-p1-dgx-08-c01 HCA-5", "B09-P1-IBLEAF-03-08", "B09-P1-IBLEAF-04-08 port 1"),
        ("b08-p1-dgx-08-c01 HCA-6", "B09-P1-IBLEAF-04-08", "B09-P1-IBLEAF-03-08 port 1"),
    ]


def test_the_recorded_qdr_fabric(recorded_fabric: Callable[[str], Fabric]) -> None:
    defects = find_defects(recorded_fabric("infiniband/ibnetdiscover.qdr-cluster-sx6036.txt"))
    assert [(defect.subject, defect.observed, defect.expected) for defect in defects] == [("ib1 – ib8", "3", "4")]
