"""The text heatmap as the mouse, the keyboard and a screen reader meet it."""

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.results import Token, TokenizedText
from gui import theme
from gui.heatmaps.text_heatmap import MEASURE, TextHeatmap
from tests.gui import made

LEFT = Qt.MouseButton.LeftButton
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
HARD = {
    "plain": "A gorgeous film, disappointing nobody.",
    "long word": "before " + "x" * 400 + " after",
    "emoji": "I 😀 love 🎬 it",
    "breaks": "one\ntwo\r\n\nthree\ttabs",
    "hebrew": "שלום עולם יפה",
    "arabic": "مرحبا بالعالم الجميل",
    "mixed": "abc שלום def עולם ghi",
    "ideographs": "日本語 の テキスト",
    "controls": "NUL \x00 and \x1b escape",
}


@pytest.fixture
def heatmap(qtbot: QtBot, qapp: QApplication) -> TextHeatmap:
    theme.apply(qapp, theme.LIGHT)
    widget = TextHeatmap()
    qtbot.addWidget(widget)
    widget.resize(700, 400)
    widget.show()
    return widget


@pytest.fixture
def show(heatmap: TextHeatmap) -> Callable[..., TokenizedText]:
    def shown(text: str, values: list[float] | None = None, **more: object) -> TokenizedText:
        document = made.document(text, **more)  # type: ignore[arg-type]
        count = len(document.tokens)
        heatmap.show_map(document, np.linspace(-1, 1, count) if values is None else np.array(values), True)
        return document

    return shown


def middle(heatmap: TextHeatmap, token: int) -> QPoint:
    return heatmap.token_rects(token)[0].center().toPoint()


def pixels(heatmap: TextHeatmap) -> QImage:
    return heatmap.viewport().grab().toImage()


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_the_mouse_hits_the_token_whose_characters_are_there(
    heatmap: TextHeatmap, show: Callable[..., TokenizedText], text: str
) -> None:
    document = show(text)
    for number, token in enumerate(document.tokens):
        for rect in heatmap.token_rects(number):
            assert heatmap.token_at(rect.center().toPoint()) == number, (token, rect)
    if text == HARD["plain"]:
        assert {document.text[t.start : t.end] for t in document.tokens} >= {"gorgeo", "us", "film"}


@pytest.mark.parametrize(
    ("text", "offsets", "hit"),
    [
        ("cafe\u0301 noir", [(0, 4), (4, 5), (6, 10)], [0, 0, 2]),
        ("x👩\u200d👩\u200d👧y", [(0, 1), (1, 3), (3, 6), (6, 7)], [0, 1, 1, 3]),
        ("a😀b", [(0, 1), (1, 2), (1, 2), (2, 3)], [0, 1, 1, 3]),
    ],
)
def test_parts_of_one_character_are_hit_as_one(
    heatmap: TextHeatmap, text: str, offsets: list[tuple[int, int]], hit: list[int]
) -> None:
    heatmap.show_map(made.spans(text, *offsets), np.ones(len(offsets)), True)
    assert [heatmap.token_at(middle(heatmap, number)) for number in range(len(offsets))] == hit


