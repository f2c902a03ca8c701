# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""A node's part of a measurement: start its agent, and fetch what came of it."""

from __future__ import annotations

import base64
import gzip
import ipaddress
import json
import os
import pwd
import select
import shutil
import time
import typing as t

from ansible_collections.railyard.cluster.plugins.module_utils._module import ModuleRunner
from ansible_collections.railyard.cluster.plugins.module_utils.core.agent import measurement
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

AGENT = "/usr/lib/railyard/railyard-agent.pyz"
FOLDER = "/run/railyard/measure"
UNIT = "railyard-measure"
# Who measures needs no privilege.
USER = "nobody"
FIREWALL_TABLE = "inet railyard"
FIREWALL_SETS = {4: "measurement", 6: "measurement_6"}
START_TIMEOUT_S = 30
# The last four are the action's, which reads them from the folder. The token is apart from the part, so that the node's log doesn't get it.
ARGUMENTS: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["started", "fetched"], "required": True},
    "folder": {"type": "path", "required": True},
    "phase": {"type": "str", "choices": ["rounds", "confirm"], "default": "rounds"},
    "_part": {"type": "dict"},
    "_token": {"type": "str", "no_log": True},
    "_sources": {"type": "list", "elements": "str", "default": []},
    "_ports": {"type": "str", "default": ""},
}


def work(runner: ModuleRunner, params: dict[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Do what ``state`` says; the result of the module."""
    part = measurement.part_from_dict({**params["_part"], "token": params["_token"]})
    if params["state"] == "started":
        return start(runner, part, params, check_mode=check_mode)
    return fetch(runner, part)


def start(runner: ModuleRunner, part: measurement.Part, params: dict[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    if not os.path.exists(AGENT):
        raise CoreError("the node's agent is not installed.", where=AGENT, hint="Install it: railyard apply --tags node_agent.")
    unit = _unit(runner)
    if unit.get("ActiveState") in ("active", "activating"):
        raise CoreError("another measurement is running on this node.", where=f"{UNIT}.service", hint=f"Wait for its end, or stop it: systemctl stop {UNIT}.")
    if check_mode:
        return {"changed": True, "seconds": part.duration_s}
    shutil.rmtree(FOLDER, ignore_errors=True)
    folder = _folder(part)
    user = pwd.getpwnam(USER)
    os.makedirs(folder, mode=0o700)
    # Whatever root's umask is, the agent has to get there.
    for path in (os.path.dirname(FOLDER), FOLDER):
        os.chmod(path, os.stat(path).st_mode | 0o111)
    os.chown(folder, user.pw_uid, user.pw_gid)
    path = f"{folder}/part.json"
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(part.to_dict(), file)
    os.chown(path, user.pw_uid, user.pw_gid)
    opened = open_ports(runner, params["_sources"], params["_ports"], part.limit_s)
    properties = {
        "User": USER,
        "NoNewPrivileges": "yes",
        "RuntimeMaxSec": f"{part.limit_s:.0f}",
        "TimeoutStartSec": str(START_TIMEOUT_S),
        "TimeoutStopSec": "2",
        "LimitNOFILE": "65536",
        "LimitMEMLOCK": "infinity",
    }
    arguments = [f"--property={key}={value}" for key, value in properties.items()] + [f"--property=ExecStopPost=+nft {words}" for words in opened]
    command = ["/usr/bin/python3", "-IS", AGENT, "measure", path, f"{folder}/result.json"]
    answer = runner.run(["systemd-run", "--quiet", "--collect", f"--unit={UNIT}", "--service-type=notify", *arguments, *command], START_TIMEOUT_S + 10)
    if answer.rc:
        journal = runner.run(["journalctl", "--quiet", "--no-pager", "--output=cat", "--lines=20", f"--unit={UNIT}"], 20).stdout
        said = [line for line in journal.splitlines() if line.startswith("railyard-agent:")]
        raise CoreError(f"the node's agent did not start: {said[-1] if said else answer.stderr.strip()}", where=f"{UNIT}.service")
    return {"changed": True, "seconds": part.duration_s}


def fetch(runner: ModuleRunner, part: measurement.Part) -> dict[str, t.Any]:
    """Wait until the agent has ended, and return what it wrote."""
    folder = _folder(part)
    if not os.path.isdir(folder):
        raise CoreError("this measurement was not started on this node.", where=folder)
    ended = _wait(runner, part.limit_s + 10)
    try:
        with open(f"{folder}/result.json", "rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise CoreError("the node's agent left no result.", where=folder, hint=f"What it said: journalctl -u {UNIT}.") from None
    status = str(json.loads(content)["status"])
    return {"changed": False, "status": status, "ended": ended, "content": base64.b64encode(gzip.compress(content, mtime=0)).decode()}


def open_ports(runner: ModuleRunner, sources: list[str], ports: str, seconds: float) -> list[str]:
    """Let the others in for as long as the measurement may last, where Railyard's firewall runs. Returns nft's words that end it sooner.

    The kernel forgets the ports by itself (nft(8), sets with timeouts), whatever happens to the agent.
    """
    ends = []
    for version, name in FIREWALL_SETS.items():
        networks = [source for source in sources if ipaddress.ip_network(source).version == version]
        if not networks or runner.run(["nft", "list", "set", *FIREWALL_TABLE.split(), name], 20).rc:
            continue
        elements = ", ".join(f"{network} . {ports}" for network in networks)
        timed = ", ".join(f"{network} . {ports} timeout {seconds:.0f}s" for network in networks)
        answer = runner.run(["nft", f"add element {FIREWALL_TABLE} {name} {{ {timed} }}"], 20)
        if answer.rc:
            raise CoreError(f"the ports {ports} cannot be opened: {answer.stderr.strip()}", where=f"table {FIREWALL_TABLE}")
        ends.append(f"delete element {FIREWALL_TABLE} {name} {{ {elements} }}")
    return ends


def _folder(part: measurement.Part) -> str:
    return f"{FOLDER}/{part.run_id}-{part.phase}"


def _unit(runner: ModuleRunner) -> dict[str, str]:
    answer = runner.run(["systemctl", "show", "--property=ActiveState,MainPID", f"{UNIT}.service"], 20)
    return dict(line.split("=", 1) for line in answer.stdout.splitlines() if "=" in line)


def _wait(runner: ModuleRunner, timeout_s: float) -> bool:
    """Wait for the end of the unit's process, which the kernel tells. Whether it came."""
    deadline = time.monotonic() + timeout_s
    while True:
        unit = _unit(runner)
        pid = int(unit.get("MainPID", "0"))
        if unit.get("ActiveState") not in ("active", "activating") or not pid:
            return True
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return False
        finally:
            os.close(descriptor)
        # What it started ends with it.
        time.sleep(0.05)
