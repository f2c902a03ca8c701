# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nvidia-smi nvlink --status: links, links that are down, GPUs without any, and what is not such an output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.gpu_links import NvLink, NvLinkGpu
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.nvlink import parse

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse/nvlink"
REFUSED = "no NVLink of any GPU is told here. Record nvidia-smi nvlink --status."


def sample(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


def test_links_of_every_kind() -> None:
    document = parse(sample("mixed.txt"))
    assert document.gpus == (
        NvLinkGpu(0, "NVIDIA A100-SXM4-40GB", "GPU-a0000000-0000-1111-2222-000000000001", 3, 75.0, tuple(NvLink(link, 25.0, True) for link in range(3))),
        NvLinkGpu(1, "NVIDIA A100-SXM4-40GB", "GPU-a0000000-0000-1111-2222-000000000002", 1, 25.0, (NvLink(0), NvLink(1, 25.0, True), NvLink(2))),
        NvLinkGpu(2, "NVIDIA A100-SXM4-40GB", "GPU-a0000000-0000-1111-2222-000000000003", 0, 0.0, note="all links are inactive"),
        NvLinkGpu(3, "Tesla T4", "GPU-a0000000-0000-1111-2222-000000000004", 0, 0.0, note="no NVLink"),
    )
    assert (document.complete, document.warnings) == (True, ())
    assert [(fault.id, fault.subject, fault.message) for fault in document.faults] == [
        ("nvlink_inactive", "GPU 1", "2 of 3 NVLinks are inactive: 0, 2."),
        ("nvlink_inactive", "GPU 2", "All NVLinks are inactive: no bridge or NVSwitch is connected, or the links did not come up."),
    ]


def test_speeds_with_a_fraction() -> None:
    document = parse(sample("gb200.txt"))
    assert {(link.speed_gbytes_per_s, link.active) for gpu in document.gpus for link in gpu.links} == {(53.125, True)}
    assert [(len(gpu.links), gpu.active_links, gpu.bandwidth_gbytes_per_s) for gpu in document.gpus] == [(18, 18, 956.25)] * 2


def test_cut_off() -> None:
    document = parse(sample("gb200-truncated.txt"))
    assert [len(gpu.links) for gpu in document.gpus] == [18, 15]
    assert not document.complete
    assert document.warnings == ("Line 36: 'Link 15' is no link with a speed, and is left out.", "The text ends after 15 links of GPU 1.")


@pytest.mark.parametrize("end", ["GPU 3: Tesla", "NVML", "\t Link 1: 25 GB/s\n\t Link 2: <", "GPU 1"])
def test_cut_off_elsewhere(end: str) -> None:
    text = sample("mixed.txt")
    document = parse(text[: text.index(end)])
    assert document.complete == (end in ("GPU 3: Tesla", "GPU 1"))


def test_prefixes_and_line_ends() -> None:
    text = sample("mixed.txt")
    for wrapped in ("".join(f"node1: {line}\n" for line in text.splitlines()), text.replace("\n", "\r\n"), f"$ nvidia-smi nvlink -s\n{text}$ "):
        assert parse(wrapped) == parse(text)


def test_errors_in_place_of_links() -> None:
    lost = parse("Unable to determine the device handle for GPU1: 0000:3B:00.0: GPU is lost\n" + sample("gb200.txt").partition("GPU 1:")[0])
    assert [(fault.id, fault.subject) for fault in lost.faults] == [("gpu_lost", "GPU 0000:3b:00.0")]
    down = parse("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")
    assert ([fault.id for fault in down.faults], down.complete, down.gpus) == (["driver_not_loaded"], False, ())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GPU 0: NVIDIA H100 (UUID: GPU-1)\n",
        "\t Link 0: 25 GB/s\n",
        "GPU 0: NVIDIA H100 (UUID: GPU-1)\n\t Link 0, P2P is supported: true\n",
        "<html></html>",
    ],
)
def test_what_is_refused(refused: Callable[[Callable[[str], object], str], str], text: str) -> None:
    assert refused(parse, text) == REFUSED


# --- recordings --------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "gpus", "links", "speed"),
    [
        ("8x-a100-sxm4-80gb.nvlink-status.txt", 8, 12, 25.0),
        ("h100-80gb-hbm3_590.48.01.nvlink-s.txt", 1, 18, 26.562),
        ("h200_590.48.01.nvlink-s.txt", 1, 18, 26.562),
    ],
)
def test_recorded_links(recording: Callable[[str], str], name: str, gpus: int, links: int, speed: float) -> None:
    document = parse(recording(f"nvidia_smi/{name}"))
    assert [gpu.index for gpu in document.gpus] == list(range(gpus))
    assert all(gpu.links == tuple(NvLink(link, speed, True) for link in range(links)) for gpu in document.gpus)
    assert (document.complete, document.faults) == (True, ())


@pytest.mark.parametrize(("name", "note"), [("h200-mig_590.48.01.nvlink-s.txt", "NVLinks are not told in MIG mode"), ("l40s_595.80.nvlink-s.txt", "no NVLink")])
def test_recorded_without_links(recording: Callable[[str], str], name: str, note: str) -> None:
    document = parse(recording(f"nvidia_smi/{name}"))
    assert [(gpu.links, gpu.note, gpu.active_links) for gpu in document.gpus] == [((), note, None if "MIG" in note else 0)]
    assert (document.complete, document.faults) == (True, ())
