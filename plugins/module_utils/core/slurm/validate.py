# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the role's variables and the inventory to a checked ``Cluster``. Each mistake is one sentence with its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import CoreError
from . import hostlist
from .features import has, parse_version
from .model import Cluster, Nodeset, Partition, Switch, Topology

COMPUTE_GROUP = "slurm_compute"
CONTROLLER_GROUP = "slurm_controller"
DATABASE_GROUP = "slurm_database"
ALL = "all"

AUTODETECT = ("auto", "nvidia", "nvml", "rsmi", "off")

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
# slurm.conf(5): a default record, and what stands for every node.
_RESERVED = ("default", "all")

_NODESET_KEYS = ("name", "group", "hardware_class", "memory_fraction", "features", "gres", "gpu_files", "config")
_PARTITION_KEYS = ("name", "nodesets", "default", "config")
_TOPOLOGY_KEYS = ("plugin", "switches", "block_sizes")
_SWITCH_KEYS = ("name", "group", "nodes", "switches")

# name of a nodeset's first host -> name of its hardware class; name of a class -> what it has.
ClassOf = Callable[[str], str]
HardwareOf = Callable[[str], Mapping[str, Any]]


def read_cluster(variables: Mapping[str, Any], groups: Mapping[str, list[str]], *, class_of: ClassOf, hardware_of: HardwareOf) -> Cluster:
    """Check everything and return the cluster. ``variables`` are the role's, without the prefix ``slurm_``."""
    controllers = tuple(short_name(host) for host in groups.get(CONTROLLER_GROUP, ()))
    if not controllers:
        raise CoreError(f"no host is in the group {CONTROLLER_GROUP}.", hint="Add the host that shall run slurmctld.")
    version = parse_version(variables["version"])
    nodesets = _nodesets(variables["nodesets"], groups, class_of, hardware_of, float(variables["memory_fraction"]))
    autodetect = str(variables["gres_autodetect"])
    if autodetect not in AUTODETECT:
        raise CoreError(f"{autodetect!r} is not one of {', '.join(AUTODETECT)}.", where="slurm_gres_autodetect")
    if autodetect == "nvidia" and not has(version, "gres_autodetect_nvidia"):
        raise CoreError(f"AutoDetect=nvidia is known from Slurm 24.11 on, and this is {version}.", where="slurm_gres_autodetect", hint="Use nvml or off.")
    cluster = Cluster(
        version=version,
        name=_name(variables["cluster_name"], "slurm_cluster_name"),
        controllers=controllers,
        databases=tuple(short_name(host) for host in groups.get(DATABASE_GROUP, ())),
        nodesets=nodesets,
        partitions=_partitions(variables["partitions"], nodesets),
        topology=_topology(variables["topology"], nodesets, groups),
        gres_autodetect=autodetect,
        health_check_program=str(variables["health_check_program"]),
        srun_ports=_ports(str(variables["srun_ports"])),
        accounting_enforce=tuple(str(word) for word in variables["accounting_enforce"]),
        jwt=bool(variables["jwt"]),
        config=_mapping(variables["config"], "slurm_config"),
        cgroup_config=_mapping(variables["cgroup_config"], "slurm_cgroup_config"),
        mpi_config=_mapping(variables["mpi_config"], "slurm_mpi_config"),
        gres_lines=tuple(str(line) for line in variables["gres_lines"]),
    )
    if cluster.topology and cluster.topology.plugin == "block" and not has(version, "topology_block"):
        raise CoreError(f"the block topology is known from Slurm 23.11 on, and this is {version}.", where="slurm_topology.plugin")
    return cluster


def short_name(host: str) -> str:
    """The name of a node in Slurm: the inventory's, without a domain."""
    return host.split(".", 1)[0]


