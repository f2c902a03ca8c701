# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller's half of the tests of one node: it judges what the node gave back, and lets through what is no measurement."""

from __future__ import annotations

import json
import pathlib
import types
import typing as t

import pytest
from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.action import gpu_bandwidth, gpu_diag, gpu_tests, nccl_bandwidth
from ansible_collections.railyard.cluster.plugins.plugin_utils._gpu_tests import GpuTest

MACHINE = {"name": "node1", "gpus": [], "rails": [], "cpu_model": None, "sockets": None, "numa_nodes": None, "nvlink_domain": None}
NODE = {"name": "node1", "as_is": MACHINE, "as_built": MACHINE, "gpus": 8, "rails": 8, "proof": "stub", "serials": {}, "numbers": {}, "nvlink_status": ""}
OUTPUT = {"name": "x.txt", "command": "x", "rc": 127, "seconds": 0.0, "stdout": "", "stderr": ""}


def run(action: type[GpuTest], given: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
    monkeypatch.setattr(ActionBase, "_execute_module", lambda self, **_more: given)
    task = types.SimpleNamespace(async_val=0, args={}, action="x")
    plugin = action(task=task, connection=None, play_context=None, loader=None, templar=None, shared_loader_obj=None)  # type: ignore[arg-type]
    return plugin.run(task_vars={})


@pytest.mark.parametrize(
    ("action", "more", "program"),
    [
        (gpu_bandwidth.ActionModule, {"_limit_s": 600}, "nvbandwidth"),
        (gpu_diag.ActionModule, {"_limit_s": 600, "_level": 1}, "dcgmi"),
        (
            nccl_bandwidth.ActionModule,
            {
                "_asked": [{"collective": "all_reduce", "algorithm": "ring", "size_bytes": 8 << 30, "iterations": 20, "warmup": 5, "checks": 1}],
                "_launch": {"launcher": "single", "gpus": 8, "time_limit_s": 300, "host": "", "partition": ""},
            },
            "all_reduce_perf",
        ),
    ],
)
def test_the_node_s_answer_is_judged(action: type[GpuTest], more: dict[str, t.Any], program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(action, {"changed": False, "outputs": [{**OUTPUT, "nccl_logs": []}], "_node": NODE, **more}, monkeypatch)
    assert (result["verdict"], [entry["hint"] for entry in result["results"]]) == ("inconclusive", [f"{program} is not installed."])
    assert result["results"][0]["proof"] == "stub" and result["results"][0]["subject"]["name"] == "node1"
    assert sorted(result) == ["changed", "outputs", "results", "verdict"]


@pytest.mark.parametrize("given", [{"failed": True, "msg": "no"}, {"changed": False, "would_run": ["nvbandwidth"]}])
def test_what_is_no_measurement_is_let_through(given: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(gpu_bandwidth.ActionModule, given, monkeypatch) == given


SEVERAL = {
    "changed": False,
    "_node": NODE,
    "_tests": [
        {"test": "gpu_diag", "outputs": [{**OUTPUT, "name": "dcgmi-diag.txt"}], "_limit_s": 60, "_level": 1},
        {"test": "gpu_bandwidth", "outputs": [{**OUTPUT, "name": "nvbandwidth.txt"}], "_limit_s": 60},
    ],
}


def run_several(given: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch, *, check: bool = False, **arguments: t.Any) -> tuple[dict[str, t.Any], t.Any]:
    ran: list[t.Any] = []

    def execute(_action: ActionBase, *, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        assert task_vars == {"inventory_hostname": "node1"}
        ran.append(module_args)
        return given

    monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
    monkeypatch.setattr(ActionBase, "_execute_module", execute)
    task = types.SimpleNamespace(async_val=0, args=arguments, action="x", check_mode=check)
    plugin = gpu_tests.ActionModule(task=task, connection=None, play_context=None, loader=None, templar=None, shared_loader_obj=None)  # type: ignore[arg-type]
    result = plugin.run(task_vars={"inventory_hostname": "node1"})
    assert len(ran) == 1
    return result, ran[0]


def test_several_are_judged_and_bear_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    result, sent = run_several(SEVERAL, monkeypatch, node="node1", run_id="run7")
    assert sent == {"node": "node1"}
    assert sorted(result) == ["changed", "outputs", "results", "verdict"]
    told = [(entry["check"], entry["hint"], entry["proof"], entry["run_id"]) for entry in result["results"]]
    assert told == [("gpu_diag", "dcgmi is not installed.", "stub", "run7"), ("gpu_copies", "nvbandwidth is not installed.", "stub", "run7")]
    assert [output["name"] for output in result["outputs"]] == ["dcgmi-diag.txt", "nvbandwidth.txt"]


def test_results_of_several_go_to_their_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    result, sent = run_several(SEVERAL, monkeypatch, node="node1", results_folder=str(tmp_path / "gpu"))
    assert sent == {"node": "node1"}
    assert result == {"changed": False, "verdict": "inconclusive", "results_path": str(tmp_path / "gpu/node1.json")}
    kept = json.loads((tmp_path / "gpu/node1.json").read_text())
    assert (len(kept["results"]), [output["name"] for output in kept["outputs"]]) == (2, ["dcgmi-diag.txt", "nvbandwidth.txt"])


@pytest.mark.parametrize("given", [{"failed": True, "msg": "no"}, {"changed": False, "would_run": ["nvbandwidth"]}, {"skipped": True, "msg": "no GPUs"}])
def test_what_several_did_not_measure_is_let_through(given: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    assert run_several(given, monkeypatch, results_folder=str(tmp_path / "gpu"))[0] == given
    assert not (tmp_path / "gpu").exists()


def test_evidence_of_several_says_where_the_output_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    part = {"test": "gpu_diag", "outputs": [{**OUTPUT, "name": "dcgmi-diag.txt", "rc": 1, "stderr": "no"}], "_limit_s": 60, "_level": 1}
    result, _sent = run_several({**SEVERAL, "_tests": [part]}, monkeypatch)
    assert [one["file"] for one in result["results"][0]["evidence"]] == ["dcgmi-diag.txt"]
    run_several({**SEVERAL, "_tests": [part]}, monkeypatch, results_folder=f"{tmp_path}/gpu/")
    kept = json.loads((tmp_path / "gpu/node1.json").read_text())
    assert [one["file"] for one in kept["results"][0]["evidence"]] == ["gpu/node1.json: dcgmi-diag.txt"]
