# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Test programs as executables: a pair meets over TCP, files are written and not replaced, programs hang and die."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.perftest import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import apply_fault, make_profile
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.programs import TEST_PROGRAMS
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import build

PROFILE = make_profile(hardware_class("h100_sxm_8"), "node1", "h100_sxm_8")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programs")
    (folder / "railyard-simulator").write_bytes(build("simulator"))
    for name in TEST_PROGRAMS:
        (folder / name).symlink_to("railyard-simulator")
    return folder


@pytest.fixture
def start(programs: Path, tmp_path: Path) -> Start:
    def start(name: str, *argv: str, kind: str = "", gpu: int | None = None, node: str = "node1", environment: dict[str, str] | None = None) -> Any:
        profile = {**(apply_fault(PROFILE, kind, gpu) if kind else PROFILE), "node": node}
        path = tmp_path / f"{node}.json"
        path.write_text(json.dumps(profile), encoding="utf-8")
        own = {"RAILYARD_SIMULATOR_PROFILE": str(path), **(environment or {})}
        return subprocess.Popen(
            [sys.executable, "-IS", str(programs / name), *argv], cwd=tmp_path, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_pair_meets(start: Start) -> None:
    port = str(free_port())
    asked = ("-d", "mlx5_0", "-p", port, "--report_gbits")
    server = start("ib_write_bw", *asked, kind="slow_rail", node="node2")
    for _attempt in range(50):
        client = start("ib_write_bw", *asked, "127.0.0.1")
        text, said = client.communicate(timeout=30)
        if client.returncode == 0:
            break
        assert said == f"Couldn't connect to 127.0.0.1:{port}\n Unable to init the socket connection\n"
    other = server.communicate(timeout=30)[0]
    rates = [parse(output).rows[0].bw_avg_gbits_per_s for output in (text, other)]
    assert rates[0] == rates[1] == pytest.approx(400 * 0.985 * 0.7, rel=0.02)
    assert "* Waiting for client to connect... *" in other and server.returncode == 0


def test_what_does_not_fit_together(start: Start) -> None:
    port = free_port()
    server = start("ib_read_bw", "-p", str(port))
    for _attempt in range(50):
        client = start("ib_write_bw", "-p", str(port), "127.0.0.1")
        said = client.communicate(timeout=30)[1]
        if "Couldn't" not in said:
            break
    assert (client.returncode, said) == (1, " Failed to exchange data between server and clients\n")
    assert server.communicate(timeout=30)[1] == said


def test_a_server_ends_when_its_client_says_nothing_of_sense(start: Start) -> None:
    port = free_port()
    server = start("ib_write_bw", "-p", str(port))
    for _attempt in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(b"hello\n")
            break
        except OSError:
            time.sleep(0.05)
    assert server.communicate(timeout=30)[1] == " Failed to exchange data between server and clients\n"


def test_files_are_not_replaced(start: Start, tmp_path: Path) -> None:
    for name in ("out.json", "out.json.0"):
        process = start("all_reduce_perf", "-g", "8", "-J", "out.json", environment={"NCCL_DEBUG": "INFO", "NCCL_DEBUG_FILE": "log.%h"})
        assert process.communicate(timeout=30)[0].startswith(f"# Writing JSON output to {name}\n")
        assert json.loads((tmp_path / name).read_text())["version"] == 3
    assert "NET/IB : Using" in (tmp_path / "log.node1").read_text()
    process = start("all_reduce_perf", "-g", "8", "-J", "nowhere/out.json")
    assert process.communicate(timeout=30)[0].startswith("# skipping json output; nowhere/out.json not accessible\n")
    assert process.returncode == 0


def test_a_hang_and_a_crash(start: Start) -> None:
    hanging = start("all_reduce_perf_mpi", "-g", "8", kind="nccl_hang")
    assert hanging.stdout is not None and hanging.stdout.readline().startswith("# nccl-tests version")
    with pytest.raises(subprocess.TimeoutExpired):
        hanging.communicate(timeout=1.5)
    os.kill(hanging.pid, signal.SIGTERM)
    hanging.communicate(timeout=10)
    crashing = start("all_reduce_perf", "-g", "8", kind="nccl_crash")
    assert "Rank  7" in crashing.communicate(timeout=30)[0] and crashing.returncode == -signal.SIGSEGV


def test_the_others(start: Start) -> None:
    copies, diagnostic = start("nvbandwidth", "-t", "host_to_device_memcpy_ce"), start("dcgmi", "diag", "-r", "1", kind="persistence_off", gpu=1)
    assert "SUM host_to_device_memcpy_ce" in copies.communicate(timeout=30)[0] and copies.returncode == 0
    assert "GPU1: Fail" in diagnostic.communicate(timeout=30)[0] and diagnostic.returncode == 226
