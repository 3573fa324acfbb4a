"""A word is taken away by a key, and what that changes is there: the tree, the answer, the words; kept, undone, walked."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from engine.datasets.work import Edit
from engine.requests import EditRequest, PredictionRequest, TextInput, WordOptionsRequest
from gui.data.change_bars import bars_of
from gui.data.edit_tree import DRAFT, ROOT, laid_out
from gui.data.room import DataRoom
from tests.gui.conftest import Stage
from tests.gui.stub_engine import prediction

ROWS = [("A long and loving look at people.", "negative"), ("So dull.", "negative"), ("Fine film, and fine people.", "positive")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "films.csv"
    path.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in ROWS))
    return path


@pytest.fixture
def room(stage: Stage, file: Path) -> DataRoom:
    return read(stage.open(), file)


def read(stage: Stage, path: Path) -> DataRoom:
    room = stage.window.data_room
    assert room is not None
    stage.window.open_data(str(path))
    stage.until(lambda: room.desk.data is not None and not room.desk.is_reading)
    if stage.window.conductor.model is not None:
        stage.until(lambda: room.desk.whole)
    room.desk.go_to(0)
    stage.until_explained(ROWS[0][0])
    return room


def text(stage: Stage) -> str:
    return stage.window.workspace.input_panel.editor.text()


def choose(room: DataRoom, word: str) -> None:
    """By a click on it."""
    heatmap = room._view.example.heatmap
    token = next(at for at, each in enumerate(heatmap._document.tokens) if each.text == word and at not in removed(room))
    if heatmap.selected_token == token:
        return
    place = heatmap.token_rects(token)[0].center().toPoint()
    QTest.mouseClick(heatmap.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)


def removed(room: DataRoom) -> list[int]:
    edit = room._view.example.edit
    return [] if edit is None else edit.places("removed")


def key(room: DataRoom, keys: Qt.Key) -> None:
    QTest.keyClick(room._view.example.heatmap, keys)


def tree(room: DataRoom) -> list[tuple[int, str]]:
    return [(node.depth, node.words) for node in room._view.example.edits.tree.nodes]


def until_compared(stage: Stage, room: DataRoom, after: str) -> EditRequest:
    stage.until(lambda: room._view.example.edit is not None and room._view.example.edit.result.request.after.text == after)
    edit = room._view.example.edit
    assert edit is not None
    return edit.result.request


def test_a_word_is_chosen_by_a_click_and_taken_away_by_a_key(stage: Stage, room: DataRoom) -> None:
    assert not room._view.example.edits.isVisible()
    choose(room, "loving")
    assert room._view.example.words._word.text() == "“loving”"
    key(room, Qt.Key.Key_Delete)
    assert text(stage) == "A long and look at people."
    assert tree(room) == [(0, "Row as in the file"), (1, "− loving")]
    request = until_compared(stage, room, "A long and look at people.")
    assert request.before.input.text == ROWS[0][0]
    said = prediction(PredictionRequest("", TextInput(ROWS[0][0]))).classes
    assert request.before.target.choice == f"index:{said[0].index}", "what was predicted of the row"
    edit = room._view.example.edit
    assert edit is not None
    assert edit.places("removed") == [4]
    assert room._view.example.heatmap._look.struck == {4}
    assert room._view.example._why.text() == "Change from the row of what speaks for positive · Integrated Gradients"
    whole = edit.result.after.values.sum() - edit.result.before.values.sum()
    assert edit.values.sum() == pytest.approx(float(whole), abs=1e-5)


def test_the_tree_says_what_the_model_says_and_how_far_that_is(stage: Stage, room: DataRoom) -> None:
    choose(room, "people.")
    key(room, Qt.Key.Key_Delete)
    stage.until(lambda: all(node.said for node in room._view.example.edits.tree.nodes))
    row, edit = room._view.example.edits.tree.nodes
    before, after = (prediction(PredictionRequest("", TextInput(each))).classes for each in (ROWS[0][0], text(stage)))
    first = before[0]
    change = next(one.probability or 0 for one in after if one.index == first.index) - (first.probability or 0)
    assert row.change is None
    assert edit.change == pytest.approx(change)
    assert edit.said == f"{after[0].label} {after[0].probability:.2f}"
    assert edit.flips == (after[0].index != first.index)
    assert "from the row" in edit.hint
    assert "from the edit before" in edit.hint
    bars = room._view.example.edits.bars.bars
    assert [bar.label for bar in bars] == ["negative", "neutral", "positive"]
    assert sum(bar.change or 0 for bar in bars) == pytest.approx(0, abs=1e-9)


def test_editing_an_earlier_edit_branches(stage: Stage, room: DataRoom) -> None:
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    until_compared(stage, room, text(stage))
    choose(room, "long")
    key(room, Qt.Key.Key_Delete)
    assert text(stage) == "A and look at people."
    nodes = room._view.example.edits.tree
    nodes.setFocus()
    QTest.keyClick(nodes, Qt.Key.Key_Left)
    assert text(stage) == "A long and look at people."
    stage.until_explained(text(stage))
    until_compared(stage, room, text(stage))
    choose(room, "people.")
    key(room, Qt.Key.Key_Backspace)
    assert tree(room) == [(0, "Row as in the file"), (1, "− loving"), (2, "− long"), (2, "− people.")]
    QTest.keyClick(nodes, Qt.Key.Key_Home)
    assert text(stage) == ROWS[0][0]
    QTest.keyClick(nodes, Qt.Key.Key_Down)
    QTest.keyClick(nodes, Qt.Key.Key_Right)
    assert text(stage) == "A and look at people."
    place = nodes.visualRect(nodes.model().index(3, 0)).center()
    QTest.mouseClick(nodes.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert text(stage) == "A long and look at"


def test_what_is_compared_with_can_be_switched(stage: Stage, room: DataRoom) -> None:
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    until_compared(stage, room, text(stage))
    choose(room, "long")
    key(room, Qt.Key.Key_Delete)
    assert until_compared(stage, room, text(stage)).before.input.text == "A long and look at people."
    side = room._view.example.edits
    side.against.findChild(object, "editAgainst_row").click()  # type: ignore[attr-defined]
    stage.until(lambda: until_compared(stage, room, text(stage)).before.input.text == ROWS[0][0])
    edit = room._view.example.edit
    assert edit is not None
    assert [edit.result.words[at].text for at in edit.places("removed")] == ["long", "loving"]
    side.shown.findChild(object, "editShown_attention").click()  # type: ignore[attr-defined]
    stage.until(lambda: room._view.example.edit is not None and room._view.example.edit.attention)
    assert room._view.example.edit is not None
    assert room._view.example.edit.values.sum() == pytest.approx(0)
    assert room._view.example._why.text() == "Change from the row · attention received"
    heads = room._view.example.heads
    assert heads.isVisible()
    assert heads.text() == "Layer 5, mean ▾"
    part = heads.heads.actions()[2].menu()
    assert part is not None
    part.actions()[3].trigger()  # type: ignore[attr-defined]
    stage.until(lambda: room._view.example.edit is not None and room._view.example.edit.result.request.head == 1)
    assert room._view.example.edit.result.request.layer == 2
    assert heads.text() == "Layer 2, head 1 ▾"
    side.shown.findChild(object, "editShown_map").click()  # type: ignore[attr-defined]
    assert room._view.example.edit is None
    assert not heads.isVisible()
    assert room._view.example.heatmap._look.struck == frozenset()
    assert "what speaks for" in room._view.example._why.text()


def test_undo_walks_up_and_redo_down_and_nothing_is_lost(stage: Stage, room: DataRoom) -> None:
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    first = text(stage)
    room.toggle_tag("odd")
    until_compared(stage, room, first)
    choose(room, "long")
    key(room, Qt.Key.Key_Delete)
    second = text(stage)
    undo, redo = (stage.window.actions_registry[id] for id in ("undo", "redo"))
    assert "− long" in undo.text()
    undo.trigger()
    assert text(stage) == first
    undo.trigger()
    assert room.store.tags == {}
    assert len(room.store.work.edits) == 2, "undoing a tag costs no edit"
    undo.trigger()
    assert text(stage) == ROWS[0][0]
    assert len(tree(room)) == 3
    room.desk.go_to(1)
    redo.trigger()
    assert (room.desk.current, text(stage)) == (0, first), "back to the row it was made of"
    redo.trigger()
    redo.trigger()
    assert text(stage) == second


def test_an_edit_is_taken_away_with_what_was_made_of_it_and_comes_back(stage: Stage, room: DataRoom) -> None:
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    until_compared(stage, room, text(stage))
    choose(room, "long")
    key(room, Qt.Key.Key_Delete)
    second = text(stage)
    nodes = room._view.example.edits.tree
    QTest.keyClick(nodes, Qt.Key.Key_Left)
    QTest.keyClick(nodes, Qt.Key.Key_Delete)
    assert room.store.work.edits == ()
    assert text(stage) == ROWS[0][0]
    assert not room._view.example.edits.isVisible()
    stage.window.actions_registry["undo"].trigger()
    assert tree(room)[2] == (2, "− long")
    assert text(stage) == "A long and look at people."
    stage.window.actions_registry["undo"].trigger()
    assert text(stage) == "A long and look at people."
    stage.window.actions_registry["redo"].trigger()
    assert text(stage) == second


def test_the_mask_and_a_typed_word(stage: Stage, room: DataRoom) -> None:
    choose(room, "loving")
    bar = room._view.example.words
    stage.until(lambda: bar.blank.isEnabled())
    assert bar.blank.text() == "[MASK]"
    key(room, Qt.Key.Key_M)
    assert text(stage) == "A long and [MASK] look at people."
    until_compared(stage, room, text(stage))
    choose(room, "people.")
    key(room, Qt.Key.Key_Return)
    assert bar.field.hasFocus()
    assert bar.field.text() == "people."
    QTest.keyClick(bar.field, Qt.Key.Key_Escape)
    assert not bar.field.isVisible()
    assert bar.type.isVisible()
    key(room, Qt.Key.Key_F2)
    QTest.keyClicks(bar.field, "jokes.")
    QTest.keyClick(bar.field, Qt.Key.Key_Return)
    assert text(stage) == "A long and [MASK] look at jokes."
    assert tree(room)[1:] == [(1, "loving → [MASK]"), (2, "people → jokes")]


@pytest.mark.qt_log_ignore("This plugin does not support")  # popups, where there is no screen
def test_other_words_are_offered_and_one_is_taken(stage: Stage, room: DataRoom) -> None:
    choose(room, "loving")
    stage.until(lambda: room._view.example.words.blank.isEnabled())
    key(room, Qt.Key.Key_S)
    menu = room._view.example.words.menu
    stage.until(lambda: len(menu.actions()) == 2)
    assert menu.actions()[0].text().startswith("dull\t")
    assert sum(isinstance(request, WordOptionsRequest) for request in stage.stub.asked) == 1, "known since the word was chosen"
    menu.close()
    menu.actions()[1].trigger()
    assert text(stage) == "A long and superb look at people."
    assert tree(room)[1] == (1, "loving → superb")
    until_compared(stage, room, text(stage))
    choose(room, "A")
    room._view.example.words.options.click()
    stage.until(lambda: len(menu.actions()) == 1 and not menu.actions()[0].isEnabled())
    assert "No other single word" in menu.actions()[0].text()
    menu.close()


def test_the_word_at_the_place_of_an_edit_is_chosen_next(stage: Stage, room: DataRoom) -> None:
    word = room._view.example.words._word
    choose(room, "long")
    for next, rest in (("and", "A and loving look at people."), ("loving", "A loving look at people.")):
        key(room, Qt.Key.Key_Delete)
        assert text(stage) == rest
        key(room, Qt.Key.Key_Delete)
        assert text(stage) == rest, "what is shown is still of the text before"
        until_compared(stage, room, rest)
        assert word.text() == f"“{next}”"
    stage.until(lambda: room._view.example.words.blank.isEnabled())
    key(room, Qt.Key.Key_M)
    until_compared(stage, room, "A [MASK] look at people.")
    assert word.text() == "“[MASK]”"


def test_several_words_that_are_marked_go_together(stage: Stage, room: DataRoom) -> None:
    heatmap = room._view.example.heatmap
    heatmap._anchor = (0, 2)
    heatmap._mark_to((0, 17))
    assert room._view.example.words._word.text() == "“long and loving”"
    key(room, Qt.Key.Key_Delete)
    assert text(stage) == "A look at people."


def test_the_only_word_stays(stage: Stage, room: DataRoom) -> None:
    told: list[str] = []
    room.note.connect(told.append)
    heatmap = room._view.example.heatmap
    QTest.keyClick(heatmap, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    key(room, Qt.Key.Key_Delete)
    assert text(stage) == ROWS[0][0]
    assert told == ["Nothing would be left of the text."]


@pytest.mark.qt_log_ignore("This plugin does not support")  # popups, where there is no screen
def test_the_menu_on_a_word(stage: Stage, room: DataRoom) -> None:
    heatmap = room._view.example.heatmap
    token = next(at for at, each in enumerate(heatmap._document.tokens) if each.text == "long")
    heatmap.customContextMenuRequested.emit(heatmap.token_rects(token)[0].center().toPoint())
    (menu,) = [menu for menu in heatmap.findChildren(QMenu) if menu.isVisible()]
    assert menu.actions()[0].text() == "Remove\tDel"
    menu.actions()[0].trigger()
    menu.close()
    assert text(stage) == "A and loving look at people."
    heatmap.customContextMenuRequested.emit(QPoint(0, 9999))
    assert not [menu for menu in heatmap.findChildren(QMenu) if menu.isVisible()]


def test_what_is_typed_is_a_draft_until_it_is_kept_or_edited_further(stage: Stage, room: DataRoom) -> None:
    stage.type("A long look at people.")
    stage.until(lambda: (1, "not kept: − and loving") in tree(room))
    assert room.store.work.edits == ()
    assert room._view.example.words.keep.isVisible()
    until_compared(stage, room, "A long look at people.")
    room._view.example.words.keep.click()
    assert tree(room) == [(0, "Row as in the file"), (1, "− and loving")]
    assert [edit.input.text for edit in room.store.work.edits] == ["A long look at people."]
    stage.type("A long look at all people.")
    stage.until(lambda: room._view.example.edits.tree.nodes[-1].id == DRAFT)
    stage.until_explained("A long look at all people.")
    until_compared(stage, room, "A long look at all people.")
    choose(room, "long")
    key(room, Qt.Key.Key_Delete)
    assert tree(room) == [(0, "Row as in the file"), (1, "− and loving"), (2, "+ all"), (3, "− long")]


def test_undo_takes_no_typed_text_away_for_good(stage: Stage, room: DataRoom) -> None:
    """The stack has one step for each edit, whatever was typed in between; what undo leaves is among the recent texts."""
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    first = text(stage)
    stage.type("Something else.")
    stage.until(lambda: room._view.example.words.keep.isVisible())
    undo = stage.window.actions_registry["undo"]
    room._view.example.heatmap.setFocus()
    undo.trigger()
    assert text(stage) == ROWS[0][0]
    assert "Something else." in stage.memory.session.recent_texts
    stage.window.actions_registry["redo"].trigger()
    assert text(stage) == first
    stage.type("Something else.")
    stage.until(lambda: room._view.example.words.keep.isVisible())
    room._view.example.words.keep.click()
    assert undo.text().startswith("Undo: edit “A long and")
    undo.trigger()
    assert text(stage) == first
    undo.trigger()
    assert text(stage) == ROWS[0][0]
    assert not undo.isEnabled()


def test_a_rewritten_row_is_tried_and_kept_only_when_wanted(stage: Stage, room: DataRoom) -> None:
    stage.window.conductor.try_text(TextInput("A long and hateful look at people."))
    assert tree(room) == [(0, "Row as in the file"), (1, "not kept: loving → hateful")]
    assert room.store.work.edits == ()
    nodes = room._view.example.edits.tree
    QTest.keyClick(nodes, Qt.Key.Key_Delete)
    assert text(stage) == ROWS[0][0]
    stage.window.actions_registry["undo"].trigger()
    assert text(stage) == "A long and hateful look at people."


def test_what_is_typed_elsewhere_is_there_on_coming_back(stage: Stage, room: DataRoom) -> None:
    stage.window.workspace.tabs.setCurrentWidget(stage.window.workspace.attribution_view)
    stage.type("A long look at people.")
    stage.until_explained("A long look at people.")
    asked = len([request for request in stage.stub.asked if isinstance(request, EditRequest)])
    assert asked == 0, "nobody looks"
    room.enter()
    until_compared(stage, room, "A long look at people.")
    assert tree(room)[1] == (1, "not kept: − and loving")
    room._view.show_page("overview")
    stage.window.workspace.input_panel.editor.setFocus()
    stage.type("A long look.")
    stage.until_explained("A long look.")
    room._view.show_page("rows")
    until_compared(stage, room, "A long look.")


def test_suggestions_become_edits_with_one_click(stage: Stage, room: DataRoom) -> None:
    strip = room._view.example
    strip._flip.click()
    stage.until(lambda: strip.suggestions.list.count() == 1)
    strip.suggestions.list.itemClicked.emit(strip.suggestions.list.item(0))
    assert tree(room) == [(0, "Row as in the file"), (1, "− A")]
    assert strip.edits.isVisible()
    assert not strip.suggestions.isVisible()
    assert strip.heatmap.hasFocus()
    strip._flip.click()
    assert not strip.edits.isVisible(), "suggestions stand in its place"
    strip.suggestions.hide()
    assert strip.edits.isVisible()


def test_the_same_text_is_no_second_edit(stage: Stage, room: DataRoom) -> None:
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    stage.window.actions_registry["undo"].trigger()
    stage.until_explained(ROWS[0][0])
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    assert len(room.store.work.edits) == 1
    assert text(stage) == "A long and look at people."


def test_rows_have_trees_of_their_own_and_stepping_leaves_no_step_of_undo(stage: Stage, room: DataRoom) -> None:
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    words = stage.window.actions_registry["undo"].text()
    room.desk.go_to(2)
    assert tree(room) == [(0, "Row as in the file")]
    assert not room._view.example.edits.isVisible()
    assert stage.window.actions_registry["undo"].text() == words
    room.desk.go_to(0)
    assert len(tree(room)) == 2
    assert text(stage) == ROWS[0][0], "the row itself comes first"


def test_edits_are_there_at_the_next_start(stage: Stage, room: DataRoom, file: Path, make_stage: Callable[[], Stage]) -> None:
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    until_compared(stage, room, text(stage))
    choose(room, "long")
    key(room, Qt.Key.Key_Delete)
    stage.close()
    again = make_stage().start().open()
    kept = read(again, file)
    assert tree(kept) == [(0, "Row as in the file"), (1, "− loving"), (2, "− long")]
    again.window.conductor.open_model("/models/other")
    again.until(lambda: kept.desk.whole and again.window.conductor.model is not None and kept.store.work.edits == ())


def test_a_model_without_attention_offers_none(stage: Stage, file: Path) -> None:
    room = read(stage.open("/models/lstm classifier"), file)
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    until_compared(stage, room, text(stage))
    buttons = {button.objectName(): button.isVisible() for button in room._view.example.edits.shown._group.buttons()}
    assert buttons == {"editShown_map": True, "editShown_change": True, "editShown_attention": False}


def test_a_row_that_is_wrong_is_compared_versus_its_true_class_all_along(stage: Stage, room: DataRoom) -> None:
    """However the edits turn the answer over."""
    said = room.desk.predictions
    assert said is not None
    assert said.correct[0] == 0
    wanted = (f"index:{said.predicted[0]}", f"index:{said.true[0]}")
    for word in ("people.", "look", "loving", "long"):
        choose(room, word)
        key(room, Qt.Key.Key_Delete)
        target = until_compared(stage, room, text(stage)).before.target
        assert (target.choice, target.versus) == wanted
    assert room._view.example.edits.tree.nodes[-1].flips


def test_a_comparison_that_is_stopped_leaves_the_map(stage: Stage, room: DataRoom) -> None:
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    until_compared(stage, room, text(stage))
    stage.stub.step_seconds = 0.2
    choose(room, "long")
    key(room, Qt.Key.Key_Delete)
    stage.until(lambda: stage.window.jobs.runs("data.compare"))
    stage.window.jobs.stop("data.compare")
    stage.until(lambda: not stage.window.jobs.runs("data.compare"))
    stage.stub.step_seconds = 0.0
    stage.until_explained("A and look at people.")
    stage.until(lambda: room._view.example.shown_input == TextInput("A and look at people."))
    assert room._view.example.edit is None
    asked = [request for request in stage.stub.asked if isinstance(request, EditRequest)]
    assert len(set(asked)) == len(asked) <= 2, "each once, if it came to it, for what is predicted of the row"
    assert not stage.window.jobs.runs("data.compare"), "nor is it asked again by itself"


def test_the_pointer_reads_the_numbers(stage: Stage, room: DataRoom) -> None:
    said: list[str] = []
    room.read_out_changed.connect(said.append)
    choose(room, "loving")
    key(room, Qt.Key.Key_Delete)
    until_compared(stage, room, text(stage))
    room._view.example.heatmap.token_hovered.emit(4)
    assert said[-1].startswith("“loving” · before ")
    assert "now not there" in said[-1]
    room._view.example.heatmap.token_hovered.emit(-1)
    assert said[-1] == ""


# What needs no window


def made(id: str, parent: str, row: int = 0) -> Edit:
    return Edit(id, parent, row, TextInput(id), "2026-01-01T00:00:00+00:00")


def test_a_tree_is_laid_out_depth_first_and_knows_where_lines_go_on() -> None:
    places = laid_out([made("a", ROOT), made("b", "a"), made("c", ROOT), made("d", "a"), made("e", "b")])
    assert [(place.edit.id, place.parent, place.goes_on) for place in places] == [
        ("a", ROOT, (True,)),
        ("b", "a", (True, True)),
        ("e", "b", (True, True, False)),
        ("d", "a", (True, False)),
        ("c", ROOT, (False,)),
    ]


def test_a_damaged_tree_is_still_one() -> None:
    """An edit that comes before its parent, its own child, or one that is named twice: each is there once."""
    places = laid_out([made("a", "b"), made("b", "a"), made("c", "c"), made("a", ROOT), made("d", "gone")])
    assert sorted(place.edit.id for place in places) == ["a", "b", "c", "d"]
    assert {place.edit.id: place.parent for place in places} == {"a": ROOT, "b": "a", "c": ROOT, "d": ROOT}
    chain = [made("0", ROOT), *(made(str(at), str(at - 1)) for at in range(1, 3000))]
    assert len(laid_out(chain)[-1].goes_on) == 3000


def test_bars_are_those_that_change_most() -> None:
    before = prediction(PredictionRequest("", TextInput("short"))).classes
    after = prediction(PredictionRequest("", TextInput("a text that is long enough for another mood by far"))).classes
    bars = bars_of(after, before)
    assert [bar.label for bar in bars] == ["negative", "neutral", "positive"]
    for bar in bars:
        old, new = (next(one.probability or 0 for one in said if one.label == bar.label) for said in (before, after))
        assert bar.change == pytest.approx(new - old)
    assert [bar.change for bar in bars_of(after, None)] == [None] * 3
    np.testing.assert_allclose(sum(bar.value for bar in bars), 1)


KILLED = """
import os, sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from engine.datasets.work import Edit
from engine.requests import TextInput
from gui.data.work import WorkStore
app = QCoreApplication([])
store = WorkStore(Path(sys.argv[1]))
store.open("m", "d")
at = len(store.work.edits)
while True:
    parent = store.work.edits[-1].id if store.work.edits else ""
    store.set(store.work.edited(Edit(f"e{at}", parent, 3, TextInput("t" * 300), "2026-01-01")))
    os.write(1, f"{at}\\n".encode())
    at += 1
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no killing of this kind")
def test_a_killed_window_loses_no_edit_that_was_told_kept(tmp_path: Path) -> None:
    told = -1
    for kill in range(5):
        environment = {**os.environ, "PYTHONPATH": os.getcwd()}
        command = [sys.executable, "-c", KILLED, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
            assert process.stdout is not None
            for _ in range(10 + 7 * kill):
                told = int(process.stdout.readline())
            process.kill()
            told = max([told, *map(int, process.stdout.read().split())])
        from gui.data.work import WorkStore

        store = WorkStore(tmp_path)
        store.open("m", "d")
        assert [edit.id for edit in store.work.edits][: told + 1] == [f"e{at}" for at in range(told + 1)]
        assert len(laid_out(store.work.edits)[-1].goes_on) == len(store.work.edits), "each was made of the one before"
        store.deleteLater()
