# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: slurm_nodeset
author: The Railyard authors
short_description: The Slurm nodeset that a host belongs to
version_added: 0.1.0
description:
  - Finds the nodeset by the host's own groups, and refuses a host that is in none or in several, or whose hardware class is not that of its nodeset.
  - It looks at one host alone. With one call per host the whole cluster is checked, at a cost that grows with the number of hosts.
options:
  _input:
    description: The host's name.
    type: str
    required: true
  nodesets:
    description: The role's C(slurm_nodesets).
    type: list
    elements: dict
    required: true
  group_names:
    description: The magic variable of that name.
    type: list
    elements: str
    required: true
  hardware_class:
    description: The host's own C(railyard_hardware_class), empty where it has none.
    type: str
    default: ""
  hardware_classes:
    description: Nodeset to hardware class, as P(railyard.cluster.slurm_configuration#filter) returns it. Without it nothing is compared.
    type: dict
    default: {}
positional: nodesets, group_names, hardware_class, hardware_classes
"""

EXAMPLES = r"""
- name: Show the node's nodeset
  ansible.builtin.debug:
    msg: "{{ inventory_hostname | railyard.cluster.slurm_nodeset(slurm_nodesets, group_names) }}"
"""

RETURN = r"""
_value:
  description: The name of the nodeset.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import validate


def slurm_nodeset(
    host: str,
    nodesets: t.Iterable[t.Mapping[str, t.Any]],
    group_names: t.Iterable[str],
    hardware_class: str = "",
    hardware_classes: t.Mapping[str, str] | None = None,
) -> str:
    try:
        nodeset = validate.nodeset_of(nodesets, group_names, host)
        if hardware_classes:
            validate.check_hardware_class(host, hardware_class, nodeset, hardware_classes[nodeset])
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error
    return nodeset


class FilterModule:
    """What a host is in Slurm."""

    def filters(self) -> dict[str, t.Any]:
        return {"slurm_nodeset": slurm_nodeset}
