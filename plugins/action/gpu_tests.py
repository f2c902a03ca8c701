# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.gpu_tests: judges each test, and keeps the results; documented in plugins/modules/gpu_tests.py."""

from __future__ import annotations

import os
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.plugin_utils._documents import file_name, keep_results
from ansible_collections.railyard.cluster.plugins.plugin_utils._gpu_tests import conclude_several


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = dict(self._task.args)
        folder, run_id = arguments.pop("results_folder", None), arguments.pop("run_id", None)
        result = self._execute_module(module_args=arguments, task_vars=variables)
        if "_node" not in result:
            return result
        host = str(variables.get("inventory_hostname", ""))
        kept = f"{os.path.basename(os.path.normpath(str(folder)))}/{file_name(host)}" if folder else ""
        return keep_results(conclude_several(result, str(run_id or ""), kept), folder and str(folder), host, check_mode=bool(self._task.check_mode))
