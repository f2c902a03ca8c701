# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hosts that an inventory makes of a service."""

from __future__ import annotations

import json

import pytest
from fake_redfish.machines import Resources, machine

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.redfish import Redfish, RedfishSystem
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.redfish import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.machines import machines, maker


def document(resources: Resources) -> Redfish:
    return parse({f"{address}.json": json.dumps(resource) for address, resource in resources.items()})


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Dell Inc.", "dell"),
        ("HPE", "hpe"),
        ("HP", "hpe"),
        ("Hewlett Packard Enterprise", "hpe"),
        ("Supermicro", "supermicro"),
        ("Super Micro Computer, Inc.", "supermicro"),
        ("NVIDIA Corporation", "nvidia"),
        ("Intel Corporation", "intel"),
        ("Lenovo", "lenovo"),
        ("Giga Computing", "gigabyte"),
        ("GIGA-BYTE TECHNOLOGY CO., LTD", "gigabyte"),
        ("ASUSTeK COMPUTER INC.", "asus"),
        ("Quanta Cloud Technology Inc.", "quanta"),
        ("Advanced Micro Devices, Inc.", "advanced micro devices"),
        ("", None),
        (None, None),
    ],
)
def test_makers(name: str | None, short: str | None) -> None:
    assert maker(name) == short


def test_a_server_is_one_machine() -> None:
    (found,) = machines(document(machine("dell", 3)))
    assert (found["vendor"], found["model"], found["service_tag"], found["serial"]) == ("dell", "PowerEdge XE0000", "TAG0003", "SN00003")
    assert (found["gpu_count"], found["gpu_models"], found["cpu_count"], found["cpu_models"]) == (8, ["NVIDIA X900 80GB"], 2, ["Example 9000 48-Core"])
    assert found["manager"] == {"model": None, "firmware_version": "1.2.3"}
    assert found["faults"] == []
    json.dumps(found)


def test_a_host_and_its_baseboard_are_one_machine() -> None:
    resources = machine("hgx", 3)
    resources["/redfish/v1/Systems/System_0"].update(SerialNumber=None, Model=None)
    resources["/redfish/v1/Systems/HGX_Baseboard_0/Processors/GPU_5"]["Status"] = {"State": "UnavailableOffline"}
    (found,) = machines(document(resources))
    assert (found["id"], found["serial"], found["memory_gib"]) == ("System_0", "HGX00003", 2048)
    assert found["model"] == "Example"  # the service's product
    assert (found["gpu_count"], len(found["cpus"])) == (8, 2)
    assert found["faults"] == ["GPU GPU_5 of system HGX_Baseboard_0: Its state is UnavailableOffline."]


def test_the_nodes_of_a_blade_are_machines_of_their_own() -> None:
    systems = (RedfishSystem("Node0", serial="S"), RedfishSystem("Node1", serial="S"))
    assert [found["id"] for found in machines(Redfish(systems=systems))] == ["Node0", "Node1"]


def test_a_baseboard_alone_is_a_machine() -> None:
    """As the BMC of the board itself shows it."""
    assert [found["id"] for found in machines(Redfish(systems=(RedfishSystem("HGX_Baseboard_0"),)))] == ["HGX_Baseboard_0"]
    assert machines(Redfish()) == []


def test_what_is_absent_is_not_counted() -> None:
    resources = machine("generic", 3)
    for name in ("GPU_2", "CPU_1"):
        resources[f"/redfish/v1/Systems/1/Processors/{name}"]["Status"] = {"State": "Absent"}
    (found,) = machines(document(resources))
    assert (found["gpu_count"], found["cpu_count"], len(found["gpus"])) == (7, 1, 8)


def test_gpus_without_a_model_go_by_their_pci_numbers() -> None:
    resources = machine("generic", 3, gpus=1)
    function = "/redfish/v1/Chassis/1/PCIeDevices/g/PCIeFunctions/1"
    resources[function] = {"@odata.id": function, "@odata.type": "#PCIeFunction.v1_2_3.PCIeFunction", "Id": "1", "VendorId": "0x10DE", "DeviceId": "0x2330"}
    resources["/redfish/v1/Systems/1/Processors/GPU_0"].update(Model=None, Links={"PCIeFunctions": [{"@odata.id": function}]})
    assert machines(document(resources))[0]["gpu_models"] == ["10de:2330"]
