# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Count what a playbook costs: remote operations and host-tasks, per node, role and task.

Runs the playbook twice, for the first and for the no-change run, and counts at the SSH layer. Exit status: 0 counted;
1 the no-change run changed something or a limit was exceeded; 2 the playbook could not be run.
"""

from __future__ import annotations

import argparse
import bisect
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import typing as t

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
COUNTED = pathlib.Path(__file__).resolve().parent / "counted"
RUNS = ("first", "no_change")


class RunError(Exception):
    """The playbook could not be run."""


def read_operations(folder: pathlib.Path) -> list[tuple[float, str]]:
    """Return when something ran on which address, from the files that the counting ssh wrote."""
    operations = []
    for path in sorted(folder.iterdir()):
        operations += [(float(line.split()[0]), path.name) for line in path.read_text(encoding="utf-8").splitlines()]
    return sorted(operations)


def summarise(events: t.Sequence[dict[str, t.Any]], operations: t.Sequence[tuple[float, str]], seconds: float) -> dict[str, t.Any]:
    """Return the counts of one run.

    An operation belongs to the task that started last before it: with the linear strategy a task starts when the one
    before it has ended everywhere.
    """
    names = {event["address"]: event["host"] for event in events if event["event"] == "node"}
    tasks = [event for event in events if event["event"] == "task"]
    by_uuid = {task["uuid"]: task for task in tasks}
    starts = [task["time"] for task in tasks]
    remote: collections.Counter[tuple[str, str, str]] = collections.Counter()
    for moment, address in operations:
        index = bisect.bisect_right(starts, moment) - 1
        task = tasks[index] if index >= 0 else {"role": "", "task": "(before the first task)"}
        remote[names.get(address, address), task["role"], task["task"]] += 1
    host_tasks: collections.Counter[tuple[str, str, str]] = collections.Counter()
    changed: collections.Counter[str] = collections.Counter()
    for event in events:
        if event["event"] == "result":
            task = by_uuid[event["uuid"]]
            host_tasks[event["host"], task["role"], task["task"]] += 1
            changed[event["host"]] += event["status"] == "changed"
    nodes = sorted({node for node, _role, _task in (*remote, *host_tasks)})
    per_node = {node: {"operations": _total(remote, node=node), "host_tasks": _total(host_tasks, node=node), "changed": changed[node]} for node in nodes}
    roles = sorted({role for _node, role, _task in (*remote, *host_tasks)})
    places = list(dict.fromkeys((task["role"], task["task"]) for task in tasks))
    durations = _durations(tasks, events)
    return {
        "per_node_max": max((counts["operations"] for counts in per_node.values()), default=0),
        "host_tasks_max": max((counts["host_tasks"] for counts in per_node.values()), default=0),
        "changed": sum(changed.values()),
        "seconds": round(seconds, 1),
        "nodes": per_node,
        "roles": {
            role or "(no role)": {
                "operations_max": max(_total(remote, node=node, role=role) for node in nodes),
                "host_tasks_max": max(_total(host_tasks, node=node, role=role) for node in nodes),
                "seconds": round(sum(value for (task_role, _task), value in durations.items() if task_role == role), 1),
                "nodes": {node: {"operations": _total(remote, node=node, role=role), "host_tasks": _total(host_tasks, node=node, role=role)} for node in nodes},
            }
            for role in roles
        },
        "tasks": [
            {
                "role": role,
                "task": task,
                "operations_max": max((remote[node, role, task] for node in nodes), default=0),
                "host_tasks": sum(host_tasks[node, role, task] for node in nodes),
                "seconds": round(durations.get((role, task), 0.0), 2),
            }
            for role, task in places
        ],
    }


def _total(counter: t.Mapping[tuple[str, str, str], int], *, node: str, role: str | None = None) -> int:
    return sum(count for (its_node, its_role, _task), count in counter.items() if its_node == node and role in (None, its_role))


def _durations(tasks: t.Sequence[dict[str, t.Any]], events: t.Sequence[dict[str, t.Any]]) -> dict[tuple[str, str], float]:
    ends = [task["time"] for task in tasks[1:]] + [events[-1]["time"] if events else 0.0]
    durations: dict[tuple[str, str], float] = collections.defaultdict(float)
    for task, end in zip(tasks, ends, strict=True):
        durations[task["role"], task["task"]] += end - task["time"]
    return durations


def run_once(options: argparse.Namespace) -> dict[str, t.Any]:
    """Run the playbook and return its counts."""
    with tempfile.TemporaryDirectory(prefix="railyard-operations-") as scratch:
        folder = pathlib.Path(scratch) / "operations"
        folder.mkdir()
        timeline = pathlib.Path(scratch) / "timeline"
        command = [options.ansible_playbook, "-i", options.inventory, options.playbook]
        command += ["--limit", options.limit] if options.limit else []
        command += ["--tags", options.tags] if options.tags else []
        environment = {
            **os.environ,
            **{f"ANSIBLE_{tool.upper()}_EXECUTABLE": str(COUNTED / tool) for tool in ("ssh", "sftp", "scp")},
            "ANSIBLE_CALLBACKS_ENABLED": "railyard.cluster.timeline",
            "RAILYARD_TIMELINE": str(timeline),
            "RAILYARD_OPERATIONS": str(folder),
        }
        begin = time.monotonic()
        try:
            done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        except OSError as error:
            raise RunError(f"{options.ansible_playbook} can't be run: {error.strerror}. Run make dev first.") from error
        seconds = time.monotonic() - begin
        if done.returncode:
            raise RunError(f"{' '.join(command)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
        if not timeline.exists():
            raise RunError(f"{' '.join(command)} ran no task.")
        events = [json.loads(line) for line in timeline.read_text(encoding="utf-8").splitlines()]
        return summarise(events, read_operations(folder), seconds)


def table(rows: t.Sequence[t.Sequence[t.Any]], titles: t.Sequence[str]) -> str:
    """Return rows under titles: the first column to the left, numbers to the right."""
    cells = [[str(value) for value in row] for row in (titles, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles))]
    lines = []
    for first, *others in cells:
        lines.append("  ".join([first.ljust(widths[0]), *(value.rjust(width) for value, width in zip(others, widths[1:], strict=True))]))
    return "\n".join(lines)


def render(name: str, run: dict[str, t.Any]) -> str:
    """Return one run's counts as text."""
    nodes = [(node, counts["operations"], counts["host_tasks"], counts["changed"]) for node, counts in run["nodes"].items()]
    roles = [(role, counts["operations_max"], counts["host_tasks_max"], counts["seconds"]) for role, counts in run["roles"].items()]
    costly = sorted((task for task in run["tasks"] if task["operations_max"] > 1), key=lambda task: -task["operations_max"])
    most = f"at most {run['per_node_max']} remote operations and {run['host_tasks_max']} host-tasks per node"
    parts = [
        f"{name}: {most}, {run['changed']} changed, {run['seconds']} s",
        table(nodes, ("node", "operations", "host-tasks", "changed")),
        table(roles, ("role (most on one node)", "operations", "host-tasks", "seconds")),
    ]
    if costly:
        rows = [(f"{task['role']}: {task['task']}" if task["role"] else task["task"], task["operations_max"]) for task in costly]
        parts.append(table(rows, ("task of more than one operation", "operations")))
    return "\n\n".join(parts)


