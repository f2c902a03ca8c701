# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nvidia-smi's output of every generation, whole, cut off and wrapped; errors in its place; and what is not its output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.gpu import (
    Clocks,
    Ecc,
    EccCounts,
    Gpu,
    GpuFabric,
    MigDevice,
    NvidiaSmi,
    PcieLink,
    Platform,
    RemappedRows,
    RetiredPages,
)
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.nvidia_smi import parse

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse/nvidia_smi"
RECORD = "Record nvidia-smi -q or nvidia-smi -q -x."


def sample(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


def fault_ids(document: NvidiaSmi) -> list[tuple[str, str]]:
    return [(fault.id, fault.subject) for fault in document.faults]


# --- samples -----------------------------------------------------------------------------------------------------------------------------------------


def test_every_field_of_the_text_of_driver_550() -> None:
    document = parse(sample("two-gpus-550.q.txt"))
    assert (document.driver_version, document.cuda_version, document.attached_gpus, document.complete) == ("550.54.15", "12.4", 2, True)
    # Driver 535 and later answer "Unknown Error" for the addressing mode of a healthy GPU: no warning, no fault.
    assert document.warnings == ()
    assert document.gpus[1] == Gpu(
        index=1,
        uuid="GPU-aaaaaaaa-0000-1111-2222-000000000002",
        serial="1600000000012",
        product="NVIDIA H100 80GB HBM3",
        brand="NVIDIA",
        architecture="Hopper",
        pci_address="0000:c2:00.0",
        minor_number=1,
        vbios="96.00.89.00.01",
        memory_total_mib=81559,
        memory_used_mib=20480,
        mig_mode="disabled",
        persistence="disabled",
        ecc=Ecc(mode="enabled", volatile=EccCounts(3, 3), aggregate=EccCounts(30, 7), sram_threshold_exceeded=False),
        remapped_rows=RemappedRows(correctable=0, uncorrectable=1, pending=True, failure=False),
        pcie=PcieLink(gen_current=4, gen_max=5, width_current=8, width_max=16),
        temperature_c=88,
        memory_temperature_c=44,
        slowdown_margin_c=-1,
        power_draw_w=401.25,
        power_limit_w=700.0,
        clocks=Clocks(900, 900, 2619, 1500, 1980, 1980, 2619, 1545),
        throttle_reasons=("hw_slowdown", "hw_thermal_slowdown"),
        utilization_percent=97,
        fabric=GpuFabric(state="In Progress"),
        platform=Platform(module_id=4),
        reset_required=True,
    )
    assert document.gpus[0].fabric == GpuFabric("Completed", "Success", "00000000-0000-0000-0000-000000000000", 0)
    assert {subject for _id, subject in fault_ids(document)} == {"GPU 0000:c2:00.0"}
    assert [name for name, _subject in fault_ids(document)] == [
        "ecc_uncorrected",
        "remap_pending",
        "hw_thermal_slowdown",
        "gpu_too_warm",
        "fabric_not_completed",
        "reset_required",
    ]


def test_text_before_ampere() -> None:
    (gpu,) = parse(sample("volta-396.q.txt")).gpus
    assert gpu.ecc == Ecc(mode="enabled", volatile=EccCounts(4, 0), aggregate=EccCounts(41, 2))
    assert gpu.retired_pages == RetiredPages(2, 1, True)
    assert (gpu.power_draw_w, gpu.power_limit_w, gpu.slowdown_margin_c) == (298.77, 300.0, 36)
    assert gpu.throttle_reasons == ("applications_clocks_setting", "sw_power_cap")
    assert (gpu.architecture, gpu.mig_mode, gpu.fabric, gpu.recovery_action) == (None, None, GpuFabric(), None)
    # A setting, and the limit under load, are not faults.
    assert fault_ids(parse(sample("volta-396.q.txt"))) == [("retired_pages_pending", "GPU 0000:06:00.0")]


def test_text_of_driver_610() -> None:
    document = parse(sample("b300-mig-610.q.txt"))
    assert (document.driver_version, document.cuda_version) == ("610.43.02", "13.3")
    (gpu,) = document.gpus
    assert gpu.pci_address == "0009:01:00.0"
    assert gpu.mig_devices == (MigDevice(0, 1, 0, 70, 140000, 30, 0), MigDevice(1, 2, 0, 30, 69000, 12, 5))
    # Not those of a MIG device, which are printed above.
    assert gpu.ecc == Ecc("enabled", EccCounts(0, 0), EccCounts(0, None), sram_threshold_exceeded=True, repair_pending=True, unrepairable_memory=True)
    assert gpu.remapped_rows == RemappedRows(2, 1, False, True)
    assert (gpu.power_draw_w, gpu.power_limit_w, gpu.slowdown_margin_c) == (190.5, 1100.0, 49)
    assert gpu.fabric == GpuFabric("Completed", "Success", "12345678-1234-5678-1234-567812345678", 32766, "Limited Capacity")
    assert gpu.platform == Platform("1820000000042", 7, 3, 1, 2)
    assert (gpu.c2c_mode, gpu.recovery_action, gpu.throttle_reasons) == ("enabled", "Drain P2P", ("gpu_idle", "display_clocks_setting"))
    assert [name for name, _subject in fault_ids(document)] == [
        *("sram_threshold_exceeded", "repair_pending", "unrepairable_memory", "remap_failure", "fabric_unhealthy", "recovery_action")
    ]


def test_newer_drivers_leave_no_blank_before_a_long_labels_colon() -> None:
    text = sample("b300-mig-610.q.txt").replace("GPU Slowdown T.Limit Temp Specification        : -2 C", "GPU Slowdown T.Limit Temp Specification: -3 C")
    assert parse(text).gpus[0].slowdown_margin_c == 50


def test_xml_with_mig_and_a_card_that_knows_little() -> None:
    document = parse(sample("a30-mig-470.q.xml"))
    mig, consumer = document.gpus
    assert (document.driver_version, document.cuda_version, document.attached_gpus, document.complete) == ("470.57.02", "11.4", 2, True)
    assert mig.mig_devices == (MigDevice(0, 1, 0, 28, 11840, 10, 0), MigDevice(1, 5, 1, None, 5952, 3))
    assert mig.ecc == Ecc("enabled", EccCounts(4, 2), EccCounts(31, 42))
    assert (mig.power_limit_w, mig.pcie, mig.slowdown_margin_c) == (165.0, PcieLink(1, 4, 8, 16), 57)
    assert mig.throttle_reasons == ("gpu_idle", "hw_slowdown", "hw_power_brake_slowdown")
    assert consumer == Gpu(
        index=1,
        uuid="GPU-dddddddd-0000-1111-2222-000000000002",
        product="GeForce GTX 1080",
        brand="GeForce",
        pci_address="0000:e1:00.0",
        vbios="86.04.17.00.80",
        memory_total_mib=8119,
        persistence="disabled",
        temperature_c=95,
        slowdown_margin_c=-1,
    )
    assert fault_ids(document) == [
        *(("ecc_uncorrected", "GPU 0000:21:00.0"), ("hw_power_brake_slowdown", "GPU 0000:21:00.0"), ("gpu_too_warm", "GPU 0000:e1:00.0"))
    ]


def test_every_field_of_the_xml_of_driver_580() -> None:
    document = parse(sample("gb200-580.q.xml"))
    assert (document.driver_version, document.cuda_version, document.attached_gpus) == ("580.95.05", "13.0", 1)
    assert (document.complete, document.warnings, document.faults) == (True, (), ())
    assert document.gpus == (
        Gpu(
            index=0,
            uuid="GPU-abababab-0000-1111-2222-000000000001",
            serial="1650000000051",
            product="NVIDIA GB200",
            brand="NVIDIA",
            architecture="Blackwell",
            pci_address="0008:01:00.0",
            minor_number=0,
            vbios="97.00.B9.00.10",
            memory_total_mib=189471,
            memory_used_mib=151,
            mig_mode="disabled",
            persistence="enabled",
            c2c_mode="enabled",
            ecc=Ecc("enabled", EccCounts(3, 0), EccCounts(40, 4320), sram_threshold_exceeded=False, repair_pending=False, unrepairable_memory=False),
            remapped_rows=RemappedRows(7, 8, False, False),
            retired_pages=RetiredPages(5, 6, False),
            pcie=PcieLink(5, 6, 4, 16),
            temperature_c=61,
            memory_temperature_c=55,
            slowdown_margin_c=28,
            power_draw_w=1001.5,
            power_limit_w=1200.0,
            clocks=Clocks(1911, 1912, 1913, 1914, 2061, 2062, 2063, 2064),
            throttle_reasons=("sw_power_cap",),
            utilization_percent=93,
            fabric=GpuFabric("Completed", "Success", "01234567-89ab-cdef-0123-456789abcdef", 32766, "Healthy"),
            platform=Platform("1820000000043", 21, 11, 1, 2),
            recovery_action="None",
        ),
    )


def test_every_column() -> None:
    document = parse(sample("query-wide.csv"))
    assert (document.driver_version, document.attached_gpus, document.warnings, document.faults) == ("590.48.01", 1, (), ())
    assert document.gpus == (
        Gpu(
            index=6,
            uuid="GPU-cdcdcdcd-0000-1111-2222-000000000001",
            serial="1650000000061",
            product="NVIDIA B200",
            pci_address="0000:8f:00.0",
            vbios="97.00.FA.00.01",
            memory_total_mib=183359,
            memory_used_mib=77,
            mig_mode="disabled",
            persistence="disabled",
            c2c_mode="disabled",
            ecc=Ecc("enabled", EccCounts(3, 0), EccCounts(30, 4), sram_threshold_exceeded=False),
            remapped_rows=RemappedRows(7, 8, False, False),
            retired_pages=RetiredPages(5, 6, False),
            pcie=PcieLink(4, 5, 8, 16),
            temperature_c=44,
            memory_temperature_c=45,
            power_draw_w=199.5,
            power_limit_w=1000.0,
            clocks=Clocks(1911, 1912, 1913, 1914, 2061, 2062, 2063),
            throttle_reasons=("applications_clocks_setting",),
            utilization_percent=12,
            fabric=GpuFabric("Completed", "Success", "01234567-89ab-cdef-0123-456789abcdef", 1, "Healthy"),
            platform=Platform("1820000000044", 3, 2, 1, 4),
            reset_required=False,
            recovery_action="None",
        ),
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "field", "wanted"),
    [
        ("volta-396.q.txt", "    Power Readings", "    GPU Power Readings", "power_draw_w", 298.77),
        ("two-gpus-550.q.txt", "Power Draw                        : 71.50", "Instantaneous Power Draw : 71.25", "power_draw_w", 71.25),
        ("a30-mig-470.q.xml", "<power_limit>165.00 W</power_limit>", "", "power_limit_w", 150.0),
        ("a30-mig-470.q.xml", '<gpu id="00000000:21:00.0">', "<gpu>", "pci_address", "0000:21:00.0"),
        ("volta-396.q.txt", "Bus Id                      : 00000000:06:00.0", "Bus Id : 00000000:07:00.0", "pci_address", "0000:07:00.0"),
        ("gb200-580.q.xml", "<module_id>2</module_id>", "", "platform", Platform("1820000000043", 21, 11, 1, 9)),
        (
            "gb200-580.q.xml",
            "<pending_blacklist>No",
            "<pending_retirement>Yes</pending_retirement><pending_blacklist>No",
            "retired_pages",
            RetiredPages(5, 6, True),
        ),
        ("volta-396.q.txt", "Pending                     : Yes", "Pending Page Blacklist : No", "retired_pages", RetiredPages(2, 1, False)),
        (
            *("b300-mig-610.q.txt", "Channel Repair Pending                         : No", "Channel Repair Pending : Yes", "ecc"),
            Ecc("enabled", EccCounts(0, 0), EccCounts(0, None), True, True, True),
        ),
        # Without its limit a distance to it says nothing.
        ("two-gpus-550.q.txt", "GPU Slowdown T.Limit Temp", "GPU Other T.Limit Temp", "slowdown_margin_c", None),
        ("query-wide.csv", "199.50 W", "[N/A]", "power_draw_w", 200.0),
        ("query-wide.csv", "1000.00 W", "[N/A]", "power_limit_w", 900.0),
    ],
)
def test_where_else_a_value_stands(name: str, old: str, new: str, field: str, wanted: object) -> None:
    assert old in sample(name)
    assert getattr(parse(sample(name).replace(old, new, 1)).gpus[0], field) == wanted


