"""Attention received against TF-IDF: a point for each word occurrence."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QWidget

from engine.attention_maps import TfidfResult
from engine.heatmaps.ticks import linear_ticks, log_ticks, tick_words
from engine.results import FloatArray
from engine.tfidf_reading import AS_IT_IS, RARITY, WITHOUT_AGE, heights, name_of, named, on_log_scale, same_word
from gui import theme
from gui.attention.tfidf_names import Names
from gui.heatmaps.curve_plot import CurvePlot

_HEIGHTS = (120, 16_777_215)
_AXIS = (34, 56)  # px: below with its words, left
_DOT, _RING = 7, 13  # px
_FAINT = 150  # of 255, of a point that does not stand out
_REACH = 14  # px: the pointer is on the nearest point within
_ROOM = 0.06  # of the span, around the points
_TICK = (90, 34)  # px that a tick takes, at least


class TfidfPlot(CurvePlot):
    """``pointed``: the occurrence under the pointer. ``chosen``: it was clicked; −1: beside them all."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, _HEIGHTS)
        self.setObjectName("tfidfPlot")
        self.setAccessibleName("Attention received against TF-IDF")
        self._result: TfidfResult | None = None
        self._without_age = False
        self._selected = -1
        self._places: FloatArray = np.zeros((0, 2))  # of the points, in units of the axes
        self._axes = {side: pg.AxisItem(side) for side in ("left", "bottom")}
        self._box = pg.ViewBox(enableMenu=False, enableMouse=False)
        self._dots, self._standing, self._rings, self._hovered = (pg.ScatterPlotItem(pxMode=True) for _ in range(4))
        self._one = pg.InfiniteLine(pos=0.0, angle=0, movable=False)  # what a word's age brings, or the median: a factor of 1
        self.names = Names()
        self._build()
        self.dress()
        self._box.sigResized.connect(self._on_resized)
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self.scene().sigMouseClicked.connect(self._on_clicked)

    def _build(self) -> None:
        self.lay_out(self._axes, self._box)
        self._axes["bottom"].setHeight(_AXIS[0])
        self._axes["left"].setWidth(_AXIS[1])
        for drawn in (self._one, self._dots, self._standing, self._rings, self._hovered):
            self._box.addItem(drawn, ignoreBounds=True)
        self._one.hide()
        self.scene().addItem(self.names)

    def show_result(self, result: TfidfResult | None, without_age: bool) -> None:
        """None: nothing to show."""
        self._result, self._without_age, self._selected = result, without_age, -1
        points = () if result is None else result.occurrences
        rarity = np.array([point.tfidf for point in points])
        values = np.zeros(0) if result is None else on_log_scale(heights(result, without_age))
        self._places = np.stack([rarity, values], axis=1)
        standing = np.isin(np.arange(len(points)), () if result is None else result.standouts)
        self._dots.setData(rarity[~standing], values[~standing])
        self._standing.setData(rarity[standing], values[standing])
        self._hovered.clear()
        self._one.setVisible(without_age and bool(len(points)))
        if len(points):
            self._box.setXRange(*_span(rarity), padding=0)
            self._box.setYRange(*_span(np.append(values, 0.0) if without_age else values), padding=0)
        self._label()
        self._show_rings()
        self._on_resized()

    def select(self, at: int) -> None:
        """Ring it, and the other occurrences of its word; −1: none."""
        self._selected = at
        self._show_rings()

    def point(self, at: int) -> QPointF:
        """Where it is drawn, in pixels of the viewport."""
        return QPointF(self._box.mapViewToScene(QPointF(*map(float, self._places[at]))))

    def dress(self) -> None:
        super().dress()
        colours = theme.current()
        for axis in self._axes.values():
            self.dress_axis(axis, colours.muted)
        faint = QColor(colours.muted)
        faint.setAlpha(_FAINT)
        for dots, colour in ((self._dots, faint), (self._standing, colours.accent)):
            dots.setSize(_DOT)
            dots.setPen(pg.mkPen(None))
            dots.setBrush(pg.mkBrush(colour))
        self._hovered.setSize(_RING - 2)
        self._hovered.setBrush(pg.mkBrush(None))
        self._hovered.setPen(pg.mkPen(colours.text, width=1.5))
        self._one.setPen(pg.mkPen(colours.muted, style=Qt.PenStyle.DashLine))
        self._show_rings()
        self._label()
        self.names.update()

    def _label(self) -> None:
        colour = theme.current().muted
        self.label_axis(self._axes["left"], WITHOUT_AGE if self._without_age else AS_IT_IS, colour)
        self.label_axis(self._axes["bottom"], RARITY, colour)

    def _show_rings(self) -> None:
        if self._result is None or not 0 <= self._selected < len(self._places):
            self._rings.clear()
            return
        same = list(same_word(self._result, self._selected))
        colours = theme.current()
        brushes = [pg.mkBrush(colours.raises if at == self._selected else None) for at in same]
        self._rings.setPen(pg.mkPen(colours.raises, width=1.5))
        self._rings.setData(self._places[same, 0], self._places[same, 1], brush=brushes, size=_RING - 2)

    def _nearest(self, place: QPointF) -> int:
        """In pixels; −1: none within reach."""
        if not len(self._places) or not self._box.sceneBoundingRect().contains(place):
            return -1
        pixels = self._pixels()
        away = np.hypot(pixels[:, 0] - place.x(), pixels[:, 1] - place.y())
        at = int(away.argmin())
        return at if away[at] <= _REACH else -1

    def _pixels(self) -> FloatArray:
        """(occurrence, 2) in the scene."""
        area, (across, up) = self._box.sceneBoundingRect(), self._box.viewRange()
        shares = (self._places - [across[0], up[0]]) / [across[1] - across[0], up[1] - up[0]]
        found: FloatArray = np.stack([area.left() + shares[:, 0] * area.width(), area.bottom() - shares[:, 1] * area.height()], 1)
        return found

    def _set_ticks(self) -> None:
        area, (across, up) = self._box.sceneBoundingRect(), self._box.viewRange()
        wide, high = (max(2, int(length / least)) for length, least in zip((area.width(), area.height()), _TICK, strict=True))
        below = [(value, tick_words(value)) for value in linear_ticks(across[0], across[1], wide)]
        beside = [(float(np.log10(value)), tick_words(value)) for value in log_ticks(10 ** up[0], 10 ** up[1], high)]
        self._axes["bottom"].setTicks([below])
        self._axes["left"].setTicks([beside])

    @Slot()
    def _on_resized(self) -> None:
        area = self._box.sceneBoundingRect()
        if self._result is None or not len(self._places) or area.width() < 2 or area.height() < 2:
            self.names.lay_out([], [], np.zeros((0, 2)), area)
            return
        self._set_ticks()
        pixels, chosen = self._pixels(), named(self._result)
        words = [name_of(self._result.occurrences[at]) for at in chosen]
        self.names.lay_out(words, [(float(pixels[at, 0]), float(pixels[at, 1])) for at in chosen], pixels, area)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if hasattr(self, "names"):
            self._on_resized()

    @Slot(object)
    def _on_mouse_moved(self, place: QPointF) -> None:
        at = self._nearest(place)
        if at >= 0:
            self._hovered.setData(self._places[at : at + 1, 0], self._places[at : at + 1, 1])
        else:
            self._hovered.clear()
        self.setCursor(Qt.CursorShape.PointingHandCursor if at >= 0 else Qt.CursorShape.ArrowCursor)
        self.pointed.emit(at)

    @Slot(object)
    def _on_clicked(self, click: object) -> None:
        self.chosen.emit(self._nearest(click.scenePos()))  # type: ignore[attr-defined]  # pyqtgraph's own event

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hovered.clear()


def _span(values: FloatArray) -> tuple[float, float]:
    """With a little room; of one value too."""
    low, high = float(values.min()), float(values.max())
    room = (high - low) * _ROOM or max(abs(high) * 0.1, 0.1)
    return low - room, high + room
