# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the collectors read on a node, and how it is recorded, given a Runner."""

from __future__ import annotations

import posixpath
import shlex
from typing import Any

from .runner import Runner

TIMEOUT_S = 30.0

COMMANDS = (
    ("uname", "-a"),
    ("lscpu", "-J"),
    ("lspci", "-Dnn"),
    ("ip", "-json", "address"),
    ("nvidia-smi", "-q", "-x"),
    ("nvidia-smi", "topo", "-m"),
    ("ibstat",),
    ("slurmd", "-C"),
)
# Below the node's hardware root.
FILES = ("/proc/cmdline", "/proc/cpuinfo", "/proc/meminfo", "/proc/modules")
# Not hardware: always the node's own.
SYSTEM_FILES = ("/etc/os-release",)


def record(runner: Runner, *, node: str, recorded: str, hardware_root: str = "/") -> dict[str, Any]:
    """Run and read everything, and return the capture's document. What is missing is recorded as missing."""
    commands = {}
    for argv in COMMANDS:
        answer = runner.run(argv, TIMEOUT_S)
        commands[shlex.join(argv)] = {"rc": answer.rc, "stdout": answer.stdout, "stderr": answer.stderr}
    files = {}
    for path, real in [*((path, posixpath.join(hardware_root, path.lstrip("/"))) for path in FILES), *((path, path) for path in SYSTEM_FILES)]:
        try:
            files[path] = runner.read(real)
        except OSError:
            continue
    return {"schema": "railyard.capture", "schema_version": 1, "node": node, "recorded": recorded, "commands": commands, "files": files}
