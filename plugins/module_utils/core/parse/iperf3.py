# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What iperf3 writes with ``-J`` (a document a test, also many in a server's log) or ``--json-stream`` (an event a line, since 3.17).

Written after the output of 3.12 and the sources of 3.7 to 3.19 (``src/iperf_api.c``). What an end can't know it prints as zero: a server does not
know what its client sent. The exit status says nothing: with ``-J`` a client that could not connect ended with 0 up to 3.12 at least.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from ..errors import CoreError
from ..model.document import Fault
from ..model.iperf3 import Iperf3, Iperf3Cpu, Iperf3Interval, Iperf3Run
from .json_text import load_cut_json
from .values import plain

TABLES = {
    "intervals": ("start_s", "end_s", "gbits_per_s"),
    "further_runs": ("host", "extra_data", "sent_gbits_per_s", "received_gbits_per_s", "retransmits", "error", "complete"),
}
_BEGIN = re.compile(r"^[ \t]*(?=\{)", re.MULTILINE)
_PARTS = frozenset(("start", "intervals", "end", "error", "event"))
_EXPECTED = "expected is what iperf3 writes with -J"


def parse(text: str) -> Iperf3:
    """Read what a client or a server wrote. Raises ``CoreError`` for a text that is none of it."""
    text = plain(text)
    if not text.strip():
        raise CoreError(f"the output is empty: {_EXPECTED}.")
    documents = list(_documents(text))
    if not documents:
        raise CoreError(f"this is no JSON of iperf3, but says {text.strip().splitlines()[0][:100]!r}: {_EXPECTED}.", hint="Run iperf3 with -J.")
    runs, warnings = [], []
    for number, (document, whole) in enumerate(documents, start=1):
        run, said = _run(document, whole)
        runs.append(run)
        warnings += [f"test {number}: {sentence}" if len(documents) > 1 else sentence for sentence in said]
    if len(runs) > 1:
        warnings.insert(0, f"{len(runs)} tests follow one another: the first is shown, the others are in further_runs.")
    first = {field.name: getattr(runs[0], field.name) for field in fields(Iperf3Run)}
    return Iperf3(
        **{**first, "complete": all(run.complete for run in runs)},
        further_runs=tuple(runs[1:]),
        warnings=tuple(warnings),
        faults=tuple(fault for run in runs for fault in _faults(run)),
    )


def _documents(text: str) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield each test's document, and whether it is whole. Events of a stream are put together."""
    stream: dict[str, Any] | None = None
    for value, whole in _objects(text):
        if not isinstance(value, dict) or not _PARTS & value.keys():
            raise CoreError(f"this is JSON, but not of iperf3: it has neither 'start' nor 'end' nor 'error'; {_EXPECTED}.")
        event, data = value.get("event"), value.get("data")
        if not isinstance(event, str):
            yield value, whole
            continue
        if event == "start" or stream is None:
            if stream is not None:
                yield stream, "end" in stream
            stream = {"intervals": []}
        if event == "interval":
            stream["intervals"].append(data)
        elif event in ("start", "end", "error", "extra_data"):
            stream[event] = data
    if stream is not None:
        yield stream, "end" in stream or "error" in stream


def _objects(text: str) -> Iterator[tuple[Any, bool]]:
    """Yield the JSON objects that begin on a line of their own, and whether each is whole. What stands between them is left out."""
    decoder = json.JSONDecoder()
    found = _BEGIN.search(text)
    while found:
        try:
            value, end = decoder.raw_decode(text, found.end())
        except (ValueError, RecursionError):
            # One that was cut off ends where the next one begins: only the outermost bracket stands at the beginning of a line.
            following = text.find("\n{", found.end())
            end = len(text) if following < 0 else following
            try:
                value = load_cut_json(text[found.end() : end])
            except CoreError:
                value = None
            if value is not None:
                yield value
        else:
            yield value, True
        found = _BEGIN.search(text, end)


