# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan a measurement of pairs; documented in plugins/modules/pair_schedule.py."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.campaign import ROUNDS
from ansible_collections.railyard.cluster.plugins.plugin_utils._campaign import CampaignFolder, campaign_from, sources


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(ARGUMENTS)[1]
        folder = CampaignFolder(arguments.pop("folder"))
        check = self._task.check_mode
        try:
            definition = {**arguments, "sources": sources(node["address"] for node in arguments["nodes"])}
            campaign = campaign_from(definition) if check else folder.create(definition)
            rounds = campaign.plan() if check else folder.rounds(ROUNDS)
            parts = campaign.parts(rounds, phase=ROUNDS, token="")
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from None
        return {
            "changed": True,
            "folder": folder.path,
            "rounds": len(rounds),
            "pairs": sum(len(one.pairs) for one in rounds),
            "seconds": max((part.duration_s for part in parts.values()), default=0.0),
        }


ARGUMENTS: dict[str, t.Any] = {
    "test": {"type": "str", "choices": ["network_bandwidth", "rdma_bandwidth"], "required": True},
    "folder": {"type": "path", "required": True},
    "run_id": {"type": "str", "required": True},
    "nodes": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "leaf": {"type": "str", "default": ""},
            "unit": {"type": "str", "default": ""},
            "gbits_per_s": {"type": "float"},
            "rails": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "number": {"type": "int", "required": True},
                    "device": {"type": "str", "required": True},
                    "port": {"type": "int", "default": 1},
                },
            },
        },
    },
    "ports": {"type": "str", "required": True},
    "rounds": {"type": "int", "default": 7},
    "options": {"type": "dict", "default": {}},
    "settings": {"type": "dict", "default": {}},
}
