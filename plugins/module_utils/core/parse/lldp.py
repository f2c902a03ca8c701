# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``lldpctl`` and ``lldpcli show neighbors``: -f json, json0 and keyvalue, and the plain text. Source: lldpcli(8), lldpd 0.7 to 1.0.

JSON changes its form with the number of interfaces and neighbours; ``lldp_forms`` makes one list of all forms, and this file makes neighbours of it.
"""

from __future__ import annotations

import re
from collections import Counter

from ..errors import CoreError
from ..model.lldp import LldpInterface, LldpNeighbor, LldpNeighbors, LldpVlan
from . import lldp_forms
from .values import json_part, plain, whole, without_prefixes

TABLES = {
    "interfaces": ("name", "neighbors"),
    "neighbors": ("interface", "chassis_name", "chassis_id", "port_id", "port_description", "vlan", "management_addresses"),
}

_AGE = re.compile(r"(?:(\d{1,6}) days?, )?(\d{1,4}):(\d{2}):(\d{2})")
_TITLE = re.compile(r"^ *LLDP (?:neighbors|interfaces):", re.MULTILINE)
# What shows that lldpd was not asked at all.
_UNREACHABLE = re.compile(r"unable to connect to socket|unable to (?:get|retrieve)|cannot connect|connection refused|permission denied", re.IGNORECASE)


def parse(text: str) -> LldpNeighbors:
    """Read neighbours from any of the forms. Raises ``CoreError`` for a text of another kind."""
    text = without_prefixes(plain(text))
    part = json_part(text)
    if part is not None:
        raw, complete = lldp_forms.read_json(part)
    else:
        raw, complete = lldp_forms.read_keyvalue(text)
        if not raw:
            raw, complete = lldp_forms.read_plain(text)
            if not raw and not _TITLE.search(text):
                _refuse(text)
    warnings = [] if complete else ["The output was cut off: what is behind the last neighbour is not known."]
    neighbors = []
    for place, entry in enumerate(raw):
        if not entry.is_neighbor:
            continue
        neighbor = _neighbor(entry, warnings)
        neighbors.append(neighbor)
        if neighbor.port_id is None:
            warnings.append(f"The neighbour on {entry.interface} does not name its port.")
            complete = complete and place < len(raw) - 1
    vlans: dict[str, dict[LldpVlan, None]] = {}
    for entry in raw:
        vlans.setdefault(entry.interface, {}).update(dict.fromkeys(_vlans(entry, [])))
    counts = Counter(neighbor.interface for neighbor in neighbors)
    interfaces = tuple(LldpInterface(name, counts[name], tuple(found)) for name, found in vlans.items())
    return LldpNeighbors(complete=complete, warnings=tuple(warnings), interfaces=interfaces, neighbors=tuple(neighbors))


def _refuse(text: str) -> None:
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    if not first:
        raise CoreError("the output is empty: with -f keyvalue, there is no neighbour then.", hint="Ask with -f json, which tells this from a failure.")
    if _UNREACHABLE.search(text):
        raise CoreError(f"lldpd could not be asked: {first[:160]}", hint="Is lldpd running? Only root and the group _lldpd may ask it.")
    raise CoreError(
        f"there is no neighbour in this output: expected is what lldpctl prints, found is {first[:80]!r}.",
        hint="Read are lldpctl -f json, json0, keyvalue and plain.",
    )


def _neighbor(entry: lldp_forms.Raw, warnings: list[str]) -> LldpNeighbor:
    vlans = _vlans(entry, warnings)
    age = _AGE.fullmatch(entry.first("age") or "")
    days, hours, minutes, seconds = (int(part or 0) for part in age.groups()) if age else (0, 0, 0, 0)
    return LldpNeighbor(
        interface=entry.interface,
        chassis_name=entry.first("chassis_name"),
        chassis_id=entry.first("chassis_id"),
        chassis_id_type=entry.first("chassis_id_type"),
        port_id=entry.first("port_id"),
        port_id_type=entry.first("port_id_type"),
        port_description=entry.first("port_description"),
        management_addresses=tuple(dict.fromkeys(entry.all("management_address"))),
        vlan=next((vlan.id for vlan in vlans if vlan.is_port_vlan), None),
        vlans=vlans,
        ttl_s=_number(entry, "ttl", warnings),
        age_s=((days * 24 + hours) * 60 + minutes) * 60 + seconds if age else None,
        max_frame_bytes=_number(entry, "mfs", warnings),
        system_description=entry.first("system_description"),
        capabilities=tuple(dict.fromkeys(name.lower() for name in entry.all("capability"))),
        via=entry.first("via"),
    )


def _number(entry: lldp_forms.Raw, key: str, warnings: list[str]) -> int | None:
    text = entry.first(key)
    number = whole(text)
    if text is not None and (number is None or number < 0):
        warnings.append(f"{entry.interface}: {key} {text!r} is not a number.")
        return None
    return number


def _vlans(entry: lldp_forms.Raw, warnings: list[str]) -> tuple[LldpVlan, ...]:
    """Return the VLANs: each begins with its number, and what follows is said of it."""
    found: list[LldpVlan] = []
    for key, value in entry.fields:
        if key == "vlan_id":
            number = whole(value)
            if number is None or not 0 <= number < 4096:
                warnings.append(f"{entry.interface}: VLAN {value!r} is not a number.")
                number = -1
            found.append(LldpVlan(number))
        elif found and key == "vlan_name":
            found[-1] = LldpVlan(found[-1].id, value, found[-1].is_port_vlan)
        elif found and key == "vlan_is_port":
            found[-1] = LldpVlan(found[-1].id, found[-1].name, value == "yes")
    return tuple(dict.fromkeys(vlan for vlan in found if vlan.id >= 0))
