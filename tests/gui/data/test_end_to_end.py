"""The real engine on the real sample: opened by one click, its errors stepped through by key, the reason there each time."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.samples import samples
from gui.engine_thread import EngineThread
from gui.main_window import MainWindow
from gui.memory import Memory
from gui.view_actions import apply_theme
from gui.views.sample_card import ERRORS_SHOWN
from main import make_engine

PATIENCE = 120_000


def test_film_reviews_from_the_welcome_page(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROLOUPE_HOME", str(tmp_path))
    apply_theme("light")
    engine = EngineThread(make_engine)
    window = MainWindow(engine, Memory(tmp_path, tmp_path), samples())
    window.resize(1440, 900)
    window.show()
    window.start()
    qtbot.waitUntil(lambda: window.workspace.method_panel.method_box.count() > 0, timeout=PATIENCE)
    card = window.welcome.findChild(object, "sample_reviews")
    QTest.mouseClick(card, Qt.MouseButton.LeftButton)  # type: ignore[call-overload]
    room = window.data_room
    assert room is not None
    qtbot.waitUntil(lambda: room.desk.whole, timeout=PATIENCE)
    said = room.desk.predictions
    assert said is not None
    assert room.in_sight
    assert said.numbers.labelled == 518
    texts = said.data.table.cells("text")
    for text, answer in ERRORS_SHOWN:
        row = texts.index(text)
        assert (said.label(int(said.predicted[row])), said.correct[row]) == (answer, 0), "as the welcome page has it"
    window.workspace.tabs.setCurrentWidget(window.workspace.attribution_view)
    window.workspace.attribution_view.setFocus()
    seen = []
    for _ in range(4):
        QTest.keyClick(window.workspace.attribution_view, Qt.Key.Key_J)
        qtbot.waitUntil(
            lambda: window.conductor.map is not None and window.conductor.map.request.input == room.desk.put, timeout=PATIENCE
        )
        qtbot.waitUntil(lambda: not window.conductor.explanation.running, timeout=PATIENCE)
        row, shown = room.desk.current, window.conductor.map
        assert shown is not None
        assert shown.progress == 1
        assert said.correct[row] == 0
        assert (shown.target.index, shown.target.versus_index) == (said.predicted[row], said.true[row])
        assert shown.prediction.predicted.probability == pytest.approx(float(said.probability[row]), abs=1e-4)
        seen.append(float(said.margin[row]))
    assert seen == sorted(seen)
    assert len(set(seen)) == 4
    room.enter()
    example, shown = room._view.example, window.conductor.map
    assert shown is not None
    largest = max(
        (token for token in shown.tokens if not token.special), key=lambda token: shown.values[shown.tokens.index(token)]
    )
    example.heatmap.select_token(shown.tokens.index(largest))
    QTest.keyClick(example.heatmap, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: example.edit is not None, timeout=PATIENCE)
    assert example.edit is not None
    edit = example.edit.result
    assert largest.text in [edit.words[at].text for at in example.edit.places("removed")]
    assert edit.before.prediction.classes == shown.prediction.classes
    change = float(edit.after.values.sum() - edit.before.values.sum())
    assert sum(word.attribution_change for word in edit.words) == pytest.approx(change, abs=1e-4)
    assert [saved.input for saved in room.store.work.edits] == [edit.request.after]
    with qtbot.waitSignal(window.closed, timeout=PATIENCE):
        window.close()
    assert engine.wait(PATIENCE)
    window.deleteLater()
