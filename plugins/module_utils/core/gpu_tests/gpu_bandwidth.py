# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nvbandwidth on one node: what its copies say of each GPU.

A GPU is judged by the median of its copies with the others, so that a slow one does not make its peers look slow; a slow copy between two GPUs that are
fast with all others is told of both. Copies by the multiprocessors (``_sm``), in both directions at once or of several GPUs together are kept, not judged:
nobody has published what they should give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from statistics import median

from ..errors import CoreError
from ..hardware.expectation import Expectation, expect_gpu_copy, expect_host_copy
from ..model.finding import CheckResult, Evidence
from ..model.nvbandwidth import Nvbandwidth, NvbandwidthTestcase
from ..parse import nvbandwidth
from ..runner import CommandResult
from .commands import COPIES_OUTPUT, MISSING, NVBANDWIDTH, TIMED_OUT
from .common import as_it_runs, excerpt, gpu_subject, judged, missing, said
from .node import Node

CHECK = "gpu_copies"
_HOST = re.compile(r"(?:host_to_device|device_to_host)_memcpy_ce")
_PEER = re.compile(r"device_to_device_memcpy_(?:read|write)_ce")
_INSTALL = "Build nvbandwidth (NVIDIA/nvbandwidth) or install its package on the node, so that it is on PATH."
_WRONG = "Take the node out of service. Look at NVLink errors, ECC errors and Xid lines; the IOMMU must be off or in passthrough."
_SLOW_HOST = "Look at the PCIe link of the GPU under load (speed, width, errors), then at the processor's NUMA and IOMMU settings."
_SLOW_PEER = "Look at the GPU's NVLinks (nvidia-smi nvlink --status, --errorcounters), its clocks and its power limit."


def judge(node: Node, answer: CommandResult, timeout_s: float) -> tuple[CheckResult, ...]:
    """Return the results: one of the run itself, one for each GPU and way."""
    if answer.rc == MISSING:
        return (missing(node, CHECK, NVBANDWIDTH, _INSTALL),)
    raw = (Evidence("nvbandwidth", f"exit status {answer.rc}", file=COPIES_OUTPUT),)
    try:
        found = nvbandwidth.parse(answer.stdout if '"testcases"' in answer.stdout else f"{answer.stdout}\n{answer.stderr}")
    except CoreError as error:
        if answer.rc == TIMED_OUT:
            return (said(node, CHECK, "inconclusive", f"nvbandwidth said nothing in {timeout_s:g} s.", evidence=raw),)
        return (said(node, CHECK, "inconclusive", f"nvbandwidth did not run: {excerpt(answer)}. {error.message}", evidence=raw),)
    measured = tuple(_copies(node, found))
    return (_run(node, found, answer, timeout_s, raw), *measured)


def _run(node: Node, found: Nvbandwidth, answer: CommandResult, timeout_s: float, raw: tuple[Evidence, ...]) -> CheckResult:
    wrong = next((fault for fault in found.faults if fault.id == "wrong_values"), None)
    if wrong:
        return said(node, CHECK, "fail", f"{wrong.subject}: {wrong.message}", evidence=raw, remediation=_WRONG)
    if answer.rc == TIMED_OUT:
        last = next((testcase.name for testcase in reversed(found.testcases) if testcase.status == "running"), None)
        hint = f"nvbandwidth did not end in {timeout_s:g} s{f': it hung in {last}' if last else ''}."
        return said(node, CHECK, "fail", hint, evidence=raw, remediation="Look for Xid lines in the kernel's log; reset the GPUs or reboot the node.")
    if found.faults:
        return said(node, CHECK, "fail", found.faults[0].message, evidence=raw, remediation="Look for Xid lines in the kernel's log, and at nvidia-smi.")
    waived = [testcase.name for testcase in found.testcases if testcase.status == "waived" and _PEER.fullmatch(testcase.name or "")]
    if waived and len(found.devices) > 1 and _joined(node):
        hint = "No GPU can copy to another, though NVLink joins them: nvbandwidth left out the copies between GPUs."
        return said(node, CHECK, "fail", hint, evidence=raw, remediation="See that the fabric manager runs, and the fabric's state in nvidia-smi -q.")
    seen = max((len(testcase.matrix[0]) for testcase in found.testcases if testcase.matrix), default=0)
    if seen < node.gpus:
        hint = f"{seen} GPUs were measured, and there should be {node.gpus}."
        return said(
            node, CHECK, "fail" if seen else "inconclusive", hint, evidence=raw, remediation="Find the missing GPU: nvidia-smi -L, lspci, the kernel's log."
        )
    if not found.complete:
        return said(node, CHECK, "inconclusive", f"The output is not whole: {'; '.join(found.warnings) or excerpt(answer)}.", evidence=raw)
    return said(node, CHECK, "pass", f"{sum(testcase.status == 'passed' for testcase in found.testcases)} testcases, all data right.", evidence=raw)


