# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The forms of lldpd's output as one list: an interface and what is said of its neighbour, as pairs of a name and a text, in their order.

The names: via, age, chassis_id, chassis_id_type, chassis_name, system_description, management_address, capability (only what is switched on), port_id,
port_id_type, port_description, ttl, mfs, vlan_id, vlan_name, vlan_is_port (yes). All but the plainest are there once for each neighbour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import CoreError
from .json_text import load_cut_json
from .values import indented, text_or_none

# A path of -f keyvalue. Interfaces may have dots in their names, so that the section decides.
_PATH = re.compile(r"lldp\.(\S+?)\.(via|rid|age|chassis|port|vlan|ppvid|pi|unknown-tlvs|lldp-med|ttl|status)((?:\.[^=\s]+)?)=(.*)")
_ID_TYPES = frozenset(("mac", "ip", "ifname", "ifalias", "local", "component", "port", "unhandled", "chassis"))
# What would be another one if its end were missing.
_TORN = frozenset(("chassis_id", "chassis_name", "port_id", "ttl", "mfs", "vlan_id"))
# lldpd before 1.0.5 writes a line break in a string as a backslash and a line break, which is no JSON.
_BROKEN_ESCAPE = re.compile(r"\\([\n\r\t])")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HEADER = re.compile(r"^ *Interface: +([^\s,]+)(?:, via: ([^\s,]+))?(?:, RID: \d+)?(?:, Time: (.*))? *$", re.MULTILINE)
_DASHES = re.compile(r"^ *-{5,}", re.MULTILINE)
_PLAIN_VLAN = re.compile(r"(\d+)(?:, pvid: (yes|no))?(?:,? (\S.*))?")


@dataclass
class Raw:
    """An interface and what is said of one neighbour on it."""

    interface: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def add(self, key: str, value: object) -> None:
        text = text_or_none(value)
        if text is not None:
            self.fields.append((key, text))

    def all(self, key: str) -> Iterator[str]:
        return (value for name, value in self.fields if name == key)

    def first(self, key: str) -> str | None:
        return next(self.all(key), None)

    @property
    def is_neighbor(self) -> bool:
        return any(key in ("chassis_id", "chassis_name", "port_id") for key, _value in self.fields)


def read_json(text: str) -> tuple[list[Raw], bool]:
    """Read -f json and json0. Returns whether the document was whole, too."""
    document, whole = load_cut_json(_BROKEN_ESCAPE.sub(lambda match: _ESCAPES[match[1]], text))
    root = document.get("lldp") if isinstance(document, Mapping) else None
    if isinstance(root, list):
        root = root[0] if root else {}
    if not isinstance(root, Mapping):
        found = ", ".join(sorted(map(str, document))[:8]) if isinstance(document, Mapping) else type(document).__name__
        raise CoreError(f"this JSON has no neighbours: expected is 'lldp', found is {found or 'nothing'}.", hint="Ask with lldpctl -f json.")
    return [_from_json(name, entry) for name, entry in _interfaces(root.get("interface"))], whole


def _interfaces(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the interfaces of a list or an object, where each is under its name or has it inside."""
    for entry in value if isinstance(value, list) else [value]:
        if not isinstance(entry, Mapping):
            continue
        if isinstance(entry.get("name"), str):
            yield entry["name"], entry
            continue
        for name, inner in entry.items():
            for one in inner if isinstance(inner, list) else [inner]:
                if isinstance(one, Mapping):
                    yield name, one


def _from_json(name: str, entry: Mapping[str, Any]) -> Raw:
    raw = Raw(name)
    raw.add("via", _text(entry.get("via")))
    raw.add("age", _text(entry.get("age")))
    # lldpcli show interfaces tells of this machine, under the same names.
    if "status" not in entry or "via" in entry:
        for chassis in _objects(entry.get("chassis")):
            _add_chassis(raw, chassis)
        for port in _objects(entry.get("port")):
            _add_id(raw, "port", port.get("id"))
            raw.add("port_description", _text(port.get("descr")))
            raw.add("ttl", _text(port.get("ttl")))
            raw.add("mfs", _text(port.get("mfs")))
    raw.add("ttl", _text(entry.get("ttl")))
    for vlan in _objects(entry.get("vlan")):
        raw.add("vlan_id", _text(vlan.get("vlan-id")))
        raw.add("vlan_name", _text(vlan.get("value")))
        raw.add("vlan_is_port", "yes" if vlan.get("pvid") in (True, "yes") else "no")
    return raw


def _add_chassis(raw: Raw, chassis: Mapping[str, Any]) -> None:
    # -f json puts a chassis that has a name under it.
    if not {"id", "descr", "mgmt-ip", "capability"} & chassis.keys() and chassis:
        name, inner = next(iter(chassis.items()))
        if isinstance(inner, Mapping):
            raw.add("chassis_name", name)
            chassis = inner
    raw.add("chassis_name", _text(chassis.get("name")))
    _add_id(raw, "chassis", chassis.get("id"))
    raw.add("system_description", _text(chassis.get("descr")))
    raw.add("ttl", _text(chassis.get("ttl")))
    addresses = chassis.get("mgmt-ip")
    for address in addresses if isinstance(addresses, list) else [addresses]:
        raw.add("management_address", _text(address))
    for capability in _objects(chassis.get("capability")):
        if capability.get("enabled") in (True, "on", "yes"):
            raw.add("capability", _text(capability.get("type")))


def _add_id(raw: Raw, what: str, value: Any) -> None:
    for identity in _objects(value):
        raw.add(f"{what}_id", _text(identity.get("value")))
        raw.add(f"{what}_id_type", _text(identity.get("type")))


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects in a list, or the one that stands there without a list."""
    return [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, Mapping)]


