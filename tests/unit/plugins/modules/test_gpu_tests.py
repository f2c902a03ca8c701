# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules that test GPUs, with the simulator's programs on PATH: what they run, what they give back, and that check mode runs nothing."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import types
import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.railyard.cluster.plugins.module_utils import _gpu_tests as shared
from ansible_collections.railyard.cluster.plugins.module_utils import _simulator
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import PROOFS
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.hardware_tree import hardware_tree
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import apply_fault, make_profile
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.programs import TEST_PROGRAMS
from ansible_collections.railyard.cluster.plugins.modules import gpu_bandwidth, gpu_diag, gpu_tests, nccl_bandwidth
from ansible_collections.railyard.cluster.plugins.plugin_utils import _gpu_tests
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import build

PROFILE = make_profile(hardware_class("h100_sxm_8"), "node1", "h100_sxm_8")
COMMON = {"node": "node1", "expected_gpus": 8, "time_limit_s": 20, "proof": "stub"}
NCCL = {
    "collectives": ["all_reduce", "all_gather"],
    "algorithms": ["default", "ring"],
    "launcher": "single",
    "partition": "",
    "gpus": None,
    "expected_rails": 8,
    "size_mib": 8192,
    "iterations": 20,
    "programs_folder": None,
}
JUDGES = {gpu_bandwidth: _gpu_tests.judge_copies, gpu_diag: _gpu_tests.judge_diagnostic, nccl_bandwidth: _gpu_tests.judge_collectives}
LAB = Path(__file__).resolve().parents[4] / "inventories/lab/group_vars/all/hardware.yml"
Task = Callable[..., dict[str, t.Any]]


class Runner:
    """The node's own files and commands."""

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        try:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, check=False)
        except FileNotFoundError:
            return CommandResult(127, "", "")
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def read(self, path: str) -> str:
        return Path(path).read_text(encoding="utf-8", errors="replace")

    def listdir(self, path: str) -> list[str]:
        return sorted(entry.name for entry in Path(path).iterdir())

    def readlink(self, path: str) -> str:
        return str(Path(path).readlink())


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    programs, root, called = tmp_path / "bin", tmp_path / "hardware", tmp_path / "called"
    programs.mkdir()
    (tmp_path / "simulator").mkdir()
    pyz = tmp_path / "simulator/simulator.pyz"
    pyz.write_bytes(build("simulator"))
    for name in ("nvidia-smi", *TEST_PROGRAMS):
        (tmp_path / "simulator" / name).symlink_to(pyz)
        own = shlex.quote(str(tmp_path / "simulator" / name))
        script = f'#!/bin/sh\necho {name} "$@" >> {shlex.quote(str(called))}\nexport RAILYARD_SIMULATOR_PROFILE={shlex.quote(str(tmp_path / "profile.json"))}\n'
        (programs / name).write_text(f'{script}exec {shlex.quote(sys.executable)} -IS {own} "$@"\n')
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def run(
        module_file: t.Any,
        params: dict[str, t.Any],
        *faults: tuple[str, int | None],
        check_mode: bool = False,
        without: str = "",
        profile: dict[str, t.Any] = PROFILE,
    ) -> dict[str, t.Any]:
        for kind, gpu in faults:
            profile = apply_fault(profile, kind, gpu)
        (tmp_path / "profile.json").write_text(json.dumps(profile))
        _simulator.write_tree(str(root), _simulator.Tree(), hardware_tree(profile))
        if without:
            (programs / without).unlink()
            (programs / f"{without}_mpi").unlink(missing_ok=True)
        module = types.SimpleNamespace(params={**COMMON, "hardware_root": str(root), **params}, check_mode=check_mode)
        called.write_text("")
        given = json.loads(json.dumps(module_file.work(t.cast(t.Any, module), t.cast(t.Any, Runner()))))
        if module_file is gpu_tests:
            result = _gpu_tests.conclude_several(given, "run1") if "_node" in given else given
        else:
            result = _gpu_tests.conclude(given, JUDGES[module_file](given)) if "_node" in given else given
        assert not [name for name in result if name.startswith("_")]
        lines = called.read_text().splitlines()
        return {
            **result,
            "called": [line.split()[0] for line in lines if "-h" not in line and "nvidia-smi" not in line],
            "looks": lines.count("nvidia-smi nvlink --status"),
        }

    return run


def copies(**more: t.Any) -> dict[str, t.Any]:
    return {"testcases": ["host_to_device_memcpy_ce"], "samples": None, **more}


