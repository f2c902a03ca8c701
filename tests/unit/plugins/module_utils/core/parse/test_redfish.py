# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Saved Redfish services: the ground truth of the recorded trees, and small ones of our own for every turn."""

from __future__ import annotations

import collections
import json
import typing as t
from collections.abc import Callable, Mapping

import jsonschema
import pytest
from fake_redfish.machines import KINDS, machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.railyard.cluster.plugins.module_utils.core.errors import CoreError
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.document import as_fields
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.redfish import Redfish, RedfishSystem
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.redfish import parse

Folder = Callable[[str], dict[str, str]]


def saved(resources: Mapping[str, t.Any]) -> dict[str, str]:
    """Return resources as the files of a mock-up."""
    return {f"{address.strip('/')}/index.json": json.dumps(resource) for address, resource in resources.items()}


def only(document: Redfish) -> RedfishSystem:
    assert len(document.systems) == 1
    return document.systems[0]


def models(parts: t.Iterable[t.Any]) -> dict[str | None, int]:
    return dict(collections.Counter(part.model for part in parts))


def refusal(folder: Mapping[str, str]) -> str:
    with pytest.raises(CoreError) as caught:
        parse(folder)
    return str(caught.value)


def system(**fields: t.Any) -> dict[str, str]:
    """Return the folder of one system alone."""
    head = {"@odata.id": "/redfish/v1/Systems/1", "@odata.type": "#ComputerSystem.v1_5_0.ComputerSystem", "Id": "1"}
    return {"redfish/v1/Systems/1/index.json": json.dumps({**head, **fields})}


# What the recordings hold, as their provenance says.


def test_dell_poweredge_r750(recorded_folder: Folder) -> None:
    document = parse(recorded_folder("redfish/dell-poweredge-r750-h100-pcie"))
    assert (document.vendor, document.redfish_version, document.complete, document.faults) == ("Dell", "1.13.1", True, ())
    found = only(document)
    assert (found.id, found.manufacturer, found.model) == ("System.Embedded.1", "Dell Inc.", "PowerEdge R750")
    assert (found.serial, found.bios_version, found.power_state, found.memory_gib) == ("CNIVC0014M0388", "1.8.2", "On", 512)
    assert (found.service_tag, found.health, found.managers) == ("F54P1G3", "OK", ("iDRAC.Embedded.1",))
    assert models(found.cpus) == {"Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz": 2}
    assert models(found.gpus) == {"NVIDIA H100 PCIe": 1}
    gpu = found.gpus[0]
    assert (gpu.serial, gpu.pci_address, gpu.pci_id, gpu.source) == ("1654422007043", "0000:17:00.0", "10de:2331", "Processor")
    # Five interfaces and the two ports of an InfiniBand adapter that has none; the sixth recorded interface is the manager's.
    assert len(found.nics) == 7
    nic = next(nic for nic in found.nics if nic.mac == "b8:3f:d2:90:97:c4")
    assert (nic.adapter_model, nic.adapter_serial, nic.firmware_version) == ("BlueField-2 SmartNIC Main Card", "MT2242XZ00QA", "24.40.10.00")
    infiniband = {(nic.id, nic.mac, nic.link_status) for nic in found.nics if nic.technology == "InfiniBand"}
    assert infiniband == {
        ("InfiniBand.Slot.7-1", "b8:3f:d2:a4:1b:d2", "LinkUp"),
        ("InfiniBand.Slot.7-2", "b8:3f:d2:a4:1b:d3", "LinkUp"),
    }
    manager = document.managers[0]
    assert (manager.id, manager.firmware_version, manager.macs) == ("iDRAC.Embedded.1", "6.00.30.00", ("b0:7b:25:d6:51:82",))


