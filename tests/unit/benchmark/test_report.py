# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The benchmark of reports: what it measures, what it prints, and what it calls too much."""

from __future__ import annotations

import importlib.util
import json
import pathlib
import typing as t

import browser
import pytest

BENCHMARK = pathlib.Path(__file__).resolve().parents[2] / "benchmark"

specification = importlib.util.spec_from_file_location("report_benchmark", BENCHMARK / "report.py")
assert specification and specification.loader
report = importlib.util.module_from_spec(specification)
specification.loader.exec_module(report)


def row(nodes: int, seconds: float | None) -> dict[str, t.Any]:
    return {"nodes": nodes, "measurements": 7, "render_s": 0.1, "bytes": 65_000, "open_s": seconds, "elements": 99, "heap_mib": 1.0}


def test_reports_are_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    opened = browser.Opened(0.25, 4.04, 1234, {})
    monkeypatch.setattr(browser, "chromium", lambda: "chromium")
    monkeypatch.setattr(browser, "open_page", lambda _path: opened)
    assert report.main(["--json", "--nodes", "4", "40", "--keep", str(tmp_path)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["too_much"]) == ("railyard.benchmark.report", [])
    first, second = document["runs"]
    assert (first["nodes"], second["nodes"], first["open_s"], first["elements"], first["heap_mib"]) == (4, 40, 0.25, 1234, 4.0)
    assert second["bytes"] == (tmp_path / "report-40.html").stat().st_size
    assert "gpu0039" in (tmp_path / "report-40.html").read_text()


def test_a_machine_without_a_browser(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "chromium", lambda: None)
    assert report.main(["--nodes", "4"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("(no Chromium)")


def test_what_is_too_much(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert report.judge([row(4, 9.0), row(1000, 2.9)], 3.0) == []
    assert report.judge([row(1000, None)], 3.0) == []
    monkeypatch.setattr(report, "measure", lambda nodes, _folder: row(nodes, 3.456))
    assert report.main(["--nodes", "1000"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        " nodes measurements render s     KB  open s elements heap MiB",
        "  1000            7     0.10     65    3.46       99      1.0",
        "too much: 1000 nodes took 3.46 s to open, more than 3 s.",
    ]
