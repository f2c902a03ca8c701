# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From rates to what is slow: each kind of fault, alone and together, in clusters of every size, and nothing where nothing is."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest
from benchmark.slow_fabric import Fault, SlowFabric

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.attribution import analyse, suspects
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.confirmation import plan_confirmation
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.pairs import Settings
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.schedule import plan_rounds
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult, findings
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.isolation import Analysis, PairRate, Place, Round

Carries = Callable[[str, str, int], float]

LAB = [Place("node1", "leaf1", "lab"), Place("node2", "leaf1", "lab"), Place("node3", "leaf2", "lab"), Place("node4", "leaf2", "lab")]
SPINE = [Place(name, "spine", "lab") for name in ("ctl1", "ctl2", "login1")]
LEAF = {place.node: place.leaf for place in LAB + SPINE}


def places_of(fabric: SlowFabric) -> list[Place]:
    return [Place(f"node{n}", f"leaf{fabric.leaf(n)}", f"unit{fabric.unit(n)}") for n in range(fabric.nodes)]


def measured(fabric: SlowFabric, rounds: Iterable[Round]) -> list[PairRate]:
    rates = []
    for one in rounds:
        pairs = [(int(a[4:]), int(b[4:])) for a, b in one.pairs]
        rates += [PairRate(f"node{a}", f"node{b}", rail, one.number, rate, one.purpose == "confirm") for a, b, rail, rate in fabric.measure(pairs)]
    return rates


def look(fabric: SlowFabric) -> Analysis:
    places = places_of(fabric)
    return analyse(measured(fabric, plan_rounds(places)), places, run_id="r1", proof="stub")


def exactly(places: list[Place], carries: Carries, rails: int = 1) -> list[PairRate]:
    """A complete round robin in which nothing scatters, apart from a thousandth up and down."""
    return [
        PairRate(a, b, rail, one.number, carries(a, b, rail) * (1 + ((place * 7 + one.number * 3 + rail) % 5 - 2) / 2000), False)
        for one in plan_rounds(places)
        for place, (a, b) in enumerate(one.pairs)
        for rail in range(rails)
    ]


def said(analysis: Analysis) -> list[tuple[str, str, str]]:
    return [(result.verdict, result.subject.kind, result.subject.name) for result in findings(analysis.results)]


def only(analysis: Analysis) -> CheckResult:
    (finding,) = findings(analysis.results)
    return finding


FAULTS = [
    (Fault("node", 0.1, node=7), "node", "node7"),
    (Fault("node", 0.1, node=7, rail=2), "rail", "node7 rail 2"),
    (Fault("rail", 0.1, rail=2), "rail", "rail 2"),
    (Fault("leaf", 0.1, leaf=3), "leaf", "leaf3"),
    (Fault("leaf", 0.1, leaf=3, rail=1), "leaf", "leaf3 rail 1"),
    (Fault("uplink", 0.1, leaf=3), "uplink", "leaf3"),
    (Fault("uplink", 0.1, leaf=3, rail=1), "uplink", "leaf3 rail 1"),
]


@pytest.mark.parametrize("nodes", [24, 64, 100])
@pytest.mark.parametrize(("fault", "kind", "name"), FAULTS)
def test_one_fault_of_each_kind(fault: Fault, kind: str, name: str, nodes: int) -> None:
    fabric = SlowFabric(nodes, 4, 3, per_leaf=6, leaves_per_unit=3, faults=[fault])
    analysis = look(fabric)
    accused = [result for result in analysis.results if result.verdict in ("fail", "warn")]
    assert [(result.subject.kind, result.subject.name) for result in accused] == [(kind, name)]
    (finding,) = accused
    assert finding.verdict == "fail"
    assert finding.expected == pytest.approx(fabric.nominal, rel=0.01)
    assert finding.observed == pytest.approx(0.9 * fabric.nominal, rel=0.015)
    (effect,) = analysis.accused
    assert (effect.kind, effect.loss) == (kind, pytest.approx(0.1, abs=0.015))
    assert effect.z > 5


@pytest.mark.parametrize(
    ("nodes", "rails", "per_leaf"), [(2, 8, 2), (3, 2, 2), (4, 1, 2), (7, 1, 3), (24, 4, 6), (64, 8, 16), (65, 1, 4), (40, 1, 1), (33, 2, 33)]
)
@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_wrong(nodes: int, rails: int, per_leaf: int, seed: int) -> None:
    analysis = look(SlowFabric(nodes, rails, seed, per_leaf=per_leaf))
    assert [result for result in analysis.results if result.verdict in ("fail", "warn")] == []
    assert analysis.accused == ()


