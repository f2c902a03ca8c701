# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hardware class of a node: the shipped table, refined by the site, checked.

A site writes ``railyard_hardware_classes``. An entry with the name of a shipped class is laid over it; an entry with
``based_on: NAME`` is laid over that class; any other entry stands alone. Dicts are merged key by key, anything else
replaces what was there, and ``null`` empties a section (a machine without rails, without GPUs).
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import CoreError
from .classes import CLASSES

VARIABLE = "railyard_hardware_classes"
BASED_ON = "based_on"
LINK_LAYERS = ("infiniband", "ethernet")

_PCI_ID = re.compile(r"^[0-9a-f]{4}:[0-9a-f]{4}$")
# Slurm takes it in Gres=gpu:TYPE:COUNT, where a colon, a comma or a blank would end it.
_GRES_TYPE = re.compile(r"^[a-z][a-z0-9_.-]*$")

# section -> key -> kind ("count" >= 0, "positive" >= 1, "number" >= 0, "text", "pci_id", "gres_type", "link_layer").
SECTIONS: dict[str, dict[str, str]] = {
    "gpus": {
        "count": "count",
        "vendor": "text",
        "model": "text",
        "pci_id": "pci_id",
        "gres_type": "gres_type",
        "memory_mib": "positive",
        "pcie_generation": "positive",
        "pcie_width": "positive",
    },
    "nvlink": {"links_per_gpu": "count", "gbytes_per_s_per_link": "number", "switches": "count"},
    "xgmi": {"links_per_gpu": "count", "gbytes_per_s_per_link": "number"},
    "rails": {"count": "count", "rate_gbits_per_s": "number", "link_layer": "link_layer"},
    "cpu": {"sockets": "positive", "cores_per_socket": "positive", "threads_per_core": "positive"},
    "nvme": {"count": "count"},
}
_REQUIRED = {
    "gpus": ("count", "pci_id", "gres_type"),
    "rails": ("count", "rate_gbits_per_s", "link_layer"),
    "cpu": ("sockets", "cores_per_socket", "threads_per_core"),
}
_TOP_LEVEL = (*SECTIONS, "memory_mib", "firmware")


def hardware_class(name: str, site_classes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the class called ``name``: every section present, empty where the machine has none of it."""
    sites = _mapping(site_classes if site_classes is not None else {}, VARIABLE)
    if not isinstance(name, str) or name not in _names(sites):
        raise CoreError(
            f"there is no hardware class {name!r}.",
            where="railyard_hardware_class",
            hint=_nearest(str(name), _names(sites)) + f" Or describe it in {VARIABLE} (group_vars/all/hardware.yml).",
        )
    merged = _resolve(name, sites, [])
    result: dict[str, Any] = {section: {} for section in SECTIONS}
    result["firmware"] = {}
    for key, value in merged.items():
        result[key] = result[key] if value is None and key in result else value
    _validate(result, f"{VARIABLE}.{name}")
    return result


def hardware_classes(site_classes: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Return every class, shipped and of the site, after checking all of them."""
    sites = _mapping(site_classes if site_classes is not None else {}, VARIABLE)
    return {name: hardware_class(name, sites) for name in _names(sites)}


def _names(sites: Mapping[str, Any]) -> list[str]:
    return sorted({*CLASSES, *(str(name) for name in sites)})


def _resolve(name: str, sites: Mapping[str, Any], path: list[str]) -> dict[str, Any]:
    where = f"{VARIABLE}.{name}"
    entry = _mapping(sites.get(name) or {}, where)
    base_name = entry.get(BASED_ON)
    if base_name is None:
        base: dict[str, Any] = copy.deepcopy(CLASSES.get(name, {}))
    elif base_name == name:
        raise CoreError(f"{BASED_ON} names the class itself.", where=f"{where}.{BASED_ON}", hint="Leave it out: the entry already refines the shipped class.")
    elif base_name in path:
        raise CoreError(f"{BASED_ON} runs in a circle: {' -> '.join([*path, name, base_name])}.", where=f"{where}.{BASED_ON}", hint="Break the circle.")
    elif base_name not in _names(sites):
        raise CoreError(f"there is no hardware class {base_name!r}.", where=f"{where}.{BASED_ON}", hint=_nearest(str(base_name), _names(sites)))
    else:
        base = _resolve(base_name, sites, [*path, name])
    return _merge(base, {key: value for key, value in entry.items() if key != BASED_ON})


def _merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, Mapping) else copy.deepcopy(value)
    return result


