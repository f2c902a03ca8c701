# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The controller's half of gpu_bandwidth, gpu_diag, nccl_bandwidth and gpu_tests: the node runs the programs, and what they said is judged here."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible.plugins.action import ActionBase

from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests import gpu_bandwidth, gpu_diag
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.commands import Asked, Launch
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.node import from_dict
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure import collectives
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.document import as_json
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import Evidence
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult

_WORST_FIRST = ("fail", "warn", "inconclusive")


class GpuTest(ActionBase):
    """Runs the module of the task's name, and puts the results in place of what only the judge needs."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        super().run(tmp, task_vars)
        result = self._execute_module(task_vars=task_vars or {})
        return result if "_node" not in result else conclude(result, self.judge(result))

    def judge(self, result: Mapping[str, t.Any]) -> Sequence[CheckResult]:
        """Return the check results of what the module gave back."""
        raise NotImplementedError


def conclude(result: Mapping[str, t.Any], results: Sequence[CheckResult]) -> dict[str, t.Any]:
    """Return the task's result."""
    verdicts = [found.verdict for found in results]
    worst = next((word for word in _WORST_FIRST if word in verdicts), "pass")
    public = {name: value for name, value in result.items() if name not in ("_node", "_tests", "_asked", "_launch", "_limit_s", "_level")}
    return {**public, "verdict": worst, "results": as_json(tuple(results))}


def conclude_several(result: Mapping[str, t.Any], run_id: str, kept: str = "") -> dict[str, t.Any]:
    """Return the result of the task that ran several tests. ``kept`` is the file, within the run's folder, that will have the outputs."""
    results = [
        replace(found, run_id=run_id, evidence=_within(kept, found))
        for part in result["_tests"]
        for found in _JUDGES[part["test"]]({"_node": result["_node"], **part})
    ]
    return conclude({**result, "outputs": [output for part in result["_tests"] for output in part["outputs"]]}, results)


def _within(kept: str, found: CheckResult) -> tuple[Evidence, ...]:
    return tuple(replace(one, file=f"{kept}: {one.file}") if kept and one.file else one for one in found.evidence)


def judge_copies(result: Mapping[str, t.Any]) -> Sequence[CheckResult]:
    """Judge what gpu_bandwidth gave back."""
    return gpu_bandwidth.judge(from_dict(result["_node"]), answer(result["outputs"][0]), result["_limit_s"])


def judge_diagnostic(result: Mapping[str, t.Any]) -> Sequence[CheckResult]:
    """Judge what gpu_diag gave back."""
    return gpu_diag.judge(from_dict(result["_node"]), answer(result["outputs"][0]), result["_level"], result["_limit_s"])


def judge_collectives(result: Mapping[str, t.Any]) -> Sequence[CheckResult]:
    """Judge what nccl_bandwidth gave back."""
    node, launch = from_dict(result["_node"]), Launch(**result["_launch"])
    found: list[CheckResult] = []
    for values, output in zip(result["_asked"], result["outputs"]):
        for one in collectives.judge(node, Asked(**values), launch, answer(output), output["nccl_logs"]):
            # What NCCL's log says is mostly the same of every run: it is told once, or where it differs.
            if (one.id, one.verdict) not in {(other.id, other.verdict) for other in found}:
                found.append(one)
    return collectives.explain(found)


def answer(output: Mapping[str, t.Any]) -> CommandResult:
    """Return a program's answer."""
    return CommandResult(output["rc"], output["stdout"], output["stderr"])


_JUDGES: dict[str, t.Callable[[Mapping[str, t.Any]], Sequence[CheckResult]]] = {
    "gpu_bandwidth": judge_copies,
    "nccl_bandwidth": judge_collectives,
    "gpu_diag": judge_diagnostic,
}
