# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: fabric
author: The Railyard authors
short_description: What an InfiniBand fabric is made of, and what is wrong with it
version_added: 0.1.0
description:
  - Takes what C(ibnetdiscover) printed and returns its tiers, scalable units, leaves and spines, oversubscription, and its defects.
  - A defect is what differs from the rest of the fabric, such as a link that is slow or narrow, a cable that is missing between switches,
    a host without one of its rails or cabled to the leaf of another, an adapter whose name does not tell its host.
options:
  _input:
    description: The text, or a list of texts where the rails are planes of their own.
    type: raw
    required: true
  nodes:
    description: The hosts that should be there, by the inventory's names. One that the fabric does not know is a defect.
    type: list
    elements: str
    default: []
positional: nodes
seealso:
  - plugin: railyard.cluster.fabric_topology
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Say what is wrong with the fabric
  ansible.builtin.debug:
    msg: "{{ item.subject }}: {{ item.message }}"
  loop: "{{ (lookup('ansible.builtin.file', 'ibnetdiscover.txt') | railyard.cluster.fabric(groups.slurm_compute)).defects }}"
"""

RETURN = r"""
_value:
  description: The fabric.
  type: dict
  contains:
    complete:
      description: Whether the discovery was whole.
      type: bool
    warnings:
      description: What could not be read of it.
      type: list
    tiers:
      description: How many tiers of switches there are.
      type: int
    hosts:
      description: How many hosts there are.
      type: int
    cables:
      description: How many cables there are.
      type: int
    units:
      description: The scalable units with C(name), C(pod), C(rails), C(leaves) and C(hosts).
      type: list
    pods:
      description: The groups of units below the same spines, with C(name), C(units) and C(spines).
      type: list
    switches:
      description:
        - The switches with C(id), C(name), C(label), C(model), C(tier), C(unit), C(rail), C(host_cables), C(down_gbits_per_s), C(up_gbits_per_s)
          and C(oversubscription).
      type: list
    defects:
      description: What is wrong, with C(id), C(kind), C(subject), C(message), C(hint), C(expected), C(observed) and C(places).
      type: list
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.read import read_fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.views import summary


def fabric_filter(text: t.Any, nodes: t.Sequence[str] = ()) -> dict[str, t.Any]:
    try:
        fabric, warnings = read_fabric(text)
        return summary(fabric, nodes, warnings)
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """What a fabric is made of."""

    def filters(self) -> dict[str, t.Any]:
        return {"fabric": fabric_filter}
