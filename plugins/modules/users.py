#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: users
short_description: Make all users, groups and SSH keys of a node as they should be, in one remote operation
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Adds, changes and removes any number of local groups and users, and writes their authorized keys.
  - Users and groups that are not listed are left alone. A user or group whose number differs from the wanted one is refused, not renumbered.
notes:
  - Keys are written with the user's own rights, so that a link in a home directory leads nowhere that the user could not write, and homes on a
    file server that does not trust root work.
  - A user with running processes is not removed; C(userdel) says so.
  - Passwords are not its business. A new user has none and can log in with a key only.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.state
options:
  groups:
    description: Local groups. Those that go are removed last.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the group.
        type: str
        required: true
      gid:
        description: Its number.
        type: int
      system:
        description: Whether a new group without a O(groups[].gid) takes a number of the system's range.
        type: bool
        default: false
      state:
        description: Whether it exists.
        type: str
        choices: [present, absent]
        default: present
  users:
    description: Local users.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the user.
        type: str
        required: true
      uid:
        description: Its number.
        type: int
      group:
        description: Primary group. Without it a new user gets a group of its own.
        type: str
      groups:
        description: All other groups of the user. Without the list they are left as they are.
        type: list
        elements: str
      comment:
        description: Full name.
        type: str
      home:
        description: Home directory. A change does not move its content.
        type: str
      create_home:
        description: Whether a new user's home directory is created.
        type: bool
        default: true
      shell:
        description: Login shell.
        type: str
      system:
        description: Whether a new user without a O(users[].uid) takes a number of the system's range.
        type: bool
        default: false
      ssh_keys:
        description: All keys that may log in as the user. An empty list lets none in; without the list the file is left as it is.
        type: list
        elements: str
      remove_home:
        description: Whether the home directory goes with a user that goes.
        type: bool
        default: false
      state:
        description: Whether the user exists.
        type: str
        choices: [present, absent]
        default: present
"""

EXAMPLES = r"""
- name: Let the operators in
  railyard.cluster.users:
    groups:
      - name: operators
        gid: 3000
    users:
      - name: alice
        uid: 3001
        groups: [operators]
        shell: /bin/bash
        ssh_keys:
          - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN2tTHs8rHZT3Uq1yvnCzVwN0m8cVQfWPzlH2mHgQn0X alice@desk
      - name: mallory
        state: absent
"""

RETURN = r"""
done:
  description: What was changed, or would be in check mode, a line each.
  returned: success
  type: list
  elements: str
  sample: [add user alice, write the SSH keys of alice]
"""

import contextlib
import os
import pwd
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core import accounts
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError


@contextlib.contextmanager
def acting_as(user: pwd.struct_passwd) -> t.Iterator[None]:
    """Touch files with a user's rights. Root comes back afterwards."""
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def write_keys(user: pwd.struct_passwd, text: str, check_mode: bool) -> bool:
    """Write a user's authorized keys; return whether they differed."""
    folder = os.path.join(user.pw_dir, ".ssh")
    path = os.path.join(folder, "authorized_keys")
    try:
        with acting_as(user):
            with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as file:
                if file.read() == text and not os.fstat(file.fileno()).st_mode & 0o022:
                    return False
            if not text and not os.path.lexists(path):
                return False
            if check_mode:
                return True
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o700)
            waiting = path + ".railyard-staged"
            with contextlib.suppress(FileNotFoundError):
                os.unlink(waiting)
            with open(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(waiting, path)
    except OSError as error:
        raise CoreError(f"The SSH keys of {user.pw_name} can't be written to {path}: {error.strerror}.", hint="Does the home directory exist?") from error
    return True


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    users, groups = module.params["users"], module.params["groups"]
    steps = accounts.plan(users, groups, accounts.parse_passwd(runner.read("/etc/passwd")), accounts.parse_group(runner.read("/etc/group")))
    done = [step.text for step in steps]
    for step in [] if module.check_mode else steps:
        answer = runner.run(step.argv, 60)
        if answer.rc:
            raise CoreError(f"Can't {step.text}: {answer.stderr.strip() or answer.stdout.strip()}")
    for user in users:
        if user["state"] == "absent" or user["ssh_keys"] is None:
            continue
        try:
            account = pwd.getpwnam(user["name"])
        except KeyError:  # in check mode, before the user is added
            done.append(f"write the SSH keys of {user['name']}")
            continue
        if write_keys(account, accounts.authorized_keys(user["ssh_keys"]), module.check_mode):
            done.append(f"write the SSH keys of {user['name']}")
    result: dict[str, t.Any] = {"changed": bool(done), "done": done}
    if module._diff:
        result["diff"] = {"before_header": "users", "after_header": "users", "before": "", "after": "".join(f"{line}\n" for line in done)}
    return result


def main() -> None:
    state = {"type": "str", "choices": ["present", "absent"], "default": "present"}
    group = {
        "name": {"type": "str", "required": True},
        "gid": {"type": "int"},
        "system": {"type": "bool", "default": False},
        "state": state,
    }
    user = {
        "name": {"type": "str", "required": True},
        "uid": {"type": "int"},
        "group": {"type": "str"},
        "groups": {"type": "list", "elements": "str"},
        "comment": {"type": "str"},
        "home": {"type": "str"},
        "create_home": {"type": "bool", "default": True},
        "shell": {"type": "str"},
        "system": {"type": "bool", "default": False},
        "ssh_keys": {"type": "list", "elements": "str", "no_log": False},
        "remove_home": {"type": "bool", "default": False},
        "state": state,
    }
    module = AnsibleModule(
        argument_spec={
            "groups": {"type": "list", "elements": "dict", "default": [], "options": group},
            "users": {"type": "list", "elements": "dict", "default": [], "options": user},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
