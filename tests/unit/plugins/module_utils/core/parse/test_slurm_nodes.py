# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slurm's nodes, from every form in which Slurm prints them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.slurm_node import SlurmGres, SlurmNode, SlurmNodes
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse import slurm_fields
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.slurm_nodes import parse

from .conftest import SAMPLES

Recording = Callable[[str], str]
Refused = Callable[[Callable[[str], object], str], str]


def sample(name: str) -> SlurmNodes:
    return parse((SAMPLES / "slurm_nodes" / name).read_text())


def only(document: SlurmNodes) -> SlurmNode:
    assert len(document.nodes) == 1
    return document.nodes[0]


def one_line(**changed: str) -> str:
    """Return a record in one line; a value of ``""`` leaves the field out."""
    fields = {
        "NodeName": "n1",
        "Arch": "x86_64",
        "Gres": "gpu:h100:8(S:0-1)",
        "RealMemory": "1000",
        "State": "IDLE",
        "CfgTRES": "cpu=8,mem=1000M,billing=8",
        "AllocTRES": "cpu=1",
        "AveWatts": "0",
        **changed,
    }
    return " ".join(f"{key}={value}" for key, value in fields.items() if value) + "\n"


# Recordings of real clusters.


def test_a_recorded_block(recording: Recording) -> None:
    node = only(document := parse(recording("slurm/scontrol-show-node.8x-h100.23.11.txt")))
    assert (node.name, node.version, node.states, node.partitions) == ("hgpn01", "23.11.11", ("mixed",), ("dev",))
    # GresUsed is printed with -d only; the allocated trackable resources tell it as well.
    assert node.gres == (SlurmGres("gpu", "H100", 8, 2),)
    assert (node.cpus, node.cpus_allocated, node.sockets, node.cores_per_socket, node.memory_mib) == (112, 9, 2, 56, 1900000)
    assert (node.cpu_load, node.free_memory_mib, node.memory_allocated_mib) == (37.41, 1107433, 327680)
    assert node.os == "Linux 4.18.0-553.144.1.el8_10.x86_64 #1 SMP Mon Jul 13 11:33:25 EDT 2026"
    assert node.boot_time == "2026-07-31T12:05:24"
    assert document.complete and not document.faults and not document.warnings


@pytest.mark.parametrize("version", ["24.11.7", "26.05.2"])
def test_recorded_lines(recording: Recording, version: str) -> None:
    document = parse(recording(f"slurm/scontrol-show-nodes-o.{version}.txt"))
    assert len(document.nodes) == 20
    assert Counter(node.states for node in document.nodes) == {("mixed", "dynamic_norm"): 5, ("idle", "dynamic_norm"): 15}
    kinds = Counter(tuple((gres.name, gres.type, gres.count, gres.used) for gres in node.gres) for node in document.nodes)
    a, b = ("gpu", "model_a"), ("gpu", "model_b")
    assert kinds == {(): 10, ((*a, 4, None),): 4, ((*b, 4, None),): 4, ((*a, 2, None), (*b, 2, None)): 2}
    assert {node.version for node in document.nodes} == {version}
    assert {node.os for node in document.nodes} == {"Linux 6.18.33.2-microsoft-standard-WSL2 #1 SMP PREEMPT_DYNAMIC Thu Jun 18 21:54:43 UTC 2026"}
    assert {node.memory_mib for node in document.nodes} == {15867}
    assert document.complete and not document.faults and not document.warnings


def test_a_recorded_sinfo_of_21_08(recording: Recording) -> None:
    document = parse(recording("slurm/sinfo-json.21.08.5.json"))
    assert [(node.name, node.states) for node in document.nodes] == [
        ("cs2.example.company.com", ("mixed",)),
        ("cs3.example.company.com", ("idle",)),
        ("cs4.example.company.com", ("allocated",)),
        ("cs5.example.company.com", ("down",)),
    ]
    first = document.nodes[0]
    assert first.gres == () and first.version == "21.08.5" and first.cpu_load == 0.01 and first.free_memory_mib == 337330
    assert [fault.id for fault in document.faults] == ["node_down"]


