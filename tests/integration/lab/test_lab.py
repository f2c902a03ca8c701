# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab itself, for real: two small labs side by side, broken, mended, put back, killed half-way."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from lab.small import REPOSITORY, SmallLab, node

pytestmark = [pytest.mark.lab, pytest.mark.slow]


def test_a_second_up_changes_nothing(lab: SmallLab) -> None:
    assert lab.do("up")["changed"] is False


def test_nodes_are_machines_that_systemd_runs_well(lab: SmallLab) -> None:
    for name in ("a1", "b1"):
        answer = lab.on(name, "hostname; systemctl is-system-running --wait; systemctl --failed --no-legend; cat /proc/1/comm")
        assert answer.stdout.split() == [name, "running", "systemd"]


def test_a_node_sees_its_own_interfaces_and_sets_its_own_network(lab: SmallLab) -> None:
    assert lab.on("a1", "ls /sys/class/net").stdout.split() == ["data0", "lo", "mgmt0"]
    assert lab.on("a1", "sysctl -qw net.core.somaxconn=4321 && sysctl -n net.core.somaxconn").stdout.strip() == "4321"
    assert lab.on("b1", "sysctl -n net.core.somaxconn").stdout.strip() != "4321"


def test_two_labs_do_not_meet(labs: tuple[SmallLab, SmallLab]) -> None:
    first, second = (lab.do("status") for lab in labs)
    assert not {entry["address"] for entry in first["nodes"]} & {entry["address"] for entry in second["nodes"]}
    assert not {entry["data_address"] for entry in first["nodes"]} & {entry["data_address"] for entry in second["nodes"]}


def test_packages_come_through_the_cache(lab: SmallLab) -> None:
    answer = lab.on("a1", "apt-get install -y --no-install-recommends --download-only tree")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_nothing_listens_beyond_the_labs_own_networks(labs: tuple[SmallLab, SmallLab]) -> None:
    lab = labs[0]
    listing = subprocess.run(["ss", "-Hltnup"], capture_output=True, text=True, check=True).stdout.splitlines()
    assert [line.split()[4] for line in listing if "apt-cacher" in line] == ["10.213.255.1:3142"]
    bmcs = [f"pid={(each.state / 'bmc' / 'pid').read_text().strip()}," for each in labs]
    heard = {line.split()[4] for line in listing if any(pid in line for pid in bmcs)}
    assert heard == {f"10.215.{each.index}.{number}:443" for each in labs for number in (11, 12, 13)}
    assert not [line for line in listing if "ibsim" in line]
    address = node(lab.do("status"), "a1")["address"]
    assert lab.on("a1", "ss -Hltn | awk '{print $4}'").stdout.split() == [f"{address}:22"]


def test_a_degraded_link_is_really_slow_and_a_healed_one_is_not(lab: SmallLab) -> None:
    address = node(lab.do("status"), "b1")["data_address"]
    assert 800 < lab.bandwidth_mbits_per_s("a1", "b1", address) < 1050
    assert node(lab.do("degrade", target="b1", rate="200mbit"), "b1")["link"] == "0.2 Gbit/s"
    assert 150 < lab.bandwidth_mbits_per_s("a1", "b1", address) < 220
    lab.do("heal", target="b1")
    lab.do("degrade", target="leaf2", rate="300mbit")
    assert 230 < lab.bandwidth_mbits_per_s("a1", "b1", address) < 330
    lab.do("heal", target="all")
    assert 800 < lab.bandwidth_mbits_per_s("a1", "b1", address) < 1050


def test_a_node_without_power_answers_nobody_and_keeps_its_disk(lab: SmallLab) -> None:
    lab.on("a2", "echo kept > /root/kept; cat /proc/sys/kernel/random/boot_id > /root/boot")
    failed = lab.do("fail", target="a2")
    assert (node(failed, "a2")["state"], node(failed, "a2")["faulty"]) == ("off", True)
    assert lab.on("a2", "true").returncode == 255
    assert lab.do("up")["changed"] is False
    healed = lab.do("heal", target="a2")
    assert (node(healed, "a2")["state"], node(healed, "a2")["faulty"]) == ("up", False)
    answer = lab.on("a2", "cat /root/kept; cmp -s /root/boot /proc/sys/kernel/random/boot_id || echo another boot")
    assert answer.stdout.split("\n")[:2] == ["kept", "another boot"]


