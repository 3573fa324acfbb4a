"""The token in the middle of its surroundings, in a narrow list too."""

import pytest
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QApplication

from gui import theme
from gui.detective.places import token_in


@pytest.fixture
def metrics(qapp: QApplication) -> QFontMetrics:
    theme.apply(qapp, theme.LIGHT)
    return QFontMetrics(theme.mono_font(12))


@pytest.mark.parametrize("token", ["a", "original", "interesting"])
@pytest.mark.parametrize("room", [160, 400])
def test_a_word_is_written_whole(metrics: QFontMetrics, token: str, room: int) -> None:
    assert token_in(token, metrics, room) == (token, metrics.horizontalAdvance(token) + 2)


def test_a_long_one_ends_in_an_ellipsis_and_leaves_room_around_it(metrics: QFontMetrics) -> None:
    shown, wide = token_in("x" * 200, metrics, 160)
    assert shown.endswith("…")
    assert metrics.horizontalAdvance(shown) + 2 <= wide <= 96
