# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``iblinkinfo``: how each link of a fabric runs, by node or a line each (``-l``). Both ends of a cable are told, and become one link.

The form by node gives the GUID of the end that it tells, and the LID alone of the other: who that is follows from the rest of the output.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import CoreError
from ..model.document import Fault
from ..model.infiniband import FreePort, LinkInfo, LinkState, PortEnd
from .fabric_records import Records, unnamed
from .infiniband import hca_identity, link_rate, node_guid
from .link_text import LinkText, read_link
from .values import plain

TABLES = {
    "switches": ("label", "model", "guid", "lid"),
    "hcas": ("name", "host", "guid"),
    "routers": ("name", "guid"),
    "links": ("a.name", "a.port", "b.name", "b.port", "state", "width", "speed", "rate_gbits_per_s", "could_be"),
    "free_ports": ("end.name", "end.port", "state", "physical_state"),
}

_HEAD = re.compile(r"^(CA|Switch|Router)(?::|(?= 0x))\s*(?:0x([0-9a-fA-F]{1,16}) )?(.{0,256}):$")
_HCA_PORT = re.compile(r"^0x([0-9a-fA-F]{1,16})\s+(\d.*)$")
_LINE = re.compile(r'^0x([0-9a-fA-F]{1,16}) "(.{0,256}?)"\s+(\d{1,5}\s+\d{1,3}\[.*)$')
_TROUBLE = re.compile(r"\bib(?:warn|error|panic):|\bdiscover failed\b|^src/\S+:\d+;")
_Address = tuple["int | str", int]
_KINDS = {"CA": "hca", "Switch": "switch", "Router": "router"}


@dataclass(frozen=True)
class _Line:
    """A port as the output tells it."""

    end: PortEnd
    kind: str
    link: LinkText


def parse(text: str) -> LinkInfo:
    """Return the links. Raises ``CoreError`` for a text that tells of no port."""
    records = Records()
    read: list[_Line] = []
    head: tuple[str, str | None, str] | None = None
    bare = False
    lines = plain(text).rstrip().split("\n")
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if match := _HEAD.match(line):
            head, bare = (_KINDS[match[1]], node_guid(match[2]) if match[2] else None, match[3]), True
        elif entry := _read_line(line, head):
            read.append(entry)
            bare = False
        elif _TROUBLE.search(line):
            records.warn(f"line {number}: the tool said {line!r}.")
        elif line and (read or head or "==>" in line):
            records.unreadable(number, line, last=number == len(lines))
    if not read:
        first = next((line.strip() for line in lines if line.strip()), "")
        found = f"It begins with {first[:80]!r}." if first else "It is empty."
        raise CoreError(f"this is not what iblinkinfo prints: it tells of no port. {found}")
    if bare:
        records.unreadable(len(lines), lines[-1].strip(), last=True)
    return _document(records, read)


def _read_line(line: str, head: tuple[str, str | None, str] | None) -> _Line | None:
    match = _LINE.match(line)
    if match:
        link = read_link(match[3])
        name = match[2].strip()
        # The form of one line tells no kind. Adapters are called "host device", or by their chip.
        _host, device, aggregation = hca_identity(name)
        kind = "hca" if device or aggregation or name.startswith("MT") else "switch"
        return _Line(PortEnd(node_guid(match[1]), name, link.port, link.lid), kind, link) if link else None
    if head is None:
        return None
    kind, guid, name = head
    match = _HCA_PORT.match(line) if kind != "switch" else None
    if match:
        guid, line = node_guid(match[1]), match[2]
    link = read_link(line)
    return _Line(PortEnd(guid, name, link.port, link.lid), kind, link) if link else None