def test_copies(task: Task) -> None:
    result = task(gpu_bandwidth, copies())
    assert (result["changed"], result["verdict"], len(result["results"]), result["called"]) == (False, "pass", 9, ["nvbandwidth"])
    assert result["outputs"][0]["name"] == result["results"][0]["evidence"][0]["file"] and "Passed" in result["outputs"][0]["stdout"]
    faulty = task(gpu_bandwidth, copies(), ("pcie_width", 3))
    assert faulty["verdict"] == "fail"
    assert [entry["subject"]["name"] for entry in faulty["results"] if entry["verdict"] != "pass"] == ["node1 0000:5d:00.0"]


def test_the_diagnostic(task: Task) -> None:
    assert task(gpu_diag, {"level": 1})["verdict"] == "pass"
    assert task(gpu_diag, {"level": 2}, ("ecc_uncorrected", 1))["verdict"] == "fail"


def test_collectives(task: Task) -> None:
    result = task(nccl_bandwidth, NCCL)
    assert result["verdict"] == "pass" and result["called"] == ["all_reduce_perf"] * 2 + ["all_gather_perf"] * 2
    checks = [entry["check"] for entry in result["results"]]
    assert sorted(checks) == sorted(
        [f"nccl_{name}_{algorithm}" for name in ("all_reduce", "all_gather") for algorithm in ("default", "ring")] + ["nccl_adapters", "nccl_gpudirect"]
    )
    assert "NET/IB : Using" in result["outputs"][0]["nccl_logs"][0]


def test_a_hang_is_ended(task: Task) -> None:
    result = task(nccl_bandwidth, {**NCCL, "collectives": ["all_reduce"], "algorithms": ["ring"], "time_limit_s": 2}, ("nccl_hang", None))
    assert result["verdict"] == "fail" and "It hung: 8 GPUs took part" in result["results"][0]["hint"]


def test_what_follows_from_both_algorithms_is_told(task: Task) -> None:
    result = task(nccl_bandwidth, {**NCCL, "collectives": ["all_reduce"]}, ("slow_nvlink", 0))
    slow = [entry["hint"] for entry in result["results"] if entry["verdict"] == "fail"]
    assert len(slow) == 2 and all("an NVLink or a GPU is the matter" in hint for hint in slow)


@pytest.mark.parametrize(
    ("module_file", "params", "words"),
    [
        (gpu_bandwidth, copies(), "nvbandwidth --json --testcase host_to_device_memcpy_ce"),
        (gpu_diag, {"level": 3}, "dcgmi diag -r 3 -j"),
        (nccl_bandwidth, NCCL, "all_reduce_perf -b 8589934592"),
    ],
)
def test_check_mode_runs_nothing(task: Task, module_file: t.Any, params: dict[str, t.Any], words: str) -> None:
    result = task(module_file, params, check_mode=True)
    assert result["called"] == [] and not result["changed"]
    assert result["would_run"][0].startswith(words) or words in result["would_run"][0]


@pytest.mark.parametrize(
    ("module_file", "params", "program"),
    [(gpu_bandwidth, copies(), "nvbandwidth"), (gpu_diag, {"level": 1}, "dcgmi"), (nccl_bandwidth, {**NCCL, "collectives": ["all_reduce"]}, "all_reduce_perf")],
)
def test_a_program_that_is_not_there(task: Task, module_file: t.Any, params: dict[str, t.Any], program: str) -> None:
    result = task(module_file, params, without=program)
    assert result["verdict"] == "inconclusive"
    assert {entry["hint"] for entry in result["results"]} == {f"{program} is not installed."}
    assert all("PATH" in entry["remediation"] or "Install" in entry["remediation"] for entry in result["results"])


def test_programs_elsewhere(task: Task, tmp_path: Path) -> None:
    folder = tmp_path / "opt"
    folder.mkdir()
    (folder / "all_reduce_perf_mpi").symlink_to(tmp_path / "bin/all_reduce_perf_mpi")
    params = {**NCCL, "collectives": ["all_reduce"], "programs_folder": str(folder)}
    assert f"{folder}/all_reduce_perf_mpi -b" in task(nccl_bandwidth, params, check_mode=True)["would_run"][0]


def several(**more: t.Any) -> dict[str, t.Any]:
    """Return the parameters of gpu_tests as Ansible fills them in."""
    checked = ArgumentSpecValidator(gpu_tests.arguments()).validate({"node": "node1", "expected_gpus": 8, "expected_rails": 8, "proof": "stub", **more})
    assert checked.error_messages == []
    # Where the hardware is, the fixture says.
    return {name: value for name, value in checked.validated_parameters.items() if name != "hardware_root"}


