# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The GPUs of a system. Most services list them among the processors; some only among the PCIe devices, older iLO only among HPE's own devices.

Types and classes: Redfish schemas Processor, PCIeDevice and PCIeFunction (DMTF DSP8010); HpeServerDevice and HpeServerPciDevice of the iLO 5
resource definitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..model.redfish import RedfishGpu
from ..parse.values import hexadecimal, pci_address
from .tree import Resource, Tree, address_of, last_name, part, spelled, text, type_of, under

_GPU_NAME = re.compile(
    r"\bgpus?[ _-]?(sxm)?[ _-]?\d*\b|gv100card|geforce|\btesla\b|quadro|\brtx\b|instinct|radeon|gaudi|habana|\bhl-\d{3}|\bmi\d{2,3}[a-z]?\b"
    r"|data center gpu|\b(nvidia|nvda)[ _-]+(graphics|gh\d{3}|gb\d{3}|[abhlprtv]\d{1,4}[a-z]?\b)",
    re.IGNORECASE,
)
_NO_GPU_NAME = re.compile(
    r"nv ?switch|hgx|baseboard|bridge|bluefield|connectx|\baudio\b|\busb\b|retimer|pcie switch|nvlink|aspeed|matrox|\bmga\b|\berot\b", re.IGNORECASE
)
_NO_MODEL = re.compile(r"nvidia( corporation)?|amd|intel( corporation)?|gpu ?\d*|pcie? device( \d+)?|unknown", re.IGNORECASE)
_CPU_NAME = re.compile(r"cpu|^proc|socket|^p?\d+$", re.IGNORECASE)
# PCI vendors of GPUs: NVIDIA, AMD, Intel, Habana.
_GPU_VENDORS = frozenset((0x10DE, 0x1002, 0x8086, 0x1DA3))
_INTEL = 0x8086
_DISPLAY, _ACCELERATOR = 0x03, 0x12
_VGA = 0x0300
_DEVICE_CLASSES = {"DisplayController": _DISPLAY, "ProcessingAccelerators": _ACCELERATOR}
# Dell names PCI devices by bus, device and function in decimal: 23-0-0.
_DELL_PCI_ID = re.compile(r"^(\d{1,3})-(\d{1,2})(?:-(\d))?$")


def looks_like_gpu(*names: object) -> bool:
    """Say whether names, models or descriptions are those of a GPU."""
    known = " / ".join(name for name in names if isinstance(name, str))
    return bool(_GPU_NAME.search(known)) and not _NO_GPU_NAME.search(known)


def processor_kind(resource: Resource) -> str:
    """Return ``CPU``, ``GPU``, or another of the schema's processor types for one that is neither."""
    kind = text(resource.get("ProcessorType")) or ""
    names = [resource.get(name) for name in ("Id", "Name", "Model", "Manufacturer")]
    if kind in ("", "Accelerator", "OEM"):
        if looks_like_gpu(*names):
            return "GPU"
        return kind or ("CPU" if _CPU_NAME.search(str(resource.get("Id") or "")) else "")
    return kind


def processors_of(tree: Tree, system: Resource) -> list[Resource]:
    """Return a system's processors; one that is only listed is a resource that has a name alone."""
    link = system.get("Processors") or part(system, "links", "Processors") or {"@odata.id": under(system, "Processors")}
    listed = tree.listed(link)
    if not listed:
        return tree.all_of(link, spelled(link), "Processor")
    return [tree.get(address) or {"@odata.id": address, "Id": last_name(address)} for address in listed]


def from_processors(tree: Tree, processors: Iterable[Resource]) -> list[RedfishGpu]:
    """Return the GPUs among the processors."""
    found = []
    for resource in processors:
        if processor_kind(resource) == "GPU":
            device = tree.get(part(resource, "Links", "PCIeDevice")) or {}
            source = "Processor" if type_of(resource) else "name"
            found.append(_gpu(tree, resource, device, [*_functions(tree, resource), *_functions(tree, device)], source))
    return found


def from_devices(tree: Tree, system: Resource, chassis: Iterable[Resource]) -> list[RedfishGpu]:
    """Return the GPUs among HPE's own devices or, where there are none of those, among the PCIe devices of a system and its chassis."""
    chassis = list(chassis)
    hpe = [device for place in chassis for device in tree.members(hpe_devices(place)) if _is_hpe_gpu(device)]
    if hpe:
        return [_hpe_gpu(tree, device) for device in hpe]
    found: dict[str, RedfishGpu] = {}
    for link in pcie_devices(system, chassis):
        for device in tree.members(link):
            functions = _functions(tree, device)
            if _is_gpu(device, functions):
                gpu = _gpu(tree, device, device, functions, "PCIeDevice")
                found.setdefault(gpu.serial or gpu.id, gpu)
    return list(found.values())


def hpe_devices(chassis: Resource) -> object:
    """Return the link to HPE's own list of devices."""
    return part(chassis, "Oem", "Hpe", "Links", "Devices") or part(chassis, "Oem", "Hp", "links", "Devices")


def pcie_devices(system: Resource, chassis: Iterable[Resource]) -> list[object]:
    """Return the links to the PCIe devices of a system and its chassis: lists, or collections."""
    links = [system.get("PCIeDevices")]
    for place in chassis:
        links += [place.get("PCIeDevices"), part(place, "Links", "PCIeDevices")]
    return [link for link in links if link]


def could_be_gpu(device: Resource) -> bool:
    """Say whether a PCIe device has to be looked into: its own words do not rule a GPU out."""
    words = " / ".join(str(device.get(name) or "") for name in ("Id", "Name", "Model", "Description", "Manufacturer"))
    return bool(re.search(r"nvidia|\bamd\b|advanced micro|\bati\b|intel|habana|gpu", words, re.IGNORECASE)) and not _NO_GPU_NAME.search(words)


