#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pair_bandwidth
short_description: Measure pairs of nodes, with TCP and with RDMA
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Follows a schedule of disjoint pairs of nodes, round after round, in both directions. With the test C(network_bandwidth) it runs iperf3, which needs
    neither a GPU nor an RDMA stack. With C(rdma_bandwidth) it runs perftest (C(ib_write_bw), C(ib_read_bw)) on all rails at once.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
attributes:
  check_mode:
    support: full
    details: Nothing is started, and nothing fetched.
  diff_mode:
    support: N/A
    details: It changes nothing that lasts.
  idempotent:
    support: N/A
    details: It measures each time.
options:
  state:
    description:
      - V(started) starts the node's part. V(fetched) waits for its end and brings what came of it to the controller.
    type: str
    choices: [started, fetched]
    required: true
  folder:
    description:
      - The measurement's folder on the controller, which M(railyard.cluster.pair_schedule) made. It has the parts; what is fetched goes there.
    type: path
    required: true
  phase:
    description: Which of the measurement's schedules.
    type: str
    choices: [rounds, confirm]
    default: rounds
  _part:
    description: The node's part, which the action takes from the folder.
    type: dict
  _token:
    description: What the nodes show each other, which the action takes from the folder.
    type: str
  _sources:
    description: Networks of the nodes that take part, which the action takes from the folder.
    type: list
    elements: str
    default: []
  _ports:
    description: The ports, which the action takes from the folder.
    type: str
    default: ""
notes:
  - The node's agent (role P(railyard.cluster.node_agent#role)) follows the whole schedule by itself. The nodes agree on the start among themselves, so that
    one operation starts any number of rounds and one fetches what came of them, however many nodes are reached at a time.
  - The agent runs as a transient unit of systemd, without privileges, and is ended with all that it started when its time is over.
    Where Railyard's firewall runs, the ports are opened to the nodes that take part for as long as that.
  - It measures and judges nothing; M(railyard.cluster.pair_verdict) does. Each node's part comes from M(railyard.cluster.pair_schedule).
"""

EXAMPLES = r"""
- name: Start the measurement
  railyard.cluster.pair_bandwidth:
    state: started
    folder: "{{ measurement.folder }}"

- name: Fetch what came of it
  railyard.cluster.pair_bandwidth:
    state: fetched
    folder: "{{ measurement.folder }}"
"""

RETURN = r"""
seconds:
  description: How long the rounds take once all nodes are ready.
  returned: O(state=started)
  type: float
status:
  description: V(done), or how far the node came.
  returned: O(state=fetched)
  type: str
path:
  description: Where on the controller the outputs are.
  returned: O(state=fetched)
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils import _pair_measurement
from ansible_collections.railyard.cluster.plugins.module_utils._module import run_module


def main() -> None:
    module = AnsibleModule(argument_spec=_pair_measurement.ARGUMENTS, supports_check_mode=True)
    run_module(module, lambda runner: _pair_measurement.work(runner, module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