def test_right_to_left_runs_from_the_right(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("שלום עולם")
    first, second = (heatmap.token_rects(number)[0] for number in (1, 2))
    assert first.left() > second.right()


def test_cells_do_not_overlap(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    document = show(HARD["mixed"])
    rects = sorted((rect for n in range(len(document.tokens)) for rect in heatmap.token_rects(n)), key=lambda rect: rect.left())
    assert all(left.right() <= right.left() + 0.6 for left, right in pairwise(rects))


def test_lines_fit_the_measure(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    heatmap.resize(1600, 400)
    document = show("many words that go on " * 40)
    right = max(rect.right() for n in range(len(document.tokens)) for rect in heatmap.token_rects(n))
    assert right <= MEASURE + 20


def test_a_new_map_moves_nothing(
    heatmap: TextHeatmap, show: Callable[..., TokenizedText], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = show("words " * 600)
    heatmap.verticalScrollBar().setValue(100)
    heatmap.select_token(20)
    value = heatmap.verticalScrollBar().value()
    before = [heatmap.token_rects(n)[0] for n in range(0, 600, 50)]
    QApplication.processEvents()
    old = pixels(heatmap)
    monkeypatch.setattr(heatmap, "_relayout", lambda: pytest.fail("laid out anew"))
    monkeypatch.setattr(heatmap._layout, "wrap", lambda width: pytest.fail("broken anew"))
    heatmap.show_map(document, -np.linspace(-1, 1, len(document.tokens)), True)
    heatmap.recolour(np.ones(len(document.tokens)), 2.0)
    assert heatmap.verticalScrollBar().value() == value
    assert heatmap.selected_token == 20
    assert [heatmap.token_rects(n)[0] for n in range(0, 600, 50)] == before
    assert pixels(heatmap) != old


def test_values_for_other_tokens_are_refused(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("A film.")
    with pytest.raises(ValueError, match="3 values for 5 tokens"):
        heatmap.recolour(np.zeros(3))


def test_colours_say_the_sign_and_zero_vanishes(heatmap: TextHeatmap) -> None:
    heatmap.show_map(made.spans("up no down", (0, 2), (3, 5), (6, 10)), np.array([1.0, 0.0, -1.0]), True)
    image = pixels(heatmap)

    def corner(token: int) -> str:
        rect = heatmap.token_rects(token)[0]
        return image.pixelColor(QPointF(rect.left() + 2, rect.top() + 5).toPoint()).name()

    assert corner(0) == theme.LIGHT.raises.name()
    assert corner(1) == theme.LIGHT.panel.name()
    assert corner(2) == theme.LIGHT.lowers.name()


def test_nan_is_hatched_and_not_taken_for_zero(heatmap: TextHeatmap) -> None:
    document = made.spans("word word", (0, 4), (5, 9))
    heatmap.show_map(document, np.array([np.nan, 0.0]), True)
    image = pixels(heatmap)
    first, second = (heatmap.token_rects(n)[0].toRect() for n in (0, 1))
    assert image.copy(first) != image.copy(second)
    assert heatmap.limit == 0.0


@pytest.mark.parametrize("size", [0.0, 1e-9, 1e9])
def test_any_size_of_value_is_painted(heatmap: TextHeatmap, show: Callable[..., TokenizedText], size: float) -> None:
    show("A film.", [size, -size, size, 0.0, size])
    assert heatmap.limit == size
    assert not pixels(heatmap).isNull()


@pytest.mark.parametrize("text", ["", " ", "\n", "a"])
def test_little_or_nothing_is_shown_quietly(heatmap: TextHeatmap, show: Callable[..., TokenizedText], text: str) -> None:
    show(text)
    heatmap.show_text(TokenizedText(text, ()))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_End):
        press(heatmap, key)
    assert not pixels(heatmap).isNull()


def press(heatmap: TextHeatmap, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(heatmap, key, modifiers)


def test_clicking_pins_and_clicking_again_lets_go(qtbot: QtBot, heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("A fine film.")
    with qtbot.waitSignal(heatmap.token_selected) as told:
        qtbot.mouseClick(heatmap.viewport(), LEFT, pos=middle(heatmap, 2))
    assert told.args == [2]
    with qtbot.waitSignal(heatmap.token_selected) as told:
        qtbot.mouseClick(heatmap.viewport(), LEFT, pos=middle(heatmap, 2))
    assert told.args == [-1]


def test_hovering_is_told_and_leaving_too(qtbot: QtBot, heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("A fine film.")
    with qtbot.waitSignal(heatmap.token_hovered) as told:
        qtbot.mouseMove(heatmap.viewport(), middle(heatmap, 3))
    assert told.args == [3]
    with qtbot.waitSignal(heatmap.token_hovered) as told:
        qtbot.mouseMove(heatmap.viewport(), QPoint(600, 350))
    assert told.args == [-1]


def test_setters_are_silent(qtbot: QtBot, heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    with qtbot.assertNotEmitted(heatmap.token_selected), qtbot.assertNotEmitted(heatmap.token_hovered):
        show("A fine film.")
        heatmap.select_token(1)
        heatmap.select_token(-1)
        heatmap.select_token(99)
        show("Other words.")
    assert heatmap.selected_token == -1


def test_arrows_walk_token_by_token_and_line_by_line(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    document = show("one two three\nfour five six seven eight")
    walked = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_Up):
        press(heatmap, key)
        walked.append(document.tokens[heatmap.selected_token].text or document.tokens[heatmap.selected_token].piece)
    assert walked[:3] == ["[CLS]", "one", "two"]
    assert walked[3] in ("five", "six", "seven")
    assert walked[4] == "four"
    assert walked[5] in ("[CLS]", "one")
    press(heatmap, Qt.Key.Key_End, CONTROL)
    assert document.tokens[heatmap.selected_token].piece == "[SEP]"
    press(heatmap, Qt.Key.Key_Right)
    assert document.tokens[heatmap.selected_token].piece == "[SEP]"


def test_in_hebrew_the_left_arrow_goes_on(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("שלום עולם")
    heatmap.select_token(1)
    press(heatmap, Qt.Key.Key_Left)
    assert heatmap.selected_token == 2


def test_the_keyboard_brings_its_token_into_view(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    document = show("word " * 2000)
    heatmap.setFixedHeight(200)
    press(heatmap, Qt.Key.Key_End)
    assert heatmap.selected_token == len(document.tokens) - 1
    assert heatmap.viewport().rect().contains(middle(heatmap, heatmap.selected_token))


def test_escape_lets_go_first_of_the_marked_then_of_the_pinned(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("one two")
    heatmap.select_token(1)
    press(heatmap, Qt.Key.Key_A, CONTROL)
    press(heatmap, Qt.Key.Key_Escape)
    assert heatmap.selected_token == 1
    press(heatmap, Qt.Key.Key_Escape)
    assert heatmap.selected_token == -1


def test_what_is_marked_is_copied_as_typed(qtbot: QtBot, heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    text = "one\ttwo\x00 😀 three"
    show(text)
    press(heatmap, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == text
    heatmap.select_token(2)
    for _ in range(5):
        press(heatmap, Qt.Key.Key_Right, SHIFT)
    assert heatmap.selected_text() == "two\x00 "
    press(heatmap, Qt.Key.Key_Right, SHIFT)
    assert heatmap.selected_text() == "two\x00 😀"


def test_dragging_marks_characters(qtbot: QtBot, heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("one two three")
    first, last = heatmap.token_rects(2)[0], heatmap.token_rects(3)[0]
    y = round(first.center().y())
    qtbot.mousePress(heatmap.viewport(), LEFT, pos=QPoint(round(first.left()) + 1, y))
    QTest.mouseMove(heatmap.viewport(), QPoint(round(last.center().x()), y))
    drag(heatmap, QPoint(round(last.right()), y))
    qtbot.mouseRelease(heatmap.viewport(), LEFT, pos=QPoint(round(last.right()), y))
    assert heatmap.selected_text() == "two three"
    assert heatmap.selected_token == -1


def drag(heatmap: TextHeatmap, to: QPoint) -> None:
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(to),
        QPointF(heatmap.viewport().mapToGlobal(to)),
        Qt.MouseButton.NoButton,
        LEFT,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(heatmap.viewport(), event)


def test_marking_stays_within_one_text_of_a_pair(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("First words.", pair="Second words.")
    heatmap._anchor = (0, 6)
    heatmap._mark_to((1, 3))
    assert heatmap.selected_text() == "words."


def test_what_was_cut_is_on_a_line_of_its_own_and_no_token(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    document = show("read this but not that", cut=(9, 22))
    last_read = heatmap.token_rects(2)[0]
    below = QPoint(30, round(last_read.bottom()) + 36)
    assert heatmap.token_at(below) == -1
    assert heatmap.token_rects(len(document.tokens) - 1)[0].top() == last_read.top()
    press(heatmap, Qt.Key.Key_A, CONTROL)
    assert heatmap.selected_text() == "read this but not that"


def test_a_screen_reader_is_told_the_token_and_its_value(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("A fine film.", [0, 0, 0.5, -0.25, 0, 0])
    assert heatmap.accessibleDescription() == "A fine film."
    heatmap.select_token(3)
    assert heatmap.accessibleDescription() == "film, −0.250"


def test_a_new_theme_recolours(qapp: QApplication, heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("A fine film.")
    theme.apply(qapp, theme.DARK)
    assert pixels(heatmap).pixelColor(5, 5) == theme.DARK.panel
    theme.apply(qapp, theme.LIGHT)


def test_the_height_is_that_of_the_text_and_does_not_follow_the_values(
    heatmap: TextHeatmap, show: Callable[..., TokenizedText]
) -> None:
    document = show("many words that go on " * 40)
    tall = heatmap.sizeHint().height()
    heatmap.recolour(np.zeros(len(document.tokens)))
    assert heatmap.sizeHint().height() == tall > 250
    show("few")
    assert heatmap.sizeHint().height() < 150


def test_five_thousand_tokens_are_recoloured_at_once(heatmap: TextHeatmap) -> None:
    tokens = tuple(Token("word", "word", i, 5 * i, 5 * i + 4, False) for i in range(5000))
    heatmap.show_map(TokenizedText("word " * 5000, tokens), np.zeros(5000), True)
    start = time.perf_counter()
    for _ in range(10):
        heatmap.recolour(np.random.default_rng(0).normal(size=5000))
    assert (time.perf_counter() - start) / 10 < 0.05


def test_a_bad_index_from_another_text_does_not_survive_it(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("a long text with many words")
    heatmap.select_token(5)
    show("short")
    press(heatmap, Qt.Key.Key_Right)
    assert heatmap.selected_token == 0


def test_resizing_keeps_the_place(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    document = show("word " * 3000)
    heatmap.verticalScrollBar().setValue(1200)
    top = next(n for n in range(1, len(document.tokens)) if heatmap.token_rects(n)[0].bottom() > 20)
    heatmap.resize(420, 400)
    QApplication.processEvents()
    assert abs(heatmap.token_rects(top)[0].top()) < 60


def test_typing_further_down_leaves_the_view_where_it_is(heatmap: TextHeatmap, show: Callable[..., TokenizedText]) -> None:
    show("word " * 3000)
    heatmap.verticalScrollBar().setValue(480)
    show("word " * 3000 + "more")
    assert heatmap.verticalScrollBar().value() == 480
    show("other " * 3000)
    assert heatmap.verticalScrollBar().value() == 0


def test_what_was_removed_is_struck_through_and_what_was_added_is_framed(
    heatmap: TextHeatmap, show: Callable[..., TokenizedText]
) -> None:
    """Nothing else is painted otherwise, and nothing moves."""
    document = show("A big dull film", [0.0] * 6)
    plain, places = pixels(heatmap), [heatmap.token_rects(at)[0] for at in range(6)]
    words = [at for at, token in enumerate(document.tokens) if token.text in ("big", "dull")]
    heatmap.show_edits([words[0]], [words[1]])
    edited = pixels(heatmap)
    assert [heatmap.token_rects(at)[0] for at in range(6)] == places
    changed = {
        at
        for at, rect in enumerate(places)
        for box in (rect.adjusted(2, 0, -2, 0).toRect(),)
        if plain.copy(box) != edited.copy(box)
    }
    assert changed == set(words)
    rect = places[words[0]].toRect()
    middle_grey = (theme.current().text.lightness() + theme.current().panel.lightness()) / 2
    rows = [rect.center().y() + step for step in (0, 1, 2)]
    struck = [min(edited.pixelColor(x, y).lightness() for y in rows) < middle_grey for x in range(rect.left(), rect.right())]
    assert all(struck)
    heatmap.show_edits([], [])
    assert pixels(heatmap) == plain
