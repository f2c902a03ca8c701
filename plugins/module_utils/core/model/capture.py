# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a capture holds."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document
from .node import CpuFacts, DriverFacts, GpuFacts, HcaFacts, Iommu, MemoryFacts, NvmeFacts, SystemFacts, Unseen


@dataclass(frozen=True)
class CapturedCommand:
    """A command and how much it answered. ``rc`` 127: not installed; 124: did not end in time."""

    command: str
    rc: int
    stdout_bytes: int
    stderr_bytes: int


@dataclass(frozen=True)
class Capture(Document):
    """A capture explained: what it holds, and the facts of the node that follow from it."""

    node: str = ""
    recorded: str = ""
    """When, in UTC: ``2026-03-01T14:25:01Z``."""
    files: int = 0
    """How many files it holds."""
    system: SystemFacts | None = None
    drivers: DriverFacts | None = None
    cpu: CpuFacts | None = None
    memory: MemoryFacts | None = None
    iommu: Iommu | None = None
    gpus: tuple[GpuFacts, ...] = ()
    hcas: tuple[HcaFacts, ...] = ()
    nvme: tuple[NvmeFacts, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    commands: tuple[CapturedCommand, ...] = ()
