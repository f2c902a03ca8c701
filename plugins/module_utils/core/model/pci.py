# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Devices on the PCI bus as ``lspci`` lists them."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class PciLink:
    """A device's PCIe link: how it runs, and how it could."""

    speed_current_gt_per_s: float | None
    speed_max_gt_per_s: float | None
    width_current: int | None
    width_max: int | None


@dataclass(frozen=True)
class PciDevice:
    """A function on the bus. What the chosen form of lspci does not print is null."""

    pci_address: str
    class_name: str | None = None
    """In words: 3D controller."""
    class_id: str | None = None
    """Four hex digits: 0302."""
    vendor_id: str | None = None
    device_id: str | None = None
    description: str | None = None
    """Vendor and device in words: NVIDIA Corporation GH100 [H100 SXM5 80GB]."""
    subsystem: str | None = None
    """Who built the card, in words."""
    subsystem_id: str | None = None
    """Vendor and device of the card: 10de:16c1."""
    revision: str | None = None
    """Two hex digits; ff is what a device reads as that does not answer any more."""
    driver: str | None = None
    numa_node: int | None = None
    iommu_group: int | None = None
    physical_slot: str | None = None
    link: PciLink | None = None
    acs: tuple[str, ...] | None = None
    """The access control services that are on (SrcValid, ReqRedir, ...); null where lspci shows none, or may not."""


@dataclass(frozen=True)
class PciDevices(Document):
    """The devices on the PCI bus."""

    gpus: tuple[str, ...] = ()
    """The addresses of GPUs and accelerators, without the graphics of a BMC."""
    nvswitches: tuple[str, ...] = ()
    nics: tuple[str, ...] = ()
    """The addresses of Ethernet and InfiniBand adapters, virtual functions among them."""
    devices: tuple[PciDevice, ...] = ()
