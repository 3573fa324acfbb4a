"""What words of an age receive: against the best of all parabolas through three points, and where a sink would bend it."""

from itertools import combinations

import numpy as np
import pytest

from engine.attention.age import expected_by_age, of_one_age
from engine.attention.ranks import spearman


def test_a_parabola_in_the_logarithms_is_taken_out():
    """What follows it leaves 1 everywhere, exactly; a word that gets twice as much leaves 2, and moves nothing else."""
    age = np.arange(1.0, 40)
    smooth = np.exp(-1.0 - 0.9 * np.log(age) + 0.1 * np.log(age) ** 2)
    np.testing.assert_array_equal(smooth / expected_by_age(smooth, age), 1)
    more = smooth.copy()
    more[20] *= 2
    left = more / expected_by_age(more, age)
    assert left[20] == pytest.approx(2, rel=1e-5)
    np.testing.assert_array_equal(np.delete(left, 20), 1)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_fit_of_least_absolute_deviations(seed: int):
    """One of those runs through three of the points (the theory of linear programmes): all are tried."""
    draw = np.random.default_rng(seed)
    age = draw.permutation(np.arange(1.0, 13))
    attention = np.exp(draw.normal(size=12)) / age
    past = np.log(age)
    columns = np.stack([past**2, past, np.ones(12)], axis=1)
    best = min(
        np.abs(np.log(attention) - columns @ np.linalg.solve(columns[list(three)], np.log(attention)[list(three)])).sum()
        for three in combinations(range(12), 3)
    )
    found = np.abs(np.log(attention / expected_by_age(attention, age))).sum()
    assert found == pytest.approx(best, rel=1e-4)  # what is off by less than that counts as hit


def test_a_sink_does_not_bring_the_age_back():
    """Attention that has nothing to do with age but for its fall, and one sink, at the oldest word."""
    left_by_age, squares = [], []
    for seed in range(40):
        age = np.arange(50.0, 0, -1)
        attention = np.exp(np.random.default_rng(seed).normal(0, 0.6, 50)) * 0.1 / age
        attention[0] = 0.9
        left_by_age.append(abs(spearman(attention / expected_by_age(attention, age), age)))
        past = np.log(age)
        columns = np.stack([past**2, past, np.ones(50)], axis=1)
        plain = attention - columns @ np.linalg.lstsq(columns, attention, rcond=None)[0]
        squares.append(abs(spearman(plain, age)))
    assert np.mean(left_by_age) < 0.12
    assert np.mean(squares) > 0.6  # what was left of least squares was ordered by age


def test_of_one_age_the_median_is_taken_out():
    attention = np.array([1.0, 2.0, 8.0])
    np.testing.assert_allclose(attention / expected_by_age(attention, np.array([5, 5, 5])), [0.5, 1, 4])
    assert of_one_age(np.array([1, 2, 3, 3]))
    assert not of_one_age(np.array([1, 2, 3, 4]))


def test_nothing_at_all():
    assert len(expected_by_age(np.zeros(0), np.zeros(0))) == 0
    np.testing.assert_array_equal(expected_by_age(np.zeros(3), np.array([1, 2, 3])), 1)
    faint = np.array([0.0, 0.1, 0.2, 0.3, 0.1])
    assert np.isfinite(expected_by_age(faint, np.arange(1, 6))).all()
