#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_bandwidth
short_description: Measure copies to, from and between the GPUs of a node
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Runs C(nvbandwidth), and judges each GPU by what its PCIe links and NVLinks were built for, with what limits it in words.
  - A GPU is judged by the median of its copies with the others, so that one slow GPU does not make its peers look slow.
  - Wrong data fail, and are never measured again to make them go away.
  - A program that is not installed gives the verdict V(inconclusive), and says what to install.
notes:
  - The program runs in an environment of its own, and as a group of processes that is ended as a whole.
  - The node should be idle, as a job that runs beside it makes it look slow.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.gpu_test
options:
  testcases:
    description:
      - Names of testcases, as C(nvbandwidth --list) prints them. Those of the copy engines in one direction are judged, the others only kept.
    type: list
    elements: str
    default: [host_to_device_memcpy_ce, device_to_host_memcpy_ce, device_to_device_memcpy_read_ce, device_to_device_memcpy_write_ce]
  samples:
    description: How often each copy is measured; the program's own number where nothing is said.
    type: int
  time_limit_s:
    description: After so many seconds the program is ended with everything that it started.
    type: int
    default: 600
seealso:
  - module: railyard.cluster.gpu_diag
  - module: railyard.cluster.nccl_bandwidth
"""

EXAMPLES = r"""
- name: Measure the copies of each GPU
  railyard.cluster.gpu_bandwidth:
    node: "{{ inventory_hostname }}"
    expected_gpus: 8
  register: copies

- name: Refuse a node that fails
  ansible.builtin.assert:
    that: copies.verdict != 'fail'
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
    return _gpu_tests.run_one("gpu_bandwidth", module, runner)


def main() -> None:
    module = AnsibleModule(argument_spec={**_gpu_tests.COMMON, **_gpu_tests.OPTIONS["gpu_bandwidth"]}, supports_check_mode=True)
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
