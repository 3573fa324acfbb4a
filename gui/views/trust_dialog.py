"""Before code from a model's folder runs: what it is, all of it to read, and the question."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QListWidget, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from engine.models.module_code import ModuleCode
from gui.controls.rows import caption_label, name_control
from gui.theme import mono_font
from gui.views.thin_splitter import ThinSplitter

SIZE = QSize(920, 600)
NAMES_PIXELS = 220
_WARNING = (
    "Opening this model runs Python code that lies in its folder. Code can do on this computer whatever you can do: "
    "go on only if you trust where it comes from."
)
_AGAIN = "You are asked again as soon as any file in the folder changes."


class TrustDialog(QDialog):
    """Accepted: the code may run. Enter does not accept: whoever is in a hurry has consented to nothing."""

    def __init__(self, code: ModuleCode, parent: QWidget) -> None:
        super().__init__(parent)
        self.code = code
        self.setObjectName("trustDialog")
        self.setAccessibleName("Run this model's code?")
        self.setWindowTitle("Run this model's code?")
        self.setSizeGripEnabled(True)
        self.resize(SIZE.boundedTo(QSize(max(640, parent.width() - 48), max(420, parent.height() - 48))))
        self._names, self._text = QListWidget(), QPlainTextEdit()
        self._run, self._cancel = QPushButton("Run this code"), QPushButton("Cancel")
        self._build()
        self._names.currentRowChanged.connect(self._on_row)
        self._run.clicked.connect(self.accept)
        self._cancel.clicked.connect(self.reject)
        self._names.setCurrentRow(0)
        self._cancel.setFocus()

    def _build(self) -> None:
        title = QLabel(f"{Path(self.code.folder).name} is a model with code of its own")
        title.setProperty("role", "title")
        warning = QLabel(_WARNING)
        warning.setWordWrap(True)
        title.setTextFormat(Qt.TextFormat.PlainText)
        where = caption_label(self.code.folder)
        where.setTextFormat(Qt.TextFormat.PlainText)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        name_control(self._names, "trustFiles", "Files", "What lies in the folder.")
        name_control(self._text, "trustText", "Content", "What the file holds; nothing has been run.")
        name_control(self._run, "trustRun", "Run this code", "Consent, and open the model.")
        name_control(self._cancel, "trustCancel", "Cancel", "Run nothing, open nothing.")
        self._names.setUniformItemSizes(True)
        self._names.ensurePolished()  # or rows are as high as they were without a style
        self._names.addItems([name for name, _ in self.code.texts] + [f"{name} (not text)" for name in self.code.others])
        self._text.setReadOnly(True)
        self._text.setFont(mono_font())
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        both = ThinSplitter(Qt.Orientation.Horizontal)
        both.addWidget(self._names)
        both.addWidget(self._text)
        both.setStretchFactor(1, 1)
        both.setSizes([NAMES_PIXELS, SIZE.width() - NAMES_PIXELS])
        for button in (self._run, self._cancel):
            button.setAutoDefault(False)
        self._cancel.setDefault(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(caption_label(_AGAIN), 1)
        buttons.addWidget(self._run)
        buttons.addWidget(self._cancel)
        page = QVBoxLayout(self)
        page.setContentsMargins(24, 16, 24, 16)
        page.setSpacing(8)
        for widget in (title, where, warning):
            page.addWidget(widget)
        page.addWidget(both, 1)
        page.addLayout(buttons)

    @Slot(int)
    def _on_row(self, row: int) -> None:
        readable = 0 <= row < len(self.code.texts)
        self._text.setPlainText(self.code.texts[row][1] if readable else "")
        self._text.setPlaceholderText("" if readable else "This file holds no text, such as weights.")
