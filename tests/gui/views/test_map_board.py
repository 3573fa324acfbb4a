"""Maps among others: one scale where it makes sense, one selection, and what differs is said."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from engine.results import AttributionResult
from gui import theme
from gui.heatmaps.colour_bar import ColourBar
from gui.views.map_board import Companion, MapBoard
from gui.views.map_row import MapRow
from tests.gui import made

DOCUMENT = made.document("A gorgeous film.")  # [CLS] A gorgeo us film . [SEP]


@pytest.fixture
def board(qtbot: QtBot, qapp: QApplication) -> MapBoard:
    theme.apply(qapp, theme.LIGHT)
    made_board = MapBoard()
    qtbot.addWidget(made_board)
    made_board.resize(700, 500)
    made_board.show()
    made_board.show_result(result(1.0))
    return made_board


def result(largest: float, **changes: object) -> AttributionResult:
    return made.result(DOCUMENT, np.linspace(-largest, largest, 7), **changes)  # type: ignore[arg-type]


def words(row: MapRow) -> str:
    return " ".join(label.text() for label in row.findChildren(QLabel) if label.isVisibleTo(row))


def test_maps_of_one_unit_and_sign_share_a_scale(board: MapBoard) -> None:
    board.show_companions([Companion(1, "Other", result(4.0)), Companion(2, "Norm", result(9.0, signed=False))])
    main, other, norm = board.rows()
    assert (main.heatmap.limit, other.heatmap.limit, norm.heatmap.limit) == (4.0, 4.0, 9.0)
    assert board.sharing() == 2
    assert "scale of its own: magnitudes" in words(norm)
    assert norm.findChild(ColourBar).isVisibleTo(norm)
    assert not other.findChild(ColourBar).isVisibleTo(other)
    board.show_companions([])
    assert board.heatmap.limit == 1.0


def test_unlike_units_have_their_own_scales(board: MapBoard) -> None:
    probability = replace(result(0.1), target=replace(made.POSITIVE, score="probability"))
    board.show_companions([Companion(1, "In probability", probability)])
    assert board.rows()[1].heatmap.limit == pytest.approx(0.1)
    assert "in probability, not logit" in words(board.rows()[1])


def test_one_selection_in_all_that_show_the_text(qtbot: QtBot, board: MapBoard) -> None:
    board.show_companions([Companion(1, "Other", result(2.0))])
    board.pin()
    kept, main, other = board.rows()
    with qtbot.waitSignal(board.token_selected) as told:
        QTest.mouseClick(
            other.heatmap.viewport(), Qt.MouseButton.LeftButton, pos=other.heatmap.token_rects(3)[0].center().toPoint()
        )
    assert told.args == [3]
    assert [row.heatmap.selected_token for row in (kept, main, other)] == [3, 3, 3]
    board.set_grain("word")
    assert [row.heatmap.selected_token for row in (kept, main, other)] == [2, 2, 2]
    assert board.selected_token == 3


def test_the_grain_changes_every_map_and_its_limit(board: MapBoard) -> None:
    board.show_result(made.result(DOCUMENT, [0, 0, 1, 1, 0, 0, 0]))
    assert board.heatmap.limit == 1.0
    board.set_grain("word")
    assert board.heatmap.limit == 2.0
    board.set_grain("sentence")
    assert len(board.heatmap.cells) == 3


def test_a_pinned_map_stays_and_names_what_differs(qtbot: QtBot, board: MapBoard) -> None:
    board.pin()
    assert "the same text and settings" in words(board.pinned)
    other = made.document("Another film.")
    board.show_result(made.result(other, np.linspace(-3, 3, len(other.tokens))))
    assert "differs: text" in words(board.pinned)
    assert board.pinned.heatmap.limit == 3.0
    board.pinned.heatmap.setFocus()
    with qtbot.waitSignal(board.unpinned):
        QTest.keyClick(board.pinned.heatmap, Qt.Key.Key_Escape)
    assert board.kept is None
    assert board.pinned.isHidden()


def test_selecting_in_the_pinned_map_of_another_text_selects_only_there(board: MapBoard) -> None:
    board.pin()
    other = made.document("Another film.")
    board.show_result(made.result(other))
    board.select_token(1)
    place = board.pinned.heatmap.token_rects(2)[0].center().toPoint()
    QTest.mouseClick(board.pinned.heatmap.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert board.pinned.heatmap.selected_token == 2
    assert board.heatmap.selected_token == -1
    assert board.selected_token == -1


def test_wide_windows_put_them_side_by_side(qtbot: QtBot, board: MapBoard) -> None:
    board.pin()
    board.resize(1200, 400)
    qtbot.waitUntil(lambda: board.pinned.geometry().right() <= board.main.geometry().left())
    board.resize(700, 400)
    qtbot.waitUntil(lambda: board.pinned.geometry().bottom() <= board.main.geometry().top())


def test_companions_wait_fail_stop_and_go(qtbot: QtBot, board: MapBoard) -> None:
    board.show_companions([Companion(1, "Saliency", note="waiting for its turn"), Companion(2, "Other", result(1.0))])
    assert "waiting for its turn" in words(board.rows()[1])
    board.show_companions(
        [Companion(2, "Other", result(1.0)), Companion(1, "Saliency", note="The model's answer is not a number.")]
    )
    assert "not a number" in words(board.rows()[2])
    with qtbot.waitSignal(board.move_requested) as moved:
        QTest.keyClick(board.rows()[1], Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert moved.args == [2, 1]
    with qtbot.waitSignal(board.remove_requested) as removed:
        QTest.keyClick(board.rows()[2], Qt.Key.Key_Escape)
    assert removed.args == [1]


def test_maps_of_one_text_scroll_together(qtbot: QtBot, board: MapBoard) -> None:
    long = made.document("many words that go on and on " * 200)
    board.show_result(made.result(long))
    board.show_companions([Companion(1, "Other", made.result(long))])
    main, other = board.rows()
    qtbot.waitUntil(lambda: other.heatmap.verticalScrollBar().maximum() > 300)
    main.heatmap.verticalScrollBar().setValue(240)
    assert other.heatmap.verticalScrollBar().value() == 240
