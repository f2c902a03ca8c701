# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# Private to the collection: it may change at any time.
"""The node agent's ``examine``: what railyard.cluster.node_health asks of it, a request and an answer in JSON."""

from __future__ import annotations

import json
import typing as t

from .core.errors import CoreError
from .core.facts.parts import collect_facts
from .core.facts.summary import document
from .core.health.examine import examine
from .core.model.document import as_json

if t.TYPE_CHECKING:
    from .core.runner import Runner


def answer(request: str, runner: Runner) -> dict[str, t.Any]:
    """Examine the node. The request has ``node`` (its description), ``hardware_root``, ``checks``, ``facts``, ``last``, ``now_s`` and ``run_id``."""
    try:
        asked = json.loads(request)
    except ValueError as error:
        raise CoreError(f"the request is no JSON ({error}).", where="standard input") from None
    root = asked["hardware_root"]
    facts = collect_facts(runner, root=root) if asked["facts"] or not asked["checks"] else None
    found = examine(asked["node"], runner, facts=facts, checks=asked["checks"], root=root, last=asked["last"], now_s=asked["now_s"], run_id=asked["run_id"])
    result = {"results": as_json(found.results), "worst": found.worst, "raw": dict(found.raw), "memory": as_json(found.memory)}
    return {**result, "document": document(facts)} if asked["facts"] and facts else result
