"""One unit on a scale of AUC, among all that it has to beat."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.detective import Finding, UnitScore
from engine.heatmaps.numerals import fixed
from engine.verdict import bars
from gui import theme

HEIGHT, ROWS, ROW_PIXELS, MARGIN = 76, 3, 15, 16
TICKS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


class AucScale(QWidget):
    """From 0.5, a coin, to 1, never wrong; names above their lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detectScale")
        self.setAccessibleName("AUC on held-out text")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self._marks: list[tuple[str, float, bool]] = []  # name, AUC, whether it is the unit

    def sizeHint(self) -> QSize:
        return QSize(400, HEIGHT)

    def show_unit(self, unit: UnitScore, finding: Finding) -> None:
        """Lines as far as they are known."""
        self._marks = [(name, value, False) for name, value in bars(finding)]
        self._marks.append((str(unit.cell), unit.auc_holdout, True))
        self.setAccessibleDescription(", ".join(f"{name} {fixed(value, 3)}" for name, value, _ in self._marks))
        self.update()

    def x_of(self, auc: float) -> float:
        """Where it stands."""
        share = (min(1.0, max(0.5, auc)) - 0.5) / 0.5
        return MARGIN + share * (self.width() - 2 * MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        axis = ROWS * ROW_PIXELS + 8.0
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        painter.setPen(QPen(look.border, 1))
        painter.drawLine(QPointF(self.x_of(0.5), axis), QPointF(self.x_of(1.0), axis))
        for tick in TICKS:
            painter.setPen(QPen(look.border, 1))
            painter.drawLine(QPointF(self.x_of(tick), axis), QPointF(self.x_of(tick), axis + 4))
            painter.setPen(look.muted)
            painter.drawText(QRectF(self.x_of(tick) - 20, axis + 5, 40, 14), Qt.AlignmentFlag.AlignCenter, fixed(tick, 1))
        self._paint_marks(painter, axis)
        painter.end()

    def _paint_marks(self, painter: QPainter, axis: float) -> None:
        look, metrics = theme.current(), QFontMetricsF(theme.numbers_font(theme.CAPTION_PIXELS))
        ends = [-1.0] * ROWS
        for name, value, own in sorted(self._marks, key=lambda each: each[1]):
            words = f"{name} {fixed(value, 3)}"
            width, x = metrics.horizontalAdvance(words), self.x_of(value)
            left = min(max(2.0, x - width / 2), self.width() - width - 2)
            row = next((at for at in reversed(range(ROWS)) if ends[at] + 8 <= left), min(range(ROWS), key=lambda at: ends[at]))
            left = max(left, ends[row] + 8)
            ends[row] = left + width
            colour = look.accent if own else look.muted
            top = row * ROW_PIXELS
            painter.setPen(QPen(colour, 2 if own else 1, Qt.PenStyle.SolidLine if own else Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, top + ROW_PIXELS), QPointF(x, axis))
            painter.setPen(colour if own else look.text)
            painter.drawText(QRectF(left, top, width + 2, ROW_PIXELS), Qt.AlignmentFlag.AlignVCenter, words)
            if own:
                painter.setBrush(look.accent)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.drawEllipse(QPointF(x, axis), 4.5, 4.5)
