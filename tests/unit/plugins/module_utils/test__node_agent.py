# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's executable on this machine: real processes, the simulator's nvidia-smi, and a strict stand-in for scontrol."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ansible_collections.railyard.cluster.plugins.module_utils._node_agent import LocalRunner, find_scripts
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import apply_fault, make_profile
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import build

CLASS = hardware_class("l40s_4")
# One node whose state is a file. Anything but the agent's two commands is refused as scontrol refuses it.
SCONTROL = """#!{python}
import json, sys
path = {state!r}
node = json.load(open(path))
arguments = sys.argv[1:]
if arguments == ["show", "node", "node1", "-o"]:
    reason = " Reason=%s [root@2026-07-14T08:05:00]" % node["reason"] if node["reason"] else ""
    print("NodeName=node1 Gres=gpu:l40s:4 State=%s ThreadsPerCore=2%s" % (node["state"], reason))
elif arguments[:3] == ["update", "nodename=node1", "state=drain"] and len(arguments) == 4 and arguments[3].startswith("reason="):
    node.update(state="IDLE+DRAIN", reason=arguments[3][7:], drains=node["drains"] + 1)
elif arguments == ["update", "nodename=node1", "state=resume"]:
    node.update(state="IDLE", reason="")
else:
    print("invalid entity:", *arguments, file=sys.stderr)
    sys.exit(1)
json.dump(node, open(path, "w"))
"""


