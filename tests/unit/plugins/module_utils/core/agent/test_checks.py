# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The built-in checks: what they ask, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.agent.checks import LOCAL_REASON, disk_space, gpu_count, local_reason
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult


class FakeRunner:
    """Answers the commands it knows; any other is a failure of the test."""

    def __init__(self, commands: Mapping[tuple[str, ...], CommandResult] | None = None, files: Mapping[str, str] | None = None) -> None:
        self.commands, self.files = dict(commands or {}), dict(files or {})

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        return self.commands[tuple(argv)]

    def read(self, path: str) -> str:
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]

    def listdir(self, path: str) -> list[str]:
        raise NotImplementedError

    def readlink(self, path: str) -> str:
        raise NotImplementedError


LIST = ("nvidia-smi", "-L")
LOST = "Unable to determine the device handle for GPU1: 0000:3B:00.0: GPU is lost.  Reboot the system to recover this GPU"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (CommandResult(0, "GPU 0: A (UUID: x)\n  MIG 1g.18gb     Device  0: (UUID: MIG-1)\nGPU 1: A (UUID: y)\n", ""), ""),
        (CommandResult(0, "GPU 0: A (UUID: x)\n", ""), "2 GPUs expected, 1 answer"),
        (CommandResult(0, "GPU 0: A\nGPU 1: A\nGPU 2: A\n", ""), "2 GPUs expected, 3 answer"),
        (CommandResult(15, f"GPU 0: A (UUID: x)\n{LOST}\n", ""), f"2 GPUs expected, 1 answer: {LOST}"),
        (CommandResult(9, "NVIDIA-SMI has failed because\n\n", ""), "2 GPUs expected, 0 answer: NVIDIA-SMI has failed because"),
        (CommandResult(6, "", "No devices were found\n"), "2 GPUs expected, 0 answer: No devices were found"),
        (CommandResult(127, "", "no such file"), "2 GPUs expected, nvidia-smi is not installed"),
        (CommandResult(124, "", ""), "2 GPUs expected, nvidia-smi -L gave no answer in 15 s"),
    ],
)
def test_gpu_count(answer: CommandResult, expected: str) -> None:
    node = {"hardware": {"gpus": {"count": 2, "vendor": "nvidia"}}}
    assert gpu_count(node, FakeRunner({LIST: answer}), 15.0) == expected


@pytest.mark.parametrize("node", [{}, {"hardware": {}}, {"hardware": {"gpus": {}}}, {"hardware": {"gpus": {"count": 8, "vendor": "amd"}}}])
def test_gpu_count_asks_nothing_where_the_class_has_no_such_gpus(node: dict[str, Any]) -> None:
    assert gpu_count(node, FakeRunner(), 15.0) == ""


DF = ("df", "--output=pcent,ipcent,target", "--", "/", "/var")
HEADING = "Use% IUse% Mounted on\n"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (CommandResult(0, HEADING + " 97%    3% /\n 10%     - /var\n", ""), ""),
        (CommandResult(0, HEADING + " 10%    3% /\n 98%    1% /var\n", ""), "/var is 98% full, 97% is the limit"),
        (CommandResult(0, HEADING + " 10%  100% /\n 10%    1% /my data\n", ""), "/ is 100% out of inodes, 97% is the limit"),
        (CommandResult(0, HEADING + " 99%    1% /my data\n", ""), "/my data is 99% full, 97% is the limit"),
        (CommandResult(1, HEADING + " 10%    3% /\n", "df: /var: No such file or directory\n"), "df: /var: No such file or directory"),
        (CommandResult(124, "", ""), "df gave no answer in 15 s, a file system hangs"),
    ],
)
def test_disk_space(answer: CommandResult, expected: str) -> None:
    assert disk_space({"health": {"disk": {"paths": ["/", "/var"]}}}, FakeRunner({DF: answer}), 15.0) == expected


def test_disk_space_asks_nothing_without_paths() -> None:
    assert disk_space({}, FakeRunner(), 15.0) == ""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ""),
        ({LOCAL_REASON: "\n  prolog: scratch is not mounted \nmore\n"}, "prolog: scratch is not mounted"),
        ({LOCAL_REASON: ""}, "/run/railyard/unhealthy exists and gives no reason"),
    ],
)
def test_local_reason(files: dict[str, str], expected: str) -> None:
    assert local_reason({}, FakeRunner(files=files), 15.0) == expected
