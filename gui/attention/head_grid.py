"""Every head of a stack as a thumbnail of its map, a line or more for each layer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from engine.attention_maps import StackOverview
from engine.heatmaps.colours import limit_of
from engine.heatmaps.numerals import figures, fixed
from engine.results import FloatArray
from gui import theme
from gui.cells.item_flow import EDGE, ItemFlow
from gui.heatmaps.pyramid import codes_of, colour_table

LEAST, LEAST_IN_ROWS, MOST = 72, 44, 120  # px a side: usually; so that a layer fits in one line; where there is room
GAP, CAPTION = 6, 15
_RING, _SCROLL_BAR = 2, 12  # around the viewport, and beside it


class HeadGrid(ItemFlow):
    """Items are places in ``order``; one scale for all of them, so that they can be compared."""

    opened = Signal()  # the chosen head wants to be seen large: by a click, or Enter

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(QSize(LEAST, LEAST + CAPTION), GAP, parent)
        self.setObjectName("headGrid")
        self.setAccessibleName("Grid of heads")
        self._stack: StackOverview | None = None
        self._order: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._numbers: FloatArray | None = None
        self._signed = False
        self._caption_width = 0  # of the widest name with its number
        self._images: dict[int, QImage] = {}
        self._drawn_for = ""
        self.limit = 0.0

    def show_stack(self, stack: StackOverview) -> None:
        """Another text, or another stack."""
        self._stack, self.limit = stack, limit_of(stack.thumbnails)
        self._images = {}

    def show_order(self, order: NDArray[np.intp], numbers: FloatArray | None, *, signed: bool) -> None:
        """``order`` counts layer by layer; ``numbers`` (layer, head) stand beside the names."""
        self._order, self._signed = order, signed
        self._numbers = None if numbers is None else numbers.ravel()
        self._caption_width = self._widest_caption()
        self.set_count(len(order))

    def clear(self) -> None:
        """Nothing to show."""
        self._stack, self._order, self._images = None, self._order[:0], {}
        self.set_count(0)

    def head(self, item: int) -> tuple[int, int] | None:
        """Layer and head of ``item``."""
        if self._stack is None or not 0 <= item < len(self._order):
            return None
        layer, head = divmod(int(self._order[item]), self._stack.heads)
        return layer, head

    def item_of(self, layer: int, head: int) -> int:
        """−1: there is no such head."""
        flat = -1 if self._stack is None else layer * self._stack.heads + head
        found = np.flatnonzero(self._order == flat)
        return int(found[0]) if len(found) else -1

    def number_text(self, item: int) -> str:
        """Beside its name."""
        if self._numbers is None:
            return ""
        number = float(self._numbers[self._order[item]])
        if np.isnan(number):
            return "–"
        if self._signed:
            return f"+{fixed(number, 2)}" if number > 0 else fixed(number, 2)
        return fixed(number, 2) if number < 10 else figures(number, 3)

    def _widest_caption(self) -> int:
        if self._stack is None or self._numbers is None:
            return 0
        metrics = QFontMetricsF(theme.numbers_font(theme.CAPTION_PIXELS))
        name = f"{self._stack.layers - 1}:{self._stack.heads - 1} "
        widest = max((metrics.horizontalAdvance(self.number_text(item)) for item in range(len(self._order))), default=0.0)
        return int(metrics.horizontalAdvance(name) + widest) + 1

    # Places: a layer begins a line

    def _room(self) -> int:
        """For whole thumbnails with their gaps, whether or not there is a scroll bar: its coming must not change them."""
        return self.width() - 2 * _RING - _SCROLL_BAR - 2 * EDGE + GAP

    def _per_line(self) -> int:
        room, heads = self._room(), self._stack.heads if self._stack is not None else 1
        if heads * (max(LEAST_IN_ROWS, self._caption_width) + GAP) <= room:
            return heads
        fitting = max(room // (LEAST + GAP), 1)
        if self._numbers is not None:  # sorted: a line is not a layer
            return fitting
        even = max(each for each in range(1, fitting + 1) if heads % each == 0)
        return even if 2 * even >= fitting else fitting

    def _size(self) -> QSize:
        side = min(max(self._room() // self._per_line() - GAP, 1), MOST)
        lines = max(-(-self._count // self._per_line()), 1)
        high = (self.viewport().height() - GAP) // lines - GAP - CAPTION
        if high >= max(LEAST_IN_ROWS, self._caption_width):
            side = min(side, high)  # all at one glance
        return QSize(side, side + CAPTION)

    # Painting

    def prepare(self, items: Sequence[int]) -> None:
        assert self._stack is not None
        look = theme.current().name
        if look != self._drawn_for:
            self._images, self._drawn_for = {}, look
        flat = self._stack.thumbnails.reshape(-1, *self._stack.thumbnails.shape[2:])
        for at in {int(self._order[item]) for item in items} - self._images.keys():
            self._images[at] = _picture(flat[at], self.limit)

    def paint_item(self, painter: QPainter, rect: QRectF, item: int) -> None:
        look = theme.current()
        chosen, hovered = item == self._current, item == self._hovered
        picture = rect.adjusted(0, 0, 0, -CAPTION)
        painter.drawImage(picture.adjusted(1, 1, -1, -1), self._images[int(self._order[item])])
        painter.setPen(QPen(look.accent, 2) if chosen else QPen(look.muted if hovered else look.border, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        inset = 1.0 if chosen else 0.5
        painter.drawRoundedRect(picture.adjusted(inset, inset, -inset, -inset), 3, 3)
        self._paint_caption(painter, QRectF(rect.left(), picture.bottom() + 1, rect.width(), CAPTION - 1), item)

    def _paint_caption(self, painter: QPainter, rect: QRectF, item: int) -> None:
        look, where = theme.current(), self.head(item)
        assert where is not None
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        number = self.number_text(item)
        painter.setPen(look.text if item in (self._current, self._hovered) else look.muted)
        name = f"{where[0]}:{where[1]}"
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), name)
        taken = QFontMetricsF(painter.font()).horizontalAdvance(f"{name} {number}")
        if number and taken <= rect.width() + 1:
            painter.setPen(look.text)
            painter.drawText(rect, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), number)

    # What the user does

    def set_current(self, item: int, *, reveal: bool = True) -> None:
        super().set_current(item, reveal=reveal)
        where = self.head(item)
        self.setAccessibleDescription("" if where is None else f"Layer {where[0]}, head {where[1]} {self.number_text(item)}")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.item_at(event.position().toPoint()) == self._current >= 0:
            self.opened.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._current >= 0:
            self.opened.emit()
        else:
            super().keyPressEvent(event)


def _picture(weights: FloatArray, limit: float) -> QImage:
    codes = np.ascontiguousarray(codes_of(np.asarray(weights, dtype=np.float32), limit))
    pixels = np.ascontiguousarray(colour_table()[codes])
    rows, columns = codes.shape
    return QImage(pixels.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()
