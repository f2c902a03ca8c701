# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nccl-tests and rccl-tests: text of every layout, JSON of every form, and runs that are not what they seem."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.document import as_fields
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.measurement import NcclIterations, NcclResult, NcclRow, NcclTests
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.nccl_tests import parse

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse/nccl_tests"
SAMPLE = (SAMPLES / "all_reduce.4-ranks.txt").read_text()
FORM_3 = (SAMPLES / "all_reduce.form-3.json").read_text()
COLUMNS = "#       size         count      type   redop    root     time   algbw   busbw #wrong     time   algbw   busbw #wrong\n"
SIDES = "#                                                              out-of-place                       in-place          \n"
NEITHER = (
    "this is no output of nccl-tests or rccl-tests: it has neither their header nor a row of results, but says '{}'. "
    "Give the whole output of the run, with standard error."
)
SUMMARY = "# Out of bounds values : 0 OK\n# Avg bus bandwidth    : {} \n#\n"


def header(rank: int = 0, host: str = "node0", device: int = 0) -> str:
    return (
        "# nThread 1 nGpus 1 minBytes 1048576 maxBytes 1048576 step: 2(factor) warmup iters: 5 iters: 20 agg iters: 1 validation: 1 graph: 0\n"
        f"#\n# Using devices\n#  Rank {rank:2d} Group  0 Pid   4711 on {host:>10} device {device:2d} [0000:1b:00] NVIDIA Sample\n"
    )


def row(size: int = 1 << 20, redop: str = "sum", root: int = -1, algbw: float = 10.0, busbw: float = 15.0, wrong: str = "0", in_place: str = "0") -> str:
    half = f"  {size / algbw / 1e3:7.1f}  {algbw:6.2f}  {busbw:6.2f}"
    return f"{size:12d}  {size // 4:12d}  {'float':>8}  {redop:>6}  {root:6d}{half}  {wrong:>5}{half}  {in_place:>5}\n"


def ids(document: NcclTests) -> list[str]:
    return [fault.id for fault in document.faults]


