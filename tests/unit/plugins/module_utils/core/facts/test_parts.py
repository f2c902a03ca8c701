# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All parts together: which are asked for, and that nothing that is missing keeps the rest from being seen."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.parts import PARTS
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import NodeFacts

from .nodes import bare, make


def test_all_parts_of_a_healthy_node() -> None:
    node = make()
    facts = node.facts()
    assert facts.parts == tuple(PARTS)
    assert (len(facts.gpus), len(facts.hcas), len(facts.nvme), len(facts.numa)) == (8, 10, 8, 2)
    assert node.unseen() == {"bridges.acs": "lspci is not installed"}
    assert sorted(set(node.asked)) == [("lspci", "-D", "-nn", "-vv", "-d", "::0604"), ("nvidia-smi", "-q", "-x")]


def test_a_subset_asks_for_no_more() -> None:
    node = make()
    facts = node.facts("hcas", "memory")
    assert facts.parts == ("memory", "hcas")
    assert (facts.gpus, facts.system, facts.nvme) == ((), None, ())
    assert node.asked == []


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(CoreError) as caught:
        make("l40s_4").facts("gpu")
    assert str(caught.value) == "subset: there is no part 'gpu' of the facts. Did you mean gpus?"
    with pytest.raises(CoreError, match=r"There are: system, drivers, cpu, memory, numa, iommu, bridges, gpus, hcas, nvme\.$"):
        make("l40s_4").facts("xyz")


def test_a_node_of_which_nothing_can_be_seen() -> None:
    facts = bare().facts()
    assert (facts.gpus, facts.hcas, facts.nvme, facts.faults) == ((), (), (), ())
    assert {entry.part for entry in facts.unseen} >= {"gpus.bus", "gpus.driver", "hcas", "cpu", "memory", "numa", "system.os", "system.dmi", "drivers.modules"}
    assert all(entry.reason for entry in facts.unseen)


def test_each_part_alone_and_each_part_missing() -> None:
    for name in PARTS:
        assert make("l40s_4").facts(name).parts == (name,)
    for folder in ("/sys/bus", "/sys/class", "/sys/devices", "/sys/kernel", "/sys/module", "/proc"):
        node = make("l40s_4")
        node.remove(folder)
        assert isinstance(node.facts(), NodeFacts)
