# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The output of iblinkinfo: every cable once, with how it runs and how it could."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.infiniband import HcaPort, PortEnd
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.iblinkinfo import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.link_text import read_link

from .conftest import SAMPLES

Read = Callable[[str], str]
Refused = Callable[[Callable[[str], object], str], str]

BY_NODE = (SAMPLES / "iblinkinfo/by-node.txt").read_text()
LINES = (SAMPLES / "iblinkinfo/lines.txt").read_text()
LEAF = "0x00a0aa0000000010"


def test_recording(recording: Read) -> None:
    document = parse(recording("infiniband/iblinkinfo.v100-hdr-switch.txt"))
    assert [(hca.host, hca.aggregation_node) for hca in document.hcas] == [("gpu-v100-3", False), (None, True), ("gpu-v100-1", False), ("gpu-v100-0", False)]
    assert [(switch.guid, switch.lid) for switch in document.switches] == [("0x0c42a10300b95bfa", 3)]
    cables = {end.port: other.name for link in document.links for end, other in ((link.a, link.b), (link.b, link.a)) if end.lid == 3}
    assert cables == {
        1: "gpu-v100-0 HCA-1",
        2: "gpu-v100-1 HCA-1",
        3: "gpu-v100-3 HCA-1",
        4: "gpu-v100-2 HCA-1",
        41: "Mellanox Technologies Aggregation Node",
    }
    assert {link.speed: link.rate_gbits_per_s for link in document.links} == {"EDR": 100, "HDR": 200}
    assert {(link.state, link.physical_state, link.width) for link in document.links} == {("Active", "LinkUp", "4x")}
    # Its author left out the rest.
    assert not document.complete
    assert document.warnings[1] == "one node is named by others and not in the output, such as gpu-v100-2 HCA-1: it is not whole."


def test_by_node() -> None:
    document = parse(BY_NODE)
    assert [(switch.label, switch.lid) for switch in document.switches] == [("leaf1", 3), ("spine 1", 4)]
    assert [(hca.host, hca.ports) for hca in document.hcas] == [
        ("node1", (HcaPort(1, "0x00a0cc0000000101", 5), HcaPort(2, "0x00a0cc0000000102", 6))),
        (None, (HcaPort(1, "0x00a0aa0000000019", 9),)),
        ("node2", (HcaPort(1, "0x00a0cc0000000201", 7),)),
    ]
    assert [router.name for router in document.routers] == ["router1"]
    assert [(link.a.name, link.a.port, link.b.name, link.b.port, link.width, link.speed, link.rate_gbits_per_s) for link in document.links] == [
        ("node1 HCA-1", 1, "MF0;leaf1:MQM8700/U1", 1, "4x", "HDR", 200),
        ("Mellanox Technologies Aggregation Node", 1, "MF0;leaf1:MQM8700/U1", 41, "4x", "HDR", 200),
        ("node2 HCA-1", 1, "MF0;leaf1:MQM8700/U1", 2, "2x", "EDR", 50),
        ("router1", 1, "spine 1", 7, "4x", "HDR", 200),
        ("MF0;leaf1:MQM8700/U1", 4, "spine 1", 1, "4x", "QDR", 40),
        ("MF0;leaf1:MQM8700/U1", 5, "spine 1", 2, "4x", "FDR10", 40),
    ]
    # The other end is told by its LID alone; its GUID is in its own record.
    assert document.links[0].b == PortEnd(LEAF, "MF0;leaf1:MQM8700/U1", 1, 3)
    assert [(port.end.name, port.end.port, port.state, port.physical_state) for port in document.free_ports] == [
        ("node1 HCA-1", 2, "Down", "Polling"),
        ("MF0;leaf1:MQM8700/U1", 3, "Down", "Disabled"),
    ]
    assert (document.complete, document.warnings) == (True, ())


def test_faults() -> None:
    assert [(fault.id, fault.message) for fault in parse(BY_NODE).faults] == [
        ("link_below_its_best", "the link runs 2x EDR, and both ends could do 4X and 53.125 Gbps."),
        ("link_below_its_best", "the link runs 4x QDR, and both ends could do FDR10 (Found link at QDR but expected speed is FDR10)."),
        ("link_not_active", "the link is up, but not active: Initialize/LinkUp."),
    ]
    assert [fault.id for fault in parse(LINES).faults] == ["link_not_active", "hca_unnamed"]


def test_a_line_each() -> None:
    document = parse(LINES)
    assert [(link.a, link.b, link.speed) for link in document.links] == [
        (PortEnd("0x00a0cc0000000101", "node1 HCA-1", 1, 5), PortEnd(LEAF, "MF0;leaf1:MQM9700/U1", 1, 3), "NDR"),
        (PortEnd(LEAF, "MF0;leaf1:MQM9700/U1", 2, 3), PortEnd("0x00a0cc0000000201", "MT4129 ConnectX7   Mellanox Technologies", 1, 7), "XDR"),
    ]
    assert ([switch.label for switch in document.switches], [hca.host for hca in document.hcas]) == (["leaf1"], ["node1", None])
    assert (document.complete, document.warnings) == (True, ())


