#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: slurm_node
short_description: Take nodes out of Slurm's service, and bring them back
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Drains nodes with a reason that shows that Railyard did it (C(railyard:) at its beginning), and resumes those nodes alone that Railyard drained.
  - A node that somebody else drained keeps its state and its reason, and is named in the result. Jobs that run on a node go on to their end.
  - No more nodes are drained than O(most_drained) allows, those that are out of service already counted.
  - Run it once, on a host with Slurm's commands and the rights of its user or root, such as a controller.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.state
options:
  drain:
    description: Nodes to drain, the most urgent first.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The node's name in Slurm.
        type: str
        required: true
      reason:
        description: Why.
        type: str
        required: true
  resume:
    description: Nodes to bring back.
    type: list
    elements: str
    default: []
  most_drained:
    description: How many nodes may be out of service, a number or a share of all that Slurm knows (C(10%), but at least one).
    type: str
    default: 10%
"""

EXAMPLES = r"""
- name: Take a slow node out of service
  railyard.cluster.slurm_node:
    drain:
      - {name: node3, reason: its link gives 0.57 of 0.95 Gbit/s}
    most_drained: 5%
  delegate_to: ctl1
  run_once: true

- name: Bring it back
  railyard.cluster.slurm_node:
    resume: [node3]
  delegate_to: ctl1
  run_once: true
"""

RETURN = r"""
drained:
  description: Nodes that were drained, or in check mode would be.
  returned: success
  type: list
  elements: str
resumed:
  description: Nodes that were brought back, or in check mode would be.
  returned: success
  type: list
  elements: str
refused:
  description: Why nothing was done to a node that was named, by its name.
  returned: success
  type: dict
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse import slurm_nodes
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import service

TIMEOUT_S = 60


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    wanted = {entry["name"]: entry["reason"] for entry in module.params["drain"]}
    both = sorted(set(wanted) & set(module.params["resume"]))
    if both:
        raise CoreError(f"{both[0]} is to be drained and resumed.", hint="Name it once.")
    answer = runner.run(["scontrol", "--oneliner", "show", "nodes"], TIMEOUT_S)
    if answer.rc:
        raise CoreError(f"Slurm does not tell its nodes: {answer.stderr.strip() or answer.stdout.strip()}", where="scontrol show nodes")
    nodes = slurm_nodes.parse(answer.stdout).nodes
    decisions = (service.drain(nodes, wanted, module.params["most_drained"]), service.resume(nodes, module.params["resume"]))
    updates = [update for decision in decisions for update in decision.updates]
    if not module.check_mode:
        for update in updates:
            done = runner.run(service.command(update), TIMEOUT_S)
            if done.rc:
                raise CoreError(f"Slurm refuses: {done.stderr.strip() or done.stdout.strip()}", where=" ".join(service.command(update)))
    result: dict[str, t.Any] = {
        "changed": bool(updates),
        "drained": [name for update in updates if update.state == "DRAIN" for name in update.nodes],
        "resumed": [name for update in updates if update.state == "RESUME" for name in update.nodes],
        "refused": {name: why for decision in decisions for name, why in decision.refused},
    }
    if module._diff:
        result["diff"] = {"before": "", "after": "".join(f"{' '.join(service.command(update))}\n" for update in updates)}
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "drain": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"name": {"type": "str", "required": True}, "reason": {"type": "str", "required": True}},
            },
            "resume": {"type": "list", "elements": "str", "default": []},
            "most_drained": {"type": "str", "default": "10%"},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
