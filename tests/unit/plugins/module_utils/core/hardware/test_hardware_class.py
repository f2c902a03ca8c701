# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hardware classes: the shipped table is sound, a site refines it, mistakes are named with their place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.classes import CLASSES
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import SECTIONS, hardware_class, hardware_classes

OWN: dict[str, Any] = {"cpu": {"sockets": 1, "cores_per_socket": 8, "threads_per_core": 2}, "memory_mib": 65536}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_shipped_class_is_complete(name: str) -> None:
    result = hardware_class(name)
    assert result["gpus"]["count"] == int(name.rsplit("_", 1)[1])
    assert {"vendor", "model", "pci_id", "gres_type", "memory_mib", "pcie_generation", "pcie_width"} < set(result["gpus"])
    assert set(SECTIONS) | {"memory_mib", "firmware"} == set(result)


def test_gres_types_of_different_cards_differ() -> None:
    cards = {(entry["gpus"]["pci_id"], entry["gpus"]["gres_type"]) for entry in CLASSES.values()}
    assert len({pci_id for pci_id, _type in cards}) == len({gres_type for _pci_id, gres_type in cards}) == len(cards)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_gres_types_are_what_slurm_detects(name: str) -> None:
    """Slurm takes the configured type that is a part of the card's name in lower case, with underscores for blanks."""
    gpus = CLASSES[name]["gpus"]
    assert gpus["gres_type"] in gpus["model"].lower().replace(" ", "_")
    # What another class is called must not be taken for this one where both are configured: the longest wins.
    matching = {entry["gpus"]["gres_type"] for entry in CLASSES.values() if entry["gpus"]["gres_type"] in gpus["model"].lower().replace(" ", "_")}
    assert max(matching, key=len) == gpus["gres_type"]


def test_site_refines_a_shipped_class_without_touching_the_table() -> None:
    before = copy.deepcopy(CLASSES)
    result = hardware_class("h100_sxm_8", {"h100_sxm_8": {"gpus": {"count": 4}, "memory_mib": 1031000}})
    assert (result["gpus"]["count"], result["gpus"]["pci_id"], result["memory_mib"]) == (4, "10de:2330", 1031000)
    result["gpus"]["count"] = result["cpu"]["sockets"] = 99
    assert before == CLASSES


def test_site_bases_a_class_on_another_of_its_own() -> None:
    sites = {"ours": {"based_on": "h100_sxm_8", "memory_mib": 1000}, "bigger": {"based_on": "ours", "rails": {"count": 4}}}
    result = hardware_class("bigger", sites)
    assert (result["memory_mib"], result["rails"]["count"], result["rails"]["rate_gbits_per_s"]) == (1000, 4, 400)


def test_null_empties_a_section() -> None:
    result = hardware_class("ours", {"ours": {"based_on": "l40s_4", "rails": None, "gpus": None}})
    assert result["rails"] == result["gpus"] == {}


def test_class_of_the_site_stands_alone() -> None:
    result = hardware_class("cpu_only", {"cpu_only": OWN})
    assert result == {"gpus": {}, "nvlink": {}, "xgmi": {}, "rails": {}, "nvme": {}, "firmware": {}, **OWN}


def test_all_classes_are_checked_at_once() -> None:
    assert set(hardware_classes({"cpu_only": OWN})) == {*CLASSES, "cpu_only"}
    with pytest.raises(CoreError, match=r"^railyard_hardware_classes\.bad: cpu is missing"):
        hardware_classes({"cpu_only": OWN, "bad": {"memory_mib": 1}})


