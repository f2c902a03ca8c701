# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names that the simulator answers to, for whoever plants it in a node: data alone, so that asking for it loads nothing else."""

from __future__ import annotations

COLLECTIVES = ("all_reduce_perf", "all_gather_perf", "reduce_scatter_perf", "sendrecv_perf", "alltoall_perf")
"""Programs of nccl-tests. They are often built with ``_mpi`` behind the name."""
PAIRS = ("ib_write_bw", "ib_read_bw", "ib_send_bw", "ib_write_lat")
"""Programs of perftest."""
TEST_PROGRAMS = ("nvbandwidth", "dcgmi", *COLLECTIVES, *(f"{name}_mpi" for name in COLLECTIVES), *PAIRS)
