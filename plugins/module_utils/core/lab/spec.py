# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a lab is made of: nodes, leaves, rates and addresses, checked once, used everywhere.

Two networks. The management network is one bridge on which Ansible, the package cache and the BMCs work. The data network
has one bridge per leaf and one for the spine; each node hangs on a leaf (or on the spine) by one shaped link, each
leaf on the spine by one shaped uplink. Beside them the InfiniBand fabric, which is simulated (``fabric.py``).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import CoreError

SPINE = "spine"
MAX_INDEX = 254
# The package cache serves every lab on the machine, on an address of its own in the management range.
CACHE_HOST_ID = (255 << 8) + 1
CACHE_PORT = 3142
# Where Redfish answers on each BMC.
BMC_PORT = 443
# On each lab's management network; nodes have the numbers below it.
FABRIC_NUMBER = 254

_NAME = re.compile(r"^[a-z][a-z0-9-]{0,30}$")


@dataclass(frozen=True)
class LabNode:
    """One machine of the lab. ``number`` is the host part of its addresses (2 to 253)."""

    name: str
    number: int
    leaf: str
    hardware_class: str = ""


@dataclass(frozen=True)
class FabricSize:
    """How large the InfiniBand fabric is beyond what follows from the nodes. No spines: no fabric."""

    spines: int = 2
    cables_per_spine: int = 1
    switch_ports: int = 40


@dataclass(frozen=True)
class LabSpec:
    """A whole lab. ``index`` (0 to 254) selects its part of the address ranges and names its interfaces."""

    name: str
    index: int
    nodes: tuple[LabNode, ...]
    uplinks_gbits_per_s: Mapping[str, float]
    link_gbits_per_s: float
    management_range: str = "10.213.0.0/16"
    data_range: str = "10.214.0.0/16"
    bmc_range: str = "10.215.0.0/16"
    bmcs: bool = True
    fabric: FabricSize = FabricSize()
    hardware: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """The prefix of every interface of this lab (Linux allows 15 characters in all)."""
        return f"ry{self.index:02x}"

    def management_network(self) -> ipaddress.IPv4Network:
        return _subnet(self.management_range, self.index)

    def data_network(self) -> ipaddress.IPv4Network:
        return _subnet(self.data_range, self.index)

    def bmc_network(self) -> ipaddress.IPv4Network:
        return _subnet(self.bmc_range, self.index)

    def gateway(self) -> str:
        """The lab host's address on the management network."""
        return str(self.management_network()[1])

    def cache_address(self) -> str:
        """Where the package cache listens: an address of the lab host that only its labs have a route to."""
        return str(ipaddress.ip_network(self.management_range)[CACHE_HOST_ID])

    def management_address(self, node: LabNode) -> str:
        return str(self.management_network()[node.number])

    def data_address(self, node: LabNode) -> str:
        return str(self.data_network()[node.number])

    def bmc_address(self, node: LabNode) -> str:
        return str(self.bmc_network()[node.number])

    def fabric_address(self) -> str:
        """Where the simulator of the InfiniBand fabric listens."""
        return str(self.management_network()[FABRIC_NUMBER])

    def namespace(self, node: LabNode) -> str:
        return f"railyard-{self.name}-{node.name}"

    def fabric_namespace(self) -> str:
        # No node's namespace has a dot in it.
        return f"railyard-{self.name}.fabric"

    def node(self, name: str) -> LabNode:
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(node.name for node in self.nodes)
        raise CoreError(f"The lab {self.name!r} has no node {name!r}.", hint=f"Its nodes: {known}.")

    def to_dict(self) -> dict[str, Any]:
        """What ``spec_from_dict`` reads back; saved with the lab."""
        return {
            "name": self.name,
            "index": self.index,
            "nodes": [{"name": n.name, "number": n.number, "leaf": n.leaf, "hardware_class": n.hardware_class} for n in self.nodes],
            "leaves": [{"name": name, "uplink_gbits_per_s": rate} for name, rate in self.uplinks_gbits_per_s.items()],
            "link_gbits_per_s": self.link_gbits_per_s,
            "management_range": self.management_range,
            "data_range": self.data_range,
            "bmc_range": self.bmc_range,
            "bmcs": self.bmcs,
            "fabric": asdict(self.fabric),
            "hardware": {name: dict(value) for name, value in self.hardware.items()},
        }


