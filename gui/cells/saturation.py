"""How often each cell's gates are shut and open: a dot per cell, a panel per gate, a row per layer."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from engine.cell_values import gates_of
from engine.cells import Cell, CellsResult
from engine.heatmaps.numerals import percent
from gui import theme
from gui.cells.marks import Marks
from gui.cells.words import full_name
from gui.theme import mix

_LEFT, _BELOW, _ABOVE, _GAP = 40.0, 34.0, 24.0, 28.0
_MOST, _LEAST = 260.0, 130.0  # px of a panel's side
_DOT, _REACH = 2.6, 10.0
Dots = tuple[NDArray[np.float64], NDArray[np.float64]]  # shares below 0.1, above 0.9: (direction, cell) each


class SaturationScatter(QAbstractScrollArea):
    """Left below: never at an end. Top left: open nearly always. Bottom right: shut nearly always."""

    chosen = Signal(object)  # Cell
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("saturationScatter")
        self.setAccessibleName("Saturation of gates")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "canvas")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._panels: list[tuple[int, int, str, str, Dots]] = []  # layer, column, gate, title, dots
        self._rows: list[int] = []  # layers that have gates
        self._cell: Cell | None = None
        self._hovered: tuple[str, Cell] | None = None
        self._marks = Marks({})

    def show_result(self, result: CellsResult) -> None:
        """One way in."""
        shares = {gate: result.saturation(gate) for layer in result.layers for gate in gates_of(layer)}
        self._rows = [number for number, layer in enumerate(result.layers) if gates_of(layer)]
        self._panels = []
        for number in self._rows:
            layer = result.layers[number]
            for column, gate in enumerate(gates_of(layer)):
                low, high = (each[number, : layer.directions, : layer.cells] for each in shares[gate])
                title = f"{full_name(gate, layer.kind)}"
                self._panels.append((number, column, gate, title, (low, high)))
        self._set_range()
        self.show_cell(self._cell)

    def show_cell(self, cell: Cell | None) -> None:
        """Ring it in every panel of its layer, which comes into sight; emits nothing."""
        self._cell = cell
        if cell is not None and cell.layer in self._rows:
            self._reveal(self._rows.index(cell.layer))
        self.viewport().update()

    def show_marks(self, marks: Marks) -> None:
        """Marked cells are drawn larger."""
        self._marks = marks
        self.viewport().update()

    def dot_place(self, gate: str, cell: Cell) -> QPointF:
        """Where a cell is drawn, in the viewport's coordinates."""
        layer, column, _, _, dots = next(p for p in self._panels if p[0] == cell.layer and p[2] == gate)
        box = self._box(layer, column)
        return self._at(box, float(dots[0][cell.direction, cell.index]), float(dots[1][cell.direction, cell.index]))

    # Measures

    def _columns(self) -> int:
        return max((column for _, column, *_ in self._panels), default=0) + 1

    def _side(self) -> float:
        across = (self.viewport().width() - _LEFT - 16) / self._columns() - _GAP
        down = self.viewport().height() - _ABOVE - _BELOW
        return min(max(min(across, down), min(_LEAST, across)), _MOST)

    def _high(self) -> float:
        return self._side() + _ABOVE + _BELOW

    def _box(self, layer: int, column: int) -> QRectF:
        side = self._side()
        left = _LEFT + 8 + column * (side + _GAP + 8)
        top = self._rows.index(layer) * self._high() + _ABOVE - self.verticalScrollBar().value()
        return QRectF(left, top, side, side)

    @staticmethod
    def _at(box: QRectF, low: float, high: float) -> QPointF:
        return QPointF(box.left() + low * box.width(), box.bottom() - high * box.height())

    def _set_range(self) -> None:
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, round(len(self._rows) * self._high() - self.viewport().height())))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(40)

    def _reveal(self, row: int) -> None:
        bar, top = self.verticalScrollBar(), round(row * self._high())
        if not bar.value() <= top <= bar.value() + self.viewport().height() - self._high():
            bar.setValue(top)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self.viewport())
        painter.fillRect(event.rect(), look.panel)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._panels:
            painter.setPen(look.muted)
            words = "These layers have no gates: a plain RNN has only its hidden state."
            painter.drawText(self.viewport().rect(), int(Qt.AlignmentFlag.AlignCenter), words)
        for layer, column, gate, title, dots in self._panels:
            box = self._box(layer, column)
            if box.bottom() + _BELOW > 0 and box.top() - _ABOVE < self.viewport().height():
                self._paint_axes(painter, box, f"Layer {layer} · {title}" if len(self._rows) > 1 else title, column == 0)
                self._paint_dots(painter, box, layer, gate, dots)
        painter.end()

    def _paint_axes(self, painter: QPainter, box: QRectF, title: str, first: bool) -> None:
        look, centre = theme.current(), int(Qt.AlignmentFlag.AlignCenter)
        painter.setPen(QPen(look.border, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawLine(QLineF(box.bottomLeft(), box.topLeft()))
        painter.drawLine(QLineF(box.bottomLeft(), box.bottomRight()))
        painter.setPen(QPen(mix(look.panel, look.border, 0.9), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QLineF(box.topLeft(), box.bottomRight()))  # the two shares cannot exceed one
        painter.setPen(look.text)
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS, strong=True))
        painter.drawText(
            QRectF(box.left(), box.top() - _ABOVE, box.width() + _GAP, _ABOVE - 4), int(Qt.AlignmentFlag.AlignVCenter), title
        )
        painter.setPen(look.muted)
        painter.setFont(theme.numbers_font(9))
        for share in (0.0, 0.5, 1.0):
            x, y = box.left() + share * box.width(), box.bottom() - share * box.height()
            painter.drawLine(QLineF(x, box.bottom(), x, box.bottom() + 3))
            painter.drawLine(QLineF(box.left() - 3, y, box.left(), y))
            painter.drawText(QRectF(x - 20, box.bottom() + 3, 40, 12), centre, f"{share:g}")
            painter.drawText(
                QRectF(box.left() - 26, y - 6, 20, 12),
                int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                f"{share:g}",
            )
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        painter.drawText(QRectF(box.left() - 10, box.bottom() + 14, box.width() + 20, 16), centre, "share below 0.1 (shut)")
        if first:
            painter.save()
            painter.translate(box.left() - 34, box.center().y())
            painter.rotate(-90)
            painter.drawText(QRectF(-box.height() / 2 - 10, -8, box.height() + 20, 16), centre, "share above 0.9 (open)")
            painter.restore()

    def _paint_dots(self, painter: QPainter, box: QRectF, layer: int, gate: str, dots: Dots) -> None:
        """Filled: reads forwards; hollow: backwards."""
        look = theme.current()
        colour = QColor(look.accent)
        colour.setAlphaF(0.5)  # where many cells lie it is denser
        for direction in range(dots[0].shape[0]):
            painter.setPen(QPen(colour, 1.2) if direction else Qt.PenStyle.NoPen)
            painter.setBrush(Qt.BrushStyle.NoBrush if direction else colour)
            for low, high in zip(dots[0][direction].tolist(), dots[1][direction].tolist(), strict=True):
                if low == low and high == high:
                    painter.drawEllipse(self._at(box, low, high), _DOT, _DOT)
        for cell in self._marks.notes:
            if cell.layer == layer:
                self._paint_special(painter, box, dots, cell, QPen(look.panel, 1), _DOT + 1)
        if self._hovered is not None and self._hovered[0] == gate and self._hovered[1].layer == layer:
            self._paint_special(painter, box, dots, self._hovered[1], QPen(look.text, 1.5), _DOT + 1.5)
        if self._cell is not None and self._cell.layer == layer:
            self._paint_special(painter, box, dots, self._cell, QPen(look.text, 2), _DOT + 2)

    def _paint_special(self, painter: QPainter, box: QRectF, dots: Dots, cell: Cell, pen: QPen, radius: float) -> None:
        if cell.direction >= dots[0].shape[0] or cell.index >= dots[0].shape[1]:
            return
        low, high = float(dots[0][cell.direction, cell.index]), float(dots[1][cell.direction, cell.index])
        if low == low and high == high:
            painter.setPen(pen)
            painter.setBrush(theme.current().accent)
            painter.drawEllipse(self._at(box, low, high), radius, radius)

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(320, int(_LEAST + _ABOVE + _BELOW))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_range()
        self.show_cell(self._cell)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._nearest(event.position())
        if found != self._hovered:
            self._hovered = found
            self.viewport().update()
            self.read_out_changed.emit("" if found is None else self._in_words(*found))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if self._hovered is not None:
            self._hovered = None
            self.viewport().update()
            self.read_out_changed.emit("")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._nearest(event.position())
        if event.button() == Qt.MouseButton.LeftButton and found is not None:
            self.chosen.emit(found[1])

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        dots = next((dots for layer, _, _, _, dots in self._panels if self._cell and layer == self._cell.layer), None)
        if event.key() in steps and self._cell is not None and dots is not None:
            index = min(max(self._cell.index + steps[Qt.Key(event.key())], 0), dots[0].shape[1] - 1)
            self.chosen.emit(Cell(self._cell.layer, index, self._cell.direction))
        else:
            super().keyPressEvent(event)

    def _nearest(self, place: QPointF) -> tuple[str, Cell] | None:
        for layer, column, gate, _, (low, high) in self._panels:
            box = self._box(layer, column)
            if box.adjusted(-_REACH, -_REACH, _REACH, _REACH).contains(place) and low.size:
                across = box.left() + low * box.width() - place.x()
                down = box.bottom() - high * box.height() - place.y()
                distance = np.nan_to_num(np.hypot(across, down), nan=np.inf)
                direction, index = np.unravel_index(int(distance.argmin()), distance.shape)
                if distance[direction, index] <= _REACH:
                    return gate, Cell(layer, int(index), int(direction))
        return None

    def _in_words(self, gate: str, cell: Cell) -> str:
        dots = next(p[4] for p in self._panels if p[0] == cell.layer and p[2] == gate)
        low, high = (float(each[cell.direction, cell.index]) for each in dots)
        note = self._marks.notes.get(cell, "")
        words = f"{cell} · {full_name(gate)} below 0.1 at {percent(low)}, above 0.9 at {percent(high)} of the positions"
        return f"{words} · {note}" if note else words
