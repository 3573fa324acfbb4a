"""A record's map field by field: its name, its characters on their colours, and a bar of what they come to."""

from typing import Literal

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.heatmaps.display_text import one_line
from engine.heatmaps.fields import FieldSum, field_sums
from engine.heatmaps.numerals import percent, signed_figures
from engine.heatmaps.wording import token_values
from engine.results import AttributionResult
from gui import theme
from gui.heatmaps.colours import colour_map, missing_brush

Measure = Literal["total", "mean", "peak"]
MEASURES: tuple[tuple[Measure, str, str], ...] = (
    ("total", "Sum", "Of the field's characters: completeness stays as it is."),
    ("mean", "Mean", "Over the field's characters, so that wide fields do not count more."),
    ("peak", "Largest", "The character of the largest magnitude."),
)
ROW, CELL_WIDE, CELL_HIGH = 26, 15, 20
GAP, MARGIN = 12, 16
MOST_CHARACTERS = 40  # of a field that are drawn; the text above has them all
LEAST_BAR, MOST_BAR, NUMBER = 90, 520, 76
MOST_NAME = 140


class FieldMap(QWidget):
    """Setters are silent. ``token_selected``: a character, by its place in the record."""

    token_selected = Signal(int)
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fieldMap")
        self.setAccessibleName("Fields")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._result: AttributionResult | None = None
        self._sums: tuple[FieldSum, ...] = ()
        self._values = np.zeros(0)
        self._limit = 0.0
        self._measure: Measure = "total"
        self._selected = self._hovered = -1  # tokens
        self._row = -1  # hovered

    # One way in

    def show_result(self, result: AttributionResult | None) -> None:
        """A map of a record; of anything else nothing is shown."""
        fields = () if result is None else field_sums(result)
        if len(fields) != len(self._sums):
            self._selected = self._hovered = self._row = -1
        self._result, self._sums = (result if fields else None), fields
        self._values = np.asarray(token_values(result), np.float64) if result is not None and fields else np.zeros(0)
        self.setAccessibleDescription("; ".join(map(self.in_words, range(len(fields)))))
        self.updateGeometry()
        self.update()

    def set_limit(self, limit: float) -> None:
        """The end of the characters' colour scale, which they share with the text above."""
        self._limit = limit
        self.update()

    def set_measure(self, measure: Measure) -> None:
        """What the bars are of."""
        self._measure = measure
        self.update()

    def select_token(self, token: int) -> None:
        """−1: none."""
        self._selected = token if token < len(self._values) else -1
        self.update()

    @property
    def fields(self) -> tuple[FieldSum, ...]:
        """In the order of the record; empty: there is no record."""
        return self._sums

    def measured(self) -> np.ndarray:
        """(fields,) what the bars show."""
        return np.array([getattr(each, self._measure) for each in self._sums], np.float64)

    def in_words(self, row: int) -> str:
        """A field: its value and all three measures, with rank and share of the sums."""
        assert self._result is not None
        each = self._sums[row]
        totals = np.abs([one.total for one in self._sums])
        whole = float(np.nansum(totals))
        rank = 1 + int((totals > totals[row]).sum())
        share = f" · {percent(float(totals[row]) / whole)} of Σ|fields|" if whole > 0 else ""
        value = f"“{one_line(each.field.value)}”" if each.field.value else "blank"
        figures = f"sum {signed_figures(each.total)} · mean {signed_figures(each.mean)} · largest {signed_figures(each.peak)}"
        return f"{one_line(each.field.name)} {value} · {figures} {self._result.unit} · rank {rank} of {len(totals)}{share}"

    # Geometry

    def sizeHint(self) -> QSize:
        return QSize(self.minimumSizeHint().width() + 120, self.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:
        if not self._sums:
            return QSize(0, 0)
        return QSize(round(self._bar_left() + LEAST_BAR + GAP + NUMBER + MARGIN), ROW * len(self._sums) + 8)

    def _name_width(self) -> float:
        metrics = QFontMetricsF(theme.ui_font())
        return min(MOST_NAME, max((metrics.horizontalAdvance(one_line(each.field.name)) for each in self._sums), default=0.0))

    def _cells_left(self) -> float:
        return MARGIN + self._name_width() + GAP

    def _bar_left(self) -> float:
        widest = max((min(each.field.end - each.field.start, MOST_CHARACTERS) for each in self._sums), default=0)
        return self._cells_left() + widest * CELL_WIDE + GAP

    def _bar(self, row: int) -> QRectF:
        room = self.width() - self._bar_left() - GAP - NUMBER - MARGIN
        return QRectF(self._bar_left(), 4 + row * ROW + (ROW - 14) / 2, min(max(room, LEAST_BAR), MOST_BAR), 14)

    def _cell(self, row: int, at: int) -> QRectF:
        return QRectF(self._cells_left() + at * CELL_WIDE, 4 + row * ROW + (ROW - CELL_HIGH) / 2, CELL_WIDE - 1, CELL_HIGH)

    def _at(self, point: QPointF) -> tuple[int, int]:
        """Row and token under ``point``; −1: none."""
        row = int((point.y() - 4) // ROW)
        if not 0 <= row < len(self._sums):
            return -1, -1
        field = self._sums[row].field
        at = int((point.x() - self._cells_left()) // CELL_WIDE)
        inside = 0 <= at < min(field.end - field.start, MOST_CHARACTERS)
        return row, field.start + at if inside else -1

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._result is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in range(len(self._sums)):
            self._draw_row(painter, row)
        if self.hasFocus():
            theme.paint_focus_ring(painter, QRectF(self.rect()))
        painter.end()

    def _draw_row(self, painter: QPainter, row: int) -> None:
        look, each = theme.current(), self._sums[row]
        if row == self._row:
            painter.fillRect(QRectF(MARGIN / 2, 4 + row * ROW, self.width() - MARGIN, ROW), look.hover)
        painter.setFont(theme.ui_font())
        painter.setPen(look.disabled if each.field.missing else look.text)
        name = QRectF(MARGIN, 4 + row * ROW, self._name_width() + 1, ROW)
        shown = QFontMetricsF(theme.ui_font()).elidedText(one_line(each.field.name), Qt.TextElideMode.ElideRight, name.width())
        painter.drawText(name, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), shown)
        self._draw_characters(painter, row)
        self._draw_bar(painter, row)

    def _draw_characters(self, painter: QPainter, row: int) -> None:
        assert self._result is not None
        field, look = self._sums[row].field, theme.current()
        colours = colour_map(look, signed=self._result.signed)
        text = self._result.prediction.text.text
        last = min(field.end, field.start + MOST_CHARACTERS)
        steps = colours.steps(self._values[field.start : last], self._limit)
        painter.setFont(theme.mono_font())
        for at, step in enumerate(steps.tolist()):
            token, cell = field.start + at, self._cell(row, at)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(missing_brush(look) if step < 0 else colours.brushes[step])
            painter.drawRoundedRect(cell, theme.CELL_RADIUS, theme.CELL_RADIUS)
            painter.setPen(look.muted if step < 0 else colours.texts[step])
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, one_line(text[token]).strip() or "")
            if text[token].isspace():
                painter.setPen(QPen(look.border, 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), theme.CELL_RADIUS, theme.CELL_RADIUS)
            if token in (self._selected, self._hovered):
                painter.setPen(QPen(look.accent if token == self._selected else look.text, 1.5))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(cell, theme.CELL_RADIUS, theme.CELL_RADIUS)

    def _draw_bar(self, painter: QPainter, row: int) -> None:
        assert self._result is not None
        look, area, measured = theme.current(), self._bar(row), self.measured()
        value, signed = float(measured[row]), self._result.signed
        most = float(np.nanmax(np.abs(measured))) if np.isfinite(measured).any() else 0.0
        zero = area.center().x() if signed else area.left()
        reach = area.width() / 2 if signed else area.width()
        painter.setPen(QPen(look.border, 1))
        painter.drawLine(QPointF(zero, area.top() - 3), QPointF(zero, area.bottom() + 3))
        if np.isfinite(value) and most > 0:
            length = reach * value / most
            colour = look.accent if not signed else look.raises if value > 0 else look.lowers
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRect(QRectF(min(zero, zero + length), area.top(), abs(length), area.height()))
        painter.setFont(theme.numbers_font())
        painter.setPen(look.text)
        number = QRectF(area.right() + GAP, 4 + row * ROW, NUMBER, ROW)
        words = signed_figures(value) if np.isfinite(value) else "not a number"
        painter.drawText(number, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), words)

    # Pointer and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        row, token = self._at(event.position())
        if (row, token) != (self._row, self._hovered):
            self._row, self._hovered = row, token
            self._tell()
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._row = self._hovered = -1
        self._tell()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row, token = self._at(event.position())
        if row >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self._select(token if token >= 0 else self._sums[row].field.start)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows: from field to field, from character to character."""
        key, plain = Qt.Key(event.key()), event.modifiers() == Qt.KeyboardModifier.NoModifier
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key)
        if not self._sums or step is None or not plain:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._select(min(max(self._selected + step, 0), len(self._values) - 1))
        else:
            row = min(max(self._row_of(self._selected) + step, 0), len(self._sums) - 1)
            self._select(self._sums[row].field.start)

    def _row_of(self, token: int) -> int:
        found = (at for at, each in enumerate(self._sums) if each.field.start <= token < each.field.end)
        return next(found, -1)

    def _select(self, token: int) -> None:
        self._selected = token
        self.update()
        self.token_selected.emit(token)
        self._tell()

    def _tell(self) -> None:
        """The character under the pointer, else the field; else of what is pinned."""
        row = self._row if self._row >= 0 else self._row_of(self._selected)
        if row < 0 or self._result is None:
            self.read_out_changed.emit("")
            return
        token = self._hovered if self._row >= 0 else self._selected
        words = self.in_words(row)
        if token >= 0:
            character = one_line(self._result.prediction.text.text[token]).strip() or "blank"
            place = token - self._sums[row].field.start + 1
            words = f"character {place} “{character}” {signed_figures(float(self._values[token]))} · {words}"
        self.read_out_changed.emit(words)

    def focusInEvent(self, event: QEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QEvent) -> None:
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()
