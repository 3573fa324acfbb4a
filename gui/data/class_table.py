"""Precision, recall, F1 and support of each class."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.dataset_results import ClassNumbers
from engine.heatmaps.numerals import fixed
from engine.heatmaps.token_names import visible
from gui import theme
from gui.views.row_table import RowTable

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Class", "Precision", "Recall", "F1", "Rows")
HINTS = (
    "As the model names it.",
    "Of what is predicted so, the share that is so.",
    "Of what is so, the share that is predicted so.",
    "The harmonic mean of precision and recall.",
    "So many are so.",
)
WIDTHS = (96, 76, 64, 56, 64)
SHOWN = 8  # classes, then it scrolls
LEAST = sum(WIDTHS) + 4


class ClassTable(RowTable):
    """A double click, or Enter, shows the rows of a class."""

    class_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("dataClasses", "Precision and recall of each class", parent)
        self._rows = _Rows(self)
        self.setModel(self._rows)
        self.set_columns(WIDTHS, (0,))
        self.setMinimumWidth(LEAST)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.activated.connect(self._on_activated)

    def show_classes(self, classes: tuple[ClassNumbers, ...]) -> None:
        """In the model's order."""
        self._rows.show_classes(classes)
        self.setFixedHeight(34 + theme.ROW_HEIGHT * min(max(1, len(classes)), SHOWN))

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.class_chosen.emit(self._rows.classes[index.row()].label)


class _Rows(QAbstractTableModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.classes: tuple[ClassNumbers, ...] = ()

    def show_classes(self, classes: tuple[ClassNumbers, ...]) -> None:
        self.beginResetModel()
        self.classes = classes
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.classes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        shown = {
            Qt.ItemDataRole.DisplayRole: COLUMNS[section],
            Qt.ItemDataRole.ToolTipRole: HINTS[section],
            Qt.ItemDataRole.TextAlignmentRole: _side(section),
        }
        return shown.get(Qt.ItemDataRole(role))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(index.column())
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        each = self.classes[index.row()]
        numbers = (each.precision, each.recall, each.f1)
        shown = (visible(each.label), *("–" if one is None else fixed(one, 3) for one in numbers), f"{each.support:,}")
        return shown[index.column()]


def _side(column: int) -> int:
    side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
    return int(side | Qt.AlignmentFlag.AlignVCenter)
