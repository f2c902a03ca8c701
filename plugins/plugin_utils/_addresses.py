# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""Networks, ranges, addresses and names, as an inventory file lists them, one by one."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.hostlist import expand

try:
    import netaddr
except ImportError:
    MISSING = ("netaddr",)
else:
    MISSING = ()

# A network of more addresses is a slip of the pen.
MOST_ADDRESSES = 65536

_PORT = re.compile(r"^(?P<host>[^:]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})$")
_SHORT_RANGE = re.compile(r"^(?P<network>(?:[0-9]{1,3}\.){3})(?P<first>[0-9]{1,3})-(?P<last>[0-9]{1,3})$")
_NUMBERS = re.compile(r"^[0-9.-]+$")
_NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")


class Address(t.NamedTuple):
    """Where something may listen. ``perhaps``: it is one of a network or a range, where not every address need be in use."""

    host: str
    port: int
    perhaps: bool


def addresses(text: str, port: int) -> list[Address]:
    """Return what ``10.0.1.0/24``, ``10.0.1.10-40``, ``10.0.1.7:8443`` or ``bmc[01-16].example.org`` stands for.

    Raises ``CoreError`` for what is none of these, and for more than 65536 addresses.
    """
    text = text.strip()
    try:
        if "/" in text:
            network = netaddr.IPNetwork(text)
            _bound(text, network.size)
            return [Address(str(host), port, True) for host in network.iter_hosts()]
        if _SHORT_RANGE.match(text):
            found = _SHORT_RANGE.match(text)
            text = f"{found['network']}{found['first']}-{found['network']}{found['last']}" if found else text
        first, dash, last = text.partition("-")
        if dash and _is_address(first) and _is_address(last):
            between = netaddr.IPRange(first, last)
            _bound(text, between.size)
            return [Address(str(host), port, True) for host in between]
    except (netaddr.AddrFormatError, ValueError) as error:
        raise CoreError(f"{text!r} is no network and no range of addresses: {error}.") from None
    if _is_address(text):
        return [Address(text, port, False)]
    with_port = _PORT.match(text)
    if with_port:
        text, port = with_port["host"], int(with_port["port"])
        text = text[1:-1] if text.startswith("[") else text
    found_names = [text] if _is_address(text) else expand(text)
    if not found_names or not all(_is_address(name) or (_NAME.match(name) and not _NUMBERS.match(name)) for name in found_names):
        raise CoreError(f"{text!r} is no network, range, address or name.")
    _bound(text, len(found_names))
    return [Address(name, port, False) for name in found_names]


def _is_address(text: str) -> bool:
    return bool(netaddr.valid_ipv4(text, netaddr.INET_PTON) or netaddr.valid_ipv6(text))


def _bound(text: str, size: int) -> None:
    if size > MOST_ADDRESSES:
        raise CoreError(f"{text} has {size} addresses; at most {MOST_ADDRESSES} are asked.")
