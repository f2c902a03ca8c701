# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a program of perftest measured: ib_write_bw, ib_read_bw, ib_send_bw, ib_atomic_bw, and the same with _lat.

Source of the forms: src/perftest_parameters.h and .c of linux-rdma/perftest. What it calls MB/sec (since 2024: MiB/sec) is 2^20 bytes a second,
what it calls Gb/sec 10^9 bits a second; here all bandwidth is 10^9 bits. Where both ends print into one file, one of them is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields

from ..errors import CoreError
from ..model.document import Fault
from ..model.measurement import Perftest, PerftestRow, PerftestRun
from .perftest_json import read_json
from .values import decimal, plain, text_or_none, whole, without_prefixes

TABLES = {
    "rows": (
        "size_bytes",
        "iterations",
        "side",
        "bw_peak_gbits_per_s",
        "bw_avg_gbits_per_s",
        "msg_rate_mpps",
        "t_min_us",
        "t_typical_us",
        "t_avg_us",
        "t_max_us",
        "percentile_99_us",
    ),
    "further_runs": ("test", "device", "complete"),
}
GBITS_PER_S = {"MB/sec": 8 * 2**20 / 1e9, "MiB/sec": 8 * 2**20 / 1e9, "Gb/sec": 1.0}
# A sweep of all sizes (-a) ends at 2^23.
_LARGEST = 1 << 23

_TITLE = re.compile(r"\s*((?:RDMA_)?(?:Write|Read|Send|Atomic)\w*(?: \S+){0,6}) Test\s*")
_SETTINGS = {
    "device": re.compile(r"\bDevice\s+:\s*(\S+)"),
    "transport": re.compile(r"\bTransport type\s*:\s*(\S+)"),
    "connection": re.compile(r"\bConnection type\s*:\s*(\S+)"),
    "link_type": re.compile(r"\bLink type\s*:\s*(\S+)"),
    "mtu_bytes": re.compile(r"\bMtu\s*:\s*(\d+)\[B\]"),
    "qps": re.compile(r"\bNumber of qps\s*:\s*(\d+)"),
    "gid_index": re.compile(r"\bGID index\s*:\s*(\d+)"),
}
_ADDRESS = re.compile(r"(local|remote) address:\s*LID\s+(\S+)\s+QPN\s+(\S+)\s+PSN\s+(\S+)")
_GID = re.compile(r"\s*GID:\s*([\da-fA-F:.]+)\s*")
_NO_LID = re.compile(r"(?:0x)?0+")
_SIDE = re.compile(r"\s*(Local|Remote) results:\s*")
_LINE = re.compile(r"\s*-{20,}\s*")
_COLUMN = re.compile(
    r"#bytes|#sl|#?iterations|BW peak\[[^\]\s]+\]|BW average\[[^\]\s]+\]|BW \w+\[[^\]\s]+\]|MsgRate(?: Port\d)?\[\w+\]"
    r"|t_\w+\[\w+\]|99(?:\.9)?% percentile\[\w+\]|tps average|CPU_Util\[%+\]"
)
_NUMBER_LINE = re.compile(r"\s*\d[\d.\s]*(?:\d|\.)\s*")
_WAITING = "Waiting for client"
# Sentences of these programs, and of the adapter's library under them.
_OWN_ERROR = re.compile(
    r"Couldn't (?:connect to|create IB resources|get (?:device attributes|port)|allocate MR|set the link layer|read remote address|listen to port)"
    r"|Unable to (?:open file descriptor|init the socket|find the Infiniband|create QP|Connect the HCA|write to socket|read to)"
    r"|Failed to (?:modify QP|create QP|exchange|connect|handle RDMA CM|init|open)|Failed status \d+|Completion with error|completion with error"
    r"|IB device \S+ not found|Did not detect devices|Port number \d+ state is|RDMA CM event error"
    r"|Error: (?:BW|Msg rate).{0,20} below "
)
_ERROR = re.compile(r"\s*(?:\S{1,40}: )?(?:Couldn't|Could not|Unable to|Failed|Error:|ERRNO:|\*\*\* stack smashing|Segmentation fault)")
# Where no peak was measured (-D, or very many iterations) it is printed as zero.
_NO_PEAK = 0.0

_FIELDS = {
    "bytes": "size_bytes",
    "iterations": "iterations",
    "BW peak": "bw_peak_gbits_per_s",
    "BW average": "bw_avg_gbits_per_s",
    "MsgRate": "msg_rate_mpps",
    "t_min": "t_min_us",
    "t_max": "t_max_us",
    "t_typical": "t_typical_us",
    "t_avg": "t_avg_us",
    "t_stdev": "t_stdev_us",
    "99% percentile": "percentile_99_us",
    "99.9% percentile": "percentile_99_9_us",
    "tps average": "transactions_per_s",
    "CPU_Util": "cpu_percent",
}


