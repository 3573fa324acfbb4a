"""Token × dimension: what the sum over an embedding's dimensions hides."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from engine.heatmaps.numerals import signed_figures
from engine.results import AttributionResult, FloatArray, Token
from gui import theme
from gui.controls.rows import name_control
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.colours import colour_map

_ROW_PIXELS, _FEWEST, _MOST = 16, 150, 310
_LABEL_PIXELS = 15
_LUT = 256
_SHARE_INSIDE = 0.995  # of the values; the few beyond would leave nothing else to be seen
_WAITING = "Every dimension of every token, once it is computed."
_BAR_WIDTH = 300


class DimensionView(QWidget):
    """Rows are tokens, columns dimensions; the margin on the right is the token map itself."""

    token_selected = Signal(int)
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dimensionView")
        self.setAccessibleName("Token × dimension heatmap")
        self._values: FloatArray = np.zeros((0, 0))
        self._tokens: tuple[Token, ...] = ()
        self._order = np.zeros(0, dtype=np.intp)
        self._unit, self._signed = "", True
        self._plot = _Plot(self)
        self._bar = ColourBar(self)
        self._title, self._words = QLabel("Token × dimension", self), QLabel(_WAITING, self)
        self._sorted = QToolButton(self)
        self._build()
        self._plot.pointed.connect(self._on_pointed)
        self._plot.chosen.connect(self._on_chosen)
        self._sorted.toggled.connect(self._on_sorted)

    def _build(self) -> None:
        self._title.setProperty("role", "section")
        self._words.setProperty("role", "muted")
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._sorted.setText("Sort by Σ|value|")
        self._sorted.setCheckable(True)
        self._sorted.setProperty("role", "flat")
        name_control(self._sorted, "sortDimensions", "Sort dimensions", "The dimensions with most effect first.")
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._title)
        head.addStretch(1)
        head.addWidget(self._sorted)
        foot = QHBoxLayout()
        foot.addWidget(self._bar)
        foot.addStretch(1)
        self._bar.setFixedWidth(_BAR_WIDTH)
        drawn = QWidget(self)
        inside = QVBoxLayout(drawn)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(4)
        inside.addWidget(self._plot)
        inside.addLayout(foot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._words)
        self._stack.addWidget(drawn)
        column.addLayout(self._stack)
        self._plot.setFixedHeight(_FEWEST)

    # One way in

    def show_result(self, result: AttributionResult) -> None:
        """A map whose reduction was none; what is not finite is drawn as zero and said."""
        values = result.values if result.values.ndim == 2 else result.values[:, None]
        self._values, self._tokens = values, result.tokens
        self._unit, self._signed = result.unit, result.signed
        if not values.size:
            self.show_words("There is nothing to draw.")
            return
        rows = values.shape[0] * _ROW_PIXELS + 48
        self._plot.setFixedHeight(int(min(max(rows, _FEWEST), _MOST)))
        self._stack.setCurrentIndex(1)
        self._draw()

    def show_words(self, words: str) -> None:
        """In place of the picture: why there is none yet."""
        self._words.setText(words)
        self._stack.setCurrentIndex(0)

    def clear(self) -> None:
        """Nothing asked."""
        self._values, self._tokens = np.zeros((0, 0)), ()
        self.show_words(_WAITING)

    def select_token(self, token: int) -> None:
        """Mark its row; emits nothing."""
        self._plot.mark_row(token if token < len(self._tokens) else -1)

    @property
    def order(self) -> NDArray[np.intp]:
        """The dimension of each column."""
        return self._order

    def _draw(self) -> None:
        magnitude = np.nansum(np.abs(self._values), axis=0)
        plain = np.arange(self._values.shape[1])
        self._order = np.argsort(-magnitude, kind="stable") if self._sorted.isChecked() else plain
        limit = _limit(self._values)
        finite = np.nan_to_num(self._values, nan=0.0, posinf=limit, neginf=-limit)
        names = [(token.text.strip() or token.piece) for token in self._tokens]
        self._plot.show_values(finite[:, self._order], finite.sum(axis=1), limit, self._signed, names)
        beyond = (bool((finite < -limit).any()), bool((finite > limit).any()))
        self._bar.show_scale(limit, signed=self._signed, unit=self._unit, clipped=beyond)
        rows, columns = self._values.shape
        lost = int((~np.isfinite(self._values)).sum())
        self._title.setText(f"Token × dimension · {rows} × {columns}" + (f" · {lost} values are not numbers" if lost else ""))

    @Slot(bool)
    def _on_sorted(self, on: bool) -> None:
        if self._values.size:
            self._draw()

    @Slot(int, int)
    def _on_pointed(self, row: int, column: int) -> None:
        self.read_out_changed.emit(self._in_words(row, column))

    @Slot(int)
    def _on_chosen(self, row: int) -> None:
        self.token_selected.emit(row)

    def _in_words(self, row: int, column: int) -> str:
        if row < 0 or not self._values.size:
            return ""
        token, dimension = self._tokens[row], int(self._order[column])
        name = f"“{token.text.strip()}”" if token.text.strip() else token.piece
        value, total = float(self._values[row, dimension]), float(self._values[row].sum())
        return f"{name} · dimension {dimension} · {signed_figures(value)} {self._unit} · all dimensions {signed_figures(total)}"


def _limit(values: FloatArray) -> float:
    """The end of the colour scale: what nearly all values stay within, on either side of zero."""
    magnitudes = np.abs(values[np.isfinite(values)])
    if not magnitudes.size:
        return 0.0
    inside = float(np.quantile(magnitudes, _SHARE_INSIDE))
    return inside if inside > 0 else float(magnitudes.max())


class _Plot(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """Drag to pan, Ctrl and wheel to zoom, double-click for all of it; the plain wheel scrolls the page."""

    pointed = Signal(int, int)  # row and column under the pointer or the cross; −1, −1: none
    chosen = Signal(int)  # a row

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dimensionPlot")
        self.setAccessibleName("Token × dimension")
        self.setFrameShape(self.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty("role", "canvas")
        self._shape = (0, 0)
        self._names: list[str] = []
        self._signed, self._limit = True, 1.0
        self._at = (-1, -1)
        self._build()
        self._dress()
        self.scene().sigMouseMoved.connect(self._on_moved)
        self.scene().sigMouseClicked.connect(self._on_clicked)
        self._box.sigYRangeChanged.connect(self._on_range)

    def _build(self) -> None:
        layout = self.ci
        layout.setContentsMargins(0, 2, 0, 8)
        layout.setSpacing(2)
        self._left, self._bottom = pg.AxisItem("left"), pg.AxisItem("bottom")
        self._box, self._margin = (pg.ViewBox(enableMenu=False, enableMouse=at == 0, invertY=True) for at in range(2))
        layout.addItem(self._left, 0, 0)
        layout.addItem(self._box, 0, 1)
        layout.addItem(self._margin, 0, 2)
        layout.addItem(self._bottom, 1, 1)
        self._margin.setFixedWidth(18)
        self._margin.setYLink(self._box)
        self._margin.setXRange(0, 1, padding=0)
        self._left.linkToView(self._box)
        self._bottom.linkToView(self._box)
        self._left.setWidth(92)
        self._bottom.setHeight(42)
        for axis in (self._left, self._bottom):
            axis.enableAutoSIPrefix(False)
        self._image, self._sums = (pg.ImageItem(axisOrder="row-major", autoDownsample=False) for _ in range(2))
        self._box.addItem(self._image)
        self._margin.addItem(self._sums)
        self._across, self._down = pg.InfiniteLine(angle=0, movable=False), pg.InfiniteLine(angle=90, movable=False)
        self._row = pg.LinearRegionItem(orientation="horizontal", movable=False)
        for drawn in (self._across, self._down, self._row):
            drawn.setZValue(10)
            drawn.hide()
            self._box.addItem(drawn, ignoreBounds=True)

    def show_values(self, values: FloatArray, sums: FloatArray, limit: float, signed: bool, names: list[str]) -> None:
        """(rows, columns), finite; ``sums``: the margin, on the scale of the token map."""
        same = values.shape == self._shape
        self._shape, self._names, self._signed, self._limit = values.shape, names, signed, limit or 1.0
        end = float(np.abs(sums).max()) or 1.0
        self._image.setImage(np.ascontiguousarray(values, dtype=np.float32), levels=self._levels(self._limit), lut=self._lut())
        margin = np.ascontiguousarray(sums[:, None], dtype=np.float32)
        self._sums.setImage(margin, levels=self._levels(end), lut=self._lut())
        if not same:
            self._reset()
        self._label_rows()

    def mark_row(self, row: int) -> None:
        """−1: none."""
        self._row.setVisible(row >= 0)
        if row >= 0:
            self._row.setRegion((row, row + 1))

    def _reset(self) -> None:
        rows, columns = self._shape
        self._box.setLimits(xMin=0, xMax=max(columns, 1), yMin=0, yMax=max(rows, 1))
        self._box.setRange(xRange=(0, max(columns, 1)), yRange=(0, max(rows, 1)), padding=0)

    def _levels(self, limit: float) -> tuple[float, float]:
        return (-limit if self._signed else 0.0, limit)

    def _lut(self) -> NDArray[np.uint8]:
        colours = colour_map(theme.current(), signed=self._signed).colours
        chosen = np.rint(np.linspace(0, len(colours) - 1, _LUT)).astype(int)
        return np.array([colours[at].getRgb()[:3] for at in chosen], dtype=np.uint8)

    def _label_rows(self) -> None:
        """As many tokens as can be read."""
        low, high = self._box.viewRange()[1]
        height = max(self._box.height(), 1.0)
        step = max(1, int(np.ceil((high - low) * _LABEL_PIXELS / height)))
        rows = range(max(int(low) // step * step, 0), min(int(high) + 1, len(self._names)), step)
        self._left.setTicks([[(row + 0.5, _cut(self._names[row])) for row in rows]])

    def _dress(self) -> None:
        colours = theme.current()
        self.setBackground(colours.panel)
        for axis in (self._left, self._bottom):
            axis.setPen(pg.mkPen(colours.border))
            axis.setTextPen(pg.mkPen(colours.muted))
            axis.setStyle(tickFont=theme.numbers_font(theme.CAPTION_PIXELS), tickLength=-3)
        self._left.setTextPen(pg.mkPen(colours.text))
        named = "column (dimension)"
        self._bottom.setLabel(named, color=colours.muted.name(), **{"font-size": "11px"})
        for line in (self._across, self._down):
            line.setPen(pg.mkPen(colours.muted, width=1))
        self._row.setBrush(pg.mkBrush(0, 0, 0, 0))
        for line in self._row.lines:
            line.setPen(pg.mkPen(colours.text, width=1.5))
        for image in (self._image, self._sums):
            if image.image is not None:
                image.setLookupTable(self._lut())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_row"):
            self._dress()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
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
        else:
            event.ignore()

    @Slot(object)
    def _on_moved(self, place: QPointF) -> None:
        self._point(*self._under(place))

    @Slot(object)
    def _on_clicked(self, event: object) -> None:
        row, _ = self._under(event.scenePos())  # type: ignore[attr-defined]  # pyqtgraph's own kind of event
        if row >= 0:
            self.chosen.emit(row)

    @Slot()
    def _on_range(self) -> None:
        self._label_rows()

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


def _cut(name: str) -> str:
    return name if len(name) <= 12 else f"{name[:11]}…"
