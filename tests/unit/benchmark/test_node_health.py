# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one examination of a big node costs stays within what is promised."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

BENCHMARK = pathlib.Path(__file__).resolve().parents[2] / "benchmark/node_health.py"


def test_a_node_with_eight_gpus_and_ten_adapters() -> None:
    done = subprocess.run([sys.executable, str(BENCHMARK), "--json", "--runs", "2"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert (measured["gpus"], measured["hcas"]) == (8, 10)
    assert measured["checks"] > 30
    # The machine that runs the test has no systemd, or no chrony.
    assert set(measured["not_passed"]) <= {"clock_offset", "failed_units"}


def test_a_class_that_there_is_not() -> None:
    done = subprocess.run([sys.executable, str(BENCHMARK), "--class", "h100"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no hardware class 'h100'" in done.stderr
