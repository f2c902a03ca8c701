# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a difference asks for, by key and by release, in the right order; and that the nodes' digests agree with it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import changes, config
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.features import Version, parse_version

from .conftest import GROUPS, MakeCluster

OLD, NEW = parse_version("22.05"), parse_version("23.11")
BASE = """
# a comment
ClusterName=main
SlurmctldHost=ctl1
SlurmctldPort=6817
SlurmdPort=6818
AuthType=auth/munge
KillWait=30
TaskPlugin=task/cgroup
NodeName=node[1-4] CPUs=8 Gres=gpu:4
NodeSet=h100 Nodes=node[1-4]
PartitionName=gpu Nodes=h100 Default=YES
"""
GRES = "NodeName=node[1-4] Name=gpu File=/dev/nvidia[0-3]\n"


def actions(version: Version, old: str, new: str, gres: tuple[str, str] = (GRES, GRES)) -> list[tuple[str, str]]:
    plan = changes.plan(version, {"slurm.conf": old, "gres.conf": gres[0]}, {"slurm.conf": new, "gres.conf": gres[1]})
    return [(action.name, action.nodes) for action in plan.actions()]


@pytest.mark.parametrize("version", [OLD, NEW])
def test_what_does_not_count(version: Version) -> None:
    other = "KILLWAIT=30   # as before\n" + BASE.replace("KillWait=30\n", "").replace("a comment", "another")
    assert actions(version, BASE, other) == []
    assert actions(version, BASE, BASE, (GRES, "# x\n\n" + GRES)) == []


@pytest.mark.parametrize(
    ("before", "after", "old", "new"),
    [
        ("KillWait=30", "KillWait=45", [("reconfigure", "")], [("reconfigure", "")]),
        ("KillWait=30\n", "", [("reconfigure", "")], [("reconfigure", "")]),
        ("Default=YES", "Default=YES MaxTime=1-0", [("reconfigure", "")], [("reconfigure", "")]),
        ("SlurmctldHost=ctl1", "SlurmctldHost=ctl1\nSlurmctldHost=ctl2", [("restart slurmctld", ""), ("reconfigure", "")], [("reconfigure", "")]),
        ("SlurmctldPort=6817", "SlurmctldPort=7000", [("restart slurmctld", ""), ("reconfigure", "")], [("restart slurmctld", ""), ("reconfigure", "")]),
        (
            "SlurmdPort=6818",
            "SlurmdPort=7001",
            [("restart slurmctld", ""), ("reconfigure", ""), ("restart slurmd", "node[1-4]")],
            [("restart slurmctld", ""), ("reconfigure", ""), ("restart slurmd", "node[1-4]")],
        ),
        ("TaskPlugin=task/cgroup", "TaskPlugin=task/affinity", [("reconfigure", ""), ("restart slurmd", "node[1-4]")], [("reconfigure", "")]),
        ("KillWait=30", "KillWait=30\nCommunicationParameters=NoInAddrAny", [("reconfigure", "")], [("reconfigure", "")]),
        (
            "KillWait=30",
            "KillWait=30\nCommunicationParameters=NoInAddrAny,EnableIPv6",
            [("restart slurmctld", ""), ("reconfigure", ""), ("restart slurmd", "node[1-4]")],
            [("restart slurmctld", ""), ("reconfigure", ""), ("restart slurmd", "node[1-4]")],
        ),
        (
            "node[1-4]",
            "node[1-5]",
            [("restart slurmctld", ""), ("reconfigure", ""), ("restart slurmd", "node[1-5]")],
            [("reconfigure", "")],
        ),
        (
            "NodeName=node[1-4] CPUs=8",
            "NodeName=node[1-3] CPUs=8\nNodeName=node4 Port=7001 CPUs=8",
            [("restart slurmctld", ""), ("reconfigure", ""), ("restart slurmd", "node[1-4]")],
            [("reconfigure", ""), ("restart slurmd", "node4")],
        ),
    ],
)
def test_by_key_and_release(before: str, after: str, old: list[tuple[str, str]], new: list[tuple[str, str]]) -> None:
    assert before in BASE
    assert actions(OLD, BASE, BASE.replace(before, after)) == old
    assert actions(NEW, BASE, BASE.replace(before, after)) == new
    assert actions(parse_version("26.05"), BASE, BASE.replace(before, after)) == new


def test_other_files() -> None:
    gres = (GRES, GRES.replace("0-3", "0-7"))
    assert actions(OLD, BASE, BASE, gres) == [("restart slurmctld", ""), ("reconfigure", ""), ("restart slurmd", "node[1-4]")]
    assert actions(NEW, BASE, BASE, gres) == [("reconfigure", "")]
    assert [action.name for action in changes.plan(NEW, {"cgroup.conf": "a=1"}, {"cgroup.conf": "a=2"}).actions()] == ["reconfigure"]
    assert [action.name for action in changes.plan(NEW, {}, {"topology.yaml": "---\n- topology: x\n"}).actions()] == ["reconfigure"]


def test_order_and_reasons() -> None:
    plan = changes.plan(NEW, {"slurm.conf": BASE, "slurmdbd.conf": "a=1"}, {"slurm.conf": BASE.replace("6818", "7001"), "slurmdbd.conf": "a=2"})
    assert [action.name for action in plan.actions()] == ["restart slurmdbd", "restart slurmctld", "reconfigure", "restart slurmd"]
    assert plan.actions()[1].reasons == ("slurm.conf: slurmdport 6818 -> 7001",)


