# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put everything that a validation found into one record; documented in plugins/modules/validation_record.py."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t
from datetime import datetime, timezone

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import RunRecord
from ansible_collections.railyard.cluster.plugins.plugin_utils._campaign import write_private
from ansible_collections.railyard.cluster.plugins.plugin_utils._history import add_run
from ansible_collections.railyard.cluster.plugins.plugin_utils._validation import make_record, summary


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(ARGUMENTS)[1]
        if self._task.check_mode:
            return {"changed": False, "skipped": True, "msg": "Nothing was measured in check mode."}
        inventory = str((task_vars or {}).get("inventory_dir") or "")
        path = os.path.join(os.path.expanduser(arguments["folder"]), "findings.json")
        try:
            record: RunRecord = make_record(arguments, inventory=inventory, ended=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
            record = _remembered(record, arguments["history"])
            write_private(path, json.dumps(record.to_dict(), indent=1).encode() + b"\n")
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from None
        return {"changed": True, "path": path, "summary": summary(record, path)}


def _remembered(record: RunRecord, history: str | None) -> RunRecord:
    """Add the run to the site's history, and to the record what its own past says. A history that is damaged costs no validation."""
    if not history:
        return record
    try:
        return add_run(os.path.expanduser(history), record)
    except CoreError as error:
        return dataclasses.replace(record, warnings=(*record.warnings, f"This run is not compared with earlier ones: {error}"))


ARGUMENTS: dict[str, t.Any] = {
    "folder": {"type": "path", "required": True},
    "history": {"type": "path"},
    "run_id": {"type": "str", "required": True},
    "started": {"type": "str", "required": True},
    "stage": {"type": "str", "choices": ["node", "pair", "scale", "all"], "required": True},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "default": ""},
            "leaf": {"type": "str", "default": ""},
            "unit": {"type": "str", "default": ""},
            "gbits_per_s": {"type": "raw"},
            "rail_gbits_per_s": {"type": "raw"},
            "hardware_class": {"type": "str", "default": ""},
            "rails": {"type": "list", "elements": "dict", "default": []},
        },
    },
    "problems": {"type": "dict", "default": {}},
    "hardware_proof": {"type": "str", "choices": ["hardware", "lab", "replay", "stub", "unproven"], "default": "hardware"},
}
