# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The run fails when a test is left out for a reason that is not on the list, and keeps the tests of the lab together."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

TESTS = """
import pytest

def test_passes():
    pass

def test_left_out():
    pytest.skip("{reason}")
"""

LAB_TESTS = """
import os
import pytest

@pytest.mark.lab
@pytest.mark.parametrize("number", range(3))
def test_on_the_lab(number):
    with open("{seen}", "a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + " ")

@pytest.mark.parametrize("number", range(3))
def test_elsewhere(number):
    pass
"""


@pytest.mark.parametrize("options", [(), ("-n", "2", "--dist", "loadgroup")], ids=["alone", "side by side"])
@pytest.mark.parametrize(("reason", "code", "refused"), [("known", 0, 0), ("the tool is missing", 1, 1)])
def test_only_listed_reasons_pass(repository: pathlib.Path, tmp_path: pathlib.Path, reason: str, code: int, refused: int, options: tuple[str, ...]) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/conftest.py").write_text((repository / "tests/conftest.py").read_text())
    (tmp_path / "tests/allowed_skips.txt").write_text("# comment\ntests/test_a.py::test_left_out | kn*\n")
    (tmp_path / "tests/test_a.py").write_text(TESTS.format(reason=reason))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "--refuse-skips", *options, "tests"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == code, run.stdout
    assert f"1 tests skipped, {refused} of them for a reason that is not in tests/allowed_skips.txt" in run.stdout
    assert run.stdout.splitlines()[-1].strip("= ").startswith("1 passed, 1 skipped in ")


def test_all_tests_of_the_lab_run_in_one_process(repository: pathlib.Path, tmp_path: pathlib.Path) -> None:
    for name in ("tests", ".ci"):
        (tmp_path / name).mkdir()
    possible = tmp_path / ".ci/lab-possible.sh"
    possible.write_text("#!/bin/sh\n")
    possible.chmod(0o755)
    (tmp_path / "tests/conftest.py").write_text((repository / "tests/conftest.py").read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  lab: on the lab\n")
    for module in "abcd":
        (tmp_path / f"tests/test_{module}.py").write_text(LAB_TESTS.format(seen=tmp_path / "seen"))
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "tests"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    seen = (tmp_path / "seen").read_text().split()
    assert len(seen) == 12
    assert len(set(seen)) == 1


def test_every_line_of_the_list_has_both_parts(repository: pathlib.Path) -> None:
    lines = (repository / "tests/allowed_skips.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#") and line.count(" | ") != 1] == []
