#!/usr/bin/python
# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: kernel_command_line
short_description: Have every installed kernel boot with given arguments, and say whether the running one has them
version_added: 0.1.0
author:
  - The Railyard authors (@railyard)
description:
  - Brings the boot loader's entries up to date with the wanted kernel arguments, and compares the running kernel's command line with them.
  - Whether the boot loader must be told is decided from its entries as they are, so that an interrupted run is repaired by the next one.
  - It never reboots.
notes:
  - An argument that is no longer wanted goes from the entries of O(tool=grub_drop_in) with the next run. With O(tool=grubby), list it in O(unwanted).
extends_documentation_fragment:
  - railyard.cluster.attributes
  - railyard.cluster.attributes.state
options:
  arguments:
    description: Arguments that each kernel should have.
    type: list
    elements: str
    required: true
  unwanted:
    description: Arguments that no kernel should have. Only for O(tool=grubby).
    type: list
    elements: str
    default: []
  tool:
    description: How the boot loader is told. V(grub_drop_in) rebuilds O(config) from files such as O(drop_in); V(grubby) edits the entries.
    type: str
    choices: [grub_drop_in, grubby]
    required: true
  config:
    description: GRUB's own configuration, which is generated.
    type: path
    default: /boot/grub/grub.cfg
  drop_in:
    description: The file that carries the arguments for O(tool=grub_drop_in). Someone else writes it.
    type: path
  rebuild:
    description: Command that generates O(config).
    type: list
    elements: str
    default: [update-grub]
"""

EXAMPLES = r"""
- name: Have the kernel boot with its arguments
  railyard.cluster.kernel_command_line:
    arguments: [iommu=pt]
    tool: grub_drop_in
    drop_in: /etc/default/grub.d/90-railyard.cfg
  register: command_line
"""

RETURN = r"""
reboot_needed:
  description: Whether the running kernel lacks an argument.
  returned: success
  type: bool
missing:
  description: The arguments that the running kernel lacks.
  returned: success
  type: list
  elements: str
  sample: [iommu=pt]
updated:
  description: The kernels whose entries were changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/boot/vmlinuz-6.12.0-amd64]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner, run_module
from ansible_collections.railyard.cluster.plugins.module_utils.core import kernel
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

TIMEOUT_S = 300


def succeed(runner: ModuleRunner, argv: list[str]) -> str:
    answer = runner.run(argv, TIMEOUT_S)
    if answer.rc:
        raise CoreError(f"{' '.join(argv)} failed with status {answer.rc}: {answer.stderr.strip() or answer.stdout.strip()}")
    return answer.stdout


def stale_in_grub(params: dict[str, t.Any], runner: ModuleRunner) -> list[str]:
    """Return the kernels that GRUB would boot otherwise; all it has when a file it is made of is newer."""
    try:
        config, made = runner.read(params["config"]), os.path.getmtime(params["config"])
    except FileNotFoundError:
        if not params["arguments"]:
            return []
        raise CoreError(
            f"{params['config']} does not exist, so this node does not boot with GRUB.",
            hint="Give it its kernel arguments where it gets its kernel from, and set base_kernel_command_line to [] for it.",
        ) from None
    stale = kernel.stale_entries(params["arguments"], config)
    drop_in = params["drop_in"]
    newer = bool(drop_in) and os.path.exists(drop_in) and os.path.getmtime(drop_in) > made
    return stale or (["all"] if newer else [])


def update_grub(module: AnsibleModule, runner: ModuleRunner) -> list[str]:
    stale = stale_in_grub(module.params, runner)
    if stale and not module.check_mode:
        succeed(runner, module.params["rebuild"])
        left = stale_in_grub(module.params, runner)
        if left:
            raise CoreError(
                f"{module.params['config']} still boots {', '.join(left)} without {' '.join(module.params['arguments'])}.",
                hint="Does /etc/default/grub or another file there set GRUB_CMDLINE_LINUX anew?",
            )
    return stale


def update_grubby(module: AnsibleModule, runner: ModuleRunner) -> list[str]:
    wanted, unwanted = module.params["arguments"], module.params["unwanted"]
    stale = []
    for entry, line in kernel.grubby_entries(succeed(runner, ["grubby", "--info=ALL"])).items():
        if kernel.missing_arguments(wanted, line) or len(kernel.missing_arguments(unwanted, line)) < len(unwanted):
            stale.append(entry)
    if stale and not module.check_mode:
        options = [f"--args={' '.join(wanted)}"] if wanted else []
        options += [f"--remove-args={' '.join(unwanted)}"] if unwanted else []
        succeed(runner, ["grubby", "--update-kernel=ALL", *options])
    return stale


def work(module: AnsibleModule, runner: ModuleRunner) -> dict[str, t.Any]:
    kernel.check_arguments([*module.params["arguments"], *module.params["unwanted"]])
    updated = (update_grubby if module.params["tool"] == "grubby" else update_grub)(module, runner)
    missing = kernel.missing_arguments(module.params["arguments"], runner.read("/proc/cmdline"))
    result: dict[str, t.Any] = {"changed": bool(updated), "updated": updated, "missing": missing, "reboot_needed": bool(missing)}
    if module._diff:
        result["diff"] = {"before": "", "after": "".join(f"{entry}: {' '.join(module.params['arguments'])}\n" for entry in updated)}
    return result


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "arguments": {"type": "list", "elements": "str", "required": True},
            "unwanted": {"type": "list", "elements": "str", "default": []},
            "tool": {"type": "str", "choices": ["grub_drop_in", "grubby"], "required": True},
            "config": {"type": "path", "default": "/boot/grub/grub.cfg"},
            "drop_in": {"type": "path"},
            "rebuild": {"type": "list", "elements": "str", "default": ["update-grub"]},
        },
        supports_check_mode=True,
    )
    run_module(module, lambda runner: work(module, runner))


if __name__ == "__main__":
    main()
