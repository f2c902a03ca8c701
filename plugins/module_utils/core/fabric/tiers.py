# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which switches are leaves, and how far above them the others are.

A leaf is a switch that hosts hang on. A spine with the adapter of a login node or of a subnet manager is none: what tells them apart
is the share of a switch's cables that lead to hosts, and who its neighbours are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

# A spine's share of host cables is less than this part of its neighbouring leaves'.
_LESSER = 0.8
# A switch with less than this part of the usual share of host cables has to look like a leaf in another way.
_FEW = 0.5

Neighbours = Mapping[str, Counter[str]]


def find_tiers(host_cables: Mapping[str, int], neighbours: Neighbours) -> dict[str, int]:
    """Return the tier of each switch that a leaf leads to: 1 for leaves.

    ``host_cables``: switch to how many of its cables lead to hosts; ``neighbours``: switch to cables per neighbouring switch.
    """
    leaves = _leaves(host_cables, neighbours)
    tiers = dict.fromkeys(leaves, 1)
    front: Iterable[str] = leaves
    tier = 1
    while front:
        tier += 1
        front = dict.fromkeys(other for switch in front for other in neighbours.get(switch, ()) if other not in tiers)
        tiers.update(dict.fromkeys(front, tier))
    return tiers


def _leaves(host_cables: Mapping[str, int], neighbours: Neighbours) -> list[str]:
    shares = {switch: cables / (cables + sum(neighbours.get(switch, Counter()).values())) for switch, cables in host_cables.items() if cables}
    usual = _usual_share(shares, host_cables)
    strong = [switch for switch in shares if shares[switch] >= _FEW * usual and not _is_above(switch, shares, neighbours)]
    # Who hangs on a spine together with a leaf: a leaf that lost most of its hosts still has the uplinks of one.
    ups: dict[str, list[str]] = {}
    for leaf in strong:
        for above in neighbours.get(leaf, ()):
            ups.setdefault(above, []).append(leaf)
    sure = set(strong)
    weak = [
        switch for switch in shares if switch not in sure and not _is_above(switch, shares, neighbours) and _hangs_like_a_leaf(switch, sure, ups, neighbours)
    ]
    return [*strong, *weak]


def _usual_share(shares: Mapping[str, float], host_cables: Mapping[str, int]) -> float:
    """The share of host cables of the switch that the median host cable ends at."""
    half, passed = sum(host_cables[switch] for switch in shares) / 2, 0
    for switch in sorted(shares, key=lambda name: shares[name]):
        passed += host_cables[switch]
        if passed >= half:
            return shares[switch]
    return 0.0


def _is_above(switch: str, shares: Mapping[str, float], neighbours: Neighbours) -> bool:
    """Whether most of a switch's cables to others lead to switches that have clearly more hosts for their size."""
    others = neighbours.get(switch, Counter())
    below = sum(cables for other, cables in others.items() if shares.get(other, 0.0) * _LESSER > shares[switch])
    return 2 * below > sum(others.values())


def _hangs_like_a_leaf(switch: str, sure: set[str], ups: Mapping[str, list[str]], neighbours: Neighbours) -> bool:
    """Whether a switch with few hosts has the same switches above it as a leaf, or none above any leaf. A spine and a core switch have not."""
    above = set(neighbours.get(switch, ()))
    if above & sure:
        return False
    siblings = next((ups[other] for other in above if other in ups), None)
    return siblings is None or any(2 * len(above & set(neighbours[leaf])) > len(above | set(neighbours[leaf])) for leaf in siblings[:8])
