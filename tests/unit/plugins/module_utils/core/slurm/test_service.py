# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who is taken out of service and who comes back, and why somebody is not."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.slurm_node import SlurmNode
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import reason, service
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.service import Decision, Update


def node(name: str, *states: str, reason: str | None = None) -> SlurmNode:
    return SlurmNode(name, states or ("idle",), reason)


CLUSTER = [
    node("n1"),
    node("n2", "allocated"),
    node("n3", "idle", "drain", reason="railyard: validate 7: slow"),
    node("n4", "idle", "drain", reason="new DIMM, ask Ann"),
    node("n5", "down", "not_responding", reason="Not responding"),
    *(node(f"m{number}") for number in range(15)),
]


@pytest.mark.parametrize(("limit", "nodes", "most"), [("3", 20, 3), ("0", 20, 0), ("10%", 20, 2), ("10%", 19, 1), ("10%", 4, 1), ("0%", 20, 0), ("100%", 7, 7)])
def test_how_many_may_be_out(limit: str, nodes: int, most: int) -> None:
    assert service.most_out(limit, nodes) == most


@pytest.mark.parametrize("limit", ["", "-1", "ten", "101%", "1.5", "10 %"])
def test_a_limit_that_cannot_be_meant_is_refused(limit: str) -> None:
    with pytest.raises(CoreError, match=r"^most_drained: .* is neither a number of nodes nor a share\. Write 2 or 10%\.$"):
        service.most_out(limit, 20)


def test_the_most_urgent_are_drained_as_far_as_there_is_room() -> None:
    # Three are out already.
    found = service.drain(CLUSTER, {"n2": "slow", "n1": "slower", "m1": "slowest"}, "25%")
    assert found.updates == (Update(("n2",), "DRAIN", "railyard: slow"), Update(("n1",), "DRAIN", "railyard: slower"))
    assert found.refused == (("m1", "as many nodes are out of service as may be (25% of 20)"),)


def test_a_node_that_is_down_takes_no_room_more_when_it_is_drained() -> None:
    assert service.drain(CLUSTER, {"n5": "dead"}, "0") == Decision((Update(("n5",), "DRAIN", "railyard: dead"),))


def test_a_drained_node_keeps_its_reason() -> None:
    found = service.drain(CLUSTER, {"n3": "slow", "n4": "slow", "n9": "slow"}, "100%")
    assert found == Decision((), (("n4", "it is drained already: new DIMM, ask Ann"), ("n9", "Slurm does not know it")))


def test_only_what_railyard_drained_comes_back() -> None:
    lost = node("n6", "idle", "drain", "not_responding", reason="railyard: gpu_count: 4 GPUs expected, 3 answer")
    found = service.resume([*CLUSTER, lost], ["n1", "n3", "n4", "n5", "n6", "n9"])
    assert found.updates == (Update(("n3",), "RESUME"),)
    assert dict(found.refused) == {
        "n4": "Railyard did not drain it: new DIMM, ask Ann",
        "n5": "Railyard did not drain it: Not responding",
        "n6": "it does not answer Slurm",
        "n9": "Slurm does not know it",
    }
    assert service.resume(CLUSTER, ["n1"]) == Decision()


def test_commands() -> None:
    assert service.command(Update(("n1",), "DRAIN", "railyard: slow")) == ["scontrol", "update", "NodeName=n1", "State=DRAIN", "Reason=railyard: slow"]
    assert service.command(Update(("n1", "n2"), "RESUME")) == ["scontrol", "update", "NodeName=n1,n2", "State=RESUME"]


def test_a_reason_is_one_short_line_that_says_whose_it_is() -> None:
    assert reason.one_line(" two\nlines \t\x1b[1mand more ") == "two lines [1mand more"
    assert reason.mark("slow\nlink") == "railyard: slow link"
    assert reason.mark("railyard: slow") == "railyard: slow"
    assert len(reason.mark("x" * 300)) == 200
    assert [reason.is_ours(text) for text in ("railyard: slow", "Railyard: slow", "slow", "", None)] == [True, False, False, False, False]
