"""The rows on screen: a click on a header sorts, a row that is chosen goes to the desk."""

from PySide6.QtCore import QItemSelection, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from engine.datasets.select import TAG
from gui.data.desk import DataDesk
from gui.data.row_model import Column, RowModel
from gui.views.row_table import RowTable

LEAST_TEXT = 200
GO_FIRST = ("loss", "probability")  # where there is no room for them beside the text
MEASURED, CELL_MARGIN, NARROWEST = 60, 18, 48
FALLING_FIRST = ("probability", "loss", "correct")  # what one wants to see first is at the high end


class DataTable(RowTable):
    """Shows what the desk holds; setters are silent."""

    row_chosen = Signal(int)  # its number in the data
    order_chosen = Signal(str, bool)  # a column, and whether descending

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__("dataTable", "Rows", parent)
        self._desk = desk
        self._quiet = False
        self._widths: list[int] = []
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
            self._widths = [self._width_of(at, column) for at, column in enumerate(self.rows.columns)]
            for at, width in enumerate(self._widths):
                self.setColumnWidth(at, width)
            self._fit()
        self.show_order()

    def _width_of(self, at: int, column: Column) -> int:
        """By its title and its first rows, within reason."""
        if not column.own and column.id != "predicted":
            return column.width
        metrics = self.fontMetrics()
        shown = [str(self.rows.data(self.rows.index(row, at))) for row in range(min(MEASURED, self.rows.rowCount()))]
        said, data = self._desk.predictions, self._desk.data
        if column.right and column.own and data is not None:  # a number that is cut is another number
            shown.append(data.table.longest(column.id))
        if column.id == "predicted" and said is not None:
            shown += list(said.labels[:MEASURED])
        widest = max((metrics.horizontalAdvance(words) for words in shown), default=0) + CELL_MARGIN
        return min(max(widest, metrics.horizontalAdvance(column.title) + CELL_MARGIN, NARROWEST), column.width)

    def show_tags(self) -> None:
        """Their column is there once there are any."""
        self._fit()

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
        """The text takes what is left; where there is less than it needs, some columns go, then one scrolls sideways."""
        texts = [at for at, column in enumerate(self.rows.columns) if column.is_text]
        if not texts or len(self._widths) != len(self.rows.columns):
            return
        store, room = self._desk.store, self.viewport().width()
        hidden = {column.id for column in self.rows.columns if column.id == TAG and not (store.tags or store.notes)}
        for id in ("", *GO_FIRST):
            hidden.add(id)
            widths = zip(self.rows.columns, self._widths, strict=True)
            others = sum(width for column, width in widths if not column.is_text and (column.own or column.id not in hidden))
            if (room - others) // len(texts) >= LEAST_TEXT:
                break
        for at, column in enumerate(self.rows.columns):
            self.setColumnHidden(at, not column.own and column.id in hidden)
        width = max(LEAST_TEXT, (room - others) // len(texts))
        for at in texts:
            self.setColumnWidth(at, width)

    @Slot(int)
    def _on_header(self, at: int) -> None:
        id, order = self.rows.columns[at].id, self._desk.filter.order
        falls = not order[0][1] if order and order[0][0] == id else id in FALLING_FIRST
        self.order_chosen.emit(id, falls)

    def refresh(self) -> None:
        """More is known of the rows."""
        self.rows.refresh()
