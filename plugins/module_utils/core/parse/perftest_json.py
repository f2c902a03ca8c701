# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file that a program of perftest writes with ``--out_json``: ``test_info`` and ``results``, a key a line.

Before the middle of 2023 its keys and words have no quotes, and a service level (``sl``) never has: then it is no JSON and is read by lines.
It does not say the unit of its bandwidths. That follows from the rate of messages times their size.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import CoreError
from ..model.measurement import PerftestRow, PerftestRun
from .json_text import json_values
from .values import decimal, load_json, text_or_none, whole

_KEY_LINE = re.compile(r'\s*"?([A-Za-z][\w .%/]{0,60}?)"?\s*:\s*"?([^"{},]*?)"?\s*,?\s*')
_PART_LINE = re.compile(r'\s*"?(test_info|results\w{0,20})"?\s*:\s*\{\s*')
_TEST = re.compile(r"((?:RDMA_)?(?:Write|Read|Send|Atomic)(?:_[Ww]ith_[Ii]mm\w*)?)_(.*?)_?Test")
_MEGABYTES = 8 * 2**20 / 1e9
_FIELDS = {
    "MsgRate": "msg_rate_mpps",
    "t_min": "t_min_us",
    "t_max": "t_max_us",
    "t_typical": "t_typical_us",
    "t_avg": "t_avg_us",
    "t_stdev": "t_stdev_us",
    "percentile_99": "percentile_99_us",
    "percentile_99.9": "percentile_99_9_us",
    "tps_average": "transactions_per_s",
    "CPU_util": "cpu_percent",
}
_SIDES = {"results": None, "results_local": "local", "results_remote": "remote"}


def read_json(text: str, warnings: list[str]) -> tuple[list[PerftestRun], bool]:
    """Return the runs that a file tells of, and whether all of it was read. Raises ``CoreError`` for one of another program."""
    documents, end = json_values(text)
    is_whole = end >= len(text)
    if not documents:
        documents = _by_lines(text)
        is_whole = text.rstrip().endswith("}")
        if not documents:
            load_json(text)
    if not is_whole:
        warnings.append("the file is cut off: what follows the last whole entry is lost.")
    runs = []
    for document in documents:
        if not isinstance(document, dict) or not isinstance(document.get("test_info"), dict):
            raise CoreError("this is JSON, but not of perftest: it has no 'test_info'.", hint="ib_write_bw writes it with --out_json --out_json_file.")
        runs.append(_run(document, warnings))
    return runs, is_whole


def _by_lines(text: str) -> list[dict[str, Any]]:
    """Return the documents of a file whose words have no quotes: each begins with its ``test_info``."""
    documents: list[dict[str, Any]] = []
    part: dict[str, str] = {}
    for line in text.split("\n"):
        begins = _PART_LINE.fullmatch(line)
        key = _KEY_LINE.fullmatch(line)
        if begins:
            if begins[1] == "test_info":
                documents.append({})
            part = {}
            if documents:
                documents[-1][begins[1]] = part
        elif key:
            part[key[1]] = key[2].strip()
    return documents


def _run(document: dict[str, Any], warnings: list[str]) -> PerftestRun:
    info = document["test_info"]
    test = _TEST.fullmatch(str(info.get("test", "")))
    unit = None
    rows = []
    for name, side in _SIDES.items():
        results = document.get(name)
        if not isinstance(results, dict) or not results:
            continue
        size = whole(results.get("MsgSize"))
        if size is None:
            warnings.append(f"{name} has no size of messages: nothing of it is taken.")
            continue
        values = {target: decimal(results.get(key)) for key, target in _FIELDS.items()}
        peak, average, rate = (decimal(results.get(key)) for key in ("BW_peak", "BW_average", "MsgRate"))
        factor = None
        if average is not None:
            factor = _factor(average, rate, size)
            if factor is None:
                warnings.append(f"{name}: whether bandwidths are in MB/sec or Gb/sec can't be told, so none is taken.")
            else:
                unit = "Gb/sec" if factor == 1 else "MB/sec"
        rows.append(
            PerftestRow(
                size_bytes=size,
                iterations=whole(results.get("n_iterations")),
                side=side,
                # Zero is printed where no peak was measured.
                bw_peak_gbits_per_s=peak * factor if peak and factor else None,
                bw_avg_gbits_per_s=average * factor if average is not None and factor else None,
                **values,
            )
        )
    return PerftestRun(
        test=f"{test[1]} {test[2].replace('_', ' ')}" if test else text_or_none(info.get("test")),
        bidirectional="Bidirectional" in str(info.get("test", "")),
        device=text_or_none(info.get("Device")),
        transport=text_or_none(info.get("Transport_type")),
        connection=text_or_none(info.get("Connection_type")),
        link_type=text_or_none(info.get("Link_type")),
        mtu_bytes=whole(info.get("Mtu")),
        qps=whole(info.get("Number_of_qps")),
        gid_index=whole(info.get("GID_index")),
        printed_unit=unit,
        rows=tuple(rows),
        complete=bool(rows),
    )


def _factor(average: float, rate: float | None, size: int) -> float | None:
    """Return what makes Gb/s of the printed bandwidth: the two units are apart by 119."""
    gbits_per_s = (rate or 0.0) * size * 8 / 1e3
    if not gbits_per_s or not average:
        return None
    ratio = average / gbits_per_s
    return 1.0 if 0.5 < ratio < 2 else _MEGABYTES if 60 < ratio < 240 else None