def test_every_node_has_a_result() -> None:
    fabric = SlowFabric(64, 2, 1)
    analysis = look(fabric)
    assert sorted(result.subject.name for result in analysis.results) == sorted(place.node for place in places_of(fabric))
    assert {(result.verdict, result.severity, result.check, result.proof, result.run_id, result.unit) for result in analysis.results} == {
        ("pass", "info", "pair_bandwidth", "stub", "r1", "GB/s")
    }
    assert len(analysis.effects) == 64 * 3
    assert analysis.noise == pytest.approx(0.01, rel=0.3)
    assert set(analysis.expected) == {"same_leaf", "other_leaf"}


def test_many_faults_at_once() -> None:
    faults = [
        *(Fault("node", slow, node=node) for node, slow in ((3, 0.05), (40, 0.2), (90, 0.5))),
        Fault("node", 0.3, node=77, rail=0),
        Fault("leaf", 0.2, leaf=6, rail=3),
        Fault("uplink", 0.1, leaf=1),
        Fault("rail", 0.15, rail=1),
    ]
    analysis = look(SlowFabric(128, 4, 5, per_leaf=8, faults=faults))
    accused = sorted((result.subject.kind, result.subject.name) for result in analysis.results if result.verdict == "fail")
    assert accused == [
        ("leaf", "leaf6 rail 3"),
        ("node", "node3"),
        ("node", "node40"),
        ("node", "node90"),
        ("rail", "node77 rail 0"),
        ("rail", "rail 1"),
        ("uplink", "leaf1"),
    ]


def test_a_quarter_of_all_nodes() -> None:
    slow = range(0, 64, 4)
    analysis = look(SlowFabric(64, 1, 2, per_leaf=8, faults=[Fault("node", 0.2, node=node) for node in slow]))
    assert sorted(result.subject.name for result in analysis.results if result.verdict == "fail") == sorted(f"node{node}" for node in slow)


@pytest.mark.parametrize("seed", range(4))
def test_the_level_is_that_of_the_unimpaired(seed: int) -> None:
    chosen = random.Random(seed).sample(range(96), 30)
    fabric = SlowFabric(96, 1, seed, per_leaf=8, faults=[Fault("node", 0.05, node=node) for node in chosen])
    analysis = look(fabric)
    assert analysis.expected["other_leaf"] == pytest.approx(fabric.nominal, rel=0.002)
    assert {name for verdict, _kind, name in said(analysis) if verdict == "fail"} == {f"node{node}" for node in chosen}


def test_glitches_accuse_nobody() -> None:
    places = [Place(f"n{n:02}", f"leaf{n // 8}", "unit") for n in range(32)]
    rates = [
        PairRate(a, b, 0, one.number, 40.0 * (0.6 if (one.number * 5 + place) % 9 == 0 else 1.0), False)
        for one in plan_rounds(places)
        for place, (a, b) in enumerate(one.pairs)
    ]
    analysis = analyse(rates, places)
    glitches = [rate for rate in rates if rate.rate != 40.0]
    assert len(glitches) > 10
    assert said(analysis) == []
    assert list(analysis.outliers) == glitches


def test_slow_nodes_do_not_make_a_slow_leaf_as_long_as_one_is_fast() -> None:
    slow = range(6, 11)
    analysis = look(SlowFabric(36, 1, 1, per_leaf=6, faults=[Fault("node", 0.2, node=node) for node in slow]))
    assert [entry for entry in said(analysis) if entry[0] == "fail"] == [("fail", "node", f"node{node}") for node in (10, 6, 7, 8, 9)]


def test_rails_of_a_node_do_not_make_a_slow_node_as_long_as_one_is_fast() -> None:
    analysis = look(SlowFabric(36, 4, 1, per_leaf=6, faults=[Fault("node", 0.2, node=3, rail=rail) for rail in (0, 1, 3)]))
    assert said(analysis) == [("fail", "rail", f"node3 rail {rail}") for rail in (0, 1, 3)]


def test_a_leaf_whose_nodes_never_met() -> None:
    fabric = SlowFabric(36, 1, 2, per_leaf=6, faults=[Fault("leaf", 0.2, leaf=2)])
    places = places_of(fabric)
    rounds = [one for one in plan_rounds(places) if one.purpose != "same_leaf"]
    assert said(analyse(measured(fabric, rounds), places))[0] == ("fail", "leaf", "leaf2")


