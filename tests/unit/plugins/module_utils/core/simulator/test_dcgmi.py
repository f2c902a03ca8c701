# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated dcgmi: the diagnostic's levels and failures, as table and JSON, and what it refuses."""

from __future__ import annotations

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.dcgm_diag import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.dcgmi import dcgmi

from .nodes_under_test import h100, lab


@pytest.mark.parametrize(("level", "tests"), [("1", 1), ("2", 3), ("3", 8), ("4", 10)])
@pytest.mark.parametrize("more", [(), ("-j",)])
def test_a_healthy_machine(level: str, tests: int, more: tuple[str, ...]) -> None:
    outcome = dcgmi(h100(), ["diag", "-r", level, *more])
    found = parse(outcome.stdout)
    assert (outcome.rc, len(found.tests), found.complete, found.faults) == (0, tests, True, ())
    assert (found.dcgm_version, found.driver_version, found.gpu_device_ids) == ("4.4.0", "590.48.01", ("2330",) * 8)


@pytest.mark.parametrize(
    ("kind", "level", "test"),
    [
        ("persistence_off", "1", "software"),
        ("remap_pending", "1", "software"),
        ("ecc_uncorrected", "2", "memory"),
        ("pcie_width", "2", "pcie"),
        ("nvlink_inactive", "2", "pcie"),
        ("wrong_data", "3", "diagnostic"),
        ("slow_gpu", "3", "targeted_stress"),
    ],
)
@pytest.mark.parametrize("more", [(), ("-j",)])
def test_a_fault_fails_its_test(kind: str, level: str, test: str, more: tuple[str, ...]) -> None:
    outcome = dcgmi(h100(kind, 2), ["diag", "-r", level, *more])
    failed = {test.name: [gpu.index for gpu in test.gpus if gpu.result == "fail"] for test in parse(outcome.stdout).tests if test.result == "fail"}
    assert outcome.rc == 226 and failed[test] == [2]
    below = str(int(level) - 1)
    assert below == "0" or dcgmi(h100(kind, 2), ["diag", "-r", below]).rc == 0


@pytest.mark.parametrize(("kind", "rc"), [("gpu_lost", 223), ("driver_not_loaded", 234)])
def test_it_does_not_run(kind: str, rc: int) -> None:
    outcome = dcgmi(lab(kind, 0), ["diag", "-r", "1"])
    assert outcome.rc == rc
    with pytest.raises(CoreError, match="did not run"):
        parse(outcome.stdout)


def test_version_and_what_is_refused() -> None:
    assert "version: 4.4.0" in dcgmi(lab(), ["--version"]).stdout
    assert "--fail-early" in dcgmi(lab(), ["diag", "--help"]).stdout
    for argv in (["diag", "-r", "1", "--colour"], ["diag"], ["diag", "-r", "9"], ["topo"], []):
        assert dcgmi(lab(), argv).rc != 0, argv


def test_the_form_is_that_of_a_recording() -> None:
    recorded = recordings.text("dcgm/dcgmi-diag.4x-l40s-4.2.3.truncated.txt").split("\n")
    own = dcgmi(lab(), ["diag", "-r", "1"]).stdout.split("\n")
    same = [line for line, other in zip(own, recorded, strict=False) if line == other]
    assert len(same) == len(recorded) - 4, "the version, the driver and the GPUs differ, and what follows the first test"
