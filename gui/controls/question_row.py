"""One question about a checkpoint: a control that holds the answer, and under it who says so."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from engine.checkpoints import Question
from gui.controls.rows import caption_label, name_control, small_combo
from gui.controls.wheel_guard import WheelGuard
from gui.theme import CAPTION_PIXELS, ui_font
from gui.views.elided_label import ElidedLabel

SAYS = {"told": "As you say", "file": "From the file", "guess": "Guess", "unknown": "Not known"}


class QuestionRow(QWidget):
    """``answered`` carries the field and what the user put there; ``show_question`` emits nothing."""

    answered = Signal(str, str)
    file_asked = Signal()  # the answer lies in a file

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.key = question.key
        self._why = caption_label()
        self._why.setTextFormat(Qt.TextFormat.PlainText)
        self._why.setFont(ui_font(CAPTION_PIXELS))
        self._guard = WheelGuard(self)
        self._combo: QComboBox | None = None
        self._line: QLineEdit | None = None
        self._file: QLabel | None = None
        self._button: QPushButton | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._make(question))
        column.addWidget(self._why)
        self.show_question(question)

    @property
    def control(self) -> QWidget:
        """What the label stands for."""
        found = self._combo or self._line or self._button
        assert found is not None
        return found

    def show_question(self, question: Question) -> None:
        """As things stand; what is being typed is left alone."""
        value = question.value or ""
        if self._combo is not None:
            self._show_in_combo(self._combo, question, value)
        elif self._line is not None:
            if not (self._line.hasFocus() and self._line.isModified()) and self._line.text() != value:
                self._line.setText(value)
        elif self._file is not None:
            self._file.setText(value or "none yet")
        doubtful = question.demanded and question.source in ("guess", "unknown")
        why = f": {question.why}" if question.why not in ("", value) else ""
        self._why.setText(f"{'⚠ ' if doubtful else ''}{SAYS[question.source]}{why}")
        self._why.setProperty("role", "warning" if doubtful else "caption")
        self._why.style().polish(self._why)

    def _make(self, question: Question) -> QWidget:
        name = f"ask_{question.key}"
        if question.key == "vocabulary":
            return self._make_file(name, question.title)
        if not question.options:
            self._line = QLineEdit(self)
            self._line.editingFinished.connect(self._on_line)
            self._line.textEdited.connect(self._on_typed)
            name_control(self._line, name, question.title, f"{question.title}, as on the command line {question.option}.")
            return self._line
        self._combo = small_combo(self)
        self._combo.setEditable(question.free)
        self._combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._combo.installEventFilter(self._guard)
        self._combo.activated.connect(self._on_chosen)
        line = self._combo.lineEdit()
        if line is not None:
            line.editingFinished.connect(self._on_combo_typed)
        name_control(self._combo, name, question.title, f"{question.title}, as on the command line {question.option}.")
        return self._combo

    def _make_file(self, name: str, title: str) -> QWidget:
        self._file = ElidedLabel(mode=Qt.TextElideMode.ElideLeft)
        self._button = QPushButton("Choose file…")
        self._button.setAutoDefault(False)
        name_control(self._button, name, title, "JSON, or a text file with one entry a line.")
        self._button.clicked.connect(self.file_asked)
        both = QWidget(self)
        row = QHBoxLayout(both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._file, 1)
        row.addWidget(self._button)
        return both

    def _show_in_combo(self, combo: QComboBox, question: Question, value: str) -> None:
        held = [(combo.itemData(at), combo.itemText(at)) for at in range(combo.count())]
        if held != list(question.options):
            combo.clear()
            for option, words in question.options:
                combo.addItem(words, option)
        at = combo.findData(value)
        if at >= 0:
            combo.setCurrentIndex(at)
        elif combo.isEditable():
            combo.setEditText(value)
        else:
            combo.setCurrentIndex(-1)

    @Slot(int)
    def _on_chosen(self, at: int) -> None:
        if self._combo is not None:
            self.answered.emit(self.key, str(self._combo.itemData(at)))

    @Slot()
    def _on_combo_typed(self) -> None:
        line = self._combo.lineEdit() if self._combo is not None else None
        if self._combo is None or line is None or not line.isModified():  # it was only visited
            return
        line.setModified(False)
        words = self._combo.currentText()
        at = self._combo.findText(words, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive)
        self.answered.emit(self.key, str(self._combo.itemData(at)) if at >= 0 else words)

    @Slot(str)
    def _on_typed(self, words: str) -> None:
        self.answered.emit(self.key, words)

    @Slot()
    def _on_line(self) -> None:
        if self._line is not None:
            self._line.setModified(False)
