# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How GPUs and network adapters of a node are connected with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .document import Document


@dataclass(frozen=True)
class TopologyGpu:
    """A GPU and the processors next to it."""

    name: str
    """``GPU0``."""
    index: int
    cpu_affinity: str | None = None
    """``0-51,104-155``. Null where the caller may use none of these processors."""
    numa_affinity: str | None = None
    """The NUMA nodes of these processors: mostly one number, ``0,2-17`` on Grace machines."""
    gpu_numa_id: int | None = None
    """The NUMA node that the GPU's own memory is."""


@dataclass(frozen=True)
class TopologyNic:
    """A network adapter."""

    name: str
    """Its name in the matrix: ``NIC0``, or the device's with older drivers."""
    device: str | None = None
    """``mlx5_0``, from the legend below the matrix."""


@dataclass(frozen=True)
class NvidiaTopology(Document):
    """What ``nvidia-smi topo -m`` printed."""

    gpus: tuple[TopologyGpu, ...] = ()
    nics: tuple[TopologyNic, ...] = ()
    relations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Who reaches whom how, in both directions: ``{"GPU0": {"GPU1": "NV18", "NIC0": "PIX"}}``. ``NV18`` is that many NVLinks; then from near to far
    ``PIX``, ``PXB``, ``PHB``, ``NODE``, ``SYS``."""


@dataclass(frozen=True)
class NvLink:
    """One NVLink of a GPU."""

    link: int
    speed_gbytes_per_s: float | None = None
    """In each direction. Null for one that is not active."""
    active: bool = False


@dataclass(frozen=True)
class NvLinkGpu:
    """A GPU and its NVLinks."""

    index: int
    product: str | None = None
    uuid: str | None = None
    active_links: int | None = None
    bandwidth_gbytes_per_s: float | None = None
    """Of the active links together, in each direction."""
    links: tuple[NvLink, ...] = ()
    note: str = ""
    """What was said in place of links: that the GPU has none, or that MIG mode hides them."""


@dataclass(frozen=True)
class NvLinkStatus(Document):
    """What ``nvidia-smi nvlink --status`` printed."""

    gpus: tuple[NvLinkGpu, ...] = ()