def _run(document: Mapping[str, Any], whole: bool) -> tuple[Iperf3Run, list[str]]:
    start, end, asked = _dict(document.get("start")), _dict(document.get("end")), _dict(_dict(document.get("start")).get("test_start"))
    warnings = [] if whole else ["the output is cut off: what follows the last whole entry is lost."]
    connection = _dict(next(iter(_list(start.get("connected"))), None))
    client, accepted = _dict(start.get("connecting_to")), _dict(start.get("accepted_connection"))
    role = "client" if client else "server" if accepted else None
    error = _text(document.get("error"))
    reverse = bool(_number(asked.get("reverse")))
    intervals, both = _intervals(document, warnings)
    both = both or bool(_number(asked.get("bidir"))) or "sum_sent_bidir_reverse" in end
    sums = bool(error is None and whole and ("sum_sent" in end or "sum" in end))
    if whole and not sums and error is None:
        warnings.append("there is no summary: the test did not end.")
    rates = _rates(end, role, reverse) if sums else {}
    cpu = _dict(end.get("cpu_utilization_percent"))
    version = _text(start.get("version"))
    return (
        Iperf3Run(
            version=version.removeprefix("iperf ") if version else None,
            role=role,
            host=_text(client.get("host") or accepted.get("host")),
            port=_whole(client.get("port") if client else connection.get("local_port")),
            protocol=_text(asked.get("protocol")),
            streams=_whole(asked.get("num_streams")),
            duration_s=_number(asked.get("duration")),
            reverse=reverse,
            bidirectional=both,
            extra_data=_text(document.get("extra_data")),
            retransmits=_whole(_dict(end.get("sum_sent")).get("retransmits")) if sums else None,
            lost_percent=_lost(end) if sums else None,
            cpu_percent=Iperf3Cpu(_number(cpu.get("host_total")), _number(cpu.get("remote_total")) if role == "client" else None) if cpu and sums else None,
            intervals=intervals,
            error=error,
            complete=sums,
            **rates,
        ),
        warnings,
    )


def _rates(end: Mapping[str, Any], role: str | None, reverse: bool) -> dict[str, float | None]:
    """Return the bandwidths of a test that ended. After one that failed they are of any length: a server divides by the time since it was booted."""
    sent, received = (_gbits_per_s(_dict(end.get(name))) for name in ("sum_sent", "sum_received"))
    if "sum_sent" not in end and role == "client" and not reverse:
        # UDP before 3.12: one sum, of what was sent, with the part of it that was lost.
        sent, lost = _gbits_per_s(_dict(end.get("sum"))), _lost(end)
        received = sent * (1 - lost / 100) if sent is not None and lost is not None else None
    others = {}
    for name, part in (("sum_sent_bidir_reverse", "reverse_sent_gbits_per_s"), ("sum_received_bidir_reverse", "reverse_received_gbits_per_s")):
        others[part] = _gbits_per_s(_dict(end.get(name)))
    if role == "server":
        unknown = "received_gbits_per_s" if reverse else "sent_gbits_per_s"
        rates = {"sent_gbits_per_s": sent, "received_gbits_per_s": received, **others, "reverse_received_gbits_per_s": None}
        return {name: None if name == unknown and not rate else rate for name, rate in rates.items()}
    return {"sent_gbits_per_s": sent, "received_gbits_per_s": received, **others}


def _lost(end: Mapping[str, Any]) -> float | None:
    entry = _dict(end.get("sum_received") if "lost_percent" in _dict(end.get("sum_received")) else end.get("sum"))
    lost = _number(entry.get("lost_percent"))
    return lost if lost is not None and lost <= 100 else None


def _intervals(document: Mapping[str, Any], warnings: list[str]) -> tuple[tuple[Iperf3Interval, ...], bool]:
    """Return the sums of the intervals, and whether they are of both directions."""
    found, both, unread = [], False, 0
    for entry in _list(document.get("intervals")):
        both = both or "sum_bidir_reverse" in _dict(entry)
        total = _dict(_dict(entry).get("sum"))
        start, end, rate = _number(total.get("start")), _number(total.get("end")), _gbits_per_s(total)
        if start is None or end is None or rate is None:
            unread += 1
        elif not total.get("omitted"):
            found.append(Iperf3Interval(start, end, rate))
    if unread:
        warnings.append(f"{unread} intervals have no sum.")
    return tuple(found), both


def _faults(run: Iperf3Run) -> list[Fault]:
    subject = run.host or run.extra_data or "the test"
    if run.error:
        return [Fault("run_failed", subject, f"the test failed: {run.error}.", "See whether the server runs, and whether a firewall lets its port through.")]
    if run.complete and run.received_gbits_per_s == 0:
        return [Fault("nothing_received", subject, "nothing arrived during the whole test.", "See what lies between the two hosts, and their firewalls.")]
    return []


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _number(value: object) -> float | None:
    """Return a number that is a quantity."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None


def _gbits_per_s(total: Mapping[str, Any]) -> float | None:
    rate = _number(total.get("bits_per_second"))
    return rate / 1e9 if rate is not None else None
