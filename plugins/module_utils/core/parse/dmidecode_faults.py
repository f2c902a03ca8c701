# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What SMBIOS itself shows to be wrong with a server: states that are not safe, recorded errors, modules that run slower than their like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ..model.document import Fault
from ..model.server import MemoryModule

_BAD_STATES = frozenset(("Warning", "Critical", "Non-recoverable", "Non-critical"))
_PROBES = frozenset(("Voltage Probe", "Cooling Device", "Temperature Probe", "Electrical Current Probe"))
_NO_ERRORS = frozenset(("", "OK", "Unknown", "Other", "Corrected Error"))
# SMBIOS 7.33, the ones that are a failure.
_BAD_BOOTS = ("Firmware-detected hardware failure", "Operating system-detected hardware failure", "System security violation", "System watchdog timer expired")


class Titled(Protocol):
    """A structure of SMBIOS."""

    title: str

    @property
    def fields(self) -> Mapping[str, str]: ...


def find_faults(structures: Sequence[Titled], modules: Sequence[MemoryModule]) -> Iterator[Fault]:
    for structure in structures:
        yield from _of_structure(structure.title, structure.fields)
    yield from _of_memory(modules)


def _of_structure(title: str, fields: Mapping[str, str]) -> Iterator[Fault]:
    if title == "Chassis Information":
        for key, hint in (
            ("Boot-up State", "Look into the BMC's event log for what was found at boot."),
            ("Power Supply State", "Look into the BMC's event log and at the power supplies."),
            ("Thermal State", "Look at the fans, the inlet temperature and the BMC's event log."),
        ):
            if fields.get(key) in _BAD_STATES:
                yield Fault("chassis_state", "chassis", f"Its {key.lower()} is {fields[key].lower()}.", hint)
    elif title == "System Boot Information" and fields.get("Status", "").startswith(_BAD_BOOTS):
        yield Fault("boot_status", "system", f"The last boot reported: {fields['Status']}.", "Look into the BMC's event log.")
    elif title == "Processor Information" and fields.get("Status", "").startswith("Populated, Disabled By BIOS"):
        socket = fields.get("Socket Designation", "")
        yield Fault("processor_disabled", f"processor {socket}".strip(), "The BIOS switched it off after an error at boot.", "Reseat or replace it.")
    elif title == "System Power Supply" and fields.get("Status", "").startswith("Present"):
        subject = f"power supply {fields.get('Location') or fields.get('Name') or ''}".strip()
        state = fields["Status"].partition(", ")[2]
        if state in _BAD_STATES:
            yield Fault("power_supply_state", subject, f"Its state is {state.lower()}.", "Check its cable and its lights, then replace it.")
        if fields.get("Plugged") == "No":
            yield Fault("power_supply_unplugged", subject, "It is there, but not plugged in.", "Plug it in: the server has no spare power supply.")
    elif title in _PROBES and fields.get("Status") in _BAD_STATES:
        subject = f"{title.lower()} {fields.get('Description') or fields.get('Location') or ''}".strip()
        yield Fault("probe_state", subject, f"Its state is {fields['Status'].lower()}.", "Look into the BMC's sensors and event log.")
    elif title.endswith("Memory Error Information") and fields.get("Type", "") not in _NO_ERRORS:
        yield Fault(
            "memory_error", "memory", f"The firmware recorded a memory error: {fields['Type']}.", "Find the module in the BMC's event log and replace it."
        )


def _of_memory(modules: Sequence[MemoryModule]) -> Iterator[Fault]:
    """A module that runs slower than others of the same part number, or not at all while those run, was noticed by the firmware at boot."""
    fastest: dict[tuple[str | None, str | None, int | None], int] = {}
    for module in modules:
        key = (module.manufacturer, module.part_number, module.speed_mts)
        fastest[key] = max(fastest.get(key, 0), module.configured_speed_mts or 0)
    for module in modules:
        best = fastest[module.manufacturer, module.part_number, module.speed_mts]
        subject = f"memory {module.locator or module.bank or ''}".strip()
        if module.configured_speed_mts is None and best and module.speed_mts:
            yield Fault(
                "memory_not_configured",
                subject,
                "It is there, but no speed is configured: it is not in use.",
                "Look into the BIOS's log; reseat or replace it.",
            )
        elif module.configured_speed_mts and module.configured_speed_mts < best:
            message = f"It runs at {module.configured_speed_mts} MT/s, others of its kind at {best} MT/s."
            yield Fault("memory_slow", subject, message, "Compare how the channels are populated; reseat or replace it.")
