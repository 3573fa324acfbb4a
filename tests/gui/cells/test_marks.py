"""Marks outlive the window, and no file can do harm."""

import json
from pathlib import Path

import pytest
from PySide6.QtGui import QUndoStack

from engine.cells import Cell
from gui.cells.marks import FILE, LONGEST_NOTE, MarkChange, MarksStore

QUOTE = Cell(0, 7)


def test_marks_are_kept_per_model(tmp_path: Path, qapp: object) -> None:
    store = MarksStore(tmp_path)
    store.set("model a", QUOTE, "quote cell")
    store.set("model a", Cell(1, 2, 1), "")
    store.set("model b", QUOTE, "something else")
    again = MarksStore(tmp_path)
    assert dict(again.of("model a").notes) == {QUOTE: "quote cell", Cell(1, 2, 1): ""}
    assert dict(again.of("model b").notes) == {QUOTE: "something else"}
    again.set("model a", QUOTE, None)
    assert QUOTE not in MarksStore(tmp_path).of("model a")
    assert not MarksStore(tmp_path).of("no such model").notes


def test_two_windows_keep_each_others_marks(tmp_path: Path, qapp: object) -> None:
    one, other = MarksStore(tmp_path), MarksStore(tmp_path)
    one.set("model", Cell(0, 1), "of one")
    other.set("model", Cell(0, 2), "of the other")
    one.set("model", Cell(0, 3), "")
    assert set(MarksStore(tmp_path).of("model").notes) == {Cell(0, 1), Cell(0, 2), Cell(0, 3)}


def test_a_change_is_undone_and_redone(tmp_path: Path, qapp: object) -> None:
    store, stack = MarksStore(tmp_path), QUndoStack()
    stack.push(MarkChange(store, "model", QUOTE, ""))
    stack.push(MarkChange(store, "model", QUOTE, "quote cell"))
    stack.push(MarkChange(store, "model", QUOTE, None))
    assert stack.undoText() == "unmark 0:7"
    stack.undo()
    assert store.of("model").notes[QUOTE] == "quote cell"
    stack.undo()
    assert store.of("model").notes[QUOTE] == ""
    stack.undo()
    assert QUOTE not in MarksStore(tmp_path).of("model")
    stack.redo()
    assert QUOTE in MarksStore(tmp_path).of("model")


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"[]", b"{}", b"null", b'{"version": 1}', b'{"version": 1, "models": []}', b"[" * 100_000,
        b'{"version": true, "models": {}}', b'{"version": "1", "models": {}}',
    ],
)  # fmt: skip
def test_a_file_of_nonsense_is_kept_aside(tmp_path: Path, qapp: object, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    store = MarksStore(tmp_path)
    store.set("model", QUOTE, "new")
    assert (tmp_path / "cell_marks.damaged-1.json").read_bytes() == content
    assert dict(MarksStore(tmp_path).of("model").notes) == {QUOTE: "new"}


def test_what_is_usable_of_a_damaged_file_is_used(tmp_path: Path, qapp: object) -> None:
    marks = {"0:7": "quote cell", "0:-1": "x", "a": "x", "1:2": 3, "9" * 5000: "x", "0:1": "a\nb" + "c" * 10_000}
    (tmp_path / FILE).write_text(json.dumps({"version": 1, "models": {"model": marks, "other": 5, "x" * 999: {"0:1": ""}}}))
    notes = MarksStore(tmp_path).of("model").notes
    assert set(notes) == {QUOTE, Cell(0, 1)}
    assert notes[Cell(0, 1)].startswith("a b")
    assert len(notes[Cell(0, 1)]) == LONGEST_NOTE
    assert (tmp_path / "cell_marks.damaged-1.json").exists()


def test_a_newer_file_is_not_written_over(tmp_path: Path, qapp: object) -> None:
    content = json.dumps({"version": 2, "models": {}, "more": 1})
    (tmp_path / FILE).write_text(content)
    store = MarksStore(tmp_path)
    told: list[str] = []
    store.told.connect(told.append)
    store.set("model", QUOTE, "new")
    store.set("model", QUOTE, "newer")
    assert (tmp_path / FILE).read_text() == content
    assert len(told) == 1
    assert store.of("model").notes[QUOTE] == "newer", "it stays while the window is open"


def test_a_disk_that_refuses_is_said_once(tmp_path: Path, qapp: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gui.cells.marks.write_atomically", full)
    store = MarksStore(tmp_path)
    told: list[str] = []
    store.told.connect(told.append)
    store.set("model", QUOTE, "")
    store.set("model", QUOTE, "again")
    assert told == ["Marks on cells cannot be saved (No space left on device); they stay while the window is open."]
