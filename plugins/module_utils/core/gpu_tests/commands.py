# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of a node run, and in which environment. It is all that a node needs of them: their outputs are judged on the controller."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

TIMED_OUT, MISSING = 124, 127
NVBANDWIDTH, DCGMI = "nvbandwidth", "dcgmi"
TESTCASES = ("host_to_device_memcpy_ce", "device_to_host_memcpy_ce", "device_to_device_memcpy_read_ce", "device_to_device_memcpy_write_ce")
"""What nvbandwidth runs where nothing else is asked for: each way of the copy engines."""
DIAG_LEVELS = (1, 2, 3)
LAUNCHERS = ("single", "srun", "mpirun")
ALGORITHMS = ("default", "ring")
COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter", "alltoall", "sendrecv")
COPIES_OUTPUT, DIAG_OUTPUT = "nvbandwidth.txt", "dcgmi-diag.txt"
SIZE_BYTES = 8 << 30
"""Below 4 GiB NVLS does not reach its full rate (nccl-tests#212)."""
NCCL_LOG = "nccl.%h.%p.log"
_OPTION = re.compile(r"--([A-Za-z][\w-]*)")
_JSON = re.compile(r"(?<![\w-])-j\b|--json")


def features(help_text: str) -> frozenset[str]:
    """Return the long options that a program says it has."""
    return frozenset(_OPTION.findall(help_text))


def copies(testcases: Sequence[str], known: frozenset[str], *, samples: int | None = None) -> tuple[str, ...]:
    """Return nvbandwidth's command line. JSON where the program can: its text does not name what does not apply to the machine."""
    chosen = ("--testcase", *testcases) if "testcase" in known else tuple(word for name in testcases for word in ("--benchmark", name))
    repeats = ("--testSamples", str(samples)) if samples and "testSamples" in known else ()
    return (NVBANDWIDTH, *repeats, *(("--json",) if "json" in known else ()), *chosen)


def diagnostic(level: int, help_text: str) -> tuple[str, ...]:
    """Return the command line of DCGM's diagnostic: JSON where the program says that it can."""
    return (DCGMI, "diag", "-r", str(level), *(("-j",) if _JSON.search(help_text) else ()))


@dataclass(frozen=True)
class Asked:
    """One run of nccl-tests."""

    collective: str
    algorithm: str = "default"
    size_bytes: int = SIZE_BYTES
    iterations: int = 20
    warmup: int = 5
    checks: int = 1

    @property
    def check(self) -> str:
        """What its result is called."""
        return f"nccl_{self.collective}_{self.algorithm}"

    @property
    def output(self) -> str:
        """The file that results refer to."""
        return f"{self.check}.txt"


@dataclass(frozen=True)
class Launch:
    """How nccl-tests are started."""

    launcher: str
    """``single``: one process with all GPUs. ``srun`` and ``mpirun``: a process per GPU."""
    gpus: int
    time_limit_s: float
    host: str = ""
    """The node, as the scheduler names it."""
    partition: str = ""


def programs(collective: str, launcher: str) -> tuple[str, ...]:
    """Return the names that a program of nccl-tests may have, the likelier first: with MPI it often has a suffix."""
    names = (f"{collective}_perf", f"{collective}_perf_mpi")
    return names if launcher == "single" else names[::-1]


def collective(asked: Asked, launch: Launch, program: str) -> tuple[str, ...]:
    """Return the command line of a run of nccl-tests."""
    size = str(asked.size_bytes)
    options = ("-b", size, "-e", size, "-n", str(asked.iterations), "-w", str(asked.warmup), "-c", str(asked.checks), "-t", "1")
    if launch.launcher == "single":
        return (program, *options, "-g", str(launch.gpus))
    count = str(launch.gpus)
    own = (program, *options, "-g", "1")
    if launch.launcher == "srun":
        # A failing rank ends without telling MPI: srun would wait for the others. --gpus-per-task would hide the GPUs from each other.
        where = (*(("--nodelist", launch.host) if launch.host else ()), *(("--partition", launch.partition) if launch.partition else ()))
        limit = str(max(1, math.ceil(launch.time_limit_s / 60)))
        tasks = ("--nodes=1", f"--ntasks={count}", f"--ntasks-per-node={count}", f"--gpus-per-node={count}", "--exclusive", "--mem=0")
        return ("srun", "--mpi=pmix", "--kill-on-bad-exit=1", f"--time={limit}", *tasks, *where, *own)
    # MPI only brings the ranks together: it stays off the fabric.
    mpi = ("--mca", "pml", "ob1", "--mca", "btl", "tcp,self", "--mca", "coll_hcoll_enable", "0")
    exported = tuple(word for name in ("NCCL_DEBUG", "NCCL_DEBUG_SUBSYS", "NCCL_DEBUG_FILE", "NCCL_ALGO", "LD_LIBRARY_PATH") for word in ("-x", name))
    return ("mpirun", "--allow-run-as-root", "-np", count, "--bind-to", "numa", *mpi, *exported, *own)


def environment(asked: Asked, log_folder: str) -> dict[str, str]:
    """Return what a run needs in its environment, beside what any program needs. Nothing else of NCCL's is taken from the caller's."""
    own = {"NCCL_DEBUG": "INFO", "NCCL_DEBUG_SUBSYS": "INIT,NET,ENV,GRAPH", "NCCL_DEBUG_FILE": f"{log_folder}/{NCCL_LOG}"}
    return {**own, "NCCL_ALGO": "Ring"} if asked.algorithm == "ring" else own
