"""A page that asks for something that takes its time: what it would do, a button, how far it is."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from engine.heatmaps.numerals import whole_percent
from engine.jobs import Partial
from gui.controls.rows import name_control
from gui.views.elided_label import ElidedLabel


class AskRow(QWidget):
    """``parts`` stand between the words and the button; setters are silent."""

    asked = Signal()
    stopped = Signal()

    def __init__(self, name: str, words: str, hint: str, parts: tuple[QWidget, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.start, self.stop, self.note = QPushButton(words), QPushButton("Stop"), ElidedLabel()
        self.start.setProperty("role", "primary")
        self.note.setProperty("role", "muted")
        name_control(self.start, f"{name}Start", words, hint)
        name_control(self.stop, f"{name}Stop", "Stop", "What has been found stays.")
        name_control(self.note, f"{name}Note", "How far it is", "")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for part in parts:
            row.addWidget(part)
        row.addWidget(self.start)
        row.addWidget(self.stop)
        row.addWidget(self.note, 1)
        self.stop.hide()
        self.start.clicked.connect(self.asked)
        self.stop.clicked.connect(self.stopped)

    def show_running(self, running: bool) -> None:
        """Stop stands where Start was."""
        left, taken = (self.start, self.stop) if running else (self.stop, self.start)
        focused = left.hasFocus()
        taken.setVisible(True)
        if focused:
            taken.setFocus()
        left.setVisible(False)

    def show_progress(self, partial: Partial) -> None:
        """In words; the bar is in the window's last line."""
        fraction = partial.fraction
        self.say(f"{partial.doing or 'Working'}: {whole_percent(fraction)}" if fraction is not None else partial.doing)

    def say(self, words: str, wrong: bool = False) -> None:
        """What came of it."""
        self.note.setText(words)
        self.note.setProperty("role", "error" if wrong else "muted")
        self.note.style().polish(self.note)
