"""The editor of one field: its name, how much of its width is used, what is wrong with its value."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QWheelEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from engine.heatmaps.display_text import one_line
from engine.records import KIND_WORDS, RecordField, is_row
from gui import theme
from gui.controls.rows import name_control

NARROWEST, WIDEST = 84, 320  # pixels
_AROUND = 28  # of a line's frame; a list has an arrow besides
_ARROW = 20
_LONGEST_NAME = 24


class _Choices(QComboBox):
    """The wheel scrolls the fields, unless the user is in this one."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class _Line(QLineEdit):
    """A pasted row is for all fields."""

    row_pasted = Signal(str)

    def __init__(self, field: RecordField, others: tuple[RecordField, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._others = others
        self.setFont(theme.mono_font())
        if field.kind != "choice":
            self.setPlaceholderText("blank")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+V of several cells."""
        text = QGuiApplication.clipboard().text() if event.matches(QKeySequence.StandardKey.Paste) else ""
        if text and any(mark in text.strip() for mark in "\t,;") and is_row(text, self._others):
            self.row_pasted.emit(text)
            return
        super().keyPressEvent(event)


class FieldEditor(QWidget):
    """``set_value`` is undoable in the line, and silent."""

    edited = Signal()
    row_pasted = Signal(str)
    run_wanted = Signal()

    def __init__(self, at: int, field: RecordField, fields: tuple[RecordField, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._line = _Line(field, fields)
        self._name, self._limit = QLabel(), QLabel()
        self._quiet = False
        self.control: QWidget = self._line
        if field.kind == "choice":
            self.control = self._list()
        self._build(at)
        self._line.textChanged.connect(self._on_changed)
        self._line.returnPressed.connect(self.run_wanted)
        self._line.row_pasted.connect(self.row_pasted)
        self._show_limit()

    def _list(self) -> QComboBox:
        """Its choices, and whatever else is typed."""
        box = _Choices()
        box.setEditable(True)
        box.setLineEdit(self._line)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.addItem("")
        box.addItems(list(self.field.choices))
        box.setMaxVisibleItems(20)
        completer = box.completer()
        if completer is not None:
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        return box

    def _build(self, at: int) -> None:
        name = one_line(self.field.name)
        said = f"{name}: {KIND_WORDS[self.field.kind]}, at most {self.field.width} characters."
        name_control(self.control, f"field_{at}", name, said)
        shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        self._name.setText(shown)
        self._name.setProperty("role", "caption")
        self._name.setToolTip(said)
        self._limit.setProperty("role", "caption")
        self._limit.setStyleSheet(f"font-size: {theme.CAPTION_PIXELS}px")
        head = QHBoxLayout()
        head.setContentsMargins(2, 0, 2, 0)
        head.setSpacing(8)
        head.addWidget(self._name, 1)
        head.addWidget(self._limit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.control)
        longest = max([self.field.width, *map(len, self.field.choices)])
        wide = _AROUND + longest * self._line.fontMetrics().horizontalAdvance("0")
        wide += _ARROW if self.field.kind == "choice" else 0
        wide = max(wide, self._name.fontMetrics().horizontalAdvance(f"{shown}  {self.field.width}/{self.field.width}") + 4)
        self.setFixedWidth(min(max(wide, NARROWEST), WIDEST))

    def value(self) -> str:
        """As typed."""
        return self._line.text()

    def set_value(self, value: str) -> None:
        """As if pasted over what is there."""
        if value == self._line.text():
            return
        self._quiet = True
        self._line.selectAll()
        self._line.insert(value)
        self._line.setCursorPosition(0)
        self._quiet = False

    def _show_limit(self) -> None:
        """How much of the width is used; what does not fit, or is of another type, has a sign and says so."""
        value = self._line.text().strip()
        long, fault = len(value) > self.field.width, self.field.fault(value) if value else ""
        self._limit.setText(f"{'⚠ ' if long or fault else ''}{len(value)}/{self.field.width}")
        cut = f"Only “{value[: self.field.width]}” is read." if long else ""
        words = cut or (f"It {fault}; it is read as it stands." if fault else "")
        self._limit.setToolTip(words or "Characters used, and how many the model reads.")
        self._limit.setAccessibleName(words or f"{len(value)} of {self.field.width} characters")
        role = "warning" if long or fault else "caption"
        if self._limit.property("role") != role:
            self._limit.setProperty("role", role)
            self._limit.style().unpolish(self._limit)
            self._limit.style().polish(self._limit)

    @Slot()
    def _on_changed(self) -> None:
        self._show_limit()
        if not self._quiet:
            self.edited.emit()
