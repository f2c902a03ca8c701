# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``dmidecode``, whole, by type (-t) or quiet (-q). Source: dmidecode(8) and the output of versions 2.12 to 3.6; SMBIOS (DMTF DSP0134).

A structure is a handle (not with -q), a title, and lines of KEY: VALUE below it; values of several lines stand further to the right.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import CoreError
from ..model.server import Baseboard, Bios, Chassis, MemoryModule, PowerSupply, Processor, Server, ServerSystem
from .dmidecode_faults import find_faults
from .values import plain, text_or_none, without_prefixes

TABLES = {
    "processors": ("socket", "model", "cores", "cores_enabled", "threads", "status"),
    "memory": ("locator", "size_mib", "type", "speed_mts", "configured_speed_mts", "part_number", "serial"),
    "power_supplies": ("name", "location", "capacity_w", "present", "status", "plugged", "serial"),
}

_HANDLE = re.compile(r"Handle 0x[0-9A-Fa-f]+, DMI type (\d+), (\d+) bytes\.?")
_ANNOUNCED = re.compile(r"(\d{1,6}) structures occupying \d+ bytes")
_WHOLE_TABLE = re.compile(r"structures occupying|Table at 0x")
_BROKEN = re.compile(r"Invalid entry length|DMI table is broken|<TRUNCATED>|Unexpected end of")
_TOLD = re.compile(r"Wrong DMI structures (?:count|length)|checksum", re.IGNORECASE)
_COUNT = re.compile(r"(\d{1,6})")
_SIZE = re.compile(r"(\d{1,12}) ([kMGTP])i?B", re.IGNORECASE)
_RATE = re.compile(r"(\d{1,6}) (?:MT/s|MHz)(?: \([^)]*\))?")
_HEIGHT = re.compile(r"(\d{1,3}) U")
_WATTS = re.compile(r"(\d{1,6}) W")
_MEBIBYTES = {"m": 1, "g": 1 << 10, "t": 1 << 20, "p": 1 << 30}
# What vendors and BIOS makers leave where a value should be, beside what every tool writes.
_BLANKS = frozenset(
    (
        *("not provided", "not present", "not settable", "not applicable", "unspecified", "undefined", "invalid", "empty", "no dimm", "dimm empty"),
        *("<out of spec>", "<bad index>", "to be filled by o.e.m.", "to be filled by oem", "default string", "o.e.m.", "oem", "[empty]"),
        *(f"{thing} {what}" for thing in ("system", "chassis", "base board", "baseboard") for what in ("manufacturer", "version", "serial number")),
        *("system product name", "system name", "chassis manufacture", "base board product name"),
    )
)
# American Megatrends' names for what is not there, and rows of one sign.
_PLACEHOLDER = re.compile(r"(?:[a-z0-9]+_)?(?:sernum|manufacturer|partnum|assettagnum)\d+|[x.\-_ ]+", re.IGNORECASE)
_COUNTED = re.compile(r"0?123456789\d?|(\w)\1{5,}")
_EMPTY_SLOT = re.compile(r"no module installed|not installed|0 [kmg]?b", re.IGNORECASE)
# The key without which a structure that ends the text was cut off: every version prints it.
_LAST_KEYS = {
    "BIOS Information": "Release Date",
    "System Information": "Serial Number",
    "Base Board Information": "Serial Number",
    "Chassis Information": "Serial Number",
    "Processor Information": "Status",
    "Memory Device": "Type",
    "System Power Supply": "Status",
}


@dataclass
class Structure:
    """One structure; values of several lines are left out. ``line`` is that of its handle or title."""

    line: int
    has_handle: bool = False
    title: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    def text(self, key: str) -> str | None:
        value = text_or_none(self.fields.get(key))
        return None if value is None or value.lower() in _BLANKS or _PLACEHOLDER.fullmatch(value) else value

    def number(self, key: str, pattern: re.Pattern[str] = _COUNT) -> int | None:
        match = pattern.fullmatch(self.fields.get(key, "").strip())
        return int(match[1]) if match else None


