# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The log of a run: one file, one JSON document per line, for its owner only."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from railyard.core.errors import CoreError


def new_run_id(now: datetime) -> str:
    """Return a name that sorts by time and does not meet another run's: ``20260301-142501-5f3a``."""
    return f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class RunLog:
    """Writes ``<state>/runs/<id>/events.jsonl``."""

    def __init__(self, state: Path, run_id: str) -> None:
        folder = state / "runs" / run_id
        try:
            # makedirs gives its mode to the last folder only: each is made, and made private, on its own.
            for path in (*reversed(folder.parents), folder):
                if not path.is_dir():
                    path.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(folder / "events.jsonl", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            hint = "Run it as root, or name another folder in RAILYARD_STATE_DIR." if isinstance(error, PermissionError) else ""
            raise CoreError(f"the run's log cannot be written: {error.strerror}.", where=str(folder), hint=hint) from error
        self.path = folder / "events.jsonl"
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", buffering=1)

    def write(self, line: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")

    def close(self) -> None:
        self._file.close()
