# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the InfiniBand tools tell: a discovered fabric, the adapters of a host, the state and the counters of ports.

A GUID is ``0x`` and sixteen digits. ``rate_gbits_per_s`` is what the kernel and ``ibstat`` call the rate of a link: 400 for 4x NDR.
What a fabric has by the ten thousand is light: slots, and no defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class Switch:
    """A switch of a fabric. One with several chips is several."""

    __slots__ = ("guid", "label", "lid", "model", "name", "ports", "system_guid")

    guid: str
    name: str
    """The node description as it is: ``MF0;leaf1:MQM9700/U1``."""
    label: str
    """The name that a person gave: ``leaf1``. Without one, the last digits of the GUID."""
    model: str | None
    ports: int | None
    lid: int | None
    system_guid: str | None
    """The machine that the chip is part of."""


@dataclass(frozen=True)
class HcaPort:
    """A connected port of an adapter."""

    __slots__ = ("guid", "lid", "port")

    port: int
    guid: str | None
    lid: int | None


@dataclass(frozen=True)
class Hca:
    """A host channel adapter of a fabric."""

    __slots__ = ("aggregation_node", "device", "guid", "host", "name", "ports", "system_guid")

    guid: str
    """The node's GUID; where the source has only that of the port (``ibnetdiscover -p``, ``iblinkinfo``), that."""
    name: str
    """The node description as it is: ``node12 mlx5_3``."""
    host: str | None
    """The host that it is in, or null where the description does not tell."""
    device: str | None
    aggregation_node: bool
    """Whether it is a switch's own aggregation node (SHARP): no host, whatever it looks like."""
    system_guid: str | None
    ports: tuple[HcaPort, ...]


@dataclass(frozen=True)
class Router:
    """A router between subnets."""

    __slots__ = ("guid", "name", "ports")

    guid: str
    name: str
    ports: tuple[HcaPort, ...]


@dataclass(frozen=True)
class LinkEnd:
    """Where a cable ends."""

    __slots__ = ("guid", "name", "port")

    guid: str
    """Of the node: a switch, an adapter or a router."""
    name: str
    port: int


@dataclass(frozen=True)
class Link:
    """A cable, once, whichever of its ends the output names first."""

    __slots__ = ("a", "b", "rate_gbits_per_s", "speed", "width")

    a: LinkEnd
    b: LinkEnd
    width: str | None
    """``4x``."""
    speed: str | None
    """``NDR``."""
    rate_gbits_per_s: float | None


@dataclass(frozen=True)
class Discovery(Document):
    """What ``ibnetdiscover`` found."""

    generated: str | None = None
    """When, as the tool printed it."""
    switches: tuple[Switch, ...] = ()
    hcas: tuple[Hca, ...] = ()
    routers: tuple[Router, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class AdapterPort:
    """A port of an adapter, as its host sees it."""

    port: int
    state: str | None = None
    """In the words of ``ibstat``: Down, Initializing, Armed, Active."""
    physical_state: str | None = None
    """LinkUp, Polling, Disabled, …"""
    rate_gbits_per_s: float | None = None
    width: str | None = None
    """Where the source has it: ``4x``."""
    speed: str | None = None
    """Where the source has it: ``HDR``."""
    link_layer: str | None = None
    """InfiniBand or Ethernet."""
    guid: str | None = None
    lid: int | None = None
    """0 for none, as on Ethernet."""
    sm_lid: int | None = None


@dataclass(frozen=True)
class Adapter:
    """A host channel adapter, as its host sees it."""

    name: str
    type: str | None = None
    """The chip: ``MT4129``."""
    firmware: str | None = None
    hardware: str | None = None
    guid: str | None = None
    system_guid: str | None = None
    ports: tuple[AdapterPort, ...] = ()


@dataclass(frozen=True)
class Adapters(Document):
    """What ``ibstat`` or ``ibstatus`` tells of a host's adapters."""

    hcas: tuple[Adapter, ...] = ()


@dataclass(frozen=True)
class PortEnd:
    """Where a cable ends, as ``iblinkinfo`` tells it."""

    __slots__ = ("guid", "lid", "name", "port")

    guid: str | None
    """Of the switch, or of the adapter's port; null for one that is only named as the other end."""
    name: str
    port: int
    lid: int | None


@dataclass(frozen=True)
class LinkState:
    """A cable and how it runs, once, whichever of its ends is told first."""

    __slots__ = ("a", "b", "could_be", "physical_state", "rate_gbits_per_s", "speed", "state", "width")

    a: PortEnd
    b: PortEnd
    state: str
    """Active, Armed, Initialize, Down."""
    physical_state: str
    width: str | None
    speed: str | None
    rate_gbits_per_s: float | None
    could_be: str | None
    """The width or the lane's speed that both ends could do, where they don't: ``4X``, ``53.125 Gbps``."""


@dataclass(frozen=True)
class FreePort:
    """A port without a link."""

    __slots__ = ("end", "physical_state", "state")

    end: PortEnd
    state: str
    physical_state: str


@dataclass(frozen=True)
class LinkInfo(Document):
    """What ``iblinkinfo`` tells of the links of a fabric."""

    switches: tuple[Switch, ...] = ()
    hcas: tuple[Hca, ...] = ()
    routers: tuple[Router, ...] = ()
    links: tuple[LinkState, ...] = ()
    free_ports: tuple[FreePort, ...] = ()


@dataclass(frozen=True)
class PortErrors:
    """The counters of a port that are beyond their thresholds."""

    __slots__ = ("counters", "guid", "link", "node", "port", "saturated")

    node: str
    """The description of the switch or adapter."""
    port: int | None
    """Null for the sum over all ports of a switch."""
    guid: str
    counters: Mapping[str, int]
    saturated: tuple[str, ...]
    """The counters that have reached the largest value they can hold: how much more there was, nobody knows."""
    link: LinkState | None
    """The port's link, where the tool was asked for it (``-r``)."""


@dataclass(frozen=True)
class QueryErrors(Document):
    """What ``ibqueryerrors`` tells of the counters of a fabric."""

    ports: tuple[PortErrors, ...] = ()
    nodes_checked: int | None = None
    bad_nodes: int | None = None
    ports_checked: int | None = None
    bad_ports: int | None = None
    query_failures: int | None = None
    """How many questions were not answered; null where the tool says nothing of any."""
    thresholds: Mapping[str, int] | None = None
    suppressed: tuple[str, ...] = ()


@dataclass(frozen=True)
class PortCounters:
    """One answer of a port's performance agent."""

    query: str
    """``counters``, ``extended``, or the attribute: ``PortRcvErrorDetails``."""
    lid: int | None
    path: str | None
    """The directed route, where it was asked by one."""
    port: int
    """255 for all ports of a node together."""
    counters: Mapping[str, int]
    """By their names in rdma-core, also where an old release had others."""
    xmit_bytes: int | None
    """PortXmitData, which counts four octets at a time, in bytes."""
    rcv_bytes: int | None
    saturated: tuple[str, ...]


@dataclass(frozen=True)
class PerfQuery(Document):
    """What ``perfquery`` tells."""

    ports: tuple[PortCounters, ...] = ()
