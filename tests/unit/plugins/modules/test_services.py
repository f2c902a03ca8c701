# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The services module against a strict stand-in for systemctl: what is called, what is remembered, what is said."""

from __future__ import annotations

import json
import os
import pathlib
import stat
import subprocess
import sys
import types
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core import services
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.modules import services as module_file

FAKE = pathlib.Path(__file__).with_name("fake_systemctl.py")


class Node:
    """A node with the stand-in as its systemd."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.conf = root / "toy.conf"
        self.conf.write_text("one\n")
        self.state_file = root / "systemd.json"
        self.bin = root / "bin"
        self.bin.mkdir()
        for name in ("systemctl", "journalctl"):
            (self.bin / name).write_text(f"#!{sys.executable}\n" + FAKE.read_text(encoding="utf-8"), encoding="utf-8")
            (self.bin / name).chmod(0o755)
        self.set({})

    def set(self, units: dict[str, dict[str, str]], **more: t.Any) -> None:
        self.state_file.write_text(json.dumps({"units": units, "calls": [], **more}))

    @property
    def state(self) -> dict[str, t.Any]:
        return json.loads(self.state_file.read_text())

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        environment = {**os.environ, "FAKE_SYSTEMD": str(self.state_file)}
        command = [str(self.bin / argv[0]), *argv[1:]]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False)
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def task(self, *units: dict[str, t.Any], check_mode: bool = False) -> tuple[dict[str, t.Any], list[str]]:
        """Run the module; return its result and the changing calls it made."""
        filled = [{"state": None, "enabled": True, "masked": False, "restart_on": [], "reload_on": [], "restart_digest": None, **unit} for unit in units]
        self.state_file.write_text(json.dumps({**self.state, "calls": []}))
        module = types.SimpleNamespace(params={"units": filled}, check_mode=check_mode, _diff=True)
        result = module_file.work(t.cast(t.Any, module), t.cast(t.Any, self))
        return result, self.state["calls"]


@pytest.fixture
def node(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setattr(services, "STAMP_DIRECTORY", str(tmp_path / "stamps"))
    monkeypatch.setattr(services, "UNIT_FOLDERS", (str(tmp_path / "units"),))
    monkeypatch.setattr(module_file, "SETTLE_S", 0.3)
    return Node(tmp_path)


def test_first_run_starts_in_the_order_of_the_list_and_second_changes_nothing(node: Node) -> None:
    node.set({"b.service": {}, "a.service": {}})
    units = ({"name": "b.service"}, {"name": "a.service"})
    dry, calls = node.task(*units, check_mode=True)
    assert calls == []
    assert not (node.root / "stamps").exists()
    result, calls = node.task(*units)
    assert calls == ["enable b.service a.service", "start b.service", "start a.service"]
    assert {key: value for key, value in result.items() if key != "diff"} == {key: value for key, value in dry.items() if key != "diff"}
    assert result["units"]["a.service"]["started"]
    assert result["changed"]
    again, calls = node.task(*units)
    assert (again["changed"], calls) == (False, [])


def test_changed_file_restarts_once(node: Node) -> None:
    node.set({"a.service": {}})
    unit = {"name": "a.service", "restart_on": [str(node.conf)]}
    node.task(unit)
    node.conf.write_text("two\n")
    result, calls = node.task(unit)
    assert calls == ["restart a.service"]
    assert result["units"]["a.service"]["reason"] == f"{node.conf} differs from what it was started with"
    assert node.task(unit)[1] == []


@pytest.mark.parametrize("stamped", [True, False])
def test_a_run_interrupted_before_the_restart_is_repaired_by_the_next(node: Node, stamped: bool) -> None:
    node.set({"a.service": {}})
    unit = {"name": "a.service", "restart_on": [str(node.conf)]}
    node.task(unit)
    # Here the interrupted run wrote the file and never came to its services task.
    node.conf.write_text("two\n")
    if not stamped:
        (node.root / "stamps/a.service.json").unlink()
    assert node.task(unit)[1] == ["restart a.service"]
    assert node.task(unit)[1] == []


def test_a_restart_by_someone_else_needs_no_second_one(node: Node) -> None:
    node.set({"a.service": {}})
    unit = {"name": "a.service", "restart_on": [str(node.conf)]}
    node.task(unit)
    node.conf.write_text("two\n")
    os.utime(node.conf)
    state = node.state
    state["units"]["a.service"].update({"InvocationID": "by-hand", "ExecMainStartTimestampMonotonic": str(2**62)})
    node.state_file.write_text(json.dumps(state))
    assert node.task(unit)[1] == []
    assert json.loads((node.root / "stamps/a.service.json").read_text())["life"] == "by-hand"


def test_a_renamed_file_counts_even_if_its_content_is_old(node: Node) -> None:
    node.set({"a.service": {}})
    unit = {"name": "a.service", "restart_on": [str(node.conf)]}
    other = node.root / "other"
    other.write_text("two\n")
    os.utime(other, (1, 1))
    node.task(unit)
    (node.root / "stamps/a.service.json").unlink()
    other.replace(node.conf)
    assert node.task(unit)[1] == ["restart a.service"]


def test_reload_and_what_cannot_reload(node: Node) -> None:
    node.set({"a.service": {"CanReload": "yes"}, "b.service": {}})
    units = ({"name": "a.service", "reload_on": [str(node.conf)]}, {"name": "b.service", "reload_on": [str(node.conf)]})
    node.task(*units)
    node.conf.write_text("two\n")
    result, calls = node.task(*units)
    assert calls == ["reload a.service", "restart b.service"]
    assert result["units"]["a.service"]["reloaded"]
    assert node.task(*units)[1] == []


def test_stamps_are_for_root_alone(node: Node) -> None:
    node.set({"a.service": {}})
    node.task({"name": "a.service", "restart_on": [str(node.conf)]})
    assert stat.S_IMODE((node.root / "stamps").stat().st_mode) == 0o700
    assert stat.S_IMODE((node.root / "stamps/a.service.json").stat().st_mode) == 0o600


def test_restart_digest(node: Node) -> None:
    node.set({"a.service": {}})
    assert node.task({"name": "a.service"})[1] == ["enable a.service", "start a.service"]
    assert node.task({"name": "a.service", "restart_digest": "one"})[1] == []
    assert node.task({"name": "a.service", "restart_digest": "one"})[1] == []
    assert node.task({"name": "a.service", "restart_digest": "two"})[1] == ["restart a.service"]
    assert "two" not in (node.root / "stamps/a.service.json").read_text()


def test_definitions_are_read_again_when_systemd_says_so(node: Node) -> None:
    node.set({"a.service": {"NeedDaemonReload": "yes", "ActiveState": "active", "UnitFileState": "enabled"}})
    dry, calls = node.task({"name": "a.service"}, check_mode=True)
    assert (dry["changed"], dry["daemon_reloaded"], calls) == (True, True, [])
    result, calls = node.task({"name": "a.service"})
    assert (result["changed"], result["daemon_reloaded"], calls) == (True, True, ["daemon-reload"])
    assert node.task({"name": "a.service"})[0]["changed"] is False


def test_definitions_are_read_again_for_a_unit_that_systemd_does_not_know_yet(node: Node) -> None:
    node.set({}, on_disk={"new.service": {}})
    (node.root / "units").mkdir()
    (node.root / "units/new.service").touch()
    assert node.task({"name": "new.service"})[1] == ["daemon-reload", "enable new.service", "start new.service"]


def test_a_missing_unit_fails_unless_in_check_mode(node: Node) -> None:
    with pytest.raises(CoreError, match=r"^gone.service does not exist on this node\."):
        node.task({"name": "gone.service"})
    result, _calls = node.task({"name": "gone.service"}, check_mode=True)
    assert result["units"]["gone.service"]["started"]


def test_masked_before_it_exists_then_started(node: Node) -> None:
    assert node.task({"name": "a.service", "masked": True})[1] == ["mask a.service"]
    assert node.task({"name": "a.service", "masked": True})[1] == []
    assert node.task({"name": "a.service"})[1] == ["unmask a.service", "enable a.service", "start a.service"]


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ({"start": "fails"}, "systemctl start -- a.service failed: Job for a.service failed because the control process exited with error code."),
        ({"start": "crashes", "Type": "simple"}, "a.service is not active but failed (failed), result exit-code."),
        ({"start": "condition"}, "a.service was not started, because a condition of its unit is not met."),
    ],
)
def test_a_unit_that_does_not_become_active_says_why(node: Node, unit: dict[str, str], message: str) -> None:
    node.set({"a.service": unit, "b.service": {}})
    units = ({"name": "a.service", "restart_on": [str(node.conf)]}, {"name": "b.service"})
    with pytest.raises(CoreError) as error:
        node.task(*units)
    assert str(error.value) == f"{message}\nx a.service - status of a fake unit\nfake journal: the last words of the unit"
    assert not (node.root / "stamps/a.service.json").exists()


def test_enabled_null_leaves_it(node: Node) -> None:
    node.set({"a.service": {"ActiveState": "active"}})
    assert node.task({"name": "a.service", "enabled": None})[1] == []
    assert node.task({"name": "a.service", "enabled": "yes"})[1] == ["enable a.service"]
    with pytest.raises(CoreError, match=r"^enabled of a.service is 'perhaps'. Write true, false or null.$"):
        node.task({"name": "a.service", "enabled": "perhaps"})


def test_no_units(node: Node) -> None:
    assert node.task() == ({"changed": False, "units": {}, "daemon_reloaded": False}, [])
