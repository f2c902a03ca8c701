# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What discover shows of hosts, and which exit status it gives."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from railyard.commands import discover
from railyard.request import RunRequest
from railyard.result import RunResult, TaskResult

HEALTHY: dict[str, Any] = {
    "name": "node1",
    "address": "10.0.0.1",
    "groups": ["base", "lab_gpu"],
    "hardware_class": "h100_sxm_8",
    "seen": True,
    "problem": "",
    "gpus": [{"product": "NVIDIA H100 80GB HBM3", "pci_id": "10de:2330", "count": 8, "lost": 0, "unasked": 0}],
    "rails": {"count": 8, "active": 8, "rate_gbits_per_s": 400.0, "link_layer": "infiniband"},
    "other_hcas": 2,
    "faults": [],
    "unseen": [{"part": "bridges.acs", "reason": "lspci is not installed"}],
    "document": "/state/runs/1/facts/node1.json",
}
NONE = {"count": 0, "active": 0, "rate_gbits_per_s": None, "link_layer": None}
PLAIN = {**HEALTHY, "name": "ctl1", "hardware_class": "", "gpus": [], "rails": NONE, "other_hcas": 0, "unseen": []}
SILENT = {**PLAIN, "name": "node2", "seen": False, "problem": "no route to host", "document": ""}
LOST = {
    **HEALTHY,
    "name": "node3",
    "gpus": [{"product": "NVIDIA H100 80GB HBM3", "pci_id": "10de:2330", "count": 8, "lost": 1, "unasked": 0}],
    "rails": {"count": 8, "active": 7, "rate_gbits_per_s": 400.0, "link_layer": "infiniband"},
    "faults": [{"id": "gpu_lost", "subject": "GPU 0000:4c:00.0", "message": "it is lost.", "hint": "Reboot."}],
}
UNASKED = {
    **HEALTHY,
    "name": "node4",
    "gpus": [{"product": "", "pci_id": "10de:2330", "count": 8, "lost": 0, "unasked": 8}],
    "unseen": [{"part": "gpus.driver", "reason": "nvidia-smi is not installed"}],
}


SOURCES = {
    "redfish": [{"bmc": "10.0.1.17", "reason": "no answer within 5 s"}],
    "fabric": ["leaf1 – spine2: there is no cable from leaf1 to spine2. Look at it."],
}


def result(*hosts: dict[str, Any], sources: dict[str, Any] | None = None) -> RunResult:
    tasks = [TaskResult("node1", discover.TASK, "ansible.builtin.debug", {"msg": list(hosts)})]
    tasks.append(TaskResult("node1", discover.SOURCES_TASK, "ansible.builtin.debug", {"msg": sources or {"redfish": [], "fabric": []}}))
    return RunResult(RunRequest("railyard.cluster.discover", "site"), "1", "done", 0, "", 1.0, "", results=tuple(tasks))


def shown(*hosts: dict[str, Any], width: int = 200, sources: dict[str, Any] | None = None) -> str:
    output = io.StringIO()
    discover._show(Console(file=output, width=width), result(*hosts, sources=sources))
    return output.getvalue()


@pytest.mark.parametrize(("hosts", "status"), [((HEALTHY, PLAIN), 0), ((UNASKED,), 0), ((HEALTHY, SILENT), 1), ((LOST, HEALTHY), 1), ((), 0)])
def test_status(hosts: tuple[dict[str, Any], ...], status: int) -> None:
    assert discover._judge(result(*hosts)) == status


def test_a_line_for_each_host() -> None:
    lines = [" ".join(line.split()) for line in shown(HEALTHY, PLAIN).splitlines()]
    assert lines[1] == "node1 10.0.0.1 h100_sxm_8 8 x H100 80GB HBM3 8 x 400 Gbit/s base lab_gpu"
    assert lines[2] == "ctl1 10.0.0.1 - - - base lab_gpu"
    assert shown(HEALTHY, PLAIN).splitlines()[-2:] == ["2 hosts in site, 0 without an answer, 0 faults", "  everything that was seen: /state/runs/1/facts"]


def test_a_narrow_terminal_shows_no_groups() -> None:
    lines = shown(HEALTHY, LOST, width=80).splitlines()
    assert [line.split()[-1] for line in lines[:3]] == ["rails", "Gbit/s", "down"]
    assert all(len(line) <= 80 for line in lines[:3])


def test_what_is_wrong_is_said_below() -> None:
    text = shown(HEALTHY, SILENT, LOST, UNASKED)
    assert "8 x H100 80GB HBM3, 1 lost " in text
    assert "8 x 400 Gbit/s, 1 down " in text
    assert "8 x 10de:2330 " in text
    assert "node2: not seen: no route to host\n" in text
    assert "node3: GPU 0000:4c:00.0: it is lost. Reboot.\n" in text
    assert "node4: not seen: nvidia-smi is not installed\n" in text
    assert "lspci" not in text, "what matters to few is in the document alone"
    assert "4 hosts in site, 1 without an answer, 1 fault" in text


def test_rails_that_are_all_down_have_no_rate() -> None:
    assert discover.rails_in_words({"rails": {"count": 2, "active": 0, "rate_gbits_per_s": None, "link_layer": "infiniband"}}) == "2 x infiniband, 2 down"


def test_the_document_has_the_form_of_its_schema(repository: Path) -> None:
    schema = json.loads((repository / "docs/schemas/inventory.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(discover._document(result(HEALTHY, SILENT, LOST, UNASKED, sources=SOURCES)))


def test_what_the_sources_found_wrong_is_said_by_name() -> None:
    assert discover._judge(result(HEALTHY, sources=SOURCES)) == 1
    text = shown(HEALTHY, sources=SOURCES)
    assert "redfish: 10.0.1.17: no answer within 5 s\n" in text
    assert "fabric: leaf1 – spine2: there is no cable from leaf1 to spine2. Look at it.\n" in text
    assert "1 hosts in site, 0 without an answer, 2 faults" in text
    document = discover._document(result(HEALTHY, sources=SOURCES))
    assert [entry["source"] for entry in document["source_faults"]] == ["redfish", "fabric"]
    assert len(document["hosts"]) == 1
