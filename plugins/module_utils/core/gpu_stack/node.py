# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A node as the resolver takes it, from what else is known of one: its facts, a capture, its hardware class."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import CoreError
from ..facts.parts import collect_facts
from ..facts.recording import CaptureRunner
from ..facts.summary import document as facts_document
from ..parse import lspci
from . import tables
from .draft import read_os
from .gpus import NVIDIA, identify
from .model import NodeHardware

_ARM = re.compile(r"(?:aarch64|arm64)")
BOARD_OF_FOUR = 4
"""Boards with up to so many GPUs have no NVSwitches."""


def from_facts(facts: Mapping[str, Any]) -> NodeHardware:
    """Return the node of a facts document (``docs/schemas/facts.json``). It does not list NVSwitches: boards with more than four GPUs of a kind that is
    joined by them are taken to have them. Raises ``CoreError`` where something that is needed was not seen."""
    gpus = [str(gpu["pci_id"]) for gpu in facts.get("gpus") or () if gpu.get("pci_id")]
    system = facts.get("system") or {}
    if not gpus:
        raise CoreError("the facts have no GPU.", hint="Is one on the bus? railyard discover shows what was seen.")
    if not system.get("os_id") or not system.get("kernel"):
        raise CoreError("the facts do not tell the operating system.", hint="railyard discover looks again.")
    architecture = _architecture(system["kernel"], gpus)
    return NodeHardware(tuple(gpus) + _nvswitches(gpus, architecture), os_name(system), architecture, (system["kernel"],))


def from_capture(capture: Mapping[str, Any]) -> NodeHardware:
    """Return the node of a capture that ``parse.capture.load`` has checked. The listing of the bus in it has the NVSwitches. Raises ``CoreError``."""
    node = from_facts(facts_document(collect_facts(CaptureRunner(capture), subset=("system", "gpus"))))
    listing = CaptureRunner(capture).run(("lspci", "-Dnn"), 0).stdout
    if not listing.strip():
        return node
    bus = lspci.parse(listing)
    devices = {device.pci_address: f"{device.vendor_id}:{device.device_id}" for device in bus.devices}
    gpus = tuple(name for name in node.pci_ids if name not in tables.NVSWITCHES.values())
    return NodeHardware(gpus + tuple(devices[address] for address in bus.nvswitches), node.os, node.architecture, node.kernels)


def from_class(entry: Mapping[str, Any], *, os: str, architecture: str = "", kernels: tuple[str, ...] = ()) -> NodeHardware:
    """Return the node that a hardware class describes (``hardware.hardware_class``). It says nothing of the system. Raises ``CoreError``."""
    gpus = entry.get("gpus") or {}
    if not gpus.get("count"):
        raise CoreError("the hardware class has no GPU.", hint="Resolve a stack for nodes with GPUs alone.")
    pci_id = str(gpus["pci_id"])
    architecture = architecture or _architecture(" ".join(kernels), [pci_id])
    switches = _nvswitch_of(pci_id, architecture) if (entry.get("nvlink") or {}).get("switches") else ()
    return NodeHardware((pci_id, *switches), os, architecture, kernels)


def os_name(system: Mapping[str, Any]) -> str:
    """Return ``ubuntu2404`` for what os-release says: ID ubuntu, VERSION_ID 24.04. Debian sid has no VERSION_ID."""
    kind, version = str(system["os_id"]), str(system.get("os_version") or "")
    if kind == "debian" and not version:
        version = "sid"
    # Of EL the major version alone counts, of Ubuntu the whole.
    release = version.replace(".", "") if kind == "ubuntu" else version.split(".", maxsplit=1)[0]
    return read_os(kind + release).name


def _architecture(kernel: str, gpus: list[str]) -> str:
    """Return what the kernel's name says, or the GPU: one on NVLink-C2C sits beside an ARM processor."""
    if _ARM.search(kernel):
        return "sbsa"
    beside_grace = [gpu for gpu in identify(tuple(gpus), "x86_64").gpus if gpu.board in ("grace", "nvl_tray")]
    return "sbsa" if beside_grace else "x86_64"


def _nvswitches(gpus: list[str], architecture: str) -> tuple[str, ...]:
    return _nvswitch_of(gpus[0], architecture) if len(gpus) > BOARD_OF_FOUR and gpus[0].startswith(NVIDIA) else ()


def _nvswitch_of(pci_id: str, architecture: str) -> tuple[str, ...]:
    """Return the NVSwitch that is on boards with this GPU."""
    gpu = identify((pci_id,), architecture).gpus[0]
    return (tables.NVSWITCHES[gpu.generation.name],) if gpu.board == "sxm" and gpu.generation.name in tables.NVSWITCHES else ()