@dataclass
class _Section:
    """What was read of one end of one run."""

    test: str | None = None
    settings: dict[str, str] = field(default_factory=dict)
    ends: dict[str, set[tuple[str, ...]]] = field(default_factory=lambda: {"local": set(), "remote": set()})
    gids: dict[str, set[str]] = field(default_factory=lambda: {"local": set(), "remote": set()})
    last_end: str = "local"
    columns: list[str] = field(default_factory=list)
    side: str | None = None
    rows: list[PerftestRow] = field(default_factory=list)
    unit: str | None = None
    errors: list[str] = field(default_factory=list)
    waiting: bool = False
    ended: bool = False

    def has_begun_as(self, test: str) -> bool:
        """Whether there is no more of it than the beginning of this test: then the same title again is the other end, which prints at the same time."""
        return self.test == test and not (self.rows or self.errors or any(self.ends.values()))


def parse(text: str) -> Perftest:
    """Read an output of a program of perftest, or the JSON that it writes. Raises ``CoreError`` for a text that is neither."""
    text = without_prefixes(plain(text))
    if not text.strip():
        raise CoreError("the output is empty: expected is what a program of perftest (ib_write_bw, …) prints.")
    warnings: list[str] = []
    is_whole = True
    if text.lstrip().startswith("{"):
        runs, is_whole = read_json(text, warnings)
    else:
        sections = _read_text(text, warnings)
        if not sections:
            first = text.strip().split("\n")[0].strip()
            raise CoreError(
                f"this is no output of perftest: it has neither the title of a test nor a table of results, but begins with {first[:100]!r}.",
                hint="Give the whole output of ib_write_bw or its like, with standard error.",
            )
        runs = [_run(section) for section in _without_other_ends(sections)]
    if len(runs) > 1:
        warnings.insert(0, f"{len(runs)} runs follow one another: the first is shown, the others are in further_runs.")
    for run in runs:
        if run.loopback:
            warnings.append(f"both ends of {run.test or 'the test'} have the same address: nothing left the port.")
    first_run = {entry.name: getattr(runs[0], entry.name) for entry in fields(PerftestRun)}
    first_run["complete"] = runs[0].complete and is_whole
    return Perftest(
        **first_run,
        further_runs=tuple(runs[1:]),
        warnings=tuple(warnings),
        faults=tuple(fault for run in runs for fault in _faults(run)),
    )


def _read_text(text: str, warnings: list[str]) -> list[_Section]:
    sections: list[_Section] = []
    section = _Section()
    is_one = False
    for number, line in enumerate(text.split("\n"), 1):
        title = _TITLE.fullmatch(line)
        if title:
            if (section.test or section.rows) and not section.has_begun_as(title[1]):
                sections.append(section)
                section = _Section()
            section.test = title[1]
            is_one = True
            continue
        if _LINE.fullmatch(line):
            # A line of dashes behind the rows ends a table, also that of the other end in the same file.
            for each in (*sections, section):
                each.ended |= bool(each.rows)
        elif line.lstrip().startswith("#bytes"):
            section.columns = _COLUMN.findall(line)
            is_one = True
        elif section.columns and _NUMBER_LINE.fullmatch(line):
            _take(section, number, line, warnings)
        elif _WAITING in line:
            section.waiting = is_one = True
        elif _OWN_ERROR.search(line) or _ERROR.match(line):
            section.errors.append(line.strip()[:300])
            is_one |= bool(_OWN_ERROR.search(line))
        else:
            _take_setting(section, line)
    if section.test or section.rows or section.errors or section.waiting:
        sections.append(section)
    return sections if is_one else []


def _take_setting(section: _Section, line: str) -> None:
    address, gid, side = _ADDRESS.search(line), _GID.fullmatch(line), _SIDE.fullmatch(line)
    if address:
        section.last_end = address[1]
        section.ends[address[1]].add((address[2], address[3], address[4]))
    elif gid:
        section.gids[section.last_end].add(gid[1])
    elif side:
        section.side = side[1].lower()
    elif ":" in line:
        for name, pattern in _SETTINGS.items():
            found = pattern.search(line)
            if found:
                section.settings.setdefault(name, found[1])


