# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lines of a kernel log with their times, whatever wrote them: dmesg, /dev/kmsg, syslog or the journal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..errors import CoreError
from .json_text import json_values
from .values import decimal, plain, whole

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = "|".join(_MONTHS)
# What stands before the message; each form with the names of what it has.
_FORMS = (
    re.compile(r"\d{1,4},\d{1,20},(?P<microseconds>\d{1,20}),[^;]{0,80};"),  # /dev/kmsg
    re.compile(
        r"(?:\w{1,12}\s*:\s*\w{1,12}\s*:\s*)?(?:\w{3} )?\[?(?P<date>\d{4}-\d\d-\d\d)[T ](?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
        r" ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?\]?"
    ),
    re.compile(
        rf"(?:\w{{1,12}}\s*:\w{{1,12}}\s*:\s*)?\[\w{{3}} (?P<month>{_MONTH}) {{1,2}}(?P<day>\d{{1,2}}) (?P<clock>\d\d:\d\d:\d\d) (?P<year>\d{{4}})\]"
    ),  # dmesg -T
    re.compile(rf"(?P<asis>(?:{_MONTH}) {{1,2}}\d{{1,2}} \d\d:\d\d:\d\d(?:\.\d{{1,9}})?) "),  # syslog, journalctl
    re.compile(r"(?P<unix>\d{9,11}\.\d{1,9}) "),
    re.compile(r"(?:\w{1,12}\s*:\s*\w{1,12}\s*:\s*)?\[ *(?P<uptime>\d{1,12}\.\d{1,9})[^\]]{0,40}\]"),  # dmesg
    re.compile(r"(?:<\d{1,3}>)\[ *(?P<uptime>\d{1,12}\.\d{1,9})\]"),  # dmesg --raw
)
# What a mail quotes with, and who a line is of: pdsh, talosctl, or a journal without times.
_LEAD = re.compile(r"(?:> ?){0,8}(?:(?P<source>[\w.-]{1,255}): (?=\[ *\d|(?:kern|daemon|user|syslog) *:))?")
_HOST = re.compile(r"\s*(?P<host>[\w.-]{1,255}) kernel(?:\[\d{1,9}\])?:")
_UPTIME = re.compile(r"[^\[]{0,300}\[ *(?P<uptime>\d{1,12}\.\d{1,9})\]")
# What a kernel says while it starts or works, for logs without times.
_KERNEL = re.compile(
    r"^(?:NVRM|nvidia|nvidia-\w+|Linux version|Command line|BIOS-e820|ACPI|pci \w|pcieport|usb \d|usbcore|systemd\[\d+\]|EXT4-fs|XFS|IPv6|mlx5_core|nvme|audit|"
    r"perf|Out of memory|oom|\S+\[\d+\]: segfault)\b",
    re.MULTILINE,
)
_DENIED = re.compile(
    r"dmesg: .{0,80}|.{0,80}No journal files were (?:found|opened).{0,80}|.{0,40}(?:Operation not permitted|Permission denied|command not found).{0,40}"
)
_NO_ENTRIES = "-- No entries --"
# More than this share of characters that are no text: no log.
_MOST_BINARY = 0.05
_SAMPLE = 20_000


@dataclass(frozen=True)
class LogLine:
    """A message with what is known of its time."""

    text: str
    time: str | None = None
    uptime_s: float | None = None
    host: str | None = None


def read_log(text: str) -> tuple[list[LogLine], list[str], bool]:
    """Return the lines of a log, warnings, and whether it is whole. Raises ``CoreError`` for a text that is no log."""
    sample = text[:_SAMPLE]
    if sum(letter == "\ufffd" or (letter < " " and letter not in "\t\n\r\x1b\x1e\x00") for letter in sample) > _MOST_BINARY * len(sample):
        raise CoreError("this is binary, and no kernel log.", hint="Save it with dmesg or journalctl -k.")
    text = plain(text)
    if text.lstrip(" \n\t\x1e").startswith(("{", "[{")):
        return _from_json(text)
    lines = [_line(line) for line in text.split("\n") if line.strip()]
    if lines and not any(line.time or line.uptime_s is not None or line.host for line in lines) and not _KERNEL.search(text) and _NO_ENTRIES not in text:
        first = text.strip().split("\n")[0].strip()
        if _DENIED.fullmatch(first):
            raise CoreError(f"the log was not read, the file says: {first[:100]!r}.", hint="Save it as root, with dmesg or journalctl -k.")
        raise CoreError(f"this is no kernel log: no line has a time or is one that a kernel writes; it begins with {first[:100]!r}.")
    return lines, [], True


