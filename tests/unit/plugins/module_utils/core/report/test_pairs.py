# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pairs as pictures: against which expectation, a matrix for few nodes, rows of numbers for many."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from run_generator import make_run

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.isolation import PairRate
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.run import PairTest, RunNode, RunRecord
from ansible_collections.railyard.cluster.plugins.module_utils.core.report import distribution, pairs

NODES = tuple(RunNode(f"n{number}", None, "", f"leaf{(number + 1) // 2}", f"su{(number + 3) // 4}") for number in range(1, 7))
EXPECTED = {"same_leaf": 10.0, "other_leaf": 8.0}


def record(*measured: PairRate, expected: dict[str, float] | None = None, nodes: tuple[RunNode, ...] = NODES, rails: int = 1) -> RunRecord:
    test = PairTest("network_bandwidth", "iperf3", "lab", "Gbit/s", rails, 3, EXPECTED if expected is None else expected, measured)
    return RunRecord("1", "site", "", "", nodes=nodes, tests=(test,))


def rate(a: str, b: str, value: float | None, rail: int = 0, round_: int = 1, confirm: bool = False) -> PairRate:
    return PairRate(a, b, rail, round_, value, confirm)


def test_each_pair_is_held_against_its_tier() -> None:
    made = record(rate("n1", "n2", 9.0), rate("n1", "n3", 8.0), rate("n1", "n5", 6.0), rate("n2", "n5", 5.0), rate("n3", "n4", None))
    placed = pairs.place(made, made.tests[0])
    assert [(one.tier, one.expected, one.ratio) for one in placed] == [
        ("same_leaf", 10.0, 0.9),
        ("other_leaf", 8.0, 1.0),
        ("other_unit", 5.5, 6.0 / 5.5),  # nothing is expected of it: the median of what was measured
        ("other_unit", 5.5, 5.0 / 5.5),
        ("same_leaf", 10.0, None),
    ]


def test_nothing_expected_and_nothing_measured() -> None:
    made = record(rate("n1", "n2", None), rate("stranger", "n2", None), expected={})
    assert [(one.expected, one.ratio) for one in pairs.place(made, made.tests[0])] == [(None, None), (None, None)]


@pytest.mark.parametrize(
    ("ratio", "style"),
    [(1.2, "s0"), (0.97, "s0"), (0.96, "s1"), (0.94, "s1"), (0.93, "s2"), (0.9, "s2"), (0.8, "s3"), (0.75, "s3"), (0.1, "s4"), (None, "none")],
)
def test_steps(ratio: float | None, style: str) -> None:
    assert pairs.step(ratio) == style


def test_a_matrix_for_each_rail() -> None:
    made = record(rate("n1", "n2", 9.0), rate("n1", "n2", 9.5, 0, 4, True), rate("n3", "n4", None, 1), nodes=NODES[:4], rails=2)
    first, second = pairs.matrices(made, made.tests[0], pairs.place(made, made.tests[0]))
    root = ET.fromstring(first)
    cells = [cell for cell in root if cell.tag == "g"]
    assert len(cells) == 2, "a pair stands on both sides of the diagonal"
    assert cells[0].find("title").text.splitlines() == [  # type: ignore[union-attr]
        "n1 with n2",
        "round 1: 9 Gbit/s of 10 expected (90%)",
        "round 4 (to confirm): 9.5 Gbit/s of 10 expected (95%)",
    ]
    assert (cells[0].find("rect").get("class"), cells[0].find("text").text) == ("s2", "9.25")  # type: ignore[union-attr]
    assert len(root.findall("rect[@class='self']")) == 4
    assert len(root.findall("rect[@class='unmeasured']")) == 10
    cells = [cell for cell in ET.fromstring(second) if cell.tag == "g"]
    assert cells[0].find("rect").get("class") == "none"  # type: ignore[union-attr]
    assert cells[0].find("title").text == "n3 with n4\nround 1: nothing came of it"  # type: ignore[union-attr]


