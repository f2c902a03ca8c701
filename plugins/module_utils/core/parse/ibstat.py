# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``ibstat`` (also of one adapter, of one port, and of old releases without a link layer), and ``ibstatus``, which says less of the same.

The forms are those of infiniband-diags in rdma-core: ibstat.c and scripts/ibstatus.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import CoreError
from ..model.document import Fault
from ..model.infiniband import Adapter, AdapterPort, Adapters
from .infiniband import known_speed, known_width
from .values import decimal, guid, hexadecimal, plain, text_or_none, whole

TABLES = {"hcas": ("name", "type", "firmware", "ports")}

_HEAD = re.compile(r"^(?:CA|Switch|Router|iWARP RNIC|usNIC|\?\?\?):? '([^']*)'$")
_STATUS_HEAD = re.compile(r"^Infiniband device '([^']*)' port (\d{1,3}) status:$", re.IGNORECASE)
_PORT = re.compile(r"^Port (\d{1,3}):$")
_PAIR = re.compile(r"^([A-Za-z][A-Za-z _]*?):\s*(.*)$")
_TYPE = re.compile(r"^(?:CA|Switch|Router|iWARP RNIC|usNIC|\?\?\?) type$")
_RATE = re.compile(r"^([\d.]+)(?:\s*Gb/sec)?(?:\s*\((?:(\d+X)\s*)?([A-Z]+\d*)?\))?$")
# /sys/class/infiniband/*/ports/*/{state,phys_state}: number and name; here the words of ibstat.
_STATES = {"0": "No state change", "1": "Down", "2": "Initializing", "3": "Armed", "4": "Active", "5": "Active deferred"}
_PHYSICAL = {"1": "Sleep", "2": "Polling", "3": "Disabled", "4": "PortConfigurationTraining", "5": "LinkUp", "6": "LinkErrorRecovery", "7": "PhyTest"}
_LAYERS = {"infiniband": "InfiniBand", "ib": "InfiniBand", "ethernet": "Ethernet"}
_LAST = {"ibstat": "port guid", "ibstatus": "link_layer"}
_TROUBLE = re.compile(r"\bib(?:warn|error|panic):|^Fatal error:")

_DIED = re.compile(r"\bibpanic:|^Fatal error:")

_WHY = {
    "Disabled": ("is switched off", "If it is to be used, enable it (ibportstate, or ip link set for Ethernet); one without a cable may stay so."),
    "Polling": ("finds nobody at the other end", "Look at the cable, the transceivers and the switch port; one without a cable may stay so."),
    "LinkUp": (
        "has a link, but is switched off as a port of InfiniBand",
        "A virtual function is, until it has a GUID and the policy of its parent (ip link set ... vf ... state auto).",
    ),
    "LinkErrorRecovery": ("is recovering from errors on the link", "Clean or replace the cable or the transceiver."),
}


@dataclass
class _Block:
    """An adapter or a port as it is read: its keys in lower case."""

    name: str
    form: str
    pairs: dict[str, str] = field(default_factory=dict)
    ports: dict[int, dict[str, str]] = field(default_factory=dict)


def parse(text: str) -> Adapters:
    """Return the adapters. Raises ``CoreError`` for a text that names none."""
    blocks: dict[str, _Block] = {}
    warnings: list[str] = []
    died = False
    block: _Block | None = None
    pairs: dict[str, str] = {}
    last = ""
    lines = plain(text).rstrip().split("\n")
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if match := _HEAD.match(line):
            block = blocks.setdefault(match[1], _Block(match[1], "ibstat"))
            pairs, last = block.pairs, ""
        elif match := _STATUS_HEAD.match(line):
            block = blocks.setdefault(match[1], _Block(match[1], "ibstatus"))
            pairs, last = block.ports.setdefault(int(match[2]), {}), ""
        elif block is None:
            continue
        elif match := _PORT.match(line):
            pairs, last = block.ports.setdefault(int(match[1]), {}), ""
        elif _TROUBLE.search(line):
            warnings.append(f"line {number}: the tool said {line!r}.")
            # What it would have said next is missing.
            died |= bool(_DIED.search(line))
        elif match := _PAIR.match(line):
            last = "type" if _TYPE.match(match[1]) else match[1].lower()
            pairs[last] = match[2]
        elif line and number < len(lines):
            warnings.append(f"line {number}: {line[:80]!r} can't be read.")
        elif line:
            last = ""
    if block is None:
        first = next((line.strip() for line in lines if line.strip()), "")
        found = f"It begins with {first[:80]!r}." if first else "It is empty."
        raise CoreError(f"this is not what ibstat prints: it names no adapter. {found}", hint="Without the driver there is no adapter.")
    cut = _cut(blocks, block, pairs)
    if cut:
        # What stands last may have lost its end.
        pairs.pop(last, None)
        warnings.append(f"line {len(lines)}: the output is cut off within {cut}.")
    hcas = tuple(_adapter(entry, warnings) for entry in blocks.values())
    return Adapters(
        hcas=hcas,
        complete=not (cut or died),
        warnings=tuple(warnings),
        faults=tuple(fault for hca in hcas for port in hca.ports for fault in _faults(hca, port)),
    )


