# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hardware should deliver: the figures that the field accepts, what limits them in words, and nothing where nothing is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.expectation import (
    COLLECTIVES,
    Algorithm,
    Collective,
    Expectation,
    expect_bandwidth,
    expect_gpu_copy,
    expect_host_copy,
    expect_rail_pair,
    expect_rdma,
    expect_storage,
)
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.machine import Hop, Machine, machine_from_class

from .machines import A100, B200, B300, EPYC, GB200, H100, H100_NVL, H200, H800, MI300X, V100, slotted, switched, with_gpu, with_rail


def bandwidth(machine: Machine, nodes: int = 1, collective: Collective = "all_reduce", algorithm: Algorithm = "default") -> Expectation:
    return expect_bandwidth([machine] * nodes, collective, algorithm)


A100_NODE, H100_NODE, H200_NODE = switched(A100, rate=200, generation=4), switched(H100), switched(H200)

# Machine, nodes, collective, algorithm, and the range of what is accepted (the sources are in platforms.py; confidence high): ours is within 5 % of its middle.
ACCEPTED = [
    ("A100, one node", A100_NODE, 1, "all_reduce", "default", 228, 235),
    ("A100, one node, ring", A100_NODE, 1, "all_reduce", "ring", 228, 235),
    ("A100, three nodes, ring", A100_NODE, 3, "all_reduce", "ring", 185, 192),
    ("A100, eight nodes, default", A100_NODE, 8, "all_reduce", "default", 185, 192),
    ("A100, 4 x HDR", switched(A100, rails=4, rate=200, generation=4), 4, "all_reduce", "ring", 96, 96),
    ("A100, 8 x HDR", A100_NODE, 4, "all_reduce", "ring", 192, 192),
    ("H100, one node", H100_NODE, 1, "all_reduce", "default", 475, 480),
    ("H100, one node, ring", H100_NODE, 1, "all_reduce", "ring", 370, 371),
    ("H100, three nodes, ring", H100_NODE, 3, "all_reduce", "ring", 365, 385),
    ("H100, 64 nodes, default", H100_NODE, 64, "all_reduce", "default", 365, 385),
    ("H100, two nodes, default", H100_NODE, 2, "all_reduce", "default", 440, 440),
    ("H100, alltoall of 16 ranks", H100_NODE, 2, "alltoall", "default", 90, 90),
    ("H100, alltoall of 64 ranks", H100_NODE, 8, "alltoall", "default", 54, 54),
    ("H100, sendrecv over two nodes", H100_NODE, 2, "sendrecv", "default", 47, 48),
    ("H200, one node", H200_NODE, 1, "all_reduce", "default", 475, 480),
    ("H200, one node, ring", H200_NODE, 1, "all_reduce", "ring", 370, 371),
    ("H200, 31 nodes, ring", H200_NODE, 31, "all_reduce", "ring", 350, 385),
]


@pytest.mark.parametrize(
    ("nodes", "machine", "collective", "algorithm", "low", "high"), [(case[2], case[1], *case[3:]) for case in ACCEPTED], ids=[case[0] for case in ACCEPTED]
)
def test_accepted_figures_are_reproduced(nodes: int, machine: Machine, collective: Collective, algorithm: Algorithm, low: float, high: float) -> None:
    expected = bandwidth(machine, nodes, collective, algorithm)
    assert expected.gbytes_per_s == pytest.approx((low + high) / 2, rel=0.05)
    assert expected.binding_limit and expected.formula and expected.source and not expected.reason


@pytest.mark.parametrize(
    ("machine", "nodes", "algorithm", "low", "high"),
    [
        (switched(B200), 1, "default", 830, 850),
        (switched(B200), 2, "default", 690, 720),  # CoreWeave's 690 is what 8 GB gave
        (switched(GB200, gpus=4, rails=4, nvlink_domain="rack1.1"), 18, "default", 835, 847),
        (switched(H800), 1, "default", 210, 220),
        (switched(H800), 4, "ring", 160, 170),
        (switched(B300, rate=800, generation=6), 4, "ring", 700, 740),
        (switched(MI300X), 1, "default", 310, 340),
        (switched(MI300X), 2, "default", 330, 350),
        (switched(V100, rails=4, rate=100, generation=3), 1, "default", 110, 130),
    ],
)
def test_less_certain_platforms_are_within_the_range(machine: Machine, nodes: int, algorithm: Algorithm, low: float, high: float) -> None:
    expected = bandwidth(machine, nodes, "all_reduce", algorithm)
    assert expected.gbytes_per_s is not None
    assert low <= expected.gbytes_per_s <= high
    assert expected.confidence in ("medium", "low")


