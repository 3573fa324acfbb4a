"""Find in the text under the map: as typed, every hit underlined, Enter goes on to the next."""

import re

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from gui import theme
from gui.controls.rows import name_control
from gui.icons import icon

FIELD_PIXELS = 220
Hit = tuple[int, int, int]  # segment, start, end


def hits_in(texts: tuple[str, ...], wanted: str, case: bool) -> list[Hit]:
    """Every occurrence, in code points; they do not overlap."""
    if not wanted:
        return []
    pattern = re.compile(re.escape(wanted), 0 if case else re.IGNORECASE)
    return [(segment, *found.span()) for segment, text in enumerate(texts) for found in pattern.finditer(text)]


class FindBar(QWidget):
    """Knows what is wanted and which hit is current; the texts it is given."""

    found = Signal(object, int)  # list[Hit], the current one or −1
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts: tuple[str, ...] = ()
        self._hits: list[Hit] = []
        self._current = -1
        self._field, self._count = QLineEdit(), QLabel()
        self._case, self._previous, self._next, self._close = (QToolButton() for _ in range(4))
        self._build()
        self._field.textChanged.connect(self._on_changed)
        self._case.toggled.connect(self._on_changed)
        self._previous.clicked.connect(self.go_back)
        self._next.clicked.connect(self.go_on)
        self._close.clicked.connect(self.close_bar)
        self.hide()

    def _build(self) -> None:
        self._field.setPlaceholderText("Find in the text")
        self._field.setFixedWidth(FIELD_PIXELS)
        self._count.setProperty("role", "muted")
        self._count.setFont(theme.numbers_font())
        self._count.setMinimumWidth(72)
        self._case.setText("Aa")
        self._case.setCheckable(True)
        for control, words in (
            (self._field, ("findField", "Find in the text", "Enter: next, Shift+Enter: previous, Esc: close.")),
            (self._case, ("findCase", "Match case", "Tell capitals from small letters.")),
            (self._previous, ("findPrevious", "Previous hit", "Previous hit (Shift+Enter)")),
            (self._next, ("findNext", "Next hit", "Next hit (Enter)")),
            (self._close, ("findClose", "Close", "Close (Esc)")),
        ):
            name_control(control, *words)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._field)
        for button in (self._case, self._previous, self._next):
            row.addWidget(button)
        row.addWidget(self._count)
        row.addStretch(1)
        row.addWidget(self._close)
        for button in (self._case, self._previous, self._next, self._close):
            button.setProperty("role", "flat")
            button.setIconSize(QSize(14, 14))
        self._dress()

    def show_texts(self, texts: tuple[str, ...]) -> None:
        """What is searched; silently when it is what was searched before."""
        if texts == self._texts:
            return
        self._texts = texts
        if not self.isHidden():
            self._search()

    def open_bar(self) -> None:
        """Ready to type."""
        self.show()
        self._field.setFocus()
        self._field.selectAll()
        self._search()

    @Slot()
    def close_bar(self) -> None:
        """Nothing is underlined any more."""
        self.hide()
        self._hits, self._current = [], -1
        self.found.emit([], -1)
        self.closed.emit()

    @Slot()
    def go_on(self) -> None:
        """To the next hit, from the last to the first."""
        self._go(1)

    @Slot()
    def go_back(self) -> None:
        """To the one before."""
        self._go(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.close_bar()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Esc closes the bar before it cancels a job."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_close"):
            self._dress()

    def _dress(self) -> None:
        for button, name in ((self._previous, "caret-up"), (self._next, "caret-down"), (self._close, "x")):
            button.setIcon(icon(name, "muted"))

    @Slot()
    def _on_changed(self) -> None:
        self._search()

    def _search(self) -> None:
        place = self._hits[self._current] if 0 <= self._current < len(self._hits) else (0, 0, 0)
        self._hits = hits_in(self._texts, self._field.text(), self._case.isChecked())
        self._current = next((at for at, hit in enumerate(self._hits) if hit >= (*place[:2], 0)), 0 if self._hits else -1)
        self._tell()

    def _go(self, step: int) -> None:
        if self.isHidden():
            self.open_bar()
        elif self._hits:
            self._current = (self._current + step) % len(self._hits)
            self._tell()

    def _tell(self) -> None:
        if not self._field.text():
            words = ""
        else:
            words = f"{self._current + 1:,} of {len(self._hits):,}" if self._hits else "not found"
        self._count.setText(words)
        self._count.setAccessibleName(words)
        for button in (self._previous, self._next):
            button.setEnabled(bool(self._hits))
        self.found.emit(self._hits, self._current)
