"""A picture small: what of it the model reads is clear, the rest dim."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.results import ReadImage
from gui import theme

_WIDEST = 1.8  # widths to a height
_DIM = 0.6


def image_of(pixels: NDArray[np.uint8]) -> QImage:
    """(height, width, 3) as Qt has it; a copy."""
    height, width, _ = pixels.shape
    content = np.ascontiguousarray(pixels)
    return QImage(content.data, width, height, 3 * width, QImage.Format.Format_RGB888).convertToFormat(QImage.Format.Format_RGB32)


class Thumbnail(QWidget):
    """As high as its place, and as wide as the picture asks."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(48)
        self._image: QImage | None = None
        self._crop = QRectF()  # in shares of the picture

    def show_nothing(self) -> None:
        """A frame where a picture will be."""
        self._image = None
        self.updateGeometry()
        self.update()

    def show_picture(self, pixels: NDArray[np.uint8]) -> None:
        """(height, width, 3), upright, as a person sees it."""
        self._image, self._crop = image_of(pixels), QRectF(0, 0, 1, 1)
        self.updateGeometry()
        self.update()

    def show_read(self, read: ReadImage) -> None:
        """With what the model makes of it."""
        self._image = image_of(read.pixels)
        width, height = read.size
        left, top, right, bottom = read.crop
        self._crop = QRectF(QPointF(left / width, top / height), QPointF(right / width, bottom / height))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        height = max(self.height(), 72)
        shape = 1.0 if self._image is None else self._image.width() / self._image.height()
        return QSize(round(height * min(max(shape, 0.4), _WIDEST)), height)

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._image is None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colours.border, 1, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
            painter.end()
            return
        size = QSize(self._image.size()).scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(0, (self.height() - size.height()) / 2, size.width(), size.height())
        ratio = self.devicePixelRatioF()
        small = self._image.scaled(size * ratio, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
        painter.drawImage(place, small)
        self._dim(painter, place)
        painter.end()

    def _dim(self, painter: QPainter, place: QRectF) -> None:
        """What the model does not read."""
        read = QRectF(
            place.left() + self._crop.left() * place.width(),
            place.top() + self._crop.top() * place.height(),
            self._crop.width() * place.width(),
            self._crop.height() * place.height(),
        )
        outside = QPainterPath()
        outside.addRect(place)
        inside = QPainterPath()
        inside.addRect(read.intersected(place))
        veil = QColor(theme.current().panel)
        veil.setAlphaF(_DIM)
        painter.fillPath(outside.subtracted(inside), veil)
