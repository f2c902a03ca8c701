# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a request over ansible-runner: the one place that starts a playbook.

ansible-runner's own ways that are switched off here: two artifact files per task and host, the caller's whole environment (stored and
inherited), a fact cache of its own under the artifacts, unchecked SSH host keys, and SIGKILL as the answer to Ctrl-C.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any

from ansible_runner import Runner, RunnerConfig

from railyard import places
from railyard.core.errors import CoreError
from railyard.diagnosis import Diagnosis, diagnose
from railyard.environment import scrubbed
from railyard.events import Collector, Event, read_event
from railyard.request import RunRequest, arguments
from railyard.result import RunResult, Status
from railyard.runlog import RunLog, new_run_id

_POLL_S = 0.5
_GRACE_S = 15.0
_PROMPTS = {"become": r"^BECOME password[^\n]*:\s*$", "vault": r"^Vault password[^\n]*:\s*$"}


def run(request: RunRequest, *, on_event: Callable[[Event], None] | None = None, passwords: Mapping[str, str] | None = None) -> RunResult:
    """Run a playbook and return what it did.

    ``on_event`` is called for each event, in order, from this thread. ``passwords`` answers Ansible's prompts: ``become`` and ``vault``.
    Raises ``CoreError`` only for what keeps the run from being started: no Ansible, no inventory, a state folder that cannot be written.
    """
    path = _search_path()
    if "," not in request.inventory and not Path(request.inventory).exists():
        raise CoreError(f"the inventory {request.inventory} does not exist.", hint="Give a folder or file.")
    started = datetime.now(timezone.utc)
    state = places.state_directory(request.inventory, {**os.environ, **request.environment})
    log = RunLog(state, new_run_id(started))
    run_id = log.path.parent.name
    environment = {
        **places.ansible_config(os.environ),
        # A playbook that keeps something keeps it where the command does.
        "RAILYARD_STATE_DIR": str(state),
        "RAILYARD_RUN_ID": run_id,
        "PATH": path,
        **request.environment,
    }
    execution = _Execution(request, log, on_event)
    try:
        log.write({"event": "run", "run_id": run_id, "time": started.isoformat(), **_logged(request)})
        with tempfile.TemporaryDirectory(prefix="railyard-") as folder, execution.interruptible():
            rc = execution.run(_configured(request, folder, environment, passwords or {}))
        result = execution.result(run_id, rc, started)
        log.write({"event": "result", "status": result.status, "rc": rc, "seconds": result.seconds, "message": result.message})
    finally:
        log.close()
    return result


def _search_path() -> str:
    """Return PATH with our own environment's programs first: ``railyard`` may be called by its full path."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    if not shutil.which("ansible-playbook", path=path):
        raise CoreError("ansible-playbook was not found beside this command nor on PATH.", hint="pip install 'ansible>=12'")
    return path


def _logged(request: RunRequest) -> dict[str, Any]:
    """Return what the log says of a request: names of variables, never values."""
    fields: dict[str, Any] = {"playbook": request.playbook, "inventory": request.inventory, "limit": request.limit, "check": request.check}
    return fields | {"tags": request.tags, "extra_vars": sorted(request.extra_vars)}


def _configured(request: RunRequest, folder: str, environment: Mapping[str, str], passwords: Mapping[str, str]) -> RunnerConfig:
    """Return ansible-runner's configuration, prepared, over a private folder that goes away with the run."""
    settings = {"pexpect_timeout": _POLL_S, "suppress_output_file": True, "suppress_ansible_output": True}
    _write_private(folder, "settings", settings)
    if request.extra_vars:
        _write_private(folder, "extravars", request.extra_vars)
    config = RunnerConfig(
        folder,
        playbook=request.playbook,
        cmdline=shlex.join(arguments(request)),
        project_dir=str(Path.cwd()),
        envvars=dict(environment),
        passwords={_PROMPTS[name]: value for name, value in passwords.items()},
        # Not "jsonfile": what ansible.cfg says of the fact cache holds, as it does for a run by hand.
        fact_cache_type="as configured",
    )
    config.prepare()
    config.env = scrubbed(config.env)
    if "ANSIBLE_HOST_KEY_CHECKING" not in os.environ:
        config.env.pop("ANSIBLE_HOST_KEY_CHECKING", None)
    return config


