# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Text and JSON of nvbandwidth, of old and new versions, cut off, failed and with wrong data."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.nvbandwidth import parse

from .conftest import SAMPLES

TEXT = (SAMPLES / "nvbandwidth/two.gpus.txt").read_text()
DOCUMENT = (SAMPLES / "nvbandwidth/two.gpus.json").read_text()


def test_a_recording(recording: Callable[[str], str]) -> None:
    found = parse(recording("perftest/nvbandwidth_v0.6.txt"))
    assert (found.version, found.cuda_version, found.driver_version, found.complete) == ("0.6", "12.4", "550.54.15", True)
    assert [(device.index, device.name, device.pci_address) for device in found.devices] == [(0, "NVIDIA GH200 480GB", "0009:01:00")]
    named = {testcase.name: testcase for testcase in found.testcases if testcase.name}
    assert len(named) == 15
    assert sum(testcase.status == "waived" for testcase in found.testcases) == 17
    assert named["host_to_device_memcpy_ce"].matrix == ((369.36, 269.33, 412.11), (323.36, 299.33, 312.11))
    assert (named["host_to_device_memcpy_ce"].sum, named["host_device_latency_sm"].sum, named["host_device_latency_sm"].unit) == (1985.6, 772.58, "ns")
    assert not found.faults and not found.warnings


def test_text() -> None:
    found = parse(TEXT)
    assert (found.version, found.cuda_version, found.driver_version) == ("0.8", "12.8", "570.10")
    assert [device.pci_address for device in found.devices] == ["0000:1a:00", "0001:2b:00"]
    copy, peers, both, waived, latency = found.testcases
    assert (copy.name, copy.status, copy.unit, copy.sum, copy.average) == ("host_to_device_memcpy_ce", "passed", "GB/s", 102, None)
    assert peers.matrix == ((None, 300.5), (299.5, None))
    assert (both.sum, both.matrix) == (1166, ((None, 582), (584, None)))
    assert [(part.name, part.sum, part.matrix[0][1]) for part in both.parts] == [("read1", 581, 290), ("read2", 585, 292)]
    assert (waived.name, waived.status) == (None, "waived")
    assert (latency.unit, latency.matrix) == ("ns", ((640.5, 642.5),))
    assert found.complete and not found.warnings and not found.faults


def test_json() -> None:
    found = parse("nvbandwidth says\n" + DOCUMENT)
    assert (found.version, found.cuda_version, found.driver_version) == ("0.8", "12.8", "570.10")
    assert [(device.index, device.name, device.pci_address, device.host) for device in found.devices][1] == (1, "NVIDIA Example GPU", "0001:2b:00", "node1")
    copy, both, waived = found.testcases
    assert (copy.sum, copy.average, copy.minimum, copy.maximum, copy.matrix) == (102, 51, 50.25, 51.75, ((50.25, 51.75),))
    assert (both.matrix, [part.name for part in both.parts]) == (((None, 582), (584, None)), ["read1", "read2"])
    assert (waived.name, waived.status) == ("device_to_device_latency_sm", "waived")
    assert found.complete and not found.warnings


def test_json_of_errors() -> None:
    body = json.loads(DOCUMENT)
    body["nvbandwidth"]["testcases"][2:] = [{"name": "x", "status": "Running"}, {"name": "x", "status": "Error"}, {"name": "y", "status": "ERROR"}]
    body["nvbandwidth"]["testcases"].append({"name": "device_to_device_bidirectional_memcpy_read_sm", "status": "Waived"})
    found = parse(json.dumps(body))
    assert [(testcase.name, testcase.status) for testcase in found.testcases][2:4] == [("x", "error"), ("y", "error")]
    assert (found.testcases[4].status, found.testcases[4].matrix) == ("waived", ())
    assert not found.complete
    body["nvbandwidth"].update(error="[CUDA_ERROR_NO_DEVICE] no CUDA-capable device is detected", warning="a smaller buffer", testcases=[])
    found = parse(json.dumps(body))
    assert found.warnings == ("nvbandwidth warns: a smaller buffer",)
    assert [fault.message for fault in found.faults] == ["it failed: [CUDA_ERROR_NO_DEVICE] no CUDA-capable device is detected."]


