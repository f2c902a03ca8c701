# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ports counted while they were measured, as results."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.link_errors import judge_link_errors
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.tools import Rail

RAILS = (Rail(0, "mlx5_0"), Rail(1, "mlx5_3", 2))
ZERO = {"counters/symbol_error": 5, "counters/link_downed": 1}


def judged(**last: int) -> list[tuple[str, str, str, Any, str]]:
    """Of counters of which the second rail's have become what is said."""
    counters = {
        "before": {"mlx5_0/1": ZERO, "mlx5_3/2": ZERO},
        "after": {"mlx5_0/1": ZERO, "mlx5_3/2": {**ZERO, **{f"counters/{k}": v for k, v in last.items()}}},
    }
    found = judge_link_errors("node1", RAILS, counters, proof="lab", run_id="7")
    assert {(one.check, one.proof, one.run_id) for one in found} == {("rdma_link_errors", "lab", "7")}
    return [(one.subject.name, one.verdict, one.severity, one.observed, one.unit) for one in found]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({}, ("node1", "pass", "info", 0, "errors")),
        ({"symbol_error": 15}, ("node1", "pass", "info", 0, "errors")),
        ({"symbol_error": 16}, ("node1 rail 1", "warn", "warning", 11, "errors")),
        ({"symbol_error": 0}, ("node1", "pass", "info", 0, "errors")),
        ({"link_downed": 2}, ("node1 rail 1", "fail", "critical", 1, "losses")),
        ({"link_downed": 2, "symbol_error": 99}, ("node1 rail 1", "fail", "critical", 1, "losses")),
    ],
)
def test_a_port_that_counts_errors_under_load(last: dict[str, int], expected: tuple[str, str, str, Any, str]) -> None:
    assert judged(**last) == [expected]


def test_the_evidence_has_both_counts() -> None:
    after = {"mlx5_0/1": {"counters/symbol_error": 90, "counters/link_downed": 2}}
    (found,) = judge_link_errors("node1", RAILS, {"before": {"mlx5_0/1": ZERO}, "after": after}, proof="lab", run_id="")
    assert [(one.what, one.observed, one.expected) for one in found.evidence] == [
        ("mlx5_0 port 1: counters/symbol_error", 90, 5),
        ("mlx5_0 port 1: counters/link_downed", 2, 1),
    ]
    assert found.hint == "While it was measured, mlx5_0 port 1 lost its link once and counted 85 symbol_error."


@pytest.mark.parametrize(
    "counters", [{}, {"before": {"mlx5_0/1": ZERO}}, {"before": {}, "after": {"mlx5_0/1": ZERO}}, {"before": {"mlx5_0/1": {}}, "after": {"mlx5_0/1": {}}}]
)
def test_what_was_not_seen_twice_is_not_judged(counters: dict[str, Any]) -> None:
    assert judge_link_errors("node1", RAILS, counters, proof="lab", run_id="") == ()
