# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tools that measure a pair of nodes: what each node runs, and what the outputs say.

A pair is a *server* and a *client*. Both directions are measured one after the other, on all rails at once, and a rail is as fast as its slower
direction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import CoreError
from ..model.iperf3 import Iperf3 as Iperf3Document
from ..parse import iperf3, perftest

Command = tuple[str, ...]
_IPERF3_VERSION = re.compile(r'"version":\s*"iperf ([0-9][\w.+-]*)"')


@dataclass(frozen=True)
class Rail:
    """One port of a node that is measured."""

    number: int
    device: str = ""
    """The HCA, ``mlx5_0``; empty for the node's address itself."""
    port: int = 1


@dataclass(frozen=True)
class End:
    """A node as a tool sees it."""

    name: str
    address: str
    rails: tuple[Rail, ...] = (Rail(0),)


def common(server: End, client: End) -> tuple[tuple[Rail, Rail], ...]:
    """The rails that both have: only the same rail of both can be measured."""
    others = {rail.number: rail for rail in client.rails}
    return tuple((rail, others[rail.number]) for rail in server.rails if rail.number in others)


@dataclass(frozen=True)
class Reading:
    """What one pair reached on one rail."""

    rail: int
    forward: float | None
    """From the client to the server, in Gbit/s; null: nothing came of it."""
    backward: float | None
    problem: str = ""
    """Why nothing came of it."""

    @property
    def rate(self) -> float | None:
        """The slower direction; null unless both were measured."""
        return None if self.forward is None or self.backward is None else min(self.forward, self.backward)


@dataclass(frozen=True)
class Iperf3:
    """TCP, by iperf3. One server per direction, as a server that is told to (``--one-off``) ends after its first client."""

    seconds: int = 2
    """Whole seconds, as ``omit_s``: iperf3 cuts off the rest without a word."""
    omit_s: int = 1
    """Left out at the beginning: TCP finds its speed then."""
    streams: int = 4

    by_rail = False
    name = "iperf3"
    package = "iperf3"
    unit = "Gbit/s"

    def __post_init__(self) -> None:
        _check(self, seconds=1, omit_s=0, streams=1)

    def versions(self, output: str) -> list[str]:
        """The versions that an output names."""
        return _IPERF3_VERSION.findall(output)

    def ports(self, rails: int) -> int:
        return 2

    def duration_s(self) -> float:
        """What the client's stages take, with what connecting costs."""
        return 2 * (self.seconds + self.omit_s + 0.5)

    def serve(self, server: End, client: End, port: int, _mark: str) -> tuple[Command, ...]:
        return tuple(("iperf3", "--server", "--one-off", "--json", "--bind", server.address, "--port", str(port + way)) for way in (0, 1))

    def run(self, server: End, client: End, port: int, mark: str) -> tuple[tuple[Command, ...], ...]:
        common = ("iperf3", "--client", server.address, "--bind", client.address, "--json", "--connect-timeout", "2000")
        test = ("--time", str(self.seconds), "--omit", str(self.omit_s), "--parallel", str(self.streams), "--extra-data", mark)
        return ((*common, *test, "--port", str(port)),), ((*common, *test, "--port", str(port + 1), "--reverse"),)

    def read(self, server: Mapping[str, Any], client: Mapping[str, Any], rails: Sequence[int], mark: str) -> tuple[Reading, ...]:
        """``server`` and ``client``: what each node's agent wrote of the slot; empty for a node that brought nothing back. Its partner knows the rates too."""
        ways: list[float | None] = []
        problem = ""
        served = list(server.get("serve", ()))
        stages = [stage[0] for stage in client.get("run", ())]
        for way in (0, 1):
            mine = _iperf3(stages[way]) if way < len(stages) else None
            others = _iperf3(served[way]) if way < len(served) else None
            if isinstance(others, Iperf3Document) and others.extra_data not in (None, mark):
                ways.append(None)
                problem = problem or f"{server['peer']} was not the one that was measured"
            elif isinstance(mine, Iperf3Document):
                # Nothing at all arrived: no rate, but a reason.
                ways.append(mine.received_gbits_per_s or None)
                problem = problem or ("" if mine.received_gbits_per_s else "nothing arrived")
            elif mine is None and isinstance(others, Iperf3Document):
                # What the server received, or where it sends, what it sent.
                ways.append(others.received_gbits_per_s or others.sent_gbits_per_s)
            else:
                ways.append(None)
                problem = problem or (mine if isinstance(mine, str) else "nothing came back from either node")
        return (Reading(rails[0] if rails else 0, ways[0], ways[1], problem),)


