"""The map as a picture that can stand alone in a paper: what was asked, the map, its scale, whether it adds up."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from engine.heatmaps.cells import cells_of
from engine.heatmaps.overlay import overlay, pixel_limit, pixel_values
from engine.heatmaps.wording import completeness_words, settings_words, title_of, token_values
from engine.results import AttributionResult, ReadImage
from gui import theme
from gui.heatmaps.colour_bar import BarScale, paint_bar
from gui.heatmaps.colours import colour_map, limit_of
from gui.heatmaps.text_layout import TextLayout
from gui.heatmaps.text_painter import Look, TextPainter
from gui.inputs.thumbnail import image_of
from gui.theme import Theme

_MARGIN, _GAP = 24, 12
_BAR_WIDTH, _BAR_HEIGHT = 360, 34
_MOST_LINES = 1000
_TALLEST = 900.0
_MOST_PIXELS = 120e6
_WRAP = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


def attribution_picture(result: AttributionResult, width_px: int, scale: float, look: Theme) -> QImage:
    """``result`` drawn ``width_px`` wide, every px as ``scale`` pixels; fewer where the picture would be too big to save."""
    picture = AttributionPicture(result, width_px, look)
    size = picture.size
    scale = min(scale, (_MOST_PIXELS / (size.width() * size.height())) ** 0.5, 32000 / size.height())
    image = QImage(round(size.width() * scale), round(size.height() * scale), QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(scale)
    image.fill(look.panel)
    painter = QPainter(image)
    picture.paint(painter)
    painter.end()
    return image


class AttributionPicture:
    """Laid out once; ``paint`` draws it on an image, a PDF or a printer."""

    def __init__(self, result: AttributionResult, width_px: int, look: Theme) -> None:
        self._look = look
        self._width = max(width_px, 240) - 2 * _MARGIN
        self._parts: list[tuple[float, Callable[[QPainter, QRectF], None]]] = []
        self._text(title_of(result), theme.ui_font(theme.TITLE_PIXELS, strong=True), look.text, after=4)
        self._text(settings_words(result), theme.ui_font(), look.muted, after=_GAP)
        values = self._map(result)
        self._scale(result, values)
        self._text(completeness_words(result), theme.numbers_font(), look.text, after=4)
        for warning in result.warnings:
            self._text(f"⚠ {warning.message}", theme.ui_font(), look.warning, after=4)

    @property
    def size(self) -> QSizeF:
        """In px."""
        return QSizeF(self._width + 2 * _MARGIN, sum(height for height, _ in self._parts) + 2 * _MARGIN)

    def paint(self, painter: QPainter) -> None:
        """Draw it from the painter's origin on."""
        top = float(_MARGIN)
        for height, draw in self._parts:
            painter.save()
            draw(painter, QRectF(_MARGIN, top, self._width, height))
            painter.restore()
            top += height

    def _text(self, words: str, font: QFont, colour: QColor, after: float) -> None:
        def draw(painter: QPainter, rect: QRectF) -> None:
            painter.setFont(font)
            painter.setPen(colour)
            painter.drawText(rect, int(_WRAP), words)

        box = QFontMetricsF(font).boundingRect(QRectF(0, 0, self._width, 1e5), int(_WRAP), words)
        self._parts.append((box.height() + after, draw))

    def _map(self, result: AttributionResult) -> NDArray[np.floating]:
        if isinstance(result.prediction.input, ReadImage):
            return self._pictures(result, result.prediction.input)
        document = result.prediction.text
        cells = cells_of(document)
        values = cells.sums(token_values(result))
        layout = TextLayout(document, cells)
        layout.wrap(self._width)
        colours = colour_map(self._look, signed=result.signed)
        painted = Look(self._look, colours, colours.steps(values, limit_of(values)))
        lines = min(layout.line_count, _MOST_LINES)

        def draw(painter: QPainter, rect: QRectF) -> None:
            painter.translate(rect.topLeft())
            TextPainter(painter, layout, painted).draw(0, lines)

        self._parts.append((lines * layout.line_height + _GAP, draw))
        if lines < layout.line_count:
            self._text(f"… and {layout.line_count - lines} lines more", theme.ui_font(), self._look.muted, after=_GAP)
        return values

    def _pictures(self, result: AttributionResult, read: ReadImage) -> NDArray[np.floating]:
        """The picture, and beside it the map on the picture."""
        shown = [image_of(pixels) for pixels in (read.pixels, overlay(result, self._look.inks))]
        wide = (self._width - _GAP) / 2
        high = min(wide * read.size[1] / read.size[0], _TALLEST)
        wide = high * read.size[0] / read.size[1]

        def draw(painter: QPainter, rect: QRectF) -> None:
            for at, image in enumerate(shown):
                painter.drawImage(QRectF(rect.left() + at * (wide + _GAP), rect.top(), wide, high), image)

        self._parts.append((high + _GAP, draw))
        return pixel_values(result)

    def _scale(self, result: AttributionResult, values: NDArray[np.floating]) -> None:
        limit = pixel_limit(values) if isinstance(result.prediction.input, ReadImage) else limit_of(values)
        low, high = bool((values < -limit).any()), bool((values > limit).any())
        scale = BarScale(limit, result.signed, result.unit, low, high)

        def draw(painter: QPainter, rect: QRectF) -> None:
            bar = QRectF(rect.left(), rect.top(), min(rect.width(), _BAR_WIDTH), _BAR_HEIGHT)
            paint_bar(painter, bar, scale, self._look)

        self._parts.append((_BAR_HEIGHT + _GAP, draw))
