"""The real engine on news-bilstm and a table of our own: a checkpoint beside the model, training over the rows, a pinned row."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.samples import samples
from gui.engine_thread import EngineThread
from gui.main_window import MainWindow
from gui.memory import Memory
from gui.view_actions import apply_theme
from main import make_engine
from tests import news

PATIENCE = 120_000


def test_news_beside_its_own_training(qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path))
    apply_theme("light")
    engine = EngineThread(make_engine)
    window = MainWindow(engine, Memory(tmp_path, tmp_path), samples())
    window.resize(1440, 900)
    window.show()
    window.start()

    def until(true: Callable[[], bool]) -> None:
        qtbot.waitUntil(true, timeout=PATIENCE)

    def click(name: str) -> None:
        widget = window.findChild(QWidget, name)
        assert widget is not None
        assert widget.isVisible(), name
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]

    until(lambda: window.workspace.method_panel.method_box.count() > 0)
    click("sample_news-bilstm")
    until(lambda: window.conductor.map is not None)
    room = window.data_room
    assert room is not None
    room.open(news.write(tmp_path))
    until(lambda: room.desk.whole)
    said = room.desk.predictions
    assert said is not None
    assert said.numbers.labelled == len(news.SENTENCES)
    assert 0 < (said.correct == 0).sum() < len(news.SENTENCES) / 2, "there are real errors, and not only errors"

    click("dataPage_compare")
    page = room._view.compare
    models = page.models
    models.other.setCurrentIndex(models.other.findText("at epoch 2"))
    click("besideStart")
    until(lambda: models.result is not None and not models.row.stop.isVisible())
    result = models.result
    assert result is not None
    assert result.name == "epoch 2"
    walked = []
    for _ in range(3):
        QTest.keyClick(models.table, Qt.Key.Key_J)
        until(lambda: models.maps.second.has_map)
        row = room.desk.current
        first, second = models.maps.first.side.map, models.maps.second.side.map
        assert first is not None
        assert second is not None
        assert first.prediction.predicted.index == said.predicted[row]
        assert second.prediction.predicted.probability == pytest.approx(float(result.probability[row]), abs=1e-4)
        assert result.label(int(result.predicted[row])) == second.prediction.predicted.label
        assert (first.target.label, first.target.versus) == (second.target.label, second.target.versus)
        walked.append(row)
    assert walked == models.table.order.tolist()[:3]
    assert all(said.predicted[row] != result.predicted[row] for row in walked)

    click("compareKind_checkpoints")
    click("checkpointsStart")
    checkpoints = page.checkpoints
    until(lambda: checkpoints.result is not None and not checkpoints.row.stop.isVisible())
    over = checkpoints.result
    assert over is not None
    assert over.names[0] == "epoch 0"
    assert len(over.names) == 9
    at = over.names.index("epoch 2")
    np.testing.assert_array_equal(over.predicted[at], result.predicted)
    assert over.numbers[-1].accuracy == said.numbers.accuracy
    assert over.numbers[at].accuracy == pytest.approx(result.numbers.second)
    slider = checkpoints.curves.slider
    slider.setFocus()
    for _ in range(len(over.names) - 1 - at):
        QTest.keyClick(slider, Qt.Key.Key_Left)
    assert checkpoints._at.text().startswith("At epoch 2 · accuracy")
    QTest.keyClick(checkpoints.table, Qt.Key.Key_J)
    until(lambda: (shown := checkpoints.matrix._result) is not None and shown.progress == 1)
    shown = checkpoints.matrix._result
    assert shown is not None
    row = room.desk.current
    assert [each.prediction.predicted.index for each in shown.maps] == over.predicted[:, row].tolist()

    click("dataPage_rows")
    QTest.keyClick(room._view.table, Qt.Key.Key_K)
    until(lambda: not window.conductor.explanation.running)
    pinned = room.desk.current
    QTest.keyClick(room._view.table, Qt.Key.Key_P)
    QTest.keyClick(page.examples.pin, Qt.Key.Key_N)
    until(lambda: page.examples.maps.first.has_map and page.examples.maps.second.has_map)
    assert page.examples.maps.first.side.title == f"Row {pinned:,}"
    assert page.examples.maps.second.side.title == f"Row {room.desk.current:,}"
    assert room.desk.current != pinned

    click("compareKind_slices")
    click("slicesStart")
    until(lambda: page.slices.result is not None)
    assert page.slices.result is not None
    assert len(page.slices.result.rows[0]) == (said.correct == 0).sum()
    click("sliceWordsStart")
    until(lambda: page.slices.summed is not None and not page.slices.words_row.stop.isVisible())
    assert page.slices.words[1].words
    with qtbot.waitSignal(window.closed, timeout=PATIENCE):
        window.close()
    assert engine.wait(PATIENCE)
    window.deleteLater()
