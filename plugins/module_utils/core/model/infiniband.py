# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the InfiniBand tools tell: a discovered fabric, the adapters of a host, the state and the counters of ports.

A GUID is ``0x`` and sixteen digits. ``rate_gbits_per_s`` is what the kernel and ``ibstat`` call the rate of a link: 400 for 4x NDR.
What a fabric has by the ten thousand is light: slots, and no defaults.
"""

from __future__ import annotations

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
