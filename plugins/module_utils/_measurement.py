# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The node agent's ``measure``: agree with the other nodes on the start, follow the schedule, keep what the commands said.

It runs as a unit of systemd, which ends it with everything that it started, whatever happens. It needs no privilege: the commands measure what
any job could.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import selectors
import signal
import socket
import subprocess
import time
import typing as t

from .core.agent import measurement
from .core.errors import CoreError
from .core.health.network import ERRORS, LINK_DOWNED

if t.TYPE_CHECKING:
    from collections.abc import Sequence

    from .core.agent.measurement import Part, Slot

OUTPUT_LIMIT = 262144
# What the role node_agent wrote of the node.
DESCRIPTION = "/etc/railyard/node.json"
PORT_FOLDER = "sys/class/infiniband/{device}/ports/{port}"
# Between the last word of the conductor and the start: everybody has heard it then.
START_DELAY_S = 2.0
_CONNECT_TIMEOUT_S = 2.0
_RETRY_PAUSE_S = 0.1


def main(part_path: str, result_path: str) -> int:
    """Follow the part of the schedule in a file; write what came of it to another."""
    try:
        with open(part_path, encoding="utf-8") as file:
            part = measurement.part_from_dict(json.load(file))
    except (OSError, ValueError) as error:
        raise CoreError(f"it cannot be read ({error}).", where=part_path) from None
    result = Result(part, result_path)
    listener = _listen(part)
    _notify("READY=1")
    with listener if listener is not None else contextlib.nullcontext():
        start = Meeting(part, listener, result).agree()
    if start is None:
        result.write("no start")
        return 1
    result.counters["before"] = counters(part)
    for slot in part.slots:
        result.slots.append(follow(part, slot, start))
        result.write("running")
    result.counters["after"] = counters(part)
    result.write("done")
    return 0


