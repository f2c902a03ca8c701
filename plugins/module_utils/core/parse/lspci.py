# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``lspci`` in its forms: plain, -n, -nn, -D, -k, -m, -mm, -vm, -vmm, -v, -vv and -vvv. Source: lspci(8) and pciutils 3.5 to 3.14.

Without -D the domain is left out where all devices are in domain 0. Only root sees the capabilities, and with them links and access control.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import CoreError
from ..model.document import Fault
from ..model.pci import PciDevice, PciDevices, PciLink
from .values import pci_address, plain, whole, without_prefixes

TABLES = {"devices": ("pci_address", "class_name", "description", "device_id", "driver", "numa_node", "link.speed_current_gt_per_s", "link.width_current")}

_DEVICE = re.compile(r"(?:\S{1,200}/)?((?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])(?:\s+(\S.*))?", re.IGNORECASE)
_NUMERIC = re.compile(r"([0-9a-f]{4}): ([0-9a-f]{4}):([0-9a-f]{4})\b")
_NAMED = re.compile(r"([^:\[]+?)(?: \[([0-9a-f]{4})\])?: (.+)")
_REVISION = re.compile(r" \(rev ([0-9a-f]{2})\)")
_PROGRAMMING = re.compile(r" \(prog-if [^)]*\)")
_IDS = re.compile(r" ?\[([0-9a-f]{4}):([0-9a-f]{4})\]$")
_BARE_IDS = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4})")
# A vendor without a name; a device of one with a name.
_UNKNOWN = re.compile(r"Device ([0-9a-f]{4}):([0-9a-f]{4})")
_UNNAMED = re.compile(r"\bDevice ([0-9a-f]{4})$")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SHORT_REVISION = re.compile(r'" -r([0-9a-f]{2})\b')
_ID_BEHIND = re.compile(r" ?\[([0-9a-f]{4})\]$")
_ID = re.compile(r"[0-9a-f]{4}")
_RECORD = re.compile(r"(Slot|Device|Class|Vendor|SVendor|SDevice|PhySlot|Rev|ProgIf|Driver|Module|NUMANode|IOMMUGroup|DTNode):\s+(\S.*)")
_SPEED = re.compile(r"Speed (\d+(?:\.\d+)?)GT/s")
_WIDTH = re.compile(r"Width x(\d{1,2})\b")
_SERVICE = re.compile(r"(\w+)\+")
_TREE = re.compile(r"[-+\s]*\[[0-9a-f]{4}", re.IGNORECASE)
_HIDDEN = "Capabilities: <access denied>"

_GRAPHICS = frozenset(("0300", "0302", "0380", "1200", "3d controller", "display controller", "vga compatible controller", "processing accelerators"))
_NETWORK = frozenset(("0200", "0207", "0208", "0280", "ethernet controller", "infiniband controller", "fabric controller", "network controller"))
_DRIVES = frozenset(("0108", "non-volatile memory controller"))
_OTHER_BRIDGE = frozenset(("0680", "bridge"))
# Who makes GPUs and accelerators; the other graphics in a server are the BMC's.
_GPU_MAKERS = ("10de", "1002", "1da3", "nvidia", "advanced micro devices", "habana")
_NVIDIA = ("10de", "nvidia")
_LABELS = {"gpu": "GPU", "nvswitch": "NVSwitch", "nic": "network adapter", "drive": "NVMe drive"}


@dataclass
class _Open:
    """A device whose lines are being read."""

    line: int
    fields: dict[str, str | None]
    cap: str = ""
    sta: str = ""
    acs: str | None = None
    whole: bool = True
    """Whether the form promises no more of it."""
    record: bool = False
    """Whether it is a record of -vm or -vmm."""
    numbered: bool = False
    """Whether its line ends with its numbers, as with -nn."""


class _Names(NamedTuple):
    """What a cell of -mm says: a name, an id, or both."""

    name: str | None
    id: str | None


def parse(text: str) -> PciDevices:
    """Read a listing of PCI devices. Raises ``CoreError`` for a text that has none."""
    text = without_prefixes(plain(text))
    opened = list(_devices(text))
    if not opened:
        _refuse(text)
    warnings = []
    # Where all others have their numbers (-nn), a last line without was cut off.
    if len(opened) > 1 and all(entry.numbered for entry in opened[:-1]) and not opened[-1].numbered:
        opened[-1].whole = False
    for entry in opened:
        if not entry.whole:
            warnings.append(f"line {entry.line}: the device {entry.fields['pci_address']} is not told whole: the output was cut off.")
    complete = not warnings
    if _HIDDEN in text:
        warnings.append("The capabilities are hidden, and with them links and access control: run lspci as root.")
    devices = tuple(_device(entry) for entry in opened)
    kinds = {device.pci_address: _kind(device) for device in devices}
    views = {kind: tuple(address for address, found in kinds.items() if found == kind) for kind in _LABELS}
    return PciDevices(
        complete=complete,
        warnings=tuple(warnings),
        faults=tuple(fault for device in devices for fault in _faults(device, kinds[device.pci_address])),
        gpus=views["gpu"],
        nvswitches=views["nvswitch"],
        nics=views["nic"],
        devices=devices,
    )


