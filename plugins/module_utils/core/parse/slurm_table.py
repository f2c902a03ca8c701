# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tables of ``sinfo``, read by the names of their columns: any of -N, -l, -o and -O, if there is a header with the nodes and their state.

A value with blanks can only be told from the next one where it is the last of its line, as the reason is in sinfo -N -l.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import CoreError
from ..model.slurm_node import SlurmNode
from ..slurm import hostlist
from . import slurm_fields
from .values import decimal, whole

_NODES = ("NODELIST", "HOSTNAMES", "NODE_ADDR")
# What sinfo's words stand for, short (%t) and summed up: sinfo(1), NODE STATE CODES.
_STATES = {
    "alloc": ("allocated",),
    "comp": ("completing",),
    "drained": ("idle", "drain"),
    "drng": ("draining",),
    "failg": ("failing",),
    "futr": ("future",),
    "inval": ("invalid_reg",),
    "maint": ("maintenance",),
    "mix": ("mixed",),
    "plnd": ("planned",),
    "pow_dn": ("powering_down",),
    "pow_up": ("powering_up",),
    "resv": ("reserved",),
    "unk": ("unknown",),
}


def read(text: str) -> tuple[list[SlurmNode], list[str]]:
    """Return the nodes of a table and warnings; none where the text has no header of one."""
    nodes: dict[str, SlurmNode] = {}
    warnings: list[str] = []
    columns: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split()
        if "STATE" in words and any(name in words for name in _NODES):
            columns = words
        elif columns and words:
            cells = line.split(None, len(columns) - 1) if columns[-1] == "REASON" else words
            if len(cells) != len(columns):
                warnings.append(f"line {number}: {len(cells)} values in {len(columns)} columns: left out.")
                continue
            try:
                _add(nodes, dict(zip(columns, (cell.strip() for cell in cells))))
            except CoreError as error:
                warnings.append(f"line {number}: {error.message}")
    return list(nodes.values()), warnings


def _add(nodes: dict[str, SlurmNode], row: dict[str, str]) -> None:
    names = hostlist.expand(next(row[name] for name in _NODES if name in row))
    if len(nodes) + len(names) > slurm_fields.MOST_NODES:
        raise CoreError(f"this names more than {slurm_fields.MOST_NODES} nodes.")
    partition = row.get("PARTITION", "").rstrip("*")
    reason = row.get("REASON", "none")
    states = slurm_fields.states([row["STATE"]])
    node = SlurmNode(
        name="",
        states=tuple(dict.fromkeys(word for state in states for word in _STATES.get(state, (state,)))),
        reason=None if reason.lower() in ("none", "n/a") else reason,
        gres=slurm_fields.gres(row.get("GRES"), row.get("GRES_USED")),
        features=slurm_fields.words(row.get("AVAIL_FEATURES", row.get("AVAIL_FE"))),
        active_features=slurm_fields.words(row.get("ACTIVE_FEATURES")),
        cpus=whole(row.get("CPUS")),
        cpu_load=decimal(row.get("CPU_LOAD")),
        memory_mib=whole(row.get("MEMORY")),
        free_memory_mib=whole(row.get("FREE_MEM")),
        weight=whole(row.get("WEIGHT")),
    )
    for name in names:
        known = nodes.get(name, node)
        nodes[name] = replace(known, name=name, partitions=tuple(dict.fromkeys((*known.partitions, *([partition] if partition else ())))))
