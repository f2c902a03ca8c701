# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.pair_bandwidth: each node gets its part from a file, and leaves its outputs in another."""

from __future__ import annotations

import base64
import gzip
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.plugin_utils._campaign import CampaignFolder


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("state", "folder", "phase"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        host = str(variables.get("inventory_hostname", ""))
        arguments = self._task.args
        phase, fetched = str(arguments.get("phase", "rounds")), arguments.get("state") == "fetched"
        folder = CampaignFolder(str(arguments.get("folder", "")))
        if self._task.check_mode and fetched:
            return {"changed": False, "skipped": True, "msg": "Nothing was started in check mode."}
        try:
            part = folder.part(phase, host)
            if part is None:
                return {"changed": False, "skipped": True, "msg": f"{host} has no part in this."}
            shared = folder.shared()
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from None
        token = part.pop("token", "")
        module_arguments = {**arguments, "_part": part, "_token": token, "_sources": shared["sources"], "_ports": shared["ports"]}
        result = self._execute_module(module_name="railyard.cluster.pair_bandwidth", module_args=module_arguments, task_vars=variables)
        result.pop("invocation", None)
        if "content" in result:
            content = gzip.decompress(base64.b64decode(result.pop("content")))
            result["path"] = folder.keep(phase, host, content)
        return dict(result)
