# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ansible-runner's dictionaries as events, and the result that they add up to."""

from __future__ import annotations

from typing import Any

import pytest

from railyard.events import MAX_MESSAGE_LINES, Collector, Event, failure_message, first_paragraph, read_event
from railyard.result import Change, Failure, HostStats, TaskResult


def raw(event: str, *, stdout: str = "", **data: Any) -> dict[str, Any]:
    common = {"play": "Base", "task": "Write files", "role": "base", "resolved_action": "railyard.cluster.files", "host": "node1", "duration": 1.5}
    return {"event": event, "created": "2026-03-01T00:00:00+00:00", "stdout": stdout, "event_data": {**common, **data}}


def collect(*events: dict[str, Any], names: tuple[str, ...] = ()) -> Collector:
    collector = Collector(names)
    for dictionary in events:
        event = read_event(dictionary)
        assert event is not None
        collector.add(dictionary, event)
    return collector


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("runner_on_ok", {"res": {"changed": False}}, "ok"),
        ("runner_on_ok", {"res": {"changed": True}}, "changed"),
        ("runner_on_failed", {"res": {"msg": "no"}}, "failed"),
        ("runner_on_failed", {"res": {"msg": "no"}, "ignore_errors": True}, "ignored"),
        ("runner_on_unreachable", {"res": {"msg": "no"}}, "unreachable"),
        ("runner_on_skipped", {}, "skipped"),
        ("runner_retry", {"res": {"msg": "not yet"}}, "retry"),
        ("runner_on_start", {}, "start"),
        ("playbook_on_task_start", {}, "task"),
        ("playbook_on_play_start", {}, "play"),
        ("playbook_on_stats", {}, "end"),
    ],
)
def test_kinds(name: str, data: dict[str, Any], kind: str) -> None:
    event = read_event(raw(name, **data))
    assert event is not None
    assert (event.kind, event.task, event.role, event.host, event.seconds) == (kind, "Write files", "base", "node1", 1.5)


def test_output_without_text_tells_nothing() -> None:
    assert read_event({"event": "verbose", "stdout": ""}) is None
    assert read_event({"event": "EOF"}) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"msg": "Task failed: Action failed: it broke."}, "it broke."),
        ({"msg": "non-zero return code", "stderr": "line 1\nline 2\n"}, "non-zero return code\nline 1\nline 2"),
        ({"msg": "non-zero return code", "stdout": "only this"}, "non-zero return code\nonly this"),
        ({"msg": "non-zero return code", "stderr": "why", "stdout": "all that it printed"}, "non-zero return code\nwhy"),
        ({"msg": "MODULE FAILURE", "module_stderr": "why", "module_stdout": "{}"}, "MODULE FAILURE\nwhy"),
        ({"msg": "MODULE FAILURE", "module_stderr": "", "module_stdout": "only this"}, "MODULE FAILURE\nonly this"),
        ({"msg": "same", "stderr": "same"}, "same"),
        ({}, "failed without a message."),
        ({"censored": "hidden by no_log"}, "the result is hidden, because the task handles a secret (no_log)."),
        ({"censored": "", "msg": "key", "stderr": "key"}, "the result is hidden, because the task handles a secret (no_log)."),
        (
            {"censored": "hidden by no_log", "results": [{"failed": True, "item": "key", "msg": "key"}]},
            "the result is hidden, because the task handles a secret (no_log).",
        ),
        # An item that is more than a word may hold anything.
        ({"results": [{"failed": True, "item": {"password": "key"}, "msg": "broke"}]}, "broke"),
        ({"results": [{"failed": True, "item": {"password": "key"}, "_ansible_item_label": "main", "msg": "broke"}]}, "main: broke"),
        ({"results": [{"failed": True, "item": "", "msg": "broke"}, {"unreachable": True, "item": 7, "msg": "gone"}]}, "broke\n7: gone"),
        (
            {"results": [{"failed": True, "item": "a", "censored": "hidden", "msg": "key"}]},
            "a: the result is hidden, because the task handles a secret (no_log).",
        ),
        (
            {"msg": "One or more items failed", "results": [{"item": "a", "msg": "fine"}, {"item": "b", "failed": True, "msg": "broke"}]},
            "b: broke",
        ),
    ],
)
def test_failure_message(answer: dict[str, Any], message: str) -> None:
    assert failure_message(answer) == message


