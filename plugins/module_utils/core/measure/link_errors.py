# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the ports of the rails counted while they were measured: a link that drops packets under load may be as fast as the others, for now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..health.desired import LIMITS
from ..health.network import LINK_DOWNED
from ..model.finding import CheckResult, Evidence, Subject
from .tools import Rail

CHECK = "rdma_link_errors"
# As many as between two looks at a node's health, though a measurement takes a minute only.
MOST_ERRORS = LIMITS["link_errors_max"].value


def judge_link_errors(node: str, rails: Iterable[Rail], counters: Mapping[str, Any], *, proof: str, run_id: str) -> tuple[CheckResult, ...]:
    """Return a result for each rail that counted errors, or one that says that none did.

    ``counters``: what the node's agent wrote, ``before`` and ``after``, each by port (``mlx5_0/1``) and counter. Nothing where no counter was seen twice.
    """
    before, after = counters.get("before") or {}, counters.get("after") or {}
    found: list[CheckResult] = []
    known = 0
    for rail in rails:
        port = f"{rail.device}/{rail.port}"
        first, last = before.get(port) or {}, after.get(port) or {}
        both = {name: int(count) - int(first[name]) for name, count in last.items() if name in first}
        known += bool(both)
        # One that is smaller than before was set back meanwhile.
        grown = {name: count for name, count in both.items() if count > 0}
        lost = grown.pop(LINK_DOWNED, 0)
        bad = {name: count for name, count in grown.items() if count > MOST_ERRORS}
        if not lost and not bad:
            continue
        told = [f"lost its link {'once' if lost == 1 else f'{lost} times'}"] if lost else []
        told += [f"counted {count} {name.rpartition('/')[2]}" for name, count in bad.items()]
        found.append(
            CheckResult(
                subject=Subject("rail", f"{node} rail {rail.number}", node, rail.number),
                check=CHECK,
                verdict="fail" if lost else "warn",
                severity="critical" if lost else "warning",
                expected=0 if lost else MOST_ERRORS,
                observed=lost or max(bad.values()),
                unit="losses" if lost else "errors",
                evidence=tuple(
                    Evidence(f"{rail.device} port {rail.port}: {name}", last[name], first[name]) for name in (*grown, *([LINK_DOWNED] if lost else ()))
                ),
                proof=proof,
                hint=f"While it was measured, {rail.device} port {rail.port} {' and '.join(told)}.",
                remediation="Reseat or replace the cable, then the transceiver; measure it again.",
                run_id=run_id,
            )
        )
    if known and not found:
        hint = f"{known} rails counted no errors while they were measured."
        found.append(CheckResult(Subject("node", node, node), CHECK, "pass", "info", 0, 0, "errors", proof=proof, hint=hint, run_id=run_id))
    return tuple(found)
