"""The grid of heads with its scale, and what it is sorted by."""

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from engine.attention_maps import HEAD_SCORES, HeadAgreement, StackOverview
from engine.attention_reading import head_in_words
from engine.results import FloatArray
from gui.attention.head_grid import HeadGrid
from gui.controls.rows import name_control
from gui.controls.wheel_guard import WheelGuard
from gui.heatmaps.colour_bar import ColourBar
from gui.icons import icon

LAYERS, AGREEMENT = "layers", "agreement"
_AGREEMENT_HELP = "Spearman's rank correlation of the attention each token receives with the size of its attribution."
_BAR_WIDTH = 320
_BOX_WIDTH, _LIST_WIDTH = 196, 240


class SortControl(QWidget):
    """Which number stands at each head, and whether the largest come first."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box, self.sorted = QComboBox(self), QToolButton(self)
        name_control(self.box, "sortHeads", "Number at each head", "What is told of each head, and what heads are sorted by.")
        name_control(self.sorted, "headsSorted", "Largest first", "Off: by layer and head.")
        self.box.addItem("Layer order", LAYERS)
        for score in HEAD_SCORES:
            self._add(score.label, score.name, score.help)
        self._add("Attribution agreement", AGREEMENT, _AGREEMENT_HELP)
        self.box.view().setMinimumWidth(_LIST_WIDTH)
        self.box.setFixedWidth(_BOX_WIDTH)
        self.box.installEventFilter(WheelGuard(self))
        self.sorted.setCheckable(True)
        self.sorted.setChecked(True)
        self.sorted.setProperty("role", "flat")
        self.sorted.setIconSize(QSize(16, 16))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self.box, self.sorted):
            row.addWidget(widget)
        self.box.activated.connect(self._on_changed)
        self.sorted.toggled.connect(self._on_changed)
        self._dress()

    def _add(self, label: str, name: str, words: str) -> None:
        self.box.addItem(label, name)
        self.box.setItemData(self.box.count() - 1, words, Qt.ItemDataRole.ToolTipRole)

    @property
    def score(self) -> str:
        """Its name."""
        return str(self.box.currentData())

    def set_score(self, score: str, largest_first: bool) -> None:
        """Silent; what is not known is left."""
        at = self.box.findData(score)
        blocked = self.sorted.blockSignals(True)
        self.box.setCurrentIndex(at if at >= 0 else self.box.currentIndex())
        self.sorted.setChecked(largest_first)
        self.sorted.blockSignals(blocked)
        self._dress()

    @Slot()
    def _on_changed(self) -> None:
        self._dress()
        self.changed.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "sorted"):
            self._dress()

    def _dress(self) -> None:
        self.sorted.setIcon(icon("sort-descending"))
        self.sorted.setEnabled(self.score != LAYERS)


class GridPanel(QWidget):
    """Shows what it is told; setters are silent."""

    head_chosen = Signal(int, int)  # layer, head
    opened = Signal()  # the chosen head wants to be seen large
    read_out_changed = Signal(str)
    agreement_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid, self.sort, self._bar = HeadGrid(self), SortControl(), ColourBar(self)
        self._bar.setMaximumWidth(_BAR_WIDTH)
        self._stack: StackOverview | None = None
        self._agreement: FloatArray | None = None
        self._chosen = (0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.grid, 1)
        scale = QHBoxLayout()
        scale.setContentsMargins(14, 0, 14, 0)
        scale.addWidget(self._bar, 100)
        scale.addStretch(1)
        column.addLayout(scale)
        self.grid.chosen.connect(self._on_chosen)
        self.grid.hovered.connect(self._on_hovered)
        self.grid.opened.connect(self.opened)
        self.sort.changed.connect(self._on_sort)

    def show_stack(self, stack: StackOverview) -> None:
        """Order and numbers as chosen before."""
        self._stack, self._agreement = stack, None
        self.grid.show_stack(stack)
        self._bar.show_scale(self.grid.limit, signed=False, unit="weight", root=True)
        self._order()

    def show_agreement(self, agreement: HeadAgreement | None) -> None:
        """None: there is none, or none any more."""
        found = None if agreement is None or self._stack is None else agreement.correlations.get(self._stack.name)
        fits = found is not None and self._stack is not None and found.shape == (self._stack.layers, self._stack.heads)
        self._agreement = found if fits else None
        self._order_anew()

    def show_head(self, layer: int, head: int) -> None:
        """Outline it."""
        self._chosen = layer, head
        self.grid.set_current(self.grid.item_of(layer, head))

    def clear(self) -> None:
        """Nothing to show."""
        self._stack = self._agreement = None
        self.grid.clear()

    @property
    def numbers(self) -> FloatArray | None:
        """(layer, head) of what was chosen; None in layer order."""
        if self._stack is None or self.sort.score == LAYERS:
            return None
        if self.sort.score == AGREEMENT:
            nothing = np.full((self._stack.layers, self._stack.heads), np.nan)
            return nothing if self._agreement is None else self._agreement
        return self._stack.scores.get(self.sort.score)

    def _order(self) -> None:
        if self._stack is None:
            return
        order, numbers = np.arange(self._stack.layers * self._stack.heads), self.numbers
        if numbers is not None and self.sort.sorted.isChecked():
            order = np.argsort(-numbers.ravel(), kind="stable")  # what is not a number comes last
        self.grid.show_order(order, numbers, signed=self.sort.score == AGREEMENT)
        self.grid.set_current(self.grid.item_of(*self._chosen))

    def _order_anew(self) -> None:
        """From the top, wherever the chosen one is."""
        self._order()
        self.grid.set_current(self.grid.current, reveal=False)
        self.grid.verticalScrollBar().setValue(0)

    def in_words(self, item: int) -> str:
        """The read-out of a head."""
        where = self.grid.head(item)
        if where is None or self._stack is None:
            return ""
        agreement = None if self._agreement is None else float(self._agreement[where])
        return head_in_words(self._stack, *where, agreement)

    @Slot(int)
    def _on_chosen(self, item: int) -> None:
        where = self.grid.head(item)
        if where is not None:
            self._chosen = where
            self.head_chosen.emit(*where)
            self.read_out_changed.emit(self.in_words(item))

    @Slot(int)
    def _on_hovered(self, item: int) -> None:
        self.read_out_changed.emit(self.in_words(item if item >= 0 else self.grid.current))

    @Slot()
    def _on_sort(self) -> None:
        """By a person, who wants to see those that come first."""
        self._order_anew()
        if self.sort.score == AGREEMENT and self._agreement is None and self._stack is not None:
            self.agreement_wanted.emit()