# collective, ranks, rows, largest size, time, algbw, busbw, in-place busbw, average: the ground truths of the recordings. Theirs of 3 and 12 rank
# lines in the logs with NCCL_DEBUG count lines of the library too: 2 and 8 ranks are listed.
RECORDINGS = {
    "allreduce.8x-a100-40gb.old-format": ("all_reduce", 8, 34, 8589934592, 63896, 134.44, 235.26, 235.03, 68.4048),
    "allgather.8x-a100-40gb.old-format": ("all_gather", 8, 34, 8589934592, 33646, 255.31, 223.39, 230.07, 58.2651),
    "alltoall.8x-a100-40gb.old-format": ("alltoall", 8, 34, 8589934592, 33508, 256.36, 224.31, 226.16, 58.6481),
    "broadcast.8x-a100-40gb.old-format": ("broadcast", 8, 34, 8589934592, 36896, 232.81, 232.81, 234.70, 64.8653),
    "reduce.8x-a100-40gb.old-format": ("reduce", 8, 34, 8589934592, 37613, 228.38, 228.38, 228.83, 65.018),
    "all_reduce.16x-h100-2-nodes": ("all_reduce", 16, 5, 17179869184, 68359, 251.32, 471.22, 470.75, 464.075),
    "all_reduce.aws-mpirun-tagged": ("all_reduce", 0, 32, 17179869184, 62239, 276.03, 483.05, 483.35, 156.742),
    "all_reduce.4x-dgx-a100.old-format": ("all_reduce", 0, 13, 4294967296, 43557, 98.61, 191.05, 191.56, 113.289),
    "all_reduce.2x-dgx-a100-ib.old-format": ("all_reduce", 0, 30, 4294967296, 42715, 100.55, 188.53, 188.70, 53.7098),
    "all_reduce.64x-h100-coreweave": ("all_reduce", 0, 5, 8589934592, 43980, 195.31, 386.56, 385.56, 373.187),
    "all_reduce.72x-gb200-one-rack": ("all_reduce", 1, 5, 8589934592, 20299, 423.16, 834.57, 846.82, 745.53),
    "all_reduce.8x-a100-80gb.hostname-templated": ("all_reduce", 8, 6, 1073741824, 8109.1, 132.41, 231.72, 231.70, 210.99),
    "all_reduce.16x-h100-tail": ("all_reduce", 0, 5, 2147483648, 9063.6, 236.93, 444.25, 442.99, 406.034),
    "sendrecv.8x-h100-roce-debug": ("sendrecv", 8, 13, 26843545600, 4586620, 5.85, 5.85, 5.86, 5.80752),
    "all_reduce.2x-h100-roce-debug": ("all_reduce", 2, 13, 26843545600, 1793105, 14.97, 14.97, 15.00, 15.0418),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_recordings(name: str, recording: Callable[[str], str]) -> None:
    document = parse(recording(f"nccl_tests/{name}.txt"))
    collective, ranks, rows, size, time, algbw, busbw, in_place, average = RECORDINGS[name]
    assert (document.collective, len(document.ranks), len(document.rows)) == (collective, ranks, rows)
    largest = max(document.rows, key=lambda entry: entry.size_bytes)
    out = largest.out_of_place
    assert out and largest.in_place
    assert (largest.size_bytes, out.time_us, out.algbw_gbytes_per_s, out.busbw_gbytes_per_s) == (size, time, algbw, busbw)
    assert largest.in_place.busbw_gbytes_per_s == in_place
    assert document.avg_busbw_gbytes_per_s == average
    assert (document.wrong_total, document.out_of_bounds) == (0, None if "tail" in name and document.out_of_bounds is None else 0)
    assert document.complete
    assert not document.faults
    assert not [warning for warning in document.warnings if "altered" in warning or "cut off" in warning]


def test_the_recordings_name_their_machines(recording: Callable[[str], str]) -> None:
    document = parse(recording("nccl_tests/all_reduce.16x-h100-2-nodes.txt"))
    assert document.nccl_version == "2.23.4+cuda12.6"
    assert [rank.rank for rank in document.ranks] == list(range(16))
    assert {rank.host for rank in document.ranks} == {"h100-ord01-03-14", "h100-ord01-03-294"}
    assert {rank.product for rank in document.ranks} == {"NVIDIA H100 80GB HBM3"}
    # This version prints only the bus.
    assert {rank.pci_address for rank in document.ranks} == {None}
    document = parse(recording("nccl_tests/sendrecv.8x-h100-roce-debug.txt"))
    assert [rank.pci_address for rank in document.ranks] == 2 * ["0000:06:00", "0000:26:00", "0000:a6:00", "0000:c6:00"]
    assert {row.in_place.wrong for row in document.rows if row.in_place} == {None}
    assert document.settings and document.settings.step_bytes == 2147483648
    document = parse(recording("nccl_tests/all_reduce.4x-dgx-a100.old-format.txt"))
    assert document.rows[0].out_of_place and document.rows[0].out_of_place.max_error == 7e-07
    assert document.rows[0].out_of_place.wrong is None
    document = parse(recording("nccl_tests/all_reduce.72x-gb200-one-rack.txt"))
    assert document.rank_count == 72
    assert document.warnings == ("71 of 72 ranks are not listed.",)
    document = parse(recording("nccl_tests/alltoall.8x-a100-40gb.old-format.txt"))
    assert "the results were not checked (option -c 0): that no value is out of bounds says nothing." in document.warnings


def test_a_recording_without_summary_has_not_passed(recording: Callable[[str], str]) -> None:
    document = parse(recording("nccl_tests/all_reduce.2x-gb10.header-2.20.truncated.txt"))
    assert (document.version, document.nccl_version, document.collective, document.collective_source) == ("2.20.0", "2.31.2", "all_reduce", "named")
    assert len(document.rows) == 4
    assert not document.complete
    assert ids(document) == ["run_incomplete"]
    assert [rank.pci_address for rank in document.ranks] == ["000f:01:00", "000f:01:00"]


def test_every_field() -> None:
    document = parse(SAMPLE)
    assert (document.collective, document.version, document.nccl_version, document.rank_count) == ("all_reduce", "2.19.6", "2.30.7", 4)
    assert as_fields(document)["ranks"][3] == {
        "rank": 3,
        "host": "node1",
        "device": 1,
        "pci_address": "0000:2b:00",
        "group": 0,
        "product": "NVIDIA Sample 80GB",
    }
    first = as_fields(document)["rows"][0]
    assert {name: first[name] for name in ("size_bytes", "count", "type", "redop", "root")} == {
        "size_bytes": 67108864,
        "count": 16777216,
        "type": "float",
        "redop": "sum",
        "root": None,
    }
    assert first["in_place"] == {
        "time_us": 441.51,
        "algbw_gbytes_per_s": 152.0,
        "busbw_gbytes_per_s": 228.0,
        "wrong": 0,
        "max_error": None,
        "iterations": None,
    }
    assert as_fields(document)["settings"] == {
        "threads_per_process": 1,
        "gpus_per_thread": 1,
        "min_bytes": 67108864,
        "max_bytes": 536870912,
        "step_factor": 2,
        "step_bytes": None,
        "warmup_iterations": 10,
        "iterations": 20,
        "checks": 1,
    }
    assert (document.avg_busbw_gbytes_per_s, document.wrong_total, document.out_of_bounds) == (249.0, 0, 0)
    assert document.complete
    assert not document.warnings
    assert not document.faults


@pytest.mark.parametrize(
    "tag",
    [
        "[1,0]<stdout>:",
        "[1,0]<stdout>: ",
        "[prterun-node0-4711@1,0]<stdout>: ",
        "0: ",
        " 0: ",
        "node0: ",
        "2026-03-01T10:00:00.123456789Z ",
        "[2026-03-01T10:00:00.123Z] ",
        "Sun Mar  1 10:00:00 2026<stdout>:",
    ],
)
def test_tags_of_launchers(tag: str) -> None:
    tagged = "".join(tag + line + "\n" for line in SAMPLE.splitlines())
    assert parse(tagged) == parse(SAMPLE)
    # What the library wrote into a row moves its halves to lines of their own, with tags of their own.
    log = "node0:4000:4000 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[0] via P2P/CUMEM"
    broken = tagged.replace("      -1   447.39", f"      -1{log}\n{tag}   447.39").replace("       0   441.51", f"       0{log}\n{tag}   441.51")
    assert broken.count(log) == 2
    assert parse(broken) == parse(SAMPLE)


def test_lines_of_the_library_in_the_middle_of_a_row() -> None:
    log = " node0:4000:4100 [0] NCCL INFO NCCL_SOCKET_IFNAME set by environment to eth0\n"
    broken = SAMPLE.replace("sum      -1   838.86", "sum      -1" + log + log + "   838.86")
    assert parse(broken) == parse(SAMPLE)
    lost = SAMPLE.replace("sum      -1   838.86  160.00  240.00       0   828.50  162.00  243.00       0\n", "sum      -1" + log)
    document = parse(lost)
    assert len(document.rows) == 3
    assert "line 15: the row of 134217728 B is cut off." in document.warnings
    half = parse(SAMPLE.replace("   828.50  162.00  243.00       0\n", "\n"))
    assert half.rows[1].in_place is None
    assert half.rows[1].out_of_place
    assert "line 15: the row of 134217728 B has only its first half." in half.warnings


def test_further_columns() -> None:
    """Timestamps (-S), iterations one by one (-I), and algorithm, protocol and channels (rccl-tests)."""
    stamped = SAMPLE.replace("       0\n", "       0  2026-03-01 10:00:00\n")
    assert parse(stamped) == parse(SAMPLE)
    for extra in ("    Ring    LL128          16\n", "     N/A      N/A         N/A\n"):
        assert parse(SAMPLE.replace("       0\n", "       0" + extra)) == parse(SAMPLE)
    columns = COLUMNS.replace("#wrong", "#wrong    i_min    i_max    i_p99    i_cv%").replace("   time", "cputime")
    half = "   100.00   10.00   15.00       0    99.00  1.2e+03   105.00     0.52"
    document = parse(header() + columns + f"     1048576        262144     float     sum      -1{half}{half}\n" + SUMMARY.format(15))
    assert document.rows[0].in_place and document.rows[0].in_place.iterations
    assert as_fields(document)["rows"][0]["in_place"]["iterations"] == {
        "min_us": 99.0,
        "max_us": 1200.0,
        "percentile_99_us": 105.0,
        "variation_percent": 0.52,
    }
    assert document.cpu_time
    assert not parse(SAMPLE).cpu_time


def test_one_side_only() -> None:
    """rccl-tests with -O 0 or 1, and a replay that measures in place only."""
    columns = COLUMNS.replace("     time   algbw   busbw #wrong\n", "\n")
    line = "     1048576        262144     float     sum      -1   100.00   10.00   15.00       0\n"
    document = parse(header() + SIDES.replace("in-place", "") + columns + line + SUMMARY.format(15))
    assert document.rows[0].in_place is None
    assert document.rows[0].out_of_place
    assert document.complete
    assert "one rank took part: nothing was communicated." in document.warnings
    document = parse(header() + SIDES.replace("out-of-place", "") + columns + line + SUMMARY.format(15))
    assert document.rows[0].out_of_place is None
    assert document.rows[0].in_place
    replayed = line.replace("-1   100.00", "-1" + " " * 35 + "100.00")
    document = parse(header() + SIDES + COLUMNS + replayed + SUMMARY.format(15))
    assert document.rows[0].out_of_place is None
    assert document.rows[0].in_place
    assert not [warning for warning in document.warnings if "half" in warning]


def test_rccl_tests() -> None:
    text = (
        "On gfx942 architecture, using FNUZ FP8 types# Collective test starting: reduce_scatter_perf\n"
        + header()
        + "rccl-tests: Version develop:1a2b3c4\n"
        + "#  Rank  1 Group  0 Pid   4712 on      node0 device  1 [0000:26:00] AMD Instinct MI300X\nRCCL version : 2.27.7-HEAD:0d2c4fd\n"
        + SIDES
        + COLUMNS
        + row(algbw=10, busbw=5, redop="sum", wrong="0")
        + "# Errors with asterisks indicate errors that have exceeded the maximum threshold.\n"
        + SUMMARY.format(5)
    )
    document = parse(text)
    assert (document.collective, document.version, document.nccl_version) == ("reduce_scatter", "develop:1a2b3c4", "2.27.7-HEAD:0d2c4fd")
    assert document.rank_count == 2
    assert document.complete
    assert not document.faults


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("node1: Test NCCL failure common.cu:1279 'unhandled system error / '", "Test NCCL failure"),
        ("node1: Test CUDA failure common.cu:892 'out of memory'", "Test CUDA failure"),
        (" .. node1 pid 4711: Test failure common.cu:1100", "Test failure"),
        ("node1: Test timeout (600s) common.cu:500", "Test timeout"),
        ("srun: error: node1: task 3: Segmentation fault", "srun: error"),
        ("slurmstepd: error: *** STEP 12.0 ON node1 CANCELLED AT 2026-03-01T10:00:00 DUE TO TIME LIMIT ***", "slurmstepd"),
        ("[node1:4711] *** Process received signal ***", "received signal"),
        ("mpirun noticed that process rank 3 with PID 4711 on node node1 exited on signal 9 (Killed).", "mpirun noticed"),
        ("Primary job  terminated normally, but 1 process returned", "Primary job"),
        ("# error: ncclSystemError", "ncclSystemError"),
    ],
)
def test_a_run_that_failed(line: str, sentence: str) -> None:
    failed = "".join(SAMPLE.splitlines(keepends=True)[:-6]) + line + "\n"
    document = parse(failed)
    assert ids(document) == ["run_failed", "run_incomplete"]
    assert sentence in document.faults[0].message
    assert document.errors == (line.strip(),)
    assert not document.complete
    # The same line in a log of the library, and what the loader says of a part that is not needed, tell of no failure.
    assert not parse(SAMPLE + "node0:1:1 [0] NCCL INFO dlerror=libnccl-net.so: error while loading shared libraries\n").errors
    assert not parse(SAMPLE + "node0: mca_base: error while loading shared libraries: libucp.so (ignored)\n").errors