def test_a_failed_link_leaves_the_node_running(lab: SmallLab) -> None:
    failed = lab.do("fail", target="a1:data0")
    assert (node(failed, "a1")["state"], node(failed, "a1")["link"]) == ("up", "down")
    assert lab.on("a1", "cat /sys/class/net/data0/operstate").stdout.strip() in ("down", "lowerlayerdown")
    lab.do("heal", target="a1:data0")
    assert lab.on("a1", "cat /sys/class/net/data0/operstate").stdout.strip() == "up"


def test_a_node_reboots_itself(lab: SmallLab) -> None:
    before = lab.on("a1", "cat /proc/sys/kernel/random/boot_id").stdout
    lab.on("a1", "systemctl reboot")
    deadline = time.monotonic() + 30
    while lab.on("a1", "cat /proc/sys/kernel/random/boot_id").stdout in (before, ""):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_snapshot_brings_back_what_was_there(lab: SmallLab) -> None:
    lab.on("a1", "echo first > /root/state")
    assert lab.do("snapshot", snapshot="first")["snapshots"] == ["first"]
    lab.on("a1", "echo second > /root/state; rm -f /root/.profile")
    lab.do("reset", snapshot="first")
    assert lab.on("a1", "cat /root/state; ls /root/.profile").stdout.split() == ["first", "/root/.profile"]
    lab.do("reset")
    assert lab.on("a1", "cat /root/state").returncode != 0
    lab.do("reset", snapshot="first")
    assert lab.on("a1", "cat /root/state").stdout.strip() == "first"
    assert "'first' already" in lab.do("snapshot", fails=True, snapshot="first")["msg"]
    assert "There are: fresh, first." in lab.do("reset", fails=True, snapshot="last")["msg"]


def kill_tree(pid: int) -> None:
    """Kill a process and all that came of it: Ansible's workers have sessions of their own."""
    found, waiting = [pid], [pid]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            children = [int(word) for word in task.read_text().split()]
            found += children
            waiting += children
    for one in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def test_a_killed_up_can_be_repeated(labs: tuple[SmallLab, SmallLab]) -> None:
    lab = labs[1]
    for after_s in (1.2, 1.6, 2.0):
        lab.do("down", purge=True)
        with subprocess.Popen(
            lab.command("up"), env=lab.env, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as run:
            time.sleep(after_s)
            kill_tree(run.pid)
        up = lab.do("up")
        assert {entry["state"] for entry in up["nodes"]} == {"up"}
        assert lab.on("b1", "systemctl is-system-running --wait").stdout.strip() == "running"
        assert len(lab.links("b1")) == 14
        assert lab.redfish(13, lab.system(13))["PowerState"] == "On"


@pytest.mark.parametrize(
    ("verb", "variables", "message"),
    [
        ("fail", {"target": "z9"}, r"has no node, leaf, link or BMC 'z9'\. Nodes: a1, a2, b1\. 'railyard lab status' lists all\."),
        ("fail", {}, r"lab_target: Which node, leaf, link or BMC\? Nodes: a1, a2, b1\."),
        ("degrade", {"target": "a1", "rate": "fast"}, r"rate: 'fast' is not a rate\."),
        ("fail", {"target": "a1:mlx5_2"}, r"'a1:mlx5_2'\. Nearest: a1:mlx5_1, a1:mlx5_0, "),
        ("degrade", {"target": "a1"}, r"lab_rate: Degrade it to which rate\?"),
        ("degrade", {"target": "a1:mlx5_0", "rate": "300gbit"}, r"rate: '300gbit' is no rate that a1:mlx5_0, a 4X HDR link, can fall to\."),
        ("degrade", {"target": "bmc:a1", "rate": "1x"}, r"lab_target: bmc:a1 cannot be slow, only dead\."),
        ("degrade", {"target": "a1", "rate": "3gbit"}, r"3 Gbit/s is not slower than a1:data0, which has 1 Gbit/s\."),
        ("status", {"name": "nowhere"}, r"There is no lab 'nowhere' on this machine\. Labs here: .*test-one"),
        ("up", {"name": "thief", "index": 0}, r"."),
    ],
)
def test_wrong_words_get_one_sentence(lab: SmallLab, verb: str, variables: dict[str, Any], message: str) -> None:
    if verb == "up":
        variables = {"name": "thief", "index": json.loads((lab.state / "lab.json").read_text())["spec"]["index"]}
        message = r"the labs 'test-one' and 'thief' share the index \d+\. Set lab_index of 'thief'\."
    assert re.search(message, lab.do(verb, fails=True, **variables)["msg"])


def test_a_lab_that_is_refused_leaves_nothing_behind(lab: SmallLab) -> None:
    refused = lab.do("up", fails=True, name="thief", index=lab.index)
    assert "share the index" in refused["msg"]
    assert not (lab.state.parent / "thief").exists()
