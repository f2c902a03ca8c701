# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The matrices of ``rocm-smi --showtopo``, ``amd-smi topology`` and ``amd-smi xgmi``: how each GPU reaches the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..model.amd_gpu import AmdLink
from ..model.document import Fault
from . import values

_NAME = re.compile(r"GPU\d{1,4}|(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", re.IGNORECASE)
# Titles of matrices: "== Weight between two GPUs ==", "WEIGHT TABLE:".
_TITLES = (
    (re.compile(r"weight\b.*(?:between two GPUs|table)", re.IGNORECASE), "weight"),
    (re.compile(r"hops\b.*(?:between two GPUs|table)", re.IGNORECASE), "hops"),
    (re.compile(r"link type\b.*(?:between two GPUs|table)", re.IGNORECASE), "link_type"),
    (re.compile(r"XGMI LINK STATUS", re.IGNORECASE), "up"),
    (re.compile(r"LINK METRIC TABLE", re.IGNORECASE), "metric"),
    (re.compile(r"^=+ .* =+$|table:|status:", re.IGNORECASE), ""),
)
_LONGEST_TITLE = 200
_SAID = {"weight": "weights", "hops": "hops", "link_type": "link types", "up": "link states"}
_READ: Mapping[str, Callable[[str], object]] = {
    "weight": values.whole,
    "hops": values.whole,
    "link_type": values.text_or_none,
    "up": {"U": True, "D": False}.get,
}
_RATE = re.compile(r"(\d+(?:\.\d+)?) Gb/s")
# What is printed for no rate at all.
_NO_RATE = frozenset((65535.0, 4294967295.0))
_AMOUNT = re.compile(r"N/A|(\d+(?:\.\d+)?) ?([KMGTPE]?)B")
_KIB = {"": 1 / 1024, "K": 1, "M": 1024, "G": 1024**2, "T": 1024**3, "P": 1024**4, "E": 1024**5}


@dataclass
class Links:
    """What was found about the links, pair by pair, and of each GPU."""

    pairs: dict[tuple[int, int], AmdLink] = field(default_factory=dict)
    rates: dict[int, tuple[float | None, float | None]] = field(default_factory=dict)
    """The rate of a lane and of a link in Gbit/s."""
    addresses: dict[int, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    """What was cut off."""

    def tell(self, who: int, whom: int, **told: Any) -> None:
        """Add to what is known of a pair."""
        if who != whom:
            self.pairs[who, whom] = replace(self.pairs.get((who, whom)) or AmdLink(who, whom), **told)

    def faults(self) -> Iterator[Fault]:
        """Return the links that are down."""
        for link in self.pairs.values():
            if link.up is False:
                yield Fault(
                    "xgmi_down", f"GPU {link.who}", f"The xGMI link to GPU {link.whom} is down.", "See the kernel log; reseat or replace the GPU's module."
                )


def read_matrices(lines: Sequence[str], links: Links) -> None:
    """Read every matrix of an output. Rows and columns are named ``GPU0`` or by address."""
    sections: list[tuple[str, list[str]]] = []
    for line in lines:
        measure = next((name for pattern, name in _TITLES if len(line) < _LONGEST_TITLE and pattern.search(line)), None)
        if measure is not None:
            sections.append((measure, []))
        elif sections and line.strip():
            sections[-1][1].append(line)
    for measure, body in sections:
        if measure == "metric":
            _metrics(body, links)
        elif measure:
            _matrix(measure, body, links)


def _columns(heading: Sequence[str], links: Links) -> list[int]:
    """Return the number of the GPU of each column."""
    names = [cell for cell in heading if _NAME.fullmatch(cell)]
    for place, name in enumerate(names):
        if ":" in name:
            links.addresses.setdefault(place, name)
    return [place if ":" in name else int(name[3:]) for place, name in enumerate(names)]


def _matrix(measure: str, body: Sequence[str], links: Links) -> None:
    columns = _columns(body[0].split(), links) if body else []
    rows = [cells for cells in (line.split() for line in body[1:]) if _NAME.fullmatch(cells[0])]
    for place, cells in enumerate(rows):
        who = place if ":" in cells[0] else int(cells[0][3:])
        cells = cells[1:]
        if cells and ":" in cells[0]:
            links.addresses.setdefault(who, cells.pop(0))
        if len(cells) < len(columns):
            links.missing.append(f"The row of GPU {who} in the matrix of {_SAID[measure]} is cut off.")
            continue
        for whom, cell in zip(columns, cells):
            links.tell(who, whom, **{measure: _READ[measure](cell)})
    if len(rows) < len(columns) or not columns:
        links.missing.append(f"The matrix of {_SAID[measure]} is cut off after {len(rows)} rows.")


def _metrics(body: Sequence[str], links: Links) -> None:
    """Read the table of rates and of what was read and written, three lines a GPU."""
    columns = _columns(body[0].split(), links) if body else []
    who, kind, counted = -1, None, 0
    for line in body[1:]:
        label, _blank, rest = line.strip().partition(" ")
        if _NAME.fullmatch(label) and ":" not in label:
            who = int(label[3:])
            rates = [None if rate in _NO_RATE else rate for rate in map(float, _RATE.findall(rest))]
            links.rates[who] = (rates[0], rates[1]) if len(rates) == 2 else (None, None)
            links.addresses.setdefault(who, rest.split(None, 1)[0] if rest else "")
            kind = next((name for name in ("XGMI", "PCIE") if rest.rstrip().endswith(name)), None)
        elif label in ("Read", "Write") and who >= 0:
            amounts = [float(amount) * _KIB[unit] if amount else None for amount, unit in _AMOUNT.findall(rest)]
            if len(amounts) == len(columns):
                counted += 1
                for whom, amount in zip(columns, amounts):
                    links.tell(who, whom, **{f"{label.lower()}_kib": amount, "link_type": None if amount is None else kind})
    if counted < 2 * len(columns) or not columns:
        links.missing.append(f"The table of link metrics is cut off after {counted} of {2 * len(columns)} rows.")
