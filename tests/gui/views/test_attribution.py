from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from engine.results import Notice
from gui import theme
from gui.views.attribution import AttributionView
from gui.views.value_table import ValueTable
from tests.gui import made

LEFT = Qt.MouseButton.LeftButton
TEXT = "A gorgeous film."


@pytest.fixture
def view(qtbot: QtBot, qapp: QApplication) -> AttributionView:
    theme.apply(qapp, theme.LIGHT)
    widget = AttributionView()
    qtbot.addWidget(widget)
    widget.resize(760, 620)
    widget.show()
    return widget


def visible_words(view: AttributionView) -> str:
    return "\n".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())


def table(view: AttributionView) -> ValueTable:
    view.findChild(QToolButton, "showAsTable").setChecked(True)
    return view.findChild(ValueTable, "valueTable")


def cell(view: AttributionView, row: int, column: int) -> str:
    return str(table(view).model().index(row, column).data())


def test_empty_says_what_will_be_here(view: AttributionView) -> None:
    assert "orange raises the score, blue lowers it" in visible_words(view)


def test_a_result_says_what_for_whom_and_in_which_unit(view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT)))
    assert "Integrated Gradients: what speaks for positive" in visible_words(view)
    assert view.heatmap().limit == 1.0


def test_the_read_out_names_value_rank_and_share(qtbot: QtBot, view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT), [0, 0.5, -1.0, 0.25, 0.25, 0, 0]))
    with qtbot.waitSignal(view.read_out_changed) as told:
        QTest.mouseMove(view.heatmap().viewport(), view.heatmap().token_rects(2)[0].center().toPoint())
    assert told.args == ["“gorgeo” · piece gorgeo · −1.00 logit · rank 1 of 7 · 50 % of Σ|values|"]


def test_pinning_is_told_and_read_out(qtbot: QtBot, view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT)))
    with qtbot.waitSignals([view.token_selected, view.read_out_changed]):
        QTest.mouseClick(view.heatmap().viewport(), LEFT, pos=view.heatmap().token_rects(3)[0].center().toPoint())
    with qtbot.assertNotEmitted(view.token_selected):
        view.select_token(1)


def test_parts_of_one_character_say_that_they_are_drawn_together(qtbot: QtBot, view: AttributionView) -> None:
    view.show_result(made.result(made.spans("a😀", (0, 1), (1, 2), (1, 2)), [1, 2, 3]))
    with qtbot.waitSignal(view.read_out_changed) as told:
        QTest.mouseMove(view.heatmap().viewport(), view.heatmap().token_rects(1)[0].center().toPoint())
    assert told.args[0].endswith("part 1 of 2 of one character, drawn with their sum")
    assert view.heatmap().limit == 5.0


def test_the_text_stands_there_before_its_values(view: AttributionView) -> None:
    document = made.document(TEXT)
    view.show_prediction(made.prediction(document))
    assert view.heatmap().cell_values is None
    assert view.heatmap().isVisible()
    view.show_result(made.result(document))
    view.show_prediction(made.prediction(made.document(TEXT)))
    assert view.heatmap().cell_values is not None
    view.show_prediction(made.prediction(made.document("Other.")))
    assert view.heatmap().cell_values is None


def places(view: AttributionView) -> dict[str, object]:
    watched = [view.heatmap(), view.findChild(QWidget, "completenessStrip"), view.findChild(QToolButton, "showPath")]
    return {str(widget): widget.geometry() for widget in watched}


def test_nothing_moves_while_a_map_sharpens(view: AttributionView) -> None:
    document = made.document("many words that go on " * 20)
    view.show_prediction(made.prediction(document))
    QApplication.processEvents()
    before = places(view)
    for progress in (0.1, 0.5, 1.0):
        partial = made.result(document, progress=progress, warnings=("Stopped at 10 %.",) if progress < 1 else ())
        view.show_result(partial)
        QApplication.processEvents()
        assert places(view) == before


def test_a_stopped_map_stays_and_says_so(view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT), progress=0.62, warnings=("Stopped at 62 %: not finished.",)))
    assert "not finished" not in visible_words(view)
    view.show_stopped()
    assert "stopped at 62 %" in visible_words(view)
    assert "not finished" in visible_words(view)
    assert view.heatmap().cell_values is not None


def test_remedies_are_passed_on(qtbot: QtBot, view: AttributionView) -> None:
    view.show_result(made.result(sums=made.completeness(converged=False)))
    with qtbot.waitSignal(view.remedy_chosen) as told:
        view.findChild(QWidget, "remedy_more_steps").click()  # type: ignore[attr-defined]
    assert told.args == ["more_steps"]


