# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the values of a test lie against what was expected of them, as a small picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ..model.finding import CheckResult
from ..model.run import RunRecord
from .overview import number
from .pairs import Measured, step

_BINS = 48
_WIDTH, _HEIGHT, _LEFT, _FOOT = 560, 110, 8, 30
# The axis begins here unless something is lower, so that what is usual isn't blown up.
_FROM, _TO = 0.85, 1.05


@dataclass(frozen=True)
class Distribution:
    """The values of one test, as parts of what was expected of each."""

    test: str
    proof: str
    expected: str
    """In words: ``47.8 GB/s``, or by tier."""
    ratios: tuple[float, ...]
    silent: int
    """Measurements that nothing came of."""

    @property
    def words(self) -> str:
        """The figures below the picture."""
        ordered = sorted(self.ratios)
        slow = sum(ratio < 0.9 for ratio in ordered)
        said = [f"{len(ordered):,} {'value' if len(ordered) == 1 else 'values'}", f"median {median(ordered):.1%}", f"lowest {ordered[0]:.1%}"]
        if len(ordered) >= 100:
            said.insert(2, f"lowest hundredth below {ordered[len(ordered) // 100]:.1%}")
        said += [f"{slow:,} below 90%"] if slow else []
        return ", ".join(said + ([f"{self.silent:,} without a result"] if self.silent else []))


def of_pairs(record: RunRecord, placed: Sequence[Sequence[Measured]]) -> list[Distribution]:
    """Return the distribution of each test of pairs that brought a value. ``placed``: its measurements, test by test."""
    found = []
    for test, measured in zip(record.tests, placed):
        ratios = tuple(one.ratio for one in measured if one.ratio is not None)
        by_tier = {one.tier: one.expected for one in measured if one.expected is not None}
        values = sorted({number(value) for value in by_tier.values()})
        words = ", ".join(f"{number(value)} ({tier.replace('_', ' ')})" for tier, value in by_tier.items()) if len(values) > 1 else "".join(values)
        silent = sum(one.rate.rate is None for one in measured)
        found += [Distribution(test.test, test.proof, f"{words} {test.unit}", ratios, silent)] if ratios else []
    return found


def of_checks(record: RunRecord) -> list[Distribution]:
    """Return the distribution of each other check that compares rates of several subjects with what they should be."""
    measured_in_pairs = {test.test for test in record.tests}
    by_check: dict[str, list[CheckResult]] = {}
    for result in record.results:
        if result.unit.endswith("/s") and result.subject.kind not in ("leaf", "uplink", "fleet"):
            by_check.setdefault(result.check, []).append(result)
    found = []
    for check, results in by_check.items():
        ratios = tuple(ratio for ratio in map(_ratio, results) if ratio is not None)
        # What pairs reached is shown measurement by measurement.
        if len(ratios) < 2 or check in measured_in_pairs or check == "pair_bandwidth":
            continue
        values = list(dict.fromkeys(number(result.expected) for result in results))
        expected = f"{', '.join(values[:3])}{' …' if len(values) > 3 else ''} {results[0].unit}"
        found.append(Distribution(check, results[0].proof, expected, ratios, sum(result.observed is None for result in results)))
    return found


def _ratio(result: CheckResult) -> float | None:
    observed, expected = result.observed, result.expected
    return observed / expected if isinstance(observed, (int, float)) and isinstance(expected, (int, float)) and expected > 0 else None


def picture(distribution: Distribution) -> str:
    """Return an SVG: how many values reached which part of what was expected. The line is what was expected."""
    low = min(_FROM, math.floor(min(distribution.ratios) * 20) / 20)
    high = max(_TO, math.ceil(max(distribution.ratios) * 20) / 20)
    counts = [0] * _BINS
    for ratio in distribution.ratios:
        counts[min(_BINS - 1, int((ratio - low) / (high - low) * _BINS))] += 1
    most = max(counts)
    wide = (_WIDTH - 2 * _LEFT) / _BINS
    parts = [f'<svg class="distribution" viewBox="0 0 {_WIDTH} {_HEIGHT + _FOOT}" role="img"><title>{distribution.words}</title>']
    for place, count in enumerate(counts):
        if count:
            # One value among thousands is still seen.
            height = max(3.0, _HEIGHT * 0.9 * count / most)
            begin = low + (high - low) * place / _BINS
            end = begin + (high - low) / _BINS
            style = step((begin + end) / 2)
            box = f'x="{_LEFT + place * wide + 0.5:.1f}" y="{_HEIGHT - height:.1f}" width="{wide - 1:.1f}" height="{height:.1f}"'
            parts.append(f'<rect {box} class="{style}"><title>{begin:.1%} to {end:.1%}: {count:,}</title></rect>')
    parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _LEFT}" y1="{_HEIGHT}" y2="{_HEIGHT}" class="axis"/>')
    at = _LEFT + (1 - low) / (high - low) * (_WIDTH - 2 * _LEFT)
    parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="0" y2="{_HEIGHT + 6}" class="expected"/>')
    parts.append(f'<text x="{at:.1f}" y="{_HEIGHT + 20}" class="middle strong">100%</text>')
    for mark in _marks(low, high):
        x = _LEFT + (mark - low) / (high - low) * (_WIDTH - 2 * _LEFT)
        if abs(x - at) > 34:
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT + 20}" class="{"start" if x < 30 else "end" if x > _WIDTH - 30 else "middle"}">{mark:.0%}</text>')
    return "".join([*parts, "</svg>"])


def _marks(low: float, high: float) -> list[float]:
    width = next(width for width in (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 10.0, 100.0, high) if (high - low) / width <= 8)
    first = math.ceil(low / width - 1e-9)
    return [width * (first + place) for place in range(int((high - first * width) / width + 1e-9) + 1)]
