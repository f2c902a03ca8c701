# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes to test, and what the simulated programs would have answered on them."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.commands import TIMED_OUT
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.node import Node, from_dict, see, to_dict
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.hardware_tree import hardware_tree
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.rates import Outcome

from ..facts import nodes
from ..simulator.nodes_under_test import h100, lab

__all__ = ["answer", "h100", "lab", "seen"]


def seen(profile: dict[str, Any], *, gpus: int | None = None, rails: int | None = None) -> Node:
    """Look at a node with this hardware."""
    runner = nodes.Node(hardware_tree(profile))
    runner.commands["nvidia-smi"] = nodes.smi_of(profile)
    found = see(runner, str(profile["node"]), root=runner.root, gpus_declared=gpus, rails_declared=rails, proof="stub")
    # As it comes over the wire.
    assert from_dict(json.loads(json.dumps(to_dict(found)))) == found
    return found


def answer(outcome: Outcome) -> CommandResult:
    """Return what comes back of a program: one that hangs is ended, one that a signal kills says so."""
    rc = TIMED_OUT if outcome.hangs else -outcome.signal if outcome.signal else outcome.rc
    return CommandResult(rc, outcome.before + outcome.stdout, outcome.stderr)
