# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The operation counter: what counts as an operation, whose it is, and a real run over a stand-in for ssh."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

BENCHMARK = pathlib.Path(__file__).resolve().parents[2] / "benchmark"

specification = importlib.util.spec_from_file_location("remote_operations", BENCHMARK / "remote_operations.py")
assert specification and specification.loader
remote_operations = importlib.util.module_from_spec(specification)
specification.loader.exec_module(remote_operations)


@pytest.fixture
def tools(tmp_path: pathlib.Path) -> dict[str, str]:
    """An environment in which ssh, sftp and scp note their arguments, and run what is asked for on this machine."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "operations").mkdir()
    for tool in ("ssh", "sftp", "scp"):
        path = tmp_path / "bin" / tool
        path.write_text(
            f'#!/bin/sh\nprintf "%s|" {tool} "$@" >>"{tmp_path}/called"\nfor last; do :; done\ncase $last in /bin/sh*) exec /bin/sh -c "$last";; esac\n'
        )
        path.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "RAILYARD_OPERATIONS": str(tmp_path / "operations")}


@pytest.mark.parametrize(
    ("call", "counted"),
    [
        (["ssh", "-C", "-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-tt", "10.0.0.1", "/bin/true it"], "10.0.0.1"),
        (["ssh", "-p", "22", "-i", "key", "-l", "root", "node1", "uptime"], "node1"),
        (["ssh", "-p22", "root@fe80::1", "uptime"], "fe80::1"),
        (["ssh", "-O", "stop", "-o", "ControlPath=x", "node1"], None),
        (["ssh", "-o", "ControlPath=x", "-O", "check", "node1", "x"], None),
        (["ssh", "-o", "ControlPersist"], None),
        (["ssh", "-V"], None),
        (["sftp", "-b", "-", "-o", "User=root", "[10.0.0.1]"], "10.0.0.1"),
        (["sftp", "-b", "-", "[fe80::1]"], "fe80::1"),
        (["scp", "-o", "User=root", "/tmp/x", "[10.0.0.1]:/tmp/y"], "10.0.0.1"),
        (["scp", "-P", "22", "[fe80::1]:/tmp/x", "/tmp/y"], "fe80::1"),
        (["scp", "/tmp/x", "node1:/tmp/y"], "node1"),
    ],
)
def test_what_is_counted(tools: dict[str, str], tmp_path: pathlib.Path, call: list[str], counted: str | None) -> None:
    tool, *arguments = call
    subprocess.run([str(BENCHMARK / "counted" / tool), *arguments], env=tools, check=True)
    files = list((tmp_path / "operations").iterdir())
    assert [path.name for path in files] == ([counted] if counted else [])
    for path in files:
        assert path.read_text().split()[1:] == [tool]
    assert (tmp_path / "called").read_text() == "|".join(call) + "|"


EVENTS: list[dict[str, t.Any]] = [
    {"event": "node", "time": 0, "host": "node1", "address": "10.0.0.1"},
    {"event": "node", "time": 0, "host": "node2", "address": "10.0.0.2"},
    {"event": "task", "time": 1, "role": "", "task": "Gather", "uuid": "a"},
    {"event": "result", "time": 2, "uuid": "a", "host": "node1", "status": "ok"},
    {"event": "result", "time": 2, "uuid": "a", "host": "node2", "status": "ok"},
    {"event": "task", "time": 3, "role": "base", "task": "Write", "uuid": "b"},
    {"event": "result", "time": 4, "uuid": "b", "host": "node1", "status": "changed"},
    {"event": "result", "time": 5, "uuid": "b", "host": "node2", "status": "skipped"},
    {"event": "task", "time": 6, "role": "base", "task": "Run", "uuid": "c"},
    {"event": "result", "time": 7, "uuid": "c", "host": "node1", "status": "ok"},
    {"event": "end", "time": 8},
]
OPERATIONS = [(1.5, "10.0.0.1"), (1.6, "10.0.0.2"), (3.1, "10.0.0.1"), (3.2, "10.0.0.1"), (6.5, "10.0.0.1"), (6.6, "192.0.2.9")]


def test_summary() -> None:
    run = remote_operations.summarise(EVENTS, OPERATIONS, 8.04)
    assert {key: run[key] for key in ("per_node_max", "host_tasks_max", "changed", "seconds")} == {
        "per_node_max": 4,
        "host_tasks_max": 3,
        "changed": 1,
        "seconds": 8.0,
    }
    assert run["nodes"] == {
        "192.0.2.9": {"operations": 1, "host_tasks": 0, "changed": 0},
        "node1": {"operations": 4, "host_tasks": 3, "changed": 1},
        "node2": {"operations": 1, "host_tasks": 2, "changed": 0},
    }
    assert run["roles"]["base"]["operations_max"] == 3
    assert run["roles"]["base"]["seconds"] == 5.0
    assert run["roles"]["base"]["nodes"]["node2"] == {"operations": 0, "host_tasks": 1}
    assert run["tasks"][1] == {"role": "base", "task": "Write", "operations_max": 2, "host_tasks": 2, "seconds": 3.0}


def test_limits() -> None:
    run = remote_operations.summarise(EVENTS, OPERATIONS, 8)
    options = remote_operations.parse_arguments(["--max-operations", "3", "--max-host-tasks", "2"])
    assert remote_operations.exceeded({"first": run}, options) == []
    assert remote_operations.exceeded({"no_change": run}, options) == [
        "The no-change run changed 1 things on node1.",
        "node1 took 4 remote operations, 3 are allowed.",
        "node1 took 3 host-tasks, 2 are allowed.",
    ]


PLAY = """---
- name: Toy
  hosts: all
  gather_facts: false
  tasks:
    - name: Run twice
      ansible.builtin.command: "true"
      changed_when: false
      loop: [1, 2]
    - name: Skip
      ansible.builtin.command: "true"
      when: false
    - name: Write
      railyard.cluster.files:
        files:
          - {path: "{{ folder }}/{{ inventory_hostname }}", content: "x"}
