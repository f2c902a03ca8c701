# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""lldpd's neighbours, from each of its forms."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.lldp import LldpInterface, LldpNeighbor, LldpNeighbors, LldpVlan
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.lldp import parse

from .conftest import SAMPLES

Recording = Callable[[str], str]
Refused = Callable[[Callable[[str], object], str], str]


def sample(name: str) -> LldpNeighbors:
    return parse((SAMPLES / "lldp" / name).read_text())


# Recordings of real machines.


def test_recorded_json_of_a_spectrum_fabric(recording: Recording) -> None:
    document = parse(recording("infiniband/lldpctl-json.spectrum.json"))
    assert len(document.interfaces) == len(document.neighbors) == 49
    assert [interface.name for interface in document.interfaces[:12]] == [
        "enxac3ae20ab81d",
        *(f"eth_r0_p{port}" for port in range(4)),
        *(f"eth_r1_p{port}" for port in range(7)),
    ]
    first = document.neighbors[0]
    assert (first.chassis_name, first.chassis_id, first.chassis_id_type) == ("d05-ipmi-1.pod2.ff.mec01.il.nvidia.com", "2c:5e:ab:12:67:20", "mac")
    assert (first.port_id, first.port_id_type, first.ttl_s, first.age_s, first.max_frame_bytes) == ("swp30", "ifname", 120, 5 * 3600 + 3 * 60 + 19, 9216)
    assert first.management_addresses == ("10.193.251.251", "fe80::2e5e:abff:fe12:6720")
    assert first.system_description == "Cumulus Linux version 5.12.1 running on NVIDIA SN2201_M" and first.capabilities == ("bridge", "router")
    # This one does not bridge.
    assert document.neighbors[1].capabilities == ("router",)
    assert len(Counter(neighbor.chassis_name for neighbor in document.neighbors)) == 3
    assert all(neighbor.port_id_type == "ifname" and neighbor.vlans == () for neighbor in document.neighbors)
    assert document.complete and not document.warnings and not document.faults


def test_recorded_keyvalue_of_a_cumulus_switch(recording: Recording) -> None:
    document = parse(recording("lldp/lldpctl-keyvalue.cumulus.txt"))
    assert document.interfaces == (LldpInterface("eno1", 1), LldpInterface("eno2d1", 1))
    first, second = document.neighbors
    assert (first.interface, first.chassis_name, first.port_id) == ("eno1", "toto-chassis.dc42", "swp46")
    assert (first.port_description, first.ttl_s, first.age_s, first.capabilities) == (
        "BXVWNR2:lom2",
        120,
        35 * 86400 + 8 * 3600 + 24 * 60,
        ("bridge", "router"),
    )
    # The recording names the second one's chassis under the first interface.
    assert (second.interface, second.chassis_name, second.chassis_id, second.port_id) == ("eno2d1", None, "e4:f0:04:b6:4e:32", "swp46")
    assert document.complete and not document.warnings


def test_recorded_keyvalue_with_a_description_of_several_lines(recording: Recording) -> None:
    document = parse(recording("lldp/lldpctl-keyvalue.dedibox2.txt"))
    assert document.interfaces == (LldpInterface("eno1", 1, (LldpVlan(140, None, True),)),)
    neighbor = document.neighbors[0]
    assert (neighbor.chassis_name, neighbor.port_id, neighbor.vlan, neighbor.capabilities) == ("s35-b12.dc3", "Gi1/0/29", 140, ("bridge",))
    assert neighbor.system_description and neighbor.system_description.endswith("\nCompiled Mon 16-Feb-15 08:16 by prod_rel_team")
    assert document.complete


def test_recorded_keyvalue_without_a_neighbour(recording: Recording) -> None:
    document = parse(recording("lldp/lldpctl-keyvalue.223.txt"))
    assert document.neighbors == ()
    assert document.interfaces == (LldpInterface("eth0", 0, (LldpVlan(300, "VLAN300", True),)), LldpInterface("eth1", 0, (LldpVlan(300, "VLAN300"),)))
    assert document.complete and not document.warnings


# Each form.


def test_json_of_several_interfaces() -> None:
    document = sample("two.json")
    assert document.interfaces == (
        LldpInterface("enp1s0f0", 1, (LldpVlan(10, "storage", True), LldpVlan(20, "tenants"))),
        LldpInterface("enp1s0f1", 2, (LldpVlan(1, None, True),)),
    )
    assert document.neighbors[0] == LldpNeighbor(
        interface="enp1s0f0",
        chassis_name="leaf-a",
        chassis_id="02:00:00:00:00:0a",
        chassis_id_type="mac",
        port_id="Ethernet1/1",
        port_id_type="ifname",
        port_description="to gpu1 rail 0",
        management_addresses=("192.0.2.10", "2001:db8::10"),
        vlan=10,
        vlans=(LldpVlan(10, "storage", True), LldpVlan(20, "tenants")),
        ttl_s=120,
        age_s=2 * 86400 + 3723,
        max_frame_bytes=9216,
        system_description="Example NOS 4.1",
        capabilities=("bridge", "router"),
        via="LLDP",
    )
    assert [(n.interface, n.chassis_name, n.chassis_id, n.port_id, n.via) for n in document.neighbors[1:]] == [
        ("enp1s0f1", None, "unnamed", "02:00:00:00:00:0b", "LLDP"),
        ("enp1s0f1", "hub", "hub", "7", "CDPv2"),
    ]
    assert document.complete and not document.warnings


