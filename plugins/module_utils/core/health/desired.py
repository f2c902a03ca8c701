# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a node should be: its description, as the role node_agent writes it to /etc/railyard/node.json, and the thresholds of the checks."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..errors import CoreError

# The keys of a description's health section that the frame of Slurm's health check reads, and those that checks do.
FRAME_KEYS = ("timeout_s", "check_timeout_s", "resume", "disabled_checks", "extra_checks")
CHECK_KEYS = ("disk", "services", "mounts", "versions", "limits")


@dataclass(frozen=True)
class Limit:
    """A threshold, and where it comes from. A site sets its own in ``health.limits``."""

    value: float
    source: str


LIMITS: Mapping[str, Limit] = {
    "ecc_corrected_max": Limit(20e6, "azurehpc-health-checks: 20 million corrected DRAM errors; gcm: 50 million"),
    "remapped_rows_max": Limit(512, "azurehpc-health-checks: the 512 uncorrectable remappings that its check was meant to have"),
    "retired_pages_max": Limit(62, "azurehpc-health-checks: 62 retired pages"),
    "temperature_margin_min_c": Limit(5, "judgement: nearer than that to where the hardware slows the GPU down"),
    "xid_repeats_max": Limit(10, "judgement: a GPU on which more processes than that fail by their own fault is at fault itself"),
    "link_errors_max": Limit(10, "infiniband-diags, etc/error_thresholds: 10 for most counters of a link"),
    "link_downs_per_day_max": Limit(5, "azurehpc-health-checks: 5 losses of the link in 24 hours"),
    "memory_missing_percent_max": Limit(7, "azurehpc-health-checks accepts 3 to 7 % less than is fitted"),
    "memory_corrected_max": Limit(9, "LBNL NHC, check_hw_mcelog: 9 corrected events"),
    "clock_offset_warn_s": Limit(0.01, "judgement: chrony keeps machines of one site within a millisecond"),
    "clock_offset_fail_s": Limit(1.0, "judgement: tickets, MUNGE and file times go wrong from seconds on"),
}


class Desired:
    """A node's description. A section that is missing says that nothing is declared of it. Errors of form: ``CoreError``."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self.node = _mapping(node, "node")
        self.name = str(self.node.get("name") or "")
        if not self.name:
            raise CoreError("it names no node.", where="node", hint="Give a description as the role node_agent writes it to /etc/railyard/node.json.")
        self.is_simulated = bool(self.node.get("simulated"))
        self.hardware_class = str(self.node.get("hardware_class") or "")
        self.hardware = _mapping(self.node.get("hardware") or {}, "node.hardware")
        self.health = _mapping(self.node.get("health") or {}, "node.health")
        for key in self.health:
            if key not in FRAME_KEYS + CHECK_KEYS:
                raise CoreError(f"there is no {key!r} of health.", where="node.health", hint=_nearest(str(key), FRAME_KEYS + CHECK_KEYS))
        self._limits = _mapping(self.health.get("limits") or {}, "node.health.limits")
        for key in self._limits:
            if key not in LIMITS:
                raise CoreError(f"there is no limit {key!r}.", where="node.health.limits", hint=_nearest(str(key), LIMITS))

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section of the hardware class, empty where the node has none of it: ``gpus``, ``rails``."""
        return _mapping(self.hardware.get(name) or {}, f"node.hardware.{name}")

    def number(self, section: str, key: str) -> float:
        """Return a number of the hardware class; 0 where none is declared."""
        return _number(self.section(section).get(key) or 0, f"node.hardware.{section}.{key}")

    def count(self, section: str, key: str = "count") -> int:
        """Return a whole number of the hardware class; 0 where none is declared."""
        return int(self.number(section, key))

    def limit(self, name: str) -> float:
        """Return a threshold: the site's, or the one of ``LIMITS``."""
        return _number(self._limits.get(name, LIMITS[name].value), f"node.health.limits.{name}")

    @property
    def memory_mib(self) -> float:
        return _number(self.hardware.get("memory_mib") or 0, "node.hardware.memory_mib")

    @cached_property
    def is_nvidia(self) -> bool:
        """Whether the node should have NVIDIA's GPUs."""
        return self.count("gpus") > 0 and self.section("gpus").get("vendor", "nvidia") == "nvidia"

    def names(self, key: str) -> list[str]:
        """Return a list of names of the health section: ``services``."""
        value = self.health.get(key) or []
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise CoreError(f"{value!r} is not a list of names.", where=f"node.health.{key}")
        return value

    def entries(self, key: str) -> list[Mapping[str, Any]]:
        """Return a list of dicts of the health section: ``mounts``."""
        value = self.health.get(key) or []
        if not isinstance(value, list):
            raise CoreError(f"{value!r} is not a list.", where=f"node.health.{key}")
        return [_mapping(entry, f"node.health.{key}[{place}]") for place, entry in enumerate(value)]

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Return a dict of the health section: ``versions``."""
        return _mapping(self.health.get(key) or {}, f"node.health.{key}")


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise CoreError(f"{value!r} is not a dict.", where=where, hint="Write it as keys and values.")
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise CoreError(f"{value!r} is not a number from 0.", where=where, hint="Write it without quotes and without a unit.")
    return value


def _nearest(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known))}."
