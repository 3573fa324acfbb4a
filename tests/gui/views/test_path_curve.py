import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.results import PathCurve
from gui import theme
from gui.views.path_curve import PathCurveView
from tests.gui import made


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> PathCurveView:
    theme.apply(qapp, theme.LIGHT)
    widget = PathCurveView()
    qtbot.addWidget(widget)
    widget.resize(700, 230)
    widget.show()
    return widget


def test_the_curve_is_drawn_where_it_was_evaluated(view: PathCurveView) -> None:
    view.show_result(made.result(path=made.curve()))
    alpha, score = view._plot._score.getData()
    np.testing.assert_allclose(score, alpha**3)
    assert len(view._plot._dots.points()) == 22
    assert view.accessibleDescription() == "22 points · steepest at α = 1.00"


def test_missing_slopes_and_infinite_scores_are_left_out(view: PathCurveView) -> None:
    path = PathCurve(np.array([0, 0.5, 1.0]), np.array([0.0, np.inf, 1.0]), np.array([np.nan, np.nan, np.nan]))
    view.show_result(made.result(path=path))
    assert view._plot._score.getData()[0].tolist() == [0.0, 1.0]
    assert not view.grab().isNull()


@pytest.mark.parametrize("size", [0.0, 1e-9, 1e9])
def test_any_size_of_score(view: PathCurveView, size: float) -> None:
    path = made.curve()
    view.show_result(made.result(path=PathCurve(path.alpha, path.score * size, path.slope * size)))
    assert not view.grab().isNull()


def test_one_point(view: PathCurveView) -> None:
    view.show_result(made.result(path=PathCurve(np.array([0.5]), np.array([1.0]), np.array([2.0]))))
    assert not view.grab().isNull()


def test_a_method_without_a_path_says_so(view: PathCurveView) -> None:
    view.show_result(made.result(complete=False))
    assert view.accessibleDescription() == "Saliency follows no path from a baseline to the input, so there is no curve to draw."


def test_pointing_reads_out_the_nearest_point(qtbot: QtBot, view: PathCurveView) -> None:
    view.show_result(made.result(path=made.curve()))
    QApplication.processEvents()
    box = view._plot._scores.sceneBoundingRect()
    with qtbot.waitSignal(view.read_out_changed) as told:
        view._plot._on_mouse_moved(QPointF(box.right() - 2, box.center().y()))
    assert told.args == ["α = 1.00 · score 1.00 logit · slope +3.00"]


def test_the_wheel_scrolls_the_page_instead(view: PathCurveView) -> None:
    view.show_result(made.result(path=made.curve()))
    before = view._plot._scores.viewRange()
    event = QWheelEvent(
        QPointF(100, 100), QPointF(100, 100), QPoint(0, 120), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    view._plot.wheelEvent(event)
    assert not event.isAccepted()
    assert view._plot._scores.viewRange() == before


def test_the_height_does_not_depend_on_what_is_shown(view: PathCurveView) -> None:
    height = view.height()
    view.show_result(made.result(path=made.curve()))
    view.show_result(made.result(progress=0.5))
    assert view.accessibleDescription().startswith("22 points")
    view.show_stopped()
    view.clear()
    assert view.height() == height


def test_a_new_theme_reaches_the_plot(qapp: QApplication, view: PathCurveView) -> None:
    view.show_result(made.result(path=made.curve()))
    theme.apply(qapp, theme.DARK)
    assert view._plot.backgroundBrush().color() == theme.DARK.panel
    theme.apply(qapp, theme.LIGHT)
