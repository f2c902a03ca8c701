# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: fabric_topology
author: The Railyard authors
short_description: Slurm's topology from a discovered InfiniBand fabric
version_added: 0.1.0
description:
  - Takes what C(ibnetdiscover) printed and returns what the variable C(slurm_topology) of the role P(railyard.cluster.slurm#role) takes.
  - What Slurm calls a switch is a scalable unit, the leaves that share the same hosts. It is found although ports are dead and cables are wrong.
  - Units below the same spines get a parent where there are several groups of them. Switches keep the names that they have in the fabric.
  - Every node is below exactly one unit. Nodes that the fabric does not know are named in a warning; they are below C(not-in-the-fabric), as Slurm gives
    no job a node that it can't place. With blocks they are an error.
options:
  _input:
    description: The text, or a list of texts where the rails are planes of their own, each discovered by itself (C(ibnetdiscover -C mlx5_3)).
    type: raw
    required: true
  nodes:
    description: The nodes of the cluster, by the inventory's names. A domain is left out.
    type: list
    elements: str
    required: true
  plugin:
    description: Whether Slurm shall see a tree of switches, or blocks.
    type: str
    choices: [tree, block]
    default: tree
  block_sizes:
    description: Sizes of blocks, such as 18 for a rack of an NVL72 system. Without any, the size of the smallest unit and its doubles.
    type: list
    elements: int
    default: []
positional: nodes
seealso:
  - plugin: railyard.cluster.fabric
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show the topology that Slurm would be told
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.file', 'ibnetdiscover.txt') | railyard.cluster.fabric_topology(groups.slurm_compute) }}"

- name: The same as blocks of a rack each
  ansible.builtin.debug:
    msg: "{{ discovered.stdout | railyard.cluster.fabric_topology(groups.slurm_compute, plugin='block', block_sizes=[18, 36]) }}"
"""

RETURN = r"""
_value:
  description: C(plugin), C(switches) and, for blocks, C(block_sizes). Empty where there are no nodes.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.read import read_fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.slurm import slurm_topology
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.hostlist import fold

display = Display()


def fabric_topology(text: t.Any, nodes: t.Sequence[str], plugin: str = "tree", block_sizes: t.Sequence[int] = ()) -> dict[str, t.Any]:
    try:
        fabric, warnings = read_fabric(text)
        topology = slurm_topology(fabric, nodes, plugin=plugin, block_sizes=block_sizes)
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error
    for warning in warnings:
        display.warning(f"The discovery of the fabric: {warning}")
    if topology.missing:
        display.warning(f"The fabric does not know {fold(topology.missing)}: no adapter in it has the name. Slurm places them apart from the others.")
    return dict(topology.data)


class FilterModule:
    """Slurm's topology."""

    def filters(self) -> dict[str, t.Any]:
        return {"fabric_topology": fabric_topology}
