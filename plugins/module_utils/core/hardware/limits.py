# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What limits a node: each of its rails, the GPUs among themselves, all rails together. The smallest limit binds, and is said in words.

The model is NCCL's own: every link is worth a constant per lane or per link, and a path is worth its weakest link.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from .machine import Accelerator, Hop, Machine, Rail
from .platforms import INTEL_OVERHEAD, NET_GBYTES_PER_GBIT, Confidence, Platform, is_intel, pcie_gbytes_per_s, platform_of, socket_link

Way = Literal["unseen", "switch", "processor", "sockets"]
_ORDER: tuple[Confidence, ...] = ("high", "declared", "medium", "low", "none")
# Limits are alike up to this factor.
_ALIKE = 1.001
# Through a processor NCCL may as well go through the host's memory.
_SURE: dict[Way, Confidence] = {"unseen": "high", "switch": "high", "processor": "medium", "sockets": "low"}


class NotKnownError(Exception):
    """What is there isn't known well enough to expect anything of it. The text says what, and is shown to a person."""


@dataclass(frozen=True)
class Limit:
    """What something can carry at most, and why."""

    gbytes_per_s: float
    words: str
    confidence: Confidence = "high"


@dataclass(frozen=True)
class Route:
    """The way between an adapter and the GPU next to it."""

    rail: Rail
    gpu: Accelerator | None
    way: Way
    """Below a common PCIe switch, through the processor, from one socket to the other; or not to be seen."""
    hops: tuple[Hop, ...]
    """The links that only this way uses, the adapter's own first: of several equal ones the first is named."""


def least_sure(*values: Confidence) -> Confidence:
    """Return the weakest of them."""
    return max(values, key=_ORDER.index)


def lowest(limits: Iterable[Limit]) -> Limit:
    """Return the limit that binds: of equal ones the first."""
    return min(limits, key=lambda limit: limit.gbytes_per_s)


def gate(machines: Sequence[Machine], limits: Callable[[Machine], Iterable[Limit]]) -> Limit:
    """Return the lowest limit of all machines. Where all are equally low, no machine is named."""
    found = [limit for machine in machines for limit in limits(machine)]
    worst = lowest(found)
    alike = all(limit.gbytes_per_s <= worst.gbytes_per_s * _ALIKE for limit in found)
    return lowest(limits(replace(machines[0], name=""))) if alike else worst


def platform(machine: Machine) -> Platform:
    """Return what the GPUs of a node are. Raises ``NotKnownError`` for none, for several kinds and for a kind that isn't in the table."""
    kinds = sorted({gpu.pci_id or "unknown" for gpu in machine.gpus})
    if not kinds:
        raise NotKnownError(f"{about(machine)}no GPU takes part")
    if len(kinds) > 1:
        raise NotKnownError(f"{about(machine)}the GPUs are of different kinds: {', '.join(kinds)}")
    found = platform_of(kinds[0])
    if not found:
        raise NotKnownError(f"{about(machine)}GPU {kinds[0]} is not in the table of platforms")
    return found


def of(machine: Machine) -> str:
    """Return what goes before a thing of a node, so that it is known whose it is."""
    return f"{machine.name} " if machine.name else ""


def about(machine: Machine) -> str:
    """Return what goes before a sentence about a node."""
    return f"{machine.name}: " if machine.name else ""


def routes(machine: Machine) -> tuple[Route, ...]:
    """Return for each rail the way to the GPU that is nearest; of several equally near ones each rail takes another."""
    taken: Counter[str] = Counter()
    found = []
    for rail in machine.rails:
        ways = [(_way(machine, rail, gpu), gpu) for gpu in machine.gpus]
        if not ways:
            found.append(Route(rail, None, "unseen", rail.hops[::-1]))
            continue
        near = ("switch", "unseen", "processor", "sockets")
        way, gpu = min(ways, key=lambda pair: (near.index(pair[0]), taken[pair[1].name]))
        taken[gpu.name] += 1
        kind = platform_of(gpu.pci_id)
        below = () if kind and kind.host_link == "c2c" else gpu.hops
        common = {hop.address for hop in rail.hops} & {hop.address for hop in below}
        found.append(Route(rail, gpu, way, tuple(hop for hop in (*reversed(rail.hops), *reversed(below)) if hop.address not in common)))
    return tuple(found)


