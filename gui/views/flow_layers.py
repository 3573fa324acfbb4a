"""Layer × token: how much of the gradient reaches each layer at each token, and each layer as a whole beside it."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.flow import GradientFlowResult
from engine.heatmaps.numerals import figures, percent
from engine.heatmaps.token_names import name_of, quoted
from engine.results import FloatArray
from gui import theme
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.magnitude_scale import MagnitudeScale
from gui.heatmaps.matrix import MatrixPlot
from gui.theme import mix

_NAMES_PIXELS, _BARS_PIXELS = 180, 232
_ROW_PIXELS, _AXES_PIXELS, _FEWEST, _MOST_ROW_PIXELS = 16, 72, 160, 30
_BAR_WIDTH = 320
_DIGITS = 4  # of a read-out


class LayerPicture(QWidget):
    """Rows from the input at the top to the score at the bottom."""

    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: GradientFlowResult | None = None
        self._values: FloatArray = np.zeros((0, 0))
        self._scale = MagnitudeScale(0.0, 0.0)
        self.plot = MatrixPlot(
            "flowMatrix",
            "Layer × token",
            left=_NAMES_PIXELS,
            margin=_BARS_PIXELS,
            below="&nbsp;&nbsp;the layer as a whole",
            parent=self,
        )
        self.bars = _Bars()
        self.plot.margin.addItem(self.bars)
        self.bar, self._note = ColourBar(self), QLabel(self)
        self._note.setProperty("role", "caption")
        self._build()
        self.plot.pointed.connect(self._on_pointed)

    def _build(self) -> None:
        self.bar.setFixedWidth(_BAR_WIDTH)
        foot = QHBoxLayout()
        foot.setSpacing(16)
        foot.addWidget(self.bar)
        foot.addWidget(self._note, 1, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.plot, 1)
        column.addLayout(foot)
        column.addStretch(0)

    def show_result(self, result: GradientFlowResult, logarithmic: bool) -> None:
        """A result, on a scale by decades or from zero."""
        self._result, self._values = result, result.per_position
        rows = len(result.layers)
        self.plot.setMinimumHeight(min(max(rows * _ROW_PIXELS + _AXES_PIXELS, _FEWEST), 480))
        self.plot.setMaximumHeight(rows * _MOST_ROW_PIXELS + _AXES_PIXELS)
        self._scale = MagnitudeScale.of(self._values, logarithmic=logarithmic)
        names = [name_of(token) for token in result.tokens]
        self.plot.show_values(self._scale.shares(self._values), (0.0, 1.0), False, result.names, names)
        norms = np.array([layer.norm for layer in result.layers])
        self.bars.show_norms(norms, MagnitudeScale.of(norms, logarithmic=logarithmic))
        self.bar.show_scale(
            self._scale.limit,
            signed=False,
            unit=unit_of(result),
            clipped=(self._scale.clips(self._values), False),
            floor=self._scale.floor,
        )
        self.bar.setVisible(self._scale.limit > 0 or not np.isinf(self._values).any())
        self._note.setText("\n".join(_notes(result, self._values, self._scale)))

    def sizeHint(self) -> QSize:
        return QSize(640, 420)

    @Slot(int, int)
    def _on_pointed(self, row: int, column: int) -> None:
        if self._result is None or row < 0:
            self.bar.show_value(None)
            self.bars.mark(-1)
            self.read_out_changed.emit("")
            return
        value = float(self._values[row, column])
        self.bar.show_value(None if np.isnan(value) else value)
        self.bars.mark(row)
        self.read_out_changed.emit(in_words(self._result, row, column))


def _notes(result: GradientFlowResult, values: FloatArray, scale: MagnitudeScale) -> list[str]:
    """What the colours alone do not say."""
    bare = any(layer.per_position is None for layer in result.layers)
    notes = ["Hatched: one vector for the whole text; its bar tells."] if bare else []
    none, low = bool((values == 0).any()), scale.clips(values[values > 0])
    if none or low:
        notes.append(f"Blank: {' or '.join(['no gradient at all'] * none + ['below the scale'] * low)}.")
    return notes


def in_words(result: GradientFlowResult, row: int, column: int) -> str:
    """The read-out of one cell: its layer as a whole where the layer has no tokens."""
    layer, unit = result.layers[row], unit_of(result)
    ratio = result.ratios[row]
    whole = f"{result.names[row]} · {layer.type} · {figures(layer.norm, _DIGITS)} {unit}"
    if ratio is not None:
        whole += f" · {figures(ratio)} × {result.names[row + 1]}"
    if layer.per_position is None:
        return f"{whole} · activation {figures(layer.activation_norm)}"
    values = layer.per_position
    value = float(values[column])
    known = values[np.isfinite(values)]
    rank = 1 + int((known > value).sum())
    share = value / float(known.sum()) if known.sum() > 0 else 0.0
    words = f"{result.names[row]} · {quoted(result.tokens[column])} · {figures(value, _DIGITS)} {unit}"
    words += f" · {percent(share)} of the layer's Σ · rank {rank} of {len(values)}"
    active = layer.activation_per_position
    read = active is not None and bool(np.isfinite(active[column]))
    return words + (f" · activation {figures(float(active[column]))}" if active is not None and read else "")


def unit_of(result: GradientFlowResult) -> str:
    """Of every number on screen."""
    return f"{result.unit} per unit"


class _Bars(pg.GraphicsObject):  # type: ignore[misc]
    """The norm of each layer as a bar in the matrix's margin, with its number; zero is said, not drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._norms: FloatArray = np.zeros(0)
        self._scale = MagnitudeScale(0.0, 0.0)
        self._marked = -1

    def show_norms(self, norms: FloatArray, scale: MagnitudeScale) -> None:
        self.prepareGeometryChange()
        self._norms, self._scale = norms, scale
        self.update()

    def mark(self, row: int) -> None:
        """−1: none."""
        self._marked = row
        self.update()

    @property
    def shares(self) -> FloatArray:
        """How long each bar is, 0 … 1."""
        return self._scale.shares(self._norms)

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, 1, max(len(self._norms), 1))

    def paint(self, painter: QPainter, *_: object) -> None:
        place, colours = painter.worldTransform(), theme.current()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        whole = place.mapRect(self.boundingRect())
        numbers, left = 64.0, whole.left() + 12
        room, each = whole.width() - numbers - 12, whole.height() / max(len(self._norms), 1)
        step = max(1, int(np.ceil(13 / max(each, 0.1))))
        for row, (norm, share) in enumerate(zip(self._norms.tolist(), self.shares.tolist(), strict=True)):
            top = whole.top() + row * each
            inset = min(each * 0.2, 5.0)
            if share == share and norm > 0:
                colour = colours.accent if row == self._marked else mix(colours.panel, colours.accent, 0.55)
                painter.fillRect(QRectF(left, top + inset, max(share * room, 1.5), each - 2 * inset), QColor(colour))
            if row % step == 0 or row == self._marked:
                painter.setPen(colours.text if row == self._marked else colours.muted)
                beside = left + (max(share * room, 1.5) if share == share and norm > 0 else 0) + 6
                box = QRectF(beside, top, numbers, each)
                painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, figures(norm))
