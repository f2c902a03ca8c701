# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""dcgm-exporter's metrics: GPUs, MIG instances and switches, values that are none, what is wrong, and texts that are cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.xid_catalogue import HINTS
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.dcgm import DcgmGpu, DcgmMetrics, DcgmSample
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.dcgm_metrics import parse

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse/dcgm_metrics"
H200 = (SAMPLES / "h200.prom.txt").read_text()
SM_CLOCK = 'DCGM_FI_DEV_SM_CLOCK{gpu="0",UUID="GPU-1"}'


def ids(document: DcgmMetrics) -> list[str]:
    return [fault.id for fault in document.faults]


def test_the_recording(recording: Callable[[str], str]) -> None:
    document = parse(recording("dcgm/dcgm-exporter-metrics.a100-mig.txt"))
    gpu, instance = document.gpus
    assert (gpu.sm_clock_mhz, gpu.memory_temperature_c, gpu.temperature_c, gpu.power_draw_w, gpu.last_xid) == (1215, 69, 61, 409.692, 0)
    assert (gpu.memory_clock_mhz, gpu.memory_free_mib, gpu.memory_used_mib, gpu.pcie_replays, gpu.energy_j) == (1215, 35690, 4845, 0, 319159.391)
    assert (gpu.gpu, gpu.uuid, gpu.host) == (0, "GPU-34319582-d595-d1c7-d1d2-179bcfa61660", "ub20-a100-k8s")
    assert (gpu.mig_profile, gpu.mig_instance) == (None, None)
    assert gpu.other["DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"] == 0.92926
    assert (instance.gpu, instance.uuid, instance.mig_profile, instance.mig_instance) == (0, gpu.uuid, "1g.5gb", 13)
    assert (instance.last_xid, instance.sm_clock_mhz) == (0, None)
    assert instance.other["DCGM_FI_PROF_DRAM_ACTIVE"] == 0.800339
    assert document.others == ()
    assert document.complete
    assert document.warnings == ()
    assert document.faults == ()


def test_every_metric_that_has_a_field() -> None:
    document = parse(H200)
    first, second = document.gpus
    assert first == DcgmGpu(
        gpu=0,
        uuid="GPU-aaaaaaaa-0000-1111-2222-333333333333",
        host="gpu-11",
        product="NVIDIA H200",
        pci_address="0000:1b:00.0",
        sm_clock_mhz=1980.0,
        memory_clock_mhz=3201.0,
        temperature_c=41.0,
        memory_temperature_c=52.0,
        power_draw_w=598.25,
        energy_j=1.5,
        gpu_utilization_percent=100.0,
        memory_utilization_percent=44.0,
        memory_free_mib=1024.0,
        memory_used_mib=142000.0,
        last_xid=94,
        ecc_corrected_volatile=3,
        ecc_uncorrected_volatile=2,
        remapped_rows_correctable=1,
        remapped_rows_uncorrectable=5,
        row_remap_pending=True,
        row_remap_failure=True,
        retired_pages_pending=0,
        pcie_replays=7,
        nvlink_crc_flit_errors=8,
        nvlink_crc_data_errors=9,
        nvlink_recovery_errors=10,
        other={"DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL": 11.0, "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": 0.75},
    )
    # Each is there in its own words where there is no value.
    assert (second.energy_j, second.retired_pages_pending, second.other) == (None, None, {})
    assert (second.row_remap_pending, second.row_remap_failure, second.last_xid) == (False, False, 0)
    assert [(sample.name, sample.value) for sample in document.others] == [
        ("DCGM_EXP_XID_ERRORS_COUNT", 1.0),
        ("DCGM_EXP_XID_ERRORS_COUNT", 2.0),
        ("DCGM_EXP_XID_ERRORS_COUNT", 0.0),
        ("DCGM_FI_DEV_NVSWITCH_TEMPERATURE_CURRENT", 44.0),
    ]
    assert document.others[3].labels == {"nvswitch": "nvswitch0", "Hostname": "gpu-11"}
    assert document.complete
    assert document.warnings == ()


