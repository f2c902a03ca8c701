# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""perftest: bandwidth in every unit, latency, sweeps, both ends in one file, its JSON, and tests that failed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.measurement import Perftest, PerftestRow
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.perftest import parse

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse/perftest"
SWEEP = (SAMPLES / "ib_write_bw.all.txt").read_text()
LATENCY = (SAMPLES / "ib_send_lat.txt").read_text()
JSON = (SAMPLES / "ib_write_bw.json").read_text()
NEITHER = (
    "this is no output of perftest: it has neither the title of a test nor a table of results, but begins with '{}'. "
    "Give the whole output of ib_write_bw or its like, with standard error."
)
LINE = "-" * 87 + "\n"
HEAD = SWEEP[: SWEEP.index(" #bytes")]
COLUMNS = " #bytes     #iterations    BW peak[MiB/sec]    BW average[MiB/sec]   MsgRate[Mpps]\n"
ONE = HEAD + COLUMNS + " 65536      5000             11000.00           10000.00\t\t     0.160000\n" + LINE


def ids(document: Perftest) -> list[str]:
    return [fault.id for fault in document.faults]


def test_the_loopback_recording(recording: Callable[[str], str]) -> None:
    """Client and server print the same result into one file: it is there once."""
    document = parse(recording("perftest/ib_write_bw.loopback-8M.hdr.txt"))
    assert len(document.rows) == 1
    row = document.rows[0]
    assert (row.size_bytes, row.iterations, row.msg_rate_mpps) == (8388608, 20000, 0.003007)
    assert row.bw_peak_gbits_per_s == pytest.approx(24056.74 * 8 * 1048576 / 1e9, rel=1e-12)
    assert row.bw_avg_gbits_per_s == pytest.approx(24056.72 * 8 * 1048576 / 1e9, rel=1e-12)
    # The rate of messages says the same.
    assert row.bw_avg_gbits_per_s == pytest.approx(0.003007e6 * 8388608 * 8 / 1e9, rel=1e-3)
    assert (document.device, document.mtu_bytes, document.link_type, document.printed_unit) == ("ib0", 4096, "IB", "MB/sec")
    assert document.loopback is True
    assert document.complete
    assert document.further_runs == ()
    assert document.warnings == ("both ends of RDMA_Write BW have the same address: nothing left the port.",)
    assert document.faults == ()


def test_the_roce_recording(recording: Callable[[str], str]) -> None:
    document = parse(recording("perftest/ib_write_bw.roce-4qp-100g.txt"))
    assert document.rows == (PerftestRow(65536, 20000, None, 98.01, 98.01, 0.186932),)
    assert (document.test, document.device, document.qps, document.gid_index, document.link_type) == ("RDMA_Write BW", "mlx5_5", 4, 3, "Ethernet")
    assert (document.transport, document.connection, document.mtu_bytes) == ("IB", "RC", 4096)
    assert document.loopback is False
    assert document.complete
    assert not document.warnings
    assert not document.faults


def test_a_sweep() -> None:
    document = parse(SWEEP)
    assert [row.size_bytes for row in document.rows] == [1 << power for power in range(1, 24)]
    assert document.rows[0] == PerftestRow(2, 5000, None, 0.06464, 0.064, 4.0)
    assert document.rows[-1] == PerftestRow(8388608, 5000, None, 393.9, 390.0, 0.005811)
    assert (document.loopback, document.bidirectional, document.qps) == (False, False, 2)
    assert document.complete
    # Its last size ends it as well.
    assert parse(SWEEP.removesuffix(LINE)).complete
    cut = parse((SAMPLES / "ib_write_bw.all.truncated.txt").read_text())
    assert not cut.complete
    assert ids(cut) == ["run_incomplete"]
    assert cut.faults[0].message == "the test did not end: it ends after 17 rows."
    row = parse(SWEEP[: SWEEP.index(" 8388608") + 20])
    assert not row.complete
    assert row.warnings == ("line 44: the row has 2 of 5 columns and is left out.",)


def test_units() -> None:
    document = parse(ONE)
    assert document.rows[0].bw_avg_gbits_per_s == pytest.approx(83.88608, rel=1e-12)
    assert document.printed_unit == "MiB/sec"
    assert parse(ONE.replace("MiB", "MB")).rows == document.rows
    assert parse(ONE.replace("MiB/sec", "Gb/sec")).rows[0].bw_avg_gbits_per_s == 10000.0
    other = parse(ONE.replace("MiB/sec", "parsec"))
    assert other.rows[0].bw_avg_gbits_per_s is None
    assert other.warnings == ("line 22: not all of the row can be read.",)