def test_a_name_is_text_in_a_matrix() -> None:
    evil = '<b>&"\x01'
    nodes = (RunNode(evil, None, "", "", ""), RunNode("n2", None, "", "", ""))
    made = record(rate(evil, "n2", 9.0), nodes=nodes)
    (svg,) = pairs.matrices(made, made.tests[0], pairs.place(made, made.tests[0]))
    assert ET.fromstring(svg).findall("text")[0].text == '<b>&"?'


def test_rows_for_the_script() -> None:
    made = record(rate("n1", "n3", 8.123456, 0), rate("n1", "n3", None, 2), rate("n1", "n3", 7.0, 0, 4, True), rails=3)
    drawn = pairs.drawing(made, made.tests[0], pairs.place(made, made.tests[0]))
    assert drawn["rows"] == [[0, 2, 1, 0, 1, 8.123, -1, None], [0, 2, 4, 1, 1, 7.0, -1, -1]]
    assert drawn["groups"] == [{"name": f"leaf{number}", "first": 2 * number - 2, "count": 2} for number in (1, 2, 3)]
    assert (drawn["rails"], drawn["expected"], drawn["nodes"][-1]) == ([0, 1, 2], [None, 8.0, None], "n6")


def test_a_leaf_of_many_nodes_is_drawn_in_parts() -> None:
    nodes = tuple(RunNode(f"n{number}", None, "", "", "") for number in range(1, 131))
    made = record(rate("n1", "n2", 9.0), nodes=nodes)
    groups = pairs.drawing(made, made.tests[0], pairs.place(made, made.tests[0]))["groups"]
    assert [(group["name"], group["count"]) for group in groups] == [("n1 to n64", 64), ("n65 to n128", 64), ("n129 to n130", 2)]


def test_what_the_script_gets_of_a_thousand_nodes_is_small() -> None:
    made = make_run(1000)
    drawn = pairs.drawing(made, made.tests[0], pairs.place(made, made.tests[0]))
    assert len(drawn["nodes"]) == 1000
    assert len(json.dumps(drawn, separators=(",", ":"))) < 400_000


def test_distributions() -> None:
    made = make_run(8, 2)
    placed = [pairs.place(made, test) for test in made.tests]
    (of_pairs,) = distribution.of_pairs(made, placed)
    assert (of_pairs.test, of_pairs.proof, len(of_pairs.ratios)) == ("nccl_bandwidth", "stub", len(made.tests[0].pairs))
    (of_checks,) = distribution.of_checks(made)
    assert (of_checks.test, of_checks.expected, len(of_checks.ratios)) == ("host_to_device_bandwidth", "55 GB/s", 8)
    silent = tuple(replace(pair, rate=None) for pair in made.tests[0].pairs)
    nothing = replace(made, tests=(replace(made.tests[0], pairs=silent),))
    assert distribution.of_pairs(nothing, [pairs.place(nothing, nothing.tests[0])]) == []


def test_the_words_below_a_distribution() -> None:
    ratios = (*[1.0] * 198, 0.5, 0.85)
    one = distribution.Distribution("x", "lab", "", ratios, 3)
    assert one.words == "200 values, median 100.0%, lowest hundredth below 100.0%, lowest 50.0%, 2 below 90%, 3 without a result"
    assert distribution.Distribution("x", "lab", "", (0.99,), 0).words == "1 value, median 99.0%, lowest 99.0%"


@pytest.mark.parametrize("ratios", [(1.0,), (0.0, 1.0), (0.2, 1.0, 1.0, 30.0), (0.999, 1.001), (5000.0,), (0.86, *[1.0] * 5000)])
def test_every_value_is_in_the_picture(ratios: tuple[float, ...]) -> None:
    root = ET.fromstring(distribution.picture(distribution.Distribution("x", "lab", "", ratios, 0)))
    counted = [int(bar.find("title").text.rpartition(": ")[2].replace(",", "")) for bar in root.findall("rect")]  # type: ignore[union-attr]
    assert sum(counted) == len(ratios)
    assert all(0 <= float(bar.get("x", "")) <= 560 and float(bar.get("height", "")) >= 3 for bar in root.findall("rect"))
    assert len(root.findall("text")) <= 12
