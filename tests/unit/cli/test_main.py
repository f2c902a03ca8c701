# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command as a whole: its commands, its exit statuses, one sentence for every mistake."""

from __future__ import annotations

import pytest

from railyard import main as command
from railyard.core.errors import CoreError


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("RAILYARD_DEBUG", raising=False)
    return monkeypatch


@pytest.mark.parametrize("argv", [["--help"], ["--version"], *([name, "--help"] for name in command.COMMANDS)])
def test_help(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(argv)
    assert stopped.value.code == 0
    assert "railyard" in capsys.readouterr().out


@pytest.mark.parametrize("argv", [[], ["bogus"], ["lab"], ["lab", "degrade"], ["apply", "--no-such"], ["secrets"]])
def test_what_cannot_be_read_is_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(argv)
    assert stopped.value.code == 2
    assert "railyard" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (CoreError("it is red.", where="here", hint="Paint it."), "railyard: here: it is red. Paint it.\n"),
        (KeyboardInterrupt(), "railyard: interrupted; running it again is safe.\n"),
        (ZeroDivisionError("by zero"), "railyard: internal error: ZeroDivisionError: by zero. RAILYARD_DEBUG=1 shows where; please report it.\n"),
    ],
)
def test_every_error_is_a_sentence(error: BaseException, sentence: str, failing: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def handler(_args: object) -> int:
        raise error

    failing.setattr("railyard.commands.discover.main", handler)
    assert command.main(["discover"]) == 2
    assert capsys.readouterr().err == sentence
