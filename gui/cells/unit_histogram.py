"""How one unit is spread over a corpus: bars on the colours of their values, on the levels of the scan, logarithmic counts."""

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.detective import UnitResult
from engine.heatmaps.numerals import figures
from gui import theme
from gui.cells.words import NAMES, is_signed
from gui.detective.curves import binned
from gui.heatmaps.colours import colour_map
from gui.theme import mix

_ENDLESS = 1000.0  # levels of a scale without bounds end far beyond
_LEFT, _RIGHT, _BELOW, _ABOVE = 44, 8, 34, 8
_COUNTS, _COUNTS_IN_SHORT = " · positions, log scale", " · log counts"


class UnitHistogram(QWidget):
    """The pointer reads a bar."""

    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("unitHistogram")
        self.setAccessibleName("Histogram of this cell over the corpus")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self._edges, self._counts = np.zeros(0), np.zeros(0, np.int64)
        self._open = False, False  # whether the first and last bar hold everything beyond
        self._quantity, self._limit, self._hovered, self._squashed = "cell_state", 1.0, -1, False

    def show_unit(self, result: UnitResult | None, limit: float, *, squashed: bool) -> None:
        """``limit``: where the colours of the text end; ``squashed``: it shows tanh of what is counted here."""
        self._hovered, self._limit, self._squashed = -1, limit, squashed
        if result is None:
            self._edges, self._counts = np.zeros(0), np.zeros(0, np.int64)
        else:
            edges, counts = binned(result.edges, result.counts[None].astype(np.float64))
            self._edges, self._counts = np.asarray(edges, np.float64), counts[0].astype(np.int64)
            self._quantity = result.request.quantity
            first, last = float(result.edges[0]), float(result.edges[-1])
            endless = max(abs(first), abs(last)) > _ENDLESS
            self._open = endless and float(edges[0]) == first, endless and float(edges[-1]) == last
            low, high = figures(float(self._edges[0])), figures(float(self._edges[-1]))
            self.setAccessibleDescription(f"{int(self._counts.sum()):,} positions, from {low} to {high}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(260, 160)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, 96)

    def _plot(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_LEFT, _ABOVE, -_RIGHT, -_BELOW)

    def _bar(self, at: int) -> QRectF:
        plot = self._plot()
        left, right = (plot.left() + plot.width() * place / len(self._counts) for place in (at, at + 1))
        top = np.log10(1 + float(self._counts.max()))
        high = plot.height() * np.log10(1 + float(self._counts[at])) / top if top else 0.0
        return QRectF(left, plot.bottom() - high, right - left, high)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look, plot = QPainter(self), theme.current(), self._plot()
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        if len(self._counts):
            self._paint_scale(painter, plot)
            signed = is_signed(self._quantity)
            colours = colour_map(look, signed=signed)
            middles = (self._edges[1:] + self._edges[:-1]) / 2
            steps = colours.steps(np.tanh(middles) if self._squashed else middles, self._limit)
            for at in np.flatnonzero(self._counts).tolist():
                box = self._bar(at)
                painter.fillRect(box.adjusted(0, 0, -0.5, 0), colours.brushes[int(steps[at])])
                painter.setPen(QPen(look.text if at == self._hovered else mix(look.panel, look.muted, 0.6), 1))
                painter.drawLine(box.topLeft(), box.topRight())
            self._paint_ends(painter, plot)
        painter.end()

    def _paint_scale(self, painter: QPainter, plot: QRectF) -> None:
        """Powers of ten, as many as there is room for."""
        look = theme.current()
        top = np.log10(1 + float(self._counts.max()))
        for power in range(0, int(top) + 1, 1 if plot.height() / max(top, 1) > 18 else 2):
            y = plot.bottom() - plot.height() * np.log10(1 + 10.0**power) / top
            painter.setPen(QPen(mix(look.panel, look.border, 0.6), 1))
            painter.drawLine(int(plot.left()), int(y), int(plot.right()), int(y))
            painter.setPen(look.muted)
            where = QRectF(0, y - 8, _LEFT - 6, 16)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), _power(power))

    def _paint_ends(self, painter: QPainter, plot: QRectF) -> None:
        look, edges = theme.current(), self._edges
        painter.setPen(QPen(look.border, 1))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        painter.setPen(look.muted)
        row = QRectF(plot.left(), plot.bottom() + 2, plot.width(), 14)
        low, high = self._ends()
        painter.drawText(row, int(Qt.AlignmentFlag.AlignLeft), low)
        painter.drawText(row, int(Qt.AlignmentFlag.AlignRight), high)
        last = -np.inf
        for value in (0.0, -1.0, 1.0, -3.0, 3.0, -10.0, 10.0):
            at = float(np.interp(value, edges, np.arange(len(edges)))) / len(self._counts)
            x = plot.left() + plot.width() * at
            clear = 64 < x - plot.left() < plot.width() - 56 and (value == 0 or abs(x - last) > 32)
            if edges[0] < value < edges[-1] and clear:
                last = x if value == 0 else last
                painter.drawText(
                    QRectF(x - 20, row.top(), 40, 14), int(Qt.AlignmentFlag.AlignHCenter), f"{value:g}".replace("-", "−")
                )
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        name, below = NAMES[self._quantity][1], row.translated(0, 15).adjusted(-_RIGHT, 0, _RIGHT, 0)
        fits = painter.fontMetrics().horizontalAdvance(f"{name}{_COUNTS}") <= below.width()
        painter.drawText(below, int(Qt.AlignmentFlag.AlignHCenter), f"{name}{_COUNTS if fits else _COUNTS_IN_SHORT}")

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x, found = event.position().x(), -1
        if len(self._counts):
            found = next((at for at in range(len(self._counts)) if self._bar(at).left() <= x < self._bar(at).right()), -1)
        if found != self._hovered:
            self._hovered = found
            self.update()
            self.read_out_changed.emit("" if found < 0 else self._in_words(found))

    def _ends(self) -> tuple[str, str]:
        low, high = (figures(float(self._edges[at])) for at in (0, -1))
        if self._open[0]:
            low = f"< {figures(float(self._edges[1]))}"
        return low, f"> {figures(float(self._edges[-2]))}" if self._open[1] else high

    def _in_words(self, at: int) -> str:
        low, high = figures(float(self._edges[at]), 3), figures(float(self._edges[at + 1]), 3)
        share = self._counts[at] / max(1, int(self._counts.sum()))
        name = NAMES[self._quantity][1]
        if (at == 0 and self._open[0]) or (at == len(self._counts) - 1 and self._open[1]):
            beyond = f"below {high}" if at == 0 else f"above {low}"
            return f"{int(self._counts[at]):,} positions ({100 * share:.2g} %) with {name} {beyond}"
        return f"{int(self._counts[at]):,} positions ({100 * share:.2g} %) with {name} from {low} to {high}"

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hovered = -1
        self.update()
        self.read_out_changed.emit("")


def _power(power: int) -> str:
    return f"{10**power:,}" if power < 5 else f"10{str(power).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