def test_rails_carry_what_the_field_counts_with() -> None:
    """Eight NDR rails carry more than the NVLinks of a H100 give a ring; where the node gives more, they are the limit."""
    assert bandwidth(switched(B200), 4, algorithm="ring").gbytes_per_s == pytest.approx(384)
    assert expect_rail_pair(H100_NODE, H100_NODE, 3).gbytes_per_s == pytest.approx(48)
    assert expect_rail_pair(A100_NODE, A100_NODE, 3).gbytes_per_s == pytest.approx(24)
    assert expect_rail_pair(H100_NODE, H100_NODE, 3).confidence == "high"


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (bandwidth(A100_NODE), "NVLink: NCCL takes no more than 235.0 GB/s for sm_80"),
        (bandwidth(H100_NODE), "NVLink: 18 links of 20.6 GB/s limit to 370.8 GB/s, with NVLS 1.30 times that: 482.0 GB/s"),
        (bandwidth(H100_NODE, algorithm="ring"), "NVLink: 18 links of 20.6 GB/s limit to 370.8 GB/s"),
        (bandwidth(with_gpu(H100_NODE, 3, links=9), algorithm="ring"), "NVLink: 9 of 18 links of 20.6 GB/s on 0000:3a:00.0 limit to 185.4 GB/s"),
        (bandwidth(H100_NODE, 2), "NVLink: 18 links of 20.6 GB/s limit to 370.8 GB/s, with NVLS 1.30 times that, on two nodes 0.92 of it: 443.5 GB/s"),
        (bandwidth(switched(B200), 2), "8 rails at 400 Gb/s limit to 384.0 GB/s, of which a tree needs 1/1.875"),
        (bandwidth(A100_NODE, 4), "8 rails at 200 Gb/s limit to 192.0 GB/s"),
        (bandwidth(H100_NODE, 2, "alltoall"), "8 rails at 400 Gb/s limit to 384.0 GB/s; each GPU's share is 48.0"),
        (bandwidth(switched(MI300X)), "xGMI: 7 links of 48.0 GB/s limit to 336.0 GB/s"),
        (bandwidth(switched(MI300X), collective="sendrecv"), "xGMI: one link joins two GPUs, and limits to 48.0 GB/s"),
        (expect_rail_pair(H100_NODE, H100_NODE, 5), "rail 5: the port of mlx5_5 at 400 Gb/s limits to 48.0 GB/s"),
        (expect_rdma(H100_NODE, H100_NODE, 5), "rail 5: the port of mlx5_5 at 400 Gb/s limits to 50.0 GB/s"),
        (expect_host_copy(H100_NODE, "0000:3a:00.0"), "0000:3a:00.0: PCIe Gen5 x16 on 0000:3a:00.0 limits to 55.0 GB/s"),
        (expect_gpu_copy(with_gpu(H100_NODE, 3, links=9)), "NVLink: 9 of 18 links limit to 190.0 GB/s"),
    ],
)
def test_binding_limit_is_said_in_words(expected: Expectation, words: str) -> None:
    assert expected.binding_limit == words


def test_narrow_adapter_halves_the_ring_and_is_named() -> None:
    narrow = with_rail(A100_NODE, 5, hops=(Hop("0000:50:00.0", 4, 16), Hop("0000:5e:00.0", 4, 8)))
    pair = expect_rail_pair(A100_NODE, narrow, 5)
    assert (pair.gbytes_per_s, pair.binding_limit) == (12.0, "rail 5: PCIe Gen4 x8 on 0000:5e:00.0 limits to 12.0 GB/s")
    ring = expect_bandwidth([A100_NODE, narrow, A100_NODE], "all_reduce", "ring")
    assert ring.gbytes_per_s == pytest.approx(96)
    assert ring.binding_limit == "rail 5: PCIe Gen4 x8 on 0000:5e:00.0 limits to 12.0 GB/s, and with it each of 8 rails"
    assert expect_rail_pair(narrow, narrow, 4).gbytes_per_s == 24.0