def test_nvidia_gh200(recorded_folder: Folder) -> None:
    document = parse(recorded_folder("redfish/nvidia-gh200"))
    assert [found.id for found in document.systems] == ["System_0", "HGX_Baseboard_0"]
    host, board = document.systems
    assert (board.manufacturer, board.model, board.serial, board.bios_version) == ("NVIDIA", None, "1580924760074", None)
    assert (board.power_state, board.memory_gib) == ("On", 190)
    assert (host.manufacturer, host.model, host.serial, host.bios_version) == (None, None, None, None)
    assert (host.power_state, host.memory_gib) == ("On", 960)
    assert models([*host.cpus, *board.cpus]) == {"Grace A02": 4}
    assert models(host.gpus) == {}
    assert models(board.gpus) == {"NVIDIA GH200 96GB HBM3": 2}
    assert [(gpu.serial, gpu.memory_mib, gpu.pci_id) for gpu in board.gpus] == [
        ("1640124000234", 97871, "10de:2342"),
        ("1640124000373", 98256, "10de:2342"),
    ]
    assert [manager.id for manager in document.managers] == ["BMC_0", "HGX_BMC_0"]
    assert document.managers[0].addresses[0] == "10.114.231.136"
    assert document.complete


def test_nvidia_bluefield(recorded_folder: Folder) -> None:
    document = parse(recorded_folder("redfish/nvidia-bluefield-dpu"))
    found = only(document)
    assert (found.id, found.manufacturer, found.model, found.bios_version) == ("Bluefield", None, None, None)
    # Padded with blanks in the recording.
    assert (found.serial, found.power_state, found.memory_gib) == ("MT2328XZ185R", "On", 0)
    assert (found.cpus, found.gpus) == ((), ())
    # The same two ports are listed in two chassis.
    assert [nic.id for nic in found.nics] == ["NetworkAdapter/eth0", "NetworkAdapter/eth1"]
    assert document.managers[0].macs == ("a0:88:c2:08:80:97", "02:6d:ae:4f:0f:c8")


def test_hpe_cray_ex235n(recorded_folder: Folder) -> None:
    document = parse(recorded_folder("redfish/hpe-cray-ex235n-a100"))
    assert [found.id for found in document.systems] == ["Node0", "Node1"]
    for found in document.systems:
        assert (found.manufacturer, found.model, found.serial) == ("HPE", "HPE Cray EX235n", "DP20300012")
        assert (found.bios_version, found.power_state, found.memory_gib) == ("ex235n.bios-1.2.1", "On", 256)
        assert models(found.cpus) == {"AMD EPYC 7713 64-Core Processor": 1}
        assert models(found.gpus) == {"NVIDIA_A100-SXM4-40GB": 4}
        assert found.managers == ("BMC",)
        assert [nic.id for nic in found.nics] == ["HPCNet0", "HPCNet1", "HPCNet2", "HPCNet3", "ManagementEthernet"]
        assert {nic.adapter_model for nic in found.nics[:4]} == {"R4K44A"}
    assert [found.nics[4].mac for found in document.systems] == ["00:40:a6:84:d5:ea", "00:40:a6:84:d5:eb"]
    assert {nic.mac for nic in document.systems[0].nics[:4]} == {None}  # "Not Available"
    assert len(document.managers) == 5


def test_hpe_xl675d(recorded_folder: Folder) -> None:
    document = parse(recorded_folder("redfish/hpe-xl675d-a100"))
    found = only(document)
    assert (found.id, found.manufacturer, found.model, found.serial) == ("1", "HPE", "ProLiant XL675d Gen10 Plus", "JS05NP0896")
    assert (found.bios_version, found.power_state, found.memory_gib) == ("A47 v2.58 (05/19/2022)", "On", 256)
    assert models(found.cpus) == {"AMD EPYC 7702 64-Core Processor": 2}
    # No processor is a GPU there: HPE's own devices are eight, beside the baseboard and a switch of the same type.
    assert models(found.gpus) == {"NVIDIA A100-SXM4-40GB": 8}
    assert len({gpu.serial for gpu in found.gpus}) == 8
    assert (found.gpus[0].pci_address, found.gpus[0].pci_id, found.gpus[0].location) == ("0000:46:00.0", "10de:20b0", "PCI-E Slot 1")
    # Nine interfaces are recorded, three of them the manager's.
    assert [nic.mac for nic in found.nics][:2] == ["98:03:9b:7f:c3:38", "98:03:9b:1e:de:fc"]
    assert len(found.nics) == 6
    assert found.nics[2].adapter_model == "Intel(R) Ethernet Server Adapter I350-T4"
    assert [fault.message for fault in document.faults] == ["The BMC says that its health is Warning. It names: Storage Warning."]