def test_a_lost_gpu_in_the_xml() -> None:
    document = parse(sample("gb300-lost-615.q.xml"))
    (gpu,) = document.gpus
    assert (document.driver_version, document.complete, document.warnings) == ("615.20", True, ())
    assert gpu.lost
    assert (gpu.serial, gpu.memory_total_mib, gpu.temperature_c, gpu.power_limit_w, gpu.fabric) == ("1650000000041", None, None, 1400.0, GpuFabric())
    assert gpu.platform == Platform(None, 5, 4, 1, 4)
    assert fault_ids(document) == [("gpu_lost", "GPU 0018:01:00.0"), ("recovery_action", "GPU 0018:01:00.0")]
    assert document.faults[0].message == "The driver cannot reach the GPU: GPU is lost."


def test_a_lost_gpu_above_the_text() -> None:
    document = parse(sample("lost-550.q.txt"))
    assert [(gpu.index, gpu.pci_address, gpu.lost) for gpu in document.gpus] == [
        *((0, "0000:1a:00.0", False), (1, "0000:3b:00.0", True), (2, "0000:c2:00.0", False))
    ]
    assert fault_ids(document) == [("gpu_lost", "GPU 0000:3b:00.0")]
    assert document.faults[0].message == "The driver cannot reach the GPU: GPU is lost. Reboot the system to recover this GPU."
    assert document.complete


