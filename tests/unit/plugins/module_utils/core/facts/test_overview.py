# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host in few words, from a whole summary, a faulty one, and none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.overview import host_overview
from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.summary import summary

from .nodes import Node, make

SCHEMA = json.loads((Path(__file__).resolve().parents[6] / "docs/schemas/inventory.json").read_text())
VARIABLES = {"ansible_host": "10.0.0.1", "group_names": ["base", "lab_gpu"], "railyard_hardware_class": "h100_sxm_8"}


def overview(answer: dict[str, Any], variables: dict[str, Any] = VARIABLES) -> dict[str, Any]:
    found = host_overview("node1", variables, answer)
    jsonschema.Draft202012Validator(SCHEMA).validate(
        {"schema": "railyard.inventory", "schema_version": 1, "inventory": "x", "hosts": [found], "source_faults": []}
    )
    return found


def seen(node: Node) -> dict[str, Any]:
    return overview({"ansible_facts": {"railyard": summary(node.facts())}, "document_path": "/state/facts/node1.json"})


def test_a_healthy_node() -> None:
    found = seen(make())
    assert (found["name"], found["address"], found["groups"], found["hardware_class"]) == ("node1", "10.0.0.1", ["base", "lab_gpu"], "h100_sxm_8")
    assert (found["seen"], found["problem"], found["faults"], found["document"]) == (True, "", [], "/state/facts/node1.json")
    assert found["gpus"] == [{"product": "NVIDIA H100 80GB HBM3", "pci_id": "10de:2330", "count": 8, "lost": 0, "unasked": 0}]
    assert found["rails"] == {"count": 8, "active": 8, "rate_gbits_per_s": 400.0, "link_layer": "infiniband"}
    assert found["other_hcas"] == 2


def test_a_node_with_faults() -> None:
    node = make("h100_sxm_8", ("gpu_lost", 0))
    node.write("/sys/class/infiniband/mlx5_3/ports/1/state", "1: DOWN\n")
    found = seen(node)
    assert found["gpus"] == [{"product": "NVIDIA H100 80GB HBM3", "pci_id": "10de:2330", "count": 8, "lost": 1, "unasked": 0}]
    assert (found["rails"]["count"], found["rails"]["active"]) == (8, 7)
    assert [fault["id"] for fault in found["faults"]] == ["gpu_lost", "port_not_active"]


def test_gpus_without_a_driver() -> None:
    node = make("l40s_4")
    node.commands.clear()
    assert seen(node)["gpus"] == [{"product": "", "pci_id": "10de:26b9", "count": 4, "lost": 0, "unasked": 4}]


def test_a_host_without_an_answer_is_not_hidden() -> None:
    for answer in ({"unreachable": True, "msg": "Task failed: no route\nto host"}, {"failed": True, "msg": "no route to host"}):
        found = overview(answer, {})
        assert (found["seen"], found["problem"], found["address"], found["gpus"]) == (False, "no route to host", "node1", [])
    assert overview({})["problem"] == "it was not asked"
    # Facts of an earlier run are no answer of this one.
    assert overview({"failed": True, "msg": "x", "ansible_facts": {"railyard": {}}})["seen"] is False
