# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How tests of roles render what the roles write."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import typing as t

import pytest

Render = t.Callable[..., list[dict[str, t.Any]]]

SYSTEMS = {
    "Debian 12": ("Debian", "12.11"),
    "Debian 13": ("Debian", "13.1"),
    "Ubuntu 22.04": ("Ubuntu", "22.04"),
    "Ubuntu 24.04": ("Ubuntu", "24.04"),
    "RHEL 9": ("RedHat", "9.6"),
    "Rocky 9": ("Rocky", "9.6"),
    "Alma 9": ("AlmaLinux", "9.6"),
}


@pytest.fixture(scope="session")
def render(repository: pathlib.Path) -> Render:
    """Render cases of a role on the given systems (all supported ones by default), in one process."""

    def call(role: str, *, systems: t.Iterable[tuple[str, str]] = tuple(SYSTEMS.values()), **case: t.Any) -> list[dict[str, t.Any]]:
        cases = [{"role": role, "distribution": name, "version": version, **case} for name, version in systems]
        command = [sys.executable, str(pathlib.Path(__file__).with_name("render.py")), str(repository / ".ansible/collections")]
        done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, check=False, cwd=repository)
        assert done.returncode == 0, done.stderr
        answers: list[dict[str, t.Any]] = json.loads(done.stdout)
        return answers

    return call
