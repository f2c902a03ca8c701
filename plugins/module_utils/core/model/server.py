# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server as its firmware describes it in SMBIOS. What a vendor left blank (Not Specified, To be filled by O.E.M.) is null."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class ServerSystem:
    """The machine as it is sold."""

    manufacturer: str | None = None
    product: str | None = None
    serial: str | None = None
    """The service tag, where the vendor has one."""
    uuid: str | None = None
    sku: str | None = None
    family: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Bios:
    vendor: str | None = None
    version: str | None = None
    release_date: str | None = None
    """As the vendor writes it: month/day/year."""
    revision: str | None = None
    firmware_revision: str | None = None
    """Of the embedded controller or BMC, where the BIOS tells it."""


@dataclass(frozen=True)
class Baseboard:
    manufacturer: str | None = None
    product: str | None = None
    serial: str | None = None
    version: str | None = None
    asset_tag: str | None = None
    location: str | None = None
    """In the chassis: the slot of a blade."""


@dataclass(frozen=True)
class Chassis:
    manufacturer: str | None = None
    type: str | None = None
    serial: str | None = None
    version: str | None = None
    asset_tag: str | None = None
    sku: str | None = None
    height_u: int | None = None
    boot_up_state: str | None = None
    power_supply_state: str | None = None
    thermal_state: str | None = None


@dataclass(frozen=True)
class Processor:
    """A processor in its socket; empty sockets are counted only."""

    socket: str | None = None
    manufacturer: str | None = None
    family: str | None = None
    model: str | None = None
    signature: str | None = None
    status: str | None = None
    """Enabled, Idle, Disabled By User, Disabled By BIOS."""
    cores: int | None = None
    cores_enabled: int | None = None
    threads: int | None = None
    max_speed_mhz: int | None = None
    """What the socket takes, which may be more than the processor does."""
    current_speed_mhz: int | None = None
    """At boot."""
    part_number: str | None = None
    serial: str | None = None


@dataclass(frozen=True)
class MemoryModule:
    """A memory module in its slot; empty slots are counted only."""

    locator: str | None = None
    bank: str | None = None
    size_mib: int | None = None
    type: str | None = None
    form_factor: str | None = None
    speed_mts: int | None = None
    """Millions of transfers per second that the module is made for."""
    configured_speed_mts: int | None = None
    """Millions of transfers per second at which it runs."""
    rank: int | None = None
    manufacturer: str | None = None
    part_number: str | None = None
    serial: str | None = None


@dataclass(frozen=True)
class PowerSupply:
    name: str | None = None
    location: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    revision: str | None = None
    capacity_w: int | None = None
    present: bool | None = None
    status: str | None = None
    """OK, Non-critical, Critical."""
    plugged: bool | None = None


@dataclass(frozen=True)
class Server(Document):
    """A server as its firmware describes it."""

    system: ServerSystem | None = None
    bios: Bios | None = None
    baseboard: Baseboard | None = None
    """The board that hosts the processors; other boards are left out."""
    chassis: Chassis | None = None
    processors: tuple[Processor, ...] = ()
    processor_sockets: int | None = None
    memory: tuple[MemoryModule, ...] = ()
    memory_total_mib: int | None = None
    """The sum of the modules; null where not all are known."""
    memory_slots: int | None = None
    memory_slots_empty: int | None = None
    memory_error_correction: str | None = None
    power_supplies: tuple[PowerSupply, ...] = ()
