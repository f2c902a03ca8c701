# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines from the facts of a node and from a declared class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.expectation import (
    expect_bandwidth,
    expect_host_copy,
    expect_rail_pair,
    expect_rdma,
)
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.machine import Hop, Machine, machine_from_class, machine_from_facts
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.gpu import Gpu, GpuFabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.gpu_links import NvLinkGpu, NvLinkStatus
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import (
    CpuFacts,
    GpuFacts,
    GpuState,
    HcaFacts,
    HcaPort,
    NodeFacts,
    NumaNode,
    PcieHop,
    PciePath,
    SystemFacts,
)

from ..facts.nodes import make


def path(number: int, device: str, *, width: int = 16, speed: float = 32.0, hidden: bool = False) -> PciePath:
    """Return the way to a device below the switch of that number."""
    above = PcieHop(None if hidden else f"0000:{number}0:01.0", f"0000:{number}1:00.0", 32.0, 16, 32.0, 16)
    own = PcieHop(None if hidden else f"0000:{number}2:00.0", f"0000:{number}{device}:00.0", speed, width, 32.0, 16)
    return PciePath((), (own,) if hidden else (above, own), None, None, None)


def gpu(number: int, *, state: GpuState = "ok", fabric: GpuFabric | None = None, **link: Any) -> GpuFacts:
    return GpuFacts(
        f"0000:{number}a:00.0",
        state,
        "10de:2330",
        None,
        "nvidia",
        number // 4,
        None,
        path(number, "a", **link),
        Gpu(index=number, fabric=fabric or GpuFabric()),
    )


def hca(number: int, *, rail: int | None = -1, ports: tuple[HcaPort, ...] = (), **link: Any) -> HcaFacts:
    port = HcaPort(1, None, "Active", "LinkUp", 400.0, None, "infiniband", 1, None)
    return HcaFacts(
        f"mlx5_{number}",
        None,
        None,
        None,
        None,
        None,
        None,
        None,
        number // 4,
        None,
        False,
        number if rail == -1 else rail,
        path(number, "e", **link),
        ports or (port,),
    )


def facts(**more: Any) -> NodeFacts:
    """Return what is seen of a node with eight GPUs and rails. Its GPUs are idle: their links run at 2.5 GT/s."""
    seen = NodeFacts(
        (),
        system=SystemFacts("node1", *[None] * 12),
        cpu=CpuFacts("Intel(R) Xeon(R) Platinum 8480C", 2, 56, 2, 224, {}),
        numa=(NumaNode(0, "0-55", None, ()), NumaNode(1, "56-111", None, ())),
        gpus=tuple(gpu(number, speed=2.5) for number in range(8)),
        hcas=tuple(hca(number) for number in range(8)),
    )
    return replace(seen, **more)


def test_node_as_it_was_seen() -> None:
    machine = machine_from_facts(facts())
    assert (machine.name, machine.cpu_model, machine.sockets, machine.numa_nodes) == ("node1", "Intel(R) Xeon(R) Platinum 8480C", 2, 2)
    assert (len(machine.gpus), len(machine.rails), machine.placement_seen, machine.nvlink_domain) == (8, 8, True, None)
    rail = machine.rails[5]
    assert (rail.rail, rail.name, rail.rate_gbits_per_s, rail.active, rail.numa_node) == (5, "mlx5_5", 400.0, True, 1)
    assert rail.hops == (Hop("0000:51:00.0", 5, 16), Hop("0000:5e:00.0", 5, 16))
    assert expect_bandwidth([machine]).gbytes_per_s == pytest.approx(482, abs=0.1)
    assert expect_rail_pair(machine, machine, 5).confidence == "high"


def test_link_of_an_idle_gpu_is_taken_as_it_will_run() -> None:
    machine = machine_from_facts(facts())
    assert machine.gpus[3].hops[-1] == Hop("0000:3a:00.0", 5, 16)
    assert expect_host_copy(machine, "0000:3a:00.0").gbytes_per_s == 55.0


def test_narrow_links_are_taken_as_they_are() -> None:
    seen = facts(hcas=tuple(hca(number, **({"width": 8, "speed": 16.0} if number == 5 else {})) for number in range(8)))
    machine = machine_from_facts(seen)
    assert expect_rail_pair(machine, machine, 5).binding_limit == "rail 5: PCIe Gen4 x8 on 0000:5e:00.0 limits to 12.0 GB/s"
    narrow = machine_from_facts(facts(gpus=tuple(gpu(number, width=8 if number == 2 else 16) for number in range(8))))
    assert expect_rail_pair(narrow, narrow, 2).binding_limit == "rail 2: PCIe Gen5 x8 on 0000:2a:00.0 limits to 24.0 GB/s"
    assert expect_rdma(narrow, narrow, 2).gbytes_per_s == 50.0


