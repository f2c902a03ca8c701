# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""What the nodes of a lab hold, kept under a name and brought back: layers below each node's own files."""

from __future__ import annotations

import json
import os
import shutil
import time
import typing as t

from ..core.errors import CoreError
from ..core.lab import network
from . import host

if t.TYPE_CHECKING:
    from .manager import Lab

FRESH = "fresh"


def names(lab: Lab) -> dict[str, dict[str, list[str]]]:
    """Per snapshot, each node's layers from the lowest up."""
    return dict(host.read_json(f"{lab.folder}/snapshots.json") or {})


def recover(lab: Lab) -> None:
    """Put back what a snapshot that was killed had moved away, and forget layers that nothing uses."""
    used = {layer for chains in names(lab).values() for chain in chains.values() for layer in chain}
    used |= {layer for node in lab.spec.nodes for layer in lab.chain(node)}
    for layer in sorted(os.listdir(f"{lab.folder}/layers")):
        if layer in used:
            continue
        for node in lab.spec.nodes:
            moved, upper = f"{lab.folder}/layers/{layer}/{node.name}", f"{lab.node_folder(node)}/upper"
            if os.path.isdir(moved) and not os.path.isdir(upper):
                os.rename(moved, upper)
        shutil.rmtree(f"{lab.folder}/layers/{layer}")


def take(lab: Lab, name: str) -> str:
    """Shut all nodes down, keep what they hold as layers, and boot them again on top."""
    if name == FRESH or name in names(lab):
        raise CoreError(f"{lab.spec.name!r} has a snapshot {name!r} already.", where="lab_snapshot", hint="Choose another name.")
    lab.stop(lab.spec.nodes)
    recover(lab)
    layer = f"{name}-{int(time.time())}"
    os.makedirs(f"{lab.folder}/layers/{layer}", mode=0o755)
    chains = {}
    for node in lab.spec.nodes:
        os.rename(f"{lab.node_folder(node)}/upper", f"{lab.folder}/layers/{layer}/{node.name}")
        chains[node.name] = [*lab.chain(node), layer]
    # From here on the snapshot counts; a kill before this line is undone by recover().
    _write(lab, {**names(lab), name: chains})
    _set_chains(lab, chains)
    lab.start(lab.spec.nodes)
    lab.link_up()
    return f"snapshot {name!r} taken"


def reset(lab: Lab, name: str) -> str:
    """Throw away what the nodes hold and every fault, and boot the nodes as they were in a snapshot, or blank."""
    known = names(lab)
    if name != FRESH and name not in known:
        raise CoreError(f"{lab.spec.name!r} has no snapshot {name!r}.", where="lab_snapshot", hint=f"There are: {', '.join([FRESH, *known])}.")
    lab.stop(lab.spec.nodes, power_loss=True)
    for node in lab.spec.nodes:
        shutil.rmtree(f"{lab.node_folder(node)}/upper", ignore_errors=True)
    _set_chains(lab, {node.name: [] for node in lab.spec.nodes} if name == FRESH else known[name])
    faulty = lab.faults()
    for fault in faulty:
        lab.set_fault(fault, {})
    if not lab.connect():
        lab.shape([link for link in network.links(lab.spec) if link.name in faulty])
    lab.link_up(off=[])
    lab.start(lab.spec.nodes)
    return f"reset to {name!r}"


def drop(lab: Lab, name: str) -> bool:
    """Forget a snapshot; its layers go once nothing stands on them."""
    known = names(lab)
    if name not in known:
        return False
    del known[name]
    _write(lab, known)
    return True


def _write(lab: Lab, snapshots: dict[str, dict[str, list[str]]]) -> None:
    host.write_whole(f"{lab.folder}/snapshots.json", json.dumps(snapshots, indent=2, sort_keys=True) + "\n")


def _set_chains(lab: Lab, chains: dict[str, list[str]]) -> None:
    for node in lab.spec.nodes:
        os.makedirs(lab.node_folder(node), exist_ok=True)
        host.write_whole(f"{lab.node_folder(node)}/chain.json", json.dumps(chains.get(node.name, [])) + "\n")
