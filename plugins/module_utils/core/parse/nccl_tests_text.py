# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text that nccl-tests and rccl-tests print, of every version, also between tags of a launcher and lines of the library.

Source of the forms: src/common.cu, src/util.cu and the older src/*.cu of NVIDIA/nccl-tests, src/common.cpp of ROCm/rccl-tests. A row is what
stands between its type (``float``) and the end of the line; where the library wrote into the middle of a row, its rest is on a later line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..model.measurement import NcclIterations, NcclRank, NcclResult, NcclRow, NcclRun, NcclSettings
from .values import decimal, pci_address, whole

_COLLECTIVES = "all_reduce_bias|all_reduce|all_gather|reduce_scatter|alltoallv|alltoall|broadcast|reduce|scatter|gather|sendrecv|hypercube"
_ROW = re.compile(
    r"(?:^|[\s:>\]])(?P<size>\d{1,20})\s+(?P<count>\d{1,20})\s+"
    r"(?P<type>u?int(?:8|32|64)|int|char|half|float|double|bfloat16|f8e4m3|f8e5m2|fp8_e4m3|fp8_e5m2)(?=\s|$)(?P<rest>.*)"
)
_REDOP = re.compile(r"[a-z]+")
_VALUE = re.compile(r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?\*?|-?nan|-?inf|N/A")
# The tag of a launcher that marks each piece of a row: "-1[0]    62.19".
_TAG_BEHIND_VALUE = re.compile(r"(?<=[\d.*aA])\[\d{1,6}\](?=\s)")
# A value with the name of the host that a line of the library begins with.
_GLUED = re.compile(r"(-1|0|N/A)(?=[A-Za-z])")
_IN_PLACE_ONLY = re.compile(r"\s+(?:[a-z]+\s+)?-?\d+\s{25,}\d")
_TAG = re.compile(
    r"\s*(?:\[[^\]\s]{1,80},\d{1,6}\](?:<std\w{3}>)?:"  # Open MPI
    r"|\d{1,6}: "  # srun --label
    r"|[A-Za-z][\w.-]{0,80}: "  # pdsh, clush
    r"|\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S{0,20}\s"  # kubectl logs --timestamps, CI
    r"|\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}(?:<std\w{3}>)?:)"
)
# Lines of the header and the summary. Until 2019 some had no #, and text that was copied from a web page has lost it.
_BARE_COMMENT = re.compile(
    r"\s*(?:[nr]ccl-tests version\s|Collective test starting|nThread \d+ nGpus |Rank\s+\d+\s.*\sdevice\s|(?:size\s+count|bytes\s+N)\s+type\s"
    r"|out-of-place\s|(?:Out of bounds values|Avg bus bandwidth)\s*:)"
)
_START = re.compile(r"#\s*([nr]ccl-tests version|Collective test starting|nThread)\b")
_VERSION = re.compile(r"(?:[nr]ccl-tests version|rccl-tests: Version)\s+(\w\S*)")
_LIBRARY_CODE = re.compile(r"\b[nr]ccl[- ]library\s*=\s*(\d{4,6})\b")
_LIBRARY = re.compile(r"\b[NR]CCL version\s*:?\s*(\d[\w.+:-]*)")
_NAMED = re.compile(rf"\b({_COLLECTIVES})_perf")
_SETTINGS = re.compile(
    r"#\s*nThread (\d+) nGpus (\d+) minBytes (\d+) maxBytes (\d+) step: (\d+)\((factor|bytes)\)"
    r"(?: warmup iters: (\d+))?(?: iters: (\d+))?(?: agg iters: \d+)?(?: validation: (\d+))?"
)
_RANK = re.compile(
    r"#\s+Rank\s+(\d{1,9})\s+(?:Group\s+(-?\d{1,9})\s+)?(?:Pid\s+\d+\s+)?on\s+(\S+)\s+device\s+(\d{1,6})\s+\[([^\]\s]{1,30})\]\s*(.*)",
)
_RANK_BEGINS = re.compile(r"#\s+Rank\s+\d")
_SIDES = re.compile(r"out-of-place|in-place")
_COLUMNS = re.compile(r"#\s+(size\s+count|bytes\s+N)\s+type\s+(.*)")
_SUMMARY = re.compile(r"#\s*(Out of bounds values|Avg bus bandwidth)\s*:\s*(\S+)\s*(OK|FAILED)?")
_REDUCED = re.compile(r"#\s*Reducing maxBytes to (\d{1,20})")
_ERROR = re.compile(
    r"Test (?:CUDA |NCCL |HIP |RCCL |CURAND )?failure|Test timeout|^#\s*error: |\[ERROR\]|Hip error:|Invalid number of GPUs|invalid (?:sizes? |option ')"
    r"|Segmentation fault|Bus error|signal \d+|received signal|exited on signal|core dumped|(?:^|: )(?:Killed|Aborted)\b"
    r"|srun: error|slurmstepd: error|DUE TO TIME LIMIT|MPI_ABORT was invoked|BAD TERMINATION|Primary job +terminated|not enough slots"
    r"|(?:mpirun|mpiexec|prterun|PRTE|ORTE)\b.{0,40}\b(?:noticed|detected|unable|lost|could not|failed)"
    r"|error while loading shared libraries|command not found|_perf\S*: (?:No such file|Permission denied)|Host key verification failed"
)
_NO_ERROR = re.compile(r"CCL INFO|\(ignored\)")
_WARNING = re.compile(r"\b[NR]CCL WARN\s+(.*)")


@dataclass
class Section:
    """What was read of one run, and what was noticed."""

    run: NcclRun = field(default_factory=NcclRun)
    ranks: list[NcclRank] = field(default_factory=list)
    rows: list[NcclRow] = field(default_factory=list)
    averages: list[float | None] = field(default_factory=list)
    below_minimum: bool = False
    wrong: bool = False
    columns: tuple[str, ...] | None = None
    """Those between type and time; ``None`` without a header."""
    reduced_to: int | None = None
    warnings: list[str] = field(default_factory=list)
    repeated: bool = False
    """Whether several programs printed into it at once."""


class _Reader:
    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.next_name: str | None = None
        self.begin_run()

    def begin_run(self) -> None:
        self.now = Section()
        self.values: dict[str, object] = {"collective": self.next_name, "collective_source": "named"} if self.next_name else {}
        self.next_name = None
        self.errors: dict[str, None] = {}
        self.nccl_warnings: dict[str, None] = {}
        self.started: set[str] = set()
        self.sides: frozenset[str] = frozenset()
        self.per_iteration = False
        self.in_milliseconds = False
        self.partial: tuple[int, re.Match[str], list[str]] | None = None

    def end_run(self) -> None:
        self.end_row()
        section = self.now
        if section.ranks or section.rows or section.averages or {"settings", "version"} & set(self.values) or ("collective" in self.values and self.errors):
            averages = set(section.averages)
            if len(averages) > 1:
                section.warnings.append(f"{len(averages)} different averages are printed for one run: none of them is taken.")
            section.run = NcclRun(
                **self.values,  # type: ignore[arg-type]
                ranks=tuple(section.ranks),
                rows=tuple(section.rows),
                avg_busbw_gbytes_per_s=averages.pop() if len(averages) == 1 else None,
                errors=tuple(self.errors),
                nccl_warnings=tuple(self.nccl_warnings),
                complete=bool(section.averages and section.rows),
            )
            self.sections.append(section)
        self.begin_run()

    def read(self, number: int, line: str) -> None:
        """Take in one line."""
        if _BARE_COMMENT.match(line):
            line = f"# {line}"
        row = _ROW.search(line)
        if row:
            self.end_row()
            self.partial = (number, row, self.values_in(row["rest"], redop=True))
            self.try_row()
        elif "#" in line:
            self.comment(number, line)
        elif self.partial:
            words = self.values_in(_untagged(line))
            if len(words) > 2:
                self.partial[2].extend(words)
                self.try_row()
        self.notice(line)

    def notice(self, line: str) -> None:
        """Look for what may stand on any line: versions, the name of the program, errors."""
        for name, pattern in (("nccl_version", _LIBRARY), ("version", _VERSION)):
            found = pattern.search(line)
            if found:
                self.values.setdefault(name, found[1].rstrip("."))
        program = _NAMED.search(line)
        if program and self.now.averages and "#" not in line:
            self.next_name = program[1]
        elif program and "collective" not in self.values:
            self.values.update(collective=program[1], collective_source="named")
        if _ERROR.search(line) and not _NO_ERROR.search(line):
            self.errors[line.strip()[:300]] = None
        warning = _WARNING.search(line)
        if warning:
            self.nccl_warnings[warning[1].strip()[:300]] = None

    def comment(self, number: int, line: str) -> None:
        start = _START.search(line)
        if start:
            self.header(start[1])
        settings = _SETTINGS.search(line)
        if settings:
            self.values.setdefault("settings", _settings(settings))
        code = _LIBRARY_CODE.search(line)
        if code:
            self.values["nccl_version"] = version_of(int(code[1]))
        rank = _RANK.search(line)
        if rank:
            self.rank(rank)
        elif _RANK_BEGINS.search(line):
            self.now.warnings.append(f"line {number}: the line of a rank is cut off.")
        columns = _COLUMNS.search(line)
        if columns:
            names = columns[2].split()
            # This head is older than the line below it that says (us).
            self.in_milliseconds = columns[1].startswith("bytes")
            self.per_iteration = "i_min" in names
            self.values["cpu_time"] = "cputime" in names
            self.now.columns = tuple({"op": "redop"}.get(name, name) for name in names if name in ("redop", "op", "root"))
        elif "-place" in line:
            self.sides = frozenset(_SIDES.findall(line))
        reduced = _REDUCED.search(line)
        if reduced:
            self.now.reduced_to = int(reduced[1])
        summary = _SUMMARY.search(line)
        if summary:
            self.summary(number, summary)

    def header(self, word: str) -> None:
        """A line of a header begins a run, unless it only goes on with the header of the run that is being read."""
        if self.now.rows or self.now.averages or self.partial or (self.errors and (self.now.ranks or word in self.started)):
            self.end_run()
        elif word in self.started:
            self.now.repeated = True
        self.started.add(word)

    def rank(self, match: re.Match[str]) -> None:
        number = int(match[1])
        if self.now.ranks and number in (0, self.now.ranks[-1].rank):
            self.now.repeated = True
        address, product = pci_address(match[5]), match[6].strip() or None
        self.now.ranks.append(NcclRank(number, match[3], int(match[4]), address, int(match[2] or 0), product))

    def summary(self, number: int, match: re.Match[str]) -> None:
        self.end_row()
        value = decimal(match[2])
        if value is None:
            self.now.warnings.append(f"line {number}: {match[1]} is {match[2]!r}, which is no number.")
        if match[1].startswith("Out"):
            self.values["out_of_bounds"] = None if value is None else int(value)
            self.now.wrong |= match[3] == "FAILED"
        else:
            self.now.averages.append(value)
            self.now.below_minimum |= match[3] == "FAILED"

    def try_row(self) -> None:
        """Take the row if all of it is there: the library may have written into it, and its rest be on a later line."""
        if self.partial is None:
            return
        match, words = self.partial[1:]
        halves = self.shape(words)[0]
        if halves == 2 or (halves == 1 and (len(self.sides) == 1 or _IN_PLACE_ONLY.match(match["rest"]))):
            self.partial = None
            self.take(match, words)

    def end_row(self) -> None:
        """Take what there is of a row that has no more."""
        if self.partial is None:
            return
        number, match, words = self.partial
        self.partial = None
        if self.shape(words)[0]:
            self.now.warnings.append(f"line {number}: the row of {match['size']} B has only its first half.")
            self.take(match, words)
        else:
            self.now.warnings.append(f"line {number}: the row of {match['size']} B is cut off.")

    def shape(self, words: list[str]) -> tuple[int, int, int]:
        """Return how many halves of a row the values are (0 where they are none), the values of a half, and how many (0 or 1) stand before."""
        width = 8 if self.per_iteration or len(words) in (16, 17) else 4
        # rccl-tests has three more columns where it prints algorithm, protocol and channels.
        count = len(words) - 3 if len(words) - 2 * width in (3, 4) and words[-3:] == ["N/A"] * 3 else len(words)
        halves = count // width
        return (halves, width, count % width) if halves in (1, 2) and count % width < 2 else (0, width, 0)

    def take(self, match: re.Match[str], words: list[str]) -> None:
        halves, width, before = self.shape(words)
        results: list[NcclResult | None] = [self.result(words[start : start + width]) for start in range(before, before + halves * width, width)]
        if halves == 1 and (self.sides == {"in-place"} or (len(self.sides) != 1 and _IN_PLACE_ONLY.match(match["rest"]))):
            results.insert(0, None)
        redop = _REDOP.match(match["rest"].strip())
        root = whole(words[0]) if before else None
        self.now.rows.append(
            NcclRow(
                size_bytes=int(match["size"]),
                count=int(match["count"]),
                type=match["type"],
                redop=redop.group() if redop and redop.group() != "none" else None,
                root=root if root is not None and root >= 0 else None,
                out_of_place=results[0],
                in_place=results[1] if len(results) > 1 else None,
            )
        )

    def result(self, words: list[str]) -> NcclResult:
        last = words[3].rstrip("*")
        number = decimal(last)
        # Before 2.12 the column is the largest deviation, with a negative exponent or none at all; a number of elements has a positive one.
        is_error = "e-" in last or "e+00" in last
        wrong = int(number) if number is not None and not is_error else None
        self.now.wrong |= words[3].endswith("*") or bool(wrong)
        iterations = NcclIterations(*(decimal(word) for word in words[4:8])) if len(words) == 8 else None
        time = decimal(words[0])
        if time is not None and self.in_milliseconds:
            time = round(time * 1e3, 3)
        return NcclResult(time, decimal(words[1]), decimal(words[2]), wrong, number if is_error else None, iterations)

    def values_in(self, text: str, *, redop: bool = False) -> list[str]:
        """Return the values that a text begins with, without the name of an operation before them."""
        found: list[str] = []
        words = _TAG_BEHIND_VALUE.sub("", text).split()
        if redop and words and _REDOP.fullmatch(words[0]) and not _VALUE.fullmatch(words[0]):
            words = words[1:]
        for word in words:
            if not _VALUE.fullmatch(word):
                value = self.glued(word)
                return [*found, value] if value else found
            found.append(word)
        return found

    def glued(self, word: str) -> str | None:
        """Return the value that a word begins with, where a line of the library follows it without a blank: ``0node1:4711:4711``."""
        for host in {rank.host for rank in self.now.ranks[:1]}:
            place = word.find(f"{host}:")
            if place > 0 and _VALUE.fullmatch(word[:place]):
                return word[:place]
        match = _GLUED.match(word)
        return match[1] if match else None


def read_text(text: str) -> list[Section]:
    """Return the runs in a text, in its order; none for a text that has nothing of such a run."""
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), 1):
        reader.read(number, line)
    reader.end_run()
    return reader.sections


def version_of(code: int) -> str:
    """Return ``2.31.2`` for the library's number 23102 (``2.7.8`` for 2708, as it was counted before 2.9)."""
    if code < 10000:
        return f"{code // 1000}.{code % 1000 // 100}.{code % 100}"
    return f"{code // 10000}.{code % 10000 // 100}.{code % 100}"


def _untagged(line: str) -> str:
    for _attempt in range(3):
        tag = _TAG.match(line)
        if not tag:
            break
        line = line[tag.end() :]
    return line


def _settings(match: re.Match[str]) -> NcclSettings:
    threads, gpus, smallest, largest, step = (int(match[place]) for place in range(1, 6))
    factor = match[6] == "factor"
    warmup, iterations, checks = (whole(match[place]) for place in (7, 8, 9))
    return NcclSettings(threads, gpus, smallest, largest, step if factor else None, None if factor else step, warmup, iterations, checks)
