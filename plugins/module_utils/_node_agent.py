# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The node agent's executable: what a node does on its own. ``railyard-agent.pyz health`` is Slurm's HealthCheckProgram; ``measure`` follows
the schedule of a measurement, ``examine`` runs the whole catalogue of health checks."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import selectors
import signal
import stat
import subprocess
import sys
import syslog
import time
import typing as t
from datetime import datetime, timezone

from . import _examination, _measurement
from .core.agent import health
from .core.errors import CoreError
from .core.runner import CommandResult

if t.TYPE_CHECKING:
    from collections.abc import Sequence

CONFIG = "/etc/railyard/node.json"
CHECKS = "/etc/railyard/healthcheck.d"
STATE = "/run/railyard"
OUTPUT_LIMIT = 65536
# Of what an examination asks: nvidia-smi -q of a large node is longer.
LONG_OUTPUT_LIMIT = 8 << 20
# Left behind by editors and package managers.
IGNORED_SUFFIXES = ("~", ".bak", ".swp", ".rpmnew", ".rpmsave", ".rpmorig", ".dpkg-old", ".dpkg-new", ".dpkg-dist", ".railyard-staged")

_MARK = "RAILYARD_CHECK"


class LocalRunner:
    """A Runner on this machine. A command that takes too long is ended with everything it started."""

    def __init__(self, output_limit: int = OUTPUT_LIMIT) -> None:
        self._count = 0
        self._output_limit = output_limit

    def run(self, argv: Sequence[str], timeout_s: float) -> CommandResult:
        self._count += 1
        mark = f"{os.getpid()}.{self._count}.{time.monotonic_ns()}"
        environment = {**os.environ, "LC_ALL": "C", "LANGUAGE": "C", _MARK: mark}
        try:
            process = subprocess.Popen(
                list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
            )
        except FileNotFoundError as error:
            return CommandResult(127, "", str(error))
        except OSError as error:
            return CommandResult(126, "", str(error))
        output, ended = _collect(process, time.monotonic() + timeout_s, self._output_limit)
        if not ended:
            _end_tree(process, f"{_MARK}={mark}".encode())
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()
        texts = [bytes(data).decode("utf-8", errors="replace") for data in output]
        return CommandResult(process.returncode if ended else 124, texts[0], texts[1])

    def read(self, path: str) -> str:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def listdir(self, path: str) -> list[str]:
        return sorted(os.listdir(path))

    def readlink(self, path: str) -> str:
        return os.readlink(path)


