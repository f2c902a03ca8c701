# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs of nccl-tests 2.19.6 as they would run on the node of a profile, alone or as tasks of a launcher.

Text, JSON (form 3) and exit statuses follow the sources of nccl-tests; the form of the text was compared with recordings. Nodes of a run are taken to be alike,
as a task knows no other profile than its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .nccl_options import Options, colour, options_of
from .nccl_task import Task, library_log, task_of
from .profile import effective
from .rates import Outcome, collective_rate, healthy, lost, pair_rate

_CODE = 22907
# Of a run that takes longer in truth.
_LONGEST_S = 1.5
# At this size half of the bandwidth is reached.
_HALF_AT_BYTES = 4 << 20
_GATHERS = ("all_gather", "reduce_scatter", "alltoall")
_ONCE = ("alltoall", "sendrecv")
_WRONG_DATA, _CUDA_ERROR, _NOT_IMPLEMENTED = 7, 2, 5


@dataclass(frozen=True)
class _Rank:
    rank: int
    group: int
    host: str
    device: int
    pci: str
    name: str


def nccl_tests(
    program: str, profile: Mapping[str, Any], argv: Sequence[str], environment: Mapping[str, str], pid: int, denied: Collection[int] = ()
) -> Outcome:
    """Answer ``PROGRAM ARGV`` in an environment."""
    node = effective(profile, denied)
    options = options_of(program, argv)
    if isinstance(options, Outcome):
        return options
    collective = program.replace("_perf", "").replace("_mpi", "")
    task = task_of(node, environment, pid)
    each = options.threads * options.gpus
    local = task.rank % task.per_host
    first = int(environment["NCCL_TESTS_DEVICE"]) if environment.get("NCCL_TESTS_DEVICE", "").isdigit() else local * each
    head = f"# nccl-tests version 2.19.6 nccl-headers={_CODE} nccl-library={_CODE}\n# Collective test starting: {program}\n" if task.rank == 0 else ""
    if task.rank == 0:
        head += _settings(options)
    failure = _failure(node, first + each, task.pid)
    if failure:
        return replace(failure, before=head)
    ranks = [_rank(node, task, number, each, first) for number in range(task.count * each)]
    if task.rank == 0:
        head += "# Using devices\n" + "".join(_rank_line(entry, task, each) for entry in ranks)
    files = library_log(node, task, first)
    if "nccl_hang" in node["node_faults"]:
        return Outcome("", before=head, hangs=True, files=files)
    if "nccl_crash" in node["node_faults"]:
        return Outcome("", before=head, signal=11, files=files)
    rows, times = _measure(node, options, collective, task, ranks)
    if task.rank:
        return Outcome("", _status(rows, environment), seconds=_LONGEST_S / 2, files=files)
    return _report(program, options, environment, head, files, rows, times, ranks, each)


def _failure(node: Mapping[str, Any], wanted: int, pid: int) -> Outcome | None:
    """Return how a run ends that cannot begin."""
    if node["driver"] == "loaded" and not lost(node["gpus"]) and all(gpu["fabric_ok"] for gpu in node["gpus"]):
        if wanted <= len(node["gpus"]):
            return None
        said = (
            f"Invalid number of GPUs: {wanted} requested but only {len(node['gpus'])} were found.\nPlease check the number of processes and GPUs per process.\n"
        )
        return Outcome(f" .. {node['node']} pid {pid}: Test failure common.cu:1234\n", _NOT_IMPLEMENTED, said)
    why = "no CUDA-capable device is detected" if node["driver"] != "loaded" else "unknown error" if lost(node["gpus"]) else "system not yet initialized"
    said = f"{node['node']}: Test CUDA failure common.cu:1201 '{why}'\n .. {node['node']} pid {pid}: Test failure common.cu:1094\n"
    return Outcome(said, _CUDA_ERROR)


def _settings(options: Options) -> str:
    step = f"{options.factor}(factor)" if options.factor > 1 else f"{options.step}(bytes)"
    return (
        f"# nThread {options.threads} nGpus {options.gpus} minBytes {options.least} maxBytes {options.most} step: {step} warmup iters: {options.warmup} "
        f"iters: {options.iterations} agg iters: 1 validation: {options.checks} graph: 0 unalign: 0\n#\n"
    )


