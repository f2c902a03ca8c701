# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run of nccl-tests or rccl-tests measured, and whether it was the run that it seems to be.

Text of every version and JSON of every form. Several runs in one file are read apart: the first is the document, the others follow in
``further_runs``, and their faults count as well.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, replace

from ..errors import CoreError
from ..model.document import Fault
from ..model.measurement import NcclResult, NcclRun, NcclTests
from .nccl_tests_json import read_json
from .nccl_tests_text import Section, read_text
from .values import plain

TABLES = {
    "ranks": ("rank", "host", "device", "pci_address", "product"),
    "rows": (
        "size_bytes",
        "type",
        "redop",
        "out_of_place.time_us",
        "out_of_place.algbw_gbytes_per_s",
        "out_of_place.busbw_gbytes_per_s",
        "out_of_place.wrong",
        "in_place.time_us",
        "in_place.algbw_gbytes_per_s",
        "in_place.busbw_gbytes_per_s",
        "in_place.wrong",
    ),
    "further_runs": ("collective", "rank_count", "avg_busbw_gbytes_per_s", "wrong_total", "complete"),
}
_JSON = re.compile(r"\s*(?:\{|\[\s*\{)")
_FAILURE = re.compile(r"(?:srun|slurmstepd|mpirun|mpiexec|prterun|bash|sh):.*|.*(?:error|failed|not found|No such file|refused).*", re.IGNORECASE)
# The printed average is the mean of numbers that are printed with two decimals.
_ROUNDING_GBYTES_PER_S = 0.02
_ROUNDING = 0.005
# Below this a bandwidth has too few digits to tell a ratio.
_TELLING_GBYTES_PER_S = 1.0


def parse(text: str) -> NcclTests:
    """Read an output of nccl-tests or rccl-tests. Raises ``CoreError`` for a text that is none."""
    text = plain(text)
    if not text.strip():
        raise CoreError("the output is empty: expected is what a program of nccl-tests or rccl-tests prints.")
    json_version = None
    if _JSON.match(text):
        section, json_version = read_json(text)
        sections = [section]
    else:
        sections = read_text(text)
    if not sections:
        said = next((line.strip() for line in text.split("\n") if _FAILURE.fullmatch(line.strip())), text.strip().split("\n")[0])
        raise CoreError(
            f"this is no output of nccl-tests or rccl-tests: it has neither their header nor a row of results, but says {said[:100]!r}.",
            hint="Give the whole output of the run, with standard error.",
        )
    for section in sections:
        section.run = _completed(section)
    warnings = [warning for section in sections for warning in _warnings(section)]
    apart = _ran_apart(sections)
    if len(sections) > 1:
        warnings.insert(0, f"{len(sections)} runs follow one another: the first is shown, the others are in further_runs.")
    first = {field.name: getattr(sections[0].run, field.name) for field in fields(NcclRun)}
    return NcclTests(
        **first,
        json_version=json_version,
        further_runs=tuple(section.run for section in sections[1:]),
        warnings=tuple(warnings),
        faults=(*apart, *(fault for section in sections for fault in _faults(section, several=len(sections) > 1))),
    )


def infer_collective(section: Section) -> str | None:
    """Return the collective that a table must be of, from its columns and the ratio of bus to algorithm bandwidth; ``None`` where it fits several.

    The factors are those of doc/PERFORMANCE.md of nccl-tests, with n ranks: all_reduce 2(n-1)/n; all_gather, reduce_scatter, alltoall, gather
    and scatter (n-1)/n; the others 1.
    """
    rows = section.run.rows
    reduces = any(row.redop for row in rows)
    rooted = any(row.root is not None for row in rows)
    if section.columns == ():
        return "all_gather"
    ratio = _ratio(section)
    peers = _communicator(section)
    if ratio is None:
        return None
    shares = _near(ratio, (peers - 1) / peers) if peers else ratio < 0.995
    if rooted:
        return "reduce" if reduces else "broadcast" if _near(ratio, 1) and not shares else None
    # What has no form in place is timed twice, but checked once.
    checked_once = any(row.out_of_place and row.in_place and row.out_of_place.wrong is not None and row.in_place.wrong is None for row in rows)
    blank_operation = section.columns == ("redop",) and not reduces
    if checked_once or blank_operation:
        return "alltoall" if shares else "sendrecv" if _near(ratio, 1) else None
    if reduces and (_near(ratio, 2 * (peers - 1) / peers) if peers else ratio > 1.005):
        return "all_reduce"
    if reduces:
        return "reduce_scatter" if shares else None
    checked = any(row.in_place and row.in_place.wrong is not None for row in rows)
    return "all_gather" if shares and checked else None


def _completed(section: Section) -> NcclRun:
    """Add to a run what follows from what was read."""
    run = section.run
    count = run.rank_count or max((rank.rank + 1 for rank in run.ranks), default=None)
    counted = [result.wrong for result in _results(run) if result.wrong is not None]
    run = replace(run, rank_count=len(run.ranks) if section.repeated else count, wrong_total=sum(counted) if counted else run.out_of_bounds)
    section.run = run
    if run.collective is None and run.rows:
        collective = infer_collective(section)
        run = replace(run, collective=collective, collective_source="inferred" if collective else None)
    return run


def _results(run: NcclRun) -> list[NcclResult]:
    return [result for row in run.rows for result in (row.out_of_place, row.in_place) if result]


