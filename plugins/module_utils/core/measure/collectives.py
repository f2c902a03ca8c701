# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collectives on one node: whether a run was what it claims to be, and what it says of the node.

The default algorithm and the ring are measured apart: where only the default is slow, NVLS is the matter (NVSwitch, fabric manager); where both are, NVLink
or a GPU. Wrong values fail, whatever else a run says, and nothing is run again to make them go away. A run that was not of all GPUs in one communicator
measured nothing.

Interface and traps of nccl-tests: an option that it does not have prints the usage and ends with status 0, so that features are read from ``-h``; the exit
status tells no more than success, as its numbers changed twice; the JSON holds the whole environment, so that ``without_environment`` goes before anything is
kept of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from ..errors import CoreError
from ..gpu_tests.commands import MISSING, TIMED_OUT, Asked, Launch, programs
from ..gpu_tests.common import as_it_runs, excerpt, judged, missing, node_subject, said
from ..gpu_tests.node import Node
from ..hardware.expectation import Collective, Expectation, expect_bandwidth
from ..model.finding import CheckResult, Evidence
from ..model.measurement import NcclTests
from ..parse import nccl_tests
from ..runner import CommandResult
from .nccl_log import NcclLog, adapters

_INSTALL = "Build nccl-tests (NVIDIA/nccl-tests; with MPI=1 for a launcher) or install its package on the node, so that it is on PATH."
_SINGLETONS = "Build the tests with MPI=1, and start them with the mpirun or srun --mpi of the MPI that they were built with."
_WRONG = "Take the node out of service. Find the GPU: Xid lines, ECC errors, NVLink errors, the DCGM diagnostic of level 3."
_STUCK = "Look for Xid lines in the kernel's log, at the fabric manager, and with ncclras at who waits; reset the GPUs or reboot the node."
_SLOW = "Look at the NVLinks of all GPUs (nvidia-smi nvlink --status, --errorcounters), their clocks, power limits and temperatures."
_GPU_FAILED = re.compile(r"Test (?:CUDA|HIP) failure|Invalid number of GPUs")
_LAUNCHER_FAILED = re.compile(r"srun: error|not enough slots|mpirun|mpiexec|prterun|PRTE|ORTE|No such file|command not found|shared libraries")
_CRASHED = re.compile(r"Segmentation fault|Bus error|[Ss]ignal \d+|core dumped|Aborted")