def test_list() -> None:
    document = parse(sample("list.txt"))
    assert [(gpu.index, gpu.product, gpu.uuid, gpu.mig_mode) for gpu in document.gpus] == [
        (0, "NVIDIA A100 80GB PCIe", "GPU-f0000000-0000-1111-2222-000000000001", "enabled"),
        (1, "NVIDIA A100 80GB PCIe", "GPU-f0000000-0000-1111-2222-000000000002", None),
    ]
    assert [(device.index, device.profile) for device in document.gpus[0].mig_devices] == [(0, "3g.40gb"), (1, "1g.10gb")]


def test_csv() -> None:
    document = parse(sample("query.csv"))
    first, second = document.gpus
    assert (document.driver_version, document.attached_gpus, document.complete) == ("570.86.15", 2, True)
    assert (first.index, first.pci_address, first.memory_total_mib, first.power_draw_w) == (0, "0000:41:00.0", 46068, 34.21)
    assert (first.mig_mode, first.fabric.state, first.recovery_action, first.throttle_reasons) == (None, None, "None", ("sw_power_cap",))
    assert (second.power_draw_w, second.ecc.volatile, second.throttle_reasons) == (None, EccCounts(None, 3), ("hw_thermal_slowdown",))
    assert [name for name, _subject in fault_ids(document)] == ["gpu_unknown_error", "ecc_uncorrected", "hw_thermal_slowdown", "recovery_action"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("name\nNVIDIA L4\nNVIDIA L4\n", [(0, "NVIDIA L4", None), (1, "NVIDIA L4", None)]),
        ("index, memory.total [MiB]\n4, 23034\n", [(4, None, 23034)]),
        ("index, name, memory.total [MiB]\n1, NVIDIA L4, [GPU is lost]\n", [(1, "NVIDIA L4", None)]),
        ("WARNING: infoROM is corrupted at gpu 0000:01:00.0\nindex, name\n\n0, NVIDIA L4\n", [(0, "NVIDIA L4", None)]),
    ],
)
def test_other_csv(text: str, wanted: list[object]) -> None:
    assert [(gpu.index, gpu.product, gpu.memory_total_mib) for gpu in parse(text).gpus] == wanted


