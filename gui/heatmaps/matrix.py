"""A matrix as a picture: named rows and columns, a crosshair, margins for what each row and each column adds up to."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from engine.results import FloatArray
from gui import theme
from gui.heatmaps.colours import colour_map, missing_brush
from gui.heatmaps.pyramid import Pyramid, colour_table

_LABEL_PIXELS = 15
_STRAIGHT_PIXELS, _ANGLED_PIXELS = 22, 58  # the height of column names
_SLOPE = 0.71  # of a name's length, at 45°
_CAPTION_PIXELS = 20
_GAP = 8  # between two column names
_REACH = 80  # of a name at 45° to the left of its column
_LUT = 256


class MatrixPlot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """Drag to pan, Ctrl and wheel to zoom, double-click for all of it; the plain wheel scrolls the page.

    ``margin`` is linked to the rows, ``above`` to the columns; whoever uses them puts something there.

    Args:
        left: the most pixels that names of rows may take.
        margin, above: their width and height in pixels.
        caption, below: of the columns and of the margin.
        wheel_zooms: without Ctrl, where there is no page to scroll.
    """

    pointed = Signal(int, int)  # row and column under the pointer or the cross; −1, −1: none
    chosen = Signal(int)  # a row
    cell_chosen = Signal(int, int)  # the row and the column

    def __init__(
        self,
        name: str,
        accessible: str,
        *,
        left: int,
        margin: int = 0,
        above: int = 0,
        caption: str = "",
        below: str = "",
        wheel_zooms: bool = False,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._wheel_zooms = wheel_zooms
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty("role", "canvas")
        self._caption, self._below, self._most_left = caption, below, left
        self.left_pixels = left
        self._shape = (0, 0)
        self._rows: list[str] = []
        self._columns: list[str] = []
        self._widest_column = 0.0
        self._signed = True
        self._at = (-1, -1)
        self._pyramid: Pyramid | None = None
        self.level = 0  # of the pyramid that is drawn
        self._build(left, margin, above)
        self._dress()
        self.scene().sigMouseMoved.connect(self._on_moved)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        self._box.sigRangeChanged.connect(self._on_range)

    def _build(self, left: int, margin: int, above: int) -> None:
        layout = self.ci
        layout.setContentsMargins(0, 2, 0, 8)
        layout.setSpacing(2)
        self._left, self._bottom = pg.AxisItem("left"), _NamesBelow()
        self._box, self.margin = (pg.ViewBox(enableMenu=False, enableMouse=at == 0, invertY=True) for at in range(2))
        self.above = pg.ViewBox(enableMenu=False, enableMouse=False)
        first = 1 if above else 0
        layout.addItem(self._left, first, 0)
        layout.addItem(self._box, first, 1)
        layout.addItem(self.margin, first, 2)
        layout.addItem(self._bottom, first + 1, 1)
        self._said_below = pg.LabelItem("", justify="left")
        if self._below:
            layout.addItem(self._said_below, first + 1, 2)
        if above:
            layout.addItem(self.above, 0, 1)
            self.above.setFixedHeight(above)
            self.above.setXLink(self._box)
            self.above.setYRange(0, 1, padding=0)
        self.margin.setVisible(margin > 0)
        self.margin.setFixedWidth(margin)
        layout.layout.setColumnFixedWidth(2, margin)
        self.margin.setYLink(self._box)
        self.margin.setXRange(0, 1, padding=0)
        self._left.linkToView(self._box)
        self._bottom.linkToView(self._box)
        self._left.setWidth(left)
        self._bottom.setHeight(42)
        for axis in (self._left, self._bottom):
            axis.enableAutoSIPrefix(False)
        self.image = pg.ImageItem(axisOrder="row-major", autoDownsample=False)
        self._missing = _Hatching()
        self._box.addItem(self.image)
        self._box.addItem(self._missing, ignoreBounds=True)
        self._across, self._down = pg.InfiniteLine(angle=0, movable=False), pg.InfiniteLine(angle=90, movable=False)
        self._row = pg.LinearRegionItem(orientation="horizontal", movable=False)
        self._column = pg.LinearRegionItem(orientation="vertical", movable=False)
        for drawn in (self._across, self._down, self._row, self._column):
            drawn.setZValue(10)
            drawn.hide()
            self._box.addItem(drawn, ignoreBounds=True)

    def show_values(
        self, values: FloatArray, levels: tuple[float, float], signed: bool, rows: Sequence[str], columns: Sequence[str] = ()
    ) -> None:
        """(rows, columns); NaN is hatched. Without names of columns their numbers are shown."""
        self._signed, self._pyramid = signed, None
        self.image.setImage(np.ascontiguousarray(values, dtype=np.float32), levels=levels, lut=self.lut())
        self.image.resetTransform()
        self._missing.show_cells(np.isnan(values))
        self._show_axes(values.shape, rows, columns)

    def show_pyramid(self, pyramid: Pyramid, rows: Sequence[str], columns: Sequence[str]) -> None:
        """However large: drawn from the level that fits the distance."""
        self._signed, self._pyramid, self.level = False, pyramid, -1
        self._show_axes(pyramid.shape, rows, columns)
        self._show_level()

    def _show_axes(self, shape: tuple[int, int], rows: Sequence[str], columns: Sequence[str]) -> None:
        same, self._shape = shape == self._shape, shape
        if self._rows != rows or self._columns != columns:
            self._rows, self._columns = list(rows), list(columns)
            self._widest_column = max(map(_metrics().horizontalAdvance, {_cut(name) for name in columns}), default=0.0) + _GAP
            self._fit_names()
        if not same:
            self._point(-1, -1)
            self._reset()
        self._label()

    def _show_level(self) -> None:
        """A new picture only where another level fits."""
        if self._pyramid is None:
            return
        (left, right), (top, bottom) = self._box.viewRange()
        ratio = self.devicePixelRatioF()
        across, down = ((right - left) / max(self._box.width() * ratio, 1), (bottom - top) / max(self._box.height() * ratio, 1))
        level = self._pyramid.level_for(max(across, down))
        if level == self.level:
            return
        self.level, codes = level, self._pyramid.levels[level]
        rows, columns = codes.shape
        self.image.setImage(codes, levels=(0, 255), lut=self.lut())
        self.image.setRect(QRectF(0, 0, columns << level, rows << level))

    def mark_row(self, row: int) -> None:
        """−1: none."""
        self._row.setVisible(row >= 0)
        if row >= 0:
            self._row.setRegion((row, row + 1))

    def pin_column(self, column: int) -> None:
        """Mark it, wherever the cross is; −1: none."""
        self._column.setVisible(column >= 0)
        if column >= 0:
            self._column.setRegion((column, column + 1))

    def go_to(self, row: int, column: int) -> None:
        """Put the cross there."""
        self._point(row, column)

    @property
    def at(self) -> tuple[int, int]:
        """Where the cross is; −1, −1: nowhere."""
        return self._at

    def mark_column(self, column: int) -> None:
        """As pointed at elsewhere; emits nothing."""
        self._down.setVisible(column >= 0)
        self._down.setPos(column + 0.5)

    def lut(self) -> NDArray[np.uint8]:
        """The theme's colours from the low level to the high one."""
        if self._pyramid is not None:
            return colour_table()
        colours = colour_map(theme.current(), signed=self._signed).colours
        chosen = np.rint(np.linspace(0, len(colours) - 1, _LUT)).astype(int)
        return np.array([colours[at].getRgb()[:3] for at in chosen], dtype=np.uint8)

    def _reset(self) -> None:
        rows, columns = self._shape
        self._box.setLimits(xMin=0, xMax=max(columns, 1), yMin=0, yMax=max(rows, 1))
        self._box.setRange(xRange=(0, max(columns, 1)), yRange=(0, max(rows, 1)), padding=0)

    def _fit_names(self) -> None:
        widest = max(map(_metrics().horizontalAdvance, set(self._rows)), default=0.0)
        self.left_pixels = min(int(widest) + 16, self._most_left)
        self._left.setWidth(self.left_pixels)

    def set_caption(self, words: str) -> None:
        """Below the columns: what they are, where they have no names."""
        if words != self._caption:
            self._caption = words
            self._bottom.showLabel(bool(words))
            self._dress()
            self._label()

    def _label(self) -> None:
        """As many names as can be read."""
        low, high = self._box.viewRange()[1]
        step = max(1, int(np.ceil((high - low) * _LABEL_PIXELS / max(self._box.height(), 1.0))))
        rows = range(max(int(low) // step * step, 0), min(int(high) + 1, len(self._rows)), step)
        metrics, room = _metrics(), self.left_pixels - 12
        self._left.setTicks(
            [[(row + 0.5, metrics.elidedText(self._rows[row], Qt.TextElideMode.ElideMiddle, room)) for row in rows]]
        )
        if self._columns:
            self._label_columns()
        else:
            self._bottom.angled = []
            self._bottom.setHeight(_STRAIGHT_PIXELS + (_CAPTION_PIXELS if self._caption else 0))
            self._bottom.setTicks(None)

    def _label_columns(self) -> None:
        low, high = self._box.viewRange()[0]
        each = max(self._box.width(), 1.0) / max(high - low, 1e-9)  # pixels
        angled = self._widest_column > each
        step = max(1, int(np.ceil(_LABEL_PIXELS / each)))
        shown = range(max(int(low) // step * step, 0), min(int(high) + 1, len(self._columns)), step)
        names = {column: _cut(self._columns[column]) for column in shown}
        self._bottom.angled = [(column + 0.5, names[column]) for column in shown] if angled else []
        slanted = min(int(self._widest_column * _SLOPE) + 14, _ANGLED_PIXELS)
        height = (slanted if angled else _STRAIGHT_PIXELS) + (_CAPTION_PIXELS if self._caption else 0)
        self._bottom.setHeight(height)
        self._bottom.setTicks([[] if angled else [(column + 0.5, names[column]) for column in shown]])

    def _dress(self) -> None:
        colours = theme.current()
        self.setBackground(colours.panel)
        for axis in (self._left, self._bottom):
            axis.setPen(pg.mkPen(colours.border))
            axis.setTextPen(pg.mkPen(colours.muted))
            axis.setStyle(tickFont=theme.numbers_font(theme.CAPTION_PIXELS), tickLength=-3)
        self._left.setTextPen(pg.mkPen(colours.text))
        self._left.setStyle(tickLength=0)
        self._said_below.setText(self._below, color=colours.muted.name(), size="11px")
        if self._caption:
            self._bottom.setLabel(self._caption, color=colours.muted.name(), **{"font-size": "11px"})
        for line in (self._across, self._down):
            line.setPen(pg.mkPen(colours.muted, width=1))
        for region in (self._row, self._column):
            region.setBrush(pg.mkBrush(0, 0, 0, 0))
            for line in region.lines:
                line.setPen(pg.mkPen(colours.text, width=1.5))
        if self.image.image is not None:
            self.image.setLookupTable(self.lut())
        self._missing.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_row"):
            self._dress()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_row"):
            self._label()
            self._show_level()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._wheel_zooms or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
        else:
            event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """All of it again."""
        self._reset()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point(-1, -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        if event.key() in steps and all(self._shape):
            down, across = steps[Qt.Key(event.key())]
            row = min(max(self._at[0] + down, 0), self._shape[0] - 1)
            self._point(row, min(max(self._at[1] + across, 0), self._shape[1] - 1))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._at[0] >= 0:
            self.chosen.emit(self._at[0])
            self.cell_chosen.emit(*self._at)
        else:
            event.ignore()

    @Slot(object)
    def _on_moved(self, place: QPointF) -> None:
        self._point(*self._under(place))

    @Slot(object)
    def _on_clicked(self, event: object) -> None:
        row, column = self._under(event.scenePos())  # type: ignore[attr-defined]  # pyqtgraph's own kind of event
        if row >= 0:
            self.chosen.emit(row)
            self.cell_chosen.emit(row, column)

    @Slot()
    def _on_range(self) -> None:
        self._label()
        self._show_level()

    def _under(self, place: QPointF) -> tuple[int, int]:
        if not self._box.sceneBoundingRect().contains(place):
            return -1, -1
        inside = self._box.mapSceneToView(place)
        row, column = int(np.floor(inside.y())), int(np.floor(inside.x()))
        return (row, column) if 0 <= row < self._shape[0] and 0 <= column < self._shape[1] else (-1, -1)

    def _point(self, row: int, column: int) -> None:
        if (row, column) == self._at:
            return
        self._at = row, column
        for line, at in ((self._across, row), (self._down, column)):
            line.setVisible(at >= 0)
            if at >= 0:
                line.setPos(at + 0.5)
        self.pointed.emit(row, column)


class _NamesBelow(pg.AxisItem):  # type: ignore[misc]
    """Names of columns, at 45° where they would touch."""

    def __init__(self) -> None:
        super().__init__("bottom")
        self.angled: list[tuple[float, str]] = []  # where and what; empty: they fit as ticks

    def boundingRect(self) -> QRectF:
        """The first name begins left of the first column."""
        usual: QRectF = super().boundingRect()
        return usual.adjusted(-_REACH, 0, 0, 0)

    def drawPicture(self, painter: QPainter, axis: object, ticks: object, texts: object) -> None:
        super().drawPicture(painter, axis, ticks, texts)
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        painter.setPen(self.textPen())
        low, high = self.range
        for place, text in self.angled:
            painter.save()
            painter.translate((place - low) / ((high - low) or 1.0) * self.width() + 4, 3)
            painter.rotate(-45)
            painter.drawText(QRectF(-100, 0, 100, 14), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, text)
            painter.restore()


class _Hatching(pg.GraphicsObject):  # type: ignore[misc]
    """Over what is not a number, in pixels of the screen however the picture is stretched."""

    def __init__(self) -> None:
        super().__init__()
        self._shape = (0, 0)
        self._runs: list[QRectF] = []

    def show_cells(self, missing: NDArray[np.bool_]) -> None:
        self.prepareGeometryChange()
        self._shape = missing.shape[0], missing.shape[1]
        edges = np.diff(np.pad(missing.astype(np.int8), ((0, 0), (1, 1))), axis=1)
        starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
        runs = zip(starts.tolist(), ends[:, 1].tolist(), strict=True)
        self._runs = [QRectF(start, row, end - start, 1) for (row, start), end in runs]
        self.update()

    def boundingRect(self) -> QRectF:
        rows, columns = self._shape
        return QRectF(0, 0, columns, rows)

    def paint(self, painter: QPainter, *_: object) -> None:
        if not self._runs:
            return
        place, brush = painter.worldTransform(), missing_brush(theme.current())
        painter.resetTransform()
        for run in self._runs:
            painter.fillRect(place.mapRect(run), brush)


def _metrics() -> QFontMetricsF:
    return QFontMetricsF(theme.numbers_font(theme.CAPTION_PIXELS))


def _cut(name: str) -> str:
    return name if len(name) <= 12 else f"{name[:11]}…"