def test_a_run_that_never_began() -> None:
    document = parse("bash: ./build/all_reduce_perf: No such file or directory\n")
    assert ids(document) == ["run_failed", "run_incomplete"]
    assert document.collective == "all_reduce"
    assert document.faults[1].message == "the run did not end: it has no results."


def test_warnings_of_the_library_are_kept() -> None:
    document = parse(SAMPLE + "node1:12:34 [1] misc/ibvwrap.cc:94 NCCL WARN Call to ibv_modify_qp failed with error Connection timed out\n")
    assert document.nccl_warnings == ("Call to ibv_modify_qp failed with error Connection timed out",)
    assert not document.errors


def test_wrong_values() -> None:
    bad = SAMPLE.replace("258.00       0\n", "258.00  1.04858e+06\n").replace("values : 0 OK", "values : 2 FAILED")
    document = parse(bad)
    assert document.rows[2].in_place and document.rows[2].in_place.wrong == 1048580
    assert (document.wrong_total, document.out_of_bounds) == (1048580, 2)
    assert ids(document) == ["wrong_values"]
    assert document.faults[0].message == "the results have 1048580 wrong values at 268435456 B: data were corrupted on the way."
    # The old form marks the deviation.
    old = (SAMPLES / "all_reduce.old.txt").read_text()
    assert not parse(old).faults
    document = parse(old.replace("5e-07", "3e-01*", 1))
    assert ids(document) == ["wrong_values"]
    assert document.rows[0].out_of_place and document.rows[0].out_of_place.max_error == 0.3


