# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Networks, ranges, addresses and names, one by one."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.plugin_utils._addresses import addresses


@pytest.mark.parametrize(
    ("text", "hosts", "perhaps"),
    [
        ("10.0.1.0/30", ["10.0.1.1", "10.0.1.2"], True),
        ("10.0.1.7/32", ["10.0.1.7"], True),
        ("10.0.1.254-10.0.2.1", ["10.0.1.254", "10.0.1.255", "10.0.2.0", "10.0.2.1"], True),
        ("10.0.1.8-10", ["10.0.1.8", "10.0.1.9", "10.0.1.10"], True),
        ("fd00::1-fd00::3", ["fd00::1", "fd00::2", "fd00::3"], True),
        ("10.0.1.7", ["10.0.1.7"], False),
        ("fd00::7", ["fd00::7"], False),
        ("bmc1.example.org", ["bmc1.example.org"], False),
        ("bmc-[01-03].example.org", ["bmc-01.example.org", "bmc-02.example.org", "bmc-03.example.org"], False),
        (" r1-bmc1 ", ["r1-bmc1"], False),
    ],
)
def test_what_a_text_stands_for(text: str, hosts: list[str], perhaps: bool) -> None:
    found = addresses(text, 443)
    assert [address.host for address in found] == hosts
    assert {address.port for address in found} == {443}
    assert {address.perhaps for address in found} == {perhaps}


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("10.0.1.7:8443", "10.0.1.7", 8443), ("bmc1:8443", "bmc1", 8443), ("[fd00::7]:8443", "fd00::7", 8443), ("bmc[1]:80", "bmc1", 80)],
)
def test_ports(text: str, host: str, port: int) -> None:
    assert [(address.host, address.port) for address in addresses(text, 443)] == [(host, port)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("10.0.0.0/8", "10.0.0.0/8 has 16777216 addresses; at most 65536 are asked."),
        ("fd00::/64", "fd00::/64 has 18446744073709551616 addresses; at most 65536 are asked."),
        ("10.0.0.1-10.9.0.1", "10.0.0.1-10.9.0.1 has 589825 addresses; at most 65536 are asked."),
        ("bmc[1-70000]", "bmc[1-70000] has 70000 addresses; at most 65536 are asked."),
        ("10.0.0.0/33", "'10.0.0.0/33' is no network and no range of addresses"),
        ("10.0.0.9-3", "'10.0.0.9-10.0.0.3' is no network and no range of addresses"),
        ("10.0.0.300", "'10.0.0.300' is no network, range, address or name."),
        ("10.0", "'10.0' is no network, range, address or name."),
        ("a b", "'a b' is no network, range, address or name."),
        ("", "'' is no network, range, address or name."),
        ("http://bmc1", "is no network and no range of addresses"),
        ("bmc[1-", "bmc[1-"),
    ],
)
def test_what_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(CoreError) as caught:
        addresses(text, 443)
    assert sentence in str(caught.value)
