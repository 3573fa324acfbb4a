"""Data in a whole window: read, predicted, stepped through by key, filtered, corrected, tagged."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from engine.requests import AttributionRequest, DatasetRequest, PredictionsRequest
from gui.data.room import DataRoom
from gui.data.row_filter import RowFilter
from gui.dropping import drop_of
from tests.gui.conftest import Stage

TEXTS = [
    ("So dull.", "negative"),
    ("A triumph of colour, and of patience, which the camera has and we did not.", "negative"),
    ("Fine.", "positive"),
    ("A long and loving look at people who are neither loved nor looked at for long.", "positive"),
    ("It is a film that was made, and seen, and then forgotten by the people in it.", "neutral"),
    ("Nothing but noise from the first shot to the last.", "Neg"),
    ("Where is the rest?", "unheard of"),
    ("No label here.", ""),
]
ERRORS = {1, 2, 4, 5}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "films.csv")


def written(path: Path) -> Path:
    rows = (f'"{text}",{label},{"ab"[at % 2]}\n' for at, (text, label) in enumerate(TEXTS))
    path.write_text("text,label,kind\n" + "".join(rows))
    return path


def room_of(stage: Stage) -> DataRoom:
    assert stage.window.data_room is not None
    return stage.window.data_room


def read(stage: Stage, path: Path) -> DataRoom:
    room = room_of(stage)
    stage.window.open_data(str(path))
    stage.until(lambda: room.desk.data is not None and room.desk.data.source.path == str(path) and not room.desk.is_reading)
    if stage.window.conductor.model is not None:
        stage.until(lambda: room.desk.whole)
    return room


@pytest.fixture
def room(stage: Stage, file: Path) -> DataRoom:
    return read(stage.open(), file)


def key(
    stage: Stage, keys: Qt.Key, where: QWidget | None = None, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.keyClick(where or stage.window.workspace.attribution_view, keys, modifier)


def text(stage: Stage) -> str:
    return stage.window.workspace.input_panel.editor.text()


def shown(room: DataRoom) -> list[int]:
    model = room._view.table.rows
    return [model.row_at(at) for at in range(model.rowCount())]


def test_a_file_is_read_predicted_and_sorted_with_the_surest_errors_first(stage: Stage, room: DataRoom) -> None:
    assert room.in_sight
    assert stage.window._pages.currentWidget() is stage.window.workspace
    said = room.desk.predictions
    assert said is not None
    assert {int(row) for row in np.flatnonzero(said.correct == 0)} == ERRORS
    assert set(shown(room)[: len(ERRORS)]) == ERRORS
    margins = said.margin[shown(room)[:6]]
    assert (np.diff(margins) >= 0).all()
    line = room._view.source._line.text()
    assert "films.csv · 8 rows · comma, UTF-8 · text “text” · label “label”, 4 of 5 known to the model" in line
    assert "“unheard of” (1)" in room._view.source._doubts.text()
    assert "4 errors in 6 rows" in room.section._whole.text()


def test_keys_step_through_the_errors_whatever_tab_is_in_sight(stage: Stage, room: DataRoom) -> None:
    stage.window.workspace.tabs.setCurrentWidget(stage.window.workspace.attribution_view)
    order = [row for row in shown(room) if row in ERRORS]
    for place, row in enumerate(order):
        key(stage, Qt.Key.Key_J)
        assert text(stage) == TEXTS[row][0]
        assert room.section._place.text().startswith(f"error {place + 1} of 4 · margin −")
        stage.until_explained(TEXTS[row][0])
    assert "true" in room.section._outcome.text()
    assert "margin −" in room.section._place.text()
    key(stage, Qt.Key.Key_J)
    assert text(stage) == TEXTS[order[-1]][0], "the last one stays"
    key(stage, Qt.Key.Key_Up, modifier=Qt.KeyboardModifier.AltModifier)
    key(stage, Qt.Key.Key_K)
    assert text(stage) == TEXTS[order[1]][0]
    key(stage, Qt.Key.Key_N)
    assert text(stage) == TEXTS[order[2]][0]


def test_an_error_is_explained_against_the_true_class_and_a_right_row_is_not(stage: Stage, room: DataRoom) -> None:
    key(stage, Qt.Key.Key_J)
    stage.until_explained(text(stage))
    assert stage.window.conductor.map is not None
    first = stage.window.conductor.map.request
    assert first.target.versus == "true"
    assert first.target.true in ("negative", "neutral", "positive")
    right = next(row for row in shown(room) if row == 0)
    room.desk.go_to(right)
    stage.until_explained(TEXTS[0][0])
    assert stage.window.conductor.map.request.target.versus is None
    stage.window.actions_registry["data_versus"].setChecked(False)
    key(stage, Qt.Key.Key_J)
    stage.until_explained(text(stage))
    assert stage.window.conductor.map.request.target.versus is None


def test_the_neighbours_are_known_before_the_key_is_pressed(stage: Stage, room: DataRoom) -> None:
    key(stage, Qt.Key.Key_J)
    wanted = room.desk.request_for(room.desk.neighbours()[0])
    assert wanted is not None
    stage.until(lambda: wanted in stage.window.conductor.known and not stage.window.jobs.runs(("data.ahead", 3)))
    stage.until(lambda: not any(stage.window.jobs.runs(("data.ahead", at)) for at in range(4)))
    asked = sum(isinstance(request, AttributionRequest) and request == wanted for request in stage.stub.asked)
    key(stage, Qt.Key.Key_J)
    assert stage.window.conductor.map is not None
    assert stage.window.conductor.map.request == wanted, "the map is there at once"
    assert not stage.window.conductor.explanation.running
    assert sum(isinstance(request, AttributionRequest) and request == wanted for request in stage.stub.asked) == asked == 1


def test_keys_are_letters_in_a_field_of_text(stage: Stage, room: DataRoom) -> None:
    editor = stage.window.workspace.input_panel.editor
    editor.setFocus()
    editor.selectAll()
    QTest.keyClicks(editor, "jkn1t")
    assert text(stage) == "jkn1t"
    QTest.keyClicks(room._view.filters.search, "jk")
    assert room._view.filters.search.text() == "jk"
    assert text(stage) == "jkn1t"


def test_what_was_typed_comes_back_by_undo_and_steps_are_no_steps_of_undo(stage: Stage, room: DataRoom) -> None:
    stage.type("My own words.")
    key(stage, Qt.Key.Key_J)
    key(stage, Qt.Key.Key_J)
    stage.window.actions_registry["undo"].trigger()
    assert text(stage) == "My own words."
    assert "edited" in room.section._outcome.text()


def test_search_chips_and_ranges_choose_rows(stage: Stage, room: DataRoom) -> None:
    filters = room._view.filters
    filters.search.setText("people")
    filters.search.returnPressed.emit()
    assert sorted(shown(room)) == [3, 4]
    filters.search.setText("/^(A|It) /")
    filters.search.returnPressed.emit()
    assert sorted(shown(room)) == [1, 3, 4]
    filters.search.setText("kind:a margin:<0")
    filters.search.returnPressed.emit()
    assert sorted(shown(room)) == [2, 4]
    filters.search.setText("/(/")
    filters.search.returnPressed.emit()
    assert "not a regular expression" in filters.wrong.text()
    assert sorted(shown(room)) == [2, 4], "the rows stay"
    filters.clear.click()
    filters.outcome._group.button(1).click()
    assert set(shown(room)) == ERRORS
    assert filters.count.text() == "4 of 8 rows"
    filters.true._on_triggered(filters.true.menu().actions()[1])
    assert {TEXTS[row][1] for row in shown(room)} <= {"negative", "Neg"}


def test_a_header_sorts_both_ways(stage: Stage, room: DataRoom) -> None:
    columns = [column.id for column in room._view.table.rows.columns]
    room._view.table._on_header(columns.index("row"))
    assert shown(room) == list(range(8))
    room._view.table._on_header(columns.index("row"))
    assert shown(room) == list(range(7, -1, -1))
    room._view.table._on_header(columns.index("loss"))
    assert room.desk.filter.order == (("loss", True),)


def test_labels_are_corrected_in_the_panel(stage: Stage, room: DataRoom) -> None:
    room._view.source.columns.click()
    panel = room._view.source.panel
    boxes = [widget for widget in panel.findChildren(QWidget) if widget.property("written") == "unheard of"]
    (box,) = boxes
    box.setCurrentIndex(2)  # type: ignore[attr-defined]
    box.activated.emit(2)  # type: ignore[attr-defined]
    stage.until(lambda: room.desk.whole and room.desk.data is not None and bool(room.desk.data.source.names))
    assert room.desk.data is not None
    assert dict(room.desk.data.source.names) == {"unheard of": "neutral"}
    assert room.desk.true_of(6) == "neutral"
    assert "all known to the model" in room._view.source._line.text()


def test_another_delimiter_is_read_at_once_and_a_bad_file_is_told(stage: Stage, room: DataRoom, tmp_path: Path) -> None:
    panel = room._view.source.panel
    room._view.source.columns.click()
    panel.delimiter.setCurrentIndex(panel.delimiter.findData(";"))
    panel.delimiter.activated.emit(0)
    stage.until(lambda: room.desk.data is not None and room.desk.data.source.delimiter == ";")
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"\0\1\2binary")
    stage.window.open_data(str(bad))
    stage.until(lambda: stage.window.message_bar.message is not None)
    assert stage.window.message_bar.message is not None
    assert "bad.csv" in stage.window.message_bar.message.text
    assert room.desk.data is not None, "what was open stays"


def test_a_file_that_changed_is_told_and_read_again(stage: Stage, file: Path) -> None:
    room = read(stage, file)
    file.write_text(file.read_text() + "One more.,positive,a\n")
    stage.open()
    stage.until(lambda: stage.window.message_bar.message is not None)
    assert stage.window.message_bar.message is not None
    assert "changed" in stage.window.message_bar.message.text
    stage.window.message_bar._action.click()
    stage.until(lambda: room.desk.data is not None and room.desk.data.rows == 9 and room.desk.whole)


def test_without_a_model_rows_can_be_read_and_a_model_then_predicts_them(stage: Stage, file: Path) -> None:
    room = read(stage, file)
    assert not any(isinstance(request, PredictionsRequest) for request in stage.stub.asked)
    assert "Open a model" in room._view._note.text()
    assert shown(room) == list(range(8))
    stage.open()
    stage.until(lambda: room.desk.whole)
    stage.window.conductor.open_model("/models/other")
    stage.until(
        lambda: room.desk.whole and room.desk.predictions is not None and room.desk.predictions.model.path == "/models/other"
    )
    stage.window.conductor.open_model("/models/lstm")
    stage.until(lambda: "no classes" in room._view._note.text())
    assert room.desk.predictions is None
    key(stage, Qt.Key.Key_N)
    assert text(stage) == TEXTS[0][0]
    key(stage, Qt.Key.Key_J)
    assert text(stage) == TEXTS[0][0]


def test_predicting_is_stopped_and_goes_on(stage: Stage, file: Path) -> None:
    stage.open()
    stage.stub.steps, stage.stub.step_seconds = 200, 0.02
    room = room_of(stage)
    stage.window.open_data(str(file))
    stage.until(lambda: room.desk.predictions is not None and room.desk.predictions.done > 0)
    room._view.stop.click()
    stage.until(lambda: not room.desk.is_predicting)
    assert "Stopped at" in room._view._note.text()
    stage.stub.steps = 2
    room._view.go_on.click()
    stage.until(lambda: room.desk.whole)
    assert room._view._note.text() == ""


def test_rows_that_fail_are_counted(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("text,label\nGood.,positive\n!bad,negative\n,negative\n")
    room = read(stage.open(), path)
    assert "2 rows have no prediction; the first, row 1: Its answer is not a number." in room._view.source._doubts.text()
    room.desk.go_to(1)
    assert "not predicted" in room.section._outcome.text()


@pytest.mark.qt_log_ignore("This plugin does not support")  # popups, where there is no screen
def test_tags_notes_and_slices_are_undone_and_kept(stage: Stage, room: DataRoom, file: Path, make_stage: object) -> None:
    key(stage, Qt.Key.Key_J)
    row = room.desk.current
    room.toggle_tag("sarcasm")
    key(stage, Qt.Key.Key_J)
    other = room.desk.current
    key(stage, Qt.Key.Key_1)
    assert room.store.tags == {row: ("sarcasm",), other: ("sarcasm",)}
    stage.window.actions_registry["undo"].trigger()
    assert room.store.tags == {row: ("sarcasm",)}
    stage.window.actions_registry["redo"].trigger()
    room._view.example.note.setText("taken at its word")
    room._view.example.note.editingFinished.emit()
    room.desk.set_filter(RowFilter(outcome="errors", tag="sarcasm"))
    assert set(shown(room)) == {row, other}
    room._view.filters.slice_kept.emit()
    assert room._name is not None
    QTest.keyClick(room._name._field, Qt.Key.Key_Return)
    assert [saved.name for saved in room.store.work.slices] == ["errors, tag sarcasm"]
    stage.close()
    again = make_stage().start().open()  # type: ignore[operator]
    kept = read(again, file)
    assert kept.store.tags == {row: ("sarcasm",), other: ("sarcasm",)}
    assert kept.store.notes == {other: "taken at its word"}
    kept._view.filters.slice_chosen.emit("errors, tag sarcasm")
    assert set(shown(kept)) == {row, other}


def test_the_file_is_among_the_recent_ones(stage: Stage, room: DataRoom, file: Path) -> None:
    assert stage.memory.settings.recent_data == (str(file),)
    stage.window.show_welcome()
    assert not stage.window.welcome._recent_data_title.isHidden()
    stage.window.actions_registry["forget_recent_data"].trigger()
    assert stage.window.welcome._recent_data_title.isHidden()
    stage.window.actions_registry["close_data"].trigger()
    assert room.desk.data is None
    assert not stage.window.actions_registry["next_error"].isEnabled()


def test_a_model_opened_while_the_file_is_read_does_not_lose_it(stage: Stage, file: Path) -> None:
    stage.stub.step_seconds = 0.05
    stage.window.conductor.open_model("/models/film-mood")
    stage.window.open_data(str(file))
    room = room_of(stage)
    stage.until(lambda: room.desk.whole)
    assert sum(isinstance(request, DatasetRequest) for request in stage.stub.asked) >= 1


def test_a_regression_goes_by_the_size_of_its_error(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "stars.csv"
    path.write_text("text,rating\nSo dull.,1\nA triumph of colour and of patience.,5\nFine.,\nLong and loving.,0.5\n")
    room = read(stage.open("/models/stars"), path)
    said = room.desk.predictions
    assert said is not None
    by_loss = sorted((0, 1, 3), key=lambda row: -said.loss[row])
    assert shown(room) == [*by_loss, 2]
    key(stage, Qt.Key.Key_J)
    key(stage, Qt.Key.Key_J)
    assert room.desk.current == by_loss[1]
    assert room.section._outcome.text().startswith("measured ")
    room._view.show_page("overview")
    assert "mean absolute error" in room._view.overview._figures.text()
    assert room._view.overview._left.isHidden()
    assert not room._view.filters.outcome.isEnabled()


def test_several_labels_at_once_are_right_together(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "topics.csv"
    path.write_text("text,labels\nSo dull.,negative;neutral\nFine.,positive\nNo label.,\n")
    room = read(stage.open("/models/topics"), path)
    said = room.desk.predictions
    assert said is not None
    assert said.correct.tolist() == [1, 0, -1]
    key(stage, Qt.Key.Key_J)
    assert room.desk.current == 1
    assert "predicted negative;neutral" in room.section._outcome.text()
    stage.until_explained("Fine.")
    assert stage.window.conductor.map is not None
    assert stage.window.conductor.map.request.target.versus is None
    room._view.show_page("overview")
    assert room._view.overview._left.isHidden()
    assert not room._view.overview.classes.isHidden()


def test_columns_of_one_name_and_no_labels_at_all(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("text,note,note\nSo dull.,x,y\nFine.,z,w\n")
    room = read(stage.open(), path)
    assert room.desk.data is not None
    assert len(set(room.desk.data.table.columns)) == 3
    assert "no labels" in room._view.source._line.text()
    key(stage, Qt.Key.Key_J)
    assert room.desk.current == -1
    assert "nothing is known" in room._view.source._doubts.text()


def test_what_is_pinned_is_the_map_of_the_row(stage: Stage, room: DataRoom) -> None:
    key(stage, Qt.Key.Key_J)
    stage.until_explained(text(stage))
    stage.window.actions_registry["view_data"].trigger()
    stage.window.actions_registry["pin_finding"].trigger()
    assert len(stage.window.findings.store.findings) == 1


def test_a_double_click_leads_to_the_attribution(stage: Stage, room: DataRoom) -> None:
    room._view.table.doubleClicked.emit(room._view.table.model().index(2, 1))
    assert stage.window.workspace.tabs.currentWidget() is stage.window.workspace.attribution_view


def test_a_filter_waits_for_predictions_that_are_made_anew(stage: Stage, room: DataRoom) -> None:
    room.desk.set_filter(RowFilter(outcome="errors", order=(("margin", False),)))
    key(stage, Qt.Key.Key_J)
    row = room.desk.current
    stage.stub.steps, stage.stub.step_seconds = 20, 0.01
    panel = room._view.source.panel
    room._view.source.columns.click()
    panel.labels.menu().actions()[2].trigger()
    stage.until(lambda: room.desk.data is not None and room.desk.data.source.labels == ("label", "kind"))
    assert room.desk.wrong == ""
    assert len(shown(room)) == 8
    panel.labels.menu().actions()[2].trigger()
    stage.until(lambda: room.desk.whole and room.desk.data is not None and room.desk.data.source.labels == ("label",))
    assert set(shown(room)) == ERRORS
    assert room.desk.current == row
    assert not room.desk.is_edited


def test_a_row_that_was_chosen_before_its_label_was_known_is_explained_again(stage: Stage, file: Path) -> None:
    room = read(stage, file)
    room.desk.go_to(5)
    stage.open()
    stage.until(lambda: room.desk.whole)
    stage.until_explained(TEXTS[5][0])
    stage.until(lambda: stage.window.workspace.method_panel.target_controls.true_label() == "negative")
    assert room.section._place.text().startswith("error ")


def test_a_table_that_is_dropped_is_data(stage: Stage, file: Path) -> None:
    stage.open()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    drop = drop_of(data)
    assert drop is not None
    assert drop.words == "Open “films.csv” as data"
    button, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    stage.window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, button, keys))
    stage.until(lambda: room_of(stage).desk.whole)
    assert room_of(stage).in_sight
