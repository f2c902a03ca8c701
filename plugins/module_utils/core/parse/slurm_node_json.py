# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slurm's records of nodes as JSON: ``scontrol show node --json``, slurmrestd's /nodes, and both layouts of ``sinfo --json``.

Versions differ in names (free_memory, free_mem; slurmd_version, version), in types (a number or {set, infinite, number}; a state or a list)
and in what stands for "no value". Sources: the OpenAPI plugins v0.0.37 and 38, the data parsers v0.0.39 to 46.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import CoreError
from ..model.slurm_node import SlurmNode
from ..slurm import hostlist
from . import slurm_fields
from .json_text import load_cut_json

# How Slurm writes "no value" and "infinite" in 32 and 64 bits, where it writes them as numbers.
_NO_VALUES = frozenset((0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFE, 0xFFFFFFFFFFFFFFFF))
_NO_VALUE_TEXTS = frozenset(("", "n/a", "infinity", "nan", "null"))


class _Values:
    """The fields of a record. Whatever is there and can't be read is told in ``warnings``."""

    def __init__(self, where: str, fields: Mapping[str, Any]) -> None:
        self.where = where
        self.fields = fields
        self.warnings: list[str] = []

    def at(self, path: str) -> Any:
        """Return what a path (``memory/free/minimum``) leads to, or ``None``."""
        value: Any = self.fields
        for name in path.split("/"):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def text(self, *paths: str) -> str | None:
        value = next((value for value in map(self.at, paths) if value is not None), None)
        if value is not None and not isinstance(value, (str, int, float)):
            self.warnings.append(f"{self.where}: {paths[0]} is not a text.")
            return None
        text = str(value if value is not None else "").strip()
        return None if text.lower() in ("", "n/a", "(null)") else text

    def texts(self, path: str) -> list[str]:
        """Return a list of texts; older versions write it as one text with commas."""
        value = self.at(path)
        if isinstance(value, list):
            return [entry.strip() for entry in value if isinstance(entry, str) and entry.strip()]
        return list(slurm_fields.words(self.text(path)))

    def number(self, *paths: str) -> int | None:
        value = next((value for value in map(self.at, paths) if value is not None), None)
        if isinstance(value, Mapping):
            value = value.get("number") if value.get("set") is not False and not value.get("infinite") else None
        if value is None or (isinstance(value, str) and value.strip().lower() in _NO_VALUE_TEXTS):
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1 << 64 or math.isnan(value) or value != int(value):
            self.warnings.append(f"{self.where}: {paths[0]} is not a whole number.")
            return None
        return None if value < 0 or value in _NO_VALUES else int(value)

    def same(self, path: str) -> int | None:
        """Return a number that a group of nodes has in common, or ``None`` where they differ."""
        least = self.number(f"{path}/minimum")
        return least if least == self.number(f"{path}/maximum") else None

    def gres(self, path: str) -> str | None:
        value = self.at(path)
        return ",".join(entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else self.text(path)


def read(text: str) -> tuple[list[SlurmNode], list[str], bool]:
    """Return the nodes, warnings, and whether that is all: the document is whole, and Slurm reported no error.

    Raises ``CoreError`` for what is no JSON, or of something else.
    """
    document, whole = load_cut_json(text)
    if isinstance(document, list):
        document = {"nodes": document}
    fields = document if isinstance(document, dict) else {}
    if isinstance(fields.get("name"), str) and "state" in fields:
        fields = {"nodes": [fields]}
    entries = fields.get("nodes", fields.get("sinfo"))
    reported = fields.get("errors")
    errors = [_error(entry) for entry in reported if entry] if isinstance(reported, list) else []
    if not isinstance(entries, list) and errors:
        raise _refused(errors[0])
    if not isinstance(entries, list):
        found = ", ".join(sorted(map(str, fields))[:8]) or ("nothing" if isinstance(document, dict) else type(document).__name__)
        raise CoreError(
            f"this JSON has no list of nodes: it has {found}.",
            hint="Expected is scontrol show node --json, sinfo --json or what slurmrestd answers to /nodes.",
        )
    # A record that was cut in the middle would seem to have no resources: all have the same fields.
    if not whole and entries and (len(entries) == 1 or _size(entries[-1]) < _size(entries[0])):
        entries.pop()
    nodes, warnings = _records(entries) if "nodes" in fields else _groups(entries)
    if not whole:
        warnings.insert(0, f"The output was cut off after {len(entries)} records.")
    if errors and not nodes:
        raise _refused(errors[0])
    return nodes, [*(f"Slurm reported an error: {error}." for error in errors), *warnings], whole and not errors


def _refused(error: str) -> CoreError:
    return CoreError(f"Slurm answered with an error: {error}.", where="errors[0]", hint="Is slurmctld running, and may this user ask it?")


def _size(entry: Any) -> int:
    return len(entry) if isinstance(entry, Mapping) else 0


def _error(entry: Any) -> str:
    fields = entry if isinstance(entry, Mapping) else {"error": entry}
    told = [str(fields[name]) for name in ("error", "description", "source") if fields.get(name) not in (None, "", "No error")]
    return ": ".join(told).rstrip(".") or "without a text"


def _records(entries: Iterable[Any]) -> tuple[list[SlurmNode], list[str]]:
    nodes, warnings = [], []
    for place, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str) or not name:
            warnings.append(f"nodes[{place}]: this is not a node: it has no name.")
            continue
        values = _Values(f"nodes[{place}], node {name}", entry)
        nodes.append(_node(name, values))
        warnings.extend(values.warnings)
    return nodes, warnings


