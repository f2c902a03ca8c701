# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nvidia-smi topo -m: with tabs and with blanks, of every generation, cut off, and what else it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.gpu_links import NvidiaTopology, TopologyGpu, TopologyNic
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.nvidia_smi_topo import parse

SAMPLES = Path(__file__).resolve().parents[6] / "tests/fixtures/parse/nvidia_smi_topo"
HINT = "Record nvidia-smi topo -m."
TABS = "four-gpus-tabs.txt"


def sample(name: str) -> str:
    return (SAMPLES / name).read_text(encoding="utf-8")


def matrix(document: NvidiaTopology) -> dict[tuple[str, str], str]:
    return {(who, whom): relation for who, row in document.relations.items() for whom, relation in row.items()}


def nearest(document: NvidiaTopology) -> list[str]:
    """Return the adapter behind the same switch of each GPU."""
    return [whom for (who, whom), relation in matrix(document).items() if who.startswith("GPU") and relation == "PIX"]


def test_tabs_with_adapters() -> None:
    document = parse(sample(TABS))
    assert document.complete
    assert document.warnings == ()
    assert document.gpus == (
        TopologyGpu("GPU0", 0, "0-23,96-119", "0"),
        TopologyGpu("GPU1", 1, "0-23,96-119", "0"),
        TopologyGpu("GPU2", 2, "24-47,120-143", "1"),
        TopologyGpu("GPU3", 3, "24-47,120-143", "1"),
    )
    assert document.nics == (TopologyNic("NIC0", "mlx5_0"), TopologyNic("NIC1", "mlx5_bond_0"), TopologyNic("NIC2", "rocep65s0f1"))
    relations = matrix(document)
    assert len(relations) == 7 * 6
    assert (relations["GPU0", "GPU1"], relations["GPU0", "GPU2"], relations["GPU2", "NIC2"], relations["NIC2", "GPU2"]) == ("NV6", "NV5", "PHB", "PHB")
    assert (relations["GPU0", "NIC0"], relations["GPU3", "NIC0"], relations["NIC0", "NIC1"]) == ("PIX", "SYS", "NODE")


def test_blanks_and_old_names() -> None:
    document = parse(sample("two-gpus-old.txt"))
    assert document.gpus == (TopologyGpu("GPU0", 0, "0-7,16-23"), TopologyGpu("GPU1", 1, "8-15,24-31"))
    assert document.nics == (TopologyNic("mlx5_0", "mlx5_0"),)
    assert matrix(document)["GPU1", "mlx5_0"] == "SOC"
    assert document.complete


def test_blanks_hide_the_processors_of_a_job() -> None:
    document = parse(sample("grace-in-a-job.txt"))
    assert document.gpus == (TopologyGpu("GPU0", 0, None, "0,2-17", 4), TopologyGpu("GPU1", 1, "72-143", "1", 12))
    assert document.complete


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("GPU0\t X \t0-71\t0\t\t1", TopologyGpu("GPU0", 0, "0-71", "0", 1)),
        ("GPU0\t X \t\t0\t\t1", TopologyGpu("GPU0", 0, None, "0", 1)),
        ("GPU0\t X \tN/A\tN/A\t\tN/A", TopologyGpu("GPU0", 0)),
        ("GPU0\t X \t0-71\t0\tN/A", TopologyGpu("GPU0", 0, "0-71", "0")),
    ],
)
def test_affinities(row: str, wanted: TopologyGpu) -> None:
    heading = "\tGPU0\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\n"
    for text in (heading + row, (heading + row).expandtabs()):
        document = parse(text)
        assert document.gpus == (wanted,), text
        assert document.complete


def test_without_the_column_of_the_gpus_own_node() -> None:
    for text in ("\tGPU0\tCPU Affinity\tNUMA Affinity\nGPU0\t X \t\t1\n", "        GPU0    CPU Affinity    NUMA Affinity\nGPU0     X              1\n"):
        assert parse(text).gpus == (TopologyGpu("GPU0", 0, None, "1"),)


def test_cut_off() -> None:
    document = parse(sample("four-gpus-tabs-truncated.txt"))
    assert not document.complete
    assert document.warnings == (
        "Line 4: the affinities of GPU2 are not whole, and are left out.",
        "The rows of GPU3, NIC0, NIC1, NIC2 are missing.",
        "The legend does not say which devices NIC0, NIC1, NIC2 are.",
    )
    assert document.gpus[1:3] == (TopologyGpu("GPU1", 1, "0-23,96-119", "0"), TopologyGpu("GPU2", 2))


@pytest.mark.parametrize("wrap", [str, str.expandtabs])
def test_wherever_it_is_cut_off_nothing_is_wrong(wrap: Callable[[str], str]) -> None:
    text = wrap(sample(TABS))
    whole = parse(text)
    for end in range(text.index("\n"), len(text.rstrip())):
        document = parse(text[:end])
        assert matrix(document).items() <= matrix(whole).items()
        assert all(own in (other, TopologyGpu(own.name, own.index)) for own, other in zip(document.gpus, whole.gpus, strict=True)), end
        assert not document.complete or end > text.index("NIC Legend")


def test_rows_that_are_damaged_or_twice() -> None:
    text = sample(TABS).replace("GPU1\tNV6\t X ", "GPU1\tNV6\tNV6", 1).replace("\nNIC0", "\nGPU0\t X \nNIC0", 1)
    document = parse(text)
    assert document.warnings == (
        *("Line 3: the row of GPU1 is not whole, and is left out.", "Line 6: the row of GPU0 is not whole, and is left out.", "The rows of GPU1 are missing."),
    )
    twice = sample(TABS).replace("\n\nLegend", "\n" + sample(TABS).splitlines()[1] + "\n\nLegend")
    assert parse(twice).warnings == ("Line 9: a second row of GPU0 is left out.",)


