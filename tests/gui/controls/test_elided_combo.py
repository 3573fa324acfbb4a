"""What is too long for a combo box ends in …, never in half a letter."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionComboBox
from pytestqt.qtbot import QtBot

from gui import theme
from gui.controls.elided_combo import ElidedCombo

LONG, PIXELS = "tanh(c) · squashed state", 120


def shown(qtbot: QtBot, words: str) -> ElidedCombo:
    box = ElidedCombo()
    qtbot.addWidget(box)
    box.addItem(words)
    box.setFixedWidth(PIXELS)
    box.show()
    return box


def test_it_is_drawn_as_a_text_that_ends_in_dots(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, theme.LIGHT)
    box = shown(qtbot, LONG)
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    field = box.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box)
    fits = box.fontMetrics().elidedText(LONG, Qt.TextElideMode.ElideRight, field.width() - 2)
    assert fits.endswith("…")
    assert len(fits) > len(LONG) // 3
    assert box.grab().toImage() == shown(qtbot, fits).grab().toImage()
    assert box.currentText() == LONG


def test_a_text_that_fits_is_left(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, theme.LIGHT)
    assert shown(qtbot, "logit").grab().toImage() != shown(qtbot, "logits").grab().toImage()
