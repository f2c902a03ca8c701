# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The resources of a Redfish service, found by the addresses they give themselves, whatever files they lie in.

Redfish Specification (DMTF DSP0266): ``@odata.id`` is a resource's address, ``@odata.type`` its type, ``Members`` what a collection lists.
HP's older form (``Type``, ``links.self.href``, ``links.Member``) says the same in other words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..parse.values import text_or_none

Resource = Mapping[str, Any]

ROOT = "/redfish/v1"
_TYPE = re.compile(r"#?([A-Za-z]\w*)\.")
_DIGITS = re.compile(r"(\d+)")
_PLACEHOLDERS = frozenset(("to be filled by o.e.m.", "default string", "not applicable", "system serial number", "chassis serial number", "0123456789"))


def text(value: object) -> str | None:
    """Return a text without blanks around it, or ``None`` for one that stands for nothing: empty, dots, zeros, ``Default string``."""
    found = text_or_none(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
    if found is None or not any(character.isalnum() and character != "0" for character in found) or found.lower() in _PLACEHOLDERS:
        return None
    return found


def part(resource: object, *path: str) -> Any:
    """Return what lies in nested mappings under the names, or ``None``."""
    for name in path:
        resource = resource.get(name) if isinstance(resource, dict) else None
    return resource


def spelled(link: object) -> str:
    """Return the address that a link leads to as it is written, to be asked for; empty for no link, or one to a part of a resource."""
    if isinstance(link, dict):
        link = link.get("@odata.id") or link.get("href")
    found = link.strip() if isinstance(link, str) else ""
    return "" if "#" in found else found


def address_of(link: object) -> str:
    """Return the address as resources are found by: services do not agree with themselves on a slash at its end, nor on capital letters."""
    return spelled(link).rstrip("/").lower()


def under(resource: Resource, name: str) -> str:
    """Return the address that a resource's part has where nothing else is said."""
    return f"{spelled(resource).rstrip('/')}/{name}"


def type_of(resource: Resource) -> str:
    """Return ``ComputerSystem`` for ``#ComputerSystem.v1_5_0.ComputerSystem``, or an empty text."""
    for name in ("@odata.type", "Type"):
        match = _TYPE.match(resource[name]) if isinstance(resource.get(name), str) else None
        if match:
            return match[1]
    context = resource.get("@odata.context")
    match = _TYPE.match(context.partition("#")[2]) if isinstance(context, str) else None
    return match[1] if match else ""


def last_name(address: str) -> str:
    """Return the last part of an address."""
    return address.rstrip("/").rpartition("/")[2]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts ``GPU10`` behind ``GPU9``."""
    return [(0, int(piece), "") if piece.isdigit() and piece.isascii() and len(piece) < 20 else (1, 0, piece) for piece in _DIGITS.split(name) if piece]


def error_of(document: Resource) -> str | None:
    """Return what the service answered instead of a resource, or ``None`` if this is no error message."""
    error = document.get("error")
    if not isinstance(error, dict) or "@odata.id" in document:
        return None
    details = error.get("@Message.ExtendedInfo")
    for detail in details if isinstance(details, list) else [details]:
        for name in ("Message", "MessageId"):
            if text(part(detail, name)):
                return str(part(detail, name)).strip()
    return text(error.get("message")) or text(error.get("code")) or "an error without a message"


class Tree:
    """Resources by address. ``failed`` has the addresses that the service gave no resource for, with the reason."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self.failed: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._resources)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._resources.values())

    def add(self, document: object, address: str = "") -> bool:
        """Take in a JSON document, and the resources written out inside it.

        ``address`` is where it comes from: it stands for a resource that does not give its own, and for a page of a collection. False for the
        system of another machine than the one that is there under the same address; the fuller of the two is kept.
        """
        own = address_of(address)
        if not isinstance(document, dict):
            self._add_inside(document)
            return True
        error = error_of(document)
        if error is not None:
            self.failed[own] = error
            return True
        named = address_of(document) or address_of(part(document, "links", "self"))
        key = own if "?" in own or not named else named
        before = self._resources.get(key)
        if before is None or len(before) < len(document):
            self._resources[key] = document
        self.failed.pop(key, None)
        self._add_inside(document)
        return (
            before is None
            or type_of(document) != "ComputerSystem"
            or not any(_differ(before.get(name), document.get(name)) for name in ("SerialNumber", "UUID"))
        )

    def _add_inside(self, document: object) -> None:
        stack = list(document.values()) if isinstance(document, dict) else [document]
        while stack:
            value = stack.pop()
            if isinstance(value, list):
                stack += value
            elif isinstance(value, dict):
                key = address_of(value)
                # Some services leave out what is required when they write resources out: such a one is no more than a link.
                if key and "Id" in value and type_of(value) and len(self._resources.get(key, ())) < len(value):
                    self._resources[key] = value
                stack += value.values()

    def get(self, link: object) -> Resource | None:
        """Return the resource that a link leads to."""
        return self._resources.get(address_of(link))

    def known(self, link: object) -> bool:
        """Say whether there is no point in asking for it: it is here, it failed, or it is no link."""
        address = address_of(link)
        return not address or address in self._resources or address in self.failed

    def missing(self, link: object) -> list[str]:
        """Return the addresses, as written, of what is not known of a collection: itself, its further pages, its members."""
        pages = [] if isinstance(link, list) else self._pages(link)
        return [address for address in (*pages, *self.listed(link)) if not self.known(address)]

    def listed(self, link: object) -> list[str]:
        """Return the addresses, as written, of the members that a link to a collection, or a list of links, leads to; each once."""
        found: dict[str, str] = {}
        lists: list[Any] = [link] if isinstance(link, list) else []
        for page in [] if lists else self._pages(link):
            resource = self.get(page) or {}
            lists += [resource.get("Members"), part(resource, "links", "Member"), resource.get("Items")]
        for members in lists:
            for member in members if isinstance(members, list) else ():
                address = spelled(member) or spelled(part(member, "links", "self"))
                found.setdefault(address_of(address), address)
        return [address for address in found.values() if address]

    def _pages(self, link: object) -> list[str]:
        found: dict[str, str] = {}
        address = spelled(link)
        while address and address_of(address) not in found:
            found[address_of(address)] = address
            address = spelled(part(self.get(address), "Members@odata.nextLink"))
        return list(found.values())

    def members(self, link: object) -> list[Resource]:
        """Return the members that are here, in the order they are listed."""
        found = (self.get(address) for address in self.listed(link))
        return [resource for resource in found if resource is not None]

    def all_of(self, link: object, address: str, kind: str) -> list[Resource]:
        """Return the members of a collection; where it is not here, the resources of the type right below the address that it would have."""
        if self.get(link) is not None or isinstance(link, list):
            return self.members(link)
        prefix = address_of(address) + "/"
        lying_there = [(key, resource) for key, resource in self._resources.items() if key.startswith(prefix) and "/" not in key[len(prefix) :]]
        return [resource for _key, resource in lying_there if type_of(resource) == kind]

    def of_type(self, kind: str) -> list[tuple[str, Resource]]:
        """Return the resources of a type, with their addresses."""
        return [(address, resource) for address, resource in self._resources.items() if type_of(resource) == kind]


def _differ(one: object, other: object) -> bool:
    return text(one) is not None and text(other) is not None and text(one) != text(other)