def _cut(blocks: Mapping[str, _Block], last: _Block, pairs: Mapping[str, str]) -> str:
    """Say within what the output ends too early; empty where it ends where it may."""
    if not last.ports:
        return f"{last.name}, before its ports"
    number = list(last.ports)[-1]
    layers = any("link layer" in port for block in blocks.values() for port in block.ports.values())
    whole_guid = last.form != "ibstat" or guid(pairs.get("port guid")) == pairs.get("port guid", "").lower()
    if _LAST[last.form] not in pairs or not whole_guid or (layers and "link layer" not in pairs):
        return f"{last.name} port {number}"
    layer = pairs.get("link layer", pairs.get("link_layer", "ib"))
    if layer.lower() not in _LAYERS and any(name.startswith(layer.lower()) for name in _LAYERS):
        return f"{last.name} port {number}"
    wanted = whole(last.pairs.get("number of ports"))
    if wanted is not None and len(last.ports) < wanted:
        return f"{last.name}, which has {wanted} ports"
    return ""


def _adapter(block: _Block, warnings: list[str]) -> Adapter:
    pairs = block.pairs
    return Adapter(
        name=block.name,
        type=text_or_none(pairs.get("type")),
        firmware=text_or_none(pairs.get("firmware version")),
        hardware=text_or_none(pairs.get("hardware version")),
        guid=guid(pairs.get("node guid")),
        system_guid=guid(pairs.get("system image guid")),
        ports=tuple(_port(block, number, warnings) for number in sorted(block.ports)),
    )


def _port(block: _Block, number: int, warnings: list[str]) -> AdapterPort:
    pairs = block.ports[number]
    where = f"{block.name} port {number}"
    match = _RATE.match(pairs.get("rate", ""))
    rate = decimal(match[1]) if match else None
    if pairs.get("rate") and rate is None and text_or_none(pairs["rate"]):
        warnings.append(f"{where}: the rate {pairs['rate'][:40]!r} can't be read.")
    layer_text = pairs.get("link layer", pairs.get("link_layer"))
    layer = _LAYERS.get(layer_text.lower()) if layer_text else None
    if text_or_none(layer_text) and layer is None and (layer_text or "").lower() != "unspecified":
        warnings.append(f"{where}: the link layer {layer_text!r} is not known.")
    speed = known_speed(match[3]) if match and match[3] else None
    if block.form == "ibstat":
        state, physical = _word(pairs.get("state")), _word(pairs.get("physical state"))
        lid, sm_lid, port_guid = whole(pairs.get("base lid")), whole(pairs.get("sm lid")), guid(pairs.get("port guid"))
    else:
        state, physical = _numbered(pairs.get("state"), _STATES), _numbered(pairs.get("phys state"), _PHYSICAL)
        lid, sm_lid = hexadecimal(pairs.get("base lid")), hexadecimal(pairs.get("sm lid"))
        port_guid = _guid_of_gid(pairs.get("default gid", "")) if layer == "InfiniBand" else None
    return AdapterPort(number, state, physical, rate, known_width(match[2]) if match and match[2] else None, speed, layer, port_guid, lid, sm_lid)


def _word(text: str | None) -> str | None:
    return None if text == "???" else text_or_none(text)


def _numbered(text: str | None, words: Mapping[str, str]) -> str | None:
    """``4: ACTIVE`` → ``Active``."""
    number, _colon, name = (text or "").partition(":")
    return words.get(number.strip(), text_or_none(name))


def _guid_of_gid(gid: str) -> str | None:
    """The second half of a GID of InfiniBand is the port's GUID."""
    parts = gid.split(":")
    return guid("".join(parts[4:])) if len(parts) == 8 and all(len(part) == 4 for part in parts) else None


def _faults(hca: Adapter, port: AdapterPort) -> list[Fault]:
    subject = f"{hca.name} port {port.port}"
    if port.state == "Down":
        what, hint = _WHY.get(port.physical_state or "", ("has no link", "Look at the cable, the transceivers and the switch port."))
        return [Fault("port_down", subject, f"the port is down: it {what}.", hint)]
    if port.state in ("Initializing", "Armed"):
        return [
            Fault(
                "port_not_active",
                subject,
                f"the link is up, but no subnet manager has made it active ({port.state}).",
                "Is a subnet manager running, and does it reach this port?",
            )
        ]
    if port.physical_state == "LinkErrorRecovery":
        what, hint = _WHY["LinkErrorRecovery"]
        return [Fault("port_recovering", subject, f"the port {what}.", hint)]
    return []
