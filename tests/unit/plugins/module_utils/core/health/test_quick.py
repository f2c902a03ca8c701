# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks that Slurm always runs: what they ask, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.desired import Desired
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.model import Look
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.quick import LOCAL_REASON, disk_space, gpu_count, local_reason
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.seen import Seen
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult


class FakeRunner:
    """Answers the commands it knows; any other is a failure of the test."""

    def __init__(self, commands: Mapping[tuple[str, ...], CommandResult] | None = None, files: Mapping[str, str | OSError] | None = None) -> None:
        self.commands, self.files = dict(commands or {}), dict(files or {})

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        return self.commands[tuple(argv)]

    def read(self, path: str) -> str:
        if path not in self.files:
            raise FileNotFoundError(path)
        content = self.files[path]
        if isinstance(content, OSError):
            raise content
        return content

    def listdir(self, path: str) -> list[str]:
        raise NotImplementedError

    def readlink(self, path: str) -> str:
        raise NotImplementedError


def ask(check: Look, node: Mapping[str, Any], runner: FakeRunner) -> list[tuple[str, str]]:
    """Return verdict and reason of each answer."""
    return [(found.verdict, found.reason) for found in check(Desired({"name": "node1", **node}), Seen(runner, "node1", timeout_s=15.0))]


LIST = ("nvidia-smi", "-L")
LOST = "Unable to determine the device handle for GPU1: 0000:3B:00.0: GPU is lost.  Reboot the system to recover this GPU"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (CommandResult(0, "GPU 0: A (UUID: x)\n  MIG 1g.18gb     Device  0: (UUID: MIG-1)\nGPU 1: A (UUID: y)\n", ""), ""),
        (CommandResult(0, "GPU 0: A (UUID: x)\n", ""), "2 GPUs expected, 1 answer"),
        (CommandResult(0, "GPU 0: A\nGPU 1: A\nGPU 2: A\n", ""), "2 GPUs expected, 3 answer"),
        (CommandResult(0, "GPU 0: A\nGPU 1: A\nWARNING: infoROM is corrupted\n", ""), "2 GPUs expected, 2 answer: WARNING: infoROM is corrupted"),
        (CommandResult(15, f"GPU 0: A (UUID: x)\n{LOST}\n", ""), f"2 GPUs expected, 1 answer: {LOST}"),
        (CommandResult(9, "NVIDIA-SMI has failed because\n\n", ""), "2 GPUs expected, 0 answer: NVIDIA-SMI has failed because"),
        (CommandResult(6, "", "No devices were found\n"), "2 GPUs expected, 0 answer: No devices were found"),
        (CommandResult(127, "", "no such file"), "2 GPUs expected, nvidia-smi is not installed"),
        (CommandResult(124, "", ""), "2 GPUs expected, nvidia-smi -L gave no answer in 15 s"),
    ],
)
def test_gpu_count(answer: CommandResult, expected: str) -> None:
    node = {"hardware": {"gpus": {"count": 2, "vendor": "nvidia"}}}
    assert ask(gpu_count, node, FakeRunner({LIST: answer})) == [("fail" if expected else "pass", expected)]


@pytest.mark.parametrize("node", [{}, {"hardware": {}}, {"hardware": {"gpus": {}}}, {"hardware": {"gpus": {"count": 8, "vendor": "amd"}}}])
def test_gpu_count_asks_nothing_where_the_class_has_no_such_gpus(node: dict[str, Any]) -> None:
    assert ask(gpu_count, node, FakeRunner()) == []


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
    node = {"health": {"disk": {"paths": ["/", "/var"]}}}
    assert ask(disk_space, node, FakeRunner({DF: answer})) == [("fail" if expected else "pass", expected)]


def test_disk_space_asks_nothing_without_paths_and_takes_the_sites_limit() -> None:
    assert ask(disk_space, {}, FakeRunner()) == []
    full = FakeRunner({DF: CommandResult(0, HEADING + " 81%    3% /\n", "")})
    assert ask(disk_space, {"health": {"disk": {"paths": ["/", "/var"], "used_percent_max": 80}}}, full) == [("fail", "/ is 81% full, 80% is the limit")]
    with pytest.raises(CoreError, match=r"^node\.health\.disk\.used_percent_max: '80' is not a whole number\. Write it without quotes\.$"):
        ask(disk_space, {"health": {"disk": {"paths": ["/"], "used_percent_max": "80"}}}, full)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, ("pass", "")),
        ({LOCAL_REASON: "\n  prolog: scratch is not mounted \nmore\n"}, ("fail", "prolog: scratch is not mounted")),
        ({LOCAL_REASON: ""}, ("fail", "/run/railyard/unhealthy exists and gives no reason")),
        ({LOCAL_REASON: PermissionError(13, "Permission denied")}, ("inconclusive", "/run/railyard/unhealthy cannot be read (Permission denied)")),
    ],
)
def test_local_reason(files: dict[str, str | OSError], expected: tuple[str, str]) -> None:
    assert ask(local_reason, {}, FakeRunner(files=files)) == [expected]
