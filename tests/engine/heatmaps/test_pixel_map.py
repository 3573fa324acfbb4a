"""A map over a picture: where it lies, what is read out, what is listed."""

from dataclasses import replace

import numpy as np
import pytest

from engine.heatmaps.pixel_map import MISSING, ZERO, PixelMap, Place, halved
from tests.gui import made


def with_values(values: np.ndarray) -> PixelMap:
    rows, columns = values.shape[:2]
    return PixelMap(made.image_result(values.astype(np.float32), made.read_image(shape=(rows, columns))))


def test_a_point_of_the_picture_finds_its_value_and_back() -> None:
    place = Place(8, 4, (10.0, 0.0, 50.0, 40.0))
    assert place.cell_at(10, 0) == (0, 0)
    assert place.cell_at(49.9, 39.9) == (7, 3)
    assert place.cell_at(9.9, 5) is None
    assert place.cell_at(50, 5) is None
    for row in range(8):
        for column in range(4):
            assert place.cell_at(*place.centre_of((row, column))) == (row, column)


def test_rank_and_share_are_those_of_sorting_by_hand() -> None:
    values = np.random.default_rng(0).normal(size=(9, 7))
    shown = with_values(values)
    order = sorted(np.ndindex(9, 7), key=lambda cell: -abs(float(shown.values[cell])))
    assert [shown.rank(cell) for cell in order] == list(range(1, 64))
    assert shown.share((3, 4)) == pytest.approx(abs(shown.values[3, 4]) / np.abs(shown.values).sum())
    assert shown.strongest() == order[0]


def test_equal_values_share_a_rank_and_nan_has_none() -> None:
    values = np.array([[2.0, -2.0], [1.0, np.nan]])
    shown = with_values(values)
    assert [shown.rank(cell) for cell in np.ndindex(2, 2)] == [1, 1, 3, 0]
    assert "no value (not a number)" in shown.in_words((1, 1))
    assert shown.strongest() == (0, 0)


def test_the_read_out_says_where_colour_value_rank_and_share() -> None:
    shown = PixelMap(made.image_result())  # a one at row 2, column 5 of 8 × 8 over x 10 … 50, y 0 … 40
    red, green = made.pixels()[12, 37, :2]  # x = 10 + 5.5 · 5 = 37.5, y = 2.5 · 5 = 12.5
    assert shown.in_words((2, 5)) == (
        f"x 37, y 12 · colour #{red:02x}{green:02x}80 · input 5, 2 · +1.00 logit · rank 1 of 64 · 100 % of Σ|values|"
    )


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 1.0])
def test_the_top_share_holds_the_highest_values(share: float) -> None:
    values = np.random.default_rng(1).permutation(100).reshape(10, 10) - 50.0
    kept = with_values(values).top(share)
    assert kept.sum() == round(100 * share)
    assert values[kept].min() > values[~kept].max(initial=-np.inf)


def test_one_bright_pixel_leaves_colour_for_the_others() -> None:
    values = np.full((20, 20), 0.1)
    values[3, 3] = 50.0
    shown = with_values(values)
    assert shown.largest == 50.0
    assert shown.limit == pytest.approx(0.1)


def test_codes_are_symmetric_about_zero_and_keep_what_is_missing() -> None:
    shown = with_values(np.array([[-2.0, 0.0], [2.0, np.nan]]))
    assert shown.codes.tolist() == [[ZERO - 32767, ZERO], [ZERO + 32767, MISSING]]
    infinite = with_values(np.array([[np.inf, -np.inf], [1.0, 0.0]]))
    assert infinite.codes.tolist() == [[65535, 1], [65535, ZERO]]


def test_a_map_of_nothing_but_zeros_has_no_scale() -> None:
    shown = with_values(np.zeros((4, 4)))
    assert (shown.limit, shown.largest) == (0.0, 0.0)
    assert (shown.codes == ZERO).all()
    assert shown.share((1, 1)) == 0


def test_halving_keeps_the_strongest_of_four() -> None:
    codes = np.array([[ZERO, ZERO + 5, 1], [ZERO - 9, MISSING, ZERO + 2], [MISSING, MISSING, ZERO]], dtype=np.uint16)
    assert halved(codes).tolist() == [[ZERO - 9, 1], [MISSING, ZERO]]


def test_a_channel_or_their_sum() -> None:
    values = np.random.default_rng(2).normal(size=(8, 8, 3)).astype(np.float32)
    result = made.image_result(values)
    np.testing.assert_allclose(PixelMap(result).values, values.sum(axis=2), rtol=1e-6)
    np.testing.assert_array_equal(PixelMap(result, 1).values, values[:, :, 1])
    assert PixelMap(result).channels == 3
    assert PixelMap(made.image_result()).channels == 0


@pytest.mark.parametrize("shape", [(8, 8), (20, 13), (3, 5), (1, 1)])
def test_the_listed_grid_adds_up_to_the_map(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(3).normal(size=shape)
    shown = with_values(values)
    listed = shown.listed()
    assert listed.values.sum() == pytest.approx(values.sum(), rel=1e-5, abs=1e-6)
    assert len(listed.tokens) == np.prod(shown.grid)
    for at in range(len(listed.tokens)):
        assert shown.grid_cell_of(shown.centre_of_grid_cell(at)) == at


def test_maps_share_a_scale_where_unit_and_sign_agree() -> None:
    result = made.image_result()
    unsigned = replace(result, method=replace(result.method, signed=False))
    assert PixelMap(result).scale == ("logit", True)
    assert PixelMap(unsigned).scale == ("logit", False)
