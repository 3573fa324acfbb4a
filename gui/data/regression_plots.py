"""How far off numbers are: each row as a point, said over measured, and how the residuals are spread."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.dataset_results import PredictionsResult, RegressionNumbers, Rows
from engine.heatmaps.numerals import figures, signed_figures
from engine.heatmaps.ticks import linear_ticks, tick_words
from gui import theme

LEFT, BOTTOM, TOP, RIGHT = 52, 36, 8, 14
SIZE = (280, 260)
RADIUS, REACH = 3.0, 9.0  # px of a point, and around it that still count as it
MOST_TICKS = 6
NARROW = 5.0  # px of a bar that stands close to the next
_SHADE = 110  # of 255


class _Plot(QWidget):
    """Axes and what is under the pointer."""

    read_out_changed = Signal(str)

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(SIZE[0] + 100, SIZE[1] + 40)

    def minimumSizeHint(self) -> QSize:
        return QSize(*SIZE)

    def _area(self) -> QRectF:
        return QRectF(LEFT, TOP, self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM)

    def _draw_axes(self, painter: QPainter, across: Sequence[float], up: Sequence[float], words: tuple[str, str]) -> None:
        """Ticks with their numbers, a light line for each, and what the axes are of."""
        look, area = theme.current(), self._area()
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for value in up:
            y = self._y(value)
            painter.setPen(QPen(theme.mix(look.panel, look.border, 0.6), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(look.muted)
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), right, tick_words(value))
        for value in across:
            painter.drawText(
                QRectF(self._x(value) - 30, area.bottom() + 3, 60, 14), Qt.AlignmentFlag.AlignCenter, tick_words(value)
            )
        painter.setPen(QPen(look.border, 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.setPen(look.muted)
        below = QRectF(area.left(), area.bottom() + 18, area.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words[0])
        painter.drawText(QRectF(area.left() + 6, area.top() - 2, area.width(), 14), int(Qt.AlignmentFlag.AlignLeft), words[1])

    def _x(self, value: float) -> float:
        raise NotImplementedError

    def _y(self, value: float) -> float:
        raise NotImplementedError

    def focusInEvent(self, event: QEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QEvent) -> None:
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()


class ScatterPlot(_Plot):
    """A click on a point, or Enter on the one the arrows chose, puts its row on the desk. Setters are silent."""

    row_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("scatterPlot", "Predicted over measured", parent)
        self._rows = np.zeros(0, np.int64)
        self._measured, self._said = np.zeros(0), np.zeros(0)
        self._low, self._high, self._unit = 0.0, 1.0, ""
        self._hovered = self._cursor = -1  # places in ``_rows``, which are sorted by what was measured
        self._current = -1  # row on the desk

    def show_rows(self, result: PredictionsResult, rows: Rows, unit: str) -> None:
        """Those of ``rows`` that have both numbers."""
        measured, said = result.expected[rows].astype(np.float64), result.logits[rows, 0].astype(np.float64)
        known = np.isfinite(measured) & np.isfinite(said)
        order = np.argsort(measured[known], kind="stable")
        self._rows, self._measured, self._said = rows[known][order], measured[known][order], said[known][order]
        both = np.concatenate((self._measured, self._said))
        self._low, self._high = (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)
        around = 0.04 * (self._high - self._low) or max(1.0, abs(self._high))
        self._low, self._high, self._unit = self._low - around, self._high + around, unit
        self._hovered, self._cursor = -1, min(self._cursor, len(self._rows) - 1)
        self.setAccessibleDescription(f"{len(self._rows):,} rows")
        self.update()

    def show_current(self, row: int) -> None:
        """The one on the desk."""
        self._current = row
        self.update()

    def _x(self, value: float) -> float:
        area = self._area()
        return area.left() + area.width() * (value - self._low) / (self._high - self._low)

    def _y(self, value: float) -> float:
        area = self._area()
        return area.bottom() - area.height() * (value - self._low) / (self._high - self._low)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ticks = linear_ticks(self._low, self._high, MOST_TICKS)
        unit = f", {self._unit}" if self._unit else ""
        self._draw_axes(painter, ticks, ticks, (f"measured{unit}", f"predicted{unit}"))
        painter.setPen(QPen(look.muted, 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(self._x(self._low), self._y(self._low)), QPointF(self._x(self._high), self._y(self._high)))
        shade = QColor(look.accent)
        shade.setAlpha(_SHADE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        for measured, said in zip(self._measured.tolist(), self._said.tolist(), strict=True):
            painter.drawEllipse(QPointF(self._x(measured), self._y(said)), RADIUS, RADIUS)
        here = np.flatnonzero(self._rows == self._current)
        self._ring(painter, int(here[0]) if len(here) else -1, look.raises, filled=True)
        self._ring(painter, self._hovered if self._hovered >= 0 else self._cursor if self.hasFocus() else -1, look.text)
        if self.hasFocus():
            theme.paint_focus_ring(painter, QRectF(self.rect()))
        painter.end()

    def _ring(self, painter: QPainter, place: int, colour: QColor, filled: bool = False) -> None:
        if 0 <= place < len(self._rows):
            point = QPointF(self._x(float(self._measured[place])), self._y(float(self._said[place])))
            painter.setPen(QPen(colour, 2))
            painter.setBrush(colour if filled else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(point, RADIUS + 2, RADIUS + 2)

    def in_words(self, place: int) -> str:
        """One point."""
        measured, said = float(self._measured[place]), float(self._said[place])
        numbers = f"measured {figures(measured, 4)}, predicted {figures(said, 4)}, residual {signed_figures(measured - said)}"
        return f"row {int(self._rows[place]):,}: {numbers} {self._unit}".rstrip()

    def _at(self, point: QPointF) -> int:
        if not len(self._rows):
            return -1
        area, reach = self._area(), self._high - self._low
        dx = area.left() + area.width() * (self._measured - self._low) / reach - point.x()
        dy = area.bottom() - area.height() * (self._said - self._low) / reach - point.y()
        distance = np.hypot(dx, dy)
        nearest = int(distance.argmin())
        return nearest if distance[nearest] <= REACH else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def _hover(self, place: int) -> None:
        if place != self._hovered:
            self._hovered = place
            self.read_out_changed.emit(self.in_words(place) if place >= 0 else "")
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place = self._at(event.position())
        if place >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self._cursor = place
            self.row_chosen.emit(int(self._rows[place]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows: to the next measured value; Enter takes its row."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None and len(self._rows):
            self._cursor = min(max(self._cursor + step, 0), len(self._rows) - 1)
            self.read_out_changed.emit(self.in_words(self._cursor))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._cursor >= 0:
            self.row_chosen.emit(int(self._rows[self._cursor]))
        else:
            super().keyPressEvent(event)


class ResidualPlot(_Plot):
    """A click on a bin, or Enter on the one the arrows chose, is a filter. Setters are silent."""

    bin_chosen = Signal(float, float)  # from, to

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("residualPlot", "Residuals", parent)
        self._numbers: RegressionNumbers | None = None
        self._unit = ""
        self._hovered = self._cursor = -1

    def show_numbers(self, numbers: RegressionNumbers | None, unit: str) -> None:
        """Of the rows that are looked at."""
        self._numbers, self._unit, self._hovered = numbers, unit, -1
        bins = 0 if numbers is None else len(numbers.counts)
        self._cursor = min(self._cursor, bins - 1)
        self.setAccessibleDescription("; ".join(self.in_words(at) for at in range(bins) if self._count(at)))
        self.update()

    def _count(self, at: int) -> int:
        return int(self._numbers.counts[at]) if self._numbers is not None else 0

    def _x(self, value: float) -> float:
        assert self._numbers is not None
        area, edges = self._area(), self._numbers.edges
        return area.left() + area.width() * (value - float(edges[0])) / float(edges[-1] - edges[0])

    def _y(self, value: float) -> float:
        assert self._numbers is not None
        area = self._area()
        return area.bottom() - area.height() * value / (1.05 * max(1, int(self._numbers.counts.max())))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._numbers is None:
            return
        look, painter, area = theme.current(), QPainter(self), self._area()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edges, counts = self._numbers.edges, self._numbers.counts
        shown = self._hovered if self._hovered >= 0 else self._cursor if self.hasFocus() else -1
        if shown >= 0:
            left, right = self._x(float(edges[shown])), self._x(float(edges[shown + 1]))
            painter.fillRect(QRectF(left, area.top(), right - left, area.height()), look.hover)
        across = linear_ticks(float(edges[0]), float(edges[-1]), MOST_TICKS)
        up = linear_ticks(0.0, float(max(1, counts.max())), 4)
        unit = f", {self._unit}" if self._unit else ""
        self._draw_axes(painter, across, up, (f"residual: measured − predicted{unit}", "rows"))
        painter.setPen(Qt.PenStyle.NoPen)
        for at in np.flatnonzero(counts).tolist():
            left, right = self._x(float(edges[at])), self._x(float(edges[at + 1]))
            top = self._y(float(counts[at]))
            shade = QColor(look.raises if edges[at] >= 0 else look.lowers)
            shade.setAlpha(190)
            painter.setBrush(shade)
            gap = 1.0 if right - left > NARROW else 0.0
            painter.drawRect(QRectF(left + gap, top, max(1.0, right - left - 2 * gap), area.bottom() - top))
        if edges[0] <= 0 <= edges[-1]:
            painter.setPen(QPen(look.text, 1))
            painter.drawLine(QPointF(self._x(0.0), area.top()), QPointF(self._x(0.0), area.bottom()))
        if self.hasFocus():
            theme.paint_focus_ring(painter, QRectF(self.rect()))
        painter.end()

    def in_words(self, at: int) -> str:
        """One bin."""
        assert self._numbers is not None
        low, high = float(self._numbers.edges[at]), float(self._numbers.edges[at + 1])
        return f"residuals from {low:g} to {high:g} {self._unit}".rstrip() + f": {self._count(at):,} rows"

    def _at(self, x: float) -> int:
        area = self._area()
        if self._numbers is None or not area.left() <= x < area.right():
            return -1
        return int((x - area.left()) / area.width() * len(self._numbers.counts))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def _hover(self, at: int) -> None:
        if at != self._hovered:
            self._hovered = at
            self.read_out_changed.emit(self.in_words(at) if at >= 0 else "")
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = self._at(event.position().x())
        if at >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self._choose(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and Enter."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is not None and self._numbers is not None:
            self._cursor = min(max(self._cursor + step, 0), len(self._numbers.counts) - 1)
            self.read_out_changed.emit(self.in_words(self._cursor))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._cursor >= 0:
            self._choose(self._cursor)
        else:
            super().keyPressEvent(event)

    def _choose(self, at: int) -> None:
        assert self._numbers is not None
        self._cursor = at
        self.bin_chosen.emit(float(self._numbers.edges[at]), float(self._numbers.edges[at + 1]))
