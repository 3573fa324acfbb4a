"""A map over a picture small, for cards: the picture, and the map on it."""

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.heatmaps.pixel_map import PixelMap
from engine.results import AttributionResult, ReadImage
from gui import theme
from gui.heatmaps.image_painter import ImagePainter

_HEIGHT, _GAP = 148, 8


class MapPicture(QWidget):
    """Both of one height, side by side."""

    def __init__(self, result: AttributionResult, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_HEIGHT)
        read = result.prediction.input
        assert isinstance(read, ReadImage)
        self._size = QSizeF(*read.size)
        self._bare, self._mapped = ImagePainter(), ImagePainter()
        self._bare.show_picture(read)
        shown = PixelMap(result)
        self._mapped.show_map(shown)
        self._mapped.limit = shown.limit

    def sizeHint(self) -> QSize:
        return QSize(2 * _HEIGHT + _GAP, _HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, left = QPainter(self), 0.0
        most = QSizeF((self.width() - _GAP) / 2, _HEIGHT)
        size = self._size.scaled(most, Qt.AspectRatioMode.KeepAspectRatio)
        for each in (self._bare, self._mapped):
            place = QRectF(left, (_HEIGHT - size.height()) / 2, size.width(), size.height())
            painter.save()
            painter.setClipRect(place)
            each.paint(painter, place, theme.current())
            painter.restore()
            left += size.width() + _GAP
        painter.end()
