# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nvbandwidth measured, from its text or from its JSON (``-j``).

The JSON has traps of its own (``json_output.cpp``, versions 0.5 to 0.8): values of a table are texts; a testcase of both directions puts its three
tables one below the other into one; an error adds the testcase a second time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..errors import CoreError
from ..model.document import Fault
from ..model.nvbandwidth import Nvbandwidth, NvbandwidthDevice, NvbandwidthPart, NvbandwidthTestcase
from .json_text import load_cut_json
from .nvbandwidth_text import TextReader, cuda_version, without_diagonal
from .values import decimal, json_part, pci_address, plain, text_or_none

TABLES = {
    "devices": ("index", "name", "pci_address", "host"),
    "testcases": ("name", "status", "unit", "sum", "average", "minimum", "maximum", "matrix", "error"),
}
_DEVICE = re.compile(r"(\d{1,6}): (.*?)(?: \(([0-9a-fA-F:.]+)\))?(?:: \(([^()]*)\))?")
_WRONG = "Invalid value when checking"
# Sums are of values that are printed with two decimals, or with six digits.
_ROUNDING = 0.005
_STATUSES = {"passed": "passed", "waived": "waived", "running": "running"}


def parse(text: str) -> Nvbandwidth:
    """Read an output of nvbandwidth. Raises ``CoreError`` for a text that is none."""
    text = plain(text)
    if not text.strip():
        raise CoreError("the output is empty: expected is what nvbandwidth prints.")
    reader = TextReader()
    document = _json_document(text)
    if document is not None:
        found, whole = document
    else:
        found = reader.read(text)
        if not reader.recognised:
            raise CoreError(
                f"this is no output of nvbandwidth: it has neither its version nor a testcase, but says {text.strip().splitlines()[0][:100]!r}.",
                hint="Give the whole output, with standard error.",
            )
        # What closes the output of a version that says which one it is.
        whole = reader.noted or found.version is None
        if not whole:
            reader.warnings.append("it ends without the note that closes it: testcases may be missing.")
    running = [testcase.name or "?" for testcase in found.testcases if testcase.status == "running"]
    warnings = [*reader.warnings, *(f"{name} did not end." for name in running), *_sums(found)]
    if not found.testcases and not found.errors:
        warnings.append("no testcase was run.")
    complete = whole and not running and not found.errors
    return replace(found, complete=complete, warnings=(*found.warnings, *warnings), faults=tuple(_faults(found)))


def _json_document(text: str) -> tuple[Nvbandwidth, bool] | None:
    part = json_part(text)
    if part is None or not part.lstrip().startswith("{"):
        return None
    document, whole = load_cut_json(part)
    body = document.get("nvbandwidth") if isinstance(document, dict) else None
    if not isinstance(body, dict):
        raise CoreError("this is JSON, but not of nvbandwidth: it has no 'nvbandwidth'.", hint="nvbandwidth -j writes it.")
    cuda, version = body.get("CUDA Runtime Version"), text_or_none(body.get("version"))
    devices = [_DEVICE.fullmatch(entry) for entry in _list(body.get("GPU Device list") or body.get("GPU Device info")) if isinstance(entry, str)]
    testcases: list[NvbandwidthTestcase] = []
    for entry in _list(body.get("testcases")):
        if not isinstance(entry, dict):
            continue
        testcase = _testcase(entry)
        if testcases and testcases[-1].name == testcase.name and testcases[-1].status == "running":
            testcases[-1] = replace(testcase, description=testcase.description or testcases[-1].description)
        else:
            testcases.append(testcase)
    errors = [str(body["error"]).strip()] if body.get("error") else []
    errors += [testcase.error for testcase in testcases if testcase.error]
    return (
        Nvbandwidth(
            version=version.removeprefix("v") if version else None,
            cuda_version=cuda_version(cuda) if isinstance(cuda, int) and not isinstance(cuda, bool) and 0 < cuda < 10**9 else None,
            driver_version=text_or_none(body.get("Driver Version")),
            host=text_or_none(body.get("Hostname")),
            devices=tuple(NvbandwidthDevice(int(match[1]), match[2].strip(), pci_address(match[3]), match[4]) for match in devices if match),
            testcases=tuple(testcases),
            errors=tuple(errors),
            warnings=(f"nvbandwidth warns: {str(body['warning']).strip()}",) if body.get("warning") else (),
        ),
        whole,
    )


