"""The detective asks on Start alone; what it found can be sorted, marked, seen on the text and taken along."""

import json
import shlex
from pathlib import Path

import pytest

from engine.cells import Cell
from engine.requests import DetectRequest, Scanned
from gui.cells.room import CellsRoom
from gui.detective.live_marks import KEY
from gui.detective.question import COLUMN
from gui.detective.room import DetectiveRoom
from tests.gui.conftest import Stage


@pytest.fixture
def room(stage: Stage) -> DetectiveRoom:
    stage.open("/models/lstm")
    stage.window.actions_registry["view_detective"].trigger()
    return next(room for room in stage.window.rooms if isinstance(room, DetectiveRoom))


def asked(stage: Stage) -> list[DetectRequest]:
    return [request for request in stage.stub.asked if isinstance(request, DetectRequest)]


def find(stage: Stage, room: DetectiveRoom, pattern: str = "h|e") -> None:
    room._view.question.pattern.setPlainText(pattern)
    room._view.question.start.click()
    stage.until(lambda: room._view.result is not None and not room.running)


def test_start_asks_what_is_on_screen(stage: Stage, room: DetectiveRoom) -> None:
    room._view.question.start.click()
    assert not asked(stage)
    assert room._view.question.matches.text() == "Type a pattern first."
    find(stage, room)
    (request,) = asked(stage)
    assert (request.patterns, request.predicate, request.scanned.corpus) == (("h|e",), None, ("stdlib",))
    words = room._view.in_words()[1]
    assert "Cell 0:7 (cell state) switches on for “h|e”: AUC 0.980 on held-out text" in words
    assert "3 patterns were tried" in words


def test_each_part_by_itself(stage: Stage, room: DetectiveRoom) -> None:
    find(stage, room)
    assert [room._view.parts.itemText(at) for at in range(room._view.parts.count())] == ["everything", "h", "e"]
    room._view.choose(1, Cell(0, 3), "hidden_state")
    assert room._view.unit.cell == Cell(0, 3)
    assert dict(room.state()) == {"part": 1, "cell": "0:3", "quantity": "hidden_state", "evidence": "scores"}


def test_a_unit_goes_to_the_cells_room_and_gets_a_star(stage: Stage, room: DetectiveRoom) -> None:
    stage.type("say('hello', 1)")
    find(stage, room)
    room._view.mark_toggled.emit(Cell(0, 7), True)
    assert room._marks.of("sha of /models/lstm").notes == {Cell(0, 7): "h|e"}
    room._view.unit_opened.emit(room._view.unit)
    cells = next(each for each in stage.window.rooms if isinstance(each, CellsRoom))
    stage.until(lambda: cells.in_sight and cells._view.result is not None and cells._view.cell == Cell(0, 7))
    assert cells._view.quantity == "cell_state"


def test_matches_are_marked_while_typed_and_a_bad_pattern_is_said(stage: Stage, room: DetectiveRoom) -> None:
    editor = stage.window.workspace.input_panel.editor
    stage.type("\U0001f600 hello, oh")
    room._view.question.pattern.setPlainText("h")
    stage.until(lambda: room._view.question.matches.text().startswith("2 places"))
    assert [mark.cursor.selectedText() for mark in editor.extraSelections()] == ["h", "h"]  # type: ignore[attr-defined]
    room._view.question.pattern.setPlainText("(")
    stage.until(lambda: "not a regular expression" in room._view.question.matches.text())
    assert room._view.question.pattern.toPlainText() == "("
    assert not editor.extraSelections()


def test_what_is_awaited_about_another_pattern_or_text_is_not_heard(stage: Stage, room: DetectiveRoom) -> None:
    stage.type("hello, oh")
    for change in (lambda: room._view.question.pattern.setPlainText("e"), lambda: stage.type("oh")):
        room._view.question.pattern.setPlainText("(")
        room._live._ask()
        assert stage.window.jobs.runs(KEY)
        change()
        assert not stage.window.jobs.runs(KEY)


def test_stopped_keeps_the_ranking(stage: Stage, room: DetectiveRoom) -> None:
    stage.stub.step_seconds, stage.stub.steps = 0.02, 1000
    question = room._view.question
    question.pattern.setPlainText("h")
    question.start.setFocus()
    question.start.click()
    assert question.stop.hasFocus(), "the keyboard stays where it was"
    stage.until(lambda: room._view.result is not None)
    question.stop.click()
    stage.until(lambda: not room.running)
    assert question.start.hasFocus()
    assert room._view.result is not None
    assert "Not yet held against chance" in room._view.in_words()[1]


def test_a_corpus_that_is_no_text_and_a_model_without_cells(stage: Stage, room: DetectiveRoom) -> None:
    stage.dialogs.file = "/tmp/binary.bin"
    room._view.question.corpus_wanted.emit(False)
    room._view.question.pattern.setPlainText("h")
    room._view.question.start.click()
    stage.until(lambda: "not text" in room._view._message.text())
    assert room.kept() is None
    stage.open("/models/film-mood")
    stage.until(lambda: "no recurrent layers" in room._view._message.text())
    assert not room._view.question.start.isEnabled()


