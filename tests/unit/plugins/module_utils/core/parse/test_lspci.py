# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""lspci in every form that it prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.pci import PciDevice, PciDevices, PciLink
from ansible_collections.railyard.cluster.plugins.module_utils.core.parse.lspci import parse

from .conftest import SAMPLES

Recording = Callable[[str], str]
Refused = Callable[[Callable[[str], object], str], str]

H100 = "3D controller: NVIDIA Corporation GH100 [H100 SXM5 80GB] (rev a1)"


def sample(name: str) -> PciDevices:
    return parse((SAMPLES / "lspci" / name).read_text())


def by_address(document: PciDevices) -> dict[str, PciDevice]:
    return {device.pci_address: device for device in document.devices}


# Recordings of real machines.


def test_a_recorded_node_with_four_h100(recording: Recording) -> None:
    document = parse(recording("lspci/lspci-nn.4x-h100-sxm5.txt"))
    assert document.gpus == ("0000:06:00.0", "0000:0c:00.0", "0000:46:00.0", "0000:4c:00.0")
    assert {(device.vendor_id, device.device_id, device.class_id, device.revision) for device in document.devices} == {("10de", "2330", "0302", "a1")}
    assert {device.description for device in document.devices} == {"NVIDIA Corporation GH100 [H100 SXM5 80GB]"}
    assert document.complete and not document.faults and not document.warnings


def test_a_recorded_cloud_node(recording: Recording) -> None:
    document = parse(recording("lspci/lspci-nn.8x-a100-nvswitch.txt"))
    kinds = Counter(f"{device.vendor_id}:{device.device_id}" for device in document.devices)
    assert kinds == {"10de:20b2": 8, "10de:1af1": 6, "15b3:101c": 8, "1414:b111": 8, "15b3:1016": 1}
    assert (len(document.gpus), len(document.nvswitches), len(document.nics)) == (8, 6, 9)
    assert document.gpus[0] == "0001:00:00.0" and document.nics[-1] == "c941:00:02.0"
    assert document.complete and not document.faults


def test_a_recorded_gb200_tray(recording: Recording) -> None:
    document = parse(recording("lspci/lspci.gb200.txt"))
    assert len(document.devices) == 87
    # The fifth graphics function is the BMC's.
    assert document.gpus == ("0008:01:00.0", "0009:01:00.0", "0018:01:00.0", "0019:01:00.0")
    assert {by_address(document)[address].device_id for address in document.gpus} == {"2941"}
    assert len(document.nics) == 9 and document.nvswitches == ()
    assert document.complete and not document.faults


# Every form.


def test_everything_that_root_sees() -> None:
    document = sample("vv.txt")
    devices = by_address(document)
    assert document.gpus == ("0000:17:00.0", "0000:1b:00.0")
    assert document.nvswitches == ("0000:18:00.0",)
    assert document.nics == ("0000:19:00.0", "0000:19:00.1")
    assert devices["0000:17:00.0"] == PciDevice(
        pci_address="0000:17:00.0",
        class_name="3D controller",
        class_id="0302",
        vendor_id="10de",
        device_id="2330",
        description="NVIDIA Corporation GH100 [H100 SXM5 80GB]",
        subsystem="NVIDIA Corporation Device",
        subsystem_id="10de:16c1",
        revision="a1",
        driver="nvidia",
        numa_node=0,
        iommu_group=57,
        physical_slot="1",
        link=PciLink(16.0, 32.0, 8, 16),
    )
    assert devices["0000:15:00.0"].acs == ("SrcValid", "ReqRedir", "CmpltRedir", "UpstreamFwd")
    assert devices["0000:19:00.0"].link == PciLink(32.0, 32.0, 16, 16)
    # -1 is the kernel's word for none; a virtual function has no link.
    assert devices["0000:19:00.0"].numa_node is None and devices["0000:19:00.1"].link is None
    assert devices["10000:e1:00.0"].numa_node == 1
    assert document.complete and not document.warnings


