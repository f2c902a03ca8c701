# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What AMD's tools say about the GPUs of a node."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class AmdEcc:
    """Memory errors since the driver was loaded."""

    corrected: int | None = None
    uncorrected: int | None = None
    deferred: int | None = None
    """Found, and harmless until the data is used."""


@dataclass(frozen=True)
class AmdPcie:
    """The GPU's PCIe link."""

    speed_gt_per_s: float | None = None
    width: int | None = None
    speed_max_gt_per_s: float | None = None
    width_max: int | None = None
    replays: int | None = None


@dataclass(frozen=True)
class AmdGpu:
    """One GPU. Each command tells only a part of this."""

    index: int
    product: str | None = None
    device_id: str | None = None
    """Its PCI device: ``0x74a1``."""
    architecture: str | None = None
    """``gfx942``."""
    serial: str | None = None
    unique_id: str | None = None
    """The chip's own number, or the UUID where that is told."""
    pci_address: str | None = None
    vbios: str | None = None
    memory_total_mib: int | None = None
    memory_used_mib: int | None = None
    temperature_c: float | None = None
    """At the edge of the chip. Instinct MI300 and later do not measure there."""
    hotspot_temperature_c: float | None = None
    memory_temperature_c: float | None = None
    power_draw_w: float | None = None
    power_limit_w: float | None = None
    graphics_clock_mhz: int | None = None
    memory_clock_mhz: int | None = None
    utilization_percent: float | None = None
    pcie: AmdPcie = AmdPcie()
    ecc: AmdEcc = AmdEcc()
    numa_node: int | None = None
    xgmi_rate_gbits_per_s: float | None = None
    """Of one lane of an xGMI link."""
    xgmi_bandwidth_gbits_per_s: float | None = None
    """Of one xGMI link."""


@dataclass(frozen=True)
class AmdLink:
    """How one GPU reaches another. Every pair is there in both directions."""

    who: int
    whom: int
    link_type: str | None = None
    """``XGMI`` or ``PCIE``."""
    weight: int | None = None
    hops: int | None = None
    up: bool | None = None
    read_kib: float | None = None
    """What was read since the driver was loaded; rounded by the tool."""
    write_kib: float | None = None


@dataclass(frozen=True)
class AmdSmi(Document):
    """What ``rocm-smi`` or ``amd-smi`` printed."""

    driver_version: str | None = None
    gpus: tuple[AmdGpu, ...] = ()
    links: tuple[AmdLink, ...] = ()
