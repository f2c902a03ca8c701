# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Drivers: /proc/modules for what is loaded, /sys/module and /proc/driver/nvidia for versions."""

from __future__ import annotations

import re

from ..model.node import DriverFacts
from .source import Source

# What roles and checks ask for: the drivers themselves, and what GPUDirect, verbs and IPoIB need.
MODULES = (
    "amdgpu", "gdrdrv", "ib_core", "ib_ipoib", "ib_umad", "ib_uverbs", "knem", "mlx4_core", "mlx5_core", "mlx5_ib", "nv_peer_mem", "nvidia", "nvidia_fs",
    "nvidia_modeset", "nvidia_peermem", "nvidia_uvm", "nvme", "nvme_rdma", "rdma_cm", "rdma_ucm", "vfio_pci", "xpmem",
)  # fmt: skip
_NVIDIA = re.compile(r"^NVRM version: NVIDIA UNIX .*?(Open )?Kernel Module.*?  (\d+(?:\.\d+)+)", re.MULTILINE)
# MLNX_OFED and DOCA-OFED number their modules by year and month; the kernel's own mlx5 has a number of its own, or none.
_OFED = re.compile(r"\d{2}\.\d{2}-\d+(?:\.\d+)+")


def collect(source: Source) -> DriverFacts:
    listed = source.text("/proc/modules")
    if listed is None:
        source.miss("drivers.modules", f"/proc/modules {source.why_unreadable('/proc/modules')}")
    loaded = {line.split(" ", 1)[0] for line in (listed or "").splitlines()}
    nvidia = _NVIDIA.search(source.text("/proc/driver/nvidia/version") or "")
    mlx5 = source.text("/sys/module/mlx5_core/version")
    return DriverFacts(
        nvidia=nvidia[2] if nvidia else source.text("/sys/module/nvidia/version"),
        nvidia_open=bool(nvidia[1]) if nvidia else None,
        amdgpu=source.text("/sys/module/amdgpu/version"),
        mlx5=mlx5,
        ofed=mlx5 if mlx5 and _OFED.fullmatch(mlx5) else None,
        modules=tuple(name for name in MODULES if name in loaded),
    )
