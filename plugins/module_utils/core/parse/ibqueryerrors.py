# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""``ibqueryerrors``: the ports of a fabric whose counters are beyond their thresholds; also ``--data``, ``--counters``, ``--details`` and ``-r``.

What it prints: infiniband-diags/ibqueryerrors.c of rdma-core.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import CoreError
from ..model.document import Fault
from ..model.infiniband import LinkState, PortEnd, PortErrors, QueryErrors
from .ib_counters import LIMITS, described, hint, is_saturated
from .infiniband import link_rate, node_guid
from .link_text import read_link
from .values import plain

TABLES = {"ports": ("node", "port", "counters", "saturated")}

_HEAD = re.compile(r'^(?:Errors|Data Counters) for (?:0x[0-9a-fA-F]{1,16} )?"(.{0,256})"$')
_PORT = re.compile(r"^GUID 0x([0-9a-fA-F]{1,16}) port (ALL|\d{1,3}):\s*(.*)$")
_COUNTER = re.compile(r"\[(\w{1,64}) == (\d{1,20})(?: \(([^)\]]{0,40})\))?\]")
_LINK_INFO = re.compile(r"^Link info:\s*(\d.*)$")
_NODES = re.compile(r"^## Summary: (\d{1,12}) nodes checked, (\d{1,12}) bad nodes found$")
_PORTS = re.compile(r"^##\s+(\d{1,12}) ports checked, (\d{1,12}) ports have errors beyond threshold$")
_FAILURES = re.compile(r"^##\s+(\d{1,12}) PMA query failures$")
_THRESHOLDS = re.compile(r"^## Thresholds:\s*(.*)$")
_THRESHOLD = re.compile(r"\[(\w+) = (\d{1,20})\]")
_SUPPRESSED = re.compile(r"^## Suppressed:\s*(.*)$")
_SILENT = re.compile(r"^ibwarn: \[\d+\] \S+: (.{1,80}?) query failed on (.{0,256}), (.{0,256}) port (\d{1,3})$")
_TROUBLE = re.compile(r"\bib(?:warn|error|panic):|\bdiscover failed\b|^src/\S+:\d+;|^Failed to |Query SA failed")


@dataclass
class _Summary:
    nodes: tuple[int | None, int | None] = (None, None)
    ports: tuple[int | None, int | None] = (None, None)
    failures: int | None = None
    thresholds: dict[str, int] | None = None
    suppressed: tuple[str, ...] = ()

    def take(self, line: str) -> bool:
        """Take a line of the summary; false for one that is none."""
        if match := _NODES.match(line):
            self.nodes = (int(match[1]), int(match[2]))
        elif match := _PORTS.match(line):
            self.ports = (int(match[1]), int(match[2]))
        elif match := _FAILURES.match(line):
            self.failures = int(match[1])
        elif match := _THRESHOLDS.match(line):
            self.thresholds = {name: int(value) for name, value in _THRESHOLD.findall(match[1])}
        elif match := _SUPPRESSED.match(line):
            self.suppressed = tuple(match[1].split())
        else:
            return line.startswith("##")
        return True


def parse(text: str) -> QueryErrors:
    """Return the ports with errors. Raises ``CoreError`` for a text that has neither a node nor a summary."""
    nodes: list[str] = []
    ports: list[PortErrors] = []
    summary = _Summary()
    warnings: list[str] = []
    faults: list[Fault] = []
    complete, data = True, False
    lines = plain(text).rstrip().split("\n")
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or summary.take(line):
            continue
        if match := _HEAD.match(line):
            nodes.append(match[1])
            data = data or line.startswith("Data")
        elif nodes and (match := _PORT.match(line)):
            port, left = _read_port(nodes[-1], match)
            ports.append(port)
            if left:
                complete = False
                warnings.append(f"line {number}: {left[:80]!r} is no counter that can be read.")
        elif ports and (match := _LINK_INFO.match(line)):
            ports[-1], readable = _with_link(ports[-1], match[1])
            if not readable:
                complete = False
                warnings.append(f"line {number}: the link {match[1][:80]!r} can't be read.")
        elif match := _SILENT.match(line):
            faults.append(
                Fault(
                    "port_silent",
                    f"{match[2]} port {match[4]}",
                    f"it did not answer the question for {match[1]}.",
                    "Is the node up, and does its port answer perfquery?",
                )
            )
        elif _TROUBLE.search(line):
            warnings.append(f"line {number}: the tool said {line!r}.")
        elif nodes:
            complete = False
            warnings.append(f"line {number}: {line[:80]!r} can't be read.")
    if not nodes and summary.nodes[0] is None:
        first = next((line.strip() for line in lines if line.strip()), "")
        found = f"It begins with {first[:80]!r}." if first else "It is empty."
        raise CoreError(f"this is not what ibqueryerrors prints: it has no node and no summary. {found}")
    if summary.nodes[0] is None:
        complete = False
        warnings.append(f"line {len(lines)}: the output ends without the tool's summary.")
    elif summary.nodes[1] != len(nodes) and not data:
        warnings.append(f"the summary counts {summary.nodes[1]} bad nodes, and {len(nodes)} are told of.")
    return QueryErrors(
        ports=tuple(ports),
        nodes_checked=summary.nodes[0],
        bad_nodes=summary.nodes[1],
        ports_checked=summary.ports[0],
        bad_ports=summary.ports[1],
        query_failures=summary.failures,
        thresholds=summary.thresholds,
        suppressed=summary.suppressed,
        complete=complete,
        warnings=tuple(warnings),
        faults=(*(fault for port in ports for fault in _faults(port)), *faults),
    )


def _read_port(node: str, match: re.Match[str]) -> tuple[PortErrors, str]:
    """Return the port, and what of its line is no counter."""
    counters: dict[str, int] = {}
    saturated = []
    for counter in _COUNTER.finditer(match[3]):
        name, value = counter[1], int(counter[2])
        counters[name] = value
        # A counter with a rounded value behind it is an extended one.
        if is_saturated(name, value, extended=counter[3] is not None):
            saturated.append(name)
    port = PortErrors(node, None if match[2] == "ALL" else int(match[2]), node_guid(match[1]), counters, tuple(saturated), None)
    return port, _COUNTER.sub("", match[3]).strip()


def _with_link(port: PortErrors, text: str) -> tuple[PortErrors, bool]:
    """Return the port with its link, and whether the link can be read. A port that is down has none."""
    link = read_link(text)
    if link is None or link.peer is None:
        return port, link is not None
    digits, lid, number, name = link.peer
    near, far = PortEnd(port.guid, port.node, link.port, link.lid), PortEnd(node_guid(digits) if digits else None, name, number, lid)
    rate = link_rate(link.width, link.speed)
    state = LinkState(near, far, link.state, link.physical_state, link.width, link.speed, rate, link.could_be)
    return PortErrors(port.node, port.port, port.guid, port.counters, port.saturated, state), True


def _faults(port: PortErrors) -> list[Fault]:
    # What the tool printed is beyond the thresholds that it was given. The sum over all ports repeats them.
    bad = {name: value for name, value in port.counters.items() if name in LIMITS}
    if not bad or port.port is None:
        return []
    return [Fault("port_errors", f"{port.node} port {port.port}", f"it counted {described(bad, port.saturated)}.", hint(bad))]
