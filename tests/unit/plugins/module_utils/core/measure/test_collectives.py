# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collectives on one node: the right verdict for each way in which a run can be bad, and for runs that were not what they claim to be."""

from __future__ import annotations

from typing import Any

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.commands import Asked, Launch, collective, environment, features, programs
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.collectives import explain, judge, without_environment
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nccl_tests import nccl_tests
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import make_profile

from ..gpu_tests.stage import answer, h100, lab, seen

DEFAULT, RING = Asked("all_reduce"), Asked("all_reduce", "ring")


def run(profile: dict[str, Any], asked: Asked = RING, *, gpus: int = 8, **more: Any) -> tuple[CheckResult, ...]:
    """Run a simulated program as the module does, and judge it."""
    launch = Launch("single", gpus, 300)
    outcome = nccl_tests("all_reduce_perf", profile, collective(asked, launch, "all_reduce_perf")[1:], environment(asked, ""), 4000)
    return judge(seen(profile, **more), asked, launch, answer(outcome), list(outcome.files.values()))


def output(text: str, rc: int = 0, *, gpus: int = 8, stderr: str = "", asked: Asked = RING) -> CheckResult:
    return judge(seen(h100()), asked, Launch("single", gpus, 300), CommandResult(rc, text, stderr), [])[0]


def table(asked: Asked = RING, **changes: str) -> str:
    outcome = nccl_tests("all_reduce_perf", h100(), collective(asked, Launch("single", 8, 300), "x")[1:], environment(asked, ""), 4000)
    text = outcome.before + outcome.stdout
    for old, new in changes.values() if changes else ():
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_healthy_node_passes() -> None:
    for asked, about in ((DEFAULT, 482), (RING, 371)):
        found = run(h100(), asked)
        assert [(result.check, result.verdict) for result in found] == [(asked.check, "pass"), ("nccl_adapters", "pass"), ("nccl_gpudirect", "pass")]
        assert found[0].expected == pytest.approx(about, abs=1) and found[0].observed == pytest.approx(about * 0.985, rel=0.01)
        assert "18 links" in found[0].binding_limit and found[0].evidence[1].file == asked.output and found[0].proof == "stub"


def test_a_node_of_the_lab_passes_by_the_ring_and_at_least_the_ring_by_default() -> None:
    for asked in (DEFAULT, RING):
        assert [result.verdict for result in run(lab(), asked, gpus=4)] == ["pass", "pass", "pass"]
    slow = run(lab("slow_gpu", 1), DEFAULT, gpus=4)[0]
    assert slow.verdict == "inconclusive" and "what NVLS gives 4 GPUs" in slow.hint
    assert run(lab("slow_gpu", 1), RING, gpus=4)[0].verdict == "fail"


@pytest.mark.parametrize(("kind", "gpu"), [("slow_gpu", 2), ("slow_nvlink", 2)])
def test_a_slow_one_fails(kind: str, gpu: int) -> None:
    result = run(h100(kind, gpu))[0]
    assert (result.verdict, result.severity) == ("fail", "critical")
    assert result.observed == pytest.approx(371 * 0.985 * 0.8, rel=0.01) and "0.79 of the expected" in result.hint


def test_the_slower_half_counts() -> None:
    row = next(line for line in table().split("\n") if line.lstrip().startswith("8589934592"))
    cells = row.split()
    slower = row[: row.rindex(cells[11])] + "200.00" + row[row.rindex(cells[11]) + len(cells[11]) :]
    result = output(table(row=(row, slower)))  # type: ignore[arg-type]
    assert (result.verdict, result.observed) == ("fail", 200)


def test_links_that_are_down_are_what_limits() -> None:
    result = run(h100("nvlink_inactive", 2, links=6))[0]
    assert result.verdict == "fail" and "12 links" in result.binding_limit.replace("12 of 18 links", "12 links")


def test_default_and_ring_together_tell_what_it_is() -> None:
    slow, fast = run(h100("slow_nvlink", 0), DEFAULT)[0], run(h100(), RING)[0]
    assert "NVLS is the matter" in explain([slow, fast])[0].hint
    both = explain([slow, run(h100("slow_nvlink", 0), RING)[0]])
    assert all("an NVLink or a GPU is the matter" in result.hint for result in both)
    assert explain([fast]) == (fast,)


