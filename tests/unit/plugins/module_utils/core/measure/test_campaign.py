# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From nodes to their parts of a schedule, and from what they bring back to rates and results."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.agent.measurement import Part
from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.campaign import (
    CONFIRM,
    ROUNDS,
    Campaign,
    Member,
    follow_each_other,
    members_from,
)
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.pairs import Settings
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.tools import Iperf3, Perftest, Rail
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult

from .answers import brought_back, iperf3, outcome

SETTINGS = Settings(material_loss=0.1)


def campaign(count: int, *, tool: Any = None, test: str = "network_bandwidth", gbits_per_s: float | None = None, **changes: Any) -> Campaign:
    members = tuple(
        Member(f"node{number:04}", f"10.0.{number // 250}.{number % 250 + 1}", f"leaf{number // 16}", "unit", gbits_per_s) for number in range(count)
    )
    return Campaign("run", members, tool or Iperf3(), 28100, 28109, SETTINGS, test=test, **changes)


def parts_of(made: Campaign, phase: str = ROUNDS) -> dict[str, Part]:
    return made.parts(made.plan(), phase=phase, token="secret")


def ports_in(commands: Any) -> list[int]:
    return [int(argv[argv.index("--port") + 1]) for argv in commands]


def judged(made: Campaign, rate: Any = None) -> tuple[CheckResult, ...]:
    """The results of the rounds where each pair reaches what ``rate`` says."""
    rounds = made.plan()
    rates, _problems = made.rates(rounds, ROUNDS, brought_back(parts_of(made), rate or (lambda server, client: 10.0)))
    return made.analyse(rates, lost=(), proof="lab").results


# Members


def test_members_are_what_the_playbook_says() -> None:
    rails = [{"number": 0, "device": "mlx5_0"}, {"number": "1", "device": "mlx5_1", "port": "2"}]
    first = {"name": "a", "address": "10.0.0.1", "leaf": "leaf1", "unit": None, "gbits_per_s": "100", "rail_gbits_per_s": "400", "rails": rails}
    entries = [first, {"name": "b", "address": "fd00::1"}]
    assert members_from(entries) == (Member("a", "10.0.0.1", "leaf1", "", 100.0), Member("b", "fd00::1", ""))
    assert members_from(entries, by_rail=True) == (Member("a", "10.0.0.1", "leaf1", "", 400.0, (Rail(0, "mlx5_0"), Rail(1, "mlx5_1", 2))),)


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([{"name": "a"}], "validate_address: a has no address to be measured at. Set it"),
        ([{"name": "a", "address": None}], "validate_address: a has no address to be measured at. Set it"),
        ([{"name": "a", "address": "10.0.0.1"}, {"name": "b", "address": "10.0.0.1"}], "validate_address: b and a both have 10.0.0.1. Give each"),
    ],
)
def test_members_that_cannot_be(entries: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(CoreError) as caught:
        members_from(entries)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("first", "last", "good"), [(28100, 28102, True), (28100, 28101, False), (65533, 65535, True), (65534, 65536, False), (1023, 1030, False)]
)
def test_ports(first: int, last: int, good: bool) -> None:
    if good:
        Campaign("run", (Member("a", "10.0.0.1", ""),), Iperf3(), first, last)
        return
    with pytest.raises(CoreError, match=f"validate_ports: {first}-{last} are too few ports, or none. 3 are needed, from 1024 to 65535"):
        Campaign("run", (Member("a", "10.0.0.1", ""),), Iperf3(), first, last)


def test_rails_need_ports_too() -> None:
    rails = tuple(Rail(number, f"mlx5_{number}") for number in range(8))
    with pytest.raises(CoreError, match="17 are needed"):
        Campaign("run", (Member("a", "10.0.0.1", "", rails=rails),), Perftest(), 28100, 28109)


# Parts


@pytest.mark.parametrize("count", [2, 7, 16, 40])
def test_both_nodes_of_a_pair_agree(count: int) -> None:
    made = campaign(count)
    rounds, parts = made.plan(), parts_of(made)
    assert sorted(parts) == [member.name for member in made.members]
    for one in rounds:
        for server, client in one.pairs:
            (serving,) = (slot for slot in parts[server].slots if slot.number == one.number)
            (running,) = (slot for slot in parts[client].slots if slot.number == one.number)
            assert (serving.peer, running.peer) == (client, server)
            assert (serving.begin_s, serving.end_s) == (running.begin_s, running.end_s)
            assert serving.serve and not serving.run and running.run and not running.serve
            asked = [argv for stage in running.run for argv in stage]
            assert ports_in(serving.serve) == ports_in(asked)
            assert set(ports_in(asked)) <= set(range(28101, 28110))
            address = parts[server].address
            assert all(argv[argv.index("--client") + 1] == address for argv in asked)
            assert all(argv[argv.index("--bind") + 1] == address for argv in serving.serve)
            assert {argv[argv.index("--extra-data") + 1] for argv in asked} == {made.mark(ROUNDS, one.number, server, client)}
    assert sum(bool(slot.run) for part in parts.values() for slot in part.slots) == sum(len(one.pairs) for one in rounds)


