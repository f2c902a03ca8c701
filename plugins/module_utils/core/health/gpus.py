# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of GPUs by what the bus and the driver say of them. What is a fault in itself is known where the driver's answer is parsed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..model.document import Fault
from ..model.finding import Evidence
from ..model.gpu import Gpu
from ..model.node import GpuFacts
from ..parse.nvidia_smi_faults import subject as title
from .desired import Desired
from .model import Found, Look, passed, unknown
from .quick import LIST
from .seen import Seen

# What the driver as a whole says in place of an answer.
_DRIVER_FAULTS = ("driver_not_loaded", "driver_mismatch", "driver_library_missing", "driver_error", "no_devices")
_GPU_FAULTS = ("gpu_lost", "gpu_not_on_bus", "gpu_unknown_error", "inforom_corrupted")
_NOT_INSTALLED = 127


def gpu_bus(desired: Desired, seen: Seen) -> list[Found]:
    """Are as many GPUs of the declared kind on the PCI bus as the class declares, whatever the driver says?"""
    expected, pci_id = desired.count("gpus"), desired.section("gpus").get("pci_id")
    if not expected or not pci_id:
        return []
    if seen.why("gpus", "gpus.bus"):
        return unknown(seen.why("gpus", "gpus.bus"))
    on_bus = [gpu for gpu in seen.facts("gpus").gpus if gpu.state != "not_on_bus"]
    found = [gpu for gpu in on_bus if gpu.pci_id == pci_id]
    others = Counter(gpu.pci_id or "unknown" for gpu in on_bus if gpu.pci_id != pci_id)
    if len(found) == expected and not others:
        return passed(expected, expected)
    evidence = tuple(Evidence(f"GPU {gpu.pci_address} on the bus", gpu.pci_id, str(pci_id)) for gpu in on_bus)
    beside = "".join(f", and {count} of {kind}" for kind, count in sorted(others.items()))
    return [Found("fail", f"{expected} GPUs of {pci_id} expected on the PCI bus, {len(found)} are there{beside}", expected, len(found), evidence=evidence)]


