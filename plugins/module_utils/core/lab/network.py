# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab's network as data: which links there are, and the ip and tc commands that make them.

Every node lives in a named network namespace that survives its reboots and power failures, so that addresses and
shaping are set once. A link is shaped at both of its ends, each end limiting what it sends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import CoreError
from .spec import SPINE, LabNode, LabSpec

# tbf: a burst of 128 KiB keeps 1 Gbit/s exact at the kernel's timer resolution; 50 ms of queue.
_BURST = "128kb"
_LATENCY = "50ms"


@dataclass(frozen=True)
class Link:
    """A shaped link of the data network: ``name`` is what the user calls it, ``node1:data0`` or ``leaf1:spine``."""

    name: str
    near: str
    far: str
    far_namespace: str
    gbits_per_s: float


def management_bridge(spec: LabSpec) -> str:
    return f"{spec.tag}mgmt"


def management_port(spec: LabSpec, node: LabNode) -> str:
    """The lab host's end of a node's management link."""
    return f"{spec.tag}m{node.number}"


def fabric_port(spec: LabSpec) -> str:
    """The lab host's end of the management link of the InfiniBand simulator."""
    return f"{spec.tag}fabric"


def mac_address(spec: LabSpec, node: LabNode, device: str) -> str:
    """The address of ``mgmt0`` or ``data0`` of a node, of those that are given out locally."""
    return f"02:72:79:{spec.index:02x}:{node.number:02x}:{int(device == 'data0'):02x}"


def leaf_bridge(spec: LabSpec, leaf: str) -> str:
    if leaf == SPINE:
        return f"{spec.tag}spine"
    return f"{spec.tag}l{list(spec.uplinks_gbits_per_s).index(leaf) + 1}"


def node_link(spec: LabSpec, node: LabNode) -> Link:
    return Link(f"{node.name}:data0", f"{spec.tag}d{node.number}", "data0", spec.namespace(node), spec.link_gbits_per_s)


def uplink(spec: LabSpec, leaf: str) -> Link:
    number = list(spec.uplinks_gbits_per_s).index(leaf) + 1
    return Link(f"{leaf}:{SPINE}", f"{spec.tag}u{number}", f"{spec.tag}s{number}", "", spec.uplinks_gbits_per_s[leaf])


def links(spec: LabSpec) -> list[Link]:
    """Every shaped link: the leaves' uplinks, then the nodes' links."""
    return [uplink(spec, leaf) for leaf in spec.uplinks_gbits_per_s] + [node_link(spec, node) for node in spec.nodes]


def wanted_interfaces(spec: LabSpec) -> list[str]:
    """Names of all interfaces that the lab has on its host."""
    bridges = [management_bridge(spec), leaf_bridge(spec, SPINE), *(leaf_bridge(spec, leaf) for leaf in spec.uplinks_gbits_per_s)]
    ends = [end for leaf in spec.uplinks_gbits_per_s for end in (uplink(spec, leaf).near, uplink(spec, leaf).far)]
    nodes = [name for node in spec.nodes for name in (management_port(spec, node), node_link(spec, node).near)]
    return [*bridges, fabric_port(spec), *ends, *nodes]


def build_commands(spec: LabSpec, present: Iterable[str], namespaces: Iterable[str]) -> list[str]:
    """Lines for ``ip -batch`` that make what is missing, in order. Empty when all is there.

    ``present`` are the interfaces on the host, ``namespaces`` the named network namespaces.
    """
    have, have_namespaces = set(present), set(namespaces)
    lines: list[str] = []

    def bridge(name: str, address: str = "") -> None:
        if name not in have:
            lines.append(f"link add {name} type bridge forward_delay 0 stp_state 0")
            if address:
                lines.append(f"addr add {address} dev {name}")
            lines.append(f"link set {name} up")

    bridge(management_bridge(spec), f"{spec.gateway()}/24")
    bridge(leaf_bridge(spec, SPINE))
    for leaf in spec.uplinks_gbits_per_s:
        bridge(leaf_bridge(spec, leaf))
        up = uplink(spec, leaf)
        if up.near not in have:
            lines.append(f"link add {up.near} type veth peer name {up.far}")
            lines.append(f"link set {up.near} master {leaf_bridge(spec, leaf)} up")
            lines.append(f"link set {up.far} master {leaf_bridge(spec, SPINE)} up")
    namespace = spec.fabric_namespace()
    if namespace not in have_namespaces:
        lines.append(f"netns add {namespace}")
    if fabric_port(spec) not in have or namespace not in have_namespaces:
        lines.append(f"link add {fabric_port(spec)} type veth peer name mgmt0 netns {namespace}")
        lines.append(f"link set {fabric_port(spec)} master {management_bridge(spec)} up")
    for node in spec.nodes:
        namespace = spec.namespace(node)
        if namespace not in have_namespaces:
            lines.append(f"netns add {namespace}")
        for near, far, master in (
            (management_port(spec, node), "mgmt0", management_bridge(spec)),
            (node_link(spec, node).near, "data0", leaf_bridge(spec, node.leaf)),
        ):
            if near not in have or namespace not in have_namespaces:
                lines.append(f"link add {near} type veth peer name {far} address {mac_address(spec, node, far)} netns {namespace}")
                lines.append(f"link set {near} master {master} up")
    return lines


