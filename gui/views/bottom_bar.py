"""The line below everything: the running job left, the read-out of what lies under the pointer right."""

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from gui.controls.rows import name_control
from gui.theme import numbers_font
from gui.views.elided_label import ElidedLabel
from gui.views.job_bar import JobBar

BAR_PIXELS = 40
NOTE_STAYS_MS = 4000


class BottomBar(QFrame):
    """Always as high, so that nothing jumps when a job begins."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(BAR_PIXELS)
        self.job_bar, self.read_out = JobBar(), ElidedLabel()
        self._value = ""
        self.read_out.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.read_out.setFont(numbers_font())
        name_control(self.read_out, "readOut", "Read-out", "The token under the pointer, with its exact value, rank and share.")
        self.read_out.setToolTip("")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 16, 4)
        row.setSpacing(24)
        row.addWidget(self.job_bar)
        row.addWidget(self.read_out, 1)
        self._note_ends = QTimer(self)
        self._note_ends.setSingleShot(True)
        self._note_ends.setInterval(NOTE_STAYS_MS)
        self._note_ends.timeout.connect(self._on_note_ends)

    @Slot(str)
    def show_value(self, words: str) -> None:
        """What lies under the pointer; outlives a passing note."""
        self._value = words
        if words or not self._note_ends.isActive():
            self._note_ends.stop()
            self.read_out.setText(words)

    @Slot(str)
    def show_note(self, words: str) -> None:
        """Something was done; gone after a moment."""
        self.read_out.setText(words)
        self._note_ends.start()

    def end(self) -> None:
        """The window closes."""
        self._note_ends.stop()

    @Slot()
    def _on_note_ends(self) -> None:
        self.read_out.setText(self._value)
