# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.hardware_facts: run the module once, and keep the whole document in a file."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.plugin_utils._documents import keep_facts


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("subset", "hardware_root", "document_folder"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        folder = arguments.pop("document_folder", None)
        result = self._execute_module(module_name="railyard.cluster.hardware_facts", module_args=arguments, task_vars=variables)
        return keep_facts(result, folder and str(folder), str(variables.get("inventory_hostname", "")), check_mode=bool(self._task.check_mode))
