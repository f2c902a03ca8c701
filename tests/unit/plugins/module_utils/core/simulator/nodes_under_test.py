# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Profiles to run test programs on: a machine of eight GPUs and rails, and one like those of the lab."""

from __future__ import annotations

from typing import Any

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.simulator.profile import apply_fault, make_profile

_LAB = {
    "gpus": {"count": 4, "pci_id": "10de:2330", "gres_type": "h100"},
    "rails": {"count": 2, "rate_gbits_per_s": 200, "link_layer": "infiniband"},
    "cpu": {"sockets": 2, "cores_per_socket": 8, "threads_per_core": 1},
    "memory_mib": 65536,
    "nvme": {"count": 2},
}


def h100(kind: str = "", gpu: int | None = None, *, node: str = "node1", **details: Any) -> dict[str, Any]:
    """Return eight H100 with eight rails, with a fault where one is named."""
    profile = make_profile(hardware_class("h100_sxm_8"), node, "h100_sxm_8")
    return apply_fault(profile, kind, gpu, **details) if kind else profile


def lab(kind: str = "", gpu: int | None = None, *, node: str = "node1", **details: Any) -> dict[str, Any]:
    """Return what a node of the lab pretends to be, with a fault where one is named."""
    profile = make_profile(hardware_class("lab", {"lab": _LAB}), node, "lab")
    return apply_fault(profile, kind, gpu, **details) if kind else profile
