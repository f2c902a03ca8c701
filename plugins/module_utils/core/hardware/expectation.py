# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hardware should deliver: bus bandwidth of each collective, RDMA of each rail, copies to and between GPUs, and what limits it.

Every function takes machines (``machine.py``) and returns an ``Expectation``; hardware that isn't known gives one without a value that says why.
Bus bandwidth is what nccl-tests print as busbw. The formulas are those of NCCL's model (see ``platforms.py`` for the constants):

- one node: a ring over NVLink, times the gain of NVLS for all_reduce by the default algorithm; over PCIe the weakest link.
- several nodes, ring: the smaller of that and of the rails together, gated by the slowest one.
- two nodes, all_reduce by the default algorithm: a tree moves each byte once, so the rails count 2(n-1)/n times. With n = 16 that
  can hide a dead adapter: measure the ring too.
- alltoall: (n-1)/(n-g) of each GPU's share of the rails, g GPUs being reached by NVLink.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .limits import (
    Limit,
    NotKnownError,
    about,
    gate,
    has_nvlink,
    inside_limit,
    least_sure,
    link,
    listed,
    lowest,
    net_limit,
    of,
    platform,
    port,
    rail_limits,
    require_up,
)
from .machine import Machine, Rail
from .platforms import HOST_COPY_X16, NVLS_GPUS, TWO_NODES_NVLS, Confidence, Platform, pcie_rdma_gbytes_per_s
from .verdict import GPU_COPY, HOST_COPY, MANY_NODES, MANY_NODES_FROM, ONE_NODE, RAIL_PAIR, RDMA, SEVERAL_NODES, STORAGE, PassRatios

Collective = Literal["all_reduce", "all_gather", "reduce_scatter", "alltoall", "sendrecv", "broadcast"]
Algorithm = Literal["default", "ring", "sharp"]
COLLECTIVES: tuple[Collective, ...] = ("all_reduce", "all_gather", "reduce_scatter", "alltoall", "sendrecv", "broadcast")
USE_MEDIAN = "use the fleet's median as the reference"


@dataclass(frozen=True)
class Expectation:
    """What a measurement should give."""

    what: str
    """What is measured: ``all_reduce, 2 nodes, ring``."""
    gbytes_per_s: float | None
    """Null: not known, ``reason`` says why."""
    binding_limit: str
    """What limits it, in words."""
    formula: str
    """How the value follows from the hardware."""
    confidence: Confidence
    """``high``, ``medium`` and ``low``; ``declared`` where a site says what must be reached; ``none`` without a value."""
    ratios: PassRatios
    source: str = ""
    """What was measured elsewhere on such hardware."""
    reason: str = ""
    """Why there is no value."""


def expect_bandwidth(machines: Sequence[Machine], collective: Collective = "all_reduce", algorithm: Algorithm = "default") -> Expectation:
    """Return the bus bandwidth of a collective over all GPUs of the machines.

    ``ring`` is ``NCCL_ALGO=Ring``; ``sharp`` is with reductions in the InfiniBand switches (``NCCL_COLLNET_ENABLE=1``).
    Nodes of one NVLink domain count as one node. Measure with 8 GiB: below 4 GiB NVLS does not reach its full rate (nccl-tests#212).
    """
    count, machines = len(machines), _said(machines)
    what = f"{collective}, {count} node{'' if count == 1 else 's'}, {algorithm}"
    domains = _domains(machines)
    ratios = ONE_NODE if len(domains) == 1 else MANY_NODES if count >= MANY_NODES_FROM else SEVERAL_NODES
    try:
        if not machines:
            raise NotKnownError("there is no node")
        kinds = [platform(machine) for machine in machines]
        limit, formula = _one_domain(machines, kinds, collective, algorithm) if len(domains) == 1 else _several(machines, kinds, domains, collective, algorithm)
    except NotKnownError as unknown:
        return _unknown(what, ratios, unknown)
    source = "; ".join(dict.fromkeys(f"{kind.name}: {kind.accepted}" for kind in kinds))
    return Expectation(what, limit.gbytes_per_s, limit.words, formula, limit.confidence, ratios, source)


