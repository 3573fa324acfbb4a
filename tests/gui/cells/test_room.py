"""The tab Cells in a whole window, on the stub engine."""

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from engine.cells import Cell
from engine.requests import CellsRequest
from gui.cells.marks import FILE
from gui.cells.room import CellsRoom
from gui.cells.view import CellsView
from tests.gui.conftest import Stage

TEXT = "say('hello')  # done"
QUOTE = Cell(0, 7)


@pytest.fixture
def room(stage: Stage) -> tuple[Stage, CellsView]:
    return stage, entered(stage)


def entered(stage: Stage, path: str = "/models/lstm", text: str = TEXT) -> CellsView:
    stage.open(path)
    stage.window.show_workspace()
    stage.window.actions_registry["view_cells"].trigger()
    stage.type(text)
    view = view_of(stage)
    stage.until(lambda: view.result is not None and view.result.input.text == text)
    return view


def view_of(stage: Stage) -> CellsView:
    found = next(room for room in stage.window.rooms if isinstance(room, CellsRoom))
    assert isinstance(found.view, CellsView)
    return found.view


def test_it_follows_the_text(room: tuple[Stage, CellsView]) -> None:
    stage, view = room
    view.choose_cell(QUOTE)
    stage.type(f"{TEXT}!")
    stage.until(lambda: view.result is not None and view.result.input.text == f"{TEXT}!")
    assert view.cell == QUOTE
    stage.type("")
    stage.until(lambda: view.result is None)
    assert "Type a text" in words_of(view)


def words_of(view: CellsView) -> str:
    label = view.findChild(QLabel, "cellsEmpty")
    assert label is not None
    return label.text()


def test_a_model_without_cells_says_what_it_has(stage: Stage) -> None:
    stage.open()
    stage.window.actions_registry["view_cells"].trigger()
    stage.type("Fine words.")
    stage.until_explained("Fine words.")
    assert words_of(view_of(stage)) == "This model has no recurrent layers: it has 6 attention layers."
    assert not any(isinstance(request, CellsRequest) for request in stage.stub.asked)


def test_too_long_a_text_is_said_and_the_picture_stays(room: tuple[Stage, CellsView]) -> None:
    stage, view = room
    stage.type("! far too long")
    label = view.findChild(QLabel, "cellsMessage")
    assert label is not None
    stage.until(lambda: "need more memory than is free" in label.text())
    assert view.result is not None


def test_next_characters_are_asked_for_when_they_are_wanted(room: tuple[Stage, CellsView]) -> None:
    stage, view = room
    assert view.header.guesses.isVisible()
    view.header.guesses.click()
    stage.until(lambda: view.result is not None and view.result.alternatives is not None)
    assert [each for each in stage.stub.asked if isinstance(each, CellsRequest)][-1].alternatives == 5
    view.header.guesses.click()
    stage.until(lambda: view.result is not None and view.result.alternatives is None)


def test_a_mark_with_a_note_by_the_keyboard_is_kept_and_undone(room: tuple[Stage, CellsView]) -> None:
    stage, view = room
    stage.qtbot.keyClick(view.browser.grid, Qt.Key.Key_Home)
    for _ in range(QUOTE.index):
        stage.qtbot.keyClick(view.browser.grid, Qt.Key.Key_Right)
    assert view.cell == QUOTE
    stage.window.actions_registry["mark_cell"].trigger()
    stage.qtbot.keyClicks(view.header.note, "quote cell")
    stage.qtbot.keyClick(view.header.note, Qt.Key.Key_Return)
    kept = json.loads((stage.memory.state_folder / FILE).read_text())
    assert kept["models"] == {"sha of /models/lstm": {"0:7": "quote cell"}}
    stage.window.actions_registry["undo"].trigger()
    assert view.header.note.text() == ""
    stage.window.actions_registry["undo"].trigger()
    assert not view.header.mark.isChecked()
    assert json.loads((stage.memory.state_folder / FILE).read_text())["models"] == {}
    stage.window.actions_registry["redo"].trigger()
    stage.window.actions_registry["redo"].trigger()
    assert view.header.note.text() == "quote cell"


def test_marks_are_there_again_in_the_next_window(room: tuple[Stage, CellsView], make_stage: object) -> None:
    stage, view = room
    view.choose_cell(QUOTE)
    view.header.mark.click()
    stage.close()
    again = make_stage().start()  # type: ignore[operator]
    view = entered(again)
    view.choose_cell(QUOTE)
    assert view.header.mark.isChecked()
    view = entered(again, "/models/other-lstm", "other")
    view.choose_cell(QUOTE)
    assert not view.header.mark.isChecked(), "a mark is of one model"


def test_actions_flip_through_the_cells(room: tuple[Stage, CellsView]) -> None:
    stage, view = room
    view.choose_cell(Cell(0, 3))
    stage.window.actions_registry["next_cell"].trigger()
    assert view.cell == Cell(0, 4)
    stage.window.actions_registry["previous_cell"].trigger()
    stage.window.actions_registry["previous_cell"].trigger()
    assert view.cell == Cell(0, 2)
    stage.window.workspace.tabs.setCurrentIndex(0)
    assert not stage.window.actions_registry["next_cell"].isEnabled()


def test_what_is_on_screen_is_saved_and_copied(room: tuple[Stage, CellsView], tmp_path: Path) -> None:
    stage, view = room
    view.choose_cell(QUOTE)
    for suffix in (".csv", ".json", ".npz", ".png"):
        stage.dialogs.path = tmp_path / f"cell{suffix}"
        stage.window.actions_registry["save"].trigger()
        assert stage.dialogs.path.stat().st_size > 0
    assert stage.dialogs.suggested is not None
    assert stage.dialogs.suggested.name == "lstm-cell-0-7"
    assert (tmp_path / "cell.csv").read_text().splitlines()[0].startswith("index,text,piece,id,start,end,")
    with np.load(tmp_path / "cell.npz") as arrays:
        assert arrays["cell_state"].shape == (len(TEXT), 2, 12)
    stage.window.actions_registry["copy_command"].trigger()
    command = QGuiApplication.clipboard().text()
    assert " cells /models/lstm " in command
    assert command.endswith("--unit 0:7 --gate cell_state --device cpu")
    stage.dialogs.path = tmp_path / "cell.doc"
    stage.window.actions_registry["save"].trigger()
    said = " ".join(label.text() for label in stage.window.message_bar.findChildren(QLabel))
    assert "cannot be saved as “.doc”" in said