def test_switches_only_is_whole() -> None:
    document = parse(BY_NODE[BY_NODE.index("Switch:") :])
    assert (document.complete, document.warnings, len(document.hcas)) == (True, (), 0)
    assert len(document.links) == 6
    assert next(link for link in document.links if link.b.name == "node1 HCA-1").b == PortEnd(None, "node1 HCA-1", 1, 5)


def test_old_heads() -> None:
    text = BY_NODE[BY_NODE.index("Switch:") :].replace("Switch: 0x", "Switch 0x")
    assert [switch.label for switch in parse(text).switches] == ["leaf1", "spine 1"]


def test_without_a_subnet_manager_names_tell_the_ends() -> None:
    text = """CA: node1 HCA-1:
      0x00a0cc0000000101      0    1[  ] ==( 4X           2.5 Gbps Initialize/  LinkUp)==>       0    1[  ] "leaf" ( Could be 53.125 Gbps)
CA: node2 HCA-1:
      0x00a0cc0000000201      0    1[  ] ==( 4X           2.5 Gbps Initialize/  LinkUp)==>       0    2[  ] "leaf" ( )
Switch: 0x00a0aa0000000010 leaf:
           0    1[  ] ==( 4X           2.5 Gbps Initialize/  LinkUp)==>       0    1[  ] "node1 HCA-1" ( )
           0    2[  ] ==( 4X           2.5 Gbps Initialize/  LinkUp)==>       0    1[  ] "node2 HCA-1" ( )
"""
    document = parse(text)
    assert [(link.a.name, link.b.guid, link.b.port) for link in document.links] == [("node1 HCA-1", LEAF, 1), ("node2 HCA-1", LEAF, 2)]
    assert (document.complete, document.warnings) == (True, ())


@pytest.mark.parametrize("end", ["Switch: 0x00a0aa0000000030 spine 1:", "==( 4X  10.0 Gbps (FDR10) Init", 'LinkUp)==>       5    1[  ] "node1 HC'])
def test_cut_off(end: str) -> None:
    document = parse(BY_NODE[: BY_NODE.index(end) + len(end)])
    assert not document.complete
    assert any("the output is cut off here" in warning for warning in document.warnings)


def test_damaged_line_is_named() -> None:
    document = parse(BY_NODE.replace("           3    2[  ] ==( 2X", "           3    2[  ] == 2X"))
    assert not document.complete
    assert document.warnings[0].startswith("line 12: '3    2[  ] == 2X      25.78125 Gbps")
    assert document.warnings[1] == "one cable is told by one end alone, such as port 1 of node2 HCA-1 to port 2 of MF0;leaf1:MQM8700/U1."
    assert len(document.links) == 6


def test_what_the_tool_complains_of_is_a_warning() -> None:
    assert parse("ibwarn: [7] get_max: no info\n" + BY_NODE).warnings == ("line 1: the tool said 'ibwarn: [7] get_max: no info'.",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "It is empty."),
        ("discover failed\n", "It begins with 'discover failed'."),
        ("Switch\t: 0xa0 ports 36\n", "It begins with 'Switch\\t: 0xa0 ports 36'."),
    ],
)
def test_another_text_is_refused(text: str, found: str, refused: Refused) -> None:
    assert refused(parse, text) == f"this is not what iblinkinfo prints: it tells of no port. {found}"


@pytest.mark.parametrize(
    ("text", "state", "width", "speed", "could_be"),
    [
        ('5    1[  ] ==( 4X           5.0 Gbps Active/  LinkUp)==>       3    1[  ] "x" ( )', "Active", "4x", "DDR", None),
        ('5    1[  ] ==( 4X 5.0 Gbps Active /   LinkUp)==>       3    1[ 7] "x" (  )', "Active", "4x", "DDR", None),
        ('5    1[  ] ==( 8X Extended speed Active/  LinkUp)==>       3    1[  ] "x" (Could be 12X )', "Active", "8x", None, "12X"),
        ('5    1[  ] ==(undefined (32) undefined (16)  ?(7)/  LinkUp)==>       3    1[  ] "x" ( )', "?(7)", None, None, None),
        ('5    1[  ] ==( 4X      25.78125 Gbps Active/  LinkUp)==>    "Port not available"', "Active", "4x", "EDR", None),
    ],
)
def test_words_of_a_link(text: str, state: str, width: str | None, speed: str | None, could_be: str | None) -> None:
    link = read_link(text)
    assert link is not None
    assert (link.state, link.width, link.speed, link.could_be) == (state, width, speed, could_be)
