# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.packages: ask the node, and run the distribution's module only where something is lacking."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.validation import check_type_list
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.packages import names_for


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("name", "apt", "dnf"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        asked = self._execute_module(module_name="railyard.cluster.packages", module_args=dict(self._task.args), task_vars=variables)
        asked.pop("invocation", None)
        if not asked.get("lacking"):
            return asked
        manager = asked["manager"]
        names = names_for(manager, check_type_list(self._task.args["name"]))
        arguments = {**(self._task.args.get(manager) or {}), "name": names, "state": "present"}
        return {**self._install(manager, arguments, variables), "lacking": asked["lacking"], "manager": manager}

    def _install(self, manager: str, arguments: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run the distribution's module; dnf has an action of its own, which knows the generations of dnf."""
        if manager == "apt":
            return self._execute_module(module_name="ansible.builtin.apt", module_args=arguments, task_vars=variables)
        task = self._task.copy()
        task.args = arguments
        action = self._shared_loader_obj.action_loader.get(
            "ansible.builtin.dnf",
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return action.run(task_vars=variables)
