"""Does a probability mean what it says? Accuracy over confidence, and below how many rows there are of each."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.dataset_results import Numbers
from engine.heatmaps.numerals import fixed
from gui import theme

LEFT, BOTTOM, TOP, RIGHT = 40, 34, 6, 12
SIZE = (260, 236)
COUNTS_SHARE = 0.28  # of the height, for the histogram
BETWEEN = 10
SMALL, LARGE = 2.0, 5.5  # radius of a point, its area by how many rows it stands for
_SHADE = 70  # of 255


class CalibrationPlot(QWidget):
    """A click on a bin is a filter. Setters are silent."""

    bin_chosen = Signal(float, float)  # from, to
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("calibrationPlot")
        self.setAccessibleName("Calibration")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._numbers: Numbers | None = None
        self._hovered = -1

    def show_numbers(self, numbers: Numbers) -> None:
        """Of the rows that are looked at."""
        self._numbers = numbers
        words = [self.in_words(at) for at in range(len(numbers.histogram)) if numbers.histogram[at]]
        self.setAccessibleDescription("; ".join(words))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(SIZE[0] + 100, SIZE[1])

    def minimumSizeHint(self) -> QSize:
        return QSize(*SIZE)

    def _areas(self) -> tuple[QRectF, QRectF]:
        """Of the curve, of the counts."""
        width, height = self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM - BETWEEN
        counts = height * COUNTS_SHARE
        return (
            QRectF(LEFT, TOP, width, height - counts),
            QRectF(LEFT, TOP + height - counts + BETWEEN, width, counts),
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._numbers is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        curve, counts = self._areas()
        self._draw_hovered(painter, curve, counts)
        self._draw_axes(painter, curve, counts)
        self._draw_curve(painter, curve)
        self._draw_counts(painter, counts)
        painter.end()

    def _draw_hovered(self, painter: QPainter, curve: QRectF, counts: QRectF) -> None:
        if self._hovered >= 0:
            width = curve.width() / self._bins
            band = QRectF(curve.left() + self._hovered * width, curve.top(), width, counts.bottom() - curve.top())
            painter.fillRect(band, theme.current().hover)

    def _draw_axes(self, painter: QPainter, curve: QRectF, counts: QRectF) -> None:
        look = theme.current()
        painter.setPen(QPen(look.border, 1))
        for area in (curve, counts):
            painter.drawLine(area.bottomLeft(), area.bottomRight())
            painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.setPen(look.muted)
        right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for at in (0.0, 0.5, 1.0):
            y = curve.bottom() - at * curve.height()
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), right, f"{at:g}")
            x = counts.left() + at * counts.width()
            painter.drawText(QRectF(x - 20, counts.bottom() + 2, 40, 14), Qt.AlignmentFlag.AlignCenter, f"{at:g}")
        assert self._numbers is not None
        painter.drawText(QRectF(0, counts.top() - 8, LEFT - 6, 16), right, f"{int(self._numbers.histogram.max(initial=0)):,}")
        below = QRectF(counts.left(), counts.bottom() + 16, counts.width(), 16)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, "probability of the predicted class")
        for words, area in (("accuracy", curve), ("rows", counts)):
            painter.drawText(QRectF(area.left() + 6, area.top() - 2, 80, 14), int(Qt.AlignmentFlag.AlignLeft), words)
        painter.setPen(QPen(look.muted, 1, Qt.PenStyle.DashLine))
        painter.drawLine(curve.bottomLeft(), curve.topRight())

    def _draw_curve(self, painter: QPainter, area: QRectF) -> None:
        """A point for each bin, a line down or up to where it should be."""
        assert self._numbers is not None
        look, found = theme.current(), self._numbers.calibration
        points, most = list[tuple[QPointF, float]](), found.counts.max(initial=1)
        for at in np.flatnonzero(found.counts):
            x = area.left() + float(found.confidence[at]) * area.width()
            should = area.bottom() - float(found.confidence[at]) * area.height()
            is_ = area.bottom() - float(found.accuracy[at]) * area.height()
            painter.setPen(QPen(_shade(look.raises), 5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLine(QPointF(x, should), QPointF(x, is_))
            points.append((QPointF(x, is_), SMALL + (LARGE - SMALL) * float(found.counts[at] / most) ** 0.5))
        painter.setPen(QPen(look.accent, 2))
        painter.drawPolyline([point for point, _ in points])
        painter.setPen(QPen(look.panel, 1))
        painter.setBrush(look.accent)
        for point, radius in points:
            painter.drawEllipse(point, radius, radius)

    def _draw_counts(self, painter: QPainter, area: QRectF) -> None:
        assert self._numbers is not None
        counts = self._numbers.histogram
        most, width = int(counts.max(initial=0)), area.width() / max(1, len(counts))
        painter.setPen(QPen(theme.current().muted, 1))
        painter.setBrush(_shade(theme.current().muted))
        for at in np.flatnonzero(counts):
            height = area.height() * float(counts[at]) / most
            painter.drawRect(QRectF(area.left() + int(at) * width + 1, area.bottom() - height, width - 2, height))

    # Pointer

    @property
    def _bins(self) -> int:
        return len(self._numbers.histogram) if self._numbers is not None else 1

    def _bin_at(self, x: float) -> int:
        area = self._areas()[0]
        return int((x - area.left()) / area.width() * self._bins) if area.left() <= x < area.right() else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._bin_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = self._bin_at(event.position().x())
        if event.button() is Qt.MouseButton.LeftButton and at >= 0 and self._numbers is not None:
            edges = self._numbers.calibration.edges
            self.bin_chosen.emit(float(edges[at]), float(edges[at + 1]))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()

    def _hover(self, at: int) -> None:
        if at != self._hovered and self._numbers is not None:
            self._hovered = at
            self.setCursor(Qt.CursorShape.ArrowCursor if at < 0 else Qt.CursorShape.PointingHandCursor)
            self.read_out_changed.emit("" if at < 0 else self.in_words(at))
            self.update()

    def in_words(self, at: int) -> str:
        """One bin."""
        assert self._numbers is not None
        found = self._numbers.calibration
        said = f"probability {found.edges[at]:.1f} to {found.edges[at + 1]:.1f}: {int(self._numbers.histogram[at]):,} rows"
        if not found.counts[at]:
            return said
        accuracy, confidence = float(found.accuracy[at]), float(found.confidence[at])
        return f"{said}, right in {fixed(100 * accuracy, 1)} % where {fixed(100 * confidence, 1)} % would be"


def _shade(colour: QColor) -> QColor:
    shade = QColor(colour)
    shade.setAlpha(_SHADE)
    return shade
