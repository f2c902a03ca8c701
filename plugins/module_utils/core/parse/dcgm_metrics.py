# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What dcgm-exporter sends, in Prometheus' text format. Metrics and labels: its ``default-counters.csv`` and DCGM's list of fields."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import CoreError
from ..hardware.xid_catalogue import HINTS, RESET_GPU, XIDS
from ..model.dcgm import DcgmGpu, DcgmMetrics, DcgmSample
from ..model.document import Fault
from .values import pci_address, plain, whole, without_prefixes

TABLES = {
    "gpus": ("gpu", "mig_instance", "product", "pci_address", "temperature_c", "power_draw_w", "gpu_utilization_percent", "memory_used_mib", "last_xid"),
    "others": ("name", "labels", "value"),
}

_SAMPLE = re.compile(
    r'(?P<name>[a-zA-Z_:][\w:]{0,200})(?:[ \t]*\{(?P<labels>(?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?[ \t]+(?P<value>[^\s{}"]{1,40})(?:[ \t]+-?\d{1,20})?[ \t]*'
)
_LABEL = re.compile(r'([a-zA-Z_]\w{0,100})\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,\s*|\Z)')
_ESCAPED = re.compile(r"\\(.)")
_PREFIX = "DCGM_"
# DCGM's way to say that there is no value: 0x7ffffff0 and up, the same of 64 bits, and as a floating-point number.
_BLANKS = ((0x7FFFFFF0, 0x7FFFFFFF), (0x7FFFFFFFFFFFFFF0, 1 << 63), (140737488355328.0, 140737488355343.0))
_NO_GPU = ("nvswitch", "nvlink", "cpu", "cpucore")
# What the exporter counts itself has one figure for each value of a further label.
_COUNTED = "DCGM_EXP_"
_XIDS_COUNTED, _HEALTH = "DCGM_EXP_XID_ERRORS_COUNT", "DCGM_EXP_GPU_HEALTH_STATUS"
# DCGM's results of a health check: 0 passed, 10 a warning, 20 failed.
_HEALTH_WARNS, _HEALTH_FAILED = 10, 20

_Convert = Callable[[float], object]


def _flag(value: float) -> bool:
    return value != 0


# Metrics that have a field, and how the exporter's unit becomes ours.
_FIELDS: Mapping[str, tuple[str, _Convert]] = {
    "DCGM_FI_DEV_SM_CLOCK": ("sm_clock_mhz", float),
    "DCGM_FI_DEV_MEM_CLOCK": ("memory_clock_mhz", float),
    "DCGM_FI_DEV_GPU_TEMP": ("temperature_c", float),
    "DCGM_FI_DEV_MEMORY_TEMP": ("memory_temperature_c", float),
    "DCGM_FI_DEV_POWER_USAGE": ("power_draw_w", float),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("energy_j", lambda millijoules: millijoules / 1000),
    "DCGM_FI_DEV_GPU_UTIL": ("gpu_utilization_percent", float),
    "DCGM_FI_DEV_MEM_COPY_UTIL": ("memory_utilization_percent", float),
    "DCGM_FI_DEV_FB_FREE": ("memory_free_mib", float),
    "DCGM_FI_DEV_FB_USED": ("memory_used_mib", float),
    "DCGM_FI_DEV_XID_ERRORS": ("last_xid", int),
    "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL": ("ecc_corrected_volatile", int),
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": ("ecc_uncorrected_volatile", int),
    "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS": ("remapped_rows_correctable", int),
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": ("remapped_rows_uncorrectable", int),
    "DCGM_FI_DEV_ROW_REMAP_PENDING": ("row_remap_pending", _flag),
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": ("row_remap_failure", _flag),
    "DCGM_FI_DEV_RETIRED_PENDING": ("retired_pages_pending", int),
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER": ("pcie_replays", int),
    "DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL": ("nvlink_crc_flit_errors", int),
    "DCGM_FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL": ("nvlink_crc_data_errors", int),
    "DCGM_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL": ("nvlink_recovery_errors", int),
}


@dataclass
class _Gpu:
    labels: dict[str, str]
    fields: dict[str, Any] = field(default_factory=dict)
    other: dict[str, float] = field(default_factory=dict)
    read: dict[str, float | None] = field(default_factory=dict)


def parse(text: str) -> DcgmMetrics:
    """Read the metrics of one request. Raises ``CoreError`` for a text that has none of DCGM."""
    text = without_prefixes(plain(text))
    lines = text.split("\n")
    gpus: dict[tuple[str, ...], _Gpu] = {}
    others: list[DcgmSample] = []
    warnings: list[str] = []
    complete = True
    for number, line in enumerate(lines, start=1):
        content = line.strip()
        match = _SAMPLE.fullmatch(content)
        labels = _labels(match["labels"] or "") if match else None
        value = _number(match["value"]) if match else None
        if match is None or labels is None or value is None:
            if content.startswith(_PREFIX):
                complete = complete and number < len(lines)
                warnings.append(f"line {number}: this is no metric, and is left out: {content[:80]!r}.")
            continue
        if match["name"].startswith(_PREFIX):
            _keep(match["name"], labels, None if _blank(value) else value, gpus, others, warnings, number)
    if not gpus and not others:
        first = text.strip().split("\n")[0].strip()[:100]
        found = f"begins with {first!r}" if first else "is empty"
        raise CoreError(f"these are no metrics of dcgm-exporter: no line has a metric whose name begins with {_PREFIX}, and the text {found}.")
    found_gpus = [_gpu(gpu) for gpu in gpus.values()]
    # A comment says what the next line is.
    complete = complete and not lines[-1].lstrip().startswith(("# HELP", "# TYPE"))
    if not complete:
        warnings.append("the text is cut off: there may be more metrics.")
    elif lines[-1].strip():
        warnings.append("the last line has no end: its number may be cut off.")
    faults: dict[tuple[str, ...], Fault] = {}
    for fault in (*(fault for gpu in found_gpus for fault in _faults(gpu)), *(fault for other in others for fault in _faults_counted(other))):
        # MIG instances repeat the figures of their GPU, and counts of Xids what the last one was.
        faults.setdefault((fault.id, fault.subject, "" if fault.id.startswith("xid") else fault.message), fault)
    return DcgmMetrics(gpus=tuple(found_gpus), others=tuple(others), complete=complete, warnings=tuple(warnings), faults=tuple(faults.values()))


