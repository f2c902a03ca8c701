# Copyright: (c) 2026, the Railyard authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Statistics that a few wild values do not move."""

from __future__ import annotations

import random

import pytest

from ansible_collections.railyard.cluster.plugins.module_utils.core.measure.robust import location, noise, spread, top_level, upper_median, upper_spread


def normal(count: int, centre: float = 0.0, scale: float = 0.01, seed: int = 1) -> list[float]:
    chance = random.Random(seed)
    return [chance.gauss(centre, scale) for _turn in range(count)]


def test_upper_median() -> None:
    assert [upper_median(values) for values in ([1.0], [1.0, 2.0], [3.0, 1.0, 2.0], [4.0, 1.0, 2.0, 3.0])] == [1.0, 2.0, 2.0, 3.0]


def test_spread_is_a_standard_deviation_and_stays_one() -> None:
    values = normal(2000)
    assert spread(values) == pytest.approx(0.01, rel=0.1)
    assert spread(values + [-5.0] * 100) == pytest.approx(0.01, rel=0.2)
    assert spread([]) == 0.0
    assert spread([1.0, 1.0, 1.0], 0.0) == pytest.approx(1.4826)


def test_noise_is_told_by_what_is_fast() -> None:
    values = normal(2000)
    assert upper_spread(values) == pytest.approx(0.01, rel=0.1)
    assert noise(values, 0.06) == pytest.approx(0.01, rel=0.1)
    assert noise(values + [-0.05] * 1500, 0.06) == pytest.approx(0.01, rel=0.1)
    assert noise(values + [0.5] * 1500, 0.06) == pytest.approx(0.01, rel=0.1)


def test_few_values_are_not_believed_to_be_quiet() -> None:
    assert noise([], 0.06) == pytest.approx(0.015)
    assert 0.01 < noise([0.0001, -0.0001, 0.0002], 0.06) < 0.015
    assert noise([0.04, -0.05, 0.05], 0.06) > 0.04


def test_location_lies_where_most_values_do() -> None:
    assert location([1.0, 1.0, 1.1, 1.0, 5.0], 0.05) == pytest.approx(1.03, abs=0.02)
    assert location([2.0], 0.0) == 2.0
    values = normal(500)
    assert location(values, 0.01) == pytest.approx(sum(values) / 500, abs=0.0005)


@pytest.mark.parametrize(
    "slow",
    [
        [],
        normal(100, -0.05),
        normal(450, -0.05),
        normal(1000, -0.3),
        normal(250, -0.1) + normal(250, -0.6) + normal(250, -1.5),
    ],
)
def test_the_highest_crowd_is_the_level(slow: list[float]) -> None:
    assert top_level(normal(600) + slow, 0.03) == pytest.approx(0.0, abs=0.004)


def test_a_few_are_no_crowd() -> None:
    assert top_level([*normal(200), 0.5, 0.5, 0.51], 0.03) == pytest.approx(0.0, abs=0.002)


def test_the_level_of_few_or_noisy_values() -> None:
    assert top_level([3.0], 0.03) == 3.0
    assert top_level([0.0, 0.001, -1.5, -1.5], 0.03) == pytest.approx(0.0005)
    assert top_level(normal(400, scale=0.06), 0.03) == pytest.approx(0.0, abs=0.02)
