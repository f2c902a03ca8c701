# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""systemctl and journalctl for tests: a few units in a JSON file, and the strictness of the real ones.

The file named by FAKE_SYSTEMD holds ``units`` by name: properties of systemctl show, plus ``start`` with what a start
leads to: ``active``, ``fails`` (the job fails), ``crashes`` (active, then failed when looked at again), ``condition``.
Every call is noted in ``calls``. Options, verbs and properties that systemd 249 lacks are refused.
"""

from __future__ import annotations

import json
import os
import sys
import time

OPTIONS = {"--no-pager", "--no-ask-password", "--full", "--runtime", "--quiet"}
VERBS = {"show", "status", "start", "stop", "restart", "reload", "enable", "disable", "mask", "unmask", "daemon-reload", "reset-failed"}
COMMON = {"Id", "LoadState", "LoadError", "ActiveState", "SubState", "UnitFileState", "NeedDaemonReload", "CanReload", "ConditionResult", "InvocationID"}
PROPERTIES = COMMON | {"ActiveEnterTimestampMonotonic", "Result", "NRestarts", "Type", "RemainAfterExit", "ExecMainStartTimestampMonotonic"}
DEFAULTS = {
    "LoadState": "loaded",
    "ActiveState": "inactive",
    "SubState": "dead",
    "UnitFileState": "disabled",
    "NeedDaemonReload": "no",
    "CanReload": "no",
    "ConditionResult": "yes",
    "Result": "success",
    "Type": "notify",
    "RemainAfterExit": "no",
    "InvocationID": "",
    "NRestarts": "0",
    "ExecMainStartTimestampMonotonic": "0",
    "ActiveEnterTimestampMonotonic": "0",
}
MISSING = {"LoadState": "not-found", "UnitFileState": "", "Type": "", "RemainAfterExit": "yes"}


def die(text: str, rc: int = 1) -> None:
    print(text, file=sys.stderr)
    sys.exit(rc)


def run(unit: dict[str, str]) -> int:
    """Start a unit; return the exit status of the job."""
    how = unit.get("start", "active")
    unit["lives"] = str(int(unit.get("lives", "0")) + 1)
    now = str(time.monotonic_ns() // 1000)
    unit.update({"InvocationID": f"life{unit['lives']}", "ExecMainStartTimestampMonotonic": now, "ActiveEnterTimestampMonotonic": now})
    states = {"active": ("active", "running"), "crashes": ("active", "running"), "fails": ("failed", "failed"), "condition": ("inactive", "dead")}
    unit["ActiveState"], unit["SubState"] = states[how]
    unit["ConditionResult"] = "no" if how == "condition" else "yes"
    unit["Result"] = "exit-code" if how == "fails" else "success"
    return 1 if how == "fails" else 0


def crash(unit: dict[str, str]) -> None:
    """A process that crashes is seen alive once."""
    if unit.get("start") == "crashes" and unit.get("ActiveState") == "active":
        if unit.get("seen"):
            unit.update({"ActiveState": "failed", "SubState": "failed", "Result": "exit-code"})
        unit["seen"] = "yes"


def show(units: dict[str, dict[str, str]], names: list[str], wanted: list[str]) -> None:
    blocks = []
    for name in names:
        crash(units.get(name, {}))
        values = {**DEFAULTS, **({} if name in units else MISSING), **units.get(name, {}), "Id": name}
        blocks.append("\n".join(f"{key}={values[key]}" for key in wanted if key in values))
    print("\n\n".join(blocks))


def systemctl(state: dict, arguments: list[str]) -> int:
    options = [word for word in arguments[: arguments.index("--") if "--" in arguments else None] if word.startswith("-")]
    wanted: list[str] = []
    for option in options:
        if option.startswith("--property="):
            wanted = option.split("=", 1)[1].split(",")
            if set(wanted) - PROPERTIES:
                die(f"systemd 249 has no property {', '.join(sorted(set(wanted) - PROPERTIES))}")
        elif option not in OPTIONS and option != "--lines=0":
            die(f"systemctl: unrecognized option '{option}'")
    words = [word for word in arguments if word not in options and word != "--"]
    verb, names = (words or [""])[0], words[1:]
    if verb not in VERBS:
        die(f"Unknown command verb '{verb}'.")
    units = state["units"]
    if verb == "show":
        show(units, names, wanted)
        return 0
    if verb == "status":
        print(f"x {names[0]} - status of a fake unit")
        return 3
    state["calls"].append(" ".join([verb, *(["--runtime"] if "--runtime" in options else []), *names]))
    if verb == "daemon-reload":
        units.update(state.pop("on_disk", {}))
        for unit in units.values():
            unit["NeedDaemonReload"] = "no"
        return 0
    rc = 0
    for name in names:
        if name not in units and verb != "mask":
            die(f"Failed to {verb} {name}: Unit {name} not found.", 5)
        unit = units.setdefault(name, {})
        if verb in ("start", "restart"):
            if verb == "restart" or unit.get("ActiveState") != "active":
                rc = run(unit)
            if rc:
                die(f"Job for {name} failed because the control process exited with error code.")
        elif verb == "stop":
            unit.update({"ActiveState": "inactive", "SubState": "dead"})
        elif verb == "reload":
            if unit.get("CanReload") != "yes":
                die(f"Failed to reload {name}: Job type reload is not applicable for unit {name}.")
        elif verb == "reset-failed":
            unit.update({"ActiveState": "inactive", "SubState": "dead"})
        else:
            unit["UnitFileState"] = {"enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "disabled"}[verb]
            unit["LoadState"] = "masked" if verb == "mask" else "loaded"
    return rc


def main() -> int:
    if os.path.basename(sys.argv[0]) == "journalctl":
        print("fake journal: the last words of the unit")
        return 0
    with open(os.environ["FAKE_SYSTEMD"], encoding="utf-8") as file:
        state = json.load(file)
    try:
        return systemctl(state, sys.argv[1:])
    finally:
        with open(os.environ["FAKE_SYSTEMD"], "w", encoding="utf-8") as file:
            json.dump(state, file)


if __name__ == "__main__":
    sys.exit(main())
