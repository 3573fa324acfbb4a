"""Every cell as a thumbnail: its curve over the text in sight, its name, its mark, and the number it is sorted by."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPen
from PySide6.QtWidgets import QWidget

from engine.cell_values import CellValues, Scores
from engine.cells import Cell
from engine.heatmaps.numerals import figures, percent
from gui import theme
from gui.cells.item_flow import ItemFlow
from gui.cells.marks import Marks
from gui.cells.spark import Window, spark_images
from gui.cells.words import is_signed, round_limit

SIZE, GAP = QSize(112, 60), 8
_LABEL = 17
_SHARES = ("saturated", "silent")
_SHARE_INSIDE = 0.998  # of all values lies within the scale that the thumbnails share
_LOOKED_AT = 200_000  # values, to find that scale
_STAR = "★"


def score_text(id: str, score: float) -> str:
    """In the corner of a thumbnail; the index is its name already."""
    if id == "index":
        return ""
    return "–" if np.isnan(score) else percent(score) if id in _SHARES else figures(score, 2)


class CellGrid(ItemFlow):
    """Items are places in ``order``; the arrow keys flip through the cells."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(SIZE, GAP, parent)
        self.setObjectName("cellGrid")
        self.setAccessibleName("Grid of cells")
        self._values: CellValues | None = None
        self._score, self._scores = "index", np.zeros(0)
        self._order: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._marks = Marks({})
        self._sight, self._pinned = (0, 0), -1
        self._limit = 1.0
        self._curves: dict[int, QImage] = {}
        self._drawn_for: object = None  # what the curves were drawn for
        self._empty = ""

    def show_cells(self, values: CellValues, score: str, scores: Scores, order: NDArray[np.intp], empty: str) -> None:
        """``order``: columns of ``values``, filtered and sorted. ``empty``: words in place of none."""
        if values is not self._values:
            self._limit = _limit(values)
        self._values, self._score, self._scores, self._order, self._empty = values, score, scores, order, empty
        self._curves = {}
        self.set_count(len(order))

    def show_marks(self, marks: Marks) -> None:
        """Stars and notes."""
        self._marks = marks
        self.viewport().update()

    def show_sight(self, first: int, last: int, pinned: int) -> None:
        """The tokens [first, last) are in sight above; ``pinned`` −1: none."""
        if (first, last, pinned) != (*self._sight, self._pinned):
            self._sight, self._pinned = (first, last), pinned
            self._curves = {}
            self.viewport().update()

    def cell(self, item: int) -> Cell | None:
        """What ``item`` shows."""
        if self._values is None or not 0 <= item < len(self._order):
            return None
        return self._values.cells[int(self._order[item])]

    def item_of(self, cell: Cell) -> int:
        """−1: not among those shown."""
        place = -1 if self._values is None else self._values.place_of(cell)
        found = np.flatnonzero(self._order == place)
        return int(found[0]) if place >= 0 and len(found) else -1

    def score_of(self, item: int) -> float:
        return float(self._scores[int(self._order[item])])

    def empty_words(self) -> str:
        return self._empty

    def prepare(self, items: Sequence[int]) -> None:
        """Curves of those that are not known yet, all at once."""
        assert self._values is not None
        look, ratio, plot = theme.current(), self.devicePixelRatioF(), self._plot(QRectF(self.item_rect(items[0])))
        if self._drawn_for != (look.name, ratio, plot.width()):
            self._curves, self._drawn_for = {}, (look.name, ratio, plot.width())
        new = [item for item in items if item not in self._curves]
        first, last = self._sight
        if new and last > first:
            chosen = self._values.values[first:last, self._order[new]]
            wide, high = round(plot.width() * ratio), round(plot.height() * ratio)
            window, signed = Window(0.0, (last - first) / wide, wide), is_signed(self._values.quantity)
            images = spark_images(chosen, window, high, limit=self._limit, signed=signed, look=look, ratio=ratio)
            self._curves |= dict(zip(new, images, strict=True))

    @staticmethod
    def _plot(rect: QRectF) -> QRectF:
        return rect.adjusted(6, 3 + _LABEL + 1, -6, -5)

    def paint_item(self, painter: QPainter, rect: QRectF, item: int) -> None:
        look, cell = theme.current(), self.cell(item)
        assert cell is not None
        assert self._values is not None
        self._paint_frame(painter, rect, item)
        self._paint_label(painter, QRectF(rect.left() + 6, rect.top() + 3, rect.width() - 12, _LABEL), item, cell)
        plot, curve = self._plot(rect), self._curves.get(item)
        if curve is not None:
            painter.drawImage(plot.topLeft(), curve)
        first, last = self._sight
        if first <= self._pinned < last:
            at = plot.left() + (self._pinned - first + 0.5) / (last - first) * plot.width()
            painter.setPen(QPen(look.text, 1))
            painter.drawLine(QPointF(at, plot.top() - 1), QPointF(at, plot.bottom() + 1))

    def _paint_frame(self, painter: QPainter, rect: QRectF, item: int) -> None:
        look = theme.current()
        chosen = item == self._current
        pen = QPen(look.accent, 2) if chosen else QPen(look.muted if item == self._hovered else look.border, 1)
        painter.setPen(pen)
        painter.setBrush(look.panel)
        inset = 1.0 if chosen else 0.5
        painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), 4, 4)

    def _paint_label(self, painter: QPainter, rect: QRectF, item: int, cell: Cell) -> None:
        look = theme.current()
        score = score_text(self._score, self.score_of(item))
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        metrics = QFontMetricsF(painter.font())
        taken = metrics.horizontalAdvance(score) + 6 if score else 0.0
        painter.setPen(look.muted)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), score)
        strong = item in (self._current, self._hovered) or cell in self._marks
        painter.setPen(look.text if strong else look.muted)
        note = self._marks.notes.get(cell)
        words = str(cell) if note is None else f"{_STAR} {cell} {note}".rstrip()
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, rect.width() - taken)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)


def _limit(values: CellValues) -> float:
    """One scale for all thumbnails, so that they can be compared: 1 for what is squashed."""
    if not is_signed(values.quantity) or values.quantity not in ("cell_state", "hidden_state"):
        return 1.0
    every = max(values.values.size // _LOOKED_AT, 1) | 1  # odd: not always the same cells
    magnitudes = np.abs(values.values.ravel()[::every])
    finite = magnitudes[np.isfinite(magnitudes)]
    return round_limit(float(np.quantile(finite, _SHARE_INSIDE))) if finite.size else 1.0
