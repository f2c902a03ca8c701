#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: check_variables
short_description: Refuse variables that no role knows
version_added: 0.1.0
description:
  - A misspelt variable in C(group_vars) is ignored by Ansible without a word. This action compares the variables that the whole inventory and
    the command line set with the argument specs of the collection's roles, and fails with one sentence for each that nobody reads.
  - A variable belongs to the role whose name is its longest prefix. Those that begin with C(railyard_) or C(secret_) belong to the whole collection,
    and are known when a role's defaults or a playbook of the collection read them. Any other variable is left alone.
  - It runs on the controller alone; no node is contacted. Run it once per play.
author:
  - The Railyard authors (@railyard)
options:
  own:
    description:
      - Names or patterns (as in C(base_site_*)) of variables that begin like one of the collection's but are the site's own.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.attributes.read_only
"""

EXAMPLES = r"""
- name: Refuse variables that no role knows
  railyard.cluster.check_variables:
    own: "{{ railyard_site_variables | default([]) }}"
  run_once: true
"""

RETURN = r"""
checked:
  description: How many settings were looked at, over all groups, hosts and extra vars.
  returned: success
  type: int
  sample: 214
"""
