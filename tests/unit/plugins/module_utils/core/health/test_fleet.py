# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Uniformity of a fleet: outliers are named with what the majority has, in documents and in summaries, and 4,000 nodes take a moment."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.summary import document, summary
from ansible_collections.railyard.cluster.plugins.module_utils.core.health.fleet import ATTRIBUTES, FleetNode, uniformity
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, findings

from ..facts.nodes import make

CLASS = "h100_sxm_8"
Facts = dict[str, Any]


@cache
def _facts(form: str) -> Facts:
    return (document if form == "document" else summary)(make(CLASS).facts())


def facts(form: str = "document") -> Facts:
    """Return facts of one and the same machine, to be changed."""
    return copy.deepcopy(_facts(form))


def fleet(count: int, changes: dict[int, Callable[[Facts], Any]], form: str = "document") -> list[FleetNode]:
    nodes = []
    for number in range(count):
        own = facts(form) if number in changes else _facts(form)
        if number in changes:
            changes[number](own)
        nodes.append(FleetNode(f"node{number}", CLASS, own))
    return nodes


def put(value: Any, *path: str | int) -> Callable[[Facts], None]:
    def change(own: Facts) -> None:
        place: Any = own
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def told(results: tuple[CheckResult, ...]) -> list[tuple[str, str, str, Any, Any]]:
    return [(result.check, result.verdict, result.subject.name, result.expected, result.observed) for result in findings(results)]


@pytest.mark.parametrize("form", ["document", "summary"])
def test_a_fleet_that_is_alike_passes_every_attribute_that_is_seen(form: str) -> None:
    results = uniformity(fleet(5, {}, form))
    assert findings(results) == ()
    assert {result.subject.kind for result in results} == {"fleet"}
    missing = {"amdgpu"} | ({"vbios", "gpu_power_limit", "gpu_ecc"} if form == "summary" else set())
    assert {result.check for result in results} == {f"uniform_{attribute.name}" for attribute in ATTRIBUTES if attribute.name not in missing}


CASES: list[tuple[str, Callable[[Facts], None], str, str]] = [
    ("product", put("Other 9000", "system", "product"), "Simulated h100_sxm_8", "Other 9000"),
    ("bios", put("0.9", "system", "bios_version"), "1.0", "0.9"),
    ("kernel", put("6.1.0-41-amd64", "system", "kernel"), "6.1.0-42-amd64", "6.1.0-41-amd64"),
    ("gpu_driver", put("580.95.05", "drivers", "nvidia"), "590.48.01", "580.95.05"),
    ("gpu_driver", put(None, "drivers", "nvidia"), "590.48.01", "none"),
    ("ofed", put(None, "drivers", "mlx5"), "24.10-2.1.8", "none"),
    ("cpu", put(111, "cpu", "online"), "2 x 56 x 2, 224 online", "2 x 56 x 2, 111 online"),
    ("memory", put(1_900_000, "memory", "total_mib"), "2017 GiB", "1855 GiB"),
    ("iommu", put("translated", "iommu", "mode"), "passthrough", "translated"),
    ("counts", lambda own: own["nvme"].pop(), "8", "7"),
    ("gpu_product", put("10de:2331", "gpus", 3, "pci_id"), "10de:2330", "7 x 10de:2330, 1 x 10de:2331"),
    ("vbios", put("96.00.01", "gpus", 3, "driver", "vbios"), "96.00.", "96.00.01"),
    ("gpu_power_limit", put(600.0, "gpus", 3, "driver", "power_limit_w"), "700", "7 x 700, 1 x 600"),
    ("gpu_ecc", put("disabled", "gpus", 3, "driver", "ecc", "mode"), "enabled", "7 x enabled, 1 x disabled"),
    ("gpu_links", put(8, "gpus", 3, "pcie", "hops", -1, "width"), "x16", "7 x x16, 1 x x8"),
    ("hca_firmware", put("27.1", "hcas", 0, "firmware"), "28.", "1 x 27.1"),
    ("hca_links", put(16.0, "hcas", 0, "pcie", "hops", -1, "speed_gt_per_s"), "Gen5 x16", "Gen4 x16"),
    ("rail_rate", put(200.0, "hcas", 0, "ports", 0, "rate_gbits_per_s"), "400", "7 x 400, 1 x 200"),
    ("rail_boards", put("MT_X", "hcas", 0, "board_id"), "MT_0000000838", "7 x MT_0000000838, 1 x MT_X"),
    ("nvme_models", put("Other", "nvme", 0, "model"), "SAMSUNG MZWLR3T8HCLS-00A07", "1 x Other"),
    ("nvme_firmware", put("OLD", "nvme", 0, "firmware"), "MPPA8B5Q", "7 x MPPA8B5Q, 1 x OLD"),
]


