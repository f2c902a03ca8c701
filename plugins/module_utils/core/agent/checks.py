# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The health checks that Slurm runs on every node: the fast ones of the catalogue, each as a status and a reason of few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import CoreError
from ..health.catalogue import ALWAYS, BY_NAME
from ..health.desired import Desired
from ..health.examine import look, merged, worst
from ..health.model import Found
from ..health.seen import Seen
from ..runner import Runner

HEALTHY, UNHEALTHY, BROKEN = "healthy", "unhealthy", "broken"
# What a check says -> what follows. What only warns drains nothing, and neither does a check that could not see what it needs.
_STATUS = {"pass": HEALTHY, "warn": HEALTHY, "fail": UNHEALTHY, "inconclusive": BROKEN}


def names(extra: Sequence[str]) -> list[str]:
    """Return the names of the checks to run: those that always run, then those that the site adds."""
    return list(dict.fromkeys((*ALWAYS, *map(str, extra))))


def run_check(name: str, node: Mapping[str, Any], runner: Runner, timeout_s: float) -> tuple[str, str]:
    """Run a check of the catalogue. Returns its status and, where it has something to tell, the reason. Nothing is raised: a wrong description is broken."""
    check = BY_NAME.get(name)
    if check is None or not check.fast:
        return BROKEN, f"there is no fast check of this name; there are: {', '.join(known for known, entry in BY_NAME.items() if entry.fast)}"
    try:
        desired = Desired(node)
        seen = Seen(runner, desired.name, root=str(node.get("hardware_root") or "/"), timeout_s=timeout_s)
        found = merged(look(check, desired, seen))
    except CoreError as error:
        return BROKEN, str(error)
    verdict = worst(answer.verdict for answer in found)
    return _STATUS[verdict], "; ".join(_told(answer, desired.name) for answer in found if answer.verdict == verdict and answer.reason)


def _told(answer: Found, node: str) -> str:
    thing = answer.subject.name[len(node) :].strip() if answer.subject else ""
    return f"{thing}: {answer.reason}" if thing else answer.reason
