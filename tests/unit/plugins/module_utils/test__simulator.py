# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The simulator's executable: it is the tool it is called as, and under its own name the command for faults."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils import _simulator
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.hardware_tree import Tree, hardware_tree
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import make_profile
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import build

PROFILE = make_profile(hardware_class("l40s_4"), "node1", "l40s_4")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "railyard-simulator").write_bytes(build("simulator"))
    (tmp_path / "nvidia-smi").symlink_to("railyard-simulator")
    (tmp_path / "hardware.json").write_text(json.dumps(PROFILE), encoding="utf-8")
    return tmp_path


def call(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environment = {"RAILYARD_SIMULATOR_PROFILE": str(folder / "hardware.json"), "RAILYARD_SIMULATOR_HARDWARE": str(folder / "hardware")}
    return subprocess.run([sys.executable, "-IS", *argv], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def faults(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads((folder / "hardware.json").read_text(encoding="utf-8"))["faults"])


def test_is_the_tool_it_is_called_as(folder: Path) -> None:
    assert call(folder, "nvidia-smi", "-L").stdout.count("NVIDIA L40S") == 4
    assert call(folder, "nvidia-smi", "--nonsense").returncode == 2


def test_faults_come_and_go(folder: Path) -> None:
    assert call(folder, "railyard-simulator", "fault", "hot", "2", "temperature_c=88").returncode == 0
    assert call(folder, "railyard-simulator", "fault", "gpu_lost", "1").returncode == 0
    assert faults(folder) == [{"kind": "hot", "gpu": 2, "temperature_c": 88}, {"kind": "gpu_lost", "gpu": 1}]
    status = json.loads(call(folder, "railyard-simulator", "status").stdout)
    assert (status["node"], status["faults"], len(status["kernel_log"])) == ("node1", faults(folder), 1)
    assert call(folder, "nvidia-smi").returncode == 15
    assert call(folder, "railyard-simulator", "heal", "gpu_lost").returncode == 0
    assert [fault["kind"] for fault in faults(folder)] == ["hot"]
    assert call(folder, "railyard-simulator", "heal").returncode == 0
    assert faults(folder) == []


def test_the_files_of_the_hardware_follow_the_faults(folder: Path) -> None:
    devices = folder / "hardware/sys/bus/pci/devices"
    assert call(folder, "railyard-simulator", "fault", "pcie_width", "0").returncode == 0
    assert not devices.exists(), "nobody asked for them"
    assert call(folder, "railyard-simulator", "render").returncode == 0
    gpu = devices / "0000:19:00.0"
    assert (gpu / "current_link_width").read_text() == "8\n"
    assert (gpu / "driver").readlink().name == "nvidia"
    assert (folder / "hardware/sys/class/infiniband/mlx5_0/device").resolve() == (devices / "0000:1a:00.0").resolve()
    # What somebody else changed meanwhile stays.
    state = folder / "hardware/sys/class/infiniband/mlx5_0/ports/1/state"
    state.write_text("1: DOWN\n")
    assert call(folder, "railyard-simulator", "render").returncode == 0
    assert call(folder, "railyard-simulator", "fault", "gpu_absent", "0").returncode == 0
    assert not gpu.is_symlink() and not gpu.exists()
    assert len(list(devices.glob("*:3b:00.0"))) == 1
    assert call(folder, "railyard-simulator", "heal").returncode == 0
    assert (gpu / "current_link_width").read_text() == "16\n"
    assert state.read_text() == "1: DOWN\n"


def test_a_tree_goes_without_leaving_empty_folders(tmp_path: Path) -> None:
    tree = hardware_tree(PROFILE)
    _simulator.write_tree(str(tmp_path), Tree(), tree)
    assert sum(path.is_symlink() for path in tmp_path.rglob("*")) == len(tree.links)
    _simulator.write_tree(str(tmp_path), tree, Tree())
    assert list(tmp_path.iterdir()) == []


def test_a_tree_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "sys").write_text("")
    with pytest.raises(CoreError, match=r"^\S+: the simulated hardware cannot be written \(.*\)\. Only root may change it\.$"):
        _simulator.write_tree(str(tmp_path), Tree(), hardware_tree(PROFILE))


@pytest.mark.parametrize("argv", [("fault",), ("fault", "hot", "cold", "1"), ("break",)])
def test_usage_lists_the_faults(folder: Path, argv: tuple[str, ...]) -> None:
    done = call(folder, "railyard-simulator", *argv)
    assert done.returncode == 2
    assert "usage: railyard-simulator" in done.stderr and "ecc_uncorrected" in done.stderr


@pytest.mark.parametrize("text", [None, "{", "[]", '{"schema": "railyard.node"}'])
def test_bad_profile_is_one_sentence(folder: Path, text: str | None) -> None:
    path = folder / "hardware.json"
    path.unlink()
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = call(folder, "nvidia-smi", "-L")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (255, "", 1)
    assert done.stderr.startswith(f"railyard: {path}: ")


def test_reader_that_leaves_early_gets_no_traceback(folder: Path) -> None:
    words = f"'{sys.executable}' -IS nvidia-smi -q | head -1"
    environment = {"RAILYARD_SIMULATOR_PROFILE": str(folder / "hardware.json"), "PATH": "/usr/bin:/bin"}
    assert subprocess.run(["sh", "-c", words], cwd=folder, env=environment, capture_output=True, text=True, check=True).stderr == ""


def test_device_that_a_cgroup_denies_and_one_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {0: errno.EPERM, 1: errno.ENXIO, 2: errno.ENOENT, 3: errno.EACCES}

    def refuse(path: str, _flags: int) -> int:
        raise OSError(answers[int(path.removeprefix("/dev/nvidia"))], "refused")

    monkeypatch.setattr(os, "open", refuse)
    assert _simulator._denied(PROFILE) == [0, 3]
