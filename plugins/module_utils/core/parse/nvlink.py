# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``nvidia-smi nvlink --status``: the NVLinks of each GPU and their speeds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ..errors import CoreError
from ..model.document import Fault
from ..model.gpu_links import NvLink, NvLinkGpu, NvLinkStatus
from . import values
from .nvidia_smi_faults import printed_faults

TABLES = {"gpus": ("index", "product", "uuid", "active_links", "bandwidth_gbytes_per_s", "note")}

_GPU = re.compile(r"^\s*GPU (\d{1,4}): (.+?) \(UUID: ([^()\s]+)\)\s*$")
_LINK = re.compile(r"^\s*Link (\d{1,3}): (?:(\d+(?:\.\d+)?) GB/s|<?(inactive)>?)\s*$", re.IGNORECASE)
# What stands in place of links.
_INACTIVE, _NONE, _HIDDEN = "all links are inactive", "no NVLink", "NVLinks are not told in MIG mode"
_NOTES = (
    (re.compile(r"all links are inactive", re.IGNORECASE), _INACTIVE),
    (re.compile(r"does not have or support nvlink", re.IGNORECASE), _NONE),
    (re.compile(r"not supported for devices in MIG mode", re.IGNORECASE), _HIDDEN),
)
_HINT = "Record nvidia-smi nvlink --status."


def parse(text: str) -> NvLinkStatus:
    """Return the links of every GPU. Raises ``CoreError`` for a text that is of another kind."""
    lines = values.without_prefixes(values.plain(text)).split("\n")
    gpus: list[NvLinkGpu] = []
    links: list[list[NvLink]] = []
    warnings: list[str] = []
    for number, line in enumerate(lines, start=1):
        gpu, link = _GPU.match(line), _LINK.match(line)
        if gpu:
            gpus.append(NvLinkGpu(index=int(gpu.group(1)), product=gpu.group(2), uuid=gpu.group(3)))
            links.append([])
        elif link and gpus:
            links[-1].append(NvLink(int(link.group(1)), values.decimal(link.group(2)), active=link.group(2) is not None))
        elif gpus and (note := next((words for pattern, words in _NOTES if pattern.search(line)), "")):
            gpus[-1] = replace(gpus[-1], note=note)
        elif gpus and line.strip().startswith("Link"):
            warnings.append(f"Line {number}: {line.strip()[:60]!r} is no link with a speed, and is left out.")
    gpus = [_with_links(gpu, own) for gpu, own in zip(gpus, links)]
    faults = list(printed_faults(lines))
    if not any(gpu.links or gpu.note for gpu in gpus) and not faults:
        raise CoreError("no NVLink of any GPU is told here.", hint=_HINT)
    if not gpus:
        return NvLinkStatus(complete=False, warnings=("The tool printed an error in place of the links.",), faults=tuple(faults))
    warnings += _cut(gpus)
    faults += [fault for gpu in gpus for fault in _faults(gpu)]
    return NvLinkStatus(gpus=tuple(gpus), complete=not warnings, warnings=tuple(warnings), faults=tuple(faults))


def _with_links(gpu: NvLinkGpu, links: Sequence[NvLink]) -> NvLinkGpu:
    """Add the links, and what they come to where it is known: not in MIG mode, nor where the text ends."""
    if not links and gpu.note not in (_INACTIVE, _NONE):
        return gpu
    speeds = [link.speed_gbytes_per_s for link in links if link.speed_gbytes_per_s is not None]
    return replace(gpu, links=tuple(links), active_links=len(speeds), bandwidth_gbytes_per_s=round(sum(speeds, 0.0), 3))


def _cut(gpus: Sequence[NvLinkGpu]) -> list[str]:
    """Say what is missing from the last GPU: as many links are printed of it as of the others of its kind, active or not."""
    last = gpus[-1]
    most = max((len(gpu.links) for gpu in gpus if gpu.product == last.product), default=0)
    if last.note or (last.links and len(last.links) >= most):
        return []
    return [f"The text ends after {len(last.links)} links of GPU {last.index}."]


def _faults(gpu: NvLinkGpu) -> list[Fault]:
    down = [str(link.link) for link in gpu.links if not link.active]
    if gpu.note == _INACTIVE:
        message = "All NVLinks are inactive: no bridge or NVSwitch is connected, or the links did not come up."
    elif down:
        message = f"{len(down)} of {len(gpu.links)} NVLinks are inactive: {', '.join(down)}."
    else:
        return []
    return [Fault("nvlink_inactive", f"GPU {gpu.index}", message, "See the kernel log for Xid 74 and 144 to 150, and the log of the fabric manager.")]
