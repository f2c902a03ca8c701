# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``railyard parse``, as a person calls it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fake_redfish.machines import machine
from rich.console import Console

from railyard.commands import parse as parse_command
from railyard.core.parse.registry import KINDS
from railyard.main import main


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    document = {
        "schema": "railyard.capture",
        "schema_version": 1,
        "node": "node1",
        "recorded": "2026-03-01T00:00:00Z",
        "commands": {"uname -a": {"rc": 0, "stdout": "Linux\n", "stderr": ""}},
        "files": {"/proc/cmdline": "quiet\n"},
    }
    path = tmp_path / "node1.capture.json"
    path.write_text(json.dumps(document))
    return path


def spoil(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_capture_is_explained(capture: Path, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", "capture", str(capture), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator(json.loads((repository / "docs/schemas/parse.capture.json").read_text())).validate(document)
    assert document["commands"] == [{"command": "uname -a", "rc": 0, "stdout_bytes": 6, "stderr_bytes": 0}]
    assert main(["parse", "capture", str(capture)]) == 0
    assert "uname -a" in capsys.readouterr().out


def test_a_command_that_told_nothing_is_status_1(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(capture, commands={"nvidia-smi -q -x": {"rc": 124, "stdout": "", "stderr": ""}})
    assert main(["parse", "capture", str(capture), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["complete"], document["warnings"]) == (False, ["nvidia-smi -q -x: did not end in time."])


def test_standard_input(capture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(capture.read_bytes())))
    assert main(["parse", "capture", "-"]) == 0
    assert "node1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"schema": "railyard.cap', "line 1, column 12: this is not JSON: "),
        ("[]", "this is JSON, but not a capture"),
        ('{"schema": "railyard.capture"}', "commands: the capture has no 'commands'."),
        ('{"schema": "railyard.capture", "files": {}, "commands": {"a": 1}}', "commands[a]: the command has no exit status."),
    ],
)
def test_what_is_no_capture(content: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    assert main(["parse", "capture", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"railyard: {path}: {sentence}")


def test_an_unknown_kind_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", "nvidia", "nothere"]) == 2
    assert capsys.readouterr().err == f"railyard: 'nvidia' is no kind of output that can be explained. There are: {', '.join(KINDS)}.\n"


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", "capture", "nothere"]) == 2
    assert capsys.readouterr().err == "railyard: nothere: the file cannot be read: No such file or directory.\n"


def test_a_saved_redfish_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    for address, resource in machine("dell", 7).items():
        path = tmp_path / address.strip("/") / "index.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(resource))
    assert main(["parse", "redfish", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "SN00007" in shown
    assert "8x NVIDIA X900 80GB" in shown

    # One resource alone may be given as a file; it is not the whole service.
    system = tmp_path / "redfish/v1/Systems/System.Embedded.1/index.json"
    assert main(["parse", "redfish", str(system), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["systems"][0]["service_tag"] == "TAG0007"

    assert main(["parse", "redfish", str(tmp_path / "nothere")]) == 2
    assert capsys.readouterr().err == f"railyard: {tmp_path}/nothere: the file cannot be read: No such file or directory.\n"


def test_every_registered_kind_is_there(repository: Path) -> None:
    modules = {path.stem for path in (repository / "plugins/module_utils/core/parse").glob("*.py")}
    assert set(KINDS.values()) - modules == set()


def shown(document: dict[str, Any], width: int, **tables: tuple[str, ...]) -> list[str]:
    """What a person sees of a document on a screen of some width."""
    output = io.StringIO()
    parse_command._show(Console(file=output, width=width, highlight=False), {"warnings": [], "faults": [], **document}, tables)
    return [line.rstrip() for line in output.getvalue().splitlines()]


def test_a_table_that_is_too_wide_becomes_several_that_begin_with_the_first_column() -> None:
    rows = [{"name": f"gpu{number}", "temperature_c": 30 + number, "pcie": {"width": 16}, "note": "x" * 20} for number in range(2)]
    columns = ("name", "temperature_c", "pcie.width", "note")
    assert shown({"gpus": rows}, 200, gpus=columns)[1:3] == [" name  temperature °C  pcie width  note", f" gpu0              30          16  {'x' * 20}"]
    assert shown({"gpus": rows}, 40, gpus=columns)[1:7] == [
        " name  temperature °C  pcie width",
        " gpu0              30          16",
        " gpu1              31          16",
        " name  note",
        f" gpu0  {'x' * 20}",
        f" gpu1  {'x' * 20}",
    ]


def test_what_is_wrong_with_several_things_is_said_once() -> None:
    faults = [{"id": "hot", "subject": f"GPU {number}", "message": "It is hot.", "hint": "Look at the fans."} for number in range(2)]
    assert shown({"faults": faults}, 200) == ["fault: GPU 0, GPU 1: It is hot. Look at the fans."]
    assert shown({}, 200) == ["no faults"]


def test_a_list_of_words_has_no_head() -> None:
    assert shown({"errors": ["out of memory", "killed"], "names": []}, 200) == ["errors:", "  out of memory", "  killed", "names: none", "no faults"]