def function_links(device: Resource) -> object:
    """Return the link to the functions of a PCIe device: a collection, or a list."""
    return device.get("PCIeFunctions") or part(device, "Links", "PCIeFunctions")


def _functions(tree: Tree, device: Resource) -> list[Resource]:
    return tree.members(function_links(device)) if device else []


def _is_gpu(device: Resource, functions: Iterable[Resource]) -> bool:
    names = [device.get(name) for name in ("Id", "Name", "Model", "Description")]
    if _NO_GPU_NAME.search(" / ".join(name for name in names if isinstance(name, str))):
        return False
    for function in functions:
        vendor, kind = hexadecimal(function.get("VendorId")), _pci_class(function)
        if vendor is not None and kind is not None:
            base = kind >> 8
            shown = base in (_DISPLAY, _ACCELERATOR) and not (vendor == _INTEL and kind == _VGA and not looks_like_gpu(*names))
            return vendor in _GPU_VENDORS and shown
    return looks_like_gpu(*names)


def _pci_class(function: Resource) -> int | None:
    """Return the base class and the subclass. Some services give the base class alone, in the lowest byte."""
    code = hexadecimal(function.get("ClassCode"))
    if not code:
        named = _DEVICE_CLASSES.get(str(function.get("DeviceClass")))
        return named << 8 | 2 if named else None
    if code < 0x100:
        return code << 8 | 2
    return code if code < 0x10000 else code >> 8


def _gpu(tree: Tree, resource: Resource, device: Resource, functions: list[Resource], source: str) -> RedfishGpu:
    function = functions[0] if functions else {}
    vendor, product = hexadecimal(function.get("VendorId")), hexadecimal(function.get("DeviceId"))
    model = text(resource.get("Model")) or text(device.get("Model"))
    if source == "PCIeDevice":
        supermicro = part(function, "Oem", "Supermicro", "GPUDevice", "GPUModel")
        # Where there is no model the name often is one; the maker alone, or a number, is none.
        model = next((name for name in (model, text(supermicro), text(resource.get("Name"))) if name and not _NO_MODEL.fullmatch(name)), None)
    return RedfishGpu(
        id=str(text(resource.get("Id")) or last_name(spelled(resource))),
        model=model,
        manufacturer=text(resource.get("Manufacturer")) or text(device.get("Manufacturer")),
        serial=text(resource.get("SerialNumber")) or text(device.get("SerialNumber")),
        part_number=text(resource.get("PartNumber")) or text(device.get("PartNumber")),
        uuid=text(resource.get("UUID")),
        firmware_version=text(resource.get("FirmwareVersion")) or text(device.get("FirmwareVersion")),
        memory_mib=_memory(tree, resource),
        pci_address=_address(function) or _address(device),
        pci_id=f"{vendor:04x}:{product:04x}" if vendor is not None and product is not None else None,
        location=text(part(resource, "Location", "PartLocation", "ServiceLabel")) or text(part(device, "Slot", "Location", "PartLocation", "ServiceLabel")),
        state=text(part(resource, "Status", "State")),
        health=text(part(resource, "Status", "Health")),
        source=source,
    )


def _memory(tree: Tree, resource: Resource) -> int | None:
    total = part(resource, "MemorySummary", "TotalMemorySizeMiB")
    if isinstance(total, int) and total:
        return total
    parts = resource.get("ProcessorMemory")
    sizes = [part(entry, "CapacityMiB") for entry in parts] if isinstance(parts, list) else []
    sizes = sizes or [memory.get("CapacityMiB") for memory in tree.members(part(resource, "Links", "Memory"))]
    return sum(size for size in sizes if isinstance(size, int)) or None


def _address(function: Resource) -> str | None:
    numbers = [function.get(name, 0) for name in ("SegmentNumber", "BusNumber", "DeviceNumber", "FunctionNumber")]
    if isinstance(function.get("BusNumber"), int) and all(isinstance(number, int) for number in numbers):
        return pci_address("{:04x}:{:02x}:{:02x}.{:x}".format(*numbers))
    match = _DELL_PCI_ID.match(str(function.get("Id") or ""))
    if match and int(match[1]) < 256:
        ending = f".{match[3]}" if match[3] else ""
        return pci_address(f"{int(match[1]):02x}:{int(match[2]):02x}{ending}")
    return None


def _is_hpe_gpu(device: Resource) -> bool:
    return device.get("DeviceType") == "GPU" and not _NO_GPU_NAME.search(f"{device.get('Name')} / {device.get('Location')}")


def _hpe_gpu(tree: Tree, device: Resource) -> RedfishGpu:
    instances = tree.members(device.get("DeviceInstances"))
    function = instances[0] if instances else {}
    vendor, product = function.get("VendorID"), function.get("DeviceID")
    return RedfishGpu(
        id=str(text(device.get("Id")) or last_name(address_of(device))),
        model=text(device.get("Name")),
        manufacturer=text(device.get("Manufacturer")),
        serial=text(device.get("SerialNumber")),
        part_number=text(device.get("ProductPartNumber")) or text(device.get("PartNumber")),
        firmware_version=text(part(device, "FirmwareVersion", "Current", "VersionString")),
        pci_address=_address(function),
        pci_id=f"{vendor:04x}:{product:04x}" if isinstance(vendor, int) and isinstance(product, int) else None,
        location=text(device.get("Location")),
        state=text(part(device, "Status", "State")),
        health=text(part(device, "Status", "Health")),
        source="HpeServerDevice",
    )
