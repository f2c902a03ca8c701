# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measuring pairs of nodes: from the nodes to each one's part of a schedule, and from what the nodes bring back to rates and results.

A *phase* is a schedule that the nodes follow on their own: ``rounds`` first, then ``confirm`` with the nodes that looked slow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ..agent.measurement import Part, Slot
from ..errors import CoreError
from ..model.finding import CheckResult, Evidence, Subject
from ..model.isolation import Analysis, PairRate, Place, Round
from .attribution import analyse, suspects
from .confirmation import plan_confirmation
from .pairs import Settings
from .schedule import plan_rounds
from .tools import End, Rail, common

ROUNDS, CONFIRM = "rounds", "confirm"
# So much longer than its client needs is a slot.
_MARGIN_S = 1.0
_CONDUCTORS = 3
# How long nodes wait for the start: for hosts that do not answer SSH, and while Ansible starts one node after the other.
_GATHER_S = 120.0
_GATHER_S_PER_NODE = 0.25


@dataclass(frozen=True)
class Member:
    """A node that is to be measured."""

    name: str
    address: str
    leaf: str
    unit: str = ""
    gbits_per_s: float | None = None
    """What its link is declared to carry; null: not declared."""
    rails: tuple[Rail, ...] = (Rail(0),)

    @property
    def place(self) -> Place:
        return Place(self.name, self.leaf, self.unit)


def members_from(entries: Iterable[Mapping[str, Any]]) -> tuple[Member, ...]:
    """Return the nodes that a playbook names. Raises ``CoreError`` for one without an address and for an address that two have."""
    members: list[Member] = []
    owner: dict[str, str] = {}
    for entry in entries:
        name, address = str(entry["name"]), str(entry.get("address") or "")
        if not address:
            raise CoreError(f"{name} has no address to be measured at.", where="validate_address", hint="Set it to its address on the network to measure.")
        if address in owner:
            raise CoreError(f"{name} and {owner[address]} both have {address}.", where="validate_address", hint="Give each node its own.")
        owner[address] = name
        rails = tuple(Rail(int(rail["number"]), str(rail["device"]), int(rail.get("port", 1))) for rail in entry.get("rails") or ()) or (Rail(0),)
        rate = entry.get("gbits_per_s")
        members.append(Member(name, address, str(entry.get("leaf") or ""), str(entry.get("unit") or ""), float(rate) if rate else None, rails))
    return tuple(members)


