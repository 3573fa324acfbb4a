"""Pin, note, reopen, report, in the whole window on a stub engine."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QWidget

from engine import atomic_file
from engine.findings import pinned
from engine.requests import AttributionRequest
from gui.view_actions import apply_theme
from gui.views.finding_card import FindingCard
from tests.gui import made
from tests.gui.conftest import Stage

SENTENCE = "a film\0 <b>\nwith two lines"


def trigger(stage: Stage, id: str) -> None:
    action = stage.window.actions_registry[id]
    assert action.isEnabled(), id
    action.trigger()


def cards(stage: Stage) -> list[FindingCard]:
    found = [stage.window.findings.view.card(each.id) for each in stage.window.findings.store.findings]
    return [card for card in found if card is not None]


def asked(stage: Stage) -> list[AttributionRequest]:
    return [request for request in stage.stub.asked if isinstance(request, AttributionRequest)]


def choose(stage: Stage, name: str, words: str) -> None:
    box = stage.window.findChild(QComboBox, name)
    assert box is not None
    before = len(asked(stage))
    box.setCurrentIndex(box.findText(words))
    stage.until(lambda: len(asked(stage)) > before)
    stage.until_explained()


@pytest.fixture
def explained(stage: Stage) -> Stage:
    """A map of a difference of two classes, pinned."""
    stage.open()
    stage.type(SENTENCE)
    stage.until_explained(SENTENCE)
    choose(stage, "targetBox", "positive")
    choose(stage, "versusBox", "neutral")
    trigger(stage, "pin_finding")
    return stage


def warning(stage: Stage) -> str:
    message = stage.window.message_bar.message
    return message.text if message is not None else ""


def test_without_a_map_there_is_nothing_to_pin(stage: Stage) -> None:
    assert not stage.window.actions_registry["pin_finding"].isEnabled()
    assert not stage.window.actions_registry["save_report"].isEnabled()
    trigger(stage, "findings")
    assert stage.window.findings.view.isVisible()
    assert stage.window.findings.view._empty.isVisible()
    QTest.keyClick(stage.window.focusWidget(), Qt.Key.Key_Escape)
    assert stage.window.workspace.isVisible()


def test_what_is_pinned_is_a_card_with_a_note_that_is_kept(explained: Stage) -> None:
    trigger(explained, "findings")
    card = cards(explained)[0]
    assert explained.window.focusWidget() is card
    QTest.keyClicks(card.note, "worth a look")
    explained.window.findings.end()
    assert explained.window.findings.store.findings[0].note == "worth a look"
    assert (explained.home / "state" / "findings.json").exists()
    assert all(widget.accessibleName() for widget in card.findChildren(QWidget) if widget.focusPolicy() & Qt.FocusPolicy.TabFocus)


def test_a_click_brings_everything_back_and_asks_nothing(explained: Stage) -> None:
    stage, was = explained, explained.window.conductor.map
    choose(stage, "targetBox", "predicted (" + stage.window.conductor.map.prediction.predicted.label + ")")
    choose(stage, "methodBox", "Saliency")
    stage.type("another text")
    stage.until_explained("another text")
    count = len(stage.stub.asked)
    trigger(stage, "findings")
    QTest.keyClick(cards(stage)[0], Qt.Key.Key_Return)
    stage.until(lambda: stage.window.workspace.isVisible())
    conductor, panel = stage.window.conductor, stage.window.workspace.method_panel
    assert conductor.map is not None
    assert was is not None
    assert conductor.map.request == was.request
    assert (conductor.map.values == was.values).all()
    assert panel.choices().request(stage.window.workspace.input_panel.input(), was.request.model_sha256) == was.request
    assert "another text" in stage.memory.session.recent_texts, "what was typed is not lost"
    stage.qtbot.wait(300)
    assert len(stage.stub.asked) == count
    trigger(stage, "run")
    stage.until(lambda: len(stage.stub.asked) == count + 1)
    assert asked(stage)[-1] == was.request


def test_the_file_of_random_documents_comes_back_too(explained: Stage) -> None:
    stage = explained
    controls = stage.window.workspace.method_panel.baseline_controls
    controls.choose_file("/data/texts.csv")
    controls.set_baselines(("random_document", "random_document"))
    trigger(stage, "run")
    stage.until(lambda: stage.window.conductor.map is not None and stage.window.conductor.map.request.background is not None)
    stage.until_explained()
    was = stage.window.conductor.map
    assert was is not None
    trigger(stage, "pin_finding")
    controls.set_baselines(("mask",), "/data/other.csv")
    stage.window.findings.open(stage.window.findings.store.findings[0].id)
    panel = stage.window.workspace.method_panel
    assert panel.choices().request(stage.window.workspace.input_panel.input(), was.request.model_sha256) == was.request
    assert controls.background() == "/data/texts.csv"


def test_coming_back_can_be_undone(explained: Stage) -> None:
    stage = explained
    choose(stage, "methodBox", "Saliency")
    stage.window.conductor.put_text("another text")
    stage.until_explained("another text")
    stage.window.findings.open(stage.window.findings.store.findings[0].id)
    assert stage.window.workspace.input_panel.editor.text() == SENTENCE
    trigger(stage, "undo")
    trigger(stage, "undo")
    stage.until_explained("another text")
    stage.until(lambda: asked(stage)[-1].method == "saliency")


def test_its_model_is_opened_first_and_not_asked(explained: Stage) -> None:
    stage, was = explained, explained.window.conductor.map
    stage.open("/models/other")
    stage.until_explained()
    count = len(asked(stage))
    stage.window.findings.open(stage.window.findings.store.findings[0].id)
    stage.until(lambda: stage.window.conductor.model is not None and stage.window.conductor.model.path == "/models/film-mood")
    assert stage.window.conductor.map is not None
    assert was is not None
    assert stage.window.conductor.map.request == was.request
    stage.qtbot.wait(300)
    assert len(asked(stage)) == count
    assert not warning(stage)


def test_a_changed_model_is_said_and_the_map_shown_all_the_same(explained: Stage) -> None:
    stage, found = explained, explained.window.findings.store.findings[0]
    other = replace(found.result, model=replace(found.result.model, sha256="f" * 64, path="/models/retrained"))
    stage.window.findings.store.add(pinned(other))
    stage.window.findings.open(stage.window.findings.store.findings[0].id)
    stage.until(lambda: "has changed since" in warning(stage))
    assert stage.window.conductor.map is not None
    assert stage.window.conductor.map.model.path == "/models/retrained"
    assert "ffffffffffff" in warning(stage)


def test_a_missing_model_is_said_and_the_map_shown_all_the_same(explained: Stage) -> None:
    stage, found = explained, explained.window.findings.store.findings[0]
    gone = replace(found.result, model=replace(found.result.model, sha256="e" * 64, path="/models/missing"))
    stage.window.findings.store.add(pinned(gone))
    stage.window.findings.open(stage.window.findings.store.findings[0].id)
    stage.until(lambda: "as it was pinned" in warning(stage))
    assert stage.window.conductor.map is not None
    assert stage.window.conductor.map.model.path == "/models/missing"
    assert stage.window.workspace.input_panel.editor.text() == SENTENCE


def test_delete_and_undo_by_key_and_button(explained: Stage) -> None:
    stage = explained
    trigger(stage, "pin_finding")
    trigger(stage, "findings")
    first, second = cards(stage)
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Delete)
    assert cards(stage) == [second]
    assert stage.window.focusWidget() is second
    undo = stage.window.findChild(QPushButton, "undoDelete")
    assert undo is not None
    assert undo.isVisible()
    QTest.mouseClick(undo, Qt.MouseButton.LeftButton)
    assert len(cards(stage)) == 2
    assert not undo.isVisible()


def test_the_report_is_one_page_or_one_sentence(explained: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = explained
    stage.dialogs.path = tmp_path / "report.html"
    trigger(stage, "save_report")
    assert "<article>" in stage.dialogs.path.read_text(encoding="utf-8")

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = stage.dialogs.path.read_bytes()
    monkeypatch.setattr(atomic_file.os, "fsync", full)
    trigger(stage, "save_report")
    assert "No space left on device" in warning(stage)
    assert stage.dialogs.path.read_bytes() == before
    monkeypatch.undo()


def test_findings_are_there_at_the_next_start(explained: Stage, make_stage: object) -> None:
    explained.close()
    again = make_stage().start()  # type: ignore[operator]
    trigger(again, "findings")
    assert len(cards(again)) == 1


@pytest.mark.parametrize("look", ["light", "dark"])
def test_odd_maps_make_cards(qapp: QApplication, stage: Stage, look: str) -> None:
    apply_theme(look)
    odd = [
        made.result(made.document("word " * 2000)),
        made.result(made.document(""), [0.0, float("nan")]),
        made.result(made.document("One.", pair="Two.", cut=(3, 4)), progress=0.4),
        made.result(made.document("שלום עולם"), signed=False, complete=False),
    ]
    for result in odd:
        stage.window.findings.store.add(pinned(result, "note\n" * 20))
    trigger(stage, "findings")
    for card in cards(stage):
        assert not card.grab().isNull()
        assert card.height() < 420
