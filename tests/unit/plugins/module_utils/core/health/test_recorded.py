# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks on what real machines said: healthy ones pass, idle and at work, and those with a fault are named."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.health.examine import examine
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult

from ..facts.nodes import bare

GPU_CHECKS = [
    "gpu_count", "gpu_recovery_action", "ecc_mode", "ecc_uncorrectable", "ecc_history", "remapped_rows", "replaced_memory", "nvlink", "gpu_fabric", "throttle",
    "gpu_temperature", "gpu_persistence", "gpus_alike",
]  # fmt: skip
SXM = {"links_per_gpu": 18, "gbytes_per_s_per_link": 25}


def look(checks: Sequence[str], query: str, listing: str = "", nvlink: str = "", journal: str = "", count: int = 1) -> list[CheckResult]:
    """Examine a machine of which only these outputs are known."""
    outputs = {"-q": f"nvidia_smi/{query}", "-L": f"nvidia_smi/{listing}" if listing else "", "nvlink": f"nvidia_smi/{nvlink}" if nvlink else ""}
    node = bare()

    def answer(argv: Sequence[str]) -> CommandResult:
        return CommandResult(0, recordings.text(outputs[argv[0]]), "")

    node.commands["nvidia-smi"] = answer
    if journal:
        node.commands["journalctl"] = CommandResult(0, recordings.text(journal), "")
    wanted = {"name": "n1", "hardware": {"gpus": {"count": count}, "nvlink": SXM if nvlink else {}}}
    return list(examine(wanted, node, checks=checks, root="/").results)


@pytest.mark.parametrize("moment", ["idle", "load"])
@pytest.mark.parametrize("machine", ["h100-80gb-hbm3_590.48.01", "h200_590.48.01"])
def test_a_machine_that_works_passes_every_check_of_its_gpus(machine: str, moment: str) -> None:
    results = look(GPU_CHECKS, f"{machine}.q-{moment}.txt", f"{machine}.list.txt", f"{machine}.nvlink-s.txt")
    assert {result.check: result.verdict for result in results} == dict.fromkeys(GPU_CHECKS, "pass")


@pytest.mark.parametrize("moment", ["idle", "load"])
def test_a_machine_in_mig_mode_hides_its_links_and_its_rows(moment: str) -> None:
    machine = "h200-mig_590.48.01"
    results = look(GPU_CHECKS, f"{machine}.q-{moment}.txt", f"{machine}.list.txt", f"{machine}.nvlink-s.txt")
    assert [(result.check, result.hint) for result in results if result.verdict != "pass"] == [("nvlink", "NVLinks are not told in MIG mode")]
    assert {"remapped_rows", "replaced_memory"} & {result.check for result in results} == set()


def test_a_card_without_nvlink_where_some_are_declared() -> None:
    results = look(["nvlink"], "l40s_595.80.q-idle.txt", nvlink="l40s_595.80.nvlink-s.txt")
    assert [(result.verdict, result.observed) for result in results] == [("fail", 0)]


def test_eight_gpus_with_the_power_brake_on() -> None:
    results = look(["throttle", "ecc_mode", "gpus_alike"], "8x-h100_535.161.08_hw-slowdown.q.txt", count=8)
    braked = [result for result in results if result.check == "throttle"]
    assert len(braked) == 8
    assert {(result.verdict, result.observed) for result in braked} == {("fail", "hw_power_brake_slowdown")}
    assert {result.check: result.verdict for result in results if result not in braked} == {"ecc_mode": "pass", "gpus_alike": "pass"}


@pytest.mark.parametrize(
    ("query", "count"), [("tesla-t4.xml", 1), ("2x-p100-12gb_375.66.xml", 2), ("8x-rtx4090_535.154.05.q.txt", 8), ("titan-v_560.35.03.q.txt", 1)]
)
def test_older_and_smaller_cards_are_judged_by_what_they_tell(query: str, count: int) -> None:
    checks = [check for check in GPU_CHECKS if check not in ("gpu_count", "nvlink")]
    # Cards for games come with error correction off.
    assert {result.check for result in look(checks, query, count=count) if result.verdict not in ("pass", "warn")} <= {"ecc_mode"}


@pytest.mark.parametrize(
    ("log", "verdict", "hint"),
    [
        ("dmesg.nccl-segfault.iso.txt", "pass", ""),
        ("dmesg.xid13-and-segfault.iso.txt", "pass", ""),
        ("dmesg.xid119-gsp-timeout.txt", "fail", "Xid 119 (GSP RPC Timeout), 5 times"),
        ("dmesg.xid48-63-94-ecc.iso.txt", "fail", "Xid 48 (Double Bit ECC Error), once"),
        ("kmsg.boot.txt", "pass", ""),
    ],
)
def test_logs_of_real_machines(log: str, verdict: str, hint: str) -> None:
    xid, errors = look(["xid", "kernel_errors"], "tesla-t4.xml", journal=f"xid/{log}")
    assert (xid.verdict, errors.verdict) == (verdict, "pass")
    assert xid.hint.startswith(hint) and bool(hint) == bool(xid.hint)
