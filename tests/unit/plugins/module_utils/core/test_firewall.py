# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a node's groups let in: rules, networks, and what is refused."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core import firewall
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError

NETWORKS = {"admin": ["192.0.2.0/24"], "cluster": ["10.1.0.0/16", "10.1.2.0/24", "2001:db8::/32"], "users": []}


def lines(service: dict[str, t.Any], groups: list[str] | None = None) -> list[str]:
    return [rule.nft() for rule in firewall.rules(groups or ["base"], {"base": [service]}, NETWORKS)]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ({"name": "ssh", "ports": [22], "from": ["admin"]}, ['ip saddr { 192.0.2.0/24 } tcp dport { 22 } accept comment "ssh"']),
        (
            {"name": "srun", "ports": ["60001-63000", 7000], "from": ["cluster"]},
            [
                'ip saddr { 10.1.0.0/16 } tcp dport { 60001-63000, 7000 } accept comment "srun"',
                'ip6 saddr { 2001:db8::/32 } tcp dport { 60001-63000, 7000 } accept comment "srun"',
            ],
        ),
        ({"name": "time", "proto": "udp", "ports": ["123"], "from": ["any"]}, ['udp dport { 123 } accept comment "time"']),
        ({"name": "all udp", "proto": "udp", "from": ["198.51.100.7"]}, ['ip saddr { 198.51.100.7/32 } meta l4proto udp accept comment "all udp"']),
        ({"name": "trusted", "proto": "all", "from": ["10.0.0.0/9", "10.128.0.0/9"]}, ['ip saddr { 10.0.0.0/8 } accept comment "trusted"']),
        ({"name": "nobody", "ports": [1], "from": ["users"]}, []),
        ({"name": "nobody", "ports": [1]}, []),
    ],
)
def test_rules(service: dict[str, t.Any], expected: list[str]) -> None:
    assert lines(service) == expected


def test_only_the_groups_of_the_node() -> None:
    assert lines({"name": "ssh", "ports": [22], "from": ["any"]}, ["other"]) == []


@pytest.mark.parametrize(
    ("service", "message"),
    [
        (
            {"name": "x", "from": ["clutser"]},
            "firewall_services.base[0].from: 'clutser' is neither a network nor the name of one. Named networks are admin, any, cluster, users.",
        ),
        (
            {"name": "x", "ports": ["0"], "from": ["any"]},
            "firewall_services.base[0].ports: '0' is neither a port nor a range of ports. Write 6817 or 60001-63000.",
        ),
        ({"name": "x", "ports": ["9-8"], "from": ["any"]}, "firewall_services.base[0].ports: '9-8' is neither a port nor a range of ports."),
        ({"name": "x", "ports": 22, "from": ["any"]}, "firewall_services.base[0].ports: 22 is not a list."),
        ({"name": "x", "proto": "tpc", "from": ["any"]}, "firewall_services.base[0]: proto 'tpc' of x is unknown. Known are tcp, udp, all."),
        ({"name": "x", "proto": "all", "ports": [1], "from": ["any"]}, "firewall_services.base[0]: x has ports and proto all."),
        ({"name": "x", "port": 1}, "firewall_services.base[0]: unknown key port. Known are from, name, ports, proto."),
        ({"name": 'x" accept; drop', "from": ["any"]}, "firewall_services.base[0]: name 'x\" accept; drop' is needed in letters"),
    ],
)
def test_mistakes_are_seen_in_groups_of_others_too(service: dict[str, t.Any], message: str) -> None:
    with pytest.raises(CoreError) as caught:
        lines(service, ["other"])
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("address", "admitted"),
    [("192.0.2.9", True), ("192.0.3.9", False), ("::ffff:192.0.2.9", True), ("2001:db8::5", True), ("fe80::1%eth0", False)],
)
def test_admits(address: str, admitted: bool) -> None:
    assert firewall.admits(address, ["192.0.2.0/24", "2001:db8::/32"]) is admitted
