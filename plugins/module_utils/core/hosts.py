# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the base role needs to know of all hosts at once: names and addresses for /etc/hosts, and whose kernel isn't ours.

It is computed once per run and handed to every host as text: a loop over the inventory in a template that is
rendered for each node would cost (nodes x nodes).
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import CoreError

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")


@dataclass(frozen=True)
class HostLine:
    """One line of /etc/hosts. The first name is the canonical one."""

    address: str
    names: tuple[str, ...]


def host_line(host: str, variables: Mapping[str, t.Any]) -> HostLine | None:
    """Return the line of an inventory host, ``None`` where the inventory knows no address of it.

    The address is ``base_address``, or ``ansible_host`` where that is an address rather than a name.
    """
    address = _own_address(host, variables)
    if not address:
        return None
    given = str(variables.get("base_hostname") or host)
    names = (host, given) if "." in host else (given, host)
    aliases = variables.get("base_hosts_aliases") or []
    return HostLine(address, _names([*names, *(name.split(".", 1)[0] for name in names if not _is_address(name)), *map(str, aliases)], where=host))


def extra_line(item: Mapping[str, t.Any], where: str) -> HostLine:
    """Return the line of one item of ``base_hosts_extra``."""
    address, names = str(item.get("address") or ""), item.get("names") or []
    if not _is_address(address):
        raise CoreError(f"{address!r} is not an IP address.", where=where)
    if not names or isinstance(names, str):
        raise CoreError(f"{address} has no list of names.", where=where, hint="Write names: [first, second].")
    return HostLine(address, _names(map(str, names), where=where))


def render_hosts(lines: Iterable[HostLine]) -> str:
    """Return the lines of /etc/hosts. Raises ``CoreError`` for a name that would have two addresses of one family."""
    owner: dict[tuple[str, int], str] = {}
    text = []
    for line in lines:
        family = ipaddress.ip_address(line.address).version
        for name in line.names:
            other = owner.setdefault((name, family), line.address)
            if other != line.address:
                raise CoreError(
                    f"The name {name} would have two addresses, {other} and {line.address}.",
                    where="/etc/hosts",
                    hint="Give its hosts different base_hostname, base_address or base_hosts_aliases.",
                )
        text.append(f"{line.address} {' '.join(line.names)}\n")
    return "".join(text)


def _own_address(host: str, variables: Mapping[str, t.Any]) -> str:
    declared = variables.get("base_address")
    if declared:
        if not _is_address(str(declared)):
            raise CoreError(f"base_address {str(declared)!r} is not an IP address.", where=host, hint="Names belong in base_hosts_aliases.")
        return str(declared)
    address = str(variables.get("ansible_host") or host)
    return address if _is_address(address) else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _names(names: Iterable[str], where: str) -> tuple[str, ...]:
    result = tuple(dict.fromkeys(name for name in names if not _is_address(name)))
    for name in result:
        if not _NAME.fullmatch(name) and not _inventory_style(name):
            raise CoreError(f"{name!r} can't be a host's name.", where=where, hint="Letters, digits, dots and hyphens, beginning with a letter or digit.")
    return result


def _inventory_style(name: str) -> bool:
    """Inventories like to use underscores; resolvers accept them."""
    return bool(_NAME.fullmatch(name.replace("_", "x")))
