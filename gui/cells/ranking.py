"""All cells at one position, the largest magnitude first."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from engine.cell_values import CellValues, Scores
from engine.cells import Cell
from engine.heatmaps.numerals import figures, signed_figures
from gui import theme
from gui.cells.item_flow import ItemFlow
from gui.cells.marks import Marks
from gui.cells.words import is_signed
from gui.heatmaps.colours import ColourMap, colour_map, limit_of
from gui.theme import mix

SIZE, GAP = QSize(216, 24), 4
_RANK, _NAME, _NUMBER = 34.0, 66.0, 56.0
_UNPINNED = "Click a character of the text above: all cells at that position will stand here, the strongest first."


class CellRanking(ItemFlow):
    """Items are ranks."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(SIZE, GAP, parent)
        self.setObjectName("cellRanking")
        self.setAccessibleName("Cells at the pinned position")
        self._values: CellValues | None = None
        self._position = -1
        self._at: Scores = np.zeros(0)
        self._order: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._limit = 1.0
        self._marks = Marks({})

    def show_position(self, values: CellValues | None, position: int) -> None:
        """−1: no token is pinned."""
        if position != self._position:
            self.verticalScrollBar().setValue(0)
        self._values, self._position = values, position
        if values is None or position < 0:
            self._order = np.zeros(0, dtype=np.intp)
        else:
            self._at = values.scores("at_token", position=position)
            self._order = values.order("at_token", self._at)
            unbound = values.quantity in ("cell_state", "hidden_state")
            self._limit = (limit_of(self._at) or 1.0) if unbound else 1.0
        self.set_count(len(self._order))

    def show_marks(self, marks: Marks) -> None:
        """Stars and notes."""
        self._marks = marks
        self.viewport().update()

    def cell(self, item: int) -> Cell | None:
        """The cell of rank ``item`` + 1."""
        return None if self._values is None or not 0 <= item < len(self._order) else self._values.cells[int(self._order[item])]

    def item_of(self, cell: Cell) -> int:
        """−1: none."""
        place = -1 if self._values is None else self._values.place_of(cell)
        found = np.flatnonzero(self._order == place)
        return int(found[0]) if place >= 0 and len(found) else -1

    def empty_words(self) -> str:
        return _UNPINNED

    def paint_item(self, painter: QPainter, rect: QRectF, item: int) -> None:
        look, cell = theme.current(), self.cell(item)
        assert cell is not None
        assert self._values is not None
        if item in (self._current, self._hovered):
            painter.setPen(QPen(look.accent, 2) if item == self._current else Qt.PenStyle.NoPen)
            painter.setBrush(look.panel if item == self._current else look.hover)
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 4, 4)
        value = float(self._at[int(self._order[item])])
        signed = is_signed(self._values.quantity)
        self._paint_words(painter, rect, item, cell, value, signed)
        bar = rect.adjusted(_RANK + _NAME + 8, 6, -_NUMBER - 12, -6)
        self._paint_bar(painter, bar, value, signed, colour_map(look, signed=signed))

    def _paint_words(self, painter: QPainter, rect: QRectF, item: int, cell: Cell, value: float, signed: bool) -> None:
        look, middle = theme.current(), Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        painter.setPen(look.muted)
        rank = QRectF(rect.left(), rect.top(), _RANK, rect.height())
        painter.drawText(rank, int(Qt.AlignmentFlag.AlignRight | middle), f"{item + 1}" if not np.isnan(value) else "–")
        painter.setFont(theme.numbers_font())
        painter.setPen(look.text)
        name = QRectF(rank.right() + 8, rect.top(), _NAME, rect.height())
        words = f"★ {cell}" if cell in self._marks else str(cell)
        shown = QFontMetricsF(painter.font()).elidedText(words, Qt.TextElideMode.ElideRight, name.width())
        painter.drawText(name, int(Qt.AlignmentFlag.AlignLeft | middle), shown)
        number = QRectF(rect.right() - _NUMBER - 8, rect.top(), _NUMBER, rect.height())
        painter.drawText(number, int(Qt.AlignmentFlag.AlignRight | middle), signed_figures(value) if signed else figures(value))

    def _paint_bar(self, painter: QPainter, bar: QRectF, value: float, signed: bool, colours: ColourMap) -> None:
        look = theme.current()
        zero = bar.center().x() if signed else bar.left()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mix(look.panel, look.border, 0.45))
        painter.drawRoundedRect(bar, 2, 2)
        if not np.isnan(value):
            share = min(max(value / self._limit, -1.0), 1.0)
            reach = share * (bar.width() / 2 if signed else bar.width())
            painter.setBrush(colours.brushes[int(colours.steps(np.array([value]), self._limit)[0])])
            painter.drawRect(QRectF(min(zero, zero + reach), bar.top(), abs(reach), bar.height()))
        painter.setPen(QPen(look.muted, 1))
        painter.drawLine(
            QRectF(zero, bar.top() - 1, 0, bar.height() + 2).topLeft(), QRectF(zero, bar.top(), 0, bar.height() + 1).bottomLeft()
        )
