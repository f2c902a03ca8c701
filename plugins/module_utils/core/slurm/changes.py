# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a changed configuration asks for: nothing, ``scontrol reconfigure``, or restarts; decided by key and by version.

Since 23.11 a reconfigure starts new processes of slurmctld and of every slurmd, which read everything anew, "except the
daemons' listening TCP port settings or authentication mechanism" (scontrol(1) of 24.11). Before, it makes the daemons
read their files again, and slurm.conf(5) of 22.05 says for a number of keys that this is not enough; adding or removing
a node is among them (scontrol(1) of 22.05).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..errors import CoreError
from . import hostlist
from .features import Version, has

CONTROLLER, NODES = "slurmctld", "slurmd"

# No daemon can take these over while it runs, in any release: what a person has to do.
_BY_HAND = {
    "authtype": "Stop all jobs and daemons, then start them with it (slurm.conf(5)).",
    "clustername": "slurmctld refuses to run with the state of another cluster: stop it and remove StateSaveLocation/clustername.",
    "slurmuser": "Stop slurmctld, give its state and logs to the new user, start it.",
    "statesavelocation": "Stop slurmctld, move its state, start it; otherwise all jobs are lost.",
}
_LISTENING = {"slurmctldport": {CONTROLLER}, "slurmdport": {CONTROLLER, NODES}}
_LISTENING_WORDS = {"enableipv6", "disableipv4"}  # of CommunicationParameters

# slurm.conf(5) of 22.05: "A restart of slurmctld (and the slurmd daemons) is required for changes to this parameter".
_OLD_RESTARTS: dict[str, set[str]] = {
    "accountingstorageenforce": {CONTROLLER},
    "credtype": {CONTROLLER, NODES},
    "grestypes": {CONTROLLER, NODES},
    "jobcontainertype": {CONTROLLER, NODES},
    "maxjobcount": {CONTROLLER},
    "maxnodecount": {CONTROLLER},
    "plugindir": {CONTROLLER, NODES},
    "powerplugin": {CONTROLLER},
    "proctracktype": {CONTROLLER, NODES},
    "schedulertype": {CONTROLLER},
    "selecttype": {CONTROLLER, NODES},
    "selecttypeparameters": {CONTROLLER},
    "slurmctldhost": {CONTROLLER},
    "slurmctldparameters": {CONTROLLER},
    "switchtype": {CONTROLLER, NODES},
    # The daemons load these plugins once, when they start.
    "jobacctgathertype": {CONTROLLER, NODES},
    "slurmdspooldir": {NODES},
    "taskplugin": {NODES},
    "topologyplugin": {CONTROLLER, NODES},
}
# Other files, the same way: gres.conf(5) of 22.05 on Type and Cores.
_OLD_FILES: dict[str, set[str]] = {"gres.conf": {CONTROLLER, NODES}, "topology.conf": {CONTROLLER}}

_RECORDS = ("nodename", "nodeset", "partitionname", "downnodes")
_PAIR = re.compile(r'([A-Za-z0-9_]+)\s*=\s*("[^"]*"|\S+)')


class Action(NamedTuple):
    """One thing to do. ``nodes`` is a host list, for slurmd alone."""

    name: str  # restart slurmdbd, restart slurmctld, reconfigure, restart slurmd
    reasons: tuple[str, ...]
    nodes: str = ""


@dataclass(frozen=True)
class Conf:
    """slurm.conf as it is compared: keys in lower case. Nodes that share a line share its settings."""

    settings: Mapping[str, str] = field(default_factory=dict)
    nodes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Plan:
    """What a difference asks for, with reasons; ``by_hand`` is what can't be done to a running cluster."""

    slurmdbd: list[str] = field(default_factory=list)
    slurmctld: list[str] = field(default_factory=list)
    reconfigure: list[str] = field(default_factory=list)
    slurmd: list[str] = field(default_factory=list)
    nodes: set[str] = field(default_factory=set)
    by_hand: list[str] = field(default_factory=list)

    def actions(self) -> list[Action]:
        """In the order that Slurm wants: slurmdbd, slurmctld, then the nodes."""
        result = []
        if self.slurmdbd:
            result.append(Action("restart slurmdbd", tuple(self.slurmdbd)))
        if self.slurmctld:
            result.append(Action("restart slurmctld", tuple(self.slurmctld)))
        # A restarted slurmctld has the new files, the configless nodes still have the old ones.
        if self.slurmctld or self.reconfigure:
            result.append(Action("reconfigure", tuple(self.reconfigure or self.slurmctld)))
        if self.slurmd:
            result.append(Action("restart slurmd", tuple(self.slurmd), hostlist.fold(self.nodes)))
        return result


def parse(text: str) -> Conf:
    """Read a slurm.conf. Comments, blanks, the order of lines and the case of keys don't count."""
    settings: dict[str, str] = {}
    nodes: dict[str, Mapping[str, str]] = {}
    records: dict[str, str] = {}
    for line in _logical_lines(text):
        pairs = [(key.lower(), value.strip('"')) for key, value in _PAIR.findall(line)]
        if not pairs:
            settings["include"] = f"{settings.get('include', '')}\n{line}"
            continue
        kind, name = pairs[0]
        if kind == "nodename":
            shared = dict(sorted(pairs[1:]))
            nodes.update((node, shared) for node in hostlist.expand(name))
        elif kind in _RECORDS:
            records[f"{kind} {name}"] = " ".join(f"{key}={value}" for key, value in sorted(pairs[1:]))
        else:
            for key, value in pairs:
                # Keys with several lines, as SlurmctldHost.
                settings[key] = f"{settings[key]}\n{value}" if key in settings else value
    return Conf(settings, nodes, records)


