"""Paints the lines of a text heatmap: on screen and in pictures alike."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from gui.heatmaps.colours import ColourMap, missing_brush
from gui.heatmaps.text_layout import CELL_MARGIN, Line, Tag, TextLayout
from gui.theme import CELL_RADIUS, Theme, mix

_DOT = 2.5
Hits = Sequence[tuple[int, int, int]]  # segment, start, end; ascending, none inside another


@dataclass(slots=True, eq=False)
class Look:
    """All that can change without moving anything.

    ``steps``: (cells,) of ``colours``, −1 for NaN; None while nothing is computed. ``marked``: segment, start, end.
    """

    theme: Theme
    colours: ColourMap
    steps: NDArray[np.intp] | None = None
    hovered: int = -1
    pinned: int = -1
    marked: tuple[int, int, int] | None = None
    hits: Hits = ()
    hit: int = -1  # the current one
    outlines: bool = True  # around words of several cells
    struck: frozenset[int] = frozenset()  # cells of what is not there any more
    added: frozenset[int] = frozenset()  # and of what was not there before


class TextPainter:
    """Draws lines of ``layout`` from the painter's origin on, as ``look`` has them."""

    def __init__(self, painter: QPainter, layout: TextLayout, look: Look) -> None:
        self._painter, self._layout, self._look = painter, layout, look
        self._outline = QPen(mix(look.theme.panel, look.theme.muted, 0.45), 1)
        self._neutral = len(look.colours.colours) // 2 if look.colours.signed else 0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def draw(self, first: int, last: int) -> None:
        """Lines ``first`` … ``last`` − 1; line 0 lies at y = 0."""
        for number in range(max(first, 0), min(last, self._layout.line_count)):
            self._painter.translate(0, number * self._layout.line_height)
            self._draw_line(self._layout.line(number))
            self._painter.translate(0, -number * self._layout.line_height)

    def _draw_line(self, line: Line) -> None:
        if line.label is not None:
            self._draw_label(line, line.label)
            return
        self._draw_marked(line)
        self._painter.setPen(Qt.PenStyle.NoPen)
        for cell, box in line.boxes:
            self._fill(cell, box)
        if self._look.outlines:
            self._draw_word_outlines(line)
        for tag in line.tags:
            self._draw_tag(tag)
        if self._look.added:
            self._draw_added(line)
        for cell, box in (*line.boxes, *((tag.cell, self._tag_box(tag)) for tag in line.tags)):
            if cell == self._look.hovered or cell == self._look.pinned:
                self._lift(cell, box)
        self._draw_glyphs(line)
        if self._look.struck:
            self._draw_struck(line)
        if self._look.hits:
            self._draw_hits(line)

    def _draw_struck(self, line: Line) -> None:
        """Through the middle of small letters, in the colour of the letters."""
        for cell, box in line.boxes:
            if cell in self._look.struck:
                self._painter.setPen(QPen(self._text_colour(cell, self._look.theme.text), 1.5))
                height = box.center().y() + 1
                self._painter.drawLine(QPointF(box.left(), height), QPointF(box.right(), height))

    def _draw_added(self, line: Line) -> None:
        """A broken frame, which is neither a word's outline nor what one points at."""
        pen = QPen(self._look.theme.text, 1)
        pen.setDashPattern([3, 2])
        self._painter.setPen(pen)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        for cell, box in line.boxes:
            if cell in self._look.added:
                self._painter.drawRoundedRect(box.adjusted(-0.5, 0.5, 0.5, -0.5), CELL_RADIUS, CELL_RADIUS)

    def _draw_hits(self, line: Line) -> None:
        """Lines under and around what was found: the colours stay to be seen."""
        hits, height, accent = self._look.hits, self._layout.line_height, self._look.theme.accent
        at = max(bisect_left(hits, (line.segment, line.start, 0)) - 1, 0)
        while at < len(hits) and hits[at][:2] < (line.segment, line.end):
            segment, start, end = hits[at]
            if segment == line.segment and end > line.start:
                for rect in line.rects_between(start, end):
                    under = QRectF(rect.left(), height - 3, rect.width(), 2)
                    self._painter.fillRect(under, accent)
                    if at == self._look.hit:
                        self._painter.setPen(QPen(accent, 2))
                        self._painter.setBrush(Qt.BrushStyle.NoBrush)
                        around = QRectF(rect.left() - 1, CELL_MARGIN, rect.width() + 2, height - 2 * CELL_MARGIN)
                        self._painter.drawRoundedRect(around, CELL_RADIUS, CELL_RADIUS)
            at += 1

    def _draw_marked(self, line: Line) -> None:
        if self._look.marked is None or self._look.marked[0] != line.segment:
            return
        height = self._layout.line_height
        for rect in line.rects_between(*self._look.marked[1:]):
            self._painter.fillRect(QRectF(rect.left(), 0, rect.width(), height), self._look.theme.selection)
            self._painter.fillRect(QRectF(rect.left(), height - 2, rect.width(), 2), self._look.theme.accent)

    def _fill(self, cell: int, box: QRectF) -> None:
        brush = self._brush(cell)
        if brush is not None:
            self._painter.setBrush(brush)
            self._painter.drawRoundedRect(box, CELL_RADIUS, CELL_RADIUS)

    def _brush(self, cell: int) -> QBrush | None:
        step = self._neutral if self._look.steps is None else int(self._look.steps[cell])
        if step == self._neutral:
            return None
        return missing_brush(self._look.theme) if step < 0 else self._look.colours.brushes[step]

    def _draw_word_outlines(self, line: Line) -> None:
        self._painter.setPen(self._outline)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        for box in line.words:
            self._painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), CELL_RADIUS, CELL_RADIUS)

    @staticmethod
    def _boxed(rect: QRectF, height: float) -> QRectF:
        return QRectF(rect.left(), CELL_MARGIN + 1, rect.width(), height - 2 * CELL_MARGIN - 2)

    def _tag_box(self, tag: Tag) -> QRectF:
        return self._boxed(tag.rect, self._layout.line_height)

    def _draw_tag(self, tag: Tag) -> None:
        box = self._tag_box(tag)
        self._painter.setPen(self._outline)
        self._painter.setBrush(self._brush(tag.cell) or Qt.BrushStyle.NoBrush)
        self._painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), CELL_RADIUS, CELL_RADIUS)
        self._painter.setPen(self._text_colour(tag.cell, self._look.theme.muted))
        self._painter.setFont(self._layout.tag_font)
        self._painter.drawText(box, Qt.AlignmentFlag.AlignCenter, tag.text)

    def _text_colour(self, cell: int, otherwise: QColor) -> QColor:
        if cell < 0 or self._look.steps is None:
            return otherwise
        step = int(self._look.steps[cell])
        return otherwise if step < 0 or step == self._neutral else self._look.colours.texts[step]

    def _draw_glyphs(self, line: Line) -> None:
        plain = self._look.theme.muted if line.cut else self._look.theme.text
        drawn: QColor | None = None
        for piece in line.pieces:
            colour = self._text_colour(piece.cell, plain)
            if colour is not drawn:
                self._painter.setPen(colour)
                drawn = colour
            for run in piece.runs:
                self._painter.drawGlyphRun(line.origin, run)

    def _lift(self, cell: int, box: QRectF) -> None:
        """Raised above its neighbours; a pinned cell keeps a dot."""
        self._painter.setPen(QPen(self._look.theme.text, 1.5))
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.drawRoundedRect(box.adjusted(-0.75, -0.75, 0.75, 0.75), CELL_RADIUS + 1, CELL_RADIUS + 1)
        if cell == self._look.pinned:
            self._painter.setPen(QPen(self._look.theme.panel, 1))
            self._painter.setBrush(self._look.theme.text)
            self._painter.drawEllipse(QPointF(box.center().x(), box.bottom() + 0.75), _DOT + 0.5, _DOT + 0.5)

    def _draw_label(self, line: Line, label: str) -> None:
        """A word above what follows, and a hairline to the end of the measure."""
        theme, middle = self._look.theme, self._layout.line_height / 2
        colour = theme.warning if line.cut else theme.muted
        self._painter.setFont(self._layout.tag_font)
        self._painter.setPen(colour)
        box = QRectF(0, 0, self._layout.width, self._layout.line_height)
        drawn = self._painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, label)
        used = drawn.right() if isinstance(drawn, QRectF) else self._painter.fontMetrics().horizontalAdvance(label)
        self._painter.setPen(QPen(theme.border, 1, Qt.PenStyle.DashLine if line.cut else Qt.PenStyle.SolidLine))
        self._painter.drawLine(QPointF(used + 8, middle), QPointF(self._layout.width, middle))
