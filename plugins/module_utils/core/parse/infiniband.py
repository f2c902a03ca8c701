# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the InfiniBand tools have in common: node descriptions, widths and speeds."""

from __future__ import annotations

import re

# Gb/s of one lane, as the kernel counts them in /sys/class/infiniband/*/ports/*/rate (ib_port_sysfs_get_rate).
LANE_GBITS_PER_S = {"SDR": 2.5, "DDR": 5.0, "QDR": 10.0, "FDR10": 10.0, "FDR": 14.0, "EDR": 25.0, "HDR": 50.0, "NDR": 100.0, "XDR": 200.0}
WIDTHS = (1, 2, 4, 8, 12)
# What libibmad's mad_dump_linkspeed* print: the signalling rate of a lane.
_SIGNALLING = {2.5: "SDR", 5.0: "DDR", 10.0: "QDR", 10.3125: "FDR10", 14.0625: "FDR", 25.78125: "EDR", 53.125: "HDR", 106.25: "NDR", 212.5: "XDR"}

# A managed NVIDIA switch, a line or spine board of a director, the second chip of a box: MF0;name:model/slot.
_MANAGED = re.compile(r"^MF\d+;(?P<name>[^:]+):(?P<model>[^/]*)/(?P<slot>.+)$")
# What adapters and switches are called before anyone names them, and gateways that no host is behind.
_DEFAULT = re.compile(r"^\s*$|^MT\d+\b|Mellanox Technologies|^(?:ConnectX|InfiniHost|BlueField|Connect-IB)\S*(?:\s|$)", re.IGNORECASE)
_AGGREGATION = re.compile(r"\bAggregation Node\b", re.IGNORECASE)
_DEVICE = re.compile(r"^(?:mlx\d\w*|HCA-?\d+|mthca\d+|hfi1?_\d+|qib\d+|ib[a-z]?\d\w*|roce\w+|bnxt_re\w+|irdma\d+|rxe\d+|efa_\d+)$", re.IGNORECASE)
_NO_HOST = frozenset(("localhost", "localhost.localdomain", "localhost4", "localhost6", "(none)"))


def node_guid(digits: str) -> str:
    """Return ``0x`` and sixteen digits for the hexadecimal digits of a GUID. They must be digits."""
    return "0x" + digits.lower().rjust(16, "0")


def switch_label(description: str, guid: str) -> tuple[str, str | None]:
    """Return the name that a person gave to a switch and, where the description tells it, its model."""
    match = _MANAGED.match(description)
    if match:
        # The only chip of a box and the chip of a board need no number.
        parts = [part for part in match["slot"].split("/") if part != "U1"]
        return "-".join((match["name"], *parts)), match["model"] or None
    if _DEFAULT.search(description):
        return f"switch-{guid[-8:]}", None
    return description.strip(), None


def hca_identity(description: str) -> tuple[str | None, str | None, bool]:
    """Return the host and the device that an adapter's description names, and whether it is a switch's aggregation node.

    The usual form is what rdma-ndd and the drivers' start scripts write: ``node12 mlx5_3``, ``node12 HCA-4``.
    """
    if _AGGREGATION.search(description):
        return None, None, True
    words = description.split()
    if _DEFAULT.search(description) and not (len(words) == 2 and _DEVICE.match(words[1])):
        return None, None, False
    device = next((word for word in words[1:] if _DEVICE.match(word)), None)
    # A name of several words is no host's.
    named = len(words) <= 2 if device is None else words[1] == device
    host = words[0] if named and words[0].lower() not in _NO_HOST else None
    return host, device, False


def link_rate(width: str | None, speed: str | None) -> float | None:
    """Return what a link carries, in Gb/s, from ``4x`` and ``NDR``."""
    if width is None or speed is None:
        return None
    return int(width[:-1]) * LANE_GBITS_PER_S[speed]


def known_width(text: str) -> str | None:
    """Return ``4x`` for ``4x`` or ``4X``, or ``None`` for what is no width of InfiniBand."""
    digits = text[:-1]
    return f"{digits}x" if text[-1:] in "xX" and digits.isdecimal() and digits in _WIDTH_DIGITS else None


def known_speed(text: str) -> str | None:
    """Return the speed that a word names, or ``None`` for ``???`` and what comes after XDR."""
    return text if text in LANE_GBITS_PER_S else None


def signalled_speed(gbits_per_s: float) -> str | None:
    """Return the speed whose lanes signal at this rate: ``EDR`` for 25.78125, which some print as 25.78."""
    return next((speed for rate, speed in _SIGNALLING.items() if abs(rate - gbits_per_s) < 0.02), None)


_WIDTH_DIGITS = frozenset(str(width) for width in WIDTHS)
