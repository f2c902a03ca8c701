# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a node and a wish to the stack: every rule in turn; and for a wish that can't be met, the nearest one that can."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from . import rules_compute, rules_driver, rules_fabric, rules_packages, rules_system, tables
from .draft import Draft
from .model import NodeHardware, RefusalError, Stack, Wish

Rule = Callable[[Draft], None]
T = TypeVar("T", bound=str)

RULES: tuple[Rule, ...] = (*rules_driver.RULES, *rules_packages.RULES, *rules_system.RULES, *rules_fabric.RULES, *rules_compute.RULES, *rules_system.LAST)
# What is tried for a wish that can't be met, the likeliest first.
_BRANCHES = (580, 595, 550, 535)


def resolve(node: NodeHardware, wish: Wish | None = None, *, today: str = tables.AS_OF) -> Stack:
    """Return the stack that the node needs to meet the wish. ``today`` (``2026-11-24``) decides which branches have ended.

    Raises ``RefusalError`` with the reason where none can, its hint the nearest wish that one can meet; ``CoreError`` for input that can't be read.
    """
    wish = wish or Wish()
    try:
        return decide(node, wish, today=today)
    except RefusalError as refusal:
        nearest = nearest_wish(node, wish)
        hint = " ".join(part for part in (refusal.hint, f"The nearest that can be met: {nearest}." if nearest else "") if part)
        raise RefusalError(refusal.message, where=refusal.where, hint=hint) from None


def decide(node: NodeHardware, wish: Wish, *, rules: Sequence[Rule] = RULES, today: str = tables.AS_OF) -> Stack:
    """Apply rules to a draft. Tests leave rules out to see that something becomes wrong."""
    draft = Draft(node, wish, today)
    for rule in rules:
        draft.rule = rule.__name__
        rule(draft)
    return draft.finish()


def nearest_wish(node: NodeHardware, wish: Wish) -> str:
    """Return the fewest changes that make the wish one that can be met, in words; empty where none helps."""
    tried: list[tuple[int, Wish]] = []
    branches = (wish.branch, *(branch for branch in _BRANCHES if branch != wish.branch))
    # What stands last changes first.
    for source, modules, build, rdma, cuda, branch in itertools.product(
        _options(wish.source, "nvidia", "distribution"),
        _options(wish.modules, "auto"),
        _options(wish.build, "dkms", "auto"),
        _options(wish.rdma, "inbox"),
        _options(wish.cuda, "12.9", "12.4", "11.8", "") if wish.cuda else ("",),
        branches,
    ):
        # Another branch can't have the version that was wished.
        version = wish.version if branch == wish.branch else ""
        other = replace(wish, source=source, branch=branch, version=version, modules=modules, build=build, rdma=rdma, cuda=cuda)
        changes = _changes(wish, other)
        if changes:
            tried.append((len(changes), other))
    # The sort is stable: among wishes with as many changes the order above holds.
    for _count, other in sorted(tried, key=lambda entry: entry[0]):
        try:
            decide(node, other)
        except RefusalError:
            continue
        return ", ".join(_changes(wish, other))
    return ""


def _options(wished: T, *others: T) -> tuple[T, ...]:
    """Return what was wished and what may be taken for it."""
    return (wished, *(other for other in others if other != wished))


def _changes(wish: Wish, other: Wish) -> list[str]:
    words = {
        "branch": f"branch {other.branch}",
        "source": f"source {other.source}",
        "modules": "open or proprietary modules as the GPUs need them",
        "build": "modules built by DKMS" if other.build == "dkms" else "modules built as the source has them",
        "rdma": f"RDMA stack {other.rdma}",
        "cuda": f"CUDA {other.cuda}" if other.cuda else "no CUDA toolkit",
    }
    return [text for name, text in words.items() if getattr(wish, name) != getattr(other, name)]