def test_what_faults_say() -> None:
    (fault,) = parse(SAMPLE.replace("values : 0 OK", "values : 2 FAILED").replace("       0  ", "     N/A  ").replace("       0\n", "     N/A\n")).faults
    assert (fault.subject, fault.message) == ("all_reduce", "the results have 2 wrong values: data were corrupted on the way.")
    (fault,) = parse(SAMPLE.replace("values : 0 OK", "values : x FAILED")).faults
    assert fault.message == "the results have wrong values: data were corrupted on the way."
    sizes = "".join(row(1 << power, wrong="1") for power in range(20, 25))
    assert "5 wrong values at 1048576, 2097152, 4194304, 8388608 … B" in parse(header() + SIDES + COLUMNS + sizes + SUMMARY.format(15)).faults[0].message
    sizes = "".join(row(1 << power, wrong="1") for power in range(20, 24))
    assert "4 wrong values at 1048576, 2097152, 4194304, 8388608 B" in parse(header() + SIDES + COLUMNS + sizes + SUMMARY.format(15)).faults[0].message
    rows = SAMPLE[: SAMPLE.index("# Out of bounds")]
    one = parse(rows + "node1: Test CUDA failure common.cu:892 'out of memory'\n")
    assert one.faults[0].message == "the run failed: node1: Test CUDA failure common.cu:892 'out of memory'."
    assert one.faults[1].message == "the run did not end: it ends after 4 rows, without its summary."
    two = parse(rows + "node1: Test CUDA failure common.cu:892 'a'\nnode0: Test CUDA failure common.cu:892 'b'\n")
    assert two.faults[0].message == "the run failed: node1: Test CUDA failure common.cu:892 'a' (and 1 more)."


def test_ranks_that_are_not_listed() -> None:
    table = SIDES + COLUMNS + row() + SUMMARY.format(15)
    assert parse(table).warnings == ("no rank is listed: how many GPUs took part can't be told.",)
    assert parse(table).rank_count is None
    gap = parse(header() + header(3, device=3).splitlines(True)[-1] + table)
    assert (gap.rank_count, gap.warnings) == (4, ("2 of 4 ranks are not listed.",))


@pytest.mark.parametrize(
    ("settings", "is_missing"),
    [
        ("maxBytes 1048576 step: 2(factor)", False),
        ("maxBytes 2097151 step: 2(factor)", False),
        ("maxBytes 2097152 step: 2(factor)", True),
        ("maxBytes 1049599 step: 1024(bytes)", False),
        ("maxBytes 1049600 step: 1024(bytes)", True),
        ("maxBytes 9999999 step: 0(bytes)", False),
    ],
)
def test_sizes_that_are_missing(settings: str, is_missing: bool) -> None:
    one = header().replace("maxBytes 1048576 step: 2(factor)", settings)
    document = parse(one + SIDES + COLUMNS + row() + SUMMARY.format(15))
    assert any("the sizes end at 1048576 B" in warning for warning in document.warnings) is is_missing


def test_below_the_minimum() -> None:
    document = parse(SAMPLE.replace("bandwidth    : 249 \n", "bandwidth    : 249 FAILED\n"))
    assert ids(document) == ["below_minimum"]
    assert document.faults[0].message == "the average bus bandwidth of 249.0 GB/s is below what NCCL_TESTS_MIN_BW asks for."


