# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``ibnetdiscover``: the whole fabric, in each of the forms that the tool prints.

The topology (also with ``-f`` and ``-g``), the list of ports (``-p``) and the list of nodes (``-l``, ``-H``, ``-S``, ``-R``, and what ``ibhosts``
and ``ibswitches`` make of it). infiniband-diags/ibnetdiscover.c of rdma-core is where the forms come from. A record counts wherever it ends;
both ends of each cable are printed, and become one link.
"""

from __future__ import annotations

import re

from ..errors import CoreError
from ..model.document import Fault
from ..model.infiniband import Discovery
from .fabric_records import Records, unnamed
from .infiniband import node_guid
from .values import plain

TABLES = {
    "switches": ("label", "model", "guid", "lid", "ports"),
    "hcas": ("name", "host", "guid", "ports"),
    "routers": ("name", "guid"),
    "links": ("a.name", "a.port", "b.name", "b.port", "width", "speed", "rate_gbits_per_s"),
}

_GENERATED = re.compile(r"^# Topology file: generated on (.+)$")
_SYSTEM = re.compile(r"^sysimgguid=0x([0-9a-fA-F]{1,16})")
_OTHER_ID = re.compile(r"^(?:vendid|devid|switchguid|caguid|rtguid|\?\?\?guid)=|^Chassis \d|^Hostname:|^Non-Chassis Nodes")
_NODE = re.compile(
    r'^(Switch|Ca|Rt|\?\?\?)\s+(\d{1,9})\s+"[SHR?]-([0-9a-fA-F]{1,16})"\s+#\s*"(.{0,256})"(?:\s+(?:enhanced|base) port 0 lid (\d{1,9})(?: lmc \d+)?)?[^"]*$'
)
_PEER = r'"([SHR?])-([0-9a-fA-F]{1,16})"\[(\d{1,9})\](?:\[ext \d+\])?\s*(?:\(([0-9a-fA-F]{1,16})\))?\s+#\s*'
_LINK = r'"(.{0,256})" lid (\d{1,9})(?:\s+(\d{1,4}x|\?\?)(\S+))?[^"]*$'
_SWITCH_PORT = re.compile(r"^\[(\d{1,9})\](?:\[ext \d+\])?\s+" + _PEER + _LINK)
_HCA_PORT = re.compile(r"^\[(\d{1,9})\](?:\[ext \d+\])?\s*\(([0-9a-fA-F]{1,16})\)\s+" + _PEER + r"lid (\d{1,9}) lmc \d+ " + _LINK)
_LISTED_PORT = re.compile(
    r"^(SW|CA|RT)\s+(\d{1,9})\s+(\d{1,9})\s+0x([0-9a-fA-F]{1,16})\s+(\d{1,4}x|\?\?)\s*(\S+)"
    r"(?:\s+-\s+(SW|CA|RT)\s+(\d{1,9})\s+(\d{1,9})\s+0x([0-9a-fA-F]{1,16})\s+\(\s*'(.{0,256})' - '(.{0,256})'\s*\)"
    r"|\s+'(.{0,256})'(?:\s*\))?|\s+([^-'\s].{0,256}))$"
)
_LISTED_NODE = re.compile(
    r"^(Switch|Ca|Router)\s*:\s*0x([0-9a-fA-F]{1,16}) ports (\d{1,9})(?: devid \S+ vendid \S+)?"
    r'\s+"(.{0,256})"(?:\s+(?:enhanced|base) port 0 lid (\d{1,9})(?: lmc \d+)?)?$'
)
_TROUBLE = re.compile(r"\bib(?:warn|error|panic):|\bdiscover failed\b|^src/\S+:\d+;")
# What a terminal prints around the command, where the text was copied from one.
_PROMPT = re.compile(r"^\[?[\w.-]+@[\w.-]+[^#$]*[#$]")
_KINDS = {
    "S": "switch",
    "H": "hca",
    "R": "router",
    "SW": "switch",
    "CA": "hca",
    "RT": "router",
    "Switch": "switch",
    "Ca": "hca",
    "Rt": "router",
    "Router": "router",
}
_UNKNOWN = frozenset(("?", "???"))


def parse(text: str) -> Discovery:
    """Return the fabric. Raises ``CoreError`` for a text that names no node of one."""
    records = Records()
    node: tuple[str, str, str] | None = None
    system, generated, topology, seen, bare, has_ids = None, None, False, False, False, False
    lines = plain(text).rstrip().split("\n")
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line:
            continue
        first = line[0]
        if first == "[" and node is not None:
            if _read_port(records, node, line):
                bare = False
                continue
        elif first == "#":
            match = _GENERATED.match(line)
            generated = match[1] if match else generated
            continue
        elif match := _NODE.match(line):
            node = None
            if match[1] != "???":
                kind, guid = _KINDS[match[1]], node_guid(match[3])
                node = (kind, guid, match[4])
                records.node(kind, guid, match[4], ports=int(match[2]), lid=_number(match[5]), system=system)
            system, topology, seen, bare = None, True, True, True
            continue
        elif match := _SYSTEM.match(line):
            node, system, has_ids = None, node_guid(match[1]), True
            continue
        elif _OTHER_ID.match(line) or _read_listed(records, line):
            node, seen = None, True
            continue
        elif first != "[":
            node = None
        if _TROUBLE.search(line):
            records.warn(f"line {number}: the tool said {line!r}.")
        elif not _PROMPT.match(line) and (seen or _SWITCH_PORT.match(line) or _HCA_PORT.match(line)):
            records.unreadable(number, line, last=number == len(lines))
    if not records.nodes:
        raise CoreError(f"this is not what ibnetdiscover prints: it names no switch and no adapter. {_found(lines)}")
    # Without the lines that begin a record, somebody has picked the nodes out of the output.
    if bare and has_ids and len(records.nodes) > 1:
        records.unreadable(len(lines), lines[-1].strip(), last=True)
    records.check_ends(whole=topology)
    switches, hcas, links = records.switches(), records.hcas(), records.links()
    alone = [node.name for node in records.nodes.values()] if records.complete and has_ids and not links else []
    return Discovery(
        generated=generated,
        switches=switches,
        hcas=hcas,
        routers=records.routers(),
        links=links,
        complete=records.complete,
        warnings=tuple(records.warnings),
        faults=(*unnamed(hcas, links), *map(_alone, alone)),
    )


def _alone(name: str) -> Fault:
    """Only the node that the tool starts from is told without a link: of others it knows from their links."""
    return Fault(
        "fabric_not_found",
        name,
        "it has no link, and nothing else was found: this is no fabric.",
        "Is its port up (ibstat)? Name the adapter and the port that lead to the fabric (-C, -P) where the host has several.",
    )


def _read_port(records: Records, node: tuple[str, str, str], line: str) -> bool:
    """Take the line of a connected port below the node; false for a line that is none."""
    kind, guid, name = node
    match = _SWITCH_PORT.match(line) if kind == "switch" else _HCA_PORT.match(line)
    if match is None:
        return False
    if kind == "switch":
        port, peer, peer_digits, peer_port, peer_port_guid, peer_name, peer_lid, width, speed = match.groups()
    else:
        port, port_guid, peer, peer_digits, peer_port, peer_port_guid, lid, peer_name, peer_lid, width, speed = match.groups()
        records.port(guid, int(port), node_guid(port_guid), int(lid))
    if peer not in _UNKNOWN:
        peer_guid = node_guid(peer_digits)
        records.named(_KINDS[peer], peer_guid, peer_name, int(peer_lid))
        if peer != "S":
            records.port(peer_guid, int(peer_port), node_guid(peer_port_guid) if peer_port_guid else None, int(peer_lid))
        records.link((guid, int(port), name), (peer_guid, int(peer_port), peer_name), width, speed)
    return True


def _read_listed(records: Records, line: str) -> bool:
    """Take a line of the list of ports or of the list of nodes; false for a line that is neither."""
    match = _LISTED_PORT.match(line)
    if match:
        kind, lid, port, digits, width, speed, peer, peer_lid, peer_port, peer_digits, name, peer_name, alone, bare = match.groups()
        guid = node_guid(digits)
        records.node(_KINDS[kind], guid, next(text for text in (name, alone, bare) if text is not None), lid=int(lid))
        if kind != "SW":
            records.port(guid, int(port), guid, int(lid))
        if peer:
            peer_guid = node_guid(peer_digits)
            records.named(_KINDS[peer], peer_guid, peer_name, int(peer_lid))
            if peer != "SW":
                records.port(peer_guid, int(peer_port), peer_guid, int(peer_lid))
            records.link((guid, int(port), name), (peer_guid, int(peer_port), peer_name), width, speed)
        return True
    match = _LISTED_NODE.match(line)
    if match:
        records.node(_KINDS[match[1]], node_guid(match[2]), match[4], ports=int(match[3]), lid=_number(match[5]))
    return match is not None


def _found(lines: list[str]) -> str:
    first = next((line.strip() for line in lines if line.strip()), "")
    return f"It begins with {first[:80]!r}." if first else "It is empty."


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
