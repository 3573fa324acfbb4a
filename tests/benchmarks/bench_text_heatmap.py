"""The text heatmap against QTextEdit, and against the eye: a frame is 16 ms."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import random
from collections.abc import Callable, Iterator

import numpy as np
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QTextEdit

from bench import Row, benchmark, seconds
from engine.results import Token, TokenizedText
from gui import theme
from gui.heatmaps.colours import diverging
from gui.heatmaps.text_heatmap import TextHeatmap


def made(tokens: int) -> TokenizedText:
    """Words of two to nine letters, one token each, a paragraph every two hundred."""
    chosen = random.Random(0)
    words = ["".join(chosen.choices("etaoinshrdlu", k=chosen.randint(2, 9))) for _ in range(5000)]
    text, placed = [], []
    at = 0
    for number in range(tokens):
        word = chosen.choice(words)
        placed.append(Token(word, word, number, at, at + len(word), False))
        text.append(word + ("\n" if number % 200 == 199 else " "))
        at += len(text[-1])
    return TokenizedText("".join(text), tuple(placed))


def application() -> QApplication:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme.apply(app, theme.LIGHT)
    return app


def shown(widget: QAbstractScrollArea) -> QAbstractScrollArea:
    widget.resize(800, 900)
    widget.show()
    QApplication.processEvents()
    return widget


def text_edit(document: TokenizedText) -> QTextEdit:
    edit = QTextEdit()
    edit.setUndoRedoEnabled(False)
    edit.setFont(theme.reading_font())
    edit.setPlainText(document.text)
    return edit


def coloured(edit: QTextEdit, document: TokenizedText, values: np.ndarray) -> None:
    """As its documentation has it: a cursor, and a character format for every token."""
    colours = diverging(theme.LIGHT)
    steps = colours.steps(values, 3.0)
    cursor = QTextCursor(edit.document())
    cursor.beginEditBlock()
    for token, step in zip(document.tokens, steps, strict=True):
        cursor.setPosition(token.start)
        cursor.setPosition(token.end, QTextCursor.MoveMode.KeepAnchor)
        style = QTextCharFormat()
        style.setBackground(QColor(colours.colours[step]))
        cursor.mergeCharFormat(style)
    cursor.endEditBlock()


def wheel(area: QAbstractScrollArea) -> Callable[[], None]:
    """A frame of a brisk turn of the wheel: three lines."""
    bar = area.verticalScrollBar()

    def turn() -> None:
        bar.setValue((bar.value() + 72) % max(bar.maximum(), 1))
        QApplication.processEvents()

    return turn


def scroller(area: QAbstractScrollArea) -> Callable[[], None]:
    bar = area.verticalScrollBar()

    def scroll() -> None:
        bar.setValue((bar.value() + 2003) % max(bar.maximum(), 1))  # more than a page: all of it is new
        area.viewport().repaint()

    return scroll


@benchmark
def against_text_edit() -> Iterator[Row]:
    application()
    document = made(50_000)
    maps = [np.random.default_rng(seed).normal(size=50_000) for seed in range(2)]
    ours, theirs = TextHeatmap(), text_edit(document)
    ours.show_map(document, maps[0], True)
    shown(ours), shown(theirs)
    turn = [0]

    def recolour_ours() -> None:
        turn[0] += 1
        ours.recolour(maps[turn[0] % 2], 3.0)
        ours.viewport().repaint()

    def recolour_theirs() -> None:
        coloured(theirs, document, maps[turn[0] % 2])
        theirs.viewport().repaint()

    fast, slow = seconds(recolour_ours, recolour_theirs, repeats=3)
    yield Row("recolour 50,000 tokens ÷ QTextEdit", fast / slow, at_most=0.05, figures=f"{fast * 1e3:.1f} ms, {slow:.2f} s")
    fast, slow = seconds(scroller(ours), scroller(theirs), repeats=21)
    yield Row("jump a page in 50,000 tokens", fast * 1e3, unit="ms", figures=f"QTextEdit {slow * 1e3:.1f} ms")
    fast, slow = seconds(wheel(ours), wheel(theirs), repeats=41)
    yield Row("scroll frame in 50,000 tokens", fast * 1e3, at_most=16, unit="ms", figures=f"QTextEdit {slow * 1e3:.1f} ms")
    ours.close(), theirs.close()


@benchmark
def opening_a_long_text() -> Iterator[Row]:
    application()
    document, values = made(500_000), np.random.default_rng(0).normal(size=500_000)
    heatmaps = []

    def opened() -> None:
        heatmap = TextHeatmap()
        heatmap.show_map(document, values, True)
        heatmaps.append(shown(heatmap))
        heatmap.viewport().repaint()

    (first,) = seconds(opened, repeats=3, warm_up=0)
    yield Row("open 500,000 tokens", first, at_most=1.0, unit="s")
    (again,) = seconds(lambda: heatmaps[-1].recolour(-values), repeats=3)
    yield Row("recolour 500,000 tokens", again * 1e3, at_most=100, unit="ms")
    for heatmap in heatmaps:
        heatmap.close()