def _check(tool: Any, **least: int) -> None:
    for name, value in least.items():
        if getattr(tool, name) < value:
            raise CoreError(f"{name} of {tool.name} is {getattr(tool, name)}, and {value} is the least.")


def _iperf3(outcome: Mapping[str, Any]) -> Iperf3Document | str:
    """What an iperf3 measured, or why it measured nothing."""
    if outcome["rc"] == 127:
        return "iperf3 is not installed"
    if outcome["rc"] == 124:
        return f"iperf3 did not end in {outcome['seconds']:.0f} s"
    try:
        document: Iperf3Document = iperf3.parse(outcome["stdout"])
    except CoreError as error:
        return str((outcome["stderr"].strip().splitlines() or [error])[0])
    if document.error or not document.complete or not (document.received_gbits_per_s or document.sent_gbits_per_s):
        return document.error or "iperf3 ended early"
    return document


@dataclass(frozen=True)
class Perftest:
    """RDMA, by perftest: ``ib_write_bw`` moves data from the client to the server, ``ib_read_bw`` the other way. All rails at once."""

    seconds: int = 2
    size_bytes: int = 1 << 20
    queue_pairs: int = 4
    gid_index: int | None = None
    """For RoCE; null: perftest chooses."""

    by_rail = True
    name = "perftest"
    package = "perftest"
    unit = "Gbit/s"

    def __post_init__(self) -> None:
        _check(self, seconds=1, size_bytes=1, queue_pairs=1)

    def versions(self, _output: str) -> list[str]:
        """None: perftest says no version of itself."""
        return []

    def ports(self, rails: int) -> int:
        return 2 * rails

    def duration_s(self) -> float:
        return 2 * (self.seconds + 1.5)

    def _test(self, program: str, rail: Rail, port: int) -> Command:
        gid = () if self.gid_index is None else ("--gid-index", str(self.gid_index))
        device = ("--ib-dev", rail.device, "--ib-port", str(rail.port), "--port", str(port))
        size = ("--size", str(self.size_bytes), "--qp", str(self.queue_pairs), "--duration", str(self.seconds), "--report_gbits", "--CPU-freq")
        return (program, *device, *size, *gid)

    def serve(self, server: End, client: End, port: int, _mark: str) -> tuple[Command, ...]:
        return tuple(
            self._test(program, rail, port + 2 * place + way)
            for way, program in enumerate(_WAYS)
            for place, (rail, _other) in enumerate(common(server, client))
        )

    def run(self, server: End, client: End, port: int, _mark: str) -> tuple[tuple[Command, ...], ...]:
        return tuple(
            tuple((*self._test(program, rail, port + 2 * place + way), server.address) for place, (_other, rail) in enumerate(common(server, client)))
            for way, program in enumerate(_WAYS)
        )

    def read(self, server: Mapping[str, Any], client: Mapping[str, Any], rails: Sequence[int], mark: str) -> tuple[Reading, ...]:
        stages = list(client.get("run", ()))
        readings = []
        for place, rail in enumerate(rails):
            ways = [_perftest_rate(stage[place]) for stage in stages if place < len(stage)]
            forward, backward = ([*(rate for rate, _why in ways), None, None])[:2]
            problem = next((why for _rate, why in ways if why), "" if ways else "the client ran nothing")
            readings.append(Reading(rail, forward, backward, problem))
        return tuple(readings)


_WAYS = ("ib_write_bw", "ib_read_bw")


def _perftest_rate(outcome: Mapping[str, Any]) -> tuple[float | None, str]:
    program = outcome["argv"][0]
    if outcome["rc"] == 127:
        return None, f"{program} is not installed"
    if outcome["rc"] == 124:
        return None, f"{program} did not end in {outcome['seconds']:.0f} s"
    try:
        document = perftest.parse(outcome["stdout"])
    except CoreError as error:
        return None, (outcome["stderr"].strip().splitlines() or [str(error)])[0]
    if outcome["rc"] or not document.rows or not document.rows[-1].bw_avg_gbits_per_s:
        why = f"{program} ended with status {outcome['rc']}" if outcome["rc"] else f"{program} moved nothing"
        return None, (outcome["stderr"].strip().splitlines() or [why])[0]
    return document.rows[-1].bw_avg_gbits_per_s, ""
