# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated nccl-tests: healthy machines give what is expected of them, faults take it away or spoil it, and the parser reads all of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.expectation import expect_bandwidth
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.verdict import judge
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.measurement import NcclTests
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.nccl_tests import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nccl_options import colour
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nccl_tests import nccl_tests
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import effective
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.programs import COLLECTIVES
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.rates import Outcome, machine

from .nodes_under_test import h100, lab

LARGE = ("-b", "8G", "-e", "8G", "-g", "8")
RING = {"NCCL_ALGO": "Ring"}


def run(profile: dict[str, Any], *argv: str, program: str = "all_reduce_perf", environment: dict[str, str] | None = None) -> Outcome:
    return nccl_tests(program, profile, argv, environment or {}, 4000)


def read(outcome: Outcome) -> NcclTests:
    return parse(outcome.before + outcome.stdout + outcome.stderr)


def busbw(found: NcclTests) -> float:
    result = found.rows[-1].out_of_place
    assert result is not None and result.busbw_gbytes_per_s is not None
    return result.busbw_gbytes_per_s


@pytest.mark.parametrize("program", COLLECTIVES)
def test_a_healthy_machine_passes(program: str) -> None:
    found = read(run(h100(), *LARGE, program=program))
    assert (found.collective, found.rank_count, found.complete, found.faults, found.warnings) == (program[:-5], 8, True, (), ())
    wanted = expect_bandwidth([machine(effective(h100()))], found.collective)  # type: ignore[arg-type]
    assert wanted.gbytes_per_s is not None
    assert judge(wanted, busbw(found)).verdict == "pass"


def test_default_and_ring_differ() -> None:
    default, ring = busbw(read(run(h100(), *LARGE))), busbw(read(run(h100(), *LARGE, environment=RING)))
    assert (round(default / 10), round(ring / 10)) == (47, 37)


@pytest.mark.parametrize(("kind", "gpu"), [("slow_gpu", 3), ("slow_nvlink", 3), ("nvlink_inactive", 3)])
def test_the_slowest_gpu_gates(kind: str, gpu: int) -> None:
    details = {"links": 6} if kind == "nvlink_inactive" else {}
    found = read(run(h100(kind, gpu, **details), *LARGE, environment=RING))
    wanted = expect_bandwidth([machine(effective(h100()))], "all_reduce", "ring")
    assert judge(wanted, busbw(found)).verdict == "fail"
    assert found.complete and not found.faults


def test_wrong_data() -> None:
    outcome = run(h100("wrong_data", 2), *LARGE)
    found = read(outcome)
    assert (outcome.rc, found.wrong_total, found.out_of_bounds) == (7, 32, 2)
    assert [fault.id for fault in found.faults] == ["wrong_values"]
    assert run(h100("wrong_data", 2), *LARGE, "-c", "0").rc == 0


def test_hang_and_crash() -> None:
    hang, crash = run(h100("nccl_hang"), *LARGE), run(h100("nccl_crash"), *LARGE)
    assert hang.hangs and not hang.stdout
    assert crash.signal == 11
    for outcome in (hang, crash):
        assert not read(outcome).complete and read(outcome).rank_count == 8


@pytest.mark.parametrize(
    ("kind", "rc", "said"),
    [
        ("gpu_absent", 5, "Invalid number of GPUs: 8 requested but only 7 were found."),
        ("gpu_lost", 2, "node1: Test CUDA failure common.cu:1201 'unknown error'"),
        ("driver_not_loaded", 2, "node1: Test CUDA failure common.cu:1201 'no CUDA-capable device is detected'"),
        ("fabric_failed", 2, "node1: Test CUDA failure common.cu:1201 'system not yet initialized'"),
    ],
)
def test_it_does_not_begin(kind: str, rc: int, said: str) -> None:
    outcome = run(h100(kind, 7), *LARGE)
    assert (outcome.rc, read(outcome).complete) == (rc, False)
    assert said in read(outcome).errors


def tasks(profile: dict[str, Any], count: int, *, connected: bool = True, **more: str) -> list[Outcome]:
    own = {"SLURM_NTASKS": str(count), "SLURM_STEP_NODELIST": "node1", **more}
    found = []
    for rank in range(count):
        environment = {**own, "SLURM_PROCID": str(rank), **({"PMIX_RANK": str(rank)} if connected else {})}
        found.append(nccl_tests("all_reduce_perf", profile, ["-b", "1G", "-e", "1G", "-g", "1"], environment, 4000 + rank))
    return found


def test_tasks_of_a_launcher_are_one_run() -> None:
    outcomes = tasks(h100(), 8)
    assert [bool(outcome.stdout) for outcome in outcomes] == [True, *[False] * 7]
    found = read(outcomes[0])
    assert (found.rank_count, [rank.device for rank in found.ranks], found.faults) == (8, list(range(8)), ())