def test_json_of_one_interface() -> None:
    document = sample("one.json")
    assert document.interfaces == (LldpInterface("eth0", 1),)
    neighbor = document.neighbors[0]
    # Older versions say how long a neighbour is believed under its chassis.
    assert (neighbor.chassis_name, neighbor.port_id, neighbor.management_addresses, neighbor.ttl_s) == ("sw", "p1", ("192.0.2.1",), 90)


def test_json0() -> None:
    document = sample("json0.json")
    neighbor = document.neighbors[0]
    assert (neighbor.interface, neighbor.chassis_name, neighbor.chassis_id, neighbor.port_id, neighbor.ttl_s) == ("eth0", "sw", "02:00:00:00:00:01", "p1", 120)
    assert (neighbor.management_addresses, neighbor.vlan, neighbor.age_s) == (("192.0.2.1", "2001:db8::1"), 5, 86400)
    # What lldpcli show interfaces tells under the same names is about this machine.
    assert len(document.neighbors) == 1 and document.interfaces[1] == LldpInterface("eth1")


def test_json_of_older_versions_has_all_interfaces_in_one_object() -> None:
    def port(name: str) -> dict[str, Any]:
        return {"via": "LLDP", "chassis": {"id": {"type": "mac", "value": "x"}, "name": "sw"}, "port": {"id": {"type": "ifname", "value": name}}}

    document = parse(json.dumps({"lldp": {"interface": {"eth0": port("p0"), "eth1": [port("p1"), port("p2")]}}}))
    assert [(n.interface, n.chassis_name, n.port_id) for n in document.neighbors] == [("eth0", "sw", "p0"), ("eth1", "sw", "p1"), ("eth1", "sw", "p2")]


def test_json_with_a_line_break_that_is_not_escaped() -> None:
    text = '{"lldp": {"interface": {"eth0": {"via": "LLDP", "chassis": {"sw": {"id": {"type": "mac", "value": "x"}, "descr": "one\\\ntwo"}}, "port": {}}}}}'
    assert parse(text).neighbors[0].system_description == "one\ntwo"


def test_no_neighbours() -> None:
    for text in ('{"lldp": {}}', '{"lldp": [{}]}', (SAMPLES / "lldp/none.json").read_text(), "-----\nLLDP neighbors:\n-----\n"):
        document = parse(text)
        assert document.complete and document.interfaces == () and document.neighbors == ()


def test_keyvalue() -> None:
    document = sample("keyvalue.txt")
    assert document.interfaces == (LldpInterface("eth0.100", 1, (LldpVlan(100, "hundred", True), LldpVlan(200, "two hundred"))), LldpInterface("eth1", 2))
    first = document.neighbors[0]
    assert (first.chassis_name, first.port_id, first.ttl_s, first.vlan) == ("sw.example", "Gi1/0/1", 120, 100)
    assert (first.system_description, first.capabilities) == ("Example NOS\nwith a second line = no key", ("bridge",))
    assert [(n.chassis_id, n.chassis_id_type, n.port_id) for n in document.neighbors[1:]] == [("first", "local", "1"), ("second", "local", "2")]


def test_plain() -> None:
    document = sample("plain.txt")
    assert document.interfaces == (LldpInterface("eno1", 1, (LldpVlan(10, "storage", True),)), LldpInterface("eno2", 1))
    assert document.neighbors[0] == LldpNeighbor(
        interface="eno1",
        chassis_name="leaf-a",
        chassis_id="02:00:00:00:00:01",
        chassis_id_type="mac",
        port_id="swp1",
        port_id_type="ifname",
        port_description="to gpu1",
        management_addresses=("192.0.2.1", "2001:db8::1"),
        vlan=10,
        vlans=(LldpVlan(10, "storage", True),),
        ttl_s=120,
        age_s=3 * 86400 + 4 * 3600 + 5 * 60 + 6,
        system_description="Example NOS",
        capabilities=("bridge",),
        via="LLDP",
    )
    assert document.complete


