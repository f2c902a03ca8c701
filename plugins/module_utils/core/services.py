# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Units as they should run against units as they run: what to start, stop, restart or reload, and why.

Whether a process must be restarted is decided from what it was started with, never from what an earlier task
did: a stamp per unit remembers the digests of its files for one life of the process (systemd's InvocationID).
Where there is no stamp for this life, a file that changed after the process started counts as changed.
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .errors import CoreError

STAMP_DIRECTORY = "/run/railyard/services"
PROPERTIES = (
    "Id",
    "LoadState",
    "LoadError",
    "ActiveState",
    "SubState",
    "Result",
    "UnitFileState",
    "NeedDaemonReload",
    "CanReload",
    "ConditionResult",
    "NRestarts",
    "Type",
    "RemainAfterExit",
    "InvocationID",
    "ActiveEnterTimestampMonotonic",
    "ExecMainStartTimestampMonotonic",
)
UNIT_TYPES = ("service", "socket", "timer", "target", "mount", "automount", "path", "slice", "swap")
UNIT_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")

# Kernels give files the time of the last tick, which may be this much in the past.
CLOCK_TICK_US = 20_000

_NAME = re.compile(rf"[A-Za-z0-9:_.\\@-]+\.(?:{'|'.join(UNIT_TYPES)})")
_RUNNING = ("active", "reloading", "refreshing")
# States in which enabling is needed; a static, generated or indirect unit has nothing to enable.
_CAN_ENABLE = ("disabled", "enabled-runtime", "linked", "linked-runtime", "masked", "masked-runtime", "bad", "")
_READY_BY_ITSELF = ("notify", "notify-reload", "forking", "dbus", "oneshot")


@dataclass(frozen=True)
class UnitSpec:
    """One unit as it should be. ``enabled`` is ``None`` where it is left alone; ``restart_digest`` is the text's digest."""

    name: str
    state: str = "started"
    enabled: bool | None = True
    masked: bool = False
    restart_on: tuple[str, ...] = ()
    reload_on: tuple[str, ...] = ()
    restart_digest: str | None = None

    @property
    def watches(self) -> bool:
        """True where it matters what the running process was started with."""
        return bool(self.restart_on or self.reload_on or self.restart_digest)


@dataclass(frozen=True)
class ObservedUnit:
    """One unit as systemd describes it. ``started_us`` is on the monotonic clock, 0 for a unit that never ran."""

    load: str = "not-found"
    load_error: str = ""
    active: str = "inactive"
    sub: str = "dead"
    result: str = ""
    file_state: str = ""
    stale_definition: bool = False
    can_reload: bool = False
    condition: bool = True
    restarts: int = 0
    type: str = ""
    remains: bool = True
    life: str = ""
    started_us: int = 0

    @property
    def running(self) -> bool:
        return self.active in _RUNNING

    @property
    def never_stays(self) -> bool:
        """True for a oneshot service that is inactive again as soon as it has done its work."""
        return self.type == "oneshot" and not self.remains

    @property
    def tells_when_ready(self) -> bool:
        """True where systemd's word that the unit is active means more than that a process was forked."""
        return self.type in _READY_BY_ITSELF or not self.type


@dataclass(frozen=True)
class WatchedFile:
    """A file that a unit depends on: its digest (``None``: it isn't there), and when it changed, on the monotonic clock."""

    digest: str | None = None
    changed_us: int = 0


@dataclass(frozen=True)
class Stamp:
    """What one life of a unit was started with, or has reloaded since."""

    life: str
    files: Mapping[str, str | None] = field(default_factory=dict)
    digest: str | None = None

    def to_json(self) -> str:
        return json.dumps({"life": self.life, "files": dict(self.files), "digest": self.digest}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Stamp | None:
        """Return the stamp, or ``None`` for a text that isn't one: it then counts as missing."""
        try:
            data = json.loads(text)
            return cls(str(data["life"]), dict(data["files"]), data["digest"])
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class UnitPlan:
    """What to do with one unit. ``action`` is start, stop, restart, reload or nothing; ``reset`` clears an earlier failure first."""

    name: str
    action: str = ""
    reset: bool = False
    enable: bool = False
    disable: bool = False
    mask: str = ""
    unmask: str = ""
    reason: str = ""

    @property
    def changed(self) -> bool:
        return bool(self.action or self.enable or self.disable or self.mask or self.unmask)

    def result(self) -> dict[str, t.Any]:
        """Return what the user is told about the unit."""
        return {
            "started": self.action == "start",
            "stopped": self.action == "stop",
            "restarted": self.action == "restart",
            "reloaded": self.action == "reload",
            "enabled": self.enable,
            "disabled": self.disable,
            "masked": bool(self.mask),
            "unmasked": bool(self.unmask),
            "reason": self.reason,
        }


def check_units(units: Sequence[Mapping[str, t.Any]]) -> list[UnitSpec]:
    """Read a task's ``units``. Raises ``CoreError`` that names the item for anything it can't mean."""
    specs: list[UnitSpec] = []
    for index, item in enumerate(units):
        where, name = f"units[{index}]", str(item["name"])
        if not _NAME.fullmatch(name):
            raise CoreError(f"{name!r} is not a unit's full name.", where=where, hint="Write it with its type, for example chrony.service.")
        if name in (spec.name for spec in specs):
            raise CoreError(f"{name} is listed twice.", where=where, hint="Keep one of them.")
        masked = bool(item.get("masked"))
        state = item.get("state") or ("stopped" if masked else "started")
        if masked and state == "started":
            raise CoreError(f"{name} can't be both masked and started.", where=where, hint="Leave one of them out.")
        text = item.get("restart_digest")
        relative = [path for key in ("restart_on", "reload_on") for path in item.get(key) or () if not path.startswith("/")]
        if relative:
            raise CoreError(f"{relative[0]!r} of {name} is not an absolute path.", where=where)
        specs.append(
            UnitSpec(
                name=name,
                state=state,
                enabled=None if masked else item.get("enabled"),
                masked=masked,
                restart_on=tuple(item.get("restart_on") or ()),
                reload_on=tuple(item.get("reload_on") or ()),
                restart_digest=None if text is None else hashlib.sha256(text.encode("utf-8")).hexdigest(),
            )
        )
    return specs


def parse_show(text: str, names: Sequence[str]) -> dict[str, ObservedUnit]:
    """Read ``systemctl show --property=PROPERTIES -- names``: one block per name, in the order asked for."""
    blocks = [block for block in text.strip("\n").split("\n\n") if block.strip()]
    if len(blocks) != len(names):
        raise CoreError(f"systemctl show described {len(blocks)} units where {len(names)} were asked for ({', '.join(names)}).")
    return {name: _parse_block(block) for name, block in zip(names, blocks)}


def _parse_block(block: str) -> ObservedUnit:
    values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    started = _number(values.get("ExecMainStartTimestampMonotonic")) or _number(values.get("ActiveEnterTimestampMonotonic"))
    return ObservedUnit(
        load=values.get("LoadState", ""),
        load_error=values.get("LoadError", "").strip('"').strip(),
        active=values.get("ActiveState", ""),
        sub=values.get("SubState", ""),
        result=values.get("Result", ""),
        file_state=values.get("UnitFileState", ""),
        stale_definition=values.get("NeedDaemonReload") == "yes",
        can_reload=values.get("CanReload") == "yes",
        condition=values.get("ConditionResult") != "no",
        restarts=_number(values.get("NRestarts")),
        type=values.get("Type", ""),
        remains=values.get("RemainAfterExit", "yes") == "yes",
        life=values.get("InvocationID") or f"started-{started}",
        started_us=started,
    )


def _number(value: str | None) -> int:
    return int(value) if value and value.isdigit() else 0


def plan(
    specs: Sequence[UnitSpec],
    observed: Mapping[str, ObservedUnit],
    *,
    files: Mapping[str, WatchedFile],
    stamps: Mapping[str, Stamp | None],
    check_mode: bool = False,
) -> list[UnitPlan]:
    """Return what to do with each unit, in the order given.

    In check mode a unit that doesn't exist yet would be started; otherwise it is an error that names it.
    """
    return [_plan_unit(spec, observed[spec.name], files, stamps.get(spec.name), check_mode) for spec in specs]


def _plan_unit(spec: UnitSpec, now: ObservedUnit, files: Mapping[str, WatchedFile], stamp: Stamp | None, check_mode: bool) -> UnitPlan:
    missing = now.load == "not-found"
    if spec.state == "started":
        if missing and not check_mode:
            raise CoreError(f"{spec.name} does not exist on this node.", hint="Install its package or write its unit file first.")
        if now.load in ("bad-setting", "error"):
            raise CoreError(f"{spec.name} can't be loaded: {now.load_error or now.load}.", hint="See systemd-analyze verify for its unit file.")
        if now.never_stays:
            raise CoreError(f"{spec.name} is a oneshot service without RemainAfterExit and never stays started.", hint="List its timer, or leave it out.")
    action, reason = _action(spec, now, files, stamp)
    is_masked = now.file_state.startswith("masked") or now.load == "masked"
    return UnitPlan(
        name=spec.name,
        action=action,
        reset=action == "start" and now.active == "failed",
        enable=spec.enabled is True and now.file_state in _CAN_ENABLE and (not missing or spec.state == "started"),
        disable=spec.enabled is False and now.file_state == "enabled",
        mask="mask" if spec.masked and not is_masked else "",
        unmask=("unmask-runtime" if now.file_state == "masked-runtime" else "unmask") if is_masked and not spec.masked else "",
        reason="it does not exist yet" if missing and action == "start" else reason,
    )


def _action(spec: UnitSpec, now: ObservedUnit, files: Mapping[str, WatchedFile], stamp: Stamp | None) -> tuple[str, str]:
    """Return start, stop, restart, reload or nothing, and the reason."""
    if spec.state == "stopped":
        return ("", "") if now.active in ("inactive", "failed") else ("stop", f"it is {now.active}")
    if not now.running and now.active != "activating":
        return "start", f"it is {now.active}"
    reason = _outdated(spec.restart_on, now, files, stamp)
    if not reason and spec.restart_digest is not None and stamp and stamp.digest not in (None, spec.restart_digest):
        reason = "restart_digest differs from what it was started with"
    if reason:
        return "restart", reason
    if not now.running:
        return "start", f"it is {now.active} ({now.sub})"
    reason = _outdated(spec.reload_on, now, files, stamp)
    if reason:
        return ("reload", reason) if now.can_reload else ("restart", f"{reason}, and it can't reload")
    return "", ""


def _outdated(paths: Sequence[str], now: ObservedUnit, files: Mapping[str, WatchedFile], stamp: Stamp | None) -> str:
    """Return why the running process doesn't have the files as they are now, or nothing."""
    known = stamp.files if stamp and stamp.life == now.life else {}
    for path in paths:
        file = files[path]
        if path in known:
            if known[path] != file.digest:
                return f"{path} {'was removed' if file.digest is None else 'differs from what it was started with'}"
        elif file.digest is not None and file.changed_us > now.started_us - CLOCK_TICK_US:
            return f"{path} changed after it was started"
    return ""


def stamp_of(spec: UnitSpec, now: ObservedUnit, files: Mapping[str, WatchedFile]) -> Stamp:
    """Return the stamp of a unit that runs with ``files``."""
    return Stamp(now.life, {path: files[path].digest for path in (*spec.restart_on, *spec.reload_on)}, spec.restart_digest)


def commands(plans: Sequence[UnitPlan]) -> list[list[str]]:
    """Return the systemctl arguments that carry out the plans: what is enabled first, then one unit after the other."""
    batches = (
        (["unmask"], [plan.name for plan in plans if plan.unmask == "unmask"]),
        (["unmask", "--runtime"], [plan.name for plan in plans if plan.unmask == "unmask-runtime"]),
        (["enable"], [plan.name for plan in plans if plan.enable]),
        (["disable"], [plan.name for plan in plans if plan.disable]),
    )
    result = [[*verb, "--", *names] for verb, names in batches if names]
    for plan in plans:
        result += [["reset-failed", "--", plan.name]] if plan.reset else []
        result += [[plan.action, "--", plan.name]] if plan.action else []
    masks = [plan.name for plan in plans if plan.mask]
    return result + ([["mask", "--", *masks]] if masks else [])


def trouble(name: str, now: ObservedUnit) -> str:
    """Return what is wrong with a unit that was started, or nothing while it is active or on its way."""
    if now.restarts:
        return f"{name} keeps ending and being started again (NRestarts {now.restarts}), result {now.result or 'unknown'}."
    if now.running or (now.active == "activating" and now.sub != "auto-restart"):
        return ""
    if not now.condition:
        return f"{name} was not started, because a condition of its unit is not met."
    return f"{name} is not active but {now.active} ({now.sub}), result {now.result or 'unknown'}."


def diff(plans: Sequence[UnitPlan], observed: Mapping[str, ObservedUnit]) -> dict[str, str]:
    """Return the plans as Ansible's before and after, a line per unit."""
    before, after = [], []
    for item in plans:
        now = observed[item.name]
        before.append(f"{item.name}: {now.active}, {now.file_state or now.load}\n")
        done = [key for key, value in item.result().items() if value is True]
        after.append(f"{item.name}: {', '.join(done)}{f' ({item.reason})' if item.reason else ''}\n" if done else before[-1])
    return {"before_header": "units", "after_header": "units", "before": "".join(before), "after": "".join(after)}
