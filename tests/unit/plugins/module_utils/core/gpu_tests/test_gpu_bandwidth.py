# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of a node's GPUs: healthy ones pass, a faulty one fails by its fault alone, and what limits it is said."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.commands import TESTCASES, copies, features
from ansible_collections.railyard.cluster.plugins.module_utils.core.gpu_tests.gpu_bandwidth import judge
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.finding import CheckResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nvbandwidth import nvbandwidth

from .stage import answer, h100, lab, seen


def results(profile: dict[str, Any], *more: str, gpus: int | None = None) -> tuple[CheckResult, ...]:
    return judge(seen(profile, gpus=gpus), answer(nvbandwidth(profile, [*more, "-t", *TESTCASES])), 600)


def bad(found: tuple[CheckResult, ...]) -> list[tuple[str, str, str]]:
    return [(result.subject.name, result.check, result.verdict) for result in found if result.verdict != "pass"]


@pytest.mark.parametrize("more", [(), ("-j",)])
@pytest.mark.parametrize("profile", [h100(), lab()])
def test_a_healthy_node_passes(profile: dict[str, Any], more: tuple[str, ...]) -> None:
    found = results(profile, *more)
    assert bad(found) == []
    assert len(found) == 1 + 4 * len(profile["gpus"])
    copy = next(result for result in found if result.check == "host_to_device_memcpy_ce")
    assert (copy.expected, copy.unit, copy.proof, copy.subject.node) == (55, "GB/s", "stub", "node1")
    assert copy.subject.name == "node1 0000:19:00.0" and copy.subject.serial == profile["gpus"][0]["serial"]
    assert copy.binding_limit == "0000:19:00.0: PCIe Gen5 x16 on 0000:19:00.0 limits to 55.0 GB/s"
    assert copy.evidence[0].file == "nvbandwidth.txt"


@pytest.mark.parametrize("profile", [h100("pcie_width", 2, width=8), lab("pcie_width", 2, width=8)])
def test_a_narrow_link_fails_with_its_reason(profile: dict[str, Any]) -> None:
    gpu = f"node1 {profile['gpus'][2]['pci'][4:].lower()}"
    found = results(profile)
    assert bad(found) == [(gpu, "host_to_device_memcpy_ce", "fail"), (gpu, "device_to_host_memcpy_ce", "fail")]
    result = next(result for result in found if result.verdict == "fail")
    assert result.expected == 55 and result.observed == pytest.approx(27, abs=0.3)
    assert "PCIe Gen5 x8 on" in result.binding_limit and "limits to 27.5 GB/s" in result.binding_limit
    assert result.severity == "critical" and "PCIe link" in result.remediation


def test_a_slow_gpu_is_named_and_its_peers_are_not() -> None:
    slow = {subject for subject, _check, _verdict in bad(results(h100("slow_gpu", 3)))}
    assert slow == {"node1 0000:5d:00.0"}


def test_links_that_are_down_are_what_limits() -> None:
    found = results(h100("nvlink_inactive", 1, links=6))
    assert {entry[:1] + entry[2:] for entry in bad(found)} == {("node1 0000:3b:00.0", "fail")}
    assert all("12 of 18 links" in result.binding_limit for result in found if result.verdict == "fail")


def test_a_slow_path_between_two_fast_gpus_is_told_of_both() -> None:
    text = nvbandwidth(h100(), ["-t", "device_to_device_memcpy_read_ce"])
    rows = (text.before + text.stdout).split("\n")
    place = next(number for number, line in enumerate(rows) if line.startswith(" 0") and "N/A" in line)
    cells = rows[place].split()
    rows[place] = " 0" + "".join(f"{cell:>10}" for cell in [*cells[1:6], "100.00", *cells[7:]])
    found = judge(seen(h100()), CommandResult(0, "\n".join(rows), ""), 600)
    assert [entry for entry in bad(found) if entry[1] != "gpu_copies"] == [
        (f"node1 0000:{bus}:00.0", "device_to_device_memcpy_read_ce", "fail") for bus in ("19", "bb")
    ]
    result = next(result for result in found if result.observed == 100)
    assert "the path between the two is slow" in result.hint and result.evidence[0].what.endswith("copy of GPU 0 and GPU 5")


