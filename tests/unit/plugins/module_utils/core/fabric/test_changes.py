# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changed between two discoveries is told in words, once each."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from benchmark.fabric_generator import Network, network

from ansible_collections.railyard.cluster.plugins.module_utils.core.fabric.changes import find_changes
from ansible_collections.railyard.cluster.plugins.module_utils.core.model.fabric import Fabric

Make = Callable[[Network], Fabric]
Told = Callable[[Network, Network], list[tuple[str, str]]]


@pytest.fixture
def told(fabric_of: Make) -> Told:
    """Return a function that tells the changes between two networks."""

    def tell(old: Network, new: Network) -> list[tuple[str, str]]:
        return [(change.id, change.message) for change in find_changes(fabric_of(old), fabric_of(new))]

    return tell


@pytest.fixture
def pair() -> tuple[Network, Network]:
    """Two networks that are the same so far."""
    made = network(units=2, hosts=4, rails=2, spines=2, cables=2)
    return made, copy.deepcopy(made)


def test_nothing_changed(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    new.cables.reverse()
    for device in new.devices.values():
        device.lid += 100
    assert told(old, new) == []


def test_a_cable_that_was_moved(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    new.move("gpu0002 mlx5_1", "su1-leaf1")
    assert told(old, new) == [("cable_moved", "the cable of gpu0002 mlx5_1 goes to su1-leaf1 port 9 now, before to su1-leaf2 port 2.")]


def test_two_cables_that_were_swapped(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    first, second = new.of("gpu0002 mlx5_0")[0], new.of("gpu0002 mlx5_1")[0]
    first.a, first.a_port, second.a, second.a_port = second.a, second.a_port, first.a, first.a_port
    assert told(old, new) == [
        ("cable_moved", "the cable of gpu0002 mlx5_0 goes to su1-leaf2 port 2 now, before to su1-leaf1 port 2."),
        ("cable_moved", "the cable of gpu0002 mlx5_1 goes to su1-leaf1 port 2 now, before to su1-leaf2 port 2."),
    ]


def test_cables_between_switches(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    cable = new.between("su1-leaf1", "spine1")[0]
    cable.b, cable.b_port = new.devices["spine2"], 40
    assert told(old, new) == [("cable_moved", "the cable of su1-leaf1 port 5 goes to spine2 port 40 now, before to spine1 port 1.")]
    other = new.between("su2-leaf2", "spine2")[1]
    other.a_port, other.b_port = 50, 51
    assert told(old, new)[1] == (
        "cable_moved",
        "a cable moved to other ports of the same switches: su2-leaf2 port 50 – spine2 port 51, before su2-leaf2 port 8 – spine2 port 8.",
    )


def test_cables_that_are_gone_or_new(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    new.remove("gpu0005 mlx5_1")
    new.cut(new.between("su1-leaf2", "spine2")[0])
    lost = ["the cable gpu0005 mlx5_1 – su2-leaf2 port 1 is gone.", "the cable su1-leaf2 port 7 – spine2 port 3 is gone."]
    assert told(old, new) == [("cable_lost", sentence) for sentence in lost]
    assert told(new, old) == [("cable_new", sentence.replace("is gone", "is new")) for sentence in lost]


def test_a_host_that_is_gone_or_new(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    for rail in (0, 1):
        new.remove(f"gpu0005 mlx5_{rail}")
    assert told(old, new) == [("host_lost", "gpu0005 is gone, with 2 cables.")]
    assert told(new, old) == [("host_new", "gpu0005 is new, with 2 cables, in su2.")]


def test_a_switch_that_is_gone_or_new(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    new.remove("spine2")
    assert told(old, new) == [("switch_lost", "spine2 is gone, with 8 cables.")]
    assert told(new, old) == [("switch_new", "spine2 is new, with 8 cables.")]


def test_a_switch_that_was_replaced_and_one_that_was_renamed(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    new.devices["su1-leaf1"].guid += 0x10000
    new.devices["spine2"].name = "MF0;spine-b:MQM9700/U1"
    assert told(old, new) == [
        ("switch_replaced", "su1-leaf1 is another switch now: 0x00aa000000010030, before 0x00aa000000000030."),
        ("switch_renamed", "spine2 is called spine-b now."),
    ]


def test_an_adapter_that_was_replaced(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    new.devices["gpu0003 mlx5_0"].guid += 0x10000
    assert told(old, new) == [("adapter_replaced", "gpu0003 mlx5_0 is another adapter now: 0x00cc000000010090, before 0x00cc000000000090.")]


def test_a_host_that_was_renamed(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    for rail in (0, 1):
        new.devices[f"gpu0003 mlx5_{rail}"].name = f"gpu9999 mlx5_{rail}"
    assert told(old, new) == [("host_renamed", "the adapters of gpu0003 call themselves gpu9999 now.")]


def test_a_host_that_moved_to_another_unit(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    for rail in (0, 1):
        new.move(f"gpu0002 mlx5_{rail}", f"su2-leaf{rail + 1}")
    assert told(old, new) == [
        ("host_moved", "gpu0002 belongs to su2 now, before to su1."),
        ("cable_moved", "the cable of gpu0002 mlx5_0 goes to su2-leaf1 port 9 now, before to su1-leaf1 port 2."),
        ("cable_moved", "the cable of gpu0002 mlx5_1 goes to su2-leaf2 port 9 now, before to su1-leaf2 port 2."),
    ]


def test_a_unit_of_two_hosts_one_of_which_moved(told: Told) -> None:
    old = network(units=2, hosts=2, rails=2, spines=2)
    new = copy.deepcopy(old)
    for rail in (0, 1):
        new.move(f"gpu0001 mlx5_{rail}", f"su2-leaf{rail + 1}")
    assert [message for change, message in told(old, new) if change == "host_moved"] == ["gpu0001 belongs to su2 now, before to su1."]


def test_units_that_are_called_something_else_move_nobody(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    for unit in (1, 2):
        for leaf in (1, 2):
            new.devices[f"su{unit}-leaf{leaf}"].name = f"MF0;rack{unit}-leaf{leaf}:MQM9700/U1"
    assert {change for change, _message in told(old, new)} == {"switch_renamed"}


def test_a_rate_that_changed(pair: tuple[Network, Network], told: Told) -> None:
    old, new = pair
    new.of("gpu0001 mlx5_0")[0].rate = "2xNDR"
    new.of("gpu0001 mlx5_1")[0].rate = "4x???"
    assert told(old, new) == [
        ("rate_changed", "the link gpu0001 mlx5_0 – su1-leaf1 port 1 runs at 2x NDR (200 Gb/s) now, before at 4x NDR (400 Gb/s)."),
        ("rate_changed", "the link gpu0001 mlx5_1 – su1-leaf2 port 1 runs at an unknown rate now, before at 4x NDR (400 Gb/s)."),
    ]


def test_another_fabric_altogether(pair: tuple[Network, Network], told: Told) -> None:
    old, _new = pair
    other = Network()
    other.connect(other.switch("lonely"), other.adapter("solo mlx5_0"))
    for device in other.devices.values():
        device.guid += 0x100000
    assert told(old, other) == [
        ("switch_lost", "spine1 is gone, with 8 cables."),
        ("switch_lost", "spine2 is gone, with 8 cables."),
        *(("switch_lost", f"su{unit}-leaf{leaf} is gone, with 8 cables.") for unit in (1, 2) for leaf in (1, 2)),
        ("switch_new", "lonely is new, with a cable."),
        *(("host_lost", f"gpu000{number} is gone, with 2 cables.") for number in range(1, 9)),
        ("host_new", "solo is new, with a cable, in lonely."),
    ]