def test_csv_of_a_loop_keeps_the_last_row_of_each_gpu() -> None:
    document = parse("index, temperature.gpu\n0, 40\n1, 41\n0, 42\n1, 43\nindex, temperature.gpu\n0, 44\n1, 4")
    assert [(gpu.index, gpu.temperature_c) for gpu in document.gpus] == [(0, 44), (1, 4)]
    assert document.warnings == ("There are 6 rows about 2 GPUs: the last of each is shown.",)


def test_a_row_that_is_cut_off() -> None:
    document = parse(sample("query.csv")[:-30])
    assert ([gpu.index for gpu in document.gpus], document.complete) == ([0], False)
    assert document.warnings == ("Line 3: the row is left out: the row has 12 values and the heading 15.",)


# --- cut off, wrapped, repeated ----------------------------------------------------------------------------------------------------------------------


def test_a_text_that_is_cut_off_keeps_the_gpus_that_were_whole() -> None:
    document = parse(sample("two-gpus-550-truncated.q.txt"))
    assert ([gpu.index for gpu in document.gpus], document.complete, document.faults) == ([0], False, ())
    assert document.warnings == ("Line 139: GPU 00000000:C2:00.0 is left out: the text ends before the GPU's last section.",)


def test_a_text_that_is_cut_off_between_two_gpus() -> None:
    text = sample("two-gpus-550.q.txt")
    document = parse(text[: text.index("GPU 00000000:C2:00.0")])
    assert (len(document.gpus), document.complete) == (1, False)
    assert document.warnings == ("2 GPUs are attached and 1 shown: the others were cut off, or left out with -i.",)


@pytest.mark.parametrize(
    ("name", "end", "warning"),
    [
        ("two-gpus-550.q.txt", "Attached GPUs", "The report ends before the first GPU."),
        ("volta-396.q.txt", "        Process ID", "Line 8: GPU 00000000:06:00.0 is left out: the text ends in the GPU's last section."),
        ("volta-396.q.txt", "    Processes", "Line 8: GPU 00000000:06:00.0 is left out: the text ends before the GPU's last section."),
        ("volta-396.q.txt", "    Product Name", "Line 8: GPU 00000000:06:00.0 is left out: the text ends before the GPU's last section."),
        ("a30-mig-470.q.xml", "</nvidia_smi_log>", "The XML ends before </nvidia_smi_log>."),
        ("a30-mig-470.q.xml", "\t<gpu id", "The XML ends before </nvidia_smi_log>."),
        ("a30-mig-470.q.xml", "\t</gpu>", "Line 8: GPU 00000000:21:00.0 is left out: the XML ends before </gpu>."),
    ],
)
def test_truncations(name: str, end: str, warning: str) -> None:
    text = sample(name)
    document = parse(text[: text.index(end)])
    assert not document.complete
    assert document.warnings == (warning,)


def test_a_text_that_ends_inside_a_section_behind_the_processes() -> None:
    report = sample("b300-mig-610.q.txt")
    two = report + report[report.index("GPU 00000009") :].replace("00000009:01", "00000019:01").partition("    Capabilities")[0]
    assert [gpu.pci_address for gpu in parse(two).gpus] == ["0009:01:00.0"]


def test_sections_chosen_with_d() -> None:
    text = "==============NVSMI LOG==============\n\nAttached GPUs : 2\nGPU 00000000:01:00.0\n    Temperature\n        GPU Current Temp : 40 C\n\n"
    document = parse(text + text[text.index("GPU 00000000") :].replace(":01:", ":02:"))
    assert ([gpu.temperature_c for gpu in document.gpus], document.complete) == ([40, 40], True)