def exceeded(runs: t.Mapping[str, dict[str, t.Any]], options: argparse.Namespace) -> list[str]:
    """Return a sentence per promise that the no-change run breaks."""
    run = runs.get("no_change")
    if not run:
        return []
    broken = [f"The no-change run changed {counts['changed']} things on {node}." for node, counts in run["nodes"].items() if counts["changed"]]
    for key, what, limit in (("operations", "remote operations", options.max_operations), ("host_tasks", "host-tasks", options.max_host_tasks)):
        if limit is not None:
            broken += [f"{node} took {counts[key]} {what}, {limit} are allowed." for node, counts in run["nodes"].items() if counts[key] > limit]
    return broken


def parse_arguments(arguments: t.Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-i", "--inventory", default="inventories/lab", help="inventory, relative to the checkout (default: %(default)s)")
    parser.add_argument("--playbook", default="playbooks/site.yml", help="playbook to run (default: %(default)s)")
    parser.add_argument("--limit", default="", help="hosts to run on")
    parser.add_argument("--tags", default="", help="tags to run")
    parser.add_argument("--only", choices=RUNS, help="run once instead of twice, and count it as this run")
    parser.add_argument("--max-operations", type=int, metavar="N", help="fail when a node takes more remote operations in the no-change run")
    parser.add_argument("--max-host-tasks", type=int, metavar="N", help="fail when a node takes more host-tasks in the no-change run")
    parser.add_argument("--json", action="store_true", help="print JSON")
    beside_python = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
    parser.add_argument("--ansible-playbook", default=beside_python, help="command to run (default: the one beside Python)")
    return parser.parse_args(arguments)


def main(arguments: t.Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    try:
        runs = {name: run_once(options) for name in RUNS if options.only in (None, name)}
    except RunError as failure:
        print(failure, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"schema": "railyard.benchmark.operations", "schema_version": 1, **runs}, indent=2))
    else:
        print("\n\n\n".join(render(name, run) for name, run in runs.items()))
    broken = exceeded(runs, options)
    for sentence in broken:
        print(sentence, file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