def test_what_the_bus_shows_to_be_wrong() -> None:
    faults = [(fault.id, fault.subject, fault.message) for fault in sample("vv.txt").faults]
    assert faults == [
        ("link_narrow", "GPU 0000:17:00.0", "Its PCIe link has 8 of 16 lanes."),
        ("link_slow", "GPU 0000:17:00.0", "Its PCIe link runs at 16 of 32 GT/s."),
        ("gpu_lost", "GPU 0000:1b:00.0", "It does not answer on the bus any more: its registers read as ones (rev ff)."),
        ("link_slow", "NVMe drive 10000:e1:00.0", "Its PCIe link runs at 8 of 16 GT/s."),
    ]
    assert "An idle GPU" in sample("vv.txt").faults[1].hint and "An idle GPU" not in sample("vv.txt").faults[3].hint


def test_numbers_only() -> None:
    document = sample("n.txt")
    assert [(d.class_id, d.vendor_id, d.device_id, d.revision, d.class_name) for d in document.devices] == [
        ("0600", "8086", "09a2", "30", None),
        ("0302", "10de", "2335", "a1", None),
        ("0280", "15b3", "1021", None, None),
    ]
    assert (document.gpus, document.nics) == (("0000:2a:00.0",), ("0000:2b:00.0",))


def test_machine_readable_lines() -> None:
    document = sample("mm.txt")
    bridge, gpu, nic = document.devices
    assert (bridge.device_id, bridge.description, bridge.revision, bridge.subsystem) == ("352a", "Intel Corporation Device 352a", "04", None)
    assert (gpu.description, gpu.subsystem, gpu.revision) == ("NVIDIA Corporation AD102GL [L40S]", "NVIDIA Corporation Device 1851", "a1")
    assert nic.description == 'Broadcom Inc. and subsidiaries BCM57508 NetXtreme-E "Thor"'
    assert (document.gpus, document.nics) == (("0000:17:00.0",), ("0000:19:00.0",))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            '17:00.0 "3D controller [0302]" "NVIDIA Corporation [10de]" "Device [2901]" -ra1 -p00 "NVIDIA Corporation [10de]" "Device [1999]"',
            PciDevice("0000:17:00.0", "3D controller", "0302", "10de", "2901", "NVIDIA Corporation Device", "NVIDIA Corporation Device", "10de:1999", "a1"),
        ),
        ('17:00.0 "0302" "10de" "2901" -ra1 -p00 "" ""', PciDevice("0000:17:00.0", None, "0302", "10de", "2901", revision="a1")),
    ],
)
def test_machine_readable_lines_with_numbers(line: str, expected: PciDevice) -> None:
    assert parse(line).devices == (expected,)


def test_records() -> None:
    document = sample("vmm.txt")
    gpu, nic = document.devices
    assert gpu == PciDevice(
        pci_address="0000:03:00.0",
        class_name="Processing accelerators",
        class_id="1200",
        vendor_id="1002",
        device_id="74a1",
        description="Advanced Micro Devices, Inc. [AMD/ATI] Aqua Vanjaram [Instinct MI300X]",
        subsystem="Advanced Micro Devices, Inc. [AMD/ATI] Device",
        subsystem_id="1002:74a1",
        revision="00",
        driver="amdgpu",
        numa_node=1,
        iommu_group=44,
        physical_slot="7",
    )
    assert (document.gpus, document.nics) == (("0000:03:00.0",), ("0000:04:00.0",))
    assert nic.description == "Pensando Systems DSC Ethernet Controller" and document.complete


def test_older_records_call_the_slot_a_device() -> None:
    device = parse("Device:\t01:00.0\nClass:\t3D controller\nVendor:\tNVIDIA Corporation\nDevice:\tGA100 [A100 PCIe 40GB]\nRev:\ta1\n\n").devices[0]
    assert (device.pci_address, device.class_name, device.description) == ("0000:01:00.0", "3D controller", "NVIDIA Corporation GA100 [A100 PCIe 40GB]")


def test_numbers_with_details() -> None:
    device = parse("06:00.0 0302: 10de:2330 (rev a1)\n\tSubsystem: 10de:16c1\n\tKernel driver in use: nvidia\n").devices[0]
    assert (device.subsystem, device.subsystem_id, device.driver) == (None, "10de:16c1", "nvidia")


