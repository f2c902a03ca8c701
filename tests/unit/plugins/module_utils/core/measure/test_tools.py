# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nodes run to measure a pair, and what their outputs say: rates where both directions were measured, a reason everywhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.tools import End, Iperf3, Perftest, Rail, Reading

from .answers import iperf3, outcome, perftest

SERVER = End("node1", "192.0.2.1", (Rail(0, "mlx5_0"), Rail(1, "mlx5_1", 2), Rail(2, "mlx5_2")))
CLIENT = End("node2", "192.0.2.2", (Rail(0, "mlx5_0"), Rail(2, "mlx5_9")))
MARK = "0123456789abcdef"


# iperf3


def sides(forward: float = 10.0, backward: float = 9.0) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both ends of a pair bring back."""
    tool = Iperf3()
    serve, run = tool.serve(SERVER, CLIENT, 28101, MARK), tool.run(SERVER, CLIENT, 28101, MARK)
    rates = (forward, backward)
    server = {"peer": "node2", "run": [], "serve": [iperf3(argv, rates[way], mark=MARK, way=way) for way, argv in enumerate(serve)]}
    client = {"peer": "node1", "serve": [], "run": [[iperf3(stage[0], rates[way])] for way, stage in enumerate(run)]}
    return server, client


def read(server: dict[str, Any], client: dict[str, Any]) -> Reading:
    (reading,) = Iperf3().read(server, client, [0], MARK)
    return reading


def test_iperf3_is_run_both_ways_on_a_port_for_each() -> None:
    tool = Iperf3(seconds=3, omit_s=1, streams=8)
    serve = " | ".join(" ".join(argv) for argv in tool.serve(SERVER, CLIENT, 28101, MARK))
    assert serve == ("iperf3 --server --one-off --json --bind 192.0.2.1 --port 28101 | iperf3 --server --one-off --json --bind 192.0.2.1 --port 28102")
    forward, backward = (" ".join(stage[0]) for stage in tool.run(SERVER, CLIENT, 28101, MARK))
    common = "iperf3 --client 192.0.2.1 --bind 192.0.2.2 --json --connect-timeout 2000 --time 3 --omit 1 --parallel 8 --extra-data 0123456789abcdef"
    assert (forward, backward) == (f"{common} --port 28101", f"{common} --port 28102 --reverse")
    assert tool.ports(8) == 2 and tool.duration_s() == 9


def test_a_pair_is_as_fast_as_its_slower_direction() -> None:
    reading = read(*sides())
    assert (reading.forward, reading.backward, reading.rate, reading.problem) == (10.0, 9.0, 9.0, "")


def test_what_one_end_lost_the_other_knows() -> None:
    server, client = sides()
    assert read({}, client).rate == 9.0
    assert read(server, {}).rate == 9.0
    assert read({}, {}) == Reading(0, None, None, "nothing came back from either node")


def test_a_client_that_died_between_the_directions_is_half_replaced() -> None:
    server, client = sides()
    client["run"] = client["run"][:1]
    assert read(server, client).rate == 9.0


def test_another_client_than_the_planned_one_is_not_taken_for_it() -> None:
    server, client = sides()
    server["serve"][0] = iperf3(server["serve"][0]["argv"], 10.0, mark="somebody else's")
    reading = read(server, client)
    assert (reading.forward, reading.rate, reading.problem) == (None, None, "node2 was not the one that was measured")


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (outcome(["iperf3"], rc=127, stderr="No such file"), "iperf3 is not installed"),
        (outcome(["iperf3"], rc=124, seconds=8.2), "iperf3 did not end in 8 s"),
        (outcome(["iperf3"], rc=1, stderr="iperf3: parameter error\nusage"), "iperf3: parameter error"),
        (outcome(["iperf3"], "Killed\n", rc=-9), "this is no JSON of iperf3"),
        (iperf3(["iperf3", "--client"], 0, error="unable to connect to server: Connection refused"), "unable to connect to server: Connection refused"),
        (outcome(["iperf3"], json.dumps({"start": {"connecting_to": {}}, "intervals": [], "end": {}})), "iperf3 ended early"),
        (outcome(["iperf3"], iperf3(["iperf3", "--client"], 10.0)["stdout"][:-60]), "iperf3 ended early"),
    ],
)
def test_why_nothing_was_measured(broken: dict[str, Any], problem: str) -> None:
    _server, client = sides()
    client["run"][1] = [broken]
    reading = read({}, client)
    assert (reading.forward, reading.backward, reading.rate) == (10.0, None, None)
    assert reading.problem.startswith(problem)


def test_nothing_that_arrived_is_no_rate() -> None:
    _server, client = sides()
    stalled = json.loads(client["run"][0][0]["stdout"])
    stalled["end"]["sum_received"]["bits_per_second"] = 0
    client["run"][0] = [outcome(client["run"][0][0]["argv"], json.dumps(stalled))]
    assert read({}, client) == Reading(0, None, 9.0, "nothing arrived")


@pytest.mark.parametrize(
    ("make", "name"), [(lambda: Iperf3(seconds=0), "seconds"), (lambda: Iperf3(streams=0), "streams"), (lambda: Perftest(seconds=0), "seconds")]
)
def test_a_measurement_of_nothing_is_refused(make: Any, name: str) -> None:
    with pytest.raises(CoreError, match=f"{name} of (iperf3|perftest) is 0, and 1 is the least"):
        make()


# perftest


def test_the_same_rail_of_both_nodes_is_measured() -> None:
    tool = Perftest(gid_index=3)
    serve = [" ".join(argv) for argv in tool.serve(SERVER, CLIENT, 28101, MARK)]
    run = [[" ".join(argv) for argv in stage] for stage in tool.run(SERVER, CLIENT, 28101, MARK)]
    rest = "--size 1048576 --qp 4 --duration 2 --report_gbits --CPU-freq --gid-index 3"
    assert serve == [
        f"ib_write_bw --ib-dev mlx5_0 --ib-port 1 --port 28101 {rest}",
        f"ib_write_bw --ib-dev mlx5_2 --ib-port 1 --port 28103 {rest}",
        f"ib_read_bw --ib-dev mlx5_0 --ib-port 1 --port 28102 {rest}",
        f"ib_read_bw --ib-dev mlx5_2 --ib-port 1 --port 28104 {rest}",
    ]
    assert run == [
        [f"ib_write_bw --ib-dev mlx5_0 --ib-port 1 --port 28101 {rest} 192.0.2.1", f"ib_write_bw --ib-dev mlx5_9 --ib-port 1 --port 28103 {rest} 192.0.2.1"],
        [f"ib_read_bw --ib-dev mlx5_0 --ib-port 1 --port 28102 {rest} 192.0.2.1", f"ib_read_bw --ib-dev mlx5_9 --ib-port 1 --port 28104 {rest} 192.0.2.1"],
    ]
    assert tool.ports(3) == 6
    assert "--gid-index" not in " ".join(Perftest().serve(SERVER, CLIENT, 1, MARK)[0])


def test_perftest_reads_each_rail() -> None:
    run = Perftest().run(SERVER, CLIENT, 28101, MARK)
    rates = ((390.0, 200.0), (380.0, 391.0))
    client = {"run": [[perftest(argv, rates[way][place]) for place, argv in enumerate(stage)] for way, stage in enumerate(run)]}
    assert Perftest().read({}, client, [0, 2], MARK) == (Reading(0, 390.0, 380.0), Reading(2, 200.0, 391.0))
    assert [reading.rate for reading in Perftest().read({}, client, [0, 2], MARK)] == [380.0, 200.0]


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (outcome(["ib_write_bw"], rc=127), "ib_write_bw is not installed"),
        (outcome(["ib_write_bw"], rc=124, seconds=8.0), "ib_write_bw did not end in 8 s"),
        (outcome(["ib_write_bw"], rc=1, stderr="IB device mlx5_0 not found\nFailed\n"), "IB device mlx5_0 not found"),
        ({**perftest(["ib_write_bw"], 390.0), "rc": 2}, "ib_write_bw ended with status 2"),
        (perftest(["ib_write_bw"], 0.0), "ib_write_bw moved nothing"),
    ],
)
def test_a_rail_that_fails_is_told_and_the_others_count(broken: dict[str, Any], problem: str) -> None:
    good = perftest(["ib_read_bw"], 391.0)
    client = {"run": [[broken, perftest(["ib_write_bw"], 390.0)], [good, good]]}
    first, second = Perftest().read({}, client, [0, 2], MARK)
    assert (first.rate, second.rate) == (None, 390.0)
    assert first.problem == problem


def test_a_client_that_ran_nothing() -> None:
    assert Perftest().read({}, {}, [0], MARK) == (Reading(0, None, None, "the client ran nothing"),)
