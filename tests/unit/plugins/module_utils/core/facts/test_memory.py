# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Memory and NUMA nodes."""

from __future__ import annotations

from .nodes import bare, make


def test_memory_and_huge_pages() -> None:
    node = make("l40s_4")
    found = node.facts("memory").memory
    assert found and (found.total_mib, found.hugepages, found.hugepage_size_mib) == (516423, 0, 2.0)
    node.write("/proc/meminfo", "MemTotal:       1048576 kB\nHugePages_Total:      12\nHugepagesize:    1048576 kB\nDirectMap4k: x kB\n")
    found = node.facts("memory").memory
    assert found and (found.total_mib, found.hugepages, found.hugepage_size_mib) == (1024, 12, 1024.0)


def test_numa_nodes_in_the_order_of_their_numbers() -> None:
    node = make()
    node.write("/sys/devices/system/node/node10/cpulist", "\n")
    node.write("/sys/devices/system/node/node10/meminfo", "Node 10 MemTotal:       2048 kB\nNode 10 MemFree:  1 kB\n")
    node.write("/sys/devices/system/node/has_cpu", "0-1\n")
    found = node.facts("numa").numa
    assert [(entry.node, entry.cpus, entry.distances) for entry in found] == [(0, "0-55,112-167", (10, 21)), (1, "56-111,168-223", (21, 10)), (10, "", ())]
    assert [entry.memory_mib for entry in found] == [1032847, 1032847, 2]


def test_nothing_to_see() -> None:
    assert bare().unseen("memory", "numa") == {
        "memory": "/proc/meminfo is not there",
        "numa": "/sys/devices/system/node is not there: the kernel was built without NUMA",
    }
