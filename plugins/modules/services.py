#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: services
short_description: Run all units of a role as they should, in one remote operation
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Starts, stops, enables and masks any number of systemd units, and restarts or reloads those whose files changed since their process started.
  - Whether to restart is decided from what the running process was started with, not from what an earlier task did.
    So a run that was interrupted after it wrote a file is repaired by the next one.
  - "What a process was started with is remembered in C(/run/railyard/services): digests of its files, for one life of the process.
    Where that is missing (after a boot, or when someone else restarted the unit), a file that changed after the process started counts as changed."
  - Tells systemd to read its unit files again where it says that it needs to.
notes:
  - Units are started in the order of the list. A unit that does not become active fails the task with its status and its last 20 journal lines.
  - A C(static), C(generated) or C(indirect) unit counts as enabled.
  - In check mode a unit that does not exist yet counts as one that would be started.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.state
options:
  units:
    description: The units, in the order in which they are started.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Full name of the unit, such as V(chrony.service). Sockets, timers and other types work too.
        type: str
        required: true
      state:
        description: Whether it runs. The default is V(started), for a masked unit V(stopped).
        type: str
        choices: [started, stopped]
      enabled:
        description: Whether it starts at boot, V(true) or V(false). An explicit null leaves that as it is.
        type: raw
        default: true
      masked:
        description: Whether it is kept from being started by anyone. A unit that does not exist yet can be masked.
        type: bool
        default: false
      restart_on:
        description: Files that the process reads when it starts. It is restarted when it was started before one of them last changed.
        type: list
        elements: path
        default: []
      reload_on:
        description: Files that the process reads again on a reload. It is reloaded, or restarted if it can't reload.
        type: list
        elements: path
        default: []
      restart_digest:
        description:
          - Any text that stands for configuration kept elsewhere. The unit is restarted when the text differs from the one that its process was started with.
          - Where that is not known, the text is noted, and the unit is left running.
        type: str
"""

EXAMPLES = r"""
- name: Run the time service
  railyard.cluster.services:
    units:
      - name: chrony.service
        restart_on:
          - /etc/chrony/chrony.conf
          - /etc/systemd/system/chrony.service.d/railyard.conf

- name: Keep a service from running until it is configured
  railyard.cluster.services:
    units:
      - name: slurmd.service
        masked: true
"""

RETURN = r"""
units:
  description: What was done with each unit, or would be in check mode.
  returned: success
  type: dict
  contains:
    started:
      description: Whether it was started.
      type: bool
    stopped:
      description: Whether it was stopped.
      type: bool
    restarted:
      description: Whether it was restarted.
      type: bool
    reloaded:
      description: Whether it was reloaded.
      type: bool
    enabled:
      description: Whether it was enabled.
      type: bool
    disabled:
      description: Whether it was disabled.
      type: bool
    masked:
      description: Whether it was masked.
      type: bool
    unmasked:
      description: Whether it was unmasked.
      type: bool
    reason:
      description: Why it was started, stopped, restarted or reloaded.
      type: str
daemon_reloaded:
  description: Whether systemd was told to read its unit files again.
  returned: success
  type: bool
