"""Fields as rows and bars: what is drawn is what the engine says."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.dataset_results import FieldValue, RegressionNumbers
from gui.data.regression_plots import ResidualPlot
from gui.records.checkpoint_slider import CheckpointSlider
from gui.records.field_bars import FieldBars
from gui.records.field_map import FieldMap
from gui.records.field_panel import FieldPanel
from tests.gui import made, made_records

VALUES = np.array([1, 2, -3, 0, 4, 0.5, -0.5, 0, 0, 7, 0, 0, 0, -1.0])


@pytest.fixture
def shown(qtbot: QtBot, qapp: QApplication) -> FieldMap:
    view = FieldMap()
    qtbot.addWidget(view)
    view.resize(700, 160)
    view.show_result(made_records.result(VALUES))
    view.set_limit(7.0)
    view.show()
    return view


def test_bars_are_sums_means_or_the_largest(shown: FieldMap) -> None:
    assert shown.measured().tolist() == [0.0, 4.0, 0.0, 6.0]
    shown.set_measure("mean")
    np.testing.assert_allclose(shown.measured(), [0.0, 2.0, 0.0, 1.2])
    shown.set_measure("peak")
    assert shown.measured().tolist() == [-3.0, 4.0, 0.5, 7.0]


def test_it_reads_out_a_character_and_its_field(shown: FieldMap, qtbot: QtBot) -> None:
    place = shown._cell(3, 0).center().toPoint()
    with qtbot.waitSignal(shown.read_out_changed) as told:
        QTest.mouseMove(shown, QPoint(1, 1))
        QTest.mouseMove(shown, place)
    assert "“a” +7" in told.args[0]
    assert "name “anna” · sum +6" in told.args[0]
    assert "minutes" in told.args[0]


def test_a_click_and_the_arrows_choose_characters(shown: FieldMap, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shown.token_selected) as chosen:
        QTest.mouseClick(shown, Qt.MouseButton.LeftButton, pos=shown._cell(1, 1).center().toPoint())
    assert chosen.args == [4]
    for key, token in ((Qt.Key.Key_Right, 5), (Qt.Key.Key_Down, 9), (Qt.Key.Key_Up, 5), (Qt.Key.Key_Left, 4)):
        with qtbot.waitSignal(shown.token_selected) as chosen:
            QTest.keyClick(shown, key)
        assert chosen.args == [token], key


def test_characters_have_the_colours_of_the_text_above(shown: FieldMap) -> None:
    picture = shown.grab().toImage()
    cell = shown._cell(3, 0)
    strong = picture.pixelColor(int(cell.left()) + 2, int(cell.top()) + 2)
    weak = picture.pixelColor(int(shown._cell(3, 1).left()) + 2, int(cell.top()) + 2)
    assert strong.red() - strong.blue() > 100
    assert abs(weak.red() - weak.blue()) < 20


def test_a_text_has_no_fields_to_show(qtbot: QtBot, qapp: QApplication) -> None:
    panel = FieldPanel()
    qtbot.addWidget(panel)
    panel.show_result(made_records.result(VALUES))
    assert not panel.isHidden()
    text = made.document("A fine film.")
    panel.show_result(made.result(text, np.ones(len(text.tokens), np.float32)))
    assert panel.isHidden()
    panel.show_result(None)
    assert panel.isHidden()


def test_values_of_any_size_and_none_are_drawn(shown: FieldMap) -> None:
    for values in (VALUES * 1e-9, VALUES * 1e9, np.full(14, np.nan), np.zeros(14)):
        shown.show_result(made_records.result(values))
        assert not shown.grab().isNull()


def test_bars_over_rows(qtbot: QtBot, qapp: QApplication) -> None:
    bars = FieldBars("bars")
    qtbot.addWidget(bars)
    fields = (FieldValue("day", -0.5, 2.0, 4.0), FieldValue("hour", 3.0, 5.0, 6.0))
    for measure, expected in (("mean", [-0.5, 3.0]), ("magnitude", [2.0, 5.0]), ("maximum", [4.0, 6.0])):
        bars.show_fields(fields, measure, "minutes")  # type: ignore[arg-type]
        assert bars.measured().tolist() == expected
        assert not bars.grab().isNull()
    assert "day · mean −0.5" in bars.in_words(0)


def test_the_slider_names_its_checkpoint_and_asks_when_it_rests(qtbot: QtBot, qapp: QApplication) -> None:
    slider = CheckpointSlider()
    qtbot.addWidget(slider)
    slider.show_names(("epoch 0", "epoch 1", "final"))
    assert slider.checkpoint is None
    with qtbot.waitSignal(slider.chosen):
        QTest.keyClick(slider.slider, Qt.Key.Key_Home)
    assert slider.checkpoint == "epoch 0"
    slider.show_names(("epoch 0", "epoch 1", "final"))
    assert slider.checkpoint == "epoch 0", "the same names: nothing moves"
    slider.show_names(())
    assert slider.isHidden()


def test_a_bin_of_residuals_is_chosen_by_mouse_and_by_key(qtbot: QtBot, qapp: QApplication) -> None:
    plot = ResidualPlot()
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    edges, counts = np.array([-2.0, -1.0, 0.0, 1.0]), np.array([3, 0, 5])
    plot.show_numbers(RegressionNumbers(8, 1.0, 1.0, 0.5, 0.1, 1.0, 2.0, edges, counts), "minutes")
    plot.show()
    with qtbot.waitSignal(plot.bin_chosen) as chosen:
        QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=QPoint(int(plot._x(0.5)), 50))
    assert chosen.args == [0.0, 1.0]
    QTest.keyClick(plot, Qt.Key.Key_Left)
    QTest.keyClick(plot, Qt.Key.Key_Left)
    with qtbot.waitSignal(plot.bin_chosen) as chosen:
        QTest.keyClick(plot, Qt.Key.Key_Return)
    assert chosen.args == [-2.0, -1.0]
    assert "3 rows" in plot.in_words(0)
