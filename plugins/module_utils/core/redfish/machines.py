# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hosts behind a service, one mapping each: what an inventory keeps of it.

An HGX machine shows two systems, the host and its baseboard. They are one machine: the baseboard's GPUs are the host's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ..model.document import as_json
from ..model.redfish import Redfish, RedfishSystem
from .places import is_baseboard

_LEGAL_FORM = re.compile(
    r"\b(inc|incorporated|corp|corporation|co|company|ltd|limited|gmbh|llc|ag|technolog(y|ies)|computers?|electronics)\b\.?|[,()]", re.IGNORECASE
)
_SHORT_NAMES = {
    "hewlett packard enterprise": "hpe",
    "hewlett-packard": "hpe",
    "hp": "hpe",
    "super micro": "supermicro",
    "giga computing": "gigabyte",
    "giga-byte": "gigabyte",
    "quanta cloud": "quanta",
    "asustek": "asus",
    "mellanox": "nvidia",
}


def maker(name: str | None) -> str | None:
    """Return the short name of a maker: ``dell`` for ``Dell Inc.``, ``hpe`` for ``Hewlett Packard Enterprise``."""
    short = " ".join(_LEGAL_FORM.sub(" ", name or "").lower().split())
    return _SHORT_NAMES.get(short, short) or None


def machines(document: Redfish) -> list[dict[str, Any]]:
    """Return the hosts of a service as JSON values: a system's fields, and beside them

    ``vendor`` (short name of the maker), ``gpu_models`` and ``cpu_models`` (each once), ``gpu_count`` and ``cpu_count`` (of those that are there),
    ``faults`` (sentences) and ``manager`` (model, firmware_version).
    """
    boards = [system for system in document.systems if is_baseboard(system.id)]
    hosts = [system for system in document.systems if not is_baseboard(system.id)] or list(document.systems)
    joined = boards if len(hosts) == 1 and hosts != boards else []
    return [_machine(document, host, joined) for host in hosts]


def _machine(document: Redfish, host: RedfishSystem, boards: Iterable[RedfishSystem]) -> dict[str, Any]:
    found: dict[str, Any] = as_json(host)
    for board in boards:
        found["gpus"] = found["gpus"] + as_json(board.gpus)
        for name in ("manufacturer", "model", "serial", "part_number"):
            found[name] = found[name] or getattr(board, name)
    about = [f"system {system.id}" for system in (host, *boards)]
    faults = [f"{fault.subject}: {fault.message}" for fault in document.faults if fault.subject.endswith(tuple(about))]
    manager = next((manager for manager in document.managers if manager.id in host.managers), None)
    gpus = [gpu for gpu in found["gpus"] if gpu["state"] != "Absent"]
    cpus = [cpu for cpu in found["cpus"] if cpu["state"] != "Absent"]
    return {
        **found,
        "manufacturer": found["manufacturer"] or document.vendor,
        "model": found["model"] or document.product,
        "vendor": maker(found["manufacturer"] or document.vendor),
        "gpu_count": len(gpus),
        "gpu_models": _each_once(gpu["model"] or gpu["pci_id"] for gpu in gpus),
        "cpu_count": len(cpus),
        "cpu_models": _each_once(cpu["model"] for cpu in cpus),
        "faults": faults,
        "manager": {"model": manager.model, "firmware_version": manager.firmware_version} if manager else None,
    }


def _each_once(names: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(name for name in names if name))
