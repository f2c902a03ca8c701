# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running a test program: nothing of it outlives its time, its environment is its own, and what it says is bounded."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils import _test_run
from ansible_collections.railyard.cluster.plugins.module_utils._test_run import run

# A program whose child takes no notice of SIGTERM, and neither does the program.
_STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if not os.fork():
    open(sys.argv[1], "w").write(str(os.getpid()))
    time.sleep(600)
print("begun", flush=True)
time.sleep(600)
"""

_LEAVING = """
import os, sys, time
if os.fork():
    time.sleep(0.3)
    print("done")
    sys.exit()
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
"""
_HEEDING = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("last words", flush=True), sys.exit(0)))
print("begun", flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def python(text: str, *argv: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text, *argv)


def child_of(path: Path) -> int:
    return int(path.read_text())


def test_a_program_that_ends() -> None:
    ran = run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), 30)
    assert (ran.answer.rc, ran.answer.stdout, ran.answer.stderr) == (3, "out\n", "err\n")
    assert ran.evidence("x.txt") == {
        "name": "x.txt",
        "command": " ".join(ran.argv),
        "rc": 3,
        "seconds": round(ran.seconds, 1),
        "stdout": "out\n",
        "stderr": "err\n",
    }


def test_children_that_ignore_sigterm_are_ended_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_test_run, "GRACE_S", 0.5)
    began = time.monotonic()
    ran = run(python(_STUBBORN, str(tmp_path / "pid")), 1.5)
    assert (ran.answer.rc, ran.answer.stdout) == (124, "begun\n")
    assert time.monotonic() - began < 10
    assert not alive(child_of(tmp_path / "pid"))


def test_what_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    began = time.monotonic()
    ran = run(python(_LEAVING, str(tmp_path / "pid")), 60)
    assert (ran.answer.rc, ran.answer.stdout) == (0, "done\n")
    assert time.monotonic() - began < 20, "its output stays open, which is not waited for"
    assert not alive(child_of(tmp_path / "pid"))


def test_a_program_that_heeds_sigterm_may_say_its_last_words() -> None:
    ran = run(python(_HEEDING), 1.5)
    assert (ran.answer.rc, ran.answer.stdout) == (124, "begun\nlast words\n")


def test_what_a_signal_ends_and_what_is_not_there() -> None:
    assert run(python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"), 30).answer.rc == -11
    ran = run(("railyard-no-such-program", "-h"), 30)
    assert (ran.answer.rc, ran.answer.stderr) == (127, "railyard-no-such-program: No such file or directory")


def test_the_environment_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "secret")
    monkeypatch.setenv("NCCL_IB_DISABLE", "1")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    ran = run(python("import os, json; print(json.dumps(dict(os.environ)))"), 30, environment={"NCCL_ALGO": "Ring"})
    assert "secret" not in ran.answer.stdout and "NCCL_IB_DISABLE" not in ran.answer.stdout and "de_DE" not in ran.answer.stdout
    assert '"NCCL_ALGO": "Ring"' in ran.answer.stdout and '"LC_ALL": "C"' in ran.answer.stdout and os.environ["PATH"] in ran.answer.stdout


def test_output_is_bounded_at_both_ends() -> None:
    ran = run(python("print('first'); print('x' * 100_000); print('last')"), 30, limit_bytes=1000)
    text = ran.answer.stdout
    assert text.startswith("first\n") and text.endswith("last\n") and len(text) < 1100
    assert f"[... {100_012 - 1000} bytes left out ...]" in text
    assert run(python("print('x' * 900)"), 30, limit_bytes=1000).answer.stdout == "x" * 900 + "\n"
