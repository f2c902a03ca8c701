# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The performance counters of InfiniBand ports: their sizes, their older names, and which of them mean that something is wrong."""

from __future__ import annotations

from collections.abc import Mapping

# Bits of a counter in PortCounters and its detail attributes (libibmad/fields.c of rdma-core). Extended ones have 64.
BITS: Mapping[str, int] = {
    "SymbolErrorCounter": 16,
    "LinkErrorRecoveryCounter": 8,
    "LinkDownedCounter": 8,
    "PortRcvErrors": 16,
    "PortRcvRemotePhysicalErrors": 16,
    "PortRcvSwitchRelayErrors": 16,
    "PortXmitDiscards": 16,
    "PortXmitConstraintErrors": 8,
    "PortRcvConstraintErrors": 8,
    "LocalLinkIntegrityErrors": 4,
    "ExcessiveBufferOverrunErrors": 4,
    "QP1Dropped": 16,
    "VL15Dropped": 16,
    "PortXmitData": 32,
    "PortRcvData": 32,
    "PortXmitPkts": 32,
    "PortRcvPkts": 32,
    "PortXmitWait": 32,
    "PortInactiveDiscards": 16,
    "PortNeighborMTUDiscards": 16,
    "PortSwLifetimeLimitDiscards": 16,
    "PortSwHOQLifetimeLimitDiscards": 16,
    "PortLocalPhysicalErrors": 16,
    "PortMalformedPktErrors": 16,
    "PortBufferOverrunErrors": 16,
    "PortDLIDMappingErrors": 16,
    "PortVLMappingErrors": 16,
    "PortLoopingErrors": 16,
}
EXTENDED_BITS = 64

# How perfquery called them before OFED 1.5.2.
OLD_NAMES: Mapping[str, str] = {
    "SymbolErrors": "SymbolErrorCounter",
    "LinkRecovers": "LinkErrorRecoveryCounter",
    "LinkDowned": "LinkDownedCounter",
    "RcvErrors": "PortRcvErrors",
    "RcvRemotePhysErrors": "PortRcvRemotePhysicalErrors",
    "RcvSwRelayErrors": "PortRcvSwitchRelayErrors",
    "XmtDiscards": "PortXmitDiscards",
    "XmtConstraintErrors": "PortXmitConstraintErrors",
    "RcvConstraintErrors": "PortRcvConstraintErrors",
    "LinkIntegrityErrors": "LocalLinkIntegrityErrors",
    "ExcBufOverrunErrors": "ExcessiveBufferOverrunErrors",
    "XmtData": "PortXmitData",
    "RcvData": "PortRcvData",
    "XmtBytes": "PortXmitData",
    "RcvBytes": "PortRcvData",
    "XmtPkts": "PortXmitPkts",
    "RcvPkts": "PortRcvPkts",
    "XmtWait": "PortXmitWait",
}

# How many may be there before a person should look: the thresholds that infiniband-diags suggests in etc/error_thresholds. What waits for a
# credit (PortXmitWait), what a switch drops by design (PortRcvSwitchRelayErrors) and VL15Dropped say nothing of a broken link.
LIMITS: Mapping[str, int] = {
    "SymbolErrorCounter": 10,
    "LinkErrorRecoveryCounter": 10,
    "LinkDownedCounter": 10,
    "PortRcvErrors": 10,
    "PortRcvRemotePhysicalErrors": 100,
    "PortXmitDiscards": 100,
    "PortXmitConstraintErrors": 100,
    "PortRcvConstraintErrors": 100,
    "LocalLinkIntegrityErrors": 10,
    "ExcessiveBufferOverrunErrors": 10,
    "PortLocalPhysicalErrors": 10,
    "PortMalformedPktErrors": 10,
    "PortBufferOverrunErrors": 10,
}


def is_saturated(name: str, value: int, *, extended: bool) -> bool:
    """Whether a counter has reached the largest value that it can hold."""
    bits = EXTENDED_BITS if extended else BITS.get(name)
    return bits is not None and value >= (1 << bits) - 1


def described(counters: Mapping[str, int], saturated: tuple[str, ...]) -> str:
    """Return ``SymbolErrorCounter 65535 (its largest value), LinkDownedCounter 2``."""
    return ", ".join(f"{name} {value}{' (its largest value)' if name in saturated else ''}" for name, value in counters.items())


def hint(bad: Mapping[str, int]) -> str:
    """What to do about a port's counters."""
    if set(bad) == {"PortXmitDiscards"}:
        return "Discards alone come of congestion, or of a receiver that takes nothing, not of a cable."
    return "Clean or replace the cable or the transceiver, clear the counters, and see whether they grow again."
