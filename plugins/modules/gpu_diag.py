#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_diag
short_description: Run DCGM's diagnostic on a node
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Runs C(dcgmi diag), and gives a result for each of its tests and GPUs.
  - Level 1 takes seconds, 2 about two minutes, 3 about fifteen. All but level 1 need GPUs that nobody uses.
  - A diagnostic that cannot run gives the verdict V(inconclusive), and says why. One that does not run because a GPU is lost fails.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.gpu_test
options:
  level:
    description: The diagnostic's level.
    type: int
    choices: [1, 2, 3]
    default: 1
  time_limit_s:
    description: After so many seconds the program is ended with everything that it started.
    type: int
    default: 1800
seealso:
  - module: railyard.cluster.gpu_bandwidth
"""

EXAMPLES = r"""
- name: Run the short diagnostic
  railyard.cluster.gpu_diag:
    node: "{{ inventory_hostname }}"
    level: 1
    time_limit_s: 120
"""

RETURN = r"""
verdict:
  description: The worst of the results, V(pass) where all passed.
  returned: success
  type: str
results:
  description:
    - Check results, those that passed too, each with its C(subject), C(check), C(verdict) (V(pass), V(warn), V(fail), V(inconclusive)),
      C(expected), C(observed), C(unit), C(binding_limit), C(evidence), C(hint) and C(remediation).
  returned: success
  type: list
  elements: dict
outputs:
  description: What the programs said, whole up to 256 KB and then without its middle. C(name) is what the evidence of results refers to.
  returned: success
  type: list
  elements: dict
would_run:
  description: The command lines that would be run.
  returned: in check mode
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils import _gpu_tests
from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, object]:
    return _gpu_tests.run_one("gpu_diag", module, runner)


def main() -> None:
    module = AnsibleModule(argument_spec={**_gpu_tests.COMMON, **_gpu_tests.OPTIONS["gpu_diag"]}, supports_check_mode=True)
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