def _collect(process: subprocess.Popen[bytes], deadline: float, limit: int) -> tuple[tuple[bytearray, bytearray], bool]:
    """Read both outputs until the command has ended. A child it leaves behind may keep them open: that is not waited for."""
    output = (bytearray(), bytearray())
    with selectors.DefaultSelector() as selector:
        for index, pipe in enumerate((process.stdout, process.stderr)):
            if pipe:
                os.set_blocking(pipe.fileno(), False)
                selector.register(pipe, selectors.EVENT_READ, output[index])
        while time.monotonic() < deadline:
            done = process.poll() is not None
            for key, _events in selector.select(0 if done else min(0.1, max(0.0, deadline - time.monotonic()))):
                data = os.read(key.fd, OUTPUT_LIMIT)
                key.data.extend(data[: limit - len(key.data)])
                if not data:
                    selector.unregister(key.fileobj)
            if not done and not selector.get_map():
                try:
                    process.wait(max(0.0, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    break
            if done:
                return output, True
    return output, process.poll() is not None


def _end_tree(process: subprocess.Popen[bytes], mark: bytes) -> None:
    """Kill the command, its session, and what left the session but still has our mark in its environment."""
    for _attempt in range(3):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        escaped = [pid for pid in os.listdir("/proc") if pid.isdigit() and _has_mark(pid, mark)]
        for pid in escaped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        try:
            # One that hangs in the kernel does not end; it is not waited for.
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            continue
        if not escaped:
            return


def _has_mark(pid: str, mark: bytes) -> bool:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return mark in file.read().split(b"\0")
    except OSError:
        return False


def find_scripts(folder: str) -> list[health.Script]:
    """Return the executables of a folder in the order of their names, with what keeps one from being run."""
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    scripts = []
    for name in names:
        path = os.path.join(folder, name)
        if name.startswith(".") or name.endswith(IGNORED_SUFFIXES) or os.path.isdir(path):
            continue
        scripts.append(health.Script(name, path, _problem(path)))
    return scripts


def _problem(path: str) -> str:
    try:
        status = os.stat(path)
    except OSError as error:
        return str(error)
    if not stat.S_ISREG(status.st_mode) or not status.st_mode & stat.S_IXUSR:
        return "is not executable: chmod 0755 it or move it away"
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022:
        return "can be changed by others than root: chown root and chmod 0755 it"
    return ""


def main(version: str) -> int:
    parser = argparse.ArgumentParser(prog="railyard-agent", description="What a node does on its own.")
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    check = commands.add_parser("health", help="run the health checks, drain the node where one fails (exit status 1)")
    check.add_argument("--dry-run", action="store_true", help="leave Slurm alone and keep no result")
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.add_argument("--config", default=CONFIG, help="what the node is (%(default)s)")
    check.add_argument("--checks", default=CHECKS, help="folder of executables (%(default)s)")
    check.add_argument("--state", default=STATE, help="folder of the last result (%(default)s)")
    measure = commands.add_parser("measure", help="do this node's part of a measurement")
    measure.add_argument("part", help="what the node does, as the controller wrote it")
    measure.add_argument("result", help="where to write what came of it")
    commands.add_parser("examine", help="compare the node with a description: a request in JSON on standard input, an answer on standard output")
    arguments = parser.parse_args()
    if arguments.command is None:
        parser.print_usage(sys.stderr)
        return 2
    try:
        if arguments.command == "examine":
            sys.stdout.write(json.dumps(_examination.answer(sys.stdin.read(), LocalRunner(LONG_OUTPUT_LIMIT))))
            return 0
        return _health(arguments) if arguments.command == "health" else _measurement.main(arguments.part, arguments.result)
    except CoreError as error:
        syslog.openlog("railyard-agent", 0, syslog.LOG_DAEMON)
        syslog.syslog(syslog.LOG_ERR, f"{arguments.command}: {error}")
        sys.stderr.write(f"railyard-agent: {error}\n")
        return 2


def _health(arguments: argparse.Namespace) -> int:
    node = _config(arguments.config)
    lock = None if arguments.dry_run else _lock(arguments.state)
    started = time.monotonic()
    runner = LocalRunner()
    outcomes = health.examine(node, find_scripts(arguments.checks), runner, time.monotonic)
    name = str(node["name"])
    resume = bool((node.get("health") or {}).get("resume", False))
    action = health.Action("none") if arguments.dry_run else health.act(name, outcomes, runner, resume=resume)
    result = health.report(name, outcomes, action, time=datetime.now(timezone.utc).isoformat(timespec="seconds"), duration_s=time.monotonic() - started)
    if lock is not None:
        _log(result, _last(arguments.state))
        _keep(arguments.state, result)
        lock.close()
    if arguments.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
    else:
        for outcome in outcomes:
            if outcome.status != health.HEALTHY:
                sys.stdout.write(f"{outcome.name}: {outcome.status}: {outcome.reason}\n")
    return 0 if all(outcome.status == health.HEALTHY for outcome in outcomes) else 1


def _config(path: str) -> dict[str, t.Any]:
    try:
        with open(path, encoding="utf-8") as file:
            node = json.load(file)
    except (OSError, ValueError) as error:
        raise CoreError(f"it cannot be read ({error}).", where=path, hint="Run the role node_agent again.") from None
    if not isinstance(node, dict) or not node.get("name"):
        raise CoreError("it names no node.", where=path, hint="Run the role node_agent again.")
    return node


def _lock(folder: str) -> t.IO[str]:
    """Keep a second health check from running beside this one."""
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        # Kept open as long as the check runs.
        lock = open(os.path.join(folder, "health.lock"), "w", encoding="utf-8")  # noqa: SIM115
    except OSError as error:
        raise CoreError(f"the folder of the last result cannot be used ({error}).", where=folder, hint="Run it as root.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CoreError("another health check is running.", hint="Wait for its end.") from None
    return lock


def _last(folder: str) -> dict[str, t.Any]:
    try:
        with open(os.path.join(folder, "health.json"), encoding="utf-8") as file:
            last = json.load(file)
    except (OSError, ValueError):
        return {}
    return last if isinstance(last, dict) else {}


def _keep(folder: str, result: dict[str, t.Any]) -> None:
    path = os.path.join(folder, "health.json")
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=2)
        file.write("\n")
    os.replace(f"{path}.new", path)


def _log(result: dict[str, t.Any], last: dict[str, t.Any]) -> None:
    """Write to the journal what is new: a check's first failure, its recovery, and everything done to the node."""
    syslog.openlog("railyard-agent", 0, syslog.LOG_DAEMON)
    before = {check["name"]: (check["status"], check["reason"]) for check in last.get("checks", [])}
    for check in result["checks"]:
        now = (check["status"], check["reason"])
        if now != before.get(check["name"], (health.HEALTHY, "")):
            level = syslog.LOG_NOTICE if now[0] == health.HEALTHY else syslog.LOG_WARNING
            syslog.syslog(level, f"health: {check['name']}: {': '.join(part for part in now if part)}")
    action = result["action"]
    if action["problem"]:
        syslog.syslog(syslog.LOG_ERR, f"health: {action['kind']}: {action['problem']}")
    elif action["kind"] != "none":
        syslog.syslog(syslog.LOG_WARNING, f"health: {action['kind']}: {action['reason']}")
