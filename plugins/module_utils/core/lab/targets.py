# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person can break and mend: which names there are, and which thing each one means."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from ..errors import CoreError
from .fabric import Fabric
from .network import links
from .spec import LabSpec


@dataclass(frozen=True)
class Target:
    """Something with a fault of its own. ``kind`` is node, link (Ethernet), cable (InfiniBand) or bmc; ``name`` is what its fault is kept under."""

    kind: str
    name: str


def bmc_name(node: str) -> str:
    return f"bmc:{node}"


def targets(spec: LabSpec, fabric: Fabric) -> dict[str, Target]:
    """Every target by what it can be called. A node's fault is kept under its link, which goes down with it."""
    found = {link.name: Target("link", link.name) for link in links(spec)}
    found.update({link.name.split(":", 1)[0]: Target("link", link.name) for link in links(spec)})
    found.update({node.name: Target("node", f"{node.name}:data0") for node in spec.nodes})
    found.update({cable.name: Target("cable", cable.name) for cable in fabric.cables})
    if spec.bmcs:
        found.update({bmc_name(node.name): Target("bmc", bmc_name(node.name)) for node in spec.nodes})
    return found


def find_target(spec: LabSpec, fabric: Fabric, text: str) -> Target:
    """What a user means by ``node1``, ``leaf1``, ``node1:mlx5_0``, ``bmc:node1``. Raises ``CoreError`` with the nearest names."""
    known = targets(spec, fabric)
    if text in known:
        return known[text]
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    hint = f"Nearest: {', '.join(near)}." if near else f"Nodes: {', '.join(node.name for node in spec.nodes)}."
    raise CoreError(f"The lab {spec.name!r} has no node, leaf, link or BMC {text!r}.", hint=f"{hint} 'railyard lab status' lists all.")
