"""Many small pictures of one size, line after line: only those in sight are made and painted."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from gui import theme

EDGE = 14  # px around all of them, in line with the text above
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class ItemFlow(QAbstractScrollArea):
    """A subclass paints one item, after ``prepare`` told it which are in sight. Arrows move the selection."""

    chosen = Signal(int)  # an item, by mouse or keys
    hovered = Signal(int)  # −1: none

    def __init__(self, size: QSize, gap: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least, self._gap = size, gap
        self._count, self._current, self._hovered = 0, -1, -1
        self._keeps_in_sight = True
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "canvas")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    # What a subclass says

    def prepare(self, items: Sequence[int]) -> None:
        """They are about to be painted."""

    def paint_item(self, painter: QPainter, rect: QRectF, item: int) -> None:
        """One of them."""

    def empty_words(self) -> str:
        """In place of no items."""
        return ""

    # What it does

    def set_count(self, count: int) -> None:
        """So many items; the place scrolled to stays."""
        self._count = count
        self._hovered = -1
        self._set_range()
        self.viewport().update()

    def set_current(self, item: int, *, reveal: bool = True) -> None:
        """−1: none; emits nothing."""
        before, self._current, self._keeps_in_sight = self._current, item, reveal
        if reveal and item >= 0:
            self._reveal(item)
        for each in {before, item} - {-1}:
            self.viewport().update(self.item_rect(each).adjusted(-3, -3, 3, 3))

    @property
    def current(self) -> int:
        return self._current

    def item_at(self, place: QPoint) -> int:
        """−1: none."""
        size, per = self._size(), self._per_line()
        x, y = place.x() - EDGE, place.y() - self._gap + self.verticalScrollBar().value()
        column, row = x // (size.width() + self._gap), y // (size.height() + self._gap)
        item = row * per + column
        inside = x >= 0 and y >= 0 and column < per and self.item_rect(item).adjusted(-1, -1, 1, 1).contains(place)
        return item if inside and item < self._count else -1

    def item_rect(self, item: int) -> QRect:
        """In the viewport's coordinates."""
        size, per = self._size(), self._per_line()
        left = EDGE + item % per * (size.width() + self._gap)
        top = self._gap + item // per * (size.height() + self._gap) - self.verticalScrollBar().value()
        return QRect(left, top, size.width(), size.height())

    def in_sight(self) -> range:
        """The items that can be seen."""
        high, per = self._size().height() + self._gap, self._per_line()
        first = max(self.verticalScrollBar().value() - self._gap, 0) // high
        last = (self.verticalScrollBar().value() + self.viewport().height()) // high + 1
        return range(min(first * per, self._count), min(last * per, self._count))

    def _per_line(self) -> int:
        return max((self.viewport().width() - 2 * EDGE + self._gap) // (self._least.width() + self._gap), 1)

    def _size(self) -> QSize:
        """At least what was asked for; a line is filled."""
        per = self._per_line()
        return QSize((self.viewport().width() - 2 * EDGE + self._gap) // per - self._gap, self._least.height())

    def _set_range(self) -> None:
        lines = -(-self._count // self._per_line())
        high = self._size().height() + self._gap
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, lines * high + self._gap - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(max(high // 2, 1))

    def _reveal(self, item: int) -> None:
        rect, bar = self.item_rect(item), self.verticalScrollBar()
        if rect.top() < self._gap:
            bar.setValue(bar.value() + rect.top() - self._gap)
        elif rect.bottom() + self._gap > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() + self._gap - self.viewport().height())

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(self._least.width() + 2 * EDGE + 16, self._least.height() + 2 * self._gap)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_range()
        if self._current >= 0 and self._keeps_in_sight:
            self._reveal(self._current)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.current().panel)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._count:
            painter.setPen(theme.current().muted)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(16, 0, -16, 0), int(flags), self.empty_words())
        items = [item for item in self.in_sight() if self.item_rect(item).intersects(event.rect())]
        if items:
            self.prepare(items)
        for item in items:
            self.paint_item(painter, QRectF(self.item_rect(item)), item)
        painter.end()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is painted; only what comes into sight is painted anew."""
        self.viewport().scroll(dx, dy)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.item_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        item = self.item_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and item >= 0:
            self._choose(item)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, per = Qt.Key(event.key()), self._per_line()
        page = max(self.viewport().height() // (self._size().height() + self._gap), 1) * per
        steps = {**_STEPS, Qt.Key.Key_Up: -per, Qt.Key.Key_Down: per, Qt.Key.Key_PageUp: -page, Qt.Key.Key_PageDown: page}
        if key in steps and self._count:
            wanted = self._current + steps[key] if self._current >= 0 else 0
            within = min(max(wanted, 0), self._count - 1)
            stays = key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and wanted != within  # no jump sideways at the edges
            self._choose(self._current if stays and self._current >= 0 else within)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._count:
            self._choose(0 if key == Qt.Key.Key_Home else self._count - 1)
        else:
            super().keyPressEvent(event)

    def _choose(self, item: int) -> None:
        self.set_current(item)
        self.chosen.emit(item)

    def _hover(self, item: int) -> None:
        if item == self._hovered:
            return
        for each in (self._hovered, item):
            if each >= 0:
                self.viewport().update(self.item_rect(each).adjusted(-3, -3, 3, 3))
        self._hovered = item
        self.hovered.emit(item)
