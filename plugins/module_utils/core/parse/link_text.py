# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A link in the words of ``iblinkinfo`` and of ``ibqueryerrors -r``.

``12    3[  ] ==( 4X   53.125 Gbps Active/  LinkUp)==>   1   1[  ] "node1 mlx5_0" (Could be …)``: infiniband-diags/iblinkinfo.c of rdma-core.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .infiniband import known_speed, known_width, signalled_speed
from .values import decimal

_PORT = re.compile(r"^(\d{1,5})\s+(\d{1,3})\[\s*\d*\s*\] ==(\(.{0,128})==>\s*(.*)$")
_LINK = re.compile(
    r"^\(\s*(?:(\d+X|undefined \(\d+\))\s+)?(?:([\d.]+) Gbps(?:\s*\((\w+)\))?|((?:No )?Extended [Ss]peed(?: \d)?|undefined \(\d+\)))?"
    r"\s*([A-Za-z]+|\?\(\d+\))\s*/\s*([A-Za-z]+|\?\(\d+\))\s*\)"
)
_PEER = re.compile(r'^(?:0x([0-9a-fA-F]{1,16})\s+)?(\d{1,5})\s+(\d{1,3})\[\s*\d*\s*\] "(.{0,256})" \((.{0,256})\)$')
_NO_PEER = re.compile(r'^\[\s*\] "" \(\s*\)$|^"Port not available"$')


@dataclass(frozen=True)
class LinkText:
    """What such a line says. ``peer`` is digits of the GUID, LID, port and name, or null for a port without a link."""

    lid: int
    port: int
    state: str
    physical_state: str
    width: str | None
    speed: str | None
    peer: tuple[str | None, int, int, str] | None
    could_be: str | None


def read_link(text: str) -> LinkText | None:
    """Return what the line says from the LID on, or ``None`` for a text that is no such line, or not all of one."""
    port = _PORT.match(text)
    link = _LINK.match(port[3]) if port else None
    if port is None or link is None:
        return None
    peer = _PEER.match(port[4])
    if peer is None and not _NO_PEER.match(port[4]):
        return None
    rate = decimal(link[2])
    speed = known_speed(link[3] or "") or (signalled_speed(rate) if rate is not None else None)
    could_be = " and ".join(part.strip() for part in peer[5].split("Could be ") if part.strip()) if peer else ""
    return LinkText(
        lid=int(port[1]),
        port=int(port[2]),
        state=link[5],
        physical_state=link[6],
        width=known_width(link[1] or ""),
        speed=speed,
        peer=(peer[1], int(peer[2]), int(peer[3]), peer[4]) if peer else None,
        could_be=could_be or None,
    )
