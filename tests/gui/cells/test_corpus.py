"""A corpus in the Cells room, on the stub engine: read, coloured, searched for a phrase, painted, and asked about."""

import csv
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from engine.cells import Cell
from engine.errors import UserError
from engine.requests import CorpusTextRequest, DetectRequest, PhraseRequest, Scanned, UnitRequest
from gui.cells import corpus_desk
from gui.cells.column_heatmap import ColumnHeatmap
from gui.cells.corpus_view import CorpusView
from gui.cells.room import CellsRoom
from gui.controls.corpus_box import DESK
from gui.detective.room import DetectiveRoom
from tests.gui import made_corpus
from tests.gui.conftest import Stage

WHOLE = made_corpus.DOCUMENT.text
A, B = made_corpus.FILES


def room_of(stage: Stage) -> CellsRoom:
    return next(room for room in stage.window.rooms if isinstance(room, CellsRoom))


def asked(stage: Stage, kind: type) -> list[object]:
    return [request for request in stage.stub.asked if isinstance(request, kind)]


@pytest.fixture
def corpus(stage: Stage) -> tuple[Stage, CorpusView]:
    """Read, from the button on."""
    stage.open("/models/lstm")
    stage.window.show_workspace()
    stage.window.actions_registry["view_cells"].trigger()
    room = room_of(stage)
    room._view.open_corpus.click()
    view = room._view.corpus
    view.row.read.click()
    stage.until(lambda: view.unit is not None)
    return stage, view


def drag(stage: Stage, text: ColumnHeatmap, first: int, last: int) -> None:
    """From one code point to another."""
    text.verticalScrollBar().setValue(0)
    if not text.viewport().rect().contains(_middle(text, last)):
        text.select_span(last, last + 1)
        text.clear_selection()
    stage.qtbot.mousePress(text.viewport(), Qt.MouseButton.LeftButton, pos=_middle(text, first))
    stage.qtbot.mouseMove(text.viewport(), pos=_middle(text, last))
    stage.qtbot.mouseRelease(text.viewport(), Qt.MouseButton.LeftButton, pos=_middle(text, last))


def _middle(text: ColumnHeatmap, at: int) -> QPoint:
    return text.token_rects(text.token_of(at))[0].center().toPoint()


def test_what_is_read_is_coloured_and_its_extremes_lead_to_the_text(corpus: tuple[Stage, CorpusView]) -> None:
    stage, view = corpus
    (request,) = asked(stage, CorpusTextRequest)
    assert isinstance(request, CorpusTextRequest)
    assert (request.scanned.corpus, request.scanned.limit, request.quantity) == (("stdlib",), 150_000, "tanh_cell_state")
    assert [each.quantity for each in asked(stage, UnitRequest)] == ["cell_state"]  # type: ignore[attr-defined]
    assert view.over.extremes.count() == 3
    assert view.over.extremes.item(0).text().startswith("▲ 2.50: ")
    view.over.extremes.itemClicked.emit(view.over.extremes.item(1))
    assert view.columns.selection == (B.start + 7, B.start + 8)
    view.over.extremes.viewport().grab()
    view.over.histogram.grab()


def test_another_cell_is_asked_about_on_the_same_text(corpus: tuple[Stage, CorpusView]) -> None:
    stage, view = corpus
    view.columns.select_span(A.start, A.start + 5)
    stage.window.actions_registry["next_cell"].trigger()
    stage.until(lambda: view.cell == Cell(0, 1) and view.unit is not None and view.unit.request.cell == Cell(0, 1))
    assert view.columns.selection == (A.start, A.start + 5), "nothing moved"
    view.quantity_chosen.emit("forget_gate")
    stage.until(lambda: view.quantity == "forget_gate")


def test_a_phrase_of_the_corpus_is_read_with_what_stands_before_it(corpus: tuple[Stage, CorpusView]) -> None:
    stage, view = corpus
    at = WHOLE.index("'there'")
    drag(stage, view.columns, at, at + 6)
    assert view.columns.selection == (at, at + 7)
    view.find_phrase.click()
    stage.until(lambda: view.phrase is not None)
    (request,) = asked(stage, PhraseRequest)
    assert isinstance(request, PhraseRequest)
    assert request.text[request.start : request.end] == "'there'"
    assert request.text.startswith("say('hello', 1)"), "from where its file begins"
    assert (request.quantity, request.threshold) == ("cell_state", 0.3)
    assert view.alike.cells.text().startswith("3 cells are on over “'there'” and off around it: ")
    assert view.alike.alike.count() == 12
    view.alike.alike.itemClicked.emit(view.alike.alike.item(2))
    chosen = view.columns.selection
    assert chosen is not None
    assert WHOLE[slice(*chosen)] == "'x'"
    stage.until(lambda: view.cell == Cell(0, 7))
    view.alike.bar.threshold.setValue(0.95)
    stage.until(lambda: view.alike.alike.count() == 0 and "lower the threshold" in view.alike.words.text())
    assert view.alike.bar.isVisible()


