# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A lab of three nodes with an inventory of its own, for the tests of the lab itself."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from ansible_collections.railyard.cluster.plugins.module_utils.core.parse import ibnetdiscover

REPOSITORY = Path(__file__).resolve().parents[2]
HOSTS = """\
lab:
  hosts:
    a1: {lab_number: 11, lab_leaf: leaf1}
    a2: {lab_number: 12, lab_leaf: leaf1}
    b1: {lab_number: 13, lab_leaf: leaf2}
  vars:
    railyard_hardware_class: lab_h100_4
"""
# Sends for two seconds through the link to whoever connects, and says what came through, in Mbit/s.
RECEIVER = """\
import socket, sys, time
server = socket.create_server(("", 5201)); server.settimeout(15)
peer, _ = server.accept(); count = 0; begin = None
while chunk := peer.recv(1 << 20):
    begin = begin or time.monotonic(); count += len(chunk)
print(round(count * 8 / 1e6 / (time.monotonic() - begin)))
"""
SENDER = """\
import socket, sys, time
for attempt in range(100):
    try:
        peer = socket.create_connection((sys.argv[1], 5201), timeout=5); break
    except OSError:
        time.sleep(0.05)
end = time.monotonic() + 2
while time.monotonic() < end:
    peer.sendall(bytes(1 << 16))
"""


class SmallLab:
    """A lab of three nodes with an inventory of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.inventory = folder / name
        shutil.copytree(REPOSITORY / "inventories" / "lab", self.inventory)
        (self.inventory / "hosts.yml").write_text(HOSTS)
        self.state = Path("/var/lib/railyard/labs") / name
        self.env = {**os.environ, "RAILYARD_LAB": name, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}

    @property
    def index(self) -> int:
        return int(json.loads((self.state / "lab.json").read_text())["spec"]["index"])

    def command(self, verb: str, **variables: Any) -> list[str]:
        extra = json.dumps({f"lab_{name}": value for name, value in variables.items()})
        return [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(self.inventory), f"railyard.cluster.lab_{verb}", "-e", extra]

    def do(self, verb: str, *, fails: bool = False, **variables: Any) -> dict[str, Any]:
        """Run one of the lab's playbooks; the result of its last task."""
        done = subprocess.run(
            self.command(verb, **variables), env=self.env, cwd=REPOSITORY, capture_output=True, text=True, timeout=600, check=False, stdin=subprocess.DEVNULL
        )
        assert (done.returncode != 0) is fails, done.stdout + done.stderr
        document = json.loads(done.stdout)
        result: dict[str, Any] = document["plays"][-1]["tasks"][-1]["hosts"]["localhost"]
        assert "Traceback" not in done.stdout
        return result

    def on(self, node: str, command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        argv = ["ssh", "-F", str(self.state / "ssh_config"), "-o", "ConnectTimeout=2", node, command]
        return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, input=stdin)

    def kill(self, pid: int) -> None:
        """End a process of the lab as nobody would, and wait until it is gone."""
        descriptor = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        assert select.select([descriptor], [], [], 10)[0]
        os.close(descriptor)

    def links(self, node: str) -> list[str]:
        """The cables that a node sees, by the names of both ends and what they do."""
        answer = self.on(node, "ibnetdiscover")
        assert answer.returncode == 0, answer.stderr
        fabric = ibnetdiscover.parse(answer.stdout)
        assert fabric.complete
        ends = [sorted(f"{end.name}[{end.port}]" for end in (link.a, link.b)) for link in fabric.links]
        return sorted(f"{one} {other} {link.width} {link.speed}" for (one, other), link in zip(ends, fabric.links, strict=True))

    def redfish(self, number: int, path: str, *, reset: str = "", password: str = "") -> dict[str, Any]:
        """Ask a node's BMC, or let it reset its machine."""
        password = password or (self.state / "secrets" / "bmc_password").read_text()
        token = base64.b64encode(f"admin:{password}".encode()).decode()
        url = f"https://10.215.{self.index}.{number}{path}"
        body = json.dumps({"ResetType": reset}).encode() if reset else None
        request = urllib.request.Request(url, body, {"Authorization": f"Basic {token}", "Content-Type": "application/json"})
        context = ssl.create_default_context(cafile=str(self.state / "bmc" / "ca.pem"))
        with urllib.request.urlopen(request, timeout=10, context=context) as answer:
            text = answer.read()
        return dict(json.loads(text)) if text else {}

    def system(self, number: int) -> str:
        return str(self.redfish(number, "/redfish/v1/Systems")["Members"][0]["@odata.id"])

    def bandwidth_mbits_per_s(self, source: str, target: str, address: str) -> int:
        argv = ["ssh", "-F", str(self.state / "ssh_config"), target, "timeout 20 python3 -"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as receiver:
            assert receiver.stdin and receiver.stdout
            receiver.stdin.write(RECEIVER)
            receiver.stdin.close()
            self.on(source, f"timeout 20 python3 - {address}", SENDER)
            return int(receiver.stdout.read())


def node(result: dict[str, Any], name: str) -> dict[str, Any]:
    """What the lab said of a node."""
    found: dict[str, Any] = next(entry for entry in result["nodes"] if entry["name"] == name)
    return found


def cable(result: dict[str, Any], name: str) -> str:
    """What the lab said of a cable of its fabric."""
    return str(next(entry["state"] for entry in result["cables"] if entry["name"] == name))
