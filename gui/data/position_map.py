"""Many explanations above one another: a row each, word by word from the left, all on one scale."""

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from engine.dataset_results import SliceAggregate
from engine.heatmaps.display_text import one_line
from engine.heatmaps.numerals import signed_figures
from gui import theme
from gui.heatmaps.colours import colour_map, limit_of

HIGH, NARROWEST, WIDEST = 12, 6, 22
NAMES = 16  # pixels above, of records
EMPTY = 0x00000000


class PositionMap(QAbstractScrollArea):
    """Position × example. A click puts the row on the desk; setters are silent."""

    row_chosen = Signal(int)
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("positionMap")
        self.setAccessibleName("Position by example")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "canvas")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.setMinimumSize(220, 160)
        self._of: SliceAggregate | None = None
        self._image = QImage()
        self._signed = True
        self.limit = 0.0
        self._hovered = (-1, -1)  # example, position
        self._cursor = 0
        self._names = _Names(self)
        self._names.hide()
        self.horizontalScrollBar().valueChanged.connect(self._on_scrolled)

    def _show_names(self) -> None:
        """Of records: above the characters, as much of a field's name as there is room for."""
        spans = self._of.spans if self._of is not None else ()
        self.setViewportMargins(0, NAMES if spans else 0, 0, 0)
        self._names.setVisible(bool(spans))
        self._names.spans = [(span.start * self._wide, span.end * self._wide, one_line(span.name)) for span in spans]
        self._names.offset = self.horizontalScrollBar().value()
        self._names.setGeometry(self.viewport().x(), 0, self.viewport().width(), NAMES)
        self._names.update()

    def show_slice(self, of: SliceAggregate, signed: bool) -> None:
        """All of its rows."""
        self._of, self._signed = of, signed
        self.limit = limit_of(of.values)
        self._cursor = min(self._cursor, max(0, len(of.rows) - 1))
        self._paint_image()
        self._show_names()
        self._set_range()
        self.setAccessibleDescription(f"{len(of.rows):,} rows of up to {of.values.shape[1]:,} words")

    def _paint_image(self) -> None:
        """One pixel a cell, in the colours of the theme."""
        if self._of is None or not self._of.values.size:
            self._image = QImage()
        else:
            colours = colour_map(theme.current(), signed=self._signed)
            table = np.array([colour.rgb() for colour in colours.colours], np.uint32)
            steps = colours.steps(self._of.values, self.limit)
            pixels = np.where(steps < 0, np.uint32(EMPTY), table[np.maximum(steps, 0)])
            pixels = np.ascontiguousarray(pixels, np.uint32)
            height, width = pixels.shape
            self._image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32).copy()
        self.viewport().update()

    @property
    def _wide(self) -> int:
        positions = max(1, self._image.width())
        return min(max(self.viewport().width() // positions, NARROWEST), WIDEST)

    def _set_range(self) -> None:
        view = self.viewport().size()
        self.verticalScrollBar().setRange(0, max(0, self._image.height() * HIGH - view.height()))
        self.verticalScrollBar().setPageStep(view.height())
        self.verticalScrollBar().setSingleStep(HIGH)
        self.horizontalScrollBar().setRange(0, max(0, self._image.width() * self._wide - view.width()))
        self.horizontalScrollBar().setPageStep(view.width())

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), look.window)  # behind a row's end; zero has the panel's colour
        if self._image.isNull():
            painter.end()
            return
        x, y = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        whole = QRect(-x, -y, self._image.width() * self._wide, self._image.height() * HIGH)
        painter.drawImage(whole, self._image)
        self._draw_fields(painter, x)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        row, position = self._hovered
        if row >= 0:
            painter.setPen(QPen(look.text, 1))
            painter.drawRect(QRectF(position * self._wide - x + 0.5, row * HIGH - y + 0.5, self._wide - 1, HIGH - 1))
        if self.hasFocus():
            painter.setPen(QPen(look.focus, 1))
            painter.drawRect(QRectF(0.5, self._cursor * HIGH - y + 0.5, self.viewport().width() - 1, HIGH - 1))
        painter.end()

    def _draw_fields(self, painter: QPainter, x: int) -> None:
        """Of records: where one field ends and the next begins."""
        spans = self._of.spans if self._of is not None else ()
        painter.setPen(QPen(theme.current().muted, 1))
        high = min(self.viewport().height(), self._image.height() * HIGH)
        for span in spans[1:]:
            at = span.start * self._wide - x
            painter.drawLine(at, 0, at, high)

    def _cell_at(self, point: QPoint) -> tuple[int, int]:
        if self._of is None or self._image.isNull():
            return -1, -1
        row = (point.y() + self.verticalScrollBar().value()) // HIGH
        position = (point.x() + self.horizontalScrollBar().value()) // self._wide
        if not 0 <= row < len(self._of.rows) or not 0 <= position < len(self._of.words[row]):
            return -1, -1
        return row, position

    def in_words(self, row: int, position: int) -> str:
        """One cell."""
        assert self._of is not None
        value = float(self._of.values[row, position])
        span = next((each for each in self._of.spans if each.start <= position < each.end), None)
        if span is not None:
            what = f"{one_line(span.name)}, character {position - span.start + 1}"
            shown = one_line(self._of.words[row][position]).strip() or "blank"
            return f"row {int(self._of.rows[row]):,}, {what}: “{shown}” {signed_figures(value)}"
        return f"row {int(self._of.rows[row]):,}, word {position + 1}: “{self._of.words[row][position]}” {signed_figures(value)}"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position().toPoint())
        if cell != self._hovered:
            self._hovered = cell
            self.read_out_changed.emit("" if cell[0] < 0 else self.in_words(*cell))
            self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = (-1, -1)
        self.read_out_changed.emit("")
        self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row, _ = self._cell_at(event.position().toPoint())
        if row >= 0 and self._of is not None and event.button() is Qt.MouseButton.LeftButton:
            self._cursor = row
            self.row_chosen.emit(int(self._of.rows[row]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if self._of is None or not len(self._of.rows):
            super().keyPressEvent(event)
        elif step is not None and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self._cursor = min(max(self._cursor + step, 0), len(self._of.rows) - 1)
            bar, top = self.verticalScrollBar(), self._cursor * HIGH
            bar.setValue(min(max(bar.value(), top + HIGH - self.viewport().height()), top))
            self.viewport().update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.row_chosen.emit(int(self._of.rows[self._cursor]))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_range()
        self._show_names()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_image"):
            self._paint_image()

    @Slot(int)
    def _on_scrolled(self, _value: int) -> None:
        self._show_names()


class _Names(QWidget):
    """Each from one place to another, cut to that room."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.spans: list[tuple[int, int, str]] = []
        self.offset = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = theme.ui_font(theme.CAPTION_PIXELS)
        painter.setFont(font)
        painter.setPen(theme.current().muted)
        metrics = QFontMetricsF(font)
        for start, end, name in self.spans:
            room = QRectF(start - self.offset + 1, 0, end - start - 2, self.height())
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown.strip("…") or name[:1])
        painter.end()
