# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The attributes of an RDMA adapter as /sys/class/infiniband shows them (Documentation/ABI/stable/sysfs-class-infiniband)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The speed of a lane in Gbit/s -> its name, and the width of a link.
_SPEEDS = {200: "XDR", 100: "NDR", 50: "HDR", 25: "EDR", 14: "FDR", 10: "QDR", 5: "DDR", 2.5: "SDR"}
STATES = {"Down": 1, "Initializing": 2, "Armed": 3, "Active": 4}
_STATE_WORDS = {"Down": "DOWN", "Initializing": "INIT", "Armed": "ARMED", "Active": "ACTIVE"}
# What a port counts that is no traffic; those of mlx5 itself in hw_counters.
_COUNTERS = (
    *("symbol_error", "link_error_recovery", "link_downed", "port_rcv_errors", "port_rcv_remote_physical_errors", "port_rcv_switch_relay_errors"),
    *("port_xmit_discards", "port_xmit_constraint_errors", "port_rcv_constraint_errors", "local_link_integrity_errors", "excessive_buffer_overrun_errors"),
    "VL15_dropped",
)
PHYSICAL_STATES = {"Sleep": 1, "Polling": 2, "Disabled": 3, "LinkUp": 5, "LinkErrorRecovery": 6}


def hca_files(nic: Mapping[str, Any], node: str) -> dict[str, str]:
    """Return an adapter's attributes by path below its folder, its port active and without an error."""
    digits = nic["guid"][2:]
    words = ":".join(digits[start : start + 4] for start in range(0, 16, 4))
    attributes = {
        "node_guid": words,
        "sys_image_guid": words,
        "node_type": "1: CA",
        "node_desc": f"{node} {nic['name']}",
        "hca_type": nic["type"],
        "fw_ver": nic["firmware"],
        "board_id": nic["board_id"],
        "hw_rev": "0",
        "ports/1/gids/0": f"fe80:0000:0000:0000:{words}",
    }
    if nic["link_layer"] == "ethernet":
        attributes["ports/1/gid_attrs/ndevs/0"] = nic["netdev"]
    attributes |= dict.fromkeys((*(f"ports/1/counters/{name}" for name in _COUNTERS), "ports/1/hw_counters/rx_icrc_encapsulated"), "0")
    return {name: f"{value}\n" for name, value in attributes.items()} | port_files(nic)


def port_files(
    nic: Mapping[str, Any], *, state: str = "Active", physical_state: str = "LinkUp", rate_gbits_per_s: float | None = None, lanes: int = 4
) -> dict[str, str]:
    """Return the attributes that say how the adapter's port is, by path below the adapter's folder.

    ``state`` and ``physical_state`` are the words of ibstat. On a simulated node the folder is
    ``<hardware root>/sys/class/infiniband/<nic["name"]>``. The rate is by default what the adapter can do.
    """
    rate = float(nic["rate_gbits_per_s"] if rate_gbits_per_s is None else rate_gbits_per_s)
    speed = _SPEEDS.get(rate / lanes, "SDR")
    lid = int(nic["guid"], 16) % 0xBFFF + 1 if nic["link_layer"] == "infiniband" else 0
    return {
        "ports/1/state": f"{STATES[state]}: {_STATE_WORDS[state]}\n",
        "ports/1/phys_state": f"{PHYSICAL_STATES[physical_state]}: {physical_state}\n",
        "ports/1/rate": f"{rate:g} Gb/sec ({lanes}X {speed})\n",
        "ports/1/link_layer": {"infiniband": "InfiniBand", "ethernet": "Ethernet"}[nic["link_layer"]] + "\n",
        "ports/1/lid": f"{lid:#x}\n",
        "ports/1/sm_lid": f"{int(bool(lid)):#x}\n",
        "ports/1/lid_mask_count": "0\n",
    }
