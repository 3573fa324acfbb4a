"""A table of rows of the data: cells are made when they are painted; a click on a header sorts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from gui.views.row_table import OrderedRows, OrderedTable

Index = QModelIndex | QPersistentModelIndex
LONGEST = 300  # characters of a cell that are drawn


@dataclass(frozen=True, slots=True)
class CellColumn:
    """``words``: of a row of the data; ``keys``: what it is sorted by, an entry for each row of the data.

    ``falls``: what one wants to see first is at the high end.
    """

    title: str
    hint: str
    width: int
    words: Callable[[int], str]
    keys: Callable[[], NDArray[Any]] | None = None
    right: bool = False
    falls: bool = False


class CellsTable(OrderedTable):
    """Setters are silent. ``chosen``: a row of the data."""

    sorted_by = Signal()

    def __init__(self, object_name: str, name: str, parent: QWidget | None = None) -> None:
        self.cells = _Cells()
        super().__init__(object_name, name, self.cells, parent)
        self._columns: Sequence[CellColumn] = ()
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._by, self._falls = 0, False
        self.setHorizontalScrollMode(self.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(False)
        header.sectionClicked.connect(self._on_header)

    def show_columns(self, columns: Sequence[CellColumn], by: int, falls: bool) -> None:
        """The last one takes what is left."""
        self._columns, self._by, self._falls = columns, by, falls
        self.cells.show_columns(columns)
        self.set_columns([column.width for column in columns], ())
        self._fit()

    def show_rows(self, rows: NDArray[np.int64]) -> None:
        """Of the data, put in order."""
        self._rows = rows
        order, keys = np.sort(rows), self._columns[self._by].keys if self._columns else None
        if keys is not None:
            values = keys()[order]
            places = np.argsort(-values if self._falls else values, kind="stable")  # NaN last either way
            order = order[places]
        chosen = self.cells.item_of(self._chosen_row())
        self.cells.show_order(order)
        self.select(chosen)
        side = Qt.SortOrder.DescendingOrder if self._falls else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(self._by, side)

    @property
    def by(self) -> int:
        """The column it is sorted by."""
        return self._by

    def sort_by(self, column: int) -> None:
        """That column, the way that is usual for it; or anew, where it is sorted by that already."""
        if column != self._by:
            self._by, self._falls = column, self._columns[column].falls
        self.show_rows(self._rows)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The last column takes what is left, if that is enough; else the table scrolls sideways."""
        if self._columns:
            others = sum(column.width for column in self._columns[:-1])
            self.setColumnWidth(len(self._columns) - 1, max(self._columns[-1].width, self.viewport().width() - others))

    @property
    def order(self) -> NDArray[np.intp]:
        """Rows of the data, as shown."""
        return self.cells.order

    def _chosen_row(self) -> int:
        found = self.selectionModel().selectedRows()
        return found[0].row() if found else -1

    @Slot(int)
    def _on_header(self, at: int) -> None:
        if self._columns[at].keys is None:
            at = self._by
        self._falls = not self._falls if at == self._by else self._columns[at].falls
        self._by = at
        self.show_rows(self._rows)
        self.sorted_by.emit()


class _Cells(OrderedRows):
    def __init__(self) -> None:
        super().__init__()
        self._columns: Sequence[CellColumn] = ()

    @property
    def order(self) -> NDArray[np.intp]:
        return self._order

    def show_columns(self, columns: Sequence[CellColumn]) -> None:
        self.beginResetModel()
        self._columns = columns
        self.endResetModel()

    def show_order(self, order: NDArray[np.int64]) -> None:
        self.beginResetModel()
        self._order = order.astype(np.intp)
        self.endResetModel()

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or section >= len(self._columns):
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.hint
        return _side(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return column.words(self.item_of(index.row()))[:LONGEST]

    def as_text(self) -> str:
        """See ``OrderedRows``."""
        lines = ["\t".join(column.title for column in self._columns)]
        for row in self._order.tolist():
            lines.append("\t".join(" ".join(column.words(row).split()) for column in self._columns))
        return "\n".join(lines) + "\n"


def _side(column: CellColumn) -> int:
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)