def _validate(entry: Mapping[str, Any], where: str) -> None:
    for key in entry:
        if key not in _TOP_LEVEL:
            raise CoreError(f"a hardware class has no {key!r}.", where=where, hint=_nearest(str(key), _TOP_LEVEL))
    for section, kinds in SECTIONS.items():
        _validate_section(_mapping(entry[section], f"{where}.{section}"), section, kinds, f"{where}.{section}")
    _mapping(entry["firmware"], f"{where}.firmware")
    if not entry["cpu"]:
        raise CoreError("cpu is missing.", where=where, hint="Give sockets, cores_per_socket and threads_per_core, as lscpu prints them.")
    if "memory_mib" not in entry or entry["memory_mib"] is None:
        raise CoreError("memory_mib is missing.", where=where, hint="Give the memory fitted, in MiB.")
    _check("positive", entry["memory_mib"], f"{where}.memory_mib")


def _validate_section(values: Mapping[str, Any], section: str, kinds: Mapping[str, str], where: str) -> None:
    for key, value in values.items():
        if key not in kinds:
            raise CoreError(f"{section} has no {key!r}.", where=where, hint=_nearest(str(key), kinds))
        _check(kinds[key], value, f"{where}.{key}")
    empty = not values or values.get("count") == 0
    for key in () if empty else _REQUIRED.get(section, ()):
        if key not in values:
            raise CoreError(f"{key} is missing.", where=where, hint=f"A {section} section needs {', '.join(_REQUIRED[section])}.")


def _check(kind: str, value: Any, where: str) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or isinstance(value, float)
    if kind == "count" and not (whole and value >= 0):
        raise CoreError(f"{value!r} is not a whole number from 0.", where=where, hint="Write it without quotes.")
    if kind == "positive" and not (whole and value >= 1):
        raise CoreError(f"{value!r} is not a whole number from 1.", where=where, hint="Write it without quotes.")
    if kind == "number" and not (number and value >= 0):
        raise CoreError(f"{value!r} is not a number from 0.", where=where, hint="Write it without quotes and without a unit.")
    if kind == "text" and not (isinstance(value, str) and value):
        raise CoreError(f"{value!r} is not a text.", where=where)
    if kind == "pci_id" and not (isinstance(value, str) and _PCI_ID.match(value)):
        raise CoreError(
            f"{value!r} is not a PCI ID.", where=where, hint='Write vendor and device in lower-case hex, in quotes, as lspci -nn prints them: "10de:2330".'
        )
    if kind == "gres_type" and not (isinstance(value, str) and _GRES_TYPE.match(value)):
        raise CoreError(f"{value!r} cannot be a GRES type.", where=where, hint="Use a lower-case letter, then lower-case letters, digits, '_', '.' or '-'.")
    if kind == "link_layer" and value not in LINK_LAYERS:
        raise CoreError(f"{value!r} is not a link layer.", where=where, hint=f"Use {' or '.join(LINK_LAYERS)}.")


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise CoreError(f"{value!r} is not a dict.", where=where, hint="Write it as keys and values.")
    return value


def _nearest(name: str, known: Iterable[str]) -> str:
    choices = list(known)
    near = difflib.get_close_matches(name, choices, n=2, cutoff=0.5)
    return f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(sorted(choices))}."