class Node:
    """A node in a folder: its description, its checks, its last result, and what Slurm knows of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin, self.checks = root / "bin", root / "healthcheck.d"
        for folder in (self.bin, self.checks):
            folder.mkdir()
        (root / "agent.pyz").write_bytes(build("node_agent"))
        (root / "simulator.pyz").write_bytes(build("simulator"))
        self.program(self.bin / "nvidia-smi", f'exec -a nvidia-smi {sys.executable} -IS {self.bin}/../nvidia-smi "$@"', shell="bash")
        (root / "nvidia-smi").symlink_to("simulator.pyz")
        self.program(self.bin / "scontrol", SCONTROL.format(python=sys.executable, state=str(root / "slurm.json")))
        self.slurm(state="IDLE", reason="", drains=0)
        self.profile = make_profile(CLASS, "node1", "l40s_4")
        self.hardware(self.profile)
        self.describe()

    @staticmethod
    def program(path: Path, text: str, shell: str = "sh") -> Path:
        path.write_text(text if text.startswith("#!") else f"#!/bin/{shell}\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def slurm(self, **values: Any) -> None:
        (self.root / "slurm.json").write_text(json.dumps(values), encoding="utf-8")

    @property
    def in_slurm(self) -> dict[str, Any]:
        return dict(json.loads((self.root / "slurm.json").read_text(encoding="utf-8")))

    def hardware(self, profile: dict[str, Any]) -> None:
        (self.root / "hardware.json").write_text(json.dumps(profile), encoding="utf-8")

    def describe(self, **settings: Any) -> None:
        node = {"name": "node1", "hardware": CLASS, "health": {"check_timeout_s": 10, "disk": {"paths": ["/"], "used_percent_max": 100}, **settings}}
        (self.root / "node.json").write_text(json.dumps(node), encoding="utf-8")

    def check(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        words = ["health", "--config", "node.json", "--checks", "healthcheck.d", "--state", "run", *arguments]
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "RAILYARD_SIMULATOR_PROFILE": str(self.root / "hardware.json")}
        return subprocess.run(
            [sys.executable, "-IS", "agent.pyz", *words], cwd=self.root, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    @property
    def result(self) -> dict[str, Any]:
        return dict(json.loads((self.root / "run/health.json").read_text(encoding="utf-8")))


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_healthy_node(node: Node) -> None:
    done = node.check()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (node.result["healthy"], node.in_slurm["drains"]) == (True, 0)
    assert [check["name"] for check in node.result["checks"]] == ["local_reason", "gpu_count", "disk_space"]


def test_lost_gpu_drains_the_node_once_and_comes_back_only_where_wanted(node: Node) -> None:
    node.hardware(apply_fault(node.profile, "gpu_lost", 1))
    assert node.check().returncode == 1
    reason = "railyard: gpu_count: 4 GPUs expected, 3 answer: Unable to determine the device handle for GPU1: 0000:3B:00.0: GPU is lost. "
    assert node.in_slurm["reason"].startswith(reason)
    assert node.check().returncode == 1
    assert node.in_slurm["drains"] == 1
    node.hardware(node.profile)
    assert (node.check().returncode, node.in_slurm["state"]) == (0, "IDLE+DRAIN")
    node.describe(resume=True)
    assert (node.check().returncode, node.in_slurm["state"]) == (0, "IDLE")


def test_drain_of_somebody_else_is_left_alone(node: Node) -> None:
    node.slurm(state="IDLE+DRAIN", reason="cable", drains=0)
    node.describe(resume=True)
    assert node.check().returncode == 0
    node.hardware(apply_fault(node.profile, "driver_not_loaded"))
    assert node.check().returncode == 1
    assert node.in_slurm == {"state": "IDLE+DRAIN", "reason": "cable", "drains": 0}


def test_scripts_run_in_order_and_the_first_reason_counts(node: Node) -> None:
    node.program(node.checks / "20-second", "echo second is bad; exit 1")
    node.program(node.checks / "10-first", "echo 'first is bad'; echo more; exit 7")
    node.program(node.checks / "30-good", "exit 0")
    (node.checks / "40-file").write_text("echo never", encoding="utf-8")
    node.program(node.checks / "10-first~", "echo never; exit 1")
    done = node.check()
    assert done.stdout.splitlines() == [
        "10-first: unhealthy: first is bad",
        "20-second: unhealthy: second is bad",
        "40-file: broken: is not executable: chmod 0755 it or move it away",
    ]
    assert node.in_slurm["reason"] == "railyard: 10-first: first is bad (and 1 more)"


def test_file_that_cannot_be_run_is_reported_and_drains_nothing(node: Node) -> None:
    (node.checks / "10-file").write_text("x", encoding="utf-8")
    node.program(node.checks / "20-format", "#!/no/such/interpreter")
    node.program(node.checks / "30-open", "exit 1").chmod(0o777)
    done = node.check()
    assert done.returncode == 1
    assert [line.split(": ")[:2] for line in done.stdout.splitlines()] == [["10-file", "broken"], ["20-format", "broken"], ["30-open", "broken"]]
    assert (node.in_slurm["drains"], node.result["healthy"]) == (0, True)


def test_check_that_hangs_is_ended_with_what_it_started(node: Node) -> None:
    node.program(node.checks / "10-hang", f"setsid sh -c 'echo $$ > {node.root}/child; exec sleep 300' & sleep 300")
    node.program(node.checks / "20-after", f"touch {node.root}/after")
    node.describe(check_timeout_s=2)
    started = time.monotonic()
    assert node.check().stdout.splitlines() == ["10-hang: unhealthy: gave no answer in 2 s"]
    assert time.monotonic() - started < 15
    assert (node.root / "after").exists()
    child = int((node.root / "child").read_text())
    assert not os.path.exists(f"/proc/{child}") or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]
    assert node.in_slurm["reason"] == "railyard: 10-hang: gave no answer in 2 s"


def test_child_that_a_check_leaves_behind_holds_nothing_up(node: Node) -> None:
    node.program(node.checks / "10-daemon", "sleep 5 & echo started; exit 0")
    started = time.monotonic()
    assert node.check().returncode == 0
    assert time.monotonic() - started < 5


def test_result_has_the_form_of_its_schema(node: Node, repository: Path) -> None:
    schema = json.loads((repository / "docs/schemas/health.json").read_text(encoding="utf-8"))
    node.program(node.checks / "10-bad", "exit 1")
    (node.checks / "20-file").write_text("x", encoding="utf-8")
    node.check()
    jsonschema.Draft202012Validator(schema).validate(node.result)
    assert {check["status"] for check in node.result["checks"]} == {"healthy", "unhealthy", "broken"}


def test_dry_run_leaves_everything_alone(node: Node) -> None:
    node.hardware(apply_fault(node.profile, "gpu_absent", 0))
    done = node.check("--dry-run", "--json")
    assert (done.returncode, json.loads(done.stdout)["healthy"], node.in_slurm["drains"]) == (1, False, 0)
    assert not (node.root / "run").exists()


def test_second_check_beside_the_first_steps_back(node: Node) -> None:
    (node.root / "run").mkdir()
    with open(node.root / "run/health.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = node.check()
    assert (done.returncode, done.stderr) == (2, "railyard-agent: another health check is running. Wait for its end.\n")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_bad_description_is_one_sentence(node: Node, text: str) -> None:
    (node.root / "node.json").write_text(text, encoding="utf-8")
    done = node.check()
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith("railyard-agent: node.json: ") and done.stderr.endswith("Run the role node_agent again.\n")


def test_frame_takes_less_than_two_seconds_of_processor(node: Node) -> None:
    node.program(node.checks / "10-good", "exit 0")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert node.check().returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


# --- running commands ------------------------------------------------------------------------------------------------


def test_runner_reads_both_outputs_and_bounds_them() -> None:
    result = LocalRunner().run(["sh", "-c", "echo out; echo err >&2; exit 5"], 10)
    assert (result.rc, result.stdout, result.stderr) == (5, "out\n", "err\n")
    result = LocalRunner().run(["sh", "-c", "yes | head -c 5000000; echo end >&2"], 30)
    assert (result.rc, len(result.stdout), result.stderr) == (0, 65536, "end\n")


@pytest.mark.parametrize("command", ["exec >&- 2>&-; sleep 300", "sleep 300", "trap '' TERM; sleep 300"])
def test_runner_ends_what_takes_too_long(command: str) -> None:
    started = time.monotonic()
    assert LocalRunner().run(["sh", "-c", command], 0.5).rc == 124
    assert time.monotonic() - started < 5


def test_runner_never_raises_for_a_command(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("", encoding="utf-8")
    assert LocalRunner().run(["no-such-command-here"], 5).rc == 127
    assert LocalRunner().run([str(plain)], 5).rc == 126


def test_folder_without_scripts_or_that_is_not_there(tmp_path: Path) -> None:
    assert find_scripts(str(tmp_path)) == find_scripts(str(tmp_path / "none")) == []


def test_both_executables_run_on_the_oldest_python(old_python: str, node: Node) -> None:
    environment = {"RAILYARD_SIMULATOR_PROFILE": str(node.root / "hardware.json")}
    listed = subprocess.run([old_python, "-IS", "nvidia-smi", "-L"], cwd=node.root, env=environment, capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 4
    words = ["health", "--dry-run", "--json", "--config", "node.json", "--checks", "healthcheck.d"]
    checked = subprocess.run(
        [old_python, "-IS", "agent.pyz", *words], cwd=node.root, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (1, "")
    assert json.loads(checked.stdout)["schema"] == "railyard.health"


@pytest.fixture
def old_python() -> str:
    """Return a Python 3.9 of this machine."""
    find: Callable[[str], bool] = lambda path: subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0  # noqa: E731
    candidates = ["/usr/bin/python3.9", *(str(path) for path in sorted(Path.home().glob(".pyenv/versions/3.9*/bin/python3.9")))]
    for path in candidates:
        if os.path.exists(path) and find(path):
            return path
    pytest.skip("there is no Python 3.9 on this machine")