@pytest.mark.parametrize(("attribute", "change", "usual", "own"), CASES, ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)])
def test_an_outlier_is_named_with_what_the_majority_has(attribute: str, change: Callable[[Facts], None], usual: str, own: str) -> None:
    results = uniformity(fleet(5, {2: change}))
    (found,) = [result for result in findings(results) if result.check == f"uniform_{attribute}"]
    assert (found.verdict, found.severity, found.subject.kind, found.subject.name, found.subject.node) == ("warn", "warning", "node", "node2", "node2")
    assert usual in str(found.expected) and own in str(found.observed)
    assert f"4 of 5 nodes of {CLASS} have {found.expected}." in found.hint
    assert found.remediation and found.subject.serial
    others = {result.check for result in findings(results)} - {found.check}
    assert not others or attribute in ("gpu_product", "product", "rail_boards", "nvme_models", "nvme_firmware", "hca_firmware", "hca_links")


def test_memory_that_differs_by_what_the_kernel_keeps_is_alike() -> None:
    assert told(uniformity(fleet(3, {0: lambda own: put(own["memory"]["total_mib"] - 40, "memory", "total_mib")(own)}))) == []


def test_a_node_that_differs_in_two_kinds_of_one_attribute_gets_one_result() -> None:
    def change(own: Facts) -> None:
        put("1", "hcas", 0, "firmware")(own)
        next(hca for hca in own["hcas"] if hca["rail"] is None)["firmware"] = "2"
        next(hca for hca in own["hcas"] if hca["rail"] is None)["board_id"] = "MT_STORAGE"

    def board(own: Facts) -> None:
        next(hca for hca in own["hcas"] if hca["rail"] is None)["board_id"] = "MT_STORAGE"

    (found,) = findings(uniformity(fleet(4, {0: change, 1: board, 2: board, 3: board})))
    assert (found.check, found.subject.name, len(found.evidence)) == ("uniform_hca_firmware", "node0", 2)
    assert "of MT_0000000838 is" in found.hint and "of MT_STORAGE is 2" in found.hint


def test_virtual_functions_and_lost_gpus_have_no_say() -> None:
    def virtual(own: Facts) -> None:
        own["hcas"].append({**own["hcas"][0], "name": "mlx5_20", "rail": None, "virtual_function": True, "firmware": "1"})

    def lost(own: Facts) -> None:
        own["gpus"][0] = {**own["gpus"][0], "state": "lost", "driver": None, "pcie": None}

    assert told(uniformity(fleet(4, {0: virtual, 1: lost}))) == []


def test_without_a_majority_nobody_is_an_outlier() -> None:
    kernel = put("6.1.0-41", "system", "kernel")
    (found,) = findings(uniformity(fleet(4, {0: kernel, 1: kernel})))
    assert (found.check, found.verdict, found.subject.kind, found.subject.name) == ("uniform_kernel", "inconclusive", "fleet", CLASS)
    assert found.hint == "The kernel: no value is that of most of the 4 nodes."
    assert {entry.observed for entry in found.evidence} == {"6.1.0-41", "6.1.0-42-amd64"}


def test_what_some_nodes_do_not_show_is_not_proved() -> None:
    (found,) = findings(uniformity(fleet(4, {3: put(None, "system", "kernel")})))
    assert (found.verdict, found.subject.kind, found.expected) == ("inconclusive", "fleet", "6.1.0-42-amd64")
    assert found.hint == "The kernel was not seen of 1 of 4 nodes: node3."


def test_classes_are_not_compared_with_each_other_and_one_node_with_nobody() -> None:
    nodes = fleet(3, {2: put("old", "system", "kernel")})
    assert told(uniformity([*nodes[:2], FleetNode("node2", "other", nodes[2].facts)])) == []
    assert uniformity(nodes[:1]) == uniformity([]) == ()


@pytest.mark.parametrize(
    "broken", [{}, {"gpus": None, "hcas": "x", "system": [], "parts": None}, {"gpus": [1, {"driver": {"product": "x", "ecc": 1}}], "cpu": {}}]
)
def test_facts_that_are_damaged_are_not_seen(broken: Facts) -> None:
    results = uniformity([*fleet(3, {}), FleetNode("node3", CLASS, broken)])
    assert {result.verdict for result in results} <= {"pass", "inconclusive", "warn"}
    assert "uniform_kernel" in {result.check for result in findings(results)}


def test_four_thousand_nodes_take_less_than_two_seconds() -> None:
    nodes = fleet(4000, {7: put("old", "system", "kernel"), 3999: put("x", "gpus", 0, "driver", "vbios")})
    started = time.process_time()
    results = uniformity(nodes)
    took = time.process_time() - started
    assert {result.subject.name for result in findings(results)} == {"node7", "node3999"}
    assert took < 2, took
