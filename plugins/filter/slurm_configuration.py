# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: slurm_configuration
author: The Railyard authors
short_description: Slurm's configuration files from role variables and the inventory
version_added: 0.1.0
description:
  - Checks the variables of role P(railyard.cluster.slurm#role) against the inventory's groups and hardware classes, and returns the texts of
    Slurm's files and what follows from them for the nodes.
  - It reads the inventory alone, never a fact. Of each nodeset it looks at the variables of one host, so that its cost grows with the number of
    nodes only through their names.
  - The result is the same for every host of the cluster. Compute it once per run (C(run_once)).
options:
  _input:
    description: The role's variables without their prefix, as in the role's C(vars/main.yml).
    type: dict
    required: true
  groups:
    description: The magic variable of that name.
    type: dict
    required: true
  hostvars:
    description: The magic variable of that name.
    type: dict
    required: true
  hardware_classes:
    description: The site's hardware classes, usually C(railyard_hardware_classes).
    type: dict
    default: {}
positional: groups, hostvars, hardware_classes
"""

EXAMPLES = r"""
- name: Work out the configuration
  ansible.builtin.set_fact:
    __slurm_plan: "{{ __slurm_variables | railyard.cluster.slurm_configuration(groups, hostvars, railyard_hardware_classes | default({})) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: What the role's tasks need.
  type: dict
  contains:
    version:
      description: The release that the files are written for, such as C(24.11).
      type: str
    files:
      description: File name to text. A file that should not be there has an empty text.
      type: dict
    entries:
      description: The files as M(railyard.cluster.files) takes them.
      type: list
      elements: dict
    conf_server:
      description: The controllers as C(--conf-server) of slurmd and sackd takes them.
      type: str
    sackd:
      description: Whether login nodes get their configuration through sackd.
      type: bool
    accounting:
      description: Whether there is a slurmdbd.
      type: bool
    slurmd_digests:
      description: Nodeset to a text that changes when the slurmd of its nodes must be restarted.
      type: dict
    hardware_classes:
      description: Nodeset to the name of its hardware class.
      type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import changes, config, features, validate

# scontrol reads the whole file before it does anything, and stops at what it doesn't understand. It asks no daemon.
VALIDATE = "/usr/bin/env SLURM_CONF=%s scontrol show hostnames ok"


def slurm_configuration(
    variables: t.Mapping[str, t.Any], groups: t.Mapping[str, list[str]], hostvars: t.Mapping[str, t.Any], hardware_classes: t.Any = None
) -> dict[str, t.Any]:
    def class_of(host: str) -> str:
        return str(hostvars[host].get("railyard_hardware_class") or "")

    try:
        cluster = validate.read_cluster(variables, groups, class_of=class_of, hardware_of=lambda name: hardware_class(name, hardware_classes or {}))
        files = config.render(cluster)
        first = {nodeset.name: nodeset.nodes[0] for nodeset in cluster.nodesets if nodeset.nodes}
        return {
            "version": str(cluster.version),
            "files": files,
            "entries": [_entry(name, text) for name, text in files.items()],
            "conf_server": config.conf_server(cluster),
            "sackd": features.has(cluster.version, "sackd"),
            "accounting": bool(cluster.databases),
            "slurmd_digests": changes.slurmd_digests(cluster.version, files, first),
            "hardware_classes": {nodeset.name: nodeset.hardware_class for nodeset in cluster.nodesets},
        }
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error


def _entry(name: str, text: str) -> dict[str, t.Any]:
    """A file as railyard.cluster.files takes it."""
    path = f"{config.DIRECTORY}/{name}"
    if not text:
        return {"path": path, "state": "absent"}
    return {"path": path, "content": text, **({"validate": VALIDATE} if name == "slurm.conf" else {})}


class FilterModule:
    """What the whole cluster shares."""

    def filters(self) -> dict[str, t.Any]:
        return {"slurm_configuration": slurm_configuration}
