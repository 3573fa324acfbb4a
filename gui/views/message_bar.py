"""The inline bar above what it concerns: what happened, why, what to do."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.controls.rows import name_control
from gui.icons import icon

WORDS = {"error": "Error", "warning": "Warning", "note": "Note"}
ICONS = {"error": "warning-circle", "warning": "warning", "note": "info"}
DETAIL_LINES = 9


@dataclass(frozen=True, slots=True)
class Message:
    """``subject``: a later message on the same thing replaces it. ``action``: one thing to do, and the word on its button."""

    subject: str
    text: str
    severity: str = "error"
    detail: str = ""
    action: str = ""
    action_text: str = ""


class MessageBar(QFrame):
    """Shows the latest message; when that is dismissed, the one before it."""

    action_chosen = Signal(str)
    dismissed = Signal(str)  # the subject; by the user

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages: dict[str, Message] = {}
        self.setProperty("role", "card")
        name_control(self, "warningBar", "Message", "")
        self._build()
        self._details_button.toggled.connect(self._details.setVisible)
        self._copy.clicked.connect(self._on_copy)
        self._action.clicked.connect(self._on_action)
        self._close.clicked.connect(self._on_close)
        self.hide()

    def _build(self) -> None:
        self._sign, self._word, self._text = QLabel(), QLabel(), QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._text.setObjectName("messageText")
        self._action, self._details_button, self._copy = QPushButton(), QPushButton("Details"), QPushButton("Copy")
        self._close = QToolButton()
        self._close.setIconSize(QSize(16, 16))
        self._details_button.setCheckable(True)
        for button, words in (
            (self._action, ("messageAction", "Act on the message", "")),
            (self._details_button, ("messageDetails", "Details", "What a developer would want to know.")),
            (self._copy, ("messageCopy", "Copy message", "The message with its details, to the clipboard.")),
            (self._close, ("messageClose", "Dismiss", "Dismiss this message.")),
        ):
            name_control(button, *words)
        for button in (self._details_button, self._copy, self._close):
            button.setProperty("role", "flat")
        row = QHBoxLayout()
        row.setSpacing(8)
        for each in (self._sign, self._word):
            row.addWidget(each)
        row.addWidget(self._text, 1)
        for button in (self._action, self._details_button, self._copy, self._close):
            row.addWidget(button)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setFont(theme.mono_font(theme.CAPTION_PIXELS))
        self._details.setAccessibleName("Details")
        self._details.setObjectName("messageDetailText")
        self._details.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 6, 6, 6)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self._details)

    @property
    def message(self) -> Message | None:
        """The one on screen."""
        return next(reversed(self._messages.values()), None)

    def show_message(self, message: Message) -> None:
        """Replaces an earlier one on the same subject."""
        self._messages.pop(message.subject, None)
        self._messages[message.subject] = message
        self._refresh()

    def clear(self, *subjects: str) -> None:
        """These things are well again."""
        for subject in subjects:
            self._messages.pop(subject, None)
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_close"):
            self._dress()

    def _refresh(self) -> None:
        message = self.message
        self.setVisible(message is not None)
        if message is None:
            return
        self._word.setText(WORDS[message.severity])
        self._word.setProperty("role", message.severity if message.severity != "note" else "muted")
        self._word.style().polish(self._word)
        self._text.setText(message.text)
        self.setAccessibleDescription(message.text)
        self._action.setVisible(bool(message.action))
        self._action.setText(message.action_text)
        self._details_button.setVisible(bool(message.detail))
        self._details_button.setChecked(False)
        self._details.setPlainText(message.detail)
        lines = min(DETAIL_LINES, message.detail.count("\n") + 2)
        self._details.setFixedHeight(lines * self._details.fontMetrics().lineSpacing() + 20)
        self._dress()

    def _dress(self) -> None:
        self._close.setIcon(icon("x", "muted"))
        if self.message is not None:
            role = self.message.severity if self.message.severity != "note" else "muted"
            self._sign.setPixmap(icon(ICONS[self.message.severity], role).pixmap(16, 16))

    @Slot()
    def _on_copy(self) -> None:
        if self.message is not None:
            QGuiApplication.clipboard().setText("\n\n".join(filter(None, (self.message.text, self.message.detail))))

    @Slot()
    def _on_action(self) -> None:
        if self.message is not None:
            self.action_chosen.emit(self.message.action)

    @Slot()
    def _on_close(self) -> None:
        if self.message is not None:
            subject = self.message.subject
            self.clear(subject)
            self.dismissed.emit(subject)
