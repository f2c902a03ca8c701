# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The node as it is seen before its tests. It is looked at there and judged on the controller: so it goes over the wire, and no more of it than is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..facts import cpu, gpus, hcas, memory
from ..facts.bus import GENERATIONS
from ..facts.source import Source
from ..hardware.machine import Accelerator, Hop, Machine, Rail, machine_from_facts
from ..model.document import as_json
from ..model.node import NodeFacts, PciePath
from ..runner import Runner

_NVLINK_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Node:
    """A node before its tests."""

    name: str
    as_is: Machine
    """With its PCIe links as they run."""
    as_built: Machine
    """With its links as both of their ends can: what it is judged by, so that a link that came up narrow is no excuse."""
    gpus: int
    """How many it should have: as declared, or else those on its bus."""
    rails: int
    proof: str = "hardware"
    serials: Mapping[str, str] = field(default_factory=dict)
    """Of GPUs, by PCI address."""
    numbers: Mapping[str, str] = field(default_factory=dict)
    """PCI addresses by the number that the driver gives a GPU."""
    nvlink_status: str = ""
    """What ``nvidia-smi nvlink --status`` said."""


def see(runner: Runner, name: str, *, root: str = "/", gpus_declared: int | None = None, rails_declared: int | None = None, proof: str = "hardware") -> Node:
    """Look at a node."""
    source = Source(runner, root)
    seen, _faults = gpus.collect(source)
    facts = NodeFacts(("cpu", "numa", "gpus", "hcas"), cpu=cpu.collect(source), numa=memory.collect_numa(source), gpus=seen, hcas=hcas.collect(source))
    answer = runner.run(("nvidia-smi", "nvlink", "--status"), _NVLINK_TIMEOUT_S)
    as_is = machine_from_facts(facts, name=name)
    drivers = {gpu.pci_address: gpu.driver for gpu in facts.gpus if gpu.driver}
    return Node(
        name=name,
        as_is=as_is,
        as_built=as_built(as_is, facts),
        gpus=len(facts.gpus) if gpus_declared is None else gpus_declared,
        rails=len(as_is.rails) if rails_declared is None else rails_declared,
        proof=proof,
        serials={address: driver.serial for address, driver in drivers.items() if driver.serial},
        numbers={str(driver.index): address for address, driver in drivers.items() if driver.index is not None},
        nvlink_status=answer.stdout if answer.rc == 0 else "",
    )


def as_built(machine: Machine, facts: NodeFacts) -> Machine:
    """Return the machine with every link as it could run, and all NVLinks that its GPUs have."""
    paths = {gpu.pci_address: gpu.pcie for gpu in facts.gpus}
    rails = {hca.name: hca.pcie for hca in facts.hcas}
    return replace(
        machine,
        gpus=tuple(replace(gpu, hops=_possible(paths.get(gpu.name)) or gpu.hops, links=None) for gpu in machine.gpus),
        rails=tuple(replace(rail, hops=_possible(rails.get(rail.name)) or rail.hops) for rail in machine.rails),
    )


def _possible(path: PciePath | None) -> tuple[Hop, ...]:
    hops = path.hops if path else ()
    return tuple(Hop(hop.lower, GENERATIONS.get(hop.possible_speed_gt_per_s or hop.speed_gt_per_s or 0.0), hop.possible_width or hop.width) for hop in hops)


def to_dict(node: Node) -> dict[str, Any]:
    """Return a node as JSON values."""
    found = as_json(node)
    return dict(found)


def from_dict(values: Mapping[str, Any]) -> Node:
    """Return the node that ``to_dict`` made these values of."""
    return Node(**{**values, "as_is": _machine(values["as_is"]), "as_built": _machine(values["as_built"])})


def _machine(values: Mapping[str, Any]) -> Machine:
    return Machine(
        **{
            **values,
            "gpus": tuple(Accelerator(**{**gpu, "hops": _hops(gpu)}) for gpu in values["gpus"]),
            "rails": tuple(Rail(**{**rail, "hops": _hops(rail)}) for rail in values["rails"]),
        }
    )


def _hops(device: Mapping[str, Any]) -> tuple[Hop, ...]:
    return tuple(Hop(**hop) for hop in device["hops"])
