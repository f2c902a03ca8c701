# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What report asks for, shows and answers, and what it refuses before anything is started."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console
from run_generator import make_run

from railyard.commands import report
from railyard.core.errors import CoreError
from railyard.main import build_parser, main
from railyard.request import RunRequest
from railyard.result import RunResult, TaskResult

ANSWER: dict[str, Any] = {
    "changed": True,
    "path": "/state/runs/2/report.html",
    "format": "html",
    "run": "2",
    "previous": "1",
    "verdict": "fail",
    "message": "[node3] is not as it should be.",
    "counts": {"pass": 18, "warn": 0, "fail": 1, "inconclusive": 0},
    "simulated": 0,
}


def result(**changes: Any) -> RunResult:
    told = TaskResult("localhost", "Render the run", report.MODULE, {**ANSWER, **changes})
    return RunResult(RunRequest("railyard.cluster.report", "site"), "3", "done", 0, "", 1.0, "", results=(told,))


def shown(**changes: Any) -> list[str]:
    output = io.StringIO()
    report._show(Console(file=output, width=40), result(**changes))
    return output.getvalue().splitlines()


def test_requests(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    collect = ("railyard.cluster.report",)
    variables = {"report_format": "html", "report_run": ""}
    assert report.build_request(build_parser().parse_args(["report"])) == RunRequest(
        "railyard.cluster.report", "inventories/lab", extra_vars=variables, collect=collect
    )
    arguments = build_parser().parse_args(["report", "-i", "a,", "--format", "junit", "--run", "7", "-o", "out/x.xml", "-vv"])
    variables = {"report_format": "junit", "report_run": "7", "report_path": str(repository / "out/x.xml")}
    assert report.build_request(arguments) == RunRequest("railyard.cluster.report", "a,", extra_vars=variables, verbosity=2, collect=collect)


def test_the_playbook_is_there(repository: Path) -> None:
    assert (repository / "playbooks/report.yml").is_file()


@pytest.mark.parametrize(("counts", "status"), [({"fail": 0, "warn": 3}, 0), ({"fail": 1}, 1)])
def test_status(counts: dict[str, int], status: int) -> None:
    assert report._judge(result(counts={**ANSWER["counts"], **counts})) == status


def test_what_is_shown() -> None:
    assert shown() == ["[node3] is not as it should be.", "/state/runs/2/report.html"]
    assert shown(simulated=19)[1] == "  19 of 19 results were simulated (grade stub)"


def test_the_document_has_the_form_of_its_schema(repository: Path) -> None:
    schema = json.loads((repository / "docs/schemas/report.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(report._document(result()))


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAILYARD_STATE_DIR", str(tmp_path))
    return tmp_path / "runs"


def write(runs: Path, name: str, text: str) -> None:
    (runs / name).mkdir(parents=True)
    (runs / name / "findings.json").write_text(text)


@pytest.mark.parametrize(
    ("text", "run", "said"),
    [
        (None, "", "{runs}: no run has findings yet. railyard validate makes one."),
        ("{}", "2", "{runs}: there is no run 2 with findings. The last is 1."),
        ("{", "", "{runs}/1/findings.json: the record is no JSON: "),
        ("{}", "1", "{runs}/1/findings.json: the field schema is missing. "),
    ],
)
def test_what_cannot_be_rendered_is_told_before_anything_is_started(
    runs: Path, capsys: pytest.CaptureFixture[str], text: str | None, run: str, said: str
) -> None:
    if text is not None:
        write(runs, "1", text)
    assert main(["report", *(["--run", run] if run else [])]) == 2
    told = capsys.readouterr()
    assert told.err.startswith(f"railyard: {said.format(runs=runs)}")
    assert (told.err.count("\n"), told.out) == (1, "")
    assert not (runs / "1/events.jsonl").exists()


def test_a_record_that_can_be_rendered(runs: Path) -> None:
    write(runs, "1", json.dumps(make_run().to_dict()))
    report.check_record(runs, "")
    report.check_record(runs, "1")
    (runs / "2").mkdir()
    (runs / "2/findings.json").mkdir()
    with pytest.raises(CoreError, match="the record cannot be read: Is a directory"):
        report.check_record(runs, "")


def test_the_whole_command(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(runs, "1", json.dumps(make_run(run_id="1").to_dict()))
    assert main(["report", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["schema"], answer["run"], answer["verdict"]) == ("railyard.report", "1", "pass")
    assert Path(answer["path"]).read_text().startswith("<!DOCTYPE html>")
