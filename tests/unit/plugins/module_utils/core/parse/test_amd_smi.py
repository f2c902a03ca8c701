# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""rocm-smi and amd-smi: JSON with old and new keys, text, matrices of links, cut off, and what is neither."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.amd_gpu import AmdEcc, AmdGpu, AmdLink, AmdPcie, AmdSmi
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.amd_smi import parse

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse/amd_smi"
REFUSED = "nothing that rocm-smi or amd-smi say about GPUs is here. Record rocm-smi -a --json, or amd-smi static --json."
LOW_POWER = "The tool says: WARNING: AMD GPU device(s) is/are in a low-power state. Check power control/runtime_status"


def sample(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


def links(document: AmdSmi) -> dict[tuple[int, int], AmdLink]:
    return {(link.who, link.whom): link for link in document.links}


def test_rocm_smi_with_new_keys() -> None:
    document = parse(sample("rocm-smi-new-keys.json"))
    assert document.driver_version == "6.12.12"
    assert document.gpus == (
        AmdGpu(
            index=0,
            product="AMD Instinct MI300X OAM",
            device_id="0x74a1",
            architecture="gfx942",
            serial="692000000001",
            unique_id="0x1122334455667788",
            pci_address="0000:05:00.0",
            vbios="113-M0000000-000",
            memory_total_mib=196592,
            memory_used_mib=1000,
            hotspot_temperature_c=41.0,
            memory_temperature_c=35.0,
            power_draw_w=139.0,
            power_limit_w=750.0,
            graphics_clock_mhz=132,
            memory_clock_mhz=900,
            utilization_percent=3.0,
            pcie=AmdPcie(speed_gt_per_s=32.0, width=16, replays=2),
            numa_node=0,
        ),
        AmdGpu(index=1, device_id="0x74a1", pci_address="0000:26:00.0", hotspot_temperature_c=40.0, numa_node=1),
    )
    assert document.links == (AmdLink(0, 1, "XGMI", 15, 1), AmdLink(1, 0, "XGMI", 15, 1))
    assert (document.complete, document.warnings, document.faults) == (True, (), ())


def test_amd_smi_static() -> None:
    document = parse(sample("amd-smi-static.json"))
    assert document.driver_version == "6.14.14"
    assert document.gpus == (
        AmdGpu(
            index=0,
            product="AMD Instinct MI325X",
            device_id="0x74a5",
            architecture="gfx942",
            serial="692000000101",
            pci_address="0000:15:00.0",
            vbios="113-M3250000-000",
            memory_total_mib=262128,
            power_limit_w=950.0,
            pcie=AmdPcie(speed_max_gt_per_s=32.0, width_max=16),
            numa_node=1,
        ),
        AmdGpu(index=1, product="AMD Instinct MI325X"),
    )


def test_amd_smi_metric_as_a_list() -> None:
    document = parse(sample("amd-smi-metric.json"))
    assert document.gpus == (
        AmdGpu(
            index=0,
            memory_total_mib=262144,
            memory_used_mib=300,
            hotspot_temperature_c=88.0,
            memory_temperature_c=70.0,
            power_draw_w=701.0,
            graphics_clock_mhz=2100,
            memory_clock_mhz=1300,
            utilization_percent=96.0,
            pcie=AmdPcie(speed_gt_per_s=32.0, width=16, replays=4),
            ecc=AmdEcc(7, 2, 1),
        ),
        AmdGpu(index=1, power_draw_w=131.0, ecc=AmdEcc(0, 0, 0)),
    )
    assert [(fault.id, fault.subject, fault.message) for fault in document.faults] == [
        ("ecc_uncorrected", "GPU 0", "Uncorrected memory errors since the driver was loaded: 2. What ran then may have computed with wrong data."),
        ("xgmi_errors", "GPU 1", "The GPU's xGMI links had errors: Multiple errors detected."),
    ]


def test_amd_smi_text() -> None:
    document = parse(sample("amd-smi-static.txt"))
    assert document.driver_version == "6.18.3"
    assert [(gpu.index, gpu.product, gpu.pci_address, gpu.memory_total_mib) for gpu in document.gpus] == [
        (0, "AMD Instinct MI350X", "0000:75:00.0", 294896),
        (1, "AMD Instinct MI350X", "0000:85:00.0", None),
    ]
    assert document.gpus[0].pcie == AmdPcie(speed_max_gt_per_s=32.0, width_max=16)


def test_rocm_smi_text() -> None:
    lines = ("Driver version: 6.3.6", "GPU[0]\t\t: Card Series: \t\tAMD Instinct MI210", "GPU[0]\t\t: PCI Bus: 0000:03:00.0", "GPU[1]\t\t: GPU use (%): 50")
    text = "== ROCm System Management Interface ==\n" + "\n".join(lines) + "\n== End of ROCm SMI Log ==\n"
    document = parse(text)
    assert document == AmdSmi(
        driver_version="6.3.6",
        gpus=(AmdGpu(index=0, product="AMD Instinct MI210", pci_address="0000:03:00.0"), AmdGpu(index=1, utilization_percent=50.0)),
    )


def test_xgmi() -> None:
    document = parse(sample("amd-smi-xgmi.txt"))
    assert [(gpu.pci_address, gpu.xgmi_rate_gbits_per_s, gpu.xgmi_bandwidth_gbits_per_s) for gpu in document.gpus] == [
        ("0000:0c:00.0", 38.0, 608.0),
        ("0000:22:00.0", 38.0, 608.0),
        # What is printed for no link at all is no rate.
        ("0000:38:00.0", None, None),
    ]
    assert links(document)[0, 1] == AmdLink(0, 1, "XGMI", up=True, read_kib=39.61 * 1024**3, write_kib=41.96 * 1024**3)
    assert links(document)[0, 2] == AmdLink(0, 2, "XGMI", read_kib=12 / 1024, write_kib=1536.0)
    assert links(document)[1, 0] == AmdLink(1, 0, "XGMI", up=False, read_kib=2.0, write_kib=3 * 1024.0**2)
    assert links(document)[2, 1] == AmdLink(2, 1)
    assert [(fault.id, fault.subject, fault.message) for fault in document.faults] == [("xgmi_down", "GPU 1", "The xGMI link to GPU 0 is down.")]
    assert (document.complete, len(document.links)) == (True, 6)


def test_showtopo() -> None:
    document = parse(sample("rocm-smi-showtopo.txt"))
    assert document.links == (AmdLink(0, 1, "PCIE", 40, 2), AmdLink(1, 0, "PCIE", 40, 2))
    assert [gpu.numa_node for gpu in document.gpus] == [0, 1]
    assert (document.complete, document.warnings) == (True, (LOW_POWER,))


def test_topology_by_address() -> None:
    document = parse(sample("amd-smi-topology.txt"))
    assert [gpu.pci_address for gpu in document.gpus] == ["0000:0c:00.0", "0000:22:00.0"]
    assert document.links == (AmdLink(0, 1, "XGMI", 15, 1), AmdLink(1, 0, "XGMI", 15, 1))


@pytest.mark.parametrize(
    ("name", "end", "warnings"),
    [
        ("rocm-smi-showtopo.txt", "=== End", ("The text ends before rocm-smi's last line.",)),
        (
            "rocm-smi-showtopo.txt",
            "           0\n\n================================= Hops",
            ("The row of GPU 1 in the matrix of weights is cut off.", "The text ends before rocm-smi's last line."),
        ),
        (
            "amd-smi-xgmi.txt",
            " Write                                                   N/A       N/A",
            ("The table of link metrics is cut off after 5 of 6 rows.",),
        ),
        ("amd-smi-xgmi.txt", "GPU1   0000:22:00.0  D", ("The matrix of link states is cut off after 1 rows.",)),
        ("amd-smi-topology.txt", "0000:22:00.0 XGMI", ("The matrix of link types is cut off after 1 rows.",)),
        ("amd-smi-topology.txt", "             0000:0c:00.0 0000:22:00.0\n0000:0c:00.0 SELF", ("The matrix of link types is cut off after 0 rows.",)),
    ],
)
def test_cut_off(name: str, end: str, warnings: tuple[str, ...]) -> None:
    text = sample(name)
    document = parse(text[: text.index(end)])
    assert not document.complete
    assert tuple(warning for warning in document.warnings if warning != LOW_POWER) == warnings


def test_json_that_is_cut_off(refused: Callable[[Callable[[str], object], str], str]) -> None:
    sentence = refused(parse, sample("amd-smi-static.json")[:400])
    assert sentence.startswith("line ")
    assert sentence.endswith("Was the file cut off?")


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.glob("*")))
def test_what_stands_around(name: str) -> None:
    text = sample(name)
    for wrapped in ("".join(f"node1: {line}\n" for line in text.splitlines()), text.replace("\n", "\r\n"), f"$ smi --json\n{text}\n$ "):
        assert parse(wrapped) == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "ERROR:root:Unable to get devices, driver not initialized (amdgpu not found in modules)\n",
        "ERROR:root:Driver not initialized (amdgpu not found in modules)\n",
        "Unable to detect any GPU devices, check amdgpu version and module status (sudo modprobe amdgpu)\n",
    ],
)
def test_the_driver_is_not_loaded(text: str) -> None:
    document = parse(text)
    assert [(fault.id, fault.subject, fault.message) for fault in document.faults] == [
        ("driver_not_loaded", "AMD driver", "AMD's kernel driver amdgpu is not loaded.")
    ]
    assert (document.gpus, document.complete) == ((), False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '[{"gpu": true}, {"gpu": -1}, {"gpu": "0"}, 7]',
        '{"card0": 5}',
        '{"nic": []}',
        "WARNING: No JSON data to report",
        "rocm-smi: command not found",
    ],
)
def test_what_is_refused(refused: Callable[[Callable[[str], object], str], str], text: str) -> None:
    assert refused(parse, text) == REFUSED


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        ({"vram": {"size": "196592 MB"}}, 196592),
        ({"vram": {"size": {"value": "N/A", "unit": "MB"}}}, None),
        ({"vram": {"size": {"value": 34359738368, "unit": "B"}}}, 32768),
        ({"vram": {"size": "12 furlongs"}}, None),
        ({"vram": {"size": "-5 MB"}}, None),
    ],
)
def test_sizes(entry: dict[str, object], wanted: int | None) -> None:
    assert parse(json.dumps([{"gpu": 0, **entry}])).gpus[0].memory_total_mib == wanted


