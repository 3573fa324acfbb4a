"""Overview, words, consistency, what flips a row and what is like it, files and the report: asked, shown, followed."""

import csv
import io
import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from engine.requests import AggregateRequest, ConsistencyRequest, CounterfactualRequest, NeighboursRequest
from gui.data.room import DataRoom
from gui.data.row_filter import RowFilter
from tests.gui.conftest import Stage
from tests.gui.data.test_room import ERRORS, TEXTS, key, read, shown, text, written


@pytest.fixture
def room(stage: Stage, tmp_path: Path) -> DataRoom:
    return read(stage.open(), written(tmp_path / "films.csv"))


def test_a_cell_of_the_confusion_is_a_filter_and_the_counts_stay(stage: Stage, room: DataRoom) -> None:
    room._view.show_page("overview")
    page, said = room._view.overview, room.desk.predictions
    assert said is not None
    counts = page.confusion._numbers.confusion  # type: ignore[union-attr]
    by_hand = np.zeros((3, 3), int)
    for true, predicted in zip(said.true, said.predicted, strict=True):
        if true >= 0:
            by_hand[true, predicted] += 1
    assert (counts == by_hand).all()
    true, predicted = (int(at) for at in np.argwhere(by_hand * (1 - np.eye(3)) > 0)[0])
    centre = page.confusion._rect((true, predicted)).center().toPoint()
    QTest.mouseClick(page.confusion, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, centre)
    wanted = {int(row) for row in np.flatnonzero((said.true == true) & (said.predicted == predicted))}
    assert set(shown(room)) == wanted
    assert (page.confusion._numbers.confusion == by_hand).all(), "it is counted over every class"  # type: ignore[union-attr]
    QTest.mouseClick(page.confusion, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, centre)
    assert len(shown(room)) == len(TEXTS), "the same again is every class"
    row = QPoint(int(page.confusion._left) - 20, centre.y())
    QTest.mouseClick(page.confusion, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, row)
    assert set(shown(room)) == {int(each) for each in np.flatnonzero(said.true == true)}


def test_the_overview_says_of_which_rows_it_is(stage: Stage, room: DataRoom) -> None:
    room._view.show_page("overview")
    page = room._view.overview
    assert page._which.text() == "All 8 rows"
    assert page._figures.text().startswith("accuracy 33 % of 6")
    room.desk.set_filter(RowFilter("kind:a"))
    assert page._which.text() == "4 rows: “kind:a”"
    page.scope._group.button(1).click()
    assert page._which.text() == "All 8 rows"


def test_a_bin_of_the_calibration_is_a_search(stage: Stage, room: DataRoom) -> None:
    room._view.show_page("overview")
    plot, said = room._view.overview.calibration, room.desk.predictions
    assert said is not None
    at = int(np.flatnonzero(plot._numbers.histogram)[0])  # type: ignore[union-attr]
    area = plot._areas()[0]
    place = QPointF(area.left() + (at + 0.5) * area.width() / 10, area.center().y()).toPoint()
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    low, high = at / 10, (at + 1) / 10
    assert set(shown(room)) == {int(row) for row in np.flatnonzero((said.probability >= low) & (said.probability <= high))}


def test_words_of_the_rows_shown_lead_to_their_rows(stage: Stage, room: DataRoom) -> None:
    room._view.show_page("aggregate")
    page = room._view.aggregate
    page.row.start.click()
    stage.until(lambda: page.result is not None and not page.row.stop.isVisible())
    request = next(request for request in stage.stub.asked if isinstance(request, AggregateRequest))
    assert request.slices[0].rows == tuple(shown(room))
    assert request.explanation.target.versus is None
    word = page.first.words[0]
    assert word.total > 0
    page.kind._group.button(1).click()
    assert page.first.words[0].total < 0
    page.map.row_chosen.emit(4)
    assert text(stage) == TEXTS[4][0]
    page.first.word_chosen.emit(next(each for each in page.first.words if each.word == "people"))
    assert room._view.page == "rows"
    assert set(shown(room)) == {3, 4}


