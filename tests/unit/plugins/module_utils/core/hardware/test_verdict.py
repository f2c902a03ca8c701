# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verdicts: by the ratio to what is expected, by the fleet where nothing sure is, and none without either."""

from __future__ import annotations

import math

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.expectation import Expectation, expect_bandwidth, expect_storage
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.machine import Machine
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.verdict import (
    GPU_COPY,
    HOST_COPY,
    MANY_NODES,
    ONE_NODE,
    RAIL_PAIR,
    RDMA,
    SEVERAL_NODES,
    STORAGE,
    PassRatios,
    judge,
)
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import VERDICTS

from .machines import A100, slotted, switched

SURE = Expectation("all_reduce", 100.0, "rail 0 limits to 100.0 GB/s", "", "high", PassRatios(0.9, 0.95, "a test"))
UNSURE = Expectation("all_reduce", 100.0, "PCIe limits to 100.0 GB/s", "", "low", PassRatios(0.9, 0.95, "a test"))
NONE = Expectation("all_reduce", None, "", "", "none", PassRatios(0.9, 0.95, "a test"), reason="GPU 10de:ffff is not known")


@pytest.mark.parametrize(
    ("expectation", "measured", "median", "verdict", "reason"),
    [
        (SURE, 100.0, None, "pass", "1.00 of the expected 100.0 GB/s"),
        (SURE, 95.0, None, "pass", "0.95 of the expected 100.0 GB/s"),
        (SURE, 94.9, None, "warn", "0.95 of the expected 100.0 GB/s, below 0.95"),
        (SURE, 90.0, None, "warn", "0.90 of the expected 100.0 GB/s, below 0.95"),
        (SURE, 89.0, None, "fail", "0.89 of the expected 100.0 GB/s, below 0.90"),
        (SURE, 0.0, None, "fail", "0.00 of the expected 100.0 GB/s, below 0.90"),
        (SURE, 89.0, 80.0, "fail", "0.89 of the expected 100.0 GB/s, below 0.90"),
        (SURE, 96.0, 100.0, "warn", "0.96 of the expected 100.0 GB/s, but 0.96 of the fleet's median of 100.0 GB/s"),
        (SURE, 97.0, 100.0, "pass", "0.97 of the expected 100.0 GB/s"),
        (UNSURE, 95.0, None, "pass", "0.95 of the expected 100.0 GB/s"),
        (
            UNSURE,
            60.0,
            None,
            "inconclusive",
            "0.60 of the expected 100.0 GB/s, which is not sure enough to fail it; compare it with the fleet's median",
        ),
        (UNSURE, 40.0, 60.0, "fail", "0.67 of the fleet's median of 60.0 GB/s, below 0.90"),
        (UNSURE, 57.0, 60.0, "warn", "0.95 of the fleet's median of 60.0 GB/s, below 0.97"),
        (
            UNSURE,
            60.0,
            60.0,
            "inconclusive",
            "0.60 of the expected 100.0 GB/s, which is not sure enough to fail it; 1.00 of the fleet's median of 60.0 GB/s",
        ),
        (NONE, 60.0, None, "inconclusive", "GPU 10de:ffff is not known; compare it with the fleet's median"),
        (NONE, 60.0, 60.0, "inconclusive", "GPU 10de:ffff is not known; 1.00 of the fleet's median of 60.0 GB/s"),
        (NONE, 57.0, 60.0, "warn", "0.95 of the fleet's median of 60.0 GB/s, below 0.97"),
        (NONE, 30.0, 60.0, "fail", "0.50 of the fleet's median of 60.0 GB/s, below 0.90"),
        (NONE, 30.0, 0.0, "inconclusive", "GPU 10de:ffff is not known; compare it with the fleet's median"),
    ],
)
def test_verdict(expectation: Expectation, measured: float, median: float | None, verdict: str, reason: str) -> None:
    found = judge(expectation, measured, median)
    assert (found.verdict, found.reason) == (verdict, reason)
    assert found.verdict in VERDICTS
    assert found.ratio == (measured / 100.0 if expectation.gbytes_per_s else None)
    assert found.fleet_ratio == (measured / median if median else None)


@pytest.mark.parametrize("measured", [None, math.nan, math.inf, -1.0])
def test_what_was_not_measured_is_not_judged(measured: float | None) -> None:
    found = judge(SURE, measured, 100.0)
    assert (found.verdict, found.ratio, found.fleet_ratio, found.reason) == ("inconclusive", None, None, "nothing was measured")


@pytest.mark.parametrize(
    ("expectation", "measured", "verdict"),
    [
        (expect_bandwidth([switched()]), 476, "pass"),  # nccl-tests#212
        (expect_bandwidth([switched()]), 371, "fail"),  # a ring where NVLS should have been
        (expect_bandwidth([switched(A100, rate=200, generation=4)]), 232.5, "pass"),  # nccl-tests#175
        (expect_bandwidth([switched()] * 31, "all_reduce", "ring"), 350, "pass"),
        (expect_bandwidth([switched()] * 248, "all_reduce", "ring"), 300, "fail"),  # nccl-tests#283
        (expect_bandwidth([slotted()]), 15, "inconclusive"),
        (expect_storage(Machine("n", storage_gbytes_per_s={"/home": 2.0}))["/home"], 1.9, "fail"),
    ],
)
def test_measurements_of_the_field(expectation: Expectation, measured: float, verdict: str) -> None:
    assert judge(expectation, measured).verdict == verdict


@pytest.mark.parametrize("ratios", [ONE_NODE, RDMA, RAIL_PAIR, SEVERAL_NODES, MANY_NODES, HOST_COPY, GPU_COPY, STORAGE])
def test_ratios_have_a_source_and_an_order(ratios: PassRatios) -> None:
    assert 0.5 < ratios.fail_below <= ratios.warn_below <= 1.0
    assert ratios.source
