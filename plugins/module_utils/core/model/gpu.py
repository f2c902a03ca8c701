# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What NVIDIA's driver says about the GPUs of a node."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class EccCounts:
    """Memory errors, over all memories of the GPU: SRAM and DRAM together, or what older drivers call the total."""

    corrected: int | None = None
    uncorrected: int | None = None
    """Parity, SEC-DED and DRAM errors that could not be corrected; double-bit errors of older drivers."""


@dataclass(frozen=True)
class Ecc:
    """Error-correcting memory."""

    mode: str | None = None
    """``enabled`` or ``disabled``."""
    volatile: EccCounts = EccCounts()
    """Since the driver was loaded or the GPU was reset."""
    aggregate: EccCounts = EccCounts()
    """Over the life of the GPU."""
    sram_threshold_exceeded: bool | None = None
    repair_pending: bool | None = None
    """Whether a channel or TPC repair waits for a reset."""
    unrepairable_memory: bool | None = None


@dataclass(frozen=True)
class RemappedRows:
    """Memory rows that were replaced by spare ones (Ampere and later)."""

    correctable: int | None = None
    uncorrectable: int | None = None
    pending: bool | None = None
    failure: bool | None = None


@dataclass(frozen=True)
class RetiredPages:
    """Memory pages that are no longer used (before Ampere)."""

    single_bit: int | None = None
    double_bit: int | None = None
    pending: bool | None = None


@dataclass(frozen=True)
class PcieLink:
    """The GPU's PCIe link: what it came up with, and the most that GPU and slot together can do. An idle GPU lowers its generation."""

    gen_current: int | None = None
    gen_max: int | None = None
    width_current: int | None = None
    width_max: int | None = None


@dataclass(frozen=True)
class Clocks:
    """Clocks now, and the highest ones."""

    graphics_mhz: int | None = None
    sm_mhz: int | None = None
    memory_mhz: int | None = None
    video_mhz: int | None = None
    graphics_max_mhz: int | None = None
    sm_max_mhz: int | None = None
    memory_max_mhz: int | None = None
    video_max_mhz: int | None = None


@dataclass(frozen=True)
class GpuFabric:
    """The GPU in its NVLink fabric, in the driver's words."""

    state: str | None = None
    """``Completed``, ``In Progress`` or ``Not Started``."""
    status: str | None = None
    """``Success``, or why it failed."""
    cluster_uuid: str | None = None
    clique_id: int | None = None
    health: str | None = None
    """The summary: ``Healthy``, ``Limited Capacity`` or ``Unhealthy``."""


@dataclass(frozen=True)
class Platform:
    """Where in a rack the GPU sits."""

    chassis_serial: str | None = None
    slot: int | None = None
    tray: int | None = None
    host_id: int | None = None
    module_id: int | None = None


@dataclass(frozen=True)
class MigDevice:
    """One MIG device: a compute instance of a GPU instance."""

    index: int | None = None
    gpu_instance_id: int | None = None
    compute_instance_id: int | None = None
    multiprocessors: int | None = None
    memory_total_mib: int | None = None
    """Of the GPU instance: compute instances in it share the memory."""
    memory_used_mib: int | None = None
    ecc_uncorrected: int | None = None
    """SRAM errors since the driver was loaded."""
    uuid: str | None = None
    profile: str | None = None
    """``1g.10gb``; only ``nvidia-smi -L`` tells it and the UUID."""


@dataclass(frozen=True)
class Gpu:
    """One GPU. Of one that is lost little more than the address is known."""

    index: int | None = None
    """As the driver counts. ``-q`` does not print it: it is the place in the output, GPUs that are only named as lost counted too."""
    uuid: str | None = None
    serial: str | None = None
    product: str | None = None
    brand: str | None = None
    architecture: str | None = None
    pci_address: str | None = None
    minor_number: int | None = None
    """The n of ``/dev/nvidia<n>``."""
    vbios: str | None = None
    memory_total_mib: int | None = None
    memory_used_mib: int | None = None
    mig_mode: str | None = None
    """``enabled`` or ``disabled``."""
    mig_devices: tuple[MigDevice, ...] = ()
    persistence: str | None = None
    """``enabled`` or ``disabled``."""
    c2c_mode: str | None = None
    """``enabled`` or ``disabled``: the link to a Grace CPU."""
    ecc: Ecc = Ecc()
    remapped_rows: RemappedRows = RemappedRows()
    retired_pages: RetiredPages = RetiredPages()
    pcie: PcieLink = PcieLink()
    temperature_c: int | None = None
    memory_temperature_c: int | None = None
    slowdown_margin_c: int | None = None
    """How much warmer the GPU may become before the hardware slows it down."""
    power_draw_w: float | None = None
    """Averaged by the driver where it averages."""
    power_limit_w: float | None = None
    """The limit in force."""
    clocks: Clocks = Clocks()
    throttle_reasons: tuple[str, ...] = ()
    """The active ones, as NVIDIA names them: ``gpu_idle``, ``sw_power_cap``, ``hw_slowdown``, ``hw_thermal_slowdown``."""
    utilization_percent: int | None = None
    fabric: GpuFabric = GpuFabric()
    platform: Platform = Platform()
    reset_required: bool | None = None
    recovery_action: str | None = None
    """What the driver asks for, in its words: ``None``, ``Reset``, ``Reboot``, ``Drain P2P``, ``Drain and Reset``. Null where it does not say."""
    lost: bool = False
    """Whether the driver cannot reach the GPU any more."""


@dataclass(frozen=True)
class NvidiaSmi(Document):
    """What ``nvidia-smi -q``, ``-q -x``, ``-L`` or ``--query-gpu`` printed."""

    driver_version: str | None = None
    cuda_version: str | None = None
    attached_gpus: int | None = None
    """How many GPUs the driver counts, lost ones among them."""
    gpus: tuple[Gpu, ...] = ()