@dataclass(frozen=True)
class Campaign:
    """What is measured: the nodes, with which tool, on which ports."""

    run_id: str
    members: tuple[Member, ...]
    tool: Any
    first_port: int
    last_port: int
    settings: Settings = field(default_factory=Settings)
    rounds: int = 7

    def __post_init__(self) -> None:
        rails = max((len(member.rails) for member in self.members), default=1)
        needed = 1 + self.tool.ports(rails)
        if not 1024 <= self.first_port <= self.last_port - needed + 1 <= 65536 - needed:
            raise CoreError(
                f"{self.first_port}-{self.last_port} are too few ports, or none.", where="validate_ports", hint=f"{needed} are needed, from 1024 to 65535."
            )

    def plan(self) -> tuple[Round, ...]:
        """The rounds for all nodes."""
        return plan_rounds([member.place for member in self.members], count=self.rounds, seed=_seed(self.run_id))

    def confirmation(self, analysis: Analysis, rounds: Sequence[Round]) -> tuple[Round, ...]:
        """The rounds that confirm what looks slow; none where nothing does."""
        places = [member.place for member in self.members]
        met = [pair for one in rounds for pair in one.pairs]
        wanted = suspects(analysis, places, self.settings)
        first = max((one.number for one in rounds), default=0) + 1
        return plan_confirmation(wanted, analysis.proven, places, first_number=first, met=met)

    def parts(self, rounds: Sequence[Round], *, phase: str, token: str) -> dict[str, Part]:
        """Each node's part. Linear in what is measured."""
        member = {one.name: one for one in self.members}
        length = self.tool.duration_s() + Part.lead_s + _MARGIN_S
        slots: dict[str, list[Slot]] = {}
        order: list[str] = [one.name for one in self.members]
        for place, one in enumerate(rounds):
            begin, end = place * length, (place + 1) * length - 0.2
            for server, client in one.pairs:
                ends = [_end(member[name]) for name in (server, client)]
                mark, port = self.mark(phase, one.number, server, client), self.first_port + 1
                slots.setdefault(server, []).append(Slot(one.number, begin, end, serve=self.tool.serve(*ends, port, mark), peer=client))
                run = self.tool.run(*ends, port, mark)
                slots.setdefault(client, []).append(Slot(one.number, begin, end, run=run, peer=server, least_s=self.tool.seconds))
        involved = [name for name in order if name in slots]
        conductors = tuple((name, member[name].address) for name in involved[:_CONDUCTORS])
        return {
            name: Part(
                self.run_id,
                phase,
                token,
                name,
                member[name].address,
                self.first_port,
                conductors,
                len(involved),
                tuple(slots[name]),
                gather_s=_GATHER_S + len(involved) * _GATHER_S_PER_NODE,
            )
            for name in involved
        }

    def mark(self, phase: str, number: int, server: str, client: str) -> str:
        """What a client shows its server, so that no other measurement is taken for this one."""
        return hashlib.sha256(f"{self.run_id} {phase} {number} {server} {client}".encode()).hexdigest()[:16]

    def rates(self, rounds: Sequence[Round], phase: str, outcomes: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[PairRate, ...], tuple[str, ...]]:
        """Return the rates, and why there is none where there is none. ``outcomes``: by node, what its agent wrote; nodes may be missing."""
        member = {one.name: one for one in self.members}
        slot_of = {(name, slot["number"]): slot for name, outcome in outcomes.items() for slot in outcome.get("slots", ())}
        rates: list[PairRate] = []
        problems: list[str] = []
        for one in rounds:
            for server, client in one.pairs:
                mine, others = slot_of.get((client, one.number), {}), slot_of.get((server, one.number), {})
                rails = [rail.number for rail, _other in common(_end(member[server]), _end(member[client]))]
                readings = self.tool.read(others, mine, rails, self.mark(phase, one.number, server, client))
                for reading in readings:
                    rates.append(PairRate(server, client, reading.rail, one.number, reading.rate, phase == CONFIRM))
                    if reading.rate is None:
                        problems.append(f"{client} with {server}, round {one.number}: {reading.problem or 'nothing came of it'}")
        return tuple(rates), tuple(problems)

    def tool_name(self, outcomes: Mapping[str, Mapping[str, Any]]) -> str:
        """The tool with the versions of it that measured: ``iperf3 3.18``."""
        found: set[str] = set()
        for outcome in outcomes.values():
            outputs = (entry["stdout"] for slot in outcome.get("slots", ()) for entry in (*slot["serve"], *(one for stage in slot["run"] for one in stage)))
            found.update(next((versions for versions in map(self.tool.versions, outputs) if versions), []))
        return " ".join([self.tool.name, ", ".join(sorted(found))]).strip()

    def analyse(self, rates: Sequence[PairRate], *, lost: Sequence[str], check: str, proof: str) -> Analysis:
        """What the rates say of nodes, leaves and links."""
        places = [member.place for member in self.members]
        return analyse(rates, places, settings=self.settings, lost=lost, check=check, unit=self.tool.unit, proof=proof, run_id=self.run_id)

    def fleet(self, analysis: Analysis, *, check: str, proof: str, share: float) -> CheckResult | None:
        """Judge what an unimpaired pair reached by what the links are declared to carry; nothing where that was not declared."""
        declared = [member.gbits_per_s for member in self.members if member.gbits_per_s]
        if not declared or len(declared) < len(self.members) or not analysis.expected:
            return None
        best = max(analysis.expected.values())
        wanted = median(declared)
        passed = best >= share * wanted
        return CheckResult(
            subject=Subject("fleet", "all nodes"),
            check=f"{check}_declared",
            verdict="pass" if passed else "fail",
            severity="info" if passed else "critical",
            expected=float(f"{share * wanted:.5g}"),
            observed=float(f"{best:.5g}"),
            unit=self.tool.unit,
            binding_limit=f"links of {wanted:g} {self.tool.unit}, as declared, of which {share:.0%} are to arrive",
            evidence=tuple(
                Evidence(f"unimpaired pairs, {tier.replace('_', ' ')}", float(f"{rate:.5g}"), unit=self.tool.unit) for tier, rate in analysis.expected.items()
            ),
            proof=proof,
            hint="" if passed else "No pair of nodes reached what the links are declared to carry: all are slow alike, or the declaration is wrong.",
            remediation="" if passed else "Compare the speed that the ports have trained at, and the settings of the nodes, with what was declared.",
            run_id=self.run_id,
        )


def _end(member: Member) -> End:
    return End(member.name, member.address, member.rails)


def _seed(run_id: str) -> int:
    return int(hashlib.sha256(run_id.encode()).hexdigest()[:8], 16)
