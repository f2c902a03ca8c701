# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node's half of a measurement: what is started with which rights, which ports are opened for how long, and what is refused."""

from __future__ import annotations

import base64
import gzip
import json
import os
import pathlib
import pwd
import subprocess
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils import _pair_measurement as module_file
from ansible_collections.railyard.cluster.plugins.module_utils.core.agent.measurement import Part, Slot
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

PART = Part("run", "rounds", "secret", "node1", "10.0.0.1", 28100, (("node1", "10.0.0.1"),), 2, (Slot(1, 0.0, 5.0),))
LIMIT = f"{PART.limit_s:.0f}s"


class Node:
    """A node with an agent in a folder, whose systemd and packet filter answer as they are told."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.agent = root / "railyard-agent.pyz"
        self.agent.write_text("")
        self.unit = {"ActiveState": "inactive", "MainPID": "0"}
        self.sets: list[str] = []
        self.refuses_elements = ""
        self.refuses_to_start = ""
        self.journal = ""
        self.calls: list[list[str]] = []

    def run(self, argv: list[str], timeout_s: float) -> CommandResult:
        if argv[:2] == ["systemctl", "show"]:
            return CommandResult(0, "".join(f"{key}={value}\n" for key, value in self.unit.items()), "")
        if argv[:3] == ["nft", "list", "set"]:
            return CommandResult(0 if argv[-1] in self.sets else 1, "", "Error: No such file or directory")
        if argv[0] == "journalctl":
            return CommandResult(0, self.journal, "")
        self.calls.append(argv)
        said = self.refuses_elements if argv[0] == "nft" else self.refuses_to_start
        return CommandResult(1 if said else 0, "", said)

    def task(self, state: str = "started", *, check_mode: bool = False, part: Part = PART, **more: t.Any) -> dict[str, t.Any]:
        self.calls = []
        document = part.to_dict()
        token = document.pop("token")
        params = {"state": state, "folder": "/x", "phase": part.phase, "_part": document, "_token": token, "_sources": [], "_ports": "28100-28109", **more}
        return module_file.work(t.cast(t.Any, self), params, check_mode=check_mode)

    @property
    def folder(self) -> pathlib.Path:
        return self.root / "run/measure/run-rounds"

    @property
    def files(self) -> list[str]:
        return sorted(path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if path.is_file())


@pytest.fixture
def node(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    made = Node(tmp_path)
    monkeypatch.setattr(module_file, "AGENT", str(made.agent))
    monkeypatch.setattr(module_file, "FOLDER", str(tmp_path / "run/measure"))
    # Whoever runs the tests can give files to themselves.
    monkeypatch.setattr(module_file, "USER", pwd.getpwuid(os.getuid()).pw_name)
    return made


def test_the_agent_is_started_without_privileges_and_with_an_end(node: Node) -> None:
    assert node.task() == {"changed": True, "seconds": 5.0}
    (command,) = node.calls
    assert command[:5] == ["systemd-run", "--quiet", "--collect", "--unit=railyard-measure", "--service-type=notify"]
    properties = dict(word.removeprefix("--property=").split("=", 1) for word in command if word.startswith("--property="))
    assert properties == {
        "User": module_file.USER,
        "NoNewPrivileges": "yes",
        "RuntimeMaxSec": "635",
        "TimeoutStartSec": "30",
        "TimeoutStopSec": "2",
        "LimitNOFILE": "65536",
        "LimitMEMLOCK": "infinity",
    }
    assert command[-6:] == ["/usr/bin/python3", "-IS", str(node.agent), "measure", f"{node.folder}/part.json", f"{node.folder}/result.json"]
    assert json.loads((node.folder / "part.json").read_text()) == json.loads(json.dumps(PART.to_dict()))


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_the_part_is_its_readers_alone_and_within_reach(node: Node, umask: int) -> None:
    before = os.umask(umask)
    try:
        node.task()
    finally:
        os.umask(before)
    modes = [path.stat().st_mode & 0o777 for path in (node.folder / "part.json", node.folder, node.folder.parent, node.folder.parent.parent)]
    assert modes[:2] == [0o600, 0o700]
    assert all(mode & 0o011 == 0o011 and not mode & 0o022 for mode in modes[2:])


def test_what_an_earlier_measurement_left_is_removed(node: Node) -> None:
    node.task()
    (node.folder / "result.json").write_text("old")
    (node.folder.parent / "older-rounds").mkdir()
    node.task()
    assert node.files == ["railyard-agent.pyz", "run/measure/run-rounds/part.json"]
    assert not (node.folder.parent / "older-rounds").exists()


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_node_without_an_agent_is_refused(node: Node, check_mode: bool) -> None:
    node.agent.unlink()
    with pytest.raises(CoreError, match=r"railyard-agent\.pyz: the node's agent is not installed\. Install it: railyard apply --tags node_agent\."):
        node.task(check_mode=check_mode)
    assert (node.calls, node.files) == ([], [])


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("state", ["active", "activating"])
def test_a_measurement_that_is_running_is_left_alone(node: Node, state: str, check_mode: bool) -> None:
    node.unit = {"ActiveState": state, "MainPID": "1"}
    with pytest.raises(CoreError, match=r"railyard-measure\.service: another measurement is running on this node\. Wait for its end, or stop it"):
        node.task(check_mode=check_mode)
    assert (node.calls, node.files) == ([], ["railyard-agent.pyz"])


def test_check_mode_touches_nothing(node: Node) -> None:
    node.sets = ["measurement"]
    assert node.task(check_mode=True, _sources=["10.0.0.0/24"]) == {"changed": True, "seconds": 5.0}
    assert (node.calls, node.files) == ([], ["railyard-agent.pyz"])


def test_ports_are_opened_to_the_nodes_for_as_long_as_it_may_last(node: Node) -> None:
    node.sets = ["measurement", "measurement_6"]
    node.task(_sources=["10.0.0.0/30", "10.0.0.8/32", "fd00::/126"])
    first, second, started = node.calls
    assert first == [
        "nft",
        f"add element inet railyard measurement {{ 10.0.0.0/30 . 28100-28109 timeout {LIMIT}, 10.0.0.8/32 . 28100-28109 timeout {LIMIT} }}",
    ]
    assert second == ["nft", f"add element inet railyard measurement_6 {{ fd00::/126 . 28100-28109 timeout {LIMIT} }}"]
    assert [word for word in started if "nft" in word] == [
        "--property=ExecStopPost=+nft delete element inet railyard measurement { 10.0.0.0/30 . 28100-28109, 10.0.0.8/32 . 28100-28109 }",
        "--property=ExecStopPost=+nft delete element inet railyard measurement_6 { fd00::/126 . 28100-28109 }",
    ]


def test_where_the_firewall_is_not_ours_nothing_is_opened(node: Node) -> None:
    node.task(_sources=["10.0.0.0/30"])
    assert [command[0] for command in node.calls] == ["systemd-run"]


def test_ports_that_cannot_be_opened(node: Node) -> None:
    node.sets, node.refuses_elements = ["measurement"], "Error: interval overlaps with an existing one\n"
    with pytest.raises(CoreError, match=r"table inet railyard: the ports 28100-28109 cannot be opened: Error: interval overlaps"):
        node.task(_sources=["10.0.0.0/30"])
    assert [command[0] for command in node.calls] == ["nft"]


@pytest.mark.parametrize(
    ("journal", "sentence"),
    [
        (
            "Started.\nrailyard-agent: old\nrailyard-agent: port 28100 of 10.0.0.1 cannot be opened: in use.\nFailed.\n",
            "railyard-agent: port 28100 of 10.0.0.1",
        ),
        ("", "Job failed. See journalctl."),
    ],
)
def test_an_agent_that_does_not_start_says_why(node: Node, journal: str, sentence: str) -> None:
    node.refuses_to_start, node.journal = "Job failed. See journalctl.\n", journal
    with pytest.raises(CoreError) as caught:
        node.task()
    assert str(caught.value).startswith(f"railyard-measure.service: the node's agent did not start: {sentence}")


def test_what_came_of_it_is_fetched_when_the_agent_has_ended(node: Node) -> None:
    node.task()
    with subprocess.Popen(["sleep", "0.3"]) as agent:
        node.unit = {"ActiveState": "active", "MainPID": str(agent.pid)}
        (node.folder / "result.json").write_text('{"status": "running"}')

        def run(argv: list[str], timeout_s: float) -> CommandResult:
            if agent.poll() is not None:
                node.unit = {"ActiveState": "inactive", "MainPID": "0"}
                (node.folder / "result.json").write_text('{"status": "done"}')
            return Node.run(node, argv, timeout_s)

        node.run = run  # type: ignore[method-assign]
        result = node.task("fetched")
    assert (result["changed"], result["status"], result["ended"]) == (False, "done", True)
    assert gzip.decompress(base64.b64decode(result["content"])) == b'{"status": "done"}'


def test_an_agent_that_does_not_end_is_not_waited_for_without_limit(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.task()
    (node.folder / "result.json").write_text('{"status": "running"}')
    monkeypatch.setattr(Part, "limit_s", -9.9)
    with subprocess.Popen(["sleep", "60"]) as agent:
        node.unit = {"ActiveState": "active", "MainPID": str(agent.pid)}
        result = node.task("fetched")
        agent.kill()
    assert (result["status"], result["ended"]) == ("running", False)


def test_nothing_to_fetch(node: Node) -> None:
    with pytest.raises(CoreError, match=r"run-rounds: this measurement was not started on this node\."):
        node.task("fetched")
    node.task()
    with pytest.raises(CoreError, match=r"run-rounds: the node's agent left no result\. What it said: journalctl -u railyard-measure\."):
        node.task("fetched")
