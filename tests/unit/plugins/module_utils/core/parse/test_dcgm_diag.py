# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""dcgmi diag: the table of DCGM 3 and 4, JSON of both, several runs, cut off, and what is no diagnostic."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.dcgm import DcgmDiag, DiagEntity, DiagTest
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.dcgm_diag import parse

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse/dcgm_diag"
TABLE_3 = (SAMPLES / "run3.3.txt").read_text()
TABLE_4 = (SAMPLES / "run4.4.txt").read_text()
JSON_3 = (SAMPLES / "run3.3.json").read_text()
JSON_4 = (SAMPLES / "run4.4.json").read_text()
RULE = "+---------------------------+------------------------------------------------+\n"
HEAD = TABLE_4[: TABLE_4.index("|-----  Metadata")]
DEPLOYMENT = "|-----  Deployment  --------+------------------------------------------------|\n"


def row(name: str, cell: str) -> str:
    return f"| {name:<25} | {cell:<46} |\n"


def gpu(index: int, result: str | None, message: str | None = None) -> DiagEntity:
    return DiagEntity("GPU", index, result, message)


def results(document: DcgmDiag) -> dict[str, str | None]:
    return {test.name: test.result for test in document.tests}


def faults(document: DcgmDiag) -> list[tuple[str, str, str]]:
    return [(fault.id, fault.subject, fault.message) for fault in document.faults]


def test_the_recording(recording: Callable[[str], str]) -> None:
    """It was cut off by who posted it."""
    document = parse(recording("dcgm/dcgmi-diag.4x-l40s-4.2.3.truncated.txt"))
    assert (document.dcgm_version, document.driver_version, document.gpu_device_ids) == ("4.2.3", "570.148.08", ("26b9",) * 4)
    assert document.tests == (DiagTest("Deployment", "software", "pass", gpus=tuple(gpu(index, "pass") for index in range(4))),)
    assert not document.complete
    assert document.warnings == ("the output is cut off: it ends after 1 test.",)
    assert document.faults == ()


def test_a_list_of_gpus_is_no_diagnostic(recording: Callable[[str], str], refused: Callable[[Callable[[str], object], str], str]) -> None:
    assert refused(parse, recording("dcgm/dcgmi-discovery.7x-b300.txt")) == (
        "this is the list of devices of dcgmi discovery -l, and no diagnostic. Give the output of dcgmi diag."
    )


def test_the_table_of_dcgm_3() -> None:
    document = parse(TABLE_3)
    assert (document.dcgm_version, document.driver_version, document.gpu_device_ids) == ("3.3.7", "550.90.07", ("2331",) * 3)
    assert results(document) == {
        "Denylist": "pass",
        "NVML Library": "pass",
        "CUDA Main Library": "pass",
        "Permissions and OS Blocks": "pass",
        "Persistence Mode": "fail",
        "PCIe": "fail",
        "GPU Memory": "pass",
        "Diagnostic": "skip",
        "Targeted Power": "warn",
    }
    assert document.tests[4].message == 'Persistence mode for GPU 2 is disabled. Enable persistence mode by running "nvidia-smi -i <gpuId> -pm 1 " as root.'
    slow = "GPU 1 Bandwidth of GPU 1 in direction Host to GPU of 12.34 did not exceed minimum required bandwidth of 20.00."
    assert document.tests[5] == DiagTest(
        category="Integration",
        name="PCIe",
        result="fail",
        gpus=(gpu(0, "pass"), gpu(2, "pass"), gpu(1, "fail", slow)),
        message=slow,
        info=("GPU 0 GPU to Host bandwidth: 50.10 GB/s, GPU 0 Host to GPU bandwidth: 51.20 GB/s", "GPU 2 GPU to Host bandwidth: 50.00 GB/s"),
    )
    assert document.tests[7].gpus == ()
    assert faults(document) == [
        ("dcgm_test_failed", "DCGM", f"the test Persistence Mode of DCGM failed: {document.tests[4].message}"),
        ("dcgm_test_failed", "GPU 1", f"the test PCIe of DCGM failed: {slow}"),
        ("dcgm_test_warned", "GPU 0", "the test Targeted Power of DCGM warns: GPU 0 is hot."),
    ]
    assert document.complete
    assert document.warnings == ()


