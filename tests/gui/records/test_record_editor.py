"""The form of fields: typed into, pasted into, told what does not fit."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from engine.requests import RecordInput
from gui.inputs.record import RecordEditor
from tests.gui import made_records
from tests.gui.made_records import RECORD


@pytest.fixture
def editor(qtbot: QtBot, qapp: QApplication) -> RecordEditor:
    made = RecordEditor()
    qtbot.addWidget(made)
    made.show_model(made_records.model())
    made.resize(900, 160)
    made.show()
    return made


def line(editor: RecordEditor, name: str) -> QLineEdit:
    control = editor.editors[name].control
    found = control.lineEdit() if isinstance(control, QComboBox) else control
    assert isinstance(found, QLineEdit)
    return found


def limit(editor: RecordEditor, name: str) -> str:
    return editor.editors[name]._limit.text()


def test_there_is_an_editor_for_each_field_in_their_order(editor: RecordEditor) -> None:
    assert list(editor.editors) == ["day", "hour", "weight", "name"]
    day = editor.editors["day"].control
    assert isinstance(day, QComboBox)
    assert [day.itemText(at) for at in range(day.count())] == ["", "mon", "tue", "sun"]
    places = [each.geometry().left() for each in editor.editors.values()]
    assert places == sorted(places)


def test_nothing_is_given_until_something_is_typed(editor: RecordEditor, qtbot: QtBot) -> None:
    assert editor.given() is None
    with qtbot.waitSignal(editor.edited):
        QTest.keyClicks(line(editor, "hour"), "8")
    assert editor.given() == RecordInput((("hour", "8"),))
    with qtbot.waitSignal(editor.edited):
        QTest.keyClicks(line(editor, "day"), "tue")
    assert editor.given() == RecordInput((("day", "tue"), ("hour", "8")))


def test_what_is_put_is_silent_and_can_be_undone_in_its_field(editor: RecordEditor, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(editor.edited):
        editor.put(RECORD)
    assert editor.given() == RECORD
    editor.put(RecordInput((("name", "bo"), ("colour", "red"))))
    assert editor.given() == RecordInput((("name", "bo"),))
    line(editor, "name").undo()
    assert line(editor, "name").text() == "anna"


def test_limits_say_what_does_not_fit(editor: RecordEditor) -> None:
    editor.put(RECORD)
    assert [limit(editor, name) for name in editor.editors] == ["3/3", "1/2", "4/4", "4/5"]
    QTest.keyClicks(line(editor, "name"), "belle")
    assert limit(editor, "name").startswith("⚠ 9/5") or limit(editor, "name").startswith("⚠ ")
    editor.put(RecordInput((("hour", "x"), ("day", "wed"), ("weight", "much"))))
    assert all(limit(editor, name).startswith("⚠") for name in ("hour", "day", "weight"))
    assert "whole number" in editor.editors["hour"]._limit.toolTip()


def test_tab_goes_from_field_to_field(editor: RecordEditor, qtbot: QtBot) -> None:
    editor.window().activateWindow()
    line(editor, "hour").setFocus()
    qtbot.waitUntil(lambda: line(editor, "hour").hasFocus())
    QTest.keyClick(line(editor, "hour"), Qt.Key.Key_Tab)
    assert line(editor, "weight").hasFocus()


def test_enter_runs(editor: RecordEditor, qtbot: QtBot) -> None:
    with qtbot.waitSignal(editor.run_wanted):
        QTest.keyClick(line(editor, "hour"), Qt.Key.Key_Return)


@pytest.mark.parametrize(
    "copied",
    ["mon,8,12.5,anna\n", "mon;8;12.5;anna", "mon\t8\t12.5\tanna\t99\n", "name,hour,x,day,weight\nanna,8,z,mon,12.5\n"],
)
def test_a_pasted_row_fills_all_fields(editor: RecordEditor, qtbot: QtBot, copied: str) -> None:
    QApplication.clipboard().setText(copied)
    with qtbot.waitSignal(editor.record_pasted) as pasted:
        QTest.keyClick(line(editor, "hour"), Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert dict(pasted.args[0].fields) == dict(RECORD.fields)
    assert line(editor, "hour").text() == "", "it is put by whoever can undo it"


def test_a_single_value_is_pasted_where_the_caret_is(editor: RecordEditor, qtbot: QtBot) -> None:
    QApplication.clipboard().setText("1,5")
    with qtbot.assertNotEmitted(editor.record_pasted):
        QTest.keyClick(line(editor, "name"), Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert line(editor, "name").text() == "1,5"


def test_the_button_says_why_the_clipboard_holds_no_row(editor: RecordEditor, qtbot: QtBot) -> None:
    QApplication.clipboard().setText("a,b")
    with qtbot.waitSignal(editor.refused) as refused:
        editor.paste_row()
    assert "2 cells" in refused.args[0]


def test_an_edit_is_told_beside_what_was_said_before(editor: RecordEditor, qtbot: QtBot) -> None:
    change, back = editor.tools.findChild(QLabel, "recordChange"), editor.tools.findChild(QPushButton, "recordBack")
    editor.tools.show()
    editor.put(RECORD)
    editor.show_prediction(made_records.prediction(RECORD, 60.0))
    assert change.isHidden()
    edited = RecordInput((*RECORD.fields[:1], ("hour", "17"), *RECORD.fields[2:]))
    QTest.keyClicks(line(editor, "hour"), "x")
    editor.show_prediction(made_records.prediction(edited, 71.0))
    assert not change.isHidden()
    assert "60.0 → 71.0 (+11.0)" in change.text() or "60 → 71 (+11" in change.text()
    assert "hour 8 → 17" in change.text()
    with qtbot.waitSignal(editor.back_wanted) as wanted:
        QTest.mouseClick(back, Qt.MouseButton.LeftButton)
    assert wanted.args[0] == RECORD


def test_another_model_keeps_what_fields_of_the_same_name_hold(editor: RecordEditor) -> None:
    from dataclasses import replace

    editor.put(RECORD)
    other = replace(made_records.model(), fields=(*made_records.FIELDS[:2], replace(made_records.FIELDS[3], name="other")))
    editor.show_model(other)
    assert editor.given() == RecordInput(RECORD.fields[:2])
