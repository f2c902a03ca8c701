# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes from Slurm: ``scontrol show node`` (blocks, -o, --json), slurmrestd's /nodes, ``sinfo --json``, ``slurmd -C`` and ``slurmd -G``,
and the tables of ``sinfo``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import CoreError
from ..model.document import Fault
from ..model.slurm_node import SlurmNode, SlurmNodes
from . import slurm_node_json, slurm_node_text, slurm_table
from .values import json_part, plain, without_prefixes

TABLES = {"nodes": ("name", "states", "gres", "cpus", "memory_mib", "partitions", "reason")}

# What is wrong with a node in this state, the gravest first, and what to do where the reason does not tell.
_BAD_STATES = {
    "down": "Look at slurmd on the node and at its log; once it is well: scontrol update NodeName=... State=RESUME.",
    "error": "Look at slurmd on the node and at its log.",
    "fail": "The node is to be taken out of service: replace what failed, then scontrol update NodeName=... State=RESUME.",
    "failing": "The node is to be taken out of service once its jobs have ended.",
    "invalid_reg": "slurmd registered with less than slurm.conf promises: compare slurmd -C on the node with its line there.",
    "not_responding": "Can slurmctld reach the node, and does slurmd run there?",
    "drain": "Find out whether the reason still holds; then scontrol update NodeName=... State=RESUME.",
    "drained": "Find out whether the reason still holds; then scontrol update NodeName=... State=RESUME.",
    "draining": "The node takes no new jobs. Find out whether the reason holds.",
}
_WORDS = {"drain": "drained", "not_responding": "not responding", "invalid_reg": "registered with too little", "fail": "failed"}
# A node that is switched off (power, before 21.08), or on its way, does not respond, and that is no fault.
_OFF = frozenset(("power", "powered_down", "powering_down", "powering_up", "power_down", "power_up", "future", "dynamic_future", "reboot_issued"))
_FEWER = re.compile(r"gres/(?P<name>[^\s:]+)(?::\S+)? count (?:reported lower than configured|too low) \((?P<found>\d+) < (?P<wanted>\d+)\)")
# What Slurm itself writes as a reason, and where to look.
_REASONS = (
    ("Low RealMemory", "Compare free -m on the node with RealMemory in slurm.conf: a memory module may be lost."),
    ("Low socket*core*thread", "Compare slurmd -C on the node with slurm.conf: SMT or a socket may be switched off."),
    ("Low CPU", "Compare slurmd -C on the node with slurm.conf."),
    ("unexpectedly rebooted", "Look for the cause in the BMC's event log; then scontrol update NodeName=... State=RESUME."),
    ("Kill task failed", "A process could not be killed: look for one in state D (a hanging file system or GPU), or reboot the node."),
    ("Prolog error", "Look at the prolog's output in slurmd's log."),
    ("Epilog error", "Look at the epilog's output in slurmd's log."),
)


def parse(text: str) -> SlurmNodes:
    """Read nodes from any of Slurm's forms. Raises ``CoreError`` for a text that has none."""
    whole = plain(text)
    text = without_prefixes(whole)
    part = json_part(text)
    if part is not None:
        nodes, warnings, complete = slurm_node_json.read(part)
    else:
        nodes, warnings, complete = slurm_node_text.read(text)
        nodes = nodes or slurm_node_text.read_slurmd_g(whole)
        if not nodes:
            nodes, more = slurm_table.read(text)
            warnings.extend(more)
        if not nodes and complete:
            _refuse(text, warnings)
    faults = tuple(fault for node in nodes for fault in _faults(node))
    return SlurmNodes(complete=complete, warnings=tuple(warnings), faults=faults, nodes=tuple(nodes))


def _refuse(text: str, warnings: Sequence[str]) -> None:
    first = next((line.strip() for line in text.split("\n") if line.strip()), "")
    if not first:
        raise CoreError("the output is empty: expected are nodes, as scontrol show node prints them.")
    if warnings:
        raise CoreError(f"there is no node in this output, but: {warnings[0].rstrip('.')}.", hint="Is slurmctld running, and does it know the node?")
    raise CoreError(
        f"there is no node in this output: expected is NodeName=, found is {first[:80]!r}.",
        hint="Read are scontrol show node (also -o and --json), sinfo --json, slurmrestd's /nodes and slurmd -C.",
    )


def _faults(node: SlurmNode) -> list[Fault]:
    bad = [state for state in _BAD_STATES if state in node.states and not (state == "not_responding" and _OFF & set(node.states))]
    if not bad:
        return []
    reason = (node.reason or "").replace("\n", " ")
    words = [_WORDS.get(state, state) for state in bad]
    seen = f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
    why = f": {reason}" if reason else ", and no reason is given"
    who = f" (set {f'by {node.reason_user} ' if node.reason_user else ''}at {node.reason_time})" if reason and node.reason_time else ""
    hint = next((hint for start, hint in _REASONS if start.lower() in reason.lower()), _BAD_STATES[bad[0]])
    faults = [Fault(f"node_{bad[0]}", node.name, f"The node is {seen}{why}{who}.", hint)]
    fewer = _FEWER.search(reason)
    if fewer:
        message = f"Its slurmd found {fewer['found']} of the {fewer['wanted']} gres/{fewer['name']} that slurm.conf gives it."
        faults.append(Fault("gres_missing", node.name, message, "Look at nvidia-smi and lspci on the node: a GPU may have been lost."))
    return faults
