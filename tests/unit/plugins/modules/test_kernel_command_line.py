# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kernel arguments: entries that a boot loader keeps, and when it is told."""

from __future__ import annotations

import os
import pathlib
import types
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.modules import kernel_command_line as module_file


class Node:
    """A node with GRUB, or with entries that grubby keeps."""

    def __init__(self, root: pathlib.Path) -> None:
        self.config, self.drop_in = root / "grub.cfg", root / "90-railyard.cfg"
        self.config.write_text("menuentry {\n linux /vmlinuz ro\n}\n")
        self.running = "ro quiet"
        self.entries = {"/vmlinuz": "ro"}
        self.rebuilt_line = "ro iommu=pt"
        self.calls: list[str] = []

    def read(self, path: str) -> str:
        return self.running if path == "/proc/cmdline" else pathlib.Path(path).read_text()

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        if argv[1:] == ["--info=ALL"]:
            return CommandResult(0, "".join(f'kernel="{name}"\nargs="{line}"\n' for name, line in self.entries.items()), "")
        self.calls.append(" ".join(argv))
        if argv[0] == "update-grub":
            self.config.write_text(f"menuentry {{\n linux /vmlinuz {self.rebuilt_line}\n}}\n")
        return CommandResult(0, "", "")

    def task(self, arguments: list[str], *, tool: str = "grub_drop_in", unwanted: t.Sequence[str] = (), check_mode: bool = False) -> dict[str, t.Any]:
        self.calls = []
        params = {
            "arguments": arguments,
            "unwanted": list(unwanted),
            "tool": tool,
            "config": str(self.config),
            "drop_in": str(self.drop_in),
            "rebuild": ["update-grub"],
        }
        module = types.SimpleNamespace(params=params, check_mode=check_mode, _diff=False)
        return module_file.work(t.cast(t.Any, module), t.cast(t.Any, self))


@pytest.fixture
def node(tmp_path: pathlib.Path) -> Node:
    return Node(tmp_path)


def test_grub_is_rebuilt_once_and_a_reboot_is_asked_for_until_it_happened(node: Node) -> None:
    assert node.task(["iommu=pt"], check_mode=True)["changed"]
    assert node.calls == []
    result = node.task(["iommu=pt"])
    assert (result["changed"], result["updated"], result["missing"], result["reboot_needed"]) == (True, ["/vmlinuz"], ["iommu=pt"], True)
    assert node.calls == ["update-grub"]
    result = node.task(["iommu=pt"])
    assert (result["changed"], result["reboot_needed"], node.calls) == (False, True, [])
    node.running += " iommu=pt"
    assert not node.task(["iommu=pt"])["reboot_needed"]


def test_an_argument_that_goes_rebuilds_because_the_file_is_newer(node: Node) -> None:
    node.task(["iommu=pt"])
    node.drop_in.write_text("")
    os.utime(node.drop_in, (node.config.stat().st_mtime + 5,) * 2)
    assert node.task([], check_mode=True)["updated"] == ["all"]


def test_entries_that_stay_wrong_are_an_error(node: Node) -> None:
    node.rebuilt_line = "ro"
    with pytest.raises(CoreError, match=r"grub.cfg still boots /vmlinuz without iommu=pt\. Does /etc/default/grub"):
        node.task(["iommu=pt"])


def test_no_grub(node: Node) -> None:
    node.config.unlink()
    assert not node.task([])["changed"]
    with pytest.raises(CoreError, match="does not exist, so this node does not boot with GRUB"):
        node.task(["iommu=pt"])


def test_grubby(node: Node) -> None:
    result = node.task(["iommu=pt"], tool="grubby", unwanted=["quiet"])
    assert (result["updated"], node.calls) == (["/vmlinuz"], ["grubby --update-kernel=ALL --args=iommu=pt --remove-args=quiet"])
    node.entries = {"/vmlinuz": "ro iommu=pt"}
    assert not node.task(["iommu=pt"], tool="grubby", unwanted=["quiet"])["changed"]
    node.entries["/vmlinuz-2"] = "ro iommu=pt quiet"
    assert node.task(["iommu=pt"], tool="grubby", unwanted=["quiet"])["updated"] == ["/vmlinuz-2"]
