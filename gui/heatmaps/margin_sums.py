"""Bars in the margin of a matrix: what each row, or each column, adds up to."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from engine.results import FloatArray
from gui import theme
from gui.theme import mix

_APART = 4.0  # px a bar, from which they are told apart by a gap


class MarginSums(pg.GraphicsObject):  # type: ignore[misc]
    """In a view box that is linked to the matrix along its other side, whose own side runs from 0 to 1.

    Only what is in sight is drawn, and of bars thinner than a pixel the longest.
    """

    def __init__(self, orientation: Qt.Orientation) -> None:
        super().__init__()
        self._down = orientation is Qt.Orientation.Vertical  # one bar below the other
        self._sums = np.zeros(0)
        self._longest = 0.0

    def show_sums(self, sums: FloatArray) -> None:
        """All against the largest."""
        self.prepareGeometryChange()
        self._sums = np.asarray(sums, dtype=np.float64)
        self._longest = float(self._sums.max(initial=0.0))
        self.update()

    def boundingRect(self) -> QRectF:
        count = len(self._sums)
        return QRectF(0, 0, 1, count) if self._down else QRectF(0, 0, count, 1)

    def paint(self, painter: QPainter, *_: object) -> None:
        if not self._longest > 0:
            return
        place = painter.worldTransform()
        painter.resetTransform()
        whole = place.mapRect(self.boundingRect())
        start, length = (whole.top(), whole.height()) if self._down else (whole.left(), whole.width())
        room = whole.width() if self._down else whole.height()
        each = length / len(self._sums)
        clip = painter.viewport()
        first = max(int((0 - start) / each), 0)
        last = min(int(((clip.height() if self._down else clip.width()) - start) / each) + 1, len(self._sums))
        if last <= first:
            return
        step = max(1, int(np.ceil(1 / each)))
        shown = np.maximum.reduceat(self._sums[first:last], np.arange(0, last - first, step)) / self._longest
        look = theme.current()
        colour = mix(look.panel, look.muted, 0.45)
        gap = 1.0 if each >= _APART else 0.0
        for at, share in enumerate(shown.tolist()):
            low = start + (first + at * step) * each
            thick = max(each * step - gap, 1.0)
            if self._down:
                painter.fillRect(QRectF(whole.left(), low, max(room * share, 1.0), thick), colour)
            else:
                high = max(room * share, 1.0)
                painter.fillRect(QRectF(low, whole.bottom() - high, thick, high), colour)