@pytest.mark.parametrize(("name", "one_node", "ring"), [("h100_sxm_8", 482.0, 370.8), ("a100_sxm_8", 235.0, 192.0), ("mi300x_8", 336.0, 336.0)])
def test_facts_as_they_are_collected(name: str, one_node: float, ring: float) -> None:
    machine = machine_from_facts(make(name).facts())
    assert expect_bandwidth([machine]).gbytes_per_s == pytest.approx(one_node, abs=0.1)
    assert expect_bandwidth([machine] * 3, "all_reduce", "ring").gbytes_per_s == pytest.approx(ring, abs=0.1)


def test_lost_gpu_takes_no_part() -> None:
    machine = machine_from_facts(facts(gpus=(gpu(0), gpu(1, state="lost"), gpu(2, state="not_on_bus"), gpu(3, state="unasked"))))
    assert [found.name for found in machine.gpus] == ["0000:0a:00.0", "0000:3a:00.0"]


def test_active_nvlinks_are_those_of_the_driver() -> None:
    status = NvLinkStatus(gpus=tuple(NvLinkGpu(index, active_links=17 if index == 6 else 18) for index in range(8)))
    machine = machine_from_facts(facts(), nvlinks=status)
    assert [found.links for found in machine.gpus] == [18] * 6 + [17, 18]
    expected = expect_bandwidth([machine], "all_reduce", "ring")
    assert expected.binding_limit == "NVLink: 17 of 18 links of 20.6 GB/s on 0000:6a:00.0 limit to 350.2 GB/s"
    assert {found.links for found in machine_from_facts(facts()).gpus} == {None}


def test_adapters_of_other_networks_are_no_rails() -> None:
    machine = machine_from_facts(facts(hcas=(hca(3, rail=1), hca(1, rail=None), hca(2, rail=0))))
    assert [(rail.rail, rail.name) for rail in machine.rails] == [(0, "mlx5_2"), (1, "mlx5_3")]


def test_rail_is_its_best_port() -> None:
    down = HcaPort(1, None, "Down", "Polling", 400.0, None, "infiniband", None, None)
    up = HcaPort(2, None, "Active", "LinkUp", 200.0, None, "infiniband", 3, None)
    machine = machine_from_facts(facts(hcas=(hca(0, ports=(down, up)), hca(1, ports=(down,)))))
    assert [(rail.active, rail.rate_gbits_per_s) for rail in machine.rails] == [(True, 200.0), (False, 400.0)]


def test_virtual_machine_does_not_show_how_devices_are_placed() -> None:
    seen = facts(gpus=tuple(gpu(number, hidden=True) for number in range(8)), hcas=tuple(hca(number, hidden=True) for number in range(8)))
    machine = machine_from_facts(seen)
    assert not machine.placement_seen
    assert expect_rail_pair(machine, machine, 0).gbytes_per_s == 48.0


@pytest.mark.parametrize(
    ("fabrics", "domain"),
    [
        ([GpuFabric(cluster_uuid="7f3a", clique_id=2)] * 4, "7f3a.2"),
        ([GpuFabric(cluster_uuid="00000000-0000-0000-0000-000000000000", clique_id=0)] * 4, None),
        ([GpuFabric(cluster_uuid="7f3a", clique_id=None)] * 4, None),
        ([GpuFabric(cluster_uuid="7f3a", clique_id=2)] * 3 + [GpuFabric(cluster_uuid="7f3a", clique_id=3)], None),
    ],
)
def test_nvlink_domain(fabrics: list[GpuFabric], domain: str | None) -> None:
    assert machine_from_facts(facts(gpus=tuple(gpu(number, fabric=fabric) for number, fabric in enumerate(fabrics)))).nvlink_domain == domain


@pytest.mark.parametrize(
    ("sockets", "numa_nodes", "numa_node", "socket"),
    [(2, 2, 1, 1), (2, 8, 3, 0), (2, 8, 4, 1), (1, 4, 3, 0), (2, 2, None, None), (None, 2, 1, None), (2, 1, 0, 0)],
)
def test_socket_of_a_numa_node(sockets: int | None, numa_nodes: int, numa_node: int | None, socket: int | None) -> None:
    assert Machine("", sockets=sockets, numa_nodes=numa_nodes).socket_of(numa_node) == socket


def test_node_as_it_is_declared() -> None:
    machine = machine_from_class("node1", hardware_class("mi300x_8"), nvlink_domain="a.1")
    assert (machine.name, machine.nvlink_domain, machine.placement_seen) == ("node1", "a.1", False)
    assert [found.links for found in machine.gpus] == [7] * 8
    assert machine.gpus[3].hops == (Hop("GPU 3", 5, 16),)
    assert (machine.rails[7].rail, machine.rails[7].rate_gbits_per_s, machine.rails[7].hops) == (7, 400.0, ())


def test_node_without_gpus_can_be_declared() -> None:
    own = {"cpu": {"sockets": 1, "cores_per_socket": 8, "threads_per_core": 2}, "memory_mib": 65536}
    machine = machine_from_class("login", hardware_class("login", {"login": own}))
    assert (machine.gpus, machine.rails) == ((), ())
