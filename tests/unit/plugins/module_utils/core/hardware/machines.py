# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Machines to expect something of: each GPU below a PCIe switch of its own, with the adapter of its rail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.machine import Accelerator, Hop, Machine, Rail

XEON = "Intel(R) Xeon(R) Platinum 8480C"
EPYC = "AMD EPYC 9654 96-Core Processor"
A100, H100, H200, H800, B200, B300, GB200 = "10de:20b2", "10de:2330", "10de:2335", "10de:2324", "10de:2901", "10de:3182", "10de:2941"
L40S, H100_NVL, MI300X, V100 = "10de:26b9", "10de:2321", "1002:74a1", "10de:1db5"


def switched(pci_id: str = H100, *, name: str = "", gpus: int = 8, rails: int = 8, rate: float = 400, generation: int = 5, **more: Any) -> Machine:
    """Return a machine with its GPUs and rails in pairs below switches; the second half of them at the second socket."""

    def bus(index: int, device: str) -> tuple[Hop, ...]:
        return Hop(f"0000:{index}0:00.0", generation, 16), Hop(f"0000:{index}{device}:00.0", generation, 16)

    accelerators = tuple(Accelerator(f"0000:{index}a:00.0", pci_id, bus(index, "a"), None, index * 2 // gpus) for index in range(gpus))
    adapters = tuple(Rail(index, f"mlx5_{index}", rate, True, bus(index, "e"), index * 2 // rails) for index in range(rails))
    return Machine(name, accelerators, adapters, **{"cpu_model": XEON, "sockets": 2, "numa_nodes": 2, **more})


def with_rail(machine: Machine, number: int, **changes: Any) -> Machine:
    """Return the machine with one rail changed."""
    return replace(machine, rails=tuple(replace(rail, **changes) if rail.rail == number else rail for rail in machine.rails))


def with_gpu(machine: Machine, number: int, **changes: Any) -> Machine:
    """Return the machine with one GPU changed."""
    return replace(machine, gpus=tuple(replace(gpu, **changes) if index == number else gpu for index, gpu in enumerate(machine.gpus)))


def slotted(pci_id: str = L40S, *, cpu: str | None = XEON, sockets: int = 1, gpus: int = 4, rails: int = 2, generation: int = 4, links: int = 0) -> Machine:
    """Return a machine whose GPUs and adapters each have a root port of their own."""
    accelerators = tuple(
        Accelerator(f"0000:{index}a:00.0", pci_id, (Hop(f"0000:{index}a:00.0", generation, 16),), links, index * sockets // gpus) for index in range(gpus)
    )
    adapters = tuple(
        Rail(index, f"mlx5_{index}", 200, True, (Hop(f"0000:{index}e:00.0", generation, 16),), index * sockets // max(rails, 1)) for index in range(rails)
    )
    return Machine("", accelerators, adapters, cpu_model=cpu, sockets=sockets, numa_nodes=sockets)
