"""Token × dimension: what lies where, in which order, and whether the margin is the token map."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton
from pytestqt.qtbot import QtBot

from engine.results import AttributionResult
from gui import theme
from gui.views.dimensions import DimensionView
from tests.gui import made

DOCUMENT = made.document("A gorgeous film.")


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> DimensionView:
    theme.apply(qapp, theme.LIGHT)
    made_view = DimensionView()
    qtbot.addWidget(made_view)
    made_view.resize(700, 420)
    made_view.show()
    return made_view


def result(values: np.ndarray) -> AttributionResult:
    return replace(made.result(DOCUMENT), values=values.astype(np.float32), reduction="none")


def test_rows_are_tokens_and_the_margin_is_the_token_map(view: DimensionView) -> None:
    values = np.arange(14.0).reshape(7, 2) - 7
    view.show_result(result(values))
    np.testing.assert_allclose(view._plot.image.image, values)
    np.testing.assert_allclose(view._sums.image[:, 0], values.sum(axis=1))
    assert view._plot.image.axisOrder == "row-major"
    low, high = view._plot.image.levels
    assert low == -high


def test_sorted_by_effect(view: DimensionView) -> None:
    values = np.zeros((7, 3))
    values[:, 2], values[0, 0] = 1.0, -2.0
    view.show_result(result(values))
    assert view.order.tolist() == [0, 1, 2]
    view.findChild(QToolButton, "sortDimensions").setChecked(True)
    assert view.order.tolist() == [2, 0, 1]
    np.testing.assert_allclose(view._plot.image.image, values[:, [2, 0, 1]])


def test_the_cross_moves_by_keys_and_is_read_out(qtbot: QtBot, view: DimensionView) -> None:
    view.show_result(result(np.arange(14.0).reshape(7, 2)))
    plot = view._plot
    QTest.keyClick(plot, Qt.Key.Key_Down)
    with qtbot.waitSignal(view.read_out_changed) as told:
        QTest.keyClick(plot, Qt.Key.Key_Right)
    assert told.args == ["[CLS] · dimension 1 · +1.00 logit · all dimensions +1.00"]
    with qtbot.waitSignal(view.token_selected):
        QTest.keyClick(plot, Qt.Key.Key_Return)


@pytest.mark.parametrize(
    "values", [np.zeros((7, 4)), np.full((7, 4), np.nan), np.full((7, 4), np.inf), np.full((7, 1), 1e-9), np.zeros((7, 0))]
)
def test_any_values_are_drawn(view: DimensionView, values: np.ndarray) -> None:
    view.show_result(result(values))
    assert not view.grab().isNull()
    if values.size and not np.isfinite(values).all():
        assert "28 values are not numbers" in next(label.text() for label in view.findChildren(QLabel))


def test_themes_and_clearing(qapp: QApplication, view: DimensionView) -> None:
    view.show_result(result(np.random.default_rng(0).normal(size=(7, 64))))
    theme.apply(qapp, theme.DARK)
    assert not view.grab().isNull()
    theme.apply(qapp, theme.LIGHT)
    view.show_words("Stopped.")
    view.clear()
