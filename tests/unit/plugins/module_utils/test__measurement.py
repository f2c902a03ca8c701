# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's measurement with real processes and connections on this machine's loopback: a node is an address of 127.0.0.0/8."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils import _measurement
from ansible_collections.railyard.cluster.plugins.module_utils.core.agent.measurement import Hello, Part, Slot, message, part_from_dict, read_message
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.plugin_utils._zipapp import build

SLOT_S = 0.3
FORK = multiprocessing.get_context("fork")


def shell(text: str) -> tuple[str, ...]:
    return ("sh", "-c", text)


def wait_for(what: Callable[[], object], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


class Cluster:
    """Nodes node1 to node4, of which each runs its agent in a process of its own. Those that may conduct are node1 and node2."""

    def __init__(self, root: Path, **changes: Any) -> None:
        self.root = root
        network = f"127.{20 + os.getpid() % 200}.{time.monotonic_ns() % 250}"
        with socket.create_server((f"{network}.1", 0)) as probe:
            port = probe.getsockname()[1]
        self.addresses = {f"node{number}": f"{network}.{number}" for number in range(1, 5)}
        conductors = tuple(self.addresses.items())[:2]
        slots = tuple(Slot(number, (number - 1) * SLOT_S, number * SLOT_S, run=((("echo", f"slot {number}"),),), peer="x") for number in (1, 2))
        common = {"patience_s": 0.4, "idle_s": 0.4, "gather_s": 5.0, "lead_s": 0.0, **changes}
        self.parts = {name: Part("run", "rounds", "secret", name, address, port, conductors, 4, slots, **common) for name, address in self.addresses.items()}
        self.running: dict[str, ForkProcess] = {}

    def start(self, *names: str) -> None:
        for name in names:
            (self.root / f"{name}.part").write_text(json.dumps(self.parts[name].to_dict()), encoding="utf-8")
            self.running[name] = FORK.Process(target=self._agent, args=(name,))
            self.running[name].start()

    def _agent(self, name: str) -> None:
        agree = _measurement.Meeting.agree

        def noted(meeting: _measurement.Meeting) -> float | None:
            start = agree(meeting)
            (self.root / f"{name}.start").write_text(str(start), encoding="utf-8")
            return start

        _measurement.Meeting.agree = noted  # type: ignore[method-assign]
        sys.exit(_measurement.main(str(self.root / f"{name}.part"), str(self.root / f"{name}.result")))

    def end(self, name: str) -> int | None:
        self.running[name].join(10)
        return self.running[name].exitcode

    def result(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.root / f"{name}.result").read_text(encoding="utf-8")))

    def started(self, name: str) -> float:
        return float((self.root / f"{name}.start").read_text(encoding="utf-8"))

    def listens(self, name: str) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((self.addresses[name], self.parts[name].port), timeout=1):
            return True
        return False

    def say(self, name: str, line: bytes) -> dict[str, Any]:
        """Say something to a conductor, and return its answer."""
        with socket.create_connection((self.addresses[name], self.parts[name].port), timeout=3) as peer:
            peer.sendall(line)
            with peer.makefile("rb") as answer:
                return read_message(answer.readline())


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setattr(_measurement, "START_DELAY_S", 0.2)
    made = Cluster(tmp_path)
    yield made
    for process in made.running.values():
        process.kill()
        process.join()


# The start


def test_nodes_start_together_and_follow_their_slots(cluster: Cluster) -> None:
    cluster.start("node3", "node1", "node4", "node2")
    assert [cluster.end(name) for name in cluster.addresses] == [0, 0, 0, 0]
    starts = [cluster.started(name) for name in cluster.addresses]
    assert max(starts) - min(starts) < 0.2
    for name in cluster.addresses:
        result = cluster.result(name)
        assert (result["status"], result["conductor"], result["node"]) == ("done", "node1", name)
        assert [(slot["number"], slot["peer"], slot["run"][0][0]["stdout"]) for slot in result["slots"]] == [(1, "x", "slot 1\n"), (2, "x", "slot 2\n")]
        assert all(slot["late_s"] < SLOT_S for slot in result["slots"])
    assert cluster.result("node1")["present"] == ["node1", "node2", "node3", "node4"]


