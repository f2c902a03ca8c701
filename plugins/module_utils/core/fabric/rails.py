# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which rail a cable belongs to.

The rule: hosts that are numbered alike (a *family*: ``gpu#``) are of a kind. Their devices are sorted (``mlx5_2`` before ``mlx5_10``; ``HCA-6``
is ``mlx5_5``), and a device's place among those that at least half of the family's hosts in some scalable unit have is its rail, from 0. A
device that fewer have belongs to no rail. Where descriptions name no devices, the leaf takes the place of the device.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .names import DeviceKey

# A group of fewer hosts is too small to tell what hosts of its kind have.
SMALL_GROUP = 3
# Hosts whose names have nothing in common. What nearly all of them have in a unit is usual there.
MIXED = ""


@dataclass(frozen=True)
class Kind:
    """What is usual for the hosts of a family in a unit, or for the whole family."""

    __slots__ = ("devices", "hosts")

    hosts: int
    devices: tuple[DeviceKey, ...]


@dataclass(frozen=True)
class Rails:
    """The rails of each family, and what is usual where."""

    sequences: Mapping[str, Mapping[DeviceKey, int]]
    """Family to device to rail."""
    in_unit: Mapping[tuple[int | None, str], Kind]
    in_family: Mapping[str, Kind]

    def usual(self, unit: int | None, family: str) -> tuple[DeviceKey, ...]:
        """What hosts like these have: of the unit where it has enough of them, else anywhere."""
        here = self.in_unit[unit, family]
        return here.devices if here.hosts >= SMALL_GROUP or family == MIXED else self.in_family[family].devices


def find_rails(hosts: Iterable[tuple[int | None, str, Sequence[DeviceKey]]]) -> Rails:
    """Return the rails. ``hosts``: unit, family and devices of each."""
    units: dict[tuple[int | None, str], list[Sequence[DeviceKey]]] = {}
    families: dict[str, list[Sequence[DeviceKey]]] = {}
    for unit, family, devices in hosts:
        units.setdefault((unit, family), []).append(devices)
        families.setdefault(family, []).append(devices)
    in_unit = {key: _kind(key[1], members) for key, members in units.items()}
    in_family = {family: _kind(family, members) for family, members in families.items()}
    usual = {family: set(kind.devices) for family, kind in in_family.items()}
    for (_unit, family), kind in in_unit.items():
        if kind.hosts >= SMALL_GROUP:
            usual[family].update(kind.devices)
    sequences = {family: {device: rail for rail, device in enumerate(sorted(devices))} for family, devices in usual.items()}
    return Rails(sequences, in_unit, in_family)


def _kind(family: str, members: Sequence[Sequence[DeviceKey]]) -> Kind:
    seen = Counter(device for devices in members for device in set(devices))
    enough = 0.75 if family == MIXED else 0.5
    return Kind(len(members), tuple(sorted(device for device, hosts in seen.items() if hosts >= enough * len(members))))