def test_it_is_said_how_far_before_a_phrase_reading_begins(
    corpus: tuple[Stage, CorpusView], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, view = corpus
    monkeypatch.setattr(corpus_desk, "LEAD", 10)
    at = WHOLE.index("'there'")
    view.go_to(at, at + 7)
    view.find_phrase.click()
    stage.until(lambda: view.phrase is not None)
    (request,) = asked(stage, PhraseRequest)
    assert isinstance(request, PhraseRequest)
    assert request.text[: request.start] == WHOLE[at - 10 : at]
    said = "“'there'” (read from 10 characters before it on, not from where its file begins) and off"
    assert said in view.alike.cells.text()


def test_a_phrase_across_a_heading_is_of_the_file_below(corpus: tuple[Stage, CorpusView]) -> None:
    stage, view = corpus
    view.go_to(B.start - 3, B.start + 5)
    view.find_phrase.click()
    stage.until(lambda: view.phrase is not None)
    (request,) = asked(stage, PhraseRequest)
    assert isinstance(request, PhraseRequest)
    assert (request.text[: request.end], request.start) == ("print", 0)


def test_a_corpus_that_has_changed_since_is_read_anew_before_places_are_shown(
    corpus: tuple[Stage, CorpusView], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, view = corpus
    at = WHOLE.index("'there'")
    view.go_to(at, at + 7)
    after = replace(made_corpus.DOCUMENT, text=f"{WHOLE[:-1]}!")
    monkeypatch.setattr(made_corpus, "INFO", replace(made_corpus.INFO, sha256="another"))
    monkeypatch.setattr(made_corpus, "DOCUMENT", after)
    view.find_phrase.click()
    stage.until(lambda: view.phrase is not None and view.cell == Cell(0, 7))
    assert view.result is not None
    assert view.result.input is after
    assert view.alike.alike.count() == 12


def test_a_cell_that_cannot_be_shown_is_not_said_to_be(corpus: tuple[Stage, CorpusView], monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise UserError("There is no file or folder; name text files.", "no_such_path")

    stage, view = corpus
    with monkeypatch.context() as patched:
        patched.setattr(made_corpus, "corpus_text", gone)
        view.cell_chosen.emit(Cell(0, 5))
        stage.until(lambda: "no file or folder" in view._summary.text())
    assert (view.cell, view.header.cell.text(), room_of(stage).corpus.cell) == (Cell(0, 0), "0:0", Cell(0, 0))
    view.cell_chosen.emit(Cell(0, 5))
    stage.until(lambda: view.cell == Cell(0, 5))


def test_a_phrase_on_the_desk_reads_the_corpus_first(stage: Stage) -> None:
    stage.open("/models/lstm")
    stage.window.actions_registry["view_cells"].trigger()
    stage.type("say('hello')")
    view = room_of(stage)._view
    stage.until(lambda: view.result is not None)
    assert view.find_phrase.isHidden()
    stage.qtbot.keyClick(view.columns, Qt.Key.Key_Home)
    for _ in range(4):
        stage.qtbot.keyClick(view.columns, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert view.columns.selection == (0, 4)
    stage.qtbot.keyClick(view.columns, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "say("
    view.find_phrase.click()
    stage.until(lambda: view.corpus.phrase is not None)
    assert view.in_corpus
    (request,) = asked(stage, PhraseRequest)
    assert isinstance(request, PhraseRequest)
    assert (request.text, request.start, request.end) == ("say('hello')", 0, 4)


def test_a_corpus_is_saved_and_copied(corpus: tuple[Stage, CorpusView], tmp_path: Path) -> None:
    stage, view = corpus
    kept = room_of(stage).kept()
    assert kept is not None
    assert kept.name == "lstm-corpus-cell-0-0"
    for suffix in (".csv", ".json", ".npz", ".png"):
        stage.dialogs.path = tmp_path / f"cell{suffix}"
        stage.window.actions_registry["save"].trigger()
        assert stage.dialogs.path.stat().st_size > 1000, suffix
    with (tmp_path / "cell.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 1 + len(made_corpus.DOCUMENT.tokens)
    view.quantity_chosen.emit("forget_gate")
    stage.until(lambda: view.quantity == "forget_gate")
    stage.window.actions_registry["copy_command"].trigger()
    words = shlex.split(QGuiApplication.clipboard().text())
    asked_for = ["/models/lstm", "--corpus", "stdlib", "--limit", "150000", "--unit", "0:0", "--gate", "forget_gate"]
    assert words[words.index("cells") + 1 :][: len(asked_for)] == asked_for
    assert words[words.index("--out") + 1] == "lstm-corpus-cell-0-0.npz"
    stage.open("/models/other-lstm")
    assert room_of(stage).kept() is None
    assert not stage.window.actions_registry["copy_command"].isEnabled()


def test_a_corpus_is_pinned_and_asked_again(corpus: tuple[Stage, CorpusView]) -> None:
    stage, view = corpus
    room, actions = room_of(stage), stage.window.actions_registry
    view.cell_chosen.emit(Cell(0, 3))
    stage.until(lambda: view.unit is not None and view.unit.request.cell == Cell(0, 3))
    room._marks.set("sha of /models/lstm", Cell(0, 3), "quotes")
    at = WHOLE.index("'there'")
    view.go_to(at, at + 7)
    view.find_phrase.click()
    stage.until(lambda: view.phrase is not None)
    view.columns.select_token(20)
    assert room.caption() == (
        "Cell 0:3, squashed state: quotes, over Python's standard library",
        f"lstm · LSTM lstm, layer 0 · {made_corpus.INFO.positions:,} positions of 2 files",
    )
    actions["pin_finding"].trigger()
    (finding,) = stage.window.findings.store.findings
    stage.window.actions_registry["view_cells"].trigger()
    view.cell_chosen.emit(Cell(1, 5))
    stage.until(lambda: view.cell == Cell(1, 5))
    stage.open("/models/other-lstm")
    assert view.result is None
    first = [request for request in asked(stage, CorpusTextRequest) if request.cell == Cell(0, 3)][-1]  # type: ignore[attr-defined]
    stage.window.findings.open(finding.id)
    stage.until(lambda: view.phrase is not None)
    assert room.in_sight
    assert asked(stage, CorpusTextRequest)[-1] == first
    one, again = asked(stage, PhraseRequest)
    assert again == one
    assert (view.cell, view.pages.current, view.columns.selected_token) == (Cell(0, 3), "phrase", 20)
    view.text_wanted.emit()
    assert room.caption() is None, "of the text on the desk there is nothing"


def test_strokes_are_painted_wiped_undone_and_asked_about(corpus: tuple[Stage, CorpusView]) -> None:
    stage, view = corpus
    painting = room_of(stage).corpus.painting
    view.paint_bar.paint.click()
    assert view.paint_bar.parts.text() == "Drag over what the cell should know."
    drag(stage, view.columns, A.start + 4, A.start + 10)
    assert painting.spans(A.path) == ((4, 11),)
    assert not view.paint_bar.ask.isEnabled(), "nothing would test it"
    drag(stage, view.columns, A.start + 6, A.start + 7)
    assert painting.spans(A.path) == ((4, 6), (8, 11)), "from paint on it wipes"
    stage.window.actions_registry["undo"].trigger()
    assert painting.spans(A.path) == ((4, 11),)
    drag(stage, view.columns, B.end - 6, B.end - 3)
    assert view.paint_bar.parts.text() == "2 painted places in 2 files: 1 to rank by (first halves), 1 to test on (last halves)"
    view.paint_bar.ask.click()
    detective = next(room for room in stage.window.rooms if isinstance(room, DetectiveRoom))
    assert detective.in_sight
    question = detective._view.question
    assert question.hypothesis.currentText() == "2 places painted by hand"
    assert not question.pattern.isVisible()
    question.start.click()
    stage.until(lambda: bool(asked(stage, DetectRequest)))
    (request,) = asked(stage, DetectRequest)
    assert isinstance(request, DetectRequest)
    length = len(made_corpus.TEXTS["b.py"])
    assert request.painted == ((A.path, 4, 11), (B.path, length - 6, length - 2))
    assert (request.patterns, request.predicate, request.scanned.limit) == ((), None, 150_000)
    stage.until(lambda: not detective.running)
    stage.window.actions_registry["view_cells"].trigger()
    view.paint_bar.wipe.click()
    assert painting.spans(A.path) == painting.spans(B.path) == ()
    stage.window.actions_registry["undo"].trigger()
    assert painting.spans(A.path) == ((4, 11),)


def test_the_text_on_the_desk_is_read_as_a_file(stage: Stage) -> None:
    stage.open("/models/lstm")
    stage.window.actions_registry["view_cells"].trigger()
    view = room_of(stage)._view
    view.corpus_wanted.emit(True)
    view.corpus.row.corpus.set_source(DESK)
    view.corpus.row.read.click()
    assert "There is no text on the desk" in view.corpus._message.text()
    stage.type("say('hi')")
    view.corpus.row.read.click()
    stage.until(lambda: view.corpus.result is not None)
    (request,) = asked(stage, CorpusTextRequest)
    assert isinstance(request, CorpusTextRequest)
    assert Path(request.scanned.corpus[0]).read_text() == "say('hi')"
    assert stage.memory.state_folder in Path(request.scanned.corpus[0]).parents


def test_what_cannot_be_read_is_said_and_a_stopped_reading_goes_on(stage: Stage) -> None:
    stage.open("/models/lstm")
    stage.window.actions_registry["view_cells"].trigger()
    view = room_of(stage)._view
    view.corpus_wanted.emit(True)
    stage.dialogs.file = "/tmp/binary.bin"
    view.corpus.row.corpus.file_wanted.emit(False)
    stage.until(lambda: "not text" in view.corpus._message.text())
    stage.stub.step_seconds, stage.stub.steps = 0.02, 1000
    view.corpus.row.corpus.set_source("stdlib")
    view.corpus.row.read.setFocus()
    view.corpus.row.read.click()
    assert view.corpus.row.stop.hasFocus(), "the keyboard stays where it was"
    stage.until(lambda: "Scanning" in view.corpus._message.text())
    view.corpus.row.stop.click()
    stage.until(lambda: "Read goes on from there" in view.corpus._message.text())
    assert view.corpus.row.read.isVisible()
    stage.open("/models/film-mood")
    assert not view.in_corpus, "a model without cells has no corpus to colour"


def test_find_is_for_the_text_in_sight(corpus: tuple[Stage, CorpusView]) -> None:
    stage, view = corpus
    actions = stage.window.actions_registry
    actions["find"].trigger()
    assert view.find_bar.isVisible()
    stage.qtbot.keyClicks(view.find_bar._field, "there")
    assert view.find_bar._count.text() == "1 of 4"
    actions["find_next"].trigger()
    assert view.find_bar._count.text() == "2 of 4"
    assert view.columns._look.overlay.hits[1] == (found := WHOLE.index("there", WHOLE.index("there") + 1), found + 5)
    stage.window.workspace.tabs.setCurrentIndex(0)
    assert not actions["find"].isEnabled(), "no map, nothing to find in"


def test_page_order_and_quantity_are_remembered(stage: Stage, make_stage: object) -> None:
    def entered(stage: Stage) -> CellsRoom:
        stage.open("/models/lstm")
        stage.window.actions_registry["view_cells"].trigger()
        stage.type("say('hello')")
        room = room_of(stage)
        stage.until(lambda: room._view.result is not None)
        return room

    view = entered(stage)._view
    assert view.quantity == "tanh_cell_state"
    view.header.quantity_chosen.emit("forget_gate")
    view.browser._score.setCurrentIndex(view.browser._score.findData("variance"))
    view.browser._score.activated.emit(view.browser._score.currentIndex())
    stage.qtbot.mouseClick(view.browser.findChild(QToolButton, "cells_position"), Qt.MouseButton.LeftButton)
    stage.close()
    view = entered(make_stage().start())._view  # type: ignore[operator]
    assert (view.quantity, view.browser.page, view.browser.sorting.score) == ("forget_gate", "position", "variance")


def test_a_drag_selects_and_escape_lets_go(qtbot: QtBot) -> None:
    text = ColumnHeatmap()
    qtbot.addWidget(text)
    text.resize(600, 200)
    text.show()
    text.show_map(made_corpus.DOCUMENT, made_corpus.corpus_text(_request(), None).values, True, 1.0)  # type: ignore[arg-type]
    start, end = (_middle(text, A.start + at) for at in (2, 6))
    qtbot.mousePress(text.viewport(), Qt.MouseButton.LeftButton, pos=end)
    qtbot.mouseMove(text.viewport(), pos=start)
    qtbot.mouseRelease(text.viewport(), Qt.MouseButton.LeftButton, pos=start)
    assert text.selection == (A.start + 2, A.start + 7), "backwards too"
    assert text.selected_token == -1, "a drag pins nothing"
    qtbot.keyClick(text, Qt.Key.Key_Escape)
    assert text.selection is None
    qtbot.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, end)
    assert text.selection == (A.start + 2, A.start + 7)
    assert text.selected_token == 2


def _request() -> CorpusTextRequest:
    return CorpusTextRequest("sha", Scanned(("stdlib",)), "cell_state", Cell(0, 0))