class Result:
    """What is known so far, written whole each time: what a node did before it died is not lost with it."""

    def __init__(self, part: Part, path: str) -> None:
        self._part, self._path = part, path
        self.slots: list[dict[str, t.Any]] = []
        self.present: list[str] = []
        self.conductor = ""
        self.notes: list[str] = []
        self.counters: dict[str, dict[str, dict[str, int]]] = {}

    def write(self, status: str) -> None:
        part = self._part
        document = {
            "schema": measurement.RESULT_SCHEMA,
            "schema_version": measurement.SCHEMA_VERSION,
            "run_id": part.run_id,
            "phase": part.phase,
            "node": part.node,
            "status": status,
            "conductor": self.conductor,
            "present": self.present,
            "notes": self.notes,
            "slots": self.slots,
            "counters": self.counters,
        }
        with open(f"{self._path}.new", "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.replace(f"{self._path}.new", self._path)


def counters(part: Part) -> dict[str, dict[str, int]]:
    """By port, ``mlx5_0/1``, what it has counted of errors; a port whose counters can't be read has none."""
    try:
        with open(DESCRIPTION, encoding="utf-8") as file:
            root = str(json.load(file).get("hardware_root") or "/")
    except (OSError, ValueError):
        root = "/"
    found: dict[str, dict[str, int]] = {}
    for device, port in part.watch:
        found[f"{device}/{port}"] = {}
        for name in (*ERRORS, LINK_DOWNED):
            with (
                contextlib.suppress(OSError, ValueError),
                open(os.path.join(root, PORT_FOLDER.format(device=device, port=port), name), encoding="ascii") as file,
            ):
                found[f"{device}/{port}"][name] = int(file.read())
    return found


def _listen(part: Part) -> socket.socket | None:
    """Open the port of a conductor, on a node that may be one."""
    if part.node not in [name for name, _address in part.conductors]:
        return None
    try:
        return socket.create_server((part.address, part.port), backlog=4096, family=socket.AF_INET6 if ":" in part.address else socket.AF_INET)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise CoreError(
            f"port {part.port} of {part.address} cannot be opened: {why}.",
            hint="Set validate_ports to ports that are free, and validate_address to an address of the node.",
        ) from None


def _notice_silence(peer: socket.socket) -> None:
    """Let the kernel break a connection whose other end lost its power: within 20 seconds, not when the gathering is over."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 5), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 3)):
        peer.setsockopt(socket.IPPROTO_TCP, option, value)


def _notify(state: str) -> None:
    """Tell systemd (``sd_notify(3)``)."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.connect(f"\0{path[1:]}" if path.startswith("@") else path)
            channel.send(state.encode())


class Meeting:
    """How the nodes agree on the start. ``agree`` returns it on this machine's monotonic clock, or ``None`` where nobody said go."""

    def __init__(self, part: Part, listener: socket.socket | None, result: Result) -> None:
        self._part, self._listener, self._result = part, listener, result
        self._deadline = time.monotonic() + part.gather_s

    def agree(self) -> float | None:
        for name, address in self._part.conductors:
            start = self._conduct() if name == self._part.node else self._ask(name, address)
            if start is not None:
                return start
        return None

    def _ask(self, name: str, address: str) -> float | None:
        """Show ourselves to a conductor and wait for the word."""
        patience = min(self._deadline, time.monotonic() + self._part.patience_s)
        while time.monotonic() < patience:
            try:
                with socket.create_connection((address, self._part.port), timeout=_CONNECT_TIMEOUT_S) as peer:
                    _notice_silence(peer)
                    peer.sendall(measurement.Hello.of(self._part).encode())
                    peer.settimeout(max(0.1, self._deadline - time.monotonic()))
                    with peer.makefile("rb") as lines:
                        answer = measurement.read_message(lines.readline(measurement.MESSAGE_BYTES))
            except OSError as error:
                if not any(note.startswith(f"{name} at ") for note in self._result.notes):
                    self._result.notes.append(f"{name} at {address}: {error}")
                time.sleep(_RETRY_PAUSE_S)
                continue
            if "start_in_s" in answer:
                self._result.conductor = name
                return time.monotonic() + float(answer["start_in_s"])
            self._result.notes.append(f"{name} at {address} said {answer.get('refused', 'nothing')}")
            return None
        return None

    def _conduct(self) -> float | None:
        """Wait for the others, and tell all of them at once."""
        guests: dict[str, socket.socket] = {}
        listener = self._listener
        if listener is None:
            return None
        listener.setblocking(False)
        last = time.monotonic()
        waiting: dict[socket.socket, bytearray] = {}
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)
            while not measurement.may_start(len(guests) + 1, self._part.nodes, time.monotonic() - last, self._part.idle_s):
                now = time.monotonic()
                if now >= self._deadline:
                    break
                for key, _events in selector.select(min(self._deadline - now, max(0.05, last + self._part.idle_s - now))):
                    peer = t.cast("socket.socket", key.fileobj)
                    if peer is listener:
                        with contextlib.suppress(OSError):
                            guest, _address = listener.accept()
                            guest.setblocking(False)
                            waiting[guest] = bytearray()
                            selector.register(guest, selectors.EVENT_READ)
                    elif self._hear(peer, waiting, guests, selector):
                        last = time.monotonic()
            start = time.monotonic() + START_DELAY_S
            for peer in guests.values():
                with contextlib.suppress(OSError):
                    peer.setblocking(True)
                    peer.settimeout(0.5)
                    peer.sendall(measurement.message(start_in_s=start - time.monotonic()))
            for peer in (*guests.values(), *waiting):
                peer.close()
        self._result.conductor, self._result.present = self._part.node, sorted([self._part.node, *guests])
        return start if guests else None

    def _hear(self, peer: socket.socket, waiting: dict[socket.socket, bytearray], guests: dict[str, socket.socket], selector: selectors.BaseSelector) -> bool:
        """Read what somebody says. Whether a node has come."""
        if peer not in waiting:
            # A guest that has hung up; whoever comes again is counted again.
            selector.unregister(peer)
            for name in [name for name, known in guests.items() if known is peer]:
                del guests[name]
            peer.close()
            return False
        try:
            data = peer.recv(measurement.MESSAGE_BYTES)
        except OSError:
            data = b""
        said = waiting[peer]
        said += data
        if data and b"\n" not in said and len(said) < measurement.MESSAGE_BYTES:
            return False
        del waiting[peer]
        refused = measurement.refusal(self._part, bytes(said), hmac.compare_digest) if data else "nothing said"
        if refused:
            with contextlib.suppress(OSError):
                peer.sendall(measurement.message(refused=refused))
            selector.unregister(peer)
            peer.close()
            return False
        guests[str(measurement.read_message(bytes(said))["node"])] = peer
        return True


