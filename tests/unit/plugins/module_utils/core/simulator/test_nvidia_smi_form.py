# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The simulator's form against recordings of real cards: labels, order, indentation, units and columns, line by line."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nvidia_smi import nvidia_smi
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import apply_fault, make_profile

Read = Callable[[str], str]

# Class, recording, driver generation, number of processors on the recorded machine.
CARDS = [
    ("h100_sxm_8", "h100-80gb-hbm3_590.48.01", "590", 20),
    ("h200_sxm_8", "h200_590.48.01", "590", 24),
    ("l40s_4", "l40s_595.80", "595", 8),
]
# What differs between the recorded virtual machines and a server of our own, or with what the card was doing.
OF_THE_MACHINE = {
    "Virtualization Mode",
    "Host Max",
    "Atomic Caps Outbound",
    "Persistence Mode",
    "Accounting Mode",
    "Idle",
    "pcie.link.gen.hostmax",
    "persistence_mode",
    "accounting.mode",
    "clocks_event_reasons.gpu_idle",
}
PROCESSES = [
    {"pid": 11327, "name": "/root/tools/memhog", "memory_mib": 2566},
    {"pid": 11328, "name": "/root/tools/memhog", "memory_mib": 1542},
    {"pid": 11345, "name": "./gpu_burn", "memory_mib": 15690},
]


SHAPES = (
    (re.compile(r"GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"[0-9A-F]{8}:[0-9A-F]{2}:[0-9A-F]{2}\.0"), "PCI"),
    (re.compile(r"0x[0-9a-fA-F]+"), "HEX"),
    (re.compile(r"\d+(\.\d+)*"), "N"),
)


def shape(value: str) -> str:
    """Return what a value looks like: its words and units, without the numbers."""
    for pattern, word in SHAPES:
        value = pattern.sub(word, value)
    return value


def single(class_name: str, generation: str, cores: int = 20) -> dict[str, Any]:
    """Return the profile of a machine with one card and no adapters, as the recorded ones are."""
    one = {"gpus": {"count": 1}, "rails": None, "cpu": {"sockets": 1, "cores_per_socket": cores, "threads_per_core": 1}}
    return make_profile(hardware_class(class_name, {class_name: one}), "node1", class_name, generation)


def answer(profile: dict[str, Any], *argv: str) -> str:
    result = nvidia_smi(profile, argv, datetime(2026, 7, 14, 8, 12, 38, 696000))
    assert result.rc == 0, result
    return result.stdout


def skeleton(text: str) -> list[tuple[str, str]]:
    """Return each line's label with its indentation and colon, and the shape of its value."""
    lines = []
    for line in text.rstrip("\n").split("\n"):
        label, colon, value = line.partition(": ") if ": " in line else (line, "", "")
        value = "" if label.strip() in OF_THE_MACHINE else shape(value)
        if label.startswith(("GPU ", "Timestamp")):
            label, value = shape(label), re.sub(r"[A-Z][a-z]{2} [A-Z][a-z]{2} +N", "DATE", value)
        lines.append((label + colon, value))
    return lines


@pytest.mark.parametrize(("class_name", "prefix", "generation", "cores"), CARDS)
def test_query_has_the_form_of_the_recording(class_name: str, prefix: str, generation: str, cores: int, recording: Read) -> None:
    text = answer(single(class_name, generation), "-q")
    assert skeleton(text) == skeleton(recording(f"{prefix}.q-idle.txt"))


def test_query_with_processes_has_the_form_of_the_recording(recording: Read) -> None:
    profile = single("h100_sxm_8", "590")
    profile["gpus"][0]["processes"] = PROCESSES
    assert skeleton(answer(profile, "-q")) == skeleton(recording("h100-80gb-hbm3_590.48.01.q-load.txt"))


def test_facts_of_the_model_are_those_of_the_recording(recording: Read) -> None:
    """Beyond the form: what does not depend on the machine or the moment is the same text."""
    of_the_moment = {"Timestamp", "Serial Number", "GPU UUID", "GPU PDI", "Board ID", "Module Id", "Bus", "Device", "Bus Id", "Replays Since Reset"}
    moving = re.compile(r"(Temp|Draw|Throughput) +$")

    def stable(text: str) -> list[str]:
        return [
            line
            for line in text.rstrip("\n").split("\n")
            if not line.startswith("GPU ")
            and line.partition(":")[0].strip() not in OF_THE_MACHINE | of_the_moment
            and not moving.search(line.partition(":")[0])
        ]

    assert stable(answer(single("h100_sxm_8", "590"), "-q")) == stable(recording("h100-80gb-hbm3_590.48.01.q-idle.txt"))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines(), skipinitialspace=True))


@pytest.mark.parametrize(("class_name", "prefix", "generation", "cores"), CARDS)
def test_query_gpu_has_the_form_of_the_recording(class_name: str, prefix: str, generation: str, cores: int, recording: Read) -> None:
    heading, recorded = rows(recording(f"{prefix}.query-gpu-idle.csv"))
    fields = ",".join(name.partition(" [")[0] for name in heading)
    ours, values = rows(answer(single(class_name, generation), f"--query-gpu={fields}", "--format=csv"))
    assert ours == heading
    differing = {
        name: (theirs, mine)
        for name, theirs, mine in zip(heading, recorded, values, strict=True)
        if shape(theirs) != shape(mine) and name not in OF_THE_MACHINE
    }
    assert differing == {}


