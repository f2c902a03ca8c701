# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module on a simulated machine, with the agent as it is installed: real processes, a folder as hardware, and the simulator's nvidia-smi."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import typing as t
import zlib

import jsonschema
import pytest

from ansible_collections.railyard.cluster.plugins.module_utils._simulator import write_tree
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.hardware_tree import Tree, hardware_tree
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import apply_fault, make_profile
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import build

CLASS = "l40s_4"
DIGEST = hashlib.sha256(build("node_agent")).hexdigest()


class Machine:
    """A machine in a folder."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.bin = root / "bin"
        self.bin.mkdir()
        (root / "agent.pyz").write_bytes(build("node_agent"))
        (root / "nvidia-smi").write_bytes(build("simulator"))
        (self.bin / "nvidia-smi").write_text(f'#!/bin/bash\nexec -a nvidia-smi {sys.executable} -IS {root}/nvidia-smi "$@"\n')
        (self.bin / "nvidia-smi").chmod(0o755)
        self.profile = make_profile(hardware_class(CLASS), "node1", CLASS)
        self.tree = Tree()
        self.set(self.profile)
        self.node = {"name": "node1", "hardware_class": CLASS, "hardware": hardware_class(CLASS), "hardware_root": str(root / "hardware"), "health": {}}

    def set(self, profile: dict[str, t.Any]) -> None:
        (self.root / "hardware.json").write_text(json.dumps(profile))
        write_tree(str(self.root / "hardware"), self.tree, hardware_tree(profile))
        self.tree = hardware_tree(profile)

    def ask(self, *, check: bool = False, **options: t.Any) -> dict[str, t.Any]:
        wanted = {"node": self.node, "agent": str(self.root / "agent.pyz"), "agent_sha256": DIGEST, "state_folder": str(self.root / "run"), **options}
        arguments = {
            "ANSIBLE_MODULE_ARGS": {**wanted, "_ansible_check_mode": check, "_ansible_remote_tmp": str(self.root), "_ansible_keep_remote_files": False}
        }
        environment = {"PATH": f"{self.bin}:/usr/bin:/bin", "RAILYARD_SIMULATOR_PROFILE": str(self.root / "hardware.json"), "PYTHONPATH": PATHS}
        done = subprocess.run(
            [sys.executable, "-m", "ansible_collections.railyard.cluster.plugins.modules.node_health"],
            input=json.dumps(arguments), capture_output=True, text=True, env=environment, check=False,
        )  # fmt: skip
        return dict(json.loads(done.stdout.splitlines()[-1])) if done.stdout else {"crashed": done.stderr}

    def verdicts(self, **options: t.Any) -> dict[str, str]:
        return {result["check"]: result["verdict"] for result in self.ask(**options)["results"]}


PATHS = str(pathlib.Path(__file__).resolve().parents[4] / ".ansible/collections")


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def test_a_healthy_machine(machine: Machine, repository: pathlib.Path) -> None:
    answer = machine.ask(facts=True, run_id="r1")
    assert (answer.get("changed"), answer.get("failed")) == (False, None), answer
    hardware = {result["check"]: result["verdict"] for result in answer["results"] if result["proof"] == "stub" and result["check"] != "acs"}
    assert set(hardware.values()) == {"pass"}, answer
    assert {"gpu_count", "xid", "rails", "pcie_link", "memory"} <= set(hardware)
    assert {result["run_id"] for result in answer["results"]} == {"r1"}
    jsonschema.Draft202012Validator(json.loads((repository / "docs/schemas/facts.json").read_text())).validate(answer["document"])


def test_a_lost_gpu_is_named_with_what_the_tool_said(machine: Machine) -> None:
    machine.set(apply_fault(machine.profile, "gpu_lost", 1))
    answer = machine.ask(checks=["gpu_count", "gpu_driver", "xid"])
    assert answer["worst"] == "fail"
    assert [result["subject"]["name"] for result in answer["results"]] == ["node1", "node1 GPU 0000:3b:00.0", "node1 GPU 0000:3b:00.0"]
    assert "GPU is lost" in answer["raw"]["nvidia-smi -L"]
    assert "document" not in answer


def test_counters_are_kept_for_the_next_look_but_not_in_check_mode(machine: Machine) -> None:
    kept = machine.root / "run/counters.json"
    machine.ask(checks=["rail_errors"], check=True)
    assert not kept.exists()
    assert machine.verdicts(checks=["rail_errors"]) == {"rail_errors": "pass"}
    assert json.loads(kept.read_text())["schema"] == "railyard.health-counters"
    name = machine.profile["nics"][0]["name"]
    (machine.root / f"hardware/sys/class/infiniband/{name}/ports/1/counters/link_downed").write_text("1\n")
    assert machine.verdicts(checks=["rail_errors"]) == {"rail_errors": "warn"}
    assert machine.verdicts(checks=["rail_errors"]) == {"rail_errors": "pass"}
    kept.write_text("{ damaged")
    assert machine.verdicts(checks=["rail_errors"]) == {"rail_errors": "pass"}


def test_a_machine_without_the_agent_or_with_another_says_so_and_takes_the_one_that_is_sent(machine: Machine) -> None:
    for other in ({"agent": str(machine.root / "none")}, {"agent_sha256": "0" * 64}):
        answer = machine.ask(**other)
        assert (answer["agent_missing"], "results" in answer) == (True, False)
    program = base64.b64encode(zlib.compress(build("node_agent"))).decode()
    assert machine.ask(agent=str(machine.root / "none"), agent_program=program, checks=["gpu_count"])["worst"] == "pass"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"node": {"name": ""}}, "node: it names no node. "),
        ({"checks": ["gpu_cuont"]}, "checks: there is no check 'gpu_cuont'. Did you mean gpu_count?"),
        ({"node": None, "description": "/nowhere/node.json"}, "/nowhere/node.json: it cannot be read ("),
    ],
)
def test_what_is_wrong_is_one_sentence(machine: Machine, options: dict[str, t.Any], message: str) -> None:
    answer = machine.ask(**options)
    assert answer.get("failed") is True, answer
    assert answer["msg"].startswith(message)


def test_the_description_on_the_node_is_read_where_none_is_given(machine: Machine) -> None:
    path = machine.root / "node.json"
    path.write_text(json.dumps(machine.node))
    assert machine.verdicts(node=None, description=str(path), checks=["gpu_count"]) == {"gpu_count": "pass"}