def test_few_nodes_meet_everybody_once() -> None:
    met = Counter(frozenset((name, slot.peer)) for name, part in parts_of(campaign(9)).items() for slot in part.slots if slot.run)
    assert len(met) == 36 and set(met.values()) == {1}


def test_slots_follow_each_other_with_room_for_what_they_run() -> None:
    tool = Iperf3(seconds=5)
    (part, *_others) = parts_of(campaign(6, tool=tool)).values()
    times = [time for slot in part.slots for time in (slot.begin_s, slot.end_s)]
    assert times == sorted(times) and times[0] == 0.0
    assert all(slot.end_s - slot.begin_s > part.lead_s + tool.duration_s() for slot in part.slots)
    assert {slot.least_s for slot in part.slots} <= {0.0, 5}
    assert part.duration_s == part.slots[-1].end_s and part.limit_s > part.gather_s + part.duration_s
    assert part.gather_s == 120 + 0.25 * part.nodes


def test_everybody_knows_who_conducts_and_how_many_take_part() -> None:
    parts = parts_of(campaign(8))
    expected = (("node0000", "10.0.0.1"), ("node0001", "10.0.0.2"), ("node0002", "10.0.0.3"))
    assert {part.conductors for part in parts.values()} == {expected}
    assert {(part.nodes, part.port, part.token, part.run_id, part.phase) for part in parts.values()} == {(8, 28100, "secret", "run", ROUNDS)}


def test_a_mark_is_of_one_pair_in_one_round_of_one_run() -> None:
    made = campaign(2)
    marks = [made.mark(ROUNDS, 1, "a", "b"), made.mark(CONFIRM, 1, "a", "b"), made.mark(ROUNDS, 2, "a", "b"), made.mark(ROUNDS, 1, "b", "a")]
    assert len({*marks, Campaign("other", made.members, Iperf3(), 28100, 28109).mark(ROUNDS, 1, "a", "b")}) == 5


@pytest.mark.parametrize("count", [0, 1])
def test_nobody_to_measure_with(count: int) -> None:
    assert parts_of(campaign(count)) == {}


def test_four_thousand_nodes_take_seconds() -> None:
    made = campaign(4000)
    rounds = made.plan()
    began = time.process_time()
    parts = made.parts(rounds, phase=ROUNDS, token="secret")
    assert time.process_time() - began < 2
    assert len(parts) == 4000 and {len(part.slots) for part in parts.values()} <= {6, 7}


# Several tests in one schedule


def both(nodes: int, with_rails: int) -> tuple[Campaign, Campaign]:
    """TCP between all nodes, RDMA between the last of them, which have rails."""
    network = campaign(nodes)
    rails = (Rail(0, "mlx5_0"), Rail(1, "mlx5_1"))
    members = tuple(replace(member, rails=rails) for member in network.members[nodes - with_rails :])
    return network, Campaign("run", members, Perftest(), 28100, 28109, test="rdma_bandwidth")


def followed(network: Campaign, rdma: Campaign) -> dict[str, Part]:
    return follow_each_other([(network, network.plan()), (rdma, rdma.plan())], phase=ROUNDS, token="secret")


def test_one_test_follows_the_other() -> None:
    network, rdma = both(7, 4)
    parts = followed(network, rdma)
    assert list(parts) == [member.name for member in network.members]
    assert {(part.nodes, part.conductors, part.token) for part in parts.values()} == {(7, tuple((m.name, m.address) for m in network.members[:3]), "secret")}
    ends = max(slot.end_s for part in parts.values() for slot in part.slots if slot.test == "network_bandwidth")
    for name, part in parts.items():
        times = [moment for slot in part.slots for moment in (slot.begin_s, slot.end_s)]
        assert times == sorted(times)
        assert all((slot.begin_s >= ends) == (slot.test == "rdma_bandwidth") for slot in part.slots)
        assert [slot.number for slot in part.slots if slot.test] == sorted({slot.number for slot in part.slots if slot.test == "network_bandwidth"}) + (
            [1, 2, 3] if name in [member.name for member in rdma.members] else []
        )


