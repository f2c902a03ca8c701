# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The PCI bus as /sys/bus/pci shows it: devices by address, the way from each to the processor, and what its links can carry.

The link attributes are those of the kernel's pci-sysfs.c: speeds as ``32.0 GT/s PCIe`` (``16 GT/s`` before Linux 5.7, ``Unknown`` for a
device that does not answer), widths as lanes (63 for one that does not answer, 0 or 255 where it has none).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..model.node import PcieHop, PciePath
from ..parse.values import hexadecimal, pci_address, whole

if TYPE_CHECKING:
    from .source import Source

FOLDER = "/sys/bus/pci/devices"
WIDTHS = (1, 2, 4, 8, 12, 16, 32)
# PCIe base specification: transfers per second and lane -> the part of the bits that is left after line encoding
# (8b/10b for the first two, 128b/130b, and 242 of 256 bytes of a flit for the last).
ENCODING = {2.5: 0.8, 5.0: 0.8, 8.0: 128 / 130, 16.0: 128 / 130, 32.0: 128 / 130, 64.0: 242 / 256}
GENERATIONS = {speed: number for number, speed in enumerate(ENCODING, 1)}

_SPEED = re.compile(r"(\d{1,3}(?:\.\d+)?) GT/s(?: PCIe)?")
_HOST_BRIDGE = re.compile(r"pci[0-9a-f]{4,8}:[0-9a-f]{2}")


@dataclass(frozen=True)
class Link:
    """A device's link to the port above it, or a port's to the device below it, as this end reports it."""

    speed: float | None
    speed_max: float | None
    width: int | None
    width_max: int | None


@dataclass(frozen=True)
class Device:
    """A function on the bus. ``bridges`` are the addresses of the ports above it, from the root port down."""

    address: str
    pci_id: str | None
    subsystem_id: str | None
    driver: str | None
    numa_node: int | None
    iommu_group: int | None
    is_virtual: bool
    link: Link
    bridges: tuple[str, ...]


class Bus:
    """Reads lazily: the class of every device once, and all the rest of those that are asked for."""

    def __init__(self, source: Source) -> None:
        self._source = source
        names = source.names(FOLDER)
        self.is_visible = names is not None
        found = [(name, hexadecimal(source.text(f"{FOLDER}/{name}/class"))) for name in names or () if pci_address(name)]
        self.classes = {name: number for name, number in sorted(found, key=lambda item: address_key(item[0])) if number is not None}
        self._devices: dict[str, Device] = {}
        self._links: dict[str, Link] = {}

    def of_class(self, *classes: int) -> list[str]:
        """Return the addresses of the devices whose class begins with one of these: 0x03 is any display, 0x0302 a 3D controller."""
        wanted = {(number, 8 if number > 0xFF else 16) for number in classes}
        return [address for address, code in self.classes.items() if any(code >> shift == number for number, shift in wanted)]

    def device(self, address: str) -> Device | None:
        """Return a device, or ``None`` for what is not on the bus."""
        if address not in self.classes:
            return None
        if address not in self._devices:
            self._devices[address] = self._read(address)
        return self._devices[address]

    def path(self, address: str) -> PciePath | None:
        """Return the way from a device to the processor; ``None`` for one that is not on the bus."""
        device = self.device(address)
        return measure(device.bridges, address, {name: self.link(name) for name in (*device.bridges, address)}) if device else None

    def link(self, address: str) -> Link:
        """Return a device's own link."""
        if address not in self._links:
            folder, text = f"{FOLDER}/{address}", self._source.text
            self._links[address] = Link(
                speed=_speed(text(f"{folder}/current_link_speed")),
                speed_max=_speed(text(f"{folder}/max_link_speed")),
                width=_width(text(f"{folder}/current_link_width")),
                width_max=_width(text(f"{folder}/max_link_width")),
            )
        return self._links[address]

    def pci_id(self, address: str, prefix: str = "") -> str | None:
        """Return ``10de:2330``, or with the prefix ``subsystem_`` that of the board."""
        parts = [hexadecimal(self._source.text(f"{FOLDER}/{address}/{prefix}{name}")) for name in ("vendor", "device")]
        return ":".join(f"{part:04x}" for part in parts if part is not None) if None not in parts else None

    def numa_node(self, address: str) -> int | None:
        node = self._source.number(f"{FOLDER}/{address}/numa_node")
        return node if node is not None and node >= 0 else None

    def _read(self, address: str) -> Device:
        folder = f"{FOLDER}/{address}"
        return Device(
            address=address,
            pci_id=self.pci_id(address),
            subsystem_id=self.pci_id(address, "subsystem_"),
            driver=self._source.link_name(f"{folder}/driver"),
            numa_node=self.numa_node(address),
            iommu_group=whole(self._source.link_name(f"{folder}/iommu_group")),
            is_virtual=self._source.link(f"{folder}/physfn") is not None,
            link=self.link(address),
            bridges=bridges_of(self._source.link(folder), address),
        )


