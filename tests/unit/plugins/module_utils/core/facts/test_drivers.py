# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Versions of drivers, and what is loaded of them."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import DriverFacts

from .nodes import Node, bare, make


def drivers(node: Node) -> DriverFacts:
    found = node.facts("drivers").drivers
    assert found
    return found


def test_a_node_with_everything() -> None:
    found = drivers(make("l40s_4"))
    assert (found.nvidia, found.nvidia_open, found.mlx5, found.ofed, found.amdgpu) == ("590.48.01", True, "24.10-2.1.8", "24.10-2.1.8", None)
    assert {"nvidia", "nvidia_peermem", "gdrdrv", "ib_umad", "mlx5_core"} <= set(found.modules)


@pytest.mark.parametrize(
    ("text", "version", "is_open"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Sat Mar  2 02:05:45 UTC 2024\nGCC version:\n", "535.161.08", False),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release Build  (dvs-builder@host)\n", "570.86.15", True),
        ("NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.65.06  Release Build\n", "580.65.06", True),
    ],
)
def test_kernel_modules_of_nvidia(text: str, version: str, is_open: bool) -> None:
    node = make("l40s_4")
    node.write("/proc/driver/nvidia/version", text)
    assert (drivers(node).nvidia, drivers(node).nvidia_open) == (version, is_open)


def test_the_kernels_own_mlx5_is_no_ofed() -> None:
    node = make("mi300x_8")
    node.write("/sys/module/mlx5_core/version", "5.0-0\n")
    found = drivers(node)
    assert (found.mlx5, found.ofed, found.nvidia, found.amdgpu) == ("5.0-0", None, None, "6.10.5")
    assert "amdgpu" in found.modules and "nvidia" not in found.modules


def test_nothing_to_see() -> None:
    assert drivers(bare()) == DriverFacts(None, None, None, None, None, ())
    assert bare().unseen("drivers") == {"drivers.modules": "/proc/modules is not there"}