def test_recorded_nodes_of_slurmrestd(recording: Recording) -> None:
    document = parse(recording("slurm/slurmrestd-nodes.25.11.json"))
    states = {node.name: node.states for node in document.nodes}
    assert states == {
        "cn1": ("idle", "drain"),
        "cn2": ("down",),
        "cn3": ("allocated",),
        "cn4": ("mixed",),
        "gpu1": ("idle",),
        "gpu2": ("idle",),
        "gpu3": ("idle",),
        "gpu4": ("idle",),
    }
    gres = {node.name: node.gres for node in document.nodes}
    assert gres["cn1"] == () and gres["gpu1"] == gres["gpu2"] == (SlurmGres("gpu", "h100", 4, 0),) and gres["gpu3"] == (SlurmGres("gpu", None, 4, 0),)
    assert {fault.subject for fault in document.faults} == {"cn1", "cn2"}


def test_a_recorded_drained_node(recording: Recording) -> None:
    node = only(document := parse(recording("slurm/slurmrestd-node-drain.25.11.json")))
    assert (node.name, node.states, node.reason, node.reason_user, node.reason_time) == (
        "cn2",
        ("idle", "drain"),
        "ECC memory error",
        "root",
        "2025-11-12T10:16:25Z",
    )
    assert document.faults[0].message == "The node is drained: ECC memory error (set by root at 2025-11-12T10:16:25Z)."


def test_a_recorded_node_with_gpus(recording: Recording) -> None:
    node = only(parse(recording("slurm/slurmrestd-node-gpu-mixed.25.11.json")))
    assert node.gres == (SlurmGres("gpu", "h100", 4, 1, (0,)),)
    assert (node.states, node.cores_per_socket, node.threads_per_core, node.free_memory_mib, node.cpu_load) == (("mixed",), 16, 1, 654, 0.17)


def test_recorded_hardware_of_slurmd(recording: Recording) -> None:
    node = only(parse(recording("slurm/slurmd-C.p5.48xlarge.txt")))
    assert (node.name, node.cpus, node.boards, node.sockets, node.cores_per_socket, node.threads_per_core, node.memory_mib) == (
        "p5-st-p5-1",
        192,
        1,
        2,
        48,
        2,
        2047961,
    )
    assert node.uptime_s == 2 * 86400 + 8 * 60 + 2


def test_recorded_devices_of_slurmd(recording: Recording) -> None:
    node = only(parse(recording("slurm/slurmd-G.h100-mig.txt")))
    assert node.name == "io-io-gpu-02"
    assert {gres.type: gres.count for gres in node.gres} == {
        "nvidia_h100_80gb_hbm3": 2,
        "nvidia_h100_80gb_hbm3_1g.10gb": 6,
        "nvidia_h100_80gb_hbm3_4g.40gb": 2,
    }


def test_recordings_of_something_else_are_refused(recording: Recording, refused: Refused) -> None:
    ping = refused(parse, recording("slurm/slurmrestd-ping.25.11.json"))
    assert ping.startswith("this JSON has no list of nodes: it has errors, meta, pings, warnings.")
    partition = refused(parse, recording("slurm/scontrol-show-partition.8gpus.txt"))
    assert partition.startswith("there is no node in this output: expected is NodeName=, found is 'PartitionName=8gpus'.")


# Text.


def test_blocks() -> None:
    document = sample("blocks.txt")
    first, second = document.nodes
    assert first.gres == (SlurmGres("gpu", "h200", 8, 5, (0, 1, 2, 3, 6)), SlurmGres("nvme", None, 2 << 40, 512 << 30))
    assert (first.states, first.hostname, first.version, first.features) == (("mixed", "planned"), "rack1-gpu01", "24.05.4", ("h200", "ib"))
    assert second.states == ("down", "not_responding", "drain")
    assert second.reason == "gres/gpu count reported lower than configured (7 < 8)\nTicket=4711 opened"
    assert (second.reason_user, second.reason_time) == ("slurm", "2026-02-27T11:12:13")
    assert (second.cpu_load, second.free_memory_mib, second.boot_time, second.last_busy, second.comment) == (None, None, None, None, "State=unclear")
    assert [(fault.id, fault.subject, fault.message) for fault in document.faults] == [
        (
            "node_down",
            "rack1-gpu02",
            (
                "The node is down, not responding and drained: gres/gpu count reported lower than configured (7 < 8) Ticket=4711 opened"
                " (set by slurm at 2026-02-27T11:12:13)."
            ),
        ),
        ("gres_missing", "rack1-gpu02", "Its slurmd found 7 of the 8 gres/gpu that slurm.conf gives it."),
    ]


