# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which processors and devices are GPUs, by type, class and name."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.gpus import from_devices, from_processors, looks_like_gpu, processor_kind
from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.tree import Tree


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA H100 PCIe",
        "NVIDIA_A100-SXM4-40GB",
        "NVIDIA GH200 96GB HBM3",
        "NVIDIA GB200",
        "NVIDIA Graphics Device",
        "AMD INSTINCT MI200 (MCM) OAM LC",
        "AMD Instinct MI300X",
        "Tesla V100-SXM2-32GB",
        "Intel(R) Data Center GPU Max 1550",
        "Habana Gaudi2",
        "HL-325L",
        "gv100card3",
        "GPU_SXM_1",
        "GPU5",
        "GPU",
    ],
)
def test_names_of_gpus(name: str) -> None:
    assert looks_like_gpu(name)


@pytest.mark.parametrize(
    "name",
    [
        "NVIDIA NV Switch",
        "NVIDIA NVSwitch",
        "NVIDIA HGX A100 8 GPU 40",
        "NVIDIA BlueField-3",
        "NVIDIA ConnectX-7",
        "ASPEED Graphics Family",
        "MGA G200eW3",
        "Intel(R) Xeon(R) Platinum 8480CL",
        "AMD EPYC 9654",
        "Grace A02",
        "Stratix 10",
        "",
    ],
)
def test_names_of_other_things(name: str) -> None:
    assert not looks_like_gpu(name)


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ({"ProcessorType": "GPU", "Id": "x"}, "GPU"),
        ({"ProcessorType": "CPU", "Id": "GPU_0"}, "CPU"),
        ({"ProcessorType": "FPGA", "Model": "GPU"}, "FPGA"),
        ({"ProcessorType": "Accelerator", "Id": "gv100card0"}, "GPU"),
        ({"ProcessorType": "Accelerator", "Id": "qat0", "Model": "QAT 8970"}, "Accelerator"),
        ({"ProcessorType": "OEM", "Model": "NVIDIA A100-SXM4-80GB"}, "GPU"),
        ({"Id": "cpu0"}, "CPU"),
        ({"Id": "P1"}, "CPU"),
        ({"Id": "1"}, "CPU"),
        ({"Id": "GPU_SXM_3"}, "GPU"),
        ({"Id": "thing"}, ""),
        ({}, ""),
    ],
)
def test_kinds_of_processors(resource: dict[str, t.Any], kind: str) -> None:
    assert processor_kind(resource) == kind


def device(tree: Tree, number: int, fields: dict[str, t.Any], function: dict[str, t.Any] | None) -> dict[str, str]:
    address = f"/redfish/v1/Chassis/1/PCIeDevices/{number}"
    head = {"@odata.id": address, "@odata.type": "#PCIeDevice.v1_4_0.PCIeDevice", "Id": str(number)}
    links = []
    if function is not None:
        links = [{"@odata.id": f"{address}/PCIeFunctions/0"}]
        tree.add({"@odata.id": f"{address}/PCIeFunctions/0", "@odata.type": "#PCIeFunction.v1_2_0.PCIeFunction", "Id": "0", **function})
    tree.add({**head, "Links": {"PCIeFunctions": links}, **fields})
    return {"@odata.id": address}


@pytest.mark.parametrize(
    ("fields", "function", "expected"),
    [
        # The class decides; some services give the base class alone, in the lowest byte (iDRAC 9).
        ({"Manufacturer": "NVIDIA Corporation"}, {"VendorId": "0x10de", "DeviceId": "0x2331", "ClassCode": "0x030200"}, "10de:2331"),
        ({"Manufacturer": "NVIDIA Corporation"}, {"VendorId": "0x10de", "DeviceId": "0x2331", "ClassCode": "0x000003"}, "10de:2331"),
        ({}, {"VendorId": "0x1002", "DeviceId": "0x74a1", "ClassCode": "0x1200"}, "1002:74a1"),
        ({}, {"VendorId": "0x8086", "DeviceId": "0x0bd5", "ClassCode": "0x038000"}, "8086:0bd5"),
        ({}, {"VendorId": "0x1da3", "DeviceId": "0x1060", "DeviceClass": "ProcessingAccelerators"}, "1da3:1060"),
        ({}, {"VendorId": "0x8086", "DeviceId": "0x1234", "ClassCode": "0x030000"}, None),
        ({"Name": "Matrox G200eW3"}, {"VendorId": "0x102b", "DeviceId": "0x0536", "ClassCode": "0x030000"}, None),
        ({"Manufacturer": "NVIDIA"}, {"VendorId": "0x10de", "DeviceId": "0x1af1", "ClassCode": "0x068000"}, None),
        ({"Manufacturer": "NVIDIA"}, {"VendorId": "0x15b3", "DeviceId": "0x1021", "ClassCode": "0x020700"}, None),
        # A function without a class leaves it to the names.
        ({"Model": "NVIDIA L40S"}, {"VendorId": "0x10de", "DeviceId": "0x26b9"}, "10de:26b9"),
        ({"Model": "NVIDIA L40S"}, None, ""),
        ({"Model": "NVIDIA ConnectX-7"}, None, None),
    ],
)
def test_devices_that_are_gpus(fields: dict[str, t.Any], function: dict[str, t.Any] | None, expected: str | None) -> None:
    tree = Tree()
    found = from_devices(tree, {"PCIeDevices": [device(tree, 1, fields, function)]}, [])
    assert [gpu.pci_id or "" for gpu in found] == ([] if expected is None else [expected])


def test_a_device_that_is_listed_twice_is_one_gpu() -> None:
    tree = Tree()
    link = device(tree, 1, {"Model": "NVIDIA L40S", "SerialNumber": "7"}, None)
    twin = {**(tree.get(link) or {}), "@odata.id": "/redfish/v1/Systems/1/PCIeDevices/1"}
    tree.add(twin)
    chassis = {"Links": {"PCIeDevices": [link]}}
    assert len(from_devices(tree, {"PCIeDevices": [{"@odata.id": twin["@odata.id"]}]}, [chassis])) == 1


@pytest.mark.parametrize(
    ("function", "address"),
    [
        ({"BusNumber": 23, "DeviceNumber": 0, "FunctionNumber": 0, "SegmentNumber": 1}, "0001:17:00.0"),
        ({"BusNumber": "x"}, None),
        ({"BusNumber": 999}, None),
        ({"Id": "202-0-1"}, "0000:ca:00.1"),
        ({"Id": "999-0-1"}, None),
        ({"Id": "0"}, None),
    ],
)
def test_addresses(function: dict[str, t.Any], address: str | None) -> None:
    tree = Tree()
    link = device(tree, 1, {"Model": "NVIDIA L40S"}, function)
    assert from_devices(tree, {"PCIeDevices": [link]}, [])[0].pci_address == address


@pytest.mark.parametrize(
    ("fields", "memory"),
    [
        ({"MemorySummary": {"TotalMemorySizeMiB": 81559}}, 81559),
        ({"MemorySummary": {"ECCModeEnabled": True}, "ProcessorMemory": [{"CapacityMiB": 512}, {"CapacityMiB": 512}]}, 1024),
        ({"MemorySummary": {"TotalMemorySizeMiB": None}}, None),
    ],
)
def test_memory_of_a_gpu(fields: dict[str, t.Any], memory: int | None) -> None:
    assert from_processors(Tree(), [{"Id": "g", "ProcessorType": "GPU", **fields}])[0].memory_mib == memory
