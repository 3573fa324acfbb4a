"""The map of one head, query by key: from afar to every cell, with what rows and keys add up to."""

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.attention_maps import HeadMap
from engine.attention_reading import entry_in_words
from engine.heatmaps.numerals import figures
from engine.heatmaps.token_names import name_of
from gui import theme
from gui.attention.words import axis_unit
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.margin_sums import MarginSums
from gui.heatmaps.matrix import MatrixPlot
from gui.heatmaps.pyramid import Pyramid
from gui.views.elided_label import ElidedLabel

_NAMES_PIXELS, _MARGIN_PIXELS, _ABOVE_PIXELS = 96, 26, 26
_BAR_WIDTH = 320


class MatrixPage(QWidget):
    """Zoom and cross stay where the next map has as many tokens."""

    token_chosen = Signal(int, int)  # query, key
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.map: HeadMap | None = None
        self._token = -1
        self.plot = MatrixPlot(
            "attentionMatrix",
            "Query × key",
            left=_NAMES_PIXELS,
            margin=_MARGIN_PIXELS,
            above=_ABOVE_PIXELS,
            wheel_zooms=True,
            parent=self,
        )
        self._beside, self._over = MarginSums(Qt.Orientation.Vertical), MarginSums(Qt.Orientation.Horizontal)
        self.plot.margin.addItem(self._beside, ignoreBounds=True)
        self.plot.above.addItem(self._over, ignoreBounds=True)
        self.pyramid: Pyramid | None = None
        self._bar, self._hint = ColourBar(self), ElidedLabel("rows: query · columns: key", parent=self)
        self._hint.setProperty("role", "caption")
        self._bar.setMaximumWidth(_BAR_WIDTH)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.setSpacing(16)
        foot.addWidget(self._bar, 100)
        foot.addWidget(self._hint, 60)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.plot, 1)
        column.addLayout(foot)
        self.setFocusProxy(self.plot)
        self.plot.pointed.connect(self._on_pointed)
        self.plot.cell_chosen.connect(self.token_chosen)

    def show_map(self, shown: HeadMap, pyramid: Pyramid) -> None:
        """``pyramid`` was built from it."""
        if pyramid is self.pyramid:
            return
        self.map, self.pyramid = shown, pyramid
        self.plot.show_pyramid(pyramid, [name_of(token) for token in shown.queries], [name_of(token) for token in shown.keys])
        self._beside.show_sums(pyramid.row_sums)
        self._over.show_sums(pyramid.column_sums)
        beyond = (False, pyramid.clipped)
        self._bar.show_scale(pyramid.limit, signed=False, unit=axis_unit(shown), clipped=beyond, root=True)
        self.show_token(self._token)
        if self.plot.at[0] >= 0:
            self._on_pointed(*self.plot.at)

    def show_token(self, token: int) -> None:
        """Frame the row of a query; −1: none."""
        self._token = token
        rows = 0 if self.map is None else len(self.map.queries)
        self.plot.mark_row(token if token < rows else -1)

    def clear(self) -> None:
        """Let go of what is large."""
        self.map = self.pyramid = None

    def in_words(self) -> str:
        """The read-out: of the cross, otherwise of the row that is framed."""
        row, column = self.plot.at
        if self.map is None or self.pyramid is None:
            return ""
        if row < 0:
            row, column = self._token, self._strongest(self._token)
        words = entry_in_words(self.map, row, column)
        if not words:
            return ""
        sums = figures(float(self.pyramid.row_sums[row])), figures(float(self.pyramid.column_sums[column]))
        return f"{words} · row sum {sums[0]} · key sum {sums[1]}"

    def _strongest(self, row: int) -> int:
        if self.map is None or not 0 <= row < len(self.map.pattern):
            return -1
        return int(np.argmax(np.nan_to_num(self.map.pattern[row])))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS and hasattr(self, "_over"):
            self._beside.update()
            self._over.update()

    @Slot(int, int)
    def _on_pointed(self, row: int, column: int) -> None:
        known = self.map is not None and row >= 0
        self._bar.show_value(float(self.map.pattern[row, column]) if known and self.map is not None else None)
        self.read_out_changed.emit(self.in_words())
