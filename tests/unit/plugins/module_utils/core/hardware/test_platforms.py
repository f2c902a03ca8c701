# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of platforms: sound, without doubles, each figure with a source, and in step with the hardware classes."""

from __future__ import annotations

import dataclasses
import re

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.classes import CLASSES
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.platforms import (
    PLATFORMS,
    Figure,
    Platform,
    is_intel,
    pcie_gbytes_per_s,
    pcie_rdma_gbytes_per_s,
    platform_of,
    socket_link,
)


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_platform_is_sound(platform: Platform) -> None:
    figures = [getattr(platform, field.name) for field in dataclasses.fields(platform)]
    assert all(figure.source and figure.value >= 0 for figure in figures if isinstance(figure, Figure))
    assert all(re.fullmatch("[0-9a-f]{4}:[0-9a-f]{4}", pci_id) for pci_id in platform.pci_ids)
    assert platform.accepted
    assert platform.model_gbytes_per_s.value <= platform.line_gbytes_per_s.value
    assert (platform.links.value == 0) == (platform.topology == "none")
    assert platform.nvls_gain.value == 1.0 or platform.topology == "switch"


def test_no_card_is_two_platforms() -> None:
    pci_ids = [pci_id for platform in PLATFORMS for pci_id in platform.pci_ids]
    assert len(pci_ids) == len(set(pci_ids))


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_classes_that_are_shipped_are_known_with_the_same_links(name: str) -> None:
    entry = CLASSES[name]
    platform = platform_of(entry["gpus"]["pci_id"])
    assert platform
    links = entry.get("xgmi") or entry["nvlink"]
    if links["links_per_gpu"]:
        assert (platform.links.value, platform.line_gbytes_per_s.value) == (links["links_per_gpu"], links["gbytes_per_s_per_link"])


@pytest.mark.parametrize(
    ("pci_id", "name"), [("10de:2330", "H100 SXM5"), ("10DE:20B0", "A100 SXM4"), ("1002:74a1", "MI300X"), ("10de:0000", None), (None, None)]
)
def test_platform_is_found_by_pci_id(pci_id: str | None, name: str | None) -> None:
    found = platform_of(pci_id)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("model", "value"),
    [
        ("Intel(R) Xeon(R) Platinum 8168 CPU @ 2.70GHz", 10),
        ("Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz", 10),
        ("Intel(R) Xeon(R) Platinum 8480C", 22),
        ("INTEL(R) XEON(R) PLATINUM 8570", 40),
        ("Intel(R) Xeon(R) Platinum 8570", 40),
        ("Intel(R) Xeon(R) 6960P", None),
        ("AMD EPYC 7742 64-Core Processor", 16),
        ("AMD EPYC 7763 64-Core Processor", 24),
        ("AMD EPYC 9654 96-Core Processor", 24),
        ("AMD EPYC 9575F 64-Core Processor", 32),
        ("Neoverse-V2", None),
        (None, None),
    ],
)
def test_link_between_sockets(model: str | None, value: float | None) -> None:
    found = socket_link(model)
    assert (found.value if found else None) == value


def test_only_intel_costs_extra() -> None:
    assert is_intel("Intel(R) Xeon(R) Platinum 8480C")
    assert is_intel("INTEL(R) XEON(R) PLATINUM 8570")
    assert not is_intel("AMD EPYC 9654 96-Core Processor")
    assert not is_intel(None)


@pytest.mark.parametrize(("generation", "width", "value"), [(3, 16, 12), (4, 8, 12), (4, 16, 24), (5, 16, 48), (6, 16, 96), (1, 1, 0.1875)])
def test_pcie_is_worth_what_nccl_takes_it_for(generation: int, width: int, value: float) -> None:
    assert pcie_gbytes_per_s(generation, width) == value


@pytest.mark.parametrize(("generation", "rate_gbits_per_s"), [(3, 100), (4, 200), (5, 400), (6, 800)])
def test_adapter_reaches_its_line_rate_over_sixteen_lanes(generation: int, rate_gbits_per_s: float) -> None:
    assert rate_gbits_per_s / 8 < pcie_rdma_gbytes_per_s(generation, 16) < 1.2 * rate_gbits_per_s / 8
