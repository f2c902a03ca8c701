# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""GPUs from the bus and from the driver, joined by PCI address: one that either of them does not have is visible as such."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import CoreError
from ..model.document import Fault
from ..model.gpu import Gpu
from ..model.node import GpuFacts, GpuState
from ..parse import nvidia_smi
from ..parse.values import pci_address
from .bus import FOLDER, address_key
from .source import MISSING_RC, TIMEOUT_RC, Source, refusal

QUERY = ("nvidia-smi", "-q", "-x")
NVIDIA, AMD = "10de", "1002"
# PCI classes: VGA, 3D and other display controllers, and processing accelerators.
DISPLAY, OTHER_DISPLAY, ACCELERATOR = 0x03, 0x0380, 0x1200


@dataclass(frozen=True)
class Answer:
    """What the drivers say: their GPUs, and the faults they see; ``asked`` has the vendors whose driver answered."""

    gpus: tuple[Gpu, ...] = ()
    faults: tuple[Fault, ...] = ()
    asked: frozenset[str] = frozenset()


def addresses(source: Source) -> list[str]:
    """Return where the bus has GPUs. A display of the board, and functions that a GPU shares out (SR-IOV), are none."""
    found = []
    for address in source.bus.of_class(DISPLAY, ACCELERATOR):
        vendor = (source.bus.pci_id(address) or "")[:4]
        is_gpu = vendor == NVIDIA or (vendor == AMD and source.bus.classes[address] >> 8 in (OTHER_DISPLAY, ACCELERATOR))
        if is_gpu and source.link(f"{FOLDER}/{address}/physfn") is None:
            found.append(address)
    return found


def collect(source: Source) -> tuple[tuple[GpuFacts, ...], tuple[Fault, ...]]:
    """Return the GPUs in the order of their addresses, and the faults that the driver itself tells of."""
    if not source.bus.is_visible:
        source.miss("gpus.bus", f"{FOLDER} is not there: a GPU that the driver lost would not be seen")
    on_bus = addresses(source)
    answer = _ask(source, on_bus)
    by_address = {gpu.pci_address: gpu for gpu in answer.gpus if gpu.pci_address}
    everywhere = sorted({*on_bus, *by_address}, key=address_key)
    return tuple(_join(source, address, by_address.get(address), answer) for address in everywhere), answer.faults


def _join(source: Source, address: str, driver: Gpu | None, answer: Answer) -> GpuFacts:
    device = source.bus.device(address)
    return GpuFacts(
        pci_address=address,
        state=_state(address, device is not None, driver, answer, source),
        pci_id=device.pci_id if device else None,
        subsystem_id=device.subsystem_id if device else None,
        kernel_driver=device.driver if device else None,
        numa_node=device.numa_node if device else None,
        iommu_group=device.iommu_group if device else None,
        pcie=source.bus.path(address),
        driver=driver,
    )


def _state(address: str, on_bus: bool, driver: Gpu | None, answer: Answer, source: Source) -> GpuState:
    if driver and driver.lost:
        return "lost"
    if driver:
        return "ok" if on_bus or not source.bus.is_visible else "not_on_bus"
    return "lost" if (source.bus.pci_id(address) or "")[:4] in answer.asked else "unasked"


def _ask(source: Source, on_bus: list[str]) -> Answer:
    vendors = {(source.bus.pci_id(address) or "")[:4] for address in on_bus}
    amd = _amd(source, [address for address in on_bus if (source.bus.pci_id(address) or "")[:4] == AMD])
    if NVIDIA not in vendors and source.bus.is_visible and source.text("/proc/driver/nvidia/version") is None:
        return amd
    answer = source.run(QUERY)
    if answer.rc in (MISSING_RC, TIMEOUT_RC):
        source.miss("gpus.driver", refusal(QUERY, answer))
        return amd
    try:
        document = nvidia_smi.parse(answer.stdout or answer.stderr)
    except CoreError:
        source.miss("gpus.driver", refusal(QUERY, answer))
        return amd
    if not document.complete:
        source.miss("gpus.driver", next((fault.message for fault in document.faults), refusal(QUERY, answer)))
    # "No devices were found" is an answer too.
    answered = bool(document.gpus) or any(fault.id == "no_devices" for fault in document.faults)
    return Answer((*document.gpus, *amd.gpus), document.faults, amd.asked | {NVIDIA} if answered else amd.asked)


def _amd(source: Source, on_bus: list[str]) -> Answer:
    """Return what amdgpu shows in sysfs (drivers/gpu/drm/amd of the kernel): it needs no tool."""
    gpus = []
    for address in on_bus:
        folder = f"{FOLDER}/{address}"
        if source.link_name(f"{folder}/driver") != "amdgpu":
            source.miss("gpus.driver", f"amdgpu has not taken GPU {address}")
            continue
        memory = source.number(f"{folder}/mem_info_vram_total")
        if memory is None:
            # The driver has the device, but gave up on it.
            continue
        gpus.append(
            Gpu(
                pci_address=pci_address(address),
                product=source.text(f"{folder}/product_name"),
                serial=source.text(f"{folder}/serial_number"),
                uuid=source.text(f"{folder}/unique_id"),
                vbios=source.text(f"{folder}/vbios_version"),
                memory_total_mib=memory >> 20,
            )
        )
    return Answer(tuple(gpus), (), frozenset((AMD,)) if gpus else frozenset())
