# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nvidia-smi answers to its options, to mistakes in them, and on a machine with faults."""

from __future__ import annotations

import csv
from datetime import datetime
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.classes import CLASSES
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nvidia_smi import Answer, nvidia_smi
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nvidia_smi_layout import DISPLAYS, QUERY_ROWS
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import apply_fault, make_profile

NOW = datetime(2026, 7, 4, 8, 2, 3, 7000)
H100 = make_profile(hardware_class("h100_sxm_8"), "node1", "h100_sxm_8")
HELP = "Please run 'nvidia-smi -h' for help."


def ask(profile: dict[str, Any], *argv: str) -> Answer:
    return nvidia_smi(profile, argv, NOW)


def query(profile: dict[str, Any], fields: str, *more: str) -> list[list[str]]:
    answer = ask(profile, f"--query-gpu={fields}", "--format=csv,noheader", *more)
    assert answer.rc == 0, answer
    return list(csv.reader(answer.stdout.splitlines(), skipinitialspace=True))


def section(profile: dict[str, Any], display: str, gpu: int, label: str) -> list[str]:
    lines = ask(profile, "-q", "-d", display, "-i", str(gpu)).stdout.splitlines()
    return [line.partition(": ")[2] for line in lines if line.partition(": ")[0].strip() == label]


REFUSED: list[tuple[tuple[str, ...], str, int]] = [
    (("--frobnicate",), f"ERROR: Option --frobnicate is not recognized. {HELP}\n\n", 2),
    (("-format=csv",), f"ERROR: Option -format=csv is not recognized. {HELP}\n\n", 2),
    (("-i",), f"ERROR: Option -i is missing its value. {HELP}\n\n", 2),
    (("--query-gpu=name",), f'"--format=" switch is missing. {HELP}\n', 2),
    (("--query-gpu=name,nmae", "--format=csv"), 'Field "nmae" is not a valid field to query.\n\n', 2),
    (("--query-gpu=cuda_version", "--format=csv"), 'Field "cuda_version" is not a valid field to query.\n\n', 2),
    (("--query-gpu=name", "--format=json"), f"ERROR: Option --format=json is not recognized. {HELP}\n\n", 2),
    (("-q", "-d", "COLOUR"), f"ERROR: Option -d COLOUR is not recognized. {HELP}\n\n", 2),
    (("-q", "-L"), f"Invalid combination of input arguments. {HELP}\n\n", 2),
    (("-x",), f"Invalid combination of input arguments. {HELP}\n\n", 2),
    (("-L", "-d", "MEMORY"), f"Invalid combination of input arguments. {HELP}\n\n", 2),
    (("-q", "--format=csv"), f"Invalid combination of input arguments. {HELP}\n\n", 2),
    (("-L", "-i", "8"), "No devices were found\n", 6),
]


@pytest.mark.parametrize(("argv", "text", "rc"), REFUSED)
def test_mistake_is_refused_in_the_tools_words(argv: tuple[str, ...], text: str, rc: int) -> None:
    assert ask(H100, *argv) == Answer(text, rc)


@pytest.mark.parametrize("argv", [("-pm", "1"), ("-l", "5"), ("dmon",), ("--loop=1",), ("topo", "-p2p", "r"), ("nvlink", "-e"), ("nvlink",)])
def test_what_is_not_simulated_says_so_and_prints_nothing(argv: tuple[str, ...]) -> None:
    answer = ask(H100, *argv)
    assert (answer.stdout, answer.rc) == ("", 255)
    assert answer.stderr.startswith("railyard: nvidia-smi ") and answer.stderr.endswith(" is not simulated.\n")


@pytest.mark.parametrize("name", [name for name in CLASSES if CLASSES[name]["gpus"]["vendor"] == "nvidia"])
def test_every_class_answers_everything(name: str) -> None:
    profile = make_profile(hardware_class(name), "node1", name)
    count = CLASSES[name]["gpus"]["count"]
    for argv in ((), ("-L",), ("-q",), ("-q", "-x"), ("topo", "-m"), ("nvlink", "-s"), ("--version",), ("-h",)):
        assert ask(profile, *argv).rc == 0
    assert len(ask(profile, "-L").stdout.splitlines()) == count
    assert {line.rstrip("\n")[-1] for line in ask(profile).stdout.splitlines(keepends=True)[1:] if len(line) > 1} <= {"+", "|"}
    assert query(profile, "name,count,memory.total")[0] == [CLASSES[name]["gpus"]["model"], str(count), f"{CLASSES[name]['gpus']['memory_mib']} MiB"]


