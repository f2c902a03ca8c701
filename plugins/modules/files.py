#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: files
short_description: Write all files of a role in one remote operation
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Renders templates on the controller, and compares and applies any number of files, directories and links in a single execution on the node.
  - Each file is replaced whole or not at all. All O(files[].validate) commands run before the first file is replaced; if one of them fails,
    nothing is changed.
  - Content that waits to take its place is written beside the file under a hidden name. What an interrupted run left there, the next run removes.
notes:
  - A file with several names (hard links) is replaced under the listed name alone, as M(ansible.builtin.template) does.
  - In check mode validation commands don't run, and a user, a group or a parent directory that does not exist yet means that the file would change.
  - On a node with SELinux a replaced file keeps its context, and a new one gets the context that the policy names for its path.
  - Templates get no variables that differ from run to run, such as C(template_run_date).
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.action
  - railyard.cluster.attributes.state
options:
  files:
    description: What should be, in the order in which it is applied.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Absolute path on the node.
        type: str
        required: true
      state:
        description:
          - V(directory) makes one directory; its parent must exist or be listed before.
          - V(absent) removes a file, a link or an empty directory.
          - V(link) makes a symbolic link to O(files[].target), in the place of a file too.
        type: str
        choices: [file, directory, absent, link]
        default: file
      template:
        description:
          - Template to render, found and rendered as M(ansible.builtin.template) does (C(trim_blocks) on).
          - A file takes exactly one of O(files[].template), O(files[].content), O(files[].content_base64) and O(files[].source).
        type: str
      content:
        description: The content itself.
        type: raw
      content_base64:
        description: The content itself in base64, for files that are not text.
        type: str
      source:
        description: File on the controller to take as it is, found as M(ansible.builtin.copy) does, binary or encrypted with Vault too.
        type: str
      vars:
        description: Variables for this template alone.
        type: dict
      target:
        description: What the link points at.
        type: str
      owner:
        description: User that owns the file, by name or number.
        type: str
        default: root
      group:
        description: Group of the file, by name or number.
        type: str
        default: root
      mode:
        description: Permissions as an octal number in quotes. The default is V(0644), for directories V(0755).
        type: str
      purge:
        description:
          - Only for a directory, the name of who lists its files, such as the role's. Files and links that tasks with this name put directly into
            the directory in earlier runs, and that the task no longer lists, are removed. What others put there stays, under another name too.
          - What was put there is remembered in the directory, in a hidden file. Files from before that are not known.
        type: str
      validate:
        description: Command that must succeed before the file is used. V(%s) stands for the file to check. It runs without a shell, for at most 60 seconds.
        type: str
  secret:
    description: Keep the content out of diffs, error texts and anything else that is shown.
    type: bool
    default: false
  _payload:
    description: What the controller made of O(files). Set by the action plugin, never in a task.
    type: str
"""

EXAMPLES = r"""
- name: Write the time service's configuration
  railyard.cluster.files:
    files:
      - path: /etc/chrony/chrony.conf
        template: chrony.conf.j2
        validate: /usr/sbin/chronyd -p -f %s
      - path: /etc/systemd/system/chrony.service.d
        state: directory
      - path: /etc/systemd/system/chrony.service.d/railyard.conf
        content: |
          [Service]
          Restart=on-failure

- name: Write the prologs, and remove those of ours that are no longer listed
  railyard.cluster.files:
    files:
      - path: /etc/slurm/prolog.d
        state: directory
        purge: site
      - path: /etc/slurm/prolog.d/10-scratch
        source: scratch.sh
        mode: "0755"

- name: Write the key of the cluster
  railyard.cluster.files:
    secret: true
    files:
      - path: /etc/munge/munge.key
        content: "{{ munge_key }}"
        owner: munge
        group: munge
        mode: "0400"
"""

RETURN = r"""
changed_files:
  description: Paths that were changed, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [/etc/chrony/chrony.conf]
"""

import grp
import os
import pwd
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._files import Writer, clean, lock, number, observe
from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core import files
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    if not module.params["_payload"]:
        raise CoreError("railyard.cluster.files can't run without its action plugin.")
    desired = files.unpack(module.params["_payload"])
    if not module.check_mode:
        lock()
        for file in desired:
            clean(file)
    remembered = [files.DesiredFile(files.record_path(file)) for file in desired if file.purge]
    records = files.records(desired, {file.path: observe(file).content for file in remembered})
    gone = [file for record in records for file in record.gone]
    accounts = files.Accounts(
        users={file.owner: number(file.owner, lambda name: pwd.getpwnam(name).pw_uid) for file in desired},
        groups={file.group: number(file.group, lambda name: grp.getgrnam(name).gr_gid) for file in desired},
    )
    changes = files.plan(
        desired,
        {file.path: observe(file) for file in [*desired, *gone]},
        accounts=accounts,
        folders={folder for folder in map(os.path.dirname, (file.path for file in desired)) if os.path.isdir(folder)},
        gone=gone,
        check_mode=module.check_mode,
    )
    if not module.check_mode and (changes or any(record.put != record.listed for record in records)):
        Writer(module, runner, accounts).apply(changes, records)
    result: dict[str, t.Any] = {"changed": bool(changes), "changed_files": [change.desired.path for change in changes]}
    if module._diff and not module.params["secret"]:
        result["diff"] = [side for change in changes for side in files.diff(change)]
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "str", "required": True},
                    "state": {"type": "str", "choices": list(files.STATES), "default": "file"},
                    "template": {"type": "str"},
                    "content": {"type": "raw"},
                    "content_base64": {"type": "str"},
                    "source": {"type": "str"},
                    "vars": {"type": "dict"},
                    "target": {"type": "str"},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "mode": {"type": "str"},
                    "purge": {"type": "str"},
                    "validate": {"type": "str"},
                },
            },
            "secret": {"type": "bool", "default": False, "no_log": False},
            # What the action made of the files. Without a log, so that no content reaches the node's journal.
            "_payload": {"type": "str", "no_log": True},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