WRONG: list[tuple[str, Any, str]] = [
    (
        "h100_smx_8",
        {},
        (
            "railyard_hardware_class: there is no hardware class 'h100_smx_8'. Did you mean h100_sxm_8 or h200_sxm_8? "
            "Or describe it in railyard_hardware_classes (group_vars/all/hardware.yml)."
        ),
    ),
    ("x", [], "railyard_hardware_classes: [] is not a dict. Write it as keys and values."),
    ("x", {"x": 3}, "railyard_hardware_classes.x: 3 is not a dict. Write it as keys and values."),
    ("x", {"x": {**OWN, "gpu": {}}}, "railyard_hardware_classes.x: a hardware class has no 'gpu'. Did you mean gpus or cpu?"),
    ("x", {"x": {"cpu": OWN["cpu"]}}, "railyard_hardware_classes.x: memory_mib is missing. Give the memory fitted, in MiB."),
    (
        "x",
        {"x": {**OWN, "gpus": {"count": 2}}},
        "railyard_hardware_classes.x.gpus: pci_id is missing. A gpus section needs count, pci_id, gres_type.",
    ),
    (
        "l40s_4",
        {"l40s_4": {"gpus": {"count": "8"}}},
        "railyard_hardware_classes.l40s_4.gpus.count: '8' is not a whole number from 0. Write it without quotes.",
    ),
    (
        "l40s_4",
        {"l40s_4": {"gpus": {"count": True}}},
        "railyard_hardware_classes.l40s_4.gpus.count: True is not a whole number from 0. Write it without quotes.",
    ),
    (
        "l40s_4",
        {"l40s_4": {"cpu": {"sockets": 0}}},
        "railyard_hardware_classes.l40s_4.cpu.sockets: 0 is not a whole number from 1. Write it without quotes.",
    ),
    (
        "l40s_4",
        {"l40s_4": {"rails": {"rate_gbits_per_s": "200G"}}},
        "railyard_hardware_classes.l40s_4.rails.rate_gbits_per_s: '200G' is not a number from 0. Write it without quotes and without a unit.",
    ),
    (
        "l40s_4",
        {"l40s_4": {"rails": {"link_layer": "IB"}}},
        "railyard_hardware_classes.l40s_4.rails.link_layer: 'IB' is not a link layer. Use infiniband or ethernet.",
    ),
    (
        "l40s_4",
        {"l40s_4": {"rails": {"rate_gbit_per_s": 200}}},
        "railyard_hardware_classes.l40s_4.rails: rails has no 'rate_gbit_per_s'. Did you mean rate_gbits_per_s?",
    ),
    (
        "l40s_4",
        {"l40s_4": {"gpus": {"gres_type": "L40S:x"}}},
        (
            "railyard_hardware_classes.l40s_4.gpus.gres_type: 'L40S:x' cannot be a GRES type. "
            "Use a lower-case letter, then lower-case letters, digits, '_', '.' or '-'."
        ),
    ),
    (
        "l40s_4",
        {"l40s_4": {"gpus": {"pci_id": "10DE:26B9"}}},
        (
            """railyard_hardware_classes.l40s_4.gpus.pci_id: '10DE:26B9' is not a PCI ID. Write vendor and device in lower-case hex, in quotes, """
            """as lspci -nn prints them: "10de:2330"."""
        ),
    ),
    ("l40s_4", {"l40s_4": {"gpus": {"model": ""}}}, "railyard_hardware_classes.l40s_4.gpus.model: '' is not a text."),
    (
        "x",
        {"x": {"based_on": "l40s_5"}},
        "railyard_hardware_classes.x.based_on: there is no hardware class 'l40s_5'. Did you mean l40s_8 or l40s_4?",
    ),
    (
        "x",
        {"x": {"based_on": "x"}},
        "railyard_hardware_classes.x.based_on: based_on names the class itself. Leave it out: the entry already refines the shipped class.",
    ),
    (
        "x",
        {"x": {"based_on": "y"}, "y": {"based_on": "x"}},
        "railyard_hardware_classes.y.based_on: based_on runs in a circle: x -> y -> x. Break the circle.",
    ),
]


@pytest.mark.parametrize(("name", "sites", "message"), WRONG)
def test_mistake_is_named_with_its_place(name: str, sites: Any, message: str) -> None:
    with pytest.raises(CoreError) as caught:
        hardware_class(name, sites)
    assert str(caught.value) == message
