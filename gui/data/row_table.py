"""The rows on screen: a click on a header sorts, a row that is chosen goes to the desk."""

from PySide6.QtCore import QItemSelection, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QWidget

from gui.data.desk import DataDesk
from gui.data.row_model import RowModel
from gui.views.row_table import RowTable

LEAST_TEXT = 160
FALLING_FIRST = ("probability", "loss", "correct")  # what one wants to see first is at the high end


class DataTable(RowTable):
    """Shows what the desk holds; setters are silent."""

    row_chosen = Signal(int)  # its number in the data
    order_chosen = Signal(str, bool)  # a column, and whether descending

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__("dataTable", "Rows", parent)
        self._desk = desk
        self._quiet = False
        self.rows = RowModel(desk, self)
        self.setModel(self.rows)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setHorizontalScrollMode(self.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicatorClearable(False)
        header.setMinimumSectionSize(28)
        header.sectionClicked.connect(self._on_header)

    def show_columns(self) -> None:
        """Widths are set anew only where there are other columns."""
        if self.rows.show_columns():
            for at, column in enumerate(self.rows.columns):
                self.setColumnWidth(at, column.width)
            self._fit()
        self.show_order()

    def show_rows(self) -> None:
        """And the current one among them."""
        self._quiet = True
        self.rows.show_rows()
        self._quiet = False
        self.show_order()
        self.show_current()

    def show_current(self) -> None:
        """Comes into view where it is out of it."""
        place = self._desk.place
        self._quiet = True
        if place < 0:
            self.clearSelection()
        elif self._chosen() != place:
            index = self.rows.index(place, 0)
            self.setCurrentIndex(index)
            self.scrollTo(index)
        self._quiet = False

    def show_order(self) -> None:
        """The mark in the header."""
        order, header = self._desk.filter.order, self.horizontalHeader()
        at = next((at for at, column in enumerate(self.rows.columns) if order and column.id == order[0][0]), -1)
        falls = bool(order) and order[0][1]
        header.setSortIndicator(at, Qt.SortOrder.DescendingOrder if falls else Qt.SortOrder.AscendingOrder)

    def _chosen(self) -> int:
        found = self.selectionModel().selectedRows()
        return found[0].row() if found else -1

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        place = self._chosen()
        if not self._quiet and place >= 0:
            self.row_chosen.emit(self.rows.row_at(place))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The text takes what is left; where there is less than it needs, one scrolls sideways."""
        texts = [at for at, column in enumerate(self.rows.columns) if column.own and column.is_text]
        if not texts:
            return
        others = sum(column.width for at, column in enumerate(self.rows.columns) if at not in texts)
        width = max(LEAST_TEXT, (self.viewport().width() - others) // len(texts))
        for at in texts:
            self.setColumnWidth(at, width)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)

    @Slot(int)
    def _on_header(self, at: int) -> None:
        id, order = self.rows.columns[at].id, self._desk.filter.order
        falls = not order[0][1] if order and order[0][0] == id else id in FALLING_FIRST
        self.order_chosen.emit(id, falls)

    def refresh(self) -> None:
        """More is known of the rows."""
        self.rows.refresh()
