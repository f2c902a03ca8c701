# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The texts of Slurm's configuration files, from a checked cluster.

Defaults are ordered by section; the site's free dict is laid over them: ``omit`` removes a line, a list is joined with
commas, a dict becomes ``name=value`` pairs. The nodes of a nodeset share one line, so that the cost grows with the nodes
alone. The same input gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import CoreError
from . import features, hostlist
from .features import Version, has
from .model import OMIT, Cluster, Nodeset, Partition, Topology

HEADER = "# Managed by Railyard: a change made here is lost with its next run."
DIRECTORY = "/etc/slurm"
JWT_KEY = f"{DIRECTORY}/jwt_hs256.key"
HOOKS = "/usr/lib/railyard/slurm"
LOGS = "/var/log/slurm"
STATE = "/var/lib/slurm"
CONTROLLER_PORT = 6817
NODE_PORT = 6818
DATABASE_PORT = 6819
# slurmctld doesn't start without a node. No host has this name; a node in the state FUTURE takes no part in anything.
PLACEHOLDER = "no-node-yet"

Settings = dict[str, Any]

# A list under these keys is several lines: slurm.conf(5).
_SEVERAL_LINES = ("slurmctldhost", "downnodes", "prolog", "epilog", "include")
# What slurm_nodesets and slurm_partitions are for.
_NOT_FREE = {"nodename": "slurm_nodesets", "nodeset": "slurm_nodesets", "partitionname": "slurm_partitions"}
_SITE = "Set by the site"


def render(cluster: Cluster) -> dict[str, str]:
    """Return file name -> text. A file that the cluster doesn't need has an empty text."""
    tree = cluster.topology
    as_yaml = has(cluster.version, "topology_yaml")
    return {
        "slurm.conf": _slurm_conf(cluster),
        "gres.conf": _gres_conf(cluster),
        "cgroup.conf": _plain("cgroup.conf", cgroup_defaults(), cluster.cgroup_config, cluster.version, "slurm_cgroup_config"),
        "mpi.conf": _plain("mpi.conf", {}, cluster.mpi_config, cluster.version, "slurm_mpi_config") if cluster.mpi_config else "",
        "topology.conf": _topology_conf(tree) if tree and not as_yaml else "",
        "topology.yaml": _topology_yaml(tree) if tree and as_yaml else "",
    }


def slurm_settings(cluster: Cluster) -> dict[str, Settings]:
    """The general part of slurm.conf by section, the site's dict laid over ours."""
    where = "slurm_config"
    for key in cluster.config:
        if key.lower() in _NOT_FREE:
            raise CoreError(f"{key} can't be set here.", where=where, hint=f"Use {_NOT_FREE[key.lower()]}.")
    sections = merge(_defaults(cluster), cluster.config, where)
    _keep_configless(sections)
    features.check(cluster.version, "slurm.conf", _pairs(sections), where)
    return sections


def conf_server(cluster: Cluster) -> str:
    """Where nodes fetch their configuration: the value of ``--conf-server``."""
    settings = {key.lower(): value for section in slurm_settings(cluster).values() for key, value in section.items()}
    hosts, port = settings.get("slurmctldhost", ()), str(settings.get("slurmctldport", CONTROLLER_PORT)).split("-", 1)[0]
    addresses = [re.sub(r"^.*\((.+)\)$", r"\1", str(host)) for host in ([hosts] if isinstance(hosts, str) else hosts)]
    return ",".join(f"{address}:{port}" for address in addresses)


