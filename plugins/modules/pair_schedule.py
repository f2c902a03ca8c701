#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pair_schedule
short_description: Plan a measurement of pairs of nodes
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Works out rounds of disjoint pairs, in which nobody meets a partner twice, and writes each node's part to a file on the controller. Up to 16 nodes meet
    everybody. More nodes meet partners on their own leaf, on other leaves and in other units, in a number of rounds that does not grow with them.
  - M(railyard.cluster.pair_bandwidth) then measures, and M(railyard.cluster.pair_verdict) judges.
  - It runs on the controller, and no node is contacted. Run it once (C(run_once)).
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
attributes:
  check_mode:
    support: full
    details: Nothing is written.
  diff_mode:
    support: N/A
    details: A schedule is made anew each time.
  idempotent:
    support: N/A
    details: A schedule is made anew each time.
options:
  tests:
    description: What is to be measured, one after the other in one schedule. RDMA is measured between the nodes that have rails.
    type: list
    elements: dict
    required: true
    suboptions:
      test:
        description: C(network_bandwidth) is TCP by iperf3, C(rdma_bandwidth) is RDMA by perftest.
        type: str
        choices: [network_bandwidth, rdma_bandwidth]
        required: true
      options:
        description: How the tool measures, whole C(seconds), C(omit_s) and C(streams) of iperf3, C(size_bytes), C(queue_pairs) and C(gid_index) of perftest.
        type: dict
        default: {}
      settings:
        description: When something counts as slow, C(material_loss), C(z), C(partners), C(critical_loss), C(other_leaf) and C(other_unit).
        type: dict
        default: {}
      proof:
        description: How strong the proof is.
        type: str
        choices: [hardware, lab, replay, stub, unproven]
        default: hardware
      declared_share:
        description: Which share of what the links are declared to carry is to arrive.
        type: float
        default: 0.9
  folder:
    description: Where on the controller everything of this measurement is kept.
    type: path
    required: true
  run_id:
    description: The run's name. The same name and nodes give the same pairs.
    type: str
    required: true
  nodes:
    description: The nodes, which should be of one hardware class.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name in the inventory.
        type: str
        required: true
      address:
        description: Its address in the network that is measured.
        type: str
        required: true
      leaf:
        description: The switch that it hangs on, or the switches of a scalable unit.
        type: str
        default: ""
      unit:
        description: The group of leaves below the same spines.
        type: str
        default: ""
      gbits_per_s:
        description: What its link is declared to carry.
        type: float
      rail_gbits_per_s:
        description: What each of its rails is declared to carry.
        type: float
      rails:
        description:
          - For RDMA, the ports to measure. A pair is measured on the rails that both have.
          - Without them, those that the node's document in O(facts_folder) has.
        type: list
        elements: dict
        default: []
        suboptions:
          number:
            description: The rail's number, the same on every node.
            type: int
            required: true
          device:
            description: The HCA, C(mlx5_0).
            type: str
            required: true
          port:
            description: The HCA's port.
            type: int
            default: 1
  ports:
    description: The range of ports that may be used while it lasts, C(28100-28131).
    type: str
    required: true
  facts_folder:
    description: Folder on the controller with facts documents, C(<node>.json), as M(railyard.cluster.node_health) and M(railyard.cluster.hardware_facts) write.
    type: path
  rounds:
    description: How many rounds of each test, for more than 16 nodes.
    type: int
    default: 7
"""

EXAMPLES = r"""
- name: Plan the measurement
  railyard.cluster.pair_schedule:
    tests:
      - test: network_bandwidth
    folder: "{{ lookup('ansible.builtin.env', 'HOME') }}/measurement"
    run_id: acceptance
    nodes:
      - {name: node1, address: 192.0.2.1, leaf: leaf1}
      - {name: node2, address: 192.0.2.2, leaf: leaf1}
      - {name: node3, address: 192.0.2.3, leaf: leaf2}
    ports: 28100-28131
  register: measurement
  run_once: true
"""

RETURN = r"""
folder:
  description: Where everything of it is kept.
  returned: success
  type: str
nodes:
  description: By test, the nodes that take part.
  returned: success
  type: dict
rounds:
  description: How many rounds there are, of all tests.
  returned: success
  type: int
pairs:
  description: How many measurements that makes.
  returned: success
  type: int
seconds:
  description: How long they take once all nodes are ready.
  returned: success
  type: float
"""
