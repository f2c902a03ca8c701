# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host as ``railyard discover`` shows it: what the inventory says of it, and what was seen of its hardware, in few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def host_overview(name: str, variables: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of docs/schemas/inventory.json.

    ``answer`` is what railyard.cluster.hardware_facts returned for the host. One that failed, or that did not reach the host, leaves
    ``seen`` false, and ``problem`` says why.
    """
    facts = (answer.get("ansible_facts") or {}).get("railyard")
    seen = isinstance(facts, Mapping) and not answer.get("failed") and not answer.get("unreachable")
    found: Mapping[str, Any] = facts if seen and isinstance(facts, Mapping) else {}
    return {
        "name": name,
        "address": str(variables.get("ansible_host") or name),
        "groups": [str(group) for group in variables.get("group_names") or ()],
        "hardware_class": str(variables.get("railyard_hardware_class") or ""),
        "seen": seen,
        "problem": "" if seen else problem_of(answer),
        "gpus": _gpus(found.get("gpus") or ()),
        "rails": _rails(found.get("hcas") or ()),
        "other_hcas": sum(hca["rail"] is None for hca in found.get("hcas") or ()),
        "faults": [dict(fault) for fault in found.get("faults") or ()],
        "unseen": [dict(entry) for entry in found.get("unseen") or ()],
        "document": str(answer.get("document_path") or ""),
    }


def problem_of(answer: Mapping[str, Any]) -> str:
    """Return in one line why there are no facts."""
    said = " ".join(str(answer.get("msg") or answer.get("module_stderr") or "").split())
    return said.removeprefix("Task failed: ")[:500] or "it was not asked"


def _gpus(gpus: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return how many there are of each kind. A lost GPU has no name any more, so the kind is its PCI ID."""
    kinds: dict[str, dict[str, Any]] = {}
    for gpu in gpus:
        kind = kinds.setdefault(gpu["pci_id"] or "", {"product": "", "pci_id": gpu["pci_id"] or "", "count": 0, "lost": 0, "unasked": 0})
        kind["product"] = kind["product"] or gpu["product"] or ""
        kind["count"] += 1
        kind["lost"] += gpu["state"] in ("lost", "not_on_bus")
        kind["unasked"] += gpu["state"] == "unasked"
    return list(kinds.values())


def _rails(hcas: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how many rails there are, how many of them have an active port, and the fastest rate among those."""
    rails = [hca for hca in hcas if hca["rail"] is not None]
    ports = [port for hca in rails for port in hca["ports"]]
    active = [port for port in ports if port["state"] == "Active"]
    return {
        "count": len(rails),
        "active": sum(any(port["state"] == "Active" for port in hca["ports"]) for hca in rails),
        "rate_gbits_per_s": max((port["rate_gbits_per_s"] or 0 for port in active), default=None),
        "link_layer": next((port["link_layer"] for port in ports if port["link_layer"]), None),
    }