def test_the_table_lists_every_token_and_sorts_by_value(view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT), [0, 0.5, -1.0, 0.25, np.nan, 0, 0]))
    assert [cell(view, 2, column) for column in range(8)] == ["2", "gorgeo", "gorgeo", "2", "8", "−1.000", "1", "57 %"]
    assert cell(view, 4, 5) == "not a number"
    assert (cell(view, 4, 6), cell(view, 4, 7)) == ("–", "–")
    table(view).sortByColumn(6, Qt.SortOrder.AscendingOrder)
    assert [cell(view, row, 1) for row in range(2)] == ["gorgeo", "A"]


def test_table_and_text_share_one_selection(qtbot: QtBot, view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT)))
    rows = table(view)
    rows.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    with qtbot.waitSignal(view.token_selected) as told:
        rows.selectRow(1)
    assert told.args == [5]
    assert view.heatmap().selected_token == 5
    with qtbot.assertNotEmitted(view.token_selected):
        view.select_token(2)
    assert rows.selectionModel().selectedRows()[0].row() == 4
    view.show_result(made.result(made.document(TEXT), np.ones(7)))
    assert rows.selectionModel().selectedRows()[0].row() == 4


@pytest.mark.parametrize("values", [np.zeros(7), np.full(7, 1e-9), np.full(7, 1e9), np.full(7, np.nan)])
def test_any_values_are_shown(view: AttributionView, values: np.ndarray) -> None:
    view.show_result(made.result(made.document(TEXT), values, path=made.curve()))
    table(view)
    view.findChild(QToolButton, "showPath").setChecked(True)
    assert not view.grab().isNull()


def test_rows_of_d_model_are_added_up(view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT), np.arange(14.0).reshape(7, 2)))
    np.testing.assert_allclose(view.heatmap().cell_values, [1, 5, 9, 13, 17, 21, 25])


def test_one_token_five_thousand_and_none(view: AttributionView) -> None:
    view.show_result(made.result(made.spans("a", (0, 1)), [1.0]))
    view.show_result(made.result(made.document("word " * 5000)))
    assert view.heatmap().verticalScrollBar().maximum() > 1000
    view.show_result(made.result(made.spans(""), []))
    assert not view.grab().isNull()
    view.clear()


def test_themes(qapp: QApplication, view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT), path=made.curve()))
    theme.apply(qapp, theme.DARK)
    assert view.grab().toImage().pixelColor(740, 60) == theme.DARK.panel
    theme.apply(qapp, theme.LIGHT)


def test_a_long_text_scrolls_by_itself_with_its_numbers_in_sight(view: AttributionView) -> None:
    view.show_result(made.result(made.document("word " * 5000), path=made.curve()))
    QApplication.processEvents()
    sheet = view.findChild(QWidget, "attributionSheet")
    strip = view.findChild(QWidget, "completenessStrip")
    assert view.heatmap().verticalScrollBar().maximum() > 1000
    assert strip.mapTo(sheet, strip.rect().bottomLeft()).y() < sheet.height()


def test_in_a_low_window_the_sheet_scrolls(view: AttributionView) -> None:
    view.resize(760, 300)
    view.show_result(made.result(made.document(TEXT), path=made.curve()))
    QApplication.processEvents()
    assert view.findChild(QScrollArea, "attributionSheet").verticalScrollBar().maximum() > 0
    assert view.heatmap().height() >= 100


def test_a_warning_is_said_once(view: AttributionView) -> None:
    said = (Notice("Not converged.", "not_converged"), Notice("The text was cut.", "cut"))
    view.show_result(replace(made.result(made.document(TEXT)), warnings=said))
    assert "⚠ The text was cut." in visible_words(view)
    assert "Not converged." not in visible_words(view)


def test_the_table_follows_the_grain_and_copies_plain_numbers(qtbot: QtBot, view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT), [0, 0.5, -1.0, 0.25, 0.25, 0, 0]))
    view.set_grain("word")
    assert [cell(view, 2, column) for column in range(4)] == ["2", "gorgeous", "gorgeo us", "2"]
    rows = table(view)
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QApplication.clipboard().text().split("\n")
    assert lines[0].split("\t")[1:3] == ["Word", "Pieces"]
    assert lines[3].split("\t") == ["2", "gorgeous", "gorgeo us", "2", "10", "-0.75", "1", "0.5"]


def test_find_underlines_in_the_map(view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT)))
    view.open_find_bar()
    view.findChild(QWidget, "findField").setText("o")  # type: ignore[attr-defined]
    assert len(view.heatmap()._look.hits) == 2
    assert not view.grab().isNull()
    view.find_bar.close_bar()
    assert view.heatmap()._look.hits == []


def test_choosing_a_grain_is_told(qtbot: QtBot, view: AttributionView) -> None:
    view.show_result(made.result(made.document(TEXT)))
    with qtbot.waitSignal(view.grain_changed) as told:
        view.findChild(QToolButton, "grain_word").click()
    assert told.args == ["word"]
    with qtbot.assertNotEmitted(view.grain_changed):
        view.set_grain("sentence")
