# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is recorded on a node, with a Runner that answers from a table."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ansible_collections.railyard.cluster.plugins.module_utils.core.collect import COMMANDS, FILES, record
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.capture import load
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult


class Table:
    """A machine of two commands and two files."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        assert timeout_s > 0
        return CommandResult(0, "Linux\n", "") if argv[0] == "uname" else CommandResult(127, "", "not found")

    def read(self, path: str) -> str:
        self.asked.append(path)
        if path in ("/simulated/proc/cmdline", "/etc/os-release"):
            return "text"
        raise FileNotFoundError(path)

    def listdir(self, path: str) -> list[str]:
        raise FileNotFoundError(path)

    def readlink(self, path: str) -> str:
        raise FileNotFoundError(path)


def test_everything_is_recorded_and_what_is_missing_as_missing() -> None:
    table = Table()
    document = record(table, node="node1", recorded="now", hardware_root="/simulated")
    assert document["commands"]["uname -a"] == {"rc": 0, "stdout": "Linux\n", "stderr": ""}
    assert document["commands"]["nvidia-smi -q -x"]["rc"] == 127
    assert len(document["commands"]) == len(COMMANDS)
    assert document["files"] == {"/proc/cmdline": "text", "/etc/os-release": "text"}
    assert [path.removeprefix("/simulated") for path in table.asked][: len(FILES)] == list(FILES)


def test_a_recording_is_a_capture() -> None:
    document = record(Table(), node="node1", recorded="now")
    assert load(json.dumps(document)) == document