def test_the_ports_of_rails_are_watched_and_what_they_counted_is_judged() -> None:
    network, rdma = both(7, 4)
    parts = followed(network, rdma)
    assert {name: part.watch for name, part in parts.items() if part.watch} == {member.name: (("mlx5_0", 1), ("mlx5_1", 1)) for member in rdma.members}
    outputs = brought_back(parts, lambda server, client: 10.0)
    seen = {f"mlx5_{number}/1": {"counters/symbol_error": 0} for number in (0, 1)}
    for output in outputs.values():
        output["counters"] = {"before": seen, "after": seen}
    outputs["node0004"]["counters"] = {"before": seen, "after": {**seen, "mlx5_1/1": {"counters/symbol_error": 500}}}
    found = {one.subject.name: one.verdict for one in rdma.link_errors(outputs, proof="stub")}
    assert found == {"node0003": "pass", "node0004 rail 1": "warn", "node0005": "pass", "node0006": "pass"}
    assert network.link_errors(outputs, proof="lab") == ()


def test_each_test_reads_its_own_rounds() -> None:
    network, rdma = both(4, 4)
    outputs = brought_back(followed(network, rdma), lambda server, client: 10.0)
    for made, rails in ((network, 1), (rdma, 2)):
        rates, problems = made.rates(made.plan(), ROUNDS, outputs)
        assert problems == () and [rate.rate for rate in rates] == [10.0] * 6 * rails
    assert network.tool_name(outputs) == "iperf3 3.12" and rdma.tool_name(outputs) == "perftest"


def test_only_one_of_the_tests_has_something_to_confirm() -> None:
    network, rdma = both(7, 4)
    parts = follow_each_other([(network, ()), (rdma, rdma.plan()[:1])], phase=CONFIRM, token="secret")
    assert sorted(parts) == sorted(name for pair in rdma.plan()[0].pairs for name in pair)
    assert {(slot.begin_s, slot.test) for part in parts.values() for slot in part.slots} == {(0.0, "rdma_bandwidth")}
    assert follow_each_other([(network, ()), (rdma, ())], phase=CONFIRM, token="secret") == {}


# Rates


def test_rates_of_a_measurement_without_trouble() -> None:
    made = campaign(4)
    rates, problems = made.rates(made.plan(), ROUNDS, brought_back(parts_of(made), lambda server, client: 10.0))
    assert problems == ()
    assert [rate.rate for rate in rates] == [10.0] * 6 and not any(rate.confirm for rate in rates)
    confirmed, _problems = made.rates(made.plan(), CONFIRM, brought_back(parts_of(made, CONFIRM), lambda server, client: 10.0))
    assert [(rate.rate, rate.confirm) for rate in confirmed] == [(10.0, True)] * 6


def test_a_node_that_brought_nothing_back_was_measured_by_its_partners() -> None:
    made = campaign(4)
    outputs = brought_back(parts_of(made), lambda server, client: 10.0)
    del outputs["node0002"]
    rates, problems = made.rates(made.plan(), ROUNDS, outputs)
    assert [rate.rate for rate in rates] == [10.0] * 6 and problems == ()


def test_pairs_of_which_nobody_brought_anything_back_are_named() -> None:
    made = campaign(4)
    outputs = brought_back(parts_of(made), lambda server, client: 10.0)
    del outputs["node0001"], outputs["node0002"]
    rates, problems = made.rates(made.plan(), ROUNDS, outputs)
    assert [rate.rate for rate in rates].count(None) == 1
    (sentence,) = problems
    assert "node0001" in sentence and "node0002" in sentence and sentence.endswith("nothing came back from either node")


def test_outputs_of_another_phase_are_not_taken() -> None:
    made = campaign(4)
    rates, problems = made.rates(made.plan(), CONFIRM, brought_back(parts_of(made), lambda server, client: 10.0))
    assert {rate.rate for rate in rates} == {None} and "was not the one that was measured" in problems[0]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (lambda argv: outcome(argv, rc=127), "iperf3 is not installed"),
        (lambda argv: outcome(argv, rc=124, seconds=8.0), "iperf3 did not end in 8 s"),
        (lambda argv: iperf3(argv, 0, error="the server is busy"), "the server is busy"),
    ],
)
def test_a_client_that_measured_nothing_is_told_with_its_reason(broken: Any, why: str) -> None:
    made = campaign(4)
    outputs = brought_back(parts_of(made), lambda server, client: 10.0)
    first = made.plan()[0]
    server, client = first.pairs[0]
    slot = outputs[client]["slots"][0]
    slot["run"][0] = [broken(slot["run"][0][0]["argv"])]
    rates, problems = made.rates(made.plan(), ROUNDS, outputs)
    assert [(rate.a, rate.b) for rate in rates if rate.rate is None] == [(server, client)]
    assert problems == (f"{client} with {server}, round {first.number}: {why}",)


