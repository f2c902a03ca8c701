# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a fabric costs grows with its size, and not with the square of it.

Lines of the library that run are counted, which no other process on the machine can change. What a line of C costs is not seen that way: seconds
of CPU are compared too, with a ratio between that of a linear cost (three) and that of a square one (nine).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from benchmark.fabric_generator import large_network

from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.build import build
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.changes import find_changes
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.defects import find_defects
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.kubernetes import kubernetes_labels
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.picture import draw
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.slurm import slurm_topology
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.views import host_views
from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.wiring import from_discovery
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.fabric import Fabric
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.ibnetdiscover import parse


def damaged(pods: int) -> str:
    """A fabric with one of twenty cables missing."""
    made = large_network(pods)
    made.cut(*made.cables[::20])
    return made.text()


@pytest.fixture(scope="module")
def sizes() -> tuple[tuple[str, Fabric, Fabric], tuple[str, Fabric, Fabric]]:
    """A fabric and one of twice its size: its text, itself, and what is left when cables are missing."""

    def make(pods: int) -> tuple[str, Fabric, Fabric]:
        text = large_network(pods).text()
        return text, build(from_discovery(parse(text))), build(from_discovery(parse(damaged(pods))))

    return make(1), make(2)


def lines_run(call: Callable[[], Any]) -> int:
    """Count the lines that run in a call."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "use",
    [
        lambda text, fabric, less: parse(text),
        lambda text, fabric, less: build(fabric.wiring),
        lambda text, fabric, less: build(less.wiring),
        lambda text, fabric, less: find_defects(fabric),
        lambda text, fabric, less: find_defects(less, fabric.hosts),
        lambda text, fabric, less: find_changes(fabric, less),
        lambda text, fabric, less: host_views(fabric),
        lambda text, fabric, less: slurm_topology(fabric, fabric.hosts),
        lambda text, fabric, less: kubernetes_labels(fabric, fabric.hosts),
        lambda text, fabric, less: draw(less, find_defects(less)),
    ],
    ids=["parse", "build", "build damaged", "defects", "many defects", "changes", "host views", "slurm", "kubernetes", "picture"],
)
def test_twice_the_fabric_is_twice_the_lines(use: Callable[..., Any], sizes: tuple[tuple[str, Fabric, Fabric], tuple[str, Fabric, Fabric]]) -> None:
    small, large = (lines_run(lambda size=size: use(*size)) for size in sizes)
    assert small > 100
    assert 1.8 < large / small < 2.3


def test_seconds_grow_with_the_size() -> None:
    def seconds(pods: int) -> float:
        text = large_network(pods).text()
        best = float("inf")
        for _run in range(3):
            start = time.process_time()
            find_defects(build(from_discovery(parse(text))))
            best = min(best, time.process_time() - start)
        return best

    assert seconds(3) < 6 * seconds(1)
