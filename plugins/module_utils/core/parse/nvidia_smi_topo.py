# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``nvidia-smi topo -m``: how GPUs and network adapters reach each other, and the processors next to each GPU.

Cells are set apart by tabs, or by blanks where the output was copied from a terminal. An affinity may be empty: in a job that may use none of
the GPU's processors. With blanks it then shows only in the distance between the cells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import CoreError
from ..model.document import Fault
from ..model.gpu_links import NvidiaTopology, TopologyGpu, TopologyNic
from . import values
from .nvidia_smi_faults import printed_faults

TABLES = {
    "gpus": ("name", "cpu_affinity", "numa_affinity", "gpu_numa_id"),
    "nics": ("name", "device"),
}

_GPU = re.compile(r"GPU(\d{1,4})")
_DEVICE = re.compile(r"GPU\d{1,4}|NIC\d{1,4}|[a-z][\w.:-]*")
_RELATION = re.compile(r"X|NV\d{1,3}|[A-Z]{3,4}\d?")
_WHOLE_RELATIONS = frozenset(("X", "PIX", "PXB", "PHB", "NODE", "SYS", "SOC"))
_PEER_TO_PEER = frozenset(("OK", "NS", "CNS", "GNS", "TNS", "DR", "U"))
_NIC_LEGEND = re.compile(r"^\s*(NIC\d{1,4}):\s*(\S+)\s*$")
_AFFINITY = re.compile(r"[\d,-]+")
_TAIL = ("CPU Affinity", "NUMA Affinity", "GPU NUMA ID")
_NVLINKS = re.compile(r"NV(\d+)")
_WORD = re.compile(r"\S+")
_TAB = 8
_HINT = "Record nvidia-smi topo -m."


@dataclass(frozen=True)
class _Heading:
    names: tuple[str, ...]
    tail: tuple[str, ...]


def parse(text: str) -> NvidiaTopology:
    """Return the matrix. Raises ``CoreError`` for a text that is of another kind."""
    lines = values.without_prefixes(values.plain(text)).split("\n")
    faults = printed_faults(lines)
    found = next(((place, heading) for place, heading in ((place, _heading(line)) for place, line in enumerate(lines)) if heading), None)
    if found is None:
        if faults:
            return NvidiaTopology(complete=False, warnings=("The tool printed an error in place of the matrix.",), faults=faults)
        raise CoreError("no line here names GPUs as the columns of a matrix.", hint=_HINT)
    place, heading = found
    matrix: dict[str, list[str]] = {}
    tails: dict[str, list[str]] = {}
    warnings: list[str] = []
    for number, line in enumerate(lines[place + 1 :], start=place + 2):
        # Of a line without an end the last cell may be cut: NV1 of NV18.
        _row(line, number, heading, matrix, tails, warnings, ended=number < len(lines))
    missing = [name for name in heading.names if name not in matrix]
    if missing:
        warnings.append(f"The rows of {', '.join(missing)} are missing.")
    devices = {match.group(1): match.group(2) for match in map(_NIC_LEGEND.match, lines) if match}
    nics = tuple(TopologyNic(name, devices.get(name) if name.startswith("NIC") else name) for name in heading.names if not _GPU.fullmatch(name))
    unnamed = [nic.name for nic in nics if nic.device is None]
    if unnamed:
        warnings.append(f"The legend does not say which devices {', '.join(unnamed)} are.")
    gpus = tuple(_gpu(name, heading, tails.get(name, ())) for name in heading.names if _GPU.fullmatch(name))
    return NvidiaTopology(
        gpus=gpus,
        nics=nics,
        relations={who: {whom: relation for whom, relation in zip(heading.names, row) if whom != who} for who, row in matrix.items()},
        complete=not warnings,
        warnings=tuple(warnings),
        faults=(*faults, *_nvlink_faults([gpu.name for gpu in gpus], matrix)),
    )


def _heading(line: str) -> _Heading | None:
    """Return the columns, if the line names them: devices, a GPU first, then the affinities."""
    devices, affinity, rest = line.partition(_TAIL[0])
    names = devices.split()
    if not names or not _GPU.fullmatch(names[0]) or len(set(names)) < len(names) or not all(map(_DEVICE.fullmatch, names)):
        return None
    return _Heading(tuple(names), tuple(name for name in _TAIL if name in affinity + rest))


