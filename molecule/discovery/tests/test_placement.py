# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where jobs land, by the scalable units that the fabric shows."""

from __future__ import annotations

from typing import Any

import pytest
from lab.cluster import Cluster, until

UNITS = {"leaf1": ["node1", "node2"], "leaf2": ["node3", "node4"]}


def test_slurm_knows_the_units_that_discovery_finds(cluster: Cluster, whole: tuple[int, dict[str, Any]]) -> None:
    lines = [dict(word.split("=", 1) for word in line.split()) for line in cluster.controller("scontrol show topology").ok().lines]
    assert {line["SwitchName"]: line["Nodes"] for line in lines} == {"leaf1": "node[1-2]", "leaf2": "node[3-4]", "spine": "node[1-4]"}
    for unit, nodes in UNITS.items():
        assert [host["name"] for host in whole[1]["hosts"] if f"fabric_unit_{unit}" in host["groups"]] == nodes


@pytest.mark.parametrize(("busy", "unit"), [("node1", "leaf2"), ("node4", "leaf1")])
def test_a_job_that_wants_one_switch_gets_one_unit_of_the_fabric(cluster: Cluster, busy: str, unit: str) -> None:
    """With a node of one unit taken, there is one answer: the other unit."""
    until("all nodes idle", cluster.all_idle)
    number = cluster.submit("sleep 300", f"--nodelist={busy}", "--exclusive")
    until("the node is taken", lambda: cluster.job(number)["JobState"] == "RUNNING")
    try:
        answer = cluster.login("srun --nodes=2 --exclusive --switches=1 hostname").ok()
        assert sorted(answer.lines) == UNITS[unit]
    finally:
        cluster.controller(f"scancel {number}")