def test_one_line_each() -> None:
    document = sample("one-line.txt")
    first, second = document.nodes
    assert first.os == "Linux 6.11.0 #1 SMP FLAGS=none"
    assert (second.reason, second.reason_user, second.reason_time, second.comment) == (
        "State=odd, see mail\nsecond line",
        "ops",
        "2026-01-03T00:00:00",
        "to be moved",
    )
    assert [(gres.used, gres.name) for gres in first.gres] == [(0, "gpu"), (0, "shard")]
    # A node that is switched off does not respond, and that is no fault; one that is on and does not, is.
    assert [(fault.id, fault.subject) for fault in document.faults] == [("node_not_responding", "c2")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("IDLE", ("idle",)),
        ("MIXED+CLOUD", ("mixed", "cloud")),
        ("DOWN*+DRAIN", ("down", "not_responding", "drain")),
        ("IDLE~", ("idle", "powered_down")),
        ("MIXED#+CLOUD", ("mixed", "powering_up", "cloud")),
        ("idle-", ("idle", "planned")),
        ("idle$", ("idle", "maintenance")),
        ("idle@", ("idle", "reboot_requested")),
        ("idle^*", ("idle", "reboot_issued", "not_responding")),
        ("idle!", ("idle", "power_down")),
        ("idle%", ("idle", "powering_down")),
        ("ALLOCATED+", ("allocated", "completing")),
        ("IDLE*+CLOUD+POWER", ("idle", "not_responding", "cloud", "power")),
        ("IDLE+DRAIN+DYNAMIC_NORM+INVALID_REG", ("idle", "drain", "dynamic_norm", "invalid_reg")),
    ],
)
def test_states(written: str, read: tuple[str, ...]) -> None:
    assert only(parse(one_line(State=written))).states == read


@pytest.mark.parametrize(
    ("configured", "used", "read"),
    [
        ("gpu:h100:8(S:0-1)", "gpu:h100:3(IDX:0-2)", [("gpu", "h100", 8, 3, (0, 1, 2))]),
        ("gpu:v100:2(S:0,1),gpu:t4:1", "gpu:v100:1(IDX:1),gpu:t4:0(IDX:N/A)", [("gpu", "v100", 2, 1, (1,)), ("gpu", "t4", 1, 0, ())]),
        ("gpu:h100:8,shard:h100:32(S:0-1)", "gpu:h100:0(IDX:N/A),shard:h100:4(2/4,2/4,0/4)", [("gpu", "h100", 8, 0, ()), ("shard", "h100", 32, 4, ())]),
        ("gpu:4", "gpu:tesla:2(IDX:0-1)", [("gpu", None, 4, 2, (0, 1))]),
        ("bandwidth:lustre:no_consume:4G,scratch:3K", "bandwidth:lustre:0", [("bandwidth", "lustre", 4 << 30, 0, ()), ("scratch", None, 3 << 10, None, ())]),
        ("gpu:2080:4,mps:2M,nvme:1T", "", [("gpu", "2080", 4, None, ()), ("mps", None, 2 << 20, None, ()), ("nvme", None, 1 << 40, None, ())]),
        ("gpu", "", [("gpu", None, 1, None, ())]),
        ("gpu:a:2,gpu:b:2", "gpu:3", [("gpu", "a", 2, None, ()), ("gpu", "b", 2, None, ())]),
        ("(null)", "gpu:0", []),
    ],
)
def test_gres(configured: str, used: str, read: list[Any]) -> None:
    node = only(parse(one_line(Gres=configured, GresUsed=used, CfgTRES="cpu=8", AllocTRES="cpu=1")))
    assert node.gres == tuple(SlurmGres(*entry) for entry in read)


@pytest.mark.parametrize(
    ("tres", "allocated", "used"),
    [
        ("cpu=8,gres/gpu=8", "cpu=8,gres/gpu=3", 3),
        ("cpu=8,gres/gpu=8", "cpu=8", 0),
        ("cpu=8,gres/gpu=8,gres/gpu:H100=8", "gres/gpu=3,gres/gpu:h100=2", 2),
        ("cpu=8", "cpu=8", None),
    ],
)
def test_use_told_by_trackable_resources(tres: str, allocated: str, used: int | None) -> None:
    assert only(parse(one_line(CfgTRES=tres, AllocTRES=allocated))).gres[0].used == used


