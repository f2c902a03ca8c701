# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the scripts behind the Makefile say on machines that lack what they need."""

from __future__ import annotations

import os
import pathlib
import re
import stat
import subprocess

import pytest

STILL = "what still works: railyard --help, railyard parse, and the collection against"


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder that is all of PATH: the few tools a script needs, and none that it looks for."""
    for tool in ("bash", "cut", "date", "dirname", "env", "grep", "sed", "tr", "uname", "xargs"):
        found = next(path for folder in ("/usr/bin", "/bin") if (path := pathlib.Path(folder) / tool).exists())
        (tmp_path / tool).symlink_to(found)
    add(tmp_path, "id", "echo 0")
    return tmp_path


def add(machine: pathlib.Path, name: str, body: str) -> None:
    """Put a tool on the machine that does as ``body`` says."""
    (machine / name).write_text(f"#!/bin/sh\n{body}\n")
    (machine / name).chmod(stat.S_IRWXU)


def run(repository: pathlib.Path, machine: pathlib.Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/bash", str(repository / ".ci" / script), *arguments]
    environment = {"PATH": str(machine), "HOME": str(machine)}
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def test_no_python_is_said_in_one_sentence(repository: pathlib.Path, machine: pathlib.Path) -> None:
    add(machine, "python3", "exit 1")
    answer = run(repository, machine, "python.sh", "3.11")
    assert answer.returncode == 1
    assert answer.stderr.startswith("There is no Python 3.11 or newer with venv on this machine: install one")
    assert answer.stderr.count("\n") == 1


def test_a_broken_python_is_passed_over(repository: pathlib.Path, machine: pathlib.Path) -> None:
    add(machine, "python3.11", "exit 127")
    versions = machine / ".pyenv/versions/3.12.1/bin"
    versions.mkdir(parents=True)
    add(versions, "python3", 'case "$2" in *executable*) echo /somewhere/python;; esac')
    assert run(repository, machine, "python.sh", "3.11").stdout == "/somewhere/python\n"


def test_another_system_is_said_in_one_sentence(repository: pathlib.Path, machine: pathlib.Path) -> None:
    answer = run(repository, machine, "system.sh")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == f"The lab needs a Debian machine with systemd-nspawn and this one has no apt; {STILL} hosts of your own.\n"


def test_missing_packages_are_installed_by_root_alone(repository: pathlib.Path, machine: pathlib.Path) -> None:
    add(machine, "dpkg-query", '[ "$3" = make ] && exit 1; printf installed')
    add(machine, "apt-get", 'echo "apt-get $*"')
    assert run(repository, machine, "system.sh").stdout.splitlines() == [
        "Installing make ...",
        "apt-get update -q",
        "apt-get install -y -q --no-install-recommends make",
    ]
    add(machine, "id", "echo 1000")
    answer = run(repository, machine, "system.sh")
    assert (answer.returncode, answer.stdout) == (0, f"The lab needs root and the apt packages make (sudo make system); {STILL} hosts of your own.\n")


def test_packages_of_a_further_list_are_installed_too(repository: pathlib.Path, machine: pathlib.Path) -> None:
    add(machine, "dpkg-query", '[ "$3" = chromium ] && exit 1; printf installed')
    add(machine, "apt-get", 'echo "apt-get $*"')
    assert run(repository, machine, "system.sh").stdout == ""
    assert run(repository, machine, "system.sh", ".ci/apt-packages-tests").stdout.splitlines()[0] == "Installing chromium ..."


def test_nothing_is_done_when_all_packages_are_there(repository: pathlib.Path, machine: pathlib.Path) -> None:
    add(machine, "dpkg-query", "printf installed")
    add(machine, "apt-get", "exit 1")
    answer = run(repository, machine, "system.sh")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        ({"uname": "echo Darwin"}, "this is Darwin"),
        ({"id": "echo 1000"}, "this is not root"),
        ({}, "systemd-nspawn is not installed (make system)"),
    ],
)
def test_the_demo_says_why_it_cannot_run(repository: pathlib.Path, machine: pathlib.Path, tools: dict[str, str], reason: str) -> None:
    for name, body in tools.items():
        (machine / name).unlink()
        add(machine, name, body)
    answer = run(repository, machine, "demo.sh")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == f"Cannot run the demo: the lab needs root and systemd-nspawn on Linux: {reason}; {STILL} hosts of your own.\n"


def test_help_lists_every_target(repository: pathlib.Path) -> None:
    targets = set(re.findall(r"^\.PHONY: (.*)$", (repository / "Makefile").read_text(), re.MULTILINE)[0].split())
    # The tests themselves run under make, which then would name the folders it enters.
    listing = subprocess.run(["make", "--no-print-directory", "help"], cwd=repository, env=dict(os.environ), capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in listing.splitlines()} == targets
