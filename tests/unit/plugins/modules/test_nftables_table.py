# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A table of the packet filter: when it is loaded, and what is refused before anything is written."""

from __future__ import annotations

import pathlib
import types
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.modules import nftables_table as module_file


class Node:
    """A node whose kernel has the table that its unit loaded, unless someone interferes."""

    def __init__(self, root: pathlib.Path) -> None:
        self.path = root / "firewall.nft"
        self.kernel = ""
        self.elements = ""
        self.session = "192.0.2.9"
        self.state = {"ActiveState": "inactive", "UnitFileState": "disabled", "NeedDaemonReload": "no"}
        self.calls: list[str] = []

    def read(self, path: str) -> str:
        if path.endswith("/environ"):
            return f"A=1\0SSH_CONNECTION={self.session} 50000 192.0.2.1 22\0" if self.session else "A=1\0"
        return "PPid:\t1\n"

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        command = " ".join(argv)
        if command.startswith("systemctl show"):
            return CommandResult(0, "".join(f"{key}={value}\n" for key, value in self.state.items()), "")
        if command.startswith("nft --stateless"):
            return CommandResult(0 if self.kernel else 1, self.kernel + ("" if "--terse" in argv else self.elements), "")
        if command.startswith("nft --check"):
            text = pathlib.Path(argv[-1]).read_text()
            return CommandResult(1, "", f"{argv[-1]}:1:1: syntax error") if "nonsense" in text else CommandResult(0, "", "")
        self.calls.append(command)
        if "enable" in argv:
            self.state["UnitFileState"] = "enabled"
        if argv[1] in ("start", "reload"):
            self.state["ActiveState"] = "active"
            self.kernel = "kernel's view of " + self.path.read_text()
        return CommandResult(0, "", "")

    def task(self, content: str = "table one", check_mode: bool = False, **more: t.Any) -> dict[str, t.Any]:
        self.calls = []
        params = {
            "path": str(self.path),
            "content": content,
            "table": "inet railyard",
            "unit": "railyard-firewall.service",
            "keep_open_to": ["192.0.2.0/24"],
            **more,
        }
        module = types.SimpleNamespace(params=params, check_mode=check_mode, _diff=True)
        return module_file.work(t.cast(t.Any, module), t.cast(t.Any, self))


@pytest.fixture
def node(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setattr(module_file, "STAMPS", str(tmp_path / "stamps"))
    return Node(tmp_path)


def test_first_run_loads_and_second_changes_nothing(node: Node) -> None:
    assert node.task(check_mode=True)["changed"]
    assert not node.path.exists() and node.calls == []
    assert node.task()["changed"]
    assert node.calls == ["systemctl enable railyard-firewall.service", "systemctl start railyard-firewall.service"]
    assert node.path.stat().st_mode & 0o777 == 0o600
    assert (node.task()["changed"], node.calls) == (False, [])


def test_ports_that_are_open_for_a_measurement_are_no_change(node: Node) -> None:
    node.task()
    node.elements = "elements = { 10.0.0.0/24 . 28100-28109 timeout 10m expires 9m }"
    assert (node.task()["changed"], node.calls) == (False, [])


@pytest.mark.parametrize(
    ("interfere", "reason"),
    [
        (lambda node: setattr(node, "kernel", ""), "the table is not loaded"),
        (lambda node: setattr(node, "kernel", "edited"), "someone else changed the table"),
        (lambda node: node.path.write_text("table two"), "the rules changed"),
        (lambda node: node.state.update(ActiveState="failed"), "railyard-firewall.service is failed"),
    ],
)
def test_what_someone_did_is_repaired(node: Node, interfere: t.Callable[[Node], object], reason: str) -> None:
    node.task()
    interfere(node)
    assert node.task()["reason"] == reason
    assert not node.task()["changed"]


def test_a_run_that_was_killed_after_writing_is_repaired(node: Node) -> None:
    node.task()
    node.path.write_text("table two")
    assert node.task("table two")["reason"] == "the rules changed since they were loaded"


def test_new_rules_are_reloaded(node: Node) -> None:
    node.task()
    assert node.task("table two")["reason"] == "the rules changed"
    assert node.calls == ["systemctl reload railyard-firewall.service"]
    assert "table two" in node.kernel


@pytest.mark.parametrize("check_mode", [True, False])
def test_no_run_locks_itself_out(node: Node, check_mode: bool) -> None:
    node.task()
    with pytest.raises(CoreError, match=r"This session comes from 192\.0\.2\.9, which the new rules would not let in over SSH \(they admit 10\.0\.0\.0/8\)"):
        node.task("table two", check_mode, keep_open_to=["10.0.0.0/8"])
    assert node.path.read_text() == "table one" and node.calls == []


def test_a_run_on_the_node_itself_is_not_asked_where_it_comes_from(node: Node) -> None:
    node.session = ""
    assert node.task(keep_open_to=["10.0.0.0/8"])["changed"]


def test_rules_that_nft_refuses_are_not_written(node: Node) -> None:
    node.task()
    with pytest.raises(CoreError, match=r"nft refuses the rules for .*firewall\.nft: .*firewall\.nft:1:1: syntax error"):
        node.task("nonsense")
    assert node.path.read_text() == "table one"
    assert sorted(path.name for path in node.path.parent.iterdir()) == ["firewall.nft", "stamps"]