def one_rank(host: str) -> str:
    return header(host=host) + SIDES + COLUMNS + row(busbw=0.0) + SUMMARY.format(0)


def test_programs_that_ran_apart() -> None:
    """A program that was built without MPI runs as often as it is started, each time alone."""
    in_turn = one_rank("node0") + one_rank("node1") + one_rank("node1")
    document = parse(in_turn)
    assert ids(document) == ["ran_apart"]
    assert document.faults[0].message == "3 programs ran each on its own: rank 0 is there 3 times. Nothing was measured between them."
    at_once = "".join(one + two for one, two in zip(one_rank("node0").splitlines(True), one_rank("node1").splitlines(True), strict=True))
    document = parse(at_once)
    assert "ran_apart" in ids(document)
    assert len(document.ranks) == 2
    # Two programs of eight ranks each are as much apart, if they print at once.
    two = header() + header(1, device=1) + header() + header(1, device=1) + SIDES + COLUMNS + row() + SUMMARY.format(15)
    assert "ran_apart" in ids(parse(two))
    # One rank of two collectives, or with other settings, is what was asked for.
    assert not parse(one_rank("node0") + one_rank("node0").replace("minBytes 1048576", "minBytes 8")).faults
    # A single one-rank run is a run of one rank.
    document = parse(one_rank("node0"))
    assert not document.faults
    assert "one rank took part: nothing was communicated." in document.warnings


def test_several_runs_in_one_file() -> None:
    gather = SAMPLE.replace("all_reduce_perf", "all_gather_perf").replace("values : 0 OK", "values : 1 FAILED")
    document = parse("$ mpirun all_reduce_perf\n" + SAMPLE + "$ mpirun all_gather_perf\n" + gather)
    assert document.collective == "all_reduce"
    assert [run.collective for run in document.further_runs] == ["all_gather"]
    assert len(document.further_runs[0].rows) == 4
    assert document.warnings[0] == "2 runs follow one another: the first is shown, the others are in further_runs."
    assert [(fault.id, fault.subject) for fault in document.faults] == [("wrong_values", "all_gather (4 ranks)")]
    # Without the line that names the collective, the command does.
    nameless = "".join(line for line in SAMPLE.splitlines(True) if "Collective test" not in line)
    document = parse("$ mpirun all_reduce_perf\n" + nameless + "$ mpirun reduce_scatter_perf -g 1\n" + nameless)
    assert [document.collective, *(run.collective for run in document.further_runs)] == ["all_reduce", "reduce_scatter"]
    # The first failed before its table.
    died = "".join(SAMPLE.splitlines(True)[:8]) + "node1: Test NCCL failure common.cu:1 'x'\n"
    document = parse(died + SAMPLE)
    assert len(document.further_runs) == 1
    assert ids(document) == ["run_failed", "run_incomplete"]


def test_two_averages_are_none() -> None:
    document = parse(SAMPLE.replace("# Avg bus bandwidth    : 249 \n", "# Avg bus bandwidth    : 249 \n# Avg bus bandwidth    : 250 \n"))
    assert document.avg_busbw_gbytes_per_s is None
    assert "2 different averages are printed for one run: none of them is taken." in document.warnings


def test_what_does_not_fit_is_said() -> None:
    altered = parse(SAMPLE.replace("240.00", "24.00"))
    assert altered.warnings == ("the rows give an average of 222 GB/s, but 249 is printed: rows are missing or altered.",)
    fewer = parse(SAMPLE.replace("maxBytes 536870912", "maxBytes 4294967296"))
    assert fewer.warnings == ("the sizes end at 536870912 B, though 4294967296 B were asked for.",)
    reduced = parse(SAMPLE.replace("# Using devices", "# Reducing maxBytes to 536870912 due to memory limitation\n# Using devices"))
    assert reduced.warnings == ("the memory of the GPUs did not suffice: sizes end at 536870912 B.",)
    cut = parse(SAMPLE.replace("#  Rank  3 Group  0 Pid   4003 on      node1 device  1 [0000:2b:00] NVIDIA Sample 80GB", "#  Rank  3 Gr"))
    assert "line 9: the line of a rank is cut off." in cut.warnings
    unread = parse(SAMPLE.replace("bandwidth    : 249", "bandwidth    : -nan"))
    assert unread.avg_busbw_gbytes_per_s is None
    assert "line 19: Avg bus bandwidth is '-nan', which is no number." in unread.warnings


