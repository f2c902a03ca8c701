# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what a discovery found to the neutral ``Wiring`` that the rest of this package works on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import CoreError
from ..model.fabric import Cable, Node, Wiring
from ..model.infiniband import Discovery, HcaPort


@dataclass(frozen=True)
class Neighbour:
    """What a host sees at the other end of a cable by LLDP: which switch, and which of its ports."""

    __slots__ = ("host", "interface", "rate_gbits_per_s", "switch", "switch_port")

    host: str
    interface: str
    switch: str
    switch_port: str
    rate_gbits_per_s: float | None


def from_discovery(*discoveries: Discovery) -> Wiring:
    """Return the wiring of an InfiniBand fabric.

    Rails that are planes of their own need a discovery each (``ibnetdiscover -C mlx5_3``): several become one wiring.
    """
    nodes: dict[str, Node] = {}
    cables: dict[tuple[str, int, str, int], Cable] = {}
    for discovery in discoveries:
        for switch in discovery.switches:
            nodes[switch.guid] = Node(switch.guid, "switch", switch.name, switch.label, switch.model, None, None, {})
        for hca in discovery.hcas:
            kind, label = ("aggregation" if hca.aggregation_node else "hca"), hca.name if hca.host else hca.guid
            nodes[hca.guid] = Node(hca.guid, kind, hca.name, label, None, hca.host, hca.device, _ports(hca.ports))
        for router in discovery.routers:
            nodes[router.guid] = Node(router.guid, "router", router.name, router.name, None, None, None, _ports(router.ports))
        for link in discovery.links:
            a, b = link.a, link.b
            cables.setdefault((a.guid, a.port, b.guid, b.port), Cable(a.guid, a.port, b.guid, b.port, link.width, link.speed, link.rate_gbits_per_s))
    return Wiring(nodes, tuple(cables.values()), complete=all(discovery.complete for discovery in discoveries))


def from_neighbours(neighbours: Iterable[Neighbour], *, interfaces: str = "") -> Wiring:
    """Return the wiring of an Ethernet fabric from what LLDP tells.

    ``interfaces`` is a regular expression for the names of the hosts' interfaces that belong to the fabric: a management network that
    all hosts share would make one scalable unit of them all. A host that is itself seen as a neighbour is a switch.
    """
    wanted = _pattern(interfaces)
    rows = list(neighbours)
    switches = {row.switch for row in rows}
    nodes = {name: Node(name, "switch", name, name.split(".", 1)[0], None, None, None, {}) for name in sorted(switches)}
    cables: dict[frozenset[tuple[str, str]], Cable] = {}
    for row in rows:
        if row.host in switches:
            end = row.host
        elif wanted.search(row.interface):
            end = f"{row.host}/{row.interface}"
            nodes[end] = Node(end, "hca", end, f"{row.host} {row.interface}", None, row.host, row.interface, {})
        else:
            continue
        # Two switches that see each other tell the same cable twice.
        key = frozenset(((end, row.interface), (row.switch, row.switch_port)))
        cables.setdefault(key, Cable(end, row.interface, row.switch, row.switch_port, None, None, row.rate_gbits_per_s))
    return Wiring(nodes, tuple(cables.values()), uplinks_known=any(row.host in switches for row in rows))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise CoreError(f"{text!r} is no regular expression: {error}.", where="interfaces") from None


def _ports(ports: Iterable[HcaPort]) -> Mapping[int | str, tuple[str | None, int | None]]:
    return {port.port: (port.guid, port.lid) for port in ports}
