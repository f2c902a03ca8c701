# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.node_health: run the module once, a second time with the agent where the node has none, and keep the facts."""

from __future__ import annotations

import base64
import hashlib
import typing as t
import zlib

from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.plugin_utils._documents import keep_facts, keep_results
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import build


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("node", "description", "checks", "facts", "document_folder", "results_folder", "hardware_root", "state_folder", "run_id", "agent"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        folder = arguments.pop("document_folder", None)
        results_folder = arguments.pop("results_folder", None)
        program = build("node_agent")
        arguments["agent_sha256"] = hashlib.sha256(program).hexdigest()
        result = self._execute_module(module_name="railyard.cluster.node_health", module_args=arguments, task_vars=variables)
        if result.get("agent_missing"):
            arguments["agent_program"] = base64.b64encode(zlib.compress(program)).decode("ascii")
            result = self._execute_module(module_name="railyard.cluster.node_health", module_args=arguments, task_vars=variables)
        host, check_mode = str(variables.get("inventory_hostname", "")), bool(self._task.check_mode)
        keep_facts(result, folder and str(folder), host, check_mode=check_mode)
        return keep_results(result, results_folder and str(results_folder), host, check_mode=check_mode)
