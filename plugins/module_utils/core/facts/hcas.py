# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""RDMA adapters as /sys/class/infiniband shows them, and which of them are rails.

The attributes are those of the kernel's ABI document (Documentation/ABI/stable/sysfs-class-infiniband).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ..model.node import HcaFacts, HcaPort
from ..parse.values import decimal, guid, hexadecimal, pci_address, text_or_none
from .bus import address_key, bandwidth
from .source import Source

FOLDER = "/sys/class/infiniband"
LINK_LAYERS = {"InfiniBand": "infiniband", "Ethernet": "ethernet"}
# The kernel's words for a port's logical state -> those of ibstat.
STATES = {"DOWN": "Down", "INIT": "Initializing", "ARMED": "Armed", "ACTIVE": "Active", "ACTIVE_DEFER": "Active"}
# What a subnet manager gives to a port; 0 and 0xffff stand for none.
UNICAST_LIDS = range(1, 0xC000)

_NUMBERED = re.compile(r"\d+: *(\S.*)")
_RATE = re.compile(r"(\d+(?:\.\d+)?) Gb/sec")
_DIGITS = re.compile(r"(\d+)")


def collect(source: Source) -> tuple[HcaFacts, ...]:
    """Return the adapters in the order of their names, rails numbered."""
    names = source.names(FOLDER)
    if names is None:
        source.miss("hcas", f"{FOLDER} is not there: the RDMA drivers are not loaded")
    return numbered([_read(source, name) for name in sorted(names or (), key=natural)])


def addresses(source: Source) -> list[str]:
    """Return where the bus has RDMA adapters."""
    found = {pci_address(source.link_name(f"{FOLDER}/{name}/device")) for name in source.names(FOLDER) or ()}
    return [address for address in source.bus.classes if address in found]


def natural(name: str) -> list[tuple[int, str]]:
    """Return what names are sorted by: mlx5_2 before mlx5_10."""
    return [(int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in _DIGITS.split(name)]


def numbered(hcas: Iterable[HcaFacts]) -> tuple[HcaFacts, ...]:
    """Return the adapters with their rail numbers.

    The rails are the physical functions of one make (link layer, chip, board) that can carry the most together: on a node with eight
    adapters for the compute network and two for storage, the eight. What a card can carry is that of its PCIe slot, not of its port, so
    that a rail whose port is down stays one. Rails are numbered in the order of their PCI addresses. An adapter that is alone of its kind
    on a node with no others is rail 0.
    """
    found = list(hcas)
    groups: dict[tuple[str | None, ...], list[HcaFacts]] = {}
    for hca in found:
        if hca.pci_address and not hca.virtual_function:
            groups.setdefault((hca.ports[0].link_layer if hca.ports else None, hca.type, hca.board_id), []).append(hca)
    rails = max(groups.values(), key=_weight, default=[])
    order = {hca.name: rail for rail, hca in enumerate(sorted(rails, key=lambda hca: address_key(hca.pci_address or "0")))}
    return tuple(replace(hca, rail=order.get(hca.name)) for hca in found)


def _weight(group: list[HcaFacts]) -> tuple[float, float, bool]:
    rates = [port.rate_gbits_per_s or 0.0 for hca in group for port in hca.ports]
    best = max(rates, default=0.0)
    own = [hop for hca in group if hca.pcie for hop in hca.pcie.hops[-1:]]
    slots = [bandwidth(hop.possible_speed_gt_per_s, hop.possible_width) or best / 8 for hop in own] or [best / 8] * len(group)
    return sum(slots), best, any(port.link_layer == "infiniband" for hca in group for port in hca.ports)


def _read(source: Source, name: str) -> HcaFacts:
    folder = f"{FOLDER}/{name}"
    address = pci_address(source.link_name(f"{folder}/device"))
    device = source.bus.device(address) if address else None
    ports = [int(number) for number in source.names(f"{folder}/ports") or () if number.isdecimal() and number.isascii() and len(number) < 4]
    return HcaFacts(
        name=name,
        guid=guid(source.text(f"{folder}/node_guid")),
        type=text_or_none(source.text(f"{folder}/hca_type")),
        firmware=text_or_none(source.text(f"{folder}/fw_ver")),
        board_id=text_or_none(source.text(f"{folder}/board_id")),
        kernel_driver=device.driver if device else None,
        pci_address=address,
        pci_id=device.pci_id if device else None,
        numa_node=device.numa_node if device else None,
        iommu_group=device.iommu_group if device else None,
        virtual_function=device is not None and device.is_virtual,
        rail=None,
        pcie=source.bus.path(address) if address else None,
        ports=tuple(_port(source, name, number) for number in sorted(ports)),
    )


def _port(source: Source, name: str, number: int) -> HcaPort:
    folder = f"{FOLDER}/{name}/ports/{number}"
    state = _word(source.text(f"{folder}/state"))
    rate = text_or_none(source.text(f"{folder}/rate"))
    matched = _RATE.match(rate or "")
    layer = LINK_LAYERS.get(source.text(f"{folder}/link_layer") or "")
    gid = source.text(f"{folder}/gids/0")
    lid = hexadecimal(source.text(f"{folder}/lid"))
    return HcaPort(
        port=number,
        guid=guid(gid[-19:]) if gid and layer == "infiniband" else None,
        state=STATES.get(state or "", state),
        physical_state=_word(source.text(f"{folder}/phys_state")),
        rate_gbits_per_s=decimal(matched[1]) if matched else None,
        rate_text=rate,
        link_layer=layer,
        lid=lid if layer == "infiniband" and lid in UNICAST_LIDS else None,
        netdev=_netdev(source, name, number, layer),
    )


def _netdev(source: Source, name: str, number: int, layer: str | None) -> str | None:
    """Return the port's network device. For Ethernet the adapter names it itself: of a bond it is the bond, not one of its members."""
    if layer == "ethernet":
        named = source.text(f"{FOLDER}/{name}/ports/{number}/gid_attrs/ndevs/0")
        if named:
            return named
    numbers = {device: source.number(f"{FOLDER}/{name}/device/net/{device}/dev_port") for device in source.names(f"{FOLDER}/{name}/device/net") or ()}
    return next((device for device, port in numbers.items() if port == number - 1), None)


def _word(text: str | None) -> str | None:
    """Return ``ACTIVE`` for ``4: ACTIVE``."""
    match = _NUMBERED.fullmatch(text or "")
    return match[1] if match else None
