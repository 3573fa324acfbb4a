"""Paired tests and intervals against plain counting, whole enumerations and published examples."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from engine.comparisons import Fate
from engine.datasets.paired import difference_interval, fates, mcnemar, paired_interval, paired_numbers, share_interval


def binomial_tail(fixed: int, broken: int) -> Fraction:
    """Twice the probability of a split at least as uneven, in whole numbers."""
    n = fixed + broken
    return min(Fraction(1), 2 * Fraction(sum(comb(n, k) for k in range(min(fixed, broken) + 1)), 2**n))


@pytest.mark.parametrize(("fixed", "broken"), [(0, 0), (1, 0), (5, 5), (2, 9), (9, 2), (0, 30), (40, 61), (400, 520), (3, 900)])
def test_mcnemar_is_the_binomial_test(fixed: int, broken: int):
    assert mcnemar(fixed, broken) == pytest.approx(float(binomial_tail(fixed, broken)), rel=1e-9)


def test_mcnemar_of_a_hundred_thousand_rows_is_a_number():
    assert mcnemar(50_000, 50_000) == 1.0
    assert 0 <= mcnemar(40_000, 60_000) < 1e-300


def test_the_paired_interval_is_that_of_rows_drawn_one_by_one():
    """The multinomial draw against a bootstrap that really draws rows."""
    fixed, broken, n = 14, 5, 80
    change = np.array([1] * fixed + [-1] * broken + [0] * (n - fixed - broken))
    draw = np.random.default_rng(5)
    slow = [change[draw.integers(0, n, n)].mean() for _ in range(20_000)]
    found = paired_interval(fixed, broken, n, 20_000, seed=1)
    np.testing.assert_allclose(found, np.percentile(slow, [2.5, 97.5]), atol=0.5 / n + 1e-9)


def test_wilson_and_newcombe_agree_with_what_was_published():
    """Newcombe 1998, table II, (a) 56/70 − 48/80, method 10: 0.0524 to 0.3339; table I, 81/263, Wilson: 0.2553 to 0.3662."""
    found = share_interval(81, 263)
    assert found is not None
    np.testing.assert_allclose(found, (0.2553, 0.3662), atol=5e-5)
    apart = difference_interval((48, 80), (56, 70))
    assert apart is not None
    np.testing.assert_allclose(apart, (0.0524, 0.3339), atol=5e-5)
    assert share_interval(0, 0) is None
    assert difference_interval((0, 0), (1, 2)) is None


def test_fates_are_those_a_person_would_name():
    first = np.array([0, 0, 1, 1, 1, 0, -1, 0, 1], np.int32)
    second = np.array([0, 1, 0, 2, 1, 1, 0, -1, 0], np.int32)
    true = np.array([0, 0, 0, 0, 0, -1, 0, 0, 1], np.int32)
    wanted = [Fate.SAME, Fate.BROKEN, Fate.FIXED, Fate.OTHER_ERROR, Fate.SAME, Fate.DIFFERENT, Fate.UNKNOWN, Fate.UNKNOWN]
    assert fates(first, second, true).tolist() == [*wanted, Fate.BROKEN]


def test_numbers_are_a_plain_count():
    draw = np.random.default_rng(3)
    first, second, true = (draw.integers(-1, 3, 500).astype(np.int32) for _ in range(3))
    found = paired_numbers(fates(first, second, true), first == true, true != -1)
    both = [(a, b, t) for a, b, t in zip(first, second, true, strict=True) if a >= 0 and b >= 0]
    judged = [(a, b, t) for a, b, t in both if t >= 0]
    assert (found.n, found.labelled) == (len(both), len(judged))
    assert found.agreement == sum(a == b for a, b, _ in both) / len(both)
    assert found.first == sum(a == t for a, _, t in judged) / len(judged)
    assert found.second == pytest.approx(sum(b == t for _, b, t in judged) / len(judged))
    assert found.fixed == sum(a != t and b == t for a, b, t in judged)
    assert found.broken == sum(a == t and b != t for a, b, t in judged)
    assert found.other_errors == sum(a != t and b != t and a != b for a, b, t in judged)
    assert found.different == sum(a != b for a, b, t in both if t < 0)
    assert found.difference is not None
    assert found.interval is not None
    assert found.interval[0] <= found.difference <= found.interval[1]


def test_without_labels_there_is_agreement_alone():
    first, second = np.array([0, 1, 1], np.int32), np.array([0, 1, 0], np.int32)
    found = paired_numbers(fates(first, second, np.full(3, -1, np.int32)), np.zeros(3, np.bool_), np.zeros(3, np.bool_))
    assert (found.agreement, found.different) == (pytest.approx(2 / 3), 1)
    assert (found.first, found.second, found.difference, found.interval, found.p_value) == (None,) * 5