def test_what_is_wrong() -> None:
    document = parse(H200)
    assert {fault.subject for fault in document.faults} == {"GPU 0 of gpu-11"}
    # Xid 94 was the last, and is counted too: it is said once.
    assert ids(document) == ["xid_94", "ecc_uncorrected", "remap_pending", "remap_failure", "rows_remapped", "xid_48"]
    assert document.faults[0].message.startswith("Xid 94 (Contained memory error): the last error that the driver reported. Memory lost data")
    assert document.faults[1].message == "Uncorrected memory errors since the driver was loaded: 2. What ran then may have computed with wrong data."
    assert document.faults[4].message == "Memory rows that were remapped after uncorrectable errors: 5."
    assert document.faults[5].message.startswith("Xid 48 (Double Bit ECC Error): times reported lately: 1. ")
    assert all(fault.hint for fault in document.faults)
    assert document.faults[0].hint == HINTS["RESTART_APP"]


@pytest.mark.parametrize(
    ("metric", "value", "fault"),
    [
        ("DCGM_FI_DEV_XID_ERRORS", "79", "xid_79"),
        ("DCGM_FI_DEV_XID_ERRORS", "999", "xid_999"),
        ("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", "1", "ecc_uncorrected"),
        ("DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", "1", None),
        ("DCGM_FI_DEV_ROW_REMAP_FAILURE", "1", "remap_failure"),
        ("DCGM_FI_DEV_ROW_REMAP_PENDING", "1", "remap_pending"),
        ("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "1", "rows_remapped"),
        ("DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", "1", None),
        ("DCGM_FI_DEV_RETIRED_PENDING", "2", "retired_pages_pending"),
        ("DCGM_FI_DEV_XID_ERRORS", "2147483632", None),
    ],
)
def test_single_faults(metric: str, value: str, fault: str | None) -> None:
    assert ids(parse(f'{metric}{{gpu="3",UUID="GPU-1"}} {value}\n')) == ([fault] if fault else [])
    assert ids(parse(f'{metric}{{gpu="3",UUID="GPU-1"}} 0\n')) == []


def test_an_unknown_xid_has_no_name() -> None:
    (fault,) = parse('DCGM_FI_DEV_XID_ERRORS{gpu="3",UUID="GPU-1"} 999\n').faults
    assert (fault.subject, fault.message, fault.hint) == ("GPU 3", "Xid 999: the last error that the driver reported.", "See NVIDIA's Xid catalogue.")


@pytest.mark.parametrize(
    ("labels", "subject"),
    [('gpu="0",UUID="GPU-1"', "GPU 0"), ('UUID="GPU-1"', "GPU GPU-1"), ('device="nvidia0"', "GPU of unknown number"), ('gpu="1",Hostname="a"', "GPU 1 of a")],
)
def test_how_gpus_are_called(labels: str, subject: str) -> None:
    assert parse(f"DCGM_FI_DEV_ROW_REMAP_FAILURE{{{labels}}} 1\n").faults[0].subject == subject


def test_health_of_the_exporter() -> None:
    health = 'DCGM_EXP_GPU_HEALTH_STATUS{{gpu="0",UUID="GPU-1",Hostname="a",health_watch="{}"}} {}\n'
    document = parse(health.format("PCIE", 0) + health.format("MEM", 10) + health.format("NVLINK", 20) + health.format("", 20))
    assert [fault.message for fault in document.faults] == [
        "DCGM's health check of MEM warns.",
        "DCGM's health check of NVLINK failed.",
        "DCGM's health check failed.",
    ]
    assert [sample.value for sample in document.others] == [0, 10, 20, 20]


def test_mig_instances_repeat_no_fault() -> None:
    series = 'DCGM_FI_DEV_XID_ERRORS{{gpu="0",UUID="GPU-1",GPU_I_PROFILE="3g.20gb",GPU_I_ID="{}"}} 43\n'
    document = parse(series.format(1) + series.format(2))
    assert [(gpu.mig_instance, gpu.mig_profile, gpu.last_xid) for gpu in document.gpus] == [(1, "3g.20gb", 43), (2, "3g.20gb", 43)]
    assert [(fault.id, fault.subject) for fault in document.faults] == [("xid_43", "GPU 0")]


def test_gpus_of_several_hosts() -> None:
    series = 'DCGM_FI_DEV_GPU_TEMP{{gpu="0",Hostname="{}"}} {}\n'
    assert [(gpu.host, gpu.temperature_c, gpu.uuid) for gpu in parse(series.format("a", 30) + series.format("b", 40)).gpus] == [
        ("a", 30, None),
        ("b", 40, None),
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"{SM_CLOCK} 1980\n", 1980),
        (f"   {SM_CLOCK} 1980   \n", 1980),
        (f"{SM_CLOCK} 1.98e+03 1772366400000\n", 1980),
        (f"{SM_CLOCK}\t1980 -5\n", 1980),
        (f"node1: {SM_CLOCK} 1980\nnode1: # EOF\n", 1980),
        ('DCGM_FI_DEV_SM_CLOCK { gpu = "0" , UUID = "GPU-1" , } 1980\n', 1980),
        ('DCGM_FI_DEV_SM_CLOCK{pod="a}b\\"c,",gpu="0",UUID="GPU-1"} 1980\n', 1980),
        (f"{SM_CLOCK} NaN\n", None),
        (f"{SM_CLOCK} +Inf\n", None),
        (f"{SM_CLOCK} 2147483631\n", 2147483631),
        (f"{SM_CLOCK} 2147483632\n", None),
        (f"{SM_CLOCK} 2147483647\n", None),
        (f"{SM_CLOCK} 2147483648\n", 2147483648),
        (f"{SM_CLOCK} 9223372036854775792\n", None),
        (f"{SM_CLOCK} 1e19\n", 1e19),
        (f"{SM_CLOCK} 140737488355328.000000\n", None),
        (f"{SM_CLOCK} 140737488355344.000000\n", 140737488355344),
    ],
)
def test_forms_of_a_line(text: str, value: float | None) -> None:
    document = parse(text)
    (gpu,) = document.gpus
    assert (gpu.gpu, gpu.uuid, gpu.sm_clock_mhz) == (0, "GPU-1", value)
    assert document.complete
    assert document.warnings == ()