@pytest.mark.parametrize("rails", [1, 8])
def test_what_is_usual_between_nodes_accuses_nobody(rails: int) -> None:
    places = [Place(f"n{n:02}", f"leaf{n // 4}", "unit") for n in range(16)]
    steps = {place.node: ((number * 7) % 16 - 8) / 100 for number, place in enumerate(places)}
    rates = exactly(places, lambda a, b, rail: 50.0 * (1 + min(steps[a], steps[b])), rails)
    assert [entry for entry in said(analyse(rates, places)) if entry[0] == "fail"] == []


def test_what_may_be_chance_is_inconclusive() -> None:
    fabric = SlowFabric(64, 1, 3, faults=[Fault("node", 0.06, node=9)])
    analysis = analyse(measured(fabric, plan_rounds(places_of(fabric))), places_of(fabric), settings=Settings(z=16.0))
    assert said(analysis) == [("inconclusive", "node", "node9")]
    assert only(analysis).hint.startswith("It looks 5.")
    assert only(analysis).hint.endswith("% slower than the rest, which may be chance.")


def test_a_node_that_was_only_measured_with_slow_ones() -> None:
    places = [Place(f"n{n:02}", f"leaf{n // 4}", "unit") for n in range(12)]
    slow = {"n05", "n09"}
    rates = exactly(places, lambda a, b, rail: 40.0 if {a, b} & slow else 50.0)
    analysis = analyse([rate for rate in rates if "n00" not in (rate.a, rate.b) or {rate.a, rate.b} & slow], places)
    assert said(analysis) == [("fail", "node", "n05"), ("fail", "node", "n09"), ("inconclusive", "node", "n00")]


# The lab: 1 Gbit/s to each node, 2 Gbit/s between a leaf and the spine.


def healthy(_a: str, _b: str, _rail: int = 0) -> float:
    return 0.94


def slow_node(a: str, b: str, _rail: int = 0) -> float:
    return 0.19 if "node3" in (a, b) else 0.94


def slow_uplink(a: str, b: str, _rail: int = 0) -> float:
    return 0.1 if LEAF[a] != LEAF[b] and "leaf1" in (LEAF[a], LEAF[b]) else 0.94


@pytest.mark.parametrize("places", [LAB, LAB + SPINE])
def test_the_lab(places: list[Place]) -> None:
    assert said(analyse(exactly(places, healthy), places)) == []
    analysis = analyse(exactly(places, slow_node), places, unit="Gbit/s")
    assert said(analysis) == [("fail", "node", "node3")]
    finding = only(analysis)
    assert (finding.severity, finding.unit, finding.subject.node) == ("critical", "Gbit/s", "node3")
    assert (finding.expected, finding.observed) == (pytest.approx(0.94, rel=0.01), pytest.approx(0.19, rel=0.01))
    assert analysis.proven == tuple(sorted(place.node for place in places if place.node != "node3"))


def test_what_a_node_reached_is_its_own_not_its_slow_partner_s() -> None:
    """With few partners the median of all would be: the history would then show a regression that is none."""
    places = [*LAB, *SPINE[:1]]
    few = [rate for rate in exactly(places, slow_node) if {rate.a, rate.b} != {"node1", "node2"} and {rate.a, rate.b} != {"ctl1", "node1"}]
    observed = {result.subject.name: result.observed for result in analyse(few, places).results if result.verdict == "pass"}
    assert {name: pytest.approx(0.94, rel=0.01) for name in ("ctl1", "node1", "node2", "node4")} == observed


def test_a_slow_uplink_in_the_lab() -> None:
    places = LAB + SPINE
    assert said(analyse(exactly(places, slow_uplink), places)) == [("fail", "uplink", "leaf1")]


def test_with_two_leaves_a_slow_uplink_may_be_either() -> None:
    analysis = analyse(exactly(LAB, slow_uplink), LAB)
    assert said(analysis) == [("fail", "uplink", "leaf1 or leaf2")]
    assert "can't be told from pairs between them" in only(analysis).hint
    assert analysis.accused[0].leaf == "leaf1 or leaf2"


def test_a_slow_leaf_of_two() -> None:
    analysis = analyse(exactly(LAB, lambda a, b, rail: 0.5 if "leaf1" in (LEAF[a], LEAF[b]) else 0.94), LAB)
    assert said(analysis) == [("fail", "leaf", "leaf1"), ("inconclusive", "node", "node1"), ("inconclusive", "node", "node2")]
    assert "held back by what is reported beside it" in findings(analysis.results)[1].hint