def test_intel_s2600bpb(recorded_folder: Folder) -> None:
    document = parse(recorded_folder("redfish/intel-s2600bpb"))
    found = only(document)
    assert (found.id, found.manufacturer, found.model) == ("QSBP74100021", "Intel Corporation", "S2600BPB")
    assert (found.serial, found.bios_version) == ("QSBP74100021", "SE5C620.86B.02.01.0008.C0001.031920191559")
    assert (found.power_state, found.memory_gib) == ("On", 48)
    assert models(found.cpus) == {"Intel Xeon processor": 2}
    assert (found.gpus, found.nics) == ((), ())
    assert (found.sku, found.asset_tag) == (None, None)  # rows of dots
    assert document.managers[0].macs == ("a4:bf:01:28:90:aa", "a4:bf:01:28:90:ab", "a4:bf:01:28:90:ac")


def test_dmtf_rackmount(recorded_folder: Folder) -> None:
    document = parse(recorded_folder("redfish/dmtf-public-rackmount1"))
    found = only(document)
    assert (found.id, found.manufacturer, found.model, found.serial) == ("437XR1138R2", "Contoso", "3500", "437XR1138R2")
    assert (found.bios_version, found.power_state, found.memory_gib) == ("P79 v1.45 (12/06/2017)", "On", 96)
    assert [(cpu.model, cpu.state) for cpu in found.cpus] == [
        ("Multi-Core Intel(R) Xeon(R) processor 7xxx Series", "Enabled"),
        (None, "Absent"),
    ]
    assert found.gpus == ()  # an FPGA is none, and neither is a display controller
    assert [(nic.id, nic.virtual) for nic in found.nics] == [("12446A3B0411", False), ("12446A3B8890", False), ("ToManager", True), ("VLAN1", True)]
    assert found.nics[1].permanent_mac == "12:44:6a:3b:88:90"
    assert found.hostname == "web483"


def test_single_recorded_resources(recording: Callable[[str], str]) -> None:
    document = parse({"dell_systems.json": recording("redfish/telegraf-dell-system.json")})
    found = only(document)
    assert (found.id, found.model, found.service_tag, found.hostname) == ("System.Embedded.1", "PowerEdge R640", "CLFV7M2", "tpa-hostname")
    assert not document.complete
    assert document.warnings[0].startswith("/redfish/v1/ is named by other resources")

    found = only(parse({"system.json": recording("redfish/sushy-samples/systemv1_20.json")}))
    assert (found.id, found.model, found.serial, found.memory_gib) == ("437XR1138R2", "3500", "437XR1138R2", 96)