def parse(text: str) -> Server:
    """Read what dmidecode printed. Raises ``CoreError`` for a text without any structure that describes the server."""
    text = textwrap.dedent(without_prefixes(plain(text)))
    structures, torn = _structures(text)
    if not any(structure.title in _LAST_KEYS and structure.fields for structure in structures):
        _refuse(text)
    complete, warnings = _whole(text, structures, torn)
    by_title: dict[str, list[Structure]] = {}
    for structure in structures:
        by_title.setdefault(structure.title, []).append(structure)
    slots = [slot for slot in by_title.get("Memory Device", []) if "Size" in slot.fields]
    filled = [slot for slot in slots if not _EMPTY_SLOT.fullmatch(slot.fields["Size"])]
    modules = tuple(_module(slot, warnings) for slot in filled)
    seats = [seat for seat in by_title.get("Processor Information", []) if "Status" in seat.fields]
    system = _system(by_title["System Information"][0]) if "System Information" in by_title else None
    if system and system.serial and _COUNTED.fullmatch(system.serial):
        warnings.append(f"The serial number {system.serial} is a vendor's placeholder: it does not tell this server from others.")
    sizes = [module.size_mib for module in modules]
    return Server(
        complete=complete,
        warnings=tuple(warnings),
        faults=tuple(find_faults(structures, modules)),
        system=system,
        bios=_bios(by_title["BIOS Information"][0]) if "BIOS Information" in by_title else None,
        baseboard=_baseboard(by_title["Base Board Information"]) if "Base Board Information" in by_title else None,
        chassis=_chassis(by_title["Chassis Information"][0]) if "Chassis Information" in by_title else None,
        processors=tuple(_processor(seat) for seat in seats if seat.fields["Status"].startswith("Populated")),
        processor_sockets=len(seats) if complete and seats else None,
        memory=modules,
        # A part of the modules is not the memory.
        memory_total_mib=sum(size for size in sizes if size is not None) if complete and modules and None not in sizes else None,
        memory_slots=len(slots) if complete and slots else None,
        memory_slots_empty=len(slots) - len(filled) if complete and slots else None,
        memory_error_correction=next((found for array in by_title.get("Physical Memory Array", []) if (found := array.text("Error Correction Type"))), None),
        power_supplies=tuple(_power_supply(supply) for supply in by_title.get("System Power Supply", []) if "Status" in supply.fields),
    )


def _refuse(text: str) -> None:
    first = next((line.strip() for line in text.split("\n") if line.strip() and not line.startswith("#")), "")
    if "permission denied" in text.lower():
        raise CoreError("dmidecode was not allowed to read the firmware's tables.", hint="Run it as root.")
    if "no smbios nor dmi entry point" in text.lower() or "can't read memory" in text.lower():
        raise CoreError("dmidecode found no SMBIOS tables on this machine.", hint="Containers and some virtual machines have none: run it on the host.")
    if not first:
        raise CoreError("the output is empty: expected is what dmidecode prints.")
    raise CoreError(
        f"there is no description of a server in this output: expected are structures such as System Information, found is {first[:80]!r}.",
        hint="Read are dmidecode and dmidecode -t system, memory, processor, ...",
    )


def _structures(text: str) -> tuple[list[Structure], bool]:
    """Return the structures of a text, and whether its last line is a part of one and no KEY: VALUE."""
    found: list[Structure] = []
    indent = 0
    torn = False
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        torn = False
        if _HANDLE.fullmatch(stripped):
            found.append(Structure(number, has_handle=True))
            indent = 0
        elif not line[0].isspace():
            if not found or found[-1].title:
                found.append(Structure(number))
            found[-1].title = stripped
            indent = 0
        elif found:
            depth = len(line) - len(line.lstrip())
            indent = indent or depth
            if depth == indent:
                key, colon, value = stripped.partition(":")
                torn = not colon
                if colon:
                    found[-1].fields.setdefault(key, value.strip())
    return found, torn


def _whole(text: str, structures: Sequence[Structure], torn: bool) -> tuple[bool, list[str]]:
    """Return whether the table was read to its end, and what is to be said about it."""
    warnings = [line.strip() for line in text.split("\n") if _BROKEN.search(line) or _TOLD.search(line)]
    broken = any(_BROKEN.search(line) for line in warnings)
    last = next(structure for structure in reversed(structures) if structure.fields or structure.has_handle)
    announced = _ANNOUNCED.search(text)
    handles = sum(bool(_HANDLE.fullmatch(line.strip())) for line in text.split("\n"))
    ended = any(structure.title == "End Of Table" for structure in structures) or bool(announced and handles >= int(announced[1]))
    needed = _LAST_KEYS.get(last.title)
    if not last.title or torn or (needed and needed not in last.fields):
        warnings.append(f"line {last.line}: the structure {last.title or 'that begins here'} is not whole: the output was cut off.")
    elif _WHOLE_TABLE.search(text) and not ended:
        count = f" after {handles} of {announced[1]} structures" if announced else ""
        warnings.append(f"The output was cut off{count}: the end of the table is not there.")
    else:
        return not broken, warnings
    if last.fields and not text.endswith("\n"):
        # What stands there may be a part of a value, and would be read as another one.
        last.fields.popitem()
    return False, warnings


