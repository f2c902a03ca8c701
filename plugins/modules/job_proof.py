#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Submit real jobs and compare what they print with what they should."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: job_proof
short_description: Prove with real jobs that a Slurm cluster works
version_added: 0.1.0
author: The Railyard authors (@railyard)
description:
  - Runs commands (C(srun), C(sacct) and the like) as a user of the cluster, one after the other, and compares the output
    of each with a regular expression. What has not ended in time is not proved, whatever it printed.
  - Run it on a login node. Every proof is run, whatever the others said.
extends_documentation_fragment:
  - railyard.cluster.attributes
attributes:
  check_mode:
    support: none
    details: A proof is a job that really runs; check mode skips the task.
  diff_mode:
    support: N/A
    details: It changes nothing but Slurm's accounts of its jobs.
  idempotent:
    support: N/A
    details: The proofs run each time.
options:
  user:
    description: The user that submits the jobs.
    type: str
    required: true
  proofs:
    description: What to prove, in order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What is proved, in a few words.
        type: str
        required: true
      command:
        description: The command, word by word.
        type: list
        elements: str
        required: true
      expect:
        description: Regular expression that the output must contain; C(^) and C($) match at each line.
        type: str
        required: true
      grade:
        description: The strongest word that this proof can carry here.
        type: str
        choices: [hardware, lab, replay, stub]
        required: true
      timeout_s:
        description: How long the command may take, in seconds.
        type: int
        default: 60
"""

EXAMPLES = r"""
- name: Prove that jobs get the GPUs that they ask for
  railyard.cluster.job_proof:
    user: alice
    proofs:
      - name: A job sees two GPUs
        command: [srun, --gres=gpu:2, sh, -c, echo $CUDA_VISIBLE_DEVICES]
        expect: ^0,1$
        grade: hardware
"""

RETURN = r"""
proofs:
  description: Every proof with its outcome.
  type: list
  elements: dict
  returned: always
  contains:
    name:
      description: What was to be proved.
      type: str
    passed:
      description: Whether the output was as expected.
      type: bool
    grade:
      description: C(hardware), C(lab), C(replay) or C(stub); C(unproven) where it did not pass.
      type: str
    observed:
      description: What the command printed, its first 400 characters.
      type: str
    seconds:
      description: How long it took.
      type: float
"""

import re
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

OBSERVED_CHARACTERS = 400


def prove(runner: ModuleRunner, user: str, proof: dict[str, t.Any]) -> dict[str, t.Any]:
    """Run one proof; the outcome, as documented in RETURN."""
    begin = time.monotonic()
    # Users start in a folder that they have on every node.
    answer = runner.run(["runuser", "-u", user, "--", "env", "--chdir=/tmp", *proof["command"]], proof["timeout_s"])
    observed = answer.stdout + answer.stderr
    if answer.rc == 124:
        observed = f"not ended after {proof['timeout_s']} s\n{observed}"
    passed = answer.rc != 124 and re.search(proof["expect"], observed, re.MULTILINE) is not None
    return {
        "name": proof["name"],
        "passed": passed,
        "grade": proof["grade"] if passed else "unproven",
        "observed": observed.strip()[:OBSERVED_CHARACTERS],
        "seconds": round(time.monotonic() - begin, 2),
    }


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    for proof in module.params["proofs"]:
        try:
            re.compile(proof["expect"])
        except re.error as error:
            raise CoreError(f"{proof['expect']!r} is not a regular expression: {error}.", where=proof["name"]) from error
    outcomes = [prove(runner, module.params["user"], proof) for proof in module.params["proofs"]]
    failed = [outcome for outcome in outcomes if not outcome["passed"]]
    if failed:
        words = "; ".join(f"{outcome['name']}: {outcome['observed'] or 'no output'}" for outcome in failed)
        module.fail_json(msg=f"{len(failed)} of {len(outcomes)} proofs failed. {words}", proofs=outcomes)
    return {"changed": False, "proofs": outcomes}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "user": {"type": "str", "required": True},
            "proofs": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "command": {"type": "list", "elements": "str", "required": True},
                    "expect": {"type": "str", "required": True},
                    "grade": {"type": "str", "required": True, "choices": ["hardware", "lab", "replay", "stub"]},
                    "timeout_s": {"type": "int", "default": 60},
                },
            },
        },
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
