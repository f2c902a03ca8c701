#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: slurm_accounting
short_description: Keep the cluster, QOS, accounts and users in Slurm's database
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Asks slurmdbd through sacctmgr what is there, and adds or changes what differs, all in one remote operation.
  - What is there and not listed is left alone. So is every setting that is not named.
  - Needs slurm.conf and slurmdbd, but no running slurmctld, so that a new cluster is registered before its controller starts.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.state
attributes:
  diff_mode:
    support: none
    details: RV(commands) says what differs.
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  accounts:
    description: Accounts, parents before their children. The names are in lower case, as Slurm writes them.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the account.
        type: str
        required: true
      description:
        description: What it is for. The default is its name.
        type: str
      organization:
        description: Who it belongs to. The default is the cluster's name.
        type: str
      parent:
        description: The account above it.
        type: str
        default: root
      config:
        description: Further settings of sacctmgr, such as C(Fairshare) or C(GrpTRES). A dict becomes C(name=value) pairs, a list is joined with commas.
        type: dict
        default: {}
      users:
        description: Names of its users, or dicts of C(name) and C(config).
        type: list
        elements: raw
        default: []
  qos:
    description: Qualities of service.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the QOS.
        type: str
        required: true
      config:
        description: Settings of sacctmgr, such as C(Priority) or C(MaxWall).
        type: dict
        default: {}
"""

EXAMPLES = r"""
- name: Keep accounts
  railyard.cluster.slurm_accounting:
    cluster: main
    qos:
      - name: urgent
        config: {Priority: 1000, MaxTRESPerUser: {gres/gpu: 16}}
    accounts:
      - name: research
        users: [alice, bob]
        config: {Fairshare: 10}
"""

RETURN = r"""
commands:
  description: The commands that were run, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: ["sacctmgr --immediate --quiet add cluster main"]
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import accounting

COMMAND_TIMEOUT_S = 60
# slurmdbd makes its tables at its first start, and answers after that.
CONTACT_TIMEOUT_S = 120
_NOT_YET = ("Connection refused", "Unable to connect", "Problem talking to the database", "Sending PersistInit msg")


def ask(runner: ModuleRunner, argv: list[str], patience_s: float) -> str | None:
    """Return what a command prints, or ``None`` where there is nobody to ask."""
    end = time.monotonic() + patience_s
    while True:
        answer = runner.run(argv, COMMAND_TIMEOUT_S)
        if not answer.rc:
            return answer.stdout
        said = (answer.stderr.strip() or answer.stdout.strip())[-2000:]
        absent = answer.rc == 127 or any(words in said for words in _NOT_YET)
        if not absent:
            raise CoreError(f"{' '.join(argv)} failed: {said}")
        if time.monotonic() > end:
            if patience_s:
                raise CoreError(f"{' '.join(argv)} failed: {said}", hint="Is slurmdbd running, and munge with the same key on both hosts?")
            return None
        time.sleep(1)


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    params = module.params
    given = [{key: value for key, value in account.items() if value is not None} for account in params["accounts"]]
    wanted = accounting.read_wanted(params["cluster"], given, params["qos"])
    answers: dict[str, str] = {}
    for name, argv in accounting.queries(wanted).items():
        answer = ask(runner, argv, 0 if module.check_mode else CONTACT_TIMEOUT_S)
        # In check mode on a new cluster there is no database yet: everything would be made.
        answers[name] = answer or ""
    commands = accounting.plan(wanted, answers)
    if not module.check_mode:
        for argv in commands:
            answer = runner.run(argv, COMMAND_TIMEOUT_S)
            if answer.rc:
                raise CoreError(f"{' '.join(argv)} failed: {(answer.stderr.strip() or answer.stdout.strip())[-2000:]}")
    return {"changed": bool(commands), "commands": [" ".join(argv) for argv in commands]}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "cluster": {"type": "str", "required": True},
            "accounts": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "description": {"type": "str"},
                    "organization": {"type": "str"},
                    "parent": {"type": "str", "default": "root"},
                    "config": {"type": "dict", "default": {}},
                    "users": {"type": "list", "elements": "raw", "default": []},
                },
            },
            "qos": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {"name": {"type": "str", "required": True}, "config": {"type": "dict", "default": {}}},
            },
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
