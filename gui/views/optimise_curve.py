"""How the score rises: that of the embeddings, and that of the text of their nearest tokens, on one scale."""

from html import escape

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.heatmaps.numerals import figures
from engine.results import TextOptimisationResult
from gui import theme
from gui.heatmaps.curve_plot import CurvePlot

PLOT_PIXELS = (104, 190)  # the least, and what it takes where there is room
AXIS_PIXELS = 32  # ticks and the word below them
FEW_STEPS = 10  # below, every whole step has its tick, and nothing between


class OptimiseCurve(QWidget):
    """The line above names the two lines and, under the pointer, their values."""

    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("optimiseCurve")
        self.setAccessibleName("Score by step")
        self._result: TextOptimisationResult | None = None
        self._legend = QLabel(self)
        self._legend.setFont(theme.numbers_font())
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._plot = _Plot(self)
        self._plot.pointed.connect(self._on_pointed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._legend)
        column.addWidget(self._plot)

    def show_result(self, result: TextOptimisationResult) -> None:
        """As far as it got; the axis of steps is as long as was asked for."""
        self._result = result
        self._plot.show_result(result)
        self._describe(-1)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_plot"):
            self._describe(-1)

    def _describe(self, step: int) -> None:
        if self._result is None:
            return
        look = theme.current()
        words = ["score by step"] if step < 0 else [f"step {step}"]
        parts = [f'<span style="color:{look.muted.name()}">{words[0]}</span>']
        for name, colour, value in _values(self._result, step):
            words.append(f"{name} {value}")
            parts.append(f'<span style="color:{colour.name()}">● {escape(name)} {value}</span>')
        self._legend.setText("&nbsp;&nbsp;&nbsp;".join(parts))
        self.setAccessibleDescription(" · ".join(words))
        self.read_out_changed.emit("" if step < 0 else " · ".join(words))

    @Slot(int)
    def _on_pointed(self, step: int) -> None:
        self._describe(step)


def _values(result: TextOptimisationResult, step: int) -> list[tuple[str, QColor, str]]:
    """(name, colour, value) of each line at ``step``, −1: the last; of the texts the last one looked at until then."""
    look = theme.current()
    found = []
    if len(result.score):
        value = result.score[min(step, len(result.score) - 1) if step >= 0 else -1]
        found.append(("embeddings", look.accent, figures(float(value))))
    if len(result.text_score):
        until = result.text_steps <= step if step >= 0 else np.ones(len(result.text_steps), dtype=bool)
        name = "text of their nearest tokens" if len(result.score) else "text"
        found.append((name, look.text, figures(float(result.text_score[max(0, int(until.sum()) - 1)]))))
    return found


class _Plot(CurvePlot):
    """``pointed``: the step under the pointer."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, PLOT_PIXELS)
        self._unit, self._last = "", 0
        self._axes = {side: pg.AxisItem(side) for side in ("left", "bottom")}
        self._box = pg.ViewBox(enableMenu=False, enableMouse=False)
        self._score = pg.PlotCurveItem(antialias=True)
        self._texts = pg.PlotCurveItem(antialias=True, stepMode="right")
        self._dots = pg.ScatterPlotItem(size=4)
        self._build()
        self.dress()
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)

    def show_result(self, result: TextOptimisationResult) -> None:
        self._unit, self._last = result.unit, int(max(len(result.score) - 1, result.text_steps.max(initial=0)))
        self._score.setData(np.arange(len(result.score)), result.score)
        self._texts.setData(result.text_steps, result.text_score)
        self._dots.setData(result.text_steps, result.text_score)
        ends = self._last if result.progress >= 1 else result.request.steps  # swaps may find the best before
        self._box.setXRange(0, max(1, ends), padding=0.02)
        if ends < FEW_STEPS:
            self._axes["bottom"].setTickSpacing(1, 1)
        else:
            self._axes["bottom"].setTickSpacing()
        values = np.concatenate((result.score, result.text_score))
        if len(values):
            self.fit(self._box, values)
        self._label()

    def _build(self) -> None:
        self.lay_out(self._axes, self._box)
        self._axes["bottom"].setHeight(AXIS_PIXELS)
        for drawn in (self._texts, self._dots, self._score, self.cursor_line):
            self._box.addItem(drawn, ignoreBounds=True)

    def dress(self) -> None:
        super().dress()
        colours = theme.current()
        for axis in self._axes.values():
            self.dress_axis(axis, colours.muted)
        self._score.setPen(pg.mkPen(colours.accent, width=2))
        self._texts.setPen(pg.mkPen(colours.text, width=1.5))
        self._dots.setPen(pg.mkPen(None))
        self._dots.setBrush(pg.mkBrush(colours.text))
        self._label()

    def _label(self) -> None:
        colour = theme.current().muted
        unit = f" ({self._unit})" if self._unit else ""
        for side, words in (("left", f"score{unit}"), ("bottom", "step")):
            self.label_axis(self._axes[side], words, colour)

    @Slot(object)
    def _on_mouse_moved(self, place: QPointF) -> None:
        if not self._box.sceneBoundingRect().contains(place):
            return
        step = max(0, min(self._last, round(self._box.mapSceneToView(place).x())))
        self.cursor_line.setPos(step)
        self.cursor_line.show()
        self.pointed.emit(step)
