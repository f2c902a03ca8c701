# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which leaves make a scalable unit, and which units hang below the same spines. Neither needs every cable to be there.

Leaves that share most of their hosts are one unit: the rails of the same hosts. "Most" is more than half of the hosts that either of two
leaves has (Jaccard's index), so that a dead port moves nothing, and neither does a host that is cabled to a leaf of another unit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .names import naturally

# A node on more leaves than this is no host (a router of some kind) and says nothing about who belongs together.
_MOST_LEAVES = 64


def find_units(cables: Mapping[str, Counter[str]]) -> tuple[list[list[str]], dict[str, int]]:
    """Return the groups of leaves, and the group of each host.

    ``cables``: host to its cables per leaf, both in a fixed order. A host belongs to the group that most of its cables lead to.
    """
    hosts_of: dict[str, set[str]] = {}
    for host, counted in cables.items():
        for leaf in counted:
            hosts_of.setdefault(leaf, set()).add(host)
    groups = _group(hosts_of, cables)
    group_of = {leaf: place for place, leaves in enumerate(groups) for leaf in leaves}
    home = _homes(cables, group_of, groups, hosts_of)
    # A leaf that lost most of its hosts has too few in common with the others; its hosts know where it belongs.
    for place, leaves in enumerate(groups):
        hosts = {host for leaf in leaves for host in hosts_of[leaf]}
        if any(home[host] == place for host in hosts):
            continue
        other, count = Counter(home[host] for host in hosts).most_common(1)[0]
        if 2 * count > len(hosts):
            groups[other].extend(leaves)
            leaves.clear()
    return groups, home


def _group(hosts_of: Mapping[str, set[str]], cables: Mapping[str, Counter[str]]) -> list[list[str]]:
    root = {leaf: leaf for leaf in hosts_of}

    def find(leaf: str) -> str:
        while root[leaf] != leaf:
            root[leaf] = root[root[leaf]]
            leaf = root[leaf]
        return leaf

    shared: Counter[tuple[str, str]] = Counter()
    for leaves in cables.values():
        if len(leaves) <= _MOST_LEAVES:
            names = sorted(leaves)
            shared.update((one, other) for place, one in enumerate(names) for other in names[place + 1 :])
    for (one, other), count in shared.items():
        if 2 * count > len(hosts_of[one]) + len(hosts_of[other]) - count:
            root[find(one)] = find(other)
    groups: dict[str, list[str]] = {}
    for leaf in hosts_of:
        groups.setdefault(find(leaf), []).append(leaf)
    return list(groups.values())


def _homes(
    cables: Mapping[str, Counter[str]], group_of: Mapping[str, int], groups: Sequence[Sequence[str]], hosts_of: Mapping[str, set[str]]
) -> dict[str, int]:
    """The group of each host: of most of its cables; of those with as many, the one with more hosts."""
    sizes = [len({host for leaf in leaves for host in hosts_of[leaf]}) for leaves in groups]
    home = {}
    for host, leaves in cables.items():
        votes: Counter[int] = Counter()
        for leaf, count in leaves.items():
            votes[group_of[leaf]] += count
        home[host] = max(votes, key=lambda group: (votes[group], sizes[group], -group))
    return home


def find_pods(cables: Mapping[str, Mapping[str, int]]) -> list[list[str]]:
    """Return the groups of units (or of switches) that hang below the same switches.

    ``cables``: unit to its cables per switch above. A unit belongs to the group with whose first it shares more than half of the cables that
    either of them has, so that neither a missing cable nor one that leads astray matters. Those without any are one group.
    """
    groups: list[list[str]] = []
    at: dict[str, list[int]] = {}
    alone = []
    for unit in naturally(cables):
        mine = cables[unit]
        if not mine:
            alone.append(unit)
            continue
        near = dict.fromkeys(group for above in mine for group in at.get(above, ()))
        shares = {group: _shared(mine, cables[groups[group][0]]) for group in near}
        best = max(shares, key=lambda group: (shares[group], -group), default=-1)
        if best < 0 or shares[best] <= 0.5:
            best = len(groups)
            groups.append([])
            for above in mine:
                at.setdefault(above, []).append(best)
        groups[best].append(unit)
    return [*groups, alone] if alone else groups


def _shared(one: Mapping[str, int], other: Mapping[str, int]) -> float:
    """The part of the cables of the one with fewer that the other has too."""
    return sum(min(count, other.get(above, 0)) for above, count in one.items()) / min(sum(one.values()), sum(other.values()))