def _rank(node: Mapping[str, Any], task: Task, number: int, each: int, first: int) -> _Rank:
    process = number // each
    host = task.hosts[min(process // task.per_host, len(task.hosts) - 1)]
    device = (first if process == task.rank else process % task.per_host * each) + number % each
    gpu = node["gpus"][device % len(node["gpus"])]
    return _Rank(number, colour(process, task.environment), host, device, gpu["pci"][4:].lower().rpartition(".")[0], gpu["name"])


def _rank_line(entry: _Rank, task: Task, each: int) -> str:
    pid = task.pid + entry.rank // each
    return f"#  Rank {entry.rank:2} Group {entry.group:2} Pid {pid:6} on {entry.host:>10} device {entry.device:2} [{entry.pci}] {entry.name}\n"


def _measure(node: Mapping[str, Any], options: Options, collective: str, task: Task, ranks: Sequence[_Rank]) -> tuple[list[dict[str, Any]], list[list[float]]]:
    """Return a row per size, and for each size the time of each rank, in µs."""
    groups: dict[int, list[_Rank]] = {}
    for entry in ranks:
        groups.setdefault(entry.group, []).append(entry)
    algorithm = "ring" if task.environment.get("NCCL_ALGO", "").lower().startswith("ring") else "default"
    peak = {group: _peak(node, collective, members, algorithm) for group, members in groups.items()}
    wrong = 16 if any(gpu["wrong_data"] for gpu in node["gpus"]) and len(ranks) > 1 else 0
    rows, times = [], []
    for asked in options.sizes():
        count = len(groups[ranks[0].group])
        share = count if collective in _GATHERS else 1
        elements = asked // 4 // share // 4 * 4 if share > 1 else asked // 4
        size = elements * 4 * share
        factor = {"all_reduce": 2 * (count - 1) / count, "sendrecv": 1.0}.get(collective, (count - 1) / count)
        spent = {group: _time_us(size, rate, factor) for group, rate in peak.items()}
        each = [spent[entry.group] * healthy(node, f"rank{entry.rank}") / healthy(node, "rank0") for entry in ranks]
        time = sum(each) / len(each)
        algbw = size / time / 1e3
        rows.append(
            {
                "size": size,
                "count": elements,
                "redop": "sum" if "reduce" in collective else "none",
                "time": time,
                "algbw": algbw,
                "busbw": algbw * factor,
                "wrong": wrong if options.checks else None,
                "once": collective in _ONCE,
            }
        )
        times.append(each)
    return rows, times


def _peak(node: Mapping[str, Any], collective: str, members: Sequence[_Rank], algorithm: str) -> float:
    hosts = Counter(entry.host for entry in members)
    if len(members) == 1:
        # A GPU with itself: copies within its memory.
        return 1000.0
    if len(hosts) > 1 and max(hosts.values()) == 1:
        return pair_rate(node, members[0].device)
    return collective_rate({**node, "gpus": node["gpus"][: max(hosts.values())]}, collective, len(hosts), algorithm)


def _time_us(size: int, rate: float, factor: float) -> float:
    latency = 10.0
    if not size or not factor:
        return latency
    return latency + (size + _HALF_AT_BYTES) * factor / rate / 1e3 if size < _HALF_AT_BYTES << 6 else latency + size * factor / rate / 1e3


def _average(rows: Sequence[Mapping[str, Any]]) -> float:
    return sum(row["busbw"] for row in rows) / len(rows) if rows else 0.0


def _status(rows: Sequence[Mapping[str, Any]], environment: Mapping[str, str]) -> int:
    return _WRONG_DATA if any(row["wrong"] for row in rows) or _below(rows, environment) else 0


def _below(rows: Sequence[Mapping[str, Any]], environment: Mapping[str, str]) -> bool | None:
    """Say whether the average is below what NCCL_TESTS_MIN_BW asks for; ``None`` where it asks for nothing."""
    try:
        least = float(environment["NCCL_TESTS_MIN_BW"])
    except (KeyError, ValueError):
        return None
    return _average(rows) < 0.9 * least


def _width(value: float, width: int) -> str:
    """Write a number as getFloatStr does: with as many digits as have room."""
    power = len(str(int(value))) if value >= 1 else 0
    return f"{value:{width}.{2 if power < width - 2 else 1 if power < width - 1 else 0}f}"


def _half(row: Mapping[str, Any], *, in_place: bool, spread: str) -> str:
    unchecked = row["wrong"] is None or (in_place and row["once"])
    wrong = "N/A" if unchecked else f"{row['wrong']:g}"
    return f"  {_width(row['time'], 7)}  {_width(row['algbw'], 6)}  {_width(row['busbw'], 6)}  {wrong:>6}{spread}"


def _report(
    program: str,
    options: Options,
    environment: Mapping[str, str],
    head: str,
    files: dict[str, str],
    rows: Sequence[dict[str, Any]],
    times: Sequence[Sequence[float]],
    ranks: Sequence[_Rank],
    each: int,
) -> Outcome:
    more = "  i_min    i_max    i_p99    i_cv%" if options.per_iteration else ""
    text = "#\n#                                                              out-of-place                       in-place          \n"
    text += f"#       size         count      type   redop    root     time   algbw   busbw  #wrong{more}     time   algbw   busbw  #wrong{more} \n"
    text += "#        (B)    (elements)                               (us)  (GB/s)  (GB/s)             (us)  (GB/s)  (GB/s)         \n"
    for row, spent in zip(rows, times):
        spread = f"  {_width(min(spent), 7)}  {_width(max(spent), 7)}  {_width(max(spent), 7)}     0.40" if options.per_iteration else ""
        text += f"{row['size']:12}  {row['count']:12}     float  {row['redop']:>6}      -1"
        text += _half(row, in_place=False, spread=spread) + _half(row, in_place=True, spread=spread) + "\n"
    wrong = sum(1 if row["once"] else 2 for row in rows if row["wrong"])
    below = _below(rows, environment)
    verdict = "" if below is None else "FAILED" if below else "OK"
    text += f"# Out of bounds values : {wrong} {'FAILED' if wrong else 'OK'}\n# Avg bus bandwidth    : {_average(rows):g} {verdict}\n#\n"
    text += f"# Collective test concluded: {program}\n#\n\n"
    if options.output:
        files = {**files, options.output: _json(program, options, environment, rows, times, ranks, each)}
        head = f"# Writing JSON output to {options.output}\n{head}"
    return Outcome(text, _status(rows, environment), seconds=min(_LONGEST_S, 0.2 + 0.05 * len(rows)), before=head, files=files)


def _json(
    program: str,
    options: Options,
    environment: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    times: Sequence[Sequence[float]],
    ranks: Sequence[_Rank],
    each: int,
) -> str:
    results = []
    for row, spent in zip(rows, times):
        result: dict[str, Any] = {"size": row["size"], "count": row["count"], "type": "float", "redop": row["redop"], "root": "    -1"}
        for half in ("out_of_place", "in_place"):
            checked = row["wrong"] is not None and not (half == "in_place" and row["once"])
            result[half] = {"time": row["time"], "alg_bw": row["algbw"], "bus_bw": row["busbw"], "nwrong": float(row["wrong"]) if checked else None}
            if options.per_iteration:
                result[f"{half}_per_iter"] = _iterations(spent[::each], options.iterations)
        results.append({**result, "actual_iterations": options.iterations, "experiment_name": ""})
    devices = [
        {"rank": entry.rank, "group": entry.group, "pid": entry.rank, "hostname": entry.host, "device": entry.device, "device_hex": entry.pci}
        | {"device_info": entry.name}
        for entry in ranks[::each]
    ]
    step = {"step_factor": options.factor} if options.factor > 1 else {"step_bytes": options.step}
    wrong = sum(1 if row["once"] else 2 for row in rows if row["wrong"])
    below = _below(rows, environment)
    document = {
        "version": 3,
        "start_time": "2026-01-01 00:00:00",
        "args": [program],
        # All of it, as the program does.
        "env": [f"{name}={value}" for name, value in environment.items()],
        "nccl_version": _CODE,
        "config": {
            "nthreads": options.threads,
            "ngpus": options.gpus,
            "minimum_bytes": options.least,
            "maximum_bytes": options.most,
            **step,
            "warmup_iters": options.warmup,
            "iterations": options.iterations,
            "aggregated_iterations": 1,
            "validation": options.checks,
            "graph": 0,
            "blocking_collectives": "false",
            "per_iter_timing": str(options.per_iteration).lower(),
            "per_iter_skip": 0,
            "parallel_init": "false",
            "devices": devices,
        },
        "results": results,
        "out_of_bounds": {"count": wrong, "okay": "false" if wrong else "true"},
        "average_bus_bandwidth": {"bandwidth": _average(rows), "okay": "unchecked" if below is None else str(not below).lower()},
        "errors": [""],
        "end_time": "2026-01-01 00:00:02",
    }
    return json.dumps(document, separators=(",", ":"))


def _iterations(times: Sequence[float], iterations: int) -> dict[str, Any]:
    most = max(times)
    return {
        "skipped_iterations": 0,
        "min_us": most,
        "max_us": most,
        "avg_us": most,
        "p50_us": most,
        "p95_us": most,
        "p99_us": most,
        "stdev_us": 0.0,
        "cv_pct": 0.0,
        "times_us": [most] * iterations,
        "per_process_max_times_us": [[time] * iterations for time in times],
    }
