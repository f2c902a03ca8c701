# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The output of ibnetdiscover: every cable once, every node once, whatever is missing said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.infiniband import HcaPort, LinkEnd, Switch
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.ibnetdiscover import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.infiniband import hca_identity, signalled_speed, switch_label

from .conftest import SAMPLES

Read = Callable[[str], str]
Refused = Callable[[Callable[[str], object], str], str]

FOLDER = SAMPLES / "ibnetdiscover"
TOPOLOGY = (FOLDER / "two-units.txt").read_text()


def test_ndr_fabric(recording: Read) -> None:
    fabric = parse(recording("infiniband/ibnetdiscover.ndr-dgx-fabric.txt"))
    assert (len(fabric.switches), len(fabric.hcas), sum(hca.aggregation_node for hca in fabric.hcas)) == (40, 582, 40)
    assert Counter((link.width, link.speed, link.rate_gbits_per_s) for link in fabric.links) == {("4x", "NDR", 400.0): 2228 // 2}
    leaf = fabric.switches[0]
    assert (leaf.name, leaf.label, leaf.model, leaf.ports, leaf.lid) == ("MF0;A09-P1-IBLEAF-04-04:MQM9701/U1", "A09-P1-IBLEAF-04-04", "MQM9701", 65, 73)
    hosts = {hca.host for hca in fabric.hcas if hca.host}
    assert "a08-p1-dgx-04-c01" in hosts
    assert not any(hca.host for hca in fabric.hcas if hca.aggregation_node)
    assert fabric.complete
    assert not fabric.warnings
    # 69 with the default description and 3 that call themselves localhost.
    assert Counter(fault.id for fault in fabric.faults) == {"hca_unnamed": 72}
    assert fabric.generated == "Wed Aug  6 16:11:23 2025"


def test_qdr_fabric(recording: Read) -> None:
    fabric = parse(recording("infiniband/ibnetdiscover.qdr-cluster-sx6036.txt"))
    assert (len(fabric.switches), len(fabric.hcas), sum(hca.aggregation_node for hca in fabric.hcas)) == (8, 144, 0)
    assert Counter((link.width, link.speed) for link in fabric.links) == {("4x", "QDR"): 290 // 2, ("4x", "FDR10"): 94 // 2}
    assert {switch.label for switch in fabric.switches} == {f"ib{number}" for number in range(1, 9)}
    # The last Ca record ends the file without a blank line.
    assert next(hca for hca in fabric.hcas if hca.host == "stage1").ports == (HcaPort(1, "0x24be05ffff98aba1", 57),)
    assert (fabric.complete, fabric.warnings, fabric.faults) == (True, (), ())


def test_list_of_ports(recording: Read) -> None:
    fabric = parse(recording("infiniband/ibnetdiscover-p.edr-osc.txt"))
    assert [(hca.host, hca.ports[0].lid) for hca in fabric.hcas] == [("o0001", 134), ("o0002", 133), ("p0001", 1432)]
    # Four switches, one of which is named as a neighbour alone; two ports with no cable are no links.
    assert {switch.name: switch.lid for switch in fabric.switches} == {"ib-i1l1s01": 1719, "ib-i4l1s01": 2052, "ib-i7l2s01": 1781, "ib-i1l2s01": 1516}
    assert [(link.a.name, link.a.port, link.b.name, link.b.port) for link in fabric.links] == [
        ("o0001 HCA-1", 1, "ib-i1l1s01", 10),
        ("o0002 HCA-1", 1, "ib-i1l1s01", 11),
        ("p0001 HCA-1", 1, "ib-i4l1s01", 35),
        ("ib-i1l1s01", 1, "ib-i1l2s01", 1),
    ]
    assert fabric.warnings == ("one cable is told by one end alone, such as port 1 of ib-i1l1s01 to port 1 of ib-i1l2s01.",)


def test_topology() -> None:
    fabric = parse(TOPOLOGY)
    assert fabric.switches[0] == Switch("0x00a0aa0000000010", "MF0;leaf-a:MQM9700/U1", "leaf-a", "MQM9700", 65, 10, "0x00a0aa0000000010")
    assert [(switch.label, switch.ports, switch.lid) for switch in fabric.switches] == [("leaf-a", 65, 10), ("leaf-b", 65, 20), ('spine "one"', 41, 30)]
    assert [(hca.host, hca.device, hca.aggregation_node) for hca in fabric.hcas] == [
        (None, None, True),
        ("node1", "mlx5_0", False),
        ("node2", "mlx5_0", False),
        ("node3", "HCA-1", False),
        (None, None, False),
    ]
    assert fabric.hcas[4].ports == (HcaPort(2, "0x00a0cc0000000402", 104),)
    assert (fabric.hcas[4].system_guid, fabric.hcas[1].system_guid) == (None, "0x00a0cc0000000101")
    assert [(router.name, router.ports) for router in fabric.routers] == [("router1", (HcaPort(1, "0x00a0ee0000000001", 90),))]
    assert (fabric.complete, fabric.warnings) == (True, ())


def test_each_cable_is_one_link_and_parallel_cables_are_two() -> None:
    fabric = parse(TOPOLOGY)
    leaf, spine = "0x00a0aa0000000010", "0x00a0aa0000000030"
    between = [link for link in fabric.links if {link.a.guid, link.b.guid} == {leaf, spine}]
    assert [(link.a, link.b) for link in between] == [
        (LinkEnd(leaf, "MF0;leaf-a:MQM9700/U1", 31), LinkEnd(spine, 'spine "one"', 1)),
        (LinkEnd(leaf, "MF0;leaf-a:MQM9700/U1", 32), LinkEnd(spine, 'spine "one"', 2)),
    ]
    assert len(fabric.links) == 9


def test_widths_and_speeds() -> None:
    rates = {(link.width, link.speed): link.rate_gbits_per_s for link in parse(TOPOLOGY).links}
    assert rates == {("4x", "NDR"): 400, ("2x", "NDR"): 200, ("4x", "HDR"): 200, ("1x", "NDR"): 100}


@pytest.mark.parametrize(
    ("words", "width", "speed", "rate"),
    [
        ("4xSDR", "4x", "SDR", 10),
        ("12xDDR", "12x", "DDR", 60),
        ("8xQDR", "8x", "QDR", 80),
        ("4xFDR10", "4x", "FDR10", 40),
        ("4xFDR", "4x", "FDR", 56),
        ("2xEDR", "2x", "EDR", 50),
        ("4xXDR", "4x", "XDR", 800),
        ("4x???", "4x", None, None),
        ("??NDR", None, "NDR", None),
        ("4xZDR", "4x", None, None),
        ("3xNDR", None, "NDR", None),
    ],
)
def test_one_link(words: str, width: str | None, speed: str | None, rate: float | None) -> None:
    fabric = parse(TOPOLOGY.replace("4xHDR", words))
    link = next(link for link in fabric.links if "ConnectX7" in link.a.name + link.b.name)
    assert (link.width, link.speed, link.rate_gbits_per_s) == (width, speed, rate)
    assert fabric.warnings == (() if rate else (f"one link has no width or speed that is known, such as '{words}'.",))


def test_unnamed_adapter_is_a_fault_with_its_place() -> None:
    (fault,) = parse(TOPOLOGY).faults
    assert (fault.id, fault.subject) == ("hca_unnamed", "HCA 0x00a0cc0000000401")
    assert fault.message == (
        "the adapter at port 2 of MF0;leaf-b:MQM9700/U1 calls itself 'MT4129 ConnectX7   Mellanox Technologies', which does not tell the host that it is in."
    )


def test_the_last_record_needs_no_blank_line() -> None:
    switches_last = "\n\n".join([*TOPOLOGY.split("\n\n")[4:], *TOPOLOGY.split("\n\n")[1:4]]).rstrip("\n")
    fabric = parse(switches_last)
    assert len(fabric.switches) == 3
    assert len(fabric.links) == 9
    assert fabric.complete


def test_grouped_and_full_forms() -> None:
    text = TOPOLOGY.replace("4xNDR", "4xNDR s=0 w=2 v=4").replace(
        "devid=0xd2f2\nsysimgguid=0xa0aa0000000010", "devid=0xd2f2\nsysimgguid=0xa0aa0000000010\t\t# Chassis 1 (big) "
    )
    text = (
        text.replace("[31]\t", "[31][ext 14]\t")
        .replace("[1]\t\t# ", "[1][ext 3]\t\t# ")
        .replace("# Initiated", "Chassis 1 (guid 0xa0)\n\n# Spine Nodes\n# Initiated")
    )
    plain = parse(TOPOLOGY)
    fabric = parse(text + "\nNon-Chassis Nodes\n")
    assert fabric == plain


def test_a_switch_that_is_listed_twice_counts_once() -> None:
    again = TOPOLOGY.split("\n\n")[1]
    assert parse(f"{TOPOLOGY}\n{again}\n").links == parse(TOPOLOGY).links


def test_list_of_ports_of_our_own() -> None:
    fabric = parse((FOLDER / "ports.txt").read_text())
    assert [(hca.name, hca.host, hca.ports) for hca in fabric.hcas] == [
        ("node1 mlx5_0", "node1", (HcaPort(1, "0x00a0cc0000000101", 101),)),
        ("node2's box mlx5_0", None, (HcaPort(1, "0x00a0cc0000000201", 102),)),
    ]
    assert [(link.a.name, link.b.port, link.rate_gbits_per_s) for link in fabric.links] == [("node1 mlx5_0", 1, 400), ("node2's box mlx5_0", 2, 100)]


def test_list_of_nodes() -> None:
    fabric = parse((FOLDER / "list.txt").read_text())
    assert [(switch.label, switch.lid) for switch in fabric.switches] == [("leaf-a", None), ("leaf-b", 20)]
    assert [(hca.host, hca.ports) for hca in fabric.hcas] == [("node1", ())]
    assert fabric.links == ()


def test_ibswitches(recording: Read) -> None:
    switches = parse(recording("infiniband/ibswitches.gsi.txt")).switches
    assert [switch.lid for switch in switches] == [574, 631, 774, 924, 203, 27, 13, 770]
    assert switches[4].label == "switch-0097cd70"


@pytest.mark.parametrize("lines", [13, 19, 30, 50, 58])
def test_cut_off_between_lines(lines: int) -> None:
    fabric = parse("\n".join(TOPOLOGY.splitlines()[:lines]))
    assert not fabric.complete
    assert fabric.warnings[-1].endswith("it is not whole.")


def test_cut_off_before_the_ports_of_the_last_node() -> None:
    lines = TOPOLOGY.splitlines()[:-1]
    fabric = parse("\n".join(lines))
    assert not fabric.complete
    assert fabric.warnings[0] == f"line {len(lines)}: the output is cut off here, at {lines[-1]!r}."


def test_an_adapter_without_a_cable_is_a_whole_fabric() -> None:
    fabric = parse('vendid=0x2c9\ncaguid=0xa1\nCa\t1 "H-00000000000000a1"\t\t# "node1 mlx5_0"\n')
    assert ([hca.host for hca in fabric.hcas], fabric.complete) == (["node1"], True)


def test_cut_off_within_a_line() -> None:
    whole = TOPOLOGY.splitlines()
    place = next(number for number, line in enumerate(whole) if line.startswith("[1](a0cc0000000301)"))
    fabric = parse("\n".join([*whole[:place], whole[place][:40]]))
    assert not fabric.complete
    assert f"line {place + 1}: the output is cut off here, at {whole[place][:40]!r}." in fabric.warnings


def test_damaged_line_is_named_and_the_rest_is_read() -> None:
    damaged = TOPOLOGY.replace('[1](a0cc0000000301) \t"S-', '[1](a0cc0000000301) \t"S=')
    fabric = parse(damaged)
    assert not fabric.complete
    assert fabric.warnings == (
        f"line 64: {damaged.splitlines()[63][:80]!r} can't be read; what it tells is missing.",
        "one cable is told by one end alone, such as port 1 of MF0;leaf-b:MQM9700/U1 to port 1 of node3 HCA-1.",
    )
    assert len(fabric.links) == 9


def test_cables_below_a_damaged_head_are_nobodys() -> None:
    damaged = TOPOLOGY.replace('Ca\t1 "H-00a0cc0000000301"', 'Ca\t1 "H-00a0cc000000')
    fabric = parse(damaged)
    assert [(hca.host, len(hca.ports)) for hca in fabric.hcas] == [(None, 1), ("node1", 1), ("node2", 1), (None, 1), ("node3", 1)]
    assert len(fabric.links) == 9
    assert [warning.split(":")[0] for warning in fabric.warnings[:2]] == ["line 63", "line 64"]
    assert fabric.warnings[3] == "one node is named by others and not in the output, such as node3 HCA-1: it is not whole."
    # Any line about the next node ends the one before.
    ids = ("vendid", "devid", "sysimgguid", "caguid")
    for left in ids:
        kept = [line for line in damaged.splitlines() if line.startswith(left) or not line.startswith((*ids, 'Ca\t1 "H-00a0cc000000\t'))]
        assert [hca.ports for hca in parse("\n".join(kept)).hcas[:3]] == [hca.ports for hca in parse(TOPOLOGY).hcas[:3]]


def test_many_damaged_lines_are_not_all_repeated() -> None:
    fabric = parse(TOPOLOGY + "nonsense\n" * 1000 + "\n# end\n")
    assert len(fabric.warnings) == 21
    assert fabric.warnings[-1] == "line 97: and so it goes on."


def test_the_ends_of_a_cable_that_disagree() -> None:
    fabric = parse(
        TOPOLOGY.replace(
            '[3]\t"S-00a0aa0000000020"[31]\t\t# "MF0;leaf-b:MQM9700/U1" lid 20 1xNDR', '[3]\t"S-00a0aa0000000020"[31]\t\t# "MF0;leaf-b:MQM9700/U1" lid 20 4xNDR'
        )
    )
    assert fabric.warnings == ('port 3 of spine "one" says 4xNDR of a cable whose other end says 1xNDR; the first word counts.',)


def test_two_cables_at_one_port() -> None:
    fabric = parse(TOPOLOGY.replace('[32]\t"S-00a0aa0000000030"[2]', '[32]\t"S-00a0aa0000000030"[3]'))
    assert 'two cables end at port 3 of spine "one": the fabric changed while it was read, or the text is damaged.' in fabric.warnings


def test_what_the_tool_complains_of_is_a_warning() -> None:
    warned = parse("ibwarn: [4711] mad_rpc: _do_madrpc failed; dport (DR path slid 0; dlid 0; 0,1,5)\n" + TOPOLOGY + "[root@head ~]# \n")
    assert warned.complete
    assert warned.warnings == ("line 1: the tool said 'ibwarn: [4711] mad_rpc: _do_madrpc failed; dport (DR path slid 0; dlid 0; 0,1,5)'.",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "It is empty."),
        (" \n\n", "It is empty."),
        ("bash: ibnetdiscover: command not found\n", "It begins with 'bash: ibnetdiscover: command not found'."),
        ("ibnetdiscover: iberror: failed: discover failed\n", "It begins with 'ibnetdiscover: iberror: failed: discover failed'."),
        ("CA 'mlx5_0'\n\tCA type: MT4129\n", "It begins with \"CA 'mlx5_0'\"."),
        ("<html><body>Switch</body></html>", "It begins with '<html><body>Switch</body></html>'."),
    ],
)
def test_another_text_is_refused(text: str, found: str, refused: Refused) -> None:
    assert refused(parse, text) == f"this is not what ibnetdiscover prints: it names no switch and no adapter. {found}"