def _nodesets(entries: Any, groups: Mapping[str, list[str]], class_of: ClassOf, hardware_of: HardwareOf, memory_fraction: float) -> tuple[Nodeset, ...]:
    result: list[Nodeset] = []
    owner: dict[str, str] = {}
    compute = {short_name(host) for host in groups.get(COMPUTE_GROUP, ())}
    if len(compute) != len(groups.get(COMPUTE_GROUP, ())):
        raise CoreError(f"two hosts of the group {COMPUTE_GROUP} have the same name up to the first dot.", hint="Slurm knows nodes by that part: rename one.")
    for place, entry in enumerate(_list(entries, "slurm_nodesets")):
        where = f"slurm_nodesets[{place}]"
        _keys(entry, _NODESET_KEYS, ("name", "group"), where)
        name, group = _name(entry["name"], f"{where}.name"), str(entry["group"])
        if any(name == other.name for other in result):
            raise CoreError(f"two nodesets are called {name!r}.", where=where)
        if group not in groups:
            raise CoreError(f"the inventory has no group {group!r}.", where=f"{where}.group", hint=_nearest(group, groups))
        nodes = [_name(short_name(host), f"group {group}") for host in groups[group]]
        for node in nodes:
            if node in owner:
                raise CoreError(f"host {node} is in the nodesets {owner[node]} and {name}.", where=where, hint="A node belongs to one nodeset.")
            if node not in compute:
                raise CoreError(f"host {node} of the group {group} is not in the group {COMPUTE_GROUP}.", where=f"{where}.group", hint="Add it there too.")
            owner[node] = name
        hardware_class = str(entry.get("hardware_class") or (class_of(groups[group][0]) if nodes else ""))
        if nodes and not hardware_class:
            raise CoreError(
                f"the hosts of the group {group} have no hardware class.",
                where=where,
                hint=f"Set railyard_hardware_class in group_vars/{group}.yml, or hardware_class here.",
            )
        fraction = float(entry.get("memory_fraction", memory_fraction))
        if not 0 < fraction <= 1:
            raise CoreError(f"{fraction} is not a share of the memory between 0 and 1.", where=f"{where}.memory_fraction")
        result.append(
            Nodeset(
                name=name,
                nodes=tuple(nodes),
                hardware_class=hardware_class,
                hardware=hardware_of(hardware_class) if hardware_class else {},
                memory_fraction=fraction,
                features=tuple(str(word) for word in _list(entry.get("features", [name]), f"{where}.features")),
                gres=tuple(str(word) for word in _list(entry.get("gres", []), f"{where}.gres")),
                gpu_files=str(entry.get("gpu_files", "")),
                config=_mapping(entry.get("config", {}), f"{where}.config"),
            )
        )
    for nodeset in result:
        if nodeset.name in owner:
            raise CoreError(f"the nodeset {nodeset.name!r} has the name of a node.", where="slurm_nodesets", hint="Slurm wants them different.")
    homeless = compute - set(owner)
    if homeless:
        raise CoreError(
            f"{hostlist.fold(homeless)} in the group {COMPUTE_GROUP} {'is' if len(homeless) == 1 else 'are'} in no nodeset.",
            where="slurm_nodesets",
            hint="Add the host to the group of a nodeset, or a nodeset for its group.",
        )
    return tuple(result)


def _partitions(entries: Any, nodesets: tuple[Nodeset, ...]) -> tuple[Partition, ...]:
    known = [nodeset.name for nodeset in nodesets]
    result: list[Partition] = []
    for place, entry in enumerate(_list(entries, "slurm_partitions")):
        where = f"slurm_partitions[{place}]"
        _keys(entry, _PARTITION_KEYS, ("name", "nodesets"), where)
        name = _name(entry["name"], f"{where}.name")
        if any(name == other.name for other in result):
            raise CoreError(f"two partitions are called {name!r}.", where=where)
        wanted = known if entry["nodesets"] == ALL else [str(word) for word in _list(entry["nodesets"], f"{where}.nodesets")]
        for word in wanted:
            if word not in known:
                raise CoreError(
                    f"partition {name!r} names the nodeset {word!r}, which doesn't exist.",
                    where=f"{where}.nodesets",
                    hint=_nearest(word, known) + " Nodesets are listed in slurm_nodesets.",
                )
        result.append(Partition(name, tuple(wanted), bool(entry.get("default", False)), _mapping(entry.get("config", {}), f"{where}.config")))
    defaults = [partition.name for partition in result if partition.default]
    if len(defaults) > 1:
        raise CoreError(f"the partitions {' and '.join(defaults)} are both the default.", where="slurm_partitions", hint="One at most can be.")
    return tuple(result)


def _topology(value: Any, nodesets: tuple[Nodeset, ...], groups: Mapping[str, list[str]]) -> Topology | None:
    entry = _mapping(value, "slurm_topology")
    if not entry:
        return None
    _keys(entry, _TOPOLOGY_KEYS, ("plugin", "switches"), "slurm_topology")
    plugin = str(entry["plugin"])
    if plugin not in ("tree", "block"):
        raise CoreError(f"{plugin!r} is neither tree nor block.", where="slurm_topology.plugin")
    nodes = {node for nodeset in nodesets for node in nodeset.nodes}
    entries = _list(entry["switches"], "slurm_topology.switches")
    switches = [_switch(item, f"slurm_topology.switches[{place}]", nodes, groups) for place, item in enumerate(entries)]
    _check_tree(switches, plugin)
    _check_cover(switches, nodes)
    sizes = tuple(int(size) for size in _list(entry.get("block_sizes", []), "slurm_topology.block_sizes"))
    if plugin == "block":
        _check_block_sizes(sizes)
    return Topology(plugin, tuple(switches), sizes)


