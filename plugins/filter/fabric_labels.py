# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: fabric_labels
author: The Railyard authors
short_description: Kubernetes' labels from a discovered InfiniBand fabric
version_added: 0.1.0
description:
  - Takes what C(ibnetdiscover) printed and returns for each node the labels that tell a scheduler where in the fabric it is.
  - C(tier-0) is the scalable unit, C(tier-1) what is above it, C(tier-2) the top of a fabric of three tiers.
  - A value that is too long for a label becomes its hash.
options:
  _input:
    description: The text, or a list of texts where the rails are planes of their own.
    type: raw
    required: true
  nodes:
    description: The nodes, by the inventory's names. Those that hang on no leaf get no labels.
    type: list
    elements: str
    required: true
  prefix:
    description: What the labels begin with.
    type: str
    default: fabric.topograph.run
positional: nodes
"""

EXAMPLES = r"""
- name: Show the labels of a node
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'ibnetdiscover.txt') | railyard.cluster.fabric_labels(groups.kubernetes_node)).node1 }}"
"""

RETURN = r"""
_value:
  description: Labels and their values by node.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.kubernetes import PREFIX, kubernetes_labels
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.read import read_fabric


def fabric_labels(text: t.Any, nodes: t.Sequence[str], prefix: str = PREFIX) -> dict[str, dict[str, str]]:
    try:
        fabric, _warnings = read_fabric(text)
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error
    return kubernetes_labels(fabric, nodes, prefix=prefix)


class FilterModule:
    """Kubernetes' labels."""

    def filters(self) -> dict[str, t.Any]:
        return {"fabric_labels": fabric_labels}