def test_query_compute_apps_has_the_form_of_the_recording(recording: Read) -> None:
    profile = single("h100_sxm_8", "590")
    profile["gpus"][0]["processes"] = PROCESSES
    recorded = recording("h100-80gb-hbm3_590.48.01.compute-apps-load.csv")
    fields = ",".join(name.partition(" [")[0] for name in rows(recorded)[0])
    text = answer(profile, f"--query-compute-apps={fields}", "--format=csv")
    assert [shape(line) for line in text.splitlines()] == [shape(line) for line in recorded.splitlines()]


def test_query_retired_pages_has_the_form_of_the_recording(recording: Read) -> None:
    recorded = recording("h100-80gb-hbm3_590.48.01.retired-pages-idle.txt")
    text = answer(single("h100_sxm_8", "590"), f"--query-retired-pages={','.join(rows(recorded)[0])}", "--format=csv")
    assert [shape(line) for line in text.splitlines()] == [shape(line) for line in recorded.splitlines()]


def columns(text: str) -> list[str]:
    """Return the table with every digit as 9 and the date gone: columns stay where they are."""
    lines = text.rstrip("\n").split("\n")
    # Bus addresses contain letters in one machine and digits in another.
    return [re.sub(r"9{8}:..:..\.9", "PCI", re.sub(r"\d", "9", line)) for line in lines[1:]]


@pytest.mark.parametrize(
    ("class_name", "prefix", "generation", "processes"),
    [
        ("h100_sxm_8", "h100-80gb-hbm3_590.48.01.table-idle", "590", []),
        ("h100_sxm_8", "h100-80gb-hbm3_590.48.01.table-load", "590", PROCESSES),
        ("h200_sxm_8", "h200_590.48.01.table-idle", "590", []),
    ],
)
def test_table_has_the_columns_of_the_recording(class_name: str, prefix: str, generation: str, processes: list[dict[str, Any]], recording: Read) -> None:
    recorded = recording(f"{prefix}.txt")
    profile = single(class_name, generation)
    profile["gpus"][0]["processes"] = processes
    text = answer(profile)
    assert columns(text) == columns(recorded)
    assert re.sub(r"\d", "9", text.split("\n")[0])[-16:] == re.sub(r"\d", "9", recorded.split("\n")[0])[-16:]


def test_table_of_a_card_without_persistence_has_the_columns_of_the_recording(recording: Read) -> None:
    profile = apply_fault(single("l40s_4", "595"), "persistence_off", 0)

    def without_load(text: str) -> list[str]:
        # The recorded card was at work without a process: the line with its power stands apart.
        return [line for line in columns(text) if "9W" not in line]

    assert without_load(answer(profile)) == without_load(recording("l40s_595.80.table-idle.txt"))


@pytest.mark.parametrize(("class_name", "prefix", "generation", "cores"), CARDS)
def test_topology_is_that_of_the_recording(class_name: str, prefix: str, generation: str, cores: int, recording: Read) -> None:
    assert answer(single(class_name, generation, cores), "topo", "-m").rstrip("\n") == recording(f"{prefix}.topo-m.txt").rstrip("\n")


@pytest.mark.parametrize(("class_name", "prefix", "generation", "cores"), CARDS)
@pytest.mark.parametrize(("argv", "name"), [(("-L",), "list"), (("nvlink", "-s"), "nvlink-s")])
def test_list_and_nvlink_are_those_of_the_recording(
    class_name: str, prefix: str, generation: str, cores: int, argv: tuple[str, ...], name: str, recording: Read
) -> None:
    def plain(text: str) -> str:
        return re.sub(r"GPU-[0-9a-f-]{36}", "UUID", text.rstrip("\n"))

    assert plain(answer(single(class_name, generation), *argv)) == plain(recording(f"{prefix}.{name}.txt"))


def test_topology_of_eight_gpus_has_the_cells_of_the_recording(recording: Read) -> None:
    """A machine of eight GPUs with nine adapters: header and tail of a line are the same, with tabs in the same places."""
    recorded = recording("8x-h100-9-nics.topo-m.tabs.txt").splitlines()
    ours = answer(make_profile(hardware_class("h100_sxm_8"), "node1", "h100_sxm_8"), "topo", "-m").splitlines()
    heading = re.sub(r"\x1b\[\d+m", "", ours[0]).split("\t")
    assert [cell for cell in recorded[0].split("\t") if not cell.startswith("NIC")] == [cell for cell in heading if not cell.startswith("NIC")]
    theirs, mine = recorded[1].split("\t"), ours[1].split("\t")
    assert theirs[:9] == mine[:9]
    assert theirs[-3:] == mine[-3:]
    assert {len(line.split("\t")) for line in ours[9:17]} == {17}  # an adapter's line ends with its last cell


def paths(root: xml.etree.ElementTree.Element, prefix: str = "") -> list[str]:
    found = []
    for child in root:
        path = f"{prefix}/{child.tag}"
        found.append(path)
        if child.tag not in ("supported_clocks", "processes"):
            found += paths(child, path)
    return found


def test_xml_has_the_elements_of_the_recording_in_their_order(recording: Read) -> None:
    recorded = recording("rtx-4000-sff-ada.v13.xml")
    text = answer(single("l40s_4", "595"), "-q", "-x")
    assert text.split("\n")[:3] == recorded.split("\n")[:3]
    assert paths(xml.etree.ElementTree.fromstring(text)) == paths(xml.etree.ElementTree.fromstring(recorded))


def test_xml_is_indented_as_the_recording(recording: Read) -> None:
    recorded = recording("rtx-4000-sff-ada.v13.xml")
    opening = re.compile(r"^(\t*)<(\w+)", re.MULTILINE)
    theirs = {(tag, indent) for indent, tag in opening.findall(recorded)}
    ours = {(tag, indent) for indent, tag in opening.findall(answer(single("l40s_4", "595"), "-q", "-x"))}
    assert ours - theirs == set()
