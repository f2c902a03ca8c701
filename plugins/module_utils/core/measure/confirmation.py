# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rounds that confirm: each suspect is measured with partners that were found good, on different leaves, none of them shared in a round."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ..model.isolation import Place, Round

PARTNERS = 2
# Suspects wait for a later round where there are fewer good partners than suspects; beyond this many rounds they go without.
_MOST_ROUNDS = 8


def plan_confirmation(
    suspects: Iterable[str],
    proven: Iterable[str],
    places: Sequence[Place],
    *,
    first_number: int,
    met: Collection[tuple[str, str]] = (),
    partners: int = PARTNERS,
) -> tuple[Round, ...]:
    """Return rounds in which every suspect meets ``partners`` proven nodes, of different leaves where there are such.

    The first partner is of the suspect's own leaf where one is proven: what lies between them is then the least. ``met``: pairs that were
    measured before, which are avoided where others are to be had. Rounds have the numbers from ``first_number`` on. ``partners`` rounds are
    enough where there are as many proven nodes as suspects; few proven nodes take more, at most 8.
    """
    leaf_of = {place.node: place.leaf for place in places}
    waiting = sorted(set(suspects) & set(leaf_of))
    pool: dict[str, list[str]] = {}
    for node in sorted(set(proven) & set(leaf_of) - set(waiting)):
        pool.setdefault(leaf_of[node], []).append(node)
    known = {frozenset(pair) for pair in met}
    had: dict[str, list[str]] = {node: [] for node in waiting}
    rounds: list[Round] = []
    while waiting and len(rounds) < _MOST_ROUNDS:
        free = {leaf: list(nodes) for leaf, nodes in pool.items()}
        pairs = []
        for number, suspect in enumerate(waiting):
            partner = _choose(suspect, leaf_of, free, had[suspect], known, turn=number + len(rounds))
            if partner is not None:
                free[leaf_of[partner]].remove(partner)
                had[suspect].append(partner)
                pairs.append((suspect, partner))
        if not pairs:
            break
        rounds.append(Round(first_number + len(rounds), "confirm", tuple(pairs)))
        # Who has the fewest chooses first.
        waiting = sorted((node for node in waiting if len(had[node]) < partners), key=lambda node: (len(had[node]), node))
    return tuple(rounds)


def _choose(
    suspect: str, leaf_of: Mapping[str, str], free: Mapping[str, list[str]], had: Sequence[str], known: Collection[frozenset[str]], *, turn: int
) -> str | None:
    """The best free partner: of a leaf that the suspect had none of, and new to it; null where there is none at all."""
    leaves = [leaf for leaf, nodes in free.items() if nodes]
    if not leaves:
        return None
    start = turn % len(leaves)
    leaves = leaves[start:] + leaves[:start]
    used = {leaf_of[node] for node in had}
    own = leaf_of[suspect]
    fresh = [leaf for leaf in leaves if leaf not in used]
    preferred = [leaf for leaf in fresh if leaf == own and not had] + [leaf for leaf in fresh if leaf != own or had]
    for candidates in (preferred, leaves):
        fallback = None
        for leaf in candidates[:8]:
            for node in free[leaf][:8]:
                if node in had:
                    continue
                if frozenset((suspect, node)) not in known:
                    return node
                fallback = fallback or node
        if fallback is not None:
            return fallback
    return None