@pytest.mark.parametrize(
    ("lines", "ranks", "collective"),
    [
        (row(algbw=10, busbw=15), 4, "all_reduce"),
        (row(algbw=10, busbw=7.5), 4, "reduce_scatter"),
        (row(redop="none", algbw=10, busbw=7.5), 4, "all_gather"),
        (row(redop="none", algbw=10, busbw=7.5, in_place="N/A"), 4, "alltoall"),
        (row(redop="none", algbw=10, busbw=10, in_place="N/A"), 4, "sendrecv"),
        (row(algbw=10, busbw=10, in_place="N/A"), 4, "sendrecv"),
        (row(redop="none", root=0, algbw=10, busbw=10), 4, "broadcast"),
        (row(redop="sum", root=0, algbw=10, busbw=10), 4, "reduce"),
        # With two ranks, all_reduce has the factor of sendrecv.
        (row(algbw=10, busbw=10), 2, "all_reduce"),
        (row(algbw=10, busbw=10, in_place="N/A"), 2, "sendrecv"),
        (row(algbw=10, busbw=5), 2, "reduce_scatter"),
        (row(redop="none", algbw=10, busbw=5), 2, "all_gather"),
        (row(redop="none", root=0, algbw=10, busbw=5), 2, None),
        (row(redop="none", root=0, algbw=10, busbw=9), 4, None),
        (row(algbw=10, busbw=9), 4, None),
        (row(redop="none", algbw=10, busbw=9, in_place="N/A"), 4, None),
        # Scatter and gather, all_gather and alltoall without checks, and what has too few digits, can't be told apart.
        (row(redop="none", root=0, algbw=10, busbw=7.5), 4, None),
        (row(redop="none", algbw=10, busbw=7.5, wrong="N/A", in_place="N/A"), 4, None),
        (row(algbw=0.02, busbw=0.03), 4, None),
        # Without the list of ranks.
        (row(algbw=10, busbw=15), 0, "all_reduce"),
        (row(algbw=10, busbw=8.75), 0, "reduce_scatter"),
        (row(algbw=10, busbw=10), 0, None),
        (row(redop="none", algbw=10, busbw=7.5), 0, "all_gather"),
    ],
)
def test_the_collective_follows_from_the_bandwidths(lines: str, ranks: int, collective: str | None) -> None:
    listed = "".join(f"#  Rank {rank:2d} Group  0 Pid   4711 on      node0 device {rank:2d} [0000:1b:00] X\n" for rank in range(ranks))
    document = parse(listed + SIDES + COLUMNS + lines + "# Avg bus bandwidth    : 1\n")
    assert (document.collective, document.collective_source) == (collective, "inferred" if collective else None)


def test_groups_of_a_split_run() -> None:
    listed = "".join(f"#  Rank {rank:2d} Group {rank % 2:2d} Pid   4711 on      node0 device {rank:2d} [0000:1b:00] X\n" for rank in range(8))
    document = parse(listed + SIDES + COLUMNS + row(algbw=10, busbw=15) + SUMMARY.format(15))
    assert (document.collective, document.rank_count) == ("all_reduce", 8)
    assert [rank.group for rank in document.ranks[:3]] == [0, 1, 0]


def test_json_of_form_3() -> None:
    document = parse(FORM_3)
    text = parse(SAMPLE)
    assert (document.json_version, document.collective, document.nccl_version) == (3, "all_reduce", "2.30.7")
    assert document.ranks == text.ranks
    assert document.settings == text.settings
    assert [entry.size_bytes for entry in document.rows] == [entry.size_bytes for entry in text.rows]
    first = document.rows[0].out_of_place
    assert first and first.iterations
    assert first.busbw_gbytes_per_s == 225.0
    assert first.iterations.variation_percent == 0.4
    assert first.iterations == NcclIterations(442.918502, 469.762048, 465.288124, 0.4)
    assert document.rows[0] == NcclRow(
        size_bytes=67108864,
        count=16777216,
        type="float",
        redop="sum",
        out_of_place=NcclResult(447.392427, 150.0, 225.0, 0, None, first.iterations),
        in_place=NcclResult(441.505684, 152.0, 228.0, 0, None, NcclIterations(437.090627, 463.580968, 459.165912, 0.4)),
    )
    assert (document.avg_busbw_gbytes_per_s, document.wrong_total) == (249.0, 0)
    assert (document.collective_source, document.cpu_time, document.rank_count) == ("named", False, 4)
    assert document.complete
    assert not document.warnings
    assert not document.faults


def test_json_without_some_of_it() -> None:
    for arguments in ([], ["./a.out"], [7]):
        document = parse(form(args=arguments))
        assert (document.collective, document.collective_source) == ("all_reduce", "inferred")
    assert parse(form(args=["/x/sendrecv_perf"])).collective == "sendrecv"
    empty = parse(form(args=[], results=[]))
    assert (empty.collective, empty.collective_source, empty.complete) == (None, None, False)
    for code, version in ((22705, "2.27.5"), (2604, "2.6.4"), (0, None), (-1, None), (10**6, None), ("x", None), (None, None)):
        assert parse(form(nccl_version=code)).nccl_version == version
    config = json.loads(FORM_3)["config"]
    for name in ("nthreads", "ngpus", "minimum_bytes", "maximum_bytes"):
        document = parse(form(config={**config, name: None}))
        assert (document.settings, document.rank_count) == (None, 4)
    for name in ("rank", "device", "hostname"):
        assert [entry.rank for entry in parse(form(config={**config, "devices": [{**config["devices"][0], name: None}, config["devices"][1]]})).ranks] == [1]
    assert parse(form(config={**config, "devices": []})).rank_count is None
    two = parse(form(config={**config, "ngpus": 2}))
    assert (two.rank_count, two.warnings) == (8, ("ranks has only the first GPU of each process: 8 took part.",))
    assert parse(form(config={**config, "devices": [{**config["devices"][0], "group": 2}]})).ranks[0].group == 2


