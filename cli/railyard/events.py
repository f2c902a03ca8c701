# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ansible-runner reports, as typed events, and the run's result made of them. Pure: no file, no process."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from railyard.result import Change, Failure, HostStats, TaskResult

Kind = Literal["play", "task", "start", "ok", "changed", "failed", "ignored", "unreachable", "skipped", "retry", "diff", "warning", "error", "output", "end"]

_KINDS: Mapping[str, Kind] = {
    "playbook_on_play_start": "play",
    "playbook_on_task_start": "task",
    "playbook_on_stats": "end",
    "runner_on_start": "start",
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
    "runner_retry": "retry",
    "runner_on_file_diff": "diff",
    "warning": "warning",
    "error": "error",
}
# Kinds that end a task on a host, and the counter of HostStats that each raises.
OUTCOMES: Mapping[Kind, str] = {"ok": "ok", "changed": "ok", "failed": "failed", "ignored": "ok", "unreachable": "unreachable", "skipped": "skipped"}
MAX_MESSAGE_LINES = 20
_KEPT_LINES = 400
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Event:
    """One thing that happened. Fields that a kind has no use for are empty."""

    kind: Kind
    time: str = ""
    play: str = ""
    task: str = ""
    role: str = ""
    action: str = ""
    host: str = ""
    seconds: float = 0.0
    message: str = ""
    """Why a task failed, was ignored or is tried again; the text of a warning or error."""
    text: str = ""
    """Ansible's own output for this event, colours included."""

    def to_log(self) -> dict[str, Any]:
        """Return the line of the run's log: what is set, and never Ansible's own output."""
        fields: dict[str, Any] = {"event": self.kind, "time": self.time, "play": self.play, "task": self.task, "role": self.role, "host": self.host}
        fields |= {"seconds": self.seconds, "message": self.message}
        return {name: value for name, value in fields.items() if value}


def read_event(raw: Mapping[str, Any]) -> Event | None:
    """Return the event that ansible-runner's dictionary stands for; None where it tells nothing."""
    name = raw.get("event", "")
    text = raw.get("stdout", "")
    kind = _KINDS.get(name)
    if kind is None:
        return Event("output", time=raw.get("created", ""), text=text) if text else None
    data = raw.get("event_data", {})
    answer = data.get("res") or {}
    message = ""
    if kind == "ok" and answer.get("changed"):
        kind = "changed"
    elif kind == "failed":
        kind = "ignored" if data.get("ignore_errors") else "failed"
        message = failure_message(answer)
    elif kind in ("unreachable", "retry"):
        message = failure_message(answer)
    elif kind in ("warning", "error"):
        message = first_paragraph(text)
    return Event(
        kind=kind,
        time=raw.get("created", ""),
        play=data.get("play", ""),
        task=data.get("task", ""),
        role=data.get("role", ""),
        action=data.get("resolved_action", ""),
        host=data.get("host", ""),
        seconds=round(data.get("duration") or 0.0, 3),
        message=message,
        text=text,
    )


def failure_message(answer: Mapping[str, Any]) -> str:
    """Return why a task failed: its message, the failed items' messages, and the first lines that a command wrote."""
    if "censored" in answer:
        return "the result is hidden, because the task handles a secret (no_log)."
    items = [item for item in answer.get("results") or [] if isinstance(item, Mapping) and (item.get("failed") or item.get("unreachable"))]
    if items:
        parts = []
        for item in items:
            label = item.get("_ansible_item_label", item.get("item", ""))
            parts.append(f"{label}: {failure_message(item)}" if isinstance(label, (str, int)) and label != "" else failure_message(item))
        return _first_lines("\n".join(parts))
    message = str(answer.get("msg", "")).strip().removeprefix("Task failed: ").removeprefix("Action failed: ")
    parts = [message] if message else []
    for name in ("stderr", "module_stderr", "stdout", "module_stdout"):
        written = str(answer.get(name, "")).strip()
        if written and written not in message:
            parts.append(written)
            break
    return _first_lines("\n".join(parts)) or "failed without a message."


def _first_lines(text: str) -> str:
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_MESSAGE_LINES:
        lines = [*lines[:MAX_MESSAGE_LINES], f"({len(lines) - MAX_MESSAGE_LINES} more lines)"]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Return the text without terminal colours."""
    return _COLOURS.sub("", text).replace("\r", "")


def first_paragraph(text: str) -> str:
    """Return a warning or error of Ansible as one sentence: without its mark, its source excerpt and its line breaks."""
    words: list[str] = []
    for line in plain(text).strip().splitlines():
        if not line.strip() or line.startswith("Origin:"):
            break
        words.append(line.strip())
    return re.sub(r"^\[(WARNING|ERROR|DEPRECATION WARNING)\]: ", "", " ".join(words))


@dataclass
class Collector:
    """Adds up a run's events."""

    collect: Iterable[str] = ()
    hosts: dict[str, HostStats] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    results: list[TaskResult] = field(default_factory=list)
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))
    """The last lines of Ansible's own errors, warnings and other output, for ``diagnosis``."""

    def add(self, raw: Mapping[str, Any], event: Event) -> None:
        if event.kind in ("warning", "error", "output"):
            self.said.extend(plain(event.text).splitlines())
        elif event.kind == "end":
            self._settle(raw.get("event_data", {}))
        elif event.kind in OUTCOMES:
            self._add_outcome(raw, event)

    def _add_outcome(self, raw: Mapping[str, Any], event: Event) -> None:
        stats = self.hosts.get(event.host, HostStats(event.host))
        counters = {OUTCOMES[event.kind], *({event.kind} & {"changed", "ignored"})}
        counted: dict[str, Any] = {name: getattr(stats, name) + 1 for name in counters}
        self.hosts[event.host] = replace(stats, seconds=round(stats.seconds + event.seconds, 3), **counted)
        if event.kind == "changed":
            self.changes.append(Change(event.host, event.task, event.role))
        elif event.kind in ("failed", "unreachable"):
            self.failures.append(Failure(event.host, event.task, event.message, event.role, event.kind == "unreachable"))
        if {event.task, event.action} & set(self.collect) and event.kind not in ("skipped", "unreachable"):
            self.results.append(TaskResult(event.host, event.task, event.action, raw.get("event_data", {}).get("res") or {}))

    def _settle(self, recap: Mapping[str, Any]) -> None:
        """Take Ansible's recap over the own counts: only it knows which failures were rescued."""
        names = {
            "ok": "ok",
            "changed": "changed",
            "failed": "failures",
            "unreachable": "dark",
            "skipped": "skipped",
            "rescued": "rescued",
            "ignored": "ignored",
        }
        for host in recap.get("processed") or {}:
            counted: dict[str, Any] = {name: (recap.get(key) or {}).get(host, 0) for name, key in names.items()}
            self.hosts[host] = replace(self.hosts.get(host, HostStats(host)), **counted)
        kept: list[Failure] = []
        for host, stats in self.hosts.items():
            own = [failure for failure in self.failures if failure.host == host]
            kept += own[len(own) - min(len(own), stats.failed + stats.unreachable) :]
        self.failures = [failure for failure in self.failures if failure in kept]
