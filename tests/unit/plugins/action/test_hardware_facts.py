# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.hardware_facts: one execution, and where the document goes."""

from __future__ import annotations

import json
import pathlib
import types
import typing as t

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ansible_collections.railyard.cluster.plugins.action.hardware_facts import ActionModule

ANSWER = {"changed": False, "ansible_facts": {"railyard": {"gpus": []}}, "document": {"schema": "railyard.facts"}, "invocation": {}}
VARIABLES = {"inventory_hostname": "rack1/node1"}


def run(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, t.Any], *, check: bool = False, **arguments: t.Any
) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
    ran: list[dict[str, t.Any]] = []

    def execute(_action: ActionBase, *, module_name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        assert (module_name, task_vars) == ("railyard.cluster.hardware_facts", VARIABLES)
        ran.append(module_args)
        return dict(answer)

    monkeypatch.setattr(ActionBase, "_execute_module", execute)
    loader, task = DataLoader(), Task()
    task.action, task.args, task.check_mode = "railyard.cluster.hardware_facts", arguments, check
    connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir="/nowhere"))
    nothing = t.cast(t.Any, None)
    action = ActionModule(task, t.cast(t.Any, connection), nothing, loader, Templar(loader=loader, variables=VARIABLES), nothing)
    return action.run(task_vars=VARIABLES), ran


def test_without_a_folder_the_document_is_part_of_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    result, ran = run(monkeypatch, ANSWER, subset=["gpus"], hardware_root="/x")
    assert ran == [{"subset": ["gpus"], "hardware_root": "/x"}]
    assert result == {name: value for name, value in ANSWER.items() if name != "invocation"}


def test_the_document_goes_to_the_folder_for_its_owner_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "runs/1/facts"
    for _attempt in range(2):
        result, ran = run(monkeypatch, ANSWER, document_folder=str(folder))
    assert ran == [{}]
    assert result == {"changed": False, "ansible_facts": ANSWER["ansible_facts"], "document_path": str(folder / "rack1%2Fnode1.json")}
    (file,) = folder.iterdir()
    assert (json.loads(file.read_text()), file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == ({"schema": "railyard.facts"}, 0o600, 0o700)


def test_check_mode_writes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    result, _ran = run(monkeypatch, ANSWER, check=True, document_folder=str(tmp_path))
    assert (list(tmp_path.iterdir()), "document" in result) == ([], True)


def test_a_failed_look_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    result, _ran = run(monkeypatch, {"failed": True, "msg": "no python"}, document_folder=str(tmp_path))
    assert (result, list(tmp_path.iterdir())) == ({"failed": True, "msg": "no python"}, [])


def test_a_folder_that_cannot_be_written_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AnsibleActionFail, match=r"file/facts: what was seen of rack1/node1 cannot be written: Not a directory\.$"):
        run(monkeypatch, ANSWER, document_folder=str(tmp_path / "file/facts"))
