"""Back through time: a curve for each recurrent layer and direction, and the same as a matrix, step under step."""

from collections.abc import Sequence
from html import escape

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.flow import GradientFlowResult, State, StepFlow, flow_name
from engine.heatmaps.numerals import figures, percent
from engine.heatmaps.token_names import name_of, quoted
from engine.results import FloatArray
from gui import theme
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.colours import colour_map
from gui.heatmaps.curve_plot import CurvePlot
from gui.heatmaps.magnitude_scale import MagnitudeScale
from gui.heatmaps.matrix import MatrixPlot
from gui.views.flow_layers import unit_of

STATE_WORDS: dict[State, str] = {"hidden_state": "h", "cell_state": "c"}
_NAMES_PIXELS = 180
_CURVES_PIXELS = (140, 260)
_ROW_PIXELS, _AXES_PIXELS = 26, 72
_BAR_WIDTH = 320
_DIGITS = 4
_ROOM = 0.05  # above and below the curves
_SOLID, _DASHED = "━━", "╍╍"


class StepPicture(QWidget):
    """Steps from left to right in the order of the text, whichever way a direction reads it."""

    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: GradientFlowResult | None = None
        self._flows: tuple[StepFlow, ...] = ()
        self._values: FloatArray = np.zeros((0, 0))
        self._state: State = "hidden_state"
        self.curves, self.legend = _Curves(self), QLabel(self)
        self.plot = MatrixPlot("stepMatrix", "Recurrent layer × step", left=_NAMES_PIXELS, parent=self)
        self.bar = ColourBar(self)
        self._build()
        self.plot.pointed.connect(self._on_pointed)
        self.curves.pointed.connect(self._on_step)

    def _build(self) -> None:
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.legend.setWordWrap(True)
        self.bar.setFixedWidth(_BAR_WIDTH)
        foot = QHBoxLayout()
        foot.addWidget(self.bar)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.legend)
        column.addWidget(self.curves, 2)
        column.addWidget(self.plot, 1)
        column.addLayout(foot)
        column.addStretch(0)

    def show_result(self, result: GradientFlowResult, state: State, logarithmic: bool) -> None:
        """The states of one kind; layers without it are left out."""
        self._result, self._state = result, state
        self._flows = tuple(flow for flow in result.recurrent if getattr(flow, state) is not None)
        if not self._flows:
            return
        self._values = np.stack([getattr(flow, state) for flow in self._flows])
        names = [name_of(token) for token in result.tokens]
        short = [_short(flow, result.recurrent) for flow in self._flows]
        scale = MagnitudeScale.of(self._values, logarithmic=logarithmic)
        self.plot.setFixedHeight(len(short) * _ROW_PIXELS + _AXES_PIXELS)
        self.plot.show_values(scale.shares(self._values), (0.0, 1.0), False, short, names)
        self.bar.show_scale(
            scale.limit, signed=False, unit=unit_of(result), clipped=(scale.clips(self._values), False), floor=scale.floor
        )
        whole = MagnitudeScale.of(self._values, logarithmic=logarithmic, decades=None)
        self.curves.show_curves(self._flows, self._values, whole, f"‖∂ score / ∂ {STATE_WORDS[state]}ₜ‖")
        self.curves.begin_at(self.plot.left_pixels)
        self.legend.setIndent(self.plot.left_pixels)
        self._show_legend()

    def sizeHint(self) -> QSize:
        return QSize(640, 420)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_flows"):
            self._show_legend()

    def _show_legend(self) -> None:
        listed = (self._flows or (None,))[0]
        if listed is None or self._result is None:
            return
        muted = theme.current().muted.name()
        entries = [
            f'<span style="color:{colour.name()}">{_DASHED if flow.direction else _SOLID}</span>&nbsp;'
            f'<span style="color:{muted}">{escape(_short(flow, self._result.recurrent)).replace(" ", "&nbsp;")}</span>'
            for flow, colour in zip(self._flows, colours_of(self._flows), strict=True)
        ]
        self.legend.setText(" &nbsp; &nbsp; ".join(entries))

    @Slot(int, int)
    def _on_pointed(self, row: int, step: int) -> None:
        self.curves.mark(step)
        if self._result is None or row < 0:
            self.bar.show_value(None)
            self.read_out_changed.emit("")
            return
        value, values = float(self._values[row, step]), self._values[row]
        self.bar.show_value(value)
        share = value / values.sum() if values.sum() > 0 else 0.0
        words = f"{flow_name(self._flows[row])} · step {step} {quoted(self._result.tokens[step])}"
        words += f" · ‖∂ score / ∂ {STATE_WORDS[self._state]}‖ {figures(value, _DIGITS)} {unit_of(self._result)}"
        rank = 1 + int((values > value).sum())
        self.read_out_changed.emit(f"{words} · {percent(share)} of the layer's Σ · rank {rank} of {len(values)}")

    @Slot(int)
    def _on_step(self, step: int) -> None:
        self.plot.mark_column(step)
        if self._result is None or step < 0:
            self.read_out_changed.emit("")
            return
        told = [
            f"{_short(flow, self._result.recurrent)} {figures(float(value), _DIGITS)}"
            for flow, value in zip(self._flows, self._values[:, step], strict=True)
        ]
        more = f" · {len(told) - 4} more" if len(told) > 4 else ""
        self.read_out_changed.emit(f"step {step} {quoted(self._result.tokens[step])} · " + " · ".join(told[:4]) + more)


