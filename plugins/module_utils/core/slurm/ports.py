# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where Slurm listens on a host, from role slurm's variables, for whoever filters packets."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import CoreError
from .config import CONTROLLER_PORT, DATABASE_PORT, NODE_PORT
from .model import OMIT

SRUN_PORTS = "60001-63000"
# Without a SrunPortRange srun listens where the kernel puts it: ip_local_port_range in ip(7).
KERNEL_PORTS = "32768-60999"


def ports(variables: Mapping[str, Any], groups: Collection[str]) -> dict[str, list[str]]:
    """Return ports and ranges of ports of ``slurmctld``, ``slurmdbd``, ``slurmd``, ``sackd`` and ``srun``.

    ``variables`` are the role's without the prefix ``slurm_``; what is not there has the role's default. ``groups`` are the host's: its
    nodeset may have a ``Port`` of its own. Of the free dicts only the keys that name a port are looked at. Raises ``CoreError``.
    """
    config = [("slurm_config", variables.get("config")), ("slurm_config_extra", variables.get("config_extra"))]
    of_nodeset = [
        (f"slurm_nodesets[{place}].config", entry.get("config"))
        for place, entry in enumerate(variables.get("nodesets") or ())
        if isinstance(entry, Mapping) and entry.get("group") in groups
    ]
    srun = variables.get("srun_ports")
    srun_range = _found("SrunPortRange", config) or (SRUN_PORTS if srun is None else srun or OMIT, "slurm_srun_ports")
    slurmd, own = _found("SlurmdPort", config), _found("Port", of_nodeset)
    return {
        "slurmctld": _ports(_found("SlurmctldPort", config), CONTROLLER_PORT),
        "slurmdbd": _ports(_found("DbdPort", [("slurm_database_config", variables.get("database_config"))]), DATABASE_PORT),
        "slurmd": _ports(own if own and own[0] != OMIT else slurmd, NODE_PORT),
        # sackd listens on SlurmdPort, as _listen_for_reconf() in its source says.
        "sackd": _ports(slurmd, NODE_PORT),
        "srun": _ports(srun_range, KERNEL_PORTS),
    }


def _found(key: str, layers: list[tuple[str, Any]]) -> tuple[Any, str] | None:
    """Return the last layer's value of a key of Slurm's, whose case doesn't matter, and where it was."""
    found = None
    for name, layer in layers:
        for written in layer if isinstance(layer, Mapping) else ():
            if str(written).lower() == key.lower():
                found = (layer[written], f"{name}.{written}")
    return found


def _ports(found: tuple[Any, str] | None, default: int | str) -> list[str]:
    """Return a value as a list of ports, never an empty one: to a packet filter that would be all of them."""
    value, where = found or (OMIT, "")
    text = str(default if value == OMIT else value)
    # NodeName=n[1-2] Port=[7001-7002] gives each node one of them.
    parts = text.strip("[]").split(",")
    for part in parts:
        match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", part)
        if not match or not 0 < int(match[1]) <= int(match[2] or match[1]) <= 65535:
            raise CoreError(f"{text!r} is neither a port nor a range of ports.", where=where, hint="Write 6817 or 60001-63000.")
    return parts