def test_damaged_xml_costs_the_gpu_that_it_is_in() -> None:
    document = parse(sample("a30-mig-470.q.xml").replace("</serial>", "</cereal>", 1))
    assert [(gpu.index, gpu.product) for gpu in document.gpus] == [(1, "GeForce GTX 1080")]
    assert document.warnings == ("Line 8: GPU 00000000:21:00.0 is left out: </cereal> closes an element that is not open.",)
    assert not document.complete


WRAPPINGS: dict[str, Callable[[str], str]] = {
    "windows": lambda text: text.replace("\n", "\r\n"),
    "powershell": lambda text: text.replace("\n", "\r\n").encode("utf-16").decode("utf-8", "replace"),
    "prompt": lambda text: f"root@node1:~# nvidia-smi -q\n{text}root@node1:~# ",
    "pdsh": lambda text: "".join(f"node1: {line}\n" for line in text.splitlines()),
    "kubectl": lambda text: "".join(f"[pod/driver-7x/ctr] {line}\n" for line in text.splitlines()),
    "times": lambda text: "".join(f"2026-03-02T10:11:12.{number:09d}Z {line}\n" for number, line in enumerate(text.splitlines())),
    "stripped times": lambda text: "".join(f"2026-03-02 10:11:12,123 {line}".rstrip() + "\n" for line in text.splitlines()),
    "indented": lambda text: "".join(f"         {line}\n" for line in text.splitlines()),
    "code block": lambda text: "Look:\n```\n" + text + "```\n",
    "colours": lambda text: text.replace("GPU", "\x1b[1mGPU\x1b[0m"),
    "warning behind it": lambda text: text + "Failed to shut down\n",
}


@pytest.mark.parametrize(
    "name", ["two-gpus-550.q.txt", "lost-550.q.txt", "b300-mig-610.q.txt", "a30-mig-470.q.xml", "gb300-lost-615.q.xml", "list.txt", "query.csv"]
)
@pytest.mark.parametrize("wrapping", sorted(WRAPPINGS))
def test_what_collectors_and_terminals_put_around(wrapping: str, name: str) -> None:
    assert parse(WRAPPINGS[wrapping](sample(name))) == parse(sample(name))


def test_of_several_reports_the_last_whole_one_is_shown() -> None:
    first, last = sample("volta-396.q.txt"), sample("volta-396.q.txt").replace(": 51 C", ": 52 C")
    document = parse(first + last)
    assert ([gpu.temperature_c for gpu in document.gpus], document.complete) == ([52], True)
    assert document.warnings == ("There are 2 reports in this text: the last one that is whole is shown.",)
    interrupted = parse(first + last[:900])
    assert ([gpu.temperature_c for gpu in interrupted.gpus], interrupted.complete) == ([51], True)
    xml = parse(sample("gb300-lost-615.q.xml") * 3)
    assert (len(xml.gpus), xml.warnings) == (1, ("There are 3 reports in this text: the last one that is whole is shown.",))
    assert len(parse(last[:900] + last[:900]).warnings) == 2


# --- values ------------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        ("Total                             : 16160 MiB", "Total : lots", "its memory total reads 'lots' and is left out."),
        ("Persistence Mode                : Enabled", "Persistence Mode : Maybe", "its persistence reads 'Maybe' and is left out."),
        ("Pending                     : Yes", "Pending : Perhaps", "its retired pending reads 'Perhaps' and is left out."),
        ("Total               : 4", "Total : -4", "its ecc errors volatile single bit total reads '-4' and is left out."),
        ("Power Draw                  : 298.77 W", "Power Draw : -3 W", "its power draw reads '-3 W' and is left out."),
    ],
)
def test_what_cannot_be_read_is_left_out_and_told(old: str, new: str, warning: str) -> None:
    text = sample("volta-396.q.txt").replace("Total                       : 16160 MiB", "Total                             : 16160 MiB")
    assert text.count(old) >= 1
    document = parse(text.replace(old, new, 1))
    assert document.warnings == (f"GPU 0000:06:00.0: {warning}",)
    assert document.complete


@pytest.mark.parametrize("word", ["N/A", "[N/A]", "Not Supported", "Requested functionality has been deprecated", "Insufficient Permissions", "ERR!", ""])
def test_words_for_no_value(word: str) -> None:
    document = parse(sample("volta-396.q.txt").replace("298.77 W", word).replace(": 51 C", f": {word}").replace("88.00.13.00.02", word))
    (gpu,) = document.gpus
    assert (gpu.power_draw_w, gpu.temperature_c, gpu.vbios, document.warnings) == (None, None, None, ())


