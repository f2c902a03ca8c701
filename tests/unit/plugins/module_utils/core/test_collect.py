# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is recorded on a node: what the collectors of its facts read, and what is wanted besides."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import jsonschema

from ansible_collections.railyard.cluster.plugins.module_utils.core.collect import COMMANDS, record
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.capture import load

from .facts.nodes import bare, make

SCHEMA = json.loads((Path(__file__).resolve().parents[5] / "docs/schemas/capture.json").read_text())
COLLECTED = ["lspci -D -nn -vv -d ::0604", "nvidia-smi -q -x"]


def test_what_the_collectors_read_and_what_is_wanted_besides() -> None:
    node = make("l40s_4")
    document = record(node, node="node1", recorded="2026-07-04T08:02:03Z", hardware_root=node.root)
    assert sorted(document["commands"]) == sorted([*COLLECTED, *(shlex.join(argv) for argv in COMMANDS)])
    assert document["commands"]["nvidia-smi topo -m"]["rc"] == 0
    assert document["commands"]["ibstat"] == {"rc": 127, "stdout": "", "stderr": "ibstat: not found"}
    assert document["files"]["/sys/bus/pci/devices/0000:19:00.0/class"] == "0x030200\n"
    assert document["files"]["/etc/os-release"].startswith("ID=debian\n")
    assert document["links"]["/sys/class/infiniband/mlx5_0/device"] == "../../../0000:1a:00.0"
    assert document["folders"]["/sys/class/nvme"] == ["nvme0", "nvme1"]
    assert not [path for section in ("files", "links", "folders") for path in document[section] if node.root in path]
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert load(json.dumps(document)) == document


def test_a_node_of_which_nothing_can_be_seen_has_a_capture_too() -> None:
    document = record(bare(), node="node1", recorded="2026-07-04T08:02:03Z")
    assert {answer["rc"] for answer in document["commands"].values()} == {127}
    assert (document["files"], document["links"], document["denied"]) == ({}, {}, [])
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