def rail_limits(machine: Machine, only: int | None = None) -> dict[int, Limit]:
    """Return what each rail is worth to NCCL, or one of them while all are in use. Raises ``NotKnownError`` for one that is down or was not seen."""
    ways = routes(machine)
    users = Counter(hop.address for way in ways for hop in way.hops)
    sharing = {address: [way.rail.rail for way in ways if any(hop.address == address for hop in way.hops)] for address in users}
    crossing = sum(way.way == "sockets" for way in ways)
    return {way.rail.rail: _of_route(machine, way, sharing, crossing) for way in ways if only in (None, way.rail.rail)}


def _of_route(machine: Machine, route: Route, sharing: dict[str, list[int]], crossing: int) -> Limit:
    subject, found = f"{of(machine)}rail {route.rail.rail}", [_line_limit(machine, route.rail)]
    through_intel = route.way == "processor" and route.gpu is not None and is_intel(machine.cpu_model)
    for hop in route.hops:
        among = sharing[hop.address]
        rate = pcie(subject, hop) / len(among) / (INTEL_OVERHEAD.value if through_intel else 1.0)
        shared = f", shared by rails {listed(among)}," if len(among) > 1 else ""
        found.append(Limit(rate, f"{subject}: {link(hop)}{shared}{' through an Intel processor' if through_intel else ''} limits to {rate:.1f} GB/s"))
    if route.way == "sockets":
        figure = socket_link(machine.cpu_model)
        if not figure:
            raise NotKnownError(
                f"{subject}: its GPU is at another socket, and the link between sockets of {machine.cpu_model or 'this processor'} is not in the table"
            )
        rate = figure.value / crossing
        shared = f", shared by {crossing} rails," if crossing > 1 else ""
        found.append(Limit(rate, f"{subject}: the link between the sockets{shared} limits to {rate:.1f} GB/s"))
    binding = lowest(found)
    return Limit(binding.gbytes_per_s, binding.words, _SURE[route.way])


def _line_limit(machine: Machine, rail: Rail) -> Limit:
    """Return what a rail's port is worth to NCCL."""
    require_up(machine, rail)
    rate = (rail.rate_gbits_per_s or 0.0) * NET_GBYTES_PER_GBIT.value
    return Limit(rate, f"{of(machine)}rail {rail.rail}: {port(rail)} at {rail.rate_gbits_per_s:g} Gb/s limits to {rate:.1f} GB/s")


def require_up(machine: Machine, rail: Rail) -> None:
    """Raise ``NotKnownError`` for a rail that carries nothing, or of which is not known how much."""
    if not rail.active:
        raise NotKnownError(f"{of(machine)}rail {rail.rail}: {port(rail)} is down")
    if not rail.rate_gbits_per_s:
        raise NotKnownError(f"{of(machine)}rail {rail.rail}: the rate of {port(rail)} was not seen")


def port(rail: Rail) -> str:
    return f"the port of {rail.name}" if rail.name else "its port"


def link(hop: Hop) -> str:
    return f"PCIe Gen{hop.generation} x{hop.width} on {hop.address}"


def pcie(subject: str, hop: Hop) -> float:
    """Return what NCCL takes a link to be worth."""
    if hop.generation is None or hop.width is None:
        raise NotKnownError(f"{subject}: speed and width of the PCIe link on {hop.address} were not seen")
    return pcie_gbytes_per_s(hop.generation, hop.width)


def net_limit(machines: Sequence[Machine]) -> Limit:
    """Return what the rails of a node carry together: data are spread over them evenly, so the slowest one gates all."""
    rails = [limit for machine in machines for limit in rail_limits(machine).values()]
    counts = [len(machine.rails) for machine in machines]
    if not min(counts):
        raise NotKnownError(f"{about(machines[counts.index(0)])}no rail was found")
    worst = gate(machines, lambda machine: rail_limits(machine).values())
    count, total = min(counts), min(counts) * worst.gbytes_per_s
    rate = {rail.rate_gbits_per_s for machine in machines for rail in machine.rails}
    if count > 1 and any(limit.gbytes_per_s > worst.gbytes_per_s * _ALIKE for limit in rails):
        words = f"{worst.words}, and with it each of {count} rails"
    elif max(counts) > count:
        words = f"{of(machines[counts.index(count)])}has only {count} of {max(counts)} rails, of {worst.gbytes_per_s:.1f} GB/s each"
    elif count > 1 and worst.gbytes_per_s >= max(value or 0.0 for value in rate) * NET_GBYTES_PER_GBIT.value / _ALIKE:
        words = f"{count} rails at {rate.pop():g} Gb/s limit to {total:.1f} GB/s"
    else:
        words = worst.words if count == 1 else f"{worst.words}, as each of {count} rails"
    return Limit(total, words, worst.confidence)


