# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes as Slurm sees them: what its controller, its REST API or a node's own slurmd tells."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class SlurmGres:
    """A generic resource of a node."""

    name: str
    """The kind of resource: ``gpu``, ``shard``, ``nvme``."""
    type: str | None
    """The type that the site or the driver gave it: ``h100``."""
    count: int | None
    """How many there are. Suffixes are multiplied out: 4K is 4096."""
    used: int | None
    """How many of them jobs hold, or null where the source does not say."""
    indexes: tuple[int, ...] = ()
    """Which of them jobs hold, where the source says so."""


@dataclass(frozen=True)
class SlurmNode:
    """A node. Times are ISO 8601: with Z where the source counts seconds, without a zone where it printed local time."""

    name: str
    states: tuple[str, ...] = ()
    """The state and its flags in lower case: idle, drain. Marks behind a state are spelled out: * is not_responding, ~ powered_down."""
    reason: str | None = None
    """Why the node is down, drained or failing."""
    reason_user: str | None = None
    reason_time: str | None = None
    gres: tuple[SlurmGres, ...] = ()
    partitions: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    """All that the node can have."""
    active_features: tuple[str, ...] = ()
    cpus: int | None = None
    cpus_allocated: int | None = None
    cpu_load: float | None = None
    memory_mib: int | None = None
    """What slurm.conf or slurmd gives as RealMemory."""
    memory_allocated_mib: int | None = None
    free_memory_mib: int | None = None
    """What the node's kernel calls free."""
    temporary_disk_mib: int | None = None
    boards: int | None = None
    sockets: int | None = None
    cores_per_socket: int | None = None
    threads_per_core: int | None = None
    architecture: str | None = None
    os: str | None = None
    version: str | None = None
    """The version of its slurmd."""
    address: str | None = None
    hostname: str | None = None
    weight: int | None = None
    boot_time: str | None = None
    slurmd_start_time: str | None = None
    last_busy: str | None = None
    uptime_s: int | None = None
    reservation: str | None = None
    instance_id: str | None = None
    instance_type: str | None = None
    comment: str | None = None
    extra: str | None = None


@dataclass(frozen=True)
class SlurmNodes(Document):
    """Nodes as Slurm sees them."""

    nodes: tuple[SlurmNode, ...] = ()
