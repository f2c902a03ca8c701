# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The only bridge between AnsibleModule and the library."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ansible.module_utils.basic import AnsibleModule


class ModuleRunner:
    """A Runner over an AnsibleModule: every command in the C locale, with a time limit."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module = module

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        command = ["timeout", "--kill-after=5", str(timeout_s), *argv]
        rc, stdout, stderr = self._module.run_command(command, environ_update={"LC_ALL": "C", "LANGUAGE": "C"})
        return CommandResult(rc, stdout, stderr)

    def read(self, path: str) -> str:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def listdir(self, path: str) -> list[str]:
        return sorted(os.listdir(path))

    def readlink(self, path: str) -> str:
        return os.readlink(path)


def run_module(module: AnsibleModule, work: Callable[[ModuleRunner], dict[str, t.Any]]) -> None:
    """Run ``work`` and leave the module with its result; a ``CoreError`` becomes a failure with its text."""
    try:
        result = work(ModuleRunner(module))
    except CoreError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)