def database_conf(version: Version, hosts: Sequence[str], *, password: str, user: str, database: str, host: str, jwt: bool, config: Mapping[str, Any]) -> str:
    """slurmdbd.conf; it holds a password."""
    if not hosts:
        raise CoreError("no host is in the group slurm_database.")
    if not password:
        raise CoreError("it is empty.", where="slurm_database_password", hint="Set secret_slurm_database_password, or run 'railyard secrets init'.")
    settings: Settings = {
        "AuthType": "auth/munge",
        "AuthAltTypes": "auth/jwt" if jwt else OMIT,
        "AuthAltParameters": f"jwt_key={JWT_KEY}" if jwt else OMIT,
        "DbdHost": hosts[0],
        "DbdBackupHost": hosts[1] if len(hosts) > 1 else OMIT,
        "DbdPort": DATABASE_PORT,
        "SlurmUser": "slurm",
        "DebugLevel": "info",
        "LogFile": f"{LOGS}/slurmdbd.log",
        "PidFile": "/run/slurmdbd/slurmdbd.pid",
        "StorageType": "accounting_storage/mysql",
        "StorageHost": host,
        "StorageUser": user,
        "StoragePass": password,
        "StorageLoc": database,
    }
    return _plain("slurmdbd.conf", settings, config, version, "slurm_database_config")


def cgroup_defaults() -> Settings:
    # SchedMD's own example in cgroup.conf(5). CgroupAutomount is gone, the version of cgroups is found.
    return {
        "CgroupPlugin": "autodetect",
        "ConstrainCores": True,
        "ConstrainDevices": True,
        "ConstrainRAMSpace": True,
        "ConstrainSwapSpace": True,
    }


def merge(sections: Mapping[str, Settings], free: Mapping[str, Any], where: str) -> dict[str, Settings]:
    """Lay ``free`` over ``sections``: keys compare without case, new ones get a section of their own."""
    result = {title: dict(settings) for title, settings in sections.items()}
    place = {key.lower(): (title, key) for title, settings in result.items() for key in settings}
    site: Settings = {}
    seen: dict[str, str] = {}
    for key, value in free.items():
        if not isinstance(key, str) or not key.isalnum():
            raise CoreError(f"{key!r} can't be a key.", where=where)
        if key.lower() in seen:
            raise CoreError(f"{seen[key.lower()]} and {key} are the same key.", where=where)
        seen[key.lower()] = key
        if value is None:
            raise CoreError(f"{key} has no value.", where=where, hint=f"Write '{OMIT}' to leave the line out.")
        if key.lower() in place:
            title, ours = place[key.lower()]
            result[title][ours] = value
        else:
            site[key] = value
    if site:
        result[_SITE] = site
    return {title: kept for title, settings in result.items() if (kept := {key: value for key, value in settings.items() if value != OMIT})}


def tree_width(node_count: int) -> int:
    """The narrowest tree, 16 or wider, that reaches every node in three hops (slurm.conf(5): 16 reach 4368)."""
    width = 16
    while width + width**2 + width**3 < node_count:
        width += 1
    return width


def node_settings(nodeset: Nodeset, cluster: Cluster) -> Settings:
    """The line of a nodeset without its NodeName."""
    cpu, gpus = nodeset.hardware.get("cpu") or {}, nodeset.gpus
    memory = nodeset.hardware.get("memory_mib")
    gres = ([f"gpu:{nodeset.gpu_type}:{gpus}"] if gpus else []) + list(nodeset.gres)
    settings: Settings = {
        "Sockets": cpu.get("sockets", OMIT),
        "CoresPerSocket": cpu.get("cores_per_socket", OMIT),
        "ThreadsPerCore": cpu.get("threads_per_core", OMIT),
        "RealMemory": int(memory * nodeset.memory_fraction) if memory else OMIT,
        "Gres": gres or OMIT,
        "Feature": list(nodeset.features) or OMIT,
    }
    where = f"slurm_nodesets, config of {nodeset.name}"
    merged = merge({"": settings}, nodeset.config, where)
    line = {key: value for settings in merged.values() for key, value in settings.items()}
    features.check(cluster.version, "slurm.conf node", _pairs({"": line}), where)
    return line