def _switch(entry: Any, where: str, nodes: set[str], groups: Mapping[str, list[str]]) -> Switch:
    _keys(entry, _SWITCH_KEYS, ("name",), where)
    name = _name(entry["name"], f"{where}.name")
    given = [key for key in ("group", "nodes", "switches") if entry.get(key)]
    if len(given) != 1:
        raise CoreError(f"{name!r} needs exactly one of group, nodes and switches.", where=where)
    if entry.get("switches"):
        return Switch(name, children=tuple(str(child) for child in _list(entry["switches"], f"{where}.switches")))
    if entry.get("group"):
        group = str(entry["group"])
        if group not in groups:
            raise CoreError(f"the inventory has no group {group!r}.", where=f"{where}.group", hint=_nearest(group, groups))
        # A scalable unit may hold other hosts too: only its compute nodes count.
        return Switch(name, nodes=tuple(node for node in (short_name(host) for host in groups[group]) if node in nodes))
    listed = hostlist.expand(entry["nodes"]) if isinstance(entry["nodes"], str) else [str(node) for node in _list(entry["nodes"], f"{where}.nodes")]
    for node in listed:
        if node not in nodes:
            raise CoreError(f"{name!r} names the node {node!r}, which is in no nodeset.", where=f"{where}.nodes")
    return Switch(name, nodes=tuple(listed))


def _check_tree(switches: list[Switch], plugin: str) -> None:
    by_name: dict[str, Switch] = {}
    for switch in switches:
        if switch.name in by_name:
            raise CoreError(f"two switches are called {switch.name!r}.", where="slurm_topology.switches")
        by_name[switch.name] = switch
        if switch.children and plugin == "block":
            raise CoreError(f"block {switch.name!r} has switches; blocks have nodes.", where="slurm_topology.switches")
    parent: dict[str, str] = {}
    for switch in switches:
        for child in switch.children:
            if child not in by_name:
                raise CoreError(f"switch {switch.name!r} names the switch {child!r}, which doesn't exist.", where="slurm_topology.switches")
            if child in parent:
                raise CoreError(f"switch {child!r} is below {parent[child]!r} and {switch.name!r}.", where="slurm_topology.switches")
            parent[child] = switch.name
    for switch in switches:
        seen, above = {switch.name}, parent.get(switch.name)
        while above:
            if above in seen:
                raise CoreError(f"switch {above!r} is below itself.", where="slurm_topology.switches")
            seen.add(above)
            above = parent.get(above)


def _check_cover(switches: list[Switch], nodes: set[str]) -> None:
    place: dict[str, str] = {}
    for switch in switches:
        for node in switch.nodes:
            if node in place:
                raise CoreError(f"node {node} is below {place[node]!r} and {switch.name!r}.", where="slurm_topology.switches")
            place[node] = switch.name
    missing = nodes - set(place)
    if missing:
        raise CoreError(
            f"{hostlist.fold(missing)} {'is' if len(missing) == 1 else 'are'} below no switch.",
            where="slurm_topology.switches",
            hint="Slurm gives no job nodes that it can't place in the topology.",
        )


def _check_block_sizes(sizes: tuple[int, ...]) -> None:
    # topology.conf(5): "Successive BlockSizes must be a power of two larger than the prior values."
    for smaller, larger in zip(sizes, sizes[1:]):
        ratio, rest = divmod(larger, smaller)
        if rest or ratio < 2 or ratio & (ratio - 1):
            raise CoreError(f"{larger} is not {smaller} times a power of two.", where="slurm_topology.block_sizes")
    if not sizes or sizes[0] < 1:
        raise CoreError("a block topology needs sizes of one or more nodes.", where="slurm_topology.block_sizes", hint="18 is the size of an NVL72 rack.")


def _ports(text: str) -> str:
    if not text:
        return ""
    match = re.match(r"^([0-9]+)-([0-9]+)$", text)
    if not match or not 1024 <= int(match.group(1)) < int(match.group(2)) <= 65535:
        raise CoreError(f"{text!r} is not a range of ports such as 60001-63000.", where="slurm_srun_ports")
    return text


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _NAME.match(value) or value.lower() in _RESERVED:
        raise CoreError(f"{value!r} can't be a name in Slurm.", where=where, hint="Letters, digits and '_.-' can; 'all' and 'default' are reserved.")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise CoreError(f"{value!r} is not a list.", where=where)
    return list(value)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise CoreError(f"{value!r} is not a dict.", where=where)
    return value


def _keys(entry: Any, known: Iterable[str], required: Iterable[str], where: str) -> None:
    _mapping(entry, where)
    for key in entry:
        if key not in known:
            raise CoreError(f"{key!r} is not known here.", where=where, hint=_nearest(str(key), known))
    for key in required:
        if key not in entry:
            raise CoreError(f"{key!r} is missing.", where=where)


def _nearest(name: str, names: Iterable[str]) -> str:
    candidates = list(names)
    near = difflib.get_close_matches(name, candidates, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"There are: {', '.join(sorted(candidates)[:10])}." if candidates else "There are none."
