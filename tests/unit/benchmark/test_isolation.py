# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is promised of the search for slow things, with few seeds; the simulator that it is measured in; and that the two share no code."""

from __future__ import annotations

import ast
import json
import pathlib
import statistics
import subprocess
import sys
import typing as t

import pytest
from benchmark.slow_fabric import Fault, SlowFabric

BENCHMARK = pathlib.Path(__file__).resolve().parents[2] / "benchmark"


def run(*options: str) -> dict[str, t.Any]:
    done = subprocess.run([sys.executable, str(BENCHMARK / "isolation.py"), "--json", *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["schema"], document["schema_version"]) == ("railyard.benchmark.isolation", 1)
    return document


def test_the_promises() -> None:
    cases = run("--quick", "--seeds", "8", "--jobs", "1")["cases"]
    assert len(cases) == 2 * 4 + 7
    by = {(case["nodes"], case["kind"], case["method"]): case for case in cases if case["rails"] == 1}
    mine = by[256, "node", "railyard"]
    assert (mine["faulty"], mine["slow_percent"], mine["recall"], mine["false_positives_per_run"], mine["rounds"]) == (5, 5, 1.0, 0.0, 9)
    assert by[256, "node", "all_pairs"]["rounds"] == 255
    assert by[256, "node", "two_pass"]["false_positives_per_run"] > 0
    assert by[256, "node", "bisection"]["recall"] < 1
    for case in cases:
        if case["method"] == "railyard":
            assert (case["recall"], case["kind_named"], case["false_positives_per_run"]) == (1.0, 1.0, 0.0), case
            assert case["rounds"] <= 9


def test_a_big_cluster() -> None:
    scale = run("--scale", "1024", "8")["scale"]
    assert scale["measurements"] == 1024 // 2 * 7 * 8
    assert scale["accused"] == 22
    # A quarter of what takes at most 20 s; CPU time, as others may be at work here.
    assert scale["analysis_cpu_s"] < 5
    assert scale["peak_memory_mib"] - scale["memory_before_mib"] < 100


def test_a_broken_promise_is_an_exit_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARK))
    import isolation

    monkeypatch.setitem(isolation.METHODS, "railyard", lambda fabric: isolation.Run({("node", "node9999")}, 20, 1))
    assert isolation.main(["--quick", "--seeds", "1", "--jobs", "1", "--nodes", "256"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "5 of 256 nodes, node, 5 % slow: recall is 0.0, 0.99 is promised.",
        "5 of 256 nodes, node, 5 % slow: 1.0 false positives per run, 0.1 are promised.",
        "5 of 256 nodes, node, 5 % slow: 20 rounds, 9 are promised.",
    ]


def test_the_simulator_shares_no_code_with_the_analysis() -> None:
    imported = set()
    for node in ast.walk(ast.parse((BENCHMARK / "slow_fabric.py").read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert imported == {"__future__", "collections.abc", "dataclasses", "random"}


@pytest.mark.parametrize(
    ("fault", "slow"),
    [
        (Fault("node", 0.2, node=1), {(1, 2, 0), (1, 2, 1), (1, 5, 0), (1, 5, 1)}),
        (Fault("node", 0.2, node=1, rail=1), {(1, 2, 1), (1, 5, 1)}),
        (Fault("rail", 0.2, rail=0), {(0, 2, 0), (1, 2, 0), (1, 5, 0), (5, 6, 0), (4, 9, 0)}),
        (Fault("leaf", 0.2, leaf=1), {(1, 5, 0), (1, 5, 1), (5, 6, 0), (5, 6, 1), (4, 9, 0), (4, 9, 1)}),
        (Fault("uplink", 0.2, leaf=1), {(1, 5, 0), (1, 5, 1), (4, 9, 0), (4, 9, 1)}),
        (Fault("uplink", 0.2, leaf=1, rail=1), {(1, 5, 1), (4, 9, 1)}),
    ],
)
def test_what_a_fault_holds_back(fault: Fault, slow: set[tuple[int, int, int]]) -> None:
    fabric = SlowFabric(12, 2, 0, per_leaf=4, faults=[fault])
    ways = [(a, b, rail) for a, b in ((0, 2), (1, 2), (1, 5), (5, 6), (4, 9)) for rail in (0, 1)]
    assert {way for way in ways if fabric.carries(*way) < fabric.nominal} == slow
    assert {fabric.carries(*way) for way in slow} == {0.8 * fabric.nominal}


def test_a_pair_is_as_fast_as_the_slowest_thing_between() -> None:
    fabric = SlowFabric(12, 1, 0, per_leaf=4, faults=[Fault("node", 0.1, node=0), Fault("node", 0.3, node=5), Fault("leaf", 0.2, leaf=0)])
    assert [round(1 - fabric.carries(*pair, 0) / fabric.nominal, 6) for pair in ((0, 5), (0, 1), (5, 6), (8, 9))] == [0.3, 0.2, 0.3, 0.0]
    assert fabric.measure_group(range(12)) < 0.75 * fabric.nominal


def test_the_noise_is_as_said() -> None:
    fabric = SlowFabric(2, 1, 7)
    rates = [fabric.disturbed(1.0) for _turn in range(20_000)]
    assert statistics.mean(rate < 0.955 for rate in rates) == pytest.approx(0.02, rel=0.2)
    assert min(rates) > 0.45
    assert statistics.pstdev([rate for rate in rates if rate > 0.955]) == pytest.approx(0.01, rel=0.05)


def test_nobody_can_know_what_is_healthy() -> None:
    nominal = [SlowFabric(2, 1, seed).nominal for seed in range(50)]
    assert max(nominal) > 2 * min(nominal)
    assert SlowFabric(2, 1, 3).nominal == nominal[3]
