"""The scale of a heatmap: both ends, zero, the unit, and where the value under the pointer lies."""

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.heatmaps.numerals import figures, signed_figures
from gui import theme
from gui.heatmaps.colours import ColourMap, colour_map
from gui.theme import Theme

BAR_HEIGHT, _ARROW = 10, 8
_STOPS = 64


class ColourBar(QWidget):
    """Horizontal; ends that values overstep are drawn as arrows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Colour scale")
        self._scale = BarScale(0.0, True, "", False, False)
        self._mark: float | None = None

    def show_scale(
        self,
        limit: float,
        *,
        signed: bool,
        unit: str,
        clipped: tuple[bool, bool] = (False, False),
        idle: bool = False,
        floor: float = 0.0,
        root: bool = False,
    ) -> None:
        """Colours run to ±``limit`` (from 0 when unsigned); ``clipped``: values go beyond the low, the high end.

        ``idle``: there are no values yet. ``floor``: a logarithmic scale from there to ``limit``, unsigned. ``root``:
        colours by the square root, so that small values can be told from none; the middle is a quarter, or zero if signed.
        """
        self._scale = BarScale(limit, signed, unit, *clipped, idle=idle, floor=floor, root=root)
        self.setAccessibleDescription(self._scale.in_words())
        self.update()

    @property
    def limit(self) -> float:
        """The end of the scale."""
        return self._scale.limit

    @property
    def signed(self) -> bool:
        """Whether zero is in its middle."""
        return self._scale.signed

    def show_value(self, value: float | None) -> None:
        """Mark a value; None: no mark."""
        self._mark = value
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, 34)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 34)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_bar(painter, QRectF(self.rect()), self._scale, theme.current(), self._mark)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()


class BarScale:
    """What a colour bar says."""

    def __init__(
        self,
        limit: float,
        signed: bool,
        unit: str,
        clips_low: bool,
        clips_high: bool,
        idle: bool = False,
        floor: float = 0.0,
        root: bool = False,
    ) -> None:
        self.idle, self.floor, self.root = idle, floor, root
        self.limit, self.signed, self.unit = limit, signed, unit
        self.clips_low, self.clips_high = clips_low and (signed or floor > 0), clips_high

    def ends(self) -> tuple[str, str]:
        """The words at the low and the high end."""
        if self.limit <= 0:
            return "", ""
        if not self.signed:
            return figures(self.floor), figures(self.limit)
        return signed_figures(-self.limit), signed_figures(self.limit)

    def in_words(self) -> str:
        low, high = self.ends()
        return f"From {low} to {high} {self.unit}" if low else self.nothing()

    def nothing(self) -> str:
        """Why there are no ends."""
        return "no values yet" if self.idle else "all values are zero"

    def share(self, value: float) -> float:
        """Where ``value`` lies on the bar, 0 … 1."""
        if self.floor > 0:
            decades = math.log10(self.limit / self.floor)
            return min(max(math.log10(value / self.floor) / decades, 0.0), 1.0) if value > 0 and decades > 0 else 0.0
        share = value / self.limit if self.limit > 0 else 0.0
        if self.root:
            share = math.copysign(math.sqrt(min(abs(share), 1.0)), share)
        return min(max((share + 1) / 2 if self.signed else share, 0.0), 1.0)


def paint_bar(painter: QPainter, rect: QRectF, scale: BarScale, look: Theme, mark: float | None = None) -> None:
    """The bar at the top of ``rect`` and its numbers below, 34 px in all."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    bar = QRectF(rect.left() + 1, rect.top() + 5, rect.width() - 2, BAR_HEIGHT)
    bar.adjust(_ARROW if scale.clips_low else 0, 0, -_ARROW if scale.clips_high else 0, 0)
    colours = colour_map(look, signed=scale.signed)
    painter.setPen(QPen(look.border, 1))
    painter.setBrush(_gradient(bar, colours))
    painter.drawRoundedRect(bar, 2, 2)
    _paint_arrows(painter, bar, scale, colours)
    _paint_numbers(painter, bar, scale, look)
    if mark is not None and math.isfinite(mark) and scale.limit > 0:
        _paint_mark(painter, bar, bar.left() + scale.share(mark) * bar.width(), look)


def _gradient(bar: QRectF, colours: ColourMap) -> QLinearGradient:
    gradient = QLinearGradient(bar.topLeft(), bar.topRight())
    last = len(colours.colours) - 1
    for stop in range(_STOPS + 1):
        gradient.setColorAt(stop / _STOPS, colours.colours[round(stop / _STOPS * last)])
    return gradient


def _paint_arrows(painter: QPainter, bar: QRectF, scale: BarScale, colours: ColourMap) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    for clipped, x, tip, colour in (
        (scale.clips_low, bar.left() - 1, bar.left() - _ARROW, colours.colours[0]),
        (scale.clips_high, bar.right() + 1, bar.right() + _ARROW, colours.colours[-1]),
    ):
        if clipped:
            painter.setBrush(QColor(colour))
            painter.drawPolygon(QPolygonF([QPointF(x, bar.top()), QPointF(tip, bar.center().y()), QPointF(x, bar.bottom())]))


def _paint_numbers(painter: QPainter, bar: QRectF, scale: BarScale, look: Theme) -> None:
    low, high = scale.ends()
    box = QRectF(bar.left(), bar.bottom() + 3, bar.width(), 16)
    painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
    painter.setPen(look.muted)
    unit = f" {scale.unit}" if scale.unit else ""
    if not low:
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, scale.nothing())
        return
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft, f"≤ {low}" if scale.clips_low else low)
    painter.drawText(box, Qt.AlignmentFlag.AlignRight, f"{'≥ ' if scale.clips_high else ''}{high}{unit}")
    if scale.signed or scale.root:
        middle = "0" if scale.signed else figures(scale.limit / 4)
        wide = painter.fontMetrics().horizontalAdvance
        if wide(middle) / 2 + wide(f"≥ {high}{unit}") < box.width() / 2:  # only where it does not touch the end's
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, middle)
        painter.setPen(QPen(look.muted, 1))
        painter.drawLine(QPointF(bar.center().x(), bar.bottom()), QPointF(bar.center().x(), bar.bottom() + 3))


def _paint_mark(painter: QPainter, bar: QRectF, x: float, look: Theme) -> None:
    painter.setPen(QPen(look.panel, 1))
    painter.setBrush(look.text)
    top = bar.top() - 4
    painter.drawPolygon(QPolygonF([QPointF(x - 4.5, top), QPointF(x + 4.5, top), QPointF(x, bar.top() + 3)]))
    painter.setPen(QPen(look.text, 1.5))
    painter.drawLine(QPointF(x, bar.top() + 2), QPointF(x, bar.bottom()))