def test_rail_at_half_rate_halves_the_ring_and_is_named_with_its_node() -> None:
    nodes = [replace(H100_NODE, name=f"node{number}") for number in range(3)]
    nodes[1] = with_rail(nodes[1], 2, rate_gbits_per_s=200)
    ring = expect_bandwidth(nodes, "all_reduce", "ring")
    assert ring.gbytes_per_s == pytest.approx(192)
    assert ring.binding_limit == "node1 rail 2: the port of mlx5_2 at 200 Gb/s limits to 24.0 GB/s, and with it each of 8 rails"
    two = expect_bandwidth(nodes[:2], "all_reduce")
    assert two.gbytes_per_s == pytest.approx(360)
    assert expect_rdma(nodes[0], nodes[1], 2).gbytes_per_s == pytest.approx(25)


def test_node_is_named_only_where_others_are_faster() -> None:
    nodes = [replace(H100_NODE, name=f"node{number}") for number in range(3)]
    assert bandwidth(H100_NODE, 3).binding_limit == expect_bandwidth(nodes).binding_limit
    assert expect_bandwidth(nodes, "sendrecv").binding_limit == "rail 0: the port of mlx5_0 at 400 Gb/s limits to 48.0 GB/s"
    assert expect_rail_pair(nodes[0], nodes[1], 5).binding_limit == "rail 5: the port of mlx5_5 at 400 Gb/s limits to 48.0 GB/s"
    nodes[2] = with_gpu(nodes[2], 0, links=12)
    assert expect_bandwidth(nodes).binding_limit == "node2 NVLink: 12 of 18 links of 20.6 GB/s on 0000:0a:00.0 limit to 247.2 GB/s"
    nodes[1] = with_rail(nodes[1], 5, rate_gbits_per_s=100)
    assert expect_rail_pair(nodes[0], nodes[1], 5).binding_limit == "node1 rail 5: the port of mlx5_5 at 100 Gb/s limits to 12.0 GB/s"


def test_rdma_over_a_narrow_link_comes_near_its_line_rate() -> None:
    narrow = with_rail(A100_NODE, 5, hops=(Hop("0000:5e:00.0", 4, 8),))
    expected = expect_rdma(narrow, narrow, 5)
    assert expected.gbytes_per_s == pytest.approx(15.75 * 256 / 280)
    assert expected.binding_limit == "rail 5: PCIe Gen4 x8 on 0000:5e:00.0 limits to 14.4 GB/s"
    assert expected.confidence == "medium"


def test_uplink_of_a_switch_is_shared() -> None:
    """Two adapters below one switch, their GPUs elsewhere on the same socket: the switch's uplink carries both."""
    uplink = Hop("0000:c0:00.0", 4, 16)
    machine = switched(A100, rate=200, generation=4, cpu_model=EPYC)
    for number in (0, 1):
        machine = with_rail(machine, number, hops=(uplink, Hop(f"0000:c{number + 1}:00.0", 4, 16)))
    expected = expect_rail_pair(machine, machine, 1)
    assert expected.binding_limit == "rail 1: PCIe Gen4 x16 on 0000:c0:00.0, shared by rails 0 and 1, limits to 12.0 GB/s"
    assert (expected.gbytes_per_s, expected.confidence) == (12.0, "medium")
    assert expect_rdma(machine, machine, 1).gbytes_per_s == pytest.approx(25)
    together = expect_rdma(machine, machine, 1, together=True)
    assert together.binding_limit == "rail 1: PCIe Gen4 x16 on 0000:c0:00.0, shared by rails 0 and 1, limits to 14.4 GB/s"


def test_uplink_carries_nothing_where_the_gpu_is_below_the_same_switch() -> None:
    slow = with_rail(
        with_gpu(A100_NODE, 0, hops=(Hop("0000:00:00.0", 3, 8), *A100_NODE.gpus[0].hops[1:])), 0, hops=(Hop("0000:00:00.0", 3, 8), *A100_NODE.rails[0].hops[1:])
    )
    assert expect_rail_pair(slow, slow, 0).gbytes_per_s == 24.0
    assert expect_host_copy(slow, "0000:0a:00.0").reason == (
        "0000:0a:00.0: there is no figure for copies over a PCIe link Gen3 x8 (0000:00:00.0); use the fleet's median as the reference"
    )


