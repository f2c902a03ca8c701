# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Adapters: identities of their own, a place beside a GPU, names as systemd gives them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.classes import CLASSES
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.nics import make_nics
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import make_profile


def nics(name: str, node: str = "node1") -> list[dict[str, Any]]:
    return list(make_profile(hardware_class(name), node, name)["nics"])


def test_an_adapter() -> None:
    first = nics("h100_sxm_8")[0]
    assert re.fullmatch(r"0xe8ebd3[0-9a-f]{10}", first.pop("guid"))
    assert re.fullmatch(r"e8:eb:d3(:[0-9a-f]{2}){3}", first.pop("mac"))
    assert (first.pop("type"), first.pop("device"), first.pop("board_id")) == ("MT4129", "0x1021", "MT_0000000838")
    assert (first.pop("firmware"), first.pop("pcie_generation")) == ("28.41.1000", 5)
    assert first == {"name": "mlx5_0", "numa": 0, "pci": "0000:1a:00.0", "netdev": "ibp26s0", "rate_gbits_per_s": 400.0, "link_layer": "infiniband"}


def test_no_two_adapters_of_a_cluster_share_a_guid_and_a_node_keeps_its_own() -> None:
    guids = [nic["guid"] for number in range(500) for nic in nics("h100_sxm_8", f"node{number}")]
    assert len(set(guids)) == 4000
    assert guids[:8] == [nic["guid"] for nic in nics("h200_sxm_8", "node0")], "the class of a node is no part of its adapters' identity"


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_has_its_rails_each_in_a_place_of_its_own(name: str) -> None:
    found = nics(name)
    assert len(found) == CLASSES[name]["rails"]["count"]
    taken = {nic["pci"] for nic in found} | {gpu["pci"].lower()[4:] for gpu in make_profile(hardware_class(name), "node1", name)["gpus"]}
    assert len(taken) == len(found) + CLASSES[name]["gpus"]["count"]
    assert [nic["pci"] for nic in found] == sorted(taken & {nic["pci"] for nic in found}), "rails are in the order of their addresses"


def test_ethernet_and_further_domains_have_their_names() -> None:
    assert [nic["netdev"] for nic in nics("l40s_4")] == ["enp26s0np0", "enp156s0np0"]
    assert [nic["netdev"] for nic in nics("gb200_4")] == ["ibP8p2s0", "ibP9p2s0", "ibP24p2s0", "ibP25p2s0"]


def test_adapters_of_the_storage_network_are_functions_of_one_card() -> None:
    others = make_profile(hardware_class("h100_sxm_8"), "node1", "h100_sxm_8", storage_nics=2)["other_nics"]
    assert [(nic["name"], nic["pci"], nic["netdev"], nic["link_layer"]) for nic in others] == [
        ("mlx5_8", "0000:25:00.0", "enp37s0np0", "ethernet"),
        ("mlx5_9", "0000:25:00.1", "enp37s0f1np0", "ethernet"),
    ]


def test_more_adapters_than_gpus_and_adapters_without_gpus() -> None:
    rails = {"count": 3, "rate_gbits_per_s": 100, "link_layer": "ethernet"}
    assert [nic["pci"] for nic in make_nics(rails, [{"pci": "00000000:19:00.0"}], "node1", 1)] == ["0000:1a:00.0", "0000:1b:00.0", "0000:1c:00.0"]
    assert [(nic["pci"], nic["numa"]) for nic in make_nics(rails, [], "ctl1", 2)] == [("0000:1a:00.0", 0), ("0000:4d:00.0", 0), ("0000:bc:00.0", 1)]
