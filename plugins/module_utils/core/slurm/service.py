# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking nodes out of Slurm's service and back: what is to be done, and what is refused.

Railyard marks the nodes that it drains by the beginning of the reason. What somebody else drained stays as it is, and no more nodes are taken out
than a site allows: a fault of the measurement must not empty a cluster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import CoreError
from ..model.slurm_node import SlurmNode
from .reason import is_ours, mark

_OUT = frozenset(("drain", "drained", "draining", "down", "fail", "failing", "error", "future", "unknown", "not_responding"))
_DRAINED = frozenset(("drain", "drained", "draining", "fail", "failing"))
# Slurm resumes a node that is down too; one that does not answer would be down again at once.
_SILENT = frozenset(("not_responding", "future", "unknown"))


@dataclass(frozen=True)
class Update:
    """One command to Slurm's controller."""

    nodes: tuple[str, ...]
    state: str
    """``DRAIN`` or ``RESUME``."""
    reason: str = ""


@dataclass(frozen=True)
class Decision:
    """What is to be done, and why not, by node, where nothing is."""

    updates: tuple[Update, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()


def most_out(limit: str, nodes: int) -> int:
    """How many nodes may be out of service: a number, or a share of ``nodes`` (``10%``, rounded down, but at least one)."""
    match = re.fullmatch(r"(\d+)(%?)", limit.strip())
    if not match or (match[2] and int(match[1]) > 100):
        raise CoreError(f"{limit!r} is neither a number of nodes nor a share.", where="most_drained", hint="Write 2 or 10%.")
    return int(match[1]) if not match[2] else max(1, nodes * int(match[1]) // 100) if int(match[1]) else 0


def drain(nodes: Sequence[SlurmNode], wanted: Mapping[str, str], limit: str) -> Decision:
    """Decide on nodes to drain. ``wanted``: reason by name, the most urgent first."""
    known = {node.name: node for node in nodes}
    room = most_out(limit, len(nodes)) - sum(bool(_OUT.intersection(node.states)) for node in nodes)
    updates, refused = [], []
    for name, why in wanted.items():
        reason = mark(why)
        node = known.get(name)
        if node is None:
            refused.append((name, "Slurm does not know it"))
        elif _DRAINED.intersection(node.states):
            if not is_ours(node.reason):
                refused.append((name, f"it is drained already: {node.reason or 'no reason was given'}"))
        elif not _OUT.intersection(node.states) and room <= 0:
            refused.append((name, f"as many nodes are out of service as may be ({limit} of {len(nodes)})"))
        else:
            room -= not _OUT.intersection(node.states)
            updates.append(Update((name,), "DRAIN", reason))
    return Decision(tuple(updates), tuple(refused))


def resume(nodes: Sequence[SlurmNode], wanted: Iterable[str]) -> Decision:
    """Decide on nodes to bring back: those that Railyard drained, and that answer."""
    known = {node.name: node for node in nodes}
    names, refused = [], []
    for name in wanted:
        node = known.get(name)
        if node is None:
            refused.append((name, "Slurm does not know it"))
        elif not _OUT.intersection(node.states):
            continue
        elif not is_ours(node.reason):
            refused.append((name, f"Railyard did not drain it: {node.reason or 'no reason is given'}"))
        elif _SILENT.intersection(node.states):
            refused.append((name, "it does not answer Slurm"))
        else:
            names.append(name)
    return Decision((Update(tuple(names), "RESUME"),) if names else (), tuple(refused))


def command(update: Update) -> list[str]:
    """The command for an update."""
    words = ["scontrol", "update", f"NodeName={','.join(update.nodes)}", f"State={update.state}"]
    return [*words, f"Reason={update.reason}"] if update.reason else words