def test_rows_of_json() -> None:
    entry = json.loads(FORM_3)["results"][0]
    for root, expected in ((0, 0), ("3", 3), (-1, None), ("x", None), (None, None)):
        assert parse(form(results=[{**entry, "root": root}])).rows[0].root == expected
    assert parse(form(results=[{**entry, "count": None}])).rows == ()
    cpu = parse(form(results=[{**entry, "out_of_place": {"cpu_time": 12.5, "alg_bw": 1.0, "bus_bw": 1.5, "nwrong": "N/A"}, "out_of_place_per_iter": None}]))
    assert cpu.cpu_time is True
    assert cpu.rows[0].out_of_place == NcclResult(12.5, 1.0, 1.5, None)
    wrong = parse(form(results=[{**entry, "in_place": {**entry["in_place"], "nwrong": 5.0}}]))
    assert (wrong.wrong_total, ids(wrong)) == (5, ["wrong_values"])
    for words, faults in (({"okay": False}, ["wrong_values"]), ({"okay": "true"}, []), ({"okay": True}, []), ({}, []), (None, [])):
        assert ids(parse(form(out_of_bounds=words))) == faults
    for okay, faults in (("false", ["below_minimum"]), (False, ["below_minimum"]), ("true", []), (None, [])):
        assert ids(parse(form(average_bus_bandwidth={"bandwidth": 1.0, "okay": okay}))) == faults


def test_the_environment_is_not_kept() -> None:
    assert "not-to-be-kept" in FORM_3
    for text in (FORM_3, (SAMPLES / "all_reduce.form-3.truncated.json").read_text()):
        printed = json.dumps(as_fields(parse(text)))
        assert "not-to-be-kept" not in printed
        assert "API_TOKEN" not in printed
        assert "/home/" not in printed


def form(**changes: Any) -> str:
    return json.dumps({**json.loads(FORM_3), **changes})


def test_older_forms_of_json() -> None:
    older = json.loads(FORM_3)
    older["version"] = 1
    older["average_bus_bandwidith"] = {"bandwidith": older.pop("average_bus_bandwidth")["bandwidth"], "okay": "false"}
    document = parse(json.dumps(older))
    assert document.json_version == 1
    assert document.avg_busbw_gbytes_per_s == 249.0
    assert ids(document) == ["below_minimum"]


def test_json_of_a_run_that_went_wrong() -> None:
    document = parse(form(out_of_bounds={"count": 3, "okay": "false"}, errors=["unhandled cuda error"]))
    assert ids(document) == ["run_failed", "wrong_values"]
    assert document.errors == ("unhandled cuda error",)
    without_end = json.loads(FORM_3)
    del without_end["average_bus_bandwidth"]
    assert not parse(json.dumps(without_end)).complete
    unchecked = json.loads(FORM_3)
    for entry in unchecked["results"]:
        entry["in_place"]["nwrong"] = None
        entry["out_of_place"]["nwrong"] = None
    document = parse(json.dumps(unchecked))
    assert {half.wrong for entry in document.rows for half in (entry.in_place, entry.out_of_place) if half} == {None}


def test_json_that_is_none() -> None:
    """A bare inf, a line cut off, and an entry that can't be read."""
    document = parse(FORM_3.replace('"alg_bw":150.0', '"alg_bw":inf', 1))
    assert document.rows[0].out_of_place and document.rows[0].out_of_place.algbw_gbytes_per_s is None
    assert document.complete
    document = parse((SAMPLES / "all_reduce.form-3.truncated.json").read_text())
    assert len(document.rows) == 3
    # The third row was being written: of it only the first half is there.
    assert document.rows[2].in_place is None
    assert document.warnings[-1] == "the JSON ends in the middle: what follows the last whole entry is lost."
    assert not document.complete
    document = parse(form(results=[{"size": "many"}, *json.loads(FORM_3)["results"]]))
    assert "results[0] is no row that can be read." in document.warnings
    document = parse(form(config={**json.loads(FORM_3)["config"], "ngpus": 8, "devices": [{"rank": 0}, *json.loads(FORM_3)["config"]["devices"]]}))
    assert "config.devices[0] is no rank that can be read." in document.warnings
    assert document.rank_count == 32
    assert "ranks has only the first GPU of each process: 32 took part." in document.warnings


