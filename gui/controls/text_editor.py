"""The text as typed: every character survives, the past can be undone, files are left to the window."""

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from gui.controls.rows import name_control
from gui.theme import reading_font

_PARAGRAPH = "\u2029"


class TextEditor(QPlainTextEdit):
    """Plain in, plain out. ``text`` keeps no-break spaces, NUL and control characters, which Qt's own getter changes."""

    def __init__(self, object_name: str, name: str, description: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name_control(self, object_name, name, description)
        self.setToolTip("")  # it would lie on the text
        self.setFont(reading_font())
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def text(self) -> str:
        """As typed; lines end in a line feed; half a surrogate pair, which no encoding can hold, is U+FFFD."""
        raw = self.document().toRawText().replace(_PARAGRAPH, "\n")
        return raw.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def replace_text(self, text: str) -> None:
        """Like pasting over everything: what was there can be had back by undo."""
        if text == self.text():
            return
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.moveCursor(QTextCursor.MoveOperation.End)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        """A dropped file is for the window: it is opened, not typed."""
        return source.hasText() and not any(url.isLocalFile() for url in source.urls())

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste without any formatting."""
        if source.hasText():
            self.textCursor().insertText(source.text())
            self.ensureCursorVisible()
