"""The score on its way from the baseline to the input, and how steeply it moves: where the attribution comes from."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from engine.heatmaps.numerals import figures, signed_figures
from engine.results import AttributionResult, FloatArray, PathCurve
from gui import theme
from gui.heatmaps.curve_plot import CurvePlot

_HEIGHT = (104, 200)  # the least, and what it takes where there is room
_TICK_PIXELS = 8
_SHADE = 50  # of 255
_EMPTY = "The score along the path from the baseline to the input, once there is a map."


class PathCurveView(QWidget):
    """Score on the left scale, its slope on the right one, shaded; a dot and a tick where the model was asked."""

    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pathCurve")
        self.setAccessibleName("Path curve")
        self.setMinimumHeight(_HEIGHT[0] + 24)
        self.setMaximumHeight(_HEIGHT[1] + 24)
        self._path: PathCurve | None = None
        self._unit = ""
        self._plot = _Plot(self)
        self._plot.pointed.connect(self._on_pointed)
        self._read_out = QLabel(self)
        self._read_out.setFont(theme.numbers_font())
        self._read_out.setProperty("role", "muted")
        self._sentence = QLabel(_EMPTY, self)
        self._sentence.setProperty("role", "muted")
        self._sentence.setWordWrap(True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._lay_out()

    def sizeHint(self) -> QSize:
        return QSize(480, self.maximumHeight())

    def show_result(self, result: AttributionResult) -> None:
        """Draw the path, or say why there is none."""
        self._unit = result.unit
        if result.progress < 1 and result.path is None and self._path is not None:
            return  # the curve of a moment ago stays until the new one is known
        usable = result.path is not None and bool(np.isfinite(result.path.score).any())
        self._path = result.path if usable else None
        if self._path is None:
            self._say(_why_none(result))
            return
        self._stack.setCurrentIndex(0)
        self._plot.show_path(self._path, result.unit)
        self._on_pointed(-1)

    def show_stopped(self) -> None:
        """The curve will not come."""
        self._path = None
        self._say("Stopped before the curve was known.")

    def clear(self) -> None:
        """Before there is a map."""
        self._path = None
        self._say(_EMPTY)

    def _say(self, sentence: str) -> None:
        self._sentence.setText(sentence)
        self.setAccessibleDescription(sentence)
        self._stack.setCurrentIndex(1)

    def _lay_out(self) -> None:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._read_out)
        column.addWidget(self._plot)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(page)
        self._stack.addWidget(self._sentence)
        self._stack.setCurrentIndex(1)

    @Slot(int)
    def _on_pointed(self, point: int) -> None:
        if self._path is None:
            return
        words = _summary(self._path) if point < 0 else _point(self._path, point, self._unit)
        self._read_out.setText(words)
        self.setAccessibleDescription(_summary(self._path))
        self.read_out_changed.emit("" if point < 0 else words)


def _why_none(result: AttributionResult) -> str:
    if result.progress < 1:
        return "The curve is drawn when the steps are done."
    if len(result.baselines) > 1 and result.method.complete:
        return f"Averaged over {len(result.baselines)} baselines, each with a path of its own; choose one to see its curve."
    return f"{result.method.label} follows no path from a baseline to the input, so there is no curve to draw."


def _summary(path: PathCurve) -> str:
    steepest = _steepest(path.slope)
    asked = f"{len(path.alpha)} points"
    return asked if steepest is None else f"{asked} · steepest at α = {figures(float(path.alpha[steepest]))}"


def _steepest(slope: FloatArray) -> int | None:
    return int(np.nanargmax(np.abs(slope))) if np.isfinite(slope).any() else None


def _point(path: PathCurve, point: int, unit: str) -> str:
    alpha, score, slope = (float(column[point]) for column in (path.alpha, path.score, path.slope))
    words = f"α = {figures(alpha)} · score {figures(score)} {unit}"
    return words if np.isnan(slope) else f"{words} · slope {signed_figures(slope)}"


class _Plot(CurvePlot):
    """Two scales over one α; ``pointed``: the evaluated point nearest to the pointer."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, _HEIGHT)
        self._alpha = np.zeros(0)
        self._unit = ""
        self._axes = {side: pg.AxisItem(side) for side in ("left", "bottom", "right")}
        self._scores, self._slopes = (pg.ViewBox(enableMenu=False, enableMouse=False) for _ in range(2))
        self._build()
        self.dress()
        self._scores.sigResized.connect(self._on_resized)
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)

    def show_path(self, path: PathCurve, unit: str) -> None:
        known, sloped = np.isfinite(path.score), np.isfinite(path.slope)
        self._alpha = np.where(known, path.alpha, np.nan)
        self._unit = unit
        self._score.setData(path.alpha[known], path.score[known])
        self._dots.setData(path.alpha[known], path.score[known])
        self._slope.setData(path.alpha[sloped], path.slope[sloped])
        self.fit(self._scores, path.score[known])
        self.fit(self._slopes, np.append(path.slope[sloped], 0.0))
        low = self._scores.viewRange()[1][0]
        self._ticks.setData(path.alpha[known], np.full(int(known.sum()), low))
        self._label()

    def _build(self) -> None:
        self.lay_out(self._axes, self._scores)
        self.scene().addItem(self._slopes)
        self._slopes.setZValue(-10)
        self._slopes.setXLink(self._scores)
        self._axes["right"].linkToView(self._slopes)
        self._slope = pg.PlotCurveItem(fillLevel=0.0, antialias=True)
        self._slopes.addItem(self._slope)
        self._score = pg.PlotCurveItem(antialias=True)
        self._dots = pg.ScatterPlotItem(size=5)
        self._ticks = pg.ScatterPlotItem(size=_TICK_PIXELS, symbol="|")
        for drawn in (self._score, self._dots, self._ticks, self.cursor_line):
            self._scores.addItem(drawn, ignoreBounds=True)
        self._scores.setXRange(0, 1, padding=0.02)

    def dress(self) -> None:
        super().dress()
        colours = theme.current()
        for side, colour in (("left", colours.text), ("bottom", colours.muted), ("right", colours.accent)):
            self.dress_axis(self._axes[side], colour)
        shade = QColor(colours.accent)
        shade.setAlpha(_SHADE)
        self._slope.setPen(pg.mkPen(colours.accent, width=1.5))
        self._slope.setBrush(pg.mkBrush(shade))
        self._score.setPen(pg.mkPen(colours.text, width=2))
        self._dots.setPen(pg.mkPen(None))
        self._dots.setBrush(pg.mkBrush(colours.text))
        self._ticks.setPen(pg.mkPen(colours.muted))
        self._label()

    def _label(self) -> None:
        colours = theme.current()
        self.label_axis(self._axes["left"], self._unit or "score", colours.text)
        self.label_axis(self._axes["right"], "d score / dα", colours.accent)
        self.label_axis(self._axes["bottom"], "α: from baseline 0 to input 1", colours.muted)

    @Slot()
    def _on_resized(self) -> None:
        self._slopes.setGeometry(self._scores.sceneBoundingRect())
        self._slopes.linkedViewChanged(self._scores, self._slopes.XAxis)

    @Slot(object)
    def _on_mouse_moved(self, place: QPointF) -> None:
        if not np.isfinite(self._alpha).any() or not self._scores.sceneBoundingRect().contains(place):
            return
        alpha = self._scores.mapSceneToView(place).x()
        point = int(np.nanargmin(np.abs(self._alpha - alpha)))
        self.cursor_line.setPos(float(self._alpha[point]))
        self.cursor_line.show()
        self.pointed.emit(point)