"""


@pytest.mark.slow
def test_a_real_run(tools: dict[str, str], tmp_path: pathlib.Path) -> None:
    (tmp_path / "play.yml").write_text(PLAY)
    common = f"ansible_python_interpreter={sys.executable} folder={tmp_path}"
    (tmp_path / "hosts").write_text(f"[all]\nnode1 ansible_host=10.0.0.1\nnode2\n[all:vars]\naddress=10.0.0.2\n{common.replace(' ', chr(10))}\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars/node2.yml").write_text('ansible_host: "{{ address }}"\n')
    command = [sys.executable, str(BENCHMARK / "remote_operations.py"), "-i", str(tmp_path / "hosts"), "--playbook", str(tmp_path / "play.yml"), "--json"]
    done = subprocess.run(command, env=tools, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["first"]["changed"], report["no_change"]["changed"]) == (2, 0)
    for run in (report["first"], report["no_change"]):
        assert (run["per_node_max"], run["host_tasks_max"]) == (3, 3)
        assert {name: counts["operations"] for name, counts in run["nodes"].items()} == {"node1": 3, "node2": 3}
        assert [task["operations_max"] for task in run["tasks"]] == [2, 0, 1]


@pytest.mark.slow
def test_a_run_that_fails_says_so(tools: dict[str, str], tmp_path: pathlib.Path) -> None:
    (tmp_path / "play.yml").write_text("---\n- hosts: all\n  tasks: [{nothing.like.this: {}}]\n")
    command = [sys.executable, str(BENCHMARK / "remote_operations.py"), "-i", "node1,", "--playbook", str(tmp_path / "play.yml")]
    done = subprocess.run(command, env=tools, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "nothing.like.this" in done.stderr
    assert "Traceback" not in done.stderr