def test_wrong_values_fail_whatever_else_is_said() -> None:
    result = run(h100("wrong_data", 2))[0]
    assert (result.verdict, result.severity) == ("fail", "critical") and "32 wrong values at" in result.hint
    text = table()
    cut = text[: text.index("# Out of bounds")].replace("       0  ", "      16  ")
    assert output(cut, 124).hint.startswith("the results have"), "also of a run that then hung"


def test_a_hang_a_crash_and_gpus_that_cannot_be_used() -> None:
    hang, crash = run(h100("nccl_hang"))[0], run(h100("nccl_crash"))[0]
    assert (hang.verdict, hang.hint) == ("fail", "It hung: 8 GPUs took part, and there was no result in 300 s.")
    assert (crash.verdict, crash.hint) == ("fail", "It crashed (exit status -11) after 0 results.")
    for kind in ("gpu_lost", "driver_not_loaded", "fabric_failed"):
        result = run(h100(kind, 7))[0]
        assert result.verdict == "fail" and "A GPU could not be used" in result.hint, kind
    assert "8 requested but only 7 were found" in run(h100("gpu_absent", 7))[0].hint


def test_fewer_gpus_than_declared_fail_though_they_are_fast() -> None:
    outcome = nccl_tests("all_reduce_perf", h100("gpu_absent", 7), collective(RING, Launch("single", 7, 300), "x")[1:], environment(RING, ""), 4000)
    result = judge(seen(h100("gpu_absent", 7), gpus=8), RING, Launch("single", 7, 300), answer(outcome), [])[0]
    assert result.verdict == "fail" and result.hint.startswith("7 GPUs took part, and the node should have 8.")


def test_singletons_are_no_measurement() -> None:
    own = {"SLURM_NTASKS": "4", "SLURM_STEP_NODELIST": "node1"}
    asked = Asked("all_reduce", "ring", 1 << 30)
    argv = collective(asked, Launch("srun", 4, 300), "all_reduce_perf_mpi")[-13:]
    assert argv[-2:] == ("-g", "1")
    together = ""
    for rank in range(4):
        outcome = nccl_tests("all_reduce_perf_mpi", h100("nccl_singletons"), argv, {**own, "SLURM_PROCID": str(rank), "PMIX_RANK": str(rank)}, 4000 + rank)
        together += outcome.before + outcome.stdout
    result = judge(seen(h100()), asked, Launch("srun", 4, 300), CommandResult(0, together, ""), [])[0]
    assert result.verdict == "inconclusive" and "ran each on its own" in result.hint and "MPI=1" in result.remediation
    alone = nccl_tests("all_reduce_perf", h100(), ["-b", "1G", "-e", "1G"], {}, 4000)
    assert judge(seen(h100()), asked, Launch("srun", 4, 300), answer(alone), [])[0].verdict == "inconclusive"


def test_a_run_is_what_it_claims_to_be() -> None:
    cases = {
        "The ranks were on 2 hosts (node1, node2), and should be on one.": ("on      node1 device  7", "on      node2 device  7"),
        "Several ranks shared a GPU.": ("device  7 [0000:db:00]", "device  6 [0000:cb:00]"),
        "7 ranks took part, and there should be 8.": ("#  Rank  7", "#  Tank  7"),
    }
    for said, change in cases.items():
        result = output(table(one=change))  # type: ignore[arg-type]
        assert (result.verdict, result.hint) == ("inconclusive", said)
    assert output(table(), gpus=4).hint == "8 ranks took part, and there should be 4."
    small = nccl_tests("all_reduce_perf", h100(), ["-b", "1G", "-e", "1G", "-g", "8"], {"NCCL_ALGO": "Ring"}, 4000)
    assert "memory of the GPUs did not suffice" in output(small.before + small.stdout).hint
    other = nccl_tests("all_gather_perf", h100(), ["-b", "8G", "-e", "8G", "-g", "8"], {}, 4000)
    assert output(other.before + other.stdout).hint == "The output is of all_gather."


