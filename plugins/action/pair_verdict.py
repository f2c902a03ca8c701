# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge what a measurement of pairs brought back; documented in plugins/modules/pair_verdict.py."""

from __future__ import annotations

import typing as t
from dataclasses import asdict

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.campaign import CONFIRM, ROUNDS
from ansible_collections.railyard.cluster.plugins.plugin_utils._campaign import CampaignFolder, campaigns_from

if t.TYPE_CHECKING:
    from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.campaign import Campaign
    from ansible_collections.railyard.cluster.plugins.module_utils.core.model.isolation import PairRate


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(ARGUMENTS)[1]
        if self._task.check_mode:
            return {"changed": False, "skipped": True, "msg": "Nothing is measured in check mode."}
        try:
            return judge(CampaignFolder(arguments["folder"]), arguments)
        except CoreError as error:
            raise AnsibleActionFail(str(error)) from None


def judge(folder: CampaignFolder, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """Judge each test from the phases that were measured so far, and plan the next one where it is wanted."""
    definition = folder.definition()
    campaigns = campaigns_from(definition)
    outputs = {phase: folder.outputs(phase) for phase in (ROUNDS, CONFIRM)}
    seen = [_Seen(folder, campaign, outputs, entry, arguments["lost"]) for campaign, entry in zip(campaigns, definition["tests"])]
    if arguments["phase"] == ROUNDS and arguments["confirm"]:
        confirmation = {one.campaign.test: one.campaign.confirmation(one.analysis, one.rounds) for one in seen}
        parts = folder.confirm(confirmation) if any(confirmation.values()) else {}
        if parts:
            return {"changed": True, "confirm": sorted(parts), "seconds": max(part.duration_s for part in parts.values()), "path": ""}
    document = {
        "run_id": definition["run_id"],
        "verdicts": [one.document() for one in seen if one.campaign.members],
        "not_tested": [{"what": one.campaign.test, "why": "no node has a rail that is up"} for one in seen if not one.campaign.members],
    }
    return {"changed": True, "confirm": [], "seconds": 0.0, "path": folder.write_verdict(document)}


class _Seen:
    """What is known of one test."""

    def __init__(self, folder: CampaignFolder, campaign: Campaign, outputs: dict[str, dict[str, t.Any]], entry: dict[str, t.Any], lost: list[str]) -> None:
        self.campaign, self._entry, self._outputs = campaign, entry, outputs
        self._rates: list[PairRate] = []
        self._problems: list[str] = []
        self.rounds = folder.rounds(ROUNDS, campaign.test)
        for phase in (ROUNDS, CONFIRM):
            measured, why = campaign.rates(folder.rounds(phase, campaign.test), phase, outputs[phase])
            self._rates += measured
            self._problems += why
        involved = {name for one in self.rounds for pair in one.pairs for name in pair}
        self._absent = sorted(involved - set(outputs[ROUNDS]))
        self.analysis = campaign.analyse(self._rates, lost=sorted({*lost, *self._absent}), proof=entry["proof"])

    def document(self) -> dict[str, t.Any]:
        campaign, analysis, entry = self.campaign, self.analysis, self._entry
        fleet = campaign.fleet(analysis, proof=entry["proof"], share=entry["declared_share"])
        tested = {
            "test": campaign.test,
            "tool": campaign.tool_name(self._outputs[ROUNDS]),
            "proof": entry["proof"],
            "unit": campaign.tool.unit,
            "rails": max((len(member.rails) for member in campaign.members), default=0),
            "rounds": len({rate.round for rate in self._rates if not rate.confirm}),
            "expected": {tier: float(f"{rate:.5g}") for tier, rate in analysis.expected.items()},
            "pairs": [{"a": rate.a, "b": rate.b, "rail": rate.rail, "round": rate.round, "rate": rate.rate, "confirm": rate.confirm} for rate in self._rates],
        }
        errors = campaign.link_errors(self._outputs[ROUNDS], proof=entry["proof"])
        results = [asdict(result) for result in (*analysis.results, *errors, *([fleet] if fleet else []))]
        return {"test": tested, "results": results, "problems": self._problems, "absent": self._absent}


ARGUMENTS: dict[str, t.Any] = {
    "folder": {"type": "path", "required": True},
    "phase": {"type": "str", "choices": [ROUNDS, CONFIRM], "required": True},
    "confirm": {"type": "bool", "default": True},
    "lost": {"type": "list", "elements": "str", "default": []},
}
