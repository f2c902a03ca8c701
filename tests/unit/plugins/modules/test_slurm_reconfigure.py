# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The running configuration follows the files: what is called, what is noted, and that every interruption is repaired."""

from __future__ import annotations

import pathlib
import time
import types
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.modules import slurm_reconfigure as module_file

CONF = "ClusterName=main\nSlurmctldPort=6817\nKillWait=30\nNodeName=node[1-4]\n"


class Controller:
    """A controller node whose commands answer as told."""

    def __init__(self, root: pathlib.Path) -> None:
        self.directory, self.loaded = root / "etc", root / "state" / "loaded"
        self.directory.mkdir()
        self.version, self.running, self.fails = "slurm-wlm 24.11.5", True, ""
        self.calls: list[str] = []
        self.start()

    def start(self) -> None:
        self.started = time.monotonic_ns() // 1000

    def write(self, **files: str) -> None:
        time.sleep(0.03)  # Files get the time of the last tick of the kernel.
        for name, text in files.items():
            (self.directory / f"{name}.conf").write_text(text)

    def restart(self) -> None:
        time.sleep(0.06)
        self.start()

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        command = " ".join(argv)
        if command == "slurmctld -V":
            return CommandResult(0 if self.version else 127, self.version, "")
        if command.startswith("systemctl show"):
            state = "active" if self.running else "inactive"
            return CommandResult(0, f"LoadState=loaded\nActiveState={state}\nExecMainStartTimestampMonotonic={self.started}\n", "")
        if command.startswith("journalctl"):
            return CommandResult(0, "slurmctld: a line of the journal\n", "")
        self.calls.append(command)
        if self.fails:
            return CommandResult(1, "", self.fails)
        if command == "systemctl restart slurmctld.service":
            self.restart()
        return CommandResult(0, "", "")

    def task(self, conf: str = CONF, *, check_mode: bool = False, primary: bool = True, **more: str) -> dict[str, t.Any]:
        self.calls = []
        files = {"slurm.conf": conf, "gres.conf": "", **more}
        params = {"files": files, "version": "24.11", "primary": primary, "directory": str(self.directory), "loaded": str(self.loaded)}
        return module_file.work(t.cast(t.Any, types.SimpleNamespace(params=params, check_mode=check_mode)), t.cast(t.Any, self))


@pytest.fixture
def controller(tmp_path: pathlib.Path) -> Controller:
    controller = Controller(tmp_path)
    controller.write(slurm=CONF)
    controller.restart()
    return controller


def test_first_run_notes_what_the_new_slurmctld_has_read(controller: Controller) -> None:
    assert controller.task() == {"changed": False, "actions": [], "restart_nodes": "", "installed": "24.11"}
    assert controller.calls == []
    assert {path.name: path.read_text() for path in controller.loaded.iterdir()} == {"slurm.conf": CONF}


def test_second_run_asks_for_nothing(controller: Controller) -> None:
    controller.task()
    before = controller.loaded.stat().st_ino
    assert controller.task()["changed"] is False
    assert controller.loaded.stat().st_ino == before


def test_change_is_reconfigured_once(controller: Controller) -> None:
    controller.task()
    changed = CONF.replace("30", "45")
    controller.write(slurm=changed)
    result = controller.task(changed)
    assert result["changed"] is True
    assert result["actions"] == [{"name": "reconfigure", "reasons": ["slurm.conf: killwait 30 -> 45"]}]
    assert controller.calls == ["scontrol reconfigure"]
    assert controller.task(changed)["changed"] is False


def test_check_mode_says_the_same_and_does_nothing(controller: Controller) -> None:
    controller.task()
    changed = CONF.replace("6817", "7000")
    dry = controller.task(changed, check_mode=True)
    assert controller.calls == []
    assert (controller.loaded / "slurm.conf").read_text() == CONF
    controller.write(slurm=changed)
    assert controller.task(changed) == dry
    assert controller.calls == ["systemctl restart slurmctld.service", "scontrol reconfigure"]


