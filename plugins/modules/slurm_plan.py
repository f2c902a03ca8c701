#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: slurm_plan
short_description: Work out a Slurm cluster from role variables and the inventory
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Checks the variables of role P(railyard.cluster.slurm#role) against the inventory's groups and hardware classes, and returns the texts of
    Slurm's files and what follows from them for the nodes. What is wrong is refused with one sentence that names the place.
  - It reads the inventory alone, never a fact. Of each nodeset it looks at the variables of one host, and of those that are part of this run.
  - The result is the same for every host of the cluster. Run it once (C(run_once)); it runs on the controller, and no node is contacted.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.attributes.read_only
options:
  variables:
    description: The role's variables without their prefix, as in the role's C(vars/main.yml).
    type: dict
    required: true
  hardware_classes:
    description: The site's hardware classes, usually C(railyard_hardware_classes).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Work out the configuration of the cluster
  railyard.cluster.slurm_plan:
    variables: "{{ __slurm_variables }}"
    hardware_classes: "{{ railyard_hardware_classes | default({}) }}"
  register: __slurm_plan
  run_once: true
"""

RETURN = r"""
version:
  description: The release that the files are written for.
  returned: success
  type: str
  sample: "24.11"
files:
  description: File name to text. A file that should not be there has an empty text.
  returned: success
  type: dict
entries:
  description: The files as M(railyard.cluster.files) takes them.
  returned: success
  type: list
  elements: dict
conf_server:
  description: The controllers as C(--conf-server) of slurmd and sackd takes them.
  returned: success
  type: str
  sample: ctl1:6817,ctl2:6817
sackd:
  description: Whether login nodes get their configuration through sackd.
  returned: success
  type: bool
accounting:
  description: Whether there is a slurmdbd.
  returned: success
  type: bool
slurmd_digests:
  description: Nodeset to a text that changes when the slurmd of its nodes must be restarted.
  returned: success
  type: dict
"""
