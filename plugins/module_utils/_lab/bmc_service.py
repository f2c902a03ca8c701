# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The BMCs of a lab: their addresses, and the one process that is all of them."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import signal
import sys
import time
import typing as t

from ..core.errors import CoreError
from ..core.lab import network
from ..core.lab.spec import BMC_PORT
from ..core.lab.targets import bmc_name
from . import host

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.lab.spec import LabNode, LabSpec

START_TIMEOUT_S = 30
PROGRAM = "bmcs.pyz"
EMULATOR = "sushy_tools"


class BmcService:
    """The BMCs of one lab. ``folder`` is theirs."""

    def __init__(self, spec: LabSpec, folder: str) -> None:
        self.spec = spec
        self.folder = folder

    def require(self) -> None:
        """Raise one sentence if they cannot run here."""
        if self.spec.bmcs and importlib.util.find_spec(EMULATOR) is None:
            raise CoreError(
                f"The lab's BMCs need the Python package sushy-tools, and {sys.executable} has none.",
                hint=f"{sys.executable} -m pip install sushy-tools, or set lab_bmcs to false.",
            )

    def state(self, node: LabNode, faults: Mapping[str, t.Any]) -> str:
        """The node's BMC in a word or an address."""
        if not self.spec.bmcs:
            return ""
        return "down" if bmc_name(node.name) in faults or not self.pid() else self.spec.bmc_address(node)

    def connect(self, faults: Mapping[str, t.Any]) -> None:
        """Give each BMC its address, or take it away from one that is dead."""
        if self.spec.bmcs:
            listing = json.loads(host.run(["ip", "-json", "address", "show", "dev", network.management_bridge(self.spec)]))
            present = [entry["local"] for interface in listing for entry in interface.get("addr_info", [])]
            dead = [node.name for node in self.spec.nodes if bmc_name(node.name) in faults]
            host.run(["ip", "-batch", "-"], stdin="\n".join(network.bmc_commands(self.spec, dead, present)) + "\n", what="Addressing the BMCs")

    def start(self) -> bool:
        """Run the process unless the one that runs is what it should be. Whether it was started."""
        if not self.spec.bmcs:
            return False
        digest = self._digest()
        saved = host.read_json(f"{self.folder}/state.json") or {}
        if self.pid() and saved.get("digest") == digest:
            return False
        self.stop()
        for name in ("log", "ready", "pid"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(f"{self.folder}/{name}")
        launch = 'echo $$ > "$0/pid"; exec "$@"'
        host.detach(["/bin/sh", "-c", launch, self.folder, sys.executable, f"{self.folder}/{PROGRAM}", self.spec.name], f"{self.folder}/log")
        host.write_whole(f"{self.folder}/state.json", json.dumps({"digest": digest}) + "\n")
        return True

    def wait(self) -> None:
        """Wait until they answer."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.spec.bmcs and not os.path.exists(f"{self.folder}/ready"):
            written = self._written_pid()
            if time.monotonic() > deadline or (written and host.wait_gone(written, 0)):
                raise CoreError("the BMCs did not start.", where=f"{BMC_PORT}/tcp of {self.spec.bmc_network()}", hint=f"What they said: {self.folder}/log.")
            time.sleep(0.05)

    def stop(self) -> bool:
        pid = self.pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            if not host.wait_gone(pid, 10):
                os.kill(pid, signal.SIGKILL)
        return bool(pid)

    def disconnect(self) -> None:
        """Forget where they were; their addresses go with the bridge."""
        host.run(["ip", "route", "flush", "exact", str(self.spec.bmc_network())])

    def pid(self) -> int:
        """The process id of the one that is all of them; 0 where it does not run."""
        pid = self._written_pid()
        return pid if pid and host.alive(pid, f"{self.folder}/{PROGRAM}") else 0

    def _written_pid(self) -> int:
        """What the process wrote down before it became the program; 0 while it has not, or only half."""
        try:
            return int(host.read(f"{self.folder}/pid"))
        except (OSError, ValueError):
            return 0

    def _digest(self) -> str:
        """What the process was made of: its program and the description of the lab."""
        with open(f"{self.folder}/{PROGRAM}", "rb") as file:
            return hashlib.sha256(file.read() + json.dumps(self.spec.to_dict(), sort_keys=True).encode()).hexdigest()
