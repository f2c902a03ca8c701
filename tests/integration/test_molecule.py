# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All Molecule scenarios on one lab: check mode, converge, converge again without a change, and the scenario's tests."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.lab, pytest.mark.slow]

# In this order: each stands on what the one before it has made of the lab.
SCENARIOS = ("base", "slurm", "discovery", "validation")


def test_every_scenario(repository: pathlib.Path) -> None:
    tools = pathlib.Path(sys.executable).parent
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTEST_"))}
    environment.update(
        PATH=f"{tools}:{environment['PATH']}", NO_COLOR="1", RAILYARD_LAB="molecule", MOLECULE_EPHEMERAL_DIRECTORY=str(repository / ".ansible/molecule")
    )
    assert {path.parent.parent.name for path in repository.glob("molecule/*/tests/test_*.py")} == set(SCENARIOS)
    command = [tools / "molecule", "test", *(word for name in SCENARIOS for word in ("--scenario-name", name)), "--report"]
    run = subprocess.run(
        command, cwd=repository, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(run.stdout)
    # Once more at the end, and short: of a long output many a CI keeps only the beginning and the end.
    failures = re.findall(r"^=+ FAILURES =+$.*?^=+ \d+ failed.*?$", run.stdout, re.MULTILINE | re.DOTALL)
    assert run.returncode == 0, "\n".join(failures)[-4000:] or run.stdout[-4000:]
    closing = re.findall(r"\d+ passed.* in [\d.]+s", run.stdout)
    assert len(closing) == len(SCENARIOS), "a scenario's tests did not run"
    assert [line for line in closing if "skipped" in line] == []
