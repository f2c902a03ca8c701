# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of one node share: how a bandwidth becomes a result, and what is said of a program that did not run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..errors import CoreError
from ..hardware.expectation import Expectation
from ..hardware.machine import Machine
from ..hardware.verdict import judge
from ..model.finding import CheckResult, Evidence, Subject
from ..parse import nvlink
from ..runner import CommandResult
from .node import Node

SEVERITY = {"pass": "info", "warn": "warning", "fail": "critical", "inconclusive": "warning"}
_EXCERPT = 300


def node_subject(node: Node) -> Subject:
    """Return the node as what a result is about."""
    return Subject("node", node.name, node.name)


def gpu_subject(node: Node, address: str) -> Subject:
    """Return the GPU with a PCI address as what a result is about."""
    return Subject("gpu", f"{node.name} {address}", node.name, serial=node.serials.get(address))


def as_it_runs(node: Node) -> Machine:
    """Return the node's machine with the NVLinks that are active now."""
    try:
        status = nvlink.parse(node.nvlink_status) if node.nvlink_status else None
    except CoreError:
        status = None
    active = {node.numbers.get(str(gpu.index)): gpu.active_links for gpu in status.gpus} if status else {}
    return replace(node.as_is, gpus=tuple(replace(gpu, links=active.get(gpu.name)) for gpu in node.as_is.gpus))


def judged(
    node: Node,
    subject: Subject,
    check: str,
    expectation: Expectation,
    measured: float | None,
    evidence: Sequence[Evidence] = (),
    *,
    limit_now: str = "",
    hint: str = "",
    remediation: str = "",
) -> CheckResult:
    """Return a bandwidth's result. ``limit_now`` is what limits the thing as it runs, where that is less than what it was built for."""
    found = judge(expectation, measured)
    bad = found.verdict != "pass"
    return CheckResult(
        subject=subject,
        check=check,
        verdict=found.verdict,
        severity=SEVERITY[found.verdict],
        expected=None if expectation.gbytes_per_s is None else round(expectation.gbytes_per_s, 2),
        observed=None if measured is None else round(measured, 2),
        unit="GB/s",
        binding_limit=limit_now if bad and limit_now else expectation.binding_limit,
        evidence=tuple(evidence),
        proof=node.proof,
        hint=". ".join(part for part in (found.reason, hint if bad else "") if part),
        remediation=remediation if found.verdict in ("fail", "warn") else "",
    )


def said(
    node: Node, check: str, verdict: str, hint: str, *, subject: Subject | None = None, evidence: Sequence[Evidence] = (), remediation: str = ""
) -> CheckResult:
    """Return a result that is no bandwidth."""
    return CheckResult(
        subject=subject or node_subject(node),
        check=check,
        verdict=verdict,
        severity=SEVERITY[verdict],
        evidence=tuple(evidence),
        proof=node.proof,
        hint=hint,
        remediation=remediation,
    )


def missing(node: Node, check: str, program: str, install: str) -> CheckResult:
    """Return the result of a test whose program is not there."""
    return said(node, check, "inconclusive", f"{program} is not installed.", remediation=install)


def excerpt(answer: CommandResult) -> str:
    """Return the last words of a command, for a sentence."""
    text = (answer.stderr.strip() or answer.stdout.strip()).splitlines()
    return text[-1].strip()[:_EXCERPT] if text else "it said nothing"
