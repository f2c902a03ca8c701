# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""nvbandwidth's text: a head, then for each testcase a description, a header of columns, a row a line, and a sum.

Forms of version 0.1 ("Running benchmark", no sums) to 0.8, after its sources (``output.cpp``, ``inline_common.h``). A testcase of both directions prints a
table for each, and one of the total. A testcase that does not apply prints ``Waived:`` and not its name.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ..model.nvbandwidth import Nvbandwidth, NvbandwidthDevice, NvbandwidthPart, NvbandwidthTestcase
from .values import decimal, pci_address, text_or_none

_VERSION = re.compile(r"nvbandwidth Version:\s*v?(\S*)\s*$")
_CUDA = re.compile(r"CUDA (?:Runtime|Driver) Version:\s*(\d{1,9})\s*$")
_DRIVER = re.compile(r"Driver Version:\s*(\S+)\s*$")
_DEVICE = re.compile(
    r"(?:Process\s+(?P<rank>\d{1,6}) \((?P<host>[^)]*)\): device|Device) (?P<index>\d{1,4}): (?P<name>.*?)(?: \((?P<pci>[0-9a-fA-F:.]+)\))?\s*$"
)
_RUNNING = re.compile(r"Running (?:benchmark )?([\w.-]+?)\.?\s*$")
_ENDED = re.compile(r"(Waived|ERROR|Error|Not Found):\s?(.*)$")
_DESCRIPTION = re.compile(r"mem\w* .*\((GB/s|ns)\)\s*$")
_HEADER = re.compile(r"\s+0(?:\s+\d{1,4})*\s*$")
_ROW = re.compile(r"\s*(\d{1,4})((?:\s+(?:N/A|-?\d[\d.e+]*|-?nan|inf))+)\s*$")
_TOTAL = re.compile(r"(SUM|MIN|MAX|AVG) (\S+) (\S+)\s*$")
_PERF = re.compile(r"&&&& PERF (\S+?)_(sum|min|max|avg) (\S+) [+-](?:GB/s|ns)\s*$")
_FAILURE = re.compile(r"\s*(?:\[(?:CUDA|cuda)\w*\] .*|NVML_ERROR: .*|ASSERT in .*|ERROR: Invalid Arguments.*|Invalid value when checking the pattern.*)")
_NOTE = re.compile(r"NOTE: (?:This tool reports|The reported results)")
_FIELDS = {"SUM": "sum", "MIN": "minimum", "MAX": "maximum", "AVG": "average"}


