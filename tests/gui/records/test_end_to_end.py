"""The real engine on the sample of records: fields edited by key, a table stepped through, the training behind it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from engine.requests import RecordInput
from engine.samples import RESOURCES, samples
from gui.engine_thread import EngineThread
from gui.main_window import MainWindow
from gui.memory import Memory
from gui.view_actions import apply_theme
from main import make_engine

PATIENCE = 120_000
FIRST = next(sample for sample in samples() if sample.name == "delivery-regressor").examples[0]


@pytest.mark.timeout(300)  # a table, and fifty rows explained twice
def test_records_from_the_welcome_page_to_their_training(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path))
    apply_theme("light")
    engine = EngineThread(make_engine)
    window = MainWindow(engine, Memory(tmp_path, tmp_path), samples())
    window.resize(1440, 900)
    window.show()
    window.start()
    conductor, panel = window.conductor, window.workspace.input_panel
    qtbot.waitUntil(lambda: window.workspace.method_panel.method_box.count() > 0, timeout=PATIENCE)

    def until(true: Callable[[], bool]) -> None:
        qtbot.waitUntil(true, timeout=PATIENCE)

    def explained(record: RecordInput) -> Callable[[], bool]:
        return lambda: (
            conductor.map is not None
            and conductor.map.request.input == record
            and conductor.map.progress == 1
            and not conductor.explanation.running
        )

    card = window.welcome.findChild(object, "sample_delivery-regressor")
    QTest.mouseClick(card, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]
    assert FIRST.record is not None
    until(explained(FIRST.record))
    assert panel.given() == FIRST.record
    fields = window.workspace.attribution_view.fields
    assert fields.isVisible()
    before = conductor.map.prediction.predicted.logit
    assert sum(each.total for each in fields.map.fields) == pytest.approx(
        conductor.map.completeness.f_input - conductor.map.completeness.f_baseline, rel=0.02
    )

    # an edit, its change, and back
    weather = panel.record.editors["weather"].control
    assert isinstance(weather, QComboBox)
    line = weather.lineEdit()
    assert isinstance(line, QLineEdit)
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "snow")
    edited = RecordInput(tuple((name, "snow" if name == "weather" else value) for name, value in FIRST.record.fields))
    until(explained(edited))
    after = conductor.map.prediction.predicted.logit
    assert after > before + 8
    change = panel.record._change.text()
    assert "weather rain → snow" in change
    panel.record._back.click()
    until(explained(FIRST.record))
    window.actions_registry["undo"].trigger()
    until(explained(edited))

    # the table
    room = window.data_room
    assert room is not None
    room.open(str(RESOURCES / "samples" / "datasets" / "deliveries.csv"))
    until(lambda: room.desk.whole)
    said = room.desk.predictions
    off = np.abs(said.residual)
    assert room.desk.rows[0] == int(off.argmax())
    table = room._view.table
    table.setFocus()
    seen = []
    for _ in range(3):
        QTest.keyClick(table, Qt.Key.Key_J)
        until(explained(room.desk.put))
        seen.append(float(off[room.desk.current]))
        assert conductor.map.prediction.predicted.logit == pytest.approx(float(said.logits[room.desk.current, 0]), abs=1e-2)
    assert seen == sorted(seen, reverse=True)
    page = room._view.overview
    room._view.show_page("overview")
    assert f"{said.numbers.regression.n:,} rows" in page._figures.text()
    page.scatter.row_chosen.emit(7)
    until(explained(room.desk.input_of(7)))

    # fields over many rows, now and before the training
    settings = window.workspace.method_panel
    settings.go_back_to(replace(settings.snapshot(), method="input_x_gradient"))
    many = room._view.aggregate
    room._view.show_page("aggregate")
    many.many.setCurrentIndex(0)
    many.row.start.click()
    until(lambda: many.result is not None and len(many.result.slices[0].rows) == 50 and many.row.stop.isHidden())
    (of,) = many.result.slices
    assert of.values.shape == (50, 28)
    trained = {each.name: each.magnitude for each in of.fields}
    assert max(trained, key=lambda name: trained[name]) == "distance"
    many.checkpoint.slider.setFocus()
    QTest.keyClick(many.checkpoint.slider, Qt.Key.Key_Home)
    until(lambda: many.result.request.checkpoint == "epoch 0" and len(many.result.slices[0].rows) == 50)
    assert abs(many.bars.measured()).max() < 2

    with qtbot.waitSignal(window.closed, timeout=PATIENCE):
        window.close()
    assert engine.wait(PATIENCE)
    window.deleteLater()
