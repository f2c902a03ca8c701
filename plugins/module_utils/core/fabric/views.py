# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fabric as plain dicts and lists, for whoever prints it or makes variables of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..model.document import as_json
from ..model.fabric import Fabric, FabricSwitch, HostLink
from .defects import find_defects


def host_views(fabric: Fabric) -> dict[str, dict[str, Any]]:
    """Return for each host, by the name that the fabric has for it: its scalable unit, pod, leaves, and its ports by rail.

    A port has rail, device, adapter (GUID), port, guid, lid, leaf, leaf_port, width, speed and rate_gbits_per_s; what the discovery
    does not tell is null. ``unit`` and ``pod`` are null for a host that hangs on no leaf.
    """
    views = {}
    for host in fabric.hosts.values():
        unit = fabric.units[host.unit] if host.unit else None
        ports = [_port(fabric, link) for link in host.links]
        views[host.name] = {
            "unit": host.unit,
            "pod": unit.pod if unit else None,
            "leaves": list(dict.fromkeys(port["leaf"] for port in ports)),
            "ports": ports,
        }
    return views


def _port(fabric: Fabric, link: HostLink) -> dict[str, Any]:
    return {
        "rail": link.rail,
        "device": link.device,
        "adapter": link.adapter,
        "port": link.port,
        "guid": link.port_guid,
        "lid": link.lid,
        "leaf": fabric.switches[link.switch].label,
        "leaf_port": link.switch_port,
        "width": link.width,
        "speed": link.speed,
        "rate_gbits_per_s": link.rate_gbits_per_s,
    }


def summary(fabric: Fabric, nodes: Iterable[str] = (), warnings: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fabric as a whole: tiers, scalable units, pods, switches, and what is wrong with it.

    ``nodes``: the hosts that should be there. ``warnings``: what could not be read of the discovery.
    """
    labels = {switch.id: switch.label for switch in fabric.switches.values()}
    return {
        "complete": fabric.wiring.complete,
        "warnings": list(warnings),
        "tiers": fabric.tiers,
        "hosts": len(fabric.hosts),
        "cables": len(fabric.wiring.cables),
        "units": [
            {"name": unit.name, "pod": unit.pod, "rails": unit.rails, "leaves": [labels[leaf] for leaf in unit.leaves], "hosts": list(unit.hosts)}
            for unit in fabric.units.values()
        ],
        "pods": [{"name": pod.name, "units": list(pod.units), "spines": [labels[spine] for spine in pod.spines]} for pod in fabric.pods.values()],
        "switches": [_switch(switch) for switch in fabric.switches.values()],
        "defects": [as_json(defect) for defect in find_defects(fabric, nodes)],
    }


def _switch(switch: FabricSwitch) -> dict[str, Any]:
    ratio = switch.oversubscription
    return {**as_json(switch), "oversubscription": None if ratio is None else round(ratio, 3)}
