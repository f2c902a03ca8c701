# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fabric: who is cabled to whom, and what that makes of it: tiers, rails, scalable units.

First what any discovery gives, InfiniBand or Ethernet (``Wiring``), then what is worked out from it (``Fabric``). A switch or an
adapter goes by an ``id``: its GUID, or a name where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .document import Fault


@dataclass(frozen=True)
class Node:
    """A switch, an adapter of a host (for Ethernet: an interface), or a router."""

    __slots__ = ("device", "host", "id", "kind", "label", "model", "name", "ports")

    id: str
    kind: str
    """``switch``, ``hca``, ``router``, or ``aggregation`` for a switch's own aggregation node (SHARP)."""
    name: str
    """As the discovery gave it."""
    label: str
    """For people."""
    model: str | None
    host: str | None
    device: str | None
    ports: Mapping[int | str, tuple[str | None, int | None]]
    """GUID and LID by port, for adapters."""


@dataclass(frozen=True)
class Cable:
    """A cable with its two ends, by the nodes' ids."""

    __slots__ = ("a", "a_port", "b", "b_port", "rate_gbits_per_s", "speed", "width")

    a: str
    a_port: int | str
    b: str
    b_port: int | str
    width: str | None
    speed: str | None
    rate_gbits_per_s: float | None


@dataclass(frozen=True)
class Wiring:
    """What was discovered, whatever discovered it."""

    nodes: Mapping[str, Node]
    cables: tuple[Cable, ...]
    uplinks_known: bool = True
    """False where hosts alone were asked (LLDP), which see their leaves and nothing above."""
    complete: bool = True


@dataclass(frozen=True)
class HostLink:
    """A port of a host and where its cable ends."""

    __slots__ = ("adapter", "device", "lid", "port", "port_guid", "rail", "rate_gbits_per_s", "speed", "switch", "switch_port", "width")

    adapter: str
    device: str | None
    port: int | str
    port_guid: str | None
    lid: int | None
    rail: int | None
    """The place of the device among those of hosts of its kind, from 0; null for one that most of them lack."""
    switch: str
    switch_port: int | str
    width: str | None
    speed: str | None
    rate_gbits_per_s: float | None


@dataclass(frozen=True)
class Host:
    """A host with its cables, by rail."""

    __slots__ = ("family", "links", "name", "rails", "unit")

    name: str
    unit: str | None
    """The scalable unit that most of its cables lead to; null for a host that hangs on no leaf."""
    family: str
    """Its name without the digits: hosts that are numbered alike are of a kind."""
    rails: int
    """How many rails hosts of its kind have."""
    links: tuple[HostLink, ...]


@dataclass(frozen=True)
class FabricSwitch:
    """A switch and its place."""

    __slots__ = ("down_gbits_per_s", "host_cables", "id", "label", "model", "name", "rail", "tier", "unit", "up_gbits_per_s")

    id: str
    name: str
    label: str
    """Unique in the fabric."""
    model: str | None
    tier: int | None
    """1 for a leaf, 2 for a spine, 3 for a core switch; null for one that no leaf leads to."""
    unit: str | None
    """The scalable unit, for a leaf."""
    rail: int | None
    """The rail that most of its hosts' cables belong to, for a leaf of one rail."""
    host_cables: int
    down_gbits_per_s: float | None
    """What its cables to hosts, or to the tier below, carry in all; null where a rate is unknown."""
    up_gbits_per_s: float | None

    @property
    def oversubscription(self) -> float | None:
        """How much more comes in from below than leaves upwards: 1 for a leaf that blocks nothing."""
        return self.down_gbits_per_s / self.up_gbits_per_s if self.down_gbits_per_s is not None and self.up_gbits_per_s else None


@dataclass(frozen=True)
class Unit:
    """A scalable unit: the leaves that share the same hosts, and those hosts."""

    name: str
    pod: str
    leaves: tuple[str, ...]
    """The switches' ids, by rail."""
    hosts: tuple[str, ...]
    rails: int


@dataclass(frozen=True)
class Pod:
    """Scalable units below the same spines. In a fabric of two tiers there is one."""

    name: str
    units: tuple[str, ...]
    spines: tuple[str, ...]


@dataclass(frozen=True)
class Defect(Fault):
    """Something that is wrong with the fabric, or that differs from the rest of it."""

    kind: str = "link"
    """What it is about: ``link``, ``uplink``, ``port``, ``leaf``, ``node``, ``fleet``."""
    expected: str = ""
    observed: str = ""
    places: tuple[tuple[str, int | str | None], ...] = ()
    """The ends that it concerns: id of a switch or adapter and, where one is meant, the port."""
    host: str = ""
    """The host that it is about, by its name in the fabric; for a node that is missing, the inventory's."""


@dataclass(frozen=True)
class Fabric:
    """What is known of a fabric. Everything is sorted as a person would."""

    wiring: Wiring
    tiers: int = 0
    switches: Mapping[str, FabricSwitch] = field(default_factory=dict)
    """By id."""
    hosts: Mapping[str, Host] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    pods: Mapping[str, Pod] = field(default_factory=dict)


@dataclass(frozen=True)
class FabricChange:
    """What is different between two discoveries of a fabric."""

    id: str
    """``host_lost``, ``host_new``, ``host_renamed``, ``host_moved``, ``switch_lost``, ``switch_new``, ``switch_replaced``, ``switch_renamed``,
    ``adapter_replaced``, ``cable_moved``, ``cable_lost``, ``cable_new``, ``rate_changed``."""
    subject: str
    message: str
    """A sentence."""