def test_rails_are_rates_of_their_own() -> None:
    rails = (Rail(0, "mlx5_0"), Rail(1, "mlx5_1"))
    rails_of = {"node1": rails, "node2": rails, "node3": rails, "node4": rails[1:]}
    members = tuple(Member(name, f"10.0.0.{name[-1]}", "", rails=own) for name, own in rails_of.items())
    made = Campaign("run", members, Perftest(), 28100, 28109)
    rates, problems = made.rates(made.plan(), ROUNDS, brought_back(parts_of(made), lambda server, client: 390.0))
    assert problems == ()
    assert Counter(rate.rail for rate in rates) == {0: 3, 1: 6}
    assert all(rate.rail == 1 for rate in rates if "node4" in (rate.a, rate.b))


# What they say


def test_only_what_looks_slow_is_confirmed_with_nodes_that_are_not() -> None:
    made = campaign(8)
    rounds = made.plan()
    for slow in (None, "node0003"):
        outputs = brought_back(parts_of(made), lambda server, client, slow=slow: 5.0 if slow in (server, client) else 10.0)  # type: ignore[misc]
        rates, _problems = made.rates(rounds, ROUNDS, outputs)
        analysis = made.analyse(rates, lost=(), proof="lab")
        confirmation = made.confirmation(analysis, rounds)
        if slow is None:
            assert confirmation == ()
        else:
            pairs = [pair for one in confirmation for pair in one.pairs]
            assert len(pairs) == 2 and all(slow in pair for pair in pairs)
            assert min(one.number for one in confirmation) == max(one.number for one in rounds) + 1


def test_a_slow_node_is_named() -> None:
    found = [result for result in judged(campaign(8), lambda server, client: 5.0 if "node0003" in (server, client) else 10.0) if result.verdict != "pass"]
    assert [(result.subject.kind, result.subject.name, result.verdict, result.expected, result.observed) for result in found] == [
        ("node", "node0003", "fail", 10.0, 5.0)
    ]
    assert (found[0].check, found[0].unit, found[0].proof, found[0].run_id) == ("network_bandwidth", "Gbit/s", "lab", "run")


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_nodes_are_inconclusive(count: int) -> None:
    assert {result.verdict for result in judged(campaign(count))} == {"inconclusive"}


@pytest.mark.parametrize(
    ("declared", "verdict", "severity"),
    [(None, None, ""), (11.0, "pass", "info"), (25.0, "fail", "critical")],
)
def test_the_fleet_is_judged_by_what_is_declared(declared: float | None, verdict: str | None, severity: str) -> None:
    made = campaign(4, gbits_per_s=declared)
    rates, _problems = made.rates(made.plan(), ROUNDS, brought_back(parts_of(made), lambda server, client: 10.0))
    analysis = made.analyse(rates, lost=(), proof="lab")
    found = made.fleet(analysis, proof="lab", share=0.9)
    if verdict is None:
        assert found is None
        return
    assert found is not None and declared is not None
    assert (found.verdict, found.severity, found.check) == (verdict, severity, "network_bandwidth_declared")
    assert (found.expected, found.observed) == (pytest.approx(0.9 * declared), 10.0)
    assert found.binding_limit == f"links of {declared:g} Gbit/s, as declared, of which 90% are to arrive"
    assert bool(found.hint) == bool(found.remediation) == (verdict == "fail")


def test_the_fleet_is_not_judged_by_half_a_declaration_or_without_a_rate() -> None:
    made = campaign(4, gbits_per_s=10.0)
    nothing = made.analyse((), lost=(), proof="lab")
    assert made.fleet(nothing, proof="lab", share=0.9) is None
    half = Campaign("run", (*made.members[:3], campaign(4).members[3]), Iperf3(), 28100, 28109)
    rates, _problems = made.rates(made.plan(), ROUNDS, brought_back(parts_of(made), lambda server, client: 10.0))
    assert half.fleet(half.analyse(rates, lost=(), proof="lab"), proof="lab", share=0.9) is None
