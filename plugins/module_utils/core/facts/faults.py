# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a node as its own facts tell it: parts of it that do not agree. Nothing is compared with a wish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ..model.document import Fault
from ..model.node import GpuFacts, HcaFacts, NodeFacts, NvmeFacts, PcieHop, PciePath
from .bus import GENERATIONS


def faults_of(facts: NodeFacts, told: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return the faults that the drivers told of, and those that follow from the facts; each only once."""
    found = list(told)
    for fault in (*_gpus(facts.gpus), *_hcas(facts.hcas), *_nvme(facts.nvme), *_links(facts)):
        if (fault.id, fault.subject) not in {(known.id, known.subject) for known in found}:
            found.append(fault)
    return tuple(found)


def _gpus(gpus: Iterable[GpuFacts]) -> Iterator[Fault]:
    for gpu in gpus:
        subject = f"GPU {gpu.pci_address}"
        if gpu.state == "lost":
            yield Fault(
                "gpu_lost",
                subject,
                "it is on the PCI bus, but the driver does not answer for it.",
                "Look for its last Xid in the kernel's log; reboot the node, and power it off and on where that does not help.",
            )
        elif gpu.state == "not_on_bus":
            yield Fault("gpu_not_on_bus", subject, "the driver lists it, but the PCI bus does not have it any more.", "Reboot the node.")


def _hcas(hcas: Iterable[HcaFacts]) -> Iterator[Fault]:
    rails = [hca for hca in hcas if hca.rail is not None]
    rates = Counter(port.rate_gbits_per_s for hca in rails for port in hca.ports if port.state == "Active")
    usual = max(rates, key=lambda rate: (rates[rate], rate or 0.0), default=None)
    for hca in hcas:
        for port in hca.ports:
            subject, what = f"{hca.name} port {port.port}", f"rail {hca.rail}" if hca.rail is not None else "it"
            if port.state not in (None, "Active") and port.physical_state == "LinkUp":
                yield Fault("port_not_active", subject, f"{what} has a link, but is {port.state}.", "Is a subnet manager running in this fabric?")
            elif port.state not in (None, "Active") and hca.rail is not None:
                told = f"{port.state}, {port.physical_state}" if port.physical_state else port.state
                yield Fault("port_down", subject, f"{what} is down ({told}).", "Look at its cable, its transceiver and the switch port at the other end.")
            elif hca.rail is not None and port.state == "Active" and (port.rate_gbits_per_s or 0) < (usual or 0):
                yield Fault(
                    "port_slow",
                    subject,
                    f"{what} runs at {port.rate_gbits_per_s or 0:g} Gbit/s, the node's other rails at {usual:g}.",
                    "Look at its cable and transceiver: a lane may be dead.",
                )


def _nvme(drives: Iterable[NvmeFacts]) -> Iterator[Fault]:
    for drive in drives:
        if drive.state not in (None, "live"):
            yield Fault("nvme_not_live", f"drive {drive.name}", f"its controller is {drive.state}.", "Look in the kernel's log for what it said last.")


def _links(facts: NodeFacts) -> Iterator[Fault]:
    """Links with fewer lanes or a lower speed than both of their ends can do. An idle GPU lowers the speed of its own link by itself."""
    seen: set[str] = set()
    paths = [(f"GPU {gpu.pci_address}", gpu.pcie, True) for gpu in facts.gpus if gpu.state != "lost"]
    paths += [(hca.name, hca.pcie, False) for hca in facts.hcas]
    paths += [(f"drive {drive.name}", drive.pcie, False) for drive in facts.nvme]
    for subject, path, may_idle in paths:
        for position, hop in enumerate(path.hops if path else (), 1):
            if hop.lower in seen or path is None:
                continue
            seen.add(hop.lower)
            own = position == len(path.hops)
            fault = _link(subject, hop, path, own=own, may_idle=may_idle)
            if fault:
                yield fault


def _link(subject: str, hop: PcieHop, path: PciePath, *, own: bool, may_idle: bool) -> Fault | None:
    where = "its PCIe link" if own else f"the PCIe link of the port {hop.lower} above it"
    hint = "Seat the card or its riser anew; where it stays, try another slot."
    if hop.width is not None and hop.possible_width is not None and hop.width < hop.possible_width:
        return Fault("pcie_narrow", subject, f"{where} has x{hop.width} of the x{hop.possible_width} lanes that both of its ends have.", hint)
    speed, possible = hop.speed_gt_per_s, hop.possible_speed_gt_per_s
    if speed is not None and possible is not None and speed < possible and not (own and may_idle):
        text = f"{where} runs at generation {GENERATIONS[speed]} ({speed:g} GT/s), both of its ends can do generation {GENERATIONS[possible]}."
        return Fault("pcie_slow", subject, text, hint)
    return None