def namespace_commands(spec: LabSpec, node: LabNode) -> list[str]:
    """Lines for ``ip -n NAMESPACE -batch`` that give a node its addresses and its ways to the package cache and the BMCs."""
    return [
        "link set lo up",
        f"addr replace {spec.management_address(node)}/24 dev mgmt0",
        f"addr replace {spec.data_address(node)}/24 dev data0",
        "link set mgmt0 up",
        "link set data0 up",
        f"route replace {spec.cache_address()}/32 via {spec.gateway()}",
        f"route replace {spec.bmc_network()} via {spec.gateway()}",
    ]


def fabric_namespace_commands(spec: LabSpec) -> list[str]:
    """The same for the namespace of the InfiniBand simulator, which sees the management network and nothing else."""
    return ["link set lo up", f"addr replace {spec.fabric_address()}/24 dev mgmt0", "link set mgmt0 up"]


def bmc_commands(spec: LabSpec, dead: Iterable[str], present: Iterable[str]) -> list[str]:
    """Lines for ``ip -batch`` that give each BMC its address on the management network, except those of the ``dead`` nodes.

    ``present`` are the addresses that the lab's host has. Where no BMC answers, the host says that there is none.
    """
    have, without = set(present), set(dead)
    lines = [f"route replace unreachable {spec.bmc_network()}"]
    for node in spec.nodes:
        address = spec.bmc_address(node)
        if node.name in without and address in have:
            lines.append(f"addr delete {address}/32 dev {management_bridge(spec)}")
        elif node.name not in without and address not in have:
            lines.append(f"addr add {address}/32 dev {management_bridge(spec)}")
    return lines


def shape_command(device: str, gbits_per_s: float) -> str:
    """A line for ``tc -batch`` that limits what a device sends."""
    return f"qdisc replace dev {device} root tbf rate {gbits_per_s * 1000:g}mbit burst {_BURST} latency {_LATENCY}"


def remove_commands(spec: LabSpec, present: Iterable[str], namespaces: Iterable[str]) -> list[str]:
    """Lines for ``ip -batch`` that remove all of the lab's network; veth ends go with their namespaces and peers."""
    have, have_namespaces = set(present), set(namespaces)
    own = [*(spec.namespace(node) for node in spec.nodes), spec.fabric_namespace()]
    lines = [f"netns delete {name}" for name in own if name in have_namespaces]
    bridges = [management_bridge(spec), leaf_bridge(spec, SPINE), *(leaf_bridge(spec, leaf) for leaf in spec.uplinks_gbits_per_s)]
    lines += [f"link delete {uplink(spec, leaf).near}" for leaf in spec.uplinks_gbits_per_s if uplink(spec, leaf).near in have]
    lines += [f"link delete {name}" for name in bridges if name in have]
    return lines


def parse_rate_gbits_per_s(text: str) -> float:
    """Read ``200mbit``, ``1.5gbit``, ``200 Mbit/s`` or a bare number of Gbit/s. Raises ``CoreError``."""
    cleaned = text.strip().lower().replace(" ", "").replace("/s", "").replace("bps", "bit")
    for suffix, factor in (("gbit", 1.0), ("mbit", 0.001), ("kbit", 0.000001), ("", 1.0)):
        if cleaned.endswith(suffix):
            try:
                rate = float(cleaned[: len(cleaned) - len(suffix)])
            except ValueError:
                break
            if rate * factor > 0:
                return rate * factor
            break
    raise CoreError(f"{text!r} is not a rate.", where="rate", hint="Write it like 200mbit or 1.5gbit.")
