# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes of the lab: who lives, also in the moment in which it becomes another program."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from ansible_collections.railyard.cluster.plugins.module_utils._lab import host

# Becomes itself again as often as it is told.
AGAIN = '#!/bin/sh\n[ "$1" -gt 0 ] && exec "$0" "$(($1 - 1))"\nexec sleep 30\n'


def test_a_process_that_becomes_another_program_lives_all_the_time(tmp_path: Path) -> None:
    script = tmp_path / "marker"
    script.write_text(AGAIN)
    script.chmod(0o755)
    with subprocess.Popen([script, "300"]) as process:
        looked = 0
        while host.alive(process.pid, str(script)):
            looked += 1
        words = Path(f"/proc/{process.pid}/cmdline").read_text()
        process.kill()
    assert words.split("\0")[0] == "sleep"
    assert looked > 300


def test_a_dead_process_that_nobody_has_buried_is_dead() -> None:
    with subprocess.Popen(["true"]) as process:
        assert host.wait_gone(process.pid, 10)
        assert Path(f"/proc/{process.pid}/stat").exists()
        start = time.monotonic()
        assert not host.alive(process.pid, "true")
        assert time.monotonic() - start < 0.1
    assert not host.alive(process.pid, "true")


def test_another_process_with_its_number_is_not_the_one() -> None:
    assert host.alive(os.getpid(), "python")
    assert not host.alive(os.getpid(), "of another lab")
