# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slurm's files: what they say by release, how the site's dicts are laid over them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import config
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.features import parse_version

from .conftest import MakeCluster

RELEASES = ["22.05", "23.02", "23.11", "24.05", "24.11", "25.05", "25.11", "26.05"]
TREE: dict[str, Any] = {
    "plugin": "tree",
    "switches": [
        {"name": "top", "switches": ["s1", "s2", "later"]},
        {"name": "s1", "group": "unit1"},
        {"name": "s2", "nodes": "node[03-04]"},
        {"name": "later", "group": "empty"},
    ],
}


def lines_of(text: str) -> dict[str, str]:
    """Key to the rest of its line, records by kind and name."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def slurm_conf(make_cluster: MakeCluster, **changes: Any) -> dict[str, str]:
    return lines_of(config.render(make_cluster(**changes))["slurm.conf"])


def test_the_same_input_gives_the_same_text(make_cluster: MakeCluster) -> None:
    assert config.render(make_cluster()) == config.render(make_cluster())


def test_nodes_and_partitions(make_cluster: MakeCluster) -> None:
    text = config.render(make_cluster())["slurm.conf"]
    assert "NodeName=node[01-04] Sockets=2 CoresPerSocket=56 ThreadsPerCore=2 RealMemory=1992294 Gres=gpu:h100:8 Feature=h100\n" in text
    assert "NodeSet=h100 Nodes=node[01-04]\n" in text
    assert "NodeName=cpu1 Sockets=2 CoresPerSocket=32 ThreadsPerCore=2 RealMemory=498073 Feature=cpu\n" in text
    assert (
        "PartitionName=gpu Nodes=h100 Default=YES State=UP DefCpuPerGPU=28 DefMemPerGPU=249036 "
        "TRESBillingWeights=CPU=0.0357,Mem=0.004112G,GRES/gpu=1.0\n" in text
    )
    # A partition that has nodes without GPUs too: what the leanest node has per CPU.
    assert "PartitionName=all-nodes Nodes=h100,cpu Default=NO State=UP DefMemPerCPU=3891\n" in text


def test_nothing_is_said_of_an_empty_nodeset(make_cluster: MakeCluster) -> None:
    nodesets = [{"name": "h100", "group": "gpu_nodes"}, {"name": "cpu", "group": "cpu_nodes"}, {"name": "later", "group": "empty"}]
    text = config.render(make_cluster(nodesets=nodesets, partitions=[{"name": "p", "nodesets": ["later"]}, {"name": "q", "nodesets": "all"}]))["slurm.conf"]
    assert "PartitionName=p Default=NO State=UP\n" in text
    assert "PartitionName=q Nodes=h100,cpu " in text
    assert "NodeSet=later" not in text


def test_a_cluster_without_nodes_has_a_placeholder(make_cluster: MakeCluster) -> None:
    groups: dict[str, list[str]] = {"slurm_compute": [], "gpu_nodes": [], "cpu_nodes": []}
    files = config.render(make_cluster(groups))
    assert "NodeName=no-node-yet State=FUTURE\n" in files["slurm.conf"]
    assert "no-node-yet" not in config.render(make_cluster())["slurm.conf"]


@pytest.mark.parametrize("release", RELEASES)
def test_what_every_release_gets(make_cluster: MakeCluster, release: str) -> None:
    settings = slurm_conf(make_cluster, version=release)
    assert settings["ClusterName"] == "main"
    assert settings["SlurmctldHost"] == "ctl1"
    assert settings["SlurmctldParameters"] == "enable_configless"
    assert settings["SelectTypeParameters"] == "CR_Core_Memory"
    assert settings["PrologFlags"] == "Alloc,Contain"
    assert settings["SchedulerParameters"] == "nohold_on_prolog_fail"
    assert settings["MpiDefault"] == "pmix"
    assert settings["DefMemPerCPU"] == "3891"
    assert settings["PreemptMode"] == "REQUEUE"
    assert settings["ReturnToService"] == "1"
    assert settings["AccountingStorageTRES"] == "gres/gpu,gres/gpu:h100"
    assert settings["PriorityWeightTRES"] == "gres/gpu=10000"
    assert int(settings["UnkillableStepTimeout"]) >= 5 * int(settings["MessageTimeout"])
    cgroup = lines_of(config.render(make_cluster(version=release))["cgroup.conf"])
    assert cgroup == {"CgroupPlugin": "autodetect", **dict.fromkeys(["ConstrainCores", "ConstrainDevices", "ConstrainRAMSpace", "ConstrainSwapSpace"], "YES")}


@pytest.mark.parametrize(("release", "state"), [("22.05", "IDLE,CYCLE"), ("23.02", "NONDRAINED_IDLE,CYCLE"), ("26.05", "NONDRAINED_IDLE,CYCLE")])
def test_health_check(make_cluster: MakeCluster, release: str, state: str) -> None:
    settings = slurm_conf(make_cluster, version=release)
    assert settings["HealthCheckProgram"] == "/usr/lib/railyard/healthcheck"
    assert settings["HealthCheckInterval"] == "300"
    assert settings["HealthCheckNodeState"] == state
    assert not any(key.startswith("HealthCheck") for key in slurm_conf(make_cluster, health_check_program=""))


@pytest.mark.parametrize(
    ("release", "autodetect", "line"),
    [
        ("24.05", "auto", "NodeName=node[01-04] AutoDetect=off Name=gpu Type=h100 File=/dev/nvidia[0-7]"),
        ("24.11", "auto", "NodeName=node[01-04] AutoDetect=nvidia"),
        ("22.05", "nvml", "NodeName=node[01-04] AutoDetect=nvml"),
        ("26.05", "off", "NodeName=node[01-04] AutoDetect=off Name=gpu Type=h100 File=/dev/nvidia[0-7]"),
    ],
)
def test_gres(make_cluster: MakeCluster, release: str, autodetect: str, line: str) -> None:
    text = config.render(make_cluster(version=release, gres_autodetect=autodetect, gres_lines=["NodeName=cpu1 Name=nic Count=2"]))["gres.conf"]
    assert text.splitlines()[1:] == [line, "NodeName=cpu1 Name=nic Count=2"]


def test_gres_of_amd(make_cluster: MakeCluster) -> None:
    nodesets = [{"name": "mi300x", "group": "gpu_nodes", "hardware_class": "mi300x_8"}, {"name": "cpu", "group": "cpu_nodes"}]
    text = config.render(make_cluster(nodesets=nodesets, partitions=[]))["gres.conf"]
    assert "NodeName=node[01-04] AutoDetect=off Name=gpu Type=mi300x File=/dev/dri/renderD[128-135]\n" in text


def test_topology_before_25_05(make_cluster: MakeCluster) -> None:
    files = config.render(make_cluster(topology=TREE))
    assert files["topology.conf"].splitlines()[1:] == [
        "SwitchName=s1 Nodes=cpu1,node[01-02]",
        "SwitchName=s2 Nodes=node[03-04]",
        "SwitchName=top Switches=s[1-2]",
    ]
    assert files["topology.yaml"] == ""
    assert lines_of(files["slurm.conf"])["TopologyPlugin"] == "topology/tree"


def test_topology_from_25_05_on(make_cluster: MakeCluster) -> None:
    files = config.render(make_cluster(topology=TREE, version="25.05"))
    assert files["topology.yaml"].split("---\n")[1] == (
        "- topology: default\n"
        "  cluster_default: true\n"
        "  tree:\n"
        "    switches:\n"
        '      - switch: "s1"\n'
        '        nodes: "cpu1,node[01-02]"\n'
        '      - switch: "s2"\n'
        '        nodes: "node[03-04]"\n'
        '      - switch: "top"\n'
        '        children: "s[1-2]"\n'
    )
    assert files["topology.conf"] == ""
    assert "TopologyPlugin" not in files["slurm.conf"]


def test_block_topology(make_cluster: MakeCluster) -> None:
    blocks = {"plugin": "block", "block_sizes": [2, 4], "switches": [{"name": "b1", "nodes": "node[01-02],cpu1"}, {"name": "b2", "nodes": "node[03-04]"}]}
    assert config.render(make_cluster(topology=blocks))["topology.conf"].splitlines()[1:] == [
        "BlockName=b1 Nodes=cpu1,node[01-02]",
        "BlockName=b2 Nodes=node[03-04]",
        "BlockSizes=2,4",
    ]
    assert "  block:\n    block_sizes:\n      - 2\n      - 4\n    blocks:\n" in config.render(make_cluster(topology=blocks, version="26.05"))["topology.yaml"]


def test_without_a_database(make_cluster: MakeCluster) -> None:
    """slurmctld refuses gres/gpu as a TRES, and fair share, without slurmdbd."""
    text = config.render(make_cluster({"slurm_database": []}))["slurm.conf"]
    for word in ("AccountingStorage", "JobAcctGather", "PriorityWeightFairshare", "PriorityWeightAge", "PriorityWeightTRES", "TRESBillingWeights"):
        assert word not in text
    assert "DefMemPerGPU=249036" in text


def test_high_availability(make_cluster: MakeCluster) -> None:
    cluster = make_cluster({"slurm_controller": ["ctl1", "ctl3"], "slurm_database": ["ctl2", "ctl4"]})
    text = config.render(cluster)["slurm.conf"]
    assert "SlurmctldHost=ctl1\nSlurmctldHost=ctl3\n" in text
    assert lines_of(text)["AccountingStorageBackupHost"] == "ctl4"
    assert config.conf_server(cluster) == "ctl1:6817,ctl3:6817"


def test_conf_server_follows_the_sites_own_values(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(config={"slurmctldhost": ["ctl1(10.0.0.1)", "ctl2"], "SlurmctldPort": "7000-7003"})
    assert config.conf_server(cluster) == "10.0.0.1:7000,ctl2:7000"


def test_tokens(make_cluster: MakeCluster) -> None:
    settings = slurm_conf(make_cluster, jwt=True)
    assert settings["AuthAltTypes"] == "auth/jwt"
    assert settings["AuthAltParameters"] == "jwt_key=/etc/slurm/jwt_hs256.key"
    assert "AuthAltTypes" not in slurm_conf(make_cluster)


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ({"KillWait": 45}, {"KillWait": "45"}),
        ({"killwait": 45}, {"KillWait": "45"}),
        ({"KillWait": "omit"}, {"KillWait": None}),
        ({"SchedulerParameters": ["bf_continue", "bf_max_job_test=1000"]}, {"SchedulerParameters": "bf_continue,bf_max_job_test=1000"}),
        ({"PriorityWeightTRES": {"cpu": 1, "gres/gpu": 5}}, {"PriorityWeightTRES": "cpu=1,gres/gpu=5"}),
        ({"DisableRootJobs": True}, {"DisableRootJobs": "YES"}),
        ({"RebootProgram": "/usr/bin/systemctl reboot"}, {"RebootProgram": '"/usr/bin/systemctl reboot"'}),
        ({"MailProg": "/usr/bin/mail"}, {"MailProg": "/usr/bin/mail"}),
        # Nodes get their configuration from slurmctld whatever the site says.
        ({"SlurmctldParameters": ["idle_on_node_suspend"]}, {"SlurmctldParameters": "enable_configless,idle_on_node_suspend"}),
        ({"SlurmctldParameters": "omit"}, {"SlurmctldParameters": "enable_configless"}),
    ],
)
def test_free_dict(make_cluster: MakeCluster, free: dict[str, Any], expected: dict[str, str | None]) -> None:
    settings = slurm_conf(make_cluster, config=free)
    assert {key: settings.get(key) for key in expected} == expected


def test_several_lines(make_cluster: MakeCluster) -> None:
    text = config.render(make_cluster(config={"Prolog": ["/a", "/b"], "Include": ["one.conf", "two.conf"]}))["slurm.conf"]
    assert "Prolog=/a\nProlog=/b\n" in text
    assert "Include one.conf\nInclude two.conf\n" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": {"NodeName": "x"}}, "slurm_config: NodeName can't be set here. Use slurm_nodesets."),
        ({"config": {"KillWait": None}}, "slurm_config: KillWait has no value. Write 'omit' to leave the line out."),
        ({"config": {"KillWait": 1, "killwait": 2}}, "slurm_config: KillWait and killwait are the same key."),
        ({"config": {"Kill Wait": 1}}, "slurm_config: 'Kill Wait' can't be a key."),
        ({"config": {"MailProg": "a # b"}}, "MailProg: the value of MailProg has a line break or a '#', which Slurm takes for the end of the line."),
        (
            {"cgroup_config": {"CgroupAutomount": True}},
            "slurm_cgroup_config: CgroupAutomount is gone since Slurm 23.11, and this is 24.11. Slurm mounts what it needs.",
        ),
        (
            {"partitions": [{"name": "gpu", "nodesets": "all", "config": {"Exclusive": "NODE"}}]},
            "slurm_partitions, config of gpu: Exclusive is known from Slurm 26.05 on, and this is 24.11. Write ExclusiveUser or ExclusiveTopo.",
        ),
    ],
)
def test_free_dict_that_is_wrong(make_cluster: MakeCluster, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CoreError) as caught:
        config.render(make_cluster(**changes))
    assert str(caught.value) == message


def test_nodeset_and_partition_have_free_dicts(make_cluster: MakeCluster) -> None:
    nodesets = [
        {
            "name": "h100",
            "group": "gpu_nodes",
            "memory_fraction": 0.5,
            "features": ["a", "b"],
            "gres": ["shard:16"],
            "config": {"Weight": 10, "ThreadsPerCore": "omit"},
        },
        {"name": "cpu", "group": "cpu_nodes"},
    ]
    partitions = [{"name": "gpu", "nodesets": ["h100"], "config": {"DefMemPerNode": 1000, "MaxTime": "1-0"}}]
    text = config.render(make_cluster(nodesets=nodesets, partitions=partitions))["slurm.conf"]
    assert "NodeName=node[01-04] Sockets=2 CoresPerSocket=56 RealMemory=1048576 Gres=gpu:h100:8,shard:16 Feature=a,b Weight=10\n" in text
    # DefMemPerCPU, DefMemPerGPU and DefMemPerNode exclude each other.
    assert "DefMemPerGPU" not in text
    assert "DefMemPerCPU=3891\n" in text
    assert "DefMemPerNode=1000 MaxTime=1-0\n" in text


@pytest.mark.parametrize(("nodes", "width"), [(0, 16), (4, 16), (4368, 16), (4369, 17), (10_000, 22)])
def test_tree_reaches_every_node_in_three_hops(nodes: int, width: int) -> None:
    assert config.tree_width(nodes) == width


def test_mpi_conf_is_there_when_it_says_something(make_cluster: MakeCluster) -> None:
    assert config.render(make_cluster())["mpi.conf"] == ""
    assert lines_of(config.render(make_cluster(mpi_config={"PMIxTimeout": 60}))["mpi.conf"]) == {"PMIxTimeout": "60"}


def database(**changes: Any) -> str:
    values: dict[str, Any] = {"password": "secret", "user": "slurm", "database": "acct", "host": "localhost", "jwt": False, "config": {}}
    return config.database_conf(parse_version("24.11"), changes.pop("hosts", ["ctl2"]), **{**values, **changes})


def test_slurmdbd_conf() -> None:
    settings = lines_of(database(jwt=True, hosts=["ctl2", "ctl4"], config={"PurgeJobAfter": "24months", "DebugLevel": "omit"}))
    assert settings["StoragePass"] == "secret"
    assert settings["DbdHost"] == "ctl2"
    assert settings["DbdBackupHost"] == "ctl4"
    assert settings["AuthAltParameters"] == "jwt_key=/etc/slurm/jwt_hs256.key"
    assert settings["PurgeJobAfter"] == "24months"
    assert "DebugLevel" not in settings


def test_slurmdbd_conf_needs_a_password_that_fits() -> None:
    with pytest.raises(CoreError) as caught:
        database(password="")
    assert str(caught.value) == "slurm_database_password: it is empty. Set secret_slurm_database_password, or run 'railyard secrets init'."
    with pytest.raises(CoreError) as caught:
        database(password="a#b-geheim")
    assert "geheim" not in str(caught.value)
