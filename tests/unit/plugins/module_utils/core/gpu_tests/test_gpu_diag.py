# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""DCGM's diagnostic: a result for each test and GPU, and what is said of one that did not run."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.commands import diagnostic
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.gpu_diag import judge
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.dcgmi import dcgmi

from .stage import answer, h100, lab, seen


def results(profile: dict[str, Any], level: int, *more: str) -> tuple[CheckResult, ...]:
    return judge(seen(profile), answer(dcgmi(profile, ["diag", "-r", str(level), *more])), level, 900)


@pytest.mark.parametrize("more", [(), ("-j",)])
def test_a_healthy_node_passes(more: tuple[str, ...]) -> None:
    found = results(h100(), 3, *more)
    assert {result.verdict for result in found} == {"pass"} and len(found) == 8 * 8
    assert found[0].subject.name == "node1 0000:19:00.0" and found[0].check == "gpu_diag_software"


@pytest.mark.parametrize("more", [(), ("-j",)])
def test_a_test_that_fails_names_its_gpu(more: tuple[str, ...]) -> None:
    found = [result for result in results(h100("ecc_uncorrected", 2), 2, *more) if result.verdict != "pass"]
    assert [(result.subject.name, result.check, result.verdict) for result in found] == [("node1 0000:4c:00.0", "gpu_diag_memory", "fail")]
    assert "double-bit ECC" in found[0].hint and found[0].remediation


def test_a_lost_gpu_fails_and_a_stopped_engine_is_inconclusive() -> None:
    lost, stopped = results(lab("gpu_lost", 1), 1), results(lab("driver_not_loaded"), 1)
    assert [(result.verdict, "is lost" in result.hint) for result in lost] == [("fail", True)]
    assert [result.verdict for result in stopped] == ["inconclusive"] and "did not run" in stopped[0].hint


@pytest.mark.parametrize(
    ("answered", "hint"),
    [
        (CommandResult(127, "", "dcgmi: No such file or directory"), "dcgmi is not installed."),
        (CommandResult(124, "half", ""), "The diagnostic of level 2 did not end in 900 s."),
        (CommandResult(0, "", ""), "The diagnostic did not run:"),
    ],
)
def test_what_did_not_run_is_inconclusive(answered: CommandResult, hint: str) -> None:
    found = judge(seen(lab()), answered, 2, 900)
    assert [result.verdict for result in found] == ["inconclusive"]
    assert found[0].hint.startswith(hint)


def test_an_output_that_is_cut_off_is_not_a_pass() -> None:
    text = dcgmi(lab(), ["diag", "-r", "2"]).stdout
    found = judge(seen(lab()), CommandResult(0, text[: text.index("+-----  Hardware")], ""), 2, 900)
    assert found[-1].verdict == "inconclusive" and {result.verdict for result in found[:-1]} == {"pass"}


def test_a_test_without_gpus_is_of_the_node() -> None:
    table = dcgmi(lab(), ["diag", "-r", "1"]).stdout
    lines = [line for line in table.split("\n") if "GPU0" not in line and "GPU1" not in line and "GPU2" not in line and "GPU3" not in line]
    found = judge(seen(lab()), CommandResult(0, "\n".join(lines).replace("| Pass ", "| Skip "), ""), 1, 900)
    assert (found[0].subject.kind, found[0].verdict, found[0].hint) == ("node", "inconclusive", "The test was skipped.")
    assert judge(seen(lab()), CommandResult(0, "\n".join(lines), ""), 1, 900)[0].verdict == "pass"


def test_the_command_line_follows_the_features() -> None:
    assert diagnostic(2, dcgmi(lab(), ["diag", "--help"]).stdout) == ("dcgmi", "diag", "-r", "2", "-j")
    assert diagnostic(1, "usage: dcgmi diag -r <level>") == ("dcgmi", "diag", "-r", "1")


def test_a_test_that_only_warns() -> None:
    table = dcgmi(h100("slow_gpu", 1), ["diag", "-r", "3"]).stdout.replace("| Fail ", "| Warn ")
    found = judge(seen(h100()), CommandResult(0, table, ""), 3, 900)
    bad = {(result.subject.name, result.verdict, result.severity) for result in found if result.verdict != "pass"}
    assert bad == {("node1 0000:3b:00.0", "warn", "warning")}
