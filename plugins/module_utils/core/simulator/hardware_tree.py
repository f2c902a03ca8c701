# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of /sys and /proc of a simulated node, below its hardware root, with its faults.

A GPU, its adapter and its PCIe switch hang on a root port of their own, drives on others. Forms and names are those of Linux 6.1
(Documentation/ABI); the adapters' attributes were compared with a recording of an H100 machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .gpu_models import model_of
from .infiniband_tree import hca_files
from .nics import slots_of
from .profile import effective, kernel_log

_SPEEDS = {1: "2.5", 2: "5.0", 3: "8.0", 4: "16.0", 5: "32.0", 6: "64.0"}
_PORT, _SWITCH, _GRACE_PORT = ("0x8086", "0x352a"), ("0x1000", "0xc030"), ("0x10de", "0x22b1")
_DRIVE = {"vendor": "0x144d", "device": "0xa825", "class": "0x010802", "subsystem_vendor": "0x144d", "subsystem_device": "0xaa0a"}
_BMC_DISPLAY = {"vendor": "0x1a03", "device": "0x2000", "class": "0x030000", "subsystem_vendor": "0x1a03", "subsystem_device": "0x2000"}
_SECTORS = 7501476528
_MODULES = ("nvme", "mlx5_core", "mlx5_ib", "ib_core", "ib_uverbs", "ib_umad", "ib_ipoib", "rdma_cm", "rdma_ucm")
_NVIDIA_MODULES = ("nvidia", "nvidia_modeset", "nvidia_uvm", "nvidia_peermem", "gdrdrv")
# What the memory of a machine of this size loses to firmware and kernel.
_SEEN_OF_MEMORY = 0.985


@dataclass
class Tree:
    """Files by path with their content, and links by path with what they point at. Folders follow from both."""

    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def write(self, folder: str, attributes: Mapping[str, object]) -> None:
        """Add the attributes of a folder, each with the newline that the kernel writes."""
        self.files.update({f"{folder}/{name}": f"{value}\n" for name, value in attributes.items()})

    def link(self, path: str, target: str) -> None:
        """Add a link to a path, written as sysfs does: relative to where it stands, and always with the target's own name."""
        common = 0
        own, there = path.split("/")[:-1], target.split("/")
        while common < min(len(own), len(there) - 1) and own[common] == there[common]:
            common += 1
        self.links[path] = "/".join([".."] * (len(own) - common) + there[common:])


@dataclass(frozen=True)
class _Place:
    """Where devices hang: a host bridge, the NUMA node it is of, and the folder of the port that devices are put below."""

    folder: str
    numa: int


def hardware_tree(profile: Mapping[str, Any]) -> Tree:
    """Return the files and links of a node's hardware; paths begin with ``/sys`` and ``/proc``."""
    tree = Tree()
    node = effective(profile)
    _system(tree, node)
    _cpus(tree, node)
    _memory(tree, node)
    _drivers(tree, node)
    _devices(tree, node, slots_of(profile["gpus"]))
    _kernel_log(tree, profile)
    return tree


def _kernel_log(tree: Tree, profile: Mapping[str, Any]) -> None:
    """Add the kernel's log in the form of /dev/kmsg (Documentation/ABI/testing/dev-kmsg), one line a minute."""
    lines = ["Linux version 6.1.0 (railyard@simulator)", *kernel_log(profile)]
    tree.files["/dev/kmsg"] = "".join(f"4,{number},{number * 60_000_000},-;{line}\n" for number, line in enumerate(lines))


