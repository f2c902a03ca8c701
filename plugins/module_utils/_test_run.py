# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""Run a test program on a node: in an environment of its own, within a time that ends everything it started, and with no more output kept than is asked for."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
import typing as t
from dataclasses import dataclass

from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.commands import MISSING, TIMED_OUT
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Of the caller's environment: what finds programs and libraries, and a home. Nothing that changes what is measured, and no secret.
KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LD_LIBRARY_PATH", "SLURM_CONF", "TMPDIR")
OUTPUT_LIMIT_BYTES = 256 * 1024
# After SIGTERM.
GRACE_S = 5.0
_TURN_S = 0.2
_GONE_S = 2.0
_CUT = b"\n[... %d bytes left out ...]\n"


@dataclass(frozen=True)
class Ran:
    """A command that was run. ``answer.rc`` is 124 where its time ended, 127 where it is not installed, and negative for the signal that it died of."""

    argv: tuple[str, ...]
    answer: CommandResult
    seconds: float

    def evidence(self, name: str) -> dict[str, t.Any]:
        """Return what a module gives back of it; ``name`` is the file that results refer to."""
        return {
            "name": name,
            "command": " ".join(self.argv),
            "rc": self.answer.rc,
            "seconds": round(self.seconds, 1),
            "stdout": self.answer.stdout,
            "stderr": self.answer.stderr,
        }


def run(argv: Sequence[str], timeout_s: float, *, environment: Mapping[str, str] | None = None, limit_bytes: int = OUTPUT_LIMIT_BYTES) -> Ran:
    """Run a command to its end, or to the end of its time. When it returns, nothing that stayed in the command's process group runs any more."""
    own = {name: os.environ[name] for name in KEPT if name in os.environ}
    own.update({"LC_ALL": "C", "LANGUAGE": "C", **(environment or {})})
    began = time.monotonic()
    try:
        process = subprocess.Popen(
            list(argv), env=own, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        return Ran(tuple(argv), CommandResult(MISSING, "", f"{argv[0]}: {error.strerror}"), 0.0)
    outputs = (_Output(limit_bytes), _Output(limit_bytes))
    try:
        ended = _follow(process, outputs, began + timeout_s)
        if not ended:
            _signal(process.pid, signal.SIGTERM)
            _follow(process, outputs, time.monotonic() + GRACE_S)
    finally:
        # Also after a good end: what it left behind would disturb the next test.
        _signal(process.pid, signal.SIGKILL)
        process.wait()
        _await_end(process.pid)
        _drain(process, outputs)
    stdout, stderr = (output.text() for output in outputs)
    return Ran(tuple(argv), CommandResult(process.returncode if ended else TIMED_OUT, stdout, stderr), time.monotonic() - began)


class _Output:
    """The beginning and the end of what a program says: its header says what was run, its last words how it ended."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head, self._tail, self._left_out = bytearray(), bytearray(), 0

    def add(self, data: bytes) -> None:
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[max(room, 0) :]
        over = len(self._tail) - self._half
        if over > 0:
            del self._tail[:over]
            self._left_out += over

    def text(self) -> str:
        middle = _CUT % self._left_out if self._left_out else b""
        return bytes(self._head + middle + self._tail).decode("utf-8", "replace")


def _follow(process: subprocess.Popen[bytes], outputs: tuple[_Output, _Output], until: float) -> bool:
    """Read what a process says until it ends; false where it has not by then. Who inherited its output may go on: that is not waited for."""
    with selectors.DefaultSelector() as selector:
        for stream, output in zip((process.stdout, process.stderr), outputs):
            if stream is not None and not stream.closed:
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, output)
        while process.poll() is None:
            left = until - time.monotonic()
            if left <= 0:
                return False
            if not selector.get_map():
                time.sleep(min(left, _TURN_S))
                continue
            for key, _events in selector.select(min(left, _TURN_S)):
                data = os.read(key.fd, 65536)
                if data:
                    key.data.add(data)
                else:
                    selector.unregister(key.fileobj)
    return True


def _drain(process: subprocess.Popen[bytes], outputs: tuple[_Output, _Output]) -> None:
    for stream, output in zip((process.stdout, process.stderr), outputs):
        if stream is None:
            continue
        os.set_blocking(stream.fileno(), False)
        try:
            while True:
                data = os.read(stream.fileno(), 65536)
                if not data:
                    break
                output.add(data)
        except BlockingIOError:
            pass
        finally:
            stream.close()


def _await_end(group: int) -> None:
    """Wait until the killed are gone; where nobody collects them, not for long."""
    until = time.monotonic() + _GONE_S
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(0.02)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