def test_adapter_that_reaches_its_gpu_through_an_intel_processor_loses_a_sixth() -> None:
    machine = with_rail(switched(H100), 0, hops=(Hop("0000:f1:00.0", 5, 16),))
    expected = expect_rail_pair(machine, machine, 0)
    assert expected.binding_limit == "rail 0: PCIe Gen5 x16 on 0000:f1:00.0 through an Intel processor limits to 40.0 GB/s"
    amd = replace(machine, cpu_model=EPYC)
    assert expect_rail_pair(amd, amd, 0).gbytes_per_s == 48.0


def test_adapter_at_the_other_socket_is_limited_by_the_link_between_them() -> None:
    one_gpu = replace(switched(H100, gpus=1, rails=1), rails=(replace(H100_NODE.rails[7], rail=0, numa_node=1),))
    expected = expect_rail_pair(one_gpu, one_gpu, 0)
    assert (expected.binding_limit, expected.confidence) == ("rail 0: the link between the sockets limits to 22.0 GB/s", "low")
    strange = replace(one_gpu, cpu_model="Zhaoxin KH-40000")
    assert expect_rail_pair(strange, strange, 0).reason == (
        "rail 0: its GPU is at another socket, and the link between sockets of Zhaoxin KH-40000 is not in the table; use the fleet's median as the reference"
    )


def test_rails_that_reach_their_gpus_at_the_other_socket_share_the_link_between_them() -> None:
    adapters = tuple(replace(H100_NODE.rails[6 + number], rail=number, numa_node=1) for number in range(2))
    machine = replace(switched(H100, gpus=2), gpus=tuple(replace(gpu, numa_node=0) for gpu in H100_NODE.gpus[:2]), rails=adapters)
    assert expect_rail_pair(machine, machine, 1).binding_limit == "rail 1: the link between the sockets, shared by 2 rails, limits to 11.0 GB/s"


def test_gpus_below_one_switch_do_not_use_what_is_above_it() -> None:
    above = Hop("0000:c0:00.0", 3, 8)
    machine = replace(slotted(), gpus=tuple(replace(gpu, hops=(above, *gpu.hops)) for gpu in slotted().gpus))
    expected = bandwidth(machine)
    assert expected.binding_limit == "GPUs: PCIe Gen4 x16 on 0000:0a:00.0 limits to 24.0 GB/s"


def test_adapter_of_grace_reaches_its_gpu_over_c2c() -> None:
    tray = slotted(GB200, cpu="Neoverse-V2", rails=4, generation=5, links=18)
    tray = with_gpu(tray, 0, hops=(Hop("0000:0a:00.0", 5, 1),))
    assert expect_rail_pair(tray, tray, 0).gbytes_per_s == 24.0


def test_mesh_of_fewer_gpus_uses_fewer_links() -> None:
    assert bandwidth(switched(MI300X, gpus=4)).binding_limit == "xGMI: 3 links of 48.0 GB/s limit to 144.0 GB/s"


def test_tree_without_nvls_is_not_sure() -> None:
    assert bandwidth(A100_NODE, 2).confidence == "low"
    assert bandwidth(H100_NODE, 2).confidence == "medium"
    assert bandwidth(A100_NODE, 2, algorithm="ring").confidence == "high"


@pytest.mark.parametrize(
    ("machine", "value", "words"),
    [
        (slotted(), 20.0, "GPUs: PCIe Gen4 x16 on 0000:0a:00.0 through an Intel processor limits to 20.0 GB/s"),
        (slotted(generation=5, sockets=2), 22.0, "GPUs: the link between the sockets limits to 22.0 GB/s"),
        (slotted(cpu=EPYC), 24.0, "GPUs: PCIe Gen4 x16 on 0000:0a:00.0 limits to 24.0 GB/s"),
        (with_gpu(slotted(cpu=EPYC), 2, hops=(Hop("0000:2a:00.0", 4, 8),)), 12.0, "GPUs: PCIe Gen4 x8 on 0000:2a:00.0 limits to 12.0 GB/s"),
        (slotted(H100_NVL, generation=5, links=12), 40.0, "GPUs: PCIe Gen5 x16 on 0000:0a:00.0 through an Intel processor limits to 40.0 GB/s"),
        (slotted(H100_NVL, gpus=2, generation=5, links=12), 247.2, "NVLink: 12 links of 20.6 GB/s limit to 247.2 GB/s"),
    ],
)
def test_gpus_without_nvlink_are_bound_by_pcie(machine: Machine, value: float, words: str) -> None:
    expected = bandwidth(machine)
    assert expected.gbytes_per_s == pytest.approx(value)
    assert (expected.binding_limit, expected.confidence) == (words, "low")