def follow(part: Part, slot: Slot, start: float) -> dict[str, t.Any]:
    """Do what a slot says, and return what came of it. Nothing of it runs on."""
    begin, end = start + slot.begin_s, start + slot.end_s
    time.sleep(max(0.0, begin - time.monotonic()))
    outcome: dict[str, t.Any] = {
        "test": slot.test,
        "number": slot.number,
        "peer": slot.peer,
        "late_s": round(time.monotonic() - begin, 3),
        "serve": [],
        "run": [],
    }
    servers = [Command(argv) for argv in slot.serve]
    try:
        if slot.run:
            time.sleep(max(0.0, begin + part.lead_s - time.monotonic()))
        for stage in slot.run:
            outcome["run"].append(_stage(stage, end, part.retry_s, slot.least_s))
        wait_all(servers, end)
    finally:
        for server in servers:
            server.end()
    outcome["serve"] = [server.outcome() for server in servers]
    return outcome


def _stage(commands: Sequence[Sequence[str]], end: float, retry_s: float, least_s: float) -> list[dict[str, t.Any]]:
    running = [Command(argv) for argv in commands]
    again = time.monotonic() + retry_s
    while True:
        wait_all(running, end)
        retried = [place for place, command in enumerate(running) if command.failed(least_s) and command.ended < again]
        if not retried or time.monotonic() >= end:
            break
        time.sleep(_RETRY_PAUSE_S)
        for place in retried:
            running[place].end()
            running[place] = Command(running[place].argv, attempts=running[place].attempts + 1)
    for command in running:
        command.end()
    return [command.outcome() for command in running]


class Command:
    """One command in a session of its own. What it says is kept, up to a limit."""

    def __init__(self, argv: Sequence[str], *, attempts: int = 1) -> None:
        self.argv, self.attempts = tuple(argv), attempts
        self.began = self.ended = time.monotonic()
        self.outputs = (bytearray(), bytearray())
        self.rc: int | None = None
        self.process: subprocess.Popen[bytes] | None = None
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "HOME": "/"}
        try:
            self.process = subprocess.Popen(
                list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True, cwd="/"
            )
        except OSError as error:
            self.rc = 127 if isinstance(error, FileNotFoundError) else 126
            self.outputs[1].extend(str(error).encode())

    def failed(self, least_s: float) -> bool:
        """Whether it was started and measured nothing. The exit status alone does not tell: iperf3's was 0 without a server up to 3.12 at least."""
        return self.process is not None and self.rc is not None and (self.rc != 0 or self.ended - self.began < least_s)

    def reap(self) -> bool:
        """Whether it has ended."""
        if self.rc is None and self.process is not None and self.process.poll() is not None:
            self.rc, self.ended = self.process.returncode, time.monotonic()
        return self.rc is not None

    def end(self) -> None:
        """Kill it and what it started, where it still runs."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.rc is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
            self.rc, self.ended = 124, time.monotonic()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def outcome(self) -> dict[str, t.Any]:
        stdout, stderr = (bytes(output).decode("utf-8", errors="replace") for output in self.outputs)
        seconds = round(self.ended - self.began, 3)
        return {"argv": list(self.argv), "rc": self.rc, "stdout": stdout, "stderr": stderr, "seconds": seconds, "attempts": self.attempts}


def wait_all(commands: Sequence[Command], deadline: float) -> None:
    """Read what the commands say until all have ended, or the time has come."""
    with selectors.DefaultSelector() as selector:
        for command in commands:
            if command.process is not None and command.rc is None:
                for pipe, output in zip((command.process.stdout, command.process.stderr), command.outputs):
                    if pipe is not None and not pipe.closed:
                        os.set_blocking(pipe.fileno(), False)
                        selector.register(pipe, selectors.EVENT_READ, output)
        while True:
            running = [command for command in commands if not command.reap()]
            now = time.monotonic()
            ready = selector.select(0 if not running or now >= deadline else min(0.1, deadline - now)) if selector.get_map() else []
            for key, _events in ready:
                data = os.read(key.fd, 65536)
                key.data.extend(data[: OUTPUT_LIMIT - len(key.data)])
                if not data:
                    selector.unregister(key.fileobj)
            if (not running and not ready) or now >= deadline:
                return
            if running and not selector.get_map():
                # Whatever still runs has closed its output.
                time.sleep(0.02)
