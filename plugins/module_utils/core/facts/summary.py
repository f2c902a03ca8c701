# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node's facts in two sizes: the whole document, and the summary that becomes a fact of the host in Ansible.

Facts cost every later task, so a summary is never larger than ``LARGEST`` bytes of JSON, however much a node has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..model.document import as_json
from ..model.node import GpuFacts, HcaFacts, NodeFacts, NvmeFacts, PciePath
from .bus import GENERATIONS

SCHEMA = "railyard.facts"
SCHEMA_VERSION = 1
LARGEST = 16_000
# What is shortened first where a summary is too large.
_SHORTENED = ("nvme", "unseen", "hcas", "faults", "gpus", "numa")


def document(facts: NodeFacts) -> dict[str, Any]:
    """Return everything that was seen, as docs/schemas/facts.json describes it."""
    return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **as_json(facts)}


def summary(facts: NodeFacts) -> dict[str, Any]:
    """Return what roles, checks and ``railyard discover`` ask for. ``left_out`` says how many entries of a list had no room."""
    whole = document(facts)
    found: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "parts": whole["parts"],
        "system": whole["system"],
        "drivers": whole["drivers"],
        "cpu": whole["cpu"],
        "memory": whole["memory"],
        "numa": [{"node": node.node, "cpus": node.cpus, "memory_mib": node.memory_mib} for node in facts.numa],
        "iommu": facts.iommu.mode if facts.iommu else None,
        "acs": _acs(facts),
        "gpus": [_gpu(gpu) for gpu in facts.gpus],
        "hcas": [_hca(hca) for hca in facts.hcas if not hca.virtual_function],
        "nvme": [_nvme(drive) for drive in facts.nvme],
        "unseen": whole["unseen"],
        "faults": whole["faults"],
        "left_out": {},
    }
    return _fitted(found)


def _acs(facts: NodeFacts) -> list[str] | None:
    """Return the ports that have access control on; ``None`` where it could not be seen."""
    seen = [bridge for bridge in facts.bridges if bridge.acs is not None]
    return [bridge.pci_address for bridge in seen if bridge.acs] if seen else None


def _gpu(gpu: GpuFacts) -> dict[str, Any]:
    driver = gpu.driver
    return {
        "pci_address": gpu.pci_address,
        "state": gpu.state,
        "pci_id": gpu.pci_id,
        "index": driver.index if driver else None,
        "uuid": driver.uuid if driver else None,
        "serial": driver.serial if driver else None,
        "product": driver.product if driver else None,
        "memory_total_mib": driver.memory_total_mib if driver else None,
        "mig_mode": driver.mig_mode if driver else None,
        "numa_node": gpu.numa_node,
        **_pcie(gpu.pcie),
    }


def _hca(hca: HcaFacts) -> dict[str, Any]:
    ports = [
        {name: getattr(port, name) for name in ("port", "state", "physical_state", "rate_gbits_per_s", "link_layer", "lid", "netdev")} for port in hca.ports
    ]
    names = ("name", "guid", "rail", "type", "firmware", "board_id", "pci_address", "numa_node")
    return {**{name: getattr(hca, name) for name in names}, **_pcie(hca.pcie), "ports": ports}


def _nvme(drive: NvmeFacts) -> dict[str, Any]:
    return {name: getattr(drive, name) for name in ("name", "model", "firmware", "state", "size_bytes", "pci_address", "numa_node")}


def _pcie(path: PciePath | None) -> dict[str, Any]:
    """Return how the device's own link runs, and what the whole way to the processor carries."""
    hop = path.hops[-1] if path and path.hops else None
    return {
        "pcie_generation": GENERATIONS.get(hop.speed_gt_per_s) if hop and hop.speed_gt_per_s else None,
        "pcie_width": hop.width if hop else None,
        "pcie_gbytes_per_s": path.bandwidth_gbytes_per_s if path else None,
        "pcie_limiting_hop": path.limiting_hop if path else None,
    }


def _fitted(found: dict[str, Any]) -> dict[str, Any]:
    """Shorten the lists, the least needed first, until the whole is small enough; single texts are bounded before."""
    result: dict[str, Any] = _bounded(found)
    for name in _SHORTENED:
        while _size(result) > LARGEST and result[name]:
            kept = len(result[name]) * 3 // 4
            result["left_out"][name] = result["left_out"].get(name, 0) + len(result[name]) - kept
            result[name] = result[name][:kept]
    for name in ("acs", "system", "drivers", "cpu"):
        if _size(result) > LARGEST:
            result["left_out"][name] = 1
            result[name] = None
    return result


def _size(value: Mapping[str, Any]) -> int:
    return len(json.dumps(value).encode())


def _bounded(value: Any) -> Any:
    """Cut texts that no honest node has."""
    if isinstance(value, str):
        return value if len(value) <= 500 else value[:500] + "..."
    if isinstance(value, dict):
        return {name: _bounded(entry) for name, entry in value.items()}
    return [_bounded(entry) for entry in value] if isinstance(value, list) else value