def test_paths_prompts_line_ends_and_prefixes() -> None:
    assert parse(f"$ lspci -PP\r\n0000:00:01.0/0000:17:00.0 {H100}\r\n").gpus == ("0000:17:00.0",)
    assert parse(f"n1: 06:00.0 {H100}\nn1: 0C:00.0 {H100}\n").gpus == ("0000:06:00.0", "0000:0c:00.0")


def test_a_device_without_a_name_is_known_by_its_number() -> None:
    document = parse("0008:01:00.0 3D controller: NVIDIA Corporation Device 2941 (rev a1)\n0009:01:00.0 VGA compatible controller: Matrox G200\n")
    assert [device.device_id for device in document.devices] == ["2941", None]
    assert document.gpus == ("0008:01:00.0",) and document.complete


def test_a_vendor_without_a_name_is_known_by_its_number() -> None:
    device = parse("01:00.0 Processing accelerators: Device 1e52:b140 (rev 01)\n").devices[0]
    assert (device.vendor_id, device.device_id, device.revision) == ("1e52", "b140", "01")
    assert parse(f"01:00.0 Processing accelerators: Device 1e52:b140\n06:00.0 {H100}\n").complete


def test_without_root_the_capabilities_are_hidden() -> None:
    document = parse(f"06:00.0 {H100}\n\tFlags: bus master\n\tCapabilities: <access denied>\n\tKernel driver in use: nvidia\n")
    assert document.complete and document.devices[0].link is None
    assert document.warnings == ("The capabilities are hidden, and with them links and access control: run lspci as root.",)


def test_a_narrow_bridge_is_no_fault() -> None:
    link = "\t\tLnkCap:\tPort #0, Speed 32GT/s, Width x16\n\t\tLnkSta:\tSpeed 2.5GT/s (downgraded), Width x0\n\t\n"
    text = f"00:01.0 PCI bridge: Intel Corporation Device 352a\n{link}"
    document = parse(text)
    assert document.devices[0].link == PciLink(2.5, 32.0, None, 16) and not document.faults


@pytest.mark.parametrize("kind", ["Bridge: NVIDIA Corporation Device 22a3", "Ethernet controller: Intel E810-C", "USB controller: Renesas uPD720201"])
def test_a_lost_device_of_any_kind(kind: str) -> None:
    label = {"B": "NVSwitch", "E": "network adapter", "U": "device"}[kind[0]]
    assert [fault.subject for fault in parse(f"06:00.0 {kind} (rev ff) (prog-if ff)\n").faults] == [f"{label} 0000:06:00.0"]


# What was cut off, and what is none of this.


def test_a_line_that_is_cut_off() -> None:
    document = sample("nn.truncated.txt")
    assert document.warnings == ("line 3: the device 0000:12:00.0 is not told whole: the output was cut off.",)
    assert document.gpus == ("0000:06:00.0", "0000:0c:00.0")


@pytest.mark.parametrize(
    "text",
    [
        f"06:00.0 {H100}\n0c:00.0",
        f"06:00.0 {H100}\n0c:00.0 3D contr",
        '06:00.0 "3D controller" "NVIDIA Corporation" "GH1',
        "Slot:\t03:00.0\nClass:\t3D controller\nVendor:\tNVIDIA",
    ],
)
def test_other_ends(text: str) -> None:
    assert not parse(text).complete


def test_a_width_that_is_cut_off_is_not_believed() -> None:
    document = parse(f"06:00.0 {H100}\n\t\tLnkCap:\tPort #0, Speed 32GT/s, Width x16, ASPM\n\t\tLnkSta:\tSpeed 32GT/s, Width x1")
    assert document.devices[0].link == PciLink(None, 32.0, None, 16)
    assert not document.complete and not document.faults


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the output is empty: expected are lines of lspci, such as 3b:00.0 3D controller: ..."),
        (
            "-+-[0000:80]-+-00.0\n |           +-01.0\n",
            "this is the tree of lspci -t, which does not say what the devices are. Use lspci -nn, or lspci -vvnn as root.",
        ),
        (
            "bash: lspci: command not found",
            (
                "there is no PCI device in this output: expected are lines such as 3b:00.0 3D controller: ..., found is 'bash: lspci: command not found'."
                " Is pciutils installed, and is this what lspci printed?"
            ),
        ),
    ],
)
def test_refused(text: str, message: str, refused: Refused) -> None:
    assert refused(parse, text) == message
