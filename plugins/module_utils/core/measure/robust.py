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
# What a single measurement is taken to scatter by at least before there are many: 1.5 %, with the weight of five measurements.
_USUAL_NOISE, _USUAL_WEIGHT = 0.015, 10
# What is faster than the rest by a quarter or more is not so by chance.
_NO_NOISE = 0.25
# The closest half, and the closest quarter, of a normal distribution are this many standard deviations wide.
_HALF, _QUARTER = 1.349, 0.637
# From so many values on a quarter of them tells how they scatter. It holds more than half of the values being slow.
_MANY = 20
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


def upper_spread(values: Sequence[float]) -> float:
    """Return the standard deviation about 0 of what is not pulled down, as told by the values above 0 alone."""
    return spread([value for value in values if value > 0], 0.0)


def noise(residuals: Sequence[float], reach: float) -> float:
    """Return how much single measurements scatter, as those above 0 do.

    Few of them count together with what is usual, or with what all within ``reach`` do, if that is more.
    """
    above = [value for value in residuals if 0 < value < _NO_NOISE]
    usual = max(_USUAL_NOISE, spread([value for value in residuals if abs(value) <= reach], 0.0))
    return math.sqrt((len(above) * upper_spread(above) ** 2 + _USUAL_WEIGHT * usual**2) / (len(above) + _USUAL_WEIGHT))


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

    A crowd is a stretch of ``width`` (of more, up to four times that, where the closest values scatter more) with half as many values
    as the fullest one or more. From its median on, the median of what is within a stretch's width of the last is taken until it stays.
    """
    ordered = sorted(values)
    part, deviations = (2, _HALF) if len(ordered) < _MANY else (4, _QUARTER)
    closest = min(high - low for low, high in zip(ordered, ordered[-(-len(ordered) // part) - 1 :]))
    wide = min(max(width, 2 * closest / deviations), 4 * width)
    counts = [bisect_right(ordered, value + wide) - place for place, value in enumerate(ordered)]
    enough = max(counts) / 2
    start = max(place for place, count in enumerate(counts) if count >= enough)
    level = median(ordered[start : start + counts[start]])
    for _turn in range(50):
        better = median(ordered[bisect_left(ordered, level - wide) : bisect_right(ordered, level + wide)])
        if better == level:
            break
        level = better
    return level
