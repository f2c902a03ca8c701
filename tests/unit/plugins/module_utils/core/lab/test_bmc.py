# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab import bmc, network
from ansible_collections.railyard.cluster.plugins.module_utils.core.lab.spec import spec_from_dict
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import make_profile

HARDWARE = {
    "gpus": {"count": 2, "pci_id": "10de:2330", "memory_mib": 81559},
    "cpu": {"sockets": 2, "cores_per_socket": 8, "threads_per_core": 2},
    "memory_mib": 65536,
}
SPEC = spec_from_dict(
    {
        "name": "default",
        "index": 3,
        "nodes": [{"name": "ctl1", "number": 11}, {"name": "node1", "number": 101, "hardware_class": "h"}],
        "hardware": {"h": HARDWARE},
    }
)
CTL1, NODE1 = SPEC.nodes
SYSTEM = f"/redfish/v1/Systems/{bmc.system_uuid(SPEC, NODE1)}"


def test_a_bmc_says_of_its_machine_what_the_machine_says_of_itself() -> None:
    own = make_profile(HARDWARE, "node1", "h")["system"]
    said = bmc.overlay(SPEC, NODE1, "c")
    assert (said[SYSTEM]["SerialNumber"], said[SYSTEM]["SKU"], said[SYSTEM]["Model"]) == (own["serial"], own["serial"], own["product"])
    assert (said[SYSTEM]["HostName"], said["/redfish/v1"]["UUID"]) == ("node1", own["uuid"])
    assert said["/redfish/v1/Chassis/c"]["SerialNumber"] == own["serial"]
    assert bmc.overlay(SPEC, CTL1, "c")[f"/redfish/v1/Systems/{bmc.system_uuid(SPEC, CTL1)}"]["SerialNumber"] != own["serial"]


def test_cpus_and_gpus_follow_from_the_hardware_class() -> None:
    found = {entry["id"]: entry["resource"] for entry in bmc.processors(SPEC, NODE1)}
    assert list(found) == ["CPU1", "CPU2", "GPU0", "GPU1"]
    gpu = make_profile(HARDWARE, "node1", "h")["gpus"][1]
    assert (found["GPU1"]["Model"], found["GPU1"]["SerialNumber"], found["GPU1"]["Manufacturer"]) == ("NVIDIA H100 80GB HBM3", gpu["serial"], "NVIDIA")
    assert (found["CPU1"]["TotalCores"], found["CPU1"]["TotalThreads"], found["CPU1"]["ProcessorType"]) == (8, 16, "CPU")
    summary = bmc.overlay(SPEC, NODE1, "c")[SYSTEM]["ProcessorSummary"]
    assert (summary["Count"], summary["CoreCount"], summary["LogicalProcessorCount"]) == (2, 16, 32)
    assert bmc.memory_gib(SPEC, NODE1) == 64


def test_a_machine_without_a_class_is_one_too() -> None:
    assert [entry["id"] for entry in bmc.processors(SPEC, CTL1)] == ["CPU1"]
    assert bmc.memory_gib(SPEC, CTL1) == 0


def test_the_addresses_are_those_of_the_nodes_interfaces() -> None:
    assert bmc.nics(SPEC, NODE1) == [{"id": name, "mac": network.mac_address(SPEC, NODE1, name)} for name in ("mgmt0", "data0")]


def test_what_is_laid_over_takes_away_too() -> None:
    assert bmc.laid_over({"Name": "a", "Memory": {"@odata.id": "/nowhere"}, "Id": "1"}, {"Name": "b", "Memory": None}) == {"Name": "b", "Id": "1"}


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        ("On", ("", "start")),
        ("ForceOff", ("cut", "")),
        ("GracefulShutdown", ("shut down", "")),
        ("GracefulRestart", ("shut down", "start")),
        ("ForceRestart", ("cut", "start")),
        ("PowerCycle", ("cut", "start")),
    ],
)
def test_what_a_reset_does(kind: str, steps: tuple[str, str]) -> None:
    assert bmc.reset_steps(kind) == steps


@pytest.mark.parametrize("kind", ["", "Nmi", "off"])
def test_no_other_reset(kind: str) -> None:
    with pytest.raises(CoreError, match=rf"^ResetType: '{kind}' is not a reset\. There are: On, ForceOn, ForceOff, "):
        bmc.reset_steps(kind)
