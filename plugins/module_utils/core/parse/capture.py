# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A capture: what ``railyard capture`` recorded on a node. One JSON document, ``{commands, files}``."""

from __future__ import annotations

from typing import Any

from ..errors import CoreError
from ..model.capture import Capture, CapturedCommand, CapturedFile
from .values import load_json

MISSING_RC = 127
TIMEOUT_RC = 124

TABLES = {"commands": ("command", "rc", "stdout_bytes", "stderr_bytes"), "files": ("path", "bytes")}


def load(text: str) -> dict[str, Any]:
    """Return a capture's document, checked. Raises ``CoreError`` for a text that is none."""
    document = load_json(text)
    if not isinstance(document, dict) or document.get("schema") != "railyard.capture":
        raise CoreError("this is JSON, but not a capture: 'schema' is not 'railyard.capture'.", hint="railyard capture NODE records one.")
    for name in ("commands", "files"):
        if not isinstance(document.get(name), dict):
            raise CoreError(f"the capture has no {name!r}.", where=name, hint="Record it again.")
    for command, answer in document["commands"].items():
        if not isinstance(answer, dict) or not isinstance(answer.get("rc"), int):
            raise CoreError("the command has no exit status.", where=f"commands[{command}]", hint="Record it again.")
    return document


def parse(text: str) -> Capture:
    """Say what a capture holds, and which commands told nothing."""
    document = load(text)
    commands = tuple(
        CapturedCommand(command, answer["rc"], _size(answer.get("stdout")), _size(answer.get("stderr"))) for command, answer in document["commands"].items()
    )
    warnings = tuple(f"{entry.command}: {_trouble(entry.rc)}." for entry in commands if entry.rc)
    return Capture(
        node=str(document.get("node", "")),
        recorded=str(document.get("recorded", "")),
        commands=commands,
        files=tuple(CapturedFile(path, _size(content)) for path, content in document["files"].items()),
        complete=not warnings,
        warnings=warnings,
    )


def _size(text: object) -> int:
    return len(str(text or "").encode("utf-8", "replace"))


def _trouble(rc: int) -> str:
    return {MISSING_RC: "is not installed", TIMEOUT_RC: "did not end in time"}.get(rc, f"ended with status {rc}")