@pytest.mark.parametrize(("profile", "connected"), [(h100("nccl_singletons"), True), (h100(), False)])
def test_singletons(profile: dict[str, Any], connected: bool) -> None:
    together = "".join(outcome.before + outcome.stdout for outcome in tasks(profile, 4, connected=connected))
    assert [fault.id for fault in parse(together).faults] == ["ran_apart"]


def test_pairs_on_each_rail_in_one_launch() -> None:
    """What validation.md 1.6 describes: groups of two ranks that differ in their node alone, read one by one from the JSON."""
    environment = {"SLURM_PROCID": "0", "SLURM_NTASKS": "16", "PMIX_RANK": "0", "SLURM_STEP_NODELIST": "node[1-2]", "NCCL_TESTS_SPLIT": "AND 0x7FFFFFF7"}
    outcome = nccl_tests("all_reduce_perf", h100(), ["-b", "1G", "-e", "1G", "-g", "1", "-I", "1", "-J", "out.json"], environment, 4000)
    for found in (read(outcome), parse(outcome.files["out.json"])):
        assert {rank.host for rank in found.ranks} == {"node1", "node2"}
        assert [rank.group for rank in found.ranks] == [*range(8), *range(8)]
        assert busbw(found) == pytest.approx(48 * 0.985, rel=0.01)
    assert len(read(outcome).rows[0].out_of_place.iterations.__dict__) == 4  # type: ignore[union-attr]
    assert "PMIX_RANK=0" in outcome.files["out.json"], "the environment is in it, as it is in the real one"


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({}, [0, 0, 0, 0]),
        ({"NCCL_TESTS_SPLIT": "MOD 2"}, [0, 1, 0, 1]),
        ({"NCCL_TESTS_SPLIT": "/2"}, [0, 0, 1, 1]),
        ({"NCCL_TESTS_SPLIT": "OR 0x1"}, [1, 1, 3, 3]),
        ({"NCCL_TESTS_SPLIT_MASK": "1"}, [0, 1, 0, 1]),
    ],
)
def test_groups(environment: dict[str, str], colours: list[int]) -> None:
    assert [colour(rank, environment) for rank in range(4)] == colours


def test_least_bandwidth() -> None:
    assert run(h100(), *LARGE, environment={"NCCL_TESTS_MIN_BW": "480"}).rc == 0
    outcome = run(h100(), *LARGE, environment={"NCCL_TESTS_MIN_BW": "600"})
    assert outcome.rc == 7 and [fault.id for fault in read(outcome).faults] == ["below_minimum"]


def test_other_options_are_refused_as_the_real_ones_do() -> None:
    outcome = run(h100(), "--colour", "red")
    assert (outcome.rc, outcome.stderr) == (0, "all_reduce_perf: unrecognized option '--colour'\n")
    assert outcome.stdout.startswith("invalid option '?'\nUSAGE: all_reduce_perf \n")
    assert "--output_file" in run(h100(), "-h").stdout and run(h100(), "-q").rc == 0
    assert (run(h100(), "-b", "8G", "-e", "1G").rc, run(h100(), "-b", "much").rc) == (255, 255)
    assert not run(h100(), *LARGE, "-J", "out.txt").files, "only .json is written"


def test_what_the_library_logs() -> None:
    environment = {"NCCL_DEBUG": "INFO", "NCCL_DEBUG_FILE": "nccl.%h.%p"}
    assert list(run(lab(), "-g", "4", environment=environment).files) == ["nccl.node1.4000"]
    log = run(lab(), "-g", "4", environment=environment).files["nccl.node1.4000"]
    assert "NET/IB : Using [0]mlx5_0:1/IB [1]mlx5_1:1/IB [RO]; OOB" in log and "GPU Direct RDMA Enabled for HCA 0 'mlx5_0'" in log
    fewer = run(lab("nccl_fewer_hcas", rail=0), "-g", "4", environment=environment).files["nccl.node1.4000"]
    assert "Using [0]mlx5_1:1/IB [RO]" in fewer
    assert "GPU Direct RDMA Disabled" in run(lab("nccl_no_gpudirect"), "-g", "4", environment=environment).files["nccl.node1.4000"]
    assert not run(lab(), "-g", "4", environment={"NCCL_DEBUG_FILE": "x"}).files


def test_the_form_is_that_of_a_recording() -> None:
    recorded = recordings.text("nccl_tests/all_reduce.2x-gb10.header-2.20.truncated.txt").split("\n")
    outcome = run(h100(), "-b", "8192", "-e", "65536", "-f", "2", "-g", "8")
    own = (outcome.before + outcome.stdout).split("\n")
    starts = ("# nThread", "#       size", "#        (B)", "#                        ")
    for start in starts:
        assert shape(next(line for line in own if line.startswith(start))) == shape(next(line for line in recorded if line.startswith(start)))
    rows = [next(line for line in lines if line.startswith("        8192")) for lines in (own, recorded)]
    assert len(rows[0]) == len(rows[1]) and len(rows[0].split()) == 13


def shape(line: str) -> str:
    return re.sub(r"\d+", "0", line).rstrip()