def test_two_types_share_one_trackable_resource() -> None:
    node = only(parse(one_line(Gres="gpu:a:4,gpu:b:4", CfgTRES="gres/gpu=8", AllocTRES="gres/gpu=3")))
    assert [gres.used for gres in node.gres] == [None, None]


def test_a_reason_without_a_mark() -> None:
    node = only(parse("NodeName=n1 Arch=x\n   State=DOWN ThreadsPerCore=1\n   CurrentWatts=0 AveWatts=0\n   Reason=see Extra=no [ticket 7]\n\n"))
    assert (node.reason, node.reason_user, node.reason_time, node.extra) == ("see Extra=no [ticket 7]", None, None, None)


@pytest.mark.parametrize("gap", ["   ", ""])
def test_an_empty_line_before_the_reason(gap: str) -> None:
    block = f"NodeName=n1 Arch=x\n   State=IDLE+DRAIN ThreadsPerCore=1\n   CurrentWatts=0 AveWatts=0\n{gap}\n   Reason=fan [root@2026-01-01T00:00:00]\n\n"
    document = parse(block + block.replace("n1", "n2") + "$ \n")
    assert [(node.name, node.reason) for node in document.nodes] == [("n1", "fan"), ("n2", "fan")]


def test_a_number_that_is_none_is_told() -> None:
    document = parse(one_line(RealMemory="12x", CPULoad="high"))
    assert only(document).memory_mib is None and only(document).cpu_load is None
    assert document.warnings == ("line 1, node n1: CPULoad=high is not a number.", "line 1, node n1: RealMemory=12x is not a number.")


def test_what_a_collector_put_before_each_line_is_dropped() -> None:
    text = "".join(f"head1: {line}" for line in one_line().splitlines(keepends=True) * 2)
    assert [node.name for node in parse(text).nodes] == ["n1", "n1"]


@pytest.mark.parametrize("end", [60, 90, 120])
def test_a_record_that_is_cut_off(end: int) -> None:
    text = one_line() + one_line(NodeName="n2", CfgTRES="", AllocTRES="", AveWatts="")[:end]
    document = parse(text.rstrip("\n"))
    assert not document.complete
    assert document.nodes[0].memory_mib == 1000
    assert document.warnings[0].startswith("line 2, node n2: the record ends at ")


def test_the_last_value_before_a_cut_is_not_believed() -> None:
    text = one_line(CfgTRES="", AllocTRES="", AveWatts="", State="")
    document = parse(text[: text.index("RealMemory=") + len("RealMemory=10")])
    assert only(document).memory_mib is None
    assert document.warnings == ("line 1, node n1: the record ends at RealMemory=: the output was cut off.",)


def test_a_value_that_ends_with_its_line_is_believed() -> None:
    document = parse(one_line(CfgTRES="", AllocTRES="", AveWatts="", State="", Gres=""))
    assert only(document).memory_mib == 1000 and not document.complete


def test_a_name_that_is_cut_off_is_no_node() -> None:
    document = parse(one_line() + "NodeName=n")
    assert [node.name for node in document.nodes] == ["n1"] and not document.complete


def test_errors_between_records_are_told() -> None:
    document = parse(one_line() + "Node n9 not found\n")
    assert document.warnings == ("line 2: Node n9 not found",)


# slurmd and sinfo.


def test_slurmd_c() -> None:
    node = only(document := sample("slurmd-C.txt"))
    assert node.gres == (SlurmGres("gpu", "nvidia_a100-sxm4-80gb", 8, None),)
    assert (node.cpus, node.sockets, node.memory_mib, node.uptime_s) == (128, 2, 1031687, 12 * 86400 + 3 * 3600 + 4 * 60 + 5)
    assert not document.faults


def test_slurmd_c_with_several_boards_and_found_gpus_only() -> None:
    text = "NodeName=n CPUs=64 Boards=2 SocketsPerBoard=2 CoresPerSocket=16 ThreadsPerCore=1 RealMemory=1\n"
    node = only(parse(text + "Found gpu:l40s:4 with Autodetect=nvidia (Substring of gpu name may be used instead)\nUpTime=0-00:00:09\n"))
    assert (node.sockets, node.uptime_s, node.gres) == (4, 9, (SlurmGres("gpu", "l40s", 4, None),))


