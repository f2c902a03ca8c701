# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Molecule's runs of a scenario changed, off the file that the callback railyard.cluster.timeline wrote."""

from __future__ import annotations

import json
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
Changed = set[tuple[str, str, str]]


def of_scenario(name: str) -> str:
    return (REPOSITORY / f".ansible/timeline-{name}").read_text(encoding="utf-8")


def check_and_converge(timeline: str) -> tuple[Changed, Changed]:
    """Return what the last run in check mode would have changed and what the run after it did: host, role and task each."""
    runs: list[tuple[bool, Changed]] = []
    tasks: dict[str, tuple[str, str]] = {}
    for event in map(json.loads, timeline.splitlines()):
        if event["event"] == "run":
            runs.append((event["check"], set()))
        elif event["event"] == "task":
            tasks[event["uuid"]] = (event["role"], event["task"])
        elif event["event"] == "result" and event["status"] == "changed":
            runs[-1][1].add((event["host"], *tasks[event["uuid"]]))
    last = max(index for index, (check, _changed) in enumerate(runs) if check)
    assert last + 1 < len(runs), "no run came after the one in check mode"
    return runs[last][1], runs[last + 1][1]