def test_the_table_of_dcgm_4() -> None:
    document = parse(TABLE_4)
    pending = "Row remapping is pending on GPU 1. Reset the GPU to remap the row. Then run the test again."
    memory = "A test could not get the memory that it needs."
    assert document.gpu_device_ids == ("2901", "2901")
    assert document.tests == (
        DiagTest("Deployment", "software", "warn", gpus=(gpu(0, "pass"), gpu(1, "fail", pending)), message=pending),
        DiagTest("Hardware", "memory", "fail", gpus=(gpu(0, "pass"), gpu(1, "skip")), message=memory, info=("Allocated 180000000000 bytes (98.1%)",)),
        DiagTest("Hardware", "cpu_eud", "pass", others=(DiagEntity("CPU", 0, "pass"),)),
        DiagTest("Stress", "diagnostic", None, gpus=(gpu(0, None),)),
    )
    assert faults(document) == [
        ("dcgm_test_warned", "GPU 1", f"the test software of DCGM warns: {pending}"),
        ("dcgm_test_failed", "DCGM", f"the test memory of DCGM failed: {memory}"),
    ]
    assert document.complete
    assert document.warnings == ("the test diagnostic has no result.",)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"Executing in Pod dcgm-x on Host node1\n{text}\ncommand terminated with exit code 226\n",
        lambda text: text.replace("\n", "   \r\n"),
        lambda text: "".join(f"node1: {line}\n" for line in text.splitlines()),
        lambda text: text.removeprefix("Successfully ran diagnostic for group.\n"),
        lambda text: text[text.index("|-----  Metadata") :],
    ],
    ids=["banner", "blanks behind", "node's name before", "no first line", "no head"],
)
def test_what_stands_around_a_table(change: Callable[[str], str]) -> None:
    assert parse(change(TABLE_4)) == parse(TABLE_4)


def test_a_text_keeps_its_words_whole() -> None:
    """Cells are broken after 45 letters, whatever stands there."""
    for length in range(30, 60):
        text = f"{'x' * length} Fail and 'CUDA-capable device(s)' GPU 7"
        rows = "".join(row("Warning" if at == 0 else "", text[at : at + 45]) for at in range(0, len(text), 45))
        (test,) = parse(f"{HEAD}{DEPLOYMENT}{row('software', 'Fail')}{rows}{RULE}").tests
        assert (test.result, test.message) == ("fail", text)
    wide = "GPU 0 " + "is slow and " * 9
    assert parse(f"{HEAD}{DEPLOYMENT}{row('software', 'Fail')}{row('Warning', wide)}{RULE}").tests[0].message == wide.strip()
    empty = parse(f"{HEAD}{DEPLOYMENT}{row('software', 'Pass')}{row('Info', '')}{row('Warning', '')}{RULE}").tests[0]
    assert (empty.info, empty.message) == ((), None)
    narrow = "".join(f"| {name} | {cell} |\n" for name, cell in [("software", "Fail"), ("Warning", "GPU 0 is"), ("", "slow.")])
    assert parse(f"{HEAD}{DEPLOYMENT}{narrow}{RULE}").tests[0].message == "GPU 0 is slow."


def test_results_of_a_test_in_several_rows() -> None:
    rows = row("PCIe", "Skip - GPU: 3") + row("", "Pass - GPUs: 0, 1") + row("", "Warn - GPU: 2")
    (test,) = parse(f"{HEAD}{DEPLOYMENT}{rows}{RULE}").tests
    assert [(entity.index, entity.result) for entity in test.gpus] == [(3, "skip"), (0, "pass"), (1, "pass"), (2, "warn")]
    assert test.result == "warn"
    # In DCGM 4, those of one GPU follow the texts of the one before.
    rows = row("software", "Warn") + row("", "GPU0: Fail") + row("Warning: GPU0", "Fail") + row("", "GPU1: Pass")
    (test,) = parse(f"{HEAD}{DEPLOYMENT}{rows}{RULE}").tests
    assert test.gpus == (gpu(0, "fail", "Fail"), gpu(1, "pass"))


def test_a_text_that_names_no_gpu_is_for_all_that_failed() -> None:
    rows = row("PCIe", "Pass - GPU: 0") + row("", "Fail - GPUs: 1, 2") + row("Warning", "GPU 2 is slow.") + row("Warning", "The link is bad.")
    document = parse(f"{HEAD}{DEPLOYMENT}{rows}{RULE}")
    assert [fault.message for fault in document.faults] == [
        "the test PCIe of DCGM failed: GPU 2 is slow. The link is bad.",
        "the test PCIe of DCGM failed: GPU 2 is slow.",
    ]
    assert [entity.message for entity in document.tests[0].gpus] == [None, None, "GPU 2 is slow."]