NVLINKS = {
    # All behind switches, one GPU with fewer links, or none.
    "one fewer": ("X 6 6 5|6 X 6 5|6 6 X 5|5 5 5 X", ["GPU3"]),
    "one none": ("X 6 6 0|6 X 6 0|6 6 X 0|0 0 0 X", ["GPU3"]),
    "alike": ("X 6 6 6|6 X 6 6|6 6 X 6|6 6 6 X", []),
    # Bridges over pairs, and a board that is wired unevenly.
    "pairs": ("X 4 0 0|4 X 0 0|0 0 X 4|0 0 4 X", []),
    "pair and one": ("X 4 0|4 X 0|0 0 X", []),
    "uneven": ("X 1 1 2|1 X 2 1|1 2 X 1|2 1 1 X", []),
    "none": ("X 0|0 X", []),
}


@pytest.mark.parametrize("name", sorted(NVLINKS))
def test_gpus_with_fewer_links_than_the_others(name: str) -> None:
    rows, wanted = NVLINKS[name]
    cells = [[{"X": "X", "0": "SYS"}.get(cell, f"NV{cell}") for cell in row.split()] for row in rows.split("|")]
    names = [f"GPU{index}" for index in range(len(cells))]
    text = "\t" + "\t".join(names) + "\n" + "".join("\t".join([own, *row]) + "\n" for own, row in zip(names, cells, strict=True))
    document = parse(text)
    assert [(fault.id, fault.subject) for fault in document.faults] == [("nvlink_missing", gpu) for gpu in wanted]
    assert document.complete


def test_prefixes_and_line_ends() -> None:
    text = sample(TABS)
    for wrapped in ("".join(f"node1: {line}\n" for line in text.splitlines()), text.replace("\n", "\r\n"), f"$ nvidia-smi topo -m\n{text}$ "):
        assert parse(wrapped) == parse(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f"no line here names GPUs as the columns of a matrix. {HINT}"),
        ("==============NVSMI LOG==============\nGPU 00000000:01:00.0\n", f"no line here names GPUs as the columns of a matrix. {HINT}"),
        (" \tGPU0\tGPU1\t\n GPU0\tX\tOK\t\n GPU1\tNS\tX\t\n", f"line 2: this is a matrix of peer-to-peer abilities (topo -p2p), not of connections. {HINT}"),
    ],
)
def test_what_is_refused(refused: Callable[[Callable[[str], object], str], str], text: str, sentence: str) -> None:
    assert refused(parse, text) == sentence


def test_the_driver_does_not_answer() -> None:
    document = parse("No devices were found\n")
    assert ([fault.id for fault in document.faults], document.complete) == (["no_devices"], False)
    assert document.warnings == ("The tool printed an error in place of the matrix.",)


# --- recordings --------------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cpus"), [("h100-80gb-hbm3_590.48.01", "0-19"), ("h200-mig_590.48.01", "0-23"), ("h200_590.48.01", "0-23"), ("l40s_595.80", "0-7")]
)
def test_recorded_single_gpus(recording: Callable[[str], str], name: str, cpus: str) -> None:
    document = parse(recording(f"nvidia_smi/{name}.topo-m.txt"))
    assert document == NvidiaTopology(gpus=(TopologyGpu("GPU0", 0, cpus, "0"),), relations={"GPU0": {}})


def test_recorded_eight_gpus_realigned(recording: Callable[[str], str]) -> None:
    document = parse(recording("nvidia_smi/8x-a100_h100.topo-m.ml-engineering.txt"))
    assert [(gpu.cpu_affinity, gpu.numa_affinity) for gpu in document.gpus] == [("0-51", "0")] * 4 + [("52-103", "1")] * 4
    assert set(matrix(document).values()) == {"NV18"}
    assert (len(matrix(document)), document.complete) == (56, True)


def test_recorded_in_a_job_with_ten_adapters(recording: Callable[[str], str]) -> None:
    document = parse(recording("nvidia_smi/8x-h200-10-nics.topo-m.txt"))
    assert [(gpu.cpu_affinity, gpu.numa_affinity) for gpu in document.gpus] == [(None, "0")] * 4 + [("56", "1")] * 4
    assert nearest(document) == ["NIC0", "NIC3", "NIC4", "NIC5", "NIC6", "NIC7", "NIC8", "NIC9"]
    assert [nic.device for nic in document.nics] == [f"mlx5_{index}" for index in range(10)]
    assert {matrix(document)[f"GPU{one}", f"GPU{other}"] for one in range(8) for other in range(8) if one != other} == {"NV18"}
    assert (document.complete, document.faults) == (True, ())


def test_recorded_and_cut_off_after_the_fifth_adapter(recording: Callable[[str], str]) -> None:
    document = parse(recording("nvidia_smi/8x-h100-9-nics.topo-m.tabs.txt"))
    assert nearest(document) == [f"NIC{index}" for index in range(8, 0, -1)]
    assert [gpu.cpu_affinity for gpu in document.gpus] == ["0-79"] * 4 + ["80-159"] * 4
    assert not document.complete
    assert document.warnings[0] == "The rows of NIC5, NIC6, NIC7, NIC8 are missing."


def test_recorded_peer_to_peer_is_refused(refused: Callable[[Callable[[str], object], str], str], recording: Callable[[str], str]) -> None:
    assert "peer-to-peer" in refused(parse, recording("nvidia_smi/8gpu.topo-p2p-r.txt"))
