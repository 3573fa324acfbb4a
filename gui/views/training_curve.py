"""What the model said at each checkpoint, as curves, and the slider above them that chooses one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from engine.heatmaps.numerals import figures, percent, whole_percent
from engine.over_training import OverTrainingResult, named
from engine.results import FloatArray
from gui import theme
from gui.controls.rows import name_control
from gui.controls.wheel_guard import WheelGuard
from gui.heatmaps.curve_plot import CurvePlot

PLOT_PIXELS = (100, 168)
MOST_LINES = 6
_LEFT, _RIGHT = 42, 84  # the axis of probabilities; the names at the ends of the lines
_HANDLE = 7  # half of the slider's handle
_AXIS_PIXELS, _NAME_PIXELS, _TICK_GAP = 20, 13, 8


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Lines over checkpoints.

    Args:
        names: of the checkpoints there are so far.
        heights: (checkpoint, line); ``labels``: of the lines, which stand at their ends.
        strong: so many of the first lines stand out, the very first most.
        shares: whether heights lie between 0 and 1.
    """

    names: tuple[str, ...]
    heights: FloatArray
    labels: tuple[str, ...]
    strong: int
    shares: bool = True


class CheckpointCurves(QWidget):
    """Where the slider's handle stands, its checkpoint lies on the curves below."""

    checkpoint_chosen = Signal(int)
    read_out_changed = Signal(str)

    def __init__(self, slider: str, curve: str, name: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.installEventFilter(WheelGuard(self))
        self.slider.setPageStep(1)
        name_control(self.slider, slider, "Checkpoint", hint)
        self.plot = _Plot(curve, name, self)
        above = QHBoxLayout()
        above.setContentsMargins(_LEFT, 0, _RIGHT, 0)
        above.addWidget(self.slider)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(above)
        column.addWidget(self.plot, 1)
        self.slider.valueChanged.connect(self.checkpoint_chosen)
        self.plot.pointed.connect(self._on_pointed)
        self.plot.clicked.connect(self.slider.setValue)

    def show_curves(self, curves: Curves, total: int) -> None:
        """As many checkpoints as there are so far, of ``total``."""
        quiet = self.slider.blockSignals(True)
        self.slider.setRange(0, max(total, 2) - 1)
        self.slider.blockSignals(quiet)
        self.slider.setEnabled(len(curves.names) > 1)
        self.plot.show_curves(curves, self.slider.maximum())

    def select(self, checkpoint: int) -> None:
        """Emits nothing."""
        quiet = self.slider.blockSignals(True)
        self.slider.setValue(checkpoint)
        self.slider.blockSignals(quiet)
        self.plot.select(checkpoint)

    def in_words(self, checkpoint: int) -> str:
        """What the curves say there; a subclass knows."""
        raise NotImplementedError

    @Slot(int)
    def _on_pointed(self, checkpoint: int) -> None:
        self.read_out_changed.emit("" if checkpoint < 0 else self.in_words(checkpoint))


class TrainingCurve(CheckpointCurves):
    """The probabilities of one text's classes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        hint = "Which checkpoint the text is shown at (arrow keys)."
        super().__init__("trainingSlider", "trainingCurve", "Prediction over training", hint, parent)
        self._result: OverTrainingResult | None = None

    def show_result(self, result: OverTrainingResult) -> None:
        """As many checkpoints as there are so far."""
        self._result = result
        self.show_curves(curves_of(result), result.total if result.progress < 1 else len(result.maps))

    def in_words(self, checkpoint: int) -> str:
        """See ``CheckpointCurves``."""
        return "" if self._result is None else point_in_words(self._result, checkpoint)


def curves_of(result: OverTrainingResult) -> Curves:
    """What is explained stands out."""
    drawn, followed = lines_of(result), {each.index for each in result.tracked}
    labels = tuple(result.tracked[at].words for at in drawn)
    strong = len([index for index in result.target.outputs if index in followed])
    return Curves(result.names, _heights(result)[:, drawn], labels, strong, result.probabilities is not None)


def lines_of(result: OverTrainingResult) -> list[int]:
    """Which of the tracked outputs are drawn: those explained first, then the highest anywhere, as many as can be told apart."""
    heights = _heights(result).max(axis=0)
    explained = [at for index in result.target.outputs for at, each in enumerate(result.tracked) if each.index == index]
    others = [at for at in np.argsort(-heights, kind="stable").tolist() if at not in explained]
    return [*explained, *others][:MOST_LINES]


def short_names(names: Sequence[str]) -> list[str]:
    """Without the word that most of them begin with: “epoch 2” is 2, once the first has said so."""
    words = Counter(name.partition(" ")[0] for name in names if " " in name)
    common, count = words.most_common(1)[0] if words else ("", 0)
    if 2 * count <= len(names):
        return list(names)
    first = next(at for at, name in enumerate(names) if name.startswith(f"{common} "))
    return [name if at == first else name.removeprefix(f"{common} ") for at, name in enumerate(names)]


def point_in_words(result: OverTrainingResult, checkpoint: int) -> str:
    """What the curves say at one checkpoint."""
    found = []
    for at in lines_of(result):
        value = float(_heights(result)[checkpoint, at])
        found.append(
            f"{named(result, result.tracked[at])} {figures(value, 4) if result.probabilities is None else percent(value)}"
        )
    alike = float(result.similarity[checkpoint])
    same = [] if alike != alike or checkpoint == len(result.maps) - 1 else [f"map like the last one: r {alike:.2f}"]
    return " · ".join([result.names[checkpoint], *found, *same])


def _heights(result: OverTrainingResult) -> FloatArray:
    return result.logits if result.probabilities is None else result.probabilities


class _Plot(CurvePlot):
    """``pointed``: the checkpoint under the pointer."""

    clicked = Signal(int)

    def __init__(self, object_name: str, name: str, parent: QWidget) -> None:
        super().__init__(parent, PLOT_PIXELS)
        self.setObjectName(object_name)
        self.setAccessibleName(name)
        self._curves: Curves | None = None
        self._last = 1
        self._names = _NamesAtEnds()
        self._axes = {"left": pg.AxisItem("left"), "bottom": pg.AxisItem("bottom"), "right": self._names}
        self._box = pg.ViewBox(enableMenu=False, enableMouse=False)
        self._lines = [pg.PlotCurveItem(antialias=True) for _ in range(MOST_LINES)]
        self._dots = [pg.ScatterPlotItem(size=5) for _ in range(MOST_LINES)]
        self._chosen = pg.InfiniteLine(angle=90, movable=False)
        self._build()
        self.dress()
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self.scene().sigMouseClicked.connect(self._on_clicked)

    def _build(self) -> None:
        self.lay_out(self._axes, self._box)
        self.ci.setContentsMargins(0, 2, 0, 0)
        self._axes["left"].setWidth(_LEFT)
        self._axes["right"].setWidth(_RIGHT)
        self._axes["bottom"].setHeight(_AXIS_PIXELS)
        for drawn in (self._chosen, *self._lines, *self._dots, self.cursor_line):
            self._box.addItem(drawn, ignoreBounds=True)

    def show_curves(self, curves: Curves, last: int) -> None:
        self._curves, self._last = curves, last
        heights = curves.heights
        for number, (line, dots) in enumerate(zip(self._lines, self._dots, strict=True)):
            values = heights[:, number] if number < heights.shape[1] else np.zeros(0)
            line.setData(np.arange(len(values)), values)
            dots.setData(np.arange(len(values)), values)
        if curves.shares:
            self._axes["left"].setTicks([[(share, whole_percent(share)) for share in (0.0, 0.5, 1.0)]])
            self._box.setYRange(0, 1, padding=0.06)
        else:
            self._axes["left"].setTicks(None)
            self.fit(self._box, heights)
        self._names.show_names(list(zip(heights[-1].tolist(), curves.labels, strict=True)))
        self._fit_across()
        self.dress()

    def select(self, checkpoint: int) -> None:
        self._chosen.setPos(checkpoint)

    def dress(self) -> None:
        super().dress()
        look = theme.current()
        for side in ("left", "bottom"):
            self.dress_axis(self._axes[side], look.muted)
        self._axes["bottom"].setStyle(tickLength=-3, hideOverlappingLabels=False)
        self._chosen.setPen(pg.mkPen(look.text, width=1.5))
        colours = self._colours()
        for number, (line, dots) in enumerate(zip(self._lines, self._dots, strict=True)):
            colour = colours[number] if number < len(colours) else look.muted
            line.setPen(pg.mkPen(colour, width=2.5 if colour == look.accent else 1.5))
            dots.setPen(pg.mkPen(None))
            dots.setBrush(pg.mkBrush(colour))
        self._names.colours = colours
        self._names.picture = None
        self._names.update()

    def _colours(self) -> list[QColor]:
        """The first in the accent, a second that stands out in the text's; the others are muted, and named at their ends."""
        look = theme.current()
        if self._curves is None:
            return []
        known = [look.accent, look.text][: self._curves.strong]
        return [*known, *[look.muted] * (len(self._curves.labels) - len(known))]

    def _fit_across(self) -> None:
        """The first and the last checkpoint lie half a handle inside, where the slider has them."""
        room = max(self._box.width() - 2 * _HANDLE, 1.0)
        inside = _HANDLE * self._last / room
        self._box.setXRange(-inside, self._last + inside, padding=0)
        if self._curves is None:
            return
        metrics = QFontMetricsF(theme.numbers_font(theme.CAPTION_PIXELS))
        ticks, free = [], -np.inf
        for at, name in enumerate(short_names(self._curves.names)):
            short = name if len(name) <= 14 else f"{name[:13]}…"
            half = metrics.horizontalAdvance(short) / 2
            place = _HANDLE + at * room / self._last
            if place - half >= free:
                ticks.append((at, short))
                free = place + half + _TICK_GAP
        self._axes["bottom"].setTicks([ticks])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_names"):
            self._fit_across()

    def _at(self, place: QPointF) -> int:
        if self._curves is None or not self._box.sceneBoundingRect().contains(place):
            return -1
        return max(0, min(len(self._curves.names) - 1, round(float(self._box.mapSceneToView(place).x()))))

    @Slot(object)
    def _on_mouse_moved(self, place: QPointF) -> None:
        checkpoint = self._at(place)
        if checkpoint >= 0:
            self.cursor_line.setPos(checkpoint)
            self.cursor_line.show()
            self.pointed.emit(checkpoint)

    @Slot(object)
    def _on_clicked(self, event: object) -> None:
        checkpoint = self._at(event.scenePos())  # type: ignore[attr-defined]  # pyqtgraph's own kind of event
        if checkpoint >= 0:
            self.clicked.emit(checkpoint)


class _NamesAtEnds(pg.AxisItem):  # type: ignore[misc]
    """Each line's name where it ends, moved apart where they would touch."""

    def __init__(self) -> None:
        super().__init__("right")
        self.colours: list[QColor] = []
        self._names: list[tuple[float, str]] = []
        self.setTicks([[]])

    def show_names(self, names: list[tuple[float, str]]) -> None:
        self._names = names

    def drawPicture(self, painter: QPainter, axis: object, ticks: object, texts: object) -> None:
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        metrics = QFontMetricsF(painter.font())
        (low, high), height = self.range, self.height()
        wanted = [height * (1 - (value - low) / ((high - low) or 1.0)) for value, _ in self._names]
        for (_, name), top, colour in zip(self._names, moved_apart(wanted, _NAME_PIXELS, height), self.colours, strict=False):
            painter.setPen(colour)
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, self.width() - 8)
            box = QRectF(6, top - _NAME_PIXELS / 2, self.width() - 6, _NAME_PIXELS)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


def moved_apart(wanted: list[float], gap: float, height: float) -> list[float]:
    """Places as near to ``wanted`` as lets each have ``gap`` to the next, within ``height`` as far as they fit."""
    order = np.argsort(wanted, kind="stable").tolist()
    placed = [0.0] * len(wanted)
    free = -np.inf
    for at in order:
        placed[at] = max(wanted[at], free)
        free = placed[at] + gap
    limit = height - gap / 2
    for at in reversed(order):
        placed[at] = min(placed[at], limit)
        limit = placed[at] - gap
    return placed