def _node(name: str, values: _Values) -> SlurmNode:
    text, texts, number = values.text, values.texts, values.number
    load = number("cpu_load")
    reason = text("reason")
    return SlurmNode(
        name=name,
        states=slurm_fields.states([*texts("state"), *texts("state_flags")]),
        reason=reason,
        reason_user=text("reason_set_by_user") if reason else None,
        reason_time=slurm_fields.time_of(number("reason_changed_at")) if reason else None,
        gres=slurm_fields.gres(values.gres("gres"), values.gres("gres_used"), text("tres"), text("tres_used")),
        partitions=tuple(texts("partitions")),
        features=tuple(texts("features")),
        active_features=tuple(texts("active_features")),
        cpus=number("cpus"),
        cpus_allocated=number("alloc_cpus"),
        # The API counts hundredths.
        cpu_load=load / 100 if load is not None else None,
        memory_mib=number("real_memory"),
        memory_allocated_mib=number("alloc_memory"),
        free_memory_mib=number("free_mem", "free_memory"),
        temporary_disk_mib=number("temporary_disk"),
        boards=number("boards"),
        sockets=number("sockets"),
        cores_per_socket=number("cores"),
        threads_per_core=number("threads"),
        architecture=text("architecture"),
        os=text("operating_system"),
        version=text("version", "slurmd_version"),
        address=text("address"),
        hostname=text("hostname"),
        weight=number("weight"),
        boot_time=slurm_fields.time_of(number("boot_time")),
        slurmd_start_time=slurm_fields.time_of(number("slurmd_start_time")),
        last_busy=slurm_fields.time_of(number("last_busy")),
        reservation=text("reservation"),
        instance_id=text("instance_id"),
        instance_type=text("instance_type"),
        comment=text("comment"),
        extra=text("extra"),
    )


def _groups(entries: Iterable[Any]) -> tuple[list[SlurmNode], list[str]]:
    """Read the newer layout of sinfo: groups of nodes that have a partition and a state in common."""
    nodes: dict[str, SlurmNode] = {}
    warnings: list[str] = []
    mixed = False
    for place, entry in enumerate(entries):
        values = _Values(f"sinfo[{place}]", entry if isinstance(entry, Mapping) else {})
        try:
            names = hostlist.expand(",".join(values.texts("nodes/nodes")))
        except CoreError as error:
            warnings.append(f"sinfo[{place}]: {error.message}")
            continue
        if len(nodes) + len(names) > slurm_fields.MOST_NODES:
            raise CoreError(f"this names more than {slurm_fields.MOST_NODES} nodes.", where=f"sinfo[{place}]")
        mixed = mixed or len(names) > 1
        group = _group(values, alone=len(names) == 1)
        warnings.extend(values.warnings)
        for name in names:
            known = nodes.get(name)
            partitions = (*(known.partitions if known else ()), *group.partitions)
            nodes[name] = replace(known or group, name=name, partitions=tuple(dict.fromkeys(partitions)))
    if mixed:
        warnings.append("sinfo groups nodes: of a group of several, what is used is left out, and gres, features and reason are those of its first node.")
    return list(nodes.values()), warnings


def _group(values: _Values, *, alone: bool) -> SlurmNode:
    text, texts, number, same = values.text, values.texts, values.number, values.same
    load = same("cpus/load")
    partition = text("partition/name")
    reason = text("reason/description")
    addresses, hostnames = texts("nodes/addresses"), texts("nodes/hostnames")
    return SlurmNode(
        name="",
        states=slurm_fields.states(texts("node/state")),
        reason=reason,
        reason_user=text("reason_set_by_user", "reason/user") if reason else None,
        reason_time=slurm_fields.time_of(number("reason/time")) if reason else None,
        gres=slurm_fields.gres(values.gres("gres/total"), values.gres("gres/used") if alone else None),
        partitions=(partition,) if partition else (),
        features=tuple(texts("features/total")),
        active_features=tuple(texts("features/active")),
        cpus=same("cpus"),
        cpus_allocated=number("cpus/allocated") if alone else None,
        cpu_load=load / 100 if load is not None else None,
        memory_mib=same("memory"),
        memory_allocated_mib=number("memory/allocated") if alone else None,
        free_memory_mib=same("memory/free"),
        temporary_disk_mib=same("disk"),
        sockets=same("sockets"),
        cores_per_socket=same("cores"),
        threads_per_core=same("threads"),
        address=addresses[0] if alone and len(addresses) == 1 else None,
        hostname=hostnames[0] if alone and len(hostnames) == 1 else None,
        weight=same("weight"),
        reservation=text("reservation"),
        comment=text("comment"),
        extra=text("extra"),
    )
