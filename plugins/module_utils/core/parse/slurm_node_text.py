# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slurm's records of nodes as text: ``scontrol show node``, in blocks or one per line (-o), ``slurmd -C`` and ``slurmd -G``.

A record is NodeName= and further KEY=VALUE. Values may have blanks and equals signs in them (OS, Reason, Comment, Extra); a reason with
several lines goes on further to the right. Layout: src/api/node_info.c of Slurm 20.11 to 26.05.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from ..model.slurm_node import SlurmGres, SlurmNode
from . import slurm_fields
from .values import decimal, text_or_none, whole

_KEY = re.compile(r"([A-Z][A-Za-z_]*)=")
_NEXT_KEY = re.compile(r"(?:^|(?<=\s))([A-Z][A-Za-z_]*)=")
# Keys whose value may hold anything, and what can follow them in a record that is one line.
_LAST = frozenset(("Comment", "Extra", "InstanceId", "InstanceType", "ReservationName", "Topology"))
_FREE: Mapping[str, frozenset[str]] = {"OS": frozenset(("RealMemory",)), "Reason": _LAST, "Comment": _LAST, "Extra": _LAST}
# Every version prints some of these near the end of a record; what slurmd prints ends with its memory.
_ENDS = frozenset(("AllocTRES", "CurrentWatts", "AveWatts", "ExtSensorsTemp"))
_REASON_MARK = re.compile(r" \[([^@\[\]\n]+)@([^\[\]\n]+)\](?=$|\n|\s{7})")
_CONTINUED = re.compile(r"\n|\s{7,}")
# A further line of a reason stands ten blanks in, a key three.
_DEEP = 6
_FOUND = re.compile(r"^Found (\S+) with Autodetect=", re.MULTILINE | re.IGNORECASE)
_SLURMD_G = re.compile(r"(?:slurmd(?:-(\S+))?: )?Gres Name=(\S+)\s+(?:Type=(\S+)\s+)?Count=(\S+)")
_TROUBLE = re.compile(r"error|not found|invalid|fatal", re.IGNORECASE)


class Record(NamedTuple):
    """The lines of one record, and the number of the first."""

    line: int
    lines: list[str]


class _Values:
    """The fields of a record. Whatever is there and can't be read is told in ``warnings``."""

    def __init__(self, where: str, fields: Mapping[str, str]) -> None:
        self.where = where
        self.fields = fields
        self.warnings: list[str] = []

    def text(self, key: str) -> str | None:
        value = text_or_none(self.fields.get(key))
        return None if value == "(null)" else value

    def number(self, *keys: str) -> int | None:
        key = next((key for key in keys if key in self.fields), keys[0])
        value = self.text(key)
        number = whole(value)
        if value is not None and (number is None or number < 0):
            self.warnings.append(f"{self.where}: {key}={value} is not a number.")
            return None
        return number


def read(text: str) -> tuple[list[SlurmNode], list[str], bool]:
    """Return the nodes of the records in a text, warnings, and whether no record is cut off."""
    records, warnings = _records(text)
    nodes, complete = [], True
    for place, record in enumerate(records):
        fields = _fields(record.lines)
        where = f"line {record.line}, node {fields['NodeName']}"
        if not (_ENDS & fields.keys() or ("CPUs" in fields and "RealMemory" in fields)):
            complete = False
            key = list(fields)[-1]
            warnings.append(f"{where}: the record ends at {key}=: the output was cut off.")
            if place == len(records) - 1 and not text.endswith("\n"):
                # What stands there may be a part of a value, and would be read as another one.
                del fields[key]
        if "NodeName" in fields:
            values = _Values(where, fields)
            nodes.append(_node(values))
            warnings.extend(values.warnings)
    found = _FOUND.findall(text)
    if found and len(nodes) == 1 and not nodes[0].gres:
        nodes[0] = replace(nodes[0], gres=slurm_fields.gres(",".join(found), None))
    return nodes, warnings, complete


def read_slurmd_g(text: str) -> list[SlurmNode]:
    """Return the node of ``slurmd -G``, which prints a line for each device; none where the text has no such line."""
    counts: dict[tuple[str, str | None], int] = {}
    name = ""
    for node, kind, gres_type, count in _SLURMD_G.findall(text):
        name = name or node
        key = (kind, None if gres_type in ("", "(null)") else gres_type)
        counts[key] = counts.get(key, 0) + (slurm_fields.quantity(count) or 0)
    gres = tuple(SlurmGres(kind, gres_type, count, None) for (kind, gres_type), count in counts.items())
    return [SlurmNode(name, gres=gres)] if gres else []


