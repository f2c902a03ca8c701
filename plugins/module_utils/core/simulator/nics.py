# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The RDMA adapters of a simulated node: where they sit, and identities that follow from the node's name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

# An organisation's identifier that real adapters of this maker carry; the digits below it are ours.
_MAKER = "e8ebd3"
# Rate -> chip, PCI device ID, board, firmware and PCIe generation of the adapter that has ports of it: ConnectX-7, -6 and -5.
_MODELS: Mapping[int, dict[str, Any]] = {
    400: {"type": "MT4129", "device": "0x1021", "board_id": "MT_0000000838", "firmware": "28.41.1000", "pcie_generation": 5},
    200: {"type": "MT4123", "device": "0x101b", "board_id": "MT_0000000223", "firmware": "20.39.3004", "pcie_generation": 4},
    0: {"type": "MT4119", "device": "0x1017", "board_id": "MT_0000000008", "firmware": "16.35.4030", "pcie_generation": 3},
}
# Where an adapter sits on a machine without GPUs.
_BUSES = ("19", "3B", "4C", "5D", "9B", "BB", "CB", "DB")


def make_nics(rails: Mapping[str, Any], gpus: Sequence[Mapping[str, Any]], node_name: str, sockets: int) -> list[dict[str, Any]]:
    """Return one adapter per rail: ``name``, ``guid``, ``numa``, ``pci``, ``netdev``, ``mac``, ``rate_gbits_per_s``, ``link_layer`` and its model.

    An adapter shares the PCIe switch of a GPU, as on machines made for GPUDirect: its bus is the next one. Where there are
    more adapters than GPUs, the further ones take the buses after it.
    """
    count = int(rails.get("count", 0))
    slots = slots_of(gpus)
    return [
        make_nic(
            f"mlx5_{index}",
            f"{node_name}/nic{index}",
            numa=index * sockets // count,
            pci=_beside(slots, index, count),
            rate_gbits_per_s=float(rails.get("rate_gbits_per_s", 0)),
            link_layer=str(rails.get("link_layer", "infiniband")),
        )
        for index in range(count)
    ]


def make_other_nics(count: int, rails: int, gpus: Sequence[Mapping[str, Any]], node_name: str) -> list[dict[str, Any]]:
    """Return Ethernet adapters of the storage network: functions of one card, on a root port of its own."""
    domain, bus, _function = slots_of(gpus)[0].split(":")
    return [
        make_nic(
            f"mlx5_{rails + index}",
            f"{node_name}/storage{index}",
            numa=0,
            pci=f"{domain[-4:].lower()}:{int(bus, 16) + 12:02x}:00.{index}",
            rate_gbits_per_s=100.0,
            link_layer="ethernet",
        )
        for index in range(count)
    ]


def slots_of(gpus: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the PCI addresses that adapters and drives sit beside: those of the GPUs, or where GPUs would be."""
    return [str(gpu["pci"]) for gpu in gpus] or [f"00000000:{bus}:00.0" for bus in _BUSES]


def make_nic(name: str, seed: str, *, numa: int, pci: str, rate_gbits_per_s: float, link_layer: str) -> dict[str, Any]:
    """Return one adapter. Its GUID and MAC address follow from ``seed``: two seeds have two GUIDs."""
    digits = hashlib.sha256(seed.encode()).hexdigest()[:10]
    return {
        "name": name,
        "guid": f"0x{_MAKER}{digits}",
        "numa": numa,
        "pci": pci,
        "netdev": _netdev(pci, link_layer),
        "rate_gbits_per_s": rate_gbits_per_s,
        "link_layer": link_layer,
        **next(model for rate, model in _MODELS.items() if rate_gbits_per_s >= rate),
        "mac": ":".join((_MAKER + digits[:6])[start : start + 2] for start in range(0, 12, 2)),
    }


def _beside(slots: Sequence[str], index: int, count: int) -> str:
    slot = index * len(slots) // count
    first = -(-slot * count // len(slots))
    domain, bus, function = slots[slot].split(":")
    return f"{domain[-4:].lower()}:{int(bus, 16) + 1 + index - first:02x}:{function}"


def _netdev(pci: str, link_layer: str) -> str:
    """Return the name that systemd gives to the adapter's network device (systemd.net-naming-scheme(7))."""
    domain, bus, slot = pci.split(":")
    function = int(slot[-1])
    where = (f"P{int(domain, 16)}" if int(domain, 16) else "") + f"p{int(bus, 16)}s0" + (f"f{function}" if function else "")
    return f"ib{where}" if link_layer == "infiniband" else f"en{where}np0"
