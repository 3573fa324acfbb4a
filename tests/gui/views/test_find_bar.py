"""Find: exact offsets, the next and the previous hit."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from gui.views.find_bar import FindBar, hits_in


@pytest.fixture
def bar(qtbot: QtBot) -> FindBar:
    made = FindBar()
    qtbot.addWidget(made)
    made.show_texts(("A film, a Film.", "ein Film"))
    made.open_bar()
    return made


def test_hits_are_code_points_of_each_text() -> None:
    assert hits_in(("😀 film", "Film"), "film", False) == [(0, 2, 6), (1, 0, 4)]
    assert hits_in(("😀 film", "Film"), "film", True) == [(0, 2, 6)]
    assert hits_in(("a.b", ""), ".", False) == [(0, 1, 2)]
    assert hits_in(("abc",), "", False) == []


def test_enter_goes_on_and_around(qtbot: QtBot, bar: FindBar) -> None:
    field = bar.findChild(QLineEdit, "findField")
    told: list[tuple[int, int]] = []
    bar.found.connect(lambda hits, current: told.append((len(hits), current)))
    field.setText("film")
    for key, modifier in ((Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier),) * 3:
        QTest.keyClick(field, key, modifier)
    QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert told == [(3, 0), (3, 1), (3, 2), (3, 0), (3, 2)]
    assert "3 of 3" in [label.text() for label in bar.findChildren(QLabel)]
    bar.findChild(QToolButton, "findCase").setChecked(True)
    assert told[-1][0] == 1
    field.setText("FILM")
    assert "not found" in [label.text() for label in bar.findChildren(QLabel)]


def test_escape_closes_and_nothing_is_underlined(qtbot: QtBot, bar: FindBar) -> None:
    bar.findChild(QLineEdit, "findField").setText("film")
    with qtbot.waitSignals([bar.found, bar.closed]):
        QTest.keyClick(bar.findChild(QLineEdit, "findField"), Qt.Key.Key_Escape)
    assert bar.isHidden()