def _system(system: Structure) -> ServerSystem:
    return ServerSystem(
        manufacturer=system.text("Manufacturer"),
        product=system.text("Product Name"),
        serial=system.text("Serial Number"),
        uuid=system.text("UUID"),
        sku=system.text("SKU Number"),
        family=system.text("Family"),
        version=system.text("Version"),
    )


def _bios(bios: Structure) -> Bios:
    return Bios(
        vendor=bios.text("Vendor"),
        version=bios.text("Version"),
        release_date=bios.text("Release Date"),
        revision=bios.text("BIOS Revision"),
        firmware_revision=bios.text("Firmware Revision"),
    )


def _baseboard(boards: Sequence[Structure]) -> Baseboard:
    board = next((board for board in boards if board.fields.get("Type") in ("Motherboard", "Server Blade", "System Management Module")), boards[0])
    return Baseboard(
        manufacturer=board.text("Manufacturer"),
        product=board.text("Product Name"),
        serial=board.text("Serial Number"),
        version=board.text("Version"),
        asset_tag=board.text("Asset Tag"),
        location=board.text("Location In Chassis"),
    )


def _chassis(chassis: Structure) -> Chassis:
    return Chassis(
        manufacturer=chassis.text("Manufacturer"),
        type=chassis.text("Type"),
        serial=chassis.text("Serial Number"),
        version=chassis.text("Version"),
        asset_tag=chassis.text("Asset Tag"),
        sku=chassis.text("SKU Number"),
        height_u=chassis.number("Height", _HEIGHT),
        boot_up_state=chassis.text("Boot-up State"),
        power_supply_state=chassis.text("Power Supply State"),
        thermal_state=chassis.text("Thermal State"),
    )


def _processor(processor: Structure) -> Processor:
    return Processor(
        socket=processor.text("Socket Designation"),
        manufacturer=processor.text("Manufacturer"),
        family=processor.text("Family"),
        model=processor.text("Version"),
        signature=processor.text("Signature"),
        status=processor.fields["Status"].partition(", ")[2] or None,
        cores=processor.number("Core Count"),
        cores_enabled=processor.number("Core Enabled"),
        threads=processor.number("Thread Count"),
        max_speed_mhz=processor.number("Max Speed", _RATE),
        current_speed_mhz=processor.number("Current Speed", _RATE),
        part_number=processor.text("Part Number"),
        serial=processor.text("Serial Number"),
    )


def _module(slot: Structure, warnings: list[str]) -> MemoryModule:
    size = slot.text("Size")
    match = _SIZE.fullmatch(size or "")
    if size and not (match and match[2].lower() in _MEBIBYTES):
        warnings.append(f"line {slot.line}: the memory's size {size!r} can't be read.")
    configured = "Configured Memory Speed" if "Configured Memory Speed" in slot.fields else "Configured Clock Speed"
    return MemoryModule(
        locator=slot.text("Locator"),
        bank=slot.text("Bank Locator"),
        size_mib=int(match[1]) * _MEBIBYTES[match[2].lower()] if match and match[2].lower() in _MEBIBYTES else None,
        type=slot.text("Type"),
        form_factor=slot.text("Form Factor"),
        speed_mts=slot.number("Speed", _RATE),
        configured_speed_mts=slot.number(configured, _RATE),
        rank=slot.number("Rank"),
        manufacturer=slot.text("Manufacturer"),
        part_number=slot.text("Part Number"),
        serial=slot.text("Serial Number"),
    )


def _power_supply(supply: Structure) -> PowerSupply:
    present, _comma, status = supply.fields["Status"].partition(", ")
    return PowerSupply(
        name=supply.text("Name"),
        location=supply.text("Location"),
        manufacturer=supply.text("Manufacturer"),
        model=supply.text("Model Part Number"),
        serial=supply.text("Serial Number"),
        revision=supply.text("Revision"),
        capacity_w=supply.number("Max Power Capacity", _WATTS),
        present={"Present": True, "Not Present": False}.get(present),
        status=text_or_none(status),
        plugged={"Yes": True, "No": False}.get(supply.fields.get("Plugged", "")) if present == "Present" else None,
    )
