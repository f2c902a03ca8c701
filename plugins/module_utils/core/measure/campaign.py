# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measuring pairs of nodes: from the nodes to each one's part of a schedule, and from what the nodes bring back to rates and results.

A *campaign* is one test of nodes with each other. A *phase* is a schedule that the nodes follow on their own, one campaign after the other:
``rounds`` first, then ``confirm`` with the nodes that looked slow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from ..agent.measurement import Part, Slot
from ..errors import CoreError
from ..model.finding import CheckResult, Evidence, Subject
from ..model.isolation import Analysis, PairRate, Place, Round
from .attribution import analyse, suspects
from .confirmation import plan_confirmation
from .link_errors import judge_link_errors
from .pairs import Settings
from .schedule import plan_rounds
from .tools import End, Rail, common

ROUNDS, CONFIRM = "rounds", "confirm"
# So much longer than its client needs is a slot.
_MARGIN_S = 1.0
# Between two slots.
_PAUSE_S = 0.2
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
    """What its link, or each of its rails, is declared to carry; null: not declared."""
    rails: tuple[Rail, ...] = (Rail(0),)
    """What is measured of it."""

    @property
    def place(self) -> Place:
        return Place(self.name, self.leaf, self.unit)


def members_from(entries: Iterable[Mapping[str, Any]], *, by_rail: bool = False) -> tuple[Member, ...]:
    """Return the nodes that a playbook names; ``by_rail``, those that have rails, by what their rails are declared to carry.

    Raises ``CoreError`` for one without an address and for an address that two have.
    """
    members: list[Member] = []
    owner: dict[str, str] = {}
    for entry in entries:
        name, address = str(entry["name"]), str(entry.get("address") or "")
        if not address:
            raise CoreError(f"{name} has no address to be measured at.", where="validate_address", hint="Set it to its address on the network to measure.")
        if address in owner:
            raise CoreError(f"{name} and {owner[address]} both have {address}.", where="validate_address", hint="Give each node its own.")
        owner[address] = name
        rails = tuple(Rail(int(rail["number"]), str(rail["device"]), int(rail.get("port", 1))) for rail in entry.get("rails") or ())
        rate = entry.get("rail_gbits_per_s" if by_rail else "gbits_per_s")
        if rails or not by_rail:
            place = (str(entry.get("leaf") or ""), str(entry.get("unit") or ""))
            members.append(Member(name, address, *place, float(rate) if rate else None, rails if by_rail else (Rail(0),)))
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
    test: str = ""
    """What its results are called."""

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
        """Each node's part, where nothing else is measured."""
        return follow_each_other(((self, rounds),), phase=phase, token=token)

    def slots(self, rounds: Sequence[Round], *, phase: str) -> dict[str, list[Slot]]:
        """What each node does, by its name; the first round begins at 0. Linear in what is measured."""
        member = {one.name: one for one in self.members}
        length = self.tool.duration_s() + Part.lead_s + _MARGIN_S
        slots: dict[str, list[Slot]] = {}
        for place, one in enumerate(rounds):
            begin, end = place * length, (place + 1) * length - _PAUSE_S
            for server, client in one.pairs:
                ends = [_end(member[name]) for name in (server, client)]
                mark, port = self.mark(phase, one.number, server, client), self.first_port + 1
                slots.setdefault(server, []).append(Slot(one.number, begin, end, serve=self.tool.serve(*ends, port, mark), peer=client, test=self.test))
                run = self.tool.run(*ends, port, mark)
                slots.setdefault(client, []).append(Slot(one.number, begin, end, run=run, peer=server, least_s=self.tool.seconds, test=self.test))
        return slots

    def mark(self, phase: str, number: int, server: str, client: str) -> str:
        """What a client shows its server, so that no other measurement is taken for this one."""
        return hashlib.sha256(f"{self.run_id} {self.test} {phase} {number} {server} {client}".encode()).hexdigest()[:16]

    def rates(self, rounds: Sequence[Round], phase: str, outcomes: Mapping[str, Mapping[str, Any]]) -> tuple[tuple[PairRate, ...], tuple[str, ...]]:
        """Return the rates, and why there is none where there is none. ``outcomes``: by node, what its agent wrote; nodes may be missing."""
        member = {one.name: one for one in self.members}
        slot_of = {(name, slot["number"]): slot for name, outcome in outcomes.items() for slot in self._slots(outcome)}
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
            outputs = (entry["stdout"] for slot in self._slots(outcome) for entry in (*slot["serve"], *(one for stage in slot["run"] for one in stage)))
            found.update(next((versions for versions in map(self.tool.versions, outputs) if versions), []))
        return " ".join([self.tool.name, ", ".join(sorted(found))]).strip()

    def _slots(self, outcome: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
        return (slot for slot in outcome.get("slots", ()) if slot.get("test", "") == self.test)

    def analyse(self, rates: Sequence[PairRate], *, lost: Sequence[str], proof: str) -> Analysis:
        """What the rates say of nodes, leaves and links."""
        places = [member.place for member in self.members]
        return analyse(rates, places, settings=self.settings, lost=lost, check=self.test, unit=self.tool.unit, proof=proof, run_id=self.run_id)

    def link_errors(self, outcomes: Mapping[str, Mapping[str, Any]], *, proof: str) -> tuple[CheckResult, ...]:
        """What the rails' ports counted meanwhile. ``outcomes``: by node, what its agent wrote of the rounds."""
        rails = {member.name: [rail for rail in member.rails if rail.device] for member in self.members}
        return tuple(
            result
            for name, own in rails.items()
            if own
            for result in judge_link_errors(name, own, outcomes.get(name, {}).get("counters") or {}, proof=proof, run_id=self.run_id)
        )

    def fleet(self, analysis: Analysis, *, proof: str, share: float) -> CheckResult | None:
        """Judge what an unimpaired pair reached by what the links are declared to carry; nothing where that was not declared."""
        declared = [member.gbits_per_s for member in self.members if member.gbits_per_s]
        if not declared or len(declared) < len(self.members) or not analysis.expected:
            return None
        best = max(analysis.expected.values())
        wanted = median(declared)
        passed = best >= share * wanted
        return CheckResult(
            subject=Subject("fleet", "all nodes"),
            check=f"{self.test}_declared",
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


def follow_each_other(plans: Sequence[tuple[Campaign, Sequence[Round]]], *, phase: str, token: str) -> dict[str, Part]:
    """Return each node's part of a phase in which one campaign follows the other, in this order: one start for all of them."""
    slots: dict[str, list[Slot]] = {}
    watch: dict[str, tuple[tuple[str, int], ...]] = {}
    involved: dict[str, Member] = {}
    begin = 0.0
    for campaign, rounds in plans:
        own = campaign.slots(rounds, phase=phase)
        for member in campaign.members:
            if member.name in own:
                involved.setdefault(member.name, member)
                watch[member.name] = watch.get(member.name, ()) + tuple((rail.device, rail.port) for rail in member.rails if rail.device)
                slots.setdefault(member.name, []).extend(replace(slot, begin_s=begin + slot.begin_s, end_s=begin + slot.end_s) for slot in own[member.name])
        begin += max((slot.end_s + _PAUSE_S for node in own.values() for slot in node), default=0.0)
    conductors = tuple((member.name, member.address) for member in list(involved.values())[:_CONDUCTORS])
    gather_s = _GATHER_S + len(involved) * _GATHER_S_PER_NODE
    return {
        name: Part(
            plans[0][0].run_id,
            phase,
            token,
            name,
            member.address,
            plans[0][0].first_port,
            conductors,
            len(involved),
            tuple(slots[name]),
            watch[name],
            gather_s=gather_s,
        )
        for name, member in involved.items()
    }


def _end(member: Member) -> End:
    return End(member.name, member.address, member.rails)


def _seed(run_id: str) -> int:
    return int(hashlib.sha256(run_id.encode()).hexdigest()[:8], 16)