def _records(text: str) -> tuple[list[Record], list[str]]:
    records: list[Record] = []
    warnings = []
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if stripped.startswith("NodeName="):
            records.append(Record(number, [line]))
            inside = True
        elif inside and stripped and (line[0].isspace() or _KEY.match(stripped)):
            records[-1].lines.append(line)
        # An empty line ends a record, but 24.05 prints one before the reason; a prompt or another message ends it for good.
        elif stripped and not stripped.startswith("Found "):
            inside = False
            if _TROUBLE.search(stripped):
                warnings.append(f"line {number}: {stripped[:200]}")
    return records, warnings


def _fields(lines: Sequence[str]) -> dict[str, str]:
    """Return the values of a record by key, in their order."""
    one_line = " State=" in lines[0]
    found: dict[str, str] = {}
    current = ""
    for line in lines:
        stripped = line.strip()
        first = _KEY.match(stripped)
        if current in _FREE and (not first or len(line) - len(line.lstrip()) > _DEEP):
            found[current] += f"\n{stripped}"
        # Until 17.02 the memory stands on the line of the operating system.
        elif first and first[1] in _FREE and first[1] != "OS" and not one_line:
            current = first[1]
            found[current] = stripped[first.end() :]
        else:
            for key, value in _pairs(stripped):
                found[key] = value
                current = key
    return found


def _pairs(line: str) -> Iterator[tuple[str, str]]:
    """Cut a line at its keys. What looks like a key inside of a value that may hold anything is a part of it."""
    key, start = "", 0
    for match in _NEXT_KEY.finditer(line):
        if key in _FREE and match[1] not in _FREE[key]:
            continue
        if key:
            yield key, line[start : match.start()].strip()
        key, start = match[1], match.end()
    if key:
        yield key, line[start:].strip()


def _node(values: _Values) -> SlurmNode:
    text, number = values.text, values.number
    reason, user, when = _reason(text("Reason"))
    boards = number("Boards")
    sockets = number("Sockets")
    if sockets is None:
        per_board = number("SocketsPerBoard")
        sockets = per_board * (boards or 1) if per_board is not None else None
    load = text("CPULoad")
    cpu_load = decimal(load)
    if load is not None and cpu_load is None:
        values.warnings.append(f"{values.where}: CPULoad={load} is not a number.")
    return SlurmNode(
        name=values.fields["NodeName"],
        states=slurm_fields.states([text("State") or ""]),
        reason=reason,
        reason_user=user,
        reason_time=when,
        gres=slurm_fields.gres(text("Gres"), text("GresUsed"), text("CfgTRES"), text("AllocTRES")),
        partitions=slurm_fields.words(text("Partitions")),
        features=slurm_fields.words(text("AvailableFeatures") or text("Features")),
        active_features=slurm_fields.words(text("ActiveFeatures")),
        cpus=number("CPUTot", "CPUs"),
        cpus_allocated=number("CPUAlloc"),
        cpu_load=cpu_load,
        memory_mib=number("RealMemory"),
        memory_allocated_mib=number("AllocMem"),
        free_memory_mib=number("FreeMem"),
        temporary_disk_mib=number("TmpDisk"),
        boards=boards,
        sockets=sockets,
        cores_per_socket=number("CoresPerSocket"),
        threads_per_core=number("ThreadsPerCore"),
        architecture=text("Arch"),
        os=text("OS"),
        version=text("Version"),
        address=text("NodeAddr"),
        hostname=text("NodeHostName"),
        weight=number("Weight"),
        boot_time=text("BootTime"),
        slurmd_start_time=text("SlurmdStartTime"),
        last_busy=text("LastBusyTime"),
        uptime_s=slurm_fields.uptime_s(text("UpTime")),
        reservation=text("ReservationName"),
        instance_id=text("InstanceId"),
        instance_type=text("InstanceType"),
        comment=text("Comment"),
        extra=text("Extra"),
    )


def _reason(text: str | None) -> tuple[str | None, str | None, str | None]:
    """Return a reason, who set it and when: ``gpu lost [root@2026-03-01T14:25:01]``. The mark stands behind the first of its lines."""
    if text is None:
        return None, None, None
    mark = _REASON_MARK.search(text)
    if not mark:
        return "\n".join(_CONTINUED.split(text)), None, None
    lines = [text[: mark.start()], *_CONTINUED.split(text[mark.end() :].strip())]
    return "\n".join(line.strip() for line in lines if line.strip()) or None, text_or_none(mark[1]), text_or_none(mark[2])
