# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's InfiniBand fabric under the real tools: seen from nodes, broken, slowed and mended."""

from __future__ import annotations

import re

import pytest
from lab.cluster import until
from lab.small import SmallLab, cable

pytestmark = [pytest.mark.lab, pytest.mark.slow]

HARDWARE = "/var/lib/railyard-lab/hardware/sys/class/infiniband"


def port(lab: SmallLab, node: str, adapter: str) -> tuple[str, str, str, str]:
    """A port's state and rate: as ibstat says it, and as the node's own /sys does."""
    answer = lab.on(node, f"ibstat {adapter}; cat {HARDWARE}/{adapter}/ports/1/state {HARDWARE}/{adapter}/ports/1/rate").stdout
    found = re.findall(r"^\s+State: (\w+)|^\s+Rate: (\d+)|^\d: (\w+)|^(\d+) Gb", answer, re.MULTILINE)
    state, rate, own_state, own_rate = ("".join(words) for words in found)
    return state, rate, own_state, own_rate


def test_every_cable_is_seen_from_every_node_and_none_of_another_labs(labs: tuple[SmallLab, SmallLab]) -> None:
    seen = labs[0].links("a1")
    assert seen == labs[0].links("b1")
    ends = {"a1": "leaf1", "a2": "leaf1", "b1": "leaf2"}
    wanted = [(f"{node} mlx5_{rail}[1]", f"{leaf}-rail{rail}[") for node, leaf in ends.items() for rail in (0, 1)]
    wanted += [(f"leaf{leaf}-rail{rail}[{port}]", f"spine{spine}[") for leaf in (1, 2) for rail in (0, 1) for port, spine in ((39, 1), (40, 2))]
    assert len(seen) == len(wanted) == 14
    for one, other in wanted:
        assert [line for line in seen if one in line and other in line and line.endswith("4x HDR")], (one, other)
    switches = [set(re.findall("fc6a1c[0-9a-f]{10}", lab.on("a1", "ibnetdiscover -S").stdout)) for lab in labs]
    assert [len(guids) for guids in switches] == [6, 6]
    assert not switches[0] & switches[1]


def test_the_subnet_is_managed_and_ports_are_active(lab: SmallLab) -> None:
    assert "SMINFO_MASTER" in lab.on("a1", "sminfo").stdout
    assert [port(lab, "a1", adapter) for adapter in ("mlx5_0", "mlx5_1")] == [("Active", "200", "ACTIVE", "200")] * 2


def test_a_user_needs_no_rights_for_it(lab: SmallLab) -> None:
    answer = lab.on("a1", "runuser -u nobody -- ibstat -l; runuser -u nobody -- ibqueryerrors")
    assert answer.stdout.split()[:2] == ["mlx5_0", "mlx5_1"]
    assert "0 ports have errors" in answer.stdout


def test_many_may_ask_at_once(lab: SmallLab) -> None:
    """The simulator has ten places; who finds them taken comes again, and who is killed leaves none taken."""
    interrupted = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do timeout -s INT 0.05 ibnetdiscover; done > /dev/null 2>&1"
    together = "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do ibnetdiscover > /tmp/$n 2>&1 & done; wait; grep -c ^Switch /tmp/[0-9]*"
    answer = lab.on("a1", f"{interrupted}; {together}; rm /tmp/[0-9]*; ls -d /tmp/tmp.*")
    assert [line.split(":")[1] for line in answer.stdout.splitlines()] == ["6"] * 12, answer.stderr


def test_a_failed_cable_is_gone_for_all_until_it_is_mended(lab: SmallLab) -> None:
    assert cable(lab.do("fail", target="a2:mlx5_1"), "a2:mlx5_1") == "down"
    assert not [line for line in lab.links("b1") if "a2 mlx5_1" in line]
    assert port(lab, "a2", "mlx5_1") == ("Down", "10", "DOWN", "10")
    assert lab.do("up")["changed"] is False
    # What is asked of the node goes out by its other port.
    assert "SMINFO_MASTER" in lab.on("a2", "sminfo").stdout
    lab.do("heal", target="a2:mlx5_1")
    assert len(lab.links("b1")) == 14
    until("the port is active again", lambda: port(lab, "a2", "mlx5_1") == ("Active", "200", "ACTIVE", "200"), timeout_s=15)


def test_a_degraded_cable_does_less_and_counts_errors(lab: SmallLab) -> None:
    lab.do("fail", target="b1:mlx5_0")
    assert cable(lab.do("degrade", target="a1:mlx5_0", rate="1x"), "a1:mlx5_0") == "1X HDR"
    degraded = lab.do("degrade", target="leaf2-rail1:spine1", rate="edr", symbol_errors=500)
    assert cable(degraded, "leaf2-rail1:spine1") == "4X EDR, 500 symbol errors"
    # The simulator was started anew for it: what had failed is still failed.
    assert cable(degraded, "b1:mlx5_0") == "down"
    slow = [line for line in lab.links("b1") if not line.endswith("4x HDR")]
    assert [line.rpartition("] ")[2] for line in slow] == ["1x HDR", "4x EDR"]
    assert len(lab.links("b1")) == 13
    assert port(lab, "a1", "mlx5_0") == ("Active", "50", "ACTIVE", "50")
    could = [re.sub(r".*\((.*)\)$", r"\1", line) for line in lab.on("b1", "iblinkinfo").stdout.splitlines() if "Could be" in line]
    assert sorted(could) == [" Could be 53.125 Gbps", " Could be 53.125 Gbps", "Could be 4X ", "Could be 4X "]
    assert "[SymbolErrorCounter == 500]" in lab.on("b1", "ibqueryerrors").stdout
    healed = lab.do("heal", target="all")
    assert not [entry for entry in healed["cables"] if entry["faulty"]]
    assert "0 ports have errors" in lab.on("b1", "ibqueryerrors").stdout


def test_a_node_without_power_has_no_link(lab: SmallLab) -> None:
    assert cable(lab.do("fail", target="a2"), "a2:mlx5_0") == "down"
    assert len(lab.links("b1")) == 12
    lab.do("heal", target="a2")
    assert len(lab.links("b1")) == 14


def test_without_a_simulator_the_tools_say_so_at_once_and_up_starts_it(lab: SmallLab) -> None:
    pid = (lab.state / "infiniband" / "ibsim.pid").read_text()
    lab.kill(int(pid))
    answer = lab.on("a1", "ibnetdiscover")
    assert answer.returncode == 255
    assert re.search(r"^ibnetdiscover: the lab's InfiniBand simulator at [\d.]+ does not answer; .*'railyard lab up' starts it\.$", answer.stderr.strip())
    assert "fabric" in lab.do("up")["message"]
    assert len(lab.links("a1")) == 14