class TextReader:
    """Reads line by line what belongs to which testcase."""

    def __init__(self) -> None:
        self.found = Nvbandwidth()
        self.recognised = False
        self.noted = False
        self.warnings: list[str] = []
        self._devices: list[NvbandwidthDevice] = []
        self._testcases: list[NvbandwidthTestcase] = []
        self._errors: list[str] = []
        self._columns = 0
        self._rows: list[tuple[float | None, ...]] = []

    def read(self, text: str) -> Nvbandwidth:
        """Return what the text holds."""
        for number, line in enumerate(text.split("\n"), start=1):
            self._line(number, line)
        self._close()
        return replace(self.found, devices=tuple(self._devices), testcases=tuple(self._testcases), errors=tuple(self._errors))

    def _line(self, number: int, line: str) -> None:
        running, ended, total = _RUNNING.match(line), _ENDED.match(line), _TOTAL.match(line) or _PERF.match(line)
        if _NOTE.match(line):
            self.noted = True
        elif _FAILURE.match(line):
            self._errors.append(line.strip())
            self._mark_error(line.strip())
        elif running:
            self._close()
            self._testcases.append(NvbandwidthTestcase(running[1], "running"))
            self.recognised = True
        elif ended:
            self._ended(ended[1], ended[2].strip())
        elif self._testcases and total:
            first, second = (total[1], total[2]) if total[1] in _FIELDS else (total[2].upper(), total[1])
            self._total(_FIELDS[first], second, decimal(total[3]))
        elif self._testcases and _DESCRIPTION.match(line):
            self._finish_table(None)
            self._change(description=line.strip(), unit=_DESCRIPTION.match(line)[1])  # type: ignore[index]
        elif self._testcases and not self._columns and _HEADER.match(line):
            self._columns = len(line.split())
        elif self._columns and _ROW.match(line):
            self._row(number, line)
        else:
            self._head(line)

    def _head(self, line: str) -> None:
        version, cuda, driver, device = _VERSION.match(line), _CUDA.match(line), _DRIVER.match(line), _DEVICE.match(line)
        if version:
            self.recognised = True
            self.found = replace(self.found, version=text_or_none(version[1]))
        elif cuda:
            self.found = replace(self.found, cuda_version=cuda_version(int(cuda[1])))
        elif driver:
            self.found = replace(self.found, driver_version=driver[1])
        elif device:
            self._devices.append(NvbandwidthDevice(int(device["rank"] or device["index"]), device["name"].strip(), pci_address(device["pci"]), device["host"]))

    def _row(self, number: int, line: str) -> None:
        values = tuple(decimal(value) for value in line.split()[1:])
        if len(values) != self._columns:
            self.warnings.append(f"line {number}: {len(values)} values stand below {self._columns} columns, so none of them is taken.")
            return
        self._rows.append(values)

    def _total(self, field: str, label: str, value: float | None) -> None:
        name = self._testcases[-1].name or ""
        if field != "sum":
            self._change(**{field: value})
            return
        part = label[len(name) + 1 :] if label.startswith(f"{name}_") and self._testcases[-1].status == "running" else ""
        self._finish_table(value, "" if part == "total" else part)

    def _finish_table(self, value: float | None, part: str = "") -> None:
        """Keep the rows that were read: as the testcase's own, or as those of a direction."""
        if self._rows or value is not None:
            matrix = without_diagonal(tuple(self._rows), self._testcases[-1].description or "")
            if part:
                self._change(parts=(*self._testcases[-1].parts, NvbandwidthPart(part, value, matrix)))
            else:
                self._change(matrix=matrix, sum=value, status="passed" if matrix and value is not None else self._testcases[-1].status)
        self._columns, self._rows = 0, []

    def _close(self) -> None:
        """End the testcase that was read. Before version 0.3 there are no sums: there a whole table is all there is."""
        if not self._testcases:
            return
        square = "GPU(row)" in (self._testcases[-1].description or "")
        if self._rows and self._testcases[-1].status == "running" and len(self._rows) == (self._columns if square else 1):
            self._finish_table(None)
            self._change(status="passed")
        elif self._rows:
            self._finish_table(None)
        self._columns = 0

    def _ended(self, word: str, said: str) -> None:
        self._close()
        self.recognised = True
        if word == "Waived":
            self._testcases.append(NvbandwidthTestcase(said or None, "waived"))
        elif self._testcases and self._testcases[-1].status == "running":
            self._mark_error(said)
        else:
            self._testcases.append(NvbandwidthTestcase(None, "error", error=said or word))
            self._errors.append(said or word)

    def _mark_error(self, said: str) -> None:
        if self._testcases and self._testcases[-1].status == "running":
            self._change(status="error", error=said)

    def _change(self, **changes: object) -> None:
        self._testcases[-1] = replace(self._testcases[-1], **changes)  # type: ignore[arg-type]


def cuda_version(number: int) -> str:
    """Return ``12.4`` for 12040."""
    return f"{number // 1000}.{number % 1000 // 10}"


def without_diagonal(matrix: tuple[tuple[float | None, ...], ...], description: str) -> tuple[tuple[float | None, ...], ...]:
    """Return the table without the zeros that old versions print for a GPU with itself."""
    if "GPU(row)" not in description or any(len(row) != len(matrix) for row in matrix):
        return matrix
    return tuple(tuple(None if place == number and value == 0 else value for place, value in enumerate(row)) for number, row in enumerate(matrix))
