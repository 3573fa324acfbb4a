"""Every step by all that it could see: in the window, where a word wanders, or over the text, where it stands still."""

from typing import cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from engine.attention_film import Film, FilmScale, floor_of, scaled, written_name
from gui.attention.film_lane import Tint
from gui.attention.film_take import Coordinates
from gui.controls.rows import name_control
from gui.controls.wheel_guard import WheelGuard
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.matrix import MatrixPlot
from gui.heatmaps.pyramid import Pyramid, build

_NAMES_PIXELS = 84
_BAR_WIDTH = 300
_PLACES = "place in the window, newest last"
_SCALES: tuple[tuple[FilmScale, str, str], ...] = (
    ("linear", "linear", "Colours by the value itself."),
    ("root", "root", "Colours by the square root: small values can be told from none."),
    ("log", "log", "Colours by powers of ten, four of them; what is smaller is left empty."),
)
_LARGE = 512  # cells a side, from which single bright ones could be lost between pixels


class FilmMatrix(QStackedWidget):
    """Zoom and cross stay where the next picture has as many cells."""

    pointed = Signal(int, int)  # step and place; −1, −1: none
    chosen = Signal(int, int)
    scale_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = MatrixPlot("filmMatrix", "Step × what it attended to", left=_NAMES_PIXELS, wheel_zooms=True, parent=self)
        self.bar, self.scale = ColourBar(self), QComboBox(self)
        name_control(self.scale, "filmScale", "Colour scale", "How colours follow the values.")
        for scale, words, hint in _SCALES:
            self.scale.addItem(words, scale)
            self.scale.setItemData(self.scale.count() - 1, hint, Qt.ItemDataRole.ToolTipRole)
        self.scale.installEventFilter(WheelGuard(self))
        self.bar.setMaximumWidth(_BAR_WIDTH)
        self._film: Film | None = None
        self._values = np.zeros((0, 0), dtype=np.float32)
        self._over = False
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 0, 8, 0)
        foot.setSpacing(12)
        foot.addWidget(self.bar, 100)
        foot.addWidget(self.scale)
        foot.addStretch(1)
        inside, self._nothing = QWidget(), QLabel()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.plot, 1)
        column.addLayout(foot)
        self._nothing.setProperty("role", "muted")
        self._nothing.setWordWrap(True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.addWidget(self._nothing)
        self.addWidget(inside)
        self.setFocusProxy(self.plot)
        self.scale.activated.connect(self._on_scale)
        self.plot.pointed.connect(self._on_pointed)
        self.plot.cell_chosen.connect(self._on_chosen)

    def show_film(self, film: Film, tint: Tint, coordinates: Coordinates, unit: str) -> None:
        """``tint`` is of ``film``'s places; rows are named by what was written."""
        self._film, self._values, self._over = film, tint.values, coordinates == "text" and film.moves
        drawn = film.in_text(tint.values) if self._over else tint.values
        shares = scaled(drawn, tint.limit, tint.scale)
        self.plot.set_caption("" if self._over or not film.moves else _PLACES)
        rows = [written_name(token) for token in film.steps]
        columns = film.names() if self._over or not film.moves else []
        if max(shares.shape) > _LARGE and not tint.signed:
            self.plot.show_pyramid(_pyramid_of(shares), rows, columns)
        else:
            levels = (-1.0, 1.0) if tint.signed else (0.0, 1.0)
            self.plot.show_values(shares.astype(np.float32), levels, tint.signed, rows, columns)
        self.bar.show_scale(
            tint.limit,
            signed=tint.signed,
            unit=unit,
            floor=floor_of(tint.limit) if tint.scale == "log" else 0.0,
            root=tint.scale == "root",
        )
        self.scale.setCurrentIndex(self.scale.findData(tint.scale))
        self._offer("log", not tint.signed)
        self.setCurrentIndex(1)

    def show_nothing(self, words: str) -> None:
        """No rows are known."""
        self._film = None
        self._nothing.setText(words)
        self.setCurrentIndex(0)

    def show_step(self, step: int, attended: int | None) -> None:
        """Frame its row, and point at the column of a token of the document."""
        film = self._film
        self.plot.mark_row(step if film is not None and step < len(film.steps) else -1)
        column = -1
        if film is not None and attended is not None and 0 <= step < len(film.steps):
            over = attended + film.padded
            column = over if self._over or not film.moves else film.place(over, step)
            column = column if column < (film.keys + film.padded if self._over else self._values.shape[1]) else -1
        self.plot.mark_column(column)

    def value(self, step: int, place: int) -> float:
        """NaN where there is none."""
        rows, places = self._values.shape
        return float(self._values[step, place]) if 0 <= step < rows and 0 <= place < places else float("nan")

    def _place(self, step: int, column: int) -> int:
        if self._film is None or step < 0:
            return -1
        return self._film.place(column, step) if self._over else column

    def _offer(self, scale: str, on: bool) -> None:
        items = self.scale.model()
        if isinstance(items, QStandardItemModel):
            items.item(self.scale.findData(scale)).setEnabled(on)

    @Slot()
    def _on_scale(self) -> None:
        self.scale_chosen.emit(self.scale.currentData())

    @Slot(int, int)
    def _on_pointed(self, row: int, column: int) -> None:
        place = self._place(row, column)
        value = self.value(row, place)
        self.bar.show_value(None if np.isnan(value) else value)
        self.pointed.emit(row if row >= 0 else -1, place)

    @Slot(int, int)
    def _on_chosen(self, row: int, column: int) -> None:
        self.chosen.emit(row, self._place(row, column))


def _pyramid_of(shares: NDArray[np.float64]) -> Pyramid:
    """A pyramid draws by the square root: of squares it draws the shares themselves. What was not seen is left empty."""
    steps = build(np.square(np.nan_to_num(shares, nan=0.0)).astype(np.float32))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast(Pyramid, end.value)
