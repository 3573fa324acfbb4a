"""While a hypothesis is typed: where it holds in the text on the desk."""

from collections.abc import Hashable

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QTextCursor
from PySide6.QtWidgets import QTextEdit

from engine.detective import MarksResult
from engine.heatmaps.display_text import code_points
from engine.jobs import Failure
from engine.requests import MarksRequest
from gui import theme
from gui.controls.text_editor import TextEditor
from gui.side_jobs import SideJobs

KEY = "detective:marks"
PAUSE_MS = 150
MOST_SHOWN = 2_000  # spans drawn in the editor


class LiveMarks(QObject):
    """Asks a little after every change, while it is switched on."""

    counted = Signal(int)  # stretches of the text
    failed = Signal(str)

    def __init__(self, jobs: SideJobs, editor: TextEditor, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs, self._editor = jobs, editor
        self._patterns: tuple[str, ...] = ()
        self._predicate: str | None = None
        self._on = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        editor.textChanged.connect(self._on_changed)
        jobs.answered.connect(self._on_answered)
        jobs.failed.connect(self._on_failed)

    def set_on(self, on: bool) -> None:
        """Whether its marks are wanted on the text."""
        self._on = on
        if on:
            self._pause.start()
        else:
            self.end()

    def set_hypothesis(self, patterns: tuple[str, ...], predicate: str | None) -> None:
        """What is looked for."""
        self._patterns, self._predicate = patterns, predicate
        self._on_changed()

    def end(self) -> None:
        """Nothing is asked, nothing is marked."""
        self._pause.stop()
        self._jobs.forget(KEY)
        self._show(())

    @Slot()
    def _on_changed(self) -> None:
        """What is still awaited was about something else."""
        if self._on:
            self._jobs.forget(KEY)
            self._pause.start()

    @Slot()
    def _ask(self) -> None:
        if not (self._patterns or self._predicate):
            self._jobs.forget(KEY)
            self._show(())
            self.counted.emit(-1)
            return
        self._jobs.ask(KEY, MarksRequest(self._editor.text(), self._patterns, self._predicate), "Matching")

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key != KEY or not isinstance(result, MarksResult) or result.request.text != self._editor.text():
            return
        spans = result.marks[0][1] if result.marks else ()
        self._show(spans)
        self.counted.emit(len(spans))

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == KEY:
            self._show(())
            self.failed.emit(failure.message)

    def _show(self, spans: tuple[tuple[int, int], ...]) -> None:
        look = theme.current()
        units = np.concatenate(([0], np.cumsum(1 + (code_points(self._editor.text()) > 0xFFFF)))) if spans else np.zeros(1)
        marks = []
        for start, end in spans[:MOST_SHOWN]:
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self._editor.document())
            cursor.setPosition(int(units[start]))
            cursor.setPosition(int(units[end]), QTextCursor.MoveMode.KeepAnchor)
            mark.cursor = cursor
            mark.format.setBackground(QColor(theme.mix(look.panel, look.accent, 0.3)))
            marks.append(mark)
        self._editor.setExtraSelections(marks)