def partition_settings(partition: Partition, cluster: Cluster) -> Settings:
    """The line of a partition without its name."""
    nodesets = [nodeset for nodeset in cluster.nodesets if nodeset.name in partition.nodesets and nodeset.nodes]
    settings: Settings = {
        "Nodes": [nodeset.name for nodeset in nodesets] or OMIT,
        "Default": partition.default,
        "State": "UP",
        **_shares(nodesets, cluster),
    }
    where = f"slurm_partitions, config of {partition.name}"
    # A partition has one of the three: slurm.conf(5) calls them mutually exclusive.
    ours = {"defmempercpu", "defmempergpu", "defmempernode"}
    if any(key.lower() in ours for key in partition.config):
        settings = {key: value for key, value in settings.items() if key.lower() not in ours}
    merged = merge({"": settings}, partition.config, where)
    line = {key: value for settings in merged.values() for key, value in settings.items()}
    features.check(cluster.version, "slurm.conf partition", _pairs({"": line}), where)
    return line


def _shares(nodesets: list[Nodeset], cluster: Cluster) -> Settings:
    """What a job gets with each GPU (or CPU) when it doesn't say, and what it is charged: the smallest share of the partition's nodes."""
    lines = [(nodeset, node_settings(nodeset, cluster)) for nodeset in nodesets]
    sizes = [(nodeset.gpus, _cpus(line), int(line.get("RealMemory", 0))) for nodeset, line in lines]
    if not sizes or not all(cpus and memory for _gpus, cpus, memory in sizes):
        return {}
    if not all(gpus for gpus, _cpus, _memory in sizes):
        return {"DefMemPerCPU": min(memory // cpus for _gpus, cpus, memory in sizes)}
    cpus_per_gpu = min(cpus // gpus for gpus, cpus, _memory in sizes)
    memory_per_gpu = min(memory // gpus for gpus, _cpus, memory in sizes)
    if not cpus_per_gpu or not memory_per_gpu:
        return {}
    # With PriorityFlags=MAX_TRES a job pays for the largest part of a node that it takes, counted in GPUs.
    weights = f"CPU={1 / cpus_per_gpu:.4f},Mem={1024 / memory_per_gpu:.6f}G,GRES/gpu=1.0" if cluster.databases else OMIT
    return {"DefCpuPerGPU": cpus_per_gpu, "DefMemPerGPU": memory_per_gpu, "TRESBillingWeights": weights}


def _memory_per_cpu(cluster: Cluster) -> int | str:
    """The leanest node's memory for each of its CPUs."""
    lines = [node_settings(nodeset, cluster) for nodeset in cluster.nodesets if nodeset.nodes]
    shares = [int(line["RealMemory"]) // _cpus(line) for line in lines if _cpus(line) and "RealMemory" in line]
    return min(shares, default=0) or OMIT


def _cpus(line: Settings) -> int:
    if "CPUs" in line:
        return int(line["CPUs"])
    return int(line.get("Sockets", 0)) * int(line.get("CoresPerSocket", 1)) * int(line.get("ThreadsPerCore", 1))


def _defaults(cluster: Cluster) -> dict[str, Settings]:
    version, accounting, nodes = cluster.version, bool(cluster.databases), cluster.node_count
    types = sorted({nodeset.gpu_type for nodeset in cluster.nodesets if nodeset.gpus})
    gpus = bool(types)
    return {
        "The cluster": {
            "ClusterName": cluster.name,
            "SlurmctldHost": list(cluster.controllers),
            "SlurmUser": "slurm",
            "SlurmctldPort": CONTROLLER_PORT,
            "SlurmdPort": NODE_PORT,
            "SrunPortRange": cluster.srun_ports or OMIT,
            "AuthType": "auth/munge",
            "CredType": "cred/munge",
            "AuthAltTypes": "auth/jwt" if cluster.jwt else OMIT,
            "AuthAltParameters": f"jwt_key={JWT_KEY}" if cluster.jwt else OMIT,
            "SlurmctldParameters": ["enable_configless"],
            # The widest tree that the release makes by itself is too narrow for thousands of nodes.
            "TreeWidth": tree_width(nodes),
        },
        "Places": {
            "StateSaveLocation": f"{STATE}/slurmctld",
            "SlurmdSpoolDir": f"{STATE}/slurmd",
            "SlurmctldPidFile": "/run/slurmctld/slurmctld.pid",
            "SlurmdPidFile": "/run/slurm/slurmd.pid",
            "SlurmctldLogFile": f"{LOGS}/slurmctld.log",
            "SlurmdLogFile": f"{LOGS}/slurmd.log",
            "SlurmctldDebug": "info",
            "SlurmdDebug": "info",
        },
        "Jobs on nodes": {
            "ProctrackType": "proctrack/cgroup",
            "TaskPlugin": ["task/cgroup", "task/affinity"],
            "JobAcctGatherType": "jobacct_gather/cgroup" if accounting else OMIT,
            "JobAcctGatherFrequency": 30 if accounting else OMIT,
            # RDMA needs locked memory: the limit of slurmd's unit counts, not that of the login shell.
            "PropagateResourceLimitsExcept": "MEMLOCK",
            "GresTypes": "gpu" if gpus else OMIT,
            # For jobs without a GPU, which would get all of a node's memory; those with one get the partition's DefMemPerGPU.
            # slurm.conf(5) calls the two exclusive; on these two levels slurmctld takes both (tried with 22.05, 24.11 and 26.05).
            "DefMemPerCPU": _memory_per_cpu(cluster),
            "MpiDefault": "pmix",
            "Prolog": f"{HOOKS}/prolog",
            "Epilog": f"{HOOKS}/epilog",
            "PrologFlags": ["Alloc", "Contain"],
            "UnkillableStepProgram": f"{HOOKS}/unkillable_step",
            # At least five times MessageTimeout, or slurmctld complains at its start.
            "UnkillableStepTimeout": 300,
        },
        "Nodes that fail": {
            "ReturnToService": 1,
            "SlurmctldTimeout": 120,
            "SlurmdTimeout": 300,
            "MessageTimeout": 60,
            "KillWait": 30,
            "RebootProgram": "/usr/sbin/reboot",
            # A machine with eight GPUs and two terabytes of memory takes its time to boot.
            "ResumeTimeout": 1800,
            "HealthCheckProgram": cluster.health_check_program or OMIT,
            "HealthCheckInterval": 300 if cluster.health_check_program else OMIT,
            "HealthCheckNodeState": _health_check_state(cluster) if cluster.health_check_program else OMIT,
        },
        "Who runs when": {
            "SchedulerType": "sched/backfill",
            "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_Core_Memory",
            # A node whose prolog fails is drained; its job goes elsewhere instead of waiting for a person.
            "SchedulerParameters": ["nohold_on_prolog_fail"],
            # Never SUSPEND: it doesn't free the memory of a GPU.
            "PreemptType": "preempt/partition_prio",
            "PreemptMode": "REQUEUE",
            "PriorityType": "priority/multifactor",
            "PriorityFlags": "MAX_TRES",
            "PriorityDecayHalfLife": "14-0",
            "PriorityMaxAge": "14-0",
            # slurmctld takes age, fair share and the TRES gres/gpu with slurmdbd only; with the last one and without it, it stops.
            "PriorityWeightFairshare": 100000 if accounting else OMIT,
            "PriorityWeightAge": 1000 if accounting else OMIT,
            "PriorityWeightPartition": 10000,
            "PriorityWeightQOS": 10000,
            "PriorityWeightJobSize": 1000,
            "PriorityWeightTRES": {"gres/gpu": 10000} if gpus and accounting else OMIT,
            "TopologyPlugin": f"topology/{cluster.topology.plugin}" if cluster.topology and not has(version, "topology_yaml") else OMIT,
        },
        "Accounting": {
            "AccountingStorageType": "accounting_storage/slurmdbd" if accounting else OMIT,
            "AccountingStorageHost": cluster.databases[0] if accounting else OMIT,
            "AccountingStorageBackupHost": cluster.databases[1] if len(cluster.databases) > 1 else OMIT,
            "AccountingStoragePort": DATABASE_PORT if accounting else OMIT,
            "AccountingStorageTRES": ["gres/gpu", *(f"gres/gpu:{name}" for name in types)] if gpus and accounting else OMIT,
            "AccountingStorageEnforce": list(cluster.accounting_enforce) if accounting and cluster.accounting_enforce else OMIT,
        },
    }


def _health_check_state(cluster: Cluster) -> list[str]:
    # CYCLE spreads the checks over the interval; a drained node needs none.
    return ["NONDRAINED_IDLE" if has(cluster.version, "health_check_nondrained_idle") else "IDLE", "CYCLE"]


def _keep_configless(sections: dict[str, Settings]) -> None:
    """Nodes get their configuration from slurmctld: that can't be overridden away."""
    settings = next((settings for settings in sections.values() if "SlurmctldParameters" in settings), sections["The cluster"])
    value = settings.get("SlurmctldParameters", [])
    words = value.split(",") if isinstance(value, str) else list(value)
    settings["SlurmctldParameters"] = words if "enable_configless" in words else ["enable_configless", *words]


def _slurm_conf(cluster: Cluster) -> str:
    # The release is in the text, so that the file is checked anew against the installed Slurm when it changes.
    lines = [HEADER, f"# Written for Slurm {cluster.version}."]
    for title, settings in slurm_settings(cluster).items():
        lines += ["", f"# {title}", *_lines(settings, "slurm_config")]
    lines += ["", "# Nodes"]
    filled = [nodeset for nodeset in cluster.nodesets if nodeset.nodes]
    for nodeset in filled:
        names = hostlist.fold(nodeset.nodes)
        lines.append(_record({"NodeName": names, **node_settings(nodeset, cluster)}, nodeset.name))
        lines.append(_record({"NodeSet": nodeset.name, "Nodes": names}, nodeset.name))
    if not filled:
        lines.append(_record({"NodeName": PLACEHOLDER, "State": "FUTURE"}, PLACEHOLDER))
    lines += ["", "# Partitions"]
    for partition in cluster.partitions:
        lines.append(_record({"PartitionName": partition.name, **partition_settings(partition, cluster)}, partition.name))
    return "\n".join(lines) + "\n"


def _gres_conf(cluster: Cluster) -> str:
    lines = [HEADER]
    for nodeset in cluster.nodesets:
        if not nodeset.gpus or not nodeset.nodes:
            continue
        names, detect = hostlist.fold(nodeset.nodes), _autodetect(nodeset, cluster)
        if detect == "off":
            settings = {"Name": "gpu", "Type": nodeset.gpu_type, "File": nodeset.gpu_files or _device_files(nodeset)}
            lines.append(_record({"NodeName": names, "AutoDetect": "off", **settings}, nodeset.name))
        else:
            # The type comes from Gres= in slurm.conf, which Slurm looks for in the name that it detects: gres.conf(5).
            lines.append(_record({"NodeName": names, "AutoDetect": detect}, nodeset.name))
    lines.extend(cluster.gres_lines)
    return "\n".join(lines) + "\n"


def _autodetect(nodeset: Nodeset, cluster: Cluster) -> str:
    if nodeset.gpu_files:
        return "off"
    if cluster.gres_autodetect != "auto":
        return cluster.gres_autodetect
    # Without a library of the vendor: Slurm's own from 24.11 on, the device files before.
    nvidia = _vendor(nodeset) == "nvidia"
    return "nvidia" if nvidia and has(cluster.version, "gres_autodetect_nvidia") else "off"


def _vendor(nodeset: Nodeset) -> str:
    return {"10de": "nvidia", "1002": "amd"}.get(str(nodeset.hardware.get("gpus", {}).get("pci_id", ""))[:4].lower(), "")


def _device_files(nodeset: Nodeset) -> str:
    # Render nodes begin at 128 (drivers/gpu/drm in Linux).
    first, path = (128, "/dev/dri/renderD") if _vendor(nodeset) == "amd" else (0, "/dev/nvidia")
    return f"{path}{first}" if nodeset.gpus == 1 else f"{path}[{first}-{first + nodeset.gpus - 1}]"


def _topology_conf(topology: Topology) -> str:
    lines = [HEADER]
    kind = "SwitchName" if topology.plugin == "tree" else "BlockName"
    for name, nodes, children in _filled(topology):
        content = {"Nodes": hostlist.fold(nodes)} if nodes else {"Switches": hostlist.fold(children)}
        lines.append(_record({kind: name, **content}, name))
    if topology.plugin == "block":
        lines.append("BlockSizes=" + ",".join(str(size) for size in topology.block_sizes))
    return "\n".join(lines) + "\n"


def _topology_yaml(topology: Topology) -> str:
    lines = [HEADER, "---", "- topology: default", "  cluster_default: true", f"  {topology.plugin}:"]
    if topology.plugin == "block":
        lines += ["    block_sizes:", *(f"      - {size}" for size in topology.block_sizes), "    blocks:"]
    else:
        lines.append("    switches:")
    kind = "switch" if topology.plugin == "tree" else "block"
    for name, nodes, children in _filled(topology):
        lines.append(f'      - {kind}: "{name}"')
        lines.append(f'        nodes: "{hostlist.fold(nodes)}"' if nodes else f'        children: "{hostlist.fold(children)}"')
    return "\n".join(lines) + "\n"


def _filled(topology: Topology) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """The switches that have a node below them, those with nodes first."""
    by_name = {switch.name: switch for switch in topology.switches}
    below: dict[str, bool] = {}

    def filled(name: str) -> bool:
        if name not in below:
            switch = by_name[name]
            below[name] = bool(switch.nodes) or any(filled(child) for child in switch.children)
        return below[name]

    kept = [switch for switch in topology.switches if filled(switch.name)]
    leaves = [(switch.name, switch.nodes, ()) for switch in kept if switch.nodes]
    return leaves + [(switch.name, (), tuple(child for child in switch.children if filled(child))) for switch in kept if switch.children]


def _plain(file: str, settings: Settings, free: Mapping[str, Any], version: Version, where: str) -> str:
    sections = merge({"": settings}, free, where)
    features.check(version, file, _pairs(sections), where)
    lines = [HEADER]
    for title, section in sections.items():
        lines += ["", f"# {title}"] if title else []
        lines += _lines(section, where)
    return "\n".join(lines) + "\n"


def _lines(settings: Settings, where: str) -> list[str]:
    lines: list[str] = []
    for key, value in settings.items():
        values = value if isinstance(value, list) and key.lower() in _SEVERAL_LINES else [value]
        sign = " " if key.lower() == "include" else "="
        lines.extend(f"{key}{sign}{_text(item, key, where)}" for item in values)
    return lines


def _record(settings: Settings, where: str) -> str:
    return " ".join(f"{key}={_text(value, key, where)}" for key, value in settings.items())


def _pairs(sections: Mapping[str, Settings]) -> Iterable[tuple[str, str]]:
    return [(key, _text(value, key, key)) for settings in sections.values() for key, value in settings.items()]


def _text(value: Any, key: str, where: str) -> str:
    if isinstance(value, bool):
        text = "YES" if value else "NO"
    elif isinstance(value, (list, tuple)):
        text = ",".join(_text(item, key, where) for item in value)
    elif isinstance(value, Mapping):
        text = ",".join(f"{name}={_text(item, key, where)}" for name, item in value.items())
    elif value is None:
        raise CoreError(f"{key} has no value.", where=where, hint=f"Write '{OMIT}' to leave the line out.")
    else:
        text = str(value)
    if any(character in text for character in "\n\r#"):
        raise CoreError(f"the value of {key} has a line break or a '#', which Slurm takes for the end of the line.", where=where)
    # A blank ends a value: slurm.conf(5).
    return f'"{text}"' if " " in text and not text.startswith('"') else text
