# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A process of a run of collectives: which one it is, after its launcher's environment, and what NCCL logs in it (``NCCL_DEBUG``, ``NCCL_DEBUG_FILE``).

The lines of the log are those of NCCL 2.26 and later, as far as they tell of adapters; compared with recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import CoreError
from ..slurm.hostlist import expand

_LIBRARY = "2.29.7+cuda13.0"
# How a launcher tells a process its number and how many there are, and what must be there too for it to find the others.
_LAUNCHERS = (
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", ("OMPI_",)),
    ("SLURM_PROCID", "SLURM_NTASKS", ("PMIX_", "PMI_", "PMI2_")),
)


@dataclass(frozen=True)
class Task:
    """A process of a run: which one of how many, and where."""

    rank: int
    count: int
    hosts: tuple[str, ...]
    environment: Mapping[str, str]
    pid: int

    @property
    def per_host(self) -> int:
        """Processes on each host."""
        return max(1, self.count // len(self.hosts))


def task_of(node: Mapping[str, Any], environment: Mapping[str, str], pid: int) -> Task:
    """Return which process this is. A program without MPI, or one that its launcher gave no way to the others, is alone."""
    own = (str(node["node"]),)
    for rank, count, needs in _LAUNCHERS if "nccl_singletons" not in node["node_faults"] else ():
        numbers = [environment.get(name, "") for name in (rank, count)]
        if all(number.isdigit() for number in numbers) and any(name.startswith(needs) for name in environment):
            return Task(int(numbers[0]), max(1, int(numbers[1])), _hosts(environment) or own, environment, pid)
    return Task(0, 1, own, environment, pid)


def _hosts(environment: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return tuple(expand(environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_NODELIST") or ""))
    except CoreError:
        return ()


def library_log(node: Mapping[str, Any], task: Task, device: int) -> dict[str, str]:
    """Return the library's log by its path, where there is to be one."""
    environment = task.environment
    path = environment.get("NCCL_DEBUG_FILE", "")
    if environment.get("NCCL_DEBUG", "").upper() not in ("INFO", "TRACE") or not path:
        return {}
    missing = node["node_faults"].get("nccl_fewer_hcas", {}).get("rail")
    hcas = [nic for number, nic in enumerate(node["nics"]) if number != missing and environment.get("NCCL_IB_DISABLE", "0") != "1"]
    begin = f"{node['node']}:{task.pid}:{task.pid} [{device}] NCCL INFO "
    if hcas:
        layer = {"infiniband": "IB", "ethernet": "RoCE"}
        using = " ".join(f"[{number}]{nic['name']}:1/{layer[nic['link_layer']]}" for number, nic in enumerate(hcas))
        state = "Disabled" if "nccl_no_gpudirect" in node["node_faults"] else "Enabled"
        lines = [f"NET/IB : Using {using} [RO]; OOB eth0:192.0.2.1<0>", "Using network IB"]
        lines += [f"GPU Direct RDMA {state} for HCA {number} '{nic['name']}'" for number, nic in enumerate(hcas)]
        if len(task.hosts) > 1:
            suffix = "" if state == "Disabled" else "/GDRDMA"
            lines += [f"Channel {number:02}/0 : 0[0] -> 1[0] [send] via NET/IB/{number}{suffix}" for number in range(len(hcas))]
    else:
        lines = ["NET/IB : No device found.", "NET/Socket : Using [0]eth0:192.0.2.1<0>", "Using network Socket"]
    text = "".join(f"{begin}{line}\n" for line in (f"NCCL version {_LIBRARY}", *lines, "Connected all rings"))
    return {path.replace("%h", str(node["node"])).replace("%p", str(task.pid)): text}
