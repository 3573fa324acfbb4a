"""What the decoder of an encoder-decoder has read so far: typed here, since the desk holds the source."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from gui.controls.rows import name_control

_HINT = "What was written so far, as the decoder reads it; empty: its start token alone."


class DecoderRow(QWidget):
    """``show_text`` is silent."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line, label = QLineEdit(self), QLabel("Decoder reads", self)
        name_control(self._line, "decoderText", "Decoder text", _HINT)
        self._line.setPlaceholderText("its start token; type what is written so far")
        label.setProperty("role", "muted")
        label.setBuddy(self._line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(label)
        row.addWidget(self._line, 1)
        self._told = ""
        self._line.editingFinished.connect(self._on_finished)

    @property
    def text(self) -> str | None:
        """None: the start token alone."""
        return self._line.text() or None

    def show_text(self, text: str | None) -> None:
        """As it was asked; what is being typed is left alone."""
        self._told = text or ""
        if not self._line.hasFocus():
            self._line.setText(self._told)

    @Slot()
    def _on_finished(self) -> None:
        if self._line.text() != self._told:
            self._told = self._line.text()
            self.changed.emit()
