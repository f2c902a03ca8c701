# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What NVIDIA's DCGM tells: results of its diagnostic, and metrics of its exporter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .document import Document


@dataclass(frozen=True)
class DiagEntity:
    """The result of a test for one GPU, CPU or switch."""

    entity: str
    """``GPU``, ``CPU``, …"""
    index: int
    result: str | None
    """``pass``, ``fail``, ``warn`` or ``skip``; DCGM 4 prints ``fail`` here also where the test as a whole only warns."""
    message: str | None = None
    """What the test says of it, where it names it."""


@dataclass(frozen=True)
class DiagTest:
    """One test of the diagnostic."""

    category: str | None
    name: str
    result: str | None
    """``pass``, ``fail``, ``warn`` or ``skip``, as printed for the whole, else the worst of all GPUs; null where the output has none."""
    gpus: tuple[DiagEntity, ...] = ()
    """Empty where the output has one result for all."""
    others: tuple[DiagEntity, ...] = ()
    """Of CPUs and switches."""
    message: str | None = None
    """All warnings and errors of the test."""
    info: tuple[str, ...] = ()
    iteration: int | None = None
    """Which of several runs (``--iterations``); null where there is one."""


@dataclass(frozen=True)
class DcgmDiag(Document):
    """What ``dcgmi diag`` found."""

    dcgm_version: str | None = None
    driver_version: str | None = None
    gpu_device_ids: tuple[str, ...] = ()
    """PCI device IDs of the GPUs that it saw, four hex digits each."""
    tests: tuple[DiagTest, ...] = ()


@dataclass(frozen=True)
class DcgmGpu:
    """One GPU, or one MIG instance of it. A value is null where the exporter does not send it."""

    gpu: int | None
    uuid: str | None
    host: str | None = None
    product: str | None = None
    pci_address: str | None = None
    mig_profile: str | None = None
    """``1g.5gb``: then the values are of that instance."""
    mig_instance: int | None = None
    sm_clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    temperature_c: float | None = None
    memory_temperature_c: float | None = None
    power_draw_w: float | None = None
    energy_j: float | None = None
    gpu_utilization_percent: float | None = None
    memory_utilization_percent: float | None = None
    memory_free_mib: float | None = None
    memory_used_mib: float | None = None
    last_xid: int | None = None
    """0: none since the driver was loaded."""
    ecc_corrected_volatile: int | None = None
    ecc_uncorrected_volatile: int | None = None
    remapped_rows_correctable: int | None = None
    remapped_rows_uncorrectable: int | None = None
    row_remap_pending: bool | None = None
    row_remap_failure: bool | None = None
    retired_pages_pending: int | None = None
    pcie_replays: int | None = None
    nvlink_crc_flit_errors: int | None = None
    nvlink_crc_data_errors: int | None = None
    nvlink_recovery_errors: int | None = None
    other: Mapping[str, float] = field(default_factory=dict)
    """Further metrics, by the exporter's names and in its units."""


@dataclass(frozen=True)
class DcgmSample:
    """A metric of something else than a GPU as a whole (an NVSwitch, a link, a CPU, counts of one Xid), as it was sent."""

    name: str
    labels: Mapping[str, str]
    value: float | None


@dataclass(frozen=True)
class DcgmMetrics(Document):
    """What dcgm-exporter sent at one moment."""

    gpus: tuple[DcgmGpu, ...] = ()
    others: tuple[DcgmSample, ...] = ()
