# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nvidia-smi: ``-q`` and ``-q -x`` of every driver since 375, and what ``-L`` and ``--query-gpu=... --format=csv`` tell in the same model.

An error of the driver in place of an answer ("couldn't communicate with the NVIDIA driver") is a fault, with no GPUs and ``complete`` false.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from ..errors import CoreError
from ..model.document import Fault
from ..model.gpu import Gpu, MigDevice, NvidiaSmi
from . import values
from .nvidia_smi_faults import gpu_faults, lost_gpu, printed_faults
from .nvidia_smi_forms import TEXT_BANNER, TEXT_GPU, XML_ROOT, Fields, from_csv, from_text, from_xml, heading_of, without_comments
from .nvidia_smi_gpu import COLUMNS, gpu_of

TABLES = {
    "gpus": (
        *("index", "product", "pci_address", "uuid", "memory_total_mib", "mig_mode", "temperature_c", "power_draw_w", "ecc.volatile.uncorrected"),
        *("pcie.gen_current", "pcie.width_current", "fabric.state", "throttle_reasons"),
    )
}

_LISTED = re.compile(r"^\s*GPU (\d{1,4}): (.+?) \(UUID: ([^()\s]+)\)\s*$")
_LISTED_MIG = re.compile(r"^\s*MIG (\S+)\s+Device\s+(\d{1,4}): \(UUID: ([^()]+)\)\s*$")
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_RECORD = "Record nvidia-smi -q or nvidia-smi -q -x."
# Other outputs, and what to do with them.
_OTHERS = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), message, hint)
    for pattern, message, hint in (
        (r"^\| NVIDIA-SMI \d", "this is nvidia-smi's table, which leaves most out.", _RECORD),
        (r"^[ \t]*Link \d+: |support nvlink", "this is the output of nvidia-smi nvlink.", "Use the kind nvlink."),
        (r"CPU Affinity|^[ \t]*GPU0[ \t]+X[ \t]", "this is the output of nvidia-smi topo.", "Use the kind nvidia-smi-topo."),
        (
            r"^\d+, .*, GPU-[0-9a-f-]{36}|^GPU-[0-9a-f-]{36},",
            "this is CSV without its heading: what its columns are is not to be known.",
            "Record it without noheader.",
        ),
        (r"nvidia-smi(?:\.exe)?:? (?:command )?not found|not recognized as an internal", "nvidia-smi is not installed on that machine.", _RECORD),
        (r"<(?:!DOCTYPE )?html", "this is a web page.", _RECORD),
    )
)


def parse(text: str) -> NvidiaSmi:
    """Return what was printed about the GPUs. Raises ``CoreError`` for a text that is of another kind."""
    text = values.without_prefixes(values.plain(text))
    lines = text.split("\n")
    printed = printed_faults(lines)
    lost = list(dict.fromkeys(found[0] for found in map(lost_gpu, lines) if found))
    if XML_ROOT in text:
        document = _latest(without_comments(text), XML_ROOT, xml=True)
    elif TEXT_BANNER in text or TEXT_GPU.search(text):
        document = _latest(text, TEXT_BANNER, xml=False)
    else:
        answer = _listed(lines) or _queried(lines) or _unanswered(text, bool(printed))
        return _checked(answer, (*answer.gpus, *lost), printed)
    return _checked(document, _numbered(document.gpus, lost), printed)


def _latest(text: str, mark: str, xml: bool) -> NvidiaSmi:
    """Read a report of ``-q``. Of several, as ``--loop`` prints them, the last one that is whole; else the last.

    A report begins with the mark; a text in which it is not is one report.
    """
    first, *others = text.split(mark)
    line = first.count("\n")
    reports = []
    for other in others:
        reports.append((mark + other, line))
        line += other.count("\n")
    document = NvidiaSmi()
    for report, line in reversed(reports or [(text, 0)]):
        read = _report(report, line, xml)
        if read.complete:
            document = read
            break
        document = document if document.gpus or document.driver_version else read
    if len(reports) > 1:
        warning = f"There are {len(reports)} reports in this text: the last one that is whole is shown."
        document = replace(document, warnings=(warning, *document.warnings))
    return document


def _report(report: str, line: int, xml: bool) -> NvidiaSmi:
    """Read one report, which begins behind so many lines."""
    head, found = from_xml(report) if xml else from_text(report)
    warnings: list[str] = []
    gpus, faults = _gpus(found, line, warnings)
    complete = len(gpus) == len(found)
    if xml and "</nvidia_smi_log>" not in report:
        complete = False
        if len(gpus) == len(found):
            warnings.append("The XML ends before </nvidia_smi_log>.")
    attached = values.whole(head.values.get("attached_gpus"))
    if attached is None and not found:
        complete = False
        warnings.append("The report ends before the first GPU.")
    return NvidiaSmi(
        driver_version=_version(head, "driver_version", "kmd_version"),
        cuda_version=_version(head, "cuda_version", "cuda_umd_version"),
        attached_gpus=attached,
        gpus=gpus,
        complete=complete,
        warnings=tuple(dict.fromkeys(warnings)),
        faults=faults,
    )


def _gpus(found: Sequence[Fields], line: int, warnings: list[str]) -> tuple[tuple[Gpu, ...], tuple[Fault, ...]]:
    """Return the GPUs that are whole, and their faults."""
    gpus: list[Gpu] = []
    faults: list[Fault] = []
    for index, fields in enumerate(found):
        if fields.damage:
            warnings.append(f"Line {line + fields.line}: {' '.join(('GPU', fields.address)).strip()} is left out: {fields.damage}.")
            continue
        gpu, troubles = gpu_of(fields, index, warnings)
        gpus.append(gpu)
        faults += gpu_faults(gpu, troubles)
    return tuple(gpus), tuple(faults)


