# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a Redfish service tells of its machines. States, health and link technologies are the words of the Redfish schemas (``Enabled``, ``OK``)."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class RedfishCpu:
    """A CPU socket. An empty one is listed too, with the state ``Absent``."""

    id: str
    model: str | None = None
    manufacturer: str | None = None
    serial: str | None = None
    socket: str | None = None
    cores: int | None = None
    threads: int | None = None
    max_speed_mhz: int | None = None
    state: str | None = None
    health: str | None = None


@dataclass(frozen=True)
class RedfishGpu:
    """A GPU or another accelerator of that class."""

    id: str
    model: str | None = None
    manufacturer: str | None = None
    serial: str | None = None
    part_number: str | None = None
    uuid: str | None = None
    firmware_version: str | None = None
    memory_mib: int | None = None
    pci_address: str | None = None
    pci_id: str | None = None
    """Vendor and device, as in ``10de:2330``."""
    location: str | None = None
    state: str | None = None
    health: str | None = None
    source: str = ""
    """Which kind of resource told of it: ``Processor``, ``PCIeDevice``, ``HpeServerDevice``; ``name`` if there is only its name in a list."""


@dataclass(frozen=True)
class RedfishNic:
    """A network port or interface of the host. One that has neither a MAC address nor a GUID stands for an adapter whose ports are not told."""

    id: str
    mac: str | None = None
    """The address in use, ``aa:bb:cc:dd:ee:ff``."""
    permanent_mac: str | None = None
    port_guid: str | None = None
    technology: str | None = None
    """``Ethernet``, ``InfiniBand``, ``FibreChannel``."""
    link_status: str | None = None
    """``LinkUp``, ``LinkDown``, ``NoLink``."""
    speed_gbits_per_s: float | None = None
    """Of the link as it is; null where it is down."""
    virtual: bool = False
    """A VLAN, or the host's end of the cable-less interface to the BMC: not a port of its own."""
    addresses: tuple[str, ...] = ()
    """IP addresses of the host, where its operating system told the BMC."""
    fqdn: str | None = None
    adapter: str | None = None
    adapter_model: str | None = None
    adapter_manufacturer: str | None = None
    adapter_serial: str | None = None
    adapter_part_number: str | None = None
    firmware_version: str | None = None
    state: str | None = None
    health: str | None = None


@dataclass(frozen=True)
class RedfishSystem:
    """A system: a host, the baseboard of an HGX machine, or a DPU."""

    id: str
    name: str | None = None
    system_type: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    sku: str | None = None
    serial: str | None = None
    service_tag: str | None = None
    """Dell's."""
    part_number: str | None = None
    asset_tag: str | None = None
    uuid: str | None = None
    hostname: str | None = None
    """As the host's operating system told the BMC, which it does not always do."""
    bios_version: str | None = None
    power_state: str | None = None
    state: str | None = None
    health: str | None = None
    """Of the system itself."""
    health_rollup: str | None = None
    """Of the system and everything in it."""
    memory_gib: float | None = None
    cpus: tuple[RedfishCpu, ...] = ()
    gpus: tuple[RedfishGpu, ...] = ()
    nics: tuple[RedfishNic, ...] = ()
    managers: tuple[str, ...] = ()
    """The ids of the managers that manage it."""


@dataclass(frozen=True)
class RedfishManager:
    """A BMC or another controller."""

    id: str
    type: str | None = None
    """``BMC``, ``EnclosureManager``, ``AuxiliaryController``."""
    model: str | None = None
    firmware_version: str | None = None
    uuid: str | None = None
    hostname: str | None = None
    macs: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    state: str | None = None
    health: str | None = None


@dataclass(frozen=True)
class Redfish(Document):
    """A Redfish service explained."""

    vendor: str | None = None
    """Who made the service: ``Dell``, ``HPE``, ``AMI``, ``Supermicro``."""
    product: str | None = None
    redfish_version: str | None = None
    uuid: str | None = None
    resources: int = 0
    """How many resources were read."""
    systems: tuple[RedfishSystem, ...] = ()
    managers: tuple[RedfishManager, ...] = ()
