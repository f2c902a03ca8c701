# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processors: /proc/cpuinfo for the model, /sys/devices/system/cpu for how many there are and who sets their frequency."""

from __future__ import annotations

import re
from collections import Counter

from ..model.node import CpuFacts
from .source import Source

FOLDER = "/sys/devices/system/cpu"
# More processors than any machine has: a damaged list must not become a set of billions.
_MOST = 1 << 16
_MODEL = re.compile(r"^(?:model name|cpu model|Processor|cpu)[ \t]*: *(.+)$", re.MULTILINE)
# Arm writes numbers instead of a name. Part numbers of the server cores that GPU machines have (Arm's technical reference manuals).
_ARM_PARTS = {"0xd4f": "Neoverse-V2", "0xd40": "Neoverse-V1", "0xd49": "Neoverse-N2", "0xd0c": "Neoverse-N1"}
_ARM_PART = re.compile(r"^CPU part[ \t]*: *(0x[0-9a-f]{3})$", re.MULTILINE)


def collect(source: Source) -> CpuFacts:
    online = cpu_list(source.text(f"{FOLDER}/online"))
    sockets, cores, threads = _shape(source, online) if online else (None, None, None)
    if sockets is None:
        source.miss("cpu", f"{FOLDER} does not say how many processors there are")
    model = _model(source.text("/proc/cpuinfo") or "")
    if model is None:
        source.miss("cpu.model", "/proc/cpuinfo names no model")
    policies = [name for name in source.names(f"{FOLDER}/cpufreq") or () if re.fullmatch(r"policy\d+", name)]
    governors = [source.text(f"{FOLDER}/cpufreq/{name}/scaling_governor") for name in policies]
    return CpuFacts(
        model=model,
        sockets=sockets,
        cores_per_socket=cores,
        threads_per_core=threads,
        online=len(online) or None,
        governors=dict(sorted(Counter(name for name in governors if name).items())),
    )


def _shape(source: Source, online: set[int]) -> tuple[int | None, int | None, int | None]:
    """Return sockets, cores per socket and threads per core, from one processor of each socket."""
    packages: list[set[int]] = []
    left = set(online)
    while left:
        folder = f"{FOLDER}/cpu{min(left)}/topology"
        # The second name is that of Linux before 5.8.
        package = cpu_list(source.text(f"{folder}/package_cpus_list") or source.text(f"{folder}/core_siblings_list")) & left
        if not package:
            return None, None, None
        packages.append(package)
        left -= package
    folder = f"{FOLDER}/cpu{min(online)}/topology"
    threads = len(cpu_list(source.text(f"{folder}/core_cpus_list") or source.text(f"{folder}/thread_siblings_list")) & online)
    if not threads:
        return len(packages), None, None
    return len(packages), max(len(package) for package in packages) // threads, threads


def cpu_list(text: str | None) -> set[int]:
    """Return the numbers in a list as the kernel writes it (``0-3,8,10-11``); nothing for what is no such list."""
    found: set[int] = set()
    for part in (text or "").split(","):
        match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", part.strip(), re.ASCII)
        if not match:
            return set()
        first, last = int(match[1]), int(match[2] or match[1])
        if last >= _MOST:
            return set()
        found.update(range(first, last + 1))
    return found


def _model(text: str) -> str | None:
    match = _MODEL.search(text)
    if match:
        return " ".join(match[1].split())
    part = _ARM_PART.search(text)
    return _ARM_PARTS.get(part[1], f"Arm part {part[1]}") if part else None
