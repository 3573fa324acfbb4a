"""Lines of equal value."""

import numpy as np
import pytest

from engine.heatmaps.contours import FINEST, contour, smoothed


def cone(side: int = 41) -> np.ndarray:
    y, x = np.mgrid[0:side, 0:side] - (side - 1) / 2
    return np.hypot(x, y)


@pytest.mark.parametrize("radius", [5.0, 11.3, 17.9])
def test_the_lines_of_a_cone_are_circles(radius: float) -> None:
    """Within what a straight piece of a pixel's length can depart from its arc."""
    lines = contour(cone(), radius)
    points = lines.reshape(-1, 2) - 41 / 2
    np.testing.assert_allclose(np.hypot(*points.T), radius, atol=0.08)
    lengths = np.hypot(lines[:, 2] - lines[:, 0], lines[:, 3] - lines[:, 1])
    assert lengths.sum() == pytest.approx(2 * np.pi * radius, rel=0.01)


def test_lines_are_closed_where_they_do_not_leave_the_map() -> None:
    """Every point is the end of two pieces."""
    rough = np.random.default_rng(0).normal(size=(30, 30))
    rough[[0, -1], :] = rough[:, [0, -1]] = -9.0
    ends = np.round(contour(rough, 0.0).reshape(-1, 2), 9)
    _, counts = np.unique(ends, axis=0, return_counts=True)
    assert set(counts % 2) == {0}


def test_a_saddle_is_cut_by_its_middle() -> None:
    high = np.array([[1.0, -0.2], [-0.2, 1.0]])  # the middle is above zero: the two high corners hang together
    low = -high
    for values in (high, low):
        lines = contour(values, 0.0)
        assert len(lines) == 2
        middles = (lines[:, :2] + lines[:, 2:]) / 2 - 0.5
        small = np.array([[1.0, 0.0], [0.0, 1.0]])  # both lines go around the corners of the other sign
        assert all(min(np.abs(middle - corner).sum() for corner in small) < 0.4 for middle in middles)


def test_no_line_where_the_level_is_not_reached() -> None:
    assert contour(np.zeros((5, 5)), 1.0).shape == (0, 4)


def test_a_pixel_is_blurred_as_a_gaussian_and_nothing_is_lost() -> None:
    values = np.zeros((129, 129), dtype=np.float32)
    values[64, 64] = 1.0
    found, step = smoothed(values)
    deviation = 129 / 64
    x = np.arange(-64, 65)
    expected = np.exp(-0.5 * (x / deviation) ** 2)
    assert step == 1
    assert found.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(found[64] / found[64, 64], expected, atol=1e-3)


def test_a_large_map_is_averaged_first() -> None:
    values = np.ones((2 * FINEST + 10, 60))
    found, step = smoothed(values)
    assert step == 3
    assert max(found.shape) <= FINEST
    np.testing.assert_allclose(found, 1.0)


def test_what_is_not_a_number_counts_nothing() -> None:
    values = np.full((16, 16), np.nan)
    assert not smoothed(values)[0].any()