def _text(value: Any) -> str | None:
    """Return a text that may stand in a list of one, or in an object under 'value', as json0 writes it."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, Mapping):
        value = value.get("value")
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None


def read_keyvalue(text: str) -> tuple[list[Raw], bool]:
    """Read -f keyvalue. A value may go on in the next lines. Returns whether its end is there, too."""
    found: list[Raw] = []
    latest: dict[str, Raw] = {}
    # The pair that a line without a path goes on with.
    open_in: Raw | None = None
    open_key = ""
    for line in text.split("\n"):
        match = _PATH.match(line.strip())
        if match:
            interface, section, path, value = match[1], match[2], match[3][1:], match[4]
            if interface not in latest or (section == "via" and latest[interface].fields):
                latest[interface] = Raw(interface)
                found.append(latest[interface])
            raw = latest[interface]
            before = len(raw.fields)
            _add_pair(raw, section, path, value)
            open_in, open_key = (raw, raw.fields[-1][0]) if len(raw.fields) > before else (None, "")
        elif open_in and line.strip() and open_key in ("system_description", "port_description"):
            open_in.fields[-1] = (open_key, f"{open_in.fields[-1][1]}\n{line.strip()}")
    return found, _ends_whole(text, found, open_in, open_key)


def _ends_whole(text: str, found: list[Raw], raw: Raw | None, key: str) -> bool:
    """Whether the last line was not torn. A torn name, port or number would be another one, so that it is dropped."""
    last = text.rsplit("\n", 1)[-1].strip()
    if not last or not found:
        return True
    if raw and key in _TORN:
        raw.fields = [pair for pair in raw.fields if pair[0] not in (key, f"{key}_type")]
        return False
    return not last.startswith("lldp.") or "=" in last


def _add_pair(raw: Raw, section: str, path: str, value: str) -> None:
    if section in ("via", "age", "ttl"):
        raw.add(section, value)
    elif section in ("chassis", "port") and path in _ID_TYPES:
        raw.add(f"{section}_id_type", path)
        raw.add(f"{section}_id", value)
    elif section == "chassis" and path.endswith(".enabled"):
        raw.add("capability", path[: -len(".enabled")] if value.strip() in ("on", "yes") else None)
    else:
        keys = {
            ("chassis", "name"): "chassis_name",
            ("chassis", "descr"): "system_description",
            ("chassis", "mgmt-ip"): "management_address",
            ("chassis", "ttl"): "ttl",
            ("port", "descr"): "port_description",
            ("port", "ttl"): "ttl",
            ("port", "mfs"): "mfs",
            ("vlan", "vlan-id"): "vlan_id",
            ("vlan", "pvid"): "vlan_is_port",
            ("vlan", ""): "vlan_name",
        }
        if (section, path) in keys:
            raw.add(keys[section, path], value)


def read_plain(text: str) -> tuple[list[Raw], bool]:
    """Read the text for people. Returns whether its closing line is there, too."""
    headers = list(_HEADER.finditer(text))
    found = []
    for header, following in zip(headers, [*headers[1:], None]):
        raw = Raw(header[1])
        raw.add("via", header[2])
        raw.add("age", header[3])
        # A line of dashes closes a neighbour; what is behind the last is a prompt. Without a protocol, it is told of this machine.
        body = _DASHES.split(text[header.end() : following.start() if following else len(text)], maxsplit=1)[0]
        for path, value in indented(body if header[2] else "", -1):
            _add_label(raw, path[-1], value or "")
        found.append(raw)
    return found, not headers or bool(_DASHES.search(text, headers[-1].end()))


def _add_label(raw: Raw, label: str, value: str) -> None:
    keys = {
        "SysName": "chassis_name",
        "SysDescr": "system_description",
        "MgmtIP": "management_address",
        "PortDescr": "port_description",
        "TTL": "ttl",
        "MFS": "mfs",
    }
    if label in keys:
        raw.add(keys[label], value)
    elif label in ("ChassisID", "PortID"):
        kind, _blank, identity = value.partition(" ")
        what = label[:-2].lower()
        raw.add(f"{what}_id_type", kind)
        raw.add(f"{what}_id", identity)
    elif label == "Capability":
        name, _comma, state = value.partition(", ")
        raw.add("capability", name if state.strip() in ("on", "yes") else None)
    elif label == "VLAN":
        match = _PLAIN_VLAN.fullmatch(value)
        if match:
            raw.add("vlan_id", match[1])
            raw.add("vlan_is_port", match[2] or "no")
            raw.add("vlan_name", match[3])
