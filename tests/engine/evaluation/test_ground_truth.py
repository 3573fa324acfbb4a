"""Measures against masks, each held against its definition, written out over every order of equal values."""

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation.ground_truth import Agreement, agreement, energy_in_mask, overlap_at_area, pointing_game, random_control

Measure = Callable[[NDArray[np.floating], NDArray[np.bool_]], float]
SHAPE = (2, 3)
CASES = range(60)


def case(number: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A small map with many equal values, some negative, and a mask that is not empty."""
    random = np.random.default_rng(number)
    values = random.integers(-2, random.integers(0, 4) + 1, SHAPE).astype(np.float64)
    mask = random.random(SHAPE) < 0.5
    mask.flat[random.integers(mask.size)] = True
    return values, mask


def rankings(values: NDArray[np.float64]) -> Iterator[list[int]]:
    """The pixels by falling positive part, in every order that equal ones allow (each as often as any other)."""
    positive = [max(value, 0.0) for value in values.ravel()]
    for order in itertools.permutations(range(len(positive))):
        yield sorted(order, key=lambda pixel: -positive[pixel])


def pointing_written_out(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    hits = [Fraction(int(mask.ravel()[ranking[0]])) for ranking in rankings(values)]
    return float(sum(hits) / len(hits))


def energy_written_out(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    inside = outside = 0.0
    for value, within in zip(values.ravel(), mask.ravel(), strict=True):
        inside += value if value > 0 and within else 0.0
        outside += value if value > 0 and not within else 0.0
    return inside / (inside + outside) if inside + outside else float(mask.mean())


def overlap_written_out(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    truth = {pixel for pixel, within in enumerate(mask.ravel()) if within}
    shares = []
    for ranking in rankings(values):
        top = set(ranking[: len(truth)])
        shares.append(Fraction(len(top & truth), len(top | truth)))
    return float(sum(shares) / len(shares))


@pytest.mark.parametrize(
    ("measure", "written_out"),
    [
        (pointing_game, pointing_written_out),
        (energy_in_mask, energy_written_out),
        (overlap_at_area, overlap_written_out),
    ],
)
def test_a_measure_is_its_definition_averaged_over_every_order_of_equal_values(measure: Measure, written_out: Measure) -> None:
    for number in CASES:
        values, mask = case(number)
        assert measure(values, mask) == pytest.approx(written_out(values, mask), rel=1e-12, abs=1e-15), number


def test_the_control_is_the_mean_over_every_way_to_deal_out_the_values() -> None:
    for number in range(12):
        values, mask = case(number)
        dealt = [
            agreement(np.array(order).reshape(SHAPE), mask) for order in itertools.permutations(np.abs(values).ravel() + number)
        ]
        control = random_control(mask)
        for name in ("pointing", "energy", "overlap"):
            mean = np.mean([getattr(one, name) for one in dealt])
            assert mean == pytest.approx(getattr(control, name), rel=1e-9), (number, name)


def test_the_control_of_a_picture_is_near_the_share_of_its_area() -> None:
    """Of many pixels the draw hardly varies: overlap p / (2 − p)."""
    mask = np.zeros((200, 300), dtype=np.bool_)
    mask[20:80, 50:150] = True
    control = random_control(mask)
    assert control.pointing == control.energy == 0.1
    assert control.overlap == pytest.approx(0.1 / 1.9, rel=1e-3)


@pytest.mark.parametrize("constant", [0.0, -3.0, 2.5])
def test_a_map_without_a_preference_gets_what_chance_gives(constant: float) -> None:
    mask = np.zeros((8, 8), dtype=np.bool_)
    mask[2:5, 3:6] = True
    found, control = agreement(np.full((8, 8), constant), mask), random_control(mask)
    assert (found.pointing, found.energy) == pytest.approx((control.pointing, control.energy), rel=1e-12)
    assert found.overlap == pytest.approx(control.overlap, rel=1e-12)


def test_a_map_that_is_the_mask_is_perfect_and_its_opposite_finds_nothing() -> None:
    mask = np.zeros((8, 8), dtype=np.bool_)
    mask[2:5, 3:6] = True
    assert agreement(mask * 0.1, mask) == Agreement(1.0, 1.0, 1.0)
    assert agreement(~mask * 7.0, mask) == Agreement(0.0, 0.0, 0.0)


def test_evidence_against_the_target_counts_neither_for_nor_against_a_map() -> None:
    mask = np.array([[True, False], [False, False]])
    values = np.array([[1.0, 0.5], [-9.0, 0.0]])
    assert agreement(values, mask) == agreement(np.array([[1.0, 0.5], [0.0, 0.0]]), mask)


def test_the_scale_of_a_map_does_not_matter_even_where_its_sum_overflows() -> None:
    values, mask = np.random.default_rng(0).random((5, 5)), np.eye(5, dtype=np.bool_)
    usual, huge = agreement(values, mask), agreement(values * 1e308, mask)
    assert (usual.pointing, usual.overlap) == (huge.pointing, huge.overlap)
    assert huge.energy == pytest.approx(usual.energy, rel=1e-12)


@pytest.mark.parametrize("tolerance", [0.0, 0.9, 1.0, 1.5, 2.0, 2.3, 5.0, 40.0])
def test_tolerance_counts_what_is_so_near_to_the_mask(tolerance: float) -> None:
    random = np.random.default_rng(3)
    mask = random.random((7, 11)) < 0.04
    mask[5, 2] = True
    for row, column in np.ndindex(mask.shape):
        values = np.zeros(mask.shape)
        values[row, column] = 1.0
        nearest = min(np.hypot(row - y, column - x) for y, x in np.argwhere(mask))
        assert pointing_game(values, mask, tolerance=tolerance) == float(nearest <= tolerance), (row, column)


def test_a_mask_over_the_whole_picture_is_always_met() -> None:
    whole = np.ones((3, 4), dtype=np.bool_)
    assert agreement(np.random.default_rng(0).standard_normal((3, 4)), whole) == Agreement(1.0, 1.0, 1.0)
    assert random_control(whole) == Agreement(1.0, 1.0, 1.0)


@pytest.mark.parametrize("measure", [pointing_game, energy_in_mask, overlap_at_area])
def test_what_cannot_be_measured_is_refused(measure: Measure) -> None:
    mask = np.array([[True, False]])
    with pytest.raises(ValueError, match="shape"):
        measure(np.zeros((2, 2)), mask)
    with pytest.raises(ValueError, match="not finite"):
        measure(np.array([[np.nan, 0.0]]), mask)
    with pytest.raises(ValueError, match="empty"):
        measure(np.zeros((1, 2)), np.zeros((1, 2), dtype=np.bool_))


def test_a_control_needs_a_mask() -> None:
    with pytest.raises(ValueError, match="empty"):
        random_control(np.zeros((2, 2), dtype=np.bool_))