@pytest.mark.parametrize(
    ("description", "identity"),
    [
        ("node12 mlx5_3", ("node12", "mlx5_3", False)),
        ("node12 HCA-4", ("node12", "HCA-4", False)),
        ("node12.example.org ibp12s0", ("node12.example.org", "ibp12s0", False)),
        ("storage-a", ("storage-a", None, False)),
        ("es400-c0 controller0", ("es400-c0", None, False)),
        ("node12 HCA-1 port one", ("node12", "HCA-1", False)),
        ("rack 4 mlx5_0", (None, "mlx5_0", False)),
        ("MT25408 ConnectX Mellanox Technologies", (None, None, False)),
        ("MT4129 ConnectX7   Mellanox Technologies", (None, None, False)),
        ("MT4129 mlx5_0", ("MT4129", "mlx5_0", False)),
        ("localhost mlx5_0", (None, "mlx5_0", False)),
        ("(none) mlx5_0", (None, "mlx5_0", False)),
        ("Voltaire 4036E IO gateway", (None, None, False)),
        ("", (None, None, False)),
        ("Mellanox Technologies Aggregation Node", (None, None, True)),
        ("Quantum Aggregation Node", (None, None, True)),
    ],
)
def test_what_an_adapters_description_tells(description: str, identity: tuple[str | None, str | None, bool]) -> None:
    assert hca_identity(description) == identity