@pytest.mark.parametrize(
    ("answer", "fault", "lost"),
    [("GPU is lost", "gpu_lost", True), ("GPU requires reset", "gpu_requires_reset", False), ("Unknown Error", "gpu_unknown_error", False)],
)
def test_errors_in_place_of_values(answer: str, fault: str, lost: bool) -> None:
    document = parse(sample("volta-396.q.txt").replace(": Yes", ": No").replace(": 51 C", f": {answer}"))
    assert fault_ids(document) == [(fault, "GPU 0000:06:00.0")]
    assert (document.gpus[0].temperature_c, document.gpus[0].lost) == (None, lost)


@pytest.mark.parametrize(
    ("state", "status", "health", "faults"),
    [
        ("Completed", "Success", "Healthy", []),
        ("N/A", "N/A", "N/A", []),
        ("Not Supported", "N/A", "N/A", []),
        ("Not Started", "N/A", "N/A", ["fabric_not_completed"]),
        ("Completed", "Insufficient Resources", "N/A", ["fabric_failed"]),
        ("Completed", "Success", "Unhealthy", ["fabric_unhealthy"]),
    ],
)
def test_fabric_faults(state: str, status: str, health: str, faults: list[str]) -> None:
    fabric = f"    Fabric\n        State : {state}\n        Status : {status}\n        Health\n            Summary : {health}\n"
    text = sample("volta-396.q.txt").replace(": Yes", ": No").replace("    Processes\n", f"{fabric}    Processes\n")
    assert [name for name, _subject in fault_ids(parse(text))] == faults


# --- errors ------------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault", "message"),
    [
        (
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n",
            "driver_not_loaded",
            "NVIDIA's kernel driver does not answer: it is not loaded, or it does not fit the running kernel.",
        ),
        (
            "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 590.48\n",
            "driver_mismatch",
            "The loaded kernel driver and the installed library have different versions, as after an update without a reboot.",
        ),
        ("No devices were found\n", "no_devices", "The driver is loaded and finds no GPU that it can use."),
        ("Failed to initialize NVML: Insufficient Permissions", "driver_error", "The driver could not be asked: Insufficient Permissions."),
        (
            "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that the NVIDIA Display Driver is properly installed.\n",
            "driver_library_missing",
            "NVIDIA's library libnvidia-ml.so is not installed.",
        ),
    ],
)
def test_the_driver_does_not_answer(text: str, fault: str, message: str) -> None:
    document = parse(text)
    assert [(found.id, found.subject, found.message) for found in document.faults] == [(fault, "NVIDIA driver", message)]
    assert (document.gpus, document.complete) == ((), False)
    assert document.warnings == ("The tool printed an error in place of its report.",)


@pytest.mark.parametrize(
    ("line", "index", "address", "subject", "reason"),
    [
        ("GPU3: 0000:5F:00.0: Unknown Error", 3, "0000:5f:00.0", "GPU 0000:5f:00.0", ": Unknown Error"),
        ("GPU 0000:01:00.0: Not Found", None, "0000:01:00.0", "GPU 0000:01:00.0", ": Not Found"),
        ("GPU0000:25:00.0: Unknown Error", None, "0000:25:00.0", "GPU 0000:25:00.0", ": Unknown Error"),
        ("gpu 00000008:02:00.0: GPU is lost.  Reboot the system", None, "0008:02:00.0", "GPU 0008:02:00.0", ": GPU is lost. Reboot the system"),
        ("GPU2: Unknown Error", 2, None, "GPU 2", ": Unknown Error"),
        ("GPU0", 0, None, "GPU 0", ""),
    ],
)
def test_forms_of_the_line_about_a_lost_gpu(line: str, index: int | None, address: str | None, subject: str, reason: str) -> None:
    document = parse(f"Unable to determine the device handle for {line}\n")
    (gpu,) = document.gpus
    assert (gpu.index, gpu.pci_address, gpu.lost, document.complete) == (index, address, True, False)
    assert [(fault.id, fault.subject, fault.message) for fault in document.faults] == [("gpu_lost", subject, f"The driver cannot reach the GPU{reason}.")]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("GPU 0000:05:00.0: Unknown Error", [(0, "0000:05:00.0"), (1, "0000:1a:00.0"), (2, "0000:c2:00.0")]),
        ("GPU 0000:FF:00.0: Unknown Error", [(0, "0000:1a:00.0"), (1, "0000:c2:00.0"), (2, "0000:ff:00.0")]),
        ("GPU0: Unknown Error", [(0, None), (1, "0000:1a:00.0"), (2, "0000:c2:00.0")]),
        ("GPU 0000:C2:00.0: Unknown Error", [(0, "0000:1a:00.0"), (1, "0000:c2:00.0")]),
    ],
)
def test_lost_gpus_take_their_numbers(line: str, wanted: list[tuple[int, str | None]]) -> None:
    document = parse(f"Unable to determine the device handle for {line}\n" + sample("two-gpus-550.q.txt"))
    assert [(gpu.index, gpu.pci_address) for gpu in document.gpus] == wanted
    assert sum(gpu.lost for gpu in document.gpus) == 1


