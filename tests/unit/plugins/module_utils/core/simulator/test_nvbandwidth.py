# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Simulated nvbandwidth: rates of healthy and faulty machines, text and JSON, and options that it does not have."""

from __future__ import annotations

import re

import pytest
import recordings

from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.nvbandwidth import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nvbandwidth import TESTCASES, nvbandwidth
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.rates import Outcome

from .nodes_under_test import h100, lab

HOST, PEERS = "host_to_device_memcpy_ce", "device_to_device_memcpy_read_ce"


def text(outcome: Outcome) -> str:
    return outcome.before + outcome.stdout + outcome.stderr


@pytest.mark.parametrize("more", [(), ("-j",)])
def test_all_testcases(more: tuple[str, ...]) -> None:
    outcome = nvbandwidth(h100(), list(more))
    found = parse(text(outcome))
    assert (outcome.rc, found.complete, found.warnings, found.faults, len(found.testcases)) == (0, True, (), (), len(TESTCASES))
    named = {testcase.name: testcase for testcase in found.testcases}
    assert (found.cuda_version, found.driver_version, len(found.devices)) == ("13.1", "590.48.01", 8)
    assert all(value == pytest.approx(55 * 0.985, rel=0.005) for value in named[HOST].matrix[0])
    assert named[PEERS].matrix[2][2] is None and named[PEERS].matrix[2][3] == pytest.approx(380 * 0.985, rel=0.005)


@pytest.mark.parametrize(
    ("kind", "details", "host", "peers"),
    [
        ("pcie_width", {"width": 8}, 0.5, 1),
        ("pcie_generation", {"generation": 4}, 0.5, 1),
        ("slow_gpu", {}, 0.8, 0.8),
        ("slow_nvlink", {}, 1, 0.8),
        ("nvlink_inactive", {"links": 9}, 1, 0.5),
    ],
)
def test_a_fault_shows_where_it_is(kind: str, details: dict[str, int], host: float, peers: float) -> None:
    found = parse(text(nvbandwidth(h100(kind, 1, **details), ["-t", HOST, PEERS]))).testcases
    assert found[0].matrix[0][1] == pytest.approx(55 * 0.985 * host, rel=0.01)
    assert found[0].matrix[0][0] == pytest.approx(55 * 0.985, rel=0.01)
    assert found[1].matrix[0][1] == found[1].matrix[0][1] == pytest.approx(380 * 0.985 * peers, rel=0.01)
    assert found[1].matrix[2][3] == pytest.approx(380 * 0.985, rel=0.01)


@pytest.mark.parametrize("more", [(), ("-j",)])
def test_wrong_data(more: tuple[str, ...]) -> None:
    outcome = nvbandwidth(lab("wrong_data", 0), ["-t", HOST, *more])
    assert outcome.rc == 1 and [fault.id for fault in parse(text(outcome)).faults] == ["wrong_values"]


@pytest.mark.parametrize("kind", ["gpu_lost", "driver_not_loaded", "fabric_failed"])
def test_it_does_not_begin(kind: str) -> None:
    outcome = nvbandwidth(lab(kind, 0), ["-t", HOST])
    assert outcome.rc == 1 and [fault.id for fault in parse(text(outcome)).faults] == ["run_failed"]


def test_other_options_are_refused_as_the_real_one_does() -> None:
    for argv in (["--colour"], ["-x"], ["-b"], ["-b", "much"], ["word"], ["-j", "-j"]):
        outcome = nvbandwidth(lab(), argv)
        assert outcome.rc == 1 and "ERROR: Invalid Arguments \n" in outcome.stdout and "--testSamples" in outcome.stdout, argv
    assert nvbandwidth(lab(), ["-h"]).rc == nvbandwidth(lab(), ["--bufferSize", "64", "-i", "5", "-t", "0"]).rc == 0
    assert nvbandwidth(lab(), ["-t", "0", "-p", "host"]).rc == nvbandwidth(lab(), ["-p", "nothing"]).rc == 1
    assert "ERROR: Testcase nothing not found!" in nvbandwidth(lab(), ["-t", "nothing"]).stdout


def test_the_form_is_that_of_a_recording() -> None:
    recorded = recordings.text("perftest/nvbandwidth_v0.6.txt")
    own = text(nvbandwidth(lab("gpu_absent", 3), ["-t", HOST]))
    wanted = block(recorded, HOST).replace("\n 1    323.36    299.33    312.11", "")
    assert shape(block(own, HOST)) == shape(wanted)
    assert own.split("\n\n")[0] == recorded.split("\n\n")[0].replace("0.6", "0.8") and f"SUM {HOST} " in own and own.rstrip().endswith(recorded.rstrip()[-150:])


def block(output: str, name: str) -> str:
    start = output.index(f"Running {name}.")
    return output[start : output.index("SUM ", start)]


def shape(output: str) -> str:
    """Return the text with its numbers all alike, as wide as they are."""
    return re.sub(r" +\d+\.\d\d\b", lambda match: " " * (len(match.group()) - 5) + "99.99", output)
