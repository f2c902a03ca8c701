# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a measured bandwidth passes: the ratios, each with its source, and the verdict that follows from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .expectation import Expectation

Word = Literal["pass", "warn", "fail", "inconclusive"]


@dataclass(frozen=True)
class PassRatios:
    """Parts of the expected value."""

    fail_below: float
    warn_below: float
    source: str
    """What the ratio was taken from."""


# Healthy nodes of one kind differ by less than this: a node slower than its fleet is conspicuous, whatever it should give.
WARN_BELOW_MEDIAN = 0.97

ONE_NODE = PassRatios(0.92, 0.95, "Azure accepts 460 of 480 on H100 (0.958), 228 of 235 on A100 (0.97), 431 of 475 on H200 (0.907)")
RDMA = PassRatios(0.93, 0.95, "Azure accepts 380 of 400 Gb/s (0.95) and 180 of 200 (0.90), imbue 720 of 800 in both directions (0.90)")
RAIL_PAIR = PassRatios(0.90, 0.94, "CVS sees 47 to 48 GB/s on 400 Gb/s rails")
SEVERAL_NODES = PassRatios(0.90, 0.94, "CVS accepts 350 of 384 (0.91)")
MANY_NODES = PassRatios(0.85, 0.90, "nccl-tests#283: 350 of 384 is typical of 248 nodes, with dips below 300")
HOST_COPY = PassRatios(0.87, 0.87 * 1.05, "Azure accepts 48 of about 55 on PCIe Gen5 and 21 of about 24 on Gen4, and warns up to 1.05 of that")
GPU_COPY = PassRatios(0.88, 0.88 * 1.05, "Azure accepts 335 of 380 on H100 and 238 of 270 on A100; the warning's margin is that of its host copies")
STORAGE = PassRatios(1.0, 1.0, "declared by the site as what must be reached")
MANY_NODES_FROM = 32


@dataclass(frozen=True)
class Verdict:
    """How a measured value compares with what was expected, in the words of ``CheckResult``."""

    verdict: Word
    ratio: float | None
    """Measured to expected; null where nothing is expected."""
    fleet_ratio: float | None
    """Measured to the fleet's median; null where that is not known."""
    reason: str


def judge(expectation: Expectation, measured_gbytes_per_s: float | None, fleet_median_gbytes_per_s: float | None = None) -> Verdict:
    """Judge a measured value by what the hardware should give, and by the fleet's median where it is known.

    An expectation that is sure fails and warns by its ratios; one that passes, but is slower than its fleet, warns. Where the expectation is of low
    confidence, or there is none, it fails nothing: only the fleet's median does, and without it the verdict is ``inconclusive``, unless the value
    reaches what was expected. That the value is as good as the fleet's does not prove that it is good: without an expectation nothing passes.
    """
    expected, ratios = expectation.gbytes_per_s, expectation.ratios
    if measured_gbytes_per_s is None or not math.isfinite(measured_gbytes_per_s) or measured_gbytes_per_s < 0:
        return Verdict("inconclusive", None, None, "nothing was measured")
    ratio = measured_gbytes_per_s / expected if expected else None
    median = fleet_median_gbytes_per_s
    fleet = measured_gbytes_per_s / median if median is not None and math.isfinite(median) and median > 0 else None
    by_fleet = f"{fleet:.2f} of the fleet's median of {median:.1f} GB/s" if fleet is not None else ""
    sure = ratio is not None and expectation.confidence != "low"
    if ratio is not None and sure:
        by_ratio = f"{ratio:.2f} of the expected {expected:.1f} GB/s"
        if ratio < ratios.fail_below:
            return Verdict("fail", ratio, fleet, f"{by_ratio}, below {ratios.fail_below:.2f}")
        if ratio < ratios.warn_below:
            return Verdict("warn", ratio, fleet, f"{by_ratio}, below {ratios.warn_below:.2f}")
        if fleet is not None and fleet < WARN_BELOW_MEDIAN:
            return Verdict("warn", ratio, fleet, f"{by_ratio}, but {by_fleet}")
        return Verdict("pass", ratio, fleet, by_ratio)
    if fleet is not None and fleet < ratios.fail_below:
        return Verdict("fail", ratio, fleet, f"{by_fleet}, below {ratios.fail_below:.2f}")
    if fleet is not None and fleet < WARN_BELOW_MEDIAN:
        return Verdict("warn", ratio, fleet, f"{by_fleet}, below {WARN_BELOW_MEDIAN:.2f}")
    if ratio is not None and ratio >= ratios.warn_below:
        return Verdict("pass", ratio, fleet, f"{ratio:.2f} of the expected {expected:.1f} GB/s")
    why = expectation.reason or f"{ratio or 0.0:.2f} of the expected {expected or 0.0:.1f} GB/s, which is not sure enough to fail it"
    return Verdict("inconclusive", ratio, fleet, f"{why}; {by_fleet}" if by_fleet else f"{why}; compare it with the fleet's median")