def test_what_ports_count_meanwhile_is_told(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    port = cluster.root / "hardware/sys/class/infiniband/mlx5_0/ports/1"
    (port / "counters").mkdir(parents=True)
    (port / "counters/symbol_error").write_text("7\n")
    (port / "counters/link_downed").write_text("0\n")
    (port / "counters/port_rcv_errors").write_text("no number\n")
    (cluster.root / "node.json").write_text(json.dumps({"hardware_root": str(cluster.root / "hardware")}))
    monkeypatch.setattr(_measurement, "DESCRIPTION", str(cluster.root / "node.json"))
    errors = (Slot(1, 0.0, SLOT_S, run=((shell(f"echo 40 > {port}/counters/symbol_error"),),)),)
    cluster.parts["node3"] = replace(cluster.parts["node3"], slots=errors, watch=(("mlx5_0", 1), ("mlx5_9", 1)))
    cluster.start(*cluster.parts)
    assert cluster.end("node3") == 0
    before, after = {"counters/symbol_error": 7, "counters/link_downed": 0}, {"counters/symbol_error": 40, "counters/link_downed": 0}
    assert cluster.result("node3")["counters"] == {"before": {"mlx5_0/1": before, "mlx5_9/1": {}}, "after": {"mlx5_0/1": after, "mlx5_9/1": {}}}
    assert cluster.end("node1") == 0
    assert cluster.result("node1")["counters"] == {"before": {}, "after": {}}


def test_a_node_that_never_comes_is_not_waited_for_long(cluster: Cluster) -> None:
    began = time.monotonic()
    cluster.start("node1", "node2", "node4")
    assert [cluster.end(name) for name in cluster.running] == [0, 0, 0]
    assert cluster.started("node1") - began < cluster.parts["node1"].gather_s / 2
    assert cluster.result("node1")["present"] == ["node1", "node2", "node4"]


def test_a_conductor_that_never_comes_is_replaced(cluster: Cluster) -> None:
    cluster.start("node2", "node3")
    assert [cluster.end(name) for name in cluster.running] == [0, 0]
    result = cluster.result("node3")
    assert result["conductor"] == "node2"
    assert result["notes"] == [f"node1 at {cluster.addresses['node1']}: [Errno 111] Connection refused"]


def test_a_conductor_that_dies_is_replaced(cluster: Cluster) -> None:
    cluster.parts = {name: replace(part, idle_s=0.6) for name, part in cluster.parts.items()}
    cluster.start("node1")
    wait_for(lambda: cluster.listens("node1"))
    cluster.start("node2", "node3")
    time.sleep(0.25)
    cluster.running["node1"].kill()
    assert [cluster.end(name) for name in ("node2", "node3")] == [0, 0]
    assert {cluster.result(name)["conductor"] for name in ("node2", "node3")} == {"node2"}
    assert cluster.result("node3")["notes"][0].startswith(f"node1 at {cluster.addresses['node1']}")


def test_a_conductor_without_power_is_noticed_in_twenty_seconds(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    connect, opened = socket.create_connection, []

    def noted(*arguments: Any, **more: Any) -> socket.socket:
        made = connect(*arguments, **more)
        opened.append(made.dup())
        return made

    monkeypatch.setattr(socket, "create_connection", noted)
    part = cluster.parts["node3"]
    with socket.create_server((cluster.addresses["node1"], part.port)) as conductor:
        meeting = _measurement.Meeting(part, None, _measurement.Result(part, ""))
        talk = threading.Thread(target=meeting.agree)
        talk.start()
        guest, _address = conductor.accept()
        guest.recv(1000)
        guest.sendall(message(start_in_s=0.1))
        talk.join()
        guest.close()
    idle, pause, count = (opened[0].getsockopt(socket.IPPROTO_TCP, option) for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT))
    assert opened[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) and idle + pause * count == 20
    opened[0].close()


def test_a_node_alone_ends_without_a_start(cluster: Cluster) -> None:
    cluster.parts["node1"] = replace(cluster.parts["node1"], gather_s=0.5)
    cluster.parts["node4"] = replace(cluster.parts["node4"], gather_s=0.5, conductors=(("node2", cluster.addresses["node2"]),))
    cluster.start("node1", "node4")
    assert [cluster.end(name) for name in cluster.running] == [1, 1]
    for name in ("node1", "node4"):
        assert (cluster.result(name)["status"], cluster.result(name)["slots"]) == ("no start", [])
    assert "Connection refused" in cluster.result("node4")["notes"][0]


def test_strangers_are_refused_and_guests_that_hang_up_not_counted(cluster: Cluster) -> None:
    cluster.start("node1")
    wait_for(lambda: cluster.listens("node1"))
    guest = Hello.of(cluster.parts["node3"])
    assert cluster.say("node1", replace(guest, token="guess").encode()) == {"refused": "wrong token"}
    assert cluster.say("node1", replace(guest, run_id="other").encode()) == {"refused": "another measurement"}
    assert cluster.say("node1", replace(guest, phase="confirm").encode()) == {"refused": "another measurement"}
    assert cluster.say("node1", replace(guest, node="").encode()) == {"refused": "no name"}
    for garbage in (b"\x00\xff\n", b"[1]\n", b"{" * 5000, b"GET / HTTP/1.1\r\n"):
        assert cluster.say("node1", garbage) == {"refused": "wrong token"}
    with (
        socket.create_connection((cluster.addresses["node1"], cluster.parts["node1"].port)),
        socket.create_connection((cluster.addresses["node1"], cluster.parts["node1"].port)) as leaving,
    ):
        leaving.sendall(guest.encode())
        time.sleep(0.1)
        leaving.close()
        cluster.start("node2", "node4")
        assert [cluster.end(name) for name in cluster.running] == [0, 0, 0]
    assert cluster.result("node1")["present"] == ["node1", "node2", "node4"]


def test_who_is_refused_says_so(cluster: Cluster) -> None:
    cluster.parts["node4"] = replace(cluster.parts["node4"], token="old")
    cluster.start("node1", "node2", "node3", "node4")
    assert [cluster.end(name) for name in cluster.running] == [0, 0, 0, 1]
    assert cluster.result("node4")["notes"][0].endswith("said wrong token")
    assert cluster.result("node1")["present"] == ["node1", "node2", "node3"]


def test_what_was_measured_before_a_node_died_is_kept(cluster: Cluster) -> None:
    slots = (cluster.parts["node2"].slots[0], Slot(2, SLOT_S, 9.0, run=((("sleep", "60"),),)))
    cluster.parts["node2"] = replace(cluster.parts["node2"], slots=slots, nodes=2)
    cluster.parts["node1"] = replace(cluster.parts["node1"], nodes=2)
    cluster.start("node1", "node2")
    path = cluster.root / "node2.result"
    wait_for(lambda: path.exists() and cluster.result("node2")["slots"])
    cluster.running["node2"].kill()
    assert cluster.end("node1") == 0
    assert (cluster.result("node2")["status"], len(cluster.result("node2")["slots"])) == ("running", 1)
    assert not path.with_suffix(".result.new").exists()


def test_a_result_is_never_there_in_part(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cluster.root / "result"
    result = _measurement.Result(cluster.parts["node1"], str(path))
    result.write("running")
    whole = path.read_text(encoding="utf-8")
    result.slots.append({"number": object()})
    with pytest.raises(TypeError):
        result.write("done")
    assert path.read_text(encoding="utf-8") == whole


def test_systemd_is_told_when_the_port_is_open(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(cluster.root / "notify"))
        manager.settimeout(3)
        monkeypatch.setenv("NOTIFY_SOCKET", str(cluster.root / "notify"))
        cluster.start("node1")
        assert manager.recv(100) == b"READY=1"
        assert cluster.listens("node1")


# What a slot runs

PART = Part("run", "rounds", "secret", "node1", "127.0.0.1", 1, (), 2, (), lead_s=0.0, retry_s=0.4)


def follow(*commands: tuple[str, ...], end_s: float = SLOT_S, least_s: float = 0.0, serve: tuple[tuple[str, ...], ...] = ()) -> dict[str, Any]:
    slot = Slot(1, 0.0, end_s, serve=serve, run=(commands,) if commands else (), least_s=least_s)
    return _measurement.follow(PART, slot, time.monotonic())


def gone(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    return True


@pytest.mark.parametrize("role", ["run", "serve"])
def test_a_command_that_hangs_is_gone_when_the_slot_ends(role: str, tmp_path: Path) -> None:
    hanging = shell(f"trap '' TERM HUP INT; echo $$ > {tmp_path}/pid; echo said; while :; do sleep 1; done")
    began = time.monotonic()
    outcome = follow(hanging) if role == "run" else follow(serve=(hanging,))
    assert SLOT_S <= time.monotonic() - began < 3
    found = outcome["run"][0][0] if role == "run" else outcome["serve"][0]
    assert (found["rc"], found["stdout"], found["attempts"]) == (124, "said\n", 1)
    assert gone(int((tmp_path / "pid").read_text()))


def test_what_a_command_leaves_behind_is_gone_when_the_slot_ends(tmp_path: Path) -> None:
    leaving = shell(f"sleep 60 & echo $! > {tmp_path}/pid")
    outcome = follow(leaving, serve=(shell(f"sleep 60 & echo $! > {tmp_path}/server"),))
    assert (outcome["run"][0][0]["rc"], outcome["serve"][0]["rc"]) == (0, 0)
    for name in ("pid", "server"):
        pid = int((tmp_path / name).read_text())
        wait_for(lambda pid=pid: gone(pid), 1)  # type: ignore[misc]


def test_what_a_failed_attempt_leaves_behind_is_gone_too(tmp_path: Path) -> None:
    first = shell(f"test -e {tmp_path}/pid && exit 0; sleep 60 & echo $! > {tmp_path}/pid; exit 1")
    assert follow(first)["run"][0][0]["attempts"] == 2
    wait_for(lambda: gone(int((tmp_path / "pid").read_text())), 1)


def test_a_client_is_started_again_while_its_server_is_late(tmp_path: Path) -> None:
    waiting = shell(f"test -e {tmp_path}/server || exit 1")
    outcome = follow(waiting, serve=(shell(f"sleep 0.15; touch {tmp_path}/server"),), end_s=1)["run"][0][0]
    assert outcome["rc"] == 0 and outcome["attempts"] > 1


def test_a_client_that_ends_too_soon_is_started_again_whatever_it_says(tmp_path: Path) -> None:
    waiting = shell(f"test -e {tmp_path}/server || exit 0; sleep 0.2; echo measured")
    outcome = follow(waiting, serve=(shell(f"sleep 0.15; touch {tmp_path}/server"),), least_s=0.1, end_s=1)["run"][0][0]
    assert outcome["stdout"] == "measured\n" and outcome["attempts"] > 1


def test_a_client_that_fails_later_is_not_started_again() -> None:
    outcome = follow(shell("sleep 0.5; exit 3"), end_s=1)["run"][0][0]
    assert (outcome["rc"], outcome["attempts"]) == (3, 1)


def test_attempts_end_with_the_slot() -> None:
    began = time.monotonic()
    assert follow(shell("exit 1"))["run"][0][0]["rc"] in (1, 124)
    assert time.monotonic() - began < 3


def test_stages_follow_each_other_and_commands_of_a_stage_run_side_by_side(tmp_path: Path) -> None:
    meet = [shell(f"touch {tmp_path}/{mine}; while ! test -e {tmp_path}/{other}; do sleep 0.01; done") for mine, other in (("a", "b"), ("b", "a"))]
    slot = Slot(1, 0.0, 1.0, run=(tuple(meet), (shell(f"rm {tmp_path}/a"),)))
    stages = _measurement.follow(PART, slot, time.monotonic())["run"]
    assert [[command["rc"] for command in stage] for stage in stages] == [[0, 0], [0]]


def test_output_is_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_measurement, "OUTPUT_LIMIT", 100000)
    outcome = follow(shell("head -c 300000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero | tr '\\0' y >&2"), end_s=2)["run"][0][0]
    assert (outcome["rc"], outcome["stdout"], outcome["stderr"]) == (0, "x" * 100000, "y" * 100000)


def test_a_program_that_cannot_be_started_is_told_and_not_tried_again(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("x", encoding="utf-8")
    first, second = follow(("no-such-program", "1"), (str(plain),))["run"][0]
    assert (first["rc"], second["rc"]) == (127, 126)
    assert (first["attempts"], second["attempts"]) == (1, 1)
    assert "no-such-program" in first["stderr"]


# What it cannot follow


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text[:-20], "it cannot be read (Expecting value"),
        (lambda text: "[]", "this is no part of a measurement."),
        (lambda text: text.replace('"schema_version": 2', '"schema_version": 1'), "the part has version 1 and the node's agent knows 2."),
        (lambda text: text.replace('"slots"', '"slot"'), "the part is damaged: 'slots'."),
        (lambda text: text.replace('"begin_s"', '"begin"'), "the part is damaged: "),
        (lambda text: text.replace('"port": 1', '"port": "http"'), "the part is damaged: "),
    ],
)
def test_a_damaged_part_is_one_sentence(change: Callable[[str], str], sentence: str, tmp_path: Path) -> None:
    part = tmp_path / "part.json"
    text = json.dumps(replace(PART, slots=(Slot(1, 0.0, 1.0),), conductors=(("node1", "127.0.0.1"),)).to_dict())
    part.write_text(change(text), encoding="utf-8")
    with pytest.raises(CoreError) as caught:
        _measurement.main(str(part), str(tmp_path / "result"))
    assert sentence in str(caught.value)


def test_the_executable_says_why_a_port_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "agent.pyz").write_bytes(build("node_agent"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        part = tmp_path / "part.json"
        part.write_text(json.dumps(replace(PART, port=port, conductors=(("node1", "127.0.0.1"),)).to_dict()), encoding="utf-8")
        command = [sys.executable, "-IS", "agent.pyz", "measure", "part.json", "result.json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    expected = f"railyard-agent: port {port} of 127.0.0.1 cannot be opened: Address already in use. Set validate_ports to ports that are free, "
    assert done.stderr.startswith(expected)


def test_a_part_reads_back_as_it_was() -> None:
    slots = (Slot(1, 0.0, 1.0, (("a", "b"),), ((("c",),), (("d",),)), "node2", 2.0, "rdma_bandwidth"),)
    part = replace(PART, conductors=(("node1", "127.0.0.1"),), slots=slots, watch=(("mlx5_0", 1),))
    assert part_from_dict(json.loads(json.dumps(part.to_dict()))) == part
