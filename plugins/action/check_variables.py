# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refuse variables that no role knows; documented in plugins/modules/check_variables.py."""

from __future__ import annotations

import glob
import os
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.variables import refuse_unknown, shared_names, unknown_variables
from ansible_collections.railyard.cluster.plugins.plugin_utils._inventory_variables import inventory_variables

COLLECTION = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class ActionModule(ActionBase):
    """Compare what the inventory sets with what the collection's roles declare; no node is contacted."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        _spec, arguments = self.validate_argument_spec({"own": {"type": "list", "elements": "str", "default": []}})
        variables = list(inventory_variables(task_vars or {}, self._loader))
        try:
            roles = role_variables()
            shared = shared_variables().union(*roles.values())
            refuse_unknown(unknown_variables(variables, roles=roles, shared=shared, own=arguments["own"]))
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from error
        result.update(changed=False, checked=len(variables))
        return result


def role_variables(collection: str = COLLECTION) -> dict[str, set[str]]:
    """Return each role's variables, those of all its entry points, from its argument_specs."""
    roles: dict[str, set[str]] = {}
    for path in sorted(glob.glob(os.path.join(collection, "roles", "*", "meta", "argument_specs.yml"))):
        specs = (yaml_load(_read(path)) or {}).get("argument_specs") or {}
        names = {name for entry_point in specs.values() for name in entry_point.get("options") or {}}
        roles[path.split(os.sep)[-3]] = names
    return roles


def shared_variables(collection: str = COLLECTION) -> set[str]:
    """Return the variables of the whole collection: those its roles' defaults and its playbooks read."""
    patterns = ("roles/*/defaults/*.yml", "playbooks/*.yml")
    paths = [path for pattern in patterns for path in sorted(glob.glob(os.path.join(collection, pattern)))]
    return shared_names(_read(path) for path in paths)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