def _communicator(section: Section) -> int | None:
    """Return the number of ranks that communicate with rank 0, where more than one is known."""
    ranks = section.run.ranks
    groups = {rank.group for rank in ranks}
    count = sum(rank.group == ranks[0].group for rank in ranks) if len(groups) > 1 else section.run.rank_count
    return count if count and count > 1 else None


def _ratio(section: Section) -> float | None:
    """Return bus bandwidth divided by algorithm bandwidth, from the result that has most digits."""
    pairs = [(result.algbw_gbytes_per_s or 0.0, result.busbw_gbytes_per_s) for result in _results(section.run)]
    algorithm, bus = max(pairs, default=(0.0, None), key=lambda pair: pair[0])
    return bus / algorithm if bus is not None and algorithm >= _TELLING_GBYTES_PER_S else None


def _near(value: float, expected: float) -> bool:
    return abs(value - expected) <= 0.005 * max(value, expected) + 0.001


def _warnings(section: Section) -> list[str]:
    run, found = section.run, list(section.warnings)
    listed = {rank.rank for rank in run.ranks}
    missing = [number for number in range(max(listed, default=-1) + 1) if number not in listed]
    if run.rows and run.rank_count is None:
        found.append("no rank is listed: how many GPUs took part can't be told.")
    elif run.ranks and missing:
        found.append(f"{len(missing)} of {max(listed) + 1} ranks are not listed.")
    elif run.rank_count == 1 and not section.repeated:
        found.append("one rank took part: nothing was communicated.")
    if section.reduced_to is not None:
        found.append(f"the memory of the GPUs did not suffice: sizes end at {section.reduced_to} B.")
    elif run.settings and run.complete:
        found += _sizes_missing(run)
    if run.complete and run.avg_busbw_gbytes_per_s is not None:
        values = [result.busbw_gbytes_per_s for result in _results(run) if result.busbw_gbytes_per_s is not None]
        mean = sum(values) / len(values) if values else 0.0
        if abs(mean - run.avg_busbw_gbytes_per_s) > _ROUNDING_GBYTES_PER_S + _ROUNDING * mean:
            found.append(f"the rows give an average of {mean:.4g} GB/s, but {run.avg_busbw_gbytes_per_s:g} is printed: rows are missing or altered.")
    if run.rows and run.settings and run.settings.checks == 0:
        found.append("the results were not checked (option -c 0): that no value is out of bounds says nothing.")
    return found


def _sizes_missing(run: NcclRun) -> list[str]:
    """Say where the sizes end before what was asked for."""
    settings = run.settings
    if settings is None:
        return []
    last = max((row.size_bytes for row in run.rows), default=0)
    following = last * settings.step_factor if settings.step_factor and settings.step_factor > 1 else last + (settings.step_bytes or 1 << 62)
    if last > 0 and following <= settings.max_bytes:
        return [f"the sizes end at {last} B, though {settings.max_bytes} B were asked for."]
    return []


def _ran_apart(sections: list[Section]) -> list[Fault]:
    """Tell of programs that each measured alone, because they were not built with MPI, or started by another MPI than theirs.

    They print at the same time, or each one rank in turn. Runs of several ranks in turn are several runs, and wanted.
    """
    alone = [section for section in sections if len(section.run.ranks) == 1]
    alike = Counter((section.run.collective, section.run.settings) for section in alone)
    apart = [section for section in sections if section.repeated] + [
        section for section in alone if not section.repeated and alike[section.run.collective, section.run.settings] > 1
    ]
    if not apart:
        return []
    count = max(sum(rank.rank == 0 for section in apart for rank in section.run.ranks), 2)
    return [
        Fault(
            id="ran_apart",
            subject="the run",
            message=f"{count} programs ran each on its own: rank 0 is there {count} times. Nothing was measured between them.",
            hint="Build the tests with MPI=1, and start them with the mpirun or srun --mpi of the MPI that they were built with.",
        )
    ]


def _faults(section: Section, *, several: bool) -> list[Fault]:
    run = section.run
    subject = run.collective or "the run"
    found = []
    if run.errors:
        more = f" (and {len(run.errors) - 1} more)" if len(run.errors) > 1 else ""
        found.append(Fault("run_failed", subject, f"the run failed: {run.errors[0]}{more}.", "See errors and nccl_warnings, first those of the first host."))
    if not run.complete:
        what = f"it ends after {len(run.rows)} rows, without its summary" if run.rows else "it has no results"
        found.append(Fault("run_incomplete", subject, f"the run did not end: {what}.", "Run it again with a longer time limit, and keep standard error."))
    if section.wrong or run.out_of_bounds:
        sizes = sorted({row.size_bytes for row in run.rows for result in (row.out_of_place, row.in_place) if result and result.wrong})
        where = f" at {', '.join(str(size) for size in sizes[:4])}{' …' if len(sizes) > 4 else ''} B" if sizes else ""
        count = f"{run.wrong_total} wrong values" if run.wrong_total else "wrong values"
        found.append(
            Fault(
                "wrong_values",
                subject,
                f"the results have {count}{where}: data were corrupted on the way.",
                "Take the hosts out of use; find the GPU or link by running it on parts of the hosts.",
            )
        )
    if section.below_minimum:
        found.append(
            Fault(
                "below_minimum",
                subject,
                f"the average bus bandwidth of {run.avg_busbw_gbytes_per_s} GB/s is below what NCCL_TESTS_MIN_BW asks for.",
                "Compare it per host and per rail.",
            )
        )
    if several:
        return [replace(fault, subject=f"{fault.subject} ({run.rank_count or '?'} ranks)") for fault in found]
    return found
