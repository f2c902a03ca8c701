# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The hands of simulated test programs: they take their time, write their files, hang and die as the profile says, and pairs meet over TCP."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import typing as t
from dataclasses import asdict, replace

from .core.simulator import perftest
from .core.simulator.dcgmi import dcgmi
from .core.simulator.nccl_tests import nccl_tests
from .core.simulator.nvbandwidth import nvbandwidth
from .core.simulator.perftest import End
from .core.simulator.programs import PAIRS
from .core.simulator.rates import Outcome


def run(name: str, profile: dict[str, t.Any], argv: list[str], denied: list[int]) -> int:
    """Be the program ``name``; return its exit status."""
    if name in PAIRS:
        return _pair(name, profile, argv)
    if name == "nvbandwidth":
        outcome = nvbandwidth(profile, argv, denied)
    elif name == "dcgmi":
        outcome = dcgmi(profile, argv, denied)
    else:
        outcome = nccl_tests(name, profile, argv, dict(os.environ), os.getpid(), denied)
    return _perform(outcome)


def _perform(outcome: Outcome) -> int:
    sys.stdout.write(_written(outcome))
    sys.stdout.flush()
    while outcome.hangs:
        time.sleep(3600)
    if outcome.signal:
        os.kill(os.getpid(), signal.Signals(outcome.signal))
    time.sleep(outcome.seconds)
    sys.stdout.write(outcome.stdout)
    sys.stdout.flush()
    sys.stderr.write(outcome.stderr)
    return outcome.rc


def _written(outcome: Outcome) -> str:
    """Write the files; return what is printed at once. A file that is there is not replaced: as nccl-tests do, another name is taken, and told."""
    said = outcome.before
    for path, content in outcome.files.items():
        names = [path, *(f"{path}.{number}" for number in range(100))] if path.endswith(".json") else [path]
        for name in names:
            try:
                with open(name, "x" if len(names) > 1 else "w", encoding="utf-8") as file:
                    file.write(content)
            except FileExistsError:
                continue
            except OSError:
                said = said.replace(f"# Writing JSON output to {path}\n", f"# skipping json output; {path} not accessible\n")
            else:
                said = said.replace(f"# Writing JSON output to {path}\n", f"# Writing JSON output to {name}\n")
            break
    return said


def _pair(name: str, profile: dict[str, t.Any], argv: list[str]) -> int:
    own = perftest.end_of(name, profile, argv)
    if isinstance(own, Outcome):
        return _perform(own)
    sys.stdout.write(perftest.waiting(own))
    sys.stdout.flush()
    try:
        connection = _meet(own)
    except OSError:
        sys.stderr.write(
            f"Couldn't connect to {own.host}:{own.port}\n Unable to init the socket connection\n" if own.host else " Unable to init the socket connection\n"
        )
        return 1
    with connection, connection.makefile("rw", encoding="utf-8") as stream:
        other = _exchange(own, stream)
        if other is None or not perftest.compatible(own, other):
            sys.stderr.write(" Failed to exchange data between server and clients\n")
            return 1
        # The client's time counts, as both run the same test.
        longer = own if own.seconds >= other.seconds else replace(own, duration_s=other.duration_s)
        outcome = perftest.report(longer, other)
        if own.json_file:
            try:
                with open(own.json_file, "w", encoding="utf-8") as file:
                    file.write(outcome.files[own.json_file])
            except OSError:
                sys.stderr.write(f"failed to open {own.json_file}\n")
        return _perform(replace(outcome, files={}))


def _meet(own: End) -> socket.socket:
    if own.host:
        return socket.create_connection((own.host, own.port), timeout=30)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", own.port))
        listener.listen(1)
        return listener.accept()[0]


def _exchange(own: End, stream: t.TextIO) -> End | None:
    """Tell the other end what this one is, and hear what that is; ``None`` where it says nothing that makes sense."""
    try:
        stream.write(json.dumps(asdict(own)) + "\n")
        stream.flush()
        told = json.loads(stream.readline(65536))
        return End(**{**told, "sizes": tuple(told["sizes"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
