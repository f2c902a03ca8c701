# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The facts of a node: every part that is asked for, each for itself. Nothing that is missing keeps the rest from being seen."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import CoreError
from ..model.document import Fault
from ..model.node import NodeFacts
from ..runner import Runner
from . import cpu, drivers, gpus, hcas, memory, nvme, pci, system
from .faults import faults_of
from .source import Source

# In the order of the document. Each returns its field of NodeFacts; the GPUs come with the faults that their driver tells of.
PARTS: Mapping[str, Callable[[Source], Any]] = {
    "system": system.collect,
    "drivers": drivers.collect,
    "cpu": cpu.collect,
    "memory": memory.collect,
    "numa": memory.collect_numa,
    "iommu": pci.collect_iommu,
    "bridges": pci.collect_bridges,
    "gpus": gpus.collect,
    "hcas": hcas.collect,
    "nvme": nvme.collect,
}


def collect_facts(runner: Runner, *, root: str = "/", subset: Iterable[str] = ()) -> NodeFacts:
    """Look at a node. ``root`` is the folder below which its ``/sys`` and ``/proc`` are, ``subset`` names parts (none: all).

    Raises ``CoreError`` for a part that there is not, and for nothing else: what could not be seen is in ``unseen``.
    """
    wanted = check_subset(subset)
    source = Source(runner, root)
    found = {name: collect(source) for name, collect in PARTS.items() if name in wanted}
    told: tuple[Fault, ...] = ()
    if "gpus" in found:
        found["gpus"], told = found["gpus"]
    facts = NodeFacts(parts=tuple(found), unseen=source.unseen, **found)
    return replace(facts, faults=faults_of(facts, told))


def check_subset(subset: Iterable[str]) -> set[str]:
    """Return the parts that are meant."""
    names = list(subset)
    for name in names:
        if name not in PARTS:
            near = " or ".join(difflib.get_close_matches(name, PARTS, n=1))
            raise CoreError(
                f"there is no part {name!r} of the facts.", where="subset", hint=f"Did you mean {near}?" if near else f"There are: {', '.join(PARTS)}."
            )
    return set(names or PARTS)
