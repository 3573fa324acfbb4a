"""A page that asks for something that takes its time: what it would do, a button, how far it is."""

from collections.abc import Hashable, Mapping

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from engine.heatmaps.numerals import whole_percent
from engine.jobs import Failure, Partial
from gui.controls.rows import name_control
from gui.side_jobs import SideJobs
from gui.views.elided_label import ElidedLabel

STOPPED = "Stopped; what was found stays."


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


class AskRows(QObject):
    """Tells each of several rows what becomes of the question that is asked under its key."""

    def __init__(self, jobs: SideJobs, rows: Mapping[Hashable, AskRow], parent: QObject) -> None:
        super().__init__(parent)
        self._rows = rows
        jobs.progressed.connect(self._on_progressed)
        jobs.failed.connect(self._on_failed)
        jobs.stopped.connect(self._on_stopped)

    @Slot(object, object)
    def _on_progressed(self, key: Hashable, partial: Partial) -> None:
        if key in self._rows:
            self._rows[key].show_progress(partial)

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        self._end(key, failure.message, wrong=True)

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        self._end(key, STOPPED, wrong=False)

    def _end(self, key: Hashable, words: str, wrong: bool) -> None:
        if key in self._rows:
            self._rows[key].show_running(False)
            self._rows[key].say(words, wrong)