def _devices(tree: Tree, node: Mapping[str, Any], slots: Sequence[str]) -> None:
    switches: dict[str, _Place] = {}
    _display(tree)
    for gpu in node["gpus"]:
        _gpu(tree, node, gpu, switches)
    for nic in node["nics"]:
        generation = int(nic["pcie_generation"])
        _nic(tree, node, nic, _behind(tree, switches, _slot(slots, nic["pci"]), nic["pci"], nic["numa"], _link(generation, generation, 16, 16)))
    for nic in node["other_nics"]:
        generation = int(nic["pcie_generation"])
        _nic(tree, node, nic, _root_port(tree, nic["pci"], nic["numa"], _link(generation, generation, 16, 16)))
    count = int(node["nvme"])
    for index in range(count):
        slot = index * len(slots) // count
        domain, bus, _function = slots[slot].split(":")
        address = f"{domain[-4:].lower()}:{int(bus, 16) + 8 + index - -(-slot * count // len(slots)):02x}:00.0"
        _drive(tree, node, index, address, index * int(node["cpu"]["sockets"]) // count)


def _gpu(tree: Tree, node: Mapping[str, Any], gpu: Mapping[str, Any], switches: dict[str, _Place]) -> None:
    model = model_of(gpu["pci_id"], gpu["name"], gpu["memory_mib"])
    vendor, device = gpu["pci_id"].split(":")
    address = gpu["pci"][4:].lower()
    board = str(model.get("subsystem") or "000010DE")
    nvidia = vendor == "10de"
    link = _link(gpu["current_generation"], gpu["pcie_generation"], gpu["current_width"], gpu["pcie_width"])
    place = _behind(tree, switches, address, address, gpu["numa"], link)
    folder = _device(
        tree,
        place,
        address,
        {"vendor": f"0x{vendor}", "device": f"0x{device}", "class": "0x030200" if nvidia else "0x120000"}
        | {"subsystem_vendor": f"0x{board[4:].lower()}", "subsystem_device": f"0x{board[:4].lower()}"},
        # What is read of a device that does not answer has every bit set.
        link={name: 63 if name.endswith("width") else "Unknown" for name in link} if gpu["state"] == "lost" else link,
        driver=("nvidia" if node["driver"] != "not_loaded" else "") if nvidia else "amdgpu",
    )
    if not nvidia:
        tree.write(folder, {"mem_info_vram_total": gpu["memory_mib"] << 20, "unique_id": gpu["pdi"][2:], "vbios_version": "113-M3000100-103"})
        tree.write(folder, {"product_name": gpu["name"], "serial_number": gpu["serial"]})


def _nic(tree: Tree, node: Mapping[str, Any], nic: Mapping[str, Any], place: _Place) -> None:
    attributes = {"vendor": "0x15b3", "device": nic["device"], "class": "0x020700" if nic["link_layer"] == "infiniband" else "0x020000"}
    generation = int(nic["pcie_generation"])
    folder = _device(
        tree,
        place,
        nic["pci"],
        {**attributes, "subsystem_vendor": "0x15b3", "subsystem_device": "0x0023"},
        link=_link(generation, generation, 16, 16),
        driver="mlx5_core",
    )
    for name, content in hca_files(nic, str(node["node"])).items():
        tree.files[f"{folder}/infiniband/{nic['name']}/{name}"] = content
    tree.link(f"/sys/class/infiniband/{nic['name']}", f"{folder}/infiniband/{nic['name']}")
    tree.link(f"{folder}/infiniband/{nic['name']}/device", folder)
    tree.write(f"{folder}/net/{nic['netdev']}", {"address": nic["mac"], "dev_port": 0, "operstate": "up", "mtu": 9000})
    tree.link(f"/sys/class/net/{nic['netdev']}", f"{folder}/net/{nic['netdev']}")
    tree.link(f"{folder}/net/{nic['netdev']}/device", folder)


def _drive(tree: Tree, node: Mapping[str, Any], index: int, address: str, numa: int) -> None:
    digits = hashlib.sha256(f"{node['node']}/nvme{index}".encode()).hexdigest().upper()
    place = _root_port(tree, address, numa, _link(4, 5, 4, 16))
    folder = _device(tree, place, address, _DRIVE, link=_link(4, 4, 4, 4), driver="nvme")
    own = f"{folder}/nvme/nvme{index}"
    drive = {"model": f"{'SAMSUNG MZWLR3T8HCLS-00A07':<40}", "serial": f"{'S7' + digits[:12]:<20}", "firmware_rev": "MPPA8B5Q"}
    tree.write(own, {**drive, "state": "live", "transport": "pcie", "address": address, "numa_node": numa})
    tree.write(f"{own}/nvme{index}n1", {"size": _SECTORS})
    tree.link(f"{own}/device", folder)
    tree.link(f"/sys/class/nvme/nvme{index}", own)


def _display(tree: Tree) -> None:
    """Add what every server has and no GPU is: the display of its BMC, behind a bridge that is no PCIe link."""
    place = _root_port(tree, "0000:02:00.0", 0, _link(1, 3, 1, 1))
    folder = _device(tree, place, "0000:02:00.0", {"vendor": "0x1a03", "device": "0x1150", "class": "0x060400"}, link={}, driver="")
    _device(tree, _Place(folder, 0), "0000:03:00.0", _BMC_DISPLAY, link={}, driver="")


def _slot(slots: Sequence[str], address: str) -> str:
    """Return the address of the slot that a device sits beside: the last one of its domain that does not come after it."""
    shortened = [slot[-12:].lower() for slot in slots]
    return max((slot for slot in shortened if slot[:4] == address[:4] and slot <= address), default=address)


def _behind(tree: Tree, switches: dict[str, _Place], slot: str, address: str, numa: int, link: Mapping[str, object]) -> _Place:
    """Return the port above a device: one of the PCIe switch of its slot, or a root port of its own where there is no room for a switch."""
    domain, slot_bus, _function = slot.split(":")
    first, bus = int(slot_bus, 16), int(address.split(":")[1], 16)
    if first < 4:
        return _root_port(tree, address, numa, link)
    if slot not in switches:
        top = _Place(f"/sys/devices/pci{domain}:{first - 4:02x}", numa)
        port = _bridge(tree, top, f"{domain}:{first - 4:02x}:01.0", _PORT, _link(5, 5, 16, 16))
        switches[slot] = _bridge(tree, port, f"{domain}:{first - 3:02x}:00.0", _SWITCH, _link(5, 5, 16, 16))
    return _bridge(tree, switches[slot], f"{domain}:{first - 2:02x}:{bus - first + 1:02x}.0", _SWITCH, link)


def _root_port(tree: Tree, address: str, numa: int, link: Mapping[str, object]) -> _Place:
    """Return a root port for a device alone, numbered like the device's bus."""
    domain, bus, _function = address.split(":")
    number = int(bus, 16)
    top = _Place(f"/sys/devices/pci{domain}:{number & 0xF0:02x}", numa)
    return _bridge(tree, top, f"{domain}:{number & 0xF0:02x}:{16 + (number & 0xF):02x}.0", _PORT if domain == "0000" else _GRACE_PORT, link)


def _bridge(tree: Tree, place: _Place, address: str, ids: tuple[str, str], link: Mapping[str, object]) -> _Place:
    attributes = {"vendor": ids[0], "device": ids[1], "class": "0x060400", "subsystem_vendor": ids[0], "subsystem_device": "0x0000"}
    return _Place(_device(tree, place, address, attributes, link=link, driver="pcieport"), place.numa)


def _device(tree: Tree, place: _Place, address: str, attributes: Mapping[str, object], *, link: Mapping[str, object], driver: str) -> str:
    folder = f"{place.folder}/{address}"
    domain, bus, function = address.split(":")
    group = (int(domain, 16) << 13) + (int(bus, 16) << 5) + int(function.split(".")[0], 16)
    tree.write(folder, {**attributes, "revision": "0x00", "numa_node": place.numa, **link})
    tree.link(f"/sys/bus/pci/devices/{address}", folder)
    tree.link(f"{folder}/iommu_group", f"/sys/kernel/iommu_groups/{group}")
    tree.files[f"/sys/kernel/iommu_groups/{group}/type"] = "identity\n"
    if driver:
        tree.link(f"{folder}/driver", f"/sys/bus/pci/drivers/{driver}")
    return folder


def _link(generation: int, generation_max: int, width: int, width_max: int) -> dict[str, object]:
    return {
        "current_link_speed": f"{_SPEEDS[generation]} GT/s PCIe",
        "max_link_speed": f"{_SPEEDS[generation_max]} GT/s PCIe",
        "current_link_width": width,
        "max_link_width": width_max,
    }


def _system(tree: Tree, node: Mapping[str, Any]) -> None:
    machine = node["system"]
    names = {"sys_vendor": "manufacturer", "product_name": "product", "product_serial": "serial", "product_uuid": "uuid"}
    tree.write("/sys/class/dmi/id", {name: machine[key] for name, key in names.items()})
    tree.write("/sys/class/dmi/id", {"bios_vendor": "Railyard", "bios_version": "1.0", "bios_date": "01/01/2026"})
    tree.files["/proc/cmdline"] = "BOOT_IMAGE=/boot/vmlinuz-6.1.0 root=/dev/nvme0n1p2 ro intel_iommu=on iommu=pt\n"
    for unit in range(int(node["cpu"]["sockets"])):
        tree.link(f"/sys/class/iommu/dmar{unit}", f"/sys/devices/virtual/iommu/dmar{unit}")


def _cpus(tree: Tree, node: Mapping[str, Any]) -> None:
    sockets, cores, threads = (int(node["cpu"][key]) for key in ("sockets", "cores_per_socket", "threads_per_core"))
    count = sockets * cores * threads
    folder = "/sys/devices/system/cpu"
    tree.write(folder, dict.fromkeys(("online", "possible", "present"), f"0-{count - 1}"))
    blocks = []
    for number in range(count):
        socket, core = number % (sockets * cores) // cores, number % cores
        head = [("processor", number), ("vendor_id", "GenuineIntel"), ("model name", "Intel(R) Xeon(R) Simulated Processor")]
        tail = [("physical id", socket), ("siblings", cores * threads), ("core id", core), ("cpu cores", cores), ("flags", "fpu vme de pse tsc msr")]
        blocks.append("".join(f"{name:<16}: {value}\n" for name, value in [*head, *tail]))
        own = f"{folder}/cpu{number}"
        siblings = ",".join(str(socket * cores + core + thread * sockets * cores) for thread in range(threads))
        tree.write(f"{own}/topology", {"physical_package_id": socket, "core_id": core, "core_cpus_list": siblings})
        tree.write(f"{own}/topology", {"package_cpus_list": cpus_of(node["cpu"], socket)})
        tree.write(f"{folder}/cpufreq/policy{number}", {"scaling_governor": "performance"})
        tree.link(f"{own}/cpufreq", f"{folder}/cpufreq/policy{number}")
    tree.files["/proc/cpuinfo"] = "\n".join(blocks) + "\n"


def _memory(tree: Tree, node: Mapping[str, Any]) -> None:
    sockets = int(node["cpu"]["sockets"])
    seen = int(int(node["memory_mib"]) * 1024 * _SEEN_OF_MEMORY)
    lines = {"MemTotal": seen, "MemFree": seen // 2, "MemAvailable": seen // 2}
    text = "".join(f"{name + ':':<16}{value:>9} kB\n" for name, value in lines.items())
    tree.files["/proc/meminfo"] = text + f"{'HugePages_Total:':<16}{0:>9}\n{'Hugepagesize:':<16}{2048:>9} kB\n"
    for socket in range(sockets):
        distances = " ".join("10" if other == socket else "21" for other in range(sockets))
        own = f"/sys/devices/system/node/node{socket}"
        tree.write(own, {"cpulist": cpus_of(node["cpu"], socket), "distance": distances, "meminfo": f"Node {socket} MemTotal: {seen // sockets:>14} kB"})


def cpus_of(cpu: Mapping[str, int], socket: int) -> str:
    """Return a socket's processors as Linux numbers them: the second threads after all the first ones."""
    cores, every = int(cpu["cores_per_socket"]), int(cpu["cores_per_socket"]) * int(cpu["sockets"])
    starts = [socket * cores + thread * every for thread in range(int(cpu["threads_per_core"]))]
    return ",".join(f"{start}-{start + cores - 1}" if cores > 1 else str(start) for start in starts)


def _drivers(tree: Tree, node: Mapping[str, Any]) -> None:
    modules = list(_MODULES)
    if node["vendor"] == "nvidia" and node["driver"] != "not_loaded":
        modules += _NVIDIA_MODULES
        version = node["driver_version"]
        tree.files["/proc/driver/nvidia/version"] = (
            f"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  {version}  Release Build  (railyard@simulator)\nGCC version:  gcc version 12.2.0\n"
        )
        tree.write("/sys/module/nvidia", {"version": version})
    if node["vendor"] == "amd":
        modules.append("amdgpu")
        tree.write("/sys/module/amdgpu", {"version": "6.10.5"})
    tree.write("/sys/module/mlx5_core", {"version": "24.10-2.1.8"})
    tree.files["/proc/modules"] = "".join(f"{name} 1048576 1 - Live 0x0000000000000000\n" for name in modules)
