# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A crawl asks for what a description needs and no more: played over invented services and over the recorded trees."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from dataclasses import replace

import pytest
import recordings
from fake_redfish.machines import machine

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.redfish import Redfish
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.redfish import parse
from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.service import describe
from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.tree import Tree, address_of
from ansible_collections.railyard.cluster.plugins.module_utils.core.redfish.walk import expand_query, wanted


def crawl(resources: Mapping[str, t.Any], *, most: int = 200) -> tuple[Redfish, list[str]]:
    """Return what a crawl of the resources describes, and the addresses it asked for."""
    store = {address_of(address): resource for address, resource in resources.items()}
    tree, asked = Tree(), []
    while round_ := wanted(tree):
        assert len(asked) < most, "the crawl does not end"
        for want in round_:
            if tree.known(want.address):
                continue
            query = expand_query(tree) if want.expand else ""
            asked.append(want.address + (f"?{query}" if query else ""))
            resource = store.get(address_of(want.address))
            if resource is None or ("error" in resource and "@odata.id" not in resource):
                tree.failed[address_of(want.address)] = "HTTP status 404"
                continue
            if query:
                resource = {**resource, "Members": [store.get(address_of(member), member) for member in resource["Members"] or ()]}
            tree.add(resource, want.address)
    return describe(tree), asked


def recorded(name: str) -> dict[str, str]:
    return recordings.tree(f"redfish/{name}", "*.json")


def comparable(document: Redfish) -> Redfish:
    """Return the document without what a crawl does not ask for: further managers, the managers' addresses, PCI numbers, sizes of GPUs' memory."""
    systems = []
    for system in document.systems:
        gpus = tuple(replace(gpu, pci_address=None, pci_id=None, memory_mib=None) for gpu in system.gpus)
        systems.append(replace(system, gpus=gpus, managers=()))
    return replace(document, systems=tuple(systems), managers=(), resources=0, complete=True, warnings=())


@pytest.mark.parametrize(("kind", "requests"), [("generic", 32), ("dell", 12), ("ilo", 13), ("hgx", 18), ("ami", 32)])
def test_a_crawl_finds_what_the_whole_service_tells(kind: str, requests: int) -> None:
    resources = machine(kind, 3)
    found, asked = crawl(resources)
    assert comparable(found) == comparable(parse({f"{address}.json": json.dumps(resource) for address, resource in resources.items()}))
    assert len(asked) == requests
    assert len(set(asked)) == len(asked)
    assert asked[:2] == ["/redfish/v1/", "/redfish/v1/Systems" + ("/" if kind == "ilo" else "")]
    assert not [address for address in asked if "/Memory" in address or "HGX_GPU" in address]


@pytest.mark.parametrize(
    ("name", "requests"),
    [
        ("dell-poweredge-r750-h100-pcie", 13),
        ("dmtf-public-rackmount1", 8),
        ("hpe-cray-ex235n-a100", 62),
        ("hpe-xl675d-a100", 11),
        ("intel-s2600bpb", 15),
        ("nvidia-bluefield-dpu", 10),
        ("nvidia-gh200", 10),
    ],
)
def test_a_crawl_of_a_recorded_service(name: str, requests: int) -> None:
    folder = recorded(name)
    resources = {f"/{path.removesuffix('/index.json')}": json.loads(content) for path, content in folder.items()}
    found, asked = crawl(resources)
    assert comparable(found) == comparable(parse(folder))
    assert len(asked) == requests


def test_members_that_were_not_written_out_are_asked_for() -> None:
    """A service may announce $expand and answer with links all the same, or leave out what is required."""
    resources = machine("dell", 3)
    store = {address_of(address): resource for address, resource in resources.items()}
    tree = Tree()
    count = 0
    while round_ := wanted(tree):
        for want in round_:
            if not tree.known(want.address):
                count += 1
                tree.add(store[address_of(want.address)], want.address)
    assert len(describe(tree).systems[0].gpus) == 8
    assert count == 32


def test_a_service_without_gpus_is_asked_for_its_pcie_devices() -> None:
    resources = machine("generic", 3, gpus=0, adapters=1)
    base = "/redfish/v1/Chassis/1/PCIeDevices"
    names = {"GPU1": "GPU5", "NIC1": "Intel Gigabit Network Connection", "NVMe1": "Enterprise NVMe SSD", "BF3": "NVIDIA BlueField-3"}
    for name, text in names.items():
        device = {"@odata.id": f"{base}/{name}", "@odata.type": "#PCIeDevice.v1_5_0.PCIeDevice", "Id": name, "Name": text}
        device["PCIeFunctions"] = {"@odata.id": f"{base}/{name}/PCIeFunctions"}
        resources[f"{base}/{name}"] = device
        function = {"@odata.id": f"{base}/{name}/PCIeFunctions/1", "@odata.type": "#PCIeFunction.v1_2_3.PCIeFunction", "Id": "1", "VendorId": "0x10DE"}
        function.update({"DeviceId": "0x2321", "DeviceClass": "DisplayController" if name == "GPU1" else "NetworkController"})
        resources[f"{base}/{name}/PCIeFunctions/1"] = function
        resources[f"{base}/{name}/PCIeFunctions"] = {"@odata.id": f"{base}/{name}/PCIeFunctions", "Members": [{"@odata.id": function["@odata.id"]}]}
    resources[base] = {"@odata.id": base, "Members": [{"@odata.id": f"{base}/{name}"} for name in names]}
    resources["/redfish/v1/Chassis/1"]["PCIeDevices"] = {"@odata.id": base}
    found, asked = crawl(resources)
    assert [(gpu.id, gpu.model, gpu.pci_id, gpu.source) for gpu in found.systems[0].gpus] == [("GPU1", None, "10de:2321", "PCIeDevice")]
    # A name that can be no GPU's is not looked into.
    assert not [address for address in asked if "BF3/" in address or "NVMe1/" in address]


def test_a_failed_service_wants_no_more() -> None:
    tree = Tree()
    tree.failed[address_of("/redfish/v1/")] = "HTTP status 500"
    assert wanted(tree) == [] or [want.address for want in wanted(tree)] == ["/redfish/v1/Systems"]
    tree.failed[address_of("/redfish/v1/Systems")] = "HTTP status 500"
    assert wanted(tree) == []


@pytest.mark.parametrize(
    ("root", "query"),
    [
        ({}, ""),
        ({"Vendor": "Dell", "ProtocolFeaturesSupported": {"ExpandQuery": {"NoLinks": True, "Levels": True}}}, "$expand=.($levels=1)"),
        ({"Vendor": "Dell", "ProtocolFeaturesSupported": {"ExpandQuery": {"NoLinks": True}}}, "$expand=."),
        ({"Vendor": "X", "ProtocolFeaturesSupported": {"ExpandQuery": {"ExpandAll": True, "Levels": False}}}, "$expand=*"),
        ({"Vendor": "AMI", "ProtocolFeaturesSupported": {"ExpandQuery": {"NoLinks": True, "Levels": True}}}, ""),
        ({"Oem": {"Ami": {}}, "ProtocolFeaturesSupported": {"ExpandQuery": {"NoLinks": True, "Levels": True}}}, ""),
    ],
)
def test_whether_members_can_be_written_out(root: dict[str, t.Any], query: str) -> None:
    tree = Tree()
    tree.add({"@odata.id": "/redfish/v1/", "@odata.type": "#ServiceRoot.v1_5_0.ServiceRoot", **root})
    assert expand_query(tree) == query
