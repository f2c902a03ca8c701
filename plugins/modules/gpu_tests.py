#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_tests
short_description: Run the tests of a node's GPUs in one operation
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Runs what M(railyard.cluster.gpu_bandwidth), M(railyard.cluster.nccl_bandwidth) and M(railyard.cluster.gpu_diag) run, one after the other, after one look
    at the node, and judges each as they do.
  - A node that has no GPUs, and should have none, is skipped.
notes:
  - The programs run in an environment of their own, and as groups of processes that are ended as a whole.
  - The node should be idle, as a job that runs beside the tests makes it look slow.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.gpu_test
options:
  tests:
    description: What is run, in this order. One that is named twice is run once.
    type: list
    elements: str
    choices: [gpu_bandwidth, nccl_bandwidth, gpu_diag]
    default: [gpu_bandwidth, nccl_bandwidth]
  expected_rails:
    description: How many RDMA adapters of the compute network the node should have. Without it, those that it has.
    type: int
  gpu_bandwidth:
    description: Options of M(railyard.cluster.gpu_bandwidth).
    type: dict
    suboptions:
      testcases:
        description: Names of testcases, as C(nvbandwidth --list) prints them.
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
  nccl_bandwidth:
    description: Options of M(railyard.cluster.nccl_bandwidth).
    type: dict
    suboptions:
      collectives:
        description: What is run.
        type: list
        elements: str
        choices: [all_reduce, all_gather, reduce_scatter, alltoall, sendrecv]
        default: [all_reduce, all_gather]
      algorithms:
        description: V(default) leaves the choice to NCCL, V(ring) sets C(NCCL_ALGO=Ring).
        type: list
        elements: str
        choices: [default, ring]
        default: [default, ring]
      launcher:
        description: V(single) runs one process with all GPUs, V(srun) and V(mpirun) a process for each GPU.
        type: str
        choices: [single, srun, mpirun]
        default: single
      partition:
        description: Slurm's partition, for V(srun).
        type: str
        default: ""
      gpus:
        description: How many GPUs take part; O(expected_gpus) where nothing is said, and no more than there are.
        type: int
      size_mib:
        description: The size that is measured. Below 4096 NVLS does not reach its full rate.
        type: int
        default: 8192
      iterations:
        description: How often each is repeated.
        type: int
        default: 20
      programs_folder:
        description: Where the programs are, if not on PATH.
        type: path
      time_limit_s:
        description: After so many seconds a program is ended with everything that it started.
        type: int
        default: 300
  gpu_diag:
    description: Options of M(railyard.cluster.gpu_diag).
    type: dict
    suboptions:
      level:
        description: The diagnostic's level.
        type: int
        choices: [1, 2, 3]
        default: 1
      time_limit_s:
        description: After so many seconds the program is ended with everything that it started.
        type: int
        default: 1800
  results_folder:
    description:
      - Folder on the controller that the results are written to, with what the programs said, as C(<inventory_hostname>.json), readable by its owner only.
      - They are then no part of the result. In check mode nothing is written.
    type: path
  run_id:
    description: The run that the results belong to.
    type: str
    default: ""
seealso:
  - module: railyard.cluster.gpu_bandwidth
  - module: railyard.cluster.nccl_bandwidth
  - module: railyard.cluster.gpu_diag
"""

EXAMPLES = r"""
- name: Test the GPUs of each node, and keep what came of it
  railyard.cluster.gpu_tests:
    node: "{{ inventory_hostname }}"
    expected_gpus: 8
    expected_rails: 8
    results_folder: /var/tmp/gpu

- name: Let DCGM look first, then measure one collective
  railyard.cluster.gpu_tests:
    node: "{{ inventory_hostname }}"
    tests: [gpu_diag, nccl_bandwidth]
    gpu_diag:
      level: 2
    nccl_bandwidth:
      collectives: [all_reduce]
"""

RETURN = r"""
verdict:
  description: The worst of the results, V(pass) where all passed.
  returned: success, unless the node has no GPUs
  type: str
results:
  description:
    - Check results, those that passed too, each with its C(subject), C(check), C(verdict) (V(pass), V(warn), V(fail), V(inconclusive)),
      C(expected), C(observed), C(unit), C(binding_limit), C(evidence), C(hint) and C(remediation).
  returned: success, without O(results_folder), unless the node has no GPUs
  type: list
  elements: dict
outputs:
  description: What the programs said, whole up to 256 KB and then without its middle. C(name) is what the evidence of results refers to.
  returned: success, without O(results_folder), unless the node has no GPUs
  type: list
  elements: dict
results_path:
  description: Where the results and outputs were written.
  returned: with O(results_folder)
  type: str
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
    return _gpu_tests.run_several(tuple(dict.fromkeys(module.params["tests"])), module, runner)


def arguments() -> dict[str, object]:
    return {
        **_gpu_tests.COMMON,
        **_gpu_tests.RAILS,
        "tests": {"type": "list", "elements": "str", "choices": list(_gpu_tests.OPTIONS), "default": ["gpu_bandwidth", "nccl_bandwidth"]},
        **{name: {"type": "dict", "options": options, "apply_defaults": True} for name, options in _gpu_tests.OPTIONS.items()},
        # The controller's half writes and stamps them.
        "results_folder": {"type": "path"},
        "run_id": {"type": "str", "default": ""},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=arguments(), supports_check_mode=True)
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
