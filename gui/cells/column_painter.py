"""Paints the lines of a column layout: colours as one small image, glyphs in runs, guesses in rows below."""

from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from engine.cells import Alternatives
from engine.heatmaps.display_text import RETURN, one_line
from gui import theme
from gui.cells.column_layout import ColumnLayout
from gui.cells.column_spans import Overlay, draw_overlay
from gui.heatmaps.colours import ColourMap, colour_map, missing_brush
from gui.theme import Theme

TEXT_PIXELS, GUESS_PIXELS = 14, 11
TEXT_LINE, GUESS_LINE, GUESS_GAP = 22, 14, 8
_CELL_MARGIN = 1.5  # between the colours of two lines
_DOT = 2.5
_SPACE = "␣"
_LONGEST_GUESS = 12
_FAINT = 0.02  # guesses below recede


@dataclass(slots=True, eq=False)
class ColumnLook:
    """All that changes without moving anything. ``steps``: (seq,) of ``colours``, −1 for NaN; None: nothing computed."""

    theme: Theme
    colours: ColourMap
    steps: NDArray[np.intp] | None = None
    hovered: int = -1
    pinned: int = -1
    guesses: Alternatives | None = None
    came_true: NDArray[np.intp] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))  # (seq,) which guess did, −1
    overlay: Overlay = field(default_factory=Overlay)


@cache
def text_font() -> QFont:
    """Of one width."""
    return theme.mono_font(TEXT_PIXELS)


@cache
def column_pixels() -> float:
    """The width of a column."""
    return QFontMetricsF(text_font()).horizontalAdvance("0")


@cache
def _guess_font() -> QFont:
    """Smaller, in the columns of the text."""
    font = QFont(theme.mono_font(GUESS_PIXELS))
    font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, column_pixels() - QFontMetricsF(font).horizontalAdvance("0"))
    return font


def line_height(guesses: int) -> int:
    """Of a line with so many rows of guesses below."""
    return TEXT_LINE + (guesses * GUESS_LINE + GUESS_GAP if guesses else 0)


@lru_cache(100_000)
def guess_text(text: str) -> str:
    """As it is drawn: what cannot be seen is made visible."""
    shown = one_line(text).replace("\u2003", "⇥")
    shown = _SPACE * len(shown) if shown and not shown.strip() else shown
    return shown if len(shown) <= _LONGEST_GUESS else f"{shown[: _LONGEST_GUESS - 1]}…"


def rects_of(layout: ColumnLayout, token: int, height: int) -> list[QRectF]:
    """Where ``token`` is drawn, from the top left of the text, where lines are ``height`` high."""
    first, last = int(layout.text.first[token]), int(layout.text.last[token])
    rects: list[QRectF] = []
    while 0 <= first <= last:
        number = layout.line_of(first)
        start, end = layout.line(number)
        stop = min(last + 1, end)
        rects.append(_box(layout, start, first, stop, number * height))
        first = max(stop, first + 1)
    return rects


def _box(layout: ColumnLayout, line_start: int, first: int, stop: int, top: float) -> QRectF:
    right, wide = layout.text.right, column_pixels()
    left = float(right[first] - right[line_start]) * wide
    width = max(float(right[stop] - right[first]), 0.2) * wide
    return QRectF(left, top + _CELL_MARGIN, width, TEXT_LINE - 2 * _CELL_MARGIN)


