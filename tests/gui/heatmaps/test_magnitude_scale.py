import numpy as np
import pytest

from gui.heatmaps.magnitude_scale import MagnitudeScale


def test_by_decades_from_a_power_of_ten_that_lies_below_all() -> None:
    scale = MagnitudeScale.of(np.array([0.0, 0.02, 1.0, np.nan, np.inf]), logarithmic=True)
    assert (scale.floor, scale.limit) == (0.01, 1.0)
    np.testing.assert_allclose(scale.shares(np.array([0, 0.001, 0.01, 0.1, 1, np.inf, np.nan])), [0, 0, 0, 0.5, 1, 1, np.nan])
    assert scale.ticks(9) == [(0.0, "10⁻²"), (0.5, "10⁻¹"), (1.0, "10⁰")]
    assert len(scale.ticks(2)) == 2
    assert scale.clips(np.array([0.0]))
    assert not scale.clips(np.array([0.02, np.nan]))


def test_the_least_value_differs_from_zero() -> None:
    scale = MagnitudeScale.of(np.array([0.0101, 1.0]), logarithmic=True)
    assert scale.floor == 0.001
    assert scale.shares(np.array([0.0101]))[0] > 0


def test_a_scale_of_colours_has_an_end() -> None:
    values = np.array([1e-300, 1.0])
    assert MagnitudeScale.of(values, logarithmic=True).floor == pytest.approx(1e-12)
    assert MagnitudeScale.of(values, logarithmic=True, decades=None).floor == pytest.approx(1e-301)


def test_from_zero() -> None:
    scale = MagnitudeScale.of(np.array([1.0, 4.0]), logarithmic=False)
    np.testing.assert_allclose(scale.shares(np.array([0.0, 1.0, 4.0, 9.0])), [0, 0.25, 1, 1])
    assert [words for _, words in scale.ticks(9)] == ["0", "2.0", "4.0"]


@pytest.mark.parametrize("values", [[], [0.0], [np.nan], [np.inf], [1e-323], [5e-324], [1e308]])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_anything_has_a_place(values: list[float], logarithmic: bool) -> None:
    given = np.array(values, dtype=np.float64)
    scale = MagnitudeScale.of(given, logarithmic=logarithmic)
    shares = scale.shares(given)
    assert ((shares >= 0) & (shares <= 1) | np.isnan(given)).all()
    scale.ticks(5)