def test_machine_without_nvidia_cards_has_no_driver() -> None:
    answer = ask(make_profile(hardware_class("mi300x_8"), "node1", "mi300x_8"), "-L")
    assert (answer.rc, answer.stdout.split(" because")[0]) == (9, "NVIDIA-SMI has failed")


@pytest.mark.parametrize("key", ["index", "uuid", "serial", "pci.bus_id"])
def test_gpu_is_selected_by_any_of_its_names(key: str) -> None:
    wanted = query(H100, key)[5][0]
    assert query(H100, "index", "-i", wanted) == [["5"]]
    assert query(H100, "index", f"--id={wanted},2") == [["2"], ["5"]]


def test_csv_without_units_and_with_a_heading() -> None:
    answer = ask(H100, "--query-gpu=memory.total,clocks.sm,power.limit,pcie.link.width.max,gpu_name", "--format=csv,nounits", "-i", "0")
    assert answer.stdout == (
        "memory.total [MiB], clocks.current.sm [MHz], power.limit [W], pcie.link.width.max, name\n81559, 345, 700.00, 16, NVIDIA H100 80GB HBM3\n"
    )


def test_times_are_as_the_tool_writes_them() -> None:
    assert ask(H100).stdout.startswith("Sat Jul  4 08:02:03 2026       \n")
    assert query(H100, "timestamp")[0] == ["2026/07/04 08:02:03.007"]


def test_version() -> None:
    assert ask(H100, "--version").stdout.splitlines() == [
        "NVIDIA-SMI version  : 590.48.01",
        "NVML version        : 590.48",
        "DRIVER version      : 590.48.01",
        "CUDA Version        : 13.1",
    ]


def test_display_shows_its_sections_only() -> None:
    text = ask(H100, "-q", "-d", "ROW_REMAPPER,temperature", "-i", "0").stdout
    assert [line.strip() for line in text.splitlines() if line.startswith("    ") and line[4] != " "] == ["Remapped Rows", "Temperature"]
    assert "Attached GPUs                                          : 8\n" in text


def test_displays_name_sections_that_exist() -> None:
    known = {line.split(" | ")[0] for line in QUERY_ROWS.splitlines()}
    assert {label for labels in DISPLAYS.values() for label in labels} <= known


def test_topology_pairs_adapters_with_gpus() -> None:
    lines = [line.split("\t") for line in ask(H100, "topo", "-m").stdout.splitlines()]
    assert lines[1][1:9] == [" X ", *["NV18"] * 7]
    assert lines[3][9:17] == ["NODE", "NODE", "PIX", "NODE", "SYS", "SYS", "SYS", "SYS"]
    assert lines[1][17:] == ["0-55,112-167", "0", "", "N/A"]
    assert lines[8][17:] == ["56-111,168-223", "1", "", "N/A"]


# --- faults ----------------------------------------------------------------------------------------------------------


def test_lost_gpu_is_named_in_place_and_the_others_answer() -> None:
    lost = apply_fault(H100, "gpu_lost", 2)
    line = "Unable to determine the device handle for GPU2: 0000:4C:00.0: GPU is lost.  Reboot the system to recover this GPU"
    answer = ask(lost, "-L")
    assert (answer.rc, len(answer.stdout.splitlines()), answer.stdout.splitlines()[2]) == (15, 8, line)
    answer = ask(lost, "--query-gpu=index", "--format=csv,noheader")
    assert (answer.rc, answer.stdout.splitlines()) == (15, ["0", "1", line, "3", "4", "5", "6", "7"])
    for argv in ((), ("-q",), ("topo", "-m")):
        answer = ask(lost, *argv)
        assert (answer.rc, answer.stdout.splitlines()[0]) == (15, line)
        assert "4C:00.0" not in answer.stdout.partition("\n")[2]
    assert ask(lost, "-L", "-i", "1").rc == 0


def test_gpu_that_the_driver_cannot_open() -> None:
    answer = ask(apply_fault(H100, "gpu_unknown_error", 0), "-L")
    assert (answer.rc, answer.stdout.splitlines()[0]) == (255, "Unable to determine the device handle for GPU0: 0000:19:00.0: Unknown Error")


def test_only_gpu_lost_leaves_no_table() -> None:
    one = make_profile(hardware_class("l40s_4", {"l40s_4": {"gpus": {"count": 1}}}), "node1", "l40s_4")
    assert ask(apply_fault(one, "gpu_unknown_error", 0)).stdout.splitlines()[1:] == ["No devices were found"]