def test_a_peak_that_was_not_measured() -> None:
    document = parse(ONE.replace("11000.00", "0.00"))
    assert document.rows[0].bw_peak_gbits_per_s is None
    assert document.rows[0].bw_avg_gbits_per_s
    assert not document.warnings


def test_latency() -> None:
    document = parse(LATENCY)
    assert document.test == "Send Latency"
    assert document.rows == (
        PerftestRow(
            2,
            1000,
            t_min_us=1.02,
            t_max_us=4.5,
            t_typical_us=1.1,
            t_avg_us=1.12,
            t_stdev_us=0.08,
            percentile_99_us=1.31,
            percentile_99_9_us=2.4,
        ),
    )
    assert document.complete
    cycles = parse(LATENCY.replace("[usec]", "[cycles]"))
    assert cycles.rows[0].t_avg_us is None
    timed = parse(HEAD + " #bytes        #iterations       t_avg[usec]    tps average\n 2             900000            1.11           450450.45\n" + LINE)
    assert timed.rows == (PerftestRow(2, 900000, t_avg_us=1.11, transactions_per_s=450450.45),)
    old = parse(HEAD + " #bytes #iterations    t_min[usec]    t_max[usec]  t_typical[usec]\n 2       1000          1.02           4.50         1.10\n" + LINE)
    assert old.rows == (PerftestRow(2, 1000, t_min_us=1.02, t_max_us=4.5, t_typical_us=1.1),)


def test_further_columns() -> None:
    """Service level, ports apart, use of the processor."""
    text = (
        HEAD
        + " #bytes    #sl      #iterations    BW peak[Gb/sec]    BW average[Gb/sec]   MsgRate[Mpps]\n 65536      3        5000   99.0   98.0   0.186920\n"
        + LINE
    )
    assert parse(text).rows == (PerftestRow(65536, 5000, None, 99.0, 98.0, 0.18692),)
    ports = COLUMNS.rstrip("\n").replace("MiB", "Gb") + "   BW Port1[Gb/sec]   MsgRate Port1[Mpps]   BW Port2[Gb/sec]   MsgRate Port2[Mpps]    CPU_Util[%]\n"
    row = PerftestRow(65536, 5000, None, 99.0, 98.0, 0.18692, cpu_percent=12.5)
    assert parse(HEAD + ports + " 65536 5000 99.0 98.0 0.186920 50 0.09 48 0.09 12.5\n" + LINE).rows == (row,)


def test_both_directions_apart() -> None:
    columns = COLUMNS.replace("MiB", "Gb")
    both = HEAD.replace("RDMA_Write BW", "RDMA_Write Bidirectional BW") + columns + " 65536 5000 200.0 198.0 0.37\n" + LINE
    text = (
        both + f"\n Local results: \n{LINE}{columns} 65536 5000 100.0 99.0 0.18\n{LINE}\n Remote results: \n{LINE}{columns} 65536 5000 100.0 99.0 0.19\n{LINE}"
    )
    document = parse(text)
    assert document.bidirectional
    assert [(row.side, row.bw_avg_gbits_per_s) for row in document.rows] == [(None, 198.0), ("local", 99.0), ("remote", 99.0)]


def test_a_test_that_goes_on_for_ever() -> None:
    document = parse(ONE.removesuffix(LINE) + " 65536      5000             11000.00           10001.00\t\t     0.160000\n")
    assert len(document.rows) == 2
    assert document.complete


def test_several_runs_and_the_other_end() -> None:
    other = ONE.replace("mlx5_0", "mlx5_1").replace("PSN 0x", "PSN 0xa")
    document = parse(ONE + other)
    assert (document.device, [run.device for run in document.further_runs]) == ("mlx5_0", ["mlx5_1"])
    assert document.warnings == ("2 runs follow one another: the first is shown, the others are in further_runs.",)
    mirrored = ONE.replace(" local", " LOCAL").replace(" remote", " local").replace(" LOCAL", " remote")
    assert mirrored != ONE
    # The server of such a test may print no result.
    server = mirrored[: mirrored.index(" #bytes")] + "Couldn't read remote address\n"
    for text in (ONE + mirrored, server + ONE, ONE + server):
        document = parse(text)
        assert document.further_runs == ()
        assert len(document.rows) == 1
    assert ids(document) == ["run_failed"]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("Couldn't connect to 10.0.0.2:18515", "Is the server started, and its port reachable over the management network?"),
        (" Unable to init the socket connection", "See errors."),
        ("Failed to modify QP 0x101 to RTR", "Check that both ports are active, in the same fabric, and that the GID index is right for RoCE."),
        (" Completion with error at client", "The other end did not answer: check link, subnet manager and, for RoCE, GID index and MTU at both ends."),
        (" IB device mlx5_9 not found", "ibdev2netdev and ibstat name the adapters of the host."),
        (" Port number 1 state is Down", "The port is down: check cable and subnet manager."),
        ("ethernet_read_keys: Couldn't read remote address", "See errors."),
    ],
)
def test_a_test_that_failed(line: str, hint: str) -> None:
    for text in (line + "\n", HEAD + line + "\n"):
        document = parse(text)
        assert ids(document) == ["run_failed", "run_incomplete"]
        assert document.errors == (line.strip(),)
        assert document.faults[0].message == f"the test failed: {line.strip()}."
        assert document.faults[0].hint == hint
        assert not document.complete
    both = parse(HEAD + line + "\n Failed status 12: wr_id 0 syndrom 0x81\n")
    assert both.faults[0].message == f"the test failed: {line.strip()} (and 1 more)."
    assert both.faults[0].subject == "RDMA_Write BW on mlx5_0"