# --- recordings --------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "driver", "cards", "first", "product"),
    [
        ("mi100_rocm602", "6.3.6", 4, "0000:83:00.0", "Arcturus GL-XL [Instinct MI100]"),
        ("mi100_rocm571", "6.2.4", 6, "0000:1e:00.0", "Arcturus GL-XL [Instinct MI100]"),
        ("vega-20-WKS-GL-XE", "5.9.17", 1, "0000:63:00.0", "Radeon Instinct MI50 32GB"),
    ],
)
def test_recorded_cards(recording: Callable[[str], str], name: str, driver: str, cards: int, first: str, product: str) -> None:
    document = parse(recording(f"amd/rocm-smi.{name}.json"))
    assert (document.driver_version, document.complete, document.warnings, document.faults) == (driver, True, (), ())
    assert [gpu.index for gpu in document.gpus] == list(range(cards))
    assert {(gpu.product, gpu.memory_total_mib) for gpu in document.gpus} == {(product, 32752)}
    assert document.gpus[0].pci_address == first
    assert all(gpu.power_draw_w and gpu.power_limit_w and gpu.temperature_c and gpu.pcie.width == 16 for gpu in document.gpus)


def test_recorded_matrices(recording: Callable[[str], str]) -> None:
    document = parse(recording("amd/rocm-smi-showtopo.8x-mi308x.txt"))
    assert {(link.weight, link.hops, link.link_type) for link in document.links} == {(15, 1, "XGMI")}
    assert [gpu.numa_node for gpu in document.gpus] == [0] * 4 + [1] * 4
    assert (len(document.links), document.complete, document.warnings) == (56, True, (LOW_POWER,))


