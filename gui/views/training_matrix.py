"""Checkpoint × token: how the map came about, one row for each checkpoint, the first at the top."""

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from engine.heatmaps.numerals import percent, signed_figures
from engine.heatmaps.token_names import name_of, quoted
from engine.over_training import OverTrainingResult, named
from engine.results import FloatArray
from gui.controls.rows import name_control
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.colours import limit_of
from gui.heatmaps.matrix import MatrixPlot

NAMES_PIXELS = 120
_ROW_PIXELS, _AXES_PIXELS, _FEWEST, _MOST, _MOST_ROW_PIXELS = 15, 66, 112, 330, 26
_BAR_WIDTH = 240
_OF_EACH = "of row’s max"


class TrainingMatrix(QWidget):
    """One colour scale for all rows, so that what grows is seen to grow; or for each row its own, so that nothing is too pale.

    ``bar`` and ``own_scale`` are placed by whoever has the matrix.
    """

    checkpoint_chosen = Signal(int)
    token_chosen = Signal(int)
    scale_changed = Signal()
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: OverTrainingResult | None = None
        self.plot = MatrixPlot("trainingMatrix", "Checkpoint × token", left=NAMES_PIXELS, parent=self)
        self.bar, self.own_scale = ColourBar(self), QToolButton(self)
        self._note = QLabel("Hatched: not a number.", self)
        self._build()
        self.plot.pointed.connect(self._on_pointed)
        self.plot.cell_chosen.connect(self._on_chosen)
        self.own_scale.toggled.connect(self._on_scale)

    def _build(self) -> None:
        self._note.setProperty("role", "caption")
        self.own_scale.setText("Own scale per row")
        self.own_scale.setCheckable(True)
        self.own_scale.setProperty("role", "flat")
        help = "Colours reach their ends in every row: what an early, still pale checkpoint looks at."
        name_control(self.own_scale, "trainingOwnScale", "Own scale per row", help)
        self.bar.setFixedWidth(_BAR_WIDTH)
        self._note.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.plot, 1)
        column.addWidget(self._note)

    def show_result(self, result: OverTrainingResult) -> None:
        """As many checkpoints as there are so far; room is kept for those to come."""
        self._result = result
        rows = result.total * _ROW_PIXELS + _AXES_PIXELS
        self.plot.setMinimumHeight(min(max(rows, _FEWEST), _MOST))
        self.plot.setMaximumHeight(max(result.total * _MOST_ROW_PIXELS + _AXES_PIXELS, _FEWEST))
        self._draw()

    def select(self, checkpoint: int, token: int) -> None:
        """Mark a row and a column (−1: none); emits nothing."""
        self.plot.mark_row(checkpoint)
        self.plot.pin_column(token)

    def show_value(self, value: float | None) -> None:
        """On the colour bar, in the score's unit."""
        self.bar.show_value(None if self.own_scale.isChecked() else value)

    @property
    def limit(self) -> float | None:
        """The end of the colour scale all rows share; None: each has its own."""
        return None if self._result is None or self.own_scale.isChecked() else limit_of(self._result.values)

    def _draw(self) -> None:
        result = self._result
        if result is None:
            return
        limit, values = self.limit, result.values.astype(np.float64)
        shown = values if limit is not None else _to_own_scale(values)
        end = (limit or 1.0) if limit is not None else 1.0
        rows = [*result.names, *[""] * (result.total - len(result.names))] if result.progress < 1 else list(result.names)
        room = np.full((len(rows) - len(shown), shown.shape[1]), 0.0)
        finite = np.clip(np.concatenate((shown, room)), -end, end)  # NaN stays: it is hatched
        levels = (-end if result.signed else 0.0, end)
        self.plot.show_values(finite, levels, result.signed, rows, [name_of(token) for token in result.tokens])
        unit = result.unit if limit is not None else _OF_EACH
        self.bar.show_scale(end if limit is None else limit, signed=result.signed, unit=unit)
        self._note.setVisible(not np.isfinite(values).all())

    @Slot()
    def _on_scale(self) -> None:
        self._draw()
        self.scale_changed.emit()

    @Slot(int, int)
    def _on_pointed(self, row: int, column: int) -> None:
        result = self._result
        if result is None or not 0 <= row < len(result.maps):
            self.bar.show_value(None)
            self.read_out_changed.emit("")
            return
        self.show_value(float(result.values[row, column]))
        self.read_out_changed.emit(cell_in_words(result, row, column))

    @Slot(int, int)
    def _on_chosen(self, row: int, column: int) -> None:
        if self._result is not None and row < len(self._result.maps):
            self.checkpoint_chosen.emit(row)
            self.token_chosen.emit(column)


def _to_own_scale(values: FloatArray) -> FloatArray:
    """Each row by its largest magnitude; a row of zeros stays one."""
    largest = np.array([[limit_of(row)] for row in values])
    scaled = values.copy()
    np.divide(values, largest, out=scaled, where=largest > 0)
    return scaled


def cell_in_words(result: OverTrainingResult, row: int, column: int) -> str:
    """The read-out of one token at one checkpoint."""
    found = result.maps[row]
    value, last = float(found.values[column]), float(result.maps[-1].values[column])
    words = f"{result.names[row]} · {quoted(result.tokens[column])} · {signed_figures(value)} {result.unit}"
    known = found.values[np.isfinite(found.values)]
    if value == value and found.values.size > 1:
        words += f" · rank {1 + int((np.abs(known) > abs(value)).sum())} of {len(found.values)} by size"
    if row < len(result.maps) - 1:
        words += f" · {result.names[-1]} {signed_figures(last)}"
    return f"{words} · {said_in_words(result, row)}"


def said_in_words(result: OverTrainingResult, row: int) -> str:
    """What was predicted at a checkpoint."""
    said = result.maps[row].prediction.predicted
    if said.probability is None:
        return f"predicted {signed_figures(said.logit)}"
    return f"predicted {named(result, said)} {percent(said.probability)}"
