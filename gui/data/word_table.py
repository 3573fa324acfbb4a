"""Words and what they did in many explanations, as a table."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from engine.dataset_results import WordSum
from engine.heatmaps.numerals import figures, signed_figures
from gui import theme
from gui.views.row_table import RowTable

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Word", "Rows", "Mean", "Total")
HINTS = (
    "As it is written, in small letters. Enter shows the rows it stands in.",
    "So many rows hold it.",
    "Of its attributions, over all places.",
    "The sum of its attributions: how much it did in all.",
)
WIDTHS = (96, 48, 64, 108)
TOTAL = 3
SHARE = Qt.ItemDataRole.UserRole  # of the largest total, −1 … 1


class WordTable(RowTable):
    """Setters are silent."""

    word_chosen = Signal(object)  # WordSum

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(object_name, "Words", parent)
        self._words = _Words(self)
        self.setModel(self._words)
        self.set_columns(WIDTHS, (0,))
        self.setItemDelegateForColumn(TOTAL, _Bars(self))
        self.activated.connect(self._on_activated)
        self.setToolTip("Enter, or a double click, shows the rows of a word.")

    def show_words(self, words: tuple[WordSum, ...]) -> None:
        """The one that did most first."""
        self._words.show_words(words)

    def show_kind(self, fields: bool) -> None:
        """Whether they are values of fields."""
        self._words.of_fields = fields

    @property
    def words(self) -> tuple[WordSum, ...]:
        """As shown."""
        return self._words.words

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        self.word_chosen.emit(self._words.words[index.row()])


class _Words(QAbstractTableModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.words: tuple[WordSum, ...] = ()
        self.of_fields = False
        self._largest = 1.0

    def show_words(self, words: tuple[WordSum, ...]) -> None:
        self.beginResetModel()
        self.words = words
        self._largest = max((abs(each.total) for each in words), default=0.0) or 1.0
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.words)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return "Field" if section == 0 and self.of_fields else COLUMNS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return HINTS[section]
        return _side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        each = self.words[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            numbers = (f"{len(each.rows):,}", signed_figures(each.mean, 2), signed_figures(each.total, 3))
            return (each.word, *numbers)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            raised = f"raises in {each.positive:,} places by {figures(each.raised, 3)}"
            return f"“{each.word}” {raised}, lowers in {each.negative:,} by {figures(-each.lowered, 3)}"
        return each.total / self._largest if role == SHARE else None


class _Bars(QStyledItemDelegate):
    """A number over a bar from the right edge, as long as it is large."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        share = index.data(SHARE)
        if isinstance(share, float) and share:
            look, rect = theme.current(), QRect(option.rect)
            colour = QColor(look.raises if share > 0 else look.lowers)
            colour.setAlpha(60)
            width = round(abs(share) * (rect.width() - 8))
            painter.fillRect(rect.right() - 4 - width, rect.top() + 5, width, rect.height() - 10, colour)
        super().paint(painter, option, index)


def _side(column: int) -> int:
    side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
    return int(side | Qt.AlignmentFlag.AlignVCenter)
