# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a watcher sees: on a terminal, in a log, and when only the JSON is wanted."""

from __future__ import annotations

import io

from rich.console import Console

from railyard.events import Event
from railyard.terminal.progress import LiveLine, RawOutput, Silent, TaskLines, progress

EVENTS = (
    Event("play", play="Base"),
    Event("task", task="Write files", role="base"),
    Event("start", host="a"),
    Event("start", host="b"),
    Event("warning", message="old setting"),
    Event("warning", message="old setting"),
    Event("ok", host="a", text="ok: [a]"),
    Event("failed", host="b", task="Write files", message="no space\nmore"),
    Event("task", task="Next"),
    Event("end"),
)


def shown(*, terminal: bool, verbosity: int = 0, quiet: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None)
    with progress(console, verbosity=verbosity, quiet=quiet) as watch:
        for event in EVENTS:
            watch(event)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_log_has_one_line_per_task_with_counts() -> None:
    assert shown(terminal=False).splitlines() == [
        "[0:00] Base",
        "warning: old setting",
        "failed: b: Write files: no space",
        "[0:00]   base: Write files: 1 ok, 1 failed",
    ]


def test_a_terminal_has_a_line_that_moves() -> None:
    text = shown(terminal=True)
    assert "failed: b: Write files: no space" in text
    assert text.count("old setting") == 1
    assert "\x1b[" in text


def test_the_line_names_task_and_hosts() -> None:
    line = LiveLine(Console(file=io.StringIO(), width=100))
    for event in EVENTS[:7]:
        line(event)
    assert str(line._line().text).endswith("Base  base: Write files  1/2 hosts")


def test_ansible_s_own_output_when_asked_for() -> None:
    assert shown(terminal=False, verbosity=2) == "ok: [a]\n"


def test_json_alone_is_quiet_in_a_log_only() -> None:
    assert shown(terminal=False, quiet=True) == ""
    kinds = [type(progress(Console(file=io.StringIO(), force_terminal=terminal), quiet=True)) for terminal in (True, False)]
    assert kinds == [LiveLine, Silent]
    assert issubclass(TaskLines, Silent)
    assert issubclass(RawOutput, Silent)
