#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
---
module: report
short_description: Render what a validation run found
version_added: 0.1.0
description:
  - Takes the record (C(findings.json)) of a validation run and writes it as one HTML file, as JUnit XML, or as the JSON document itself.
  - The HTML file needs nothing else, no network above all. It has the verdict, the findings with their evidence and what to do, the fabric, what each pair
    of nodes reached, how values lie against what was expected, what changed since the run before, and what was not tested.
  - It runs on the controller alone; no node is contacted.
author: The Railyard authors (@railyard)
options:
  state_folder:
    description:
      - The folder of the site's state, with C(runs/) and C(history.sqlite).
      - Where there is a history, the report names what fails again and again.
    type: path
    required: true
  run:
    description: The run, by the name of its folder. By default the last one that has findings.
    type: str
    default: ""
  previous:
    description: The run to compare it with. By default the one before that has findings; V(none) for none.
    type: str
    default: ""
  format:
    description: What to write.
    type: str
    choices: [html, json, junit]
    default: html
  path:
    description: The file. By default C(report.html), C(report.json) or C(report.xml) in the run's folder. Its folder must exist.
    type: path
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.attributes.state
attributes:
  check_mode:
    details: Says whether the file would be another.
  diff_mode:
    support: none
    details: A page of HTML is not read as a difference.
"""

EXAMPLES = r"""
- name: Render the last run
  railyard.cluster.report:
    state_folder: /var/lib/railyard/mysite

- name: Render one run for the CI system
  railyard.cluster.report:
    state_folder: /var/lib/railyard/mysite
    run: 20260302-090000-0001
    format: junit
    path: /tmp/validation.xml
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
format:
  description: What was written.
  returned: success
  type: str
run:
  description: The run that was rendered.
  returned: success
  type: str
previous:
  description: The run that it was compared with; empty for none.
  returned: success
  type: str
verdict:
  description: The worst of all results, one of V(pass), V(warn), V(fail) and V(inconclusive).
  returned: success
  type: str
message:
  description: What the run comes to, in one sentence.
  returned: success
  type: str
counts:
  description: Results by verdict.
  returned: success
  type: dict
  sample: {pass: 31, warn: 0, fail: 1, inconclusive: 0}
simulated:
  description: Results that a stand-in for hardware gave (grade stub).
  returned: success
  type: int
"""