def test_a_table_of_some_sizes() -> None:
    """It has an end only where a line of dashes follows."""
    two = ONE.removesuffix(LINE) + " 131072     5000             11000.00           10000.00\t\t     0.080000\n"
    assert parse(two + LINE).complete
    assert not parse(two).complete


def test_a_second_try_after_an_error() -> None:
    document = parse(f"{HEAD[: HEAD.index('Device')]}\nCouldn't connect to 10.0.0.2:18515\n{ONE}")
    assert (document.rows, [run.complete for run in document.further_runs]) == ((), [True])
    assert document.faults[0].subject == "RDMA_Write BW"


def test_runs_between_other_ends_are_all_kept() -> None:
    """Only the address of both ends tells the other end of a run from a run with another host."""
    near, far = "address: LID 0x01 QPN 0x0101 PSN 0xaaaaaa", "address: LID 0x02 QPN 0x0202 PSN 0xbbbbbb"
    third = far.replace("0x02", "0x03")
    rows = ONE[ONE.index(" #bytes") :]
    title = "                    RDMA_Write BW Test\n"
    runs = [f"{title} local {local}\n remote {remote}\n{rows}" for local, remote in ((near, far), (far, third), (third, near), (far, near))]
    assert len(parse(runs[0] + runs[1] + runs[2]).further_runs) == 2
    assert len(parse(runs[0] + runs[3]).further_runs) == 0
    # Two ends of which one has no LID are not the same.
    assert parse(f"{title} local {near}\n remote {far.replace('0x02 ', '0000 ')}\n{rows}").loopback is None


def test_equal_rows_of_one_end_are_two() -> None:
    assert len(parse(ONE.removesuffix(LINE) + ONE[ONE.index(" 65536") :]).rows) == 2


def test_below_a_limit() -> None:
    document = parse(ONE + "Error: BW result is below bw limit\n")
    assert ids(document) == ["below_limit"]
    assert document.faults[0].message == "the result is below the limit that was given: Error: BW result is below bw limit."


def test_a_server_without_a_client() -> None:
    document = parse("\n************************************\n* Waiting for client to connect... *\n************************************\n")
    assert ids(document) == ["run_incomplete"]
    assert document.faults[0].message == "the test did not end: it has no results."


def test_json() -> None:
    document = parse(JSON)
    assert (document.test, document.bidirectional, document.device, document.qps) == ("RDMA_Write Bidirectional BW", True, "mlx5_2", 4)
    assert (document.mtu_bytes, document.link_type, document.gid_index) == (4096, "Ethernet", 3)
    assert document.rows == (PerftestRow(65536, 20000, None, None, 380.5, 0.725746),)
    assert document.printed_unit == "Gb/sec"
    assert document.complete
    # It does not say its unit.
    mebibytes = parse(JSON.replace("380.50", "45359.13"))
    assert mebibytes.rows[0].bw_avg_gbits_per_s == pytest.approx(45359.13 * 8 * 1048576 / 1e9, rel=1e-12)
    peak = parse(JSON.replace("0.00,", "400.00,"))
    assert peak.rows[0].bw_peak_gbits_per_s == 400.0
    for unknown in (JSON.replace("0.725746", "0"), JSON.replace("380.50", "0"), JSON.replace('"MsgRate"', '"x"')):
        assert parse(unknown).rows[0].bw_avg_gbits_per_s is None
    assert mebibytes.printed_unit == "MB/sec"
    neither = parse(JSON.replace("380.50", "3805.0"))
    assert neither.rows[0].bw_avg_gbits_per_s is None
    assert neither.warnings == ("results: whether bandwidths are in MB/sec or Gb/sec can't be told, so none is taken.",)
    two = parse(JSON.replace('"results": {', '"results_local": {') + JSON)
    assert [row.side for row in two.rows] == ["local"]
    assert len(two.further_runs) == 1


