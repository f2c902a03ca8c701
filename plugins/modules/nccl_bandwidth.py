#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: nccl_bandwidth
short_description: Measure collectives over the GPUs of a node
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Runs programs of nccl-tests over all GPUs of one node, with the default algorithm and with the ring, and judges their bus bandwidth by what the
    node's NVLinks and PCIe links were built for.
  - It proves that the run was what it claims (all GPUs in one communicator, one host, no GPU twice) and says V(inconclusive) where it was not, as with
    programs that were built without MPI.
  - Wrong values fail, and nothing is run again to make them go away.
  - From NCCL's log it tells whether all RDMA adapters were found, and whether GPUDirect RDMA is used, which no bandwidth of one node shows.
notes:
  - The programs run in an environment of their own, and as a group of processes that is ended as a whole. Settings of NCCL in C(/etc/nccl.conf) count.
  - The node should be idle. With O(launcher=srun) Slurm gives the node to the run alone.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.gpu_test
options:
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
    description:
      - V(single) runs one process with all GPUs. V(srun) and V(mpirun) run a process for each GPU, and need programs that were built with MPI.
    type: str
    choices: [single, srun, mpirun]
    default: single
  partition:
    description: Slurm's partition, for O(launcher=srun).
    type: str
    default: ""
  gpus:
    description: How many GPUs take part; O(expected_gpus) where nothing is said, and no more than there are.
    type: int
  expected_rails:
    description: How many RDMA adapters of the compute network the node should have. Without it, those that it has.
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
    description: After so many seconds the program is ended with everything that it started.
    type: int
    default: 300
seealso:
  - module: railyard.cluster.gpu_bandwidth
"""

EXAMPLES = r"""
- name: Measure the node by itself
  railyard.cluster.nccl_bandwidth:
    node: "{{ inventory_hostname }}"
    expected_gpus: 8
    expected_rails: 8

- name: Measure it as a job
  railyard.cluster.nccl_bandwidth:
    node: "{{ inventory_hostname }}"
    launcher: srun
    collectives: [all_reduce]
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
    return _gpu_tests.run_one("nccl_bandwidth", module, runner)


def main() -> None:
    module = AnsibleModule(argument_spec={**_gpu_tests.COMMON, **_gpu_tests.RAILS, **_gpu_tests.OPTIONS["nccl_bandwidth"]}, supports_check_mode=True)
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
