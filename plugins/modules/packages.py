# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Say which packages a node lacks."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: packages
short_description: A set of packages, installed by the distribution's own module
version_added: 0.1.0
author: The Railyard authors (@railyard)
description:
  - Asks the node's package database, in one short remote operation, whether all packages are there.
  - Only where one is not does it run M(ansible.builtin.apt) or M(ansible.builtin.dnf), as the node has it, on the whole set.
    A run that changes nothing never loads the package manager, which takes seconds of a node's processor time.
  - Installs only. It doesn't upgrade what is there, and it removes nothing.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.attributes.state
attributes:
  check_mode:
    details: The distribution's module says what it would do.
  diff_mode:
    details: As the distribution's module has it.
options:
  name:
    description: Names of packages. An exact version is written V(name=version), for either package manager.
    type: list
    elements: str
    required: true
  apt:
    description: More options of M(ansible.builtin.apt), for nodes that have it.
    type: dict
    default: {}
  dnf:
    description: More options of M(ansible.builtin.dnf), for nodes that have it.
    type: dict
    default: {}
notes:
  - It runs as an action on the controller. The package lists are refreshed, where O(apt) asks for it, only when something is lacking.
seealso:
  - module: ansible.builtin.package
"""

EXAMPLES = r"""
- name: Install packages
  railyard.cluster.packages:
    name: [chrony, nftables]
    apt:
      update_cache: true
      cache_valid_time: 86400
      install_recommends: false
"""

RETURN = r"""
lacking:
  description: What the node did not have.
  type: list
  elements: str
  returned: always
manager:
  description: The node's package manager, V(apt) or V(dnf).
  type: str
  returned: always
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core.packages import check_names, lacking


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    manager, names = lacking(runner, check_names(module.params["name"]))
    return {"changed": False, "manager": manager, "lacking": names}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "list", "elements": "str", "required": True},
            "apt": {"type": "dict", "default": {}},
            "dnf": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