def gpu_driver(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Does the driver answer for every GPU that is on the bus?"""
    if not desired.count("gpus"):
        return
    faults = seen.faults("gpus", *_DRIVER_FAULTS)
    if faults:
        yield Found("fail", faults[0].message, observed=faults[0].id, remediation=faults[0].hint)
        return
    gpus = seen.facts("gpus").gpus
    silent = [gpu for gpu in gpus if gpu.state == "unasked"]
    if silent:
        reason = seen.why("gpus", "gpus.driver") or f"nobody could be asked about {len(silent)} GPUs"
        missing = desired.is_nvidia and seen.run(*LIST).rc == _NOT_INSTALLED
        yield Found("inconclusive" if missing or not desired.is_nvidia else "fail", reason, len(gpus), len(gpus) - len(silent))
        return
    if not gpus:
        yield from unknown(seen.why("gpus", "gpus.bus") or seen.why("gpus", "gpus.driver") or "there is no GPU that the driver could answer for")
        return
    found = list(_by_gpu(seen, seen.faults("gpus", *_GPU_FAULTS), "fail"))
    yield from found or passed(len(gpus), len(gpus))


def gpu_faults(visible: Callable[[Gpu], bool], fail: Sequence[str], warn: Sequence[str] = ()) -> Look:
    """Return a check of every GPU that the driver answers for: it passes without faults of these kinds.

    ``visible``: whether the driver tells of a GPU what such a fault would show in. Where it tells it of none, they don't have it.
    """

    def look(desired: Desired, seen: Seen) -> Iterator[Found]:
        gpus = answering(desired, seen)
        if gpus is None:
            return
        if not gpus:
            yield from unknown(_silence(seen))
            return
        able = [gpu for gpu in gpus if gpu.driver and visible(gpu.driver)]
        found = [*_by_gpu(seen, seen.faults("gpus", *fail), "fail"), *_by_gpu(seen, seen.faults("gpus", *warn), "warn")]
        if found or able:
            yield from found or passed(len(able), len(gpus), "GPUs", evidence=_silent_ones(gpus, able))

    return look


def each_gpu(judge: Callable[[Desired, Gpu], Found | None], visible: Callable[[Gpu], bool]) -> Look:
    """Return a check of every GPU that the driver answers for: ``judge`` gives what is wrong with one, or nothing."""

    def look(desired: Desired, seen: Seen) -> Iterator[Found]:
        gpus = answering(desired, seen)
        if gpus is None:
            return
        if not gpus:
            yield from unknown(_silence(seen))
            return
        able = [gpu for gpu in gpus if gpu.driver and visible(gpu.driver)]
        found = [_about(seen, gpu, answer) for gpu in able if gpu.driver for answer in (judge(desired, gpu.driver),) if answer]
        if able:
            yield from found or passed(len(able), len(gpus), "GPUs", evidence=_silent_ones(gpus, able))

    return look


def answering(desired: Desired, seen: Seen) -> list[GpuFacts] | None:
    """Return the GPUs that NVIDIA's driver answers for, or ``None`` where the node should have none of NVIDIA's."""
    return [gpu for gpu in seen.facts("gpus").gpus if gpu.driver and not gpu.driver.lost] if desired.is_nvidia else None


def _silence(seen: Seen) -> str:
    return seen.why("gpus", "gpus.driver") or "the driver answers for no GPU"


def _silent_ones(gpus: Iterable[GpuFacts], able: Sequence[GpuFacts]) -> list[Evidence]:
    return [Evidence(f"GPU {gpu.pci_address} does not tell") for gpu in gpus if gpu not in able]


def _about(seen: Seen, gpu: GpuFacts, found: Found) -> Found:
    subject = seen.gpu(gpu.pci_address, gpu.driver.serial if gpu.driver else None)
    return Found(found.verdict, found.reason, found.expected, found.observed, found.unit, subject, found.evidence, found.remediation)


def _by_gpu(seen: Seen, faults: Iterable[Fault], verdict: str) -> Iterator[Found]:
    """Return one answer for each GPU that has faults."""
    serials = {title(gpu.driver): gpu.driver.serial for gpu in seen.facts("gpus").gpus if gpu.driver}
    groups: dict[str, list[Fault]] = {}
    for fault in faults:
        groups.setdefault(fault.subject, []).append(fault)
    for name, group in groups.items():
        yield Found(
            verdict,
            " ".join(fault.message for fault in group),
            observed=", ".join(fault.id for fault in group),
            subject=seen.gpu(name[len("GPU ") :] if name.startswith("GPU ") else name, serials.get(name)),
            remediation=group[0].hint,
        )


# --- single GPUs ------------------------------------------------------------------------------------------------------


def ecc_mode(desired: Desired, gpu: Gpu) -> Found | None:
    return None if gpu.ecc.mode == "enabled" else Found("fail", f"ECC is {gpu.ecc.mode}", "enabled", gpu.ecc.mode)


def ecc_history(desired: Desired, gpu: Gpu) -> Found | None:
    """Uncorrected errors of the past, and many corrected ones, are no reason to drain."""
    past, corrected, limit = gpu.ecc.aggregate.uncorrected, gpu.ecc.volatile.corrected, desired.limit("ecc_corrected_max")
    if past and not gpu.ecc.volatile.uncorrected:
        return Found("warn", f"{past} uncorrected memory errors in the life of the GPU, none since the driver was loaded", 0, past)
    if corrected is not None and corrected > limit:
        return Found("warn", f"{corrected} corrected memory errors since the driver was loaded", limit, corrected)
    return None


def used_up_rows(desired: Desired, gpu: Gpu) -> Found | None:
    """Many rows (before Ampere: pages) were replaced: the memory wears out."""
    rows, pages = gpu.remapped_rows.uncorrectable, gpu.retired_pages
    if rows is not None and rows > desired.limit("remapped_rows_max"):
        return Found("warn", f"{rows} memory rows were remapped for uncorrectable errors", desired.limit("remapped_rows_max"), rows)
    retired = (pages.single_bit or 0) + (pages.double_bit or 0)
    if retired >= desired.limit("retired_pages_max"):
        return Found("fail", f"{retired} memory pages were retired", desired.limit("retired_pages_max"), retired, remediation="Have the GPU replaced.")
    return None


def slowed_by_software(desired: Desired, gpu: Gpu) -> Found | None:
    return (
        Found("warn", "the driver slows the GPU down because it is too warm", observed="sw_thermal_slowdown")
        if "sw_thermal_slowdown" in gpu.throttle_reasons
        else None
    )


def temperature(desired: Desired, gpu: Gpu) -> Found | None:
    margin, limit = gpu.slowdown_margin_c, desired.limit("temperature_margin_min_c")
    if margin is None or margin >= limit:
        return None
    return Found("warn", f"{margin} C below where the hardware slows it down, at {gpu.temperature_c} C", limit, margin, "C")


def persistence(desired: Desired, gpu: Gpu) -> Found | None:
    return None if gpu.persistence == "enabled" else Found("warn", f"persistence mode is {gpu.persistence}", "enabled", gpu.persistence)


def gpus_alike(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Have all GPUs of the node the same product, memory, VBIOS, power limit and highest clocks?"""
    gpus = answering(desired, seen)
    if gpus is None:
        return
    if not gpus:
        yield from unknown(_silence(seen))
        return
    usual = Counter(_make(gpu.driver) for gpu in gpus if gpu.driver).most_common(1)[0][0]
    found = [_about(seen, gpu, _differs(_make(gpu.driver), usual)) for gpu in gpus if gpu.driver and _make(gpu.driver) != usual]
    yield from found or passed(len(gpus), len(gpus), "GPUs")


def _make(gpu: Gpu) -> tuple[tuple[str, float | str | None], ...]:
    return (
        ("product", gpu.product),
        ("memory", gpu.memory_total_mib),
        ("VBIOS", gpu.vbios),
        ("power limit", gpu.power_limit_w),
        ("highest SM clock", gpu.clocks.sm_max_mhz),
    )


def _differs(own: tuple[tuple[str, float | str | None], ...], usual: tuple[tuple[str, float | str | None], ...]) -> Found:
    others = dict(usual)
    different = [(name, value) for name, value in own if value != others[name]]
    name, value = different[0]
    names = ", ".join(name for name, _value in different)
    return Found("warn", f"{names} differs from the node's other GPUs: {value}, theirs {others[name]}", others[name], value)
