"""Which tag? Those there are, each with its key, or a new one as it is typed."""

from collections import Counter

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from gui import theme
from gui.controls.rows import name_control
from gui.data.field_sheet import WIDTH, FieldSheet
from gui.data.work import LONGEST_TAG, WorkStore

ROWS = 9


class TagSheet(FieldSheet):
    """Type, or arrow, Enter."""

    tag_chosen = Signal(str)

    def __init__(self, store: WorkStore, row: int, parent: QWidget) -> None:
        super().__init__("tagSheet", "Tag the row", QLineEdit(), parent)
        self._list = QListWidget()
        self._field.setPlaceholderText("A tag for this row")
        self._field.setMaxLength(LONGEST_TAG)
        name_control(self._field, "tagField", "Tag", "A new tag, or a few letters of one there is; Enter sets it.")
        name_control(self._list, "tagList", "Tags", "")
        self._list.setFrameShape(QListWidget.Shape.NoFrame)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        counts = Counter(tag for _, tag in store.work.tags).items()
        for number, (tag, count) in enumerate(counts, 1):
            key = f"{number}  " if number <= ROWS else "    "
            mark = "✓ " if tag in store.tags.get(row, ()) else ""
            item = QListWidgetItem(f"{key}{mark}{tag}  ·  {count:,}")
            item.setSizeHint(QSize(0, theme.ROW_HEIGHT))
            item.setData(Qt.ItemDataRole.UserRole, tag)
            self._list.addItem(item)
        self.column.addWidget(self._field)
        self.column.addWidget(self._list)
        self._list.setVisible(bool(counts))
        self.setFixedSize(WIDTH, 56 + min(len(counts), ROWS) * theme.ROW_HEIGHT + (8 if counts else 0))
        self._field.textChanged.connect(self._on_typed)
        self._field.returnPressed.connect(self._on_return)
        self._list.itemClicked.connect(self._on_clicked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows choose in the list; a number is its tag while nothing is typed."""
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is not None and self._list.count():
            self._list.setCurrentRow((self._list.currentRow() + step) % self._list.count())
        else:
            super().keyPressEvent(event)

    @Slot(str)
    def _on_typed(self, words: str) -> None:
        wanted = words.casefold().strip()
        if len(words) == 1 and words.isdigit() and 0 < int(words) <= self._list.count():
            self._choose(str(self._list.item(int(words) - 1).data(Qt.ItemDataRole.UserRole)))
            return
        for at in range(self._list.count()):
            item = self._list.item(at)
            item.setHidden(wanted not in str(item.data(Qt.ItemDataRole.UserRole)).casefold())
        self._list.setCurrentRow(-1)

    @Slot()
    def _on_return(self) -> None:
        item = self._list.currentItem()
        self._choose(self._field.text() if item is None else str(item.data(Qt.ItemDataRole.UserRole)))

    @Slot(QListWidgetItem)
    def _on_clicked(self, item: QListWidgetItem) -> None:
        self._choose(str(item.data(Qt.ItemDataRole.UserRole)))

    def _choose(self, tag: str) -> None:
        self.close()
        if tag.strip():
            self.tag_chosen.emit(tag)