def _line(line: str) -> LogLine:
    lead = _LEAD.match(line)
    start, source = (lead.end(), lead["source"]) if lead else (0, None)
    source = None if source == "kernel" else source
    for form in _FORMS:
        match = form.match(line, start)
        if match:
            break
    else:
        host = _HOST.match(line, start)
        return LogLine(line, host=host["host"] if host else source)
    found = match.groupdict()
    uptime = found.get("uptime")
    host = _HOST.match(line, match.end())
    if uptime is None and host:
        behind = _UPTIME.match(line, host.end())
        uptime = behind["uptime"] if behind and not line[host.end() : behind.start("uptime")].strip(" [") else None
    microseconds = found.get("microseconds")
    return LogLine(
        text=line,
        time=_time(found),
        uptime_s=int(microseconds) / 1e6 if microseconds else decimal(uptime),
        host=host["host"] if host else source,
    )


def _time(found: dict[str, str | None]) -> str | None:
    if found.get("asis"):
        return found["asis"]
    if found.get("unix"):
        return _from_unix(decimal(found["unix"]))
    if found.get("month"):
        day, month = int(found["day"] or 0), _MONTHS.index(found["month"] or "") + 1
        return f"{found['year']}-{month:02d}-{day:02d}T{found['clock']}"
    if found.get("date"):
        fraction = f".{found['fraction']}" if found["fraction"] else ""
        zone = {None: "", "Z": "Z", "UTC": "+00:00"}.get(found["zone"], found["zone"] or "")
        zone = f"{zone[:3]}:{zone[3:]}" if len(zone) == 5 else zone
        return f"{found['date']}T{found['clock']}{fraction}{zone}"
    return None


def _from_unix(seconds: float | None) -> str | None:
    if seconds is None or not 0 <= seconds < 1 << 36:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat()


def _from_json(text: str) -> tuple[list[LogLine], list[str], bool]:
    values, end = json_values(text.replace("\x1e", ""))
    entries = list(_entries(values))
    if not entries:
        raise CoreError("this is JSON, but no log: it has neither the 'MESSAGE' of a journal's entry nor the 'dmesg' of dmesg --json.")
    warnings = []
    whole_text = end >= len(text.replace("\x1e", ""))
    if not whole_text:
        warnings.append(f"entry {len(values) + 1} can't be read: it and what follows is left out.")
    return [line for entry in entries for line in _from_entry(entry)], warnings, whole_text


def _entries(values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for value in values:
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, dict) and isinstance(entry.get("dmesg"), list):
                yield from (each for each in entry["dmesg"] if isinstance(each, dict) and "msg" in each)
            elif isinstance(entry, dict) and "MESSAGE" in entry:
                yield entry


def _from_entry(entry: dict[str, Any]) -> Iterator[LogLine]:
    if "msg" in entry:
        for text in str(entry["msg"]).split("\n"):
            yield LogLine(text, uptime_s=decimal(entry.get("time")))
        return
    message = entry["MESSAGE"]
    # What is no valid UTF-8 is a list of bytes in the journal's JSON.
    if isinstance(message, list):
        message = bytes(byte for byte in message if isinstance(byte, int) and 0 <= byte < 256).decode("utf-8", "replace")
    microseconds = whole(entry.get("__REALTIME_TIMESTAMP"))
    monotonic = whole(entry.get("_SOURCE_MONOTONIC_TIMESTAMP", entry.get("__MONOTONIC_TIMESTAMP")))
    host = entry.get("_HOSTNAME")
    for text in str(message or "").split("\n"):
        yield LogLine(
            text=text,
            time=_from_unix(microseconds / 1e6) if microseconds is not None else None,
            uptime_s=monotonic / 1e6 if monotonic is not None else None,
            host=host if isinstance(host, str) else None,
        )
