# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The JSON that nccl-tests (option ``-J``, versions 1 to 3 of its form) and rccl-tests (``-Z json``) write.

Source of the forms: src/util.cu of NVIDIA/nccl-tests, src/common.cpp of ROCm/rccl-tests. The first dumps the whole environment of the launcher,
with whatever secrets it holds: nothing of it is looked at.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

from ..errors import CoreError
from ..model.measurement import NcclIterations, NcclRank, NcclResult, NcclRow, NcclRun, NcclSettings
from .json_text import json_values, load_cut_json
from .nccl_tests_text import Section, version_of
from .values import decimal, pci_address, text_or_none, whole

_RCCL_COLLECTIVES = {
    "AllReduce": "all_reduce",
    "AllReduceBias": "all_reduce_bias",
    "AllGather": "all_gather",
    "ReduceScatter": "reduce_scatter",
    "AlltoAll": "alltoall",
    "AlltoAllv": "alltoallv",
    "Broadcast": "broadcast",
    "Reduce": "reduce",
    "Scatter": "scatter",
    "Gather": "gather",
    "SendRecv": "sendrecv",
    "HyperCube": "hypercube",
}
_PROGRAM = re.compile(r"(\w+)_perf")


def read_json(text: str) -> tuple[Section, int | None]:
    """Return the run that a JSON file tells of, and the version of its form. Raises ``CoreError`` for JSON of something else."""
    records, end = json_values(text)
    # Before 2.22 rccl-tests writes one object a line.
    if records and all(_is_rccl(record) for record in records):
        return _rccl(records, whole_form=end == len(text), has_end=False), None
    document, is_whole = load_cut_json(text)
    if isinstance(document, list) and document and all(_is_rccl(record) for record in document):
        return _rccl(document, whole_form=is_whole, has_end=True), None
    if not isinstance(document, dict) or not ({"results", "config"} & set(document)) or "args" not in document:
        raise CoreError("this is JSON, but not of nccl-tests or rccl-tests: it has no 'args' with 'config' or 'results'.")
    return _nccl(document, is_whole), whole(document.get("version"))


def _nccl(document: dict[str, Any], is_whole: bool) -> Section:
    section = Section()
    config = _mapping(document.get("config"))
    settings = _settings(config)
    for place, entry in enumerate(_list(config.get("devices"))):
        rank = _rank(_mapping(entry))
        if rank is None:
            section.warnings.append(f"config.devices[{place}] is no rank that can be read.")
        else:
            section.ranks.append(rank)
    for place, entry in enumerate(_list(document.get("results"))):
        row = _row(_mapping(entry))
        if row is None:
            section.warnings.append(f"results[{place}] is no row that can be read.")
        else:
            section.rows.append(row)
    bounds = _mapping(document.get("out_of_bounds"))
    # Until 2.17.8 the word is misspelt.
    average = _mapping(document.get("average_bus_bandwidth") or document.get("average_bus_bandwidith"))
    bandwidth = decimal(average.get("bandwidth", average.get("bandwidith")))
    section.wrong = bounds.get("okay") in ("false", False) or any(result.wrong for row in section.rows for result in (row.out_of_place, row.in_place) if result)
    section.below_minimum = average.get("okay") in ("false", False)
    code = whole(document.get("nccl_version"))
    arguments = _list(document.get("args"))
    program = _PROGRAM.match(posixpath.basename(str(arguments[0]))) if arguments else None
    gpus = settings.threads_per_process * settings.gpus_per_thread if settings else 1
    count = len(section.ranks) * gpus
    if gpus > 1:
        section.warnings.append(f"ranks has only the first GPU of each process: {count} took part.")
    section.run = NcclRun(
        collective=program[1] if program else None,
        collective_source="named" if program else None,
        nccl_version=version_of(code) if code and 0 < code < 10**6 else None,
        settings=settings,
        rank_count=count or None,
        ranks=tuple(section.ranks),
        cpu_time=any("cpu_time" in _mapping(entry.get("out_of_place")) for entry in _list(document.get("results")) if isinstance(entry, dict)),
        rows=tuple(section.rows),
        avg_busbw_gbytes_per_s=bandwidth,
        out_of_bounds=whole(bounds.get("count")),
        errors=tuple(str(error) for error in _list(document.get("errors")) if str(error).strip()),
        complete=is_whole and bandwidth is not None and bool(section.rows),
    )
    if not is_whole:
        section.warnings.append("the JSON ends in the middle: what follows the last whole entry is lost.")
    return section