def _version(head: Fields, *names: str) -> str | None:
    """Return a version. Drivers from 610 on have two names for it, and a remark behind the old one's value."""
    return next((match.group() for match in (_VERSION.match(head.values.get(name, "")) for name in names) if match), None)


def _listed(lines: Sequence[str]) -> NvidiaSmi | None:
    """Read ``nvidia-smi -L``."""
    gpus: list[Gpu] = []
    for line in lines:
        listed, mig = _LISTED.match(line), _LISTED_MIG.match(line)
        if listed:
            gpus.append(Gpu(index=int(listed.group(1)), product=listed.group(2), uuid=listed.group(3)))
        elif mig and gpus:
            device = MigDevice(index=int(mig.group(2)), profile=mig.group(1), uuid=mig.group(3).strip())
            gpus[-1] = replace(gpus[-1], mig_mode="enabled", mig_devices=(*gpus[-1].mig_devices, device))
        elif "link" in line.lower():
            # nvidia-smi nvlink begins like -L.
            return None
    return NvidiaSmi(gpus=tuple(gpus)) if gpus else None


def _queried(lines: Sequence[str]) -> NvidiaSmi | None:
    """Read ``nvidia-smi --query-gpu=... --format=csv``. Of a GPU that has several rows, as ``--loop`` prints them, the last one counts."""
    heading = heading_of(lines, COLUMNS)
    if heading is None:
        return None
    rows = from_csv(lines, heading)
    whole = [row for row in rows if not row.damage]
    warnings = [f"Line {row.line}: the row is left out: {row.damage}." for row in rows if row.damage]
    latest: dict[str, Fields] = {}
    for number, row in enumerate(whole):
        latest[next((row.values[name] for name in ("uuid", "pci_bus_id", "index", "serial") if name in row.values), str(number))] = row
    if len(latest) < len(whole):
        warnings.append(f"There are {len(whole)} rows about {len(latest)} GPUs: the last of each is shown.")
    gpus: list[Gpu] = []
    faults: list[Fault] = []
    for place, row in enumerate(latest.values()):
        index = values.whole(row.values.get("index"))
        gpu, troubles = gpu_of(row, place if index is None else index, warnings)
        gpus.append(gpu)
        faults += gpu_faults(gpu, troubles)
    last = whole[-1].values if whole else {}
    return NvidiaSmi(
        driver_version=_version(Fields(values=last), "driver_version", "kmd_version"),
        attached_gpus=values.whole(last.get("count")),
        gpus=tuple(gpus),
        complete=len(whole) == len(rows),
        warnings=tuple(dict.fromkeys(warnings)),
        faults=tuple(faults),
    )


def _unanswered(text: str, errors: bool) -> NvidiaSmi:
    """Return what there is to say where the tool printed errors only, or refuse what it did not print."""
    if errors:
        return NvidiaSmi(complete=False, warnings=("The tool printed an error in place of its report.",))
    for pattern, message, hint in _OTHERS:
        if pattern.search(text):
            raise CoreError(message, hint=hint)
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    found = f"begins with {first[:60]!r}" if first else "is empty"
    raise CoreError(f"the output of nvidia-smi was expected, and this {found}.", hint=_RECORD)


def _numbered(gpus: Sequence[Gpu], lost: Sequence[Gpu]) -> tuple[Gpu, ...]:
    """Number the GPUs of a report so that the lost ones, which have no part in it, keep their numbers.

    Until now a GPU's index is its place in the report. A lost GPU without a number is placed by its address: the driver counts along them.
    """
    named = {gpu.pci_address for gpu in lost if gpu.pci_address}
    shown = {gpu.pci_address for gpu in gpus}
    lost = [gpu for gpu in lost if gpu.pci_address not in shown]
    taken = {gpu.index for gpu in lost}
    numbers = (number for number in count() if number not in taken)
    waiting = deque(sorted((gpu for gpu in lost if gpu.index is None and gpu.pci_address), key=_order))
    result = [gpu for gpu in lost if gpu.index is not None or not gpu.pci_address]
    left_out = 0
    for kept, gpu in enumerate(gpus):
        while waiting and _order(waiting[0]) < _order(gpu):
            result.append(replace(waiting.popleft(), index=next(numbers)))
        # A GPU that was left out as damaged has its number too.
        while left_out < (gpu.index or 0) - kept:
            left_out += 1
            next(numbers)
        result.append(replace(gpu, index=next(numbers), lost=gpu.lost or gpu.pci_address in named))
    result += [replace(gpu, index=next(numbers)) for gpu in waiting]
    return tuple(result)


def _order(gpu: Gpu) -> tuple[int, str]:
    return len(gpu.pci_address or ""), gpu.pci_address or ""


def _checked(document: NvidiaSmi, gpus: Sequence[Gpu], printed: Sequence[Fault]) -> NvidiaSmi:
    """Return the document with all GPUs and all faults, each once, and see whether as many GPUs are there as are attached."""
    complete, warnings = document.complete, document.warnings
    if complete and len(gpus) < (document.attached_gpus or 0):
        complete = False
        warnings = (*warnings, f"{document.attached_gpus} GPUs are attached and {len(gpus)} shown: the others were cut off, or left out with -i.")
    faults = {(fault.id, fault.subject): fault for fault in (*document.faults, *printed)}
    ordered = tuple(sorted(gpus, key=lambda gpu: (gpu.index is None, gpu.index or 0)))
    return replace(document, gpus=ordered, complete=complete, warnings=warnings, faults=tuple(faults.values()))
