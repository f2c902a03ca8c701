# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""RDMA adapters: what sysfs says of them, their network devices, and which of them are rails."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.hcas import natural
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import HcaFacts, HcaPort

from .nodes import Node, bare, make

FIRST = "/sys/class/infiniband/mlx5_0"


def rails(node: Node) -> dict[str, int | None]:
    return {hca.name: hca.rail for hca in node.facts("hcas").hcas}


def hca(node: Node, name: str) -> HcaFacts:
    return next(found for found in node.facts("hcas").hcas if found.name == name)


def port(node: Node, name: str = "mlx5_0") -> HcaPort:
    return hca(node, name).ports[0]


def test_an_adapter_and_its_port() -> None:
    found = hca(make(), "mlx5_4")
    assert (found.type, found.firmware, found.board_id, found.kernel_driver) == ("MT4129", "28.41.1000", "MT_0000000838", "mlx5_core")
    assert (found.pci_address, found.pci_id, found.numa_node, found.virtual_function) == ("0000:9c:00.0", "15b3:1021", 1, False)
    assert found.pcie and found.pcie.bridges == ("0000:97:01.0", "0000:98:00.0", "0000:99:02.0")
    only = found.ports[0]
    assert (only.port, only.state, only.physical_state, only.rate_gbits_per_s, only.rate_text) == (1, "Active", "LinkUp", 400.0, "400 Gb/sec (4X NDR)")
    assert (only.link_layer, only.netdev, only.guid) == ("infiniband", "ibp156s0", found.guid)
    assert only.lid and only.lid < 0xC000


def test_rails_are_in_the_order_of_their_addresses_and_storage_has_none() -> None:
    node = make()
    assert rails(node) == {**{f"mlx5_{number}": number for number in range(8)}, "mlx5_8": None, "mlx5_9": None}
    # Names follow from the order in which drivers were loaded; addresses don't.
    target = node.tree.links["/sys/class/infiniband/mlx5_7"]
    node.remove("/sys/class/infiniband/mlx5_7")
    node.link("/sys/class/infiniband/aaa", target)
    assert rails(node)["aaa"] == 7


@pytest.mark.parametrize("down", [(0,), (0, 1, 2, 3, 5), range(8)])
def test_rails_that_are_down_stay_rails_and_keep_their_numbers(down: Iterable[int]) -> None:
    node = make(storage_nics=4)
    for name in (f"mlx5_{number}" for number in down):
        node.write(f"/sys/class/infiniband/{name}/ports/1/state", "1: DOWN\n")
        node.write(f"/sys/class/infiniband/{name}/ports/1/rate", "10 Gb/sec (4X SDR)\n")
    assert [rail for rail in rails(node).values() if rail is not None] == list(range(8))


def test_one_fast_adapter_outweighs_two_slow_ones() -> None:
    node = make("l40s_4", storage_nics=2)
    node.remove("/sys/class/infiniband/mlx5_1")
    assert rails(node) == {"mlx5_0": 0, "mlx5_2": None, "mlx5_3": None}


def test_an_adapter_alone_is_rail_0() -> None:
    node = make("l40s_4", storage_nics=0)
    node.remove("/sys/class/infiniband/mlx5_0")
    assert rails(node) == {"mlx5_1": 0}


def test_a_virtual_function_beside_its_physical_one_is_no_rail() -> None:
    node = make()
    node.link(f"{FIRST}/device/physfn", "../0000:3c:00.0")
    assert hca(node, "mlx5_0").virtual_function
    assert (rails(node)["mlx5_0"], rails(node)["mlx5_1"]) == (None, 0)


def test_a_software_adapter_is_no_rail() -> None:
    node = make()
    node.write("/sys/class/infiniband/rxe0/ports/1/state", "4: ACTIVE\n")
    node.write("/sys/class/infiniband/rxe0/ports/1/link_layer", "Ethernet\n")
    found = hca(node, "rxe0")
    assert (found.rail, found.pci_address, found.type, found.pcie) == (None, None, None, None)


