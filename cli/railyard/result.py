# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from railyard.request import RunRequest

Status = Literal["done", "failed", "cancelled", "could_not_run"]


@dataclass(frozen=True)
class HostStats:
    """Ansible's recap of one host; ``seconds`` is what its tasks took, one after the other."""

    host: str
    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """A task that failed on a host, or a host that did not answer."""

    host: str
    task: str
    message: str
    role: str = ""
    unreachable: bool = False


@dataclass(frozen=True)
class Change:
    """A task that changed a host, or would have in check mode."""

    host: str
    task: str
    role: str = ""


@dataclass(frozen=True)
class TaskResult:
    """What a task that was asked for in ``RunRequest.collect`` returned on a host."""

    host: str
    task: str
    action: str
    result: Mapping[str, Any]


@dataclass(frozen=True)
class RunResult:
    """The whole of a run. Never raised: a run that fails is a result too."""

    request: RunRequest
    run_id: str
    status: Status
    rc: int
    """The exit status of ``ansible-playbook``."""
    started: str
    seconds: float
    log: str
    """The run's log: one JSON document per line."""
    hosts: tuple[HostStats, ...] = ()
    failures: tuple[Failure, ...] = ()
    changes: tuple[Change, ...] = ()
    results: tuple[TaskResult, ...] = ()
    message: str = ""
    """Why the run could not be made, in one sentence; empty where hosts and tasks tell it."""
    hint: str = ""

    @property
    def exit_code(self) -> int:
        """0 done, nothing to tell; 1 a difference or a fault; 2 could not run."""
        if self.status in ("cancelled", "could_not_run"):
            return 2
        if self.status == "failed" or (self.request.check and self.changes):
            return 1
        return 0

    def to_document(self) -> dict[str, Any]:
        """Return the flat document of ``--json`` (docs/schemas/railyard.run.json)."""
        return {
            "schema": "railyard.run",
            "schema_version": 1,
            "run_id": self.run_id,
            "playbook": self.request.playbook,
            "inventory": self.request.inventory,
            "limit": self.request.limit,
            "tags": list(self.request.tags),
            "check": self.request.check,
            "status": self.status,
            "exit_code": self.exit_code,
            "rc": self.rc,
            "started": self.started,
            "seconds": self.seconds,
            "message": self.message,
            "hint": self.hint,
            "log": self.log,
            "hosts": [asdict(host) for host in self.hosts],
            "failures": [asdict(failure) for failure in self.failures],
            "changes": [asdict(change) for change in self.changes],
        }
