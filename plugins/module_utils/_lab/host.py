# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The machine that a lab runs on: commands, locks, whole-or-nothing files, processes."""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import json
import os
import select
import shutil
import socket
import subprocess
import time
import typing as t

from ..core.errors import CoreError
from ..core.lab.machine import CGROUP_ROOT

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STATE_DIR = "/var/lib/railyard"
EXEC_TIMEOUT_S = 0.5
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
STILL_WORKS = "Without it, 'railyard --help', 'railyard parse' and the collection against your own hosts still work."


def lab_names() -> list[str]:
    """Names of all labs on this machine."""
    folder = f"{STATE_DIR}/labs"
    return sorted(name for name in os.listdir(folder) if os.path.exists(f"{folder}/{name}/lab.json")) if os.path.isdir(folder) else []


def run(argv: Sequence[str], *, stdin: str = "", what: str = "", timeout_s: float = 120) -> str:
    """Run a command; return what it printed. Raises ``CoreError`` with its last words when it fails."""
    env = {"PATH": PATH, "LC_ALL": "C", "HOME": "/root"}
    try:
        done = subprocess.run(list(argv), input=stdin, capture_output=True, text=True, timeout=timeout_s, env=env, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CoreError(f"{what or argv[0]} failed: {error}.") from error
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CoreError(f"{what or ' '.join(argv)} failed with status {done.returncode}: {' / '.join(words[-3:])}.")
    return done.stdout


def require_lab_host() -> None:
    """Raise one sentence if this machine can't carry a lab."""
    if os.geteuid() != 0:
        raise CoreError("The lab needs root on this machine.", hint=STILL_WORKS)
    missing = [name for name in ("systemd-nspawn", "mmdebstrap", "ip", "tc", "ssh-keygen") if shutil.which(name, path=PATH) is None]
    if missing:
        raise CoreError(
            f"The lab needs {', '.join(missing)} on this machine.",
            hint=f"On Debian: apt-get install systemd-container mmdebstrap iproute2 openssh-client. {STILL_WORKS}",
        )


def is_systemd_host() -> bool:
    """Whether systemd runs this machine, so that nodes can be units of it."""
    return os.path.isdir("/run/systemd/system")


def is_mixed_cgroup_host() -> bool:
    """Whether controllers are mounted as cgroup v1 beside an empty v2 tree (or without one)."""
    return not os.path.exists(f"{CGROUP_ROOT}/cgroup.controllers")


@contextlib.contextmanager
def locked(path: str, *, timeout_s: float = 0) -> Iterator[None]:
    """Hold a lock file for as long as the block runs; whoever dies lets go of it. Raises ``CoreError`` after a timeout, if there is one."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    deadline = time.monotonic() + timeout_s
    with open(path, "w", encoding="utf-8") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | (fcntl.LOCK_NB if timeout_s else 0))
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise CoreError("somebody else is changing the lab.", where=path) from None
                time.sleep(0.1)
        yield


def read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def write_whole(path: str, content: str, mode: int = 0o644) -> None:
    """Write a file whole or not at all."""
    temporary = f"{path}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
    os.replace(temporary, path)


def copy_whole(source: str, target: str, mode: int) -> bool:
    """Copy a file whole or not at all, unless the other is the same already. Whether it was copied."""
    if os.path.exists(target) and filecmp.cmp(source, target, shallow=False):
        return False
    shutil.copyfile(source, f"{target}.new")
    os.chmod(f"{target}.new", mode)
    os.replace(f"{target}.new", target)
    return True


def read_json(path: str) -> t.Any:
    """Read a JSON file; ``None`` where there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise CoreError(f"{path} is damaged: {error}.", hint="Remove it and run again.") from error


def mounted(path: str) -> bool:
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        return any(line.split(" ", 2)[1] == path for line in mounts)


def children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def alive(pid: int, marker: str) -> bool:
    """Whether a process lives and is the one we mean: its command line has ``marker``.

    While a process becomes another program, the kernel shows no command line of it (``execve(2)``); that is waited for.
    """
    deadline = time.monotonic() + EXEC_TIMEOUT_S
    while True:
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                words = file.read()
        except OSError:
            return False
        if words or time.monotonic() > deadline or wait_gone(pid, 0):
            return marker in words
        time.sleep(0.001)


def detach(argv: Sequence[str], log: str, *, stdin: str = os.devnull) -> None:
    """Start a process that outlives us, in a session of its own, without our descriptors.

    ``stdin`` is opened for reading and writing, so that a named pipe never comes to its end.
    """
    with open(log, "ab") as output, open(stdin, "r+b", buffering=0) as source:
        subprocess.Popen(
            list(argv),
            stdin=source,
            stdout=output,
            stderr=output,
            start_new_session=True,
            close_fds=True,
            cwd="/",
            env={"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/root"},
        )


def wait_gone(pid: int, timeout_s: float) -> bool:
    """Wait until a process has ended; by an event where the kernel has one."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], timeout_s)[0])
    finally:
        os.close(descriptor)


def port_answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False
