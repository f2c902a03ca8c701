# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: base_overview
author: The Railyard authors
short_description: What the base role needs to know of all hosts, in one pass over the inventory
version_added: 0.1.0
description:
  - Takes the names of hosts and returns the lines of C(/etc/hosts) for them as one text, and the hosts whose kernel is not to be managed.
  - It reads inventory variables only, never facts. Evaluate it once per run (C(run_once)), not for each host.
  - Raises an error that names the host for an address that is none, and for a name with two addresses.
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
  extra:
    description: More lines, each with C(address) and C(names).
    type: list
    elements: dict
    default: []
  play_hosts:
    description: The hosts of the play, among which those with an unmanaged kernel are looked for.
    type: list
    elements: str
    default: []
positional: hostvars, extra, play_hosts
"""

EXAMPLES = r"""
- name: Look over the inventory once for all hosts
  ansible.builtin.set_fact:
    __base_overview: "{{ groups['base'] | railyard.cluster.base_overview(hostvars, play_hosts=ansible_play_hosts_all) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The overview.
  type: dict
  contains:
    hosts:
      description: Lines of C(/etc/hosts). A host whose address the inventory does not know is left out.
      type: str
    unmanaged:
      description: The play's hosts with C(base_kernel_managed) false.
      type: list
      elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.railyard.cluster.plugins.module_utils.core import hosts as core
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError


def base_overview(names: t.Any, hostvars: t.Any, extra: t.Any = (), play_hosts: t.Any = ()) -> dict[str, t.Any]:
    listed, played = set(names), set(play_hosts)
    unmanaged = []
    try:
        lines = [core.extra_line(item, f"base_hosts_extra[{index}]") for index, item in enumerate(extra)]
        # Each host's variables are put together when they are asked for, which costs more than all that is done with them here.
        for name in dict.fromkeys([*names, *play_hosts]):
            variables = hostvars[name]
            line = core.host_line(name, variables) if name in listed else None
            lines += [line] if line else []
            if name in played and not boolean(variables.get("base_kernel_managed", True)):
                unmanaged.append(name)
        return {"hosts": core.render_hosts(lines), "unmanaged": unmanaged}
    except CoreError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Filters of the base role."""

    def filters(self) -> dict[str, t.Any]:
        return {"base_overview": base_overview}
