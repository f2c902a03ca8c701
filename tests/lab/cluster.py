# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of a live lab share: commands on its nodes, jobs, waits with an end."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
INVENTORY = REPOSITORY / "inventories" / "lab"
ANSIBLE_PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"


@dataclass(frozen=True)
class Answer:
    """What a command on a node said."""

    command: str
    rc: int
    stdout: str
    stderr: str

    def ok(self) -> Answer:
        """This answer, if the command succeeded; a failure that shows all of it otherwise."""
        assert self.rc == 0, f"{self.command}\nended with {self.rc}\n{self.stdout}\n{self.stderr}"
        return self

    @property
    def lines(self) -> list[str]:
        return self.stdout.splitlines()


class Cluster:
    """The lab named by RAILYARD_LAB, seen from this machine."""

    def __init__(self) -> None:
        self.name = os.environ.get("RAILYARD_LAB") or "default"
        self.folder = Path("/var/lib/railyard/labs") / self.name
        self.ssh_config = self.folder / "ssh_config"

    def on(self, node: str, command: str, *, user: str = "root", timeout_s: float = 120) -> Answer:
        """Run a shell command on a node, as some user."""
        wanted = command if user == "root" else f"runuser -u {user} -- sh -c {shlex.quote(command)}"
        # Every user starts in a folder that all users have on all nodes.
        argv = ["ssh", "-F", str(self.ssh_config), "-o", "ConnectTimeout=5", node, f"cd /tmp && {wanted}"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL)
        return Answer(f"{node}$ {command}", done.returncode, done.stdout.strip(), done.stderr.strip())

    def login(self, command: str, *, user: str = "alice", timeout_s: float = 120) -> Answer:
        """Run a shell command where users work."""
        return self.on("login1", command, user=user, timeout_s=timeout_s)

    def controller(self, command: str, *, timeout_s: float = 120) -> Answer:
        return self.on("ctl1", command, timeout_s=timeout_s)

    def submit(self, script: str, *options: str) -> int:
        """Submit a batch job of shell lines; its number."""
        text = shlex.quote("#!/bin/sh\n" + script)
        answer = self.login(f"printf %s {text} | sbatch --parsable --chdir=/tmp --output=/tmp/job-%j.out {' '.join(options)}").ok()
        return int(answer.stdout.split(";")[0])

    def job(self, number: int) -> dict[str, str]:
        """The controller's record of a job."""
        text = self.controller(f"scontrol -o show job {number}").ok().stdout
        return dict(word.split("=", 1) for word in text.split() if "=" in word)

    def node_state(self, node: str) -> str:
        return self.controller(f"sinfo --noheader --nodes={node} --format=%T").ok().lines[0]

    def reason(self, node: str) -> str:
        return self.controller(f"sinfo --noheader --nodes={node} --format=%E").ok().stdout

    def all_idle(self) -> bool:
        states = self.controller("sinfo --noheader --Node --format='%T'").ok().lines
        return bool(states) and set(states) == {"idle"}

    def playbook(self, name: str, *arguments: str, inventory: str | Path = INVENTORY, timeout_s: float = 900) -> subprocess.CompletedProcess[str]:
        """Run a playbook of the collection against the lab."""
        argv = [str(ANSIBLE_PLAYBOOK), "-i", str(inventory), f"railyard.cluster.{name}", *arguments]
        env = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        return subprocess.run(argv, cwd=REPOSITORY, env=env, capture_output=True, text=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL)

    def lab(self, verb: str, **variables: str) -> None:
        """Do something to the lab: fail, heal, degrade, snapshot, reset."""
        done = self.playbook(f"lab_{verb}", "-e", json.dumps({f"lab_{name}": value for name, value in variables.items()}))
        assert done.returncode == 0, done.stdout + done.stderr


def until(what: str, condition: Callable[[], bool], *, timeout_s: float = 90, every_s: float = 0.5) -> float:
    """Wait until something holds; seconds that it took. Fails with ``what`` when it doesn't come true in time."""
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        assert waited < timeout_s, f"not within {timeout_s:g} s: {what}"
        time.sleep(every_s)
    return time.monotonic() - start
