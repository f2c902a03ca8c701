# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way from a device to the processor, and what its links can carry."""

from __future__ import annotations

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.bus import Link, address_key, bandwidth, bridges_of, measure
from ansible_collections.railyard.cluster.plugins.module_utils.core.facts.source import Source

from .nodes import bare

GEN5 = Link(32.0, 32.0, 16, 16)


@pytest.mark.parametrize(
    ("target", "bridges"),
    [
        ("../../../devices/pci0000:15/0000:15:01.0/0000:16:00.0/0000:17:01.0/0000:19:00.0", ("0000:15:01.0", "0000:16:00.0", "0000:17:01.0")),
        # In a virtual machine a device may hang on the host bridge itself.
        ("../../../devices/pci0000:00/0000:19:00.0", ()),
        # Behind Intel's VMD there is a bus of its own.
        ("../../../devices/pci0000:5d/0000:5d:05.5/pci10000:00/10000:00:02.0/0000:19:00.0", ("10000:00:02.0",)),
        ("../../../devices/platform/vmbus/pci0002:00/0000:19:00.0", ()),
        ("nonsense", ()),
        (None, ()),
    ],
)
def test_bridges_are_those_between_the_host_bridge_and_the_device(target: str | None, bridges: tuple[str, ...]) -> None:
    assert bridges_of(target, "0000:19:00.0") == bridges


@pytest.mark.parametrize(
    ("speed", "width", "expected"),
    [
        (32.0, 16, 63.02),
        (16.0, 16, 31.51),
        (8.0, 8, 7.88),
        (5.0, 4, 2.0),
        (2.5, 1, 0.25),
        (64.0, 16, 121.0),
        (None, 16, None),
        (32.0, None, None),
        (3.0, 16, None),
    ],
)
def test_bandwidth_is_what_line_encoding_leaves(speed: float | None, width: int | None, expected: float | None) -> None:
    assert bandwidth(speed, width) == expected


def test_a_path_has_one_hop_per_link_and_names_the_slowest() -> None:
    links = {"0:0": GEN5, "0:1": Link(32.0, 32.0, 8, 16), "0:2": GEN5, "0:3": GEN5}
    path = measure(("0:0", "0:1", "0:2"), "0:3", links)
    assert [(hop.upper, hop.lower, hop.width, hop.possible_width) for hop in path.hops] == [("0:0", "0:1", 8, 16), ("0:2", "0:3", 16, 16)]
    assert (path.bandwidth_gbytes_per_s, path.possible_gbytes_per_s, path.limiting_hop) == (31.51, 63.02, "0:1")


def test_what_a_link_can_do_is_what_both_of_its_ends_can() -> None:
    (hop,) = measure(("0:0",), "0:1", {"0:0": Link(16.0, 16.0, 8, 8), "0:1": Link(16.0, 32.0, 8, 16)}).hops
    assert (hop.possible_speed_gt_per_s, hop.possible_width) == (16.0, 8)


def test_of_equally_slow_links_the_devices_own_is_named() -> None:
    assert measure(("0:0", "0:1", "0:2"), "0:3", dict.fromkeys(("0:0", "0:1", "0:2", "0:3"), GEN5)).limiting_hop == "0:3"


def test_a_device_that_does_not_answer_leaves_its_link_to_the_port_above() -> None:
    dead = Link(None, None, None, None)
    assert measure(("0:0",), "0:1", {"0:0": Link(32.0, 32.0, 16, 16), "0:1": dead}).bandwidth_gbytes_per_s == 63.02
    path = measure(("0:0",), "0:1", {"0:0": dead, "0:1": dead})
    assert (path.bandwidth_gbytes_per_s, path.limiting_hop) == (None, None)


def test_a_device_without_a_port_above_has_its_own_link_alone() -> None:
    path = measure((), "0:1", {"0:1": GEN5})
    assert (path.hops[0].upper, path.bandwidth_gbytes_per_s) == (None, 63.02)


@pytest.mark.parametrize(
    ("speed", "width", "expected"),
    [
        ("32.0 GT/s PCIe", "16", (32.0, 16)),
        ("16 GT/s", "8", (16.0, 8)),
        ("8.0 GT/s", "x4", (8.0, 4)),
        ("2.5 GT/s PCIe", "1", (2.5, 1)),
        ("Unknown", "63", (None, None)),
        ("Unknown speed", "255", (None, None)),
        ("", "0", (None, None)),
        ("7 GT/s", "-1", (None, None)),
    ],
)
def test_every_form_of_the_kernels_link_attributes(speed: str, width: str, expected: tuple[float | None, int | None]) -> None:
    folder = "/sys/bus/pci/devices/0000:19:00.0"
    node = bare()
    node.write(f"{folder}/class", "0x030200\n")
    node.write(f"{folder}/current_link_speed", f"{speed}\n")
    node.write(f"{folder}/current_link_width", f"{width}\n")
    link = Source(node, node.root).bus.link("0000:19:00.0")
    assert (link.speed, link.width) == expected


def test_addresses_are_ordered_as_numbers() -> None:
    assert sorted(["10000:01:00.0", "0008:01:00.0", "0008:01:00.1", "0000:e1:00.0"], key=address_key) == [
        "0000:e1:00.0",
        "0008:01:00.0",
        "0008:01:00.1",
        "10000:01:00.0",
    ]


def test_classes_are_found_by_their_beginning() -> None:
    node = bare()
    for number, code in enumerate(("0x030000", "0x030200", "0x038000", "0x120000", "0x010802", "nonsense")):
        node.write(f"/sys/bus/pci/devices/0000:0{number}:00.0/class", code)
    bus = Source(node, node.root).bus
    assert bus.of_class(0x03, 0x1200) == ["0000:00:00.0", "0000:01:00.0", "0000:02:00.0", "0000:03:00.0"]
    assert bus.of_class(0x0108) == ["0000:04:00.0"]
    assert bus.device("0000:05:00.0") is None
