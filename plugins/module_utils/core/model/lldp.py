# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the devices at the other ends of a machine's Ethernet cables say of themselves, by LLDP or a protocol like it."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class LldpVlan:
    id: int
    name: str | None = None
    is_port_vlan: bool = False
    """Whether untagged frames are in it."""


@dataclass(frozen=True)
class LldpInterface:
    """An interface of this machine, with or without a neighbour."""

    name: str
    neighbors: int = 0
    vlans: tuple[LldpVlan, ...] = ()


@dataclass(frozen=True)
class LldpNeighbor:
    """A device that answers on an interface. Several do where a switch without LLDP is in between."""

    interface: str
    """Of this machine."""
    chassis_name: str | None = None
    chassis_id: str | None = None
    chassis_id_type: str | None = None
    """mac, local, ifname, ip, ..."""
    port_id: str | None = None
    """Of the neighbour: where the cable ends."""
    port_id_type: str | None = None
    """ifname, mac, local, ifalias, ..."""
    port_description: str | None = None
    management_addresses: tuple[str, ...] = ()
    vlan: int | None = None
    """The one in which untagged frames are."""
    vlans: tuple[LldpVlan, ...] = ()
    ttl_s: int | None = None
    """How long the neighbour wants to be believed without being heard."""
    age_s: int | None = None
    """Since the neighbour was first heard, or changed."""
    max_frame_bytes: int | None = None
    system_description: str | None = None
    capabilities: tuple[str, ...] = ()
    """What it is and has switched on: bridge, router, ..."""
    via: str | None = None
    """The protocol: LLDP, CDPv2, ..."""


@dataclass(frozen=True)
class LldpNeighbors(Document):
    """The neighbours on a machine's Ethernet interfaces."""

    interfaces: tuple[LldpInterface, ...] = ()
    neighbors: tuple[LldpNeighbor, ...] = ()
