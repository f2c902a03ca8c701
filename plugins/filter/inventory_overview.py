# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory_overview
author: The Railyard authors
short_description: What the inventory says of hosts, and what was seen of their hardware
version_added: 0.1.0
description:
  - Takes the names of hosts and returns an entry for each, as C(docs/schemas/inventory.json) describes it. A host without facts is among them, with the
    reason.
  - Evaluate it once per run (C(run_once)), not for each host.
options:
  _input:
    description: Names of hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of all hosts, the variable C(hostvars).
    type: dict
    required: true
  register:
    description: Name of the variable that the result of M(railyard.cluster.hardware_facts) was registered in.
    type: str
    required: true
positional: hostvars, register
"""

EXAMPLES = r"""
- name: Report the inventory
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | railyard.cluster.inventory_overview(hostvars, '__discover_facts') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: An entry for each host, in the order of the names.
  type: list
  elements: dict
"""

import typing as t

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.overview import host_overview


def inventory_overview(names: t.Any, hostvars: t.Any, register: str) -> list[dict[str, t.Any]]:
    return [host_overview(str(name), variables, variables.get(register) or {}) for name in names for variables in (hostvars[name],)]


class FilterModule:
    """The filter of playbooks/discover.yml."""

    def filters(self) -> dict[str, t.Any]:
        return {"inventory_overview": inventory_overview}
