# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of what connects GPUs, adapters and drives: NVLink, PCIe, the access control and the IOMMU between them, and GPUDirect RDMA."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ..facts.bus import FOLDER, GENERATIONS
from ..model.finding import Evidence, Subject
from ..model.gpu_links import NvLinkGpu
from ..model.node import GpuFacts, HcaFacts, NvmeFacts
from ..parse import nvlink as nvlink_output
from ..parse.values import whole
from .desired import Desired
from .model import Found, passed, unknown
from .seen import Seen, refusal

NVLINK = ("nvidia-smi", "nvlink", "--status")
_LISTED = 8
_PEER_MEMORY = ("nvidia_peermem", "nv_peer_mem")
_DMA_BUF_KERNEL = (5, 12)
_TOTALS = re.compile(r"^TOTAL_ERR_(?:FATAL|NONFATAL) (\d{1,20})$", re.MULTILINE)
AER_FILES = {"aer_dev_fatal": "fatal", "aer_dev_nonfatal": "nonfatal"}


def nvlink(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Has every GPU all its NVLinks, each at its full speed?"""
    expected, speed = desired.count("nvlink", "links_per_gpu"), desired.number("nvlink", "gbytes_per_s_per_link")
    if not expected or not desired.is_nvidia:
        return
    answer = seen.run(*NVLINK)
    if answer.rc == 127 or not (answer.stdout + answer.stderr).strip():
        yield from unknown(refusal("nvidia-smi", answer, seen.timeout_s))
        return
    status = nvlink_output.parse(answer.stdout or answer.stderr)
    if not status.gpus:
        yield from unknown(status.faults[0].message if status.faults else refusal("nvidia-smi", answer, seen.timeout_s))
        return
    addresses = {gpu.driver.uuid: gpu for gpu in seen.facts("gpus").gpus if gpu.driver and gpu.driver.uuid}
    found = [answer for gpu in status.gpus for answer in _nvlink_gpu(seen, gpu, addresses.get(gpu.uuid or ""), expected, speed)]
    yield from found or passed(expected, expected, "links", evidence=[Evidence(f"{len(status.gpus)} GPUs")])


def _nvlink_gpu(seen: Seen, gpu: NvLinkGpu, facts: GpuFacts | None, expected: int, speed: float) -> Iterator[Found]:
    subject = seen.gpu(facts.pci_address if facts else str(gpu.index), facts.driver.serial if facts and facts.driver else None)
    if gpu.active_links is None:
        yield Found("inconclusive", gpu.note or "its NVLinks are not told", expected, unit="links", subject=subject)
        return
    down = [link for link in gpu.links if not link.active]
    slow = [link for link in gpu.links if link.speed_gbytes_per_s is not None and link.speed_gbytes_per_s < speed]
    evidence = tuple(Evidence(f"link {link.link}", link.speed_gbytes_per_s, speed, "GB/s") for link in (*down, *slow)[:_LISTED])
    if gpu.active_links < expected:
        names = f": {', '.join(str(link.link) for link in down)}" if down else ""
        yield Found("fail", f"{gpu.active_links} of {expected} NVLinks are active, down{names}", expected, gpu.active_links, "links", subject, evidence)
    elif slow:
        reason = f"NVLink {slow[0].link} runs at {slow[0].speed_gbytes_per_s} of {speed:g} GB/s"
        yield Found("fail", reason, speed, slow[0].speed_gbytes_per_s, "GB/s", subject, evidence)


def pcie_link(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Do all PCIe links on the way to GPUs, adapters and drives have the lanes and the speed that both of their ends can do, and that are declared?"""
    declared = desired.count("gpus") or desired.count("rails") or desired.count("nvme")
    if not declared:
        return
    parts = {part: seen.facts(part) for part in ("gpus", "hcas", "nvme")}
    devices: list[GpuFacts | HcaFacts | NvmeFacts] = [*parts["gpus"].gpus, *parts["hcas"].hcas, *parts["nvme"].nvme]
    if not any(device.pcie for device in devices):
        yield from unknown(f"{FOLDER} shows no PCIe link of a GPU, an adapter or a drive")
        return
    found: list[Found] = []
    for part in parts:
        for fault in seen.faults(part, "pcie_narrow", "pcie_slow"):
            subject = _device(seen, fault.subject)
            reason = fault.message if subject else f"{fault.subject}: {fault.message}"
            found.append(Found("fail" if subject else "warn", reason, observed=fault.id, subject=subject, remediation=fault.hint))
    narrow = {answer.subject for answer in found}
    for gpu in parts["gpus"].gpus:
        answer, subject = _as_declared(desired, gpu), _device(seen, f"GPU {gpu.pci_address}")
        if answer and subject not in narrow:
            found.append(Found("fail", answer[0], answer[1], answer[2], subject=subject))
    yield from found or passed(f"{len(parts['gpus'].gpus)} GPUs, {len(parts['hcas'].hcas)} adapters, {len(parts['nvme'].nvme)} drives")


def _as_declared(desired: Desired, gpu: GpuFacts) -> tuple[str, float, float] | None:
    """Compare a GPU's own link with the class. An idle GPU lowers its speed by itself: what counts is what both ends can do."""
    if not gpu.pcie or not gpu.pcie.hops:
        return None
    hop = gpu.pcie.hops[-1]
    width, generation = desired.count("gpus", "pcie_width"), desired.count("gpus", "pcie_generation")
    possible = GENERATIONS.get(hop.possible_speed_gt_per_s or 0.0)
    if hop.width is not None and hop.width < width:
        return f"its PCIe link has x{hop.width} lanes, the class declares x{width}", width, hop.width
    if possible is not None and possible < generation:
        return f"its PCIe link can do generation {possible}, the class declares {generation}", generation, possible
    return None


def _device(seen: Seen, name: str) -> Subject | None:
    """Return the subject for what the facts call a device: ``GPU 0000:3b:00.0``, ``mlx5_3``. All else (a drive) is the node's."""
    if name.startswith("GPU "):
        address = name[len("GPU ") :]
        gpu = next((gpu for gpu in seen.facts("gpus").gpus if gpu.pci_address == address), None)
        return seen.gpu(address, gpu.driver.serial if gpu and gpu.driver else None)
    hca = next((hca for hca in seen.facts("hcas").hcas if hca.name == name), None)
    if hca and hca.rail is not None:
        return seen.rail(hca.rail)
    return seen.port(name, hca.ports[0].port if hca.ports else 1) if hca else None


def pcie_errors(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Have GPUs, adapters and the ports above them reported no PCIe errors that were not corrected (advanced error reporting)?"""
    if not desired.count("gpus") and not desired.count("rails"):
        return
    devices = [gpu.pci_address for gpu in seen.facts("gpus").gpus] + [hca.pci_address for hca in seen.facts("hcas").hcas if hca.pci_address]
    bridges = [bridge.pci_address for bridge in seen.facts("bridges").bridges]
    known = False
    found = []
    for address in dict.fromkeys((*devices, *bridges)):
        counts = {}
        for file, kind in AER_FILES.items():
            total = _TOTALS.search(seen.source.text(f"{FOLDER}/{address}/{file}") or "")
            if total:
                counts[kind] = int(total[1])
        known = known or bool(counts)
        seen.remember(f"pcie {address}", counts)
        before = seen.before(f"pcie {address}")
        grown = {kind: count - before.get(kind, 0) if count >= before.get(kind, 0) else count for kind, count in counts.items()}
        if counts.get("fatal") or (before and any(grown.values())):
            found.append(_pcie_fault(seen, address, counts, "fail", "since the last look" if before else "since the start"))
        elif counts.get("nonfatal"):
            found.append(_pcie_fault(seen, address, counts, "warn", "since the start, none since the last look" if before else "since the start"))
    if known:
        yield from found or passed(0, 0, "errors")


def _pcie_fault(seen: Seen, address: str, counts: dict[str, int], verdict: str, when: str) -> Found:
    gpu = next((gpu for gpu in seen.facts("gpus").gpus if gpu.pci_address == address), None)
    hca = next((hca for hca in seen.facts("hcas").hcas if hca.pci_address == address), None)
    subject = _device(seen, f"GPU {address}" if gpu else hca.name if hca else f"PCIe port {address}")
    told = " and ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return Found(verdict, f"{address} reports {told} PCIe errors {when}", 0, sum(counts.values()), "errors", subject)


def acs(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Is the access control of all PCIe ports above GPUs and adapters off, so that they reach each other directly?"""
    if not desired.count("gpus"):
        return
    bridges = seen.facts("bridges").bridges
    if not bridges:
        return
    known = [bridge for bridge in bridges if bridge.acs is not None]
    if not known:
        yield from unknown(seen.why("bridges", "bridges.acs") or "lspci shows the access control of no PCIe port")
        return
    on = [bridge for bridge in known if bridge.acs]
    evidence = tuple(Evidence(f"PCIe port {bridge.pci_address}", " ".join(bridge.acs or ()), "none") for bridge in on[:_LISTED])
    if on:
        reason = f"{len(on)} of {len(known)} PCIe ports have access control on, first of them {on[0].pci_address}"
        yield Found("fail", reason, 0, len(on), "ports", evidence=evidence)
        return
    yield from passed(0, 0, "ports")


def iommu(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Is the IOMMU off or in passthrough mode?"""
    if not desired.count("gpus") and not desired.count("rails"):
        return
    seen_iommu = seen.facts("iommu").iommu
    if seen_iommu is None or seen_iommu.mode == "unknown":
        yield from unknown(seen.why("iommu", "iommu") or "its mode could not be seen")
    elif seen_iommu.mode in ("off", "passthrough"):
        yield from passed(seen_iommu.mode, "off or passthrough")
    else:
        evidence = tuple(Evidence(f"{count} devices in a domain of type {kind}") for kind, count in seen_iommu.domains.items())
        words = "translates the addresses of devices" if seen_iommu.mode == "translated" else "translates the addresses of some devices"
        yield Found("warn", f"the IOMMU {words}", "off or passthrough", seen_iommu.mode, evidence=evidence)


def gpudirect(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Can adapters reach the memory of GPUs: by nvidia_peermem, or by dma-buf (the open kernel module from Linux 5.12 on)?"""
    if not desired.is_nvidia or not desired.count("rails"):
        return
    drivers, system = seen.facts("drivers").drivers, seen.facts("system").system
    if drivers is None or seen.why("drivers", "drivers.modules"):
        yield from unknown(seen.why("drivers", "drivers.modules"))
        return
    if drivers.nvidia is None:
        yield from unknown("NVIDIA's driver is not loaded")
        return
    module = next((name for name in _PEER_MEMORY if name in drivers.modules), None)
    numbers = [whole(part) for part in (system.kernel if system and system.kernel else "").split("-")[0].split(".")[:2]]
    kernel = tuple(number for number in numbers if number is not None)
    if module:
        yield from passed(module)
    elif drivers.nvidia_open and len(kernel) == 2 and kernel >= _DMA_BUF_KERNEL:
        yield from passed("dma-buf")
    else:
        why = (
            "the driver is not the open one" if not drivers.nvidia_open else f"Linux {'.'.join(map(str, kernel)) or 'of unknown version'} has no dma-buf for it"
        )
        yield Found("fail", f"nvidia_peermem is not loaded, and {why}", "nvidia_peermem or dma-buf", "none")


def affinity(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Where there are as many rails as GPUs: has each NUMA node as many of the one as of the other, so that each GPU has a rail near by?"""
    if not desired.count("gpus") or desired.count("gpus") != desired.count("rails"):
        return
    gpus = [gpu.numa_node for gpu in seen.facts("gpus").gpus]
    rails = [hca.numa_node for hca in seen.facts("hcas").hcas if hca.rail is not None]
    if not gpus or not rails or None in gpus or None in rails:
        yield from unknown("the NUMA nodes of GPUs and adapters are not known")
        return
    if len(gpus) != len(rails):
        yield from unknown(f"there are {len(gpus)} GPUs and {len(rails)} rails")
        return
    near, beside = Counter(gpus), Counter(rails)
    if near == beside:
        yield from passed(_counted(beside), _counted(near))
        return
    yield Found("warn", f"GPUs by NUMA node {_counted(near)}, rails {_counted(beside)}", _counted(near), _counted(beside))


def _counted(numbers: Counter[int | None]) -> str:
    return ", ".join(f"{count} on {number}" for number, count in sorted(numbers.items(), key=lambda item: item[0] or 0))
