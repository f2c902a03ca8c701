# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a fabric to the variable ``slurm_topology`` of the role slurm.

What Slurm calls a switch is a scalable unit; units below the same spines share a parent, all of them the top. Every node is below one unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import CoreError
from ..model.fabric import Fabric
from ..slurm import hostlist
from .host_defects import match_hosts
from .names import common_name, naturally, slurm_name

# Below this stand the nodes that the fabric doesn't know: Slurm gives no job a node that it can't place.
UNPLACED = "not-in-the-fabric"


@dataclass(frozen=True)
class SlurmTopology:
    """The variable, and what a person should know of it."""

    data: Mapping[str, Any] = field(default_factory=dict)
    """``plugin``, ``switches`` and, for blocks, ``block_sizes``. Empty where there are no nodes."""
    missing: tuple[str, ...] = ()
    """The nodes that no adapter of the fabric names."""


def slurm_topology(fabric: Fabric, nodes: Iterable[str], *, plugin: str = "tree", block_sizes: Sequence[int] = ()) -> SlurmTopology:
    """Return the topology of the nodes, by their names up to the first dot.

    ``plugin``: ``tree`` or ``block``. ``block_sizes``: pinned sizes, such as the 18 nodes of a rack; without any, the size of the smallest block
    and its doubles. Raises ``CoreError`` for blocks of which a node is missing: a block of what is left over would bring the size down for all.
    """
    if plugin not in ("tree", "block"):
        raise CoreError(f"{plugin!r} is neither tree nor block.", where="plugin")
    members, missing = _members(fabric, nodes)
    if not members and not missing:
        return SlurmTopology()
    names = _unique([*members])
    if plugin == "block":
        return SlurmTopology(_blocks(members, names, missing, [int(size) for size in block_sizes]), missing)
    switches: list[dict[str, Any]] = [{"name": names[unit], "nodes": listed} for unit, listed in members.items()]
    if missing:
        switches.append({"name": UNPLACED, "nodes": list(missing)})
    return SlurmTopology({"plugin": "tree", "switches": [*switches, *_parents(fabric, members, names, bool(missing))]}, missing)


def _members(fabric: Fabric, nodes: Iterable[str]) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """The nodes of each unit, in the fabric's order, and those that it does not know. A host on no leaf goes by the switch it hangs on."""
    members: dict[str, list[str]] = {}
    missing = []
    for node, host in match_hosts(fabric, nodes).items():
        name = node.split(".", 1)[0]
        if host is None:
            missing.append(name)
            continue
        known = fabric.hosts[host]
        unit = known.unit or fabric.switches[known.links[0].switch].label
        members.setdefault(unit, []).append(name)
    order = [*(unit for unit in fabric.units if unit in members), *naturally(unit for unit in members if unit not in fabric.units)]
    return {unit: naturally(members[unit]) for unit in order}, tuple(naturally(missing))


def _parents(fabric: Fabric, members: Mapping[str, Sequence[str]], names: Mapping[str, str], unplaced: bool) -> list[dict[str, Any]]:
    """The switches above the units: a parent per pod where there are several, and one on top where there is more than one below it."""
    taken = {*names.values(), UNPLACED}
    pod_of = {unit: fabric.units[unit].pod if unit in fabric.units else "" for unit in members}
    pods: dict[str, list[str]] = {}
    for unit, pod in pod_of.items():
        pods.setdefault(pod, []).append(names[unit])
    inner = {pod: units for pod, units in pods.items() if pod}
    parents: list[dict[str, Any]] = []
    top = [name for pod, units in pods.items() if not pod for name in units]
    if len(inner) > 1:
        for pod, units in inner.items():
            name = _free(slurm_name(pod), taken)
            parents.append({"name": name, "switches": units})
            top.append(name)
        label = top_label(fabric)
    else:
        top = [*(name for units in inner.values() for name in units), *top]
        label = next(iter(inner), "spine")
    if unplaced:
        top.append(UNPLACED)
    return [*parents, {"name": _free(slurm_name(label), taken), "switches": top}] if len(top) > 1 else parents


def top_label(fabric: Fabric) -> str:
    """What the switches on top of a fabric of three tiers are called together."""
    highest = [switch.label for switch in fabric.switches.values() if switch.tier == fabric.tiers and fabric.tiers > 2]
    return (common_name(highest) if highest else "") or "core"


def _unique(labels: Sequence[str]) -> dict[str, str]:
    """A name that Slurm takes for each label, no two alike."""
    taken = {UNPLACED}
    return {label: _free(slurm_name(label), taken) for label in labels}


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    taken.add(found)
    return found


def _blocks(members: Mapping[str, Sequence[str]], names: Mapping[str, str], missing: Sequence[str], sizes: list[int]) -> dict[str, Any]:
    if missing:
        raise CoreError(
            f"the fabric does not know {hostlist.fold(missing)}, and a block needs all of its nodes.",
            hint="Discover the fabric while they are up, or take them out of the inventory.",
        )
    smallest = min(members, key=lambda unit: len(members[unit]))
    if sizes and len(members[smallest]) < min(sizes):
        raise CoreError(
            f"block {names[smallest]!r} has {len(members[smallest])} nodes, fewer than the {min(sizes)} of block_sizes.",
            where="block_sizes",
            hint="Slurm wants each block to have at least the smallest size.",
        )
    if not sizes:
        # Blocks of blocks, each of twice as many, as long as there are enough.
        sizes = [len(members[smallest]) << level for level in range(len(members).bit_length())]
    return {"plugin": "block", "switches": [{"name": names[unit], "nodes": list(listed)} for unit, listed in members.items()], "block_sizes": sizes}
