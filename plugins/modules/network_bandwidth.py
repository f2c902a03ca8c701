#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: network_bandwidth
short_description: Measure TCP between pairs of nodes
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Runs iperf3 between disjoint pairs of nodes, round after round, in both directions. It needs neither a GPU nor an RDMA stack.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.pair_measurement
"""

EXAMPLES = r"""
- name: Start the measurement
  railyard.cluster.network_bandwidth:
    state: started
    folder: "{{ measurement.folder }}"

- name: Fetch what came of it
  railyard.cluster.network_bandwidth:
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
