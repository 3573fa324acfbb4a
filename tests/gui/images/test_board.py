"""Maps over pictures beside one another: one scale, one zoom, one pixel."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from engine.results import AttributionResult
from gui import theme
from gui.images.board import ImageBoard
from gui.views.map_board import Companion
from tests.gui import made

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def board(qtbot: QtBot, qapp: QApplication) -> ImageBoard:
    theme.apply(qapp, theme.LIGHT)
    shown = ImageBoard()
    qtbot.addWidget(shown)
    shown.resize(900, 600)
    shown.show_result(result(1.0))
    shown.show()
    qtbot.waitExposed(shown)
    return shown


def result(scale: float, signed: bool = True, path: str = "/pictures/cat.png") -> AttributionResult:
    values = np.full((8, 8), 0.1 * scale, dtype=np.float32)
    values[2, 5] = scale
    return made.image_result(values, made.read_image(path), signed=signed)


def test_maps_of_one_unit_share_the_larger_scale(board: ImageBoard) -> None:
    own = board.limit
    board.show_companions([Companion(1, "Other", result(3.0))])
    assert [row.heatmap.limit for row in board.rows()] == pytest.approx([3 * own, 3 * own])
    assert len(board.sharing()) == 2
    board.show_companions([])
    assert board.limit == pytest.approx(own)


def test_magnitudes_have_a_scale_of_their_own_and_say_why(board: ImageBoard) -> None:
    board.show_companions([Companion(1, "Other", result(3.0, signed=False))])
    other = board.rows()[1]
    assert other.heatmap.limit == pytest.approx(3 * board.limit)
    assert len(board.sharing()) == 1
    assert "magnitudes" in other._note.text()


def test_a_scale_that_was_dragged_stays_while_the_map_sharpens(board: ImageBoard) -> None:
    board.set_limit(0.3)
    board.show_result(replace(result(1.0), progress=0.5))
    assert board.limit == 0.3
    asked = result(1.0)
    board.show_result(replace(asked, request=replace(asked.request, method="saliency")))
    assert board.limit != 0.3
    board.set_limit(0.3)
    board.set_limit(None)
    assert board.limit != 0.3


def test_a_pixel_pinned_in_one_is_pinned_in_all_of_its_picture(board: ImageBoard, qtbot: QtBot) -> None:
    board.show_companions([Companion(1, "Other", result(3.0)), Companion(2, "Elsewhere", result(1.0, path="/pictures/dog.png"))])
    QApplication.processEvents()
    other = board.rows()[1].heatmap
    with qtbot.waitSignal(board.pixel_selected) as told:
        QTest.mouseClick(other, LEFT, pos=other.point_of((4, 4)).toPoint())
    assert told.args == [(4, 4)]
    assert [row.heatmap.selected for row in board.rows()] == [(4, 4), (4, 4), None]


def test_the_read_out_is_of_what_is_under_the_pointer_else_of_the_pin(board: ImageBoard) -> None:
    told: list[tuple[str, float | None]] = []
    board.read_out_changed.connect(lambda words, value: told.append((words, value)))
    heatmap = board.main.heatmap
    QTest.mouseClick(heatmap, LEFT, pos=heatmap.point_of((2, 5)).toPoint())
    QTest.mouseMove(heatmap, heatmap.point_of((4, 4)).toPoint())
    assert "rank 2 of 64" in told[-1][0]
    assert told[-1][1] == pytest.approx(0.1)
    beside = QPoint(round(heatmap.place().left() + 4), round(heatmap.place().center().y()))
    QTest.mouseMove(heatmap, beside)
    assert "the model does not read it" in told[-1][0]
    heatmap.point_hovered.emit(-1.0, -1.0)
    assert "rank 1 of 64" in told[-1][0]


def test_a_kept_map_stays_beside_the_next_and_says_what_differs(board: ImageBoard, qtbot: QtBot) -> None:
    board.pin()
    asked = result(2.0)
    board.show_result(replace(asked, method=replace(asked.method, label="Other")))
    first, second = board.rows()
    assert first is board.pinned
    assert first.map is not None
    assert float(first.map.values[2, 5]) == 1.0
    assert second.map is not None
    assert float(second.map.values[2, 5]) == 2.0
    assert "differs" in first._facts.text()
    button = board.findChild(QToolButton, "pinnedImage_remove")
    assert button is not None
    with qtbot.waitSignal(board.unpinned):
        QTest.mouseClick(button, LEFT)
    assert len(board.rows()) == 1


def test_they_stand_beside_one_another_where_there_is_room(board: ImageBoard) -> None:
    board.show_companions([Companion(1, "Other", result(3.0))])
    QApplication.processEvents()
    first, second = board.rows()
    assert first.y() == second.y()
    assert first.x() < second.x()
    assert abs(first.heatmap.height() - second.heatmap.height()) <= 1
    board.resize(400, 600)
    QApplication.processEvents()
    assert first.x() == second.x()
    assert first.y() < second.y()


def test_one_that_is_awaited_shows_the_picture_and_says_so(board: ImageBoard) -> None:
    board.show_companions([Companion(1, "LRP", note="waiting for its turn")])
    row = board.rows()[1]
    assert row.map is None
    assert row.read is not None
    assert row._facts.text() == "waiting for its turn"


def test_companions_are_removed_and_moved_by_keys(board: ImageBoard, qtbot: QtBot) -> None:
    board.show_companions([Companion(7, "Other", result(3.0)), Companion(9, "Third", result(2.0))])
    row = board.rows()[2]
    row.heatmap.setFocus()
    with qtbot.waitSignal(board.move_requested) as moved:
        QTest.keyClick(row.heatmap, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert moved.args == [9, -1]
    with qtbot.waitSignal(board.remove_requested) as removed:
        QTest.keyClick(row.heatmap, Qt.Key.Key_Escape)
    assert removed.args == [9]


def test_another_picture_is_seen_as_a_whole(board: ImageBoard) -> None:
    board.main.heatmap.zoom_by(3.0)
    board.show_result(result(2.0))
    assert board.zoom.magnification == 3.0
    board.show_result(result(2.0, path="/pictures/dog.png"))
    assert board.zoom.magnification == 1.0


def test_channels_one_by_one(board: ImageBoard) -> None:
    values = np.zeros((8, 8, 3), dtype=np.float32)
    values[1, 1, 2] = 1.0
    board.show_result(made.image_result(values))
    board.set_channel(0)
    assert board.map is not None
    assert not board.map.values.any()
    board.set_channel(2)
    assert board.map.values[1, 1] == 1.0
    board.show_result(result(1.0))
    assert board.map.values[2, 5] == 1.0
