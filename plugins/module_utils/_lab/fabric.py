# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The InfiniBand fabric of a lab: ibsim and opensm in a network namespace of their own, out of the tree of the lab's services."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
import typing as t

from ..core.errors import CoreError
from ..core.lab import fabric as model
from ..core.lab import network
from . import host

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.lab.spec import LabSpec

START_TIMEOUT_S = 15
_SUBNET = "opensm-subnet.lst"
# The lab's folder appears in the services' tree as /mnt, for this process alone.
_LAUNCH = """\
echo $$ > "$1/$2.pid"
mount --bind "$1" "$3/mnt"
tool="$2" tree="$3"
shift 3
exec chroot "$tree" "$@"
"""


class FabricService:
    """The processes of one lab's fabric. ``folder`` is theirs, ``tree`` has their programs."""

    def __init__(self, spec: LabSpec, folder: str, tree: str) -> None:
        self.spec = spec
        self.folder = folder
        self.tree = tree
        self.fabric = model.make_fabric(spec)

    def running(self) -> bool:
        return all(self._pid(name) for name in ("ibsim", "opensm"))

    def apply(self, faults: Mapping[str, t.Any], off: list[str]) -> bool:
        """Bring the cables into the condition that the faults and the nodes without power make; start what does not run. Whether anything was done."""
        if not self.fabric.cables:
            return False
        wanted = model.condition(self.fabric, faults, off)
        applied = self._applied() if self.running() else None
        started = applied is None or applied.ratings != wanted.ratings
        if started:
            self.stop()
            applied = self._start_simulator(wanted)
        lines = model.console_lines(self.fabric, applied, wanted)
        self._type(lines)
        self._save(wanted)
        if started:
            self._start_manager()
        return started or bool(lines)

    def wait(self) -> None:
        """Wait until the subnet manager has brought the subnet up: only then it writes down what it found."""
        if self.fabric.cables:
            self._await("opensm", f"{self.folder}/opensm/{_SUBNET}", "")

    def discover(self, tree: str) -> str:
        """What ibnetdiscover prints, out of another tree."""
        command = ["chroot", tree, "env", "--chdir=/mnt", *self._client(), "ibsim-run", "ibnetdiscover"]
        # It makes a folder where it is started.
        script = 'mount -t tmpfs none "$1/mnt"; shift; exec "$@"'
        return host.run([*self._enter(), "sh", "-ec", script, "sh", tree, *command], what="Discovering the fabric", timeout_s=START_TIMEOUT_S)

    def stop(self) -> bool:
        """End whatever runs in the fabric's namespace, also what an earlier start left there."""
        namespace = self.spec.fabric_namespace()
        running = [int(pid) for pid in host.run(["ip", "netns", "pids", namespace]).split()] if os.path.exists(f"/run/netns/{namespace}") else []
        for pid in running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in running:
            host.wait_gone(pid, 5)
        return bool(running)

    def _start_simulator(self, wanted: model.Condition) -> model.Condition:
        os.makedirs(f"{self.folder}/opensm", mode=0o700, exist_ok=True)
        namespace = self.spec.fabric_namespace()
        commands = "\n".join(network.fabric_namespace_commands(self.spec)) + "\n"
        host.run(["ip", "-netns", namespace, "-batch", "-"], stdin=commands, what="Addressing the InfiniBand simulator")
        host.write_whole(f"{self.folder}/network", model.network_file(self.fabric, wanted.ratings))
        console = f"{self.folder}/console"
        if not os.path.exists(console):
            os.mkfifo(console, 0o600)
        log = f"{self.folder}/ibsim.log"
        # Open for both, so that its console never ends.
        self._launch("ibsim", ["ibsim", "-r", "-l", str(model.FABRIC_PORT), "-s", "/mnt/network"], log, stdin=console)
        self._await("ibsim", log, "Network simulator ready")
        return model.Condition(wanted.ratings, frozenset(), {})

    def _start_manager(self) -> None:
        """Run opensm as on a managed switch: no fault of a node takes it away."""
        for name in os.listdir(f"{self.folder}/opensm"):
            if name.startswith("sys-"):
                # What ibsim-run made for a process that was killed.
                shutil.rmtree(f"{self.folder}/opensm/{name}")
            elif name == _SUBNET:
                os.unlink(f"{self.folder}/opensm/{name}")
        variables = [*self._client(), "OSM_TMP_DIR=/mnt/opensm", "OSM_CACHE_DIR=/mnt/opensm"]
        command = ["env", "--chdir=/mnt/opensm", *variables, "ibsim-run", "opensm", "--log_file", "/mnt/opensm/log", "--log_limit", "1"]
        self._launch("opensm", command, f"{self.folder}/opensm.log")

    def _launch(self, name: str, command: list[str], log: str, stdin: str = "/dev/null") -> None:
        for path in (log, f"{self.folder}/{name}.pid"):
            if os.path.exists(path):
                os.unlink(path)
        host.detach([*self._enter(), "sh", "-ec", _LAUNCH, "sh", self.folder, name, self.tree, *command], log, stdin=stdin)

    def _client(self) -> list[str]:
        """The variables of a client in the same namespace, on a managed switch.

        It must not come by the loopback interface: ibsim would answer the next client from there too, and ends when it can't.
        """
        return [f"SIM_HOST={self.fabric.switches[-1].id}", f"IBSIM_SERVER_NAME={self.spec.fabric_address()}"]

    def _enter(self) -> list[str]:
        return ["nsenter", f"--net=/run/netns/{self.spec.fabric_namespace()}", "unshare", "--mount"]

    def _await(self, name: str, log: str, words: str) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                with open(log, encoding="utf-8", errors="replace") as file:
                    if words in file.read():
                        return
            except FileNotFoundError:
                pass
            if time.monotonic() > deadline:
                raise CoreError(f"{name} was not ready within {START_TIMEOUT_S} s of starting.", hint=f"What it said: {self.folder}/{name}.log.")
            time.sleep(0.02)

    def _type(self, lines: list[str]) -> None:
        """Type on the simulator's console, and wait until it has done it."""
        if not lines:
            return
        log = f"{self.folder}/ibsim.log"
        before = os.path.getsize(log)
        descriptor = os.open(f"{self.folder}/console", os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(descriptor, "".join(f"{line}\n" for line in lines).encode())
        finally:
            os.close(descriptor)
        deadline = time.monotonic() + START_TIMEOUT_S
        answer = ""
        while answer.count("sim>") < len(lines):
            if time.monotonic() > deadline:
                raise CoreError("the InfiniBand simulator does not answer on its console.", hint=f"What it said: {log}.")
            time.sleep(0.01)
            with open(log, encoding="utf-8", errors="replace") as file:
                file.seek(before)
                answer = file.read()
        refused = [line for line in answer.splitlines() if "# " in line]
        if refused:
            raise CoreError(f"the InfiniBand simulator refused: {' / '.join(refused)}.")

    def _applied(self) -> model.Condition | None:
        """The condition that the running simulator was brought into; ``None`` where that isn't known."""
        saved = host.read_json(f"{self.folder}/condition.json")
        if not saved or saved["pid"] != self._pid("ibsim"):
            return None
        ratings = {name: model.Rating(*rating) for name, rating in saved["ratings"].items()}
        return model.Condition(ratings, frozenset(saved["down"]), saved["symbol_errors"])

    def _save(self, condition: model.Condition) -> None:
        ratings = {name: [rating.width, rating.speed] for name, rating in condition.ratings.items()}
        saved = {"pid": self._pid("ibsim"), "ratings": ratings, "down": sorted(condition.down), "symbol_errors": dict(condition.symbol_errors)}
        host.write_whole(f"{self.folder}/condition.json", json.dumps(saved, indent=2, sort_keys=True) + "\n")

    def _pid(self, name: str) -> int:
        """The process id of ibsim or opensm; 0 where it does not run."""
        try:
            with open(f"{self.folder}/{name}.pid", encoding="utf-8") as file:
                pid = int(file.read())
        except (OSError, ValueError):
            return 0
        return pid if host.alive(pid, name) else 0
