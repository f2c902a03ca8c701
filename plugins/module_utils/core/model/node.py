# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a node is made of, as it says itself. ``None`` stands for what could not be seen; ``unseen`` says why. Nothing here is a wish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from .document import Fault
from .gpu import Gpu

GpuState = Literal["ok", "lost", "not_on_bus", "unasked"]


@dataclass(frozen=True)
class Unseen:
    """Something that could not be seen."""

    part: str
    """A part of the facts, or one thing of it: ``gpus.driver``, ``pci.acs``."""
    reason: str
    """Why, in a sentence."""


@dataclass(frozen=True)
class PcieHop:
    """One link on the way from a device to the processor. ``possible`` is what both of its ends can do."""

    upper: str | None
    """PCI address of the port above; null where it is not on the bus (a virtual machine)."""
    lower: str
    speed_gt_per_s: float | None
    width: int | None
    possible_speed_gt_per_s: float | None
    possible_width: int | None


@dataclass(frozen=True)
class PciePath:
    """The way from a device to the processor, and what it can carry in one direction (line encoding deducted, headers not)."""

    bridges: tuple[str, ...]
    """PCI addresses from the root port down to the port above the device."""
    hops: tuple[PcieHop, ...]
    """In the same order; the last one is the device's own link."""
    bandwidth_gbytes_per_s: float | None
    """Of the slowest link as it runs now."""
    possible_gbytes_per_s: float | None
    """Of the slowest link if every link ran as both of its ends can."""
    limiting_hop: str | None
    """PCI address of the lower end of the slowest link."""


@dataclass(frozen=True)
class PciBridge:
    """A PCIe port above a GPU, an adapter or a drive."""

    pci_address: str
    pci_id: str | None
    """Vendor and device: ``15b3:1979``."""
    numa_node: int | None
    speed_gt_per_s: float | None
    speed_max_gt_per_s: float | None
    width: int | None
    width_max: int | None
    acs: tuple[str, ...] | None
    """Access control services that are on: ``SrcValid``, ``ReqRedir``. Empty: the port has none on, or none at all; null: not seen."""


@dataclass(frozen=True)
class Iommu:
    """Address translation for devices."""

    mode: Literal["off", "passthrough", "translated", "mixed", "unknown"]
    """What it does for GPUs, adapters and drives. ``mixed``: not the same for all of them."""
    units: tuple[str, ...]
    options: tuple[str, ...]
    """What the kernel's command line says of it: ``iommu=pt``."""
    domains: Mapping[str, int]
    """How many of the devices are in a domain of each type: ``identity``, ``DMA``, ``DMA-FQ``."""


@dataclass(frozen=True)
class GpuFacts:
    """A GPU, joined from the bus and the driver by its PCI address.

    ``state``: ``ok``, on the bus and the driver answers for it; ``lost``, on the bus, but the driver doesn't; ``not_on_bus``, the driver
    lists it, but the bus does not have it; ``unasked``, on the bus, and no driver could be asked.
    """

    pci_address: str
    state: GpuState
    pci_id: str | None
    subsystem_id: str | None
    kernel_driver: str | None
    """The driver that is bound: ``nvidia``, ``amdgpu``, ``vfio-pci``; null for none."""
    numa_node: int | None
    iommu_group: int | None
    pcie: PciePath | None
    driver: Gpu | None
    """What the driver says of it. Its ``index`` moves up when another GPU is lost."""


@dataclass(frozen=True)
class HcaPort:
    """A port of an adapter, in the words of ``ibstat``."""

    port: int
    guid: str | None
    state: str | None
    physical_state: str | None
    rate_gbits_per_s: float | None
    rate_text: str | None
    """As the kernel says it, with width and speed: ``400 Gb/sec (4X NDR)``."""
    link_layer: str | None
    """``infiniband`` or ``ethernet``."""
    lid: int | None
    netdev: str | None


def best_port(ports: Iterable[HcaPort]) -> HcaPort | None:
    """Return the port of an adapter that carries the rail: of several the one that is up and the fastest."""
    return max(ports, key=lambda port: (port.state == "Active", port.rate_gbits_per_s or 0.0), default=None)


@dataclass(frozen=True)
class HcaFacts:
    """An RDMA adapter; one function of a card that has several."""

    name: str
    guid: str | None
    type: str | None
    """The maker's name of the chip: ``MT4129``."""
    firmware: str | None
    board_id: str | None
    kernel_driver: str | None
    pci_address: str | None
    pci_id: str | None
    numa_node: int | None
    iommu_group: int | None
    virtual_function: bool
    """Whether it is an SR-IOV function whose physical one is on this node."""
    rail: int | None
    """From 0; null for an adapter of the management or storage network."""
    pcie: PciePath | None
    ports: tuple[HcaPort, ...]


@dataclass(frozen=True)
class NvmeFacts:
    """An NVMe drive."""

    name: str
    model: str | None
    serial: str | None
    firmware: str | None
    state: str | None
    """``live`` where it works."""
    transport: str | None
    size_bytes: int | None
    """Of all its namespaces."""
    pci_address: str | None
    numa_node: int | None
    pcie: PciePath | None


@dataclass(frozen=True)
class CpuFacts:
    """The processors. Counted where they are online."""

    model: str | None
    sockets: int | None
    cores_per_socket: int | None
    threads_per_core: int | None
    online: int | None
    governors: Mapping[str, int]
    """How many frequency policies have which governor; empty where the kernel does not set the frequency."""


@dataclass(frozen=True)
class MemoryFacts:
    """Memory, as the kernel counts it: less than what is fitted by what firmware and kernel keep."""

    total_mib: int | None
    hugepages: int | None
    hugepage_size_mib: float | None


@dataclass(frozen=True)
class NumaNode:
    """A NUMA node."""

    node: int
    cpus: str
    """As the kernel writes it: ``0-55,112-167``."""
    memory_mib: int | None
    distances: tuple[int, ...]
    """To each node, in their order."""


@dataclass(frozen=True)
class SystemFacts:
    """The machine and its system."""

    hostname: str | None
    manufacturer: str | None
    product: str | None
    serial: str | None
    uuid: str | None
    bios_vendor: str | None
    bios_version: str | None
    bios_date: str | None
    os_id: str | None
    os_version: str | None
    os_name: str | None
    kernel: str | None
    command_line: str | None
    """The kernel's, values of passwords and tokens left out."""


@dataclass(frozen=True)
class DriverFacts:
    """Versions of the drivers, and which modules of those that matter here are loaded."""

    nvidia: str | None
    nvidia_open: bool | None
    """Whether the kernel module is the open one."""
    amdgpu: str | None
    mlx5: str | None
    ofed: str | None
    """The version of NVIDIA's driver package for adapters (MLNX_OFED, DOCA-OFED); null for the kernel's own driver."""
    modules: tuple[str, ...]


@dataclass(frozen=True)
class NodeFacts:
    """Everything that was seen of a node. A part that was not asked for is null or empty, and not among ``parts``."""

    parts: tuple[str, ...]
    system: SystemFacts | None = None
    drivers: DriverFacts | None = None
    cpu: CpuFacts | None = None
    memory: MemoryFacts | None = None
    numa: tuple[NumaNode, ...] = ()
    iommu: Iommu | None = None
    bridges: tuple[PciBridge, ...] = ()
    gpus: tuple[GpuFacts, ...] = ()
    hcas: tuple[HcaFacts, ...] = ()
    nvme: tuple[NvmeFacts, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    faults: tuple[Fault, ...] = ()
    """What is wrong with the node as its own facts tell it, in plain words."""