def test_rack_of_one_nvlink_domain_is_one_node() -> None:
    tray = switched(GB200, gpus=4, rails=4, nvlink_domain="a.1")
    rack = bandwidth(tray, 18)
    assert rack.gbytes_per_s == pytest.approx(837.3, abs=0.1)
    assert rack.ratios.fail_below == 0.92
    assert bandwidth(tray, 18, "all_gather").gbytes_per_s == pytest.approx(721.8)
    apart = replace(tray, nvlink_domain=None)
    assert bandwidth(apart, 18, algorithm="ring").gbytes_per_s == pytest.approx(192)
    two_racks = expect_bandwidth([tray, tray, replace(tray, nvlink_domain="b.1")])
    assert two_racks.reason == "there are no figures for several NVLink domains of more than one node each; use the fleet's median as the reference"


def test_sharp_moves_each_byte_once() -> None:
    assert bandwidth(switched(B200), 8, algorithm="sharp").gbytes_per_s == pytest.approx(384 * 2 * 63 / 64)
    assert bandwidth(H100_NODE, 8, algorithm="sharp").gbytes_per_s == pytest.approx(482, abs=0.1)


MIXED = with_gpu(H100_NODE, 0, pci_id=H200)
UNKNOWN = [
    (bandwidth(switched("10de:ffff")), "GPU 10de:ffff is not in the table of platforms"),
    (bandwidth(switched("10de:ffff"), 3, algorithm="ring"), "GPU 10de:ffff is not in the table of platforms"),
    (expect_rail_pair(H100_NODE, switched("10de:ffff"), 0), "GPU 10de:ffff is not in the table of platforms"),
    (expect_gpu_copy(switched(B200)), "there is no figure for copies between GPUs of B200 SXM6"),
    (expect_host_copy(switched(GB200), "0000:0a:00.0"), "0000:0a:00.0 hangs on NVLink-C2C, for whose copies there is no figure"),
    (expect_host_copy(H100_NODE, "0000:ff:00.0"), "the PCIe link of 0000:ff:00.0 was not seen"),
    (bandwidth(MIXED), "the GPUs are of different kinds: 10de:2330, 10de:2335"),
    (bandwidth(replace(H100_NODE, gpus=())), "no GPU takes part"),
    (expect_bandwidth([]), "there is no node"),
    (bandwidth(switched(gpus=1)), "one GPU alone has nobody to exchange data with"),
    (bandwidth(switched(gpus=7)), "what NVLS gives 7 GPUs of H100 SXM5 is not known; the ring is"),
    (expect_bandwidth([H100_NODE, switched(gpus=7)]), "the nodes have different numbers of GPUs: 7 and 8"),
    (bandwidth(with_gpu(H100_NODE, 2, links=0)), "none of the 18 NVLink links of GPU 0000:2a:00.0 is active"),
    (bandwidth(with_rail(H100_NODE, 3, active=False), 3), "rail 3: the port of mlx5_3 is down"),
    (bandwidth(with_rail(H100_NODE, 3, rate_gbits_per_s=None), 3), "rail 3: the rate of the port of mlx5_3 was not seen"),
    (expect_rdma(H100_NODE, with_rail(H100_NODE, 3, active=False), 3), "rail 3: the port of mlx5_3 is down"),
    (expect_rdma(H100_NODE, H100_NODE, 8), "has no rail 8"),
    (bandwidth(replace(H100_NODE, rails=()), 2), "no rail was found"),
    (
        bandwidth(with_rail(H100_NODE, 0, hops=(Hop("0000:0e:00.0", None, 16),)), 3),
        "rail 0: speed and width of the PCIe link on 0000:0e:00.0 were not seen",
    ),
    (bandwidth(slotted(), collective="alltoall"), "alltoall between GPUs of L40S depends on which of them share links"),
    (expect_bandwidth([switched("10de:ffff", name="node7"), replace(H100_NODE, name="node1")]), "node7: GPU 10de:ffff is not in the table of platforms"),
    (expect_rdma(replace(H100_NODE, name="node1"), replace(H100_NODE, name="node2", rails=()), 3), "node2 has no rail 3"),
    (bandwidth(switched(V100), collective="sendrecv"), "sendrecv between GPUs of V100 SXM2 depends on which of them share links"),
]