def test_recorded_xgmi(recording: Callable[[str], str]) -> None:
    document = parse(recording("amd/amd-smi-xgmi.8x-mi300.txt"))
    assert {(gpu.xgmi_rate_gbits_per_s, gpu.xgmi_bandwidth_gbits_per_s) for gpu in document.gpus} == {(32.0, 512.0)}
    assert {link.link_type for link in document.links} == {"XGMI"}
    assert links(document)[0, 3] == AmdLink(0, 3, "XGMI", read_kib=1.0, write_kib=1.0)
    assert links(document)[7, 0].read_kib == 0.0
    assert (len(document.gpus), len(document.links), document.complete) == (8, 56, True)


def test_temperatures_with_the_sign_of_degrees() -> None:
    (gpu,) = parse(
        "GPU: 0\n    POWER:\n        SOCKET_POWER: 21 W\n    TEMPERATURE:\n        EDGE: 38 \u00b0C\n        HOTSPOT: 44 \u00b0C\n        MEM: 61 \u00b0C\n"
    ).gpus
    assert (gpu.power_draw_w, gpu.temperature_c, gpu.hotspot_temperature_c, gpu.memory_temperature_c) == (21.0, 38.0, 44.0, 61.0)


def test_ids_are_no_names() -> None:
    """What rocm-smi says where it has no names for PCI ids."""
    (gpu,) = parse('{"card0": {"GPU ID": "0x74a1", "Card series": "0x1002", "Card model": "0x74a1"}, "system": {"Driver version": "6.3.6"}}').gpus
    assert (gpu.product, gpu.device_id) == (None, "0x74a1")
    (named,) = parse('{"card0": {"GPU ID": "0x74a1", "Card series": "0x1002", "Card model": "Sample MI"}, "system": {}}').gpus
    assert named.product == "Sample MI"
