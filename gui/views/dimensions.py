"""Token × dimension: what the sum over an embedding's dimensions hides."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from engine.heatmaps.numerals import signed_figures
from engine.results import AttributionResult, FloatArray, Token
from gui import theme
from gui.controls.rows import name_control
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.matrix import MatrixPlot

_ROW_PIXELS, _FEWEST, _MOST = 16, 150, 310
_NAMES_PIXELS, _MARGIN_PIXELS = 92, 18
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
        self._plot = MatrixPlot(
            "dimensionPlot",
            "Token × dimension",
            left=_NAMES_PIXELS,
            margin=_MARGIN_PIXELS,
            caption="column (dimension)",
            parent=self,
        )
        self._sums = pg.ImageItem(axisOrder="row-major", autoDownsample=False)
        self._plot.margin.addItem(self._sums)
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
        column.addLayout(self._stack)  # first: it shows what is added to it, and a widget without a parent is a window
        self._stack.addWidget(self._words)
        self._stack.addWidget(drawn)
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
        self._plot.show_values(finite[:, self._order], self._levels(limit or 1.0), self._signed, names)
        sums = finite.sum(axis=1, keepdims=True)
        end = float(np.abs(sums).max()) or 1.0
        self._sums.setImage(np.ascontiguousarray(sums, dtype=np.float32), levels=self._levels(end), lut=self._plot.lut())
        beyond = (bool((finite < -limit).any()), bool((finite > limit).any()))
        self._bar.show_scale(limit, signed=self._signed, unit=self._unit, clipped=beyond)
        rows, columns = self._values.shape
        lost = int((~np.isfinite(self._values)).sum())
        self._title.setText(f"Token × dimension · {rows} × {columns}" + (f" · {lost} values are not numbers" if lost else ""))

    def _levels(self, limit: float) -> tuple[float, float]:
        return (-limit if self._signed else 0.0, limit)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_sums") and self._sums.image is not None:
            self._sums.setLookupTable(self._plot.lut())

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