@pytest.mark.parametrize("more", [(), ("-j",)])
def test_wrong_data_fail(more: tuple[str, ...]) -> None:
    found = results(lab("wrong_data", 1), *more)
    assert bad(found) == [("node1", "gpu_copies", "fail")]
    assert "corrupted" in found[0].hint and found[0].severity == "critical" and "IOMMU" in found[0].remediation
    text = nvbandwidth(lab("wrong_data", 1), ["-t", *TESTCASES])
    hung = judge(seen(lab()), CommandResult(124, text.before + text.stdout, text.stderr), 600)
    assert "corrupted" in hung[0].hint, "also where it then hung"


@pytest.mark.parametrize("kind", ["gpu_lost", "driver_not_loaded", "fabric_failed"])
def test_gpus_that_cannot_be_used_fail(kind: str) -> None:
    found = results(lab(kind, 1))
    assert [(result.check, result.verdict) for result in found] == [("gpu_copies", "fail")]
    assert "CUDA_ERROR" in found[0].hint


def test_a_gpu_that_is_not_there_fails() -> None:
    found = results(lab("gpu_absent", 3), gpus=4)
    assert bad(found) == [("node1", "gpu_copies", "fail")]
    assert found[0].hint == "3 GPUs were measured, and there should be 4."


def test_copies_between_gpus_that_are_left_out_fail() -> None:
    text = nvbandwidth(lab(), ["-j", "-t", TESTCASES[0], "device_to_device_memcpy_read_ce"]).stdout
    waived = text.replace(
        '"name": "device_to_device_memcpy_read_ce",\n\t\t\t\t"status": "Passed"', '"name": "device_to_device_memcpy_read_ce",\n\t\t\t\t"status": "Waived"'
    )
    assert waived != text
    found = judge(seen(lab()), CommandResult(0, waived, ""), 600)
    assert found[0].verdict == "fail" and "No GPU can copy to another" in found[0].hint


def test_a_hang_names_where() -> None:
    text = nvbandwidth(lab(), ["-t", *TESTCASES])
    output = (text.before + text.stdout).split("Running device_to_device_memcpy_write_ce.")[0] + "Running device_to_device_memcpy_write_ce.\n"
    found = judge(seen(lab()), CommandResult(124, output, ""), 600)
    assert (found[0].verdict, found[0].hint) == ("fail", "nvbandwidth did not end in 600 s: it hung in device_to_device_memcpy_write_ce.")
    assert len(found) == 1 + 3 * 4, "what was measured before counts"


@pytest.mark.parametrize(
    ("answered", "hint"),
    [
        (CommandResult(127, "", "nvbandwidth: No such file or directory"), "nvbandwidth is not installed."),
        (CommandResult(124, "", ""), "nvbandwidth said nothing in 600 s."),
        (CommandResult(126, "", "nvbandwidth: Permission denied"), "nvbandwidth did not run: nvbandwidth: Permission denied."),
    ],
)
def test_what_did_not_run_is_inconclusive(answered: CommandResult, hint: str) -> None:
    found = judge(seen(lab()), answered, 600)
    assert [result.verdict for result in found] == ["inconclusive"]
    assert found[0].hint.startswith(hint)


def test_the_command_line_follows_the_features() -> None:
    known = features(nvbandwidth(lab(), ["--help"]).stdout)
    assert copies(["a", "b"], known, samples=5) == ("nvbandwidth", "--testSamples", "5", "--json", "--testcase", "a", "b")
    old = features("  -b [ --benchmark ] arg  Benchmark(s) to doMemcpy (by name or index)\n")
    assert copies(["a", "b"], old, samples=5) == ("nvbandwidth", "--benchmark", "a", "--benchmark", "b")