def test_json_of_rccl_tests() -> None:
    text = (SAMPLES / "rccl.all_reduce.json").read_text()
    document = parse(text)
    assert (document.collective, document.rank_count, len(document.rows)) == ("all_reduce", 4, 2)
    assert document.rows[1] == NcclRow(134217728, None, "float", "sum", None, NcclResult(838.8608, 160.0, 240.0, 0), NcclResult(828.504494, 162.0, 243.0, 0))
    assert (document.wrong_total, document.collective_source, document.warnings) == (0, "named", ())
    assert document.complete
    assert parse(text.replace('"AllReduce"', '"New"')).collective == "New"
    assert parse(text.replace('"ranks":4, ', '"gpus":8, ')).rank_count == 8
    assert parse(text.replace('"wrong":"0"', '"wrong":"N/A"')).rows[0].out_of_place == NcclResult(447.392427, 150.0, 225.0, None)
    assert [row.in_place is None for row in parse(text.replace('"numCycle":0', '"numCycle":1', 1)).rows] == [True, False, False]
    by_lines = text.replace("[\n", "").replace("\n]", "").replace("},", "}")
    by_line = parse(by_lines)
    assert by_line.rows == document.rows
    assert by_line.warnings == ("this form has no end: whether the run ended can't be told.",)
    assert by_line.complete
    cut = parse(text[: text.rindex("{") + 40])
    assert not cut.complete
    assert cut.warnings == ("the JSON ends in the middle: what follows the last whole entry is lost.",)
    assert len(cut.rows) == 2
    assert cut.rows[1].in_place is None
    cut = parse(by_lines[: by_lines.rindex("{") + 40])
    assert not cut.complete
    assert len(cut.rows) == 2
    assert ids(parse(text.replace('"wrong":"0"', '"wrong":"7"', 1))) == ["wrong_values"]
    assert "record 1 has no size that can be read." in parse(text.replace('"size":67108864', '"size":"x"', 1)).warnings


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the output is empty: expected is what a program of nccl-tests or rccl-tests prints."),
        (
            "srun: error: Unable to allocate resources: Invalid partition name specified\n",
            NEITHER.format("srun: error: Unable to allocate resources: Invalid partition name specified"),
        ),
        (
            "<html><body>404</body></html>",
            NEITHER.format("<html><body>404</body></html>"),
        ),
        ('{"gpus": []}', "this is JSON, but not of nccl-tests or rccl-tests: it has no 'args' with 'config' or 'results'."),
        ('{"gpus": [', "line 1, column 11: this is not JSON: Expecting value. Was the file cut off?"),
        ('{"args": []}', "this is JSON, but not of nccl-tests or rccl-tests: it has no 'args' with 'config' or 'results'."),
        ('{"results": []}', "this is JSON, but not of nccl-tests or rccl-tests: it has no 'args' with 'config' or 'results'."),
        ("[]", NEITHER.format("[]")),
        ('[{"name": "x"}]', "this is JSON, but not of nccl-tests or rccl-tests: it has no 'args' with 'config' or 'results'."),
        ("[[]]", None),
    ],
)
def test_other_texts_are_refused(text: str, sentence: str | None, refused: Callable[[Callable[[str], object], str], str]) -> None:
    assert sentence in (None, refused(parse, text))


def test_a_long_log_is_read_in_linear_time() -> None:
    log = "node0:4000:4000 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[0] via P2P/CUMEM\n"
    document = parse(log * 100_000 + SAMPLE)
    assert document.complete
    for nasty in ("# " * 50_000, "1 " * 50_000, "#  Rank " * 20_000, " " * 200_000, "[" * 100_000 + "," * 100_000, '{"args": [' + '"\\' * 50_000):
        try:
            parse(SAMPLE + nasty)
            parse(nasty)
        except Exception as error:
            assert type(error).__name__ == "CoreError", nasty[:20]


def test_a_launcher_that_tags_each_piece_of_a_row_costs_no_row() -> None:
    tagged = "".join(f"[0]{line}\n" for line in SAMPLE.replace("      -1 ", "      -1[0] ").splitlines())
    assert "-1[0]" in tagged
    document, plain = parse(tagged), parse(SAMPLE)
    assert document.rows == plain.rows
    assert document.complete and not document.warnings and not document.faults


def test_a_text_that_lost_its_marks_is_the_same_run() -> None:
    document, plain = parse(SAMPLE.replace("#", "")), parse(SAMPLE)
    assert document == plain


def test_the_layout_of_2017() -> None:
    """No mark before the settings and the summary, no process ids, and times in milliseconds."""
    document = parse(
        "nThread 1 nGpus 2 minBytes 8 maxBytes 67108864 step: 8388608(factor) warmup iters: 5 iters: 20 validation: 1\n"
        "# NCCL Tests compiled with NCCL 2.1\n# Using devices\n"
        "#   Rank  0 on      node7 device  0 [0x3b] Sample GPU\n#   Rank  1 on      node7 device  1 [0x5e] Sample GPU\n\n"
        "#                                                 out-of-place                    in-place\n"
        "#      bytes             N    type      op     time  algbw  busbw      res     time  algbw  busbw      res\n"
        "           8             2   float     sum    0.031   0.00   0.00    0e+00    0.029   0.00   0.00    0e+00\n"
        "    67108864      16777216   float     sum    6.711  10.00  10.00    0e+00    6.710  10.00  10.00    0e+00\n"
        " Out of bounds values : 0 OK\n Avg bus bandwidth    : 5\n\n"
    )
    assert document.complete and not document.warnings and not document.faults
    assert [rank.host for rank in document.ranks] == ["node7", "node7"]
    assert [row.out_of_place.time_us for row in document.rows if row.out_of_place] == [31.0, 6711.0]
    assert (document.collective, document.avg_busbw_gbytes_per_s, document.out_of_bounds) == ("all_reduce", 5.0, 0)


def test_versions_of_rccl_tests() -> None:
    line = "# rccl-tests version 2.18.1-main:0a1b2c3 rccl-headers=22905 rccl-library=22904\n"
    document = parse(f"{line}{header()}{header(1).splitlines()[-1]}\n{COLUMNS}{row()}{SUMMARY.format(15)}")
    assert (document.version, document.nccl_version) == ("2.18.1-main:0a1b2c3", "2.29.4")
    unknown = parse(f"{header()}rccl-tests: Version :+\n{header(1).splitlines()[-1]}\n{COLUMNS}{row()}{SUMMARY.format(15)}")
    assert unknown.version is None
