# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: slurm_ports
author: The Railyard authors
short_description: Where Slurm listens on a host
version_added: 0.1.0
description:
  - Takes variables of role P(railyard.cluster.slurm#role) and returns the ports of each daemon, and of srun, so that nobody lists them twice.
  - Of the free dicts only the keys that name a port are looked at, whatever their case.
options:
  _input:
    description: C(config), C(config_extra), C(database_config), C(nodesets) and C(srun_ports), each as the role has it with the prefix C(slurm_).
    type: dict
    required: true
  groups:
    description: Names of the host's groups, by which its nodeset is found.
    type: list
    elements: str
    required: true
positional: groups
"""

EXAMPLES = r"""
- name: Show where slurmctld listens
  ansible.builtin.debug:
    msg: "{{ ({'config': slurm_config} | railyard.cluster.slurm_ports(group_names)).slurmctld }}"
"""

RETURN = r"""
_value:
  description: Lists of ports and ranges of ports under C(slurmctld), C(slurmdbd), C(slurmd), C(sackd) and C(srun).
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.ports import ports


def slurm_ports(variables: t.Mapping[str, t.Any], groups: t.Collection[str]) -> dict[str, list[str]]:
    try:
        return ports(variables, groups)
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Where Slurm listens."""

    def filters(self) -> dict[str, t.Any]:
        return {"slurm_ports": slurm_ports}