def test_the_json_of_dcgm_4() -> None:
    document = parse(JSON_4)
    assert (document.dcgm_version, document.driver_version, document.gpu_device_ids) == ("4.4.0", "580.65.06", ("2901", "2901"))
    off = "Persistence mode for GPU 1 is disabled."
    assert document.tests == (
        DiagTest("Deployment", "software", "fail", gpus=(gpu(0, "pass"), gpu(1, "fail", off)), message=off),
        DiagTest(
            "Hardware", "memory", "pass", gpus=(gpu(0, "pass"),), others=(DiagEntity("CPU", 0, "skip"),), info=("Allocated 100 bytes (98.1%)", "One of all")
        ),
    )
    assert faults(document) == [("dcgm_test_failed", "GPU 1", f"the test software of DCGM failed: {off}")]
    assert document.complete
    assert parse(f"Error: no colours here\n{JSON_4}") == document
    assert parse(f"Defaulted container\n{JSON_4}command terminated with exit code 226\n") == document


def test_the_json_of_dcgm_3() -> None:
    document = parse(JSON_3)
    assert (document.dcgm_version, document.driver_version, document.gpu_device_ids) == ("3.3.7", "550.90.07", ("2331", "2331"))
    assert results(document) == {"Denylist": "pass", "Persistence Mode": "fail", "PCIe": "fail", "Targeted Power": "skip"}
    assert document.tests[2].gpus == (gpu(0, "pass"), gpu(1, "fail", "GPU 1 is slow. GPU 1 has errors."))
    assert document.tests[2].info == ("GPU 0 GPU to Host bandwidth: 50.10 GB/s",)
    assert document.tests[3].gpus == (gpu(0, "skip"), gpu(1, "skip"))
    assert [(fault.id, fault.subject) for fault in document.faults] == [("dcgm_test_failed", "DCGM"), ("dcgm_test_failed", "GPU 1")]
    assert document.complete


@pytest.mark.parametrize(
    ("warnings", "message"),
    [
        ("one", "one"),
        (["one", "two"], "one two"),
        ([{"warning": "one", "error_id": 1}, {"warnings": "two"}], "one two"),
        ("", None),
        (None, None),
        ([{"error_id": 1}], None),
    ],
)
def test_forms_of_a_warning_in_json(warnings: object, message: str | None) -> None:
    value = {
        "DCGM GPU Diagnostic": {
            "test_categories": [{"category": "x", "tests": [{"name": "y", "results": [{"gpu_id": "4", "status": "Fail", "warnings": warnings}]}]}]
        }
    }
    (test,) = parse(json.dumps(value)).tests
    assert (test.message, test.gpus) == (message, (gpu(4, "fail", message),))


def test_json_of_other_forms() -> None:
    def test(**results: object) -> DiagTest:
        """Return how one result is read."""
        value = {"version": {"a": "4"}, "DCGM Diagnostic": {"test_categories": [{"category": "x", "tests": [{"name": "y", "results": [results]}]}]}}
        document = parse(json.dumps([value]))
        assert document.dcgm_version is None
        return document.tests[0]

    assert test(gpu_id="0", status="Not Run") == DiagTest("x", "y", None, gpus=(gpu(0, None),))
    assert test(entity_group="GPU", status="Pass") == DiagTest("x", "y", "pass")
    assert test(entity_id=3, status="Pass") == DiagTest("x", "y", "pass")
    assert test(gpu_id="x", status="Pass") == DiagTest("x", "y", "pass")
    assert test(gpu_ids="0, 1", status="Pass").gpus == (gpu(0, "pass"), gpu(1, "pass"))
    categories = json.loads(JSON_4)["DCGM Diagnostic"]
    assert parse(json.dumps([categories])).tests == parse(JSON_4).tests


def test_what_lies_too_deep_is_not_looked_for(refused: Callable[[Callable[[str], object], str], str]) -> None:
    assert refused(parse, "[" * 90 + JSON_4 + "]" * 90) == "this is JSON, but no output of dcgmi diag -j: it has no 'test_categories'."


def test_a_table_after_one_that_was_cut_off() -> None:
    good = f"{HEAD}{DEPLOYMENT}{row('software', 'Pass')}{RULE}"
    document = parse(good.removesuffix(RULE) + good)
    assert [test.iteration for test in document.tests] == [1, 2]
    assert not document.complete
    assert parse(good + good).complete
    assert parse(HEAD + RULE).warnings == ("the diagnostic has no tests.",)