def _keep(
    name: str, labels: dict[str, str], value: float | None, gpus: dict[tuple[str, ...], _Gpu], others: list[DcgmSample], warnings: list[str], number: int
) -> None:
    """Put a sample to its GPU or MIG instance; what belongs to none, to the others."""
    key = labels.get("UUID") or labels.get("gpu") or labels.get("device")
    if not key or name.startswith(_COUNTED) or any(label in labels for label in _NO_GPU):
        others.append(DcgmSample(name, labels, value))
        return
    gpu = gpus.setdefault((labels.get("Hostname", ""), key, labels.get("GPU_I_ID", "")), _Gpu(labels))
    # The same figure comes several times where several containers share the GPU.
    if name in gpu.read:
        if gpu.read[name] != value:
            warnings.append(f"line {number}: {name} is there twice for GPU {key}, with other values; the first is kept.")
        return
    gpu.read[name] = value
    if value is None:
        return
    if name in _FIELDS:
        known, convert = _FIELDS[name]
        gpu.fields[known] = convert(value)
    else:
        gpu.other[name] = value


def _labels(text: str) -> dict[str, str] | None:
    labels: dict[str, str] = {}
    text, at = text.strip(), 0
    while at < len(text):
        match = _LABEL.match(text, at)
        if not match:
            return None
        labels[match[1]] = _ESCAPED.sub(lambda escaped: "\n" if escaped[1] == "n" else escaped[1], match[2])
        at = match.end()
    return labels


def _number(text: str) -> float | None:
    """Return the number; not-a-number and infinite ones are such, too. ``None`` for what is none."""
    try:
        return float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def _blank(value: float) -> bool:
    return not math.isfinite(value) or any(low <= value <= high for low, high in _BLANKS)


def _gpu(found: _Gpu) -> DcgmGpu:
    labels = found.labels
    return DcgmGpu(
        gpu=whole(labels.get("gpu")),
        uuid=labels.get("UUID"),
        host=labels.get("Hostname"),
        product=labels.get("modelName"),
        pci_address=pci_address(labels.get("pci_bus_id")),
        mig_profile=labels.get("GPU_I_PROFILE") or None,
        mig_instance=whole(labels.get("GPU_I_ID")),
        other=found.other,
        **found.fields,
    )


def _subject(gpu: int | str | None, host: str | None) -> str:
    return f"GPU {'of unknown number' if gpu is None else gpu}{f' of {host}' if host else ''}"


def _faults(gpu: DcgmGpu) -> Iterator[Fault]:
    subject = _subject(gpu.uuid if gpu.gpu is None else gpu.gpu, gpu.host)
    if gpu.last_xid:
        yield _xid(subject, gpu.last_xid, "the last error that the driver reported")
    if gpu.ecc_uncorrected_volatile:
        message = f"Uncorrected memory errors since the driver was loaded: {gpu.ecc_uncorrected_volatile}. What ran then may have computed with wrong data."
        yield Fault("ecc_uncorrected", subject, message, HINTS[RESET_GPU])
    if gpu.row_remap_pending:
        yield Fault("remap_pending", subject, "A faulty memory row waits to be remapped: until a reset the GPU still uses it.", HINTS[RESET_GPU])
    if gpu.row_remap_failure:
        yield Fault("remap_failure", subject, "A faulty memory row could not be remapped: the bank has no spare rows left.", "Replace the GPU.")
    if gpu.remapped_rows_uncorrectable:
        message = f"Memory rows that were remapped after uncorrectable errors: {gpu.remapped_rows_uncorrectable}."
        yield Fault("rows_remapped", subject, message, "Watch whether there are more of them; replace the GPU when one can't be remapped.")
    if gpu.retired_pages_pending:
        yield Fault("retired_pages_pending", subject, "A faulty memory page waits to be retired: until a reset the GPU still uses it.", HINTS[RESET_GPU])


def _faults_counted(sample: DcgmSample) -> Iterator[Fault]:
    subject = _subject(sample.labels.get("gpu") or sample.labels.get("UUID"), sample.labels.get("Hostname"))
    xid = whole(sample.labels.get("xid"))
    if sample.name == _XIDS_COUNTED and xid and sample.value:
        yield _xid(subject, xid, f"times reported lately: {sample.value:.0f}")
    if sample.name == _HEALTH and sample.value is not None and sample.value >= _HEALTH_WARNS:
        watch = sample.labels.get("health_watch", "")
        said = "failed" if sample.value >= _HEALTH_FAILED else "warns"
        yield Fault("gpu_unhealthy", subject, f"DCGM's health check{f' of {watch}' if watch else ''} {said}.", "Run dcgmi health -c, and dcgmi diag -r 1.")


def _xid(subject: str, number: int, when: str) -> Fault:
    known = XIDS.get(number)
    name, meaning = (f" ({known.name})", f" {known.meaning}") if known else ("", "")
    hint = HINTS[known.action] if known and known.action else "See NVIDIA's Xid catalogue."
    return Fault(f"xid_{number}", subject, f"Xid {number}{name}: {when}.{meaning}", hint)
