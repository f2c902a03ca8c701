#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pair_verdict
short_description: Say from measured pairs which node, rail, leaf or link is slow
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Reads what the nodes brought back, compares the pairs with each other, and names what explains the slow ones. No nominal rate is needed for that.
  - After the rounds it plans, where something looks slow, further rounds with partners that were found good. After those, or where nothing looks slow, it
    writes its results to C(verdict.json) in the measurement's folder.
  - It runs on the controller, and no node is contacted. Run it once (C(run_once)).
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
attributes:
  check_mode:
    support: full
    details: Nothing was measured, so nothing is judged.
  diff_mode:
    support: N/A
    details: It changes nothing but files of the measurement.
  idempotent:
    support: full
    details: The same outputs give the same results.
options:
  folder:
    description: The measurement's folder, which M(railyard.cluster.pair_schedule) made.
    type: path
    required: true
  phase:
    description: What was measured last.
    type: str
    choices: [rounds, confirm]
    required: true
  confirm:
    description: Whether what looks slow is to be measured again with proven partners.
    type: bool
    default: true
  lost:
    description: Nodes that were lost while it lasted. They are inconclusive.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Judge
  railyard.cluster.pair_verdict:
    folder: "{{ measurement.folder }}"
    phase: rounds
  register: verdict
  run_once: true
"""

RETURN = r"""
confirm:
  description: Nodes that are to be measured again, in the phase C(confirm). None when all is said.
  returned: success
  type: list
  elements: str
path:
  description: Where the results are, when all is said.
  returned: success
  type: str
seconds:
  description: How long the confirmation takes.
  returned: success
  type: float
"""
