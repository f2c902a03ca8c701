# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fabric as plain dicts and lists, for whoever prints it or makes variables of it."""

from __future__ import annotations

from typing import Any

from ..model.fabric import Fabric, HostLink


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