def test_witherspoon_tells_its_gpus_apart_by_name(recording: Callable[[str], str]) -> None:
    document = parse({"processors.json": recording("redfish/openbmc-witherspoon-processors.json")})
    found = only(document)
    assert found.id == "system"
    assert [cpu.id for cpu in found.cpus] == ["cpu0", "cpu1"]
    assert [gpu.id for gpu in found.gpus] == [f"gv100card{n}" for n in range(6)]
    assert {gpu.source for gpu in found.gpus} == {"name"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("sushy-samples/error.json", "The value Red for the property IndicatorLED is not in the list of acceptable values"),
        ("sushy-samples/credentials_required_error.json", "requires the parameter UserName to be present"),
        ("sushy-samples/session_error.json", "There is no valid session established with the implementation."),
        ("sushy-samples/settings-lenovo-se450.json", "none of its 1 files has a resource"),
        ("sushy-samples/settings-nokia.json", "none of its 1 files has a resource"),
        ("telegraf-hp-ilo4-thermal.json", "only #Thermal.v1_1_0.Thermal."),
    ],
)
def test_what_is_no_service_is_refused(recording: Callable[[str], str], name: str, sentence: str) -> None:
    assert sentence in refusal({"x.json": recording(f"redfish/{name}")})


# Services of our own.


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_machine(kind: str) -> None:
    document = parse(saved(machine(kind, 7)))
    assert (document.complete, document.warnings, document.faults) == (True, (), ())
    host = document.systems[0]
    assert (host.serial, host.memory_gib, len(host.cpus), host.managers) == ("SN00007", 2048, 2, (document.managers[0].id,))
    assert [gpu.serial for found in document.systems for gpu in found.gpus] == [f"GPU00007{n}" for n in range(8)]
    assert [nic.mac for nic in host.nics if nic.id.startswith("eth")] == ["02:00:00:00:07:00", "02:00:00:00:07:01"]
    assert [nic.adapter_serial for nic in host.nics if nic.adapter] == [f"HCA00007{n}" for n in range(4)]
    assert {nic.speed_gbits_per_s for nic in host.nics} == {25, 400}


@pytest.mark.parametrize(
    "named",
    [
        lambda address: f"{address.strip('/')}.json",
        lambda address: f"crawl/10.0.0.1/{address.strip('/')}/index.json",
        lambda address: f"_{address.strip('/').replace('/', '_')}.json",
        lambda address: f"{abs(hash(address))}.txt",
    ],
)
def test_files_may_be_named_in_any_way(named: Callable[[str], str]) -> None:
    resources = machine("hgx", 3)
    expected = parse(saved(resources))
    assert parse({named(address): json.dumps(resource) for address, resource in resources.items()}) == expected


def test_one_file_may_hold_all_resources() -> None:
    resources = machine("generic", 3)
    assert only(parse({"all.json": json.dumps(list(resources.values()))})).serial == "SN00003"
    assert only(parse({"all.json": json.dumps(resources)})).gpus == only(parse(saved(resources))).gpus


def test_members_may_be_written_out_in_their_collection() -> None:
    resources = machine("generic", 3)
    members = [resources.pop(address) for address in list(resources) if "/Processors/" in address]
    resources["/redfish/v1/Systems/1/Processors"]["Members"] = members
    assert len(only(parse(saved(resources))).gpus) == 8


def test_collections_may_have_pages() -> None:
    resources = machine("generic", 3)
    first = resources["/redfish/v1/Systems/1/Processors"]
    following = "/redfish/v1/Systems/1/Processors?$skip=4"
    resources[following] = {**first, "Members": first["Members"][4:]}
    resources["/redfish/v1/Systems/1/Processors"] = {**first, "Members": first["Members"][:4], "Members@odata.nextLink": following}
    assert len(only(parse(saved(resources))).gpus) == 8
    # A page that follows itself ends the list.
    resources[following]["Members@odata.nextLink"] = following
    assert len(only(parse(saved(resources))).gpus) == 8


def test_settings_and_collections_are_no_systems() -> None:
    resources = machine("dell", 3)
    for name in ("Settings", "SD", "Pending"):
        settings_resource = {
            "@odata.type": "#ComputerSystem.v1_5_0.ComputerSystem",
            "Id": "Settings",
            "@odata.id": f"/redfish/v1/Systems/System.Embedded.1/{name}",
        }
        resources[f"/redfish/v1/Systems/System.Embedded.1/{name}"] = settings_resource
    assert only(parse(saved(resources))).id == "System.Embedded.1"
    # Not even where no collection says which are systems.
    for name in ("/redfish/v1/Systems", "/redfish/v1"):
        del resources[name]
    assert only(parse(saved(resources))).id == "System.Embedded.1"


