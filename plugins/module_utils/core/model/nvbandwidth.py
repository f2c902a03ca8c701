# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies to, from and between the GPUs of one machine, as nvbandwidth measures them. A GB is 10^9 bytes."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class NvbandwidthDevice:
    """A GPU that takes part, or in the multi-node build a process and its GPU."""

    index: int
    """What the rows and columns are numbered by."""
    name: str
    pci_address: str | None = None
    """Without a function; null where it is not printed, as before version 0.5."""
    host: str | None = None


@dataclass(frozen=True)
class NvbandwidthPart:
    """One of several tables of a testcase: of one direction, where the testcase measures both."""

    name: str
    sum: float | None
    matrix: tuple[tuple[float | None, ...], ...]


@dataclass(frozen=True)
class NvbandwidthTestcase:
    """One testcase: a value for each pair of a row and a column."""

    name: str | None
    """Null for one that was left out in a text that does not say which."""
    status: str
    """``passed``, ``waived`` (it does not apply to the machine), ``error``, or ``running`` where the output ends in the middle of it."""
    description: str | None = None
    """What rows and columns are: ``memcpy CE CPU(row) -> GPU(column) bandwidth (GB/s)``."""
    unit: str | None = None
    """``GB/s``, or ``ns`` for latencies."""
    sum: float | None = None
    average: float | None = None
    """With ``--verbose`` only, as are the two below."""
    minimum: float | None = None
    maximum: float | None = None
    matrix: tuple[tuple[float | None, ...], ...] = ()
    """Rows of values; null where nothing was measured: a GPU with itself, or peers that can't reach each other. Of both directions: their total."""
    parts: tuple[NvbandwidthPart, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Nvbandwidth(Document):
    """Output of nvbandwidth."""

    version: str | None = None
    cuda_version: str | None = None
    """``12.4``; printed as 12040."""
    driver_version: str | None = None
    host: str | None = None
    devices: tuple[NvbandwidthDevice, ...] = ()
    testcases: tuple[NvbandwidthTestcase, ...] = ()
    errors: tuple[str, ...] = ()
