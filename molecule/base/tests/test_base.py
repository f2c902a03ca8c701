# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines that belong together: names, time, users, limits, packet filter."""

from __future__ import annotations

import testinfra
from lab import timeline
from lab.cluster import Cluster, until

Host = testinfra.host.Host
NODES = ["ctl1", "ctl2", "login1", "node1", "node2", "node3", "node4"]


def test_every_node_knows_every_other_by_its_data_address(node: Host) -> None:
    for name in NODES:
        addresses = {line.split()[0] for line in node.check_output("getent ahostsv4 %s", name).splitlines()}
        assert len(addresses) == 1, f"{name}: {addresses}"
        assert addresses.pop().startswith("10.214.")


def test_a_node_is_called_what_the_inventory_calls_it(cluster: Cluster) -> None:
    for name in NODES:
        assert cluster.on(name, "hostname").ok().stdout == name


def test_the_clock_follows_the_controller(cluster: Cluster) -> None:
    address = cluster.on("node1", "getent ahostsv4 ctl1").ok().stdout.split()[0]
    sources = cluster.on("node1", "chronyc -n sources").ok().stdout
    assert any(address in line for line in sources.splitlines()), sources


def test_users_are_the_same_everywhere(node: Host) -> None:
    assert (node.user("alice").uid, node.user("bob").uid) == (2001, 2002)
    assert node.user("alice").password in ("!", "*", "!!")


def test_memory_can_be_locked_by_whoever_logs_in(node: Host) -> None:
    lines = [line.split() for line in node.check_output("cat /etc/security/limits.d/*.conf").splitlines() if not line.startswith("#")]
    assert [line for line in lines if line[2:] == ["memlock", "unlimited"]]


def test_net_values_are_in_force(node: Host) -> None:
    assert node.sysctl("net.core.somaxconn") == 4096


def test_values_of_the_hosts_kernel_were_left_alone(node: Host) -> None:
    settings = node.check_output("cat /etc/sysctl.d/*railyard* /dev/null")
    assert "net.core.somaxconn" in settings
    assert not [line for line in settings.splitlines() if line.startswith(("kernel.", "vm.", "fs."))]


def test_the_journal_is_bounded(node: Host) -> None:
    assert "SystemMaxUse=2G" in node.check_output("systemd-analyze cat-config systemd/journald.conf")


def test_what_does_not_belong_is_dropped(node: Host) -> None:
    rules = node.check_output("nft list table inet railyard")
    assert "policy drop" in rules
    assert node.service("railyard-firewall").is_running
    assert node.service("railyard-firewall").is_enabled


def test_a_port_that_nobody_declared_does_not_answer(cluster: Cluster) -> None:
    """There is a listener, its own machine reaches it, and another node does not."""
    listener = "import socket\nserver = socket.create_server(('', 9999)); server.settimeout(15)\nwhile True: server.accept()"
    cluster.on("ctl1", f"systemd-run --quiet --collect timeout 15 python3 -c '{listener.replace(chr(39), chr(34))}'").ok()
    knock = "import socket; socket.create_connection(('ctl1', 9999), timeout=2)"
    until("the listener answers at home", lambda: cluster.on("ctl1", f'python3 -c "{knock}"').rc == 0, timeout_s=10)
    assert cluster.on("login1", f'python3 -c "{knock}"').rc != 0


def test_check_mode_on_blank_nodes_foresaw_a_part_of_what_changed() -> None:
    foreseen, changed = timeline.check_and_converge(timeline.of_scenario("base"))
    assert foreseen
    assert sorted(foreseen - changed) == []
