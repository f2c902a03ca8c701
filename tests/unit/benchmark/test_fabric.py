# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The benchmark of fabrics: what it measures, what it prints, and what it calls too much."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import typing as t

import pytest

BENCHMARK = pathlib.Path(__file__).resolve().parents[2] / "benchmark"

specification = importlib.util.spec_from_file_location("fabric_benchmark", BENCHMARK / "fabric.py")
assert specification and specification.loader
fabric = importlib.util.module_from_spec(specification)
specification.loader.exec_module(fabric)


def row(adapters: int, seconds: float) -> dict[str, t.Any]:
    return {"adapters": adapters, "parse_s": seconds * 0.75, "model_s": seconds * 0.25}


def test_a_fabric_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert fabric.main(["--json", "--pods", "1", "--limit", "60"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["schema_version"], document["too_much"]) == ("railyard.benchmark.fabric", 1, [])
    (run,) = document["runs"]
    assert {name: run[name] for name in ("adapters", "switches", "cables", "tiers", "units", "defects")} == {
        "adapters": 1250,
        "switches": 120,
        "cables": 3500,
        "tiers": 3,
        "units": 5,
        "defects": 0,
    }
    assert 0 < run["parse_s"] < 60
    assert 10 < run["peak_mib"] < 500


def test_the_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {pods: {**row(1250 * pods, 0.1 * pods), "switches": 125 * pods, "cables": 1, "defects_s": 0.5, "peak_mib": 30.0} for pods in (1, 2)}
    monkeypatch.setattr(fabric, "measure_apart", runs.__getitem__)
    assert fabric.main(["--pods", "1", "2", "--limit", "0.15"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "adapters switches   cables  parse s  model s defects s µs/adapter peak MiB",
        "    1250      125        1    0.075    0.025     0.500         80     30.0",
        "    2500      250        1    0.150    0.050     0.500         80     30.0",
        "too much: 2500 adapters took 0.20 s, more than 0.15 s.",
    ]


def test_what_is_too_much() -> None:
    assert fabric.judge([row(1250, 0.1), row(10000, 0.8)], 4.0) == []
    assert fabric.judge([row(1250, 0.1), row(10000, 1.9)], 4.0) == ["an adapter costs 190 µs of 10000, and 80 µs of 1250."]
    assert fabric.judge([row(10000, 4.1)], 4.0) == ["10000 adapters took 4.10 s, more than 4 s."]