def spec_from_dict(data: Mapping[str, Any]) -> LabSpec:
    """Read and check a lab's description. Raises ``CoreError`` naming the value at fault."""
    name = str(data.get("name", ""))
    if not _NAME.match(name):
        raise CoreError(f"{name!r} can't be a lab's name.", where="lab_name", hint="Use up to 31 lower-case letters, digits and dashes.")
    index = int(data["index"])
    if not 0 <= index <= MAX_INDEX:
        raise CoreError(f"{index} is not between 0 and {MAX_INDEX}.", where="lab_index")
    uplinks = {str(leaf["name"]): _rate(leaf.get("uplink_gbits_per_s", 0), f"lab_leaves[{leaf['name']}]") for leaf in data.get("leaves", [])}
    nodes = tuple(_node(entry, uplinks) for entry in data.get("nodes", []))
    if not nodes:
        raise CoreError("the group 'lab' has no hosts.", where="inventory", hint="A lab needs at least one node.")
    for attribute in ("name", "number"):
        seen: dict[Any, str] = {}
        for node in nodes:
            value = getattr(node, attribute)
            if value in seen:
                raise CoreError(
                    f"{node.name} and {seen[value]} have the same {attribute} {value!r}.", where="lab_number" if attribute == "number" else "inventory"
                )
            seen[value] = node.name
    return LabSpec(
        name=name,
        index=index,
        nodes=nodes,
        uplinks_gbits_per_s=uplinks,
        link_gbits_per_s=_rate(data.get("link_gbits_per_s", 1), "lab_link_gbits_per_s"),
        management_range=_range(data.get("management_range", "10.213.0.0/16"), "lab_management_range"),
        data_range=_range(data.get("data_range", "10.214.0.0/16"), "lab_data_range"),
        bmc_range=_range(data.get("bmc_range", "10.215.0.0/16"), "lab_bmc_range"),
        bmcs=bool(data.get("bmcs", True)),
        fabric=_fabric(data.get("fabric") or {}),
        hardware=dict(data.get("hardware", {})),
    )


def _node(entry: Mapping[str, Any], uplinks: Mapping[str, float]) -> LabNode:
    name, number, leaf = str(entry["name"]), int(entry["number"]), str(entry.get("leaf") or SPINE)
    if not _NAME.match(name):
        raise CoreError(f"{name!r} can't be a lab node's name.", where="inventory", hint="Use up to 31 lower-case letters, digits and dashes.")
    if not 2 <= number < FABRIC_NUMBER:
        raise CoreError(f"{number} is not between 2 and {FABRIC_NUMBER - 1}.", where=f"{name}: lab_number")
    if leaf != SPINE and leaf not in uplinks:
        raise CoreError(f"{leaf!r} is not a leaf.", where=f"{name}: lab_leaf", hint=f"lab_leaves has: {', '.join(uplinks) or 'none'}.")
    return LabNode(name=name, number=number, leaf=leaf, hardware_class=str(entry.get("hardware_class") or ""))


def _fabric(data: Mapping[str, Any]) -> FabricSize:
    limits = {"spines": (0, 64), "cables_per_spine": (1, 64), "switch_ports": (2, 254)}
    for key, value in data.items():
        if key not in limits:
            raise CoreError(f"there is no {key!r}.", where="lab_fabric", hint=f"There are: {', '.join(limits)}.")
        low, high = limits[key]
        if not low <= int(value) <= high:
            raise CoreError(f"{value} is not between {low} and {high}.", where=f"lab_fabric.{key}")
    return FabricSize(**{key: int(value) for key, value in data.items()})


def _rate(value: Any, where: str) -> float:
    rate = float(value)
    if not 0.001 <= rate <= 100:
        raise CoreError(f"{value} Gbit/s is not between 0.001 and 100.", where=where)
    return rate


def _range(value: Any, where: str) -> str:
    try:
        network = ipaddress.ip_network(str(value))
    except ValueError as error:
        raise CoreError(f"{value!r} is not a network: {error}.", where=where) from error
    if network.version != 4 or network.prefixlen != 16:
        raise CoreError(f"{value!r} is not an IPv4 /16.", where=where, hint="Each lab takes a /24 of it.")
    return str(network)


def _subnet(network: str, index: int) -> ipaddress.IPv4Network:
    base = ipaddress.IPv4Network(network)
    return ipaddress.IPv4Network((int(base.network_address) + (index << 8), 24))
