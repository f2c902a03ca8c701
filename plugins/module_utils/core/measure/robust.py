# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Statistics that a few wild values do not move."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import median

# The median absolute deviation of a normal distribution, and the standard error of its median, in standard deviations.
_MAD = 1.4826
MEDIAN_ERROR = 1.2533
# What a single measurement is taken to scatter by before there are many: 1.5 %, with the weight of five measurements.
_USUAL_NOISE, _USUAL_WEIGHT = 0.015, 5
# Huber's constant: residuals beyond this many standard deviations count less. 95 % as good as the mean where all is normal.
_HUBER = 1.345


def upper_median(values: Sequence[float]) -> float:
    """Return the middle value, of two the larger: something slow elsewhere pulls down, nothing pulls up."""
    return sorted(values)[len(values) // 2]


def spread(values: Sequence[float], centre: float | None = None) -> float:
    """Return a standard deviation, worked out from the median distance to the centre (the median, unless it is given)."""
    if not values:
        return 0.0
    middle = median(values) if centre is None else centre
    return _MAD * median([abs(value - middle) for value in values])


def noise(residuals: Sequence[float]) -> float:
    """Return how much single measurements scatter about 0; few of them count together with what is usual."""
    measured = spread(residuals, 0.0)
    return math.sqrt((len(residuals) * measured**2 + _USUAL_WEIGHT * _USUAL_NOISE**2) / (len(residuals) + _USUAL_WEIGHT))


def location(values: Sequence[float], scale: float) -> float:
    """Return Huber's estimate of where the values lie, by reweighting from the upper median. ``scale``: what one value scatters by."""
    centre, limit = upper_median(values), _HUBER * scale
    for _turn in range(20):
        weights = [1.0 if abs(value - centre) <= limit else limit / abs(value - centre) for value in values]
        better = sum(weight * value for weight, value in zip(weights, values)) / sum(weights)
        if abs(better - centre) < scale / 1000:
            return better
        centre = better
    return centre


def top_level(values: Sequence[float], width: float) -> float:
    """Return the level of the highest crowd of values: what those reach that nothing holds back.

    A crowd is a stretch of ``width`` with half as many values as the fullest one or more. From its median on, the median of what is within
    ``width`` of the last is taken until it stays.
    """
    ordered = sorted(values)
    counts = [bisect_right(ordered, value + width) - place for place, value in enumerate(ordered)]
    enough = max(counts) / 2
    start = max(place for place, count in enumerate(counts) if count >= enough)
    level = median(ordered[start : start + counts[start]])
    for _turn in range(50):
        better = median(ordered[bisect_left(ordered, level - width) : bisect_right(ordered, level + width)])
        if better == level:
            break
        level = better
    return level
