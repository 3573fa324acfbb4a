"""A folder that holds code: nothing runs before a person has read of it and said yes, and that is remembered."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget, QPlainTextEdit, QPushButton

from engine.requests import OpenModelRequest
from gui.views.trust_dialog import TrustDialog
from tests.gui.conftest import Stage
from tests.gui.stub_engine import CODE_HASH

PATH = "/models/own module"


def begin(stage: Stage, path: str = PATH) -> TrustDialog:
    stage.window.conductor.open_model(path)
    stage.until(lambda: stage.window.trusting.dialog is not None)
    dialog = stage.window.trusting.dialog
    assert dialog is not None
    return dialog


def opened(stage: Stage) -> list[OpenModelRequest]:
    return [request for request in stage.stub.asked if isinstance(request, OpenModelRequest)]


def test_the_code_is_shown_and_nothing_is_opened(stage: Stage) -> None:
    dialog = begin(stage)
    names = dialog.findChild(QListWidget, "trustFiles")
    text = dialog.findChild(QPlainTextEdit, "trustText")
    assert [names.item(row).text() for row in range(names.count())] == ["module.py", "model.json", "weights.pth (not text)"]
    assert text.toPlainText().startswith("def build():")
    assert text.isReadOnly()
    names.setFocus()
    QTest.keyClick(names, Qt.Key.Key_Down)
    assert text.toPlainText() == "{}"
    QTest.keyClick(names, Qt.Key.Key_Down)
    assert text.toPlainText() == ""
    before = stage.window.conductor.model
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    stage.until(lambda: stage.window.trusting.dialog is None)
    assert stage.window.conductor.model is before
    assert len(opened(stage)) == 1
    assert stage.window.message_bar.message is None


def test_enter_does_not_consent(stage: Stage) -> None:
    dialog = begin(stage)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    stage.until(lambda: stage.window.trusting.dialog is None)
    QApplication.processEvents()
    assert len(opened(stage)) == 1
    assert stage.window.conductor.model is None


def test_consent_opens_it_and_is_remembered(stage: Stage) -> None:
    dialog = begin(stage)
    QTest.mouseClick(dialog.findChild(QPushButton, "trustRun"), Qt.MouseButton.LeftButton)
    stage.until(lambda: stage.window.conductor.model is not None)
    assert opened(stage)[-1].trust == (CODE_HASH,)
    assert stage.window.trusting.dialog is None
    stage.window.conductor.open_model(PATH)
    stage.until(lambda: len(opened(stage)) == 3 and not stage.window.conductor.opening.running)
    assert stage.window.trusting.dialog is None  # it is not asked again


def test_a_folder_that_is_gone_by_then(stage: Stage) -> None:
    stage.window.conductor.open_model("/models/module gone")
    stage.until(lambda: stage.window.message_bar.message is not None)
    assert "nothing there any more" in stage.window.message_bar.message.text
    assert stage.window.trusting.dialog is None
