# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processors: counted where they are online, named by /proc/cpuinfo."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.cpu import cpu_list
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.node import CpuFacts

from .nodes import Node, bare, make

FOLDER = "/sys/devices/system/cpu"


def cpu(node: Node) -> CpuFacts:
    found = node.facts("cpu").cpu
    assert found
    return found


def test_two_sockets_with_two_threads() -> None:
    found = cpu(make())
    assert (found.sockets, found.cores_per_socket, found.threads_per_core, found.online) == (2, 56, 2, 224)
    assert (found.model, found.governors) == ("Intel(R) Xeon(R) Simulated Processor", {"performance": 224})


def test_names_of_older_kernels() -> None:
    node = make("l40s_4")
    for old, new in (("core_siblings_list", "package_cpus_list"), ("thread_siblings_list", "core_cpus_list")):
        for path in [path for path in node.tree.files if path.endswith(new)]:
            node.tree.files[path.replace(new, old)] = node.tree.files.pop(path)
    found = cpu(node)
    assert (found.sockets, found.cores_per_socket, found.threads_per_core) == (2, 32, 2)


def test_threads_that_are_switched_off_do_not_count() -> None:
    node = make("l40s_4")
    node.write(f"{FOLDER}/online", "0-63\n")
    found = cpu(node)
    assert (found.sockets, found.cores_per_socket, found.threads_per_core, found.online) == (2, 32, 1, 64)


def test_governors_are_counted() -> None:
    node = make("l40s_4")
    node.write(f"{FOLDER}/cpufreq/policy7/scaling_governor", "powersave\n")
    assert cpu(node).governors == {"performance": 127, "powersave": 1}
    node.remove(f"{FOLDER}/cpufreq")
    assert cpu(node).governors == {}


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("processor\t: 0\nmodel name\t: AMD EPYC 9654  96-Core Processor\n", "AMD EPYC 9654 96-Core Processor"),
        ("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd4f\n", "Neoverse-V2"),
        ("processor\t: 0\nCPU part\t: 0xabc\n", "Arm part 0xabc"),
    ],
)
def test_models(text: str, model: str) -> None:
    node = make("l40s_4")
    node.write("/proc/cpuinfo", text)
    assert cpu(node).model == model


def test_nothing_to_see() -> None:
    assert cpu(bare()) == CpuFacts(None, None, None, None, None, {})
    assert bare().unseen("cpu") == {"cpu": f"{FOLDER} does not say how many processors there are", "cpu.model": "/proc/cpuinfo names no model"}


def test_a_list_without_topology() -> None:
    node = bare()
    node.write(f"{FOLDER}/online", "0-3")
    assert (cpu(node).online, cpu(node).sockets) == (4, None)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0-2,5", {0, 1, 2, 5}), ("7", {7}), (None, set()), ("", set()), ("0-", set()), ("0-99999999", set()), ("0-999999", set()), ("²", set())],
)
def test_lists(text: str | None, numbers: set[int]) -> None:
    assert cpu_list(text) == numbers
