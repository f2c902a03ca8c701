# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes to look at: the simulated hardware of a class, in memory, with the commands that answer there."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.parts import collect_facts
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import NodeFacts
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.hardware_tree import Tree, hardware_tree
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nvidia_smi import nvidia_smi
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import apply_fault, make_profile

OWN = {"/proc/sys/kernel/hostname": "node1\n", "/proc/sys/kernel/osrelease": "6.1.0-42-amd64\n", "/etc/os-release": 'ID=debian\nVERSION_ID="12"\n'}


class Node:
    """A Runner over a tree in memory. ``commands`` answer by name, a function with the arguments or a result; the others are not installed."""

    root = "/simulated"

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.commands: dict[str, Any] = {}
        self.own = dict(OWN)
        self.asked: list[tuple[str, ...]] = []
        self.denied: set[str] = set()
        self._changed()

    def facts(self, *subset: str) -> NodeFacts:
        return collect_facts(self, root=self.root, subset=subset)

    def unseen(self, *subset: str) -> dict[str, str]:
        return {entry.part: entry.reason for entry in self.facts(*subset).unseen}

    def faults(self, *subset: str) -> list[tuple[str, str]]:
        return [(fault.id, fault.subject) for fault in self.facts(*subset).faults]

    def write(self, path: str, content: str) -> None:
        """Change a file of the hardware."""
        self.tree.files[self._resolved(path)] = content
        self._changed()

    def link(self, path: str, target: str) -> None:
        self.tree.links[self._resolved(path)] = target
        self._changed()

    def remove(self, path: str) -> None:
        """Take away a file, a link or a folder."""
        folder, _slash, name = path.rpartition("/")
        gone = f"{self._resolved(folder)}/{name}"
        for found in (self.tree.files, self.tree.links):
            for key in [key for key in found if key == gone or key.startswith(f"{gone}/")]:
                del found[key]
        self._changed()

    def _changed(self) -> None:
        self._folders: dict[str, set[str]] = {}
        self._paths: dict[str, str] = {}

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        assert timeout_s > 0
        self.asked.append(tuple(argv))
        answer = self.commands.get(argv[0], CommandResult(127, "", f"{argv[0]}: not found"))
        return answer(argv[1:]) if callable(answer) else answer

    def read(self, path: str) -> str:
        if not path.startswith(f"{self.root}/"):
            return self._get(self.own, path)
        if path.removeprefix(self.root) in self.denied:
            raise PermissionError(path)
        return self._get(self.tree.files, self._resolved(path.removeprefix(self.root)))

    def listdir(self, path: str) -> list[str]:
        if not self._folders:
            for entry in (*self.tree.files, *self.tree.links):
                while entry:
                    entry, _slash, name = entry.rpartition("/")
                    self._folders.setdefault(entry, set()).add(name)
        return sorted(self._get(self._folders, self._resolved(path.removeprefix(self.root))))

    def readlink(self, path: str) -> str:
        folder, _slash, name = path.removeprefix(self.root).rpartition("/")
        return self._get(self.tree.links, f"{self._resolved(folder)}/{name}")

    def _resolved(self, path: str) -> str:
        """Follow every link in a path."""
        if not path:
            return ""
        if path not in self._paths:
            folder, _slash, name = path.rpartition("/")
            here = f"{self._resolved(folder)}/{name}"
            target = self.tree.links.get(here)
            self._paths[path] = self._resolved(posixpath.normpath(f"{posixpath.dirname(here)}/{target}")) if target else here
        return self._paths[path]

    @staticmethod
    def _get(found: Mapping[str, Any], path: str) -> Any:
        if path not in found:
            raise FileNotFoundError(path)
        return found[path]


def smi_of(profile: dict[str, Any]) -> Callable[[Sequence[str]], CommandResult]:
    def answer(argv: Sequence[str]) -> CommandResult:
        said = nvidia_smi(profile, argv, datetime(2026, 7, 4, 8, 2, 3))
        return CommandResult(said.rc, said.stdout, said.stderr)

    return answer


def make(name: str = "h100_sxm_8", *faults: tuple[str, int | None], storage_nics: int = 2) -> Node:
    """Return a node of a class with faults: ``make("h100_sxm_8", ("gpu_lost", 2))``."""
    profile = make_profile(hardware_class(name), "node1", name, storage_nics=storage_nics)
    for kind, gpu in faults:
        profile = apply_fault(profile, kind, gpu)
    node = Node(hardware_tree(profile))
    if profile["vendor"] == "nvidia":
        node.commands["nvidia-smi"] = smi_of(profile)
    return node


def bare() -> Node:
    """Return a node without any file or command."""
    node = Node(Tree())
    node.own.clear()
    return node