def test_errors_stand_beside_right_rows(stage: Stage, room: DataRoom) -> None:
    page = room._view.aggregate
    page.compare.setCurrentIndex(1)
    page.row.start.click()
    stage.until(lambda: page.result is not None and len(page.result.slices) == 2 and not page.row.stop.isVisibleTo(page))
    assert page.result is not None
    assert set(page.result.request.slices[0].rows) == ERRORS
    assert page._second_title.text().startswith("Right: ")


def test_a_method_that_cannot_be_summed_up_is_said(stage: Stage, room: DataRoom) -> None:
    box = stage.window.workspace.method_panel.method_box
    box.setCurrentIndex(next(at for at in range(box.count()) if "Saliency" in box.itemText(at)))
    room._view.aggregate.row.start.click()
    stage.until(lambda: "no sign" in room._view.aggregate.row.note.text())


def test_rules_and_the_rows_they_turn_over(stage: Stage, room: DataRoom) -> None:
    room._view.show_page("consistency")
    page = room._view.consistency
    for action in page.rules.menu().actions()[2:]:
        action.trigger()
    page.row.start.click()
    stage.until(lambda: page.result is not None and len(page.result.rules) == 2 and not page.row.stop.isVisible())
    request = next(request for request in stage.stub.asked if isinstance(request, ConsistencyRequest))
    assert request.rules == ("pronoun_gender", "names")
    case = page.cases._cases[0]
    assert case.flips
    page.cases.activated.emit(page.cases.model().index(0, 0))
    assert text(stage) == case.rewritten.text
    assert room.desk.current == case.row
    stage.window.actions_registry["undo"].trigger()
    assert text(stage) == TEXTS[case.row][0]
    page.pattern.setText("(")
    page.row.start.click()
    stage.until(lambda: "is not a rule" in page.row.note.text())


def test_what_flips_a_row_and_what_is_like_it(stage: Stage, room: DataRoom) -> None:
    key(stage, Qt.Key.Key_J)
    row, strip = room.desk.current, room._view.example
    strip._flip.click()
    stage.until(lambda: strip.suggestions.list.count() == 1)
    assert any(isinstance(request, CounterfactualRequest) for request in stage.stub.asked)
    first = TEXTS[row][0].split()[0]
    assert f"without ‘{first}’" in strip.suggestions.list.item(0).text()
    strip.suggestions.list.itemClicked.emit(strip.suggestions.list.item(0))
    assert text(stage) == TEXTS[row][0].removeprefix(first).strip()
    assert stage.window.workspace.method_panel.target_controls.true_label() is not None
    room.desk.go_to(row)
    strip._alike.click()
    stage.until(lambda: strip.suggestions.list.count() == len(TEXTS) - 1)
    asked = [request for request in stage.stub.asked if isinstance(request, NeighboursRequest)]
    assert asked[-1].row == row
    strip.suggestions.list.itemClicked.emit(strip.suggestions.list.item(0))
    assert text(stage) == TEXTS[1 if row == 0 else 0][0]


def test_the_rows_shown_are_taken_along(stage: Stage, room: DataRoom, tmp_path: Path) -> None:
    room.desk.go_to(3)
    room.toggle_tag("=odd")
    room.desk.set_filter(RowFilter("people"))
    kept = room.kept()
    assert kept is not None
    for suffix in (".csv", ".jsonl", ".png"):
        kept.save(tmp_path / f"rows{suffix}")
    read_back = list(csv.DictReader(io.StringIO((tmp_path / "rows.csv").read_text())))
    assert {int(each["row"]) for each in read_back} == {3, 4}
    assert next(each for each in read_back if each["row"] == "3")["tags"] == "'=odd"
    lines = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert next(each for each in lines if each["row"] == 3)["data"]["text"] == TEXTS[3][0]
    assert next(each for each in lines if each["row"] == 3)["tags"] == ["=odd"]
    assert all(each["correct"] in (True, False) for each in lines)
    words = shlex.split(kept.command(tmp_path))
    assert words[words.index("dataset") + 1] == "/models/film-mood"
    assert words[words.index("--label-column") + 1] == "label"


def test_the_report_is_saved(stage: Stage, room: DataRoom, tmp_path: Path) -> None:
    stage.dialogs.path = tmp_path / "report.html"
    stage.window.actions_registry["save_data_report"].trigger()
    stage.until(lambda: (tmp_path / "report.html").exists())
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
