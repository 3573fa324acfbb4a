"""The names beside the points that stand out, in the pixels of the plot."""

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.heatmaps.label_layout import leader, place_labels
from engine.results import FloatArray
from gui import theme

_PAD = 2.0
_HALO = 200  # of 255, over what lies behind a name
_LONGEST = 160  # px


class Names(QGraphicsItem):
    """Laid out anew with ``lay_out``; a name without room is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes: list[QRectF] = []  # of the names that are drawn
        self._lines: list[QLineF] = []  # to those that are away from their point
        self._words: list[str] = []
        self._bounds = QRectF()
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.setZValue(50)

    def lay_out(self, words: list[str], points: list[tuple[float, float]], dots: FloatArray, within: QRectF) -> None:
        """Scene coordinates; the first name has the first choice."""
        metrics = QFontMetricsF(_font())
        shown = [metrics.elidedText(word, Qt.TextElideMode.ElideRight, _LONGEST) for word in words]
        sizes = [(metrics.horizontalAdvance(word) + 2 * _PAD, metrics.height()) for word in shown]
        box = (within.left(), within.top(), within.right(), within.bottom())
        places = place_labels(points, sizes, dots, box)
        self.prepareGeometryChange()
        self._bounds = within
        found = [(word, point, place) for word, point, place in zip(shown, points, places, strict=True) if place is not None]
        ends = [(point, leader(point, place)) for _, point, place in found]
        self._words = [word for word, _, _ in found]
        self._lines = [QLineF(*point, *end) for point, end in ends if end is not None]
        self.boxes = [QRectF(left, top, right - left, bottom - top) for _, _, (left, top, right, bottom) in found]
        self.update()

    def boundingRect(self) -> QRectF:
        """All of the plot."""
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Text on a little of the panel's own colour."""
        behind = QColor(theme.current().panel)
        behind.setAlpha(_HALO)
        painter.setPen(QPen(theme.current().muted, 0.7))
        painter.drawLines(self._lines)
        painter.setFont(_font())
        for word, box in zip(self._words, self.boxes, strict=True):
            painter.fillRect(box, behind)
            painter.setPen(theme.current().text)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, word)


def _font() -> QFont:
    return theme.ui_font(theme.CAPTION_PIXELS + 1)
