# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The linters, each as one test; ``make lint`` runs this file."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

BIN = pathlib.Path(sys.executable).parent
GATES = {
    "ruff": "ruff check --output-format concise .",
    "ruff-format": "ruff format --check --quiet .",
    "mypy": "mypy",
    "ansible-lint": "ansible-lint --offline --profile production --strict",
    "yamllint": "yamllint --strict .",
    "shellcheck": "shellcheck .ci/*.sh .ci/run",
    "changelog": "antsibull-changelog lint",
    "documentation": "antsibull-docs lint-collection-docs . --plugin-docs --validate-collection-refs self",
}


@pytest.mark.parametrize("gate", GATES)
def test_lint(repository: pathlib.Path, gate: str) -> None:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_CONFIG": str(repository / "ansible.cfg"), "NO_COLOR": "1"}
    run = subprocess.run(
        GATES[gate],
        shell=True,
        cwd=repository,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert run.returncode == 0, f"{GATES[gate]}\n{run.stdout}"
