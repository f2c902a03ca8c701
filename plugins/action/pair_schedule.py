# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plan a measurement of pairs; documented in plugins/modules/pair_schedule.py."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.campaign import ROUNDS
from ansible_collections.railyard.cluster.plugins.plugin_utils._campaign import CampaignFolder, campaigns_from, parts_of, rails_from_facts, sources


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(ARGUMENTS)[1]
        folder = CampaignFolder(arguments.pop("folder"))
        facts = arguments.pop("facts_folder")
        check = self._task.check_mode
        try:
            for node in arguments["nodes"]:
                node["rails"] = node["rails"] or (rails_from_facts(os.path.expanduser(facts), node["name"]) if facts else [])
            definition = {**arguments, "sources": sources(node["address"] for node in arguments["nodes"])}
            campaigns = campaigns_from(definition)
            rounds = {campaign.test: campaign.plan() for campaign in campaigns}
            parts = parts_of(definition, rounds, phase=ROUNDS, token="") if check else folder.create(definition)
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from None
        everything = [one for planned in rounds.values() for one in planned]
        return {
            "changed": True,
            "folder": folder.path,
            "nodes": {campaign.test: [member.name for member in campaign.members] for campaign in campaigns},
            "rounds": len(everything),
            "pairs": sum(len(one.pairs) for one in everything),
            "seconds": max((part.duration_s for part in parts.values()), default=0.0),
        }


ARGUMENTS: dict[str, t.Any] = {
    "tests": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "test": {"type": "str", "choices": ["network_bandwidth", "rdma_bandwidth"], "required": True},
            "options": {"type": "dict", "default": {}},
            "settings": {"type": "dict", "default": {}},
            "proof": {"type": "str", "choices": ["hardware", "lab", "replay", "stub", "unproven"], "default": "hardware"},
            "declared_share": {"type": "float", "default": 0.9},
        },
    },
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
            "rail_gbits_per_s": {"type": "float"},
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
    "facts_folder": {"type": "path"},
    "rounds": {"type": "int", "default": 7},
}
