# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A capture explained: the facts of its node, the commands that told nothing, and what is no capture."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.collect import record
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.capture import parse

from ..facts.nodes import make

EMPTY: dict[str, Any] = {"schema": "railyard.capture", "schema_version": 1, "node": "node1", "recorded": "2026-03-01T00:00:00Z", "commands": {}, "files": {}}


def recorded(*faults: tuple[str, int | None]) -> str:
    node = make("l40s_4", *faults)
    return json.dumps(record(node, node="node1", recorded="2026-07-04T08:02:03Z", hardware_root=node.root))


def test_the_facts_of_a_capture() -> None:
    capture = parse(recorded(("gpu_lost", 1)))
    assert (capture.node, capture.recorded) == ("node1", "2026-07-04T08:02:03Z")
    assert [gpu.state for gpu in capture.gpus] == ["ok", "lost", "ok", "ok"]
    assert [(hca.name, hca.rail) for hca in capture.hcas] == [("mlx5_0", 0), ("mlx5_1", 1), ("mlx5_2", None), ("mlx5_3", None)]
    assert capture.system and capture.system.product == "Simulated l40s_4"
    assert capture.cpu and capture.memory and capture.drivers and capture.iommu
    assert (len(capture.nvme), capture.files > 100) == (2, True)
    assert [fault.id for fault in capture.faults] == ["gpu_lost"]
    assert [entry.part for entry in capture.unseen] == ["bridges.acs"]


def test_commands_that_told_nothing() -> None:
    capture = parse(recorded())
    assert capture.complete, "a tool that is not there is no gap"
    assert "ibstat: is not installed." in capture.warnings
    assert parse(recorded(("gpu_lost", 1))).complete is False, "nvidia-smi ends with a status of its own"
    spoiled = {**EMPTY, "commands": {"ibstat": {"rc": 124}, "lspci -Dnn": {"rc": 3, "stdout": "x", "stderr": "yy"}}}
    capture = parse(json.dumps(spoiled))
    assert (capture.complete, capture.warnings) == (False, ("ibstat: did not end in time.", "lspci -Dnn: ended with status 3."))
    assert [(entry.command, entry.stdout_bytes, entry.stderr_bytes) for entry in capture.commands] == [("ibstat", 0, 0), ("lspci -Dnn", 1, 2)]


def test_a_capture_without_links_is_read_too() -> None:
    capture = parse(json.dumps(EMPTY))
    assert (capture.complete, capture.gpus, capture.faults) == (True, (), ())
    assert "hcas" in {entry.part for entry in capture.unseen}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema": "railyard.run"}, "this is JSON, but not a capture: 'schema' is not 'railyard.capture'. railyard capture NODE records one."),
        ({"files": None}, "files: the capture has no 'files'. Record it again."),
        ({"links": []}, "links: the capture has no 'links'. Record it again."),
        ({"files": {"/proc/meminfo": 7}}, "files[/proc/meminfo]: this is no text. Record it again."),
        ({"links": {"/sys/x": None}}, "links[/sys/x]: this is no text. Record it again."),
        ({"folders": {"/sys": "x"}}, "folders[/sys]: this is no list of names. Record it again."),
        ({"denied": [1]}, "denied: this is no list of names. Record it again."),
        ({"commands": {"ibstat": {"rc": True}}}, "commands[ibstat]: the command has no exit status. Record it again."),
        ({"commands": {"ibstat": {"rc": 0, "stdout": []}}}, "commands[ibstat]: the command's output is no text. Record it again."),
    ],
)
def test_what_is_no_capture(refused: Callable[..., str], change: dict[str, Any], sentence: str) -> None:
    assert refused(parse, json.dumps({**EMPTY, **change})) == sentence