def test_values_that_were_not_checked_are_told_of_a_slow_run() -> None:
    unchecked = Asked("all_reduce", "ring", checks=0)
    outcome = nccl_tests("all_reduce_perf", h100("slow_gpu", 1), collective(unchecked, Launch("single", 8, 300), "x")[1:], {"NCCL_ALGO": "Ring"}, 4000)
    result = judge(seen(h100()), unchecked, Launch("single", 8, 300), answer(outcome), [])[0]
    assert result.verdict == "fail" and result.hint.endswith("The values were not checked")


@pytest.mark.parametrize(
    ("answered", "hint"),
    [
        (CommandResult(127, "", "all_reduce_perf: No such file or directory"), "all_reduce_perf is not installed."),
        (CommandResult(124, "", ""), "Nothing began in 300 s."),
        (
            CommandResult(1, "", "srun: error: Unable to allocate resources: Invalid partition name specified"),
            "It did not run: srun: error: Unable to allocate",
        ),
        (CommandResult(0, "invalid option '?'\nUSAGE: all_reduce_perf \n\t[-h,--help]\n", ""), "It did not end: invalid option"),
        (
            CommandResult(124, "# nccl-tests version 2.19.6 nccl-headers=22907 nccl-library=22907\n# Collective test starting: all_reduce_perf\n", ""),
            "No GPU took part",
        ),
    ],
)
def test_what_did_not_run_is_inconclusive(answered: CommandResult, hint: str) -> None:
    result = judge(seen(h100()), RING, Launch("single", 8, 300), answered, [])[0]
    assert result.verdict == "inconclusive" and result.hint.startswith(hint), result.hint


def test_an_end_without_a_summary() -> None:
    text = table()
    cut = text[: text.index("# Out of bounds")]
    assert output(cut, 0).verdict == "inconclusive"
    failed = output(cut + "node1: Test NCCL failure common.cu:958 'unhandled system error / '\n", 3)
    assert failed.verdict == "fail" and "unhandled system error" in failed.hint
    killed = output(cut, 137)
    assert killed.verdict == "fail" and "exit status 137" in killed.hint


def test_adapters() -> None:
    fewer = run(h100("nccl_fewer_hcas", rail=3))
    assert [(result.check, result.verdict) for result in fewer] == [("nccl_all_reduce_ring", "pass"), ("nccl_adapters", "fail"), ("nccl_gpudirect", "pass")]
    assert fewer[1].hint.startswith("NCCL found 7 of 8 adapters; it misses mlx5_3")
    slow = run(h100("nccl_no_gpudirect"))
    assert slow[2].verdict == "fail" and "host's memory" in slow[2].hint
    assert run(lab(), gpus=4, rails=8)[1].verdict == "fail", "the class says how many there should be"


def test_one_rank_that_misses_an_adapter_counts() -> None:
    logs = ["n:1:1 [0] NCCL INFO NET/IB : Using " + " ".join(f"[{n}]mlx5_{n}:1/IB" for n in range(count)) + " [RO]; OOB x\n" for count in (8, 5, 8)]
    found = judge(seen(h100()), RING, Launch("srun", 8, 300), CommandResult(0, table(), ""), logs)
    assert found[1].verdict == "fail" and found[1].hint.startswith("NCCL found 5 of 8 adapters; it misses mlx5_5, mlx5_6, mlx5_7")


def test_what_the_log_does_not_say() -> None:
    text = CommandResult(0, table(), "")
    silent = judge(seen(h100()), RING, Launch("single", 8, 300), text, [])
    assert [result.verdict for result in silent] == ["pass", "inconclusive"]
    sockets = judge(
        seen(h100()), RING, Launch("single", 8, 300), text, ["n:1:1 [0] NCCL INFO NET/IB : No device found.\nn:1:1 [0] NCCL INFO Using network Socket\n"]
    )
    assert sockets[1].verdict == "fail" and "goes over TCP" in sockets[1].hint
    assert len(judge(seen(h100(), rails=0), RING, Launch("single", 8, 300), text, [])) == 1


