# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what is slow to results that a person can act on: the thing named, against what, on which evidence, and what to do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from ..model.finding import CheckResult, Evidence, Subject
from ..model.isolation import Effect
from .groups import Group
from .pairs import Pairs
from .robust import upper_median

# How many single measurements are listed as evidence, beside the summary.
_LISTED = 12

_HINTS = {
    "node": "It is slow on all of its rails, with every partner: look at what its rails share (CPU, IOMMU, BIOS settings, PCIe, memory).",
    "node on one rail": "It is slow with every partner: look at its cable, transceiver, port and adapter, then at the host itself.",
    "rail of a node": "Its other rails are as they should be: look at this rail's adapter, cable, transceiver and PCIe link.",
    "rail": "It is slow at every node alike: look at what the nodes' adapters of this rail share (its switches, firmware, settings).",
    "leaf": "All of its nodes are slow, with each other too: look at the switch (firmware, buffers, line cards), not at the nodes.",
    "uplink": "Its nodes are fast with each other and slow with all others: look at the links between the leaf and the spines, and their counters.",
    "units": "Pairs that stay in their unit are fast: look above the spines, or declare how much the fabric is oversubscribed there.",
    "link": "Both nodes are fast with others: look at the path between the two.",
}
_REMEDIATION = {
    "node": "Take the node out of service, find the cause, and measure it again with proven partners.",
    "node on one rail": "Reseat or replace the cable, find the cause, and measure it again with proven partners.",
    "rail of a node": "Reseat or replace the cable, then the adapter; measure it again.",
    "rail": "Compare the settings and the firmware of this rail's switches with another rail's.",
    "leaf": "Have the switch examined; its nodes need nothing.",
    "uplink": "Find the uplinks that are down, slow or faulty, and mend them.",
    "units": "Find the links above the spines that are down, slow or faulty, and mend them.",
    "link": "Measure the pair again with the counters of the path recorded.",
}


