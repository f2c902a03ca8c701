# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""/etc/hosts from the inventory: which lines, and what is refused."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.hosts import HostLine, extra_line, host_line, render_hosts


@pytest.mark.parametrize(
    ("host", "variables", "line"),
    [
        ("node1", {"base_address": "10.0.0.1", "ansible_host": "192.0.2.1"}, HostLine("10.0.0.1", ("node1",))),
        ("node1", {"ansible_host": "192.0.2.1"}, HostLine("192.0.2.1", ("node1",))),
        ("node1", {"ansible_host": "2001:db8::1", "base_address": ""}, HostLine("2001:db8::1", ("node1",))),
        ("node1", {"ansible_host": "node1.mgmt.example"}, None),
        ("node1", {}, None),
        ("192.0.2.7", {"base_hostname": "node7"}, HostLine("192.0.2.7", ("node7",))),
        ("node1.hpc.example", {"ansible_host": "192.0.2.1"}, HostLine("192.0.2.1", ("node1.hpc.example", "node1"))),
        ("n1", {"ansible_host": "192.0.2.1", "base_hostname": "gpu1", "base_hosts_aliases": ["old1"]}, HostLine("192.0.2.1", ("gpu1", "n1", "old1"))),
    ],
)
def test_host_line(host: str, variables: dict[str, t.Any], line: HostLine | None) -> None:
    assert host_line(host, variables) == line


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: host_line("node1", {"base_address": "node1.example"}),
            "node1: base_address 'node1.example' is not an IP address. Names belong in base_hosts_aliases.",
        ),
        (lambda: host_line("node1", {"ansible_host": "192.0.2.1", "base_hosts_aliases": ["a b"]}), "node1: 'a b' can't be a host's name."),
        (lambda: extra_line({"address": "x", "names": ["a"]}, "base_hosts_extra[0]"), "base_hosts_extra[0]: 'x' is not an IP address."),
        (lambda: extra_line({"address": "192.0.2.9", "names": "a"}, "base_hosts_extra[0]"), "base_hosts_extra[0]: 192.0.2.9 has no list of names."),
        (
            lambda: render_hosts([HostLine("192.0.2.1", ("a",)), HostLine("192.0.2.2", ("a",))]),
            "/etc/hosts: The name a would have two addresses, 192.0.2.1 and 192.0.2.2.",
        ),
    ],
)
def test_mistakes(call: t.Callable[[], object], message: str) -> None:
    with pytest.raises(CoreError) as caught:
        call()
    assert str(caught.value).startswith(message)


def test_a_name_may_have_an_address_of_each_family() -> None:
    assert render_hosts([HostLine("192.0.2.1", ("a",)), HostLine("2001:db8::1", ("a",))]) == "192.0.2.1 a\n2001:db8::1 a\n"


def test_the_cost_is_linear() -> None:
    def seconds(count: int) -> float:
        hosts = {f"n{number}": {"ansible_host": f"10.{number // 65536}.{number // 256 % 256}.{number % 256}"} for number in range(count)}
        begin = time.process_time()
        text = render_hosts(line for line in (host_line(name, hosts[name]) for name in hosts) if line)
        assert text.count("\n") == count
        return time.process_time() - begin

    assert seconds(20_000) < 40 * max(seconds(2_000), 0.005)