def expect_rail_pair(first: Machine, second: Machine, rail: int) -> Expectation:
    """Return the bus bandwidth of two ranks, one on each node, that talk over one rail: the cleanest measure of a rail through NCCL."""
    what = f"all_reduce, pair on rail {rail}"
    try:
        pair = _said((first, second))
        for machine in pair:
            platform(machine)
        limit = gate(pair, lambda machine: [_of_rail(machine, rail)])
    except NotKnownError as unknown:
        return _unknown(what, RAIL_PAIR, unknown)
    return Expectation(what, limit.gbytes_per_s, limit.words, "the rail: for two ranks the factor of all_reduce is 1", limit.confidence, RAIL_PAIR)


def expect_rdma(first: Machine, second: Machine, rail: int, *, together: bool = False) -> Expectation:
    """Return what ib_write_bw gives in one direction between the ports of one rail, from host memory (1 GB/s is 8 Gb/s).

    ``together``: while all rails are measured, so that they share the PCIe links above them. Nothing needs to be known of the GPUs.
    """
    what = f"RDMA write, rail {rail}"
    try:
        limit = gate(_said((first, second)), lambda machine: [lowest(_rdma_limits(machine, _rail(machine, rail), together=together))])
    except NotKnownError as unknown:
        return _unknown(what, RDMA, unknown)
    return Expectation(what, limit.gbytes_per_s, limit.words, "the smaller of line rate and PCIe less packet headers", limit.confidence, RDMA)


def expect_host_copy(machine: Machine, gpu: str) -> Expectation:
    """Return what a copy between the host's memory and a GPU (by its name) gives in one direction."""
    what, (machine,) = f"copy between host and {gpu}", _said((machine,))
    try:
        if platform(machine).host_link == "c2c":
            raise NotKnownError(f"{about(machine)}{gpu} hangs on NVLink-C2C, for whose copies there is no figure")
        hops = next((found.hops for found in machine.gpus if found.name == gpu), ())
        limit = lowest(_host_copy_limit(machine, gpu, hop.address, hop.generation, hop.width) for hop in reversed(hops)) if hops else None
        if not limit:
            raise NotKnownError(f"{about(machine)}the PCIe link of {gpu} was not seen")
    except NotKnownError as unknown:
        return _unknown(what, HOST_COPY, unknown)
    return Expectation(what, limit.gbytes_per_s, limit.words, "what copies reach on such a PCIe link, by its width", limit.confidence, HOST_COPY)


def expect_gpu_copy(machine: Machine) -> Expectation:
    """Return what a copy from one GPU to another of the node gives in one direction."""
    what, (machine,) = "copy between GPUs", _said((machine,))
    try:
        kind = platform(machine)
        if not kind.copy_gbytes_per_s:
            raise NotKnownError(f"{about(machine)}there is no figure for copies between GPUs of {kind.name}")
        active = min(int(kind.links.value) if gpu.links is None else gpu.links for gpu in machine.gpus)
    except NotKnownError as unknown:
        return _unknown(what, GPU_COPY, unknown)
    value = kind.copy_gbytes_per_s.value * active / kind.links.value
    words = f"{of(machine)}NVLink: {active} of {kind.links.value:g} links limit to {value:.1f} GB/s"
    return Expectation(
        what, value, words, "what copies reach over all links, by the links that are active", kind.confidence, GPU_COPY, kind.copy_gbytes_per_s.source
    )


def expect_storage(machine: Machine) -> Mapping[str, Expectation]:
    """Return what the site declares of its storage: it is passed through."""
    return {
        name: Expectation(f"storage {name}", value, f"declared: {value:.1f} GB/s must be reached", "declared", "declared", STORAGE)
        for name, value in machine.storage_gbytes_per_s.items()
    }


def _said(machines: Sequence[Machine]) -> Sequence[Machine]:
    """Return the machines without their names where there is only one: what limits it needs no name then."""
    return machines if len({machine.name for machine in machines}) > 1 else [replace(machine, name="") for machine in machines]


def _unknown(what: str, ratios: PassRatios, unknown: NotKnownError) -> Expectation:
    return Expectation(what, None, "", "", "none", ratios, reason=f"{unknown}; {USE_MEDIAN}")


