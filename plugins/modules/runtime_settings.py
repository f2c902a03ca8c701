#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: runtime_settings
short_description: Make a running kernel and systemd agree with their configuration, in one remote operation
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Loads kernel modules, sets sysctls and files below C(/sys), and has systemd read its defaults again. Files that make it last are not its business.
  - Everything that was set is read back. A value that the kernel did not take is an error that names it and what it is instead.
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.state
options:
  modules:
    description: Kernel modules to load.
    type: list
    elements: str
    default: []
  sysctl:
    description: Values by name, as in C(net.core.somaxconn). A name whose parts contain dots is written with slashes, as in sysctl.d(5).
    type: dict
    default: {}
  sysctl_optional:
    description: Names or patterns of sysctls that a kernel may lack or refuse. They are then listed in RV(left_out).
    type: list
    elements: str
    default: []
  sysfs:
    description: Files below C(/sys) and their values.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path. It may be a pattern that matches many files.
        type: str
        required: true
      value:
        description: What the file should say.
        type: str
        required: true
      optional:
        description: Whether no match is fine. It is then listed in RV(left_out).
        type: bool
        default: true
  manager:
    description: Properties of systemd's manager, as C(systemctl show) prints them. Where one differs, systemd reads its configuration again.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Have the running system agree with its files
  railyard.cluster.runtime_settings:
    sysctl:
      net.core.somaxconn: 4096
      net.ipv4.neigh.default.gc_thresh3: 16384
    sysctl_optional: [net.ipv4.neigh.*]
    sysfs:
      - path: /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor
        value: performance
    manager:
      DefaultLimitMEMLOCK: infinity
"""

RETURN = r"""
set:
  description: What was set, or would be in check mode, with the value before and after.
  returned: success
  type: list
  elements: str
  sample: ["net.core.somaxconn: 128 -> 4096"]
left_out:
  description: What the kernel lacks or refuses and is declared as optional, with the reason.
  returned: success
  type: dict
  sample: {"net.ipv4.neigh.default.gc_thresh3": "this kernel does not have it"}
"""

import glob
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core import kernel
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

MISSING = "this kernel does not have it"


class Settings:
    """Set values one by one and collect what happened; what failed is told at the end, all of it."""

    def __init__(self, module: AnsibleModule, runner: ModuleRunner) -> None:
        self.module, self.runner = module, runner
        self.done: list[str] = []
        self.failed: list[str] = []
        self.left_out: dict[str, str] = {}

    def give_up(self, name: str, reason: str, optional: bool) -> None:
        if optional:
            self.left_out[name] = reason
        else:
            self.failed.append(f"{name}: {reason}")

    def value(self, name: str, path: str, value: str, optional: bool) -> None:
        try:
            before = self.runner.read(path).strip()
        except FileNotFoundError:
            return self.give_up(name, MISSING, optional)
        except OSError as error:
            return self.give_up(name, f"it can't be read ({error.strerror})", optional)
        if kernel.same_value(before, value):
            return None
        try:
            # In check mode opening alone shows whether the kernel lets us.
            with open(path, "r+" if self.module.check_mode else "w", encoding="utf-8") as file:
                if not self.module.check_mode:
                    file.write(value)
            after = value if self.module.check_mode else self.runner.read(path).strip()
        except OSError as error:
            return self.give_up(name, f"it is {before} and can't be set to {value} ({error.strerror})", optional)
        if not kernel.same_value(after, value):
            return self.give_up(name, f"it is {after} although {value} was written", optional)
        return self.done.append(f"{name}: {before} -> {value}")

    def module_loaded(self, name: str) -> None:
        if os.path.isdir(f"/sys/module/{name.replace('-', '_')}"):
            return
        answer = self.runner.run(["modprobe", *(["--dry-run"] if self.module.check_mode else []), "--", name], 60)
        if answer.rc:
            self.failed.append(f"kernel module {name}: {answer.stderr.strip() or 'it can not be loaded'}")
        else:
            self.done.append(f"kernel module {name}: loaded")

    def manager(self, wanted: dict[str, str]) -> None:
        different = before = self.different(wanted)
        for command in ("daemon-reload", "daemon-reexec"):
            if different and not self.module.check_mode:
                self.runner.run(["systemctl", command], 120)
                different = self.different(wanted)
        self.failed += [f"{name}: systemd has {different[name]} and not {wanted[name]}" for name in different if not self.module.check_mode]
        self.done += [f"{name}: {before[name]} -> {wanted[name]}" for name in before if name not in different or self.module.check_mode]

    def different(self, wanted: dict[str, str]) -> dict[str, str]:
        """Return the manager's properties that differ, as they are."""
        answer = self.runner.run(["systemctl", "show", *(f"--property={name}" for name in wanted)], 30)
        now = dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)
        return {name: now.get(name, "nothing") for name in wanted if now.get(name) != wanted[name]}


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    settings = Settings(module, runner)
    for name in module.params["modules"]:
        settings.module_loaded(name)
    for name, value in module.params["sysctl"].items():
        settings.value(name, kernel.sysctl_path(name), str(value), kernel.is_optional(name, module.params["sysctl_optional"]))
    for item in module.params["sysfs"]:
        paths = sorted(glob.glob(item["path"]))
        if not paths:
            settings.give_up(item["path"], MISSING, item["optional"])
        for path in paths:
            settings.value(path, path, item["value"], optional=False)
    if module.params["manager"]:
        settings.manager({name: str(value) for name, value in module.params["manager"].items()})
    if settings.failed:
        hint = "If this kernel is not yours to change, set base_kernel_managed to false; a sysctl that it may lack goes into base_sysctl_optional."
        raise CoreError(f"{len(settings.failed)} settings did not take: {'; '.join(settings.failed)}.", hint=hint)
    result: dict[str, t.Any] = {"changed": bool(settings.done), "set": settings.done, "left_out": settings.left_out}
    if module._diff:
        result["diff"] = {"before_header": "running", "after_header": "running", "before": "", "after": "".join(f"{line}\n" for line in settings.done)}
    return result


def main() -> None:
    sysfs = {"path": {"type": "str", "required": True}, "value": {"type": "str", "required": True}, "optional": {"type": "bool", "default": True}}
    module = AnsibleModule(
        argument_spec={
            "modules": {"type": "list", "elements": "str", "default": []},
            "sysctl": {"type": "dict", "default": {}},
            "sysctl_optional": {"type": "list", "elements": "str", "default": []},
            "sysfs": {"type": "list", "elements": "dict", "default": [], "options": sysfs},
            "manager": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