def _refuse(text: str) -> None:
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    if not first:
        raise CoreError("the output is empty: expected are lines of lspci, such as 3b:00.0 3D controller: ...")
    if _TREE.match(first):
        raise CoreError("this is the tree of lspci -t, which does not say what the devices are.", hint="Use lspci -nn, or lspci -vvnn as root.")
    raise CoreError(
        f"there is no PCI device in this output: expected are lines such as 3b:00.0 3D controller: ..., found is {first[:80]!r}.",
        hint="Is pciutils installed, and is this what lspci printed?",
    )


def _devices(text: str) -> Iterator[_Open]:
    """Cut a text into devices, in any of the forms."""
    lines = text.split("\n")
    current: _Open | None = None
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        record = _RECORD.fullmatch(stripped)
        start = _DEVICE.fullmatch(stripped)
        # The older -vm says Device: for the slot, too.
        slot = _DEVICE.fullmatch(record[2]) if record and record[1] in ("Slot", "Device") else None
        match = start or slot
        if match:
            if current:
                yield current
            current = _Open(number, {"pci_address": pci_address(match[1])}, whole=bool(start), record=bool(slot))
            if start:
                _read_line(current, match[2] or "")
        elif current and current.record and record:
            _read_record(current, record[1], record[2].strip())
        elif current:
            # A line that the end of the text cuts is not believed.
            _read_attribute(current, stripped, cut=number == len(lines))
    if current:
        yield current


def _read_line(entry: _Open, text: str) -> None:
    """Read what follows the address on a line of its own, in words, in numbers or in quotes."""
    fields = entry.fields
    if text.startswith('"'):
        cells = [_names(cell) for cell in _QUOTED.findall(text)]
        entry.whole = len(cells) >= 5 and text.count('"') % 2 == 0
        revision = _SHORT_REVISION.search(text)
        for cell, name in zip(cells, ("class", "vendor", "device", "svendor", "sdevice")):
            _set_names(fields, name, cell)
    else:
        revision = _REVISION.search(text)
        text = _PROGRAMMING.sub("", _REVISION.sub("", text)).strip()
        numeric = _NUMERIC.match(text)
        named = _NAMED.fullmatch(text)
        entry.whole = bool(numeric or named)
        if numeric:
            fields.update(class_id=numeric[1], vendor_id=numeric[2], device_id=numeric[3])
        elif named:
            ids = _IDS.search(named[3])
            entry.numbered = bool(ids)
            ids = ids or _UNKNOWN.fullmatch(named[3])
            unnamed = _UNNAMED.search(named[3])
            fields.update(
                class_name=named[1].strip(),
                class_id=named[2],
                description=_IDS.sub("", named[3]),
                vendor_id=ids[1] if ids else None,
                device_id=ids[2] if ids else unnamed[1] if unnamed else None,
            )
    fields["revision"] = revision[1] if revision else None


def _names(cell: str) -> _Names:
    cell = cell.replace('\\"', '"')
    if _ID.fullmatch(cell):
        return _Names(None, cell)
    match = _ID_BEHIND.search(cell)
    return _Names(_ID_BEHIND.sub("", cell) or None, match[1] if match else None)


def _set_names(fields: dict[str, str | None], what: str, names: _Names) -> None:
    if what == "class":
        fields.update(class_name=names.name, class_id=names.id)
        return
    # Vendor and device are one text in the other forms; the vendor comes first.
    text = "subsystem" if what in ("svendor", "sdevice") else "description"
    fields[text] = " ".join(part for part in (fields.get(text), names.name) if part) or None
    if what == "svendor":
        fields["subsystem_id"] = names.id
    elif what == "sdevice":
        fields["subsystem_id"] = f"{fields['subsystem_id']}:{names.id}" if fields.get("subsystem_id") and names.id else None
    else:
        unnamed = _UNNAMED.search(names.name or "")
        fields[f"{what}_id"] = names.id or (unnamed[1] if unnamed else None)


def _read_record(entry: _Open, key: str, value: str) -> None:
    """Read a line of -vm or -vmm."""
    names = {"Class": "class", "Vendor": "vendor", "Device": "device", "SVendor": "svendor", "SDevice": "sdevice"}
    keys = {"Rev": "revision", "Driver": "driver", "PhySlot": "physical_slot", "NUMANode": "numa_node", "IOMMUGroup": "iommu_group"}
    if key in names:
        _set_names(entry.fields, names[key], _names(value))
    elif key in keys:
        entry.fields[keys[key]] = value
    entry.whole = entry.whole or key == "Device"


