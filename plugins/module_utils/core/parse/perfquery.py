# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``perfquery``: the counters of a port, or of several: plain, extended (``-x``), in detail (``-E``, ``-D``, …), summed up (``-a``).

Each answer has a head, then a name and a value a line: infiniband-diags/perfquery.c of rdma-core.
"""

from __future__ import annotations

import re

from ..errors import CoreError
from ..model.document import Fault
from ..model.infiniband import PerfQuery, PortCounters
from .ib_counters import LIMITS, OLD_NAMES, described, hint, is_saturated
from .values import hexadecimal, plain, whole

TABLES = {"ports": ("lid", "port", "query", "xmit_bytes", "rcv_bytes", "saturated", "counters")}

ALL_PORTS = 255

_HEAD = re.compile(
    r"^#?\s*(Port counters|Port extended counters|Port[A-Za-z0-9]+(?: with RS-FEC Active)?|SwPortVLCongestion)(?: counters)?: "
    r"(.{0,256}?)\s*port (\d{1,3})(?: \(CapMask.*)?$"
)
_LID = re.compile(r"^Lid (\d{1,5})\b")
_VALUE = re.compile(r"^([A-Za-z][A-Za-z0-9]*):\.*\s*(\S*)$")
_NO_COUNTERS = frozenset(("PortSelect", "CounterSelect", "CounterSelect2"))
_QUERIES = {"Port counters": "counters", "Port extended counters": "extended"}
_TROUBLE = re.compile(r"\bib(?:warn|error|panic):|^src/\S+:\d+;")
# Four octets are counted as one.
_WORD_BYTES = 4


class _Answer:
    def __init__(self, query: str, path: str, port: int) -> None:
        lid = _LID.match(path)
        self.query = query
        self.lid = int(lid[1]) if lid else None
        self.path = None if lid else path or None
        self.port = port
        self.counters: dict[str, int] = {}
        self.keys: list[str] = []


def parse(text: str) -> PerfQuery:
    """Return the answers. Raises ``CoreError`` for a text that has none."""
    answers: list[_Answer] = []
    warnings: list[str] = []
    complete = True
    lines = plain(text).rstrip("\n \t").split("\n")
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if match := _HEAD.match(line):
            answers.append(_Answer(_QUERIES.get(match[1], match[1]), match[2], int(match[3])))
        elif answers and (match := _VALUE.match(line)):
            complete &= _read_value(answers[-1], match[1], match[2], f"line {number}", warnings)
        elif _TROUBLE.search(line):
            warnings.append(f"line {number}: the tool said {line!r}.")
        elif line and answers:
            complete = False
            warnings.append(f"line {number}: {line[:80]!r} can't be read.")
    if not answers:
        first = next((line.strip() for line in lines if line.strip()), "")
        found = f"It begins with {first[:80]!r}." if first else "It is empty."
        raise CoreError(f"this is not what perfquery prints: there is no port with counters. {found}")
    cut = _cut(answers, text)
    if cut:
        complete = False
        warnings.append(f"line {len(lines)}: {cut}")
    ports = tuple(_counters(answer) for answer in answers)
    return PerfQuery(ports=ports, complete=complete, warnings=tuple(warnings), faults=tuple(fault for port in ports for fault in _faults(port)))


def _read_value(answer: _Answer, name: str, text: str, where: str, warnings: list[str]) -> bool:
    answer.keys.append(name)
    if name in _NO_COUNTERS:
        return True
    value = hexadecimal(text) if text.startswith("0x") else whole(text)
    if value is None or value < 0:
        warnings.append(f"{where}: the value {text[:40]!r} of {name} can't be read.")
        return False
    answer.counters[OLD_NAMES.get(name, name)] = value
    return True


def _cut(answers: list[_Answer], text: str) -> str:
    """Say why the last answer is not whole; empty where nothing shows it. A last value that has lost digits is dropped."""
    last = answers[-1]
    alike = [answer.keys for answer in answers[:-1] if (answer.query, answer.lid) == (last.query, last.lid)]
    if alike and len(last.keys) < len(alike[-1]) and alike[-1][: len(last.keys)] == last.keys:
        reason = f"the last answer has {len(last.keys)} values, the one before {len(alike[-1])}."
    elif len(last.keys) <= 2 and not last.counters:
        reason = "the output is cut off before the counters."
    elif last.query in _LAST_KEYS and last.keys[-1] not in _LAST_KEYS[last.query]:
        reason = f"the output is cut off after {last.keys[-1]}."
    else:
        return ""
    if last.keys and not text.endswith("\n"):
        last.counters.pop(OLD_NAMES.get(last.keys[-1], last.keys[-1]), None)
    return reason


# With what an answer ends, by release and by what the port can count.
_LAST_KEYS = {
    "counters": frozenset(("PortXmitWait", "XmtWait", "PortRcvPkts", "RcvPkts")),
    "extended": frozenset(("QP1Dropped", "PortMulticastRcvPkts", "PortRcvPkts", "PortXmitWait", "RcvMcastPkts", "RcvPkts")),
    "PortRcvErrorDetails": frozenset(("PortLoopingErrors",)),
    "PortXmitDiscardDetails": frozenset(("PortSwHOQLifetimeLimitDiscards",)),
}


def _counters(answer: _Answer) -> PortCounters:
    extended = answer.query == "extended"
    saturated = tuple(name for name, value in answer.counters.items() if is_saturated(name, value, extended=extended))
    sent, received = answer.counters.get("PortXmitData"), answer.counters.get("PortRcvData")
    return PortCounters(
        query=answer.query,
        lid=answer.lid,
        path=answer.path,
        port=answer.port,
        counters=answer.counters,
        xmit_bytes=None if sent is None else sent * _WORD_BYTES,
        rcv_bytes=None if received is None else received * _WORD_BYTES,
        saturated=saturated,
    )


def _faults(port: PortCounters) -> list[Fault]:
    bad = {name: value for name, value in port.counters.items() if value > LIMITS.get(name, value) or (name in LIMITS and name in port.saturated)}
    if not bad:
        return []
    where = f"LID {port.lid}" if port.lid is not None else port.path or "the port"
    subject = f"{where}, all ports" if port.port == ALL_PORTS else f"{where} port {port.port}"
    return [Fault("port_errors", subject, f"it counted {described(bad, port.saturated)}.", hint(bad))]