def _row(line: str, number: int, heading: _Heading, matrix: dict[str, list[str]], tails: dict[str, list[str]], warnings: list[str], *, ended: bool) -> None:
    """Read a line into the matrix if it is the row of a device."""
    tabbed = "\t" in line.strip()
    cells = [cell.strip() for cell in line.strip().split("\t")] if tabbed else line.split()
    if not cells or cells[0] not in heading.names:
        return
    name, own, tail = cells[0], cells[1 : len(heading.names) + 1], cells[len(heading.names) + 1 :]
    if _PEER_TO_PEER & set(own):
        raise CoreError("this is a matrix of peer-to-peer abilities (topo -p2p), not of connections.", where=f"line {number}", hint=_HINT)
    whole = len(own) == len(heading.names) and all(map(_RELATION.fullmatch, own)) and own[heading.names.index(name)] == "X"
    if not whole or not (ended or tail or own[-1] in _WHOLE_RELATIONS):
        warnings.append(f"Line {number}: the row of {name} is not whole, and is left out.")
        return
    if name in matrix:
        warnings.append(f"Line {number}: a second row of {name} is left out.")
        return
    matrix[name] = own
    if _GPU.fullmatch(name):
        tails[name] = _tail(tail, len(heading.tail)) if tabbed else _tail_of_blanks(line, tail, len(heading.tail), len(own))
        if len(tails[name]) < len(heading.tail):
            warnings.append(f"Line {number}: the affinities of {name} are not whole, and are left out.")


def _tail(cells: Sequence[str], wanted: int) -> list[str]:
    """Return a value for each column of affinity, or none where they were cut off."""
    if wanted == len(_TAIL) and len(cells) > wanted:
        # The last one, GPU NUMA ID, stands one tab further than its heading.
        cells = [*cells[: wanted - 1], cells[-1]]
    return list(cells) if len(cells) == wanted else []


def _tail_of_blanks(line: str, cells: Sequence[str], wanted: int, columns: int) -> list[str]:
    """Return the same where blanks hide an empty cell: one of the processors shows in how far the next one is from the matrix, two tabs and not one."""
    if len(cells) == wanted - 1 and cells:
        places = [match.start() for match in _WORD.finditer(line)]
        if places[columns + 1] - places[columns] > 1.5 * _TAB:
            return ["", *cells]
    return list(cells) if len(cells) == wanted else []


def _gpu(name: str, heading: _Heading, cells: Sequence[str]) -> TopologyGpu:
    found: Mapping[str, str] = dict(zip(heading.tail, cells))

    def affinity(column: str) -> str | None:
        text = found.get(column, "")
        return text if _AFFINITY.fullmatch(text) else None

    return TopologyGpu(
        name=name,
        index=int(name[3:]),
        cpu_affinity=affinity("CPU Affinity"),
        numa_affinity=affinity("NUMA Affinity"),
        gpu_numa_id=values.whole(found.get("GPU NUMA ID")),
    )


def _nvlink_faults(names: Sequence[str], matrix: Mapping[str, Sequence[str]]) -> list[Fault]:
    """Name the GPUs with fewer NVLinks than the others, where these are all alike (as behind NVSwitches): at least three GPUs, all of them connected
    with each other by the same number of links. Boards that are wired unevenly on purpose are not of that kind.
    """
    links = {name: [_links(cell) for cell in matrix[name][: len(names)]] for name in names if name in matrix}
    most = max((count for row in links.values() for count in row), default=0)
    full = [place for place, name in enumerate(names) if most and most in links.get(name, ())]
    if len(full) < 3 or any(links[names[one]][other] != most for one in full for other in full if one != other):
        return []
    hint = "See nvidia-smi nvlink --status for its links, and the kernel log for Xid 74 and 144 to 150."
    return [
        Fault("nvlink_missing", name, f"At most {max(row)} NVLinks lead to another GPU, where the others have {most}.", hint)
        for name, row in links.items()
        if most not in row
    ]


def _links(cell: str) -> int:
    match = _NVLINKS.fullmatch(cell)
    return int(match.group(1)) if match else 0
