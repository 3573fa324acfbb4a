"""Undo and redo: of settings and of swapped texts, with words; what is typed is the editor's."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QSpinBox

from gui.actions import Actions
from tests.gui.conftest import Stage


def actions(stage: Stage) -> Actions:
    return stage.window.actions_registry


def steps(stage: Stage) -> QSpinBox:
    box = stage.window.workspace.method_panel.findChild(QSpinBox, "param_n_steps")
    assert isinstance(box, QSpinBox)
    return box


def test_settings_go_back_one_by_one_and_forth(stage: Stage) -> None:
    stage.open()
    panel = stage.window.workspace.method_panel
    before = panel.snapshot()
    steps(stage).setValue(8)
    score = panel.findChild(QComboBox, "scoreBox")
    score.setCurrentText("probability")
    assert actions(stage)["undo"].text() == "Undo: score probability"
    actions(stage)["undo"].trigger()
    assert actions(stage)["undo"].text() == "Undo: steps 8"
    assert actions(stage)["redo"].text() == "Redo: score probability"
    actions(stage)["undo"].trigger()
    assert panel.snapshot() == before
    assert "nothing to undo" in actions(stage)["undo"].toolTip()
    actions(stage)["redo"].trigger()
    actions(stage)["redo"].trigger()
    assert (steps(stage).value(), score.currentText()) == (8, "probability")


def test_the_method_goes_back_with_its_own_settings(stage: Stage) -> None:
    stage.open()
    steps(stage).setValue(8)
    box = stage.window.workspace.method_panel.method_box
    box.setCurrentIndex(box.findData("random"))
    assert actions(stage)["undo"].text() == "Undo: method random"
    actions(stage)["undo"].trigger()
    assert box.currentData() == "integrated_gradients"
    assert steps(stage).value() == 8


def test_a_held_spin_box_is_one_step(stage: Stage) -> None:
    stage.open()
    for value in (2, 3, 4):
        steps(stage).setValue(value)
    actions(stage)["undo"].trigger()
    assert steps(stage).value() == steps(stage).minimum()
    assert not actions(stage)["undo"].isEnabled()


def test_a_swapped_text_comes_back_and_is_asked_again(stage: Stage) -> None:
    stage.open()
    stage.type("What I typed myself.")
    stage.until_explained("What I typed myself.")
    stage.window.workspace.input_panel.text.example_chosen.emit("A triumph.", "positive")
    assert actions(stage)["undo"].text() == "Undo: text “A triumph.”"
    actions(stage)["undo"].trigger()
    stage.until_explained("What I typed myself.")
    assert stage.window.workspace.method_panel.target_controls.true_label() is None
    actions(stage)["redo"].trigger()
    stage.until_explained("A triumph.")
    assert stage.window.workspace.method_panel.target_controls.true_label() == "positive"


def test_in_the_editor_undo_is_of_typing_elsewhere_of_settings(stage: Stage) -> None:
    stage.open()
    stage.window.activateWindow()
    editor = stage.window.workspace.input_panel.editor
    editor.setFocus()
    QTest.keyClicks(editor, "fine")
    steps(stage).setValue(8)
    QTest.keyClick(editor, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert editor.text() == ""
    assert steps(stage).value() == 8
    steps(stage).setFocus()
    QTest.keyClick(steps(stage), Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert steps(stage).value() == steps(stage).minimum()


def test_no_more_than_two_hundred(stage: Stage) -> None:
    stage.open()
    seed_of = stage.window.workspace.method_panel.target_controls.findChild(QComboBox, "scoreBox")
    for at in range(210):
        seed_of.setCurrentIndex((at + 1) % 3)
        stage.window.workspace.method_panel.baseline_controls.changed.emit()
    assert stage.window.history._stack.count() <= 200


def test_another_model_begins_anew(stage: Stage) -> None:
    stage.open()
    steps(stage).setValue(8)
    stage.open("/models/other")
    assert not actions(stage)["undo"].isEnabled()