def test_settings_that_lie_elsewhere_are_known_by_who_refers_to_them() -> None:
    folder = system(**{"@Redfish.Settings": {"SettingsObject": {"@odata.id": "/redfish/v1/Systems/1_pending"}}})
    pending = {"@odata.id": "/redfish/v1/Systems/1_pending", "@odata.type": "#ComputerSystem.v1_5_0.ComputerSystem", "Id": "p"}
    assert only(parse({**folder, "p.json": json.dumps(pending)})).id == "1"


def test_a_collection_that_lists_what_does_not_exist() -> None:
    """As a DGX H100 does, whose root also lacks the links."""
    resources = machine("hgx", 3)
    resources["/redfish/v1/Systems"]["Members"].insert(0, {"@odata.id": "/redfish/v1/Systems/nothing"})
    resources["/redfish/v1/Systems/nothing"] = {"error": {"code": "Base.1.8.ResourceMissingAtURI", "message": "Not found."}}
    for name in ("Systems", "Chassis", "Managers"):
        del resources["/redfish/v1"][name]
    document = parse(saved(resources))
    assert [found.id for found in document.systems] == ["System_0", "HGX_Baseboard_0"]
    assert document.complete


def test_a_collection_that_lists_something_else() -> None:
    resources = machine("dell", 3)
    resources["/redfish/v1/Systems"]["Members"].append({"@odata.id": "/redfish/v1/Chassis/System.Embedded.1"})
    assert only(parse(saved(resources))).id == "System.Embedded.1"


@pytest.mark.parametrize("value", ["00:00:00:00:00:00", "Not Available", "", None, 7, "02:00:00", "zz:zz:zz:zz:zz:zz"])
def test_an_address_that_is_none(value: object) -> None:
    resources = machine("generic", 3)
    resources["/redfish/v1/Systems/1/EthernetInterfaces/eth0"]["MACAddress"] = value
    assert {nic.id: nic.mac for nic in only(parse(saved(resources))).nics}["eth0"] is None


def test_empty_lists_may_be_null() -> None:
    resources = machine("generic", 3)
    resources["/redfish/v1/Systems/1/EthernetInterfaces"]["Members"] = None
    assert [nic.id for nic in only(parse(saved(resources))).nics] == [f"HCA_{n}-1" for n in range(4)]


def test_what_is_missing_is_named() -> None:
    resources = machine("generic", 3)
    for n in range(5):
        del resources[f"/redfish/v1/Systems/1/Processors/GPU_{n}"]
    document = parse(saved(resources))
    assert not document.complete
    assert document.warnings == (
        "/redfish/v1/Systems/1/Processors/GPU_0 is named by other resources and is not in the folder.",
        "/redfish/v1/Systems/1/Processors/GPU_1 is named by other resources and is not in the folder.",
        "/redfish/v1/Systems/1/Processors/GPU_2 is named by other resources and is not in the folder.",
        "The same of 2 more.",
    )
    # They are still there, by their names.
    assert [(gpu.id, gpu.source) for gpu in only(document).gpus][:6] == [*((f"GPU_{n}", "name") for n in range(5)), ("GPU_5", "Processor")]


def test_damaged_files_are_left_out() -> None:
    folder = saved(machine("generic", 3))
    folder["redfish/v1/Chassis/1/index.json"] = folder["redfish/v1/Chassis/1/index.json"][:40]
    folder["README.md"] = "# A mock-up"
    document = parse(folder)
    assert not document.complete
    assert document.warnings[0] == ("redfish/v1/Chassis/1/index.json: line 1, column 40: this is not JSON: Unterminated string starting at: left out.")
    assert only(document).serial == "SN00003"


