# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wrong input: one clear sentence each, with its place."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import config

from .conftest import MakeCluster

GPU = {"name": "h100", "group": "gpu_nodes"}
CPU = {"name": "cpu", "group": "cpu_nodes"}
TREE = [{"name": "s1", "group": "unit1"}, {"name": "s2", "nodes": "node[03-04]"}, {"name": "top", "switches": ["s1", "s2"]}]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"groups": {"slurm_controller": []}}, "no host is in the group slurm_controller. Add the host that shall run slurmctld."),
        (
            {"partitions": [{"name": "gpu", "nodesets": ["h1000"]}]},
            (
                "slurm_partitions[0].nodesets: partition 'gpu' names the nodeset 'h1000', which doesn't exist. Did you mean h100? "
                "Nodesets are listed in slurm_nodesets."
            ),
        ),
        (
            {"nodesets": [GPU, CPU, {"name": "more", "group": "gpu_nodes"}]},
            "slurm_nodesets[2]: host node01 is in the nodesets h100 and more. A node belongs to one nodeset.",
        ),
        (
            {"nodesets": [{"name": "h100", "group": "gpu_node"}, CPU]},
            "slurm_nodesets[0].group: the inventory has no group 'gpu_node'. Did you mean gpu_nodes or cpu_nodes?",
        ),
        (
            {"nodesets": [GPU]},
            "slurm_nodesets: cpu1 in the group slurm_compute is in no nodeset. Add the host to the group of a nodeset, or a nodeset for its group.",
        ),
        (
            {"nodesets": [GPU, {"name": "cpu", "group": "unit1"}]},
            "slurm_nodesets[1].group: host login1 of the group unit1 is not in the group slurm_compute. Add it there too.",
        ),
        ({"nodesets": [GPU, CPU, dict(GPU)]}, "slurm_nodesets[2]: two nodesets are called 'h100'."),
        (
            {"nodesets": [GPU, {"name": "node01", "group": "cpu_nodes"}]},
            "slurm_nodesets: the nodeset 'node01' has the name of a node. Slurm wants them different.",
        ),
        (
            {"nodesets": [GPU, {"name": "all", "group": "cpu_nodes"}]},
            "slurm_nodesets[1].name: 'all' can't be a name in Slurm. Letters, digits and '_.-' can; 'all' and 'default' are reserved.",
        ),
        ({"nodesets": [GPU, {**CPU, "hardwareclass": "cpu"}]}, "slurm_nodesets[1]: 'hardwareclass' is not known here. Did you mean hardware_class?"),
        ({"nodesets": [GPU, {"name": "cpu"}]}, "slurm_nodesets[1]: 'group' is missing."),
        (
            {"groups": {"cpu_nodes": ["cpu2"], "slurm_compute": ["node01", "node02", "node03", "node04", "cpu2"]}},
            (
                "slurm_nodesets[1]: the hosts of the group cpu_nodes have no hardware class. Set railyard_hardware_class in "
                "group_vars/cpu_nodes.yml, or hardware_class here."
            ),
        ),
        ({"nodesets": [GPU, {**CPU, "memory_fraction": 95}]}, "slurm_nodesets[1].memory_fraction: 95.0 is not a share of the memory between 0 and 1."),
        (
            {"groups": {"slurm_compute": ["a.x", "a.y"], "gpu_nodes": [], "cpu_nodes": []}},
            "two hosts of the group slurm_compute have the same name up to the first dot. Slurm knows nodes by that part: rename one.",
        ),
        ({"partitions": [{"name": "p", "nodesets": "all"}, {"name": "p", "nodesets": "all"}]}, "slurm_partitions[1]: two partitions are called 'p'."),
        (
            {"partitions": [{"name": "p", "nodesets": "all", "default": True}, {"name": "q", "nodesets": "all", "default": True}]},
            "slurm_partitions: the partitions p and q are both the default. One at most can be.",
        ),
        ({"partitions": {"gpu": {}}}, "slurm_partitions: {'gpu': {}} is not a list."),
        ({"srun_ports": "60001:63000"}, "slurm_srun_ports: '60001:63000' is not a range of ports such as 60001-63000."),
        ({"gres_autodetect": "yes"}, "slurm_gres_autodetect: 'yes' is not one of auto, nvidia, nvml, rsmi, off."),
        (
            {"gres_autodetect": "nvidia", "version": "24.05"},
            "slurm_gres_autodetect: AutoDetect=nvidia is known from Slurm 24.11 on, and this is 24.05. Use nvml or off.",
        ),
        ({"topology": {"plugin": "ring", "switches": []}}, "slurm_topology.plugin: 'ring' is neither tree nor block."),
        (
            {"topology": {"plugin": "tree", "switches": TREE[1:2]}},
            "slurm_topology.switches: cpu1,node[01-02] are below no switch. Slurm gives no job nodes that it can't place in the topology.",
        ),
        (
            {"topology": {"plugin": "tree", "switches": [*TREE, {"name": "s3", "nodes": ["node04"]}]}},
            "slurm_topology.switches: node node04 is below 's2' and 's3'.",
        ),
        (
            {"topology": {"plugin": "tree", "switches": [*TREE[:2], {"name": "top", "switches": ["s1", "s9"]}]}},
            "slurm_topology.switches: switch 'top' names the switch 's9', which doesn't exist.",
        ),
        (
            {"topology": {"plugin": "tree", "switches": [*TREE[:2], {"name": "a", "switches": ["b"]}, {"name": "b", "switches": ["a"]}]}},
            "slurm_topology.switches: switch 'a' is below itself.",
        ),
        (
            {"topology": {"plugin": "tree", "switches": [{"name": "s1", "nodes": "node[01-05]"}]}},
            "slurm_topology.switches[0].nodes: 's1' names the node 'node05', which is in no nodeset.",
        ),
        ({"topology": {"plugin": "tree", "switches": [{"name": "s1"}]}}, "slurm_topology.switches[0]: 's1' needs exactly one of group, nodes and switches."),
        ({"topology": {"plugin": "block", "block_sizes": [2, 6], "switches": [*TREE[:2]]}}, "slurm_topology.block_sizes: 6 is not 2 times a power of two."),
        ({"topology": {"plugin": "block", "block_sizes": [2], "switches": TREE}}, "slurm_topology.switches: block 'top' has switches; blocks have nodes."),
        (
            {"version": "23.02", "topology": {"plugin": "block", "block_sizes": [2], "switches": TREE[:2]}},
            "slurm_topology.plugin: the block topology is known from Slurm 23.11 on, and this is 23.02.",
        ),
    ],
)
def test_one_sentence(make_cluster: MakeCluster, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(CoreError) as caught:
        make_cluster(**changes)
    assert str(caught.value) == message


def test_cluster(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(topology={"plugin": "tree", "switches": TREE})
    assert [(nodeset.name, nodeset.nodes, nodeset.hardware_class) for nodeset in cluster.nodesets] == [
        ("h100", ("node01", "node02", "node03", "node04"), "h100_sxm_8"),
        ("cpu", ("cpu1",), "cpu"),
    ]
    assert cluster.partitions[1].nodesets == ("h100", "cpu")
    assert cluster.topology is not None
    # A scalable unit may hold hosts that are no compute nodes.
    assert cluster.topology.switches[0].nodes == ("node01", "node02", "cpu1")


def test_empty_nodeset_is_fine(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(nodesets=[GPU, CPU, {"name": "later", "group": "empty"}])
    assert cluster.nodesets[2].nodes == ()


def test_ten_thousand_nodes(make_cluster: MakeCluster) -> None:
    nodes = [f"node{number:05d}" for number in range(10_000)]
    units = [{"name": f"s{unit:03d}", "nodes": nodes[unit * 20 : unit * 20 + 20]} for unit in range(500)]
    topology = {"plugin": "tree", "switches": [*units, {"name": "top", "switches": [unit["name"] for unit in units]}]}
    groups = {"gpu_nodes": nodes, "cpu_nodes": [], "slurm_compute": nodes}
    start = time.process_time()
    cluster = make_cluster(groups, nodesets=[{**GPU, "hardware_class": "h100_sxm_8"}], topology=topology, partitions=[{"name": "gpu", "nodesets": "all"}])
    text = config.render(cluster)["slurm.conf"]
    assert time.process_time() - start < 3
    assert "NodeName=node[00000-09999] " in text
    assert len(text) < 10_000