def _domains(machines: Sequence[Machine]) -> list[list[Machine]]:
    """Return the machines by what counts as one node to NCCL."""
    found: dict[str, list[Machine]] = {}
    for number, machine in enumerate(machines):
        found.setdefault(machine.nvlink_domain or f"#{number}", []).append(machine)
    return list(found.values())


def _one_domain(machines: Sequence[Machine], kinds: Sequence[Platform], collective: Collective, algorithm: Algorithm) -> tuple[Limit, str]:
    count = sum(len(machine.gpus) for machine in machines)
    if count < 2:
        raise NotKnownError(f"{about(machines[0])}one GPU alone has nobody to exchange data with")
    inside, kind = gate(machines, lambda machine: [inside_limit(machine)]), kinds[0]
    if not has_nvlink(machines[0], kind) or kind.topology in ("hybrid", "mesh"):
        return _without_switch(machines[0], kind, inside, collective)
    if collective != "all_reduce" or algorithm == "ring" or kind.nvls_gain.value == 1.0:
        return inside, "links x rate of a link, as far as NCCL takes it"
    return _nvls(machines[0], inside, kind, count, 1.0), f"links x rate of a link x {kind.nvls_gain.value:.2f} for NVLS"


def _without_switch(machine: Machine, kind: Platform, inside: Limit, collective: Collective) -> tuple[Limit, str]:
    pcie = not has_nvlink(machine, kind)
    if collective == "sendrecv" and kind.topology == "mesh" and not pcie:
        rate = kind.model_gbytes_per_s.value
        return Limit(rate, f"{of(machine)}xGMI: one link joins two GPUs, and limits to {rate:.1f} GB/s", "low"), "rate of a link"
    if collective in ("sendrecv", "alltoall") and (kind.topology == "hybrid" or (collective == "alltoall" and pcie)):
        raise NotKnownError(f"{about(machine)}{collective} between GPUs of {kind.name} depends on which of them share links")
    if pcie:
        return inside, "the weakest PCIe link or link between sockets"
    return inside, "links x rate of a link"


def _nvls(machine: Machine, inside: Limit, kind: Platform, gpus: int, factor: float) -> Limit:
    gain = kind.nvls_gain.value
    if gain != 1.0 and gpus < NVLS_GPUS:
        raise NotKnownError(f"what NVLS gives {gpus} GPUs of {kind.name} is not known; the ring is")
    rate = inside.gbytes_per_s * gain * factor
    words = [inside.words]
    if gain != 1.0:
        words.append(f"with NVLS {gain:.2f} times that")
    if factor != 1.0:
        words.append(f"on two nodes {factor:.2f} of it")
    return Limit(rate, f"{', '.join(words)}: {rate:.1f} GB/s" if len(words) > 1 else inside.words, least_sure(inside.confidence, kind.nvls_gain.confidence))


def _several(
    machines: Sequence[Machine], kinds: Sequence[Platform], domains: Sequence[Sequence[Machine]], collective: Collective, algorithm: Algorithm
) -> tuple[Limit, str]:
    if any(len(domain) > 1 for domain in domains):
        raise NotKnownError("there are no figures for several NVLink domains of more than one node each")
    counts = {len(machine.gpus) for machine in machines}
    if len(counts) > 1:
        raise NotKnownError(f"the nodes have different numbers of GPUs: {listed(sorted(counts))}")
    each, net = counts.pop(), net_limit(machines)
    ranks = each * len(machines)
    inside = gate(machines, lambda machine: [inside_limit(machine)]) if each > 1 else None
    slowest = min(kinds, key=lambda kind: kind.links.value * kind.model_gbytes_per_s.value * kind.nvls_gain.value)
    if collective == "sendrecv":
        rail = gate(machines, lambda machine: rail_limits(machine).values())
        limit = lowest((rail, *((inside,) if inside else ())))
        return Limit(limit.gbytes_per_s, limit.words, _confidence(limit, kinds)), "the rail of the GPU at the border of the node"
    if collective == "alltoall":
        factor = (ranks - 1) / (ranks - each)
        share = Limit(net.gbytes_per_s / each * factor, f"{net.words}; each GPU's share is {net.gbytes_per_s / each:.1f}", least_sure(net.confidence, "medium"))
        limit = lowest((share, *((inside,) if inside else ())))
        return Limit(limit.gbytes_per_s, limit.words, _confidence(limit, kinds)), f"each GPU's share of the rails x {ranks - 1}/{ranks - each}"
    if collective == "all_reduce" and inside and slowest.topology == "switch" and (algorithm == "sharp" or (algorithm == "default" and len(machines) == 2)):
        return _tree(machines, slowest, inside, net, ranks, algorithm)
    rate = lowest((inside, net)) if inside else net
    return Limit(rate.gbytes_per_s, rate.words, _confidence(rate, kinds)), "the smaller of NVLink (PCIe) in the node and the rails together"


