# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Xids and SXids in a kernel log: from dmesg in each of its forms, /dev/kmsg, a syslog file, or the journal as text or JSON.

A log without any is no fault, also an empty one: nothing happened. What is no log at all is refused, since "no Xid" would say nothing of the node.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ..hardware.xid_catalogue import HARMLESS_LINK_DOWN, HINTS, IGNORE, RECOVERY_ACTIONS, RESET_GPU, STOPS_APPLICATION, XID_154_EVAL, XIDS
from ..model.document import Fault
from ..model.xid import XidEvent, XidLog
from .log_lines import LogLine, read_log
from .values import pci_address, whole

TABLES = {"events": ("time", "uptime_s", "host", "pci_address", "xid", "name", "action", "process")}

_XID = re.compile(r"NVRM:\s+Xid\s*(?:\((?P<where>[^)]{0,80})\))?\s*:\s*(?P<xid>\d{1,5})\b,?\s*(?P<rest>.*)")
_SXID = re.compile(r"(?P<switch>nvidia-nvswitch\d+):\s+SXid\s+\((?:PCI:)?(?P<where>[^)]{0,80})\):\s*(?P<xid>\d{1,6})\b,?\s*(?P<rest>.*)")
_WHERE = re.compile(r"(?:PCI:)?([0-9a-fA-F:.]+)(?:.*\bGPU-I:(\d+))?")
# Before 2012 the address is bus and device, the bus with four digits.
_OLD_ADDRESS = re.compile(r"00([0-9a-fA-F]{2}):([0-9a-fA-F]{2})")
_PROCESS = re.compile(r"pid=('?<unknown>'?|\d+)(?:,\s*name=([^,]*))?(?:,\s*|$)")
_NVLINK5 = re.compile(
    r"(\w+)(?:/\w+)?\s+(Fatal|Non-?fatal|Link Fatal)\s+XC\d+\s+i\d+\s+Link\s+(-?\d{1,4})\s*\(0x([0-9a-f]{1,8})\s+0x([0-9a-f]{1,8})", re.IGNORECASE
)
_NVLINK_NUMBER = 74
_NVLINK = re.compile(r"(?P<fatal>fatal error).{0,40}?\blink (?P<link>\d{1,4})", re.IGNORECASE)
_RECOVERY_NUMBER = 154
_RECOVERY = re.compile(r"changed from \S+ \([^)]*\) to \S+ \(([^)]*)\)")
_SXID_REST = re.compile(r"(Non-fatal|Fatal)(?:, Link (\d{1,4}))?[, ]*(.*)", re.IGNORECASE)
# Further lines of an SXid that has been reported.
_SXID_MORE = re.compile(r"Severity \d|Data \{")
_GPU = re.compile(r"NVRM: GPU at (?:PCI:)?([0-9a-fA-F:.]+): (GPU-[0-9a-f-]+)")
_LOST_ALSO = re.compile(r"NVRM: (?:The NVIDIA )?GPU (?:at )?(?:PCI:)?([0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(?:\.\d)?)")
_OFF_THE_BUS = "fallen off the bus"
_LOST_NUMBER = 79
_UNKNOWN = "NVIDIA's catalogue, as Railyard has it, does not list this number."
# The end of a file within an Xid: the number could be longer.
_CUT = re.compile(r"(?:NVRM:\s+Xid|SXid)\b[^,]*\Z")
_NO_ACTION = "See NVIDIA's Xid catalogue."
_SXID_MEANINGS = {
    "fatal": "An NVSwitch reports an error that it can't go on from: the links of the GPUs behind it stop.",
    "nonfatal": "An NVSwitch reports an error that it can go on from.",
}
_SXID_HINTS = {
    RESET_GPU: "Drain the node; reset all its GPUs and NVSwitches together, or reboot it. Ask support if it comes back.",
    IGNORE: "Nothing has to be done at once; watch whether it comes often, and on which link.",
}


def parse(text: str) -> XidLog:
    """Find the Xids and SXids in a kernel log. Raises ``CoreError`` for a text that is no log."""
    lines, warnings, complete = read_log(text)
    if lines and not text.endswith(("\n", "}", "]")) and _CUT.search(lines[-1].text):
        lines, complete = lines[:-1], False
        warnings.append(f"line {len(lines) + 1}: the log is cut off within an Xid; the line is left out.")
    events: list[XidEvent] = []
    uuids: dict[str, str] = {}
    lost: dict[str, None] = {}
    last_named: str | None = None
    for line in lines:
        if "NVRM" not in line.text and "SXid" not in line.text:
            continue
        event = _xid(line) or _sxid(line, events)
        if event:
            events.append(event)
            continue
        named = _GPU.search(line.text)
        if named:
            uuids[_slot(pci_address(named[1])) or "?"] = named[2]
        also = _LOST_ALSO.search(line.text)
        if also:
            last_named = pci_address(also[1])
        if _OFF_THE_BUS in line.text and last_named:
            lost[last_named] = None
    events = [replace(event, gpu_uuid=uuids.get(_slot(event.pci_address) or "")) for event in events]
    reported = {_slot(event.pci_address) for event in events if event.xid == _LOST_NUMBER}
    return XidLog(
        lines=len(lines),
        events=tuple(events),
        complete=complete,
        warnings=tuple(warnings),
        faults=(*_faults(events), *(_lost(address) for address in lost if _slot(address) not in reported)),
    )


def _slot(address: str | None) -> str | None:
    """Return a PCI address without its function: the log has it with and without."""
    return address.partition(".")[0] if address else None