def test_slurmd_c_with_an_error() -> None:
    document = parse("slurmd: error: cannot read gres.conf\nNodeName=n CPUs=1 RealMemory=1\nUpTime=0-00:00:09\n")
    assert document.warnings == ("line 1: slurmd: error: cannot read gres.conf",)


def test_slurmd_g() -> None:
    node = only(sample("slurmd-G.txt"))
    assert (node.name, node.gres) == ("gpu8", (SlurmGres("gpu", "b200", 2, None), SlurmGres("shard", None, 16, None)))


def test_sinfo_tables() -> None:
    first, second = sample("sinfo-N-l.txt").nodes
    assert (first.name, first.states, first.partitions, first.cpus, first.reason) == ("n1", ("mixed",), ("train", "all"), 96, None)
    assert (second.states, second.reason, second.memory_mib) == (("idle", "drain", "not_responding"), "fan failed twice", 515000)


def test_sinfo_summaries_with_host_lists() -> None:
    document = parse("PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST\nmain*        up   infinite      3    mix a[1-2],b1\nodd up\nx up 1 1 idle a[\n")
    assert [(node.name, node.states, node.partitions) for node in document.nodes] == [(name, ("mixed",), ("main",)) for name in ("a1", "a2", "b1")]
    assert document.warnings == (
        "line 3: 2 values in 6 columns: left out.",
        "line 4: the host list 'a[' has a bracket that isn't closed.",
    )


def test_sinfo_with_chosen_columns() -> None:
    text = "HOSTNAMES STATE GRES GRES_USED CPU_LOAD FREE_MEM MEMORY\nn1 alloc gpu:h100:4 gpu:h100:4(IDX:0-3) 3.50 17 64+\n"
    node = only(parse(text))
    assert node.gres == (SlurmGres("gpu", "h100", 4, 4, (0, 1, 2, 3)),)
    assert (node.states, node.cpu_load, node.free_memory_mib, node.memory_mib) == (("allocated",), 3.5, 17, None)


# JSON.


def test_scontrol_json() -> None:
    node = only(document := sample("scontrol.json"))
    assert (node.states, node.cpu_load, node.free_memory_mib, node.last_busy) == (("idle", "drain", "invalid_reg"), None, None, None)
    assert node.gres == (SlurmGres("gpu", "l40s", 2, 1, (1,)), SlurmGres("gpu", "l4", 2, 0))
    assert (node.reason_user, node.reason_time, node.boot_time) == ("slurm", "2026-01-02T03:04:05Z", "2026-01-01T20:40:00Z")
    assert [(fault.id, fault.hint) for fault in document.faults] == [
        ("node_invalid_reg", "Compare free -m on the node with RealMemory in slurm.conf: a memory module may be lost.")
    ]


def test_the_json_of_21_08() -> None:
    node = only(sample("sinfo-21.08.json"))
    assert (node.states, node.features, node.active_features, node.free_memory_mib) == (("idle", "drain"), ("x", "y"), ("x",), None)
    assert (node.cpu_load, node.version, node.boot_time, node.reason_user, node.gres) == (1.5, "21.08.8", None, None, (SlurmGres("gpu", None, 2, 0),))


def test_the_groups_of_newer_sinfo() -> None:
    document = sample("sinfo-groups.json")
    first, _second, third = document.nodes
    assert [(node.name, node.partitions, node.gres[0].used) for node in document.nodes] == [
        ("g1", ("p1",), None),
        ("g2", ("p1", "p2"), None),
        ("g3", ("p1",), 1),
    ]
    # Numbers in which the nodes of a group differ are not anybody's.
    assert (first.cpus, first.memory_mib, first.cpu_load, first.free_memory_mib, first.cpus_allocated) == (32, 1000, None, None, None)
    assert (third.reason, third.reason_user, third.address, third.cpus_allocated) == ("Not responding", "slurm", "10.0.0.3", 8)
    assert document.complete and len(document.warnings) == 1 and document.warnings[0].startswith("sinfo groups nodes:")


def nodes_json(**fields: Any) -> str:
    return json.dumps({"nodes": [{"name": "n", "state": ["IDLE"], **fields}], "errors": []})


