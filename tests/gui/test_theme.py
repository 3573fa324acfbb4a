"""Colours by role: legible in both themes, in the palette, and known to every widget at once."""

import pytest
from PySide6.QtGui import QColor, QFontMetricsF, QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from engine.heatmaps import colours
from gui import theme

BOTH = pytest.mark.parametrize("look", [theme.LIGHT, theme.DARK], ids=["light", "dark"])


def contrast(first: QColor, second: QColor) -> float:
    return colours.contrast(first.name(), second.name())


@BOTH
@pytest.mark.parametrize("role", ["text", "muted", "accent", "raises", "warning", "error", "good", "focus"])
def test_words_can_be_read_on_every_surface(look: theme.Theme, role: str) -> None:
    surfaces = (look.window, look.panel, look.raised)
    assert min(contrast(getattr(look, role), surface) for surface in surfaces) >= 4.2


@BOTH
def test_text_can_be_read_where_it_is_selected(look: theme.Theme) -> None:
    assert contrast(look.text, look.selection) >= 4.5
    assert contrast(look.text, look.hover) >= 4.5
    assert contrast(look.on_accent, look.accent) >= 4.5


@BOTH
def test_applying_sets_palette_and_current(look: theme.Theme, qapp: QApplication) -> None:
    theme.apply(qapp, look)
    assert theme.current() is look
    assert qapp.palette().color(QPalette.ColorRole.Window) == look.window
    assert qapp.style().objectName().lower() in ("fusion", "")
    assert look.accent.name() in qapp.styleSheet()
    assert "$" not in qapp.styleSheet()


def test_a_widget_hears_of_a_new_theme_after_it_is_current(qtbot: QtBot, qapp: QApplication) -> None:
    heard = []

    class Listener(QLabel):
        def changeEvent(self, event: object) -> None:
            if event.type() in theme.RETHEME_EVENTS:  # type: ignore[attr-defined]
                heard.append(theme.current())

    theme.apply(qapp, theme.LIGHT)
    listener = Listener()
    qtbot.addWidget(listener)
    listener.show()
    heard.clear()
    theme.apply(qapp, theme.DARK)
    assert theme.DARK in heard
    assert theme.LIGHT not in heard


def test_the_bundled_fonts_are_read_and_digits_are_of_one_width(qapp: QApplication) -> None:
    assert set(theme.register_fonts()) == {"Inter-Regular", "Inter-SemiBold", "JetBrainsMono-Regular"}
    metrics = QFontMetricsF(theme.numbers_font())
    assert len({round(metrics.horizontalAdvance(digit * 10), 3) for digit in "0123456789"}) == 1


def test_a_text_is_read_as_typed_without_arrows_for_signs(qapp: QApplication) -> None:
    metrics = QFontMetricsF(theme.reading_font())
    assert metrics.horizontalAdvance("->") == pytest.approx(
        metrics.horizontalAdvance("-") + metrics.horizontalAdvance(">"), abs=0.6
    )


def test_the_style_sheet_stays_short_enough_to_read() -> None:
    assert theme.style_sheet(theme.LIGHT).count("\n") < 165
