"""Below the text: all cells at once, as a grid, as gates, by saturation, or at one position."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.cell_values import SCORES, CellValues
from engine.cells import Cell, CellsResult
from engine.heatmaps.display_text import one_line
from gui.cells.grid import CellGrid
from gui.cells.marks import Marks
from gui.cells.ranking import CellRanking
from gui.cells.saturation import SaturationScatter
from gui.cells.tracks import CellTracks
from gui.cells.words import NAMES
from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.controls.wheel_guard import WheelGuard
from gui.icons import icon
from gui.views.elided_label import ElidedLabel

PAGES = (
    ("grid", "Grid", "Every cell over the text in sight."),
    ("gates", "Gates", "States and gates of the chosen cell, position by position."),
    ("saturation", "Saturation", "How often each cell's gates are shut and open."),
    ("position", "At position", "All cells at the pinned token, the strongest first."),
)


@dataclass(frozen=True, slots=True)
class Sorting:
    """How the grid is sorted and filtered. ``reference``: what a correlation is with."""

    score: str = "index"
    ascending: bool = False
    layer: int = -1  # all
    direction: int = -1  # both
    marked: bool = False
    reference: Cell | None = None


class CellBrowser(QWidget):
    """Shows what it is told; whatever is chosen in it goes out as a signal."""

    cell_chosen = Signal(object)  # Cell
    token_selected = Signal(int)
    token_hovered = Signal(int)
    read_out_changed = Signal(str)
    arranged = Signal()  # another page or order, by a person

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid, self.tracks, self.saturation, self.ranking = CellGrid(), CellTracks(), SaturationScatter(), CellRanking()
        self._values: CellValues | None = None
        self._result: CellsResult | None = None
        self._cell: Cell | None = None
        self._token = -1
        self._saturation_due = False
        self._marks = Marks({})
        self.sorting = Sorting()
        self._order: NDArray[np.intp] = np.zeros(0, dtype=np.intp)
        self._pages, self._segments = QStackedWidget(self), Segments("cells", PAGES, self)
        self._shown, self._score, self._ascending = QComboBox(self), QComboBox(self), QToolButton(self)
        self._by, self._position = QLabel("Sort by", self), ElidedLabel(parent=self)
        self._build()
        self._connect()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 16, 0)
        head.setSpacing(4)
        head.addWidget(self._segments)
        head.addSpacing(8)
        for control, words in (
            (self._shown, ("gridShown", "Cells shown", "All of them, those with a star, or one layer.")),
            (self._score, ("gridSort", "Sort by", "The largest first.")),
            (self._ascending, ("gridAscending", "Smallest first", "Turn the order round.")),
        ):
            name_control(control, *words)
        self._by.setProperty("role", "muted")
        self._by.setBuddy(self._score)
        self._position.setProperty("role", "muted")
        for box in (self._shown, self._score):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            box.installEventFilter(WheelGuard(self))
        self._ascending.setCheckable(True)
        self._ascending.setProperty("role", "flat")
        self._ascending.setIconSize(QSize(16, 16))
        for score in SCORES:
            self._score.addItem(score.label, score.id)
            self._score.setItemData(self._score.count() - 1, score.words, Qt.ItemDataRole.ToolTipRole)
        head.addWidget(self._position, 1)
        head.addStretch()
        for widget in (self._shown, self._by, self._score, self._ascending):
            head.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._pages, 1)
        for page in (self.grid, self.tracks, self.saturation, self.ranking):
            self._pages.addWidget(page)
        self._dress()
        self._show_controls()

    def _connect(self) -> None:
        self._segments.chosen.connect(self._on_page)
        self.grid.chosen.connect(self._on_grid)
        self.grid.hovered.connect(self._on_grid_hovered)
        self.ranking.chosen.connect(self._on_ranking)
        self.ranking.hovered.connect(self._on_ranking_hovered)
        self.saturation.chosen.connect(self.cell_chosen)
        self.saturation.read_out_changed.connect(self.read_out_changed)
        self.tracks.token_selected.connect(self.token_selected)
        self.tracks.token_hovered.connect(self._on_track_hovered)
        self._shown.activated.connect(self._on_sorting)
        self._score.activated.connect(self._on_sorting)
        self._ascending.toggled.connect(self._on_sorting)

    # One way in

    def show_values(self, result: CellsResult, values: CellValues, *, sort: bool) -> None:
        """``sort``: False keeps the places while a text is being typed; ``sort_anew`` comes when the typing pauses."""
        if self._result is None or result.layers != self._result.layers:
            self._fill_layers(result)
            self._cell = None  # of other layers
        other = self._values is None or [*self._values.cells] != [*values.cells]
        self._result, self._values = result, values
        self._show_grid(sort=sort or other)
        self._saturation_due = True
        self._show_ranking()
        self._show_saturation()
        if self._cell is not None:
            self.tracks.show_cell(result, self._cell)

    def show_cell(self, cell: Cell) -> None:
        """The chosen one, everywhere."""
        self._cell = cell
        self.grid.set_current(self.grid.item_of(cell))
        self.ranking.set_current(self.ranking.item_of(cell), reveal=self.page == "position")
        self.saturation.show_cell(cell)
        if self._result is not None:
            for view in (self.grid, self.ranking, self.saturation, self.tracks):
                view.setAccessibleDescription(self._in_words(cell, np.nan))
            self.tracks.show_cell(self._result, cell)

    def show_token(self, token: int) -> None:
        """Pinned above; −1: none."""
        self._token = token
        self.tracks.select_token(token)
        self._show_ranking()
        if self.sorting.score in ("at_token", "change"):
            self._show_grid(sort=True)

    def show_sight(self, first: int, last: int) -> None:
        """The tokens in sight above."""
        self.grid.show_sight(first, last, self._token)
        self.tracks.follow(first, last)

    def show_marks(self, marks: Marks) -> None:
        """Stars and notes."""
        self._marks = marks
        for view in (self.grid, self.ranking, self.saturation):
            view.show_marks(marks)
        if self.sorting.marked:
            self._show_grid(sort=True)

    def restore(self, page: str, sort: str) -> None:
        """As they were left; what is not known is left alone."""
        if page in [id for id, _, _ in PAGES]:
            self.show_page(page)
        place = self._score.findData(sort)
        if place >= 0:
            self._score.setCurrentIndex(place)
            self.sorting = replace(self.sorting, score=sort)

    def show_page(self, id: str) -> None:
        """``grid``, ``gates``, ``saturation`` or ``position``."""
        place = next(at for at, page in enumerate(PAGES) if page[0] == id)
        self._segments.choose(id)
        self._pages.setCurrentIndex(place)
        self._show_controls()
        self._show_saturation()

    @property
    def page(self) -> str:
        return PAGES[self._pages.currentIndex()][0]

    def neighbour(self, step: int) -> Cell | None:
        """The cell ``step`` places on in the grid."""
        count = len(self.order)
        return self.grid.cell(min(max(self.grid.current + step, 0), count - 1)) if count else None

    @property
    def order(self) -> NDArray[np.intp]:
        """Columns of the values, as the grid shows them."""
        return self._order

    def sort_anew(self) -> None:
        """The typing has paused."""
        if self._values is not None and self.sorting.score != "index":
            self._show_grid(sort=True, reveal=False)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_position"):
            self._dress()

    def _dress(self) -> None:
        self._ascending.setIcon(icon("sort-ascending" if self._ascending.isChecked() else "sort-descending"))

    def _fill_layers(self, result: CellsResult) -> None:
        self._shown.clear()
        self._shown.addItem("All cells", (-1, -1, False))
        self._shown.addItem("★ Marked", (-1, -1, True))
        for number in range(len(result.layers)) if len(result.layers) > 1 else ():
            self._shown.addItem(f"Layer {number}", (number, -1, False))
        for number, layer in enumerate(result.layers):
            for direction, words in enumerate(("forwards", "backwards")) if layer.directions == 2 else ():
                self._shown.addItem(f"Layer {number}, {words}", (number, direction, False))
        self.sorting = replace(self.sorting, layer=-1, direction=-1, marked=False, reference=None)
        self._show_controls()

    def _show_grid(self, *, sort: bool, reveal: bool = True) -> None:
        values, sorting = self._values, self.sorting
        if values is None:
            return
        scores = values.scores(sorting.score, sorting.reference or self._cell, self._token)
        if sort:
            order = values.order(sorting.score, scores, sorting.ascending)
            self._order = order[self._kept(values)[order]]
        self.grid.show_cells(values, sorting.score, scores, self._order, self._why_empty())
        if self._cell is not None:
            self.grid.set_current(self.grid.item_of(self._cell), reveal=reveal and sort)

    def _kept(self, values: CellValues) -> NDArray[np.bool_]:
        """(n,) which cells the filter leaves."""
        sorting = self.sorting
        kept: NDArray[np.bool_] = (values.layers == sorting.layer) | (sorting.layer < 0)
        kept = kept & ((values.directions == sorting.direction) | (sorting.direction < 0))
        if sorting.marked:
            kept = kept & np.array([cell in self._marks for cell in values.cells], dtype=bool)
        return kept

    def _why_empty(self) -> str:
        name = NAMES[self._values.quantity][1] if self._values is not None else ""
        if self.sorting.marked:
            return "No cell shown here is marked yet: choose one and press Ctrl+Shift+M."
        return f"This layer has no {name}."

    def _show_ranking(self) -> None:
        self.ranking.show_position(self._values, self._token)
        if self._cell is not None:
            self.ranking.set_current(self.ranking.item_of(self._cell), reveal=False)
        self._show_controls()

    def _show_saturation(self) -> None:
        """Only when it is looked at: it counts every position of every cell."""
        if self._saturation_due and self.page == "saturation" and self._result is not None:
            self._saturation_due = False
            self.saturation.show_result(self._result)

    def _show_controls(self) -> None:
        """Those that the page in sight obeys."""
        grid = self.page == "grid"
        for widget in (self._shown, self._by, self._score, self._ascending):
            widget.setVisible(grid)
        both = self._result is not None and any(layer.directions == 2 for layer in self._result.layers)
        dots = "One dot per cell · filled reads forwards, hollow backwards" if both else "One dot per cell"
        words = {"gates": "Wheel: along · Ctrl+wheel: zoom · 0: all", "saturation": dots, "position": ""}
        if self._result is not None and 0 <= self._token < len(self._result.input.tokens) and self._values is not None:
            token = self._result.input.tokens[self._token]
            words["position"] = f"{NAMES[self._values.quantity][1]} after “{one_line(token.text)}”, position {self._token}"
        self._position.setText(words.get(self.page, ""))

    # What the user does

    @Slot(str)
    def _on_page(self, id: str) -> None:
        self.show_page(id)
        self.arranged.emit()

    @Slot()
    def _on_sorting(self) -> None:
        layer, direction, marked = self._shown.currentData()
        score = str(self._score.currentData())
        reference = self._cell if score == "correlation" else None
        self.sorting = Sorting(score, self._ascending.isChecked(), layer, direction, marked, reference)
        place = self._score.findData("correlation")
        self._score.setItemText(place, f"Correlation with {reference}" if reference is not None else "Correlation")
        self._dress()
        self._show_grid(sort=True)
        self.arranged.emit()

    @Slot(int)
    def _on_grid(self, item: int) -> None:
        cell = self.grid.cell(item)
        if cell is not None:
            self.cell_chosen.emit(cell)

    @Slot(int)
    def _on_ranking(self, item: int) -> None:
        cell = self.ranking.cell(item)
        if cell is not None:
            self.cell_chosen.emit(cell)

    @Slot(int)
    def _on_grid_hovered(self, item: int) -> None:
        cell = self.grid.cell(item)
        self.read_out_changed.emit("" if cell is None else self._in_words(cell, self.grid.score_of(item)))

    @Slot(int)
    def _on_ranking_hovered(self, item: int) -> None:
        cell = self.ranking.cell(item)
        self.read_out_changed.emit("" if cell is None else self._in_words(cell, np.nan))

    @Slot(int)
    def _on_track_hovered(self, token: int) -> None:
        self.token_hovered.emit(token)
        self.read_out_changed.emit(self.tracks.in_words(token))

    def _in_words(self, cell: Cell, score: float) -> str:
        assert self._result is not None
        layer = self._result.layers[cell.layer]
        reads = f", reads {('forwards', 'backwards')[cell.direction]}" if layer.directions == 2 else ""
        words = [f"Cell {cell} · {layer.module} layer {layer.layer_in_module}{reads}"]
        if self.sorting.score != "index" and not np.isnan(score):
            label = next(each.label for each in SCORES if each.id == self.sorting.score)
            words.append(f"{label.lower()} {score:.4g}")
        note = self._marks.notes.get(cell)
        return " · ".join([*words, *([note] if note else [])])
