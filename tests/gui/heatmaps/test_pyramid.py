"""The pyramid against a literal pooling; a single bright cell is seen from any distance."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui import theme
from gui.heatmaps.matrix import MatrixPlot
from gui.heatmaps.pyramid import MISSING, ROWS_AT_ONCE, Pyramid, PyramidBuilder, build, codes_of


def built(values: NDArray[np.floating], *, off_diagonal: bool = False) -> Pyramid:
    steps = build(values, off_diagonal=off_diagonal)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Pyramid = end.value
            return found


def pooled(codes: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    rows, columns = codes.shape
    return np.array([[codes[r : r + size, c : c + size].max() for c in range(0, columns, size)] for r in range(0, rows, size)])


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (64, 64), (ROWS_AT_ONCE * 2 + 5, 37)])
def test_each_level_is_the_largest_of_its_cells(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    found = built(values)
    expected = np.rint(np.sqrt(values / values.max()) * 254)
    assert np.abs(found.levels[0].astype(int) - expected).max() <= 1
    for level, codes in enumerate(found.levels):
        assert np.array_equal(codes, pooled(found.levels[0], 1 << level)), level
    assert found.levels[-1].shape == (1, 1)
    np.testing.assert_allclose(found.row_sums, values.sum(1), rtol=1e-5)
    np.testing.assert_allclose(found.column_sums, values.sum(0), rtol=1e-5)
    assert found.limit == pytest.approx(values.max())


def test_what_is_not_a_number_stays_so_at_every_distance_and_sums_to_nothing() -> None:
    values = np.ones((5, 5), dtype=np.float32)
    values[1, 2], values[4, 4] = np.nan, np.inf
    found = built(values)
    assert found.limit == 1
    assert found.levels[0][1, 2] == MISSING
    assert found.levels[0][4, 4] == 254
    assert all(codes.max() == MISSING for codes in found.levels)
    assert found.row_sums[1] == 4


@pytest.mark.parametrize("limit", [0.0, 1e-38, 1e-12, 1e30])
def test_codes_of_very_small_and_large_values(limit: float) -> None:
    values = np.array([[0.0, limit / 4, limit]], dtype=np.float32)
    expected = [0, 0, 0] if limit == 0 else [0, 127, 254]
    assert codes_of(values, float(values.max())).tolist() == [expected]


@pytest.mark.parametrize("size", [5, ROWS_AT_ONCE + 3])
def test_the_scale_may_leave_out_the_diagonal(size: int) -> None:
    values = np.full((size, size), 0.01, dtype=np.float32)
    np.fill_diagonal(values, 1.0)
    values[size - 1, 0] = 0.04
    found = built(values, off_diagonal=True)
    assert found.limit == pytest.approx(0.04)
    assert found.clipped
    assert found.levels[0][size - 1, 0] == found.levels[0][size - 1, size - 1] == 254
    assert found.levels[0][0, 1] == 127
    np.testing.assert_allclose(found.row_sums, values.sum(1), rtol=1e-5)
    assert built(np.eye(size, dtype=np.float32), off_diagonal=True).limit == 1
    assert not built(values).clipped


def test_a_large_matrix_is_built_a_few_rows_at_a_time(qtbot: QtBot) -> None:
    builder = PyramidBuilder()
    values = np.zeros((4096, 4096), dtype=np.float32)
    values[4000, 17] = 1.0
    with qtbot.waitSignal(builder.built, timeout=5000) as told:
        builder.start(values)
        assert builder.turns == 0  # nothing yet in the hand of whoever asks
    pyramid = told.args[0]
    assert builder.turns == 2 * 4096 // ROWS_AT_ONCE + 1
    assert all(codes.max() == 254 and (codes > 0).sum() == 1 for codes in pyramid.levels)


def test_a_newer_matrix_takes_the_place_of_the_one_before(qtbot: QtBot) -> None:
    builder, told = PyramidBuilder(), []
    builder.built.connect(told.append)
    builder.start(np.ones((2048, 2048), dtype=np.float32))
    builder.start(np.ones((3, 3), dtype=np.float32))
    assert [each.shape for each in told] == [(3, 3)]
    qtbot.wait(20)
    assert len(told) == 1


def bright_pixels(plot: MatrixPlot) -> int:
    """Of the colour of the largest value, somewhere inside the picture."""
    image, wanted = plot.grab().toImage(), QColor(*(int(part) for part in plot.lut()[254]))
    return sum(image.pixelColor(x, y) == wanted for x in range(image.width()) for y in range(image.height()))


@pytest.mark.parametrize("size", [1000, 1037, 1500])
def test_a_single_bright_cell_is_seen_from_afar_and_fewest_cells_are_drawn(qtbot: QtBot, size: int) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    plot = MatrixPlot("test", "test", left=40, wheel_zooms=True, parent=holder)
    holder.resize(320, 260)
    plot.resize(320, 260)
    holder.show()
    rng = np.random.default_rng(size)
    for row, column in rng.integers(0, size, size=(6, 2)):
        values = np.zeros((size, size), dtype=np.float32)
        values[row, column] = 1.0
        plot.show_pyramid(built(values), [str(at) for at in range(size)], [str(at) for at in range(size)])
        assert plot.level >= 2
        assert bright_pixels(plot) >= 1, (row, column)
    plot._box.setRange(xRange=(0, 20), yRange=(0, 20), padding=0)
    assert plot.level == 0


def test_names_are_thinned_to_what_can_be_read(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    plot = MatrixPlot("test", "test", left=60, parent=holder)
    plot.resize(500, 300)
    holder.show()
    names = [f"t{at}" for at in range(4096)]
    plot.show_pyramid(built(np.ones((4096, 4096), dtype=np.float32)), names, names)
    for low, high in ((0, 4096), (100, 140)):
        plot._box.setRange(xRange=(low, high), yRange=(low, high), padding=0)
        rows = plot._left._tickLevels[0]
        columns = plot._bottom.angled or plot._bottom._tickLevels[0]
        assert 3 <= len(rows) <= plot._box.height() / 15 + 2
        assert 3 <= len(columns) <= plot._box.width() / 15 + 2
        assert all(text == f"t{int(place)}" for place, text in rows)


def test_colours_follow_the_theme(qtbot: QtBot) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    plot = MatrixPlot("test", "test", left=40, parent=holder)
    plot.show_pyramid(built(np.ones((4, 4), dtype=np.float32)), list("abcd"), list("abcd"))
    panel = theme.current().panel
    assert tuple(plot.lut()[0]) == (panel.red(), panel.green(), panel.blue())
