# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an expectation is computed from: a node's GPUs, rails and the links on the way. Observed facts and a declared hardware class both become one.

A link that runs slower than it could is taken as it runs: the expectation is what the node can give as it is, and names that link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..facts.bus import GENERATIONS
from ..model.gpu_links import NvLinkStatus
from ..model.node import GpuFacts, HcaFacts, NodeFacts, PcieHop, best_port

PORT_ACTIVE = "Active"


@dataclass(frozen=True)
class Hop:
    """One PCIe link on the way from a device to the processor."""

    address: str
    """PCI address of its lower end, or a name that no other link has."""
    generation: int | None
    width: int | None


@dataclass(frozen=True)
class Accelerator:
    """A GPU."""

    name: str
    """Its PCI address, or ``GPU 3`` where only the number is known."""
    pci_id: str | None
    hops: tuple[Hop, ...] = ()
    """From the processor down to the GPU. Empty: not known."""
    links: int | None = None
    """NVLinks that are active; null: not seen, and taken to be all that the card has."""
    numa_node: int | None = None


@dataclass(frozen=True)
class Rail:
    """An adapter of the compute network."""

    rail: int
    name: str
    """``mlx5_5``; empty where it is only declared."""
    rate_gbits_per_s: float | None
    active: bool = True
    """Whether its port is up."""
    hops: tuple[Hop, ...] = ()
    """From the processor down to the adapter. Empty: not known, and taken to be no limit."""
    numa_node: int | None = None


@dataclass(frozen=True)
class Machine:
    """A node."""

    name: str
    gpus: tuple[Accelerator, ...] = ()
    rails: tuple[Rail, ...] = ()
    cpu_model: str | None = None
    sockets: int | None = None
    numa_nodes: int | None = None
    nvlink_domain: str | None = None
    """Nodes that name the same one share an NVLink fabric (a rack of GB200): together they count as one node."""
    placement_seen: bool = True
    """Whether the links show how devices are placed. Not so in a virtual machine, or where a class is only declared."""
    storage_gbytes_per_s: Mapping[str, float] = field(default_factory=dict)
    """What a site declares of its storage: a name, and what must be reached."""

    def socket_of(self, numa_node: int | None) -> int | None:
        """Return the socket of a NUMA node: nodes are numbered socket by socket."""
        if numa_node is None or not self.sockets or not self.numa_nodes:
            return None
        return numa_node * self.sockets // self.numa_nodes


def machine_from_facts(facts: NodeFacts, *, name: str = "", nvlinks: NvLinkStatus | None = None) -> Machine:
    """Return a node as it was seen. GPUs that are lost take no part; ``nvlinks`` is what ``nvidia-smi nvlink --status`` said."""
    by_index = {gpu.index: gpu.active_links for gpu in nvlinks.gpus} if nvlinks else {}
    present = [gpu for gpu in facts.gpus if gpu.state in ("ok", "unasked")]
    hcas = [hca for hca in facts.hcas if hca.rail is not None]
    paths = [path for path in (*(gpu.pcie for gpu in present), *(hca.pcie for hca in hcas)) if path]
    return Machine(
        name=name or (facts.system.hostname if facts.system and facts.system.hostname else ""),
        gpus=tuple(_gpu(gpu, by_index.get(gpu.driver.index) if gpu.driver and gpu.driver.index is not None else None) for gpu in present),
        rails=tuple(sorted((_rail(hca) for hca in hcas), key=lambda rail: rail.rail)),
        cpu_model=facts.cpu.model if facts.cpu else None,
        sockets=facts.cpu.sockets if facts.cpu else None,
        numa_nodes=len(facts.numa) or None,
        nvlink_domain=_domain(present),
        placement_seen=bool(paths) and all(path.hops and path.hops[0].upper for path in paths),
    )


def machine_from_class(
    name: str, hardware: Mapping[str, Any], *, nvlink_domain: str | None = None, storage_gbytes_per_s: Mapping[str, float] | None = None
) -> Machine:
    """Return a node as its hardware class (of ``hardware_class()``) declares it. ``name`` is the node's."""
    gpus, rails = hardware["gpus"], hardware["rails"]
    links = hardware["xgmi"].get("links_per_gpu") or hardware["nvlink"].get("links_per_gpu")
    accelerators = []
    for number in range(gpus.get("count", 0)):
        own = Hop(f"GPU {number}", gpus.get("pcie_generation"), gpus.get("pcie_width"))
        accelerators.append(Accelerator(f"GPU {number}", gpus["pci_id"], (own,) if own.generation and own.width else (), links))
    return Machine(
        name=name,
        gpus=tuple(accelerators),
        rails=tuple(Rail(number, "", float(rails["rate_gbits_per_s"])) for number in range(rails.get("count", 0))),
        sockets=hardware["cpu"].get("sockets"),
        nvlink_domain=nvlink_domain,
        placement_seen=False,
        storage_gbytes_per_s=storage_gbytes_per_s or {},
    )


def _gpu(gpu: GpuFacts, links: int | None) -> Accelerator:
    hops = [_hop(hop) for hop in gpu.pcie.hops] if gpu.pcie else []
    if hops and gpu.pcie:
        # An idle GPU lowers the speed of its own link, not the width: what both ends can do is what it will run at.
        last = gpu.pcie.hops[-1]
        hops[-1] = Hop(last.lower, GENERATIONS.get(last.possible_speed_gt_per_s or last.speed_gt_per_s or 0.0), last.width)
    return Accelerator(gpu.pci_address, gpu.pci_id, tuple(hops), links, gpu.numa_node)


def _rail(hca: HcaFacts) -> Rail:
    # Of an adapter with several ports NCCL counts each; a rail is its best one.
    port = best_port(hca.ports)
    return Rail(
        rail=hca.rail if hca.rail is not None else 0,
        name=hca.name,
        rate_gbits_per_s=port.rate_gbits_per_s if port else None,
        active=port is not None and port.state == PORT_ACTIVE,
        hops=tuple(_hop(hop) for hop in hca.pcie.hops) if hca.pcie else (),
        numa_node=hca.numa_node,
    )


def _hop(hop: PcieHop) -> Hop:
    return Hop(hop.lower, GENERATIONS.get(hop.speed_gt_per_s or 0.0), hop.width)


def _domain(gpus: list[GpuFacts]) -> str | None:
    """Return the NVLink domain and clique of the node's GPUs. Inside one machine the domain's number is zero."""
    fabrics = {(gpu.driver.fabric.cluster_uuid, gpu.driver.fabric.clique_id) for gpu in gpus if gpu.driver}
    if len(fabrics) != 1:
        return None
    cluster, clique = fabrics.pop()
    return f"{cluster}.{clique}" if cluster and cluster.strip("0-") and clique is not None else None