def test_two_services_in_one_folder() -> None:
    folder = {f"{n}/{path}": content for n in (1, 2) for path, content in saved(machine("generic", n)).items()}
    document = parse(folder)
    assert only(document).serial == "SN00001"
    assert "2/redfish/v1/Systems/1/index.json is of another machine than a file with the same address: a folder is read as one service." in document.warnings


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ({}, "the folder holds no Redfish service: none of its 0 files has a resource."),
        ({"a.txt": "hello"}, "the folder holds no Redfish service: none of its 1 files has a resource."),
        ({"a.json": "{}"}, "none of its 1 files has a resource."),
        ({"a.json": "nothing"}, "the folder holds no Redfish service that can be read: a.json: line 1, column 1"),
        ({"a.json": '{"error": {"message": "No."}}'}, "only what one answered instead: No."),
        ({"a.json": '{"error": {}}'}, "only what one answered instead: an error without a message"),
    ],
)
def test_refusals(folder: dict[str, str], sentence: str) -> None:
    found = refusal(folder)
    assert sentence in found
    assert "Name the folder that a crawl or a mock-up of a service was saved in." in found


# Single values.


@pytest.mark.parametrize(
    "value", ["", "   ", "N/A", "Not Available", "....................", "00000000000000", "To be filled by O.E.M.", "Default string", None, 5.5, True]
)
def test_a_serial_number_that_stands_for_nothing(value: object) -> None:
    assert only(parse(system(SerialNumber=value))).serial is None


def test_older_forms_of_hp() -> None:
    """iLO 4 before its Redfish conformance: Type and href, memory in GB, the BIOS in Oem, MAC addresses alone."""
    resource = {
        "Type": "ComputerSystem.0.9.7",
        "links": {"self": {"href": "/redfish/v1/Systems/1"}, "Processors": {"href": "/redfish/v1/Systems/1/Processors"}},
        "SerialNumber": "CZ1 ",
        "Memory": {"TotalSystemMemoryGB": 64},
        "Power": "On",
        "Oem": {"Hp": {"Bios": {"Current": {"VersionString": "P89 v2.40"}}}},
        "HostCorrelation": {"HostName": "old", "HostMACAddress": ["9c:b6:54:00:00:01", "9c:b6:54:00:00:02"]},
    }
    processors = {
        "Type": "Collection.0.9.5",
        "links": {"self": {"href": "/redfish/v1/Systems/1/Processors"}, "Member": [{"href": "/redfish/v1/Systems/1/Processors/1"}]},
    }
    processor = {
        "Type": "Processor.0.9.5",
        "links": {"self": {"href": "/redfish/v1/Systems/1/Processors/1"}},
        "Id": "1",
        "ProcessorType": "CPU",
        "Model": "Old",
    }
    found = only(parse({"s": json.dumps(resource), "ps": json.dumps(processors), "p": json.dumps(processor)}))
    assert (found.id, found.serial, found.memory_gib, found.power_state) == ("1", "CZ1", 64, "On")
    assert (found.bios_version, found.hostname, models(found.cpus)) == ("P89 v2.40", "old", {"Old": 1})
    assert [nic.mac for nic in found.nics] == ["9c:b6:54:00:00:01", "9c:b6:54:00:00:02"]


def test_memory_is_summed_where_there_is_no_sum() -> None:
    resources = machine("generic", 3)
    del resources["/redfish/v1/Systems/1"]["MemorySummary"]
    resources["/redfish/v1/Systems/1/Memory/DIMM0"]["Status"] = {"State": "Absent"}
    assert only(parse(saved(resources))).memory_gib == 15 * 64


