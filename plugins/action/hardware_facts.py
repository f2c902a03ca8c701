# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.hardware_facts: run the module once, and keep the whole document in a file."""

from __future__ import annotations

import json
import os
import typing as t
import urllib.parse

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("subset", "hardware_root", "document_folder"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        folder = arguments.pop("document_folder", None)
        result = self._execute_module(module_name="railyard.cluster.hardware_facts", module_args=arguments, task_vars=variables)
        result.pop("invocation", None)
        if folder and "document" in result and not self._task.check_mode:
            result["document_path"] = _write(os.path.expanduser(str(folder)), str(variables.get("inventory_hostname", "")), result.pop("document"))
        return result


def _write(folder: str, host: str, document: dict[str, t.Any]) -> str:
    """Write a host's document as a whole, for its owner only. Returns its path."""
    path = os.path.join(folder, f"{urllib.parse.quote(host, safe='')}.json")
    staged = f"{path}.{os.getpid()}.new"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.write("\n")
        os.replace(staged, path)
    except OSError as error:
        raise AnsibleActionFail(f"{folder}: the facts of {host} cannot be written: {error.strerror}.") from None
    return path