def test_several_runs() -> None:
    good = f"{HEAD}{DEPLOYMENT}{row('software', 'Pass')}{RULE}"
    bad = good.replace("Pass", "Fail")
    text = f"\nRunning iteration 1 of 3...\n{good}\nRunning iteration 2 of 3...\n{bad}Aborting the iterative runs of the diagnostic due to failure: Bad\n"
    document = parse(text)
    assert [(test.iteration, test.result) for test in document.tests] == [(1, "pass"), (2, "fail")]
    assert faults(document) == [
        ("diagnostic_failed", "DCGM", "the diagnostic did not run to its end: Bad"),
        ("dcgm_test_failed", "DCGM", "the test software of DCGM failed (iteration 2)."),
    ]
    whole = parse(f"Running iteration 1 of 2...\n{good}Running iteration 2 of 2...\n{good}Passed all 2 runs of the diagnostic\n")
    assert whole.complete
    assert whole.faults == ()
    assert not parse(f"Running iteration 1 of 2...\n{good}").complete
    run = json.loads(JSON_4)
    document = parse(json.dumps({"iterations": [run, run, None], "result": "Fail"}))
    assert [test.iteration for test in document.tests] == [1, 1, 2, 2]
    assert document.gpu_device_ids == ("2901", "2901")
    error = {"DCGM Diagnostic": {"runtime_error": "Error: paused.", "version": "4.4.0"}}
    document = parse(f"{json.dumps(error)}\n{json.dumps({'iterations': [run]})}\n")
    assert [fault.id for fault in document.faults] == ["diagnostic_failed", "dcgm_test_failed"]


def test_a_diagnostic_that_failed() -> None:
    document = parse('{"DCGM Diagnostic": {"runtime_error": "Error: Diagnostic could not be run while DCGM is paused.", "version": "4.4.0"}}')
    assert document.dcgm_version == "4.4.0"
    assert not document.complete
    assert faults(document) == [
        ("diagnostic_failed", "DCGM", "the diagnostic did not run to its end: Error: Diagnostic could not be run while DCGM is paused.")
    ]
    document = parse(f"{HEAD}{DEPLOYMENT}{row('software', 'Pass')}{RULE}Error: lost connection\n")
    assert faults(document) == [("diagnostic_failed", "DCGM", "the diagnostic did not run to its end: lost connection")]
    assert not document.complete


@pytest.mark.parametrize(("name", "tests"), [("run4.4.truncated.txt", "2 tests"), ("run4.4.truncated.json", "1 test")])
def test_outputs_that_are_cut_off(name: str, tests: str) -> None:
    document = parse((SAMPLES / name).read_text())
    assert not document.complete
    assert document.warnings == (f"the output is cut off: it ends after {tests}.",)
    assert document.tests[0].name == "software"
    assert document.faults


def test_every_place_of_a_cut() -> None:
    expected = parse(TABLE_4).tests
    for at in range(TABLE_4.index("|-----  Metadata") + 30, TABLE_4.rindex(RULE), 7):
        document = parse(TABLE_4[:at])
        assert not document.complete
        assert [(test.name, test.result) for test in document.tests] == [(test.name, test.result) for test in expected][: len(document.tests)]


def test_nothing_was_tested() -> None:
    document = parse(f"{HEAD}{DEPLOYMENT}{row('PCIe', 'Skip')}{row('Memory', 'Skip - All')}{RULE}")
    assert document.warnings == ("every test was skipped: nothing was tested.",)
    assert document.complete
    assert parse('{"DCGM Diagnostic": {"test_categories": []}}').warnings == ("the diagnostic has no tests.",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "this is no output of dcgmi diag: it has neither its table nor JSON, but is empty."),
        ("<html>\n", "this is no output of dcgmi diag: it has neither its table nor JSON, but begins with '<html>'."),
        (
            "Error: unable to establish a connection to: b\n",
            "the diagnostic did not run, the file says: 'Error: unable to establish a connection to: b'. Is nv-hostengine running, and the driver loaded?",
        ),
        (
            "bash: dcgmi: command not found\n",
            "the diagnostic did not run, the file says: 'bash: dcgmi: command not found'. Is nv-hostengine running, and the driver loaded?",
        ),
        ('{"a": [1]}', "this is JSON, but no output of dcgmi diag -j: it has no 'test_categories'."),
        (
            "+---------+\n| Health Monitor Report |\n",
            "this is the report of dcgmi health, and no diagnostic. Give the output of dcgmi diag.",
        ),
    ],
)
def test_what_is_no_diagnostic(refused: Callable[[Callable[[str], object], str], str], text: str, sentence: str) -> None:
    assert refused(parse, text) == sentence