def plan(version: Version, old: Mapping[str, str], new: Mapping[str, str]) -> Plan:
    """Compare two sets of files, file name -> text, and say what the difference asks for."""
    result = Plan()
    before, after = parse(old.get("slurm.conf", "")), parse(new.get("slurm.conf", ""))
    nodes = set(after.nodes)
    for key in sorted({*before.settings, *after.settings}):
        one, other = before.settings.get(key), after.settings.get(key)
        if one != other:
            _note(result, _daemons(version, key, one, other), f"slurm.conf: {key} {_change(one, other)}", nodes)
            if key in _BY_HAND:
                result.by_hand.append(f"{key} {_change(one, other)}. {_BY_HAND[key]}")
    _compare_nodes(result, version, before.nodes, after.nodes)
    changed = sorted(name for name in {*before.records, *after.records} if before.records.get(name) != after.records.get(name))
    result.reconfigure.extend(f"slurm.conf: {name} changed" for name in changed)
    for file in sorted({*old, *new} - {"slurm.conf"}):
        if _meaning(old.get(file, "")) != _meaning(new.get(file, "")):
            if file == "slurmdbd.conf":
                result.slurmdbd.append(f"{file} changed")
            else:
                _note(result, _old_daemons(version, _OLD_FILES.get(file, set())), f"{file} changed", nodes)
    return result


def decide(version: Version, loaded: Mapping[str, str] | None, wanted: Mapping[str, str], *, started_since: bool) -> list[Action]:
    """What to do so that the daemons run with ``wanted``.

    ``loaded`` is what they were last told, ``None`` where nobody wrote that down. ``started_since``: slurmctld was started
    after the files last changed, so that it has read them itself; its nodes have not.
    """
    if loaded is None:
        if started_since:
            return []
        reason = ("slurmctld runs since before its files changed, and what it has loaded was never noted",)
        return [Action("restart slurmctld", reason), Action("reconfigure", reason)]
    result = plan(version, loaded, wanted)
    if result.by_hand and not started_since:
        raise CoreError(f"slurm.conf: {result.by_hand[0]}", hint="Until then the daemons keep the configuration that they have.")
    return [action for action in result.actions() if not (started_since and action.name == "restart slurmctld")]


def slurmd_digests(version: Version, files: Mapping[str, str], nodes: Mapping[str, str]) -> dict[str, str]:
    """Nodeset -> digest of exactly what the slurmd of its nodes must be restarted for, seen at one node of each nodeset.

    It differs between two configurations when ``plan`` asks for a restart of that node, and only then.
    """
    conf = parse(files.get("slurm.conf", ""))
    facts = [f"listening={_listening_words(conf.settings.get('communicationparameters'))}"]
    for key in (*_LISTENING, *_OLD_RESTARTS):
        if key in conf.settings and NODES in _daemons(version, key, None, None):
            facts.append(f"{key}={conf.settings[key]}")
    if not has(version, "reconfigure_makes_new_processes"):
        facts.append(_meaning(files.get("gres.conf", "")))
        facts.extend(f"{name} {sorted(settings.items())}" for name, settings in sorted(conf.nodes.items()))
    shared = hashlib.sha256("\n".join(facts).encode("utf-8")).hexdigest()
    return {nodeset: f"{shared} Port={conf.nodes.get(node, {}).get('port', '')}" for nodeset, node in nodes.items()}


def _daemons(version: Version, key: str, old: str | None, new: str | None) -> set[str]:
    if key == "communicationparameters":
        return {CONTROLLER, NODES} if _listening_words(old) != _listening_words(new) else set()
    return _LISTENING.get(key, set()) | _old_daemons(version, _OLD_RESTARTS.get(key, set()))


def _old_daemons(version: Version, daemons: set[str]) -> set[str]:
    return set() if has(version, "reconfigure_makes_new_processes") else daemons


def _listening_words(value: str | None) -> list[str]:
    return sorted(_LISTENING_WORDS & {word.strip().lower() for word in (value or "").split(",")})


def _compare_nodes(result: Plan, version: Version, old: Mapping[str, Mapping[str, str]], new: Mapping[str, Mapping[str, str]]) -> None:
    added, removed = set(new) - set(old), set(old) - set(new)
    changed = {node for node in set(new) & set(old) if new[node] is not old[node] and new[node] != old[node]}
    moved = {node for node in changed if new[node].get("port") != old[node].get("port")}
    for names, what in ((added, "added"), (removed, "removed"), (changed, "changed")):
        if names:
            _note(result, _old_daemons(version, {CONTROLLER, NODES}), f"slurm.conf: {hostlist.fold(names)} {what}", set(new))
    if moved:
        _note(result, {NODES}, f"slurm.conf: Port of {hostlist.fold(moved)} changed", moved)


def _note(result: Plan, daemons: Iterable[str], reason: str, nodes: set[str]) -> None:
    """File a reason under what it asks for. Everything but a restart of slurmctld reaches the nodes by a reconfigure."""
    if CONTROLLER in daemons:
        result.slurmctld.append(reason)
    else:
        result.reconfigure.append(reason)
    if NODES in daemons:
        result.slurmd.append(reason)
        result.nodes |= nodes


def _change(old: str | None, new: str | None) -> str:
    if old is None:
        return f"set to {_shown(new)}"
    return f"{_shown(old)} removed" if new is None else f"{_shown(old)} -> {_shown(new)}"


def _shown(value: str | None) -> str:
    return ",".join((value or "").strip().splitlines())


def _logical_lines(text: str) -> Iterable[str]:
    for line in text.replace("\\\n", " ").splitlines():
        meaning = line.split("#", 1)[0].strip()
        if meaning:
            yield meaning


def _meaning(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
