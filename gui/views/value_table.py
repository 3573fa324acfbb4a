"""The values of a map as a table: for screen readers, for sorting, for copying."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from engine.heatmaps.numerals import percent, signed_figures
from engine.heatmaps.token_values import TokenValues
from engine.requests import Grain
from gui.views.row_table import OrderedRows, OrderedTable

NAMES = {"token": ("Token", "Piece"), "word": ("Word", "Pieces"), "sentence": ("Sentence", "Pieces"), "grid": ("Part", "")}
COLUMNS = ("Position", "Token", "Piece", "Start", "End", "Value", "Rank", "Share of Σ|values|")
_POSITION, _TOKEN, _PIECE, _START, _END, _VALUE, _RANK, _SHARE = range(len(COLUMNS))
Index = QModelIndex | QPersistentModelIndex


class ValueTable(OrderedTable):
    """Rows in reading order until a column is clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._rows = _Rows()
        super().__init__("valueTable", "Table of values", self._rows, parent)
        self.set_columns((66, 80, 80, 50, 50, 108, 50, 72), (_TOKEN, _PIECE))
        self.sortByColumn(_POSITION, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def show_values(self, values: TokenValues, grain: Grain | Literal["grid"] = "token") -> None:
        """New values, of tokens, words, sentences or parts of a picture; rows that are sorted by value are sorted anew."""
        chosen = self._rows.item_of(self.currentIndex().row())
        header = self.horizontalHeader()
        self._rows.grain = grain
        for column in (_PIECE, _START, _END):
            self.setColumnHidden(column, grain == "grid")
        self._rows.show_values(values, header.sortIndicatorSection(), header.sortIndicatorOrder())
        self.select(chosen)


class _Rows(OrderedRows):
    """Computes a cell only when it is looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = TokenValues((), np.zeros(0), "")
        self.grain: Grain | Literal["grid"] = "token"

    def show_values(self, values: TokenValues, column: int, direction: Qt.SortOrder) -> None:
        same = len(values.tokens) == len(self._shown.tokens)
        if not same:
            self.beginResetModel()
        self._shown = values
        self._order = self._sorted(column, direction)
        if not same:
            self.endResetModel()
        elif len(self._order):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._order) - 1, len(COLUMNS) - 1))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        self._order = self._sorted(column, order)
        self.layoutChanged.emit()

    def _sorted(self, column: int, direction: Qt.SortOrder) -> NDArray[np.intp]:
        keys = self._keys(column)
        order = np.argsort(keys, kind="stable")
        return order[::-1] if direction == Qt.SortOrder.DescendingOrder else order

    def _keys(self, column: int) -> NDArray[np.generic]:
        shown = self._shown
        if column in (_TOKEN, _PIECE):
            names = [(token.text if column == _TOKEN else token.piece).casefold() for token in shown.tokens]
            return np.unique(names, return_inverse=True)[1] if names else np.zeros(0)
        columns: dict[int, NDArray[np.generic]] = {
            _VALUE: shown.values,
            _RANK: np.where(shown.rank == 0, len(shown.rank) + 1, shown.rank),
            _SHARE: shown.share,
            _START: np.array([token.start for token in shown.tokens]),
            _END: np.array([token.end for token in shown.tokens]),
        }
        return columns.get(column, np.arange(len(shown.tokens)))

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._title(section)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return "Share" if section == _SHARE else self._title(section)

    def _title(self, section: int) -> str:
        if section in (_TOKEN, _PIECE):
            return NAMES[self.grain][section - _TOKEN]
        unit = f" ({self._shown.unit})" if section == _VALUE and self._shown.unit else ""
        return COLUMNS[section] + unit

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(index.column())
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._cell(self.item_of(index.row()), index.column())

    def _cell(self, token: int, column: int) -> str:
        it, shown = self._shown.tokens[token], self._shown
        if column in (_POSITION, _TOKEN, _PIECE, _START, _END):
            return (str(token), it.text.replace("\n", "↵"), it.piece, str(it.start), str(it.end))[column]
        if column == _VALUE:
            return signed_figures(float(shown.values[token]), 4)
        if shown.rank[token] == 0:
            return "–"
        return str(shown.rank[token]) if column == _RANK else percent(float(shown.share[token]))

    @staticmethod
    def _alignment(column: int) -> int:
        side = Qt.AlignmentFlag.AlignLeft if column in (_TOKEN, _PIECE) else Qt.AlignmentFlag.AlignRight
        return int(side | Qt.AlignmentFlag.AlignVCenter)

    def as_text(self) -> str:
        """All of it, tab-separated, as sorted; numbers in full, so that a spreadsheet can go on with them."""
        titles = tuple(self._title(column) for column in range(len(COLUMNS)))
        return "\n".join("\t".join(row) for row in (titles, *(self._exact(int(token)) for token in self._order)))

    def _exact(self, token: int) -> tuple[str, ...]:
        it, shown = self._shown.tokens[token], self._shown
        names = tuple(words.replace("\t", "⇥").replace("\n", "↵").replace("\r", "") for words in (it.text, it.piece))
        rank = str(shown.rank[token]) if shown.rank[token] else ""
        return (
            str(token),
            *names,
            str(it.start),
            str(it.end),
            repr(float(shown.values[token])),
            rank,
            repr(float(shown.share[token])),
        )
