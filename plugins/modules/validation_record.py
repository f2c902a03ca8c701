#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: validation_record
short_description: Put everything that a validation found into one record
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Reads what the measurements and checks of a run left in its folder, and writes C(findings.json) there, every result and what was left out.
  - It runs on the controller, and no node is contacted. Run it once (C(run_once)).
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
attributes:
  check_mode:
    support: full
    details: Nothing was measured, so nothing is written.
  diff_mode:
    support: N/A
    details: It changes nothing but the run's own file.
  idempotent:
    support: N/A
    details: A record is written anew each time.
options:
  folder:
    description: The run's folder.
    type: path
    required: true
  history:
    description:
      - The site's history, one file of SQLite. The run is added to it, and what is lower than it was in a node's own last runs becomes a finding.
      - One that is damaged is left as it is, and the record has a warning.
    type: path
  run_id:
    description: The run's name.
    type: str
    required: true
  started:
    description: When it was started, ISO 8601 in UTC.
    type: str
    required: true
  stage:
    description: What was to be done.
    type: str
    choices: [node, pair, scale, all]
    required: true
  nodes:
    description: Who was to be looked at.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name in the inventory.
        type: str
        required: true
      address:
        description: Where it is measured.
        type: str
        default: ""
      leaf:
        description: Where it hangs.
        type: str
        default: ""
      unit:
        description: The group of leaves below the same spines.
        type: str
        default: ""
      gbits_per_s:
        description: What its link is declared to carry.
        type: raw
      rail_gbits_per_s:
        description: What each of its rails is declared to carry.
        type: raw
      hardware_class:
        description: Its hardware class.
        type: str
        default: ""
      rails:
        description: Its rails.
        type: list
        elements: dict
        default: []
  problems:
    description: Why nodes could not take part, by name.
    type: dict
    default: {}
  hardware_proof:
    description: How strong the proof of what was seen of the hardware is.
    type: str
    choices: [hardware, lab, replay, stub, unproven]
    default: hardware
"""

EXAMPLES = r"""
- name: Write down what was found
  railyard.cluster.validation_record:
    folder: "{{ lookup('railyard.cluster.state_folder') }}/runs/acceptance"
    run_id: acceptance
    started: "2026-03-01T14:25:01Z"
    stage: pair
    nodes:
      - {name: node1, leaf: leaf1}
  run_once: true
"""

RETURN = r"""
path:
  description: Where the record is.
  returned: success
  type: str
summary:
  description: The verdict, the findings and what was left out.
  returned: success
  type: dict
"""
