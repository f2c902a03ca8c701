# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bandwidth over TCP or UDP between two hosts, as iperf3 measures it. A Gb is 10^9 bits."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class Iperf3Interval:
    """The sum of all streams over one interval, in the direction that the test begins with."""

    start_s: float
    end_s: float
    gbits_per_s: float


@dataclass(frozen=True)
class Iperf3Cpu:
    """How much of one processor core each end was busy: more than 100 with several threads."""

    host: float | None = None
    """The end that wrote the output."""
    remote: float | None = None
    """The other end; null in the output of a server, which is not told."""


@dataclass(frozen=True)
class Iperf3Run:
    """One test, as one of its two ends reports it."""

    version: str | None = None
    role: str | None = None
    """Which end wrote this: ``client`` or ``server``; null where it was cut off before."""
    host: str | None = None
    """The other end: the server's name as the client was given it, or the client's address."""
    port: int | None = None
    """The server's port."""
    protocol: str | None = None
    """``TCP``, ``UDP`` or ``SCTP``."""
    streams: int | None = None
    """Connections in each direction."""
    duration_s: float | None = None
    """How long the test was to last; 0 where it was to move a number of bytes."""
    reverse: bool = False
    """Whether the server sends and the client receives."""
    bidirectional: bool = False
    """Whether both send at the same time."""
    extra_data: str | None = None
    """The text given to the client with ``--extra-data``, which the server reports too."""
    sent_gbits_per_s: float | None = None
    """What the sending end counted; null where the end that reports does not know it, or the test failed."""
    received_gbits_per_s: float | None = None
    """What the receiving end counted; null as above."""
    retransmits: int | None = None
    """TCP segments sent again; null where the end that reports does not send, or its system does not count."""
    reverse_sent_gbits_per_s: float | None = None
    """From the server to the client, of a test of both directions; null for others."""
    reverse_received_gbits_per_s: float | None = None
    lost_percent: float | None = None
    """Datagrams that did not arrive; null for TCP."""
    cpu_percent: Iperf3Cpu | None = None
    intervals: tuple[Iperf3Interval, ...] = ()
    """Those of the time that ``--omit`` leaves out are not listed."""
    error: str | None = None
    complete: bool = True


@dataclass(frozen=True)
class Iperf3(Iperf3Run, Document):
    """Output of iperf3: its first test, and those that follow in the same file."""

    further_runs: tuple[Iperf3Run, ...] = ()
