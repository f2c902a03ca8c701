# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small cluster, as role variables and as the checked value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.hardware.hardware_class import hardware_class
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm import validate
from ansible_collections.railyard.cluster.plugins.module_utils.core.slurm.model import Cluster

GROUPS: dict[str, list[str]] = {
    "slurm_controller": ["ctl1"],
    "slurm_database": ["ctl2"],
    "slurm_compute": ["node01", "node02", "node03", "node04", "cpu1"],
    "gpu_nodes": ["node01", "node02", "node03", "node04"],
    "cpu_nodes": ["cpu1"],
    "unit1": ["login1", "node01", "node02", "cpu1"],
    "empty": [],
}
SITE_CLASSES = {"cpu": {"cpu": {"sockets": 2, "cores_per_socket": 32, "threads_per_core": 2}, "memory_mib": 524288}}
CLASS_OF = {"node01": "h100_sxm_8", "cpu1": "cpu"}
VARIABLES: dict[str, Any] = {
    "version": "24.11",
    "cluster_name": "main",
    "nodesets": [{"name": "h100", "group": "gpu_nodes"}, {"name": "cpu", "group": "cpu_nodes"}],
    "partitions": [{"name": "gpu", "nodesets": ["h100"], "default": True}, {"name": "all-nodes", "nodesets": "all"}],
    "memory_fraction": 0.95,
    "gres_autodetect": "auto",
    "gres_lines": [],
    "topology": {},
    "health_check_program": "/usr/lib/railyard/healthcheck",
    "srun_ports": "60001-63000",
    "accounting_enforce": [],
    "jwt": False,
    "config": {},
    "cgroup_config": {},
    "mpi_config": {},
}

MakeCluster = Callable[..., Cluster]


def class_of(host: str) -> str:
    return CLASS_OF.get(host, "")


def hardware_of(name: str) -> Mapping[str, Any]:
    return hardware_class(name, SITE_CLASSES)


@pytest.fixture
def make_cluster() -> MakeCluster:
    """Return the small cluster with some of its variables or groups changed."""

    def make(groups: Mapping[str, list[str]] | None = None, **changes: Any) -> Cluster:
        return validate.read_cluster({**VARIABLES, **changes}, {**GROUPS, **(groups or {})}, class_of=class_of, hardware_of=hardware_of)

    return make
