"""Two of a kind side by side: asked by a button, stepped through by key, each number the one that was found."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from engine.comparisons import Fate
from engine.datasets.paired import mcnemar
from engine.datasets.work import SavedSlice
from engine.errors import UserError
from engine.requests import (
    AggregateRequest,
    AttributionRequest,
    BesideRequest,
    CheckpointsRequest,
    ExplainBesideRequest,
    MapsBesideRequest,
    OtherModel,
    OverTrainingRequest,
    SlicesRequest,
)
from gui.data.compare.models_page import KINDS, ModelsPage
from gui.data.room import DataRoom
from gui.data.row_filter import RowFilter
from tests.gui.conftest import Stage
from tests.gui.data.test_room import ERRORS, TEXTS, key, read, text, written
from tests.gui.made_training import NAMES


@pytest.fixture
def room(stage: Stage, tmp_path: Path) -> DataRoom:
    """With a model that carries checkpoints."""
    room = read(stage.open("/models/trained"), written(tmp_path / "films.csv"))
    room._view.show_page("compare")
    return room


def models(stage: Stage, room: DataRoom, name: str = "at epoch 2") -> ModelsPage:
    """Compared with a checkpoint."""
    page = room._view.compare.models
    page.other.setCurrentIndex(next(at for at in range(page.other.count()) if page.other.itemText(at) == name))
    page.row.start.click()
    stage.until(lambda: page.result is not None and not page.row.stop.isVisible())
    return page


def test_the_other_model_is_a_checkpoint_a_sample_or_a_folder(stage: Stage, room: DataRoom) -> None:
    page = room._view.compare.models
    words = [page.other.itemText(at) for at in range(page.other.count())]
    assert words[: len(NAMES) - 1] == [f"at {name}" for name in reversed(NAMES[:-1])]
    assert "News topics" in words
    assert words[-1] == "A folder…"
    stage.dialogs.folder = "/models/another"
    page.other.setCurrentIndex(page.other.count() - 1)
    page.other.activated.emit(page.other.count() - 1)
    assert page.chosen == OtherModel("/models/another")
    page.row.start.click()
    stage.until(lambda: page.result is not None and not page.row.stop.isVisible())
    assert page.result is not None
    assert page.result.request.other == OtherModel("/models/another")


def test_the_same_rows_are_asked_and_what_was_found_is_told(stage: Stage, room: DataRoom) -> None:
    page, said = models(stage, room), room.desk.predictions
    asked = next(request for request in stage.stub.asked if isinstance(request, BesideRequest))
    assert said is not None
    assert asked.predictions == said.request
    assert asked.other == OtherModel(checkpoint="epoch 2")
    result = page.result
    assert result is not None
    known = said.true >= 0
    second = (result.predicted == said.true) & known
    fixed = {int(row) for row in np.flatnonzero(second & (said.correct == 0))}
    broken = {int(row) for row in np.flatnonzero(~second & (said.correct == 1))}
    assert {int(row) for row in np.flatnonzero(result.fate == Fate.FIXED)} == fixed
    assert {int(row) for row in np.flatnonzero(result.fate == Fate.BROKEN)} == broken
    words = page._figures.text()
    assert f"accuracy {100 * (said.correct == 1).sum() / 6:.1f} % → {100 * second.sum() / 6:.1f} % of 6" in words
    assert f"McNemar p {mcnemar(len(fixed), len(broken)):.2f}" in words
    assert page.kind._group.button(1).text() == f"Fixed {len(fixed)}"
    page.kind._group.button(1).click()
    assert set(page.table.order.tolist()) == fixed
    page.kind._group.button(2).click()
    assert set(page.table.order.tolist()) == broken
    assert page.kind._group.button(5).isVisible(), "a row without a label is taken differently"


def test_it_is_sorted_by_the_change_and_by_what_one_clicks(stage: Stage, room: DataRoom) -> None:
    page = models(stage, room)
    assert page.result is not None
    change = page.result.change[page.table.order]
    known = change[~np.isnan(change)]
    assert (np.diff(known) >= 0).all()
    assert np.isnan(change[len(known) :]).all()
    page.table.horizontalHeader().sectionClicked.emit(0)
    assert page.table.order.tolist() == sorted(page.table.order.tolist())
    page.table.horizontalHeader().sectionClicked.emit(0)
    assert page.table.order.tolist() == sorted(page.table.order.tolist(), reverse=True)
    page.table.horizontalHeader().sectionClicked.emit(9)  # texts are not sorted
    assert page.table.order.tolist() == sorted(page.table.order.tolist())


def test_keys_step_through_the_differences_with_both_reasons(stage: Stage, room: DataRoom) -> None:
    page = models(stage, room)
    order = page.table.order.tolist()
    seen = []
    for _ in range(2):
        key(stage, Qt.Key.Key_J)
        stage.until(lambda: page.maps.second.has_map)
        stage.until(lambda: not room._house.jobs.runs("data.beside.ahead"))
        seen.append(room.desk.current)
        assert text(stage) == TEXTS[room.desk.current][0]
    assert seen == order[:2]
    shown, result = page.maps.second.side.map, page.result
    assert shown is not None
    assert result is not None
    target = shown.request.target
    assert target.choice == result.first.label(int(result.first.predicted[seen[1]]))
    assert target.versus == result.label(int(result.predicted[seen[1]]))
    first, second = page.maps.first.heatmap, page.maps.second.heatmap
    assert first.limit == second.limit == max(first.own_limit, second.own_limit)
    assert "correlate by −1.00" in page.maps.caption.text()
    asked = sum(isinstance(request, ExplainBesideRequest) for request in stage.stub.asked)
    key(stage, Qt.Key.Key_K)
    assert room.desk.current == seen[0]
    key(stage, Qt.Key.Key_K)
    assert room.desk.current == seen[0], "that was the first one"
    stage.until(lambda: page.maps.second.has_map and not room._house.jobs.runs("data.beside.ahead"))
    again = sum(isinstance(request, ExplainBesideRequest) for request in stage.stub.asked)
    assert again == asked, "what is known is not computed anew"
    room._view.show_page("rows")
    key(stage, Qt.Key.Key_K)
    assert room.desk.current in ERRORS


def test_reasons_are_compared_where_the_answer_is_the_same(stage: Stage, room: DataRoom) -> None:
    page, said = models(stage, room), room.desk.predictions
    assert page.result is not None
    assert said is not None
    page.kind._group.button([id for id, _, _ in KINDS].index("same")).click()
    same = {int(row) for row in np.flatnonzero(page.result.fate == Fate.SAME)}
    assert set(page.table.order.tolist()) == same
    page.kind._group.button(0).click()
    listed = [row for row in page.table.order.tolist() if said.true[row] >= 0]
    page.maps_row.start.click()
    stage.until(lambda: "rows explained with both" in page.maps_row.note.text())
    asked = next(request for request in stage.stub.asked if isinstance(request, MapsBesideRequest))
    assert list(asked.rows) == listed
    assert asked.other == page.result.request.other
    assert page.table.order.tolist()[: len(listed)] == sorted(listed), "the least alike first"
    cells = page.table.cells
    assert cells.data(cells.index(0, 8)) == f"{min(listed) / 10:.2f}"


def test_a_search_narrows_the_comparison(stage: Stage, room: DataRoom) -> None:
    page = models(stage, room)
    assert page.numbers is not None
    everything = page.numbers.n
    room.desk.set_filter(RowFilter("kind:a", "errors"))
    assert page.numbers.n == 4 < everything
    assert page._figures.text().startswith("4 rows: “kind:a” · ")
    assert set(page.table.order.tolist()) <= {0, 2, 4, 6}


def test_another_method_is_another_question(stage: Stage, room: DataRoom) -> None:
    page = models(stage, room)
    key(stage, Qt.Key.Key_J)
    stage.until(lambda: page.maps.second.has_map)
    box = stage.window.workspace.method_panel.method_box
    box.setCurrentIndex(next(at for at in range(box.count()) if "Saliency" in box.itemText(at)))
    stage.until(lambda: (shown := page.maps.second.side.map) is not None and shown.request.method == "saliency")


def test_what_cannot_be_opened_is_told_and_stopping_keeps_what_there_is(stage: Stage, room: DataRoom) -> None:
    page = room._view.compare.models
    page.choose("missing", OtherModel("/models/missing"))
    page.row.start.click()
    stage.until(lambda: "There is nothing at /models/missing" in page.row.note.text())
    assert page.row.start.isVisible()
    stage.stub.step_seconds, stage.stub.steps = 0.05, 200
    page.choose("epoch 2", OtherModel(checkpoint="epoch 2"))
    page.row.start.click()
    stage.until(lambda: page.result is not None)
    page.row.stop.click()
    stage.until(lambda: "Stopped" in page.row.note.text())
    assert page.result is not None
    assert page.result.done < page.result.first.data.rows
    assert any(isinstance(request, BesideRequest) for request in stage.stub.closed)


def test_the_comparison_is_taken_along(stage: Stage, room: DataRoom, tmp_path: Path) -> None:
    page = models(stage, room)
    stage.window.actions_registry["copy_command"].trigger()
    words = shlex.split(QApplication.clipboard().text())
    assert words[words.index("--beside") + 1] == "epoch 2"
    kept = room.kept()
    assert kept is not None
    kept.save(tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith("beside_predicted,beside_probability,flip")
    assert len(lines) == 1 + len(page.table.order)
    kept.save(tmp_path / "out.json")
    assert page.result is not None
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert found["beside"]["fixed"] == page.result.numbers.fixed
    room._view.show_page("rows")
    stage.window.actions_registry["copy_command"].trigger()
    assert "--beside" not in QApplication.clipboard().text()


def test_another_model_forgets_what_was_compared(stage: Stage, room: DataRoom) -> None:
    page = models(stage, room)
    stage.open("/models/film-mood")
    assert page.result is None
    assert page.other.itemText(0) != "at epoch 10"
    assert not room._view.compare.checkpoints.row.start.isEnabled()
    assert "carries no checkpoints" in room._view.compare.checkpoints._empty.text()


# ---- training -------------------------------------------------------------------------------------------------------


def test_the_rows_over_training(stage: Stage, room: DataRoom) -> None:
    room._view.compare.show_kind("checkpoints")
    page, said = room._view.compare.checkpoints, room.desk.predictions
    page.row.start.click()
    stage.until(lambda: page.result is not None and not page.row.stop.isVisible())
    assert any(isinstance(request, CheckpointsRequest) for request in stage.stub.asked)
    assert page.result is not None
    assert said is not None
    assert page.checkpoint == len(NAMES) - 1
    assert page._at.text().startswith("At final · accuracy 33 % of 6")
    page.curves.slider.setValue(0)
    assert page._at.text().startswith("At epoch 0 · accuracy 17 % of 6"), "one row is neutral"
    first = page.table.order.tolist()[0]
    assert page.told is not None
    assert page.told.learnt[first] >= 0
    learnt = {row for row in range(len(TEXTS)) if page.told.learnt[row] == 0}
    page.kind._group.button(1).click()
    assert set(page.table.order.tolist()) == learnt
    page.kind._group.button(0).click()
    page.confusion.cell_chosen.emit("neutral", None)
    assert set(page.table.order.tolist()) == {int(row) for row in np.flatnonzero(said.true == 1)}
    page.confusion.cell_chosen.emit(None, None)
    assert len(page.table.order) == len(TEXTS)


def test_the_row_in_hand_is_explained_at_every_checkpoint(stage: Stage, room: DataRoom) -> None:
    room._view.compare.show_kind("checkpoints")
    page = room._view.compare.checkpoints
    page.row.start.click()
    stage.until(lambda: page.result is not None and not page.row.stop.isVisible())
    key(stage, Qt.Key.Key_J)
    assert room.desk.current == page.table.order[0]
    stage.until(lambda: page.matrix._result is not None and not room._house.jobs.runs("data.checkpoints.row"))
    shown = page.matrix._result
    assert shown is not None
    assert shown.request.attribution == room.desk.request_for(room.desk.current)
    assert page._title.text() == f"Row {room.desk.current}"
    page.matrix.checkpoint_chosen.emit(1)
    assert page.checkpoint == 1
    assert page.curves.slider.value() == 1
    key(stage, Qt.Key.Key_J)
    stage.until(lambda: page._title.text() == f"Row {page.table.order[1]}")
    key(stage, Qt.Key.Key_K)
    stage.until(lambda: not room._house.jobs.runs("data.checkpoints.row"))
    asked = [request for request in stage.stub.asked if isinstance(request, OverTrainingRequest)]
    assert len(asked) == len(set(asked)) == 2
    stage.window.actions_registry["copy_command"].trigger()
    assert "--checkpoints" in QApplication.clipboard().text()


# ---- examples -------------------------------------------------------------------------------------------------------


def test_a_pinned_row_stands_beside_the_next(stage: Stage, room: DataRoom) -> None:
    room._view.show_page("rows")
    actions = stage.window.actions_registry
    assert not actions["pin_row"].isEnabled()
    key(stage, Qt.Key.Key_J)
    stage.until_explained(TEXTS[room.desk.current][0])
    pinned = room.desk.current
    key(stage, Qt.Key.Key_P)
    page = room._view.compare.examples
    assert page.isVisible()
    assert page.maps.first.side.title == f"Row {pinned}"
    key(stage, Qt.Key.Key_J)
    assert room.desk.current != pinned
    stage.until_explained(TEXTS[room.desk.current][0])
    sides = page.maps.first.side, page.maps.second.side
    assert [side.map is not None and side.map.request.input.text for side in sides] == [
        TEXTS[pinned][0],
        TEXTS[room.desk.current][0],
    ]
    assert page.maps.first.heatmap.limit == page.maps.second.heatmap.limit
    assert sides[0].true == {"negative": "negative", "neg": "negative"}.get(TEXTS[pinned][1].lower(), TEXTS[pinned][1])
    page.back.click()
    assert room.desk.current == pinned
    key(stage, Qt.Key.Key_P, modifier=Qt.KeyboardModifier.ShiftModifier)
    assert not page.maps.isVisible()
    assert not actions["unpin_row"].isEnabled()


def test_the_pinned_row_is_asked_again_when_the_question_changes(stage: Stage, room: DataRoom) -> None:
    key(stage, Qt.Key.Key_J)
    stage.until_explained(TEXTS[room.desk.current][0])
    key(stage, Qt.Key.Key_P)
    key(stage, Qt.Key.Key_J)
    box = stage.window.workspace.method_panel.method_box
    box.setCurrentIndex(next(at for at in range(box.count()) if "Saliency" in box.itemText(at)))
    maps = room._view.compare.examples.maps

    def requests() -> list[AttributionRequest]:
        return [half.side.map.request for half in (maps.first, maps.second) if half.side.map is not None]

    stage.until(lambda: [request.method for request in requests()] == ["saliency"] * 2)
    classes = maps.first._bars
    assert classes is not None
    classes.target_chosen.emit("neutral")
    stage.until(lambda: [request.target.choice for request in requests()] == ["neutral"] * 2)


# ---- slices ---------------------------------------------------------------------------------------------------------


def test_two_slices_are_counted_and_their_words_summed_up(stage: Stage, room: DataRoom) -> None:
    room._view.compare.show_kind("slices")
    page, said = room._view.compare.slices, room.desk.predictions
    page.row.start.click()
    stage.until(lambda: page.result is not None)
    asked = next(request for request in stage.stub.asked if isinstance(request, SlicesRequest))
    assert [each.name for each in asked.slices] == ["Errors", "Right"]
    assert set(asked.slices[0].rows) == ERRORS
    assert said is not None
    assert set(asked.slices[1].rows) == {int(row) for row in np.flatnonzero(said.correct == 1)}
    cells = page.measures.cells
    shown = [cells.data(cells.index(0, column)) for column in range(5)]
    assert shown[:4] == ["Accuracy", "0.0 % (−10.0 … 10.0)", "100.0 % (90.0 … 110.0)", "yes"]
    assert shown[4] == "+100.0 points (+90.0 … +110.0)"
    assert cells.data(cells.index(1, 2)) == "–"
    assert page.titles[0].text() == f"Errors: {len(ERRORS)} rows"
    page.words_row.start.click()
    stage.until(lambda: page.summed is not None and not page.words_row.stop.isVisible())
    summing = next(request for request in stage.stub.asked if isinstance(request, AggregateRequest))
    assert [each.rows for each in summing.slices] == [each.rows for each in asked.slices]
    assert page.words[0].words
    stage.window.actions_registry["copy_command"].trigger()
    assert "--slices correct=no correct=yes" in QApplication.clipboard().text()
    page.words[0].word_chosen.emit(page.words[0].words[0])
    assert room._view.page == "rows"
    assert room.desk.filter.search


def test_saved_slices_and_the_rest_can_be_chosen(stage: Stage, room: DataRoom) -> None:
    room.desk.set_filter(RowFilter("kind:a"))
    work = room.store.work.sliced(SavedSlice("even", room.desk.selection()))
    room._change(work, "slice")
    room.desk.set_filter(RowFilter())
    room._view.compare.show_kind("slices")
    page = room._view.compare.slices
    page.first.setCurrentIndex(page.first.findData("even"))
    page.second.setCurrentIndex(page.second.findText("All others"))
    page.row.start.click()
    stage.until(lambda: page.result is not None)
    assert page.result is not None
    assert [each.rows for each in page.result.request.slices] == [(0, 2, 4, 6), (1, 3, 5, 7)]
    page.first.setCurrentIndex(page.first.findText("All rows"))
    page.row.start.click()
    stage.until(lambda: "has no rows" in page.row.note.text())
    kept = room.kept()
    assert kept is not None
    with pytest.raises(UserError, match="these slices fit none"):
        kept.command(Path())


def test_the_pages_fit_a_small_window(stage: Stage, room: DataRoom) -> None:
    models(stage, room)
    for kind in ("models", "checkpoints", "examples", "slices"):
        room._view.compare.show_kind(kind)
        QApplication.processEvents()
        row = room._view.compare._rows.currentWidget()
        assert row is not None
        right = row.mapTo(room._view, QPoint(row.width(), 0)).x()
        assert right <= room._view.width()