@pytest.mark.parametrize(
    ("kernel", "ibstat"), [("1: DOWN", "Down"), ("2: INIT", "Initializing"), ("3: ARMED", "Armed"), ("4: ACTIVE", "Active"), ("0: NOP", "NOP"), ("gone", None)]
)
def test_states_are_those_of_ibstat(kernel: str, ibstat: str | None) -> None:
    node = make()
    node.write(f"{FIRST}/ports/1/state", kernel)
    assert port(node).state == ibstat


@pytest.mark.parametrize(
    ("text", "rate"), [("800 Gb/sec (4X XDR)", 800.0), ("56 Gb/sec (4X FDR)", 56.0), ("2.5 Gb/sec (1X SDR)", 2.5), ("fast", None), ("", None)]
)
def test_rates(text: str, rate: float | None) -> None:
    node = make()
    node.write(f"{FIRST}/ports/1/rate", text)
    assert port(node).rate_gbits_per_s == rate


@pytest.mark.parametrize(("text", "lid"), [("0x1a", 26), ("0x0", None), ("0xffff", None), ("", None)])
def test_no_lid_is_none(text: str, lid: int | None) -> None:
    node = make()
    node.write(f"{FIRST}/ports/1/lid", text)
    assert port(node).lid == lid


def test_of_a_bond_the_port_has_the_bond() -> None:
    node = make("l40s_4")
    node.write(f"{FIRST}/ports/1/gid_attrs/ndevs/0", "bond0\n")
    assert port(node).netdev == "bond0"
    # Without a GID of its own, the function's device.
    node.remove(f"{FIRST}/ports/1/gid_attrs")
    assert port(node).netdev == "enp26s0np0"


def test_ports_of_one_adapter_have_the_device_of_their_number() -> None:
    node = make(storage_nics=0)
    node.write(f"{FIRST}/ports/2/state", "1: DOWN\n")
    node.write(f"{FIRST}/device/net/ib1/dev_port", "1\n")
    assert [entry.netdev for entry in hca(node, "mlx5_0").ports] == ["ibp26s0", "ib1"]
    node.remove(f"{FIRST}/device/net/ib1/dev_port")
    assert hca(node, "mlx5_0").ports[1].netdev is None


def test_without_rdma_drivers_there_is_a_reason() -> None:
    assert bare().unseen("hcas") == {"hcas": "/sys/class/infiniband is not there: the RDMA drivers are not loaded"}


def test_names_are_ordered_as_people_count() -> None:
    assert sorted(["mlx5_10", "mlx5_2", "mlx5_bond_0", "mlx4_0"], key=natural) == ["mlx4_0", "mlx5_2", "mlx5_10", "mlx5_bond_0"]


def test_the_recorded_adapters_of_an_h100_machine() -> None:
    recorded = recordings.path("infiniband/sysfs-class-infiniband-8x-h100")
    node = bare()
    for path in recorded.rglob("*"):
        if path.is_file():
            node.write(f"/sys/class/infiniband/{path.relative_to(recorded)}", path.read_text())
    hcas = node.facts("hcas").hcas
    assert [found.name for found in hcas] == ["mlx5_0", "mlx5_1", *(f"mlx5_{number}" for number in range(4, 10)), "mlx5_bond_0"]
    assert {entry.state for found in hcas for entry in found.ports} == {"Active"}
    assert {entry.physical_state for found in hcas for entry in found.ports} == {"LinkUp"}
    assert {(found.type, found.firmware, found.ports[0].rate_text, found.ports[0].link_layer) for found in hcas[:8]} == {
        ("MT4129", "28.41.1000", "400 Gb/sec (4X NDR)", "infiniband")
    }
    bond = hcas[8]
    assert (bond.type, bond.board_id, bond.ports[0].rate_gbits_per_s, bond.ports[0].link_layer) == ("MT41692", "MT_0000000884", 200.0, "ethernet")