def test_a_gpu_left_out_as_damaged_keeps_its_number() -> None:
    text = sample("a30-mig-470.q.xml").replace("</serial>", "</cereal>", 1)
    document = parse("Unable to determine the device handle for GPU1: 0000:30:00.0: GPU is lost\n" + text)
    assert [(gpu.index, gpu.pci_address) for gpu in document.gpus] == [(1, "0000:30:00.0"), (2, "0000:e1:00.0")]


def test_a_warning_about_the_inforom() -> None:
    document = parse(sample("list.txt") + "WARNING: infoROM is corrupted at gpu 0000:3B:00.0\n")
    assert fault_ids(document) == [("inforom_corrupted", "GPU 0000:3B:00.0")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"the output of nvidia-smi was expected, and this is empty. {RECORD}"),
        ("\n \n", f"the output of nvidia-smi was expected, and this is empty. {RECORD}"),
        ("CA 'mlx5_0'\n\tCA type: MT4129\n", f"the output of nvidia-smi was expected, and this begins with \"CA 'mlx5_0'\". {RECORD}"),
        ("| NVIDIA-SMI 550.54.15    Driver Version: 550.54.15 |\n", f"this is nvidia-smi's table, which leaves most out. {RECORD}"),
        ("GPU 0: NVIDIA H100 (UUID: GPU-1)\n\t Link 0: 26.562 GB/s\n", "this is the output of nvidia-smi nvlink. Use the kind nvlink."),
        ("\tGPU0\tCPU Affinity\nGPU0\t X \t0-7\n", "this is the output of nvidia-smi topo. Use the kind nvidia-smi-topo."),
        (
            "0, NVIDIA L4, GPU-f2000000-0000-1111-2222-000000000001\n",
            "this is CSV without its heading: what its columns are is not to be known. Record it without noheader.",
        ),
        ("name, of what?\n", f"the output of nvidia-smi was expected, and this begins with 'name, of what?'. {RECORD}"),
        ("bash: nvidia-smi: command not found\n", f"nvidia-smi is not installed on that machine. {RECORD}"),
        ("<!DOCTYPE html>\n<html></html>\n", f"this is a web page. {RECORD}"),
    ],
)
def test_what_is_refused(refused: Callable[[Callable[[str], object], str], str], text: str, sentence: str) -> None:
    assert refused(parse, text) == sentence


# --- recordings --------------------------------------------------------------------------------------------------------------------------------------

H100, H200, L40S = "NVIDIA H100 80GB HBM3", "NVIDIA H200", "NVIDIA L40S"
# Name, driver, product, how many GPUs, MIG mode, fabric state, temperature, row remap pending.
TEXTS = [
    ("h100-80gb-hbm3_590.48.01.q-idle.txt", "590.48.01", H100, 1, "disabled", "Completed", 41, False),
    ("h100-80gb-hbm3_590.48.01.q-load.txt", "590.48.01", H100, 1, "disabled", "Completed", 59, False),
    ("h200-mig_590.48.01.q-idle.txt", "590.48.01", H200, 1, "enabled", "Completed", 28, None),
    ("h200-mig_590.48.01.q-load.txt", "590.48.01", H200, 1, "enabled", "Completed", 36, None),
    ("h200_590.48.01.q-idle.txt", "590.48.01", H200, 1, "disabled", "Completed", 28, False),
    ("h200_590.48.01.q-load.txt", "590.48.01", H200, 1, "disabled", "Completed", 52, False),
    ("l40s_595.80.q-idle.txt", "595.80", L40S, 1, None, None, 64, False),
    ("l40s_595.80.q-load.txt", "595.80", L40S, 1, None, None, 54, False),
    ("8x-h100_535.161.08_hw-slowdown.q.txt", "535.161.08", H100, 8, "disabled", "Completed", 29, False),
    ("8x-rtx4090_535.154.05.q.txt", "535.154.05", "NVIDIA GeForce RTX 4090", 8, None, None, None, False),
    ("titan-v_560.35.03.q.txt", "560.35.03", "NVIDIA TITAN V", 1, None, None, None, None),
    ("a10_535.129.03.q.txt", "535.129.03", "NVIDIA A10", 1, None, None, None, True),
]


@pytest.mark.parametrize(("name", "driver", "product", "count", "mig", "fabric", "temperature", "pending"), TEXTS)
def test_recorded_text(
    recording: Callable[[str], str],
    name: str,
    driver: str,
    product: str,
    count: int,
    mig: str | None,
    fabric: str | None,
    temperature: int | None,
    pending: bool | None,
) -> None:
    document = parse(recording(f"nvidia_smi/{name}"))
    assert (document.driver_version, document.attached_gpus, document.complete, document.warnings) == (driver, count, True, ())
    assert [gpu.product for gpu in document.gpus] == [product] * count
    assert [gpu.index for gpu in document.gpus] == list(range(count))
    assert {(gpu.mig_mode, gpu.fabric.state) for gpu in document.gpus} == {(mig, fabric)}
    assert {gpu.fabric.status for gpu in document.gpus} == {"Success" if fabric else None}
    assert temperature is None or document.gpus[0].temperature_c == temperature
    assert document.gpus[0].remapped_rows.pending is pending