def _testcase(entry: Mapping[str, Any]) -> NvbandwidthTestcase:
    name, description = text_or_none(entry.get("name")), text_or_none(entry.get("bandwidth_description"))
    rows = tuple(tuple(decimal(value) for value in row) for row in _list(entry.get("bandwidth_matrix")) if isinstance(row, list))
    said = text_or_none(entry.get("error"))
    status = _STATUSES.get(str(entry.get("status", "")).lower(), "error")
    matrix, parts = _directions(name or "", rows)
    unit = re.search(r"\((GB/s|ns)\)", description or "")
    return NvbandwidthTestcase(
        name=name,
        status="error" if said else status,
        description=description,
        unit=unit[1] if unit else None,
        sum=decimal(entry.get("sum")),
        average=decimal(entry.get("average")),
        minimum=decimal(entry.get("min")),
        maximum=decimal(entry.get("max")),
        matrix=without_diagonal(matrix, description or ""),
        parts=parts,
        error=said or (str(entry.get("status")) if status == "error" else None),
    )


def _directions(name: str, rows: tuple[tuple[float | None, ...], ...]) -> tuple[tuple[tuple[float | None, ...], ...], tuple[NvbandwidthPart, ...]]:
    """Return the table of the total, and those of the directions, where there are three in one."""
    size = len(rows[0]) if rows else 0
    if "device_to_device_bidirectional" not in name or not size or len(rows) != 3 * size:
        return rows, ()
    word = "write" if "write" in name else "read"
    tables = [rows[start : start + size] for start in range(0, 3 * size, size)]
    parts = tuple(NvbandwidthPart(f"{word}{number}", None, table) for number, table in enumerate(tables[:2], start=1))
    return tables[2], parts


def _sums(found: Nvbandwidth) -> list[str]:
    """Say where rows are missing or altered: their sum is another than what is printed."""
    said = []
    for testcase in found.testcases:
        values = [value for row in testcase.matrix for value in row if value is not None]
        total = sum(values)
        if testcase.sum is not None and values and abs(total - testcase.sum) > _ROUNDING * (len(values) + 1 + abs(total) * 1e-3):
            said.append(f"{testcase.name}: the values give a sum of {total:.2f}, but {testcase.sum:g} is printed: rows are missing or altered.")
    return said


def _faults(found: Nvbandwidth) -> list[Fault]:
    faults = []
    failed = [testcase for testcase in found.testcases if testcase.status == "error"]
    wrong = next((error for error in found.errors if _WRONG in error), None)
    if wrong:
        subject = next((testcase.name for testcase in failed if testcase.name), None) or "the run"
        hint = "Take the machine out of use; see nvidia-smi nvlink --status, ECC errors and the IOMMU (it must be off or in passthrough)."
        faults.append(Fault("wrong_values", subject, f"data were corrupted on the way: {wrong}.", hint))
    elif found.errors:
        more = f" (and {len(found.errors) - 1} more)" if len(found.errors) > 1 else ""
        faults.append(
            Fault("run_failed", failed[0].name or "the run" if failed else "the run", f"it failed: {found.errors[0]}{more}.", "See dmesg for Xid lines.")
        )
    elif failed:
        faults += [Fault("testcase_failed", testcase.name or "a testcase", f"it failed: {testcase.error or 'no reason is given'}.") for testcase in failed]
    return faults


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
