# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which variables of an inventory nobody reads: misspelt, renamed or meant for another role.

A variable belongs to the role whose name is the longest prefix of it (``node_agent_path`` to ``node_agent``, not to
``node``), or to the whole collection when it begins with ``railyard_`` or ``secret_``. One that its owner does not
know would be ignored without a word, so it is an error. A variable with any other name is none of our business.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .errors import CoreError

SHARED_PREFIXES = ("railyard", "secret")

_SHARED_NAME = re.compile(r"(?<![A-Za-z0-9_./-])(?:railyard|secret)_[a-z0-9_]+\b")
_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)


@dataclass(frozen=True)
class SetVariable:
    """A variable and the place that sets it: ``group_vars/slurm.yml:12``, ``host node1``, ``extra vars``."""

    name: str
    where: str


@dataclass(frozen=True)
class UnknownVariable:
    """A variable nobody reads. ``owner`` is the role's name, or empty for a variable of the whole collection."""

    name: str
    owner: str
    places: tuple[str, ...]
    nearest: str

    def __str__(self) -> str:
        place = self.places[0]
        if len(self.places) > 1:
            others = len(self.places) - 1
            place += f" and {others} other place{'s' if others > 1 else ''}"
        fault = f"role {self.owner} has no such variable" if self.owner else "nothing in Railyard reads it"
        advice = f"did you mean {self.nearest}?" if self.nearest else "remove it."
        return f"{self.name} ({place}): {fault}; {advice}"


def shared_names(texts: Iterable[str]) -> set[str]:
    """Return the ``railyard_*`` and ``secret_*`` variables that YAML texts read; comments do not count."""
    found: set[str] = set()
    for text in texts:
        found.update(_SHARED_NAME.findall(_COMMENT.sub("", text)))
    return found


def owner_of(name: str, owners: Iterable[str]) -> str:
    """Return the longest of ``owners`` that ``name`` begins with (followed by ``_``), or an empty text."""
    matching = [owner for owner in owners if name.startswith(owner + "_")]
    return max(matching, key=len, default="")


def unknown_variables(
    variables: Iterable[SetVariable], *, roles: Mapping[str, Iterable[str]], shared: Iterable[str] = (), own: Iterable[str] = ()
) -> list[UnknownVariable]:
    """Return the variables with a prefix of ours that nobody reads, sorted by name.

    ``roles`` has the variables of each role, ``shared`` those of the whole collection, ``own`` the names or patterns
    (``base_site_*``) a site declares as its own. Linear in the number of variables.
    """
    known = {owner: set(names) for owner, names in roles.items()}
    for prefix in SHARED_PREFIXES:
        known[prefix] = {name for name in shared if name.startswith(prefix + "_")}
    owned_by_site = [re.compile(fnmatch.translate(pattern)) for pattern in own]

    places: dict[str, dict[str, None]] = {}
    owners: dict[str, str] = {}
    for variable in variables:
        name = variable.name
        if name not in owners:
            owners[name] = owner_of(name, known)
        owner = owners[name]
        if not owner or name in known[owner] or any(pattern.match(name) for pattern in owned_by_site):
            continue
        places.setdefault(name, {})[variable.where] = None

    everything = sorted(set().union(*known.values()))
    return [
        UnknownVariable(
            name=name,
            owner="" if owners[name] in SHARED_PREFIXES else owners[name],
            places=tuple(places[name]),
            nearest=_nearest(name, sorted(known[owners[name]]), everything),
        )
        for name in sorted(places)
    ]


def refuse_unknown(unknown: Iterable[UnknownVariable]) -> None:
    """Raise one ``CoreError`` that lists all unknown variables, a line each."""
    lines = [str(variable) for variable in unknown]
    if not lines:
        return
    hint = "A variable of your own that happens to begin like one of ours belongs in railyard_site_variables."
    if len(lines) == 1:
        raise CoreError(f"Unknown variable {lines[0]}", hint=hint)
    raise CoreError("\n".join([f"{len(lines)} unknown variables:", *lines, hint]))


def _nearest(name: str, candidates: list[str], everything: list[str]) -> str:
    for names in (candidates, everything):
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
        if close:
            return close[0]
    return ""
