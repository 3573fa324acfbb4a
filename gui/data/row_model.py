"""The rows as a table that is never built: a cell is read when it is painted."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from engine.dataset_results import Dataset, PredictionsResult
from engine.export.dataset_files import predicted_words
from engine.heatmaps.numerals import figures, fixed, signed_figures
from gui import theme
from gui.data.desk import DataDesk

Index = QModelIndex | QPersistentModelIndex
LONGEST = 300  # characters of a cell that are drawn
SIGNS = {1: "✓", 0: "✗"}
BETWEEN_TAGS = ", "
_DISPLAY, _ALIGNMENT, _INK, _SPOKEN = (
    int(Qt.ItemDataRole.DisplayRole),
    int(Qt.ItemDataRole.TextAlignmentRole),
    int(Qt.ItemDataRole.ForegroundRole),
    int(Qt.ItemDataRole.AccessibleTextRole),
)
_ROLES = frozenset((_DISPLAY, _ALIGNMENT, _INK, _SPOKEN))


@dataclass(frozen=True, slots=True)
class Column:
    """``id`` is what it is sorted by; ``own``: of the data rather than ours."""

    id: str
    title: str
    hint: str
    width: int
    right: bool = False
    own: bool = False
    is_text: bool = False  # takes the room that is left


ROW = Column("row", "Row", "Its number in the file, from 0.", 60, right=True)
PREDICTED = Column("predicted", "Predicted", "What the model says.", 160)
PROBABILITY = Column("probability", "Prob.", "Of the predicted class.", 56, right=True)
MARGIN = Column(
    "margin", "Margin", "Probability of the true class minus the highest of the others: negative on errors.", 68, right=True
)
LOSS = Column("loss", "Loss", "Cross-entropy in nats; of a regression the squared error.", 56, right=True)
RESIDUAL = Column("residual", "Residual", "What was measured less what the model says.", 80, right=True)
OFF = Column("absolute_error", "Off by", "The residual's magnitude: the worst first.", 72, right=True)
NUMBER_PIXELS = 88
CORRECT = Column("correct", "", "✓ the model agrees with the label; ✗ it does not.", 30)
TAG = Column("tag", "Tags", "Your tags: keys 1 … 9, or T.", 112)
MOST_OWN = 200  # columns of the data besides the text and its label


def columns_of(data: Dataset, model_labels: tuple[str, ...], regression: bool) -> tuple[Column, ...]:
    """What there is to say of a row, what matters most on the left."""
    source = data.source
    named = {source.text, source.pair, *(source.labels or ())}
    texts = [
        Column(name, name, "What the model reads.", 320, own=True, is_text=True) for name in (source.text, source.pair) if name
    ]
    truth = _truth(data)
    said = [] if not (model_labels or regression) else [PREDICTED, PROBABILITY, MARGIN, LOSS, CORRECT]
    if regression:
        said = [replace(PREDICTED, right=True, width=NUMBER_PIXELS), RESIDUAL, OFF]
    widths = {field: _fitting(data, column) for field, column in data.fields}
    others = [name for name in data.table.columns if name not in named][:MOST_OWN]
    columns = {column: field for field, column in data.fields}
    rest = [
        Column(
            name,
            name,
            "A field that the model reads." if name in columns else "A column of the data.",
            widths[columns[name]] if name in columns else 160,
            data.table.is_numeric(name),
            own=True,
        )
        for name in sorted(others, key=lambda name: name not in columns)
    ]
    return (ROW, *texts, *truth, *said, TAG, *rest)


def _fitting(data: Dataset, column: str) -> int:
    """Pixels for a field: its name and the first of its values."""
    longest = max(map(len, (column, *data.table.cells(column, slice(50)))), default=0)
    return min(max(64, 26 + 8 * longest), 200)


def _truth(data: Dataset) -> list[Column]:
    labels = data.source.labels or ()
    if not labels:
        return []
    name = labels[0] if len(labels) == 1 else "labels"
    number = len(labels) == 1 and data.table.is_numeric(name)
    width = NUMBER_PIXELS if number and data.fields else 160
    id = name if len(labels) == 1 else "true"
    return [Column(id, "Label", f"What the data say: column “{name}”.", width, number and bool(data.fields), own=True)]


class RowModel(QAbstractTableModel):
    """Rows in the order of the desk."""

    def __init__(self, desk: DataDesk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self.columns: tuple[Column, ...] = ()
        self._sides: tuple[int, ...] = ()
        self._rows = desk.rows
        self._how: dict[str, Callable[[PredictionsResult, int], str]] = {
            "predicted": _predicted,
            "probability": lambda said, row: _fixed(said.probability[row], 3),
            "margin": lambda said, row: _fixed(said.margin[row], 3),
            "loss": lambda said, row: "" if np.isnan(said.loss[row]) else figures(float(said.loss[row]), 3),
            "residual": lambda said, row: _signed(said.residual[row]),
            "absolute_error": lambda said, row: (
                "" if np.isnan(said.residual[row]) else figures(abs(float(said.residual[row])), 3)
            ),
            "correct": lambda said, row: SIGNS.get(int(said.correct[row]), ""),
        }

    def show_columns(self) -> bool:
        """As the data and the model have them; whether they are others now."""
        data, said = self._desk.data, self._desk.predictions
        regression = said is not None and said.model.problem_type == "regression"
        wanted = () if data is None else columns_of(data, said.labels if said else (), regression)
        if wanted == self.columns:
            return False
        self.beginResetModel()
        self.columns, self._rows = wanted, self._desk.rows
        self._sides = tuple(map(_side, wanted))
        self.endResetModel()
        return True

    def show_rows(self) -> None:
        """Others, or in another order."""
        if self._rows is not self._desk.rows:
            self.beginResetModel()
            self._rows = self._desk.rows
            self.endResetModel()

    def refresh(self) -> None:
        """The same rows, and more is known of them."""
        if len(self._rows):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(self.columns) - 1))

    def row_at(self, place: int) -> int:
        """Its number in the data."""
        return int(self._rows[place])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or self._desk.data is None else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{column.hint}\nA click sorts by it."
        return _side(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role not in _ROLES:  # Qt asks for many that nobody answers
            return None
        column = self.columns[index.column()]
        if role == _ALIGNMENT:
            return self._sides[index.column()]
        row = int(self._rows[index.row()])
        if role == _DISPLAY:
            return self._cell(column, row)
        return self._ink(column, row) if role == _INK else self._spoken(column, row)

    def _cell(self, column: Column, row: int) -> str:
        data, said = self._desk.data, self._desk.predictions
        assert data is not None
        if column.id == "row":
            return f"{row:,}"
        if column.id == "tag":
            store = self._desk.store
            return BETWEEN_TAGS.join(store.tags.get(row, ())) + (" ✎" if row in store.notes else "")
        if column.own:
            written = data.label_of(row) if column.title == "Label" else data.table.cell(row, column.id)
            return " ".join(written[:LONGEST].split())
        return "" if said is None else self._how[column.id](said, row)

    def _ink(self, column: Column, row: int) -> object:
        look, said = theme.current(), self._desk.predictions
        if column.id in ("row", "tag"):
            return look.muted
        if said is None or column.id not in ("correct", "predicted"):
            return None
        correct = int(said.correct[row])
        if column.id == "correct":
            return look.good if correct == 1 else look.error
        return look.error if correct == 0 else None

    def _spoken(self, column: Column, row: int) -> str | None:
        words = {"✓": "right", "✗": "wrong", "": "not known"}
        return words[self._cell(column, row)] if column.id == "correct" else None


def _predicted(said: PredictionsResult, row: int) -> str:
    if said.model.problem_type == "regression":
        return "" if np.isnan(said.logits[row, 0]) else figures(float(said.logits[row, 0]), 3)
    return predicted_words(said, row)


def _signed(value: float) -> str:
    return "" if np.isnan(value) else signed_figures(float(value), 3)


def _fixed(value: float, digits: int) -> str:
    return "" if np.isnan(value) else fixed(float(value), digits)


def _side(column: Column) -> int:
    if column.id == "correct":
        return int(Qt.AlignmentFlag.AlignCenter)
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    return int(side | Qt.AlignmentFlag.AlignVCenter)