def _joined(node: Node) -> bool:
    """Say whether copies between the GPUs are known to go over NVLink."""
    return expect_gpu_copy(node.as_built).gbytes_per_s is not None


def _copies(node: Node, found: Nvbandwidth) -> Iterator[CheckResult]:
    names = _gpus(node, found)
    for testcase in found.testcases:
        if _HOST.fullmatch(testcase.name or "") and testcase.matrix:
            yield from _host_copies(node, testcase, names)
        elif _PEER.fullmatch(testcase.name or "") and testcase.matrix:
            yield from _peer_copies(node, testcase, names)


def _gpus(node: Node, found: Nvbandwidth) -> dict[int, str]:
    """Return the PCI addresses that the numbers of rows and columns stand for: as the program prints them, else in the order of the driver."""
    listed = [gpu.name for gpu in node.as_is.gpus]
    named = {device.index: device.pci_address for device in found.devices if device.pci_address}
    if named:
        return {number: next((name for name in listed if name.rpartition(".")[0] == pci or name == pci), pci) for number, pci in named.items()}
    return dict(enumerate(listed))


def _host_copies(node: Node, testcase: NvbandwidthTestcase, names: dict[int, str]) -> Iterator[CheckResult]:
    for column in range(len(testcase.matrix[0])):
        name = names.get(column, f"GPU {column}")
        # A row per processor: the nearest is meant.
        measured = max((row[column] for row in testcase.matrix if column < len(row) and row[column] is not None), default=None, key=lambda value: value or 0.0)
        wanted, now = expect_host_copy(node.as_built, name), expect_host_copy(as_it_runs(node), name)
        yield judged(
            node,
            gpu_subject(node, name),
            testcase.name or "",
            wanted,
            measured,
            (Evidence(f"{testcase.name}, column {column}", measured, wanted.gbytes_per_s, "GB/s", COPIES_OUTPUT),),
            limit_now=_lower(now, wanted),
            remediation=_SLOW_HOST,
        )


def _peer_copies(node: Node, testcase: NvbandwidthTestcase, names: dict[int, str]) -> Iterator[CheckResult]:
    wanted, now = expect_gpu_copy(node.as_built), expect_gpu_copy(as_it_runs(node))
    count = len(testcase.matrix)
    values = {
        (row, column): value
        for row, line in enumerate(testcase.matrix)
        for column, value in enumerate(line)
        if value is not None and row != column and column < count
    }
    own = {number: [value for pair, value in values.items() if number in pair] for number in range(count)}
    middles = {number: median(found) if found else None for number, found in own.items()}
    floor = (wanted.gbytes_per_s or 0.0) * wanted.ratios.fail_below
    fast = {number for number, middle in middles.items() if middle is not None and middle >= floor}
    for number in range(count):
        slow = sorted((value, pair) for pair, value in values.items() if number in pair and value < floor and set(pair) <= fast)
        measured = slow[0][0] if slow else middles[number]
        said_of: list[tuple[str, float | None]] = [(f"copy of GPU {pair[0]} and GPU {pair[1]}", value) for value, pair in slow[:4]] or [
            (f"median of {len(own[number])} copies", measured)
        ]
        yield judged(
            node,
            gpu_subject(node, names.get(number, f"GPU {number}")),
            testcase.name or "",
            wanted,
            measured,
            tuple(Evidence(f"{testcase.name}, {what}", value, wanted.gbytes_per_s, "GB/s", COPIES_OUTPUT) for what, value in said_of),
            limit_now=_lower(now, wanted),
            hint="Both GPUs are fast with the others: the path between the two is slow" if slow else "",
            remediation=_SLOW_PEER,
        )


def _lower(now: Expectation, wanted: Expectation) -> str:
    """Return what limits a link as it runs, where that is less than what it was built for."""
    less = now.gbytes_per_s is not None and wanted.gbytes_per_s is not None and now.gbytes_per_s < 0.99 * wanted.gbytes_per_s
    return now.binding_limit if less else ""
