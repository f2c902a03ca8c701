# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the simulated hardware delivers: a little less than what such hardware should, and what its faults leave of that. GB/s.

The measure of health is what ``core.hardware`` expects of the machine, so that a healthy node passes; a fault takes its part away.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ..hardware.expectation import Collective, Expectation, expect_bandwidth, expect_gpu_copy, expect_host_copy, expect_rail_pair, expect_rdma
from ..hardware.machine import Accelerator, Hop, Machine, Rail
from ..hardware.platforms import pcie_gbytes_per_s

# Healthy machines give this part of what is expected, and differ from one another by up to twice the spread.
_HEALTHY, _SPREAD = 0.985, 0.003
# What copies reach over PCIe, and collectives where nothing is known of the GPUs.
_PCIE_PART, _UNKNOWN_GBYTES_PER_S = 0.85, 10.0


@dataclass(frozen=True)
class Outcome:
    """What a test program does: what it prints, how long that takes, and how it ends."""

    stdout: str
    rc: int = 0
    stderr: str = ""
    seconds: float = 0.0
    """Between its first words and its results."""
    before: str = ""
    """What it prints at once."""
    files: Mapping[str, str] = field(default_factory=dict)
    """What it writes, by path."""
    hangs: bool = False
    """It prints what it prints, and never ends."""
    signal: int = 0
    """What it dies of."""


def machine(node: Mapping[str, Any]) -> Machine:
    """Return the node of an effective profile as the library's expectations take it."""
    gpus = tuple(
        Accelerator(
            gpu["pci"][4:].lower(),
            gpu["pci_id"],
            (Hop(gpu["pci"][4:].lower(), gpu["pcie_generation"], gpu["current_width"]),),
            gpu["nvlinks_up"] if gpu["nvlinks"] else None,
        )
        for gpu in node["gpus"]
    )
    rails = tuple(Rail(number, nic["name"], nic["rate_gbits_per_s"]) for number, nic in enumerate(node["nics"]))
    return Machine(str(node["node"]), gpus, rails)


def collective_rate(node: Mapping[str, Any], collective: str, nodes: int, algorithm: str) -> float:
    """Return the bus bandwidth over all GPUs of so many nodes like this one."""
    machines = [machine(node)] * nodes
    wanted = cast(Collective, "alltoall" if collective == "alltoall" else collective)
    found = expect_bandwidth(machines, wanted, "ring" if algorithm == "ring" else "default")
    if found.gbytes_per_s is None:
        found = expect_bandwidth(machines, wanted, "ring")
    rate = found.gbytes_per_s or _UNKNOWN_GBYTES_PER_S
    inside = min((_left(gpu["slow_percent"]) * _left(gpu["nvlink_slow_percent"]) for gpu in node["gpus"]), default=1.0)
    outside = min((rail_part(node, number) for number in range(len(node["nics"]))), default=1.0) if nodes > 1 else 1.0
    return rate * healthy(node, collective) * min(inside, outside)


def pair_rate(node: Mapping[str, Any], rail: int) -> float:
    """Return the bus bandwidth of two ranks on two nodes over one rail."""
    own = machine(node)
    found = expect_rail_pair(own, own, rail % max(1, len(own.rails)))
    return (found.gbytes_per_s or _UNKNOWN_GBYTES_PER_S) * healthy(node, f"pair{rail}") * rail_part(node, rail)


def host_copy_rate(node: Mapping[str, Any], number: int, what: str) -> float:
    """Return a copy between the host and a GPU."""
    gpu = node["gpus"][number]
    found = expect_host_copy(machine(node), gpu["pci"][4:].lower())
    rate = found.gbytes_per_s or pcie_gbytes_per_s(gpu["pcie_generation"], gpu["current_width"]) * _PCIE_PART
    # The generation falls while a GPU idles; one that stays low is slow under load too.
    rate *= math.pow(2, gpu["current_generation"] - gpu["pcie_generation"])
    return rate * healthy(node, f"{what}{number}") * _left(gpu["slow_percent"])


def gpu_copy_rate(node: Mapping[str, Any], first: int, second: int) -> float:
    """Return a copy from one GPU to another."""
    pair = [node["gpus"][first], node["gpus"][second]]
    found = expect_gpu_copy(machine({**node, "gpus": pair}))
    rate = found.gbytes_per_s if found.gbytes_per_s is not None else min(pcie_gbytes_per_s(gpu["pcie_generation"], gpu["current_width"]) for gpu in pair)
    return rate * healthy(node, f"copy{first}.{second}") * min(_left(gpu["slow_percent"]) * _left(gpu["nvlink_slow_percent"]) for gpu in pair)


def rdma_rate(node: Mapping[str, Any], rail: int) -> float:
    """Return what the adapter of a rail moves in one direction, as far as this end limits it."""
    own = machine(node)
    found: Expectation = expect_rdma(own, own, rail)
    return (found.gbytes_per_s or 0.0) * healthy(node, f"rdma{rail}") * rail_part(node, rail)


def rail_part(node: Mapping[str, Any], rail: int) -> float:
    """Return what a fault leaves of a rail."""
    fault = node["node_faults"].get("slow_rail")
    return _left(fault["percent"]) if fault and fault["rail"] == rail else 1.0


def healthy(node: Mapping[str, Any], what: str) -> float:
    """Return the part of the expected that this machine gives: always the same for the same machine and test."""
    digest = hashlib.sha256(f"{node['node']}/{what}".encode()).digest()
    return _HEALTHY + _SPREAD * (digest[0] / 127.5 - 1)


def _left(percent: Any) -> float:
    return max(0.0, 1 - float(percent) / 100)


def lost(gpus: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a GPU is there that does not answer: then no program that uses all of them begins."""
    return any(gpu["state"] != "ok" for gpu in gpus)