@pytest.mark.parametrize(
    "value", [None, -2, 4294967294, 18446744073709551614, "Infinity", {"set": False, "number": 7}, {"set": True, "infinite": True, "number": 7}]
)
def test_no_value_is_none(value: Any) -> None:
    document = parse(nodes_json(free_mem=value, cpu_load=value))
    assert (only(document).free_memory_mib, only(document).cpu_load, document.warnings) == (None, None, ())


@pytest.mark.parametrize("value", [True, 1.5, "many", [1]])
def test_what_is_no_number_is_told(value: Any) -> None:
    document = parse(nodes_json(real_memory=value))
    assert only(document).memory_mib is None
    assert document.warnings == ("nodes[0], node n: real_memory is not a whole number.",)


def test_a_field_of_another_type_is_told() -> None:
    document = parse(nodes_json(operating_system={"a": 1}, gres=["gpu:h100:2", "shard:4"]))
    assert only(document).gres == (SlurmGres("gpu", "h100", 2, None), SlurmGres("shard", None, 4, None))
    assert document.warnings == ("nodes[0], node n: operating_system is not a text.",)


@pytest.mark.parametrize(
    "text", ['{"name": "n", "state": ["IDLE"]}', '[{"name": "n", "state": "IDLE"}]', '$ scontrol show node --json\n{"nodes": [{"name": "n"}]}\n$ ']
)
def test_parts_of_a_json_document(text: str) -> None:
    assert only(parse(text)).name == "n"


def test_an_entry_without_a_name_is_left_out() -> None:
    document = parse('{"nodes": [{"state": ["IDLE"]}, 7, {"name": "n"}]}')
    assert [node.name for node in document.nodes] == ["n"]
    assert document.warnings == ("nodes[0]: this is not a node: it has no name.", "nodes[1]: this is not a node: it has no name.")


def test_an_error_of_slurm(refused: Refused) -> None:
    errors = [{"description": "Failure to query node", "error_number": 2009, "error": "Unable to contact slurm controller (connect failure)"}]
    told = "Unable to contact slurm controller (connect failure): Failure to query node"
    assert refused(parse, json.dumps({"nodes": [], "errors": errors})) == (
        f"errors[0]: Slurm answered with an error: {told}. Is slurmctld running, and may this user ask it?"
    )
    document = parse(json.dumps({"nodes": [{"name": "n"}], "errors": errors}))
    assert not document.complete and document.warnings == (f"Slurm reported an error: {told}.",)


def test_a_document_that_is_cut_off() -> None:
    text = json.dumps({"nodes": [{"name": f"n{place}", "state": ["IDLE"], "gres": "gpu:1"} for place in range(3)]})
    whole = parse(text[: text.index("}", text.index("n1")) + 1])
    assert [node.name for node in whole.nodes] == ["n0", "n1"]
    assert not whole.complete and whole.warnings == ("The output was cut off after 2 records.",)
    # A node that was cut in the middle is not believed.
    torn = parse(text[: text.index('"gres"', text.index("n1"))])
    assert [node.name for node in torn.nodes] == ["n0"]
    alone = parse(text[: text.index('"gres"')])
    assert alone.nodes == () and not alone.complete


def test_a_document_without_nodes() -> None:
    document = parse('{"nodes": [], "errors": []}')
    assert document.nodes == () and document.complete


def test_a_group_that_names_too_many(refused: Refused) -> None:
    text = json.dumps({"sinfo": [{"nodes": {"nodes": ["n[1-200000]"]}}]})
    assert refused(parse, text) == "sinfo[0]: this names more than 100000 nodes."
    broken = parse(json.dumps({"sinfo": [{"nodes": {"nodes": ["n["]}}, 7]}))
    assert broken.warnings == ("sinfo[0]: the host list 'n[' has a bracket that isn't closed.",)


# Faults.


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("IDLE", None),
        ("IDLE+POWERED_DOWN+NOT_RESPONDING", None),
        ("IDLE*+CLOUD+POWER", None),
        ("DOWN+CLOUD+POWERED_DOWN+NOT_RESPONDING", "node_down"),
        ("IDLE+MAINTENANCE", None),
        ("IDLE+FAIL", "node_fail"),
        ("ERROR", "node_error"),
        ("MIXED+DRAIN", "node_drain"),
        ("IDLE+INVALID_REG", "node_invalid_reg"),
    ],
)
def test_what_is_a_fault(state: str, fault: str | None) -> None:
    assert [found.id for found in parse(one_line(State=state)).faults] == ([fault] if fault else [])