def test_check_mode_on_a_new_node(controller: Controller) -> None:
    controller.version = ""
    assert controller.task("ClusterName=x\n", check_mode=True) == {"changed": False, "actions": [], "restart_nodes": "", "installed": ""}


def test_interrupted_before_this_task(controller: Controller) -> None:
    """The files were written by a run that ended there; they are the same now, and yet nobody uses them."""
    controller.task()
    changed = CONF.replace("30", "45")
    controller.write(slurm=changed)
    assert controller.task(changed)["actions"][0]["name"] == "reconfigure"


def test_interrupted_in_this_task(controller: Controller) -> None:
    controller.task()
    changed = CONF.replace("30", "45")
    controller.write(slurm=changed)
    controller.fails = "slurm_reconfigure error: Invalid argument"
    with pytest.raises(CoreError) as caught:
        controller.task(changed)
    assert str(caught.value) == (
        "scontrol reconfigure failed: slurm_reconfigure error: Invalid argument\nslurmctld: a line of the journal "
        "The daemons keep the configuration that they have."
    )
    assert (controller.loaded / "slurm.conf").read_text() == CONF
    controller.fails = ""
    assert controller.task(changed)["changed"] is True


def test_interrupted_while_the_copy_was_replaced(controller: Controller) -> None:
    controller.task()
    (controller.loaded / "slurm.conf").unlink()
    controller.loaded.rmdir()
    assert controller.task()["changed"] is False  # slurmctld was started after the files: it has them.
    (controller.loaded / "slurm.conf").unlink()
    controller.loaded.rmdir()
    controller.write(slurm=CONF)
    assert controller.task()["actions"][0]["name"] == "restart slurmctld"


def test_somebody_else_restarted_slurmctld(controller: Controller) -> None:
    controller.task()
    changed = CONF.replace("6817", "7000")
    controller.write(slurm=changed)
    controller.restart()
    assert [action["name"] for action in controller.task(changed)["actions"]] == ["reconfigure"]


def test_removed_file_counts(controller: Controller) -> None:
    controller.write(gres="Name=gpu\n")
    controller.restart()
    controller.task(**{"gres.conf": "Name=gpu\n"})
    (controller.directory / "gres.conf").unlink()
    result = controller.task()
    assert result["actions"] == [{"name": "reconfigure", "reasons": ["gres.conf changed"]}]
    assert [path.name for path in controller.loaded.iterdir()] == ["slurm.conf"]


def test_nodes_that_must_restart_are_named(controller: Controller) -> None:
    controller.task()
    changed = CONF + "SlurmdPort=7001\n"
    controller.write(slurm=changed)
    assert controller.task(changed)["restart_nodes"] == "node[1-4]"


def test_the_second_controller_does_not_tell_the_nodes_again(controller: Controller) -> None:
    controller.task()
    changed = CONF.replace("30", "45").replace("6817", "7000")
    controller.write(slurm=changed)
    result = controller.task(changed, primary=False)
    assert controller.calls == ["systemctl restart slurmctld.service"]
    assert [action["name"] for action in result["actions"]] == ["restart slurmctld"]


def test_another_release_is_refused(controller: Controller) -> None:
    controller.version = "slurm 25.11.2"
    with pytest.raises(CoreError) as caught:
        controller.task()
    assert str(caught.value) == ("slurmctld.service: Slurm 25.11 is installed, but its configuration was written for 24.11. Set slurm_version: '25.11'.")


def test_files_must_be_there_first(controller: Controller) -> None:
    with pytest.raises(CoreError, match=r"slurm\.conf is not what it should be"):
        controller.task(CONF.replace("30", "45"))
    assert not controller.loaded.exists()


def test_slurmctld_that_is_not_ready_yet_is_asked_again(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    controller.task()
    changed = CONF.replace("30", "45")
    controller.write(slurm=changed)
    controller.fails = "slurm_reconfigure error: Unable to contact slurm controller (connect failure)"
    monkeypatch.setattr(time, "sleep", lambda _seconds: setattr(controller, "fails", ""))
    controller.task(changed)
    assert controller.calls == ["scontrol reconfigure", "scontrol reconfigure"]
