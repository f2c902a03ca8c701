# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of railyard.cluster.packages: when the distribution's module runs, and with what."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import types
import typing as t

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase, dnf
from ansible.plugins.loader import action_loader
from ansible.template import Templar

from ansible_collections.railyard.cluster.plugins.action.packages import ActionModule

REPOSITORY = pathlib.Path(__file__).resolve().parents[4]
VARIABLES = {"ansible_facts": {"pkg_mgr": "dnf"}}
PLAYBOOK = """---
- name: Install
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Install
      railyard.cluster.packages:
        name: {name}
        dnf: {{use_backend: dnf4}}
"""


class Action:
    """The action, and the one that Ansible has for dnf, with their way to a node replaced by a list of what would have been run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[dict[str, t.Any]] = []
        self.ran: list[tuple[str, dict[str, t.Any]]] = []
        monkeypatch.setattr(ActionBase, "_execute_module", lambda _action, **call: self._execute(**call))
        monkeypatch.setattr(action_loader, "get", lambda name, **handed: {"ansible.builtin.dnf": dnf.ActionModule}[name](**handed))

    def _execute(self, *, module_name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any], **_rest: t.Any) -> dict[str, t.Any]:
        assert task_vars == VARIABLES
        self.ran.append((module_name, module_args))
        return self.answers[len(self.ran) - 1]

    def run(self, *answers: dict[str, t.Any], **arguments: t.Any) -> dict[str, t.Any]:
        self.answers = [*answers]
        loader, task = DataLoader(), Task()
        task.action, task.args = "railyard.cluster.packages", arguments
        connection = types.SimpleNamespace(_shell=types.SimpleNamespace(tmpdir="/nowhere"))
        nothing = t.cast(t.Any, None)
        action = ActionModule(task, t.cast(t.Any, connection), nothing, loader, Templar(loader=loader, variables=VARIABLES), nothing)
        result = action.run(task_vars=VARIABLES)
        assert task.args == arguments
        return result


@pytest.fixture
def action(monkeypatch: pytest.MonkeyPatch) -> Action:
    return Action(monkeypatch)


def lacks(manager: str, *names: str) -> dict[str, t.Any]:
    return {"changed": False, "manager": manager, "lacking": list(names), "invocation": {"module_args": {}}}


@pytest.mark.parametrize("manager", ["apt", "dnf"])
def test_a_node_that_lacks_nothing_is_asked_once_and_left_alone(action: Action, manager: str) -> None:
    result = action.run(lacks(manager), name=["chrony"], apt={"update_cache": True})
    assert result == {"changed": False, "manager": manager, "lacking": []}
    assert action.ran == [("railyard.cluster.packages", {"name": ["chrony"], "apt": {"update_cache": True}})]


def test_apt_installs_the_whole_set_with_its_own_options_alone(action: Action) -> None:
    options = {"apt": {"update_cache": True}, "dnf": {"enablerepo": "crb"}}
    result = action.run(lacks("apt", "nftables"), {"changed": True, "stdout": "…"}, name=["chrony=4.6.1-3", "nftables"], **options)
    assert result == {"changed": True, "stdout": "…", "lacking": ["nftables"], "manager": "apt"}
    assert action.ran[1:] == [("ansible.builtin.apt", {"update_cache": True, "name": ["chrony=4.6.1-3", "nftables"], "state": "present"})]


def test_dnf_installs_through_its_own_action_and_writes_versions_its_way(action: Action) -> None:
    options = {"apt": {"update_cache": True}, "dnf": {"enablerepo": "crb"}}
    result = action.run(lacks("dnf", "chrony=4.5-1.el9"), {"changed": True}, name=["chrony=4.5-1.el9", "nftables"], **options)
    assert result == {"changed": True, "lacking": ["chrony=4.5-1.el9"], "manager": "dnf"}
    arguments = {"enablerepo": "crb", "name": ["chrony-4.5-1.el9", "nftables"], "state": "present"}
    assert action.ran[1:] == [("ansible.legacy.dnf", arguments)]


def test_the_set_wins_over_what_the_manager_s_options_say(action: Action) -> None:
    action.run(lacks("apt", "chrony"), {"changed": True}, name=["chrony"], apt={"name": "everything", "state": "latest"})
    assert action.ran[1][1] == {"name": ["chrony"], "state": "present"}


@pytest.mark.parametrize("name", ["chrony,nftables", ["chrony", "nftables"]])
def test_names_in_one_string(action: Action, name: str | list[str]) -> None:
    action.run(lacks("dnf", "chrony"), {"changed": True}, name=name, dnf=None)
    assert action.ran[1][1] == {"name": ["chrony", "nftables"], "state": "present"}


def test_a_question_that_failed_is_the_answer(action: Action) -> None:
    failure = {"failed": True, "msg": "this node has neither dpkg-query nor rpm."}
    assert action.run({**failure, "invocation": {}}, name=["chrony"]) == failure
    assert len(action.ran) == 1


def test_an_installation_that_failed_says_what_was_lacking(action: Action) -> None:
    failure = {"failed": True, "msg": "No package matching 'chronie' is available"}
    assert action.run(lacks("apt", "chronie"), failure, name=["chronie"]) == {**failure, "lacking": ["chronie"], "manager": "apt"}


def test_an_unknown_option_reaches_no_node(action: Action) -> None:
    with pytest.raises(AnsibleError, match=r"Invalid options for railyard\.cluster\.packages: state"):
        action.run(name=["chrony"], state="latest")
    assert action.ran == []


def play(folder: pathlib.Path, name: str, *options: str, **databases: str) -> str:
    """Run the task on this machine, whose package databases are stand-ins; what Ansible said, and what the databases were asked."""
    for command in ("dpkg-query", "rpm"):
        script = f'#!/bin/sh\necho "${{0##*/}} $@" >> "${{0%/*}}/asked"\n{databases.get(command[:4], "exit 127")}\n'
        (folder / command).write_text(script)
        (folder / command).chmod(0o755)
    (folder / "play.yml").write_text(PLAYBOOK.format(name=name))
    (folder / "ansible.cfg").write_text("")
    (folder / "asked").write_text("")
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible/collections"),
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_FORCE_COLOR": "0",
    }
    command = [pathlib.Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local", "play.yml", "-v"]
    python = ["-e", f"ansible_python_interpreter={sys.executable}"]
    run = subprocess.run([*command, *python, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr + (folder / "asked").read_text()


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_a_task_on_a_node_that_has_all(tmp_path: pathlib.Path, options: list[str]) -> None:
    told = play(tmp_path, "[chrony=4.6.1-3]", *options, dpkg="echo installed chrony 4.6.1-3")
    assert 'ok: [localhost] => {"changed": false, "lacking": [], "manager": "apt"}' in told
    assert "dpkg-query --show --showformat=${db:Status-Status} ${Package} ${Version}\n chrony\n" in told


def test_a_task_on_a_node_with_dnf(tmp_path: pathlib.Path) -> None:
    """This machine lacks dnf, so the installation fails: in Ansible's own module, which was found and run."""
    told = play(tmp_path, "[chrony]", rpm="echo package chrony is not installed; exit 1")
    assert "Could not import the dnf python module" in told
    assert '"lacking": ["chrony"], "manager": "dnf"' in told


def test_a_task_with_a_mistake(tmp_path: pathlib.Path) -> None:
    told = play(tmp_path, "[chrony, 'nft*']", dpkg="echo installed chrony 4.6.1-3")
    assert '"msg": "name[1]: \'nft*\' is not the name of a package. Patterns are not taken: name each package."' in told
    assert "dpkg-query" not in told
