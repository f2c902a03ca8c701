# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.node_health: one execution where the node has the agent, two where it is sent along."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import types
import typing as t
import zlib

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ansible_collections.railyard.cluster.plugins.action.node_health import ActionModule
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import build

ANSWER = {"changed": False, "results": [], "worst": "pass", "raw": {}, "document": {"schema": "railyard.facts"}, "invocation": {}}
VARIABLES = {"inventory_hostname": "node1"}


def run(monkeypatch: pytest.MonkeyPatch, answers: list[dict[str, t.Any]], *, check: bool = False, **arguments: t.Any) -> tuple[dict[str, t.Any], list[t.Any]]:
    ran: list[dict[str, t.Any]] = []

    def execute(_action: ActionBase, *, module_name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        assert (module_name, task_vars) == ("railyard.cluster.node_health", VARIABLES)
        ran.append(dict(module_args))
        return dict(answers[len(ran) - 1])

    monkeypatch.setattr(ActionBase, "_execute_module", execute)
    loader, task = DataLoader(), Task()
    task.action, task.args, task.check_mode = "railyard.cluster.node_health", arguments, check
    connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir="/nowhere"))
    nothing = t.cast(t.Any, None)
    action = ActionModule(task, t.cast(t.Any, connection), nothing, loader, Templar(loader=loader, variables=VARIABLES), nothing)
    return action.run(task_vars=VARIABLES), ran


def test_a_node_with_the_agent_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    result, ran = run(monkeypatch, [ANSWER], checks=["rails"], run_id="7")
    assert ran == [{"checks": ["rails"], "run_id": "7", "agent_sha256": hashlib.sha256(build("node_agent")).hexdigest()}]
    assert result == {name: value for name, value in ANSWER.items() if name != "invocation"}


def test_a_node_without_it_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    result, ran = run(monkeypatch, [{"changed": False, "agent_missing": True}, ANSWER])
    assert len(ran) == 2
    assert zlib.decompress(base64.b64decode(ran[1]["agent_program"])) == build("node_agent")
    assert (result["worst"], "agent_missing" in result) == ("pass", False)


def test_results_go_to_their_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    answer = {**ANSWER, "results": [{"check": "xid", "verdict": "fail"}], "worst": "fail", "raw": {"dmesg": "x"}}
    result, ran = run(monkeypatch, [answer], results_folder=str(tmp_path))
    assert "results_folder" not in ran[0]
    assert (result["worst"], result.keys() & {"results", "raw"}) == ("fail", set())
    assert json.loads(pathlib.Path(result["results_path"]).read_text()) == {"results": answer["results"], "raw": answer["raw"]}
    result, _ran = run(monkeypatch, [answer], check=True, results_folder=str(tmp_path / "other"))
    assert "results" in result and not (tmp_path / "other").exists()


def test_the_facts_go_to_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    result, ran = run(monkeypatch, [ANSWER], facts=True, document_folder=str(tmp_path / "facts"))
    assert "document_folder" not in ran[0]
    assert "document" not in result and json.loads(pathlib.Path(result["document_path"]).read_text()) == ANSWER["document"]
    result, _ran = run(monkeypatch, [ANSWER], check=True, facts=True, document_folder=str(tmp_path / "other"))
    assert "document" in result and not (tmp_path / "other").exists()
