#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: slurm_reconfigure
short_description: Make Slurm's daemons run with the configuration on disk
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Compares the configuration that the daemons were last told to use with the one they should have, and does what the difference asks for and no more.
    That is nothing, C(scontrol reconfigure), or a restart of slurmctld followed by it, decided by key and by Slurm release.
  - What the daemons were last told is kept in O(loaded), and written only after they have taken it. So a run that was interrupted
    between writing the files and this task is repaired by the next one.
  - Running jobs are not disturbed by a reconfigure or by a restart of slurmctld.
  - A difference that no running cluster can take over, such as another C(AuthType), fails with what a person has to do.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.state
attributes:
  diff_mode:
    support: none
    details: The files' own task shows how they differ.
options:
  files:
    description:
      - File name to text, as M(railyard.cluster.slurm_plan) returns them. A file with an empty text should not exist.
      - Outside check mode the files on disk must already say the same.
    type: dict
    required: true
  version:
    description: The Slurm release that the files were written for. It must be the one that is installed.
    type: str
    required: true
  primary:
    description: Whether this controller tells the nodes. Others restart their own slurmctld where they must, one after the other.
    type: bool
    default: true
  directory:
    description: Where the files are.
    type: path
    default: /etc/slurm
  loaded:
    description: Where the copy of what the daemons were last told is kept.
    type: path
    default: /var/lib/railyard/slurm/loaded
"""

EXAMPLES = r"""
- name: Use the configuration
  railyard.cluster.slurm_reconfigure:
    files: "{{ __slurm_plan.files }}"
    version: "{{ __slurm_plan.version }}"
    primary: "{{ inventory_hostname == groups.slurm_controller | first }}"
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, in that order, with the reasons.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "reconfigure", "reasons": ["slurm.conf: node5 added"]}]
restart_nodes:
  description: Nodes whose slurmd must be restarted, as a host list. Their own plays do that.
  returned: success
  type: str
  sample: node[1-4]
installed:
  description: The installed release, empty where Slurm is not installed yet.
  returned: success
  type: str
  sample: "24.11"
"""

import contextlib
import os
import shutil
import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core import services
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import changes, features

UNIT = "slurmctld.service"
COMMAND_TIMEOUT_S = 300
CONTACT_TIMEOUT_S = 60


def installed_version(runner: ModuleRunner, wanted: str) -> str:
    answer = runner.run(["slurmctld", "-V"], 30)
    if answer.rc:
        return ""
    version = str(features.parse_version(answer.stdout))
    if version != wanted:
        raise CoreError(f"Slurm {version} is installed, but its configuration was written for {wanted}.", where=UNIT, hint=f"Set slurm_version: '{version}'.")
    return version


def read_files(directory: str) -> dict[str, str] | None:
    if not os.path.isdir(directory):
        return None
    texts = {}
    for name in sorted(os.listdir(directory)):
        with open(os.path.join(directory, name), encoding="utf-8") as file:
            texts[name] = file.read()
    return texts


def first_difference(directory: str, files: dict[str, str]) -> str:
    """The path of a file on disk that is not as wanted; empty when all are."""
    for name, text in files.items():
        there = ""
        with contextlib.suppress(FileNotFoundError), open(os.path.join(directory, name), encoding="utf-8") as file:
            there = file.read()
        if there != text:
            return os.path.join(directory, name)
    return ""


def has_read(runner: ModuleRunner, directory: str, files: dict[str, str], *, different: bool) -> bool:
    """True when slurmctld was started after the last change in ``directory``, a file written or removed.

    In check mode the files may still have to be written (``different``): a slurmctld that runs won't have read them, one
    that doesn't run will be started after them.
    """
    answer = runner.run(["systemctl", "show", "--no-pager", f"--property={','.join(services.PROPERTIES)}", "--", UNIT], 30)
    unit = services.parse_show(answer.stdout, [UNIT])[UNIT]
    if different or not unit.running:
        return different and not unit.running
    changed = 0
    for path in [directory, *(os.path.join(directory, name) for name in files)]:
        with contextlib.suppress(FileNotFoundError):
            changed = max(changed, os.stat(path).st_ctime_ns)
    to_monotonic_us = (time.monotonic_ns() - time.time_ns()) // 1000
    return changed // 1000 + to_monotonic_us < unit.started_us - services.CLOCK_TICK_US


def execute(runner: ModuleRunner, argv: list[str]) -> None:
    """Run a command; one that slurmctld is not ready for yet is repeated."""
    end = time.monotonic() + CONTACT_TIMEOUT_S
    while True:
        answer = runner.run(argv, COMMAND_TIMEOUT_S)
        said = (answer.stderr.strip() or answer.stdout.strip())[-2000:]
        if not answer.rc:
            return
        if "Unable to contact" not in said or time.monotonic() > end:
            journal = runner.run(["journalctl", "--no-pager", "--quiet", "--lines=20", f"--unit={UNIT}"], 30).stdout.rstrip()
            raise CoreError(f"{' '.join(argv)} failed: {said}\n{journal}", hint="The daemons keep the configuration that they have.")
        time.sleep(1)


def note(loaded: str, files: dict[str, str]) -> None:
    """Replace the copy as a whole. A crash in between leaves none, which the next run can deal with."""
    waiting = f"{loaded}.new"
    shutil.rmtree(waiting, ignore_errors=True)
    os.makedirs(waiting, mode=0o755)
    for name, text in files.items():
        with open(os.path.join(waiting, name), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    shutil.rmtree(loaded, ignore_errors=True)
    os.rename(waiting, loaded)


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    params = module.params
    wanted = {name: str(text) for name, text in params["files"].items()}
    there = {name: text for name, text in wanted.items() if text}
    version = installed_version(runner, params["version"])
    if not version and module.check_mode:
        return {"changed": False, "actions": [], "restart_nodes": "", "installed": ""}
    if not version:
        raise CoreError("slurmctld is not installed.", hint="Run the role's install part first.")
    different = first_difference(params["directory"], wanted)
    if different and not module.check_mode:
        raise CoreError(f"{different} is not what it should be.", hint="Write the files first (railyard.cluster.files), then run this.")
    loaded = read_files(params["loaded"])
    if loaded == there:
        return {"changed": False, "actions": [], "restart_nodes": "", "installed": version}
    since = has_read(runner, params["directory"], wanted, different=bool(different))
    actions = changes.decide(features.parse_version(version), loaded, there, started_since=since)
    nodes = next((action.nodes for action in actions if action.name == "restart slurmd"), "")
    commands = {"restart slurmctld": ["systemctl", "restart", UNIT], "reconfigure": ["scontrol", "reconfigure"]}
    own = [action for action in actions if action.name in commands and (params["primary"] or action.name != "reconfigure")]
    if not module.check_mode:
        for action in own:
            execute(runner, commands[action.name])
        note(params["loaded"], there)
    done = [{"name": action.name, "reasons": list(action.reasons)} for action in own]
    return {"changed": bool(own), "actions": done, "restart_nodes": nodes, "installed": version}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "dict", "required": True},
            "version": {"type": "str", "required": True},
            "primary": {"type": "bool", "default": True},
            "directory": {"type": "path", "default": "/etc/slurm"},
            "loaded": {"type": "path", "default": "/var/lib/railyard/slurm/loaded"},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