def test_absent_gpu_moves_the_numbers_up() -> None:
    absent = apply_fault(H100, "gpu_absent", 0)
    assert query(absent, "index,count,pci.bus_id,uuid")[0] == ["0", "7", "00000000:3B:00.0", H100["gpus"][1]["uuid"]]


def test_gpus_that_a_job_may_not_open_are_not_there() -> None:
    answer = nvidia_smi(H100, ["--query-gpu=index,count,pci.bus_id", "--format=csv,noheader"], NOW, denied=[0, 1, 2, 4, 5, 7])
    assert answer == Answer("0, 2, 00000000:5D:00.0\n1, 2, 00000000:CB:00.0\n")
    minors = [line.split(": ")[1] for line in nvidia_smi(H100, ["-q"], NOW, denied=[0]).stdout.splitlines() if "Minor Number" in line]
    assert minors == ["1", "2", "3", "4", "5", "6", "7"]
    assert nvidia_smi(H100, ["-L"], NOW, denied=range(8)).rc == 6


@pytest.mark.parametrize(
    ("kind", "details", "display", "label", "expected"),
    [
        ("ecc_uncorrected", {"count": 3}, "ECC", "DRAM Uncorrectable", ["3", "3"]),
        ("ecc_corrected", {}, "ECC", "DRAM Correctable", ["100", "100"]),
        ("remap_pending", {}, "ROW_REMAPPER", "Pending", ["Yes"]),
        ("remap_pending", {}, "ROW_REMAPPER", "Uncorrectable Error", ["1"]),
        ("remap_failure", {}, "ROW_REMAPPER", "Remapping Failure Occurred", ["Yes"]),
        ("hw_slowdown", {}, "PERFORMANCE", "HW Slowdown", ["Active"]),
        ("hw_slowdown", {}, "PERFORMANCE", "HW Thermal Slowdown", ["Active", "81234567 us"]),
        ("power_brake", {}, "PERFORMANCE", "HW Power Brake Slowdown", ["Active"]),
        ("power_brake", {}, "PERFORMANCE", "Idle", ["Not Active"]),
        ("hot", {"temperature_c": 88}, "TEMPERATURE", "GPU Current Temp", ["88 C"]),
        ("hot", {"temperature_c": 88}, "TEMPERATURE", "GPU T.Limit Temp", ["-1 C"]),
    ],
)
def test_fault_shows_on_its_gpu_and_on_no_other(kind: str, details: dict[str, Any], display: str, label: str, expected: list[str]) -> None:
    faulty = apply_fault(H100, kind, 3, **details)
    assert section(faulty, display, 3, label) == expected
    assert section(H100, display, 3, label) != expected
    assert section(faulty, display, 4, label) == section(H100, display, 4, label)


@pytest.mark.parametrize(
    ("kind", "field", "expected"),
    [
        ("pcie_width", "pcie.link.width.current", "8"),
        ("pcie_generation", "pcie.link.gen.current", "1"),
        ("power_brake", "clocks_throttle_reasons.active", "0x0000000000000088"),
        ("hw_slowdown", "clocks_event_reasons.active", "0x0000000000000048"),
        ("persistence_off", "persistence_mode", "Disabled"),
        ("fabric_failed", "fabric.state", "Not Started"),
        ("ecc_uncorrected", "ecc.errors.uncorrected.volatile.total", "1"),
        ("remap_failure", "remapped_rows.histogram.none", "1 bank(s)"),
    ],
)
def test_fault_shows_in_the_csv(kind: str, field: str, expected: str) -> None:
    rows = query(apply_fault(H100, kind, 7), field)
    assert rows[7] == [expected.replace(" bank(s)", "")]
    assert rows[0] != rows[7]


def test_inactive_links() -> None:
    some = ask(apply_fault(H100, "nvlink_inactive", 1, links=2), "nvlink", "--status", "-i", "1").stdout.splitlines()
    assert some[1:4] == ["\t Link 0: <inactive>", "\t Link 1: <inactive>", "\t Link 2: 26.562 GB/s"]
    none = ask(apply_fault(H100, "nvlink_inactive", 1, links=18), "nvlink", "-s", "-i", "1").stdout.splitlines()
    assert none[1:] == ["NVML: Unable to retrieve NVLink information as all links are inActive"]
    assert "NV16" in ask(apply_fault(H100, "nvlink_inactive", 1, links=2), "topo", "-m").stdout


def test_driver_that_is_not_there_or_does_not_match() -> None:
    assert ask(apply_fault(H100, "driver_not_loaded"), "-L") == Answer(
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n",
        9,
    )
    mismatch = ask(apply_fault(H100, "driver_mismatch"))
    assert (mismatch.rc, mismatch.stdout) == (18, "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 590.48\n")
