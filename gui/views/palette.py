"""Find an action by a few letters of its name: every action there is, its keys, and why it cannot be used now."""

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.actions import Actions
from gui.controls.rows import name_control

ID, KEYS, WHY = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2
WIDTH, ROWS = 560, 12
STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS, Qt.Key.Key_PageUp: -ROWS}
Index = QModelIndex | QPersistentModelIndex


class Palette(QDialog):
    """Type, arrow, Enter."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._actions = actions
        self.setObjectName("palette")
        self.setAccessibleName("Find an action")
        self._filter, self._list = QLineEdit(), QListWidget()
        self._filter.setPlaceholderText("Find an action")
        name_control(self._filter, "paletteFilter", "Find an action", "A few letters of its name.")
        name_control(self._list, "paletteList", "Actions", "")
        self._list.setItemDelegate(_Rows(self._list))
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setFrameShape(QListWidget.Shape.NoFrame)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        frame = QFrame(self)
        frame.setProperty("role", "card")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(frame)
        column = QVBoxLayout(frame)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self._filter)
        column.addWidget(self._list)
        self.setFixedSize(WIDTH, 60 + ROWS * theme.ROW_HEIGHT)
        self._filter.textChanged.connect(self._on_filter)
        self._filter.installEventFilter(self)
        self._list.itemClicked.connect(self._on_clicked)

    def popup(self) -> None:
        """Below the top bar, in the middle."""
        self._filter.clear()
        self._on_filter("")
        parent = self.parentWidget()
        if parent is not None:
            self.move(
                parent.mapToGlobal(parent.rect().topLeft()).x() + (parent.width() - WIDTH) // 2,
                parent.mapToGlobal(parent.rect().topLeft()).y() + 56,
            )
        self.show()
        self._filter.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows move the list while letters go to the filter."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            step = STEPS.get(Qt.Key(event.key()))
            if step is not None:
                row = min(max(0, self._list.currentRow() + step), self._list.count() - 1)
                self._list.setCurrentRow(row)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self._list.currentItem())
                return True
        return False

    @Slot(str)
    def _on_filter(self, typed: str) -> None:
        self._list.clear()
        ranked = []
        for at, description in enumerate(self._actions.descriptions()):
            rank = rank_of(typed, f"{description.text} {description.group}")
            if rank is not None and description.id != "palette":
                ranked.append((rank, at, description))
        for _, _, description in sorted(ranked, key=lambda each: each[:2]):
            action = self._actions[description.id]
            item = QListWidgetItem(action.icon(), description.text, self._list)
            item.setData(ID, description.id)
            item.setData(KEYS, self._actions.keys(description.id))
            item.setData(WHY, self._actions.why_not(description.id))
            if not action.isEnabled():
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEnabled)
        self._list.setCurrentRow(0)

    @Slot(QListWidgetItem)
    def _on_clicked(self, item: QListWidgetItem) -> None:
        self._choose(item)

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is None or not self._actions[item.data(ID)].isEnabled():
            return
        self.close()
        self._actions[item.data(ID)].trigger()


def rank_of(typed: str, name: str) -> int | None:
    """How well ``name`` fits the letters typed, lower is better; None when they do not occur in this order."""
    typed, name = typed.casefold().replace(" ", ""), name.casefold()
    if not typed:
        return 0
    at, gaps, last = -1, 0, None
    for letter in typed:
        at = name.find(letter, at + 1)
        if at < 0:
            return None
        if last is not None and at != last + 1:
            gaps += 1 if name[at - 1] == " " else 3  # a new word is a small jump
        last = at
    start = name.find(typed[0])
    return gaps * 10 + (0 if start == 0 or name[start - 1] == " " else 5)


class _Rows(QStyledItemDelegate):
    """Name left, keys right, the reason in between."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        keys, why = index.data(KEYS), index.data(WHY)
        colours = theme.current()
        painter.save()
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        painter.setPen(QColor(colours.muted))
        beside = option.rect.adjusted(0, 0, -12, 0)
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(beside, align, why or keys or "")
        painter.restore()

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.state &= ~QStyle.StateFlag.State_HasFocus
