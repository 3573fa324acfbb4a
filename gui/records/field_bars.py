"""A bar for each field, over many rows: which way it moves the value on average, how much, and how much at most."""

from typing import Literal

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from engine.dataset_results import FieldValue
from engine.heatmaps.display_text import one_line
from engine.heatmaps.numerals import figures, signed_figures
from gui import theme

Measure = Literal["mean", "magnitude", "maximum"]
MEASURES: tuple[tuple[Measure, str, str], ...] = (
    ("mean", "Signed", "The mean over the rows of the field's sum: which way it moves the score."),
    ("magnitude", "Mean", "The mean over the rows of Σ|values| of the field's characters: how much it matters."),
    ("maximum", "Largest", "The largest Σ|values| of the field in any row."),
)
ROW, BAR, MARGIN, GAP, NUMBER = 28, 14, 12, 12, 72
MOST_NAME = 150


class FieldBars(QAbstractScrollArea):
    """Setters are silent."""

    read_out_changed = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("Bars of fields")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "canvas")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.setMinimumSize(220, 120)
        self._fields: tuple[FieldValue, ...] = ()
        self._measure: Measure = "mean"
        self._unit = ""
        self._hovered = -1

    def show_fields(self, fields: tuple[FieldValue, ...], measure: Measure, unit: str) -> None:
        """Of one slice."""
        self._fields, self._measure, self._unit = fields, measure, unit
        self.setAccessibleDescription("; ".join(map(self.in_words, range(len(fields)))))
        self._set_range()
        self.viewport().update()

    def _set_range(self) -> None:
        view, high = self.viewport().height(), ROW * len(self._fields) + 8
        self.verticalScrollBar().setRange(0, max(0, high - view))
        self.verticalScrollBar().setPageStep(view)
        self.verticalScrollBar().setSingleStep(ROW)

    def in_words(self, at: int) -> str:
        """All three measures."""
        each = self._fields[at]
        parts = f"mean {signed_figures(each.mean)} · mean Σ|values| {figures(each.magnitude)} · largest {figures(each.maximum)}"
        return f"{one_line(each.name)} · {parts} {self._unit}".rstrip()

    def measured(self) -> np.ndarray:
        """(fields,) what is drawn."""
        return np.array([getattr(each, self._measure) for each in self._fields], np.float64)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.viewport().rect(), look.panel)
        metrics, measured = QFontMetricsF(theme.ui_font()), self.measured()
        names = min(MOST_NAME, max((metrics.horizontalAdvance(one_line(each.name)) for each in self._fields), default=0.0) + 1)
        left = MARGIN + names + GAP
        wide = max(60.0, self.viewport().width() - left - GAP - NUMBER - MARGIN)
        most = float(np.nanmax(np.abs(measured))) if np.isfinite(measured).any() else 0.0
        signed, right = self._measure == "mean", int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for at, each in enumerate(self._fields):
            top = 4 + at * ROW - self.verticalScrollBar().value()
            if at == self._hovered:
                painter.fillRect(QRectF(0, top, self.viewport().width(), ROW), look.hover)
            painter.setFont(theme.ui_font())
            painter.setPen(look.text)
            shown = metrics.elidedText(one_line(each.name), Qt.TextElideMode.ElideRight, names)
            painter.drawText(QRectF(MARGIN, top, names, ROW), right, shown)
            self._draw_bar(painter, QRectF(left, top + (ROW - BAR) / 2, wide, BAR), float(measured[at]), most, signed)
        painter.end()

    def _draw_bar(self, painter: QPainter, area: QRectF, value: float, most: float, signed: bool) -> None:
        look = theme.current()
        zero, reach = (area.center().x(), area.width() / 2) if signed else (area.left(), area.width())
        painter.setPen(QPen(look.border, 1))
        painter.drawLine(QPointF(zero, area.top() - 4), QPointF(zero, area.bottom() + 4))
        if np.isfinite(value) and most > 0:
            length = reach * value / most
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush((look.raises if value > 0 else look.lowers) if signed else look.accent)
            painter.drawRect(QRectF(min(zero, zero + length), area.top(), abs(length), area.height()))
        painter.setFont(theme.numbers_font())
        painter.setPen(look.text)
        words = signed_figures(value) if signed else figures(value)
        number = QRectF(area.right() + GAP, area.top() - 6, NUMBER, area.height() + 12)
        painter.drawText(number, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), words)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = int((event.position().y() - 4 + self.verticalScrollBar().value()) // ROW)
        at = at if 0 <= at < len(self._fields) else -1
        if at != self._hovered:
            self._hovered = at
            self.read_out_changed.emit(self.in_words(at) if at >= 0 else "")
            self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = -1
        self.read_out_changed.emit("")
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(320, ROW * max(4, len(self._fields)) + 12)

    def resizeEvent(self, event: QEvent) -> None:
        self._set_range()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.viewport().update()