def test_faults_of_parts() -> None:
    resources = machine("hgx", 3)
    board = "/redfish/v1/Systems/HGX_Baseboard_0/Processors"
    resources[f"{board}/GPU_2"].update(Status={"State": "Absent"}, Model=None, SerialNumber=None)
    resources[f"{board}/GPU_3"]["Status"] = {"State": "UnavailableOffline", "Health": "Critical"}
    resources[f"{board}/GPU_4"]["Status"] = {"State": "Enabled", "Health": "Warning"}
    resources["/redfish/v1/Systems/System_0/Processors/CPU_1"]["Status"] = {"State": "Enabled", "Health": "Critical"}
    found = {(fault.id, fault.subject, fault.message) for fault in parse(saved(resources)).faults}
    assert found == {
        ("gpu_not_working", "GPU GPU_2 of system HGX_Baseboard_0", "Its state is Absent."),
        ("gpu_not_working", "GPU GPU_3 of system HGX_Baseboard_0", "Its state is UnavailableOffline."),
        ("gpu_unhealthy", "GPU GPU_4 of system HGX_Baseboard_0", "The BMC says that its health is Warning."),
        ("cpu_unhealthy", "CPU CPU_1 of system System_0", "The BMC says that its health is Critical."),
    }


def test_an_empty_slot_is_no_fault() -> None:
    resources = machine("generic", 3)
    resources["/redfish/v1/Systems/1/Processors/GPU_2"].update(Status={"State": "Absent"}, Model=None, SerialNumber=None)
    assert parse(saved(resources)).faults == ()


def test_subsystems_of_a_dell_are_named() -> None:
    oem = {"Dell": {"DellSystem": {"NodeID": "TAG1", "FanRollupStatus": "OK", "StorageRollupStatus": "Degraded", "SDCardRollupStatus": None}}}
    document = parse(system(Manufacturer="Dell Inc.", Status={"Health": "OK", "HealthRollup": "Warning"}, Oem=oem))
    assert only(document).service_tag == "TAG1"
    assert document.faults[0].message == "The BMC says that its health is Warning. It names: Storage Degraded."


# Any folder.


@st.composite
def folders(draw: st.DrawFn) -> dict[str, str]:
    """Return the files of a machine, some of them cut, lost, or with other values in them."""
    folder = saved(machine(draw(st.sampled_from(KINDS)), 3, gpus=2, adapters=1))
    values = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.just([]), st.just({}), st.just([None, 5, "x"]), st.just({"@odata.id": 7}))
    for _ in range(draw(st.integers(1, 6))):
        path = draw(st.sampled_from(sorted(folder)))
        how = draw(st.sampled_from(("cut", "lose", "value", "inner", "loop")))
        resource = json.loads(folder[path]) if how in ("value", "inner", "loop") and folder[path].startswith("{") and folder[path].endswith("}") else None
        if how == "lose" and len(folder) > 1:
            del folder[path]
        elif how == "cut":
            folder[path] = folder[path][: draw(st.integers(0, len(folder[path])))]
        elif resource:
            name = draw(st.sampled_from(sorted(resource)))
            if how == "loop":
                resource[name] = {"@odata.id": resource["@odata.id"]} if isinstance(resource.get("@odata.id"), str) else None
            elif how == "inner" and isinstance(resource[name], dict) and resource[name]:
                resource[name][draw(st.sampled_from(sorted(resource[name])))] = draw(values)
            else:
                resource[name] = draw(values)
            folder[path] = json.dumps(resource)
    return folder


def test_any_folder_gives_a_document_or_a_sentence(repository: t.Any) -> None:
    schema = jsonschema.Draft202012Validator(json.loads((repository / "docs/schemas/parse.redfish.json").read_text()))

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(folders())
    def check(folder: dict[str, str]) -> None:
        try:
            document = parse(folder)
        except CoreError as error:
            assert str(error)
            return
        fields = json.loads(json.dumps(as_fields(document), allow_nan=False))
        schema.validate({"schema": "railyard.parse.redfish", "schema_version": 1, **fields})

    check()
