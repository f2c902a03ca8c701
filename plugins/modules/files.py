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
attributes:
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
    support: full
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
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
        description: Template to render, found and rendered as M(ansible.builtin.template) does (C(trim_blocks) on). Exclusive with O(files[].content), O(files[].source).
        type: str
      content:
        description: The content itself.
        type: raw
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
      validate:
        description: Command that must succeed before the file is used. V(%s) stands for the file to check. It runs without a shell, for at most 60 seconds.
        type: str
  secret:
    description: Keep the content out of diffs, error texts and anything else that is shown.
    type: bool
    default: false
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

import contextlib
import fcntl
import grp
import os
import pwd
import shlex
import stat
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core import files
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

LOCK = "/run/railyard/files.lock"
VALIDATE_TIMEOUT_S = 60


def number(name: str, lookup: t.Callable[[str], int]) -> int | None:
    try:
        return int(name) if name.isdigit() else lookup(name)
    except KeyError:
        return None


def name_of(number: int, lookup: t.Callable[[int], str]) -> str:
    try:
        return lookup(number)
    except KeyError:
        return str(number)


def observe(file: files.DesiredFile) -> files.ObservedFile:
    """Look at a path. A directory may be reached through a link, a file may not."""
    try:
        info = os.stat(file.path) if file.state == "directory" else os.lstat(file.path)
    except (FileNotFoundError, NotADirectoryError):
        return files.ObservedFile()
    kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(info.st_mode), "other")
    content = b""
    if kind == "file" and file.state != "directory":
        with open(file.path, "rb") as source:
            content = source.read()
    return files.ObservedFile(
        kind=kind,
        uid=info.st_uid,
        gid=info.st_gid,
        owner=name_of(info.st_uid, lambda uid: pwd.getpwuid(uid).pw_name),
        group=name_of(info.st_gid, lambda gid: grp.getgrgid(gid).gr_name),
        mode=stat.S_IMODE(info.st_mode),
        content=content,
        target=os.readlink(file.path) if kind == "link" else "",
        entries=len(os.listdir(file.path)) if kind == "directory" and file.state == "absent" else 0,
    )


class Writer:
    """Apply planned changes: everything is made ready and validated first, then put in place."""

    def __init__(self, module: AnsibleModule, runner: ModuleRunner, accounts: files.Accounts) -> None:
        self.module, self.runner, self.accounts = module, runner, accounts
        self.made: list[str] = []

    def apply(self, changes: list[files.FileChange]) -> None:
        done: list[str] = []
        staged = [change for change in changes if change.staged]
        try:
            for change in changes:
                if change.action == "create" and change.desired.state == "directory":
                    os.mkdir(change.desired.path, 0o700)
                    self.made.append(change.desired.path)
                elif change.staged:
                    self.stage(change)
            for change in staged:
                self.validate(change.desired)
            for change in changes:
                self.commit(change)
                done.append(change.desired.path)
            for folder in sorted({os.path.dirname(path) for path in done}):
                sync(folder)
        except OSError as error:
            so_far = f" after {', '.join(done)} was changed" if done else "; nothing was changed"
            raise CoreError(f"{error.filename2 or error.filename}: {error.strerror}{so_far}.") from error
        finally:
            for change in staged:
                remove(files.staged_path(change.desired.path))
            for path in reversed([] if done else self.made):
                os.rmdir(path)

    def stage(self, change: files.FileChange) -> None:
        file, waiting = change.desired, files.staged_path(change.desired.path)
        if file.state == "link":
            os.symlink(file.target, waiting)
            return
        descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as sink:
            sink.write(file.content)
            sink.flush()
            self.own(file, descriptor)
            os.fsync(descriptor)
        if self.module.selinux_enabled():
            kept = change.observed.kind == "file"
            context = self.module.selinux_context(file.path) if kept else self.module.selinux_default_context(file.path)
            self.module.set_context_if_different(waiting, context, False)

    def own(self, file: files.DesiredFile, place: str | int) -> None:
        os.chown(place, t.cast(int, self.accounts.users[file.owner]), t.cast(int, self.accounts.groups[file.group]))
        os.chmod(place, file.mode)

    def validate(self, file: files.DesiredFile) -> None:
        if not file.validate:
            return
        command = [word.replace("%s", files.staged_path(file.path)) for word in shlex.split(file.validate)]
        answer = self.runner.run(command, VALIDATE_TIMEOUT_S)
        if answer.rc:
            said = "(hidden)" if self.module.params["secret"] else (answer.stderr.strip() or answer.stdout.strip())[-2000:]
            raise CoreError(f"validation with {file.validate!r} ended with {answer.rc}: {said}.", where=file.path, hint="Nothing was changed.")

    def commit(self, change: files.FileChange) -> None:
        file = change.desired
        if change.staged:
            os.replace(files.staged_path(file.path), file.path)
        elif change.action == "remove":
            os.rmdir(file.path) if change.observed.kind == "directory" else os.unlink(file.path)
        else:
            self.own(file, file.path)


def sync(folder: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)


def lock() -> None:
    """Wait for a run that is still at work here, such as one whose controller went away. Held until this process ends."""
    if os.geteuid() == 0:
        os.makedirs(os.path.dirname(LOCK), mode=0o755, exist_ok=True)
        fcntl.flock(os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), fcntl.LOCK_EX)


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    desired = files.unpack(module.params["_payload"])
    if not module.check_mode:
        lock()
        for file in desired:
            remove(files.staged_path(file.path))
    accounts = files.Accounts(
        users={file.owner: number(file.owner, lambda name: pwd.getpwnam(name).pw_uid) for file in desired},
        groups={file.group: number(file.group, lambda name: grp.getgrnam(name).gr_gid) for file in desired},
    )
    changes = files.plan(
        desired,
        {file.path: observe(file) for file in desired},
        accounts=accounts,
        folders={folder for folder in map(os.path.dirname, (file.path for file in desired)) if os.path.isdir(folder)},
        check_mode=module.check_mode,
    )
    if changes and not module.check_mode:
        Writer(module, runner, accounts).apply(changes)
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
                    "source": {"type": "str"},
                    "vars": {"type": "dict"},
                    "target": {"type": "str"},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "mode": {"type": "str"},
                    "validate": {"type": "str"},
                },
            },
            "secret": {"type": "bool", "default": False, "no_log": False},
            # What the action made of the files. Without a log, so that no content reaches the node's journal.
            "_payload": {"type": "str", "no_log": True, "required": True},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
