# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs against what should: values are read back, and everything that failed is told at once."""

from __future__ import annotations

import pathlib
import types
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core import kernel
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.modules import runtime_settings as module_file


class Node:
    """A node with a /proc/sys of its own, and a systemd that reads its configuration when it is told."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.manager = {"DefaultLimitMEMLOCK": "8388608"}
        self.configured = {"DefaultLimitMEMLOCK": "infinity"}
        self.reads_on = "daemon-reload"
        self.stubborn: dict[str, str] = {}
        self.calls: list[str] = []

    def file(self, name: str, value: str) -> pathlib.Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value)
        return path

    def read(self, path: str) -> str:
        return self.stubborn.get(path) or pathlib.Path(path).read_text()

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        if argv[1] == "show":
            return CommandResult(0, "".join(f"{key}={value}\n" for key, value in self.manager.items()), "")
        self.calls.append(" ".join(argv))
        if argv[1] == self.reads_on:
            self.manager.update(self.configured)
        return CommandResult(1 if argv[0] == "modprobe" else 0, "", "modprobe: FATAL: Module toy not found")

    def task(self, check_mode: bool = False, **params: t.Any) -> dict[str, t.Any]:
        self.calls = []
        params = {"modules": [], "sysctl": {}, "sysctl_optional": [], "sysfs": [], "manager": {}, **params}
        module = types.SimpleNamespace(params=params, check_mode=check_mode, _diff=True)
        return module_file.work(t.cast(t.Any, module), t.cast(t.Any, self))


@pytest.fixture
def node(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setattr(kernel, "sysctl_path", lambda name: str(tmp_path / name.replace(".", "/")))
    return Node(tmp_path)


def test_set_once(node: Node) -> None:
    path = node.file("net/core/somaxconn", "128\n")
    wanted = {"sysctl": {"net.core.somaxconn": 4096}}
    assert node.task(check_mode=True, **wanted)["set"] == ["net.core.somaxconn: 128 -> 4096"]
    assert path.read_text() == "128\n"
    assert node.task(**wanted)["changed"]
    assert path.read_text() == "4096"
    assert not node.task(**wanted)["changed"]


def test_everything_that_did_not_take_is_told(node: Node) -> None:
    one, two = node.file("vm/one", "1"), node.file("vm/two", "1")
    node.stubborn[str(one)] = "7"
    with pytest.raises(CoreError) as caught:
        node.task(sysctl={"vm.one": 5, "vm.two": 5, "vm.three": 5})
    assert "2 settings did not take: vm.one: it is 7 although 5 was written; vm.three: this kernel does not have it." in str(caught.value)
    assert two.read_text() == "5"


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_is_optional_is_left_out_with_its_reason(node: Node, check_mode: bool) -> None:
    result = node.task(
        check_mode, sysctl={"net.a": 5}, sysctl_optional=["net.*"], sysfs=[{"path": f"{node.root}/cpu*/governor", "value": "x", "optional": True}]
    )
    assert (result["changed"], result["left_out"]["net.a"], len(result["left_out"])) == (False, "this kernel does not have it", 2)


def test_a_pattern_of_files(node: Node) -> None:
    files = [node.file(f"cpu{number}/governor", "powersave\n") for number in (0, 1)]
    wanted = {"sysfs": [{"path": f"{node.root}/cpu*/governor", "value": "performance", "optional": True}]}
    assert len(node.task(**wanted)["set"]) == 2
    assert [path.read_text() for path in files] == ["performance"] * 2
    assert not node.task(**wanted)["changed"]


@pytest.mark.parametrize(
    ("reads_on", "calls"), [("daemon-reload", ["systemctl daemon-reload"]), ("daemon-reexec", ["systemctl daemon-reload", "systemctl daemon-reexec"])]
)
def test_systemd_reads_its_configuration_again(node: Node, reads_on: str, calls: list[str]) -> None:
    node.reads_on = reads_on
    wanted = {"manager": {"DefaultLimitMEMLOCK": "infinity"}}
    assert node.task(check_mode=True, **wanted)["set"] == ["DefaultLimitMEMLOCK: 8388608 -> infinity"]
    assert node.calls == []
    assert node.task(**wanted)["set"] == ["DefaultLimitMEMLOCK: 8388608 -> infinity"]
    assert node.calls == calls
    assert not node.task(**wanted)["changed"]


def test_systemd_that_has_another_value_is_an_error(node: Node) -> None:
    node.configured = {}
    with pytest.raises(CoreError, match="DefaultLimitMEMLOCK: systemd has 8388608 and not infinity"):
        node.task(manager={"DefaultLimitMEMLOCK": "infinity"})


def test_a_kernel_module_that_does_not_load_is_an_error(node: Node) -> None:
    with pytest.raises(CoreError, match="kernel module no-such-module-here: modprobe: FATAL: Module toy not found"):
        node.task(modules=["no-such-module-here"])