"""

import contextlib
import hashlib
import os
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core import services
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

COMMAND_TIMEOUT_S = 600
ACTIVE_TIMEOUT_S = 90
# How long a process must live whose unit counts as active from the moment it is forked.
SETTLE_S = 1.0


def show(runner: ModuleRunner, names: list[str]) -> dict[str, services.ObservedUnit]:
    answer = runner.run(["systemctl", "show", "--no-pager", f"--property={','.join(services.PROPERTIES)}", "--", *names], COMMAND_TIMEOUT_S)
    if answer.rc:
        raise CoreError(f"systemctl can't describe {', '.join(names)}: {answer.stderr.strip() or answer.stdout.strip()}")
    return services.parse_show(answer.stdout, names)


def watch(path: str, to_monotonic_us: int) -> services.WatchedFile:
    """Look at a file. Its status change time is taken, because a rename keeps the time of the content."""
    try:
        with open(path, "rb") as file:
            return services.WatchedFile(hashlib.sha256(file.read()).hexdigest(), os.fstat(file.fileno()).st_ctime_ns // 1000 + to_monotonic_us)
    except (FileNotFoundError, NotADirectoryError):
        return services.WatchedFile()
    except OSError as error:
        raise CoreError(f"{path} can't be read: {error.strerror}.") from error


def stamp_path(name: str) -> str:
    return os.path.join(services.STAMP_DIRECTORY, f"{name}.json")


def read_stamp(name: str) -> services.Stamp | None:
    with contextlib.suppress(OSError), open(stamp_path(name), encoding="utf-8") as file:
        return services.Stamp.from_json(file.read())
    return None


def write_stamp(name: str, stamp: services.Stamp) -> None:
    os.makedirs(services.STAMP_DIRECTORY, mode=0o700, exist_ok=True)
    waiting = stamp_path(name) + ".new"
    with open(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(stamp.to_json())
    os.replace(waiting, stamp_path(name))


def fail(runner: ModuleRunner, name: str, what: str) -> t.NoReturn:
    status = runner.run(["systemctl", "status", "--no-pager", "--full", "--lines=0", "--", name], 30).stdout
    journal = runner.run(["journalctl", "--no-pager", "--quiet", "--lines=20", f"--unit={name}"], 30).stdout
    raise CoreError(f"{what}\n{status.rstrip()}\n{journal.rstrip()}".rstrip())


def execute(runner: ModuleRunner, commands: list[list[str]]) -> None:
    for command in commands:
        answer = runner.run(["systemctl", "--no-pager", "--no-ask-password", *command], COMMAND_TIMEOUT_S)
        if answer.rc:
            said = f"systemctl {' '.join(command)} failed: {answer.stderr.strip() or answer.stdout.strip()}"
            if command[0] in ("start", "stop", "restart", "reload"):
                fail(runner, command[-1], said)
            raise CoreError(said)


def wait_until_active(runner: ModuleRunner, names: list[str]) -> None:
    """Wait for units that were started. systemd has no call that waits for a unit that restarts itself."""
    begin = time.monotonic()
    while names:
        age = time.monotonic() - begin
        now = show(runner, names)
        for name in names:
            trouble = services.trouble(name, now[name])
            if trouble or (not now[name].running and age > ACTIVE_TIMEOUT_S):
                fail(runner, name, trouble or f"{name} is still {now[name].active} ({now[name].sub}) after {ACTIVE_TIMEOUT_S} s.")
        names = [name for name in names if not now[name].running or (not now[name].tells_when_ready and age < SETTLE_S)]
        time.sleep(0.2 if names else 0)


def three_way(unit: dict[str, t.Any]) -> bool | None:
    try:
        return None if unit["enabled"] is None else boolean(unit["enabled"])
    except TypeError:
        raise CoreError(f"enabled of {unit['name']} is {unit['enabled']!r}.", hint="Write true, false or null.") from None


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    specs = services.check_units([{**unit, "enabled": three_way(unit)} for unit in module.params["units"]])
    names = [spec.name for spec in specs]
    if not specs:
        return {"changed": False, "units": {}, "daemon_reloaded": False}
    to_monotonic_us = (time.monotonic_ns() - time.time_ns()) // 1000
    files = {path: watch(path, to_monotonic_us) for spec in specs for path in (*spec.restart_on, *spec.reload_on)}
    before = show(runner, names)
    unknown = [name for name in names if before[name].load == "not-found" and any(os.path.exists(os.path.join(d, name)) for d in services.UNIT_FOLDERS)]
    daemon_reload = bool(unknown) or any(unit.stale_definition for unit in before.values())
    if daemon_reload and not module.check_mode:
        execute(runner, [["daemon-reload"]])
        before = show(runner, names)
    plans = services.plan(specs, before, files=files, stamps={name: read_stamp(name) for name in names}, check_mode=module.check_mode)
    if not module.check_mode:
        execute(runner, services.commands(plans))
        wait_until_active(runner, [plan.name for plan in plans if plan.action in ("start", "restart")])
        after = show(runner, names) if any(plan.changed for plan in plans) else before
        for spec in specs:
            stamp = services.stamp_of(spec, after[spec.name], files)
            if spec.watches and after[spec.name].running and stamp != read_stamp(spec.name):
                write_stamp(spec.name, stamp)
    result: dict[str, t.Any] = {
        "changed": daemon_reload or any(plan.changed for plan in plans),
        "units": {plan.name: plan.result() for plan in plans},
        "daemon_reloaded": daemon_reload,
    }
    if module._diff:
        result["diff"] = services.diff(plans, before)
    return result


def main() -> None:
    unit = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["started", "stopped"]},
        "enabled": {"type": "raw", "default": True},
        "masked": {"type": "bool", "default": False},
        "restart_on": {"type": "list", "elements": "path", "default": []},
        "reload_on": {"type": "list", "elements": "path", "default": []},
        "restart_digest": {"type": "str", "no_log": False},
    }
    module = AnsibleModule(
        argument_spec={"units": {"type": "list", "elements": "dict", "required": True, "options": unit}},
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