@pytest.mark.parametrize(("expected", "reason"), UNKNOWN)
def test_what_is_not_known_is_not_guessed(expected: Expectation, reason: str) -> None:
    assert (expected.gbytes_per_s, expected.confidence, expected.binding_limit) == (None, "none", "")
    assert expected.reason == f"{reason}; use the fleet's median as the reference"


def test_rail_that_is_down_says_nothing_of_the_others() -> None:
    assert expect_rail_pair(H100_NODE, with_rail(H100_NODE, 3, active=False), 4).gbytes_per_s == 48.0


def test_rdma_needs_no_gpu() -> None:
    bare = replace(H100_NODE, gpus=())
    assert expect_rdma(bare, bare, 0).gbytes_per_s == 50.0


def test_missing_rail_is_told() -> None:
    short = replace(switched(B200, rails=7), name="node2")
    expected = expect_bandwidth([replace(switched(B200), name="node1"), short], "all_gather")
    assert (expected.gbytes_per_s, expected.binding_limit) == (pytest.approx(336), "node2 has only 7 of 8 rails, of 48.0 GB/s each")


@pytest.mark.parametrize("collective", COLLECTIVES)
def test_every_collective_has_an_expectation_on_known_hardware(collective: Collective) -> None:
    for nodes in (1, 2, 3):
        for algorithm in ("default", "ring"):
            assert bandwidth(H100_NODE, nodes, collective, algorithm).gbytes_per_s


def test_ratios_follow_the_scope() -> None:
    found = {nodes: bandwidth(H100_NODE, nodes, "all_reduce", "ring").ratios for nodes in (1, 2, 31, 32)}
    assert {nodes: (ratios.fail_below, ratios.warn_below) for nodes, ratios in found.items()} == {
        1: (0.92, 0.95),
        2: (0.9, 0.94),
        31: (0.9, 0.94),
        32: (0.85, 0.9),
    }
    assert expect_rdma(H100_NODE, H100_NODE, 0).ratios.fail_below == 0.93
    assert expect_host_copy(H100_NODE, "0000:0a:00.0").ratios.fail_below == 0.87
    assert expect_gpu_copy(H100_NODE).ratios.fail_below == 0.88


@pytest.mark.parametrize("name", ["a100_sxm_8", "h100_sxm_8", "h200_sxm_8", "b200_sxm_8"])
def test_declared_class_expects_what_a_sound_node_of_it_does(name: str) -> None:
    declared = machine_from_class("", hardware_class(name))
    observed = {"a100_sxm_8": A100_NODE, "h100_sxm_8": H100_NODE, "h200_sxm_8": H200_NODE, "b200_sxm_8": switched(B200)}[name]
    for nodes in (1, 2, 3):
        for collective in COLLECTIVES:
            assert bandwidth(declared, nodes, collective).gbytes_per_s == pytest.approx(bandwidth(observed, nodes, collective).gbytes_per_s)


def test_declared_class_without_nvlink_is_not_sure() -> None:
    assert bandwidth(machine_from_class("", hardware_class("l40s_8")), 1).confidence == "low"


def test_storage_is_passed_through() -> None:
    machine = machine_from_class("node1", hardware_class("h100_sxm_8"), storage_gbytes_per_s={"/scratch": 40.0})
    found = expect_storage(machine)["/scratch"]
    assert (found.what, found.gbytes_per_s, found.confidence) == ("storage /scratch", 40.0, "declared")
    assert found.binding_limit == "declared: 40.0 GB/s must be reached"
    assert expect_storage(H100_NODE) == {}