def without_environment(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON of a run (``-J``) without the environment that it was started in, which may hold secrets."""
    return {name: value for name, value in document.items() if name != "env"}


def judge(node: Node, test: Asked, launch: Launch, answer: CommandResult, logs: Sequence[str]) -> tuple[CheckResult, ...]:
    """Return the results of a run: of the run and its bandwidth, and of the adapters that NCCL found."""
    if answer.rc == MISSING:
        return (missing(node, test.check, programs(test.collective, launch.launcher)[0], _INSTALL),)
    raw = (Evidence(f"{test.collective}, {test.algorithm}", f"exit status {answer.rc}", file=test.output),)
    try:
        found = nccl_tests.parse(f"{answer.stdout}\n{answer.stderr}")
    except CoreError as error:
        late = f"Nothing began in {launch.time_limit_s:g} s." if answer.rc == TIMED_OUT else f"It did not run: {excerpt(answer)}. {error.message}"
        return (said(node, test.check, "inconclusive", late, evidence=raw, remediation="See whether the launcher found the node free, and its own words."),)
    return (_run(node, test, launch, answer, found, raw), *adapters(node, NcclLog.read(logs), test.output))


def _run(node: Node, test: Asked, launch: Launch, answer: CommandResult, found: NcclTests, raw: tuple[Evidence, ...]) -> CheckResult:
    check = test.check
    wrong = [fault for fault in found.faults if fault.id == "wrong_values"]
    if wrong:
        return said(node, check, "fail", f"{wrong[0].message}", evidence=raw, remediation=_WRONG)
    errors = tuple(error for run in (found, *found.further_runs) for error in run.errors)
    broken = next((error for error in errors if _GPU_FAILED.search(error)), None)
    if broken:
        return said(
            node, check, "fail", f"A GPU could not be used: {broken}.", evidence=raw, remediation="Look at nvidia-smi, the fabric manager and Xid lines."
        )
    if answer.rc == TIMED_OUT:
        if not found.ranks:
            return said(node, check, "inconclusive", f"No GPU took part in {launch.time_limit_s:g} s.", evidence=raw, remediation=_STUCK)
        hint = f"It hung: {len(found.ranks)} GPUs took part, and there was no result in {launch.time_limit_s:g} s."
        return said(node, check, "fail", hint, evidence=raw, remediation=_STUCK)
    apart = next((fault for fault in found.faults if fault.id == "ran_apart"), None)
    if apart or (found.rank_count == 1 and launch.gpus > 1):
        hint = apart.message if apart else "One rank took part: nothing was communicated."
        return said(node, check, "inconclusive", hint, evidence=raw, remediation=_SINGLETONS)
    crashed = answer.rc < 0 or answer.rc >= 128 or any(_CRASHED.search(error) for error in errors)
    if not found.complete and crashed and found.ranks:
        hint = f"It crashed (exit status {answer.rc}) after {len(found.rows)} results{f': {errors[0]}' if errors else ''}."
        return said(node, check, "fail", hint, evidence=raw, remediation=_STUCK)
    if not found.complete:
        words = errors[0] if errors else excerpt(answer)
        verdict = "fail" if errors and found.ranks and not _LAUNCHER_FAILED.search(errors[0]) else "inconclusive"
        return said(node, check, verdict, f"It did not end: {words}.", evidence=raw, remediation=_STUCK if verdict == "fail" else "")
    doubt = _doubt(node, test, launch, found)
    if doubt:
        return said(node, check, "inconclusive", doubt, evidence=raw)
    return _bandwidth(node, test, launch, found, raw)


def _doubt(node: Node, test: Asked, launch: Launch, found: NcclTests) -> str:
    """Say what shows that the run was not the one that was asked for."""
    if found.further_runs:
        return f"{1 + len(found.further_runs)} runs follow one another in the output, where one was asked for."
    if found.collective is not None and found.collective != test.collective:
        return f"The output is of {found.collective}."
    if found.rank_count != launch.gpus or len(found.ranks) != launch.gpus:
        return f"{len(found.ranks)} ranks took part, and there should be {launch.gpus}."
    hosts = {rank.host for rank in found.ranks}
    if len(hosts) != 1:
        return f"The ranks were on {len(hosts)} hosts ({', '.join(sorted(hosts))}), and should be on one."
    if len({rank.device for rank in found.ranks}) != launch.gpus:
        return "Several ranks shared a GPU."
    last = max((row.size_bytes for row in found.rows), default=0)
    if last < test.size_bytes // 2:
        return f"The memory of the GPUs did not suffice: the largest size was {last} B, and {test.size_bytes} B were asked for."
    return ""


def _bandwidth(node: Node, test: Asked, launch: Launch, found: NcclTests, raw: tuple[Evidence, ...]) -> CheckResult:
    row = max(found.rows, key=lambda row: row.size_bytes)
    halves = [half.busbw_gbytes_per_s for half in (row.out_of_place, row.in_place) if half and half.busbw_gbytes_per_s is not None]
    measured = min(halves) if halves else None
    wanted, now = expectation(node, test), expectation(node, test, as_built=False)
    less = now.gbytes_per_s is not None and wanted.gbytes_per_s is not None and now.gbytes_per_s < 0.99 * wanted.gbytes_per_s
    evidence = (*raw, Evidence(f"busbw of {row.size_bytes} B over {launch.gpus} GPUs", measured, wanted.gbytes_per_s, "GB/s", test.output))
    unchecked = "" if test.checks else "The values were not checked"
    result = judged(
        node, node_subject(node), test.check, wanted, measured, evidence, limit_now=now.binding_limit if less else "", hint=unchecked, remediation=_SLOW
    )
    if launch.gpus < node.gpus and result.verdict == "pass":
        hint = f"{launch.gpus} GPUs took part, and the node should have {node.gpus}. {result.hint}"
        return said(node, test.check, "fail", hint, evidence=evidence, remediation="Find the missing GPU: nvidia-smi -L, lspci, the kernel's log.")
    return result


def expectation(node: Node, test: Asked, *, as_built: bool = True) -> Expectation:
    """Return what a run should give. What NVLS gives fewer than eight GPUs is not known: the ring's figure is then a floor that it must reach to pass."""
    machines = [node.as_built if as_built else as_it_runs(node)]
    collective = cast(Collective, test.collective)
    found = expect_bandwidth(machines, collective, "ring" if test.algorithm == "ring" else "default")
    ring = expect_bandwidth(machines, collective, "ring")
    if found.gbytes_per_s is not None or ring.gbytes_per_s is None:
        return found
    return Expectation(
        found.what, ring.gbytes_per_s, ring.binding_limit, f"at least the ring's: {ring.formula}", "low", ring.ratios, ring.source, reason=found.reason
    )


def explain(results: Sequence[CheckResult]) -> tuple[CheckResult, ...]:
    """Return the results with what follows from both algorithms of a collective together."""
    verdicts = {result.check: result.verdict for result in results}
    explained = []
    for result in results:
        name = result.check.rpartition("_")[0]
        default, ring = verdicts.get(f"{name}_default"), verdicts.get(f"{name}_ring")
        slow = result.verdict in ("fail", "warn") and result.observed is not None
        if slow and default in ("fail", "warn") and ring == "pass":
            explained.append(_with_hint(result, "The ring is as it should be: NVLS is the matter (NVSwitch, fabric manager, NVLS switched off)"))
        elif slow and default in ("fail", "warn") and ring in ("fail", "warn"):
            explained.append(_with_hint(result, "The ring and the default are both slow: an NVLink or a GPU is the matter"))
        else:
            explained.append(result)
    return tuple(explained)


def _with_hint(result: CheckResult, hint: str) -> CheckResult:
    return replace(result, hint=f"{result.hint}. {hint}" if result.hint else hint)