def test_several_are_run_in_order_after_one_look(task: Task) -> None:
    result = task(gpu_tests, several(tests=["gpu_diag", "nccl_bandwidth", "gpu_bandwidth", "gpu_diag"], nccl_bandwidth={"collectives": ["all_reduce"]}))
    assert (result["verdict"], result["changed"], result["looks"]) == ("pass", False, 1)
    assert result["called"] == ["dcgmi", "all_reduce_perf", "all_reduce_perf", "nvbandwidth"]
    assert {(entry["run_id"], entry["proof"]) for entry in result["results"]} == {("run1", "stub")}
    checks = {entry["check"] for entry in result["results"]}
    assert {"nccl_all_reduce_ring", "gpu_copies", "host_to_device_memcpy_ce"} <= checks and any(check.startswith("gpu_diag_") for check in checks)
    named = {entry["file"] for one in result["results"] for entry in one["evidence"]}
    assert named <= {output["name"] for output in result["outputs"]}


def test_several_with_their_own_options(task: Task) -> None:
    given = several(
        tests=["gpu_diag", "gpu_bandwidth"], gpu_diag={"level": 2}, gpu_bandwidth={"testcases": ["host_to_device_memcpy_ce"], "samples": 5}, expected_gpus=None
    )
    result = task(gpu_tests, given, check_mode=True)
    assert result["called"] == [] and "results" not in result
    assert result["would_run"] == ["dcgmi diag -r 2 -j", "nvbandwidth --testSamples 5 --json --testcase host_to_device_memcpy_ce"]


@pytest.mark.parametrize("wrong", [{"tests": ["gpu_burn"]}, {"gpu_diag": {"level": 4}}, {"nccl_bandwidth": {"collective": ["all_reduce"]}}])
def test_several_take_no_other_options(wrong: dict[str, t.Any]) -> None:
    assert ArgumentSpecValidator(gpu_tests.arguments()).validate({"node": "node1", **wrong}).error_messages


@pytest.mark.parametrize("expected", [None, 0])
def test_a_node_without_gpus_is_left_alone(task: Task, expected: int | None) -> None:
    bare = make_profile({}, "node1", "bare")
    result = task(gpu_tests, several(expected_gpus=expected), profile=bare)
    assert (result["skipped"], result["called"], result["looks"]) == (True, [], 1)
    assert result["msg"] == "node1 has no GPUs, and none are expected: nothing was tested." and "verdict" not in result


def test_gpus_that_should_be_there_and_are_not(task: Task) -> None:
    result = task(gpu_tests, several(), profile=make_profile({}, "node1", "bare"))
    assert result["verdict"] != "pass" and "skipped" not in result


@pytest.mark.parametrize(
    ("fault", "gpu", "checks"),
    [
        (
            "slow_nvlink",
            1,
            {
                "device_to_device_memcpy_read_ce": ["node1 0000:3b:00.0"],
                "device_to_device_memcpy_write_ce": ["node1 0000:3b:00.0"],
                "nccl_all_reduce_default": ["node1"],
                "nccl_all_reduce_ring": ["node1"],
            },
        ),
        ("wrong_data", 2, {"gpu_copies": ["node1"], "nccl_all_reduce_default": ["node1"], "nccl_all_reduce_ring": ["node1"]}),
    ],
)
def test_faults_of_a_node_of_the_lab(task: Task, fault: str, gpu: int, checks: dict[str, list[str]]) -> None:
    """What the Molecule scenario validation finds there."""
    classes = yaml.safe_load(LAB.read_text())["railyard_hardware_classes"]
    profile = make_profile(hardware_class("lab_h100_4", classes), "node1", "lab_h100_4")
    given = several(expected_gpus=4, expected_rails=2, nccl_bandwidth={"collectives": ["all_reduce"]})
    assert task(gpu_tests, given, profile=profile)["verdict"] == "pass"
    found: dict[str, list[str]] = {}
    for entry in task(gpu_tests, given, (fault, gpu), profile=profile)["results"]:
        if entry["verdict"] != "pass":
            found.setdefault(entry["check"], []).append(entry["subject"]["name"])
    assert found == checks


def test_proofs_are_those_of_results() -> None:
    assert shared.COMMON["proof"]["choices"] == list(PROOFS)
