# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measured communication: collectives (nccl-tests, rccl-tests) and RDMA between two ports (perftest).

Bandwidth is decimal: a GB is 10^9 bytes, a Gb 10^9 bits. Sizes are in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from .document import Document


@dataclass(frozen=True)
class NcclRank:
    """One rank: a GPU that took part."""

    rank: int
    host: str
    device: int
    """The number that the driver gives the GPU on its host."""
    pci_address: str | None = None
    """Without a function, as the tests print it; null where only the bus is printed, as before 2025."""
    group: int = 0
    """The communicator of the rank: others than 0 exist where ``NCCL_TESTS_SPLIT`` makes several."""
    product: str | None = None


@dataclass(frozen=True)
class NcclIterations:
    """How the iterations of one measurement differ, measured one by one (option ``-I``)."""

    min_us: float | None = None
    max_us: float | None = None
    percentile_99_us: float | None = None
    variation_percent: float | None = None
    """Standard deviation divided by the mean."""


@dataclass(frozen=True)
class NcclResult:
    """What was measured for one size, out of place or in place."""

    time_us: float | None = None
    algbw_gbytes_per_s: float | None = None
    busbw_gbytes_per_s: float | None = None
    wrong: int | None = None
    """Elements with a wrong value; null where results were not checked."""
    max_error: float | None = None
    """The largest deviation, which versions before 2.12 print instead of the number of wrong elements."""
    iterations: NcclIterations | None = None


@dataclass(frozen=True)
class NcclRow:
    """One size. A half is null where it was not measured."""

    size_bytes: int
    count: int | None
    """Elements, as the tests count them for the collective."""
    type: str
    redop: str | None = None
    root: int | None = None
    """Null where the collective has none."""
    out_of_place: NcclResult | None = None
    in_place: NcclResult | None = None


@dataclass(frozen=True)
class NcclSettings:
    """What the run was asked for."""

    threads_per_process: int
    gpus_per_thread: int
    min_bytes: int
    max_bytes: int
    step_factor: int | None = None
    step_bytes: int | None = None
    warmup_iterations: int | None = None
    iterations: int | None = None
    checks: int | None = None
    """How often each result is checked; 0: never."""


@dataclass(frozen=True)
class NcclRun:
    """One run of one collective."""

    collective: str | None = None
    """As in the name of the program: ``all_reduce``, ``all_gather``, ``sendrecv``; null where it can't be told."""
    collective_source: str | None = None
    """``named`` where the output says it; ``inferred`` where it follows from the columns and the ratio of the bandwidths."""
    version: str | None = None
    """Of the tests."""
    nccl_version: str | None = None
    """Of the library."""
    settings: NcclSettings | None = None
    rank_count: int | None = None
    """GPUs that took part in all, also where not each is listed."""
    ranks: tuple[NcclRank, ...] = ()
    cpu_time: bool = False
    """Whether times are of the processor that launches (option ``-C``), not of the GPU."""
    rows: tuple[NcclRow, ...] = ()
    avg_busbw_gbytes_per_s: float | None = None
    """As printed: the mean of all sizes and both halves."""
    wrong_total: int | None = None
    """Wrong elements in all rows; where rows don't tell, what the summary says of values out of bounds."""
    out_of_bounds: int | None = None
    """Checks that found a wrong value, from the summary."""
    errors: tuple[str, ...] = ()
    """Lines that tell of a failure, of the tests or of what launched them."""
    nccl_warnings: tuple[str, ...] = ()
    """What the library warned of (``NCCL WARN``)."""
    complete: bool = True


@dataclass(frozen=True)
class NcclTests(NcclRun, Document):
    """Output of nccl-tests or rccl-tests: its first run, and those that follow in the same file."""

    json_version: int | None = None
    """The version of the JSON form."""
    further_runs: tuple[NcclRun, ...] = ()


@dataclass(frozen=True)
class PerftestRow:
    """One size. Bandwidth tests fill the first half, latency tests the second; null is what was not measured."""

    size_bytes: int
    iterations: int | None = None
    side: str | None = None
    """``local`` or ``remote`` where a test of both directions reports them apart."""
    bw_peak_gbits_per_s: float | None = None
    bw_avg_gbits_per_s: float | None = None
    msg_rate_mpps: float | None = None
    t_min_us: float | None = None
    t_max_us: float | None = None
    t_typical_us: float | None = None
    t_avg_us: float | None = None
    t_stdev_us: float | None = None
    percentile_99_us: float | None = None
    percentile_99_9_us: float | None = None
    transactions_per_s: float | None = None
    cpu_percent: float | None = None


@dataclass(frozen=True)
class PerftestRun:
    """One run of one test, as one of its two ends prints it."""

    test: str | None = None
    """As printed: ``RDMA_Write BW``, ``Send Bidirectional BW``, ``RDMA_Read Latency``."""
    bidirectional: bool = False
    device: str | None = None
    transport: str | None = None
    connection: str | None = None
    """RC, UC, UD, XRC, DC."""
    link_type: str | None = None
    """IB or Ethernet."""
    mtu_bytes: int | None = None
    qps: int | None = None
    gid_index: int | None = None
    loopback: bool | None = None
    """Whether both ends have the same address: then nothing left the port."""
    printed_unit: str | None = None
    """The unit of bandwidth that was converted: ``MB/sec`` (2^20 bytes) or ``Gb/sec`` (10^9 bits)."""
    rows: tuple[PerftestRow, ...] = ()
    errors: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class Perftest(PerftestRun, Document):
    """Output of a perftest program: its first run, and others in the same file. What the other end of the same run prints is left out."""

    further_runs: tuple[PerftestRun, ...] = ()
