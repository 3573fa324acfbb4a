"""One registry: no two actions on one key, every one findable, every greyed one with its reason."""

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget, QWidget
from pytestqt.qtbot import QtBot

from gui import theme
from gui.actions import ACTIONS, Actions
from gui.views.key_sheet import KeySheet
from gui.views.palette import KEYS, WHY, Palette, rank_of
from tests.gui.conftest import Stage

TAKEN_BY_THE_EDITOR = ("Ctrl+A", "Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+Home", "Ctrl+End")


def test_no_two_actions_share_a_key() -> None:
    keys = [QKeySequence(each).toString() for description in ACTIONS for each in description.shortcuts]
    assert all(keys)
    assert [key for key, count in Counter(keys).items() if count > 1] == []
    assert not set(keys) & set(TAKEN_BY_THE_EDITOR)


def test_ids_and_names_are_unique() -> None:
    assert len({description.id for description in ACTIONS}) == len(ACTIONS)
    assert len({description.text for description in ACTIONS}) == len(ACTIONS)


def test_a_greyed_action_says_why(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    actions = Actions(window)
    actions.set_available("save", "There is no map yet.")
    assert not actions["save"].isEnabled()
    assert actions.why_not("save") == "There is no map yet."
    assert "There is no map yet." in actions["save"].toolTip()
    actions.set_available("save", None)
    assert actions.why_not("save") == ""
    assert "Ctrl+S" in actions["save"].toolTip()


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("theme d", "Theme: dark"),
        ("cpcmd", "Copy as command"),
        ("open m", "Open model…"),
        ("keys", "Keys"),
        ("TEXT", "Go to the text"),
    ],
)
def test_a_few_letters_find_it(typed: str, first: str) -> None:
    ranked = [(rank, at, d.text) for at, d in enumerate(ACTIONS) if (rank := rank_of(typed, f"{d.text} {d.group}")) is not None]
    assert min(ranked)[2] == first


def test_letters_that_do_not_occur_find_nothing() -> None:
    assert rank_of("zzz", "Open model…") is None
    assert rank_of("", "Open model…") == 0


@pytest.mark.qt_log_ignore("This plugin does not support")  # popups, where there is no screen
def test_the_palette_runs_what_is_chosen_and_shows_reasons(stage: Stage) -> None:
    palette = Palette(stage.window.actions_registry, stage.window)
    palette.popup()
    letters, found = palette.findChild(QLineEdit, "paletteFilter"), palette.findChild(QListWidget, "paletteList")
    assert letters is not None
    assert found is not None
    assert found.count() == len(stage.window.actions_registry.descriptions()) - 1, "all but the palette itself"
    letters.setText("save")
    assert found.item(0).data(WHY) == "There is nothing to keep yet."
    assert found.item(0).data(KEYS) == "Ctrl+S"
    QTest.keyClick(letters, Qt.Key.Key_Return)
    assert palette.isVisible(), "a greyed action does nothing"
    letters.setText("theme dark")
    QTest.keyClick(letters, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert stage.memory.settings.theme == "dark"


def test_the_sheet_of_keys_lists_every_shortcut(stage: Stage) -> None:
    sheet = KeySheet(stage.window.actions_registry, stage.window)
    shown = {label.text() for label in sheet.findChildren(QWidget) if hasattr(label, "text")}
    for description in ACTIONS:
        if description.shortcuts:
            keys = stage.window.actions_registry.keys(description.id)
            assert ("1 … 9" if keys.isdecimal() else keys) in shown


@pytest.mark.parametrize("look", [theme.LIGHT, theme.DARK], ids=lambda look: look.name)
def test_the_sheet_of_keys_stands_out_from_the_window(stage: Stage, qapp: QApplication, look: theme.Theme) -> None:
    theme.apply(qapp, look)
    sheet = KeySheet(stage.window.actions_registry, stage.window)
    sheet.show()
    picture = sheet.grab().toImage()
    middle = picture.width() // 2, picture.height() // 2
    for place in ((0, middle[1]), (picture.width() - 1, middle[1]), (middle[0], 0), (middle[0], picture.height() - 1)):
        assert picture.pixelColor(*place).name() == look.border.name()
