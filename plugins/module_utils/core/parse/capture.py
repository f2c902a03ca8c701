# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A capture: what ``railyard capture`` recorded on a node. One JSON document, ``{commands, files, links, folders, denied}``."""

from __future__ import annotations

from typing import Any

from ..errors import CoreError
from ..facts.parts import collect_facts
from ..facts.recording import CaptureRunner
from ..facts.source import MISSING_RC, TIMEOUT_RC
from ..model.capture import Capture, CapturedCommand
from .values import load_json

TABLES = {
    "gpus": ("pci_address", "state", "driver.product", "numa_node", "pcie.bandwidth_gbytes_per_s", "pcie.limiting_hop"),
    "hcas": ("name", "rail", "type", "firmware", "pci_address", "numa_node", "pcie.bandwidth_gbytes_per_s", "guid"),
    "nvme": ("name", "model", "firmware", "state", "size_bytes", "pci_address"),
    "unseen": ("part", "reason"),
    "commands": ("command", "rc", "stdout_bytes", "stderr_bytes"),
}
_AGAIN = "Record it again."


def load(text: str) -> dict[str, Any]:
    """Return a capture's document, checked. Raises ``CoreError`` for a text that is none."""
    document = load_json(text)
    if not isinstance(document, dict) or document.get("schema") != "railyard.capture":
        raise CoreError("this is JSON, but not a capture: 'schema' is not 'railyard.capture'.", hint="railyard capture NODE records one.")
    for name in ("commands", "files", *(name for name in ("links", "folders") if name in document)):
        if not isinstance(document.get(name), dict):
            raise CoreError(f"the capture has no {name!r}.", where=name, hint=_AGAIN)
    for command, answer in document["commands"].items():
        if not isinstance(answer, dict) or not _is_number(answer.get("rc")):
            raise CoreError("the command has no exit status.", where=f"commands[{command}]", hint=_AGAIN)
        if not isinstance(answer.get("stdout", ""), str) or not isinstance(answer.get("stderr", ""), str):
            raise CoreError("the command's output is no text.", where=f"commands[{command}]", hint=_AGAIN)
    for name in ("files", "links"):
        for path, text in document.get(name, {}).items():
            if not isinstance(text, str):
                raise CoreError("this is no text.", where=f"{name}[{path}]", hint=_AGAIN)
    lists = {**{f"folders[{path}]": names for path, names in document.get("folders", {}).items()}, "denied": document.get("denied", [])}
    for where, names in lists.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise CoreError("this is no list of names.", where=where, hint=_AGAIN)
    return document


def parse(text: str) -> Capture:
    """Say what a capture holds, which commands told nothing, and what the node's facts are."""
    document = load(text)
    commands = tuple(
        CapturedCommand(command, answer["rc"], _size(answer.get("stdout")), _size(answer.get("stderr"))) for command, answer in document["commands"].items()
    )
    facts = collect_facts(CaptureRunner(document))
    return Capture(
        node=str(document.get("node", "")),
        recorded=str(document.get("recorded", "")),
        files=len(document["files"]),
        system=facts.system,
        drivers=facts.drivers,
        cpu=facts.cpu,
        memory=facts.memory,
        iommu=facts.iommu,
        gpus=facts.gpus,
        hcas=facts.hcas,
        nvme=facts.nvme,
        unseen=facts.unseen,
        commands=commands,
        # A tool that is not there is no gap in what was recorded.
        complete=all(entry.rc in (0, MISSING_RC) for entry in commands),
        warnings=tuple(f"{entry.command}: {_trouble(entry.rc)}." for entry in commands if entry.rc),
        faults=facts.faults,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _size(text: object) -> int:
    return len(str(text or "").encode("utf-8", "replace"))


def _trouble(rc: int) -> str:
    return {MISSING_RC: "is not installed", TIMEOUT_RC: "did not end in time"}.get(rc, f"ended with status {rc}")