def test_the_summary() -> None:
    line = "-" * 79
    text = f"{line}\nLLDP neighbors:\n{line}\nInterface:    eth1, via: LLDP\n  Chassis:     \n    ChassisID:    mac 02:00:00:00:00:01\n    SysName:      c1\n"
    text += f"  Port:        \n    PortID:       mac 02:00:00:00:00:02\n    PortDescr:    eth2\n    TTL:          120\n{line}\n"
    document = parse(text.replace("LLDP\n", "LLDP  \n"))
    assert document.neighbors == (LldpNeighbor("eth1", "c1", "02:00:00:00:00:01", "mac", "02:00:00:00:00:02", "mac", "eth2", ttl_s=120, via="LLDP"),)
    assert document.complete


def test_what_is_told_of_this_machine_is_no_neighbour() -> None:
    text = (
        "-----\nLLDP interfaces:\n-----\nInterface:    eth0\n  Administrative status: RX and TX\n  Chassis:\n    ChassisID:    mac 02:00:00:00:00:01\n-----\n"
    )
    document = parse(text)
    assert document.interfaces == (LldpInterface("eth0"),) and document.neighbors == ()


def test_line_ends_indentation_and_prefixes() -> None:
    text = (SAMPLES / "lldp/plain.txt").read_text()
    assert parse("".join(f"    {line}" for line in text.splitlines(keepends=True))) == parse(text)
    assert parse(text.replace("\n", "\r\n")) == parse(text)
    assert parse(text.replace("\n", "    \n")) == parse(text)
    assert parse("".join(f"gpu1: {line}" for line in text.splitlines(keepends=True))) == parse(text)


# What was cut off, can't be read, or is none of this.


def test_json_that_is_cut_off() -> None:
    document = sample("truncated.two.json")
    assert document.warnings == ("The output was cut off: what is behind the last neighbour is not known.",)
    assert [neighbor.port_id for neighbor in document.neighbors] == ["Ethernet1/1"]


def test_keyvalue_that_is_cut_off() -> None:
    text = (SAMPLES / "lldp/keyvalue.txt").read_text()
    within_the_port = parse(text[: text.index("Gi1/0/1") + 5])
    assert within_the_port.neighbors[0].port_id is None and within_the_port.neighbors[0].port_id_type is None and not within_the_port.complete
    assert within_the_port.warnings == (
        "The output was cut off: what is behind the last neighbour is not known.",
        "The neighbour on eth0.100 does not name its port.",
    )
    within_a_key = parse(text[: text.index("port.ifname")])
    assert not within_a_key.complete and within_a_key.neighbors[0].chassis_name == "sw.example"
    before_the_port = parse(text[: text.index("lldp.eth0.100.port")])
    assert not before_the_port.complete and before_the_port.warnings == ("The neighbour on eth0.100 does not name its port.",)


def test_plain_that_is_cut_off() -> None:
    text = (SAMPLES / "lldp/plain.txt").read_text()
    document = parse(text[: text.index("PortID:       mac")])
    assert not document.complete and [neighbor.interface for neighbor in document.neighbors] == ["eno1", "eno2"]


def test_a_neighbour_in_the_middle_without_a_port_does_not_make_it_incomplete() -> None:
    document = parse("lldp.eth0.chassis.mac=1\nlldp.eth1.chassis.mac=2\nlldp.eth1.port.mac=3\n")
    assert document.complete and document.warnings == ("The neighbour on eth0 does not name its port.",)


def test_what_is_no_number_is_told() -> None:
    document = parse(
        "lldp.eth0.chassis.mac=1\nlldp.eth0.port.mac=2\nlldp.eth0.port.ttl=-1\nlldp.eth0.vlan.vlan-id=many\nlldp.eth0.vlan=name\nlldp.eth0.age=long\n"
    )
    neighbor = document.neighbors[0]
    assert (neighbor.ttl_s, neighbor.vlans, neighbor.age_s) == (None, (), None)
    assert document.warnings == ("eth0: VLAN 'many' is not a number.", "eth0: ttl '-1' is not a number.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the output is empty: with -f keyvalue, there is no neighbour then. Ask with -f json, which tells this from a failure."),
        (
            "2026-01-01T00:00:00 [WARN/control] unable to connect to socket /run/lldpd.socket: No such file or directory\n",
            (
                "lldpd could not be asked: 2026-01-01T00:00:00 [WARN/control] unable to connect to socket /run/lldpd.socket: No such file or directory"
                " Is lldpd running? Only root and the group _lldpd may ask it."
            ),
        ),
        (
            "bash: lldpctl: command not found",
            (
                "there is no neighbour in this output: expected is what lldpctl prints, found is 'bash: lldpctl: command not found'."
                " Read are lldpctl -f json, json0, keyvalue and plain."
            ),
        ),
        ('{"local-chassis": {}}', "this JSON has no neighbours: expected is 'lldp', found is local-chassis. Ask with lldpctl -f json."),
        ("[]", "this JSON has no neighbours: expected is 'lldp', found is list. Ask with lldpctl -f json."),
    ],
)
def test_refused(text: str, message: str, refused: Refused) -> None:
    assert refused(parse, text) == message