def test_taken_along_and_asked_again(stage: Stage, room: DetectiveRoom, tmp_path: Path) -> None:
    find(stage, room)
    kept = room.kept()
    assert kept is not None
    for suffix in (".json", ".csv", ".png"):
        kept.save(tmp_path / f"found{suffix}")
    assert json.loads((tmp_path / "found.json").read_text())["units"][0]["index"] == 7
    assert len((tmp_path / "found.csv").read_text().splitlines()) == 1 + 3 * 3
    words = shlex.split(kept.command(tmp_path))
    assert words[words.index("detect") :][1:6] == ["/models/lstm", "--corpus", "stdlib", "--pattern", "h|e"]
    seen = room.seen()
    assert seen is not None
    room._view.question.pattern.setPlainText("x")
    room.show_seen(seen)
    stage.until(lambda: room._view.result is not None and not room.running)
    assert asked(stage)[-1] == asked(stage)[0]
    assert asked(stage)[0].scanned == Scanned(("stdlib",), (), 150_000)


def test_a_column_of_a_table_is_asked_about(stage: Stage, room: DetectiveRoom, tmp_path: Path) -> None:
    question = room._view.question
    assert not question.text_column.isVisible()
    assert offered(stage, room, tmp_path, "review,label,stars\nsay hello,yes,3\n") == ["label", "stars"]
    assert question.text_column.isVisible()
    assert question.text_column.currentText() == "the file as it stands"
    box = question.hypothesis
    box.setCurrentIndex(box.count() - 2)
    assert not question.pattern.isVisible()
    assert question.matches.text() == "Each row is a text of its own: first rows rank, last rows test."
    assert question.text_column.currentText() == "column “review”", "by its name"
    question.start.click()
    stage.until(lambda: room._view.result is not None and not room.running)
    (request,) = asked(stage)
    assert (request.column, request.patterns, request.scanned.text_column) == ("label", (), "review")
    assert [room._view.parts.itemText(at) for at in range(3)] == ["label = yes", "label = no", "label = perhaps"]
    verdict, words = room._view.in_words()[1], shlex.split(room.kept().command(tmp_path))  # type: ignore[union-attr]
    assert "for label = yes: AUC 0.980 on held-out rows" in verdict
    assert words[words.index("--column") + 1] == "label"
    assert words[words.index("--text-column") + 1] == "review"


def offered(stage: Stage, room: DetectiveRoom, folder: Path, content: str) -> list[str]:
    """Open a table; the columns that can be asked about."""
    table = folder / f"rows-{len(list(folder.iterdir()))}.csv"
    table.write_text(content)
    stage.dialogs.file = str(table)
    room._view.question.corpus_wanted.emit(False)
    return columns(room)


def columns(room: DetectiveRoom) -> list[str]:
    box = room._view.question.hypothesis
    kept = [str(box.itemData(at)) for at in range(box.count())]
    return [data.removeprefix(COLUMN) for data in kept if data.startswith(COLUMN)]


def test_the_column_of_the_texts_is_chosen_and_asked_again(stage: Stage, room: DetectiveRoom, tmp_path: Path) -> None:
    question = room._view.question
    box, texts = question.hypothesis, question.text_column
    assert offered(stage, room, tmp_path, "title,body,label\na,say hello,yes\n") == ["title", "body", "label"]
    box.setCurrentIndex(box.findData(f"{COLUMN}label"))
    assert texts.currentText() == "the column of the longest cells"
    texts.setCurrentIndex(texts.findData("title"))
    assert columns(room) == ["body", "label"], "not that of the texts"
    assert box.currentData() == f"{COLUMN}label"
    question.start.click()
    stage.until(lambda: room._view.result is not None and not room.running)
    seen = room.seen()
    assert seen is not None
    question.set_corpus("stdlib")
    assert not texts.isVisible()
    assert (columns(room), box.currentText()) == ([], "a pattern of your own")
    room.show_seen(seen)
    stage.until(lambda: room._view.result is not None and not room.running)
    assert (texts.currentData(), box.currentData()) == ("title", f"{COLUMN}label")
    first, again = asked(stage)
    assert again == first
    assert again.scanned.text_column == "title"


def test_a_pattern_is_asked_about_in_rows_or_in_the_file_as_it_stands(stage: Stage, room: DetectiveRoom, tmp_path: Path) -> None:
    offered(stage, room, tmp_path, "text,label\nsay hello,yes\n")
    find(stage, room)
    question = room._view.question
    question.text_column.setCurrentIndex(question.text_column.findData("text"))
    find(stage, room)
    assert [request.scanned.text_column for request in asked(stage)] == [None, "text"]
    room.ask_painted((("/corpus/a.py", 0, 3),), Scanned((question.corpus.source,), (), 150_000))
    assert question.request("").scanned.text_column is None, "painted on files"