def _take(section: _Section, number: int, line: str, warnings: list[str]) -> None:
    words = line.split()
    if len(words) != len(section.columns):
        warnings.append(f"line {number}: the row has {len(words)} of {len(section.columns)} columns and is left out.")
        section.ended = False
        return
    values: dict[str, float | int | None] = {}
    for column, word in zip(section.columns, words):
        name, _bracket, unit = column.partition("[")
        unit = unit.rstrip("]")
        target = _FIELDS.get(name.removeprefix("#"))
        if target is None:
            continue
        if target in ("size_bytes", "iterations"):
            values[target] = whole(word)
        elif name.startswith("BW"):
            section.unit = unit
            factor, value = GBITS_PER_S.get(unit), decimal(word)
            values[target] = value * factor if value is not None and factor is not None else None
        elif target.endswith("_us") and unit != "usec":
            values[target] = None
        else:
            values[target] = decimal(word)
    size = values.pop("size_bytes", None)
    if not isinstance(size, int):
        warnings.append(f"line {number}: the row has no size and is left out.")
        return
    if None in values.values():
        warnings.append(f"line {number}: not all of the row can be read.")
    if values.get("bw_peak_gbits_per_s") == _NO_PEAK and values.get("bw_avg_gbits_per_s"):
        values["bw_peak_gbits_per_s"] = None
    section.rows.append(PerftestRow(size_bytes=size, side=section.side, **values))  # type: ignore[arg-type]


def _without_other_ends(sections: list[_Section]) -> list[_Section]:
    """Leave out what the other end printed: its local address is the remote one here. Of the two the one with more results is kept."""
    kept: list[_Section] = []
    for section in sections:
        mirrored = next(
            (
                place
                for place, other in enumerate(kept)
                if section.ends["local"] and section.ends["local"] == other.ends["remote"] and section.ends["remote"] == other.ends["local"]
            ),
            None,
        )
        if mirrored is None:
            kept.append(section)
        else:
            better, other = sorted((kept[mirrored], section), key=lambda each: -len(each.rows))
            better.errors += [error for error in other.errors if error not in better.errors]
            kept[mirrored] = better
    return kept


def _run(section: _Section) -> PerftestRun:
    settings = section.settings
    both_ends = bool(section.ends["local"]) and section.ends["local"] == section.ends["remote"]
    # A test of one size, also one that goes on for ever, needs no line behind its table.
    one_size = len({row.size_bytes for row in section.rows}) == 1
    whole_table = section.ended or one_size or any(row.size_bytes == _LARGEST for row in section.rows)
    return PerftestRun(
        test=section.test,
        bidirectional="Bidirectional" in (section.test or ""),
        device=text_or_none(settings.get("device")),
        transport=text_or_none(settings.get("transport")),
        connection=text_or_none(settings.get("connection")),
        link_type=text_or_none(settings.get("link_type")),
        mtu_bytes=whole(settings.get("mtu_bytes")),
        qps=whole(settings.get("qps")),
        gid_index=whole(settings.get("gid_index")),
        loopback=_is_loopback(section),
        printed_unit=section.unit,
        # Where both ends printed at the same time, each of them told the last result.
        rows=tuple(dict.fromkeys(section.rows) if both_ends else section.rows),
        errors=tuple(section.errors),
        complete=bool(section.rows) and whole_table,
    )


def _is_loopback(section: _Section) -> bool | None:
    lids = [{end[0] for end in section.ends[name] if not _NO_LID.fullmatch(end[0])} for name in ("local", "remote")]
    for local, remote in (lids, [section.gids["local"], section.gids["remote"]]):
        if local and remote:
            return local == remote
    return None


def _faults(run: PerftestRun) -> list[Fault]:
    subject = f"{run.test or 'the test'}{f' on {run.device}' if run.device else ''}"
    found = []
    below = [error for error in run.errors if " below " in error]
    errors = [error for error in run.errors if error not in below]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        found.append(Fault("run_failed", subject, f"the test failed: {errors[0].rstrip('.')}{more}.", _hint(errors[0])))
    if below:
        found.append(
            Fault("below_limit", subject, f"the result is below the limit that was given: {below[0].rstrip('.')}.", "Compare it with the other rails.")
        )
    if not run.complete:
        what = f"it ends after {len(run.rows)} rows" if run.rows else "it has no results"
        found.append(Fault("run_incomplete", subject, f"the test did not end: {what}.", "Start the server first, then the client, with the same options."))
    return found


def _hint(error: str) -> str:
    for words, hint in (
        ("connect to", "Is the server started, and its port reachable over the management network?"),
        ("not found", "ibdev2netdev and ibstat name the adapters of the host."),
        ("modify QP", "Check that both ports are active, in the same fabric, and that the GID index is right for RoCE."),
        ("ompletion with error", "The other end did not answer: check link, subnet manager and, for RoCE, GID index and MTU at both ends."),
        ("Failed status", "The other end did not answer: check link, subnet manager and, for RoCE, GID index and MTU at both ends."),
        ("state is", "The port is down: check cable and subnet manager."),
    ):
        if words in error:
            return hint
    return "See errors."
