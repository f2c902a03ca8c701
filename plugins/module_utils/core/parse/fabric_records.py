# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is gathered while the output of a discovery tool is read: nodes by GUID, cables by their two ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..model.document import Fault
from ..model.infiniband import Hca, HcaPort, Link, LinkEnd, Router, Switch
from .infiniband import hca_identity, known_speed, known_width, link_rate, switch_label

# More of the same tells nothing new.
_MOST_LINES = 20

# The node's GUID, the port, the node's name.
End = tuple[str, int, str]


@dataclass
class _Node:
    kind: str
    name: str
    ports: int | None = None
    lid: int | None = None
    system: str | None = None
    own: bool = False
    """Whether the output has a record of its own for it, and does not only name it as the other end of a cable."""
    hca_ports: dict[int, tuple[str | None, int | None]] = field(default_factory=dict)


@dataclass
class _Cable:
    a: End
    b: End
    width: str | None
    speed: str | None
    both: bool = False
    """Whether each of its ends told it."""


class Records:
    """Nodes and cables as they are read; a cable that both of its ends tell is one."""

    def __init__(self) -> None:
        self.nodes: dict[str, _Node] = {}
        self.warnings: list[str] = []
        self.complete = True
        self._cables: dict[tuple[str, int, str, int], _Cable] = {}
        self._ends: dict[tuple[str, int], tuple[str, int, str, int]] = {}
        self._unreadable = 0

    def node(self, kind: str, guid: str, name: str, *, ports: int | None = None, lid: int | None = None, system: str | None = None) -> None:
        """Take a node's own record."""
        known = self.nodes.get(guid)
        if known is None or not known.own:
            # Nodes keep the order of their records, not that of their first mention.
            known = self.nodes.pop(guid, None) or _Node(kind, name)
            self.nodes[guid] = known
        known.name, known.own = name, True
        known.ports, known.lid, known.system = ports or known.ports, known.lid if lid is None else lid, system or known.system

    def named(self, kind: str, guid: str, name: str, lid: int | None) -> None:
        """Take what the other end of a cable says of a node."""
        known = self.nodes.get(guid)
        if known is None:
            known = self.nodes[guid] = _Node(kind, name)
        if known.lid is None and kind == "switch":
            known.lid = lid

    def port(self, guid: str, port: int, port_guid: str | None, lid: int | None) -> None:
        """Take a port of an adapter or a router."""
        ports = self.nodes[guid].hca_ports
        if port_guid is not None or port not in ports:
            ports[port] = (port_guid, lid)

    def link(self, a: End, b: End, width: str | None, speed: str | None) -> None:
        """Take a cable as one of its ends tells it."""
        key = (a[0], a[1], b[0], b[1]) if a[:2] <= b[:2] else (b[0], b[1], a[0], a[1])
        known = self._cables.get(key)
        if known is not None:
            known.both = True
            if (known.width, known.speed) != (width, speed):
                self.warn(f"port {a[1]} of {a[2]} says {width}{speed} of a cable whose other end says {known.width}{known.speed}; the first word counts.")
            return
        self._cables[key] = _Cable(a, b, width, speed)
        for guid, port, name in (a, b):
            if self._ends.setdefault((guid, port), key) != key:
                self.warn(f"two cables end at port {port} of {name}: the fabric changed while it was read, or the text is damaged.")

    def warn(self, sentence: str) -> None:
        if len(self.warnings) < _MOST_LINES:
            self.warnings.append(sentence)

    def unreadable(self, number: int, line: str, *, last: bool) -> None:
        """Take note of a line that is no form of the tool's."""
        self.complete = False
        self._unreadable += 1
        if last:
            self.warnings.append(f"line {number}: the output is cut off here, at {line[:80]!r}.")
        elif self._unreadable <= _MOST_LINES:
            self.warnings.append(f"line {number}: {line[:80]!r} can't be read; what it tells is missing.")
        elif self._unreadable == _MOST_LINES + 1:
            self.warnings.append(f"line {number}: and so it goes on.")

    def check_ends(self, *, whole: bool) -> None:
        """Say which cables only one end tells and which nodes have no record. ``whole``: the form has a record for each node."""
        lonely = [cable for cable in self._cables.values() if not cable.both]
        if lonely:
            a, b = lonely[0].a, lonely[0].b
            start = "one cable is" if len(lonely) == 1 else f"{len(lonely)} cables are"
            self.warnings.append(f"{start} told by one end alone, such as port {a[1]} of {a[2]} to port {b[1]} of {b[2]}.")
        if whole:
            missing = [node.name for node in self.nodes.values() if not node.own]
            if missing:
                self.complete = False
                start = "one node is" if len(missing) == 1 else f"{len(missing)} nodes are"
                self.warnings.append(f"{start} named by others and not in the output, such as {missing[0]}: it is not whole.")

    def switches(self) -> tuple[Switch, ...]:
        found = []
        for guid, node in self._of("switch"):
            label, model = switch_label(node.name, guid)
            found.append(Switch(guid, node.name, label, model, node.ports, node.lid, node.system))
        return tuple(found)

    def hcas(self) -> tuple[Hca, ...]:
        found = []
        for guid, node in self._of("hca"):
            host, device, aggregation = hca_identity(node.name)
            found.append(Hca(guid, node.name, host, device, aggregation, node.system, _ports(node.hca_ports)))
        return tuple(found)

    def routers(self) -> tuple[Router, ...]:
        return tuple(Router(guid, node.name, _ports(node.hca_ports)) for guid, node in self._of("router"))

    def _of(self, kind: str) -> list[tuple[str, _Node]]:
        """The nodes of a kind, those with a record first."""
        found = [(guid, node) for guid, node in self.nodes.items() if node.kind == kind]
        return sorted(found, key=lambda entry: not entry[1].own)

    def links(self) -> tuple[Link, ...]:
        rates: dict[tuple[str | None, str | None], tuple[str | None, str | None, float | None]] = {}
        found, unknown = [], 0
        for cable in self._cables.values():
            words = (cable.width, cable.speed)
            if words not in rates:
                width, speed = known_width(cable.width or ""), known_speed(cable.speed or "")
                rates[words] = (width, speed, link_rate(width, speed))
            unknown += rates[words][2] is None
            a, b = cable.a, cable.b
            found.append(Link(LinkEnd(a[0], a[2], a[1]), LinkEnd(b[0], b[2], b[1]), *rates[words]))
        if unknown:
            words = next(words for words, rate in rates.items() if rate[2] is None)
            start = "one link has" if unknown == 1 else f"{unknown} links have"
            self.warnings.append(f"{start} no width or speed that is known, such as {''.join(word or '' for word in words)!r}.")
        return tuple(found)


def unnamed(hcas: tuple[Hca, ...], links: tuple[Link, ...]) -> tuple[Fault, ...]:
    """Return a fault for each adapter whose description does not say which host it is in."""
    lost = {hca.guid: hca for hca in hcas if hca.host is None and not hca.aggregation_node}
    places: dict[str, str] = {}
    for link in links if lost else ():
        for end, other in ((link.a, link.b), (link.b, link.a)):
            if end.guid in lost:
                places.setdefault(end.guid, f" at port {other.port} of {other.name}")
    return tuple(
        Fault(
            "hca_unnamed",
            f"HCA {guid}",
            f"the adapter{places.get(guid, '')} calls itself {hca.name!r}, which does not tell the host that it is in.",
            "Start rdma-ndd on that host, or write its name to node_desc; then discover again.",
        )
        for guid, hca in lost.items()
    )


def _ports(ports: Mapping[int, tuple[str | None, int | None]]) -> tuple[HcaPort, ...]:
    return tuple(HcaPort(port, *ports[port]) for port in sorted(ports))
