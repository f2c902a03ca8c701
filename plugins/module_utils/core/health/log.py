# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of what the kernel has logged since it started: Xids of GPUs and NVSwitches, and errors of hardware and drives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..hardware import xid_catalogue as catalogue
from ..model.finding import Evidence
from ..model.xid import XidEvent
from ..parse import xid as xid_log
from .desired import Desired
from .model import Found, passed, unknown
from .seen import Seen, refusal

# What is looked for, as a pattern that grep, journalctl and Python read alike.
WANTED = (
    r"NVRM|SXid|blocked for more than|soft lockup|hard LOCKUP|I/O error, dev |Hardware Error|Machine check|"
    r"EXT4-fs error|XFS .*orruption|available PCIe bandwidth, limited|Uncorrected \(Fatal|Uncorrectable \(Fatal"
)
JOURNAL = ("journalctl", "-k", "-b", "-q", "--no-pager", "-o", "short-iso", "-g", WANTED)
RING = ("dmesg", "--color=never")
# Where the kernel's log of simulated hardware is.
SIMULATED = "/dev/kmsg"
_WANTED = re.compile(WANTED)
# The driver was loaded (anew): what a GPU needed before that, it has had.
_LOADED = re.compile(r"NVRM: loading NVIDIA UNIX")
_LISTED = 5

# What happens to applications by their own fault; from what number on it is no longer theirs is a limit. NVIDIA's action for 109 is a reset.
APPLICATION = frozenset((13, 31, 43, 45, 68, 69, 109))
# A row that waits to be remapped, many corrected errors, and data that were lost in one application alone: the node goes on until its jobs end.
AT_JOB_END = frozenset((63, 92, 94))
_HARMLESS = frozenset((catalogue.IGNORE, catalogue.RESTART_APP, catalogue.RESTART_VM, catalogue.CHECK_UVM, catalogue.XID_154_EVAL, catalogue.WORKFLOW_XID_45))
_DRAIN = frozenset(
    (
        catalogue.RESET_GPU, catalogue.RESTART_BM, catalogue.CHECK_MECHANICALS, catalogue.WORKFLOW_XID_48, catalogue.WORKFLOW_NVLINK_ERR,
        catalogue.DRAIN_P2P, catalogue.DRAIN_AND_RESET,
    )
)  # fmt: skip
_REMAP_FAILED = 64
_REPLACE = "Have the GPU replaced: it has no spare memory rows left."
# A kernel's sentence -> whether it is a reason to take the node out of service.
_TROUBLES = {
    re.compile(r"Uncorrect\w+ \(Fatal|Hardware Error\].*(?:[Uu]ncorrected|[Ff]atal)|Machine check events logged.*fatal"): "fail",
    re.compile(r"EXT4-fs error|XFS .*orruption|I/O error, dev |soft lockup|hard LOCKUP|blocked for more than|Hardware Error|Machine check"): "warn",
    re.compile(r"available PCIe bandwidth, limited"): "warn",
}


@dataclass(frozen=True)
class KernelLog:
    """The lines that matter, or why they could not be read."""

    lines: tuple[str, ...] = ()
    why: str = ""


def kernel_log(seen: Seen) -> KernelLog:
    """Return what the kernel has logged since it started, from the journal or else from its own buffer."""
    if seen.is_simulated:
        text = seen.source.text(SIMULATED)
        return KernelLog(_lines(text)) if text is not None else KernelLog(why=f"the simulated hardware has no {SIMULATED}")
    answer = seen.run(*JOURNAL)
    if answer.rc in (0, 1) and not answer.stderr.strip():
        return KernelLog(_lines(answer.stdout))
    buffer = seen.run(*RING)
    if buffer.rc:
        return KernelLog(why=f"{refusal('journalctl', answer, seen.timeout_s)}, and {refusal('dmesg', buffer, seen.timeout_s)}")
    return KernelLog(_lines(buffer.stdout))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if _WANTED.search(line))