def test_a_long_message_is_cut() -> None:
    lines = failure_message({"msg": "x", "stderr": "\n".join(f"line {number}" for number in range(100))}).splitlines()
    assert len(lines) == MAX_MESSAGE_LINES + 1
    assert lines[-1] == "(81 more lines)"


def test_a_warning_becomes_a_sentence() -> None:
    text = "\x1b[1;35m[WARNING]: Could not match supplied host pattern,\r\nignoring: zz\x1b[0m\r\nOrigin: /x.yml:3:1\r\n\r\nmore"
    assert first_paragraph(text) == "Could not match supplied host pattern, ignoring: zz"


@pytest.mark.parametrize("kind", ["warning", "error"])
def test_a_warning_is_logged_without_the_lines_that_ansible_shows_from_a_file(kind: str) -> None:
    text = "\x1b[1;35m[ERROR]: It went\r\nwrong.\x1b[0m\r\nOrigin: /x.yml:3:1\r\n\r\n3 password: 4711\r\n  ^ column 1"
    event = read_event({"event": kind, "stdout": text, "created": "now"})
    assert event is not None
    assert (event.message, event.text) == ("It went wrong.", text)
    assert event.to_log() == {"event": kind, "time": "now", "message": "It went wrong."}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("runner_on_ok", ""),
        ("runner_on_start", ""),
        ("runner_on_skipped", ""),
        ("runner_on_file_diff", ""),
        ("playbook_on_task_start", ""),
        ("playbook_on_play_start", ""),
        ("playbook_on_stats", ""),
        ("runner_on_failed", "why"),
        ("runner_on_unreachable", "why"),
        ("runner_retry", "why"),
    ],
)
def test_the_log_says_why_something_failed_and_nothing_that_a_task_returned(name: str, message: str) -> None:
    event = read_event(raw(name, stdout="4711", res={"msg": "why", "key": "4711", "invocation": {"module_args": "4711"}, "diff": "4711"}))
    assert event is not None
    line = event.to_log()
    assert set(line) <= {"event", "time", "play", "task", "role", "host", "seconds", "message"}
    assert line.get("message", "") == message
    assert "4711" not in str(line)


def test_the_log_has_no_output_of_ansible() -> None:
    assert Event("ok", host="a", text="everything that -vvv prints").to_log() == {"event": "ok", "host": "a"}


def test_a_run_without_recap_is_counted() -> None:
    collected = collect(
        raw("runner_on_ok", res={"changed": True}),
        raw("runner_on_ok", res={}),
        raw("runner_on_skipped"),
        raw("runner_on_failed", res={"msg": "x"}, ignore_errors=True),
        raw("runner_on_unreachable", res={"msg": "no route"}, host="node2"),
    )
    assert collected.hosts == {
        "node1": HostStats("node1", ok=3, changed=1, skipped=1, ignored=1, seconds=6.0),
        "node2": HostStats("node2", unreachable=1, seconds=1.5),
    }
    assert collected.changes == [Change("node1", "Write files", "base")]
    assert collected.failures == [Failure("node2", "Write files", "no route", "base", unreachable=True)]


def test_the_recap_tells_which_failures_were_rescued() -> None:
    recap = {"processed": {"node1": 1, "node2": 1}, "ok": {"node1": 4}, "rescued": {"node1": 1, "node2": 1}, "failures": {"node2": 1}}
    collected = collect(
        raw("runner_on_failed", res={"msg": "rescued"}),
        raw("runner_on_failed", res={"msg": "rescued"}, host="node2"),
        raw("runner_on_failed", res={"msg": "at last"}, host="node2"),
        raw("playbook_on_stats", **recap),
    )
    assert [(failure.host, failure.message) for failure in collected.failures] == [("node2", "at last")]
    assert collected.hosts["node1"] == HostStats("node1", ok=4, rescued=1, seconds=1.5)


@pytest.mark.parametrize("name", ["Write files", "railyard.cluster.files"])
def test_results_are_kept_by_task_or_module(name: str) -> None:
    result = raw("runner_on_ok", res={"nodes": [1]})
    assert collect(result, names=(name,)).results == [TaskResult("node1", "Write files", "railyard.cluster.files", {"nodes": [1]})]
    assert collect(result, names=("another",)).results == []


@pytest.mark.parametrize("event", ["runner_on_skipped", "runner_on_unreachable"])
def test_what_did_not_run_has_no_result(event: str) -> None:
    assert collect(raw(event, res={"msg": "x"}), names=("Write files",)).results == []
