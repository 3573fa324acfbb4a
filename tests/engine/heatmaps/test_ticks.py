"""Round numbers, few enough, inside."""

import numpy as np
import pytest

from engine.heatmaps.ticks import linear_ticks, log_ticks, tick_words


@pytest.mark.parametrize(
    ("low", "high", "most", "found"),
    [(0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0.031, 0.19, 4, [0.05, 0.1, 0.15]), (-3, 12, 4, [0, 5, 10]), (2, 2, 5, [2])],
)
def test_linear(low: float, high: float, most: int, found: list[float]):
    np.testing.assert_allclose(linear_ticks(low, high, most), found)


@pytest.mark.parametrize(
    ("low", "high", "most", "found"),
    [
        (0.0041, 0.65, 6, [0.01, 0.03, 0.1, 0.3]),
        (0.0014, 0.09, 4, [0.003, 0.01, 0.03]),
        (0.004, 0.06, 6, [0.005, 0.01, 0.02, 0.05]),
        (1e-4, 2, 6, [1e-4, 1e-3, 1e-2, 0.1, 1]),
        (0.047, 0.094, 6, [0.05, 0.06, 0.07, 0.08, 0.09]),
        (1e-9, 1e3, 4, [1e-9, 1e-6, 1e-3, 1, 1e3]),
    ],
)
def test_logarithmic(low: float, high: float, most: int, found: list[float]):
    np.testing.assert_allclose(log_ticks(low, high, most), found)


@pytest.mark.parametrize("seed", range(20))
def test_there_are_always_some_and_not_many(seed: int):
    draw = np.random.default_rng(seed)
    low = 10 ** draw.uniform(-8, 2)
    high = low * 10 ** draw.uniform(0.01, 8)
    ticks = log_ticks(low, high, 6)
    assert 1 <= len(ticks) <= 7
    assert all(low * 0.999 <= value <= high * 1.001 for value in ticks)


def test_in_words():
    assert [tick_words(value) for value in (0.05, 0.1, 1, 20, 0.0125, 1e-7, 0)] == [
        "0.05", "0.1", "1", "20", "0.0125", "1.00×10⁻⁷", "0"
    ]  # fmt: skip
