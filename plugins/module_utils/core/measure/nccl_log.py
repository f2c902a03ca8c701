# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What NCCL logs of the adapters that it uses (``NCCL_DEBUG=INFO``), and what follows from it: a run may be fast, and miss an adapter all the same.

Lines of NCCL 2.11 to 2.29 (``src/transport/net_ib.cc``, ``net_socket.cc``, ``graph/paths.cc``); compared with recordings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..gpu_tests.common import said
from ..gpu_tests.node import Node
from ..model.finding import CheckResult, Evidence

_USING = re.compile(r"NET/IB : Using (.*)")
_ADAPTER = re.compile(r"\[\d+\]([\w.-]+):\d+/(?:IB|RoCE)")
_NETWORK = re.compile(r"Using network (\w+)|NET/(Socket) : Using")
_GPUDIRECT = re.compile(r"GPU Direct RDMA (Enabled|Disabled) for (?:GPU \S+ / )?HCA (\d+)(?: '([\w.-]+)')?")
_CHANNEL = re.compile(r"via NET/IB/\d+(?:\(\d+\))?(/GDRDMA)?")


@dataclass(frozen=True)
class NcclLog:
    """What the logs of all processes of a run say together."""

    adapters: tuple[str, ...] | None
    """Names of the adapters; null where the log says nothing of them."""
    network: str | None
    """``IB`` or ``Socket``."""
    without_gpudirect: tuple[str, ...]
    """Adapters, by name or number, for which it says that data go through the host's memory."""
    with_gpudirect: bool
    """Whether it says of any that they do not."""

    @classmethod
    def read(cls, logs: Sequence[str]) -> NcclLog:
        """Read the logs of a run's processes."""
        text = "\n".join(logs)
        using: list[list[str]] = [_ADAPTER.findall(found) for found in _USING.findall(text)]
        # The process that sees least counts: a rank that misses an adapter does not use it.
        fewest: list[str] = min(using, key=len) if using else []
        networks = [first or second for first, second in _NETWORK.findall(text)]
        states = {name or f"HCA {number}": state for state, number, name in _GPUDIRECT.findall(text)}
        channels = [bool(found) for found in _CHANNEL.findall(text)]
        off = tuple(sorted(name for name, state in states.items() if state == "Disabled"))
        return cls(
            adapters=tuple(fewest) if using else () if networks else None,
            network=networks[-1] if networks else None,
            without_gpudirect=off or (("its channels",) if channels and not any(channels) else ()),
            with_gpudirect="Enabled" in states.values() or any(channels),
        )


def adapters(node: Node, log: NcclLog, output: str) -> tuple[CheckResult, ...]:
    """Return the results about the adapters. None for a node that has no rails."""
    if not node.rails:
        return ()
    evidence = (Evidence("NCCL's log", ", ".join(log.adapters) if log.adapters else log.network or "nothing", f"{node.rails} adapters", file=output),)
    if log.adapters is None:
        hint = "NCCL's log says nothing of adapters: whether it would use them is not known."
        return (said(node, "nccl_adapters", "inconclusive", hint, evidence=evidence),)
    rails = {rail.name for rail in node.as_is.rails if rail.name}
    used = [name for name in log.adapters if not rails or name in rails]
    if len(used) < node.rails:
        lost = sorted(rails - set(used))
        names = ", ".join(lost)
        hint = f"NCCL found {len(used)} of {node.rails} adapters{f'; it misses {names}' if lost and used else ''}"
        hint += ", and goes over TCP: between nodes it will be many times slower." if not used else ": between nodes the others carry its part."
        remediation = "See that the adapter's port is active (ibstat), that rdma-core is installed, and what /etc/nccl.conf and NCCL_IB_HCA say."
        found = said(node, "nccl_adapters", "fail", hint, evidence=evidence, remediation=remediation)
    else:
        found = said(node, "nccl_adapters", "pass", f"NCCL found all {node.rails} adapters.", evidence=evidence)
    if log.without_gpudirect:
        hint = f"NCCL does not use GPUDirect RDMA with {', '.join(log.without_gpudirect)}: data go through the host's memory."
        remediation = "Load nvidia_peermem, or use the open kernel modules with DMA-BUF; see that ACS is off and that GPU and adapter share a PCIe switch."
        return (found, said(node, "nccl_gpudirect", "fail", hint, evidence=evidence, remediation=remediation))
    if log.with_gpudirect:
        return (found, said(node, "nccl_gpudirect", "pass", "NCCL uses GPUDirect RDMA.", evidence=evidence))
    return (found,)
