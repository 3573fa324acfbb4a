"""One unit on a scale of AUC, among all that it has to beat: a row for each, the highest first."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.detective import Finding, UnitScore
from engine.heatmaps.numerals import fixed
from engine.verdict import bars
from gui import theme

ROWS, ROW_PIXELS, AXIS_PIXELS = 5, 18, 20
HEIGHT = ROWS * ROW_PIXELS + AXIS_PIXELS
TICKS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_GAP = 12


class AucScale(QWidget):
    """From 0.5, a coin, to 1, never wrong; names left of the scale, numbers right of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detectScale")
        self.setAccessibleName("AUC on held-out text")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        self.marks: list[tuple[str, float, bool]] = []  # name, AUC, whether it is the unit; the highest first

    def sizeHint(self) -> QSize:
        return QSize(320, HEIGHT)

    def show_unit(self, unit: UnitScore, finding: Finding) -> None:
        """Rows as far as they are known."""
        marks = [(name, value, False) for name, value in bars(finding)] + [(f"cell {unit.cell}", unit.auc_holdout, True)]
        self.marks = sorted(marks, key=lambda mark: (-mark[1], mark[2]))
        self.setAccessibleDescription(", ".join(f"{name} {fixed(value, 3)}" for name, value, _ in self.marks))
        self.update()

    def track(self) -> tuple[float, float]:
        """Where 0.5 and 1 stand: between the longest name and the numbers."""
        names = QFontMetricsF(theme.ui_font(theme.CAPTION_PIXELS, strong=True))
        longest = max((names.horizontalAdvance(name) for name, _, _ in self.marks), default=0.0)
        numbers = QFontMetricsF(theme.numbers_font(theme.CAPTION_PIXELS, strong=True)).horizontalAdvance("0.000")
        return longest + _GAP, self.width() - numbers - _GAP

    def x_of(self, auc: float) -> float:
        """Where it stands."""
        left, right = self.track()
        return left + (min(1.0, max(0.5, auc)) - 0.5) / 0.5 * (right - left)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axis(painter, len(self.marks) * ROW_PIXELS + 2.0)
        for row, (name, value, own) in enumerate(self.marks):
            self._paint_row(painter, row * ROW_PIXELS, name, value, own)
        painter.end()

    def _paint_axis(self, painter: QPainter, axis: float) -> None:
        look = theme.current()
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        for tick in TICKS:
            x = self.x_of(tick)
            painter.setPen(QPen(theme.mix(look.panel, look.border, 0.6), 1))
            painter.drawLine(QPointF(x, 0), QPointF(x, axis))
            painter.setPen(look.muted)
            painter.drawText(QRectF(x - 20, axis + 1, 40, 14), Qt.AlignmentFlag.AlignCenter, fixed(tick, 1))

    def _paint_row(self, painter: QPainter, top: float, name: str, value: float, own: bool) -> None:
        look, x, middle = theme.current(), self.x_of(value), top + ROW_PIXELS / 2
        left, _ = self.track()
        colour = QColor(look.accent if own else look.muted)
        painter.setPen(QPen(colour, 2 if own else 1))
        painter.drawLine(QPointF(left, middle), QPointF(x, middle))
        painter.setBrush(colour)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawEllipse(QPointF(x, middle), 4.5 if own else 3, 4.5 if own else 3)
        painter.setPen(look.text)
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS, strong=own))
        painter.drawText(QRectF(0, top, left - 8, ROW_PIXELS), _at(Qt.AlignmentFlag.AlignLeft), name)
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS, strong=own))
        painter.drawText(QRectF(0, top, self.width(), ROW_PIXELS), _at(Qt.AlignmentFlag.AlignRight), fixed(value, 3))


def _at(side: Qt.AlignmentFlag) -> int:
    return int(side | Qt.AlignmentFlag.AlignVCenter)