@pytest.mark.parametrize(
    ("description", "label"),
    [
        ("MF0;leaf1:MQM9700/U1", ("leaf1", "MQM9700")),
        ("MF0;big:CS8500/L01/U1", ("big-L01", "CS8500")),
        ("MF0;big:CS8500/S01/U2", ("big-S01-U2", "CS8500")),
        ("MF0;q:Q3400-RA/U4", ("q-U4", "Q3400-RA")),
        ("SwitchX -  Mellanox Technologies", ("switch-000000ab", None)),
        ("", ("switch-000000ab", None)),
        (" core switch 1 ", ("core switch 1", None)),
    ],
)
def test_what_a_switchs_description_tells(description: str, label: tuple[str, str | None]) -> None:
    assert switch_label(description, "0x00000000000000ab") == label


def test_signalling_rates() -> None:
    assert [signalled_speed(rate) for rate in (2.5, 14.0625, 25.78, 25.78125, 53.125, 106.25, 212.5, 42)] == [
        "SDR",
        "FDR",
        "EDR",
        "EDR",
        "HDR",
        "NDR",
        "XDR",
        None,
    ]


def test_a_port_without_a_link_as_old_releases_print_it() -> None:
    """Without quotes around the name."""
    document = parse("SW   301  7 0x0002c90200aa0001 4x QDR                                   Sample IS5030 spine 2\n")
    assert [(switch.name, switch.lid) for switch in document.switches] == [("Sample IS5030 spine 2", 301)]
    assert document.complete and not document.warnings and not document.faults


def test_nodes_that_were_picked_out_of_the_output() -> None:
    picked = "".join(f'Switch\t41 "S-0002c90300aa000{number}"\t\t# "leaf{number}" base port 0 lid {number} lmc 0\n' for number in (1, 2))
    document = parse(picked)
    assert [switch.name for switch in document.switches] == ["leaf1", "leaf2"]
    assert document.complete and not document.warnings and not document.faults


def test_an_adapter_that_finds_no_fabric() -> None:
    document = parse('vendid=0x2c9\ndevid=0x1021\nsysimgguid=0x2c90300aa0001\ncaguid=0x2c90300aa0001\nCa\t1 "H-0002c90300aa0001"\t\t# "node1 mlx5_0"\n')
    assert document.complete and not document.links
    assert [(fault.id, fault.subject) for fault in document.faults] == [("fabric_not_found", "node1 mlx5_0")]
    assert document.faults[0].message == "it has no link, and nothing else was found: this is no fabric."
