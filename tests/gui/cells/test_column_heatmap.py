"""A text in columns: where every character stands, and what the mouse and the keys do to it."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.cells import Alternatives
from engine.results import Token, TokenizedText
from gui import theme
from gui.cells.column_heatmap import ColumnHeatmap
from gui.cells.column_layout import ColumnLayout, ColumnText
from gui.cells.column_painter import guess_text
from gui.heatmaps.colours import colour_map
from tests.gui import made, made_cells

CODE = "if x:\n    y = 'a longer line that has to be broken somewhere'\n\nz"


def lines(text: str, width: int = 30) -> list[str]:
    laid = ColumnLayout(ColumnText(made_cells.characters(text)), width)
    return [text[slice(*laid.line(number))] for number in range(laid.line_count)]


def test_lines_keep_their_breaks_and_their_indentation() -> None:
    found = lines(CODE)
    assert "".join(found) == CODE
    assert found[0] == "if x:\n"
    assert found[1].startswith("    y = ")
    assert found[-2:] == ["\n", "z"]
    assert all(len(line.rstrip("\n")) <= 30 for line in found)
    assert all(line.endswith((" ", "\n")) for line in found[:-1]), "broken after a space"


def test_a_word_without_end_is_cut_where_the_line_ends() -> None:
    assert [len(line) for line in lines("x" * 65)] == [30, 30, 5]
    assert lines("") == [""]
    assert lines("a" * 30 + "\n" + "b") == ["a" * 30 + "\n", "b"], "a break hangs over the margin"


def test_columns_of_wide_and_leaning_characters() -> None:
    text = ColumnText(made_cells.characters("a\t漢e\u0301b"))
    assert text.columns.tolist() == [1, 4, 2, 1, 0, 1]
    assert text.right.tolist() == [0, 1, 5, 7, 8, 8, 9]


def test_a_character_of_two_tokens_shows_the_last() -> None:
    document = TokenizedText(
        "ab", (Token("a", "a", 0, 0, 1, False), Token("a", "½", 1, 0, 1, False), Token("b", "b", 2, 1, 2, False))
    )
    assert ColumnText(document).token.tolist() == [1, 2]


def test_special_tokens_stand_at_the_ends_as_words() -> None:
    document = replace(
        made_cells.characters("ab"), tokens=(made.special("<s>"), *made_cells.characters("ab").tokens, made.special("</s>"))
    )
    text = ColumnText(document)
    assert text.text == "<s> ab </s> "
    assert text.token.tolist() == [0, 0, 0, -1, 1, 2, -1, 3, 3, 3, 3, -1]


def test_guesses_of_words_make_room() -> None:
    text = ColumnText(made_cells.characters("ab"), np.array([6, 1]))
    assert text.right.tolist() == [0, 6, 7]
    assert guess_text(" ") == "␣"
    assert guess_text("\n") == "↵"
    assert guess_text("a word that is far too long") == "a word that…"


@pytest.fixture
def heatmap(qtbot: QtBot, qapp: QApplication) -> ColumnHeatmap:
    theme.apply(qapp, theme.LIGHT)
    made_one = ColumnHeatmap()
    qtbot.addWidget(made_one)
    made_one.resize(600, 200)
    made_one.show()
    return made_one


def shown(heatmap: ColumnHeatmap, text: str, values: np.ndarray | None = None, guesses: Alternatives | None = None) -> None:
    document = made_cells.characters(text)
    heatmap.show_map(document, np.linspace(-1, 1, len(text)) if values is None else values, True, 1.0, guesses)


def test_every_character_has_the_colour_of_its_value(heatmap: ColumnHeatmap) -> None:
    shown(heatmap, "aWb\n c", np.array([-1.0, 0.0, 1.0, 0.5, 1.0, np.nan]))
    picture, colours = heatmap.viewport().grab().toImage(), colour_map(theme.LIGHT, signed=True).colours
    for token, step in ((0, 0), (1, 255), (2, 510), (4, 510)):
        rect = heatmap.token_rects(token)[0]
        corner = picture.pixelColor(int(rect.left()) + 1, int(rect.top()) + 2)
        assert corner.name() == colours[step].name(), token
    rect = heatmap.token_rects(5)[0].toRect()
    inside = {picture.pixelColor(x, y).name() for x in range(rect.left(), rect.right()) for y in range(rect.top(), rect.bottom())}
    assert len(inside) > 3, "hatched, never to be taken for zero"


def test_a_click_pins_and_a_second_one_lets_go(heatmap: ColumnHeatmap, qtbot: QtBot) -> None:
    shown(heatmap, CODE)
    place = heatmap.token_rects(8)[0].center().toPoint()
    with qtbot.waitSignal(heatmap.token_selected) as told:
        qtbot.mouseClick(heatmap.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told.args == [8]
    with qtbot.waitSignal(heatmap.token_selected) as told:
        qtbot.mouseClick(heatmap.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told.args == [-1]
    assert heatmap.token_at(QPoint(590, 190)) == -1


def test_arrows_move_the_pin(heatmap: ColumnHeatmap, qtbot: QtBot) -> None:
    shown(heatmap, "abc\ndefg\n\nh")
    for key, token in (
        (Qt.Key.Key_Right, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_Down, 5), (Qt.Key.Key_End, 8), (Qt.Key.Key_Home, 4),
        (Qt.Key.Key_Up, 0), (Qt.Key.Key_Left, 0),
    ):  # fmt: skip
        qtbot.keyClick(heatmap, key)
        assert heatmap.selected_token == token, key
    qtbot.keyClick(heatmap, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    assert heatmap.selected_token == 10
    qtbot.keyClick(heatmap, Qt.Key.Key_Escape)
    assert heatmap.selected_token == -1


def test_an_edit_below_moves_nothing_and_keeps_the_pin(heatmap: ColumnHeatmap) -> None:
    text = "\n".join(f"line {n}" for n in range(200))
    shown(heatmap, text)
    heatmap.select_token(700)
    place = heatmap.verticalScrollBar().value()
    assert place > 0
    shown(heatmap, f"{text} and more")
    assert heatmap.verticalScrollBar().value() == place
    assert heatmap.selected_token == 700
    shown(heatmap, "other words")
    assert heatmap.selected_token == -1


def test_guesses_come_below_and_what_is_looked_at_stays(heatmap: ColumnHeatmap) -> None:
    text = "\n".join(f"line {n}" for n in range(200))
    result = made_cells.cells_result(made_cells.characters(text), cells=3, alternatives=5)
    shown(heatmap, text)
    heatmap.select_token(700)
    shown(heatmap, text, guesses=result.alternatives)
    first, last = heatmap.tokens_in_sight()
    assert first <= 700 < last
    assert heatmap.selected_token == 700
    heatmap.viewport().grab()


@pytest.mark.parametrize("text", ["", "x", "\n\n", "\t", "😀👨‍👩‍👧 e\u0301", "שלום עולם", "x" * 5000])
def test_any_text_can_be_drawn(heatmap: ColumnHeatmap, text: str) -> None:
    shown(heatmap, text)
    heatmap.viewport().grab()
    assert heatmap.tokens_in_sight()[0] == 0
