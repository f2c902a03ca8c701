# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Work out a Slurm cluster from the inventory; documented in plugins/modules/slurm_plan.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.plan import plan


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False
    _VALID_ARGS = frozenset(("variables", "hardware_classes"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        inventory = task_vars or {}
        hostvars = inventory["hostvars"]
        try:
            result = plan(
                self._task.args["variables"],
                inventory["groups"],
                class_of=lambda host: str(hostvars[host].get("railyard_hardware_class") or ""),
                hardware_classes=self._task.args.get("hardware_classes") or {},
                hosts=inventory["ansible_play_hosts_all"],
            )
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from None
        return {"changed": False, **result}
