# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Slurm cluster as its configuration is made from: checked values, no variables of Ansible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .features import Version

OMIT = "omit"


@dataclass(frozen=True)
class Nodeset:
    """Nodes of one hardware class, in order."""

    name: str
    nodes: tuple[str, ...]
    hardware_class: str = ""
    hardware: Mapping[str, Any] = field(default_factory=dict)
    memory_fraction: float = 0.95
    features: tuple[str, ...] = ()
    gres: tuple[str, ...] = ()
    gpu_files: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def gpus(self) -> int:
        return int(self.hardware.get("gpus", {}).get("count", 0))

    @property
    def gpu_type(self) -> str:
        return str(self.hardware.get("gpus", {}).get("gres_type", ""))


@dataclass(frozen=True)
class Partition:
    name: str
    nodesets: tuple[str, ...]
    default: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Switch:
    """What Slurm calls a switch: a leaf with nodes (our scalable unit), or one above others."""

    name: str
    nodes: tuple[str, ...] = ()
    children: tuple[str, ...] = ()


@dataclass(frozen=True)
class Topology:
    plugin: str  # tree or block
    switches: tuple[Switch, ...]
    block_sizes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cluster:
    version: Version
    name: str
    controllers: tuple[str, ...]
    databases: tuple[str, ...] = ()
    nodesets: tuple[Nodeset, ...] = ()
    partitions: tuple[Partition, ...] = ()
    topology: Topology | None = None
    gres_autodetect: str = "auto"
    health_check_program: str = ""
    srun_ports: str = ""
    accounting_enforce: tuple[str, ...] = ()
    jwt: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    cgroup_config: Mapping[str, Any] = field(default_factory=dict)
    mpi_config: Mapping[str, Any] = field(default_factory=dict)
    gres_lines: tuple[str, ...] = ()

    @property
    def node_count(self) -> int:
        return sum(len(nodeset.nodes) for nodeset in self.nodesets)