def test_wrong_values_are_told_from_other_failures() -> None:
    said = "Running device_to_device_memcpy_read_ce.\n Invalid value when checking the pattern at 0x70a640000000\n Current offset : 11136 \n"
    found = parse(said + "ASSERT in expression h_errorFlag == 0 in void memcmpPatternHelper() : memcpy.cpp:165\n")
    assert [(fault.id, fault.subject) for fault in found.faults] == [("wrong_values", "device_to_device_memcpy_read_ce")]
    assert (found.testcases[0].status, found.complete) == ("error", False)
    other = parse(
        "nvbandwidth Version: v0.7\n\n[CUDA_ERROR_SYSTEM_NOT_READY] system not yet initialized in expression cuInit(0) in main() : nvbandwidth.cpp:191\n"
    )
    assert [fault.id for fault in other.faults] == ["run_failed"]


def test_an_old_version() -> None:
    head = "nvbandwidth Version: v0.2\n\nNOTE: This tool reports current measured bandwidth on your system.\n\nDevice 0: NVIDIA Example GPU\n"
    table = "memcpy CE GPU(row) <- GPU(column) bandwidth (GB/s)\n          0         1\n0      0.00    276.07\n1    276.19      0.00\n"
    found = parse(head + "Running benchmark device_to_device_memcpy_write_ce.\n" + table)
    assert [(testcase.name, testcase.status, testcase.matrix) for testcase in found.testcases] == [
        ("device_to_device_memcpy_write_ce", "passed", ((None, 276.07), (276.19, None)))
    ]
    assert found.complete and found.devices[0].pci_address is None
    assert not parse(head + "Running benchmark device_to_device_memcpy_write_ce.\n" + table[:-27]).complete


def test_the_multi_node_build_and_its_other_form_of_sums() -> None:
    name = "multinode_device_to_device_memcpy_write_ce"
    text = "nvbandwidth Version: v0.8\nMPI version: Open MPI v4.1.4\n"
    text += "".join(f"Process {rank} (tray{rank + 1}): device 0: NVIDIA GB200 (00000008:01:00)\n" for rank in range(2))
    text += f"Running {name}.\nmemcpy CE GPU(row) -> GPU(column) bandwidth (GB/s)\n          0         1\n0       N/A    750.00\n1    752.00       N/A\n\n"
    text += f"&&&& PERF {name}_sum 1502.00 +GB/s\n&&&& PERF {name}_avg 751.00 +GB/s\n"
    found = parse(text)
    assert [(device.index, device.host) for device in found.devices] == [(0, "tray1"), (1, "tray2")]
    assert (found.testcases[0].sum, found.testcases[0].average, found.testcases[0].status) == (1502, 751, "passed")


@pytest.mark.parametrize("end", [TEXT.index("SUM device_to_device_memcpy"), TEXT.index("NOTE"), TEXT.index("Running host_device_latency")])
def test_cut_off(end: int) -> None:
    found = parse(TEXT[:end])
    assert not found.complete and found.warnings
    assert found.testcases[0].sum == 102


def test_cut_off_json() -> None:
    found = parse(DOCUMENT[: DOCUMENT.index('"name" : "device_to_device_bidir')])
    assert not found.complete and found.testcases[0].sum == 102


def test_a_row_that_is_too_short_is_not_taken() -> None:
    found = parse(TEXT.replace(" 0       N/A    300.50", " 0       N/A"))
    assert found.warnings == (
        "line 22: 1 values stand below 2 columns, so none of them is taken.",
        "device_to_device_memcpy_read_ce: the values give a sum of 299.50, but 600 is printed: rows are missing or altered.",
    )


def test_a_testcase_that_is_not_there() -> None:
    found = parse("nvbandwidth Version: v0.8\n\nERROR: Testcase nonsense not found!\nNOTE: The reported results\n")
    assert [(testcase.status, testcase.error) for testcase in found.testcases] == [("error", "Testcase nonsense not found!")]
    assert not found.complete


def test_what_is_refused(refused: Callable[[Callable[[str], object], str], str]) -> None:
    assert refused(parse, "") == "the output is empty: expected is what nvbandwidth prints."
    assert refused(parse, "bash: nvbandwidth: command not found") == (
        "this is no output of nvbandwidth: it has neither its version nor a testcase, but says 'bash: nvbandwidth: command not found'. "
        "Give the whole output, with standard error."
    )
    assert "not of nvbandwidth" in refused(parse, '{"start": {}}')
