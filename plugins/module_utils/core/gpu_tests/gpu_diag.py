# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DCGM's diagnostic on one node: what its tests say. Level 1 takes seconds, 2 about two minutes, 3 about fifteen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..errors import CoreError
from ..model.dcgm import DiagTest
from ..model.finding import CheckResult, Evidence
from ..parse import dcgm_diag
from ..runner import CommandResult
from .commands import DCGMI, DIAG_OUTPUT, MISSING, TIMED_OUT
from .common import excerpt, gpu_subject, missing, said
from .node import Node

CHECK = "gpu_diag"
_INSTALL = "Install datacenter-gpu-manager on the node, and start nvidia-dcgm (the role gpu does both)."
_VERDICTS = {"pass": "pass", "fail": "fail", "warn": "warn"}
_REMEDIATION = "Drain the node, run the diagnostic again on the idle GPU, and follow what its message says; ask the vendor if it fails again."


def judge(node: Node, answer: CommandResult, level: int, timeout_s: float) -> tuple[CheckResult, ...]:
    """Return the results: one for each test that says nothing of single GPUs, and one for each GPU of the others."""
    if answer.rc == MISSING:
        return (missing(node, CHECK, DCGMI, _INSTALL),)
    raw = (Evidence(f"dcgmi diag -r {level}", f"exit status {answer.rc}", file=DIAG_OUTPUT),)
    if answer.rc == TIMED_OUT:
        hint = f"The diagnostic of level {level} did not end in {timeout_s:g} s."
        return (said(node, CHECK, "inconclusive", hint, evidence=raw, remediation="Give it more time, and see whether a GPU hangs (nvidia-smi, Xid lines)."),)
    try:
        found = dcgm_diag.parse(answer.stdout or answer.stderr)
    except CoreError as error:
        text = f"{answer.stdout}\n{answer.stderr}"
        # It says so itself of a GPU that the driver has lost; all else is about the program.
        lost = "is lost" in text or "fallen off the bus" in text
        hint = f"The diagnostic did not run: {excerpt(answer) if lost else error.message}"
        return (said(node, CHECK, "fail" if lost else "inconclusive", hint, evidence=raw, remediation="" if lost else error.hint),)
    results = [result for test in found.tests for result in _test(node, test, raw)]
    if not found.complete or not results:
        hint = "; ".join((*found.warnings, *(fault.message for fault in found.faults if fault.id == "diagnostic_failed"))) or "it has no tests"
        results.append(said(node, CHECK, "inconclusive", f"The diagnostic's output is not whole: {hint}", evidence=raw))
    return tuple(results)


def _test(node: Node, test: DiagTest, raw: tuple[Evidence, ...]) -> Iterator[CheckResult]:
    check = f"{CHECK}_{re.sub(r'[^a-z0-9]+', '_', test.name.lower()).strip('_')}"
    entities = [gpu for gpu in test.gpus if gpu.result in _VERDICTS]
    for gpu in entities:
        subject = gpu_subject(node, node.numbers.get(str(gpu.index), f"GPU {gpu.index}"))
        # DCGM 4 prints fail of a GPU also where the test as a whole only warns.
        word = "warn" if gpu.result == "fail" and test.result == "warn" else gpu.result or ""
        hint = gpu.message or (test.message if word != "pass" else None) or ""
        yield said(node, check, _VERDICTS[word], hint, subject=subject, evidence=raw, remediation=_REMEDIATION if word != "pass" else "")
    if not entities and test.result in _VERDICTS:
        yield said(node, check, _VERDICTS[test.result], test.message or "", evidence=raw, remediation=_REMEDIATION if test.result != "pass" else "")
    elif not entities:
        yield said(node, check, "inconclusive", "The test was skipped." if test.result == "skip" else "The test has no result.", evidence=raw)
