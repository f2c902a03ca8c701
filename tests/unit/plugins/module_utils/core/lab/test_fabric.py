# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.fabric import (
    Condition,
    Fabric,
    Rating,
    condition,
    console_lines,
    lesser_rating,
    make_fabric,
    network_file,
    port_attributes,
)
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.spec import LabSpec, spec_from_dict
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import make_profile

RAILS = {"rails": {"count": 2, "rate_gbits_per_s": 200, "link_layer": "infiniband"}}
HDR, EDR = Rating("4X", "HDR"), Rating("4X", "EDR")
WELL = Condition({}, frozenset(), {})


def lab(*, nodes: int = 4, hardware: dict[str, Any] | None = None, name: str = "default", **fabric: int) -> LabSpec:
    compute = [{"name": f"node{n}", "number": 100 + n, "leaf": f"leaf{(n + 1) // 2}", "hardware_class": "h"} for n in range(1, nodes + 1)]
    return spec_from_dict(
        {
            "name": name,
            "index": 0,
            "nodes": [{"name": "ctl1", "number": 11}, *compute],
            "leaves": [{"name": f"leaf{n}", "uplink_gbits_per_s": 2} for n in range(1, (nodes + 1) // 2 + 1)],
            "hardware": {"h": RAILS if hardware is None else hardware},
            "fabric": fabric,
        }
    )


@pytest.fixture(scope="module")
def fabric() -> Fabric:
    return make_fabric(lab())


def ends(text: str) -> dict[str, dict[int, tuple[str, int, str]]]:
    """Read a network file back: per device and port, what is at the other end and the port's options."""
    found: dict[str, dict[int, tuple[str, int, str]]] = {}
    for line in text.splitlines():
        if head := re.match(r'(?:Switch|Ca) (\d+) "([^"]+)" # "', line):
            ports = found.setdefault(head[2], {})
        elif port := re.match(r'\[(\d+)\] "([^"]+)"\[(\d+)\] (w=\d+ e=\d+)$', line):
            assert int(port[1]) not in ports
            ports[int(port[1])] = (port[2], int(port[3]), port[4])
    return found


def test_two_units_of_two_rails_below_two_spines(fabric: Fabric) -> None:
    assert [switch.name for switch in fabric.switches] == ["leaf1-rail0", "leaf1-rail1", "leaf2-rail0", "leaf2-rail1", "spine1", "spine2"]
    assert [hca.name for hca in fabric.hcas] == [f"node{n} mlx5_{rail}" for n in range(1, 5) for rail in (0, 1)]
    assert len(fabric.cables) == 16
    assert {cable.rating for cable in fabric.cables} == {HDR}
    assert {cable.name for cable in fabric.cables if cable.far.name == "leaf1-rail1"} == {"node1:mlx5_1", "node2:mlx5_1"}
    assert {cable.name for cable in fabric.cables if cable.far.name == "spine2"} == {f"leaf{leaf}-rail{rail}:spine2" for leaf in (1, 2) for rail in (0, 1)}


def test_an_adapter_has_the_guid_of_the_nodes_own_hardware(fabric: Fabric) -> None:
    for node in ("node1", "node4"):
        assert [f"0x{hca.guid}" for hca in fabric.of_node(node)] == [nic["guid"] for nic in make_profile(RAILS, node, "h")["nics"]]


def test_a_switch_has_the_same_guid_in_every_life_of_a_lab_and_another_in_another_lab(fabric: Fabric) -> None:
    guids = [switch.guid for switch in fabric.switches]
    assert guids == [switch.guid for switch in make_fabric(lab()).switches]
    others = [switch.guid for switch in make_fabric(lab(name="two")).switches]
    assert len({*guids, *others, *(hca.guid for hca in fabric.hcas)}) == 20
    assert all(re.fullmatch("fc6a1c[0-9a-f]{10}", guid) for guid in guids)


def test_every_cable_is_listed_at_both_of_its_ends(fabric: Fabric) -> None:
    found = ends(network_file(fabric, {}))
    assert len(found) == 14
    assert sum(len(ports) for ports in found.values()) == 32
    for device, ports in found.items():
        for port, (other, other_port, options) in ports.items():
            assert found[other][other_port] == (device, port, options)
            assert options == "w=2 e=4"


def test_devices_are_described_as_rdma_ndd_does_it(fabric: Fabric) -> None:
    text = network_file(fabric, {})
    hca = fabric.hcas[0]
    assert f'caguid=0x{hca.guid}\nCa 1 "H-{hca.guid}" # "node1 mlx5_0"\n' in text
    assert f'Switch 40 "S-{fabric.switches[0].guid}" # "leaf1-rail0" enhanced port 0\n' in text


def test_a_degraded_cable_is_slow_at_both_ends(fabric: Fabric) -> None:
    found = ends(network_file(fabric, {"node1:mlx5_0": Rating("1X", "HDR"), "leaf1-rail0:spine2": EDR}))
    slow = sorted((device[:1], options) for device, ports in found.items() for _other, _port, options in ports.values() if options != "w=2 e=4")
    assert slow == [("H", "w=1 e=4"), ("S", "w=1 e=4"), ("S", "w=2 e=2"), ("S", "w=2 e=2")]


def test_more_cables_to_each_spine() -> None:
    fabric = make_fabric(lab(cables_per_spine=2, spines=1))
    uplinks = [cable for cable in fabric.cables if cable.far.name == "spine1"]
    assert [cable.name for cable in uplinks[:2]] == ["leaf1-rail0:spine1", "leaf1-rail0:spine1/2"]
    assert [(cable.near_port, cable.far_port) for cable in uplinks] == [(39, 1), (40, 2), (39, 3), (40, 4), (39, 5), (40, 6), (39, 7), (40, 8)]
    both = ends(network_file(make_fabric(lab(cables_per_spine=2, spines=2)), {}))
    assert sorted(len(ports) for device, ports in both.items() if device.startswith("S-")) == [6, 6, 6, 6, 8, 8]


@pytest.mark.parametrize(
    "spec",
    [lab(spines=0), lab(hardware={}), lab(hardware={"rails": {**RAILS["rails"], "link_layer": "ethernet"}})],
    ids=["no spines", "no rails", "rails of Ethernet"],
)
def test_no_fabric(spec: LabSpec) -> None:
    assert make_fabric(spec) == Fabric((), (), ())


def test_a_node_on_no_leaf_has_adapters_without_a_cable() -> None:
    spec = spec_from_dict({**lab().to_dict(), "nodes": [*lab().to_dict()["nodes"], {"name": "node9", "number": 99, "hardware_class": "h"}]})
    fabric = make_fabric(spec)
    assert len(fabric.of_node("node9")) == 2
    assert not [cable for cable in fabric.cables if cable.near.node == "node9"]
    assert ends(network_file(fabric, {}))[fabric.of_node("node9")[0].id] == {}


def test_who_has_no_adapter_looks_from_a_switch(fabric: Fabric) -> None:
    assert fabric.attachment("ctl1") == [("-", f"S-{fabric.switches[-1].guid}")]
    assert [name for name, _there in fabric.attachment("node1")] == ["mlx5_0", "mlx5_1"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (lab(switch_ports=3), "lab_fabric.switch_ports: 2 nodes and 2 uplinks do not fit on the 3 ports of leaf1-rail0."),
        (lab(nodes=10, switch_ports=8), "lab_fabric.switch_ports: 10 leaf switches do not fit on a spine of 8 ports."),
        (
            lab(hardware={"rails": {**RAILS["rails"], "rate_gbits_per_s": 300}}),
            "node1: railyard_hardware_class: rails.rate_gbits_per_s: 300 Gbit/s is no rate of InfiniBand. There are: 400, 200, 100, 56.",
        ),
    ],
)
def test_what_cannot_be_cabled(spec: LabSpec, message: str) -> None:
    with pytest.raises(CoreError) as error:
        make_fabric(spec)
    assert str(error.value) == message


def test_faults_and_nodes_without_power_make_the_condition(fabric: Fabric) -> None:
    faults = {
        "node1:mlx5_0": {"down": True},
        "leaf1-rail0:spine1": {"width": "1X", "speed": "HDR", "symbol_errors": 7},
        "node2:data0": {"down": True, "power_lost": True},
        "bmc:node3": {"down": True},
    }
    found = condition(fabric, faults, ["node4"])
    assert found.down == {"node1:mlx5_0", "node4:mlx5_0", "node4:mlx5_1"}
    assert found.ratings == {"leaf1-rail0:spine1": Rating("1X", "HDR")}
    assert found.symbol_errors == {"leaf1-rail0:spine1": 7}


def test_what_is_typed_on_the_simulators_console(fabric: Fabric) -> None:
    hca, spine = fabric.hcas[1], fabric.switches[4]
    broken = Condition({}, frozenset({"node1:mlx5_1"}), {"leaf2-rail1:spine1": 500})
    assert console_lines(fabric, WELL, broken) == [
        f'Unlink "H-{hca.guid}"[1]',
        f'PerformanceSet "S-{spine.guid}"[4] PortCounters.SymbolErrorCounter=500',
    ]
    assert console_lines(fabric, broken, WELL) == [f'ReLink "H-{hca.guid}"[1]', f'PerformanceSet "S-{spine.guid}"[4] PortCounters.SymbolErrorCounter=0']
    assert console_lines(fabric, broken, broken) == []


def test_a_nodes_own_sys_says_what_became_of_its_cables(fabric: Fabric) -> None:
    spec = lab()
    now = Condition({"node1:mlx5_0": Rating("2X", "HDR")}, frozenset({"node1:mlx5_1", "node2:mlx5_0"}), {})
    found = {path.partition("/sys/class/infiniband/")[2]: content.strip() for path, content in port_attributes(spec, fabric, spec.node("node1"), now).items()}
    assert (found["mlx5_0/ports/1/state"], found["mlx5_0/ports/1/rate"]) == ("4: ACTIVE", "100 Gb/sec (2X HDR)")
    assert (found["mlx5_1/ports/1/state"], found["mlx5_1/ports/1/phys_state"]) == ("1: DOWN", "2: Polling")
    assert all("4: ACTIVE" in content for path, content in port_attributes(spec, fabric, spec.node("node4"), now).items() if path.endswith("/state"))
    assert port_attributes(spec, fabric, spec.node("ctl1"), now) == {}


def test_no_line_is_longer_than_the_simulator_reads(fabric: Fabric) -> None:
    everything = Condition({}, frozenset(cable.name for cable in fabric.cables), {cable.name: 65535 for cable in fabric.cables})
    assert max(len(line) for line in console_lines(fabric, WELL, everything)) < 127


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("1x", "1X HDR"),
        ("2X", "2X HDR"),
        ("edr", "4X EDR"),
        ("FDR", "4X FDR"),
        ("100gbit", "2X HDR"),
        ("50", "1X HDR"),
        ("25 Gbit/s", "1X EDR"),
        ("1x edr", "1X EDR"),
    ],
)
def test_what_a_cable_falls_to(fabric: Fabric, text: str, rating: str) -> None:
    assert str(lesser_rating(fabric.cables[0], text)) == rating


@pytest.mark.parametrize("text", ["", "4x", "hdr", "200gbit", "ndr", "400", "1gbit", "fast", "8x"])
def test_what_a_cable_does_not_fall_to(fabric: Fabric, text: str) -> None:
    with pytest.raises(CoreError, match=r"^rate: '.*' is no rate that node1:mlx5_0, a 4X HDR link, can fall to\. There are: 100gbit \(2X HDR\), 50gbit"):
        lesser_rating(fabric.cables[0], text)