def _write_private(folder: str, name: str, value: Any) -> None:
    path = Path(folder) / "env" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(value, file)


def _kill_workers(pid: int) -> None:
    """Kill the workers of an ansible-playbook that is about to be killed: each leads a session of its own, and would go on without it."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for worker in map(int, children.read_text().split()):
                with suppress(ProcessLookupError):
                    os.killpg(worker, signal.SIGKILL)


class _Execution:
    """One playbook run: takes the events, keeps the log, and stops the playbook when asked to."""

    def __init__(self, request: RunRequest, log: RunLog, on_event: Callable[[Event], None] | None) -> None:
        self._request = request
        self._log = log
        self._on_event = on_event
        self._collector = Collector(request.collect)
        self._interrupts = 0
        self._asked_at: float | None = None
        self._pid: int | None = None
        self._broken: BaseException | None = None
        self._start = time.monotonic()

    def run(self, config: RunnerConfig) -> int:
        runner = Runner(config, event_handler=self._take, cancel_callback=self._must_stop)
        runner.run()
        if self._broken:
            raise self._broken
        return int(runner.rc if runner.rc is not None else 254)

    def _take(self, raw: dict[str, Any]) -> bool:
        """Handle one event. The answer keeps ansible-runner from writing it to a file. Raising here would leave the playbook running."""
        self._pid = raw.get("pid") or self._pid
        event = read_event(raw)
        if event is None or self._broken:
            return False
        try:
            self._collector.add(raw, event)
            if event.kind not in ("start", "output", "diff"):
                self._log.write(event.to_log())
            if self._on_event:
                self._on_event(event)
        except BaseException as error:
            self._broken = error
        return False

    def _must_stop(self) -> bool:
        """Say whether ansible-runner should kill the playbook: only when it did not stop by itself after being interrupted."""
        if not self._interrupts and not self._broken:
            return False
        if self._asked_at is None:
            self._asked_at = time.monotonic()
            if self._on_event and not self._broken:
                self._on_event(Event("warning", message="interrupted: waiting for what is under way; once more stops it at once."))
            if self._pid is None:
                return True
            try:
                os.kill(self._pid, signal.SIGINT)
            except ProcessLookupError:
                return True
        at_once = self._interrupts > 1 or time.monotonic() - self._asked_at > _GRACE_S
        if at_once and self._pid is not None:
            _kill_workers(self._pid)
        return at_once

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let Ctrl-C, a termination or a closed terminal end the playbook in order; the caller's handlers come back afterwards."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def count(_number: int, _frame: FrameType | None) -> None:
            self._interrupts += 1

        before = {number: signal.signal(number, count) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def result(self, run_id: str, rc: int, started: datetime) -> RunResult:
        collected = self._collector
        status, why = self._judge(rc)
        return RunResult(
            request=self._request,
            run_id=run_id,
            status=status,
            rc=rc,
            started=started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self._start, 1),
            log=str(self._log.path),
            hosts=tuple(collected.hosts[name] for name in sorted(collected.hosts)),
            failures=tuple(collected.failures),
            changes=tuple(collected.changes),
            results=tuple(collected.results),
            message=why.message,
            hint=why.hint,
        )

    def _judge(self, rc: int) -> tuple[Status, Diagnosis]:
        request, collected = self._request, self._collector
        if self._interrupts:
            return "cancelled", Diagnosis(
                "the run was interrupted; what was under way on a host may be half done.", "Running it again is safe and completes it."
            )
        if rc == 0 and not collected.hosts:
            if request.tags:
                return "could_not_run", Diagnosis(f"no task of {request.playbook} has a tag of --tags {','.join(request.tags)}.")
            return "could_not_run", diagnose(request, [*collected.said, "[ERROR]: leaves us with no hosts to target"], rc, "")
        if rc == 0:
            return "done", Diagnosis("")
        if collected.failures:
            return "failed", Diagnosis("")
        return "could_not_run", diagnose(request, collected.said, rc, places.encrypted_file(request.inventory))