def test_json_of_latency_and_without_quotes() -> None:
    results = {"MsgSize": 2, "n_iterations": 1000, "t_min": 1.02, "t_max": 4.5, "t_typical": 1.1, "t_avg": 1.12, "t_stdev": 0.08}
    results |= {"percentile_99": 1.31, "percentile_99.9": 2.4}
    document = parse(json.dumps({"test_info": {"test": "Send_Latency_Test", "Device": "mlx5_1"}, "results": results}))
    assert document.test == "Send Latency"
    assert document.rows == parse(LATENCY).rows
    assert document.warnings == ()
    assert parse('{"test_info": {"test": "x"}, "results": {}}').warnings == ()
    # Before 2023 nothing has quotes, and a comma stands before a closing bracket.
    unquoted = JSON.replace('"', "").replace("\n},", ",\n},").replace("0.725746\n}", "0.725746,\n},")
    assert parse(unquoted) == parse(JSON)
    two = parse(unquoted + unquoted.replace("mlx5_2", "mlx5_3").replace("380.50", "99.0"))
    assert [(run.device, run.rows[0].bw_avg_gbits_per_s) for run in (two, *two.further_runs)] == [("mlx5_2", 380.5), ("mlx5_3", None)]
    assert two.complete
    level = JSON.replace('"n_iterations"', 'sl: 3,\n"n_iterations"')
    assert parse(level) == parse(JSON)


def test_json_that_is_cut_off() -> None:
    quoted = parse(JSON + JSON.replace("mlx5_2", "mlx5_3")[:400])
    assert (quoted.device, quoted.further_runs) == ("mlx5_2", ())
    assert quoted.rows == parse(JSON).rows
    single = parse(JSON[: JSON.index('"BW_average"')])
    assert single.rows == (PerftestRow(65536, 20000),)
    for document in (quoted, single):
        assert not document.complete
        assert document.warnings == ("the file is cut off: what follows the last whole entry is lost.",)
        assert document.faults == ()
    unquoted = JSON.replace('"', "")
    assert parse(unquoted[unquoted.index("results") - 1 :].replace("results", "{\nresults", 1) + unquoted).rows == quoted.rows


def test_json_that_says_nothing() -> None:
    document = parse('{"test_info": {"test": "x"}, "results": {"BW_average": 3}}')
    assert document.rows == ()
    assert document.warnings == ("results has no size of messages: nothing of it is taken.",)
    assert ids(document) == ["run_incomplete"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (" \n", "the output is empty: expected is what a program of perftest (ib_write_bw, …) prints."),
        (
            "bash: ib_write_bw: command not found",
            NEITHER.format("bash: ib_write_bw: command not found"),
        ),
        ("srun: error: x\nError: out of memory", NEITHER.format("srun: error: x")),
        ("[1, 2]", None),
        ('{"a": 1}', "this is JSON, but not of perftest: it has no 'test_info'. ib_write_bw writes it with --out_json --out_json_file."),
        ('{"a": ', "line 1, column 7: this is not JSON: Expecting value. Was the file cut off?"),
    ],
)
def test_other_texts_are_refused(text: str, sentence: str | None, refused: Callable[[Callable[[str], object], str], str]) -> None:
    assert sentence in (None, refused(parse, text))


def test_prefixes_of_collectors() -> None:
    assert parse("".join(f"node1: {line}\n" for line in SWEEP.splitlines())) == parse(SWEEP)


def test_both_ends_that_print_at_the_same_time() -> None:
    """Their heads and lines alternate; the server prints the last size alone."""
    title, _, settings = HEAD.partition("Test\n")
    lines = settings.splitlines(keepends=True)
    own = "".join(line for line in lines if "address:" not in line)
    ends = [line for line in lines if "address:" in line]
    others = [line.replace("local", "REMOTE").replace("remote", "local").replace("REMOTE", "remote") for line in ends]
    addresses = "".join(ends + others)
    rows = SWEEP[SWEEP.index(" #bytes") :].splitlines(keepends=True)
    both = f"* Waiting for client to connect... *\n{title}Test\n{title}Test\n{own}{own}{addresses}{LINE}{LINE}{rows[0]}{''.join(rows)}{rows[-2]}{LINE}"
    document = parse(both)
    assert document.rows == parse(SWEEP).rows
    assert document.complete and not document.further_runs and not document.faults


def test_columns_that_lost_their_mark() -> None:
    assert parse(SWEEP.replace("#iterations", "iterations")) == parse(SWEEP)


def test_a_test_that_waited_in_vain_stays_a_run_of_its_own() -> None:
    document = parse(f"* Waiting for client to connect... *\n{HEAD}{SWEEP}")
    assert not document.complete
    assert [run.complete for run in document.further_runs] == [True]
