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

from ansible_collections.railyard.cluster.plugins.module_utils import _test_run
from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests import commands
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.node import see


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, object]:
    params = module.params
    told = _test_run.run((commands.DCGMI, "diag", "--help"), 60)
    argv = commands.diagnostic(params["level"], told.answer.stdout)
    if module.check_mode:
        return {"changed": False, "would_run": [" ".join(argv)]}
    node = see(runner, params["node"], root=params["hardware_root"], gpus_declared=params["expected_gpus"], proof=params["proof"])
    ran = told if told.answer.rc == commands.MISSING else _test_run.run(argv, params["time_limit_s"])
    return _test_run.result(node, [ran.evidence(commands.DIAG_OUTPUT)], level=params["level"], limit_s=params["time_limit_s"])


def main() -> None:
    module = AnsibleModule(
        argument_spec={"level": {"type": "int", "choices": list(commands.DIAG_LEVELS), "default": 1}, **_test_run.arguments(time_limit_s=1800)},
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
