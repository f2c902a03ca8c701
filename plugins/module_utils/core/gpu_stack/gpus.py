# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a PCI ID is, as far as the driver cares: the generation of a GPU and how it is built in. Figures of platforms are those of ``hardware``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import CoreError
from ..hardware.platforms import Platform, platform_of
from . import tables
from .model import RefusalError
from .tables import Board, Generation

NVIDIA, AMD = "10de", "1002"
_PCI_ID = re.compile(r"(?:0x)?([0-9a-f]{4}):(?:0x)?([0-9a-f]{4})", re.IGNORECASE)
_SWITCHES = frozenset(tables.NVSWITCHES.values())


@dataclass(frozen=True)
class GpuKind:
    """A kind of GPU."""

    pci_id: str
    name: str
    generation: Generation
    board: Board
    data_centre: bool
    certain: bool = True
    """Whether the board is known from a table; where not, the processor's architecture tells which one it must be."""


@dataclass(frozen=True)
class Devices:
    """The kinds of devices of a node, each once."""

    gpus: tuple[GpuKind, ...]
    nvswitches: tuple[str, ...]


def read_pci_id(text: str) -> str:
    """Return a PCI ID in the form ``10de:2330``. Raises ``CoreError``."""
    match = _PCI_ID.fullmatch(text.strip())
    if not match:
        raise CoreError(f"{text!r} is not a PCI ID.", hint="Write vendor and device as lspci -nn prints them: 10de:2330.")
    return f"{match[1]}:{match[2]}".lower()


def identify(pci_ids: tuple[str, ...], architecture: str) -> Devices:
    """Tell GPUs and NVSwitches apart. Raises ``CoreError`` for what is no PCI ID, ``RefusalError`` for a device that no driver is known for."""
    names = list(dict.fromkeys(map(read_pci_id, pci_ids)))
    switches = tuple(name for name in names if name in _SWITCHES)
    gpus = tuple(_gpu(name, architecture) for name in names if name not in _SWITCHES)
    if not gpus:
        raise RefusalError("there is no GPU among the PCI IDs.", hint="Give those of the GPUs, too: 10de:20b2 for A100.")
    return Devices(gpus, switches)


def _gpu(pci_id: str, architecture: str) -> GpuKind:
    vendor, device = pci_id.split(":")
    if vendor == AMD:
        raise RefusalError(f"{pci_id} is of AMD: stacks are resolved for NVIDIA's GPUs only.", hint="Install ROCm as AMD's guide says.")
    chip = next((row for row in tables.CHIPS if row[0] <= int(device, 16) <= row[1]), None)
    if vendor != NVIDIA or chip is None:
        raise RefusalError(f"{pci_id} is in no table of GPUs and NVSwitches.", hint="Leave other devices out; a GPU that is too new needs a newer Railyard.")
    platform = platform_of(pci_id)
    name, board, certain = _board(pci_id, chip[2], chip[3], platform, architecture)
    generation = tables.GRACE_HOPPER if board == "grace" else chip[3]
    data_centre = pci_id not in tables.WORKSTATION_CARDS and (platform is not None or chip[2] in tables.DATA_CENTRE_CHIPS or pci_id in tables.DATA_CENTRE_CARDS)
    return GpuKind(pci_id, name, generation, board, data_centre, certain)


def _board(pci_id: str, chip: str, generation: Generation, platform: Platform | None, architecture: str) -> tuple[str, Board, bool]:
    """Return a name, how the GPU is built in, and whether that is known."""
    blackwell = generation in (tables.BLACKWELL, tables.BLACKWELL_ULTRA)
    if pci_id in tables.BOARDS:
        return (*tables.BOARDS[pci_id], True)
    if platform is not None:
        if platform.topology != "switch":
            return platform.name, "card", True
        if not blackwell:
            return platform.name, "sxm", True
        return platform.name, "nvl_tray" if platform.host_link == "c2c" else "nvlink5", True
    if blackwell and chip in tables.DATA_CENTRE_CHIPS:
        return f"{chip} ({pci_id})", "nvl_tray" if architecture == "sbsa" else "nvlink5", False
    return tables.DATA_CENTRE_CARDS.get(pci_id, f"{chip} ({pci_id})"), "card", True