def test_reasons_name_nodes_as_a_list() -> None:
    (action,) = changes.plan(NEW, {"slurm.conf": BASE}, {"slurm.conf": BASE.replace("node[1-4]", "node[1-2,5]")}).actions()
    assert action.reasons == ("slurm.conf: node5 added", "slurm.conf: node[3-4] removed", "slurm.conf: nodeset h100 changed")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("AuthType=auth/munge", "AuthType=auth/slurm", "slurm.conf: authtype auth/munge -> auth/slurm. Stop all jobs and daemons"),
        ("ClusterName=main", "ClusterName=other", "slurm.conf: clustername main -> other. slurmctld refuses to run"),
        ("KillWait=30", "KillWait=30\nStateSaveLocation=/a", "slurm.conf: statesavelocation set to /a. Stop slurmctld, move its state"),
    ],
)
def test_what_needs_a_person(before: str, after: str, message: str) -> None:
    loaded, wanted = {"slurm.conf": BASE}, {"slurm.conf": BASE.replace(before, after)}
    with pytest.raises(CoreError) as caught:
        changes.decide(NEW, loaded, wanted, started_since=False)
    assert str(caught.value).startswith(message)
    # After the person did it.
    assert [action.name for action in changes.decide(NEW, loaded, wanted, started_since=True)] == ["reconfigure"]


def test_decide() -> None:
    wanted = {"slurm.conf": BASE.replace("6817", "7000")}
    names = [[action.name for action in changes.decide(NEW, {"slurm.conf": BASE}, wanted, started_since=since)] for since in (False, True)]
    # A slurmctld that somebody restarted has read the files; its nodes have not.
    assert names == [["restart slurmctld", "reconfigure"], ["reconfigure"]]
    assert changes.decide(NEW, wanted, wanted, started_since=False) == []
    assert changes.decide(NEW, None, wanted, started_since=True) == []
    assert [action.name for action in changes.decide(NEW, None, wanted, started_since=False)] == ["restart slurmctld", "reconfigure"]


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "SlurmdPort": st.sampled_from([6818, 7001]),
        "SlurmctldPort": st.sampled_from([6817, 7000]),
        "KillWait": st.integers(30, 32),
        "TaskPlugin": st.sampled_from(["task/cgroup", "task/affinity"]),
        "SlurmdSpoolDir": st.sampled_from(["/a", "/b"]),
        "CommunicationParameters": st.sampled_from(["EnableIPv6", "NoInAddrAny", "DisableIPv4,EnableIPv6"]),
        "GresTypes": st.sampled_from(["gpu", "gpu,shard"]),
    },
)
NODESETS = st.fixed_dictionaries(
    {}, optional={"config": st.fixed_dictionaries({}, optional={"Port": st.sampled_from([7001, 7002]), "Weight": st.integers(1, 2)})}
)


def rendered(make_cluster: MakeCluster, version: Version, settings: dict[str, Any], nodeset: dict[str, Any], count: int) -> Mapping[str, str]:
    nodesets = [{"name": "h100", "group": "gpu_nodes", **nodeset}, {"name": "cpu", "group": "cpu_nodes"}]
    nodes = GROUPS["gpu_nodes"][:count]
    return config.render(
        make_cluster({"gpu_nodes": nodes, "slurm_compute": [*nodes, "cpu1"]}, version=str(version), config=settings, nodesets=nodesets, partitions=[])
    )


@pytest.mark.parametrize("version", [OLD, NEW])
def test_digests_agree_with_the_plan(make_cluster: MakeCluster, version: Version) -> None:
    """A node's digest changes exactly when the plan says that its slurmd must be restarted."""
    seen = set()

    @given(*[SETTINGS, NODESETS, st.integers(1, 3)] * 2)
    def check(settings: Any, nodeset: Any, count: int, settings_2: Any, nodeset_2: Any, count_2: int) -> None:
        old = rendered(make_cluster, version, settings, nodeset, count)
        new = rendered(make_cluster, version, settings_2, nodeset_2, count_2)
        plan = changes.plan(version, old, new)
        nodes = {"h100": "node01", "cpu": "cpu1"}
        before, after = changes.slurmd_digests(version, old, nodes), changes.slurmd_digests(version, new, nodes)
        for name, node in nodes.items():
            assert (before[name] != after[name]) == (node in plan.nodes), plan.actions()
            seen.add(node in plan.nodes)

    check()
    assert seen == {True, False}


def test_ten_thousand_nodes(make_cluster: MakeCluster) -> None:
    nodes = [f"node{number:05d}" for number in range(10_001)]
    texts = []
    for count in (10_000, 10_001):
        groups = {"gpu_nodes": nodes[:count], "cpu_nodes": [], "slurm_compute": nodes[:count]}
        nodesets = [{"name": "h100", "group": "gpu_nodes", "hardware_class": "h100_sxm_8"}]
        texts.append(config.render(make_cluster(groups, nodesets=nodesets, partitions=[])))
    start = time.process_time()
    for version in (OLD, NEW):
        assert changes.plan(version, *texts).reconfigure or version == OLD
        changes.slurmd_digests(version, texts[0], {"h100": nodes[0]})
    assert time.process_time() - start < 3
