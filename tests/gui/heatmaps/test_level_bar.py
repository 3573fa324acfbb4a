"""A scale whose end is moved by mouse and keys."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from gui.heatmaps.level_bar import LevelBar


@pytest.fixture
def bar(qtbot: QtBot) -> LevelBar:
    shown = LevelBar()
    qtbot.addWidget(shown)
    shown.resize(400, 34)
    shown.show_scale(2.0, signed=True, unit="logit")
    shown.set_largest(4.0)
    shown.limit_chosen.connect(lambda limit: shown.show_scale(limit or 2.0, signed=True, unit="logit"))
    shown.show()
    return shown


def drag(bar: LevelBar, start: int, end: int) -> None:
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(start, 10))
    QTest.mouseMove(bar, QPoint(end, 10))
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(end, 10))


def test_a_value_is_pulled_along_the_scale(bar: LevelBar) -> None:
    drag(bar, 250, 300)  # what was at 50 px of zero is at 100: its colour is what that of twice its value was
    assert bar.limit == pytest.approx(1.0)
    drag(bar, 100, 150)
    assert bar.limit == pytest.approx(2.0)


def test_it_ends_at_the_largest_value_at_the_latest(bar: LevelBar) -> None:
    drag(bar, 390, 202)
    assert bar.limit == 4.0


def test_keys_do_the_same(bar: LevelBar) -> None:
    QTest.keyClick(bar, Qt.Key.Key_Left)
    assert bar.limit == pytest.approx(1.6)
    QTest.keyClick(bar, Qt.Key.Key_Right)
    assert bar.limit == pytest.approx(2.0)
    QTest.keyClick(bar, Qt.Key.Key_End)
    assert bar.limit == 4.0
    QTest.keyClick(bar, Qt.Key.Key_Home)
    assert bar.limit == 2.0


def test_a_double_click_puts_it_back(bar: LevelBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.limit_chosen) as told:
        QTest.mouseDClick(bar, Qt.MouseButton.LeftButton, pos=QPoint(300, 10))
    assert told.args == [None]


def test_without_values_it_cannot_be_moved(bar: LevelBar, qtbot: QtBot) -> None:
    bar.set_largest(0.0)
    with qtbot.assertNotEmitted(bar.limit_chosen):
        drag(bar, 250, 300)
        QTest.keyClick(bar, Qt.Key.Key_Left)
    assert bar.focusPolicy() == Qt.FocusPolicy.NoFocus