class ColumnPainter:
    """Draws lines from the painter's origin on."""

    def __init__(self, painter: QPainter, layout: ColumnLayout, look: ColumnLook) -> None:
        self._painter, self._layout, self._look, self._text = painter, layout, look, layout.text
        self._wide = column_pixels()
        self._rows = 0 if look.guesses is None else look.guesses.probability.shape[1]
        self._height = line_height(self._rows)
        self._neutral = len(look.colours.colours) // 2 if look.colours.signed else 0
        font = QFontMetricsF(text_font())
        self._baseline = (TEXT_LINE - font.height()) / 2 + font.ascent()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def draw(self, first: int, last: int) -> None:
        """Lines ``first`` … ``last`` − 1; line 0 lies at y = 0."""
        for number in range(max(first, 0), min(last, self._layout.line_count)):
            start, end = self._layout.line(number)
            if end > start:
                self._draw_line(start, end, number * self._height)

    def _draw_line(self, start: int, end: int, top: float) -> None:
        tokens = self._text.token[start:end]
        steps = self._steps_of(tokens)
        self._fill(start, end, steps, top)
        self._draw_glyphs(start, end, steps, top)
        if self._look.guesses is not None:
            self._draw_guesses(start, end, tokens, top + TEXT_LINE)
        draw_overlay(self._painter, self._layout, self._look.overlay, self._look.theme, (start, end), top, TEXT_LINE, self._wide)
        for token in (self._look.hovered, self._look.pinned):
            if token >= 0 and (tokens == token).any():
                self._lift(token, start, end, top)

    def _steps_of(self, tokens: NDArray[np.intp]) -> NDArray[np.intp]:
        """(characters of the line,) −2: no token, or nothing computed."""
        if self._look.steps is None:
            return np.full(len(tokens), -2, dtype=np.intp)
        return np.where(tokens >= 0, self._look.steps[tokens], -2)

    def _fill(self, start: int, end: int, steps: NDArray[np.intp], top: float) -> None:
        """One pixel a column, stretched."""
        if (steps == -2).all():
            return
        columns = self._text.columns[start:end]
        table = _table(self._look.colours)
        pixels = np.repeat(table[np.where(steps < 0, self._neutral, steps)], columns)
        if len(pixels):
            image = QImage(pixels.tobytes(), len(pixels), 1, 4 * len(pixels), QImage.Format.Format_RGB32)
            box = QRectF(0, top + _CELL_MARGIN, len(pixels) * self._wide, TEXT_LINE - 2 * _CELL_MARGIN)
            self._painter.drawImage(box, image, QRectF(0, 0, len(pixels), 1))
        for at in np.flatnonzero(steps == -1).tolist():
            self._painter.fillRect(_box(self._layout, start, start + at, start + at + 1, top), missing_brush(self._look.theme))

    def _draw_glyphs(self, start: int, end: int, steps: NDArray[np.intp], top: float) -> None:
        texts, which = _texts(self._look.colours)
        plain = len(texts)
        inks = np.where((steps < 0) | (steps == self._neutral), plain, which[np.maximum(steps, 0)])
        inks[self._text.token[start:end] < 0] = plain + 1 if self._look.steps is not None else plain
        colours = (*texts, self._look.theme.text, self._look.theme.muted)
        self._painter.setFont(text_font())
        columns = self._text.columns[start:end]
        simple = self._text.simple[start:end] & (columns == 1)
        for at, stop in _runs(inks, simple, columns == 0):
            words = self._text.text[start + at : start + stop]
            if words.isspace() and words != "\n":
                continue
            if words == "\n":
                if self._text.token[start + at] < 0:
                    continue
                words, colour = RETURN, self._look.theme.muted if int(inks[at]) >= plain else colours[int(inks[at])]
            else:
                colour = colours[int(inks[at])]
            self._painter.setPen(colour)
            left = float(self._text.right[start + at] - self._text.right[start]) * self._wide
            self._painter.drawText(QPointF(left, top + self._baseline), words)

    def _draw_guesses(self, start: int, end: int, tokens: NDArray[np.intp], top: float) -> None:
        """Five small rows: the likeliest next tokens after each, on the colour of their probability."""
        guesses = self._look.guesses
        assert guesses is not None
        firsts = np.flatnonzero((tokens >= 0) & (self._text.first[np.maximum(tokens, 0)] == np.arange(start, end)))
        if not len(firsts):
            return
        colours = colour_map(self._look.theme, signed=False)
        here = tokens[firsts]
        steps = colours.steps(guesses.probability[here], 1.0)  # (tokens, k)
        rooms = self._text.right[self._text.last[here] + 1] - self._text.right[self._text.first[here]]
        left = (self._text.right[start + firsts] - self._text.right[start]).astype(float) * self._wide
        full = int(self._text.right[end] - self._text.right[start])
        spread = np.zeros((self._rows, full), dtype=np.intp)
        for at, begin in enumerate((left / self._wide).round().astype(int).tolist()):
            spread[:, begin : begin + int(rooms[at])] = steps[at][:, None]
        pixels = _table(colours)[np.maximum(spread, 0)]
        image = QImage(pixels.tobytes(), full, self._rows, 4 * full, QImage.Format.Format_RGB32)
        self._painter.drawImage(QRectF(0, top, full * self._wide, self._rows * GUESS_LINE), image, QRectF(0, 0, full, self._rows))
        self._draw_guess_texts(here, steps, left, rooms, top, colours)

    def _draw_guess_texts(
        self,
        here: NDArray[np.intp],
        steps: NDArray[np.intp],
        left: NDArray[np.float64],
        rooms: NDArray[np.intp],
        top: float,
        colours: ColourMap,
    ) -> None:
        guesses, look = self._look.guesses, self._look.theme
        assert guesses is not None
        font = _guess_font()
        self._painter.setFont(font)
        metrics = QFontMetricsF(font)
        dense = bool((rooms == 1).all())
        texts, which = _texts(colours)
        inks = np.where(guesses.probability[here] < _FAINT, len(texts), which[np.maximum(steps, 0)])
        palette = (*texts, look.disabled)
        true = self._look.came_true
        for row in range(self._rows):
            baseline = top + row * GUESS_LINE + (GUESS_LINE - metrics.height()) / 2 + metrics.ascent()
            words = [guess_text(guesses.text[token][row]) for token in here.tolist()]
            single = np.array([len(word) == 1 and word.isascii() for word in words])
            lead = (self._wide - metrics.horizontalAdvance("0")) / 2
            adjacent = np.concatenate([[True], np.diff(left) < self._wide * 1.5])
            for at, stop in _runs(inks[:, row], single & adjacent & dense):
                self._painter.setPen(palette[int(inks[at, row])])
                self._painter.drawText(QPointF(float(left[at]) + lead, baseline), "".join(words[at:stop]))
            for at in np.flatnonzero(true[here] == row).tolist() if len(true) else ():
                under = QRectF(float(left[at]), top + (row + 1) * GUESS_LINE - 2, float(rooms[at]) * self._wide - 1, 1.5)
                self._painter.fillRect(under, look.accent)

    def _lift(self, token: int, start: int, end: int, top: float) -> None:
        """Outlined; a pinned token keeps a dot."""
        look = self._look.theme
        first, stop = max(int(self._text.first[token]), start), min(int(self._text.last[token]) + 1, end)
        box = _box(self._layout, start, first, stop, top)
        self._painter.setPen(QPen(look.text, 1.5))
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.drawRoundedRect(box.adjusted(-0.75, -0.25, 0.75, 0.25), 2, 2)
        if token == self._look.pinned:
            self._painter.setPen(QPen(look.panel, 1))
            self._painter.setBrush(look.text)
            self._painter.drawEllipse(QPointF(box.center().x(), box.bottom() + 0.25), _DOT + 0.5, _DOT + 0.5)


def _runs(inks: NDArray[np.intp], simple: NDArray[np.bool_], leaning: NDArray[np.bool_] | None = None) -> list[tuple[int, int]]:
    """[start, stop) of what can be drawn at once: alike, in columns of one width, and with the marks that lean on it."""
    if not len(inks):
        return []
    breaks = (inks[1:] != inks[:-1]) | ~simple[1:] | ~simple[:-1]
    if leaning is not None:
        breaks &= ~leaning[1:]
    edges = np.concatenate([[0], np.flatnonzero(breaks) + 1, [len(inks)]]).tolist()
    return list(pairwise(edges))


@cache
def _table(colours: ColourMap) -> NDArray[np.uint32]:
    """(steps,) as pixels."""
    return np.array([colour.rgb() for colour in colours.colours], dtype=np.uint32)


@cache
def _texts(colours: ColourMap) -> tuple[tuple[QColor, ...], NDArray[np.intp]]:
    """The few colours of text there are, and which of them each step has."""
    names = [colour.name() for colour in colours.texts]
    known = list(dict.fromkeys(names))
    return tuple(map(QColor, known)), np.array([known.index(name) for name in names], dtype=np.intp)
