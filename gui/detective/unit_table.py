"""The ranked units as a table."""

from collections.abc import Callable

from PySide6.QtCore import QAbstractTableModel, QItemSelection, QModelIndex, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from engine.detective import Finding, UnitScore
from engine.heatmaps.numerals import fixed
from engine.verdict import SIGNS, mark
from gui import theme
from gui.cells.marks import Marks
from gui.cells.words import NAMES
from gui.views.row_table import RowTable

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Cell", "Quantity", "Reads", "AUC", "Held out", "Sign", "F1", "p", "p family", "Verdict")
_HINTS = (
    "LAYER:INDEX; a star marks it.",
    "Which gate or state of the cell.",
    "The direction the layer reads in.",
    "On the part that ranks: the chance that a matching position has the higher activation; below 0.5 for a cell that is off.",
    "AUC on the part that tests, at least 0.5: compare this one.",
    "Whether the cell is on or off where the hypothesis holds.",
    "On held-out text, at the threshold that was best where it was ranked.",
    "How often a shift of the labels does as much for this unit.",
    "How often a shift does as much for the best of all units.",
    "Interpretable, or the highest of what it does not beat.",
)
_WIDTHS = (74, 96, 82, 56, 70, 44, 48, 56, 76, 114)
_LEFT = (0, 1, 2, 5, 9)
_READS = 2
_ALWAYS = (0, 1, 4, 9)
_AS_ROOM_ALLOWS = (3, 5, 6, 8, 7, _READS)  # the first that does not fit ends it
LEAST_PIXELS = sum(_WIDTHS[column] for column in _ALWAYS) + 14  # with a scroll bar and a frame


class UnitTable(RowTable):
    """As ranked until a column is clicked; where it is narrow, some columns go. ``show_…`` and ``select`` are silent."""

    unit_selected = Signal(object)  # UnitScore
    unit_opened = Signal(object)  # by Enter or a double click

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("detectUnits", "Ranked units", parent)
        self._rows = _Rows(self)
        self._both_ways = False
        self.setModel(self._rows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(LEAST_PIXELS)
        self.set_columns(_WIDTHS, (1,))
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.doubleClicked.connect(self._on_opened)

    def show_finding(self, finding: Finding, selected: UnitScore | None) -> None:
        """The same unit stays selected, else the first is."""
        header = self.horizontalHeader()
        self._rows.show_finding(finding, header.sortIndicatorSection(), header.sortIndicatorOrder())
        self._both_ways = any(unit.cell.direction for unit in finding.units)
        self._fit_columns()
        self.select(selected)

    def show_marks(self, marks: Marks) -> None:
        """Stars."""
        self._rows.marks = marks
        self.viewport().update()

    def select(self, unit: UnitScore | None) -> None:
        """Its row; the first where it is none of these."""
        row = self._rows.row_of(unit)
        blocked = self.blockSignals(True)
        if row >= 0:
            self.selectRow(row)
        self.blockSignals(blocked)

    def selected(self) -> UnitScore | None:
        """The one in evidence."""
        rows = self.selectionModel().selectedRows()
        return self._rows.unit_at(rows[0].row()) if rows else None

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        unit = self.selected()
        if unit is not None:
            self.unit_selected.emit(unit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        room = self.viewport().width() - sum(_WIDTHS[column] for column in _ALWAYS)
        for column in _AS_ROOM_ALLOWS:
            hidden = column == _READS and not self._both_ways
            room -= 0 if hidden else _WIDTHS[column]
            self.setColumnHidden(column, hidden or room < 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        unit = self.selected()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and unit is not None:
            self.unit_opened.emit(unit)
            return
        super().keyPressEvent(event)

    @Slot(QModelIndex)
    def _on_opened(self, index: QModelIndex) -> None:
        unit = self._rows.unit_at(index.row())
        if unit is not None:
            self.unit_opened.emit(unit)


class _Rows(QAbstractTableModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._finding: Finding | None = None
        self._units: list[UnitScore] = []
        self.marks = Marks({})

    def show_finding(self, finding: Finding, column: int, order: Qt.SortOrder) -> None:
        self.beginResetModel()
        self._finding, self._units = finding, _sorted(finding, column, order)
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if self._finding is not None:
            self.layoutAboutToBeChanged.emit()
            held = self.persistentIndexList()
            before = [self._units[index.row()] for index in held]
            self._units = _sorted(self._finding, column, order)
            after = [self.index(self._units.index(unit), index.column()) for unit, index in zip(before, held, strict=True)]
            self.changePersistentIndexList(held, after)
            self.layoutChanged.emit()

    def unit_at(self, row: int) -> UnitScore | None:
        return self._units[row] if 0 <= row < len(self._units) else None

    def row_of(self, unit: UnitScore | None) -> int:
        keys = [(each.cell, each.quantity) for each in self._units]
        key = None if unit is None else (unit.cell, unit.quantity)
        return keys.index(key) if key in keys else 0 if keys else -1

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._units)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal or section >= len(COLUMNS):
            return None
        known = {
            Qt.ItemDataRole.DisplayRole: COLUMNS[section],
            Qt.ItemDataRole.ToolTipRole: _HINTS[section],
            Qt.ItemDataRole.TextAlignmentRole: _alignment(section),
        }
        return known.get(Qt.ItemDataRole(role))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        unit = self._units[index.row()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == len(COLUMNS) - 1:
            return theme.current().good if unit.interpretable else theme.current().muted
        if role != Qt.ItemDataRole.DisplayRole or self._finding is None:
            return None
        return self._cell(unit, index.column())

    def _cell(self, unit: UnitScore, column: int) -> str:
        assert self._finding is not None
        star = " ★" if unit.cell in self.marks else ""
        return (
            f"{unit.cell}{star}",
            NAMES[unit.quantity][1],
            "backwards" if unit.cell.direction else "forwards",
            fixed(unit.auc, 3),
            fixed(unit.auc_holdout, 3),
            SIGNS[unit.sign],
            fixed(unit.f1_holdout, 2),
            _share(unit.p_value),
            _share(unit.p_family),
            mark(unit, self._finding),
        )[column]


def _share(value: float | None) -> str:
    return "–" if value is None else fixed(value, 3)


def _sorted(finding: Finding, column: int, order: Qt.SortOrder) -> list[UnitScore]:
    keys: dict[int, Callable[[UnitScore], object]] = {
        0: lambda unit: unit.cell,
        1: lambda unit: unit.quantity,
        2: lambda unit: unit.cell.direction,
        3: lambda unit: unit.auc,
        4: lambda unit: unit.auc_holdout,
        5: lambda unit: unit.sign,
        6: lambda unit: unit.f1_holdout,
        7: lambda unit: 2.0 if unit.p_value is None else unit.p_value,
        8: lambda unit: 2.0 if unit.p_family is None else unit.p_family,
        9: lambda unit: (bool(unit.interpretable), unit.auc_holdout),
    }
    if column not in keys:
        return list(finding.units)
    return sorted(finding.units, key=keys[column], reverse=order == Qt.SortOrder.DescendingOrder)  # type: ignore[arg-type]


def _alignment(column: int) -> int:
    side = Qt.AlignmentFlag.AlignLeft if column in _LEFT else Qt.AlignmentFlag.AlignRight
    return int(side | Qt.AlignmentFlag.AlignVCenter)