def test_the_log_of_several_versions() -> None:
    text = CommandResult(0, table(), "")
    using = "n:1:1 [0] NCCL INFO NET/IB : Using " + " ".join(f"[{n}]mlx5_{n}:1/IB" for n in range(8)) + " [RO]; OOB eth0:10.0.0.1<0>\n"
    for line, verdict in (
        ("GPU Direct RDMA Disabled for GPU 0 / HCA 1 (distance 5 > 4)", "fail"),
        ("GPU Direct RDMA Disabled for HCA 0 'mlx5_0'", "fail"),
        ("Channel 00/0 : 0[0] -> 8[0] [send] via NET/IB/0", "fail"),
        ("Channel 00/0 : 0[0] -> 8[0] [send] via NET/IB/0(1)/GDRDMA", "pass"),
        ("GPU Direct RDMA Enabled for GPU 0 / HCA 1 (distance 4 <= 4), read 1", "pass"),
    ):
        found = judge(seen(h100()), RING, Launch("single", 8, 300), text, [using + f"n:1:1 [0] NCCL INFO {line}\n"])
        assert [result.verdict for result in found] == ["pass", "pass", verdict], line


def test_command_lines() -> None:
    single = collective(Asked("all_gather", "ring", 1 << 30, iterations=5), Launch("single", 8, 300), "all_gather_perf")
    assert single == ("all_gather_perf", "-b", "1073741824", "-e", "1073741824", "-n", "5", "-w", "5", "-c", "1", "-t", "1", "-g", "8")
    srun = collective(DEFAULT, Launch("srun", 8, 130, host="node7", partition="gpu"), "all_reduce_perf_mpi")
    assert srun[:4] == ("srun", "--mpi=pmix", "--kill-on-bad-exit=1", "--time=3")
    assert {"--nodes=1", "--ntasks=8", "--gpus-per-node=8", "--exclusive", "node7", "gpu"} <= set(srun) and srun[-2:] == ("-g", "1")
    mpirun = collective(DEFAULT, Launch("mpirun", 8, 300), "all_reduce_perf_mpi")
    assert mpirun[:4] == ("mpirun", "--allow-run-as-root", "-np", "8") and "tcp,self" in mpirun and "NCCL_ALGO" in mpirun
    assert programs("all_reduce", "single")[0] == "all_reduce_perf" and programs("all_reduce", "srun")[0] == "all_reduce_perf_mpi"
    assert environment(RING, "/t")["NCCL_ALGO"] == "Ring" and "NCCL_ALGO" not in environment(DEFAULT, "/t")


def test_features_and_secrets() -> None:
    assert {"output_file", "per_iter_timing"} <= features(nccl_tests("all_reduce_perf", h100(), ["-h"], {}, 1).stdout)
    assert without_environment({"version": 3, "env": ["API_TOKEN=secret"], "results": []}) == {"version": 3, "results": []}


@pytest.mark.parametrize(
    ("name", "size", "verdict", "hint"),
    [
        ("allreduce.8x-a100-40gb.old-format.txt", 8 << 30, "pass", "1.00 of the expected 235.0 GB/s"),
        ("all_reduce.8x-a100-80gb.hostname-templated.txt", 1 << 30, "pass", "0.99 of the expected 235.0 GB/s"),
        ("all_reduce.8x-a100-80gb.hostname-templated.txt", 8 << 30, "inconclusive", "The memory of the GPUs did not suffice"),
        ("allgather.8x-a100-40gb.old-format.txt", 8 << 30, "inconclusive", "The output is of all_gather."),
        ("all_reduce.16x-h100-2-nodes.txt", 16 << 30, "inconclusive", "16 ranks took part, and there should be 8."),
        ("all_reduce.2x-gb10.header-2.20.truncated.txt", 8 << 30, "inconclusive", "It did not end"),
        ("all_reduce.aws-mpirun-tagged.txt", 16 << 30, "inconclusive", "0 ranks took part"),
    ],
)
def test_recorded_runs(name: str, size: int, verdict: str, hint: str) -> None:
    node = seen(make_profile(hardware_class("a100_sxm_8"), "node1", "a100"))
    text = CommandResult(0, recordings.text(f"nccl_tests/{name}"), "")
    result = judge(node, Asked("all_reduce", "ring", size), Launch("mpirun", 8, 300), text, [])[0]
    assert result.verdict == verdict and result.hint.startswith(hint), result.hint
