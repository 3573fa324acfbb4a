"""Every word occurrence with its numbers: to sort, to choose, to copy."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from engine.attention_maps import TfidfResult, WordOccurrence
from engine.heatmaps.numerals import figures
from engine.tfidf_reading import factor, name_of
from gui import theme
from gui.views.row_table import OrderedRows, OrderedTable

COLUMNS = ("Word", "TF-IDF", "Attention", "Factor", "Age", "Place")
_WORD, _TFIDF, _ATTENTION, _FACTOR, _AGE, _PLACE = range(len(COLUMNS))
_WIDTHS = (84, 68, 76, 62, 44, 50)
_ROOM_FOR = ((_PLACE, 362), (_AGE, 406))  # columns that go where the table is narrower
_LEAST = 300
_HELP = (
    "As it stands in the text; those that stand out are marked.",
    "Its share of the text's words × how rare it is in the corpus.",
    "The mean weight over the steps that see it, summed over its tokens.",
    "How many times what words of its age receive; of one age, how many times the median.",
    "How many steps see it.",
    "Which word of the text.",
)
Index = QModelIndex | QPersistentModelIndex


class TfidfTable(OrderedTable):
    """The furthest above what its age explains comes first, until a column is clicked; ``select`` is silent."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._rows = _Rows()
        super().__init__("tfidfTable", "Words and their attention", self._rows, parent)
        self.set_columns(_WIDTHS, (_WORD,))
        self.horizontalHeader().setMinimumSectionSize(40)
        self.setMinimumWidth(_LEAST)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sortByColumn(_FACTOR, Qt.SortOrder.DescendingOrder)
        self.setSortingEnabled(True)

    def show_result(self, result: TfidfResult | None) -> None:
        """None: nothing to show."""
        header = self.horizontalHeader()
        blocked = self.blockSignals(True)
        self._rows.show_result(result, header.sortIndicatorSection(), header.sortIndicatorOrder())
        self.blockSignals(blocked)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Words stay legible; an age that all have tells nothing."""
        for column, width in _ROOM_FOR:
            told = column != _AGE or self._rows.ages_differ
            self.setColumnHidden(column, self.width() < width or not told)

    def select(self, item: int) -> None:
        """As of any; where its row is chosen already, nothing scrolls."""
        row = self._rows.row_of(item)
        if row < 0 or row != self.currentIndex().row() or not self.selectionModel().hasSelection():
            super().select(item)


class _Rows(OrderedRows):
    """Occurrences of words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: TfidfResult | None = None

    @property
    def ages_differ(self) -> bool:
        return self._result is not None and self._result.ages_differ

    @property
    def _points(self) -> tuple[WordOccurrence, ...]:
        return () if self._result is None else self._result.occurrences

    def show_result(self, result: TfidfResult | None, column: int, direction: Qt.SortOrder) -> None:
        self.beginResetModel()
        self._result = result
        self._order = self._sorted(column, direction)
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        chosen = {index: self.item_of(index.row()) for index in self.persistentIndexList()}
        self._order = self._sorted(column, order)
        for index, at in chosen.items():
            self.changePersistentIndex(index, self.index(self.row_of(at), index.column()))
        self.layoutChanged.emit()

    def _sorted(self, column: int, direction: Qt.SortOrder) -> NDArray[np.intp]:
        if column == _WORD:
            names = [point.word.casefold() for point in self._points]
            keys = np.unique(names, return_inverse=True)[1] if names else np.zeros(0)
        else:
            keys = np.array([_number(point, at, column) for at, point in enumerate(self._points)])
        return np.argsort(-keys if direction == Qt.SortOrder.DescendingOrder else keys, kind="stable")

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _HELP[section]
        return COLUMNS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        at, column = self.item_of(index.row()), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _cell(self._points[at], at, column)
        if column == _WORD and self._result is not None and at in self._result.standouts:
            if role == Qt.ItemDataRole.FontRole:
                return theme.ui_font(strong=True)
            if role == Qt.ItemDataRole.ForegroundRole:
                return theme.current().accent
            if role == Qt.ItemDataRole.AccessibleDescriptionRole:
                return "stands out"
        return None

    def as_text(self) -> str:
        """All of it, tab-separated, as sorted; numbers in full, so that a spreadsheet can go on with them."""
        rows = ["\t".join(COLUMNS)]
        for at in map(int, self._order):
            point = self._points[at]
            numbers = (repr(_number(point, at, column)) for column in range(1, len(COLUMNS)))
            rows.append("\t".join((name_of(point), *numbers)))
        return "\n".join(rows)


def _number(point: WordOccurrence, at: int, column: int) -> float:
    return (0.0, point.tfidf, point.attention, point.without_age, point.age, at + 1)[column]


def _cell(point: WordOccurrence, at: int, column: int) -> str:
    if column == _WORD:
        return name_of(point)
    if column == _FACTOR:
        return factor(point.without_age)
    number = _number(point, at, column)
    return f"{number:,}" if column in (_AGE, _PLACE) else figures(number)


def _alignment(section: int) -> int:
    side = Qt.AlignmentFlag.AlignLeft if section == _WORD else Qt.AlignmentFlag.AlignRight
    return int(side | Qt.AlignmentFlag.AlignVCenter)
