# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated perftest: the lower rate of two ends, both ends' output, and options that a program does not have."""

from __future__ import annotations

from dataclasses import replace

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.perftest import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.perftest import End, compatible, end_of, report
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.programs import PAIRS
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.rates import Outcome

from .nodes_under_test import h100, lab


def end(program: str, *argv: str, kind: str = "", node: str = "node1", **details: int) -> End:
    found = end_of(program, h100(kind, node=node, **details), argv)
    assert isinstance(found, End), found
    return found


def both(program: str, *argv: str, kind: str = "", **details: int) -> tuple[Outcome, Outcome]:
    client, server = end(program, "node2", *argv), end(program, *argv, kind=kind, node="node2", **details)
    assert compatible(client, server)
    return report(client, server), report(server, client)


@pytest.mark.parametrize("program", PAIRS)
def test_the_parser_reads_both_ends(program: str) -> None:
    for outcome in both(program, "-d", "mlx5_3"):
        found = parse(outcome.before + outcome.stdout)
        assert (found.device, found.link_type, found.complete, found.faults, found.warnings) == ("mlx5_3", "IB", True, (), ())
        row = found.rows[0]
        if program.endswith("_lat"):
            assert row.t_typical_us and 1.5 < row.t_typical_us < 2.5
        else:
            assert row.bw_avg_gbits_per_s == pytest.approx(400 * 0.985, rel=0.02)


def rate(outcome: Outcome) -> float:
    return parse(outcome.before + outcome.stdout).rows[0].bw_avg_gbits_per_s or 0.0


def test_the_slower_end_gates() -> None:
    asked = ("ib_write_bw", "-d", "mlx5_2", "--report_gbits", "-D", "2")
    assert rate(both(*asked, kind="slow_rail", rail=2, percent=40)[0]) == pytest.approx(0.6 * rate(both(*asked)[0]), rel=0.02)
    assert rate(both("ib_write_bw", "-d", "mlx5_1", kind="slow_rail", rail=2)[0]) == pytest.approx(400 * 0.985, rel=0.02)


def test_sizes_directions_and_files() -> None:
    outcome = both("ib_write_bw", "-a", "-b", "--out_json", "--out_json_file=out.json", "--report_gbits", "-q", "2")[0]
    found = parse(outcome.before + outcome.stdout)
    assert [row.size_bytes for row in found.rows] == [2**power for power in range(1, 24)]
    assert (found.bidirectional, found.qps) == (True, 2)
    assert found.rows[-1].bw_avg_gbits_per_s == pytest.approx(800 * 0.985, rel=0.02)
    assert parse(outcome.files["out.json"]).rows[0].bw_avg_gbits_per_s == found.rows[-1].bw_avg_gbits_per_s


def test_it_takes_no_more_than_seconds() -> None:
    assert end("ib_write_bw", "-D", "3600").seconds == 2
    assert end("ib_write_bw").seconds < 1


def test_ends_that_do_not_fit() -> None:
    own = end("ib_write_bw")
    assert not compatible(own, end("ib_read_bw")) and not compatible(own, end("ib_write_bw", "-s", "1024")) and compatible(own, replace(own, device="mlx5_7"))


@pytest.mark.parametrize(
    ("program", "argv", "said"),
    [
        ("ib_write_bw", ("--colour",), " Invalid Command or flag.\n"),
        ("ib_write_bw", ("-o", "4"), "ib_write_bw: invalid option -- 'o'\n"),
        ("ib_write_lat", ("--report_gbits",), "ib_write_lat: unrecognized option '--report_gbits'\n"),
        ("ib_write_bw", ("-d", "mlx5_9"), "IB device mlx5_9 not found\n Unable to find the Infiniband/RoCE device\n"),
        ("ib_write_bw", ("one", "two"), " Invalid Command line. Please check command rerun \n"),
        ("ib_write_bw", ("--use_cuda=9",), "No such device ID (9) exists in system\n"),
    ],
)
def test_what_is_refused(program: str, argv: tuple[str, ...], said: str) -> None:
    outcome = end_of(program, h100(), argv)
    assert isinstance(outcome, Outcome) and outcome.rc == 1 and said in outcome.stderr


def test_options_of_each_program() -> None:
    assert end("ib_read_bw", "-o", "4").rail == 0
    assert isinstance(end_of("ib_write_bw", lab(), ["-h"]), Outcome)


def test_the_form_is_that_of_a_recording() -> None:
    recorded = recordings.text("perftest/ib_write_bw.roce-4qp-100g.txt").split("\n")
    outcome = both("ib_write_bw", "--report_gbits")[0]
    own = (outcome.before + outcome.stdout).split("\n")
    labels = (" Dual-port", " Connection", " TX depth", " CQ Mod", " Mtu", " Link type", " Max inline", " rdma_cm")
    for start in ("---", "                    RDMA", *labels, " #bytes"):
        pair = [next(line for line in lines if line.startswith(start)) for lines in (own, recorded)]
        assert pair[0].split(":")[0] == pair[1].split(":")[0], start
    assert next(line for line in own if line.startswith(" #bytes")) in recorded