def _settings(config: dict[str, Any]) -> NcclSettings | None:
    names = ("nthreads", "ngpus", "minimum_bytes", "maximum_bytes", "step_factor", "step_bytes", "warmup_iters", "iterations", "validation")
    threads, gpus, smallest, largest, *rest = (whole(config.get(name)) for name in names)
    if threads is None or gpus is None or smallest is None or largest is None:
        return None
    return NcclSettings(threads, gpus, smallest, largest, *rest)


def _rank(entry: dict[str, Any]) -> NcclRank | None:
    rank, device, host = whole(entry.get("rank")), whole(entry.get("device")), text_or_none(entry.get("hostname"))
    if rank is None or device is None or host is None:
        return None
    return NcclRank(rank, host, device, pci_address(entry.get("device_hex")), whole(entry.get("group")) or 0, text_or_none(entry.get("device_info")))


def _row(entry: dict[str, Any]) -> NcclRow | None:
    size, count, root = whole(entry.get("size")), whole(entry.get("count")), whole(entry.get("root"))
    if size is None or count is None:
        return None
    return NcclRow(
        size_bytes=size,
        count=count,
        type=str(entry.get("type", "")),
        redop=text_or_none(entry.get("redop")),
        root=root if root is not None and root >= 0 else None,
        out_of_place=_result(entry, "out_of_place"),
        in_place=_result(entry, "in_place"),
    )


def _result(entry: dict[str, Any], name: str) -> NcclResult | None:
    half = _mapping(entry.get(name))
    if not half:
        return None
    each = _mapping(entry.get(f"{name}_per_iter"))
    iterations = NcclIterations(*(decimal(each.get(part)) for part in ("min_us", "max_us", "p99_us", "cv_pct"))) if each else None
    wrong = decimal(half.get("nwrong"))
    return NcclResult(
        time_us=decimal(half.get("time", half.get("cpu_time"))),
        algbw_gbytes_per_s=decimal(half.get("alg_bw")),
        busbw_gbytes_per_s=decimal(half.get("bus_bw")),
        wrong=int(wrong) if wrong is not None else None,
        iterations=iterations,
    )


def _is_rccl(record: object) -> bool:
    return isinstance(record, dict) and {"name", "size", "inPlace", "busBw"} <= set(record)


def _rccl(records: list[dict[str, Any]], *, whole_form: bool, has_end: bool) -> Section:
    section = Section()
    halves: dict[tuple[int | None, int, str, str | None], dict[bool, NcclResult]] = {}
    for place, record in enumerate(records):
        size = whole(record.get("size"))
        if size is None:
            section.warnings.append(f"record {place + 1} has no size that can be read.")
            continue
        wrong = decimal(record.get("wrong"))
        result = NcclResult(decimal(record.get("time")), decimal(record.get("algBw")), decimal(record.get("busBw")), int(wrong) if wrong is not None else None)
        key = (whole(record.get("numCycle")), size, str(record.get("type", "")), text_or_none(record.get("redop")))
        halves.setdefault(key, {})[record.get("inPlace") not in (0, "0", False)] = result
    for (_cycle, size, kind, redop), half in halves.items():
        section.rows.append(NcclRow(size, None, kind, redop, None, half.get(False), half.get(True)))
    section.wrong = any(result.wrong for half in halves.values() for result in half.values())
    if not has_end:
        section.warnings.append("this form has no end: whether the run ended can't be told.")
    elif not whole_form:
        section.warnings.append("the JSON ends in the middle: what follows the last whole entry is lost.")
    name = str(records[0].get("name", ""))
    section.run = NcclRun(
        collective=_RCCL_COLLECTIVES.get(name, name) or None,
        collective_source="named",
        rank_count=whole(records[0].get("ranks", records[0].get("gpus"))),
        rows=tuple(section.rows),
        complete=whole_form and bool(section.rows),
    )
    return section


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