def _read_attribute(entry: _Open, line: str, *, cut: bool) -> None:
    """Read an indented line of -k, -v and -vv."""
    key, _colon, value = line.partition(":")
    value = value.strip()
    if key == "Subsystem":
        # With -n there are only the numbers, without brackets.
        ids = _IDS.search(value) or _BARE_IDS.fullmatch(value)
        entry.fields["subsystem_id"] = f"{ids[1]}:{ids[2]}" if ids else None
        entry.fields["subsystem"] = (value[: ids.start()] if ids else value) or None
    elif key == "Kernel driver in use":
        entry.fields["driver"] = value
    elif key == "NUMA node":
        entry.fields["numa_node"] = value
    elif key == "IOMMU group":
        entry.fields["iommu_group"] = value
    elif key == "Physical Slot":
        entry.fields["physical_slot"] = value
    elif key in ("LnkCap", "LnkSta", "ACSCtl") and cut:
        entry.whole = False
    elif key == "LnkCap":
        entry.cap = value
    elif key == "LnkSta":
        entry.sta = value
    elif key == "ACSCtl":
        entry.acs = value


def _device(entry: _Open) -> PciDevice:
    fields = entry.fields
    node = whole(fields.get("numa_node"))
    link = PciLink(_speed(entry.sta), _speed(entry.cap), _width(entry.sta), _width(entry.cap))
    return PciDevice(
        pci_address=fields["pci_address"] or "",
        class_name=fields.get("class_name"),
        class_id=fields.get("class_id"),
        vendor_id=fields.get("vendor_id"),
        device_id=fields.get("device_id"),
        description=fields.get("description"),
        subsystem=fields.get("subsystem"),
        subsystem_id=fields.get("subsystem_id"),
        revision=fields.get("revision"),
        driver=fields.get("driver"),
        # The kernel says -1 for a machine without NUMA.
        numa_node=node if node is not None and node >= 0 else None,
        iommu_group=whole(fields.get("iommu_group")),
        physical_slot=fields.get("physical_slot"),
        # A virtual function says that its speed is unknown and its width 0: it has no link of its own.
        link=link if link != PciLink(None, None, None, None) else None,
        acs=tuple(_SERVICE.findall(entry.acs)) if entry.acs is not None else None,
    )


def _speed(text: str) -> float | None:
    match = _SPEED.search(text)
    return float(match[1]) if match else None


def _width(text: str) -> int | None:
    match = _WIDTH.search(text)
    return int(match[1]) or None if match else None


def _is(device: PciDevice, classes: Iterable[str]) -> bool:
    return device.class_id in classes if device.class_id else (device.class_name or "").lower() in classes


def _made_by(device: PciDevice, makers: tuple[str, ...]) -> bool:
    return device.vendor_id in makers if device.vendor_id else (device.description or "").lower().startswith(makers)


def _kind(device: PciDevice) -> str:
    if _is(device, _GRAPHICS) and _made_by(device, _GPU_MAKERS):
        return "gpu"
    if _is(device, _OTHER_BRIDGE) and _made_by(device, _NVIDIA):
        return "nvswitch"
    if _is(device, _NETWORK):
        return "nic"
    return "drive" if _is(device, _DRIVES) else ""


def _faults(device: PciDevice, kind: str) -> Iterator[Fault]:
    subject = f"{_LABELS.get(kind, 'device')} {device.pci_address}"
    if device.revision == "ff":
        yield Fault(
            f"{kind or 'device'}_lost",
            subject,
            "It does not answer on the bus any more: its registers read as ones (rev ff).",
            "Look for Xid 79 and PCIe errors in the kernel's log; drain the node and power-cycle it, not just reboot.",
        )
    link = device.link
    # A bridge shows what it could do, whatever is plugged into it.
    if not link or not kind:
        return
    if link.width_current and link.width_max and link.width_current < link.width_max:
        yield Fault(
            "link_narrow",
            subject,
            f"Its PCIe link has {link.width_current} of {link.width_max} lanes.",
            "Reseat the card or its riser, and check whether the slot has all lanes.",
        )
    if link.speed_current_gt_per_s and link.speed_max_gt_per_s and link.speed_current_gt_per_s < link.speed_max_gt_per_s:
        idle = "An idle GPU may lower its speed: look again under load. " if kind == "gpu" else ""
        yield Fault(
            "link_slow",
            subject,
            f"Its PCIe link runs at {link.speed_current_gt_per_s:g} of {link.speed_max_gt_per_s:g} GT/s.",
            f"{idle}Check the speed set in the BIOS and the slot's own, then reseat the card.",
        )
