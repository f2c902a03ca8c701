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
from ansible_collections.railyard.cluster.plugins.plugin_utils._campaign import CampaignFolder


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
    """Judge from the phases that were measured so far, and plan the next one where it is wanted."""
    definition, campaign = folder.definition(), folder.campaign()
    check, proof = str(definition["test"]), arguments["proof"]
    rates: list[t.Any] = []
    problems: list[str] = []
    lost = set(arguments["lost"])
    absent: list[str] = []
    for phase in (ROUNDS, CONFIRM):
        rounds, outputs = folder.rounds(phase), folder.outputs(phase)
        involved = {name for one in rounds for pair in one.pairs for name in pair}
        measured, why = campaign.rates(rounds, phase, outputs)
        rates += measured
        problems += why
        if rounds and phase == ROUNDS:
            absent = sorted(involved - set(outputs))
    analysis = campaign.analyse(rates, lost=sorted(lost | set(absent)), check=check, proof=proof)
    if arguments["phase"] == ROUNDS and arguments["confirm"]:
        confirmation = campaign.confirmation(analysis, folder.rounds(ROUNDS))
        parts = folder.confirm(confirmation) if confirmation else {}
        if parts:
            return {"changed": True, "confirm": sorted(parts), "seconds": max(part.duration_s for part in parts.values()), "path": ""}
    results = list(analysis.results)
    fleet = campaign.fleet(analysis, check=check, proof=proof, share=arguments["declared_share"])
    results += [fleet] if fleet else []
    tested = {
        "test": check,
        "tool": campaign.tool_name(folder.outputs(ROUNDS)),
        "proof": proof,
        "unit": campaign.tool.unit,
        "rails": max(len(member.rails) for member in campaign.members),
        "rounds": len({rate.round for rate in rates if not rate.confirm}),
        "expected": {tier: float(f"{rate:.5g}") for tier, rate in analysis.expected.items()},
        "pairs": [{"a": rate.a, "b": rate.b, "rail": rate.rail, "round": rate.round, "rate": rate.rate, "confirm": rate.confirm} for rate in rates],
    }
    document = {"run_id": campaign.run_id, "test": tested, "results": [asdict(result) for result in results], "problems": problems, "absent": absent}
    return {"changed": True, "confirm": [], "seconds": 0.0, "path": folder.write_verdict(document)}


ARGUMENTS: dict[str, t.Any] = {
    "folder": {"type": "path", "required": True},
    "phase": {"type": "str", "choices": [ROUNDS, CONFIRM], "required": True},
    "confirm": {"type": "bool", "default": True},
    "lost": {"type": "list", "elements": "str", "default": []},
    "proof": {"type": "str", "choices": ["hardware", "lab", "replay", "stub", "unproven"], "default": "hardware"},
    "declared_share": {"type": "float", "default": 0.9},
}
