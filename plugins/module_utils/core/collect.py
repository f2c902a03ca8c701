# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A capture of a node: what the collectors of its facts read, and what a person who helps wants to see besides, given a Runner."""

from __future__ import annotations

from typing import Any

from .facts.parts import collect_facts
from .facts.recording import RecordingRunner
from .facts.source import TIMEOUT_S
from .runner import Runner

# What no collector asks.
COMMANDS = (
    ("uname", "-a"),
    ("lscpu", "-J"),
    ("lspci", "-Dnn"),
    ("ip", "-json", "address"),
    ("nvidia-smi", "topo", "-m"),
    ("nvidia-smi", "nvlink", "-s"),
    ("ibstat",),
    ("slurmd", "-C"),
)


def record(runner: Runner, *, node: str, recorded: str, hardware_root: str = "/") -> dict[str, Any]:
    """Look at a node and return the capture's document. What is missing is missing in it, or has its exit status."""
    recording = RecordingRunner(runner, hardware_root)
    collect_facts(recording, root=hardware_root)
    for argv in COMMANDS:
        recording.run(argv, TIMEOUT_S)
    return {
        "schema": "railyard.capture",
        "schema_version": 1,
        "node": node,
        "recorded": recorded,
        "commands": recording.commands,
        "files": dict(sorted(recording.files.items())),
        "links": dict(sorted(recording.links.items())),
        "folders": dict(sorted(recording.folders.items())),
        "denied": sorted(recording.denied),
    }