def _short(flow: StepFlow, all_of_them: Sequence[StepFlow]) -> str:
    """Without the module where there is one only."""
    alone = len({each.module for each in all_of_them}) == 1
    words = f"layer {flow.layer} {'backwards' if flow.direction else 'forwards'}"
    return words if alone else f"{flow.module} {words}"


def colours_of(flows: Sequence[StepFlow]) -> list[QColor]:
    """One for each layer, the deeper the further from the panel's own; directions differ by their dashes."""
    layers = list(dict.fromkeys((flow.module, flow.layer) for flow in flows))
    if len(layers) == 1:
        return [theme.current().accent] * len(flows)
    ramp = colour_map(theme.current(), signed=False).colours
    places = np.linspace(0.4, 1.0, len(layers))
    return [ramp[round(float(places[layers.index((flow.module, flow.layer))]) * (len(ramp) - 1))] for flow in flows]


class _Curves(CurvePlot):
    """Above the matrix, step over step; ``pointed``: the step under the pointer."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, _CURVES_PIXELS)
        self.setObjectName("stepCurves")
        self.setAccessibleName("Gradient at each step")
        self._flows: tuple[StepFlow, ...] = ()
        self._steps = 0
        self._caption = ""
        self._lines: list[pg.PlotCurveItem] = []
        self._left, self._box = pg.AxisItem("left"), pg.ViewBox(enableMenu=False, enableMouse=False)
        self.lay_out({"left": self._left}, self._box, spacing=2)
        self._left.setWidth(_NAMES_PIXELS)
        self._box.addItem(self.cursor_line, ignoreBounds=True)
        self.dress()
        self.scene().sigMouseMoved.connect(self._on_moved)

    def begin_at(self, left: int) -> None:
        """Where the matrix below begins."""
        self._left.setWidth(left)

    def show_curves(self, flows: tuple[StepFlow, ...], values: FloatArray, scale: MagnitudeScale, caption: str) -> None:
        """(curve, step); zeros leave a gap on a scale by decades."""
        self._flows, self._steps, self._caption = flows, values.shape[1], caption
        for line in self._lines:
            self._box.removeItem(line)
        at = np.arange(self._steps) + 0.5
        drawn = np.where((values > 0) | (scale.floor == 0), scale.shares(values), np.nan)
        self._lines = [pg.PlotCurveItem(at, row, antialias=True, connect="finite") for row in drawn]
        for line in self._lines:
            self._box.addItem(line, ignoreBounds=True)
        self._box.setRange(xRange=(0, self._steps), yRange=(-_ROOM, 1 + _ROOM), padding=0)
        self._left.setTicks([scale.ticks(6)])
        self.dress()

    def mark(self, step: int) -> None:
        """As pointed at elsewhere; emits nothing. −1: none."""
        self.cursor_line.setVisible(step >= 0)
        self.cursor_line.setPos(step + 0.5)

    def dress(self) -> None:
        super().dress()
        self.dress_axis(self._left, theme.current().muted)
        self.label_axis(self._left, self._caption, theme.current().muted)
        for line, flow, colour in zip(self._lines, self._flows, colours_of(self._flows), strict=True):
            style = Qt.PenStyle.DashLine if flow.direction else Qt.PenStyle.SolidLine
            line.setPen(pg.mkPen(colour, width=2, style=style))

    @Slot(object)
    def _on_moved(self, place: QPointF) -> None:
        if not self._steps or not self._box.sceneBoundingRect().contains(place):
            return
        step = min(max(int(np.floor(self._box.mapSceneToView(place).x())), 0), self._steps - 1)
        self.mark(step)
        self.pointed.emit(step)
