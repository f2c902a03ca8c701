# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Slurm's controller is asked and told."""

from __future__ import annotations

import types
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.modules import slurm_node

NODES = """\
NodeName=n1 CPUTot=4 State=IDLE Partitions=gpu
NodeName=n2 CPUTot=4 State=IDLE+DRAIN Partitions=gpu Reason=railyard: validate 7: slow [root@2026-03-01T00:00:00]
NodeName=n3 CPUTot=4 State=IDLE Partitions=gpu
"""


class Controller:
    """A controller whose scontrol answers as told."""

    def __init__(self, nodes: str = NODES, refuses: str = "") -> None:
        self.nodes, self.refuses, self.told = nodes, refuses, list[str]()

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        if argv == ["scontrol", "--oneliner", "show", "nodes"]:
            return CommandResult(0, self.nodes, "") if self.nodes else CommandResult(1, "", "Unable to contact slurm controller\n")
        self.told.append(" ".join(argv))
        return CommandResult(1, "", self.refuses) if self.refuses else CommandResult(0, "", "")

    def task(self, *, check_mode: bool = False, **params: t.Any) -> dict[str, t.Any]:
        module = types.SimpleNamespace(params={"drain": [], "resume": [], "most_drained": "100%", **params}, check_mode=check_mode, _diff=True)
        return slurm_node.work(t.cast("t.Any", module), t.cast("t.Any", self))


def test_drain_and_resume() -> None:
    controller = Controller()
    result = controller.task(drain=[{"name": "n1", "reason": "slow"}], resume=["n2", "n9"])
    assert controller.told == ["scontrol update NodeName=n1 State=DRAIN Reason=railyard: slow", "scontrol update NodeName=n2 State=RESUME"]
    assert (result["changed"], result["drained"], result["resumed"]) == (True, ["n1"], ["n2"])
    assert result["refused"] == {"n9": "Slurm does not know it"}
    assert result["diff"]["after"].splitlines() == controller.told


def test_check_mode_foresees_and_tells_nothing() -> None:
    controller = Controller()
    result = controller.task(drain=[{"name": "n1", "reason": "slow"}], check_mode=True)
    assert (result["changed"], result["drained"], controller.told) == (True, ["n1"], [])


def test_what_is_so_already_changes_nothing() -> None:
    controller = Controller()
    result = controller.task(drain=[{"name": "n2", "reason": "slow"}], resume=["n1", "n3"])
    assert (result["changed"], result["drained"], result["resumed"], result["refused"], controller.told) == (False, [], [], {}, [])


@pytest.mark.parametrize(
    ("controller", "params", "sentence"),
    [
        (Controller(nodes=""), {"resume": ["n1"]}, r"^scontrol show nodes: Slurm does not tell its nodes: Unable to contact slurm controller$"),
        (Controller(refuses="Invalid user id\n"), {"resume": ["n2"]}, r"State=RESUME: Slurm refuses: Invalid user id$"),
        (Controller(), {"drain": [{"name": "n1", "reason": "slow"}], "resume": ["n1"]}, r"^n1 is to be drained and resumed\. Name it once\.$"),
        (Controller(), {"drain": [{"name": "n1", "reason": "slow"}], "most_drained": "some"}, r"^most_drained: 'some' is neither"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(controller: Controller, params: dict[str, t.Any], sentence: str) -> None:
    with pytest.raises(CoreError, match=sentence):
        controller.task(**params)