def _xid(line: LogLine) -> XidEvent | None:
    match = _XID.search(line.text)
    if not match:
        return None
    number = int(match["xid"])
    known = XIDS.get(number)
    where = _WHERE.match((match["where"] or "").strip())
    old = _OLD_ADDRESS.fullmatch(where[1]) if where else None
    address = f"0000:{old[1]}:{old[2]}".lower() if old else pci_address(where[1]) if where else None
    rest = match["rest"].strip()
    process = _PROCESS.match(rest)
    name = process[2].strip() if process and process[2] else None
    event = XidEvent(
        kind="xid",
        xid=number,
        time=line.time,
        uptime_s=line.uptime_s,
        host=line.host,
        pci_address=address,
        name=known.name if known else None,
        mnemonic=known.mnemonic if known else None,
        meaning=known.meaning if known else _UNKNOWN,
        action=known.action if known else None,
        process=None if name in (None, "", "<unknown>") else name,
        pid=whole(process[1]) if process else None,
        gpu_instance=int(where[2]) if where and where[2] else None,
        detail=rest[process.end() :] if process else rest,
    )
    registers = _NVLINK5.match(event.detail)
    if registers:
        return _with_link(event, registers)
    if number == _NVLINK_NUMBER:
        link = _NVLINK.search(event.detail)
        return replace(event, severity="fatal", link=int(link["link"])) if link else event
    recovery = _RECOVERY.search(event.detail)
    if recovery:
        said = recovery[1].strip()
        return replace(event, action=RECOVERY_ACTIONS.get(said.lower(), re.sub(r"\W+", "_", said).upper()))
    return event


def _with_link(event: XidEvent, match: re.Match[str]) -> XidEvent:
    """Read component, severity, link and what is to be done off the registers in a line of Xid 144 to 150."""
    component, severity = match[1].upper(), "nonfatal" if match[2].lower().startswith("non") else "fatal"
    information, status = int(match[4], 16), int(match[5], 16)
    if severity == "fatal":
        action = IGNORE if component.startswith("NETIR_LINK") and information >> 20 & 0x3F in HARMLESS_LINK_DOWN else RESET_GPU
    else:
        action = XID_154_EVAL if status & STOPS_APPLICATION.get(component, 0) else IGNORE
    return replace(event, component=component, severity=severity, link=int(match[3]) if int(match[3]) >= 0 else None, action=action)


def _sxid(line: LogLine, events: list[XidEvent]) -> XidEvent | None:
    match = _SXID.search(line.text)
    if not match:
        return None
    number, address, rest = int(match["xid"]), pci_address(match["where"]), match["rest"].strip()
    if _SXID_MORE.match(rest) and any(event.kind == "sxid" and (event.xid, event.pci_address) == (number, address) for event in events[-8:]):
        return None
    parts = _SXID_REST.match(rest)
    severity = None if not parts else "fatal" if parts[1].lower() == "fatal" else "nonfatal"
    return XidEvent(
        kind="sxid",
        xid=number,
        time=line.time,
        uptime_s=line.uptime_s,
        host=line.host,
        pci_address=address,
        name=parts[3].strip() or None if parts else None,
        meaning=_SXID_MEANINGS[severity] if severity else "An NVSwitch reports an error.",
        action={"fatal": RESET_GPU, "nonfatal": IGNORE}.get(severity or ""),
        component=match["switch"],
        severity=severity,
        link=int(parts[2]) if parts and parts[2] else None,
        detail=rest,
    )


def _faults(events: list[XidEvent]) -> Iterator[Fault]:
    """Yield one fault for each number of each device; for the driver's word on recovery, one for each word."""
    groups: dict[tuple[object, ...], list[XidEvent]] = {}
    for event in events:
        says = event.action if event.xid == _RECOVERY_NUMBER else None
        groups.setdefault((event.kind, event.host, event.pci_address, event.xid, says), []).append(event)
    for group in groups.values():
        first, last = group[0], group[-1]
        letter = "Xid" if first.kind == "xid" else "SXid"
        device = "GPU" if first.kind == "xid" else "NVSwitch"
        host = f" of {first.host}" if first.host else ""
        name = f" ({first.name})" if first.name else ""
        when = _when(first, last)
        times = f", {len(group)} times{when}" if len(group) > 1 else when
        links = sorted({event.link for event in group if event.link is not None})
        on_links = f" on link{'s' if len(links) > 1 else ''} {', '.join(map(str, links))}" if links else ""
        processes = list(dict.fromkeys(event.process for event in group if event.process))
        running = f" Running: {', '.join(processes[:3])}{' …' if len(processes) > 3 else ''}." if processes else ""
        # The worst action of the group: that of a link that is lost counts more than that of one which is noisy.
        actions = [event.action for event in group if event.action]
        action = next((action for action in actions if action != IGNORE), actions[0] if actions else None)
        hints = HINTS if first.kind == "xid" else _SXID_HINTS
        hint = hints.get(action, f"Do what NVIDIA calls {action}.") if action else _NO_ACTION
        yield Fault(
            id=f"{first.kind}_{first.xid}",
            subject=f"{device} {first.pci_address or 'of unknown address'}{host}",
            message=f"{letter} {first.xid}{name}{on_links}{times}. {first.meaning}{running}",
            hint=hint,
        )


def _when(first: XidEvent, last: XidEvent) -> str:
    begin, end = (event.time or (f"{event.uptime_s:.6f} s" if event.uptime_s is not None else None) for event in (first, last))
    if begin is None or end is None:
        return ""
    behind = "" if last.time else " after the start"
    return f", at {begin}{behind}" if begin == end else f" from {begin} to {end}{behind}"


def _lost(address: str) -> Fault:
    known = XIDS[_LOST_NUMBER]
    return Fault("gpu_off_the_bus", f"GPU {address}", f"the driver says that it has fallen off the bus. {known.meaning}", HINTS[known.action or IGNORE])