def test_a_fault_without_a_reason() -> None:
    assert parse(one_line(State="DOWN")).faults[0].message == "The node is down, and no reason is given."


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("Low socket*core*thread count, Low CPUs [slurm@2026-01-01T00:00:00]", "Compare slurmd -C"),
        ("Node unexpectedly rebooted [slurm@2026-01-01T00:00:00]", "Look for the cause in the BMC"),
        ("Kill task failed [root@2026-01-01T00:00:00]", "A process could not be killed"),
        ("gres/gpu count too low (0 < 4) [slurm@2026-01-01T00:00:00]", "Find out whether"),
    ],
)
def test_hints_follow_the_reason(reason: str, hint: str) -> None:
    document = parse(one_line(State="IDLE+DRAIN", Reason=reason))
    assert document.faults[0].hint.startswith(hint)
    assert [fault.id for fault in document.faults[1:]] == (["gres_missing"] if "gres" in reason else [])


# What is none of this.


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the output is empty: expected are nodes, as scontrol show node prints them."),
        (" \n", "the output is empty: expected are nodes, as scontrol show node prints them."),
        (
            "slurm_load_node error: Unable to contact slurm controller (connect failure)\n",
            (
                "there is no node in this output, but: line 1: slurm_load_node error: Unable to contact slurm controller (connect failure)."
                " Is slurmctld running, and does it know the node?"
            ),
        ),
        ("Node n9 not found\n", "there is no node in this output, but: line 1: Node n9 not found. Is slurmctld running, and does it know the node?"),
        (
            "<html><body>502</body></html>",
            (
                "there is no node in this output: expected is NodeName=, found is '<html><body>502</body></html>'."
                " Read are scontrol show node (also -o and --json), sinfo --json, slurmrestd's /nodes and slurmd -C."
            ),
        ),
        (
            '{"jobs": []}',
            "this JSON has no list of nodes: it has jobs. Expected is scontrol show node --json, sinfo --json or what slurmrestd answers to /nodes.",
        ),
        ('{"nodes": ', "line 1, column 11: this is not JSON: Expecting value. Was the file cut off?"),
    ],
)
def test_refused(text: str, message: str, refused: Refused) -> None:
    assert refused(parse, text) == message


def test_lists_of_indexes_are_bounded() -> None:
    entry = slurm_fields.gres_entries(f"gpu:1(IDX:{','.join(['0-9999'] * 50)})")[0]
    assert len(entry.indexes) <= 20_000


def test_an_answer_that_is_an_error_alone(refused: Refused) -> None:
    errors = [{"description": "Failure to query node n9", "error_number": 0, "error": "No error", "source": "_dump_nodes"}]
    assert refused(parse, json.dumps({"errors": errors, "warnings": [], "meta": {}})) == (
        "errors[0]: Slurm answered with an error: Failure to query node n9: _dump_nodes. Is slurmctld running, and may this user ask it?"
    )


def test_the_memory_on_the_line_of_the_operating_system() -> None:
    document = parse(
        "NodeName=n7 Arch=x86_64 CoresPerSocket=6\n   CPUAlloc=0 CPUErr=0 CPUTot=12 CPULoad=1.50\n   AvailableFeatures=(null)\n   ActiveFeatures=(null)\n"
        "   Gres=gpu:k20:2\n   NodeAddr=n7 NodeHostName=n7 Version=17.02\n   OS=Linux RealMemory=18432 AllocMem=0 FreeMem=17607 Sockets=2 Boards=1\n"
        "   State=IDLE ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A\n   Partitions=all\n   CfgTRES=cpu=12,mem=18G\n   AllocTRES=\n"
    )
    (node,) = document.nodes
    assert (node.os, node.memory_mib, node.free_memory_mib, node.sockets, node.boards) == ("Linux", 18432, 17607, 2, 1)
    assert document.complete and not document.warnings and not document.faults


@pytest.mark.parametrize("name", ["one-line.txt", "blocks.txt"])
def test_line_ends_of_windows(name: str) -> None:
    text = (SAMPLES / "slurm_nodes" / name).read_text()
    assert parse(text.replace("\n", "\r\n")) == parse(text)
