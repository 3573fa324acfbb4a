"""What our tables share: rows of one height that are chosen as a whole, numbers in tabular figures, a header that sorts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QItemSelection, QModelIndex, QPersistentModelIndex, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from gui import theme


class RowTable(QTableView):
    """A subclass brings the model, then calls ``set_columns``."""

    def __init__(self, object_name: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFont(theme.numbers_font())
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(theme.ROW_HEIGHT)
        self.horizontalHeader().setHighlightSections(False)

    def set_columns(self, widths: Sequence[int], stretched: Sequence[int]) -> None:
        """Of each column in pixels; those in ``stretched`` share what is left."""
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)
        for column in stretched:
            self.horizontalHeader().setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)


class OrderedRows(QAbstractTableModel):
    """Things by their numbers, in an order of their own: row r shows thing ``_order[r]``."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._order: NDArray[np.intp] = np.zeros(0, dtype=np.intp)

    def item_of(self, row: int) -> int:
        """What a row shows; −1: there is no such row."""
        return int(self._order[row]) if 0 <= row < len(self._order) else -1

    def row_of(self, item: int) -> int:
        """Where it is shown; −1: nowhere."""
        found = np.flatnonzero(self._order == item)
        return int(found[0]) if len(found) else -1

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._order)

    def as_text(self) -> str:
        """All of it, tab-separated, as sorted; numbers in full, so that a spreadsheet can go on with them."""
        raise NotImplementedError


class OrderedTable(RowTable):
    """Shows ``OrderedRows``: one thing is chosen, all of them are copied."""

    chosen = Signal(int)  # which thing

    def __init__(self, object_name: str, name: str, rows: OrderedRows, parent: QWidget | None = None) -> None:
        super().__init__(object_name, name, parent)
        self._ordered = rows
        rows.setParent(self)
        self.setModel(rows)

    def select(self, item: int) -> None:
        """Its row; −1: none. Emits nothing."""
        row = self._ordered.row_of(item)
        blocked = self.blockSignals(True)
        if row < 0:
            self.clearSelection()
        else:
            self.selectRow(row)
            self.scrollTo(self._ordered.index(row, 0))
        self.blockSignals(blocked)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        rows = selected.indexes()
        if rows:
            self.chosen.emit(self._ordered.item_of(rows[0].row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self._ordered.as_text())
            return
        super().keyPressEvent(event)