def test_labels_are_unescaped() -> None:
    (sample,) = parse('DCGM_X{nvlink="1",a="x\\\\y\\n\\"z\\""} 1\n').others
    assert sample == DcgmSample("DCGM_X", {"nvlink": "1", "a": 'x\\y\n"z"'}, 1.0)
    assert parse("DCGM_X 1\n").others == (DcgmSample("DCGM_X", {}, 1.0),)


def test_a_metric_that_is_there_twice() -> None:
    shared = 'DCGM_FI_DEV_GPU_TEMP{{gpu="0",UUID="GPU-1",pod="{}"}} {}\n'
    assert parse(shared.format("a", 40) + shared.format("b", 40)).warnings == ()
    document = parse(shared.format("a", 40) + shared.format("b", 50))
    assert document.gpus[0].temperature_c == 40
    assert document.warnings == ("line 2: DCGM_FI_DEV_GPU_TEMP is there twice for GPU GPU-1, with other values; the first is kept.",)


def test_lines_that_are_no_metric() -> None:
    broken = ["DCGM_FI_DEV_GPU_TEMP{gpu=0} 41", "DCGM_FI_DEV_GPU_TEMP 1_0", "DCGM_FI_DEV_GPU_TEMP x", "DCGM_FI_DEV_GPU_TEMP"]
    document = parse("\n".join((f"{SM_CLOCK} 1", "go_threads 8", "go_x{} y", *broken, "")))
    assert document.warnings == tuple(f"line {number}: this is no metric, and is left out: {line!r}." for number, line in enumerate(broken, start=4))
    assert len(document.gpus) == 1
    assert document.others == ()
    assert document.complete


def test_texts_that_are_cut_off() -> None:
    document = parse((SAMPLES / "h200.truncated.txt").read_text())
    assert not document.complete
    assert document.warnings[-1] == "the text is cut off: there may be more metrics."
    assert [gpu.power_draw_w for gpu in document.gpus] == [598.25, None]
    cut = parse(f"{SM_CLOCK} 1\n# HELP DCGM_FI_DEV_MEM")
    assert not cut.complete
    assert cut.warnings == ("the text is cut off: there may be more metrics.",)
    last = parse(f"{SM_CLOCK} 1")
    assert last.complete
    assert last.warnings == ("the last line has no end: its number may be cut off.",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "is empty"),
        ("go_threads 8\n", "begins with 'go_threads 8'"),
        ("<html>\n", "begins with '<html>'"),
        ("DCGM_FI_DEV_GPU_TEMP x\n", "begins with 'DCGM_FI_DEV_GPU_TEMP x'"),
    ],
)
def test_what_has_no_metrics(refused: Callable[[Callable[[str], object], str], str], text: str, found: str) -> None:
    assert refused(parse, text) == f"these are no metrics of dcgm-exporter: no line has a metric whose name begins with DCGM_, and the text {found}."
