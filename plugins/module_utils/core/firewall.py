# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a node's groups let in: services and named networks to packet filter rules, one per address family."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from .errors import CoreError

ANYWHERE = "any"
PROTOCOLS = ("tcp", "udp", "all")
_KEYS = frozenset(("name", "proto", "ports", "from"))
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.,/-]{0,60}")


@dataclass(frozen=True)
class Rule:
    """One accept rule. ``family`` is ``ip``, ``ip6`` or empty for both from anywhere; no ``ports`` means all of them."""

    name: str
    proto: str
    ports: tuple[str, ...]
    family: str = ""
    sources: tuple[str, ...] = ()

    def nft(self) -> str:
        """Return the rule in nftables' language."""
        match = f"{self.family} saddr {{ {', '.join(self.sources)} }} " if self.family else ""
        ports = f"{self.proto} dport {{ {', '.join(self.ports)} }} " if self.ports else ""
        proto = f"meta l4proto {self.proto} " if self.proto != "all" and not self.ports else ""
        return f'{match}{proto}{ports}accept comment "{self.name}"'


def rules(groups: Iterable[str], services: Mapping[str, t.Any], networks: Mapping[str, t.Any]) -> list[Rule]:
    """Return the rules of a node that is in ``groups``.

    ``services`` is ``{group: [{name, proto, ports, from}]}``; ``from`` lists networks by address or by a name in
    ``networks``, where ``any`` stands for everywhere. A service whose networks are all empty is let in from nowhere.
    """
    member_of = set(groups)
    result: list[Rule] = []
    for group in services:
        for index, service in enumerate(services[group] or ()):
            where = f"firewall_services.{group}[{index}]"
            checked = _rules(service, networks, where)
            if group in member_of:
                result += [rule for rule in checked if rule not in result]
    return result


def admits(address: str, networks: Sequence[str]) -> bool:
    """Whether one of the networks contains the address. An IPv4 address in IPv6's clothes counts as IPv4."""
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return any(ip.version == net.version and ip in net for net in map(ipaddress.ip_network, networks))


def _rules(service: t.Any, networks: Mapping[str, t.Any], where: str) -> list[Rule]:
    if not isinstance(service, Mapping):
        raise CoreError("a service is a dictionary with name, proto, ports and from.", where=where)
    unknown = sorted(set(map(str, service)) - _KEYS)
    if unknown:
        raise CoreError(f"unknown key {', '.join(unknown)}.", where=where, hint=f"Known are {', '.join(sorted(_KEYS))}.")
    name, proto = str(service.get("name") or ""), str(service.get("proto") or "tcp")
    if not _NAME.fullmatch(name):
        raise CoreError(f"name {name!r} is needed in letters, digits, spaces and -_.,/", where=where)
    if proto not in PROTOCOLS:
        raise CoreError(f"proto {proto!r} of {name} is unknown.", where=where, hint=f"Known are {', '.join(PROTOCOLS)}.")
    ports = tuple(_port(port, f"{where}.ports") for port in _list(service.get("ports"), f"{where}.ports"))
    if ports and proto == "all":
        raise CoreError(f"{name} has ports and proto all.", where=where, hint="Ports need tcp or udp: write it twice.")
    sources = _sources(_list(service.get("from"), f"{where}.from"), networks, f"{where}.from")
    if sources is None:
        return [Rule(name, proto, ports)]
    return [Rule(name, proto, ports, family, tuple(sources[version])) for family, version in (("ip", 4), ("ip6", 6)) if sources[version]]


def _list(value: t.Any, where: str) -> list[t.Any]:
    if value is None:
        return []
    if isinstance(value, (str, int)) or not isinstance(value, Sequence):
        raise CoreError(f"{value!r} is not a list.", where=where)
    return list(value)


def _port(value: t.Any, where: str) -> str:
    text = str(value)
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise CoreError(f"{text!r} is neither a port nor a range of ports.", where=where, hint="Write 6817 or 60001-63000.")
    return str(first) if first == last else f"{first}-{last}"


def _sources(names: Sequence[t.Any], networks: Mapping[str, t.Any], where: str) -> dict[int, list[str]] | None:
    """Return addresses by IP version without overlaps, or ``None`` for everywhere."""
    found: dict[int, list[t.Any]] = {4: [], 6: []}
    for name in map(str, names):
        if name == ANYWHERE:
            return None
        for text in _list(networks[name], f"firewall_networks.{name}") if name in networks else [name]:
            try:
                network = ipaddress.ip_network(str(text), strict=False)
            except ValueError:
                known = ", ".join(sorted({*networks, ANYWHERE}))
                raise CoreError(f"{str(text)!r} is neither a network nor the name of one.", where=where, hint=f"Named networks are {known}.") from None
            found[network.version].append(network)
    return {version: [str(network) for network in ipaddress.collapse_addresses(items)] for version, items in found.items()}


def as_dicts(items: Iterable[Rule]) -> list[dict[str, t.Any]]:
    """Return rules as plain data, with the line for nftables under ``nft``."""
    return [{**asdict(rule), "nft": rule.nft()} for rule in items]
