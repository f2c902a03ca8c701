# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Labels that tell Kubernetes' schedulers where in the fabric a node is.

The keys are those of NVIDIA's topograph from its release 1.0 on, which schedulers know: ``tier-0`` is what is closest to the node. A value
longer than a label may be becomes ``x`` and the FNV-1a hash of 64 bits, as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..model.fabric import Fabric
from .host_defects import match_hosts
from .slurm import top_label

PREFIX = "fabric.topograph.run"
# Kubernetes: labels, "Syntax and character set".
LONGEST_VALUE = 63

_NOT_IN_A_LABEL = re.compile(r"[^A-Za-z0-9_.-]+")
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


def kubernetes_labels(fabric: Fabric, nodes: Iterable[str], *, prefix: str = PREFIX) -> dict[str, dict[str, str]]:
    """Return the labels of each node that hangs on a leaf: its scalable unit and, as far as the discovery saw them, the tiers above it."""
    labels = {}
    top = [top_label(fabric)] if fabric.tiers > 2 else []
    for node, host in match_hosts(fabric, nodes).items():
        unit = fabric.units.get(fabric.hosts[host].unit or "") if host else None
        if unit is None:
            continue
        tiers = [unit.name, *([unit.pod] if fabric.tiers > 1 else []), *top]
        labels[node] = {f"{prefix}/tier-{number}": label_value(name) for number, name in enumerate(tiers)}
    return labels


def label_value(text: str) -> str:
    """Return a text that can be the value of a label; a long one as its hash."""
    value = _NOT_IN_A_LABEL.sub("-", text).strip("-_.")
    return value if len(value) <= LONGEST_VALUE else f"x{fnv_1a(value):x}"


def fnv_1a(text: str) -> int:
    """Return the 64-bit FNV-1a hash of a text."""
    found = _FNV_OFFSET
    for octet in text.encode():
        found = ((found ^ octet) * _FNV_PRIME) & 0xFFFFFFFFFFFFFFFF
    return found