def bridges_of(target: str | None, address: str) -> tuple[str, ...]:
    """Return the ports above a device from what its link points at: ``../../../devices/pci0000:15/0000:15:01.0/0000:16:00.0``.

    Below a host bridge that hangs on another device (Intel VMD), only the ports below that one count.
    """
    parts = (target or "").split("/")
    last = max((index for index, part in enumerate(parts) if _HOST_BRIDGE.fullmatch(part)), default=len(parts))
    return tuple(part for part in parts[last + 1 :] if pci_address(part) and part != address)


def measure(bridges: tuple[str, ...], address: str, links: dict[str, Link]) -> PciePath:
    """Return the links on the way and the slowest of them.

    From the root port down, two neighbours each are the ends of one link: root port and the switch's upstream port (or the device),
    then downstream port and device. Between the two ports of a switch there is no link.
    """
    chain = [*bridges, address]
    hops = []
    for start in range(0, len(chain), 2):
        ends = chain[start : start + 2]
        hops.append(_hop(ends[0] if len(ends) == 2 else None, ends[-1], links))
    # From the device up: of several slowest links it is the one nearest to the device.
    known = [(value, hop.lower) for hop in reversed(hops) for value in (bandwidth(hop.speed_gt_per_s, hop.width),) if value is not None]
    possible = [bandwidth(hop.possible_speed_gt_per_s, hop.possible_width) for hop in hops]
    slowest = min(known, key=lambda item: item[0], default=None)
    return PciePath(
        bridges=bridges,
        hops=tuple(hops),
        bandwidth_gbytes_per_s=slowest[0] if slowest and len(known) == len(hops) else None,
        possible_gbytes_per_s=min((value for value in possible if value is not None), default=None),
        limiting_hop=slowest[1] if slowest else None,
    )


def _hop(upper: str | None, lower: str, links: dict[str, Link]) -> PcieHop:
    below, above = links[lower], links[upper] if upper else links[lower]
    return PcieHop(
        upper=upper,
        lower=lower,
        speed_gt_per_s=below.speed if below.speed is not None else above.speed,
        width=below.width if below.width is not None else above.width,
        possible_speed_gt_per_s=min((value for value in (below.speed_max, above.speed_max) if value is not None), default=None),
        possible_width=min((value for value in (below.width_max, above.width_max) if value is not None), default=None),
    )


def bandwidth(speed_gt_per_s: float | None, width: int | None) -> float | None:
    """Return gigabytes per second in one direction."""
    if speed_gt_per_s not in ENCODING or width is None:
        return None
    return round(speed_gt_per_s * ENCODING[speed_gt_per_s] * width / 8, 2)


def address_key(address: str) -> tuple[int, ...]:
    """Return what addresses are sorted by: as numbers, so that domain 10000 comes after domain 8."""
    return tuple(int(part, 16) for part in re.split("[:.]", address))


def _speed(text: str | None) -> float | None:
    match = _SPEED.fullmatch(text or "")
    return float(match[1]) if match and float(match[1]) in ENCODING else None


def _width(text: str | None) -> int | None:
    number = whole((text or "").lstrip("x"))
    return number if number in WIDTHS else None
