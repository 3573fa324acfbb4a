"""Where a pattern is typed: regular expressions, one a line, as they are."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit, QSizePolicy, QWidget

from gui import theme
from gui.controls.rows import name_control

MOST_LINES = 4
_FRAME_PIXELS = 14
PLACEHOLDER = "A regular expression; one a line for several"


class PatternEdit(QPlainTextEdit):
    """As high as its lines, up to four. Ctrl+Enter starts, Enter begins another pattern."""

    start_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        hint = "Group 1 marks what is meant, or the whole match. Alternatives (|) and named groups are also scored by themselves."
        name_control(self, "detectPattern", "Pattern", hint)
        self.setPlaceholderText(PLACEHOLDER)
        self.setFont(theme.mono_font())
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(1)
        self.textChanged.connect(self._fit)
        self._fit()

    def patterns(self) -> tuple[str, ...]:
        """Lines that hold anything."""
        return tuple(line for line in self.toPlainText().split("\n") if line)

    def show_invalid(self, invalid: bool) -> None:
        """A frame in the colour of errors."""
        if bool(self.property("invalid")) != invalid:
            self.setProperty("invalid", invalid)
            self.style().polish(self)

    def sizeHint(self) -> QSize:
        return QSize(300, self.height())

    def event(self, event: QEvent) -> bool:
        """Ctrl+Enter is ours while a pattern is typed."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _starts(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _starts(event):
            self.start_wanted.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @Slot()
    def _fit(self) -> None:
        lines = min(MOST_LINES, max(1, self.blockCount()))
        height = lines * self.fontMetrics().lineSpacing() + _FRAME_PIXELS
        if height != self.height():
            self.setFixedHeight(height)


def _starts(event: QKeyEvent) -> bool:
    return event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and event.modifiers() == Qt.KeyboardModifier.ControlModifier
