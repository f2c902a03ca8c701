# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The unit tests on the newest ansible-core, where a Python that it needs is on the machine."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

NO_PYTHON = 77


@pytest.mark.slow
def test_the_unit_tests_pass_on_the_next_ansible_core(repository: pathlib.Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "RAILYARD_STARTED"))}
    run = subprocess.run(
        [repository / ".ci/next.sh"], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if run.returncode == NO_PYTHON:
        pytest.skip("there is no Python 3.12 or newer with venv on this machine")
    print(run.stdout)
    assert run.returncode == 0
    assert " passed" in run.stdout.splitlines()[-1]
