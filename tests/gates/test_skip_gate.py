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
import time
import pytest

@pytest.mark.parametrize("number", range(4))
def test_it(number):
    time.sleep(0.05)
    with open("{seen}", "a") as file:
        file.write(os.environ["PYTEST_XDIST_WORKER"] + " ")
"""


@pytest.mark.parametrize("options", [(), ("-n", "2", "--dist", "loadscope")], ids=["alone", "side by side"])
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
    (tmp_path / "tests/integration/lab").mkdir(parents=True)
    (tmp_path / "tests/conftest.py").write_text((repository / "tests/conftest.py").read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    for name in ("integration/lab/test_a", "integration/lab/test_b", "integration/test_molecule", "test_c"):
        (tmp_path / f"tests/{name}.py").write_text(LAB_TESTS.format(seen=tmp_path / name.replace("/", ".")))
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadscope", "tests"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    seen = {path.name: set(path.read_text().split()) for path in tmp_path.iterdir() if path.name.startswith(("integration", "test_"))}
    assert len(seen) == 4
    assert len(set.union(*(workers for name, workers in seen.items() if name != "test_c"))) == 1


def test_what_is_kept_together_is_what_is_on_the_lab(repository: pathlib.Path) -> None:
    marked = {path for path in (repository / "tests/integration").rglob("test_*.py") if "pytestmark = [pytest.mark.lab" in path.read_text()}
    assert marked
    assert {
        path for path in marked if not path.relative_to(repository).as_posix().startswith(("tests/integration/lab/", "tests/integration/test_molecule.py"))
    } == set()


def test_every_line_of_the_list_has_both_parts(repository: pathlib.Path) -> None:
    lines = (repository / "tests/allowed_skips.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#") and line.count(" | ") != 1] == []
