# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.files: what it hands to the module, and how often."""

from __future__ import annotations

import pathlib
import types
import typing as t

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.template import Templar, trust_as_template

from ansible_collections.railyard.cluster.plugins.action.files import ActionModule
from ansible_collections.railyard.cluster.plugins.module_utils.core.files import DesiredFile, unpack


class Action:
    """The action with its one way to a node replaced by a list of what would have been run."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.ran: list[dict[str, t.Any]] = []

    def run(self, variables: dict[str, t.Any] | None = None, **arguments: t.Any) -> list[DesiredFile]:
        loader = DataLoader()
        loader.set_basedir(str(self.folder))
        task = Task()
        task.action, task.args = "railyard.cluster.files", arguments
        templar = Templar(loader=loader, variables=variables or {})
        connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir="/nowhere"))
        action = ActionModule(task, t.cast(t.Any, connection), t.cast(t.Any, None), loader, templar, t.cast(t.Any, None))

        def execute(**call: t.Any) -> dict[str, t.Any]:
            self.ran.append(call)
            return {"changed": True, "invocation": {"module_args": call["module_args"]}}

        action._execute_module = execute  # type: ignore[method-assign]
        assert action.run(task_vars=dict(variables or {})) == {"changed": True}
        (call,) = self.ran
        assert call["module_name"] == "railyard.cluster.files"
        assert set(call["module_args"]) == {"files", "secret", "_payload"}
        assert (call["module_args"]["files"], call["module_args"]["secret"]) == ([], arguments.get("secret", False))
        assert isinstance(call["module_args"]["_payload"], str)
        return unpack(call["module_args"]["_payload"])


@pytest.fixture
def action(tmp_path: pathlib.Path) -> Action:
    (tmp_path / "templates").mkdir()
    (tmp_path / "files").mkdir()
    return Action(tmp_path)


def test_all_files_go_in_one_execution(action: Action) -> None:
    (action.folder / "templates/a.j2").write_text("{% for port in ports %}\nport {{ port }}\n{% endfor %}\n\n")
    (action.folder / "files/blob").write_bytes(b"\0\xff")
    files = [
        {"path": "/etc/a", "template": "a.j2", "mode": "0600"},
        {"path": "/etc/b", "content": "b", "owner": "munge", "group": 12},
        {"path": "/etc/c", "source": "blob"},
        {"path": "/etc/d", "state": "absent"},
    ]
    assert action.run({"ports": [1, 2]}, files=files) == [
        DesiredFile("/etc/a", mode=0o600, content=b"port 1\nport 2\n\n"),
        DesiredFile("/etc/b", owner="munge", group="12", content=b"b"),
        DesiredFile("/etc/c", content=b"\0\xff"),
        DesiredFile("/etc/d", state="absent"),
    ]


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("# {{ ansible_managed }}\n", "# Ansible managed\n"),
        ("{{ template_path }} {{ template_destpath }}", "a.j2 /etc/a"),
        ("{{ number }}", "7"),
        ("{{ nothing }}", ""),
        ("{{ later }}\n", "7 later\n"),
        ("{{ mine }}", "own"),
        ("{{ '{{ number }}' }}\n", "{{ number }}\n"),
        ("\\d{{ 1 }}\n", "\\d1\n"),
    ],
)
def test_rendering(action: Action, text: str, rendered: str) -> None:
    (action.folder / "templates/a.j2").write_text(text)
    variables = {"number": 7, "nothing": None, "later": trust_as_template("{{ number }} later")}
    (file,) = action.run(variables, files=[{"path": "/etc/a", "template": "a.j2", "vars": {"mine": "own"}}])
    assert file.content.decode() == rendered


def test_values_that_came_from_a_node_are_not_rendered(action: Action) -> None:
    (action.folder / "templates/a.j2").write_text("{{ fact }}\n")
    (file,) = action.run({"fact": "{{ 1 + 1 }}"}, files=[{"path": "/etc/a", "template": "a.j2"}])
    assert file.content == b"{{ 1 + 1 }}\n"


def test_a_site_can_say_what_managed_files_say(action: Action) -> None:
    (action.folder / "templates/a.j2").write_text("{{ ansible_managed }}")
    (file,) = action.run({"ansible_managed": "ours"}, files=[{"path": "/etc/a", "template": "a.j2"}])
    assert file.content == b"ours"


def test_the_search_path_of_the_host_is_left_alone(action: Action) -> None:
    (action.folder / "templates/a.j2").write_text("x")
    search_path = [str(action.folder)]
    action.run({"ansible_search_path": search_path}, files=[{"path": "/etc/a", "template": "a.j2"}])
    assert search_path == [str(action.folder)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "files: a list of files is needed."),
        ({"files": [{"path": "/etc/a"}]}, "files[0]: /etc/a needs exactly one of content, content_base64, template and source."),
        ({"files": [], "secret": "perhaps"}, "secret: The value 'perhaps' is not a valid boolean."),
        ({"files": [], "sekret": True}, "Invalid options for railyard.cluster.files: sekret"),
    ],
)
def test_mistakes_reach_no_node(action: Action, arguments: dict[str, t.Any], message: str) -> None:
    with pytest.raises(AnsibleActionFail) as error:
        action.run(**arguments)
    assert str(error.value).startswith(message)
    assert action.ran == []


def test_why_a_template_fails_is_told_unless_it_is_secret(action: Action) -> None:
    (action.folder / "templates/a.j2").write_text("{{ key | int_of_nightingale }}{{ key | to_datetime }}")
    files = [{"path": "/etc/a", "template": "a.j2"}]
    with pytest.raises(AnsibleError, match="int_of_nightingale"):
        action.run({"key": "4711"}, files=files)
    with pytest.raises(AnsibleActionFail) as error:
        action.run({"key": "4711"}, files=files, secret=True)
    assert str(error.value).startswith("A file of a task with secret: true can't be rendered (")
    assert str(error.value).endswith("); why is hidden.")
    assert action.ran == []