def inside_limit(machine: Machine) -> Limit:
    """Return what a ring over the GPUs of a node carries: NVLink (xGMI) where it joins them all, PCIe where not."""
    kind = platform(machine)
    return _nvlink_limit(machine, kind) if has_nvlink(machine, kind) else _pcie_limit(machine)


def has_nvlink(machine: Machine, kind: Platform) -> bool:
    """Say whether NVLink (xGMI) joins all GPUs of the node."""
    return kind.topology in ("switch", "hybrid", "mesh") or (kind.topology == "bridge" and len(machine.gpus) == 2 and _bridged(machine))


def _bridged(machine: Machine) -> bool:
    if any(gpu.links is None for gpu in machine.gpus):
        raise NotKnownError(f"{about(machine)}whether a bridge joins the two GPUs was not seen (nvidia-smi nvlink --status)")
    return all(gpu.links for gpu in machine.gpus)


def _nvlink_limit(machine: Machine, kind: Platform) -> Limit:
    most = int(kind.links.value) if kind.topology != "mesh" else min(int(kind.links.value), len(machine.gpus) - 1)
    worst = min(machine.gpus, key=lambda gpu: most if gpu.links is None else gpu.links)
    count = most if worst.links is None else min(worst.links, most)
    name = "xGMI" if kind.architecture.startswith("gfx") else "NVLink"
    if not count:
        raise NotKnownError(f"{about(machine)}none of the {most} {name} links of GPU {worst.name} is active")
    rate, each = count * kind.model_gbytes_per_s.value, kind.model_gbytes_per_s.value
    limit = Limit(rate, f"{of(machine)}{name}: {count} links of {each:.1f} GB/s limit to {rate:.1f} GB/s", kind.confidence)
    if count < most:
        limit = Limit(rate, f"{of(machine)}{name}: {count} of {most} links of {each:.1f} GB/s on {worst.name} limit to {rate:.1f} GB/s", kind.confidence)
    cap = kind.cap_gbytes_per_s
    if cap and cap.value < rate:
        return Limit(cap.value, f"{of(machine)}{name}: NCCL takes no more than {cap.value:.1f} GB/s for {kind.architecture}", kind.confidence)
    return limit


def _pcie_limit(machine: Machine) -> Limit:
    """Return what a ring over PCIe carries. It enters and leaves each GPU, and each switch, once: no link is shared."""
    for gpu in machine.gpus:
        if not gpu.hops:
            raise NotKnownError(f"{about(machine)}the PCIe link of {gpu.name} was not seen")
    above = set.intersection(*({hop.address for hop in gpu.hops} for gpu in machine.gpus))
    through_intel = not above and is_intel(machine.cpu_model)
    overhead = INTEL_OVERHEAD.value if through_intel else 1.0
    words = " through an Intel processor" if through_intel else ""
    found = []
    for gpu in machine.gpus:
        for hop in reversed(gpu.hops):
            if hop.address not in above:
                rate = pcie(f"{of(machine)}{gpu.name}", hop) / overhead
                found.append(Limit(rate, f"{of(machine)}GPUs: {link(hop)}{words} limits to {rate:.1f} GB/s", "low"))
    if len({machine.socket_of(gpu.numa_node) for gpu in machine.gpus} - {None}) > 1:
        figure = socket_link(machine.cpu_model)
        if not figure:
            raise NotKnownError(f"{about(machine)}the link between sockets of {machine.cpu_model or 'this processor'} is not in the table")
        found.append(Limit(figure.value, f"{of(machine)}GPUs: the link between the sockets limits to {figure.value:.1f} GB/s", "low"))
    return lowest(found)


def _way(machine: Machine, rail: Rail, gpu: Accelerator) -> Way:
    if not machine.placement_seen or not rail.hops or not gpu.hops:
        return "unseen"
    if {hop.address for hop in rail.hops} & {hop.address for hop in gpu.hops}:
        return "switch"
    sockets = {machine.socket_of(rail.numa_node), machine.socket_of(gpu.numa_node)} - {None}
    return "sockets" if len(sockets) > 1 else "processor"


def listed(numbers: Sequence[int]) -> str:
    """Return ``0, 1 and 4``."""
    texts = [str(number) for number in sorted(numbers)]
    return " and ".join(part for part in (", ".join(texts[:-1]), texts[-1]) if part)