def _tree(machines: Sequence[Machine], kind: Platform, inside: Limit, net: Limit, ranks: int, algorithm: Algorithm) -> tuple[Limit, str]:
    factor = 2 * (ranks - 1) / ranks
    wire = Limit(net.gbytes_per_s * factor, f"{net.words}, of which a tree needs 1/{factor:.3f}", net.confidence)
    part = TWO_NODES_NVLS.value if algorithm == "default" else 1.0
    limit = lowest((_nvls(machines[0], inside, kind, len(machines[0].gpus), part), wire))
    # Without NVLS nobody has published what two nodes give by default: maintainers ask for the ring (nccl#812).
    sure: Confidence = "medium" if kind.nvls_gain.value != 1.0 else "low"
    confidence = least_sure(limit.confidence, sure, kind.confidence)
    return Limit(limit.gbytes_per_s, limit.words, confidence), f"the smaller of the node's own, x {part:.2f}, and of the rails x 2({ranks}-1)/{ranks}"


def _confidence(limit: Limit, kinds: Sequence[Platform]) -> Confidence:
    """The rails are sure, but that nothing else limits is only as sure as what is known of the platform."""
    return least_sure(limit.confidence, *(kind.confidence for kind in kinds))


def _rail(machine: Machine, number: int) -> Rail:
    found = next((rail for rail in machine.rails if rail.rail == number), None)
    if not found:
        raise NotKnownError(f"{of(machine)}has no rail {number}")
    require_up(machine, found)
    return found


def _of_rail(machine: Machine, number: int) -> Limit:
    """Return a rail's limit. Other rails may be down: they don't matter here."""
    _rail(machine, number)
    return rail_limits(machine, number)[number]


def _rdma_limits(machine: Machine, rail: Rail, *, together: bool) -> list[Limit]:
    others = [other for other in machine.rails if together and other.active]
    subject, line = f"{of(machine)}rail {rail.rail}", (rail.rate_gbits_per_s or 0.0) / 8
    found = [Limit(line, f"{subject}: {port(rail)} at {rail.rate_gbits_per_s:g} Gb/s limits to {line:.1f} GB/s")]
    # Of several equal links the one nearest to the adapter is named.
    for hop in reversed(rail.hops):
        if hop.generation is None or hop.width is None:
            raise NotKnownError(f"{subject}: speed and width of the PCIe link on {hop.address} were not seen")
        among = [other.rail for other in others if hop in other.hops] or [rail.rail]
        rate = pcie_rdma_gbytes_per_s(hop.generation, hop.width) / len(among)
        shared = f", shared by rails {listed(among)}," if len(among) > 1 else ""
        found.append(Limit(rate, f"{subject}: {link(hop)}{shared} limits to {rate:.1f} GB/s", "medium"))
    return found


def _host_copy_limit(machine: Machine, gpu: str, address: str, generation: int | None, width: int | None) -> Limit:
    figure = HOST_COPY_X16.get(generation or 0)
    if not figure or not width:
        seen = f"Gen{generation} x{width}" if generation and width else "that was not seen"
        raise NotKnownError(f"{of(machine)}{gpu}: there is no figure for copies over a PCIe link {seen} ({address})")
    rate = figure.value * width / 16
    return Limit(rate, f"{of(machine)}{gpu}: PCIe Gen{generation} x{width} on {address} limits to {rate:.1f} GB/s", figure.confidence)
