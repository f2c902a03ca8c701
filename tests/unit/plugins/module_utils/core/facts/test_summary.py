# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole document has the form of its schema; the summary is small, however much a node has."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.summary import LARGEST, document, summary
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import PciBridge, Unseen
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

from .nodes import bare, make
from .test_pci import LSPCI

SCHEMA = json.loads((Path(__file__).resolve().parents[6] / "docs/schemas/facts.json").read_text())


@pytest.mark.parametrize("name", ["h100_sxm_8", "gb200_4", "mi300x_8", "l40s_4", ""])
def test_the_document_has_the_form_of_its_schema(name: str) -> None:
    facts = (make(name) if name else bare()).facts()
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(json.dumps(document(facts), allow_nan=False)))


def test_the_summary_of_a_big_node_is_whole() -> None:
    found = summary(make("h100_sxm_8", ("gpu_lost", 2), storage_nics=4).facts())
    assert len(json.dumps(found).encode()) < 13_000
    assert (len(found["gpus"]), len(found["hcas"]), len(found["nvme"]), found["left_out"]) == (8, 12, 8, {})


def test_a_summary() -> None:
    node = make("l40s_4", ("gpu_lost", 3))
    node.commands["lspci"] = CommandResult(0, LSPCI, "")
    found = summary(node.facts())
    assert found["system"]["product"] == "Simulated l40s_4"
    assert (found["iommu"], found["acs"], found["memory"]["total_mib"]) == ("passthrough", ["0000:15:01.0"], 516423)
    lost = found["gpus"][3]
    assert (lost["pci_address"], lost["state"], lost["uuid"], lost["pcie_generation"], lost["pcie_width"]) == ("0000:bb:00.0", "lost", None, 4, 16)
    rail = found["hcas"][0]
    assert (rail["name"], rail["rail"], rail["pcie_gbytes_per_s"], rail["pcie_limiting_hop"]) == ("mlx5_0", 0, 31.51, "0000:1a:00.0")
    assert rail["ports"][0] | {"lid": None} == {
        "port": 1,
        "state": "Active",
        "physical_state": "LinkUp",
        "rate_gbits_per_s": 200.0,
        "link_layer": "ethernet",
        "lid": None,
        "netdev": "enp26s0np0",
    }
    assert found["faults"][0]["id"] == "gpu_lost"


def test_access_control_that_was_not_seen_is_not_none() -> None:
    assert summary(make("l40s_4").facts())["acs"] is None


def test_virtual_functions_are_in_the_document_alone() -> None:
    node = make("l40s_4")
    node.link("/sys/class/infiniband/mlx5_0/device/physfn", "../0000:9c:00.0")
    facts = node.facts()
    assert (len(summary(facts)["hcas"]), len(document(facts)["hcas"])) == (3, 4)


def test_one_long_text_does_not_push_out_the_rest() -> None:
    facts = replace(make("l40s_4").facts(), unseen=(Unseen("gpus.driver", "x" * 20_000),))
    found = summary(facts)
    assert (len(found["unseen"][0]["reason"]), found["left_out"]) == (503, {})


def test_a_monstrous_node_has_a_small_summary_that_says_what_it_left_out() -> None:
    facts = make().facts()
    many = replace(
        facts,
        gpus=facts.gpus * 8,
        hcas=facts.hcas * 30,
        nvme=facts.nvme * 9,
        numa=facts.numa * 500,
        unseen=tuple(Unseen(f"part{number}", "x" * 3000) for number in range(100)),
        bridges=tuple(PciBridge(f"0000:{number:04x}", None, None, None, None, None, None, ("SrcValid",)) for number in range(5000)),
    )
    found = summary(many)
    assert len(json.dumps(found).encode()) <= LARGEST
    assert found["left_out"]["nvme"] == 72
    assert found["left_out"]["acs"] == 1
    assert set(found) == set(summary(facts))