def test_recorded_slowdown(recording: Callable[[str], str]) -> None:
    document = parse(recording("nvidia_smi/8x-h100_535.161.08_hw-slowdown.q.txt"))
    assert {gpu.throttle_reasons for gpu in document.gpus} == {("hw_slowdown", "hw_power_brake_slowdown")}
    assert fault_ids(document) == [("hw_power_brake_slowdown", f"GPU {gpu.pci_address}") for gpu in document.gpus]


def test_recorded_cards_without_ecc(recording: Callable[[str], str]) -> None:
    document = parse(recording("nvidia_smi/8x-rtx4090_535.154.05.q.txt"))
    assert {gpu.ecc for gpu in document.gpus} == {Ecc(mode="disabled")}
    assert document.faults == ()


# Name, DTD's driver, attached, products, MIG mode, MIG devices.
XMLS = [
    ("a100-sxm4-80gb-mig.v12.xml", "535.54.03", 4, ["NVIDIA A100-SXM4-80GB"], "enabled", 4),
    ("tesla-t4.xml", "515.105.01", 1, ["Tesla T4"], None, 0),
    ("rtx-4000-sff-ada.v13.xml", "595.84", 1, ["NVIDIA RTX 4000 SFF Ada Generation"], None, 0),
    ("quadro-p2000.v12.xml", "525.125.06", 1, ["Quadro P2000"], None, 0),
    ("tesla-p100.xml", "510.47.03", 1, ["Tesla P100-PCIE-16GB"], None, 0),
    ("2x-p100-12gb_375.66.xml", "375.66", 2, ["Tesla P100-PCIE-12GB"] * 2, None, 0),
]


@pytest.mark.parametrize(("name", "driver", "attached", "products", "mig", "devices"), XMLS)
def test_recorded_xml(recording: Callable[[str], str], name: str, driver: str, attached: int, products: list[str], mig: str | None, devices: int) -> None:
    document = parse(recording(f"nvidia_smi/{name}"))
    assert (document.driver_version, document.attached_gpus) == (driver, attached)
    assert [gpu.product for gpu in document.gpus] == products
    assert [(gpu.mig_mode, len(gpu.mig_devices)) for gpu in document.gpus] == [(mig, devices)] * len(products)
    assert document.complete == (attached == len(products))
    assert bool(document.warnings) == (attached != len(products))
    assert document.faults == ()


@pytest.mark.parametrize(
    ("name", "count", "mig"),
    [("h100-80gb-hbm3_590.48.01", 1, 0), ("h200-mig_590.48.01", 1, 5), ("h200_590.48.01", 1, 0), ("l40s_595.80", 1, 0)],
)
def test_recorded_lists_and_csv_agree_with_the_report(recording: Callable[[str], str], name: str, count: int, mig: int) -> None:
    listed, queried, report = (parse(recording(f"nvidia_smi/{name}.{form}")) for form in ("list.txt", "query-gpu-idle.csv", "q-idle.txt"))
    assert len(listed.gpus) == len(queried.gpus) == count
    assert sum(len(gpu.mig_devices) for gpu in listed.gpus) == mig
    for one, other, third in zip(listed.gpus, queried.gpus, report.gpus, strict=True):
        assert (one.index, one.uuid, one.product) == (other.index, other.uuid, other.product) == (third.index, third.uuid, third.product)
        for field in (
            "serial",
            "pci_address",
            "vbios",
            "memory_total_mib",
            "mig_mode",
            "persistence",
            "pcie",
            "power_limit_w",
            "throttle_reasons",
            "recovery_action",
        ):
            assert getattr(other, field) == getattr(third, field), field
        assert (other.ecc.volatile, other.fabric.state, other.fabric.clique_id) == (third.ecc.volatile, third.fabric.state, third.fabric.clique_id)


@pytest.mark.parametrize(
    "name", ["h100-80gb-hbm3_590.48.01.table-idle.txt", "8gpu_550.90.07.table.txt", "8x-h200-10-nics.topo-m.txt", "fabricmanager-h100.log"]
)
def test_other_recordings_are_refused(refused: Callable[[Callable[[str], object], str], str], recording: Callable[[str], str], name: str) -> None:
    assert refused(parse, recording(f"nvidia_smi/{name}"))


@pytest.mark.parametrize("name", ["8x-h100_535.161.08_hw-slowdown.q.txt", "2x-p100-12gb_375.66.xml"])
def test_wherever_a_recording_is_cut_off_no_number_is_wrong(recording: Callable[[str], str], name: str) -> None:
    text = recording(f"nvidia_smi/{name}")
    whole = parse(text)
    for end in range(text.index("Driver" if name.endswith("txt") else "<driver"), len(text), len(text) // 97):
        document = parse(text[:end])
        assert document.gpus == whole.gpus[: len(document.gpus)]
        assert not document.complete or document.gpus == whole.gpus
