# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Slurm's health check makes of the catalogue: which checks run, and what each verdict means for the node."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.agent.checks import BROKEN, HEALTHY, UNHEALTHY, names, run_check
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.catalogue import ALWAYS, BY_NAME
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

from ..facts.nodes import Node, make


def description(node: Node, **health: Any) -> dict[str, Any]:
    return {"name": "node1", "hardware": hardware_class("h100_sxm_8"), "hardware_root": node.root, "health": health}


def test_three_checks_always_run_and_a_site_adds_fast_ones() -> None:
    assert names([]) == ["local_reason", "gpu_count", "disk_space"]
    assert names(["xid", "gpu_count"]) == ["local_reason", "gpu_count", "disk_space", "xid"]
    assert all(BY_NAME[name].fast for name in ALWAYS)


@pytest.mark.parametrize("name", ["nvlink", "gpu_cuont"])
def test_a_check_that_is_not_fast_or_that_there_is_not_drains_nothing(name: str) -> None:
    node = make()
    status, reason = run_check(name, description(node), node, 5.0)
    assert status == BROKEN
    assert reason.startswith("there is no fast check of this name; there are: local_reason, gpu_count, ")
    assert node.asked == []


def test_what_fails_says_what_it_is_about() -> None:
    node = make("h100_sxm_8", ("gpu_lost", 2), ("ecc_uncorrected", 4))
    status, reason = run_check("xid", description(node), node, 5.0)
    assert status == UNHEALTHY
    assert reason == ("GPU 0000:4c:00.0: Xid 79 (GPU has fallen off the bus), once; GPU 0000:9b:00.0: Xid 48 (Double Bit ECC Error), once")
    assert run_check("gpu_count", description(node), node, 5.0)[1].startswith("8 GPUs expected, 7 answer: Unable to determine the device handle for GPU2")


def test_a_warning_drains_nothing_and_is_told() -> None:
    node = make()
    node.commands["chronyc"] = CommandResult(0, "C0A80001,ntp,3,1784102400.1,0.050000000,0.0,0.0,1.2,0.0,0.1,0.001,0.001,64.2,Normal\n", "")
    assert run_check("clock_offset", description(node), node, 5.0) == (HEALTHY, "the clock is off by 0.050 s")


def test_what_cannot_be_seen_drains_nothing() -> None:
    node = make()
    assert run_check("clock_offset", description(node), node, 5.0) == (BROKEN, "chronyc is not installed")
    assert run_check("clock_offset", description(node, limits={"clock_offset_warm_s": 1}), node, 5.0) == (
        BROKEN,
        "node.health.limits: there is no limit 'clock_offset_warm_s'. Did you mean clock_offset_warn_s?",
    )


def test_a_check_looks_at_its_own_part_alone() -> None:
    node = make()
    assert run_check("rails", description(node), node, 5.0) == (HEALTHY, "")
    assert node.asked == []