@pytest.mark.parametrize(
    ("dead_from", "hint"),
    [
        (1, "It was to be measured in 3 rounds and nothing came of any."),
        (2, "Nothing came of its measurements from round 2 on."),
    ],
)
def test_a_node_that_dies(dead_from: int, hint: str) -> None:
    rates = [
        PairRate(rate.a, rate.b, 0, rate.round, None if rate.round >= dead_from and "node3" in (rate.a, rate.b) else rate.rate, False)
        for rate in exactly(LAB, healthy)
    ]
    analysis = analyse(rates, LAB)
    assert said(analysis) == [("inconclusive", "node", "node3")]
    assert only(analysis).hint == hint
    assert "node3" not in analysis.proven or dead_from > 1


def test_a_node_that_is_known_to_be_lost() -> None:
    analysis = analyse(exactly(LAB, healthy), LAB, lost=["node3"])
    assert (said(analysis), only(analysis).hint) == ([("inconclusive", "node", "node3")], "It was lost; its last measurement is of round 3.")
    assert "node3" not in analysis.proven


def test_a_node_that_was_not_measured() -> None:
    analysis = analyse(exactly(LAB, healthy), [*LAB, Place("node5", "leaf2", "lab")])
    assert (said(analysis), only(analysis).hint) == ([("inconclusive", "node", "node5")], "It was in no measurement.")


def test_nothing_was_measured() -> None:
    analysis = analyse([], LAB)
    assert [verdict for verdict, _kind, _name in said(analysis)] == ["inconclusive"] * 4
    assert (analysis.expected, analysis.accused, analysis.proven) == ({}, (), ())
    assert analyse([], []).results == ()


def test_a_rail_of_which_nothing_came() -> None:
    rates = [PairRate(r.a, r.b, r.rail, r.round, None if r.rail == 1 and "node2" in (r.a, r.b) else r.rate, False) for r in exactly(LAB, healthy, rails=2)]
    analysis = analyse(rates, LAB)
    assert said(analysis) == [("inconclusive", "rail", "node2 rail 1")]
    assert only(analysis).hint == "Nothing came of its measurements on rail 1."


def test_two_nodes_cannot_be_compared() -> None:
    analysis = analyse(exactly(LAB[:2], healthy), LAB[:2])
    assert [result.hint for result in findings(analysis.results)] == ["Two nodes alone can't be compared with anything."] * 2


def test_one_slow_partner_is_not_enough() -> None:
    places = [*LAB, Place("node5", "leaf2", "lab")]
    rates = [*exactly(LAB, healthy), PairRate("node4", "node5", 0, 9, 0.5, False)]
    analysis = analyse(rates, places)
    assert said(analysis) == [("inconclusive", "node", "node5")]
    assert only(analysis).hint == "It was measured with 1 partners that are not slow themselves, 2 are needed."


def test_most_are_slow_and_it_is_said() -> None:
    analysis = analyse(exactly(LAB, lambda a, b, rail: 0.94 if {a, b} == {"node2", "node4"} else 0.5), LAB)
    assert said(analysis) == [("inconclusive", "fleet", "all nodes")]
    assert "1 of 6 measurements are faster than what is usual here" in only(analysis).hint


def test_a_link_that_is_slow_each_time() -> None:
    places = [Place(f"n{n}", f"leaf{n // 4}", "unit") for n in range(8)]
    rates = exactly(places, lambda a, b, rail: 25.0 if {a, b} == {"n1", "n6"} else 50.0)
    assert said(analyse(rates, places)) == []
    again = [*rates, PairRate("n6", "n1", 0, 20, 25.1, False)]
    analysis = analyse(again, places)
    assert [(verdict, kind) for verdict, kind, _name in said(analysis)] == [("warn", "link")]
    assert {analysis.accused[0].node, analysis.accused[0].leaf} == {"n1", "n6"}
    assert analysis.outliers == ()
    assert said(analyse([*rates, PairRate("n6", "n1", 0, 20, 49.9, False)], places)) == []


def test_all_uplinks_are_one_finding() -> None:
    places = [Place(f"n{n:02}", f"leaf{n // 4}", "unit") for n in range(12)]
    leaf = {place.node: place.leaf for place in places}
    rates = exactly(places, lambda a, b, rail: 50.0 if leaf[a] == leaf[b] else 30.0)
    analysis = analyse(rates, places)
    assert said(analysis) == [("fail", "uplink", "all leaves")]
    assert "oversubscribed" in only(analysis).hint
    assert said(analyse(rates, places, settings=Settings(other_leaf=0.6))) == []


