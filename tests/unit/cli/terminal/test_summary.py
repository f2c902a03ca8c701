# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run's end on the screen."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from railyard.request import RunRequest
from railyard.result import Change, Failure, HostStats, RunResult
from railyard.terminal.summary import print_summary, verdict

HOSTS = (HostStats("node1", ok=5, changed=1, seconds=3.25), HostStats("node2", ok=2, failed=1, seconds=1.0))
DONE = RunResult(RunRequest("p.yml", "inv"), "id", "done", 0, "", 12.4, "/log", hosts=HOSTS)
FAILED = replace(DONE, status="failed", failures=(Failure("node2", "Run it", "no\nline 2", "railyard.cluster.base"),))


def printed(result: RunResult, *steps: str) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_summary(console, result, next_steps=steps)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (DONE, "2 hosts: nothing changed, 12 s."),
        (replace(DONE, request=replace(DONE.request, check=True)), "2 hosts: nothing would change, 12 s."),
        (replace(DONE, changes=(Change("node1", "a"), Change("node1", "b"))), "2 changes on 1 of 2 hosts, 12 s."),
        (replace(DONE, changes=(Change("node1", "a"),), request=replace(DONE.request, check=True)), "1 change would be made on 1 of 2 hosts, 12 s."),
        (FAILED, "Failed on 1 of 2 hosts after 12 s."),
        (replace(DONE, status="cancelled", message="Interrupted.", hint="Again."), "Interrupted. Again."),
    ],
)
def test_verdict(result: RunResult, sentence: str) -> None:
    assert verdict(result) == sentence


def test_a_good_end_says_what_to_type_next() -> None:
    text = printed(DONE, "railyard validate")
    assert "node1 5 1 0 0 0 3.2" in [" ".join(line.split()) for line in text.splitlines()]
    assert "  next: railyard validate\n" in text
    assert "/log" in text


def test_a_failure_names_host_task_and_message() -> None:
    text = printed(FAILED, "railyard validate")
    assert "node2: base: Run it: no\n    line 2\n" in text
    assert "--limit node2" in text
    assert "railyard validate" not in text


def test_thousands_of_hosts_fit_on_a_screen() -> None:
    many = tuple(HostStats(f"node{number}", ok=1) for number in range(4000))
    text = printed(replace(DONE, hosts=(*many, HOSTS[0])))
    assert len(text.splitlines()) < 10
    assert "4000 more, nothing to tell" in text
