# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The simulated lspci: what the collectors ask it, in a form that the project's own parser of real outputs reads."""

from __future__ import annotations

from datetime import datetime

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.pci import QUERY
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.classes import CLASSES
from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.lspci import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.runner import CommandResult
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.lspci import lspci
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import make_profile

from ..facts.nodes import make

NOW = datetime(2026, 7, 4)


@pytest.mark.parametrize("name", CLASSES)
def test_every_gpu_and_port_is_read_back(name: str) -> None:
    profile = make_profile(hardware_class(name), "node1", name)
    document = parse(lspci(profile, ["-D", "-nn", "-vv"], NOW).stdout)
    assert document.complete and not document.warnings
    assert sorted(document.gpus) == sorted(gpu["pci"][4:].lower() for gpu in profile["gpus"])
    ports = [device for device in document.devices if device.class_id == "0604"]
    assert len(ports) > len(profile["gpus"])


@pytest.mark.parametrize("name", ["h100_sxm_8", "l40s_4", "gb200_4"])
def test_the_facts_see_the_access_control_of_every_port(name: str) -> None:
    node, profile = make(name), make_profile(hardware_class(name), "node1", name, storage_nics=2)

    def answer(argv: list[str]) -> CommandResult:
        said = lspci(profile, argv, NOW)
        return CommandResult(said.rc, said.stdout, said.stderr)

    node.commands["lspci"] = answer
    bridges = node.facts("bridges").bridges
    assert bridges and {bridge.acs for bridge in bridges} == {()}
    assert node.unseen("bridges") == {}
    assert tuple(QUERY) in node.asked


def test_what_is_not_simulated_is_refused() -> None:
    profile = make_profile(hardware_class("l40s_4"), "node1", "l40s_4")
    said = lspci(profile, ["-t"], NOW)
    assert (said.rc, said.stdout) == (1, "")
    assert said.stderr.startswith("lspci: invalid option -- 't'\n")