def xid(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Has no GPU and no NVSwitch reported an error that asks for something to be done, since the driver was loaded?"""
    if not desired.is_nvidia:
        return
    log = kernel_log(seen)
    if log.why:
        yield from unknown(log.why)
        return
    last = max((place for place, line in enumerate(log.lines) if _LOADED.search(line)), default=-1)
    events = xid_log.parse("".join(f"{line}\n" for line in log.lines[last + 1 :])).events
    groups: dict[tuple[str, str], list[XidEvent]] = {}
    for event in events:
        groups.setdefault((event.kind, event.pci_address or "of unknown address"), []).append(event)
    found = [answer for (kind, address), group in groups.items() for answer in (_device(desired, seen, kind, address, group),) if answer]
    yield from found or passed(f"{len(events)} Xids, none of them the hardware's" if events else "no Xid")


def _device(desired: Desired, seen: Seen, kind: str, address: str, events: Sequence[XidEvent]) -> Found | None:
    judged = [(verdict, event) for event in events for verdict in (_verdict(event),) if verdict]
    repeated = [event for event in events if kind == "xid" and event.xid in APPLICATION]
    # One crash is told in many lines, one for each part of the GPU that saw it: processes are counted.
    if not judged and len({event.pid for event in repeated}) > desired.limit("xid_repeats_max"):
        judged = [("warn", event) for event in repeated]
    if not judged:
        return None
    verdict = "fail" if any(word == "fail" for word, _event in judged) else "warn"
    telling = [event for word, event in judged if word == verdict]
    last, letter = telling[-1], "Xid" if kind == "xid" else "SXid"
    numbers = ", ".join(str(number) for number in sorted({event.xid for event in telling}))
    name = f" ({last.name})" if last.name else ""
    when = f", last at {last.time}" if last.time else ""
    evidence = tuple(Evidence(f"{letter} {event.xid}{f' at {event.time}' if event.time else ''}", event.detail[:200]) for event in telling[-_LISTED:])
    remediation = _REPLACE if last.xid == _REMAP_FAILED else catalogue.HINTS.get(last.action or "", "")
    reason = f"{letter} {numbers}{name}, {'once' if len(telling) == 1 else f'{len(telling)} times'}{when}"
    # An NVSwitch is the node's.
    subject = seen.gpu(_full(seen, address), _serial(seen, address)) if kind == "xid" else None
    return Found(verdict, reason if subject else f"NVSwitch {address}: {reason}", "none", numbers, "", subject, evidence, remediation)


def _verdict(event: XidEvent) -> str:
    if event.kind == "sxid":
        return "fail" if event.severity == "fatal" else ""
    if event.xid == _REMAP_FAILED:
        return "fail"
    if event.xid in AT_JOB_END:
        return "warn"
    if event.xid in APPLICATION or event.action in _HARMLESS:
        return ""
    # A number that nobody explains, or that NVIDIA's support has to: a person has to look.
    return "fail" if event.action in _DRAIN else "warn"


def _full(seen: Seen, address: str) -> str:
    """Return a GPU's address as the facts have it: the log leaves its function out."""
    return next((gpu.pci_address for gpu in seen.facts("gpus").gpus if gpu.pci_address.partition(".")[0] == address.partition(".")[0]), address)


def _serial(seen: Seen, address: str) -> str | None:
    full = _full(seen, address)
    return next((gpu.driver.serial for gpu in seen.facts("gpus").gpus if gpu.pci_address == full and gpu.driver), None)


def kernel_errors(desired: Desired, seen: Seen) -> Iterator[Found]:
    """Has the kernel logged no failed hardware, no damaged file system, no failing drive, and no task that hangs?"""
    log = kernel_log(seen)
    if log.why:
        yield from unknown(log.why)
        return
    told = [(verdict, line) for line in log.lines for pattern, verdict in _TROUBLES.items() if pattern.search(line)]
    if not told:
        yield from passed(0, 0, "lines")
        return
    verdict = "fail" if any(word == "fail" for word, _line in told) else "warn"
    lines = list(dict.fromkeys(line for word, line in told if word == verdict))
    evidence = tuple(Evidence(line[:300]) for line in lines[-_LISTED:])
    yield Found(verdict, f"{len(lines)} lines in the kernel's log, the last: {lines[-1][:160]}", 0, len(lines), "lines", evidence=evidence)
