# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What NVIDIA's driver reports in the kernel log: Xids of GPUs and SXids of NVSwitches."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class XidEvent:
    """One line of the log with an Xid or SXid."""

    kind: str
    """``xid`` (a GPU) or ``sxid`` (an NVSwitch)."""
    xid: int
    time: str | None = None
    """ISO 8601 where the log has the date with its year, else as the log prints it (``Feb 23 16:24:18``)."""
    uptime_s: float | None = None
    """Seconds since the kernel started, where the log has them."""
    host: str | None = None
    pci_address: str | None = None
    name: str | None = None
    """NVIDIA's short description; null for a number that the catalogue does not have."""
    mnemonic: str | None = None
    meaning: str = ""
    action: str | None = None
    """What NVIDIA says to do at once, in its own word (``RESET_GPU``, ``RESTART_APP``, ``WORKFLOW_XID_48``); null where it says nothing."""
    process: str | None = None
    pid: int | None = None
    gpu_uuid: str | None = None
    gpu_instance: int | None = None
    """The MIG instance, where the line names one."""
    component: str | None = None
    """The part of NVLink that reports (Xid 144 to 150)."""
    severity: str | None = None
    """``fatal`` or ``nonfatal``, where the line says it."""
    link: int | None = None
    """The number of the NVLink, where the line names one."""
    detail: str = ""
    """The rest of the line."""


@dataclass(frozen=True)
class XidLog(Document):
    """The Xids and SXids of a kernel log, in the order of the log."""

    lines: int = 0
    """How much was read."""
    events: tuple[XidEvent, ...] = ()
