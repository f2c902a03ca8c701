# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Everything that is wrong with a fabric, as the fabric itself tells it."""

from __future__ import annotations

from collections.abc import Iterable

from ..model.fabric import Defect, Fabric
from ..slurm.hostlist import natural
from .host_defects import HostDefects, missing_nodes
from .link_defects import missing_uplinks, slow_links, split

# What costs most comes first.
_ORDER = (
    "fabric_split",
    "leaf_missing",
    "node_missing",
    "rails_missing",
    "rail_missing",
    "uplink_missing",
    "host_slow",
    "link_slow",
    "link_narrow",
    "wrong_leaf",
    "name_twice",
    "hca_unnamed",
)


def find_defects(fabric: Fabric, nodes: Iterable[str] = ()) -> tuple[Defect, ...]:
    """Return the defects, in the order of what they cost and then of their subjects.

    ``nodes``: the hosts that should be there, by the inventory's names; those that the fabric does not know are defects too.
    """
    found = [
        *split(fabric),
        *HostDefects(fabric).all(),
        *missing_nodes(fabric, nodes),
        *missing_uplinks(fabric),
        *slow_links(fabric),
    ]
    return tuple(sorted(found, key=lambda defect: (_ORDER.index(defect.id), natural(defect.subject))))
