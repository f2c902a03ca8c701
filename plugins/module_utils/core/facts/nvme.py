# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""NVMe drives as /sys/class/nvme shows them."""

from __future__ import annotations

import re

from ..model.node import NvmeFacts
from ..parse.values import pci_address
from .hcas import natural
from .source import Source

FOLDER = "/sys/class/nvme"
CONTROLLER = 0x0108
SECTOR = 512
_NAME = re.compile(r"nvme\d{1,5}")
# A namespace, or one path to it where the kernel joins several (nvme_core.multipath).
_NAMESPACE = re.compile(r"nvme\d+(c\d+)?n\d+")


def addresses(source: Source) -> list[str]:
    """Return where the bus has NVMe drives."""
    return source.bus.of_class(CONTROLLER)


def collect(source: Source) -> tuple[NvmeFacts, ...]:
    """Return the drives in the order of their names, and those on the bus that no driver has taken."""
    names = [name for name in source.names(FOLDER) or () if _NAME.fullmatch(name)]
    drives = [_read(source, name) for name in sorted(names, key=natural)]
    for address in sorted(set(addresses(source)) - {drive.pci_address for drive in drives}):
        source.miss("nvme", f"the kernel's NVMe driver has not taken the drive at {address}")
    return tuple(drives)


def _read(source: Source, name: str) -> NvmeFacts:
    folder = f"{FOLDER}/{name}"
    address = pci_address(source.text(f"{folder}/address"))
    device = source.bus.device(address) if address else None
    sizes = [source.number(f"{folder}/{entry}/size") for entry in source.names(folder) or () if _NAMESPACE.fullmatch(entry)]
    known = [size for size in sizes if size is not None and size >= 0]
    return NvmeFacts(
        name=name,
        model=source.text(f"{folder}/model"),
        serial=source.text(f"{folder}/serial"),
        firmware=source.text(f"{folder}/firmware_rev"),
        state=source.text(f"{folder}/state"),
        transport=source.text(f"{folder}/transport"),
        size_bytes=sum(known) * SECTOR if known else None,
        pci_address=address,
        numa_node=device.numa_node if device else None,
        pcie=source.bus.path(address) if address else None,
    )