class Finder:
    """Writes the results, one after the other."""

    def __init__(self, pairs: Pairs, groups: Sequence[Group], *, check: str, unit: str, proof: str, run_id: str) -> None:
        self.results: list[CheckResult] = []
        self._pairs, self._groups = pairs, groups
        self._check, self._unit, self._proof, self._run_id = check, unit, proof, run_id
        self._judged: set[str] = set()
        self._accused: set[int] = set()
        """Cells."""
        self._rounds: dict[str, set[int]] = {}
        self._missed: dict[str, set[int]] = {}
        for rates, rounds in ((pairs.measured, self._rounds), (pairs.missing, self._missed)):
            for rate in rates:
                rounds.setdefault(rate.a, set()).add(rate.round)
                rounds.setdefault(rate.b, set()).add(rate.round)

    def group(self, group: Group) -> Effect:
        """Report something that many nodes share."""
        pairs = self._pairs
        rail = None if group.rail is None else pairs.rail_numbers[group.rail]
        leaf = None if group.leaf is None else pairs.leaf_names[group.leaf]
        every = len(set(pairs.leaf))
        if group.leaves:
            leaf = " or ".join(pairs.leaf_names[number] for number in group.leaves) if len(group.leaves) == every == 2 else None
        where = {"rail": "", "units": "between units"}.get(group.kind, leaf or "all leaves")
        name = " ".join(part for part in (where, "" if rail is None else f"rail {rail}") if part)
        distinct = len({frozenset((pairs.a[number] // pairs.rails, pairs.b[number] // pairs.rails)) for number in group.measurements})
        kind = "uplink" if group.kind == "units" else group.kind
        effect = Effect(kind, None, leaf, rail, -math.expm1(-group.loss), group.z, len(group.measurements), distinct)
        hint = _HINTS[group.kind]
        if group.kind == "leaf" and pairs.leaf.count(group.leaf or 0) < 4:
            hint += " As they are few, they may be slow themselves, all alike."
        if group.leaves:
            hint = (
                "Pairs that stay on their leaf are fast. Which of the two leaves it is can't be told from pairs between them: a third leaf or the counters can."
                if every == 2
                else "Pairs that stay on their leaf are fast, whatever the leaf: look at the spines, or declare how much the fabric is oversubscribed."
            )
        ways = {"rail": "on it", "leaf": "from or to its nodes", "uplink": "that leave the leaf", "units": "that leave their unit"}[group.kind]
        evidence = [self._summary(f"{len(group.measurements)} measurements of {distinct} pairs {ways}, median", group.measurements)]
        inside = [
            number
            for number in range(len(pairs.measured))
            if group.kind == "uplink" and pairs.near[number] and pairs.leaf[pairs.a[number] // pairs.rails] in (group.leaves or (group.leaf,))
        ]
        if inside:
            evidence.append(self._summary(f"{len(inside)} measurements of pairs that stay on it, median", inside))
        self._add(Subject(kind, name, rail=rail), effect, group.measurements, evidence, hint, _REMEDIATION[group.kind])
        return effect

    def accused(self, effect: Effect, numbers: Sequence[int]) -> Effect:
        """Report a slow node, or a slow rail of one. ``numbers``: the measurements that it rests on."""
        node = str(effect.node)
        self._judged.add(node)
        cell, rails = self._pairs.names.index(node) * self._pairs.rails, self._pairs.rails
        self._accused.update(range(cell, cell + rails) if effect.rail is None else [cell + self._pairs.rail_numbers.index(effect.rail)])
        kind = ("node" if self._pairs.rails > 1 else "node on one rail") if effect.rail is None else "rail of a node"
        name = node if effect.rail is None else f"{node} rail {effect.rail}"
        evidence = [self._summary(f"{len(numbers)} measurements with {effect.partners} partners, median", numbers)] if numbers else []
        self._add(Subject(effect.kind, name, effect.node, effect.rail), effect, numbers, evidence, _HINTS[kind], _REMEDIATION[kind])
        return effect

    def link(self, numbers: Sequence[int], loss: float, z: float) -> Effect:
        """Report a pair that is slow again and again while both of its nodes are not."""
        rate = self._pairs.measured[numbers[0]]
        effect = Effect("link", rate.a, rate.b, rate.rail, -math.expm1(-loss), z, len(numbers), 1)
        subject = Subject("link", f"{rate.a} with {rate.b} rail {rate.rail}", rail=rate.rail)
        self._add(subject, effect, numbers, [], _HINTS["link"], _REMEDIATION["link"], verdict="warn")
        return effect

    def fleet(self) -> None:
        """Report pairs that are faster than what counts as unimpaired: most of the others may be held back alike."""
        pairs = self._pairs
        limit = max(pairs.material, pairs.settings.z * pairs.noise)
        fast = [number for number, offset in enumerate(pairs.offset) if offset > limit]
        if not fast:
            return
        evidence = [self._single(number) for number in sorted(fast, key=lambda number: -pairs.offset[number])[:_LISTED]]
        hint = f"{len(fast)} of {len(pairs.measured)} measurements are faster than what is usual here, which may be slow itself: compare it with the hardware."
        self._result(Subject("fleet", "all nodes"), "inconclusive", "warning", self._expected(fast), self._observed(fast), evidence, hint, "")

    def node(self, node: int, *, lost: bool, partners: int, doubtful: float) -> None:
        """Report a node that is not accused: it passed, or there is too little to tell. ``doubtful``: the loss that it shows, too
        uncertain to accuse it; 0 for none."""
        pairs = self._pairs
        name = pairs.names[node]
        if name in self._judged:
            return
        cells = range(node * pairs.rails, (node + 1) * pairs.rails)
        numbers = [number for cell in cells for number in pairs.of_cell[cell]]
        free = [number for number in numbers if not pairs.limit[number]]
        why = self._doubt(name, lost, partners, free)
        if not why and doubtful:
            why = f"It looks {-math.expm1(-doubtful):.1%} slower than the rest, which may be chance."
        if not why:
            for rail, cell in zip(pairs.rail_numbers, cells):
                if not pairs.of_cell[cell]:
                    self._inconclusive(Subject("rail", f"{name} rail {rail}", name, rail), f"Nothing came of its measurements on rail {rail}.", ())
        if why:
            self._inconclusive(Subject("node", name, name), why, numbers)
            return
        # What it reached with partners that are not slow themselves is its own; the history compares it with its past.
        own = [number for cell in cells for number in pairs.of_cell[cell] if not pairs.limit[number] and pairs.other(number, cell) not in self._accused] or free
        expected, observed = self._expected(own), self._observed(own)
        summary = (self._summary(f"{len(own)} measurements with {partners} partners, median", own),)
        self._result(Subject("node", name, name), "pass", "info", expected, observed, summary, "", "")

    def _doubt(self, name: str, lost: bool, partners: int, free: Sequence[int]) -> str:
        """Why nothing can be said of a node that is not slow, or an empty text. ``free``: its measurements that nothing known holds back."""
        pairs = self._pairs
        rounds, missed = self._rounds.get(name, set()), self._missed.get(name, set())
        silent = sorted(number for number in missed if number > max(rounds, default=0))
        if not rounds:
            return (
                f"It was to be measured in {len(missed)} {'round' if len(missed) == 1 else 'rounds'} and nothing came of any."
                if missed
                else "It was in no measurement."
            )
        if lost:
            return f"It was lost; its last measurement is of round {max(rounds)}."
        if len(silent) > 1:
            return f"Nothing came of its measurements from round {silent[0]} on."
        if len(self._rounds) < 3:
            return "Two nodes alone can't be compared with anything."
        # Nothing makes a pair faster than both of its nodes are: to have been fast once is enough.
        if partners < pairs.settings.partners and all(pairs.offset[number] < -max(pairs.material, 2 * pairs.noise) for number in free):
            if not free:
                return "All that it can reach is held back by what is reported beside it; it can be judged when that is mended."
            return f"It was measured with {partners} partners that are not slow themselves, {pairs.settings.partners} are needed."
        return ""

    def _inconclusive(self, subject: Subject, why: str, numbers: Sequence[int]) -> None:
        evidence = [self._single(number) for number in numbers[:_LISTED]]
        self._result(
            subject, "inconclusive", "warning", self._expected(numbers), self._observed(numbers), evidence, why, "Measure it again with proven partners."
        )

    def _add(
        self, subject: Subject, effect: Effect, numbers: Sequence[int], evidence: Sequence[Evidence], hint: str, remediation: str, verdict: str = "fail"
    ) -> None:
        settings = self._pairs.settings
        severity = "critical" if effect.loss >= settings.critical_loss else "warning"
        confirming = [self._pairs.residual(number) for number in numbers if self._pairs.measured[number].confirm] if effect.kind in ("node", "rail") else []
        if effect.kind != "link" and effect.partners < settings.partners:
            verdict, severity = "inconclusive", "warning"
            hint = f"Only {effect.partners} partners saw it, {settings.partners} are needed. {hint}"
        elif confirming and -upper_median(confirming) < effect.loss / 2:
            verdict, severity = "warn", "warning"
            hint = f"It was slow in the rounds, and not when it was to be confirmed: it may come and go. {hint}"
        slowest = sorted(numbers, key=self._pairs.residual)[:_LISTED]
        listed = [*evidence, *(self._single(number) for number in sorted(slowest, key=lambda number: self._pairs.measured[number].round))]
        expected = self._expected(numbers)
        observed = None if expected is None else self._round(expected * (1 - effect.loss))
        self._result(subject, verdict, severity, expected, observed, listed, hint, remediation)

    def _result(
        self,
        subject: Subject,
        verdict: str,
        severity: str,
        expected: float | None,
        observed: float | None,
        evidence: Sequence[Evidence],
        hint: str,
        remediation: str,
    ) -> None:
        self.results.append(
            CheckResult(
                subject=subject,
                check=self._check,
                verdict=verdict,
                severity=severity,
                expected=expected,
                observed=observed,
                unit=self._unit,
                evidence=tuple(evidence),
                proof=self._proof,
                hint=hint,
                remediation=remediation,
                run_id=self._run_id,
            )
        )

    def _summary(self, what: str, numbers: Sequence[int]) -> Evidence:
        return Evidence(what, self._observed(numbers), self._expected(numbers), self._unit)

    def _single(self, number: int) -> Evidence:
        rate = self._pairs.measured[number]
        rail = f", rail {rate.rail}" if self._pairs.rails > 1 else ""
        what = f"{rate.a} with {rate.b}{rail}, round {rate.round}{' (to confirm)' if rate.confirm else ''}"
        return Evidence(what, rate.rate, self._round(math.exp(self._pairs.levels[self._pairs.tier[number]])), self._unit)

    def _expected(self, numbers: Sequence[int]) -> float | None:
        return self._round(median([math.exp(self._pairs.levels[self._pairs.tier[number]]) for number in numbers])) if numbers else None

    def _observed(self, numbers: Sequence[int]) -> float | None:
        return self._round(median([rate for rate in (self._pairs.measured[number].rate for number in numbers) if rate is not None])) if numbers else None

    @staticmethod
    def _round(value: float) -> float:
        return float(f"{value:.5g}")
