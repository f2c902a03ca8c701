# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The benchmark of the sweep: what it plans, what it counts, and when it says no. A small one is run, through all of Ansible."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import types
import typing as t

import pytest
from fake_redfish.machines import KINDS, machine


@pytest.fixture(scope="module")
def benchmark() -> types.ModuleType:
    path = pathlib.Path(__file__).resolve().parents[2] / "benchmark/redfish_sweep.py"
    spec = importlib.util.spec_from_file_location("redfish_sweep", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_plan(benchmark: types.ModuleType) -> None:
    planned = benchmark.plan(1000, 20, 20)
    kinds = [kind for kind, _number in planned.values()]
    assert (len(planned), kinds.count("hang"), kinds.count("nonsense")) == (1000, 20, 20)
    assert list(planned)[:2] == ["127.77.0.1", "127.77.0.2"]
    assert {kind for kind in kinds if kind not in ("hang", "nonsense")} == set(KINDS) == set(benchmark.KINDS)
    assert kinds[0] == "hang"
    assert kinds[-1] != "nonsense"
    assert all(len(machine(kind)) >= 40 for kind in KINDS)


def figures(**changes: t.Any) -> dict[str, t.Any]:
    return {"seconds": 50.0, "peak_memory_mib": 200.0, "missing": [], "unexpected": [], "reported_as_failed": 40, **changes}


@pytest.mark.parametrize(
    ("changes", "sentences"),
    [
        ({}, []),
        ({"seconds": 90.1}, ["seconds is 90.1, at most 90 is allowed."]),
        ({"peak_memory_mib": 301.0}, ["peak_memory_mib is 301.0, at most 300 is allowed."]),
        ({"missing": ["SN1"]}, ["1 machines were not found, 0 were made up."]),
        ({"unexpected": ["SN1"]}, ["0 machines were not found, 1 were made up."]),
        ({"reported_as_failed": 39}, ["39 BMCs were reported as failed; 40 are."]),
    ],
)
def test_promises(changes: dict[str, t.Any], sentences: list[str], benchmark: types.ModuleType) -> None:
    assert benchmark.broken(figures(**changes), 40) == sentences


@pytest.mark.parametrize("arguments", [["--services", "1001"], ["--services", "3", "--hanging", "2", "--nonsense", "2"]])
def test_it_is_bounded(arguments: list[str], benchmark: types.ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        benchmark.parse_arguments(arguments)
    assert "at most 1000 services" in capsys.readouterr().err


def test_a_small_sweep(benchmark: types.ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--services", "12", "--hanging", "0", "--nonsense", "2", "--delay", "0.01", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["services"], document["hosts"], document["reported_as_failed"]) == ("railyard.benchmark.redfish-sweep", 12, 10, 2)
    assert document["requests_per_bmc"]["dell"] == {"bmcs": 2, "median": 12, "most": 12}
    assert document["requests_per_bmc"]["nonsense"]["most"] == 1
    assert "12 services" in benchmark.render(document)