def _document(records: Records, read: list[_Line]) -> LinkInfo:
    by_address: dict[_Address, PortEnd] = {}
    lids: dict[int, str] = {}
    for entry in read:
        end = entry.end
        by_address.setdefault(_address(entry.link.lid, end.port, end.name), end)
        if end.guid is None:
            continue
        node = end.guid if entry.kind == "switch" else _adapter_of(records, entry)
        records.node(entry.kind, node, end.name, lid=end.lid if entry.kind == "switch" else None)
        if entry.kind == "switch" and _is_lid(entry.link.lid):
            lids[entry.link.lid] = end.guid
        if entry.kind == "switch":
            continue
        records.port(node, end.port, end.guid, end.lid)
    links: dict[frozenset[_Address], LinkState] = {}
    free: list[FreePort] = []
    lonely: set[frozenset[_Address]] = set()
    missing: set[str] = set()
    for entry in read:
        if entry.link.peer is None:
            free.append(FreePort(entry.end, entry.link.state, entry.link.physical_state))
            continue
        digits, lid, port, name = entry.link.peer
        known = by_address.get(_address(lid, port, name))
        guid = node_guid(digits) if digits else known.guid if known else lids.get(lid)
        other = PortEnd(guid, name, port, lid)
        if known is None and lid not in lids:
            missing.add(name)
        key = frozenset((_address(entry.link.lid, entry.end.port, entry.end.name), _address(lid, port, name)))
        if key in links:
            lonely.discard(key)
            continue
        lonely.add(key)
        width, speed, link = entry.link.width, entry.link.speed, entry.link
        links[key] = LinkState(entry.end, other, link.state, link.physical_state, width, speed, link_rate(width, speed), link.could_be)
    _say_what_is_missing(records, read, [links[key] for key in links if key in lonely], sorted(missing))
    found = tuple(links.values())
    hcas = records.hcas()
    return LinkInfo(
        switches=records.switches(),
        hcas=hcas,
        routers=records.routers(),
        links=found,
        free_ports=tuple(free),
        complete=records.complete,
        warnings=tuple(records.warnings),
        faults=(*(fault for link in found for fault in _faults(link)), *unnamed(hcas, ())),
    )


def _is_lid(lid: int) -> bool:
    # Unicast LIDs; without a subnet manager every port has 0 or 65535.
    return 0 < lid < 0xC000


def _address(lid: int, port: int, name: str) -> _Address:
    """What tells a port from the others: the LID of its node, or the name where nobody gave it one."""
    return (lid, port) if _is_lid(lid) else (name, port)


def _adapter_of(records: Records, entry: _Line) -> str:
    """The GUID that an adapter goes by: of the port told first. The second port of one follows it, with the same name."""
    guid = entry.end.guid or ""
    previous = next(reversed(records.nodes), None)
    if previous is not None and guid not in records.nodes:
        node = records.nodes[previous]
        if node.kind == entry.kind and node.name == entry.end.name and entry.end.port not in node.hca_ports:
            return previous
    return guid


def _say_what_is_missing(records: Records, read: list[_Line], lonely: list[LinkState], missing: list[str]) -> None:
    if not any(entry.kind == "hca" for entry in read):
        # --switches-only tells no adapter's end.
        return
    if lonely:
        start = "one cable is" if len(lonely) == 1 else f"{len(lonely)} cables are"
        a, b = lonely[0].a, lonely[0].b
        records.warnings.append(f"{start} told by one end alone, such as port {a.port} of {a.name} to port {b.port} of {b.name}.")
    if missing:
        records.complete = False
        start = "one node is" if len(missing) == 1 else f"{len(missing)} nodes are"
        records.warnings.append(f"{start} named by others and not in the output, such as {missing[0]}: it is not whole.")


def _faults(link: LinkState) -> list[Fault]:
    subject = f"{link.a.name} port {link.a.port} to {link.b.name} port {link.b.port}"
    if link.state != "Active":
        # What a link could do is only tried when it is made active.
        message = f"the link is up, but not active: {link.state}/{link.physical_state}."
        return [Fault("link_not_active", subject, message, "Is a subnet manager running, and does it reach both ends?")]
    if not link.could_be:
        return []
    runs = f"{link.width or '?'} {link.speed or 'at a speed that is not known'}"
    message = f"the link runs {runs}, and both ends could do {link.could_be}."
    return [Fault("link_below_its_best", subject, message, "Clean or replace the cable or the transceivers; look for a speed that was set by hand.")]