def test_what_is_slow_between_units() -> None:
    places = [Place(f"n{n:02}", f"leaf{n // 4}", f"unit{n // 8}") for n in range(16)]
    unit = {place.node: place.unit for place in places}
    rates = exactly(places, lambda a, b, rail: 50.0 if unit[a] == unit[b] else 30.0)
    analysis = analyse(rates, places)
    assert said(analysis) == [("fail", "uplink", "between units")]
    assert (only(analysis).expected, only(analysis).observed) == (pytest.approx(50, rel=0.01), pytest.approx(30, rel=0.01))
    assert said(analyse(rates, places, settings=Settings(other_unit=0.6))) == []


def test_settings_decide_what_counts() -> None:
    fabric = SlowFabric(64, 1, 3, faults=[Fault("node", 0.06, node=9)])
    places = places_of(fabric)
    rates = measured(fabric, plan_rounds(places))
    assert said(analyse(rates, places)) == [("fail", "node", "node9")]
    assert only(analyse(rates, places)).severity == "warning"
    assert only(analyse(rates, places, settings=Settings(critical_loss=0.04))).severity == "critical"
    assert said(analyse(rates, places, settings=Settings(material_loss=0.1))) == []
    assert said(analyse(rates, places, settings=Settings(z=50.0))) == []
    assert said(analyse(rates, places, settings=Settings(partners=8)))[0][0] == "inconclusive"
    leaf = SlowFabric(64, 1, 3, faults=[Fault("leaf", 0.1, leaf=1)])
    rates = measured(leaf, plan_rounds(places))
    assert analyse(rates, places, settings=Settings(z=300.0)).accused == ()
    assert len(analyse(rates, places, settings=Settings(z=10.0)).accused) == 1


def test_the_evidence() -> None:
    finding = only(analyse(exactly(LAB + SPINE, slow_node), LAB + SPINE, unit="Gbit/s"))
    assert finding.evidence[0].what == "6 measurements with 6 partners, median"
    assert len(finding.evidence) == 1 + 6
    for single in finding.evidence[1:]:
        assert "node3" in single.what
        assert (single.observed, single.expected, single.unit) == (pytest.approx(0.19, rel=0.01), pytest.approx(0.94, rel=0.01), "Gbit/s")
    assert finding.remediation


def test_the_evidence_of_an_uplink_shows_that_its_nodes_are_fast() -> None:
    finding = only(analyse(exactly(LAB + SPINE, slow_uplink), LAB + SPINE))
    assert [(entry.what, entry.observed) for entry in finding.evidence[:2]] == [
        ("10 measurements of 10 pairs that leave the leaf, median", pytest.approx(0.1, rel=0.01)),
        ("1 measurements of pairs that stay on it, median", pytest.approx(0.94, rel=0.01)),
    ]


def test_confirmation() -> None:
    fabric = SlowFabric(64, 1, 6, faults=[Fault("node", 0.08, node=20)])
    places = places_of(fabric)
    rounds = plan_rounds(places)
    rates = measured(fabric, rounds)
    first = analyse(rates, places)
    assert suspects(first, places) == ("node20",)
    confirm = plan_confirmation(suspects(first, places), first.proven, places, first_number=8)
    assert said(analyse(rates + measured(fabric, confirm), places)) == [("fail", "node", "node20")]
    recovered = [PairRate(a, b, 0, one.number, fabric.nominal, True) for one in confirm for a, b in one.pairs]
    second = analyse(rates + recovered, places)
    assert said(second) == [("warn", "node", "node20")]
    assert "not when it was to be confirmed" in only(second).hint


def test_suspects_are_those_nearly_slow_and_some_of_a_slow_leaf() -> None:
    fabric = SlowFabric(64, 1, 4, per_leaf=8, faults=[Fault("uplink", 0.2, leaf=2), Fault("node", 0.03, node=1)])
    analysis = look(fabric)
    assert suspects(analysis, places_of(fabric)) == ("node1", "node16", "node17")


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (PairRate("node1", "node9", 0, 1, 5.0, False), "node9 was measured, and nobody said where it is. Give it a place: its leaf and its unit."),
        (PairRate("node1", "node2", 3, 1, 0.0, False), "0.0 is no rate: node1 with node2, rail 3, round 1. A rate that failed is none (null)."),
        (PairRate("node1", "node2", 0, 1, float("nan"), False), "nan is no rate: node1 with node2, rail 0, round 1. A rate that failed is none (null)."),
        (PairRate("node1", "node1", 0, 2, 5.0, False), "node1 was measured with itself, on rail 0 in round 2. A pair is two nodes."),
    ],
)
def test_rates_that_make_no_sense(rate: PairRate, message: str) -> None:
    with pytest.raises(CoreError) as caught:
        analyse([rate], LAB)
    assert str(caught.value) == message
