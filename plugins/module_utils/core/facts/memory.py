# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Memory and NUMA nodes: /proc/meminfo and /sys/devices/system/node."""

from __future__ import annotations

import re

from ..model.node import MemoryFacts, NumaNode
from ..parse.values import whole
from .source import Source

NODES = "/sys/devices/system/node"
_LINE = re.compile(r"^(?:Node \d+ )?(\w+): +(\d+)(?: kB)?$", re.MULTILINE | re.ASCII)


def collect(source: Source) -> MemoryFacts:
    values = _values(source.text("/proc/meminfo") or "")
    if "MemTotal" not in values:
        source.miss("memory", f"/proc/meminfo {source.why_unreadable('/proc/meminfo')}")
    size = values.get("Hugepagesize")
    return MemoryFacts(
        total_mib=_mib(values.get("MemTotal")),
        hugepages=values.get("HugePages_Total"),
        hugepage_size_mib=size / 1024 if size is not None else None,
    )


def collect_numa(source: Source) -> tuple[NumaNode, ...]:
    names = [name for name in source.names(NODES) or () if re.fullmatch(r"node\d{1,5}", name, re.ASCII)]
    if not names:
        source.miss("numa", f"{NODES} is not there: the kernel was built without NUMA")
    nodes = []
    for number in sorted(int(name[4:]) for name in names):
        folder = f"{NODES}/node{number}"
        distances = [whole(word) for word in (source.text(f"{folder}/distance") or "").split()]
        nodes.append(
            NumaNode(
                node=number,
                cpus=source.text(f"{folder}/cpulist") or "",
                memory_mib=_mib(_values(source.text(f"{folder}/meminfo") or "").get("MemTotal")),
                distances=tuple(value for value in distances if value is not None),
            )
        )
    return tuple(nodes)


def _values(text: str) -> dict[str, int]:
    return {name: number for name, digits in _LINE.findall(text) for number in (whole(digits),) if number is not None}


def _mib(kib: int | None) -> int | None:
    return kib // 1024 if kib is not None else None
