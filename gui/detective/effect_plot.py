"""One effect with its interval, above the effects of cells drawn by chance, on one scale."""

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.cells import AblationEffect
from engine.heatmaps.numerals import signed_figures
from engine.usage_verdict import controls_in_words, interval_in_words
from gui import theme

HEIGHT, MARGIN = 104, 16
OWN_Y, OTHERS_Y, AXIS_Y = 25.0, 60.0, 72.0
DOT = 3.0


class EffectPlot(QWidget):
    """Names above their marks, zero as a line; dots that would cover each other are stacked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("effectPlot")
        self.setAccessibleName("Effect of the held cell beside random cells")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self._effect: AblationEffect | None = None
        self._name = ""

    def sizeHint(self) -> QSize:
        return QSize(320, HEIGHT)

    def show_effect(self, effect: AblationEffect | None, name: str) -> None:
        """``name``: of what is held."""
        self._effect, self._name = effect, name
        if effect is not None:
            self.setAccessibleDescription(
                f"{name}: {signed_figures(effect.effect)} nats, {interval_in_words(effect)}; {controls_in_words(effect)}"
            )
        self.update()

    def limits(self) -> tuple[float, float]:
        """What the scale has to hold: zero, the effect, its interval, and the others."""
        assert self._effect is not None
        values = [0.0, self._effect.effect, *(self._effect.interval or ()), *self._effect.random_effects.tolist()]
        low, high = min(values), max(values)
        room = 0.06 * (high - low) or 1.0
        return low - room, high + room

    def x_of(self, value: float) -> float:
        """Where it stands."""
        low, high = self.limits()
        return MARGIN + (value - low) / (high - low) * (self.width() - 2 * MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._effect is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_axis(painter)
            self._paint_others(painter, self._effect)
            self._paint_own(painter, self._effect)
        painter.end()

    def _paint_axis(self, painter: QPainter) -> None:
        look = theme.current()
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        painter.setPen(QPen(look.border, 1))
        painter.drawLine(QPointF(MARGIN, AXIS_Y), QPointF(self.width() - MARGIN, AXIS_Y))
        for tick in ticks(*self.limits(), most=max(2, self.width() // 80)):
            x = self.x_of(tick)
            painter.setPen(QPen(look.muted if tick == 0 else look.border, 1))
            painter.drawLine(QPointF(x, 16 if tick == 0 else AXIS_Y), QPointF(x, AXIS_Y + 4))
            painter.setPen(look.muted)
            box = QRectF(min(max(x - 30, 0), self.width() - 60), AXIS_Y + 4, 60, 14)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, signed_figures(tick, 2))
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        words = "nats added to the loss at matches, beyond elsewhere"
        painter.drawText(QRectF(0, AXIS_Y + 17, self.width(), 14), int(Qt.AlignmentFlag.AlignHCenter), words)

    def _paint_own(self, painter: QPainter, effect: AblationEffect) -> None:
        look, x = theme.current(), self.x_of(effect.effect)
        painter.setPen(QPen(look.accent, 2))
        if effect.interval is not None:
            low, high = (self.x_of(value) for value in effect.interval)
            painter.drawLine(QPointF(low, OWN_Y), QPointF(high, OWN_Y))
            for end in (low, high):
                painter.drawLine(QPointF(end, OWN_Y - 4), QPointF(end, OWN_Y + 4))
        painter.setBrush(look.accent)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QPointF(x, OWN_Y), 4.5, 4.5)
        words = f"{self._name} {signed_figures(effect.effect)}" + ("" if effect.interval else " · too few files for an interval")
        self._name_row(painter, x, 2, words, strong=True)

    def _paint_others(self, painter: QPainter, effect: AblationEffect) -> None:
        look, taken = theme.current(), dict[int, int]()
        if not len(effect.random_effects):
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.mix(look.panel, look.muted, 0.8))
        for value in np.sort(effect.random_effects).tolist():
            place = round(self.x_of(value) / (2 * DOT))
            height = taken[place] = taken.get(place, -1) + 1
            painter.drawEllipse(QPointF(place * 2 * DOT, OTHERS_Y + DOT + 2 - min(height, 3) * 1.6 * DOT), DOT - 0.4, DOT - 0.4)
        middle = self.x_of(float(np.median(effect.random_effects)))
        self._name_row(painter, middle, 33, controls_in_words(effect), strong=False)

    def _name_row(self, painter: QPainter, x: float, top: float, words: str, *, strong: bool) -> None:
        """Centred over ``x`` as far as the widget goes, on a ground of its own so that no line runs through it."""
        look = theme.current()
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS, strong=strong))
        width = painter.fontMetrics().horizontalAdvance(words) + 4
        box = QRectF(min(max(0.0, x - width / 2), max(0.0, self.width() - width)), top, width, 14)
        painter.fillRect(box, look.panel)
        painter.setPen(look.accent if strong else look.muted)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between the limits, zero among them where it is inside."""
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(step * factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= most)
    return [round(number) * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
